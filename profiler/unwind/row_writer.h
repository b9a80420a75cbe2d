/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Writes the arrays of one table (bpf/unwind_abi.h) from rows that come in order of their addresses.
 */
#ifndef SMOLDER_UNWIND_ROW_WRITER_H
#define SMOLDER_UNWIND_ROW_WRITER_H

#include "base/hashindex.h"
#include "base/vec.h"
#include "bpf/unwind_abi.h"

#include <stdint.h>

#define ROW_RULES_MAX 65535
#define ROW_PAGES_MAX (1u << 20) /* 4 GiB of code */
#define ROW_ROWS_MAX (16u << 20) /* 64 MiB of keys and rule ids */
#define ROW_MEMO_CNT 256

struct row_rule_use {
	struct unwind_rule rule;
	uint32_t row_cnt;
};

/* What was left out, for want of room. */
struct row_writer_losses {
	uint64_t pages_dense;   /* pages with more than UNWIND_PAGE_ROWS_MAX rows: all a gap */
	uint64_t rows_dense;    /* the rows of these pages */
	uint64_t rows_too_far;  /* more than ROW_PAGES_MAX pages behind the first */
	uint64_t rows_too_many; /* more than ROW_ROWS_MAX rows: all code behind them is a gap */
	uint64_t rows_no_rule;  /* more than ROW_RULES_MAX rules: unsupported instead */
};

struct row_writer {          /* all zero: empty and valid */
	VEC(uint32_t) index; /* first row of each page begun */
	VEC(uint32_t) rows;  /* key in the low half, number of the rule in the high half */
	VEC(struct row_rule_use) rules;
	struct hashindex rule_numbers;
	uint64_t page_first; /* address >> UNWIND_PAGE_SHIFT */
	struct row_writer_losses losses;
	struct {
		uint64_t rule;
		uint32_t number_plus_one; /* 0: free */
	} memo[ROW_MEMO_CNT];             /* the rules of late: most rows find theirs here */
};

/*
 * From `address` on, and until the next row, `rule` holds. Addresses must not descend; of two rows
 * with one address the later counts. A row that says what the one before says takes no room. The
 * last row should be a gap, as nothing else ends what the one before says. 0 or -ENOMEM.
 */
int row_writer_add(struct row_writer *writer, uint64_t address, struct unwind_rule rule)
	_warn_unused_;

/*
 * The table: numbers and offsets into `ret_object`, whose offsets count from the first of the bytes;
 * the bytes are the caller's to free. The writer's rules then have their counts. 0, -EFBIG when an
 * address is beyond what 32-bit page numbers can name, or -ENOMEM.
 */
int row_writer_finish(struct row_writer *writer, struct unwind_object *ret_object, void **ret_bytes,
		      size_t *ret_len) _warn_unused_;

void row_writer_free(struct row_writer *writer);

#endif
