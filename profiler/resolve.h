/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The bridge from gathered stacks to a profile: each distinct spot is symbolized once, every stack
 * is spelt out in frames, and one that does not reach its base gets a marker that says why.
 */
#ifndef SMOLDER_PROFILER_RESOLVE_H
#define SMOLDER_PROFILER_RESOLVE_H

#include "base/err.h"
#include "formats/profile.h"
#include "profiler/recording.h"
#include "profiler/sandbox/namer.h"

/*
 * Adds the recording's samples to the profile, whose value types are samples/count and
 * cpu/nanoseconds and whose period is set, and fills the "stacks" and "frames" parts of its ledger.
 */
int resolve_recording(const struct recording *recording, const struct objects *objects,
		      struct namer *namer, struct profile *profile, struct err *err) _warn_unused_;

/* Has a namer look for debug files as the objects' own processes would; they must outlive it. */
void resolve_set_opener(const struct objects *objects, struct symbolizer_options *options);

#endif
