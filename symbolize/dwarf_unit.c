// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/dwarf_unit.h"

#include "symbolize/dwarf_lines.h"

#include <dwarf.h>
#include <errno.h>
#include <string.h>

#define DIE_DEPTH_MAX 256 /* namespaces, classes, functions, blocks and inlined calls together */
#define RANGES_PER_DIE_MAX 4096 /* the kernel's largest function has some 300 */
#define ORIGIN_HOPS_MAX 16      /* inlined call → abstract function → declaration are 2 */

/* What the children of an entry are inside of: a scope's number, or one of these. */
#define OUTSIDE UNIT_INDEX_NONE       /* no function */
#define SKIPPED (UNIT_INDEX_NONE - 1) /* nothing that we look for */

struct origin { /* the names of an entry that others refer to */
	struct dwarf_reference reference;
	uint32_t linkage_name, plain_name, start_line;
};

struct walk {
	struct dwarf_source *source;
	const struct dwarf_cu *cu;
	struct unit_draft draft;
	VEC(struct origin) origins;
	struct hashindex origin_index;
	struct dwarf_die die;            /* the one being visited */
	uint32_t insides[DIE_DEPTH_MAX]; /* by depth */
	uint32_t depth;                  /* of the ranges being added */
	size_t range_cnt;
};

/* ---- names ---- */

struct wanted_origin {
	const struct walk *walk;
	struct dwarf_reference reference;
};

static bool same_origin(const void *ctx, uint32_t id)
{
	const struct wanted_origin *wanted = ctx;
	const struct dwarf_reference *known = &wanted->walk->origins.items[id].reference;

	return known->offset == wanted->reference.offset && known->file == wanted->reference.file;
}

static void fill_names(struct origin *names, const struct origin *from)
{
	if (!names->linkage_name)
		names->linkage_name = from->linkage_name;
	if (!names->plain_name)
		names->plain_name = from->plain_name;
	if (!names->start_line)
		names->start_line = from->start_line;
}

static uint32_t text_of(struct walk *walk, const struct dwarf_cu *cu, const struct dwarf_die *die,
			enum dwarf_slot slot)
{
	if (!dwarf_has(die, slot))
		return 0;
	return unit_draft_text(&walk->draft, dwarf_text(cu->file, cu, &die->values[slot]));
}

static void own_names(struct walk *walk, const struct dwarf_cu *cu, const struct dwarf_die *die,
		      struct origin *ret_names)
{
	*ret_names = (struct origin){
		.linkage_name = text_of(walk, cu, die, DWARF_LINKAGE_NAME),
		.plain_name = text_of(walk, cu, die, DWARF_NAME),
		.start_line = dwarf_number(die, DWARF_DECL_LINE),
	};
}

static struct origin origin_names(struct walk *walk, struct dwarf_reference reference, int hops);

static struct origin read_origin(struct walk *walk, struct dwarf_reference reference, int hops)
{
	struct dwarf_cu *cu = dwarf_file_unit(reference.file, reference.offset);
	struct origin names = {0}, further;
	const struct dwarf_abbrev *abbrev;
	struct dwarf_reference next;
	struct byte_reader reader;
	struct dwarf_die die;

	if (!cu)
		return names;
	reader = dwarf_cu_reader(reference.file, cu, reference.offset);
	abbrev = dwarf_next_abbrev(cu, &reader);
	if (!abbrev)
		return names;
	dwarf_read_die(cu, abbrev, &reader, &die);
	own_names(walk, cu, &die, &names);
	if (hops < ORIGIN_HOPS_MAX && dwarf_has(&die, DWARF_ORIGIN) &&
	    dwarf_follow(reference.file, cu, &die.values[DWARF_ORIGIN], &next)) {
		further = origin_names(walk, next, hops + 1);
		fill_names(&names, &further);
	}
	return names;
}

/* Without memory for remembering it is read again the next time. */
static struct origin origin_names(struct walk *walk, struct dwarf_reference reference, int hops)
{
	struct wanted_origin wanted = {walk, reference};
	uint64_t key[] = {(uint64_t)(uintptr_t)reference.file, reference.offset};
	uint64_t hash = hash_bytes(key, sizeof(key));
	uint32_t id = hashindex_find(&walk->origin_index, hash, same_origin, &wanted);
	struct origin names;

	if (id != HASHINDEX_NONE)
		return walk->origins.items[id];
	names = read_origin(walk, reference, hops);
	names.reference = reference;
	id = (uint32_t)walk->origins.len;
	if (vec_push(&walk->origins, names) == 0 &&
	    hashindex_add(&walk->origin_index, hash, id) < 0)
		walk->origins.len--;
	return names;
}

static void name_scope(struct walk *walk, struct unit_scope *scope)
{
	struct dwarf_reference reference;
	struct origin names, further;

	own_names(walk, walk->cu, &walk->die, &names);
	if (dwarf_has(&walk->die, DWARF_ORIGIN) &&
	    dwarf_follow(walk->cu->file, walk->cu, &walk->die.values[DWARF_ORIGIN], &reference)) {
		further = origin_names(walk, reference, 1);
		fill_names(&names, &further);
	}
	scope->linkage_name = names.linkage_name;
	scope->plain_name = names.plain_name;
	scope->start_line = names.start_line;
}

/* ---- entries ---- */

/*
 * A range outside executable segments belongs to a function the linker dropped; linkers leave such
 * ranges at address 0 or near the top of the address space.
 */
static int take_range(void *ctx, uint64_t start, uint64_t limit)
{
	struct walk *walk = ctx;
	struct interval range = {.start = start,
				 .limit = limit,
				 .value = (uint32_t)walk->draft.scopes.len,
				 .depth = walk->depth};

	if (start == 0 || limit <= start || !elf_file_is_code(walk->source->elf, start))
		return 0;
	if (walk->source->budget.range_cnt == 0)
		return 0;
	walk->source->budget.range_cnt--;
	walk->range_cnt++;
	return intervals_add(&walk->draft.pieces, range);
}

static int add_scope(struct walk *walk, struct unit_scope *scope, uint32_t *ret_inside)
{
	struct dwarf_range_sink sink = {take_range, walk, RANGES_PER_DIE_MAX};
	int r;

	walk->depth = scope->depth;
	walk->range_cnt = 0;
	r = dwarf_ranges_of(walk->cu->file, walk->cu, &walk->die, &sink);
	if (r < 0 || walk->range_cnt == 0)
		return r;
	name_scope(walk, scope);
	walk->source->budget.scope_cnt--;
	*ret_inside = (uint32_t)walk->draft.scopes.len;
	return vec_push(&walk->draft.scopes, *scope);
}

/* A function or inlined call; in one without code there is nothing to look for. */
static int visit_function(struct walk *walk, uint32_t inside, uint32_t *ret_inside)
{
	struct unit_scope scope = {.parent = UNIT_INDEX_NONE};

	*ret_inside = SKIPPED;
	if (walk->die.abbrev->tag == DW_TAG_inlined_subroutine) {
		if (inside == OUTSIDE)
			return 0;
		scope.parent = inside;
		scope.depth = walk->draft.scopes.items[inside].depth + 1;
		scope.call_file = dwarf_number(&walk->die, DWARF_CALL_FILE);
		scope.call_line = dwarf_number(&walk->die, DWARF_CALL_LINE);
	}
	if (scope.depth >= UNIT_INDEX_DEPTH_MAX || walk->source->budget.scope_cnt == 0)
		return 0;
	return add_scope(walk, &scope, ret_inside);
}

/* Reads an entry's attributes if they matter; says what its children are inside of. */
static int visit(struct walk *walk, const struct dwarf_abbrev *abbrev, struct byte_reader *reader,
		 uint32_t *inside)
{
	uint16_t tag = *inside == SKIPPED ? 0 : abbrev->tag;

	switch (tag) {
	case DW_TAG_subprogram:
	case DW_TAG_inlined_subroutine:
		dwarf_read_die(walk->cu, abbrev, reader, &walk->die);
		return reader->failed ? 0 : visit_function(walk, *inside, inside);
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
	case DW_TAG_with_stmt:
		break;
	case DW_TAG_compile_unit:
	case DW_TAG_skeleton_unit:
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type: /* Rust keeps functions inside the types they belong to */
		*inside = OUTSIDE;
		break;
	default:
		*inside = SKIPPED;
		if (abbrev->has_children && abbrev->has_sibling) {
			dwarf_read_die(walk->cu, abbrev, reader, &walk->die);
			return 0;
		}
	}
	dwarf_skip_die(walk->cu, abbrev, reader);
	walk->die.present = 0;
	return 0;
}

/* Jumps over children; false when the entry does not say to where, or not ahead. */
static bool jump(const struct walk *walk, struct byte_reader *reader)
{
	uint64_t here = (uint64_t)(reader->at - walk->cu->file->sections[DWARF_INFO].start);
	struct dwarf_reference next;

	if (!dwarf_has(&walk->die, DWARF_SIBLING) ||
	    !dwarf_follow(walk->cu->file, walk->cu, &walk->die.values[DWARF_SIBLING], &next))
		return false;
	return next.offset > here && next.offset < walk->cu->limit &&
	       reader_skip(reader, next.offset - here);
}

static int walk_entries(struct walk *walk)
{
	struct byte_reader reader =
		dwarf_cu_reader(walk->cu->file, walk->cu, walk->cu->root_offset);
	size_t depth = 0;

	walk->insides[0] = OUTSIDE;
	while (!reader.failed && reader_left(&reader)) {
		const struct dwarf_abbrev *abbrev = dwarf_next_abbrev(walk->cu, &reader);
		uint32_t inside = walk->insides[depth];
		int r;

		if (!abbrev) {
			if (depth <= 1)
				return 0;
			depth--;
			continue;
		}
		r = visit(walk, abbrev, &reader, &inside);
		if (r < 0)
			return r;
		if (!abbrev->has_children || (inside == SKIPPED && jump(walk, &reader)))
			continue;
		if (depth + 1 == DIE_DEPTH_MAX) {
			walk->source->base.cut_cnt++;
			return 0;
		}
		walk->insides[++depth] = inside;
	}
	return 0;
}

/* ---- files ---- */

struct path_table {
	struct walk *walk;
	const struct dwarf_line_program *program;
	VEC(uint32_t) numbers; /* of the program's files → index of the draft's, and one */
	struct buf path;
};

/* The draft's number of a file that is used; UNIT_INDEX_NONE when there is no such file. */
static uint32_t use_file(struct path_table *table, uint32_t number)
{
	struct unit_draft *draft = &table->walk->draft;
	const char *path;

	if (number >= table->numbers.len)
		return UNIT_INDEX_NONE;
	if (table->numbers.items[number])
		return table->numbers.items[number] - 1;
	path = dwarf_lines_path(table->program, number, &table->path);
	if (vec_push(&draft->files, unit_draft_text(draft, path)) < 0)
		return UNIT_INDEX_NONE;
	table->numbers.items[number] = (uint32_t)draft->files.len;
	return (uint32_t)draft->files.len - 1;
}

static int use_files(struct walk *walk, const struct dwarf_line_program *program)
{
	struct path_table table = {.walk = walk, .program = program};
	size_t cnt = program->files.len;

	if (vec_reserve(&table.numbers, cnt) < 0)
		return -ENOMEM;
	if (cnt)
		memset(table.numbers.items, 0, cnt * sizeof(uint32_t));
	table.numbers.len = cnt;
	vec_for_each(&walk->draft.rows, row)
		if (row->file != UNIT_INDEX_NONE)
			row->file = use_file(&table, row->file);
	vec_for_each(&walk->draft.scopes, scope)
		if (scope->parent != UNIT_INDEX_NONE)
			scope->call_file = use_file(&table, scope->call_file);
	vec_free(&table.numbers);
	buf_free(&table.path);
	return 0;
}

static int add_lines(struct walk *walk, const struct dwarf_die *root)
{
	struct dwarf_source *source = walk->source;
	uint64_t len = dwarf_lines_len(source->dwarf, root);
	struct dwarf_line_program program = {0};
	int r;

	if (len > source->budget.line_bytes) {
		source->base.cut_cnt++;
		len = 0;
	}
	if (len == 0)
		return use_files(walk, &program);
	source->budget.line_bytes -= len;
	r = dwarf_lines_open(source->dwarf, walk->cu, root, &program);
	if (r == 0)
		r = dwarf_lines_run(&program, source->elf, &walk->draft);
	if (r != -ENOMEM)
		r = use_files(walk, &program);
	dwarf_lines_close(&program);
	return r;
}

/* The entries of a skeleton are those of its split unit. */
static int walk_all_entries(struct walk *walk, const struct dwarf_die *root)
{
	const struct dwarf_cu *cu = walk->cu;
	struct dwarf_split_unit unit = {0};
	int r = dwarf_split_open(&walk->source->split, cu, root, &unit);

	if (r == 0)
		walk->cu = unit.cu;
	else
		walk->source->base.is_partial = r != -ENODATA;
	r = walk_entries(walk);
	walk->cu = cu;
	dwarf_split_unit_close(&unit);
	return r;
}

static int build(struct walk *walk, struct dwarf_cu *cu, struct unit_index_header **ret_block)
{
	struct dwarf_budget *budget = &walk->source->budget;
	struct dwarf_die root;
	int r = 0;

	if (unit_draft_init(&walk->draft) < 0)
		return -ENOMEM;
	if (dwarf_cu_prepare(walk->source->dwarf, cu, &root)) {
		r = walk_all_entries(walk, &root);
		if (r == 0)
			r = add_lines(walk, &root);
	}
	if (budget->scope_cnt == 0 || budget->range_cnt == 0)
		walk->source->base.cut_cnt++;
	if (r == 0)
		r = intervals_seal(&walk->draft.pieces);
	return r < 0 ? r : unit_index_pack(&walk->draft, ret_block);
}

int dwarf_unit_build(struct dwarf_source *source, struct dwarf_cu *cu,
		     struct unit_index_header **ret_block)
{
	struct walk walk = {.source = source, .cu = cu};
	int r;

	dwarf_file_trim(source->dwarf);
	r = build(&walk, cu, ret_block);
	unit_draft_free(&walk.draft);
	vec_free(&walk.origins);
	hashindex_free(&walk.origin_index);
	return r;
}
