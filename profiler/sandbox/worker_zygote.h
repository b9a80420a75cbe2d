/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The process that workers are forked from. It has been run, linked and stripped of its rights once, so that
 * each worker need not be: a fork costs far less. It reads nothing that others wrote.
 */
#ifndef SMOLDER_SANDBOX_WORKER_ZYGOTE_H
#define SMOLDER_SANDBOX_WORKER_ZYGOTE_H

#include <stdint.h>

/*
 * Says it is ready, then forks a worker for each socket it is sent, until the other end closes. In the worker
 * that socket is WORKER_FD, and it is a child not of the zygote but of whoever started that; it
 * does what `serve`, which never returns, does with the set of enum worker_right that was given up.
 */
void worker_zygote_run(uint32_t gave, void (*serve)(uint32_t gave)) __attribute__((noreturn));

#endif
