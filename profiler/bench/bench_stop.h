/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Signals that end a bench: they wait until it has ended what it started. Whoever sleeps or starts something
 * looks whether there is one. For the whole process.
 */
#ifndef SMOLDER_BENCH_STOP_H
#define SMOLDER_BENCH_STOP_H

#include <stdbool.h>

/* From now on SIGINT, SIGTERM and SIGHUP wait. */
void bench_stop_hold(void);

/* In a child that is to be ended by signals. */
void bench_stop_release(void);

bool bench_stop_wanted(void);

#endif
