/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The option --debuginfod of those verbs that have it. */
#ifndef SMOLDER_CLI_DEBUG_SERVERS_H
#define SMOLDER_CLI_DEBUG_SERVERS_H

#include "profiler/debuginfod.h"

#include <stdbool.h>

/* 0, with no client when it is not wanted; or -errno, which was said. debuginfod_close() ends it. */
int debug_servers_open(bool is_wanted, struct debuginfod **ret_client);

#endif
