/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* .debug_abbrev: which attributes the entries of a unit have, and in which forms. */
#ifndef SMOLDER_SYMBOLIZE_DWARF_ABBREV_H
#define SMOLDER_SYMBOLIZE_DWARF_ABBREV_H

#include "base/byte_reader.h"
#include "base/hashindex.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

/* The attributes somebody asks for; all others are skipped. */
enum dwarf_slot {
	DWARF_NAME,
	DWARF_LINKAGE_NAME,
	DWARF_LOW_PC,
	DWARF_HIGH_PC,
	DWARF_RANGE_LIST,
	DWARF_SIBLING,
	DWARF_ORIGIN, /* DW_AT_abstract_origin or DW_AT_specification: the entry has one of them */
	DWARF_DECL_LINE,
	DWARF_CALL_FILE,
	DWARF_CALL_LINE,
	DWARF_STMT_LIST,
	DWARF_COMP_DIR,
	DWARF_STR_OFFSETS_BASE,
	DWARF_ADDR_BASE,
	DWARF_RNGLISTS_BASE,
	DWARF_RANGES_BASE, /* GNU's, before DWARF 5 */
	DWARF_DWO_NAME,    /* of the file with the rest of a skeleton unit */
	DWARF_DWO_ID,      /* GNU's, before DWARF 5 */
	DWARF_SLOT_COUNT
};

struct dwarf_sizes { /* what the length of a form depends on */
	uint8_t version, address, offset;
};

#define DWARF_LEN_VARIES UINT32_MAX

struct dwarf_spec { /* of an attribute, or of several that nobody asks for and whose length is known */
	uint16_t form;
	uint8_t slot;     /* DWARF_SLOT_COUNT: not asked for */
	uint32_t len;     /* bytes, or DWARF_LEN_VARIES */
	int64_t constant; /* of DW_FORM_implicit_const */
};

struct dwarf_abbrev {
	uint64_t code;
	uint32_t first_spec, spec_cnt; /* in the table's specs */
	uint32_t attributes_len;       /* bytes, or DWARF_LEN_VARIES */
	uint16_t tag;
	bool has_children, has_sibling;
};

struct dwarf_abbrev_table {
	uint64_t offset;
	struct dwarf_sizes sizes;
	VEC(struct dwarf_abbrev) list; /* by code; mostly code n is at n - 1 */
	VEC(struct dwarf_spec) specs;
};

struct dwarf_abbrevs { /* all zero: none read yet */
	VEC(struct dwarf_abbrev_table *) tables;
	struct hashindex index;
	size_t spec_cnt;                 /* in all tables, broken ones too */
	struct dwarf_abbrev_table found; /* one abbreviation of some table, looked for alone */
	size_t searched_len;
};

struct dwarf_abbrev_place {
	uint64_t offset;
	struct dwarf_sizes sizes;
	struct byte_reader reader; /* at the offset */
};

/*
 * The table of a place, read once for each offset and sizes; NULL when it is broken, larger than any
 * compiler's, or memory ran out.
 */
const struct dwarf_abbrev_table *dwarf_abbrevs_get(struct dwarf_abbrevs *abbrevs,
						   struct dwarf_abbrev_place place);

/*
 * The same for whoever asks for one code: of a table that was not read yet only that abbreviation may
 * be in the result, which is good until the next call.
 */
const struct dwarf_abbrev_table *dwarf_abbrevs_get_for(struct dwarf_abbrevs *abbrevs,
						       struct dwarf_abbrev_place place,
						       uint64_t code);
void dwarf_abbrevs_free(struct dwarf_abbrevs *abbrevs);

const struct dwarf_abbrev *dwarf_abbrev_find(const struct dwarf_abbrev_table *table, uint64_t code);

/* Bytes of a form, or DWARF_LEN_VARIES. */
uint32_t dwarf_form_len(uint16_t form, struct dwarf_sizes sizes);

#endif
