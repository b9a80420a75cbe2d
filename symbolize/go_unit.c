// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/go_unit.h"

#include <errno.h>
#include <string.h>

#define CALLS_MAX 65536 /* inlined into one function; the table's own numbers have 16 bits */
#define NO_SCOPE UNIT_INDEX_NONE
#define OPEN_SCOPE (UNIT_INDEX_NONE - 1) /* being made: whoever needs it stands in a circle */
#define NEW_SCOPE (UNIT_INDEX_NONE - 2)

struct run { /* addresses with one file, line and innermost inlined call */
	uint64_t start, limit;
	int32_t file, line, call; /* < 0: none */
};

struct call { /* an inlined call, as the table has it */
	const char *name;
	uint64_t address; /* code of the caller that stands for the place of the call */
	uint32_t start_line;
};

struct known_file {
	uint32_t text, number; /* where its path is in the strings; its place among the files */
};

struct walk {
	struct go_source *source;
	struct unit_draft draft;
	struct gopclntab_func func;
	uint64_t limit; /* of the function */
	VEC(struct run) runs;
	VEC(uint32_t) scopes; /* of the function's inlined calls, by their number */
	VEC(struct known_file) files;
	uint32_t function_scope;
	uint64_t end; /* of what is in the draft */
};

/* ---- files ---- */

static uint32_t use_file(struct walk *walk, int32_t number)
{
	const char *path = gopclntab_file(&walk->source->table, &walk->func, number);
	struct known_file file = {.number = (uint32_t)walk->draft.files.len};
	size_t low = 0, high = walk->files.len;

	if (!path)
		return UNIT_INDEX_NONE;
	file.text = unit_draft_text(&walk->draft, path);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (walk->files.items[middle].text < file.text)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < walk->files.len && walk->files.items[low].text == file.text)
		return walk->files.items[low].number;
	if (vec_push(&walk->draft.files, file.text) < 0 || vec_push(&walk->files, file) < 0)
		return UNIT_INDEX_NONE;
	memmove(&walk->files.items[low + 1], &walk->files.items[low],
		(walk->files.len - 1 - low) * sizeof(file));
	walk->files.items[low] = file;
	return file.number;
}

/* ---- a function's tables, side by side ---- */

/* Steps to the value that counts at an address. */
static void advance(struct walk *walk, struct gopclntab_values *values, uint64_t at)
{
	uint64_t *budget = &walk->source->budget.run_cnt;

	while (values->limit <= at && *budget && gopclntab_next(values))
		--*budget;
}

static int collect_runs(struct walk *walk)
{
	const struct gopclntab *table = &walk->source->table;
	struct gopclntab_values files =
		gopclntab_values_of(table, &walk->func, walk->func.files_at);
	struct gopclntab_values lines =
		gopclntab_values_of(table, &walk->func, walk->func.lines_at);
	struct gopclntab_values calls =
		gopclntab_values_of(table, &walk->func, walk->func.inlines_at);
	uint64_t at = walk->func.entry;

	walk->runs.len = 0;
	while (at < walk->limit) {
		struct run run = {.start = at};

		advance(walk, &files, at);
		advance(walk, &lines, at);
		advance(walk, &calls, at);
		at = MIN(files.limit, lines.limit);
		at = MIN(at, calls.limit);
		at = MIN(at, walk->limit);
		run.limit = at;
		run.file = files.value;
		run.line = lines.value;
		run.call = calls.value;
		if (walk->source->budget.run_cnt == 0)
			return 0;
		if (vec_push(&walk->runs, run) < 0)
			return -ENOMEM;
	}
	return 0;
}

static const struct run *find_run(const struct walk *walk, uint64_t address)
{
	size_t low = 0, high = walk->runs.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (walk->runs.items[middle].limit <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == walk->runs.len || address < walk->runs.items[low].start)
		return NULL;
	return &walk->runs.items[low];
}

/* ---- inlined calls ---- */

/* Number `number` of the function's tree (runtime.inlinedCall of the release). */
static bool read_call(const struct walk *walk, uint32_t number, struct call *ret_call)
{
	const struct go_source *source = walk->source;
	bool is_new = source->table.layout >= GO_1_20;
	uint64_t tree = source->tree_base + walk->func.inline_tree - source->rodata_address;
	struct byte_reader reader = elf_section_reader(&source->rodata, tree);
	uint32_t name;

	reader_skip(&reader, (uint64_t)number * (is_new ? 16 : 20));
	reader_skip(&reader, is_new ? 4 : 12); /* what function it is; the parent, file and line */
	name = (uint32_t)read_fixed(&reader, 4);
	ret_call->address = walk->func.entry + (uint32_t)read_fixed(&reader, 4);
	ret_call->start_line = is_new ? (uint32_t)read_fixed(&reader, 4) : 0;
	ret_call->name = gopclntab_name(&source->table, name);
	return !reader.failed && source->tree_base != GO_NO_TREE;
}

static uint32_t scope_of(struct walk *walk, int32_t number, uint32_t depth);

/* Where the call stands tells its caller, which may be inlined itself. */
static uint32_t make_scope(struct walk *walk, uint32_t number, uint32_t depth)
{
	struct unit_scope scope = {0};
	const struct run *place;
	struct call call;

	if (!read_call(walk, number, &call) || walk->source->budget.scope_cnt == 0)
		return NO_SCOPE;
	place = find_run(walk, call.address);
	if (!place)
		return NO_SCOPE;
	scope.call_file = use_file(walk, place->file);
	scope.call_line = (uint32_t)MAX(place->line, 0);
	scope.parent = scope_of(walk, place->call, depth + 1);
	if (scope.parent == NO_SCOPE)
		return NO_SCOPE;
	scope.depth = walk->draft.scopes.items[scope.parent].depth + 1;
	scope.plain_name = unit_draft_text(&walk->draft, call.name);
	scope.start_line = call.start_line;
	walk->source->budget.scope_cnt--;
	if (scope.depth >= UNIT_INDEX_DEPTH_MAX || vec_push(&walk->draft.scopes, scope) < 0)
		return NO_SCOPE;
	return (uint32_t)walk->draft.scopes.len - 1;
}

/* The scope of an inlined call; that of the function for none; NO_SCOPE when it is broken. */
static uint32_t scope_of(struct walk *walk, int32_t number, uint32_t depth)
{
	uint32_t scope;

	if (number < 0)
		return walk->function_scope;
	if (number >= CALLS_MAX || depth >= UNIT_INDEX_DEPTH_MAX ||
	    vec_reserve(&walk->scopes, (size_t)number + 1) < 0)
		return NO_SCOPE;
	while (walk->scopes.len <= (size_t)number)
		walk->scopes.items[walk->scopes.len++] = NEW_SCOPE;
	scope = walk->scopes.items[number];
	if (scope == OPEN_SCOPE)
		return NO_SCOPE;
	if (scope != NEW_SCOPE)
		return scope;
	walk->scopes.items[number] = OPEN_SCOPE;
	scope = make_scope(walk, (uint32_t)number, depth);
	walk->scopes.items[number] = scope;
	return scope;
}

/* ---- functions ---- */

static int add_run(struct walk *walk, const struct run *run)
{
	struct unit_draft *draft = &walk->draft;
	struct unit_draft_row row = {.address = run->start, .line = (uint32_t)MAX(run->line, 0)};
	const struct unit_draft_row *last = draft->rows.len ? vec_last(&draft->rows) : NULL;
	struct interval piece = {.start = run->start, .limit = run->limit};

	row.file = use_file(walk, run->file);
	piece.value = scope_of(walk, run->call, 0);
	if (piece.value == NO_SCOPE)
		piece.value = walk->function_scope;
	piece.depth = draft->scopes.items[piece.value].depth;
	if (intervals_add(&draft->pieces, piece) < 0)
		return -ENOMEM;
	if (last && last->file == row.file && last->line == row.line)
		return 0;
	return vec_push(&draft->rows, row);
}

static int add_function(struct walk *walk)
{
	struct unit_scope scope = {
		.parent = UNIT_INDEX_NONE,
		.plain_name = unit_draft_text(&walk->draft, walk->func.name),
		.start_line = walk->func.start_line,
	};
	int r = collect_runs(walk);

	walk->function_scope = (uint32_t)walk->draft.scopes.len;
	walk->scopes.len = 0;
	if (r == 0)
		r = vec_push(&walk->draft.scopes, scope);
	vec_for_each(&walk->runs, run)
		r = r < 0 ? r : add_run(walk, run);
	return r;
}

/* Behind what is in the draft there is nothing, until the next function. */
static int add_gap(struct walk *walk)
{
	const struct unit_draft_row gap = {walk->end, UNIT_INDEX_NONE, 0};

	return walk->end ? vec_push(&walk->draft.rows, gap) : 0;
}

/* Functions stand in the order of their addresses: one that does not is broken. */
static int add_functions(struct walk *walk, uint32_t first, uint32_t limit)
{
	int r = 0;

	for (uint32_t i = first; i < limit && r == 0; i++) {
		if (walk->source->budget.scope_cnt == 0 || walk->source->budget.run_cnt == 0) {
			walk->source->base.cut_cnt++;
			break;
		}
		walk->limit = gopclntab_start(&walk->source->table, i + 1);
		if (!gopclntab_func(&walk->source->table, i, &walk->func) ||
		    walk->func.entry < walk->end || walk->limit <= walk->func.entry ||
		    !elf_file_is_code(walk->source->elf, walk->func.entry))
			continue;
		if (walk->end != walk->func.entry)
			r = add_gap(walk);
		walk->end = walk->limit;
		walk->source->budget.scope_cnt--;
		r = r < 0 ? r : add_function(walk);
	}
	return r < 0 ? r : add_gap(walk);
}

int go_unit_build(struct go_source *source, uint32_t first, uint32_t limit,
		  struct unit_index_header **ret_block)
{
	struct walk walk = {.source = source};
	int r = unit_draft_init(&walk.draft);

	if (r == 0)
		r = add_functions(&walk, first, limit);
	if (r == 0)
		r = intervals_seal(&walk.draft.pieces);
	if (r == 0)
		r = unit_index_pack(&walk.draft, ret_block);
	unit_draft_free(&walk.draft);
	vec_free(&walk.runs);
	vec_free(&walk.scopes);
	vec_free(&walk.files);
	return r;
}
