// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/processes_internal.h"

#include <string.h>
#include <sys/uio.h>

/* So much is compared, spread evenly; code has few runs of zeros, memory that was not written yet is one. */
#define SPOTS 16
#define SPOT_LEN 256
#define SPOTS_MIN 8 /* that are not all zeros */

static bool read_memory(uint32_t tgid, uint64_t address, void *to, size_t len)
{
	struct iovec local = {.iov_base = to, .iov_len = len};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = len};

	return process_vm_readv((pid_t)tgid, &local, 1, &remote, 1, 0) == (ssize_t)len;
}

/* Has the memory at the mapping what the file has at the mapping's offset? */
static bool is_copy_of(uint32_t tgid, const struct mapping *mapping, int fd)
{
	static const unsigned char zeros[SPOT_LEN];
	uint64_t step = (mapping->limit - mapping->start - SPOT_LEN) / (SPOTS - 1);
	int told = 0;

	for (uint64_t i = 0; i < SPOTS; i++) {
		unsigned char there[SPOT_LEN], here[SPOT_LEN];
		off_t off = (off_t)(mapping->file_offset + i * step);

		if (pread(fd, here, sizeof(here), off) != sizeof(here) ||
		    !read_memory(tgid, mapping->start + i * step, there, sizeof(there)) ||
		    memcmp(here, there, sizeof(here)) != 0)
			return false;
		told += memcmp(here, zeros, sizeof(here)) != 0;
	}
	return told >= SPOTS_MIN;
}

/* Is it that file's code, as far from its start as `file` has it? Then says so. */
static bool take_for(const struct processes *processes, uint32_t tgid, const struct mapping *file,
		     struct mapping *mapping)
{
	uint64_t bias = file->start - file->file_offset;
	struct mapping copied = {
		.start = mapping->start,
		.limit = mapping->limit,
		.file_offset = mapping->start - bias,
		.object = file->object,
		.since_ns = mapping->since_ns,
	};
	const struct object *object;

	if (file->object < OBJECT_FIRST_FILE || file->object == OBJECT_NONE ||
	    copied.file_offset > INT64_MAX - (mapping->limit - mapping->start))
		return false;
	object = objects_get(processes->objects, file->object);
	if (object->kind != OBJECT_FILE || object->fd < 0 || !is_copy_of(tgid, &copied, object->fd))
		return false;
	*mapping = copied;
	return true;
}

void processes_see_copied_text(const struct processes *processes, const struct life *life,
			       const struct mappings *mappings, struct mapping *mapping)
{
	const struct mapping *const places[] = {
		mappings_find(mappings, mapping->start),
		mappings_find_replaced(mappings, mapping->start),
		mappings_find(mappings, mapping->start - 1),
		mappings_find(mappings, mapping->limit),
	};

	if (mapping->object != OBJECT_ID_ANON || mapping->limit - mapping->start < SPOT_LEN)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (places[i] && take_for(processes, life->tgid, places[i], mapping))
			return;
}
