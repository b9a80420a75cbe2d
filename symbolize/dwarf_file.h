/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The DWARF of one file: its sections, its units and the attributes of its entries (DIEs), versions
 * 2 to 5, 32- and 64-bit, little endian. Read by ourselves, as a library that serves every question
 * costs three times what these few do, and trusts its input more than we may.
 *
 * A reference is a pair: which file (this one, or the one that dwz moved common parts to), and the
 * offset in its .debug_info.
 */
#ifndef SMOLDER_SYMBOLIZE_DWARF_FILE_H
#define SMOLDER_SYMBOLIZE_DWARF_FILE_H

#include "symbolize/dwarf_abbrev.h"
#include "symbolize/elf_section.h"

enum dwarf_section {
	DWARF_INFO,
	DWARF_ABBREV,
	DWARF_LINE,
	DWARF_STR,
	DWARF_LINE_STR,
	DWARF_RANGES,
	DWARF_RNGLISTS,
	DWARF_ADDR,
	DWARF_STR_OFFSETS,
	DWARF_SECTION_COUNT
};

struct dwarf_file {
	struct elf_bytes sections[DWARF_SECTION_COUNT];
	VEC(struct dwarf_cu) units;
	struct dwarf_abbrevs abbrevs;
	struct dwarf_file *alternate; /* dwz's common file, or NULL; owned */
};

/* What a split unit (of a .dwo or .dwp file) counts from, as nothing in it says so. */
struct dwarf_split_bases {
	uint64_t str_offsets, rnglists; /* where its part of these sections begins */
};

struct dwarf_cu { /* one unit; offsets are of its .debug_info */
	struct dwarf_file *file;
	uint64_t offset, limit, root_offset;
	uint64_t abbrev_offset;
	uint64_t base_address; /* DW_AT_low_pc: what range lists count from */
	uint64_t str_offsets_base, addr_base, rnglists_base, ranges_base;
	uint64_t dwo_id; /* a skeleton's and its split unit's; 0: none, or in an attribute */
	struct dwarf_split_bases split;
	struct dwarf_sizes sizes;
	uint8_t type; /* DW_UT_*; before DWARF 5 always DW_UT_compile */
	bool is_split;
	bool is_ready;
	const struct dwarf_abbrev_table *abbrevs; /* NULL until ready, and when broken */
};

/* The value of an attribute, not yet interpreted. */
struct dwarf_value {
	uint16_t form;
	uint64_t number;  /* constant, offset, index or address, by the form */
	const char *text; /* DW_FORM_string */
};

struct dwarf_die {
	const struct dwarf_abbrev *abbrev; /* NULL: the end of a list of children */
	uint32_t present;                  /* bit per enum dwarf_slot */
	struct dwarf_value values[DWARF_SLOT_COUNT];
};

struct dwarf_reference {
	struct dwarf_file *file;
	uint64_t offset;
};

/*
 * Loads the sections and finds the units. 0, -ENODATA (no .debug_info), -EFBIG (sections over
 * `budget` bytes, or too many units), -ENOEXEC (not little endian, or broken), -ENOMEM or what
 * fcntl() says. `elf` must outlive the result.
 */
int dwarf_file_open(const struct elf_file *elf, uint64_t budget, struct dwarf_file **ret_file)
	_warn_unused_;
struct dwarf_file *dwarf_file_close(struct dwarf_file *file); /* NULL is legal */

/*
 * Entries and line programs, where there are many, are read as they are needed, through descriptors of
 * its own: two, and two for the alternate file. Loading reads the rest at once and closes these.
 */
bool dwarf_file_holds_files(const struct dwarf_file *file);
void dwarf_file_load(struct dwarf_file *file);

/* Forgets what was read, if it is much. No value or string read before may be used after it. */
void dwarf_file_trim(struct dwarf_file *file);

/* The same of a .dwo or .dwp file; `budget` shrinks by what its sections take. */
int dwarf_file_open_split(const struct elf_file *elf, uint64_t *budget,
			  struct dwarf_file **ret_file) _warn_unused_;

/* The part of opening that comes when the sections are there. 0, -EFBIG or -ENOMEM. */
int dwarf_file_find_units(struct dwarf_file *file) _warn_unused_;

/*
 * Reads the root entry into *ret_root, of which `abbrev` is good until the next call; false when it is
 * broken. The unit's ranges can be asked for then.
 */
bool dwarf_cu_read_root(struct dwarf_file *file, struct dwarf_cu *cu, struct dwarf_die *ret_root);

/* The same, and reads the unit's abbreviations: all of its entries can be read. */
bool dwarf_cu_prepare(struct dwarf_file *file, struct dwarf_cu *cu, struct dwarf_die *ret_root);

/* The unit that holds an offset, prepared; NULL when none does. */
struct dwarf_cu *dwarf_file_unit(struct dwarf_file *file, uint64_t offset);

/* Where the unit's entries from `offset` on are. */
struct byte_reader dwarf_cu_reader(const struct dwarf_file *file, const struct dwarf_cu *cu,
				   uint64_t offset);

/*
 * Reads an entry's code and steps to its attributes; NULL at the end of a list of children and, with
 * a failed reader, when the entry is broken.
 */
const struct dwarf_abbrev *dwarf_next_abbrev(const struct dwarf_cu *cu, struct byte_reader *reader);

/* Reads the attributes we know by slot; skips the others. A broken one fails the reader. */
void dwarf_read_die(const struct dwarf_cu *cu, const struct dwarf_abbrev *abbrev,
		    struct byte_reader *reader, struct dwarf_die *ret_die);
void dwarf_skip_die(const struct dwarf_cu *cu, const struct dwarf_abbrev *abbrev,
		    struct byte_reader *reader);

/* Reads one value in a form, which may be any number; a form that does not exist fails the reader. */
struct dwarf_value dwarf_read_form(uint64_t form, struct dwarf_sizes sizes,
				   struct byte_reader *reader);

static inline bool dwarf_has(const struct dwarf_die *die, enum dwarf_slot slot)
{
	return die->present & (UINT32_C(1) << slot);
}

struct dwarf_table { /* of numbers, in a section */
	uint64_t offset;
	size_t entry_size;
};

/* False when the section does not hold that entry. */
bool dwarf_table_entry(const struct elf_bytes *section, struct dwarf_table table, uint64_t index,
		       uint64_t *ret_value);

/* What a value means in its unit. NULL, false or 0 when absent, or of a form that makes no sense. */
const char *dwarf_text(const struct dwarf_file *file, const struct dwarf_cu *cu,
		       const struct dwarf_value *value);
bool dwarf_address(const struct dwarf_file *file, const struct dwarf_cu *cu,
		   const struct dwarf_value *value, uint64_t *ret_address);
bool dwarf_follow(struct dwarf_file *file, const struct dwarf_cu *cu,
		  const struct dwarf_value *value, struct dwarf_reference *ret_reference);
uint32_t dwarf_number(const struct dwarf_die *die, enum dwarf_slot slot);

/*
 * Calls `take` for each address range of the entry, at most max_cnt. Stops early when that returns
 * < 0, and returns it; else 0.
 */
typedef int (*dwarf_range_fn)(void *ctx, uint64_t start, uint64_t limit);

struct dwarf_range_sink {
	dwarf_range_fn take;
	void *ctx;
	size_t max_cnt;
};

int dwarf_ranges_of(const struct dwarf_file *file, const struct dwarf_cu *cu,
		    const struct dwarf_die *die, const struct dwarf_range_sink *sink);

#endif
