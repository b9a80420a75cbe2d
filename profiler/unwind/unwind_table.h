/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Compiles the unwind information of one object into the table that the kernel side walks stacks
 * with; bpf/unwind_abi.h says what is in it. Addresses are those of the object's program headers.
 * Input is hostile: whatever the file says, compiling ends, in bounded memory.
 */
#ifndef SMOLDER_UNWIND_UNWIND_TABLE_H
#define SMOLDER_UNWIND_UNWIND_TABLE_H

#include "bpf/unwind_abi.h"
#include "profiler/unwind/cfi_entries.h"
#include "profiler/unwind/row_writer.h"

/* An executable PT_LOAD as its header has it; the way from file offsets to addresses and back. */
struct unwind_segment {
	uint64_t address, file_offset, file_len;
};

struct unwind_stats {
	enum cfi_format eh_format; /* CFI_NONE: it has none, as for the next */
	enum cfi_format debug_format;
	bool debug_unreadable;     /* there is a .debug_frame, broken or compressed beyond us */
	uint64_t cfi_len;          /* bytes of unwind information read */
	uint64_t cie_cnt, fde_cnt; /* those used */
	uint64_t code_len;         /* bytes of code: of executable sections, else segments */
	uint64_t covered_len;      /* of these, bytes that an FDE speaks for */
	uint64_t rows_of_loss[UNWIND_LOSS_CNT]; /* rows that say less, by reason */
	uint64_t fdes_overlapping, resumed_lost;
	struct cfi_losses cfi;
	struct row_writer_losses rows;
	uint64_t cpu_ns; /* that compiling took */
};

struct unwind_table {
	struct unwind_object object; /* gen 0; offsets from the first of `bytes` */
	void *bytes;                 /* what is to be copied into the pool; owned */
	size_t len;                  /* a multiple of UNWIND_ALIGN */
	VEC(struct unwind_segment) segments;
	struct unwind_stats stats;
};

/*
 * 0, also for an object without unwind information (flag UNWIND_OBJECT_NO_TABLE, no pages).
 * -ENOEXEC, -ENOTSUP, -EFBIG, -ENODATA, -EBADMSG, -ENOMEM or what reading failed with, and why.
 */
int unwind_table_compile(struct elf_source source, struct unwind_table *ret_table, struct err *err)
	_warn_unused_;
void unwind_table_free(struct unwind_table *table);

/* The rule of an address, found as the kernel side finds it; a gap where there is none. */
struct unwind_rule unwind_table_lookup(const struct unwind_table *table, uint64_t address);

/* One row of the table, and where it begins. */
uint64_t unwind_table_row(const struct unwind_table *table, uint32_t page, uint32_t row,
			  struct unwind_rule *ret_rule);

/* The rows of a page: from *ret_first on; their number. */
uint32_t unwind_table_page(const struct unwind_table *table, uint32_t page, uint32_t *ret_first);

/* All rows that say less than the unwind information. */
uint64_t unwind_table_rows_lost(const struct unwind_table *table);

#endif
