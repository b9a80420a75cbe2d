// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Go's own tables: a stripped program beside what its DWARF says, and each layout since Go 1.2 as
 * written here.
 */
#include "symbolize/go_names.h"
#include "symbolize/symbolizer.h"

#include "tests/unit/symbolize_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define OUTER_START 0x1000
#define NEXT_START 0x1040
#define CODE_END 0x1080
#define TREE_ADDRESS 0x9000

/* ---- tables made here ---- */

static void put(struct buf *out, uint64_t number, size_t len)
{
	buf_append(out, &number, len);
}

static void put_zeros(struct buf *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_append_byte(out, 0);
}

static void put_text(struct buf *out, const char *text)
{
	buf_append(out, text, strlen(text) + 1);
}

/* The number at a place that was left for it. */
static void patch(struct buf *out, size_t at, uint64_t number, size_t len)
{
	assert_true(at + len <= out->len);
	memcpy(out->data + at, &number, len);
}

/* A table of values: pairs of a value and where it ends, the latter from the function's start on. */
static uint32_t put_values(struct buf *out, size_t base, const int32_t (*steps)[2], size_t cnt)
{
	uint32_t at = (uint32_t)(out->len - base);
	int32_t value = -1, limit = 0;

	for (size_t i = 0; i < cnt; i++) {
		int32_t delta = steps[i][0] - value;

		buf_append_varint(out, delta < 0 ? ~((uint32_t)delta << 1) : (uint32_t)delta << 1);
		buf_append_varint(out, (uint64_t)(steps[i][1] - limit));
		value = steps[i][0];
		limit = steps[i][1];
	}
	buf_append_byte(out, 0);
	return at;
}

struct made {
	enum gopclntab_layout layout;
	struct buf table, tree;
	size_t names, units, files, values, funcs; /* where the parts begin */
	uint32_t outer_name, inner_name, next_name;
	uint32_t outer_lines, inlines, next_lines, first_file;
};

static void made_free(struct made *made)
{
	buf_free(&made->table);
	buf_free(&made->tree);
}

static void put_names(struct made *made)
{
	struct buf *out = &made->table;

	made->outer_name = (uint32_t)(out->len - made->names);
	put_text(out, "pack.outer");
	made->inner_name = (uint32_t)(out->len - made->names);
	put_text(out, "pack.(*thing).inner");
	made->next_name = (uint32_t)(out->len - made->names);
	put_text(out, "pack.next");
}

static void put_all_values(struct made *made)
{
	static const int32_t outer_lines[][2] = {{5, 8}, {7, 16}, {31, 32}, {8, 64}};
	static const int32_t inlines[][2] = {{-1, 16}, {0, 32}, {-1, 64}};
	static const int32_t next_lines[][2] = {{20, 64}};
	static const int32_t files[][2] = {{1, 64}};

	buf_append_byte(&made->table, 0); /* so that no table is at 0 */
	made->outer_lines = put_values(&made->table, made->values, outer_lines, 4);
	made->inlines = put_values(&made->table, made->values, inlines, 3);
	made->next_lines = put_values(&made->table, made->values, next_lines, 1);
	made->first_file = put_values(&made->table, made->values, files, 1);
}

struct function {
	uint64_t start;
	uint32_t name, lines, start_line;
	bool has_call;
};

static uint32_t put_function(struct made *made, const struct function *function)
{
	struct buf *out = &made->table;
	uint32_t at = (uint32_t)(out->len - made->funcs);
	uint8_t cnt = made->layout >= GO_1_16 ? 4 : 0;

	put(out, function->start, made->layout >= GO_1_18 ? 4 : 8);
	put(out, function->name, 4);
	for (size_t i = 0; i < 3; i++)
		put_zeros(out, 4);
	put(out, made->first_file, 4);
	put(out, function->lines, 4);
	put(out, cnt, 4);
	if (made->layout >= GO_1_16)
		put_zeros(out, 4);
	if (made->layout >= GO_1_20)
		put(out, function->start_line, 4);
	put_zeros(out, 3);
	buf_append_byte(out, cnt);
	for (uint8_t i = 0; i < cnt; i++)
		put(out, i == 2 && function->has_call ? made->inlines : 0, 4);
	if (made->layout == GO_1_16)
		put_zeros(out, -out->len % 8);
	for (uint8_t i = 0; i < cnt; i++) {
		if (made->layout >= GO_1_18)
			put(out, i == 3 && function->has_call ? 0 : UINT32_MAX, 4);
		else
			put(out, i == 3 && function->has_call ? TREE_ADDRESS : 0, 8);
	}
	return at;
}

static void put_functions(struct made *made, size_t functab)
{
	bool is_new = made->layout >= GO_1_18;
	uint64_t base = is_new ? OUTER_START : 0;
	size_t len = is_new ? 4 : 8;
	const struct function functions[] = {
		{OUTER_START - base, made->outer_name, made->outer_lines, 4, true},
		{NEXT_START - base, made->next_name, made->next_lines, 19, false},
	};

	for (size_t i = 0; i < 2; i++) {
		patch(&made->table, functab + 2 * i * len, functions[i].start, len);
		put_zeros(&made->table, -made->table.len % 8);
		patch(&made->table, functab + (2 * i + 1) * len, put_function(made, &functions[i]),
		      len);
	}
	patch(&made->table, functab + 4 * len, CODE_END - base, len);
}

/* runtime.inlinedCall: who, and code of the caller on the line of the call. */
static void put_tree(struct made *made)
{
	bool is_new = made->layout >= GO_1_20;

	put_zeros(&made->tree, is_new ? 4 : 8);
	put_zeros(&made->tree, is_new ? 0 : 4);
	put(&made->tree, made->inner_name, 4);
	put(&made->tree, 8, 4);
	if (is_new)
		put(&made->tree, 30, 4);
}

/* Up to 1.15 everything counts from the table's own start. */
static void make_old(struct made *made)
{
	struct buf *out = &made->table;
	size_t functab = out->len, files_at;

	put_zeros(out, 5 * 8);
	files_at = out->len;
	put_zeros(out, 8);
	put_names(made);
	patch(out, files_at, out->len, 4);
	put(out, 2, 4);
	put(out, out->len + 4, 4);
	put_text(out, "/src/pack/pack.go");
	put_all_values(made);
	put_functions(made, functab);
}

static void make_new(struct made *made)
{
	struct buf *out = &made->table;
	size_t offsets;

	put(out, 1, 8); /* files */
	if (made->layout >= GO_1_18)
		put(out, OUTER_START, 8);
	offsets = out->len;
	put_zeros(out, 5 * 8);
	patch(out, offsets, made->names = out->len, 8);
	put_names(made);
	patch(out, offsets + 8, made->units = out->len, 8);
	put(out, UINT32_MAX, 4); /* file 0 is none */
	put_zeros(out, 4);
	patch(out, offsets + 16, made->files = out->len, 8);
	put_text(out, "/src/pack/pack.go");
	patch(out, offsets + 24, made->values = out->len, 8);
	put_all_values(made);
	put_zeros(out, -out->len % 8);
	patch(out, offsets + 32, made->funcs = out->len, 8);
	put_zeros(out, 5 * (made->layout >= GO_1_18 ? 4 : 8));
	put_functions(made, made->funcs);
	put_tree(made);
}

static void make(struct made *made)
{
	static const uint32_t magics[] = {0xfffffffb, 0xfffffffa, 0xfffffff0, 0xfffffff1};

	put(&made->table, magics[made->layout], 4);
	put(&made->table, 0x08010000, 4);
	put(&made->table, 2, 8); /* functions */
	if (made->layout == GO_1_2)
		make_old(made);
	else
		make_new(made);
	assert_int_equal(buf_error(&made->table), 0);
}

static struct elf_bytes view_of(const struct buf *bytes)
{
	struct elf_bytes view = {.start = bytes->data, .len = bytes->len, .text_len = bytes->len};

	while (view.text_len && view.start[view.text_len - 1])
		view.text_len--;
	return view;
}

static struct unit_names *open_made(const struct elf_file *elf, const struct made *made)
{
	struct go_source *source = go_names_source_new(elf);
	struct unit_names *names;

	assert_non_null(source);
	source->bytes = view_of(&made->table);
	source->rodata = view_of(&made->tree);
	source->rodata_address = TREE_ADDRESS;
	source->tree_base = made->layout >= GO_1_18 ? TREE_ADDRESS : 0;
	assert_return_code(gopclntab_open(&source->bytes, &source->table), 0);
	assert_int_equal(source->table.layout, made->layout);
	assert_return_code(go_names_index(source, &names), 0);
	return names;
}

static void assert_frame(const struct unit_frame *frame, const char *name, uint32_t line)
{
	assert_string_equal(frame->plain_name, name);
	assert_string_equal(frame->file, "/src/pack/pack.go");
	assert_int_equal(frame->line, line);
}

static void check_layout(const struct elf_file *elf, enum gopclntab_layout layout)
{
	_cleanup_(made_free) struct made made = {.layout = layout};
	struct unit_names *names;
	struct unit_chain chain;

	make(&made);
	names = open_made(elf, &made);
	assert_true(unit_names_find(names, OUTER_START, &chain));
	assert_int_equal(chain.len, 1);
	assert_frame(&chain.frames[0], "pack.outer", 5);
	assert_int_equal(chain.frames[0].start_line, layout >= GO_1_20 ? 4 : 0);
	assert_true(unit_names_find(names, OUTER_START + 17, &chain));
	assert_int_equal(chain.len, layout >= GO_1_16 ? 2 : 1);
	if (chain.len == 2) {
		assert_frame(&chain.frames[0], "pack.outer", 7);
		assert_frame(&chain.frames[1], "pack.(*thing).inner", 31);
		assert_int_equal(chain.frames[1].start_line, layout >= GO_1_20 ? 30 : 0);
	} else {
		assert_frame(&chain.frames[0], "pack.outer", 31);
	}
	assert_true(unit_names_find(names, OUTER_START + 32, &chain));
	assert_int_equal(chain.len, 1);
	assert_frame(&chain.frames[0], "pack.outer", 8);
	assert_true(unit_names_find(names, CODE_END - 1, &chain));
	assert_frame(&chain.frames[0], "pack.next", 20);
	assert_false(unit_names_find(names, CODE_END, &chain));
	assert_false(unit_names_find(names, OUTER_START - 1, &chain));
	unit_names_close(names);
}

static void every_layout(void **state)
{
	struct elf_file elf = {.fd = -1};
	struct elf_segment code = {.address = OUTER_START, .file_len = CODE_END};

	(void)state;
	assert_return_code(vec_push(&elf.segments, code), 0);
	for (enum gopclntab_layout layout = GO_1_2; layout <= GO_1_20; layout++)
		check_layout(&elf, layout);
	vec_free(&elf.segments);
}

/* Wherever a table is cut: no name, or the right one. */
static void cut_tables(void **state)
{
	_cleanup_(made_free) struct made made = {.layout = GO_1_20};
	struct elf_file elf = {.fd = -1};
	struct elf_segment code = {.address = OUTER_START, .file_len = CODE_END};

	(void)state;
	assert_return_code(vec_push(&elf.segments, code), 0);
	make(&made);
	while (--made.table.len > 120) {
		struct go_source *source = go_names_source_new(&elf);
		struct unit_names *names;
		struct unit_chain chain;

		source->bytes = view_of(&made.table);
		if (gopclntab_open(&source->bytes, &source->table) < 0) {
			source->base.close(&source->base);
			continue;
		}
		assert_return_code(go_names_index(source, &names), 0);
		if (unit_names_find(names, OUTER_START, &chain) && chain.frames[0].plain_name)
			assert_string_equal(chain.frames[0].plain_name, "pack.outer");
		unit_names_close(names);
	}
	vec_free(&elf.segments);
}

/* ---- programs ---- */

static struct symbolizer *new_symbolizer(const char *cache)
{
	struct symbolizer_options options = {.debug_directory = "/nowhere",
					     .cache_directory = cache};
	struct symbolizer *symbolizer = NULL;

	assert_return_code(symbolizer_new(&options, &symbolizer), 0);
	return symbolizer;
}

static void assert_same_frame(const struct sym_frame *ours, const struct sym_frame *theirs)
{
	assert_string_equal(ours->name, theirs->name);
	assert_string_equal(ours->file, theirs->file);
	assert_int_equal(ours->line, theirs->line);
	assert_int_equal(ours->inlined, theirs->inlined);
}

/* All of a function and of what is inlined into it, and a large one of the library. */
static void assert_as_dwarf(struct symbolizer *symbolizer, const char *function, uint64_t len)
{
	int whole = fixture_add(symbolizer, "go_full"),
	    stripped = fixture_add(symbolizer, "go_stripped");
	uint64_t start = fixture_symbol("go_full", function);
	struct sym_result ours, theirs;
	size_t deepest = 0;

	for (uint64_t address = start; address < start + len; address++) {
		symbolizer_lookup_address(symbolizer, stripped, address, &ours);
		symbolizer_lookup_address(symbolizer, whole, address, &theirs);
		assert_int_equal(theirs.reason, SYM_OK);
		assert_int_equal(ours.frames_len, theirs.frames_len);
		for (size_t i = 0; i < ours.frames_len; i++)
			assert_same_frame(&ours.frames[i], &theirs.frames[i]);
		deepest = MAX(deepest, ours.frames_len);
	}
	assert_true(deepest >= 2);
}

static bool is_built(void)
{
	if (access(fixture_path("go_full"), R_OK) == 0)
		return true;
	print_message("no go\n");
	return false;
}

static void stripped_as_dwarf(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = new_symbolizer(NULL);

	(void)state;
	if (!is_built())
		skip();
	assert_as_dwarf(symbolizer, "main.grind", 48);
	assert_as_dwarf(symbolizer, "runtime.mallocgc", 600);
}

static void from_the_cache(void **state)
{
	char cache[] = "/tmp/smolder-go-XXXXXX", command[64];
	struct symbolizer *symbolizer;

	(void)state;
	if (!is_built())
		skip();
	assert_non_null(mkdtemp(cache));
	for (int i = 0; i < 2; i++) {
		symbolizer = new_symbolizer(cache);
		assert_as_dwarf(symbolizer, "main.grind", 48);
		symbolizer_free(symbolizer);
	}
	symbolizer = new_symbolizer(cache); /* another unit than those that are there */
	assert_as_dwarf(symbolizer, "runtime.mallocgc", 600);
	symbolizer_free(symbolizer);
	snprintf(command, sizeof(command), "rm -r '%s'", cache);
	assert_int_equal(system(command), 0);
}

/* Addresses in the file are to be relocated: by Go's linker, and by the system's. */
static void position_independent(void **state)
{
	static const char *const names[] = {"go_pie", "go_external"};

	(void)state;
	if (!is_built())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_symbolizer_ struct symbolizer *symbolizer = new_symbolizer(NULL);
		bool seen_grind = false, seen_turn = false;
		struct sym_result result;
		int object;

		if (access(fixture_path(names[i]), R_OK) < 0)
			continue;
		object = fixture_add(symbolizer, names[i]);
		for (uint64_t offset = 0; offset < 0x180000; offset += 8) {
			symbolizer_lookup(symbolizer, object, offset, &result);
			for (size_t k = 0; k < result.frames_len; k++) {
				seen_grind |= strcmp(result.frames[k].name, "main.grind") == 0;
				seen_turn |=
					strcmp(result.frames[k].name, "main.(*wheel).turn") == 0 &&
					result.frames[k].inlined;
			}
		}
		assert_true(seen_grind);
		assert_true(seen_turn);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layout),         cmocka_unit_test(cut_tables),
		cmocka_unit_test(stripped_as_dwarf),    cmocka_unit_test(from_the_cache),
		cmocka_unit_test(position_independent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
