/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The entries of call frame information: one per function (FDE), each with what it shares with
 * others (CIE). LSB Core 10.6 for .eh_frame, DWARF 5 section 6.4.1 for .debug_frame.
 */
#ifndef SMOLDER_UNWIND_CFI_ENTRIES_H
#define SMOLDER_UNWIND_CFI_ENTRIES_H

#include "base/hashindex.h"
#include "base/vec.h"
#include "profiler/unwind/cfa_program.h"
#include "profiler/unwind/cfi_section.h"

#define CFI_CIES_MAX (64u << 10)
#define CFI_FDES_MAX (4u << 20)

struct code_range { /* addresses of an executable segment */
	uint64_t start, end;
};

struct cfi_cie {
	const struct cfi_section *section;
	uint32_t offset; /* in the section */
	bool usable;
	bool augmented;   /* FDEs have augmentation data */
	bool interrupted; /* augmentation 'S' */
	uint8_t pointer_encoding;
	uint64_t code_align;
	int64_t data_align;
	struct cfa_state initial;
};

struct cfi_fde {
	uint64_t start, end;            /* addresses; start < end */
	uint32_t code_offset, code_len; /* in the section of the CIE */
	uint32_t cie;                   /* its number */
};

struct cfi_losses {
	uint64_t entries_broken; /* lengths or encodings that make no sense */
	uint64_t fdes_no_cie;    /* the CIE is missing, broken or of an unknown version */
	uint64_t fdes_empty;     /* no code: what the linker discarded */
	uint64_t fdes_outside;   /* code outside the executable segments */
	uint64_t fdes_too_many;  /* more than CFI_FDES_MAX, or CFI_CIES_MAX in the way */
};

struct cfi_entries { /* all zero: empty and valid */
	VEC(struct cfi_cie) cies;
	VEC(struct cfi_fde) fdes; /* in the order they were read in */
	struct hashindex cie_numbers;
	struct cfi_losses losses;
};

struct code_ranges {
	const struct code_range *items;
	size_t len;
};

/*
 * Adds all entries of a section whose code lies in the ranges; the part of an FDE outside its range
 * is cut off. Broken entries are counted and left out. The section must outlive the entries. 0 or
 * -ENOMEM.
 */
int cfi_entries_read(struct cfi_entries *entries, const struct cfi_section *section,
		     struct code_ranges ranges) _warn_unused_;
void cfi_entries_free(struct cfi_entries *entries);

#endif
