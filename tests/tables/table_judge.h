/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Those who judge unwind tables: what others make of the same file's unwind information. */
#ifndef SMOLDER_TESTS_TABLE_JUDGE_H
#define SMOLDER_TESTS_TABLE_JUDGE_H

#include "profiler/unwind/elf_image.h"
#include "tests/tables/unwind_step.h"

struct table_judge {
	const char *name;
	bool tells_interrupted; /* whether the caller was interrupted */
	bool reads_debug_frame;
	/*
	 * The step at the address that is in the machine's return address register. Where one is known, up
	 * to *ret_row_end all addresses have the same rule.
	 */
	struct unwind_step (*step)(struct table_judge *judge, const struct dwarf_machine *machine,
				   uint64_t *ret_row_end);
	void (*free)(struct table_judge *judge);
};

/* 0, or < 0 when they find no unwind information in the file. The source is borrowed, and must stay. */
int libdw_judge_new(struct elf_source source, struct table_judge **ret_judge) _warn_unused_;
/* It searches by .eh_frame_hdr only. */
int libunwind_judge_new(struct elf_source source, struct table_judge **ret_judge) _warn_unused_;

#endif
