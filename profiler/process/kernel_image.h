/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ELF file of the running kernel, where a host keeps it: for its debug information. It is taken for
 * that only if it has the build-id that the kernel says it has.
 */
#ifndef SMOLDER_PROFILER_PROCESS_KERNEL_IMAGE_H
#define SMOLDER_PROFILER_PROCESS_KERNEL_IMAGE_H

#include "base/cleanup.h"

#include <limits.h>
#include <stdint.h>

struct kernel_image_options {
	const char *root;            /* before all paths; NULL: nothing */
	const char *debug_directory; /* "/usr/lib/debug" */
};

struct kernel_image {
	int fd; /* owned; -1: none */
	char path[PATH_MAX];
	uint64_t text; /* where it is linked to begin, which the kernel calls _text */
};

/* 0, -ENOENT (there is no such file), or -ENODATA (the kernel tells no build-id). */
int kernel_image_open(const struct kernel_image_options *options, struct kernel_image *ret_image)
	_warn_unused_;
void kernel_image_close(struct kernel_image *image);

#endif
