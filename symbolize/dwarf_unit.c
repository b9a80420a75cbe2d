// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/dwarf_unit.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <string.h>

#define DIE_DEPTH_MAX 192 /* namespaces, classes, functions, blocks and inlined calls together */
#define RANGES_PER_DIE_MAX 4096 /* the kernel's largest function has some 300 */
#define ORIGIN_HOPS_MAX 16      /* inlined call → abstract function → declaration are 2 */

struct walk {
	struct dwarf_source *source;
	struct dwarf_unit *unit;
};

static int walk_children(struct walk *walk, Dwarf_Die *parent, uint32_t scope, unsigned int depth);

static uint32_t number_attribute(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &value) != 0 ||
	    value > UINT32_MAX)
		return 0;
	return (uint32_t)value;
}

/* Does the text end inside the section it is in? libdw does not look for strings within DIEs. */
static bool ends_inside(const struct dwarf_source *source, const char *text)
{
	for (size_t i = 0; i < DWARF_TEXTS_MAX; i++) {
		const struct dwarf_bytes *section = &source->texts[i];
		size_t at = (size_t)((uintptr_t)text - (uintptr_t)section->start);

		if (section->start && at < section->len)
			return memchr(text, '\0', section->len - at);
	}
	return false;
}

/* NULL for an empty string too. */
static const char *string_attribute(const struct dwarf_source *source, Dwarf_Die *die,
				    unsigned int name)
{
	Dwarf_Attribute attribute;
	const char *text = dwarf_attr(die, name, &attribute) ? dwarf_formstring(&attribute) : NULL;

	return text && ends_inside(source, text) && *text ? text : NULL;
}

/*
 * Adds the DIE's code to the unit under the number the next scope will get. How many ranges that
 * were, or -ENOMEM. A range outside executable segments belongs to a function the linker dropped;
 * linkers leave such ranges at address 0 or near the top of the address space.
 */
static int add_ranges(struct walk *walk, Dwarf_Die *die, uint32_t depth)
{
	struct dwarf_budget *budget = &walk->source->budget;
	Dwarf_Addr base, start, limit;
	ptrdiff_t position = 0;
	int kept = 0;

	for (int i = 0; i < RANGES_PER_DIE_MAX && budget->range_cnt > 0; i++) {
		struct interval range = {.value = (uint32_t)walk->unit->scopes.len, .depth = depth};

		position = dwarf_ranges(die, position, &base, &start, &limit);
		if (position <= 0)
			break;
		if (start == 0 || limit <= start || !elf_file_is_code(walk->source->file, start))
			continue;
		range.start = start;
		range.limit = limit;
		if (intervals_add(&walk->unit->ranges, range) < 0)
			return -ENOMEM;
		budget->range_cnt--;
		kept++;
	}
	return kept;
}

/* A function or inlined call, and what is inlined into it; one without code has nothing below. */
static int visit_function(struct walk *walk, Dwarf_Die *die, uint32_t parent, unsigned int depth)
{
	bool is_inlined = dwarf_tag(die) == DW_TAG_inlined_subroutine;
	struct dwarf_scope scope = {.die_offset = dwarf_dieoffset(die), .parent = DWARF_SCOPE_NONE};
	uint32_t number = (uint32_t)walk->unit->scopes.len;
	int r;

	if (is_inlined && parent == DWARF_SCOPE_NONE)
		return 0;
	if (is_inlined) {
		scope.parent = parent;
		scope.depth = walk->unit->scopes.items[parent].depth + 1;
		scope.call_file = number_attribute(die, DW_AT_call_file);
		scope.call_line = number_attribute(die, DW_AT_call_line);
	}
	if (scope.depth >= DWARF_SCOPE_DEPTH_MAX || walk->source->budget.scope_cnt == 0)
		return 0;
	r = add_ranges(walk, die, scope.depth);
	if (r <= 0)
		return r;
	walk->source->budget.scope_cnt--;
	r = vec_push(&walk->unit->scopes, scope);
	return r < 0 ? r : walk_children(walk, die, number, depth + 1);
}

static int visit(struct walk *walk, Dwarf_Die *die, uint32_t scope, unsigned int depth)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_subprogram:
	case DW_TAG_inlined_subroutine:
		return visit_function(walk, die, scope, depth);
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
	case DW_TAG_with_stmt:
		return walk_children(walk, die, scope, depth + 1);
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type: /* Rust keeps functions inside the types they belong to */
		return walk_children(walk, die, DWARF_SCOPE_NONE, depth + 1);
	default:
		return 0;
	}
}

/*
 * Moves on to the next sibling and pays for the bytes skipped. A sibling must lie ahead, or a broken
 * file would have us walk in circles.
 */
static bool next_sibling(struct walk *walk, Dwarf_Die *die)
{
	struct dwarf_budget *budget = &walk->source->budget;
	Dwarf_Off from = dwarf_dieoffset(die), to;

	if (dwarf_siblingof(die, die) != 0)
		return false;
	to = dwarf_dieoffset(die);
	if (to <= from)
		return false;
	if (to - from > budget->die_bytes) {
		budget->die_bytes = 0;
		return false;
	}
	budget->die_bytes -= to - from;
	return true;
}

static int walk_children(struct walk *walk, Dwarf_Die *parent, uint32_t scope, unsigned int depth)
{
	Dwarf_Die die;

	if (depth > DIE_DEPTH_MAX || dwarf_child(parent, &die) != 0)
		return 0;
	do {
		int r = visit(walk, &die, scope, depth);

		if (r < 0)
			return r;
	} while (next_sibling(walk, &die));
	return 0;
}

/* How long the unit's line program says it is; 0 when it has none. */
static uint64_t line_program_len(const struct dwarf_source *source, Dwarf_Die *unit_die)
{
	Dwarf_Attribute attribute;
	Dwarf_Word offset;
	uint32_t len;

	if (!dwarf_attr(unit_die, DW_AT_stmt_list, &attribute) ||
	    dwarf_formudata(&attribute, &offset) != 0 || !source->lines.start ||
	    source->lines.len < sizeof(len) || offset > source->lines.len - sizeof(len))
		return 0;
	memcpy(&len, source->lines.start + offset, sizeof(len));
	/* all ones: the 64-bit format; then, and in a foreign byte order, take the rest of the section */
	return MIN(len, source->lines.len - offset);
}

/* libdw makes some 100 bytes of each byte of a line program, so these are counted beforehand. */
static void read_lines(struct dwarf_source *source, struct dwarf_unit *unit, Dwarf_Die *unit_die)
{
	uint64_t len = line_program_len(source, unit_die);
	size_t file_cnt;

	if (len == 0)
		return;
	if (len > source->budget.line_bytes) {
		source->cut_cnt++;
		return;
	}
	source->budget.line_bytes -= len;
	if (dwarf_getsrclines(unit_die, &unit->lines, &unit->line_cnt) != 0)
		unit->line_cnt = 0;
	if (dwarf_getsrcfiles(unit_die, &unit->files, &file_cnt) != 0)
		unit->files = NULL;
}

int dwarf_unit_build(struct dwarf_source *source, struct dwarf_unit *unit)
{
	struct walk walk = {.source = source, .unit = unit};
	Dwarf_Die unit_die;
	int r;

	unit->is_built = true;
	if (!dwarf_offdie(source->dwarf, unit->die_offset, &unit_die))
		return 0;
	r = walk_children(&walk, &unit_die, DWARF_SCOPE_NONE, 0);
	if (r < 0)
		return r;
	if (source->budget.die_bytes == 0 || source->budget.scope_cnt == 0 ||
	    source->budget.range_cnt == 0)
		source->cut_cnt++;
	unit->directory = string_attribute(source, &unit_die, DW_AT_comp_dir);
	read_lines(source, unit, &unit_die);
	return intervals_seal(&unit->ranges);
}

/* To what this DIE is an instance or the definition of. */
static bool follow_origin(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Die origin;

	if (!dwarf_attr(die, DW_AT_abstract_origin, &attribute) &&
	    !dwarf_attr(die, DW_AT_specification, &attribute))
		return false;
	if (!dwarf_formref_die(&attribute, &origin))
		return false;
	*die = origin;
	return true;
}

void dwarf_scope_resolve(const struct dwarf_source *source, struct dwarf_scope *scope)
{
	Dwarf_Die die;

	if (scope->is_named)
		return;
	scope->is_named = true;
	if (!dwarf_offdie(source->dwarf, scope->die_offset, &die))
		return;
	for (int hop = 0; hop < ORIGIN_HOPS_MAX; hop++) {
		if (!scope->linkage_name)
			scope->linkage_name = string_attribute(source, &die, DW_AT_linkage_name);
		if (!scope->linkage_name)
			scope->linkage_name =
				string_attribute(source, &die, DW_AT_MIPS_linkage_name);
		if (!scope->plain_name)
			scope->plain_name = string_attribute(source, &die, DW_AT_name);
		if (!scope->start_line)
			scope->start_line = number_attribute(&die, DW_AT_decl_line);
		if (!follow_origin(&die))
			return;
	}
}

/* The index of the first row behind the address. */
static size_t first_row_behind(const struct dwarf_unit *unit, uint64_t address)
{
	size_t low = 0, high = unit->line_cnt;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		Dwarf_Addr row_address = 0;

		dwarf_lineaddr(dwarf_onesrcline(unit->lines, middle), &row_address);
		if (row_address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool dwarf_unit_find_line(const struct dwarf_unit *unit, uint64_t address, const char **ret_file,
			  uint32_t *ret_line)
{
	size_t behind = first_row_behind(unit, address);
	Dwarf_Line *row = behind ? dwarf_onesrcline(unit->lines, behind - 1) : NULL;
	bool is_end = true;
	int line = 0;

	if (!row || dwarf_lineendsequence(row, &is_end) != 0 || is_end)
		return false;
	if (dwarf_lineno(row, &line) != 0 || line < 0)
		return false;
	*ret_file = dwarf_linesrc(row, NULL, NULL);
	*ret_line = (uint32_t)line;
	return true;
}

const char *dwarf_unit_file(const struct dwarf_unit *unit, uint32_t number)
{
	return unit->files ? dwarf_filesrc(unit->files, number, NULL, NULL) : NULL;
}

void dwarf_unit_free(struct dwarf_unit *unit)
{
	vec_free(&unit->scopes);
	intervals_free(&unit->ranges);
}
