/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What arrives on the sampler's rings, put into the window it belongs to. */
#ifndef SMOLDER_COLLECT_INTAKE_H
#define SMOLDER_COLLECT_INTAKE_H

#include "profiler/collect/window.h"

/* A sample for which there is no memory is counted in `window->no_memory`. */
void intake_record(struct window *window, const struct smolder_record *record);

#endif
