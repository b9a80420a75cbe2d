// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/dwarf_abbrev.h"

#include <dwarf.h>
#include <errno.h>

/* An entry of gcc's or rustc's has up to some 30 attributes, a unit some hundred abbreviations. */
#define SPECS_PER_ABBREV_MAX 256
#define ABBREVS_MAX 65536
#define SPECS_MAX (1024 * 1024)
#define TABLES_MAX (256 * 1024)
/*
 * Bytes of a table that are looked through for one abbreviation, and of all tables of a file together:
 * a kernel's have 5 MB, 2 kB each.
 */
#define SEARCH_LEN_MAX ((size_t)64 * 1024)
#define SEARCH_TOTAL_MAX ((size_t)256 * 1024 * 1024)
#define SPECS_TOTAL_MAX (16 * 1024 * 1024) /* of all tables of a file */

static uint8_t slot_of(uint64_t attribute)
{
	switch (attribute) {
	case DW_AT_name:
		return DWARF_NAME;
	case DW_AT_linkage_name:
	case DW_AT_MIPS_linkage_name:
		return DWARF_LINKAGE_NAME;
	case DW_AT_low_pc:
		return DWARF_LOW_PC;
	case DW_AT_high_pc:
		return DWARF_HIGH_PC;
	case DW_AT_ranges:
		return DWARF_RANGE_LIST;
	case DW_AT_sibling:
		return DWARF_SIBLING;
	case DW_AT_abstract_origin:
	case DW_AT_specification:
		return DWARF_ORIGIN;
	case DW_AT_decl_line:
		return DWARF_DECL_LINE;
	case DW_AT_call_file:
		return DWARF_CALL_FILE;
	case DW_AT_call_line:
		return DWARF_CALL_LINE;
	case DW_AT_stmt_list:
		return DWARF_STMT_LIST;
	case DW_AT_comp_dir:
		return DWARF_COMP_DIR;
	case DW_AT_str_offsets_base:
		return DWARF_STR_OFFSETS_BASE;
	case DW_AT_addr_base:
	case DW_AT_GNU_addr_base:
		return DWARF_ADDR_BASE;
	case DW_AT_rnglists_base:
		return DWARF_RNGLISTS_BASE;
	case DW_AT_GNU_ranges_base:
		return DWARF_RANGES_BASE;
	case DW_AT_dwo_name:
	case DW_AT_GNU_dwo_name:
		return DWARF_DWO_NAME;
	case DW_AT_GNU_dwo_id:
		return DWARF_DWO_ID;
	default:
		return DWARF_SLOT_COUNT;
	}
}

uint32_t dwarf_form_len(uint16_t form, struct dwarf_sizes sizes)
{
	switch (form) {
	case DW_FORM_flag_present:
	case DW_FORM_implicit_const:
		return 0;
	case DW_FORM_data1:
	case DW_FORM_ref1:
	case DW_FORM_flag:
	case DW_FORM_strx1:
	case DW_FORM_addrx1:
		return 1;
	case DW_FORM_data2:
	case DW_FORM_ref2:
	case DW_FORM_strx2:
	case DW_FORM_addrx2:
		return 2;
	case DW_FORM_strx3:
	case DW_FORM_addrx3:
		return 3;
	case DW_FORM_data4:
	case DW_FORM_ref4:
	case DW_FORM_ref_sup4:
	case DW_FORM_strx4:
	case DW_FORM_addrx4:
		return 4;
	case DW_FORM_data8:
	case DW_FORM_ref8:
	case DW_FORM_ref_sig8:
	case DW_FORM_ref_sup8:
		return 8;
	case DW_FORM_data16:
		return 16;
	case DW_FORM_addr:
		return sizes.address;
	case DW_FORM_ref_addr: /* as wide as an address in DWARF 2 */
		return sizes.version <= 2 ? sizes.address : sizes.offset;
	case DW_FORM_strp:
	case DW_FORM_line_strp:
	case DW_FORM_sec_offset:
	case DW_FORM_strp_sup:
	case DW_FORM_GNU_ref_alt:
	case DW_FORM_GNU_strp_alt:
		return sizes.offset;
	default:
		return DWARF_LEN_VARIES;
	}
}

/* One pair of attribute and form; false at the end of the list. */
static bool read_spec(struct byte_reader *reader, struct dwarf_spec *ret_spec)
{
	uint64_t name = read_uleb(reader), form = read_uleb(reader);

	*ret_spec = (struct dwarf_spec){.form = (uint16_t)form, .slot = slot_of(name)};
	if (form > UINT16_MAX)
		reader_skip(reader, UINT64_MAX);
	if (form == DW_FORM_implicit_const)
		ret_spec->constant = read_sleb(reader);
	return (name || form) && !reader->failed;
}

static bool is_skipped(const struct dwarf_spec *spec)
{
	return spec->slot == DWARF_SLOT_COUNT && spec->len != DWARF_LEN_VARIES;
}

static int add_spec(struct dwarf_abbrev_table *table, struct dwarf_abbrev *abbrev,
		    struct dwarf_spec spec)
{
	if (abbrev->spec_cnt && is_skipped(&spec) && is_skipped(vec_last(&table->specs))) {
		vec_last(&table->specs)->len += spec.len;
		return 0;
	}
	abbrev->spec_cnt++;
	return vec_push(&table->specs, spec);
}

static int read_specs(struct dwarf_abbrev_table *table, struct byte_reader *reader,
		      struct dwarf_abbrev *abbrev)
{
	struct dwarf_spec spec;
	size_t spec_cnt = 0;

	while (read_spec(reader, &spec)) {
		spec.len = dwarf_form_len(spec.form, table->sizes);
		if (++spec_cnt > SPECS_PER_ABBREV_MAX || table->specs.len >= SPECS_MAX)
			return -EFBIG;
		if (add_spec(table, abbrev, spec) < 0)
			return -ENOMEM;
		if (spec.len == DWARF_LEN_VARIES)
			abbrev->attributes_len = DWARF_LEN_VARIES;
		else if (abbrev->attributes_len != DWARF_LEN_VARIES)
			abbrev->attributes_len += spec.len;
		abbrev->has_sibling |= spec.slot == DWARF_SIBLING;
	}
	return reader->failed ? -ENOEXEC : 0;
}

static int compare_codes(const void *left, const void *right)
{
	const struct dwarf_abbrev *a = left, *b = right;

	return (a->code > b->code) - (a->code < b->code);
}

/* Appends the next abbreviation; -ENODATA at the end of the table. */
static int read_abbrev(struct dwarf_abbrev_table *table, struct byte_reader *reader)
{
	struct dwarf_abbrev abbrev = {.code = read_uleb(reader),
				      .first_spec = (uint32_t)table->specs.len};
	int r;

	if (abbrev.code == 0)
		return -ENODATA;
	abbrev.tag = (uint16_t)read_uleb(reader);
	abbrev.has_children = read_u8(reader);
	r = read_specs(table, reader, &abbrev);
	return r < 0 ? r : vec_push(&table->list, abbrev);
}

static int read_table(struct dwarf_abbrev_table *table, struct byte_reader reader)
{
	bool is_sorted = true;
	int r = 0;

	while (r == 0 && table->list.len < ABBREVS_MAX) {
		r = read_abbrev(table, &reader);
		if (r == 0 && table->list.len > 1 &&
		    vec_last(&table->list)[-1].code >= vec_last(&table->list)->code)
			is_sorted = false;
	}
	if (r < 0 && r != -ENODATA)
		return r;
	if (!is_sorted)
		qsort(table->list.items, table->list.len, sizeof(struct dwarf_abbrev),
		      compare_codes);
	return 0;
}

static struct dwarf_abbrev_table *free_table(struct dwarf_abbrev_table *table)
{
	vec_free(&table->list);
	vec_free(&table->specs);
	free(table);
	return NULL;
}

static uint64_t table_hash(const struct dwarf_abbrev_place *place)
{
	uint64_t key[] = {place->offset, (uint64_t)place->sizes.version << 16 |
						 (uint64_t)place->sizes.address << 8 |
						 place->sizes.offset};

	return hash_bytes(key, sizeof(key));
}

struct wanted {
	const struct dwarf_abbrevs *abbrevs;
	const struct dwarf_abbrev_place *place;
};

static bool same_table(const void *ctx, uint32_t id)
{
	const struct wanted *wanted = ctx;
	const struct dwarf_abbrev_table *table = wanted->abbrevs->tables.items[id];

	return table->offset == wanted->place->offset &&
	       memcmp(&table->sizes, &wanted->place->sizes, sizeof(table->sizes)) == 0;
}

static const struct dwarf_abbrev_table *known_table(const struct dwarf_abbrevs *abbrevs,
						    const struct dwarf_abbrev_place *place)
{
	struct wanted wanted = {abbrevs, place};
	uint32_t id = hashindex_find(&abbrevs->index, table_hash(place), same_table, &wanted);

	return id == HASHINDEX_NONE ? NULL : abbrevs->tables.items[id];
}

const struct dwarf_abbrev_table *dwarf_abbrevs_get(struct dwarf_abbrevs *abbrevs,
						   struct dwarf_abbrev_place place)
{
	const struct dwarf_abbrev_table *known = known_table(abbrevs, &place);
	struct dwarf_abbrev_table *table;
	int r;

	if (known || abbrevs->tables.len >= TABLES_MAX || abbrevs->spec_cnt >= SPECS_TOTAL_MAX)
		return known;
	table = calloc(1, sizeof(*table));
	if (!table)
		return NULL;
	table->offset = place.offset;
	table->sizes = place.sizes;
	r = read_table(table, place.reader);
	abbrevs->spec_cnt += table->specs.len;
	if (r < 0 || vec_reserve(&abbrevs->tables, abbrevs->tables.len + 1) < 0 ||
	    hashindex_add(&abbrevs->index, table_hash(&place), (uint32_t)abbrevs->tables.len) < 0)
		return free_table(table);
	abbrevs->tables.items[abbrevs->tables.len++] = table;
	return table;
}

/* Steps over the attributes of an abbreviation. */
static void skip_specs(struct byte_reader *reader)
{
	uint64_t name, form;

	do {
		name = read_uleb(reader);
		form = read_uleb(reader);
		if (form == DW_FORM_implicit_const)
			read_sleb(reader);
	} while ((name || form) && !reader->failed);
}

/* Leaves the reader at the abbreviation of a code; false when a search does not find it. */
static bool find_abbrev(struct dwarf_abbrevs *abbrevs, struct byte_reader *reader, uint64_t code)
{
	const uint8_t *start = reader->at;

	while (!reader->failed && (size_t)(reader->at - start) < SEARCH_LEN_MAX &&
	       abbrevs->searched_len < SEARCH_TOTAL_MAX) {
		struct byte_reader here = *reader;
		uint64_t own = read_uleb(reader);

		if (own == code)
			*reader = here;
		if (own == code || own == 0)
			return own == code;
		read_uleb(reader); /* tag */
		read_u8(reader);   /* whether it has children */
		skip_specs(reader);
		abbrevs->searched_len += (size_t)(reader->at - here.at);
	}
	return false;
}

const struct dwarf_abbrev_table *dwarf_abbrevs_get_for(struct dwarf_abbrevs *abbrevs,
						       struct dwarf_abbrev_place place,
						       uint64_t code)
{
	const struct dwarf_abbrev_table *known = known_table(abbrevs, &place);
	struct dwarf_abbrev_table *found = &abbrevs->found;
	struct byte_reader reader = place.reader;

	if (known)
		return known;
	if (!find_abbrev(abbrevs, &reader, code))
		return dwarf_abbrevs_get(abbrevs, place);
	found->sizes = place.sizes;
	found->specs.len = found->list.len = 0;
	return read_abbrev(found, &reader) < 0 ? NULL : found;
}

void dwarf_abbrevs_free(struct dwarf_abbrevs *abbrevs)
{
	vec_for_each(&abbrevs->tables, table)
		free_table(*table);
	vec_free(&abbrevs->tables);
	vec_free(&abbrevs->found.list);
	vec_free(&abbrevs->found.specs);
	hashindex_free(&abbrevs->index);
}

const struct dwarf_abbrev *dwarf_abbrev_find(const struct dwarf_abbrev_table *table, uint64_t code)
{
	size_t low = 0, high = table->list.len;

	if (code - 1 < table->list.len && table->list.items[code - 1].code == code)
		return &table->list.items[code - 1];
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->list.items[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == table->list.len || table->list.items[low].code != code)
		return NULL;
	return &table->list.items[low];
}
