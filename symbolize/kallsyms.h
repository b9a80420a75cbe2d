/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The running kernel's functions, from /proc/kallsyms: core, modules, BPF programs, trampolines.
 * The text is parsed as it streams in; what stays is some 30 bytes per function. The file tells no
 * sizes: a function reaches to the next symbol of any kind, and no further than KALLSYMS_REACH_MAX.
 */
#ifndef SMOLDER_SYMBOLIZE_KALLSYMS_H
#define SMOLDER_SYMBOLIZE_KALLSYMS_H

#include "base/buf.h"
#include "base/vec.h"

#include <stdint.h>

/* The longest functions of a distribution's kernel have 64 KiB; behind a module comes a hole. */
#define KALLSYMS_REACH_MAX (1024 * 1024)

struct kallsyms_entry {
	uint32_t offset; /* from `base` */
	uint32_t name;   /* where in `names`; 0: no function begins here, the one before ends */
	uint16_t module; /* where in `modules` */
};

struct kallsyms {      /* all zero: empty */
	uint64_t base; /* address of the lowest symbol kept */
	VEC(struct kallsyms_entry) entries;
	VEC(uint32_t) modules; /* where in `names` the module's name begins */
	struct buf names;
	uint64_t text;      /* of _text, where the kernel itself begins; 0: not listed */
	size_t dropped_cnt; /* functions left out: 4 GiB below the highest, or over a cap */
};

/*
 * 0, -ENODATA (the addresses are hidden or there are none), -ENOMEM, or a negative errno of reading.
 * A line that makes no sense is skipped.
 */
int kallsyms_read(const char *path, struct kallsyms *ret_kallsyms) _warn_unused_;
int kallsyms_read_fd(int fd, struct kallsyms *ret_kallsyms) _warn_unused_;
void kallsyms_free(struct kallsyms *kallsyms);

/*
 * The function that holds the address, or NULL; *ret_module is then its module: "[kernel.kallsyms]",
 * "[nf_conntrack]", or "[bpf]". Pointers stay valid as long as the table.
 */
const char *kallsyms_find(const struct kallsyms *kallsyms, uint64_t address,
			  const char **ret_module);

#endif
