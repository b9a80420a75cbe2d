/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The worker: a process of this program that parses one file which somebody else wrote, without any right
 * to do more than that, and answers on a socket. What it becomes when the file takes it over is of no
 * use to anybody.
 */
#ifndef SMOLDER_SANDBOX_WORKER_H
#define SMOLDER_SANDBOX_WORKER_H

#include <stdbool.h>

/* argv[1] of a worker; a word that no verb is. */
#define WORKER_ARGUMENT "(sandbox)"

/* Is this process meant to be one: are these its arguments, and is descriptor WORKER_FD a socket? */
bool worker_is_wanted(int argc, char *const *argv);

/*
 * Confines itself and forks workers, each of which gives up the rest of its rights and serves for one object,
 * until the other end closes (worker_zygote.h); never returns.
 */
void worker_main(void) __attribute__((noreturn));

#endif
