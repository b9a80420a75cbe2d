/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ELF files of the running kernel and its modules, where a host keeps them: for their debug information.
 * Each is known by the build-id that the kernel says it has.
 */
#ifndef SMOLDER_PROFILER_PROCESS_KERNEL_IMAGE_H
#define SMOLDER_PROFILER_PROCESS_KERNEL_IMAGE_H

#include "profiler/process/objects.h"

#include <limits.h>
#include <stdint.h>

struct kernel_image_options {
	const char *root;            /* before all paths; NULL: nothing */
	const char *debug_directory; /* "/usr/lib/debug" */
};

struct kernel_image {
	int fd; /* owned; -1: none */
	char path[PATH_MAX];
	char build_id[2 * OBJECT_BUILD_ID_MAX + 1]; /* that it must have; lower-case hex */
	uint64_t text;    /* where its code is linked to begin; a module's .text: 0 */
	uint64_t runs_at; /* where that is in memory; 0: unknown */
};

/*
 * The kernel itself, checked to have the build-id. Where it runs is for kallsyms to say (_text). 0, -ENOENT (there
 * is no such file), or -ENODATA (the kernel tells no build-id).
 */
int kernel_image_open(const struct kernel_image_options *options, struct kernel_image *ret_image)
	_warn_unused_;

/* A module, "nf_conntrack"; whoever reads the file is to check the build-id. The same errors. */
int kernel_image_open_module(const struct kernel_image_options *options, const char *module,
			     struct kernel_image *ret_image) _warn_unused_;
void kernel_image_close(struct kernel_image *image);

#endif
