/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The build-id of an ELF file, by a few bounded reads of its headers and notes: enough to tell whether
 * a file is the one that was mapped, without trusting or parsing anything else in it.
 */
#ifndef SMOLDER_PROFILER_PROCESS_OBJECT_BUILD_ID_H
#define SMOLDER_PROFILER_PROCESS_OBJECT_BUILD_ID_H

#include "base/cleanup.h"
#include "profiler/process/objects.h"

struct object_build_id {
	unsigned char bytes[OBJECT_BUILD_ID_MAX];
	uint8_t len; /* 0: the file has none */
};

/*
 * 0, or -ENOEXEC when the file is not ELF for this machine's byte order, or a negative errno of a
 * read. A broken or missing note is no error, and neither is one longer than 20 bytes: len is 0.
 */
int object_build_id_read(int fd, struct object_build_id *ret_build_id) _warn_unused_;

/* Among notes in memory; false when there is none, or one longer than 20 bytes. */
bool object_build_id_find(const unsigned char *notes, size_t len,
			  struct object_build_id *ret_build_id);

#endif
