/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an unwinder may see of a sampled process: its registers and the copy of its stack, and the
 * files that its code was mapped from.
 */
#ifndef SPACE_H
#define SPACE_H

#include "base/vec.h"
#include "profiler/process/processes.h"
#include "tests/oracle/twin_ring.h"

#include <elf.h>

struct image { /* a file with code, or the vDSO */
	enum { IMAGE_UNKNOWN, IMAGE_NONE, IMAGE_READY } state;
	int fd;
	const unsigned char *bytes; /* mapped */
	size_t len;
	const Elf64_Phdr *segments; /* in it */
	uint16_t segments_len;
};

struct images {
	VEC(struct image *) items; /* by object id; owned */
};

struct module { /* where an image lies in the process */
	const struct image *image;
	uint32_t object;
	uint64_t bias;         /* address - bias: as its program headers have it */
	uint64_t start, limit; /* of all its segments */
};

struct space {
	const struct objects *objects;
	const struct mappings *mappings;
	const struct twin_record *sample;
	VEC(struct module) modules; /* those with code */
	bool unread; /* stack was asked for that was not copied: above the copy, or the red zone */
};

/* NULL: there is no file to read. Valid until images_free(). */
const struct image *images_get(struct images *images, const struct objects *objects,
			       uint32_t object);
void images_free(struct images *images);

/* Finds the modules of the process's mappings. Both are borrowed. */
int space_init(struct space *space, struct images *images, const struct objects *objects,
	       const struct mappings *mappings) _warn_unused_;
void space_free(struct space *space);

const struct module *space_module(const struct space *space, uint64_t address);

/*
 * Eight bytes of the stack copy, or of a module's file (of writable memory: as it was in the beginning);
 * false: unknown.
 */
bool space_read(struct space *space, uint64_t address, uint64_t *ret_word);

/* As the kernel's walker would say it: bpf/walk_abi.h. */
uint64_t space_frame_word(const struct space *space, uint64_t address);

#endif
