// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Attributes of entries: reading them, and what their forms mean. */
#include "symbolize/dwarf_file.h"

#include <dwarf.h>
#include <string.h>

/* Skips or reads a form whose length is in the data. */
static void read_varying(struct byte_reader *reader, uint16_t form, struct dwarf_value *value)
{
	switch (form) {
	case DW_FORM_udata:
	case DW_FORM_ref_udata:
	case DW_FORM_strx:
	case DW_FORM_addrx:
	case DW_FORM_loclistx:
	case DW_FORM_rnglistx:
	case DW_FORM_GNU_addr_index:
	case DW_FORM_GNU_str_index:
		value->number = read_uleb(reader);
		return;
	case DW_FORM_sdata:
		value->number = (uint64_t)read_sleb(reader);
		return;
	case DW_FORM_string:
		value->text = read_string(reader);
		return;
	case DW_FORM_block:
	case DW_FORM_exprloc:
		reader_skip(reader, read_uleb(reader));
		return;
	case DW_FORM_block1:
		reader_skip(reader, read_u8(reader));
		return;
	case DW_FORM_block2:
		reader_skip(reader, read_fixed(reader, 2));
		return;
	case DW_FORM_block4:
		reader_skip(reader, read_fixed(reader, 4));
		return;
	default:
		reader_skip(reader, UINT64_MAX);
	}
}

static struct dwarf_value read_value(const struct dwarf_spec *spec, struct byte_reader *reader)
{
	struct dwarf_value value = {.form = spec->form};

	if (spec->form == DW_FORM_implicit_const)
		value.number = (uint64_t)spec->constant;
	else if (spec->len == DWARF_LEN_VARIES)
		read_varying(reader, spec->form, &value);
	else if (spec->len <= sizeof(value.number))
		value.number = read_fixed(reader, spec->len);
	else
		reader_skip(reader, spec->len);
	return value;
}

struct dwarf_value dwarf_read_form(uint64_t form, struct dwarf_sizes sizes,
				   struct byte_reader *reader)
{
	struct dwarf_spec spec = {.form = (uint16_t)form};

	if (form == DW_FORM_indirect)
		form = read_uleb(reader);
	/* the one nesting that would never end, and the one form that needs a spec */
	if (form > UINT16_MAX || form == DW_FORM_indirect || form == DW_FORM_implicit_const) {
		reader_skip(reader, UINT64_MAX);
		return (struct dwarf_value){0};
	}
	spec.form = (uint16_t)form;
	spec.len = dwarf_form_len(spec.form, sizes);
	return read_value(&spec, reader);
}

static struct dwarf_value read_spec(const struct dwarf_cu *cu, const struct dwarf_spec *spec,
				    struct byte_reader *reader)
{
	if (spec->form == DW_FORM_indirect)
		return dwarf_read_form(spec->form, cu->sizes, reader);
	return read_value(spec, reader);
}

static void skip_spec(const struct dwarf_cu *cu, const struct dwarf_spec *spec,
		      struct byte_reader *reader)
{
	if (spec->len != DWARF_LEN_VARIES)
		reader_skip(reader, spec->len);
	else
		read_spec(cu, spec, reader);
}

/* NULL when no entry of the table has an attribute. */
static const struct dwarf_spec *specs_of(const struct dwarf_cu *cu,
					 const struct dwarf_abbrev *abbrev)
{
	return abbrev->spec_cnt ? &cu->abbrevs->specs.items[abbrev->first_spec] : NULL;
}

void dwarf_read_die(const struct dwarf_cu *cu, const struct dwarf_abbrev *abbrev,
		    struct byte_reader *reader, struct dwarf_die *ret_die)
{
	const struct dwarf_spec *specs = specs_of(cu, abbrev);

	ret_die->abbrev = abbrev;
	ret_die->present = 0;
	for (uint32_t i = 0; i < abbrev->spec_cnt; i++) {
		uint8_t slot = specs[i].slot;

		if (slot == DWARF_SLOT_COUNT) {
			skip_spec(cu, &specs[i], reader);
			continue;
		}
		ret_die->values[slot] = read_spec(cu, &specs[i], reader);
		ret_die->present |= UINT32_C(1) << slot;
	}
	if (reader->failed)
		ret_die->present = 0;
}

void dwarf_skip_die(const struct dwarf_cu *cu, const struct dwarf_abbrev *abbrev,
		    struct byte_reader *reader)
{
	const struct dwarf_spec *specs = specs_of(cu, abbrev);

	if (abbrev->attributes_len != DWARF_LEN_VARIES) {
		reader_skip(reader, abbrev->attributes_len);
		return;
	}
	for (uint32_t i = 0; i < abbrev->spec_cnt; i++)
		skip_spec(cu, &specs[i], reader);
}

bool dwarf_table_entry(const struct elf_bytes *section, struct dwarf_table table, uint64_t index,
		       uint64_t *ret_value)
{
	struct byte_reader reader;

	if (table.entry_size == 0 || table.offset > section->len ||
	    index >= (section->len - table.offset) / table.entry_size)
		return false;
	reader = elf_section_reader(section, table.offset + index * table.entry_size);
	*ret_value = read_fixed(&reader, table.entry_size);
	return true;
}

static const char *indexed_text(const struct dwarf_file *file, const struct dwarf_cu *cu,
				uint64_t index)
{
	struct dwarf_table table = {cu->str_offsets_base, cu->sizes.offset};
	uint64_t offset;

	if (!dwarf_table_entry(&file->sections[DWARF_STR_OFFSETS], table, index, &offset))
		return NULL;
	return elf_section_text(&file->sections[DWARF_STR], offset);
}

static const char *text_of(const struct dwarf_file *file, const struct dwarf_cu *cu,
			   const struct dwarf_value *value)
{
	switch (value->form) {
	case DW_FORM_string:
		return value->text;
	case DW_FORM_strp:
		return elf_section_text(&file->sections[DWARF_STR], value->number);
	case DW_FORM_line_strp:
		return elf_section_text(&file->sections[DWARF_LINE_STR], value->number);
	case DW_FORM_strp_sup:
	case DW_FORM_GNU_strp_alt:
		if (!file->alternate)
			return NULL;
		return elf_section_text(&file->alternate->sections[DWARF_STR], value->number);
	case DW_FORM_strx:
	case DW_FORM_strx1:
	case DW_FORM_strx2:
	case DW_FORM_strx3:
	case DW_FORM_strx4:
	case DW_FORM_GNU_str_index:
		return indexed_text(file, cu, value->number);
	default:
		return NULL;
	}
}

const char *dwarf_text(const struct dwarf_file *file, const struct dwarf_cu *cu,
		       const struct dwarf_value *value)
{
	const char *text = text_of(file, cu, value);

	return text && *text ? text : NULL;
}

bool dwarf_address(const struct dwarf_file *file, const struct dwarf_cu *cu,
		   const struct dwarf_value *value, uint64_t *ret_address)
{
	struct dwarf_table table = {cu->addr_base, cu->sizes.address};

	switch (value->form) {
	case DW_FORM_addr:
		*ret_address = value->number;
		return true;
	case DW_FORM_addrx:
	case DW_FORM_addrx1:
	case DW_FORM_addrx2:
	case DW_FORM_addrx3:
	case DW_FORM_addrx4:
	case DW_FORM_GNU_addr_index:
		return dwarf_table_entry(&file->sections[DWARF_ADDR], table, value->number,
					 ret_address);
	default:
		return false;
	}
}

bool dwarf_follow(struct dwarf_file *file, const struct dwarf_cu *cu,
		  const struct dwarf_value *value, struct dwarf_reference *ret_reference)
{
	switch (value->form) {
	case DW_FORM_ref1:
	case DW_FORM_ref2:
	case DW_FORM_ref4:
	case DW_FORM_ref8:
	case DW_FORM_ref_udata:
		if (value->number >= cu->limit - cu->offset)
			return false;
		*ret_reference = (struct dwarf_reference){file, cu->offset + value->number};
		return true;
	case DW_FORM_ref_addr:
		*ret_reference = (struct dwarf_reference){file, value->number};
		return true;
	case DW_FORM_ref_sup4:
	case DW_FORM_ref_sup8:
	case DW_FORM_GNU_ref_alt:
		*ret_reference = (struct dwarf_reference){file->alternate, value->number};
		return file->alternate;
	default:
		return false;
	}
}

uint32_t dwarf_number(const struct dwarf_die *die, enum dwarf_slot slot)
{
	if (!dwarf_has(die, slot) || die->values[slot].number > UINT32_MAX)
		return 0;
	return (uint32_t)die->values[slot].number;
}
