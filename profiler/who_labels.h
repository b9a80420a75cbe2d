/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whose samples these are, as a profile's labels. */
#ifndef SMOLDER_PROFILER_WHO_LABELS_H
#define SMOLDER_PROFILER_WHO_LABELS_H

#include "formats/profile.h"
#include "profiler/recording.h"

/* The profile's label set for one of the recording's; PROFILE_NONE: no memory. */
uint32_t who_labels(const struct recording *recording, const struct recording_who *who,
		    struct profile *profile);

#endif
