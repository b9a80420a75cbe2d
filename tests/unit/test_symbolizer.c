// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The whole door: names, inlined calls and lines beside addr2line's, reasons, hostile files. */
#include "symbolize/symbolizer.h"

#include "tests/unit/symbolize_fixture.h"

#include <elf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SOURCE "tests/fixtures/symbolize/chain.c"

static struct symbolizer *make(bool no_dwarf)
{
	struct symbolizer_options options = {.no_dwarf = no_dwarf,
					     .kallsyms_path = "/nowhere/kallsyms"};
	struct symbolizer *symbolizer = NULL;

	assert_return_code(symbolizer_new(&options, &symbolizer), 0);
	return symbolizer;
}

/* Looks up an address of the ELF file. */
static struct sym_result at(struct symbolizer *symbolizer, int object, const char *name,
			    uint64_t address)
{
	struct sym_result result;

	symbolizer_lookup(symbolizer, object, fixture_offset(name, address), &result);
	assert_int_equal(result.address, address);
	assert_true(address >= result.segment.start && address < result.segment.limit);
	return result;
}

/* addr2line's answer up to its next address line: function, place, function, place, … */
static bool next_line(FILE *pipe, char *line, size_t size)
{
	if (!fgets(line, (int)size, pipe))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

/* Only the last part of a path: addr2line does not tidy "..", and nor do we. */
static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

/* addr2line names clones by their DWARF name, we by their symbol's. */
static bool same_function(const char *ours, const char *theirs)
{
	size_t len = strlen(theirs);

	return strncmp(ours, theirs, len) == 0 && (ours[len] == '\0' || ours[len] == '.');
}

static void assert_same_frame(const struct sym_frame *frame, const char *function, char *place)
{
	char *colon = strrchr(place, ':');

	assert_non_null(colon);
	*colon = '\0';
	/* the weak alias that people know; addr2line takes the other */
	if (strcmp(frame->system_name, "chain_public") != 0 &&
	    !same_function(frame->system_name, function))
		fail_msg("'%s' is not addr2line's '%s'", frame->system_name, function);
	if (frame->file)
		assert_string_equal(base_name(frame->file), base_name(place));
	assert_int_equal(frame->line, strtoul(colon + 1, NULL, 10));
}

static void assert_agrees(const char *name, const char *addresses_path, struct addresses *rows)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make(false);
	int object = fixture_add(symbolizer, name);
	char command[512], function[8192], place[8192];
	FILE *pipe;

	snprintf(command, sizeof(command), "addr2line -f -i -a -e '%s' <'%s'", fixture_path(name),
		 addresses_path);
	pipe = popen(command, "re");
	assert_non_null(pipe);
	assert_true(next_line(pipe, function, sizeof(function)));
	vec_for_each(&rows->list, row) {
		struct sym_result result = at(symbolizer, object, name, *row);
		size_t depth = result.frames_len;

		assert_int_equal(strtoul(function, NULL, 16), *row);
		while (next_line(pipe, function, sizeof(function)) &&
		       strncmp(function, "0x", 2) != 0) {
			assert_true(next_line(pipe, place, sizeof(place)));
			if (depth == 0)
				fail_msg("%s: nothing at %lx, addr2line has %s", name,
					 (unsigned long)*row, function);
			depth--;
			assert_int_equal(result.frames[depth].inlined, depth > 0);
			assert_same_frame(&result.frames[depth], function, place);
		}
		assert_int_equal(depth, 0);
	}
	pclose(pipe);
}

static void check_rows(const char *name)
{
	struct addresses rows = {0};
	char path[] = "/tmp/smolder-rows-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	assert_non_null(file);
	fixture_rows(name, &rows);
	assert_true(rows.list.len > 20);
	vec_for_each(&rows.list, row)
		fprintf(file, "0x%lx\n", (unsigned long)*row);
	fclose(file);
	assert_agrees(name, path, &rows);
	unlink(path);
	vec_free(&rows.list);
}

static void rows_of_c(void **state)
{
	/* clang's DWARF 5 is beyond binutils 2.40; its DWARF 4 is here, without .debug_aranges */
	static const char *const names[] = {
		"chain_pie",    "chain_no_pie", "chain_static",  "chain_high",   "chain_compressed",
		"chain_dwarf4", "chain_clang",  "chain_library", "chain_zdebug", "chain_long"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		check_rows(names[i]);
}

static void rows_of_cxx(void **state)
{
	(void)state;
	check_rows("scopes_clang");
	if (access(fixture_path("scopes_gcc"), R_OK) < 0) {
		print_message("no g++\n");
		skip();
	}
	check_rows("scopes_gcc");
}

static void rows_of_rust(void **state)
{
	(void)state;
	if (access(fixture_path("generic_v0"), R_OK) < 0) {
		print_message("no rustc\n");
		skip();
	}
	check_rows("generic_legacy");
	check_rows("generic_v0");
}

/* The line that has this text in the fixture's source. */
static uint32_t line_of(const char *text)
{
	FILE *file = fopen(SOURCE, "re");
	char line[256];
	uint32_t number = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		number++;
		if (strstr(line, text)) {
			fclose(file);
			return number;
		}
	}
	fclose(file);
	fail_msg("no '%s' in %s", text, SOURCE);
	return 0;
}

/* The longest chain in chain_outer, and where each of its calls stands. */
static void inlined_chain(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make(false);
	int object = fixture_add(symbolizer, "chain_clang_dwarf5");
	uint64_t start = fixture_symbol("chain_clang_dwarf5", "chain_outer");
	struct sym_result result = {0};

	(void)state;
	for (uint64_t address = start; result.frames_len < 3 && address < start + 200; address++)
		result = at(symbolizer, object, "chain_clang_dwarf5", address);
	assert_int_equal(result.frames_len, 3);
	assert_string_equal(result.frames[0].name, "chain_outer");
	assert_string_equal(result.frames[1].name, "chain_middle");
	assert_string_equal(result.frames[2].name, "chain_inner");
	assert_int_equal(result.frames[0].line, line_of("return chain_middle(x)"));
	assert_int_equal(result.frames[1].line, line_of("sum = chain_inner(x)"));
	assert_int_equal(result.frames[0].start_line, line_of("chain_outer(unsigned int x)\n"));
	assert_int_equal(result.frames[2].start_line, line_of("chain_inner(unsigned int x)\n"));
	assert_int_equal(result.frames[0].file[0], '/');
	assert_string_equal(base_name(result.frames[2].file), "chain.c");
	assert_ptr_equal(result.frames[0].name, result.frames[0].system_name);
}

static void readable_names(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make(false);
	int object = fixture_add(symbolizer, "scopes_clang");
	uint64_t address = fixture_symbol("scopes_clang", "_ZNK6scopes5Point6scaledIlEET_S2_");
	struct sym_result result = at(symbolizer, object, "scopes_clang", address);

	(void)state;
	assert_string_equal(result.frames[0].name, "long scopes::Point::scaled<long>(long) const");
	assert_string_equal(result.frames[0].system_name, "_ZNK6scopes5Point6scaledIlEET_S2_");
}

static void cold_parts_are_told_apart(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make(false);
	const char *name = "chain_no_debug";
	int object = fixture_add(symbolizer, name), full = fixture_add(symbolizer, "chain_pie");
	uint64_t check = fixture_symbol(name, "chain_check");

	(void)state;
#ifdef __clang__
	print_message("clang makes no cold part of it\n");
	skip();
#endif
	assert_string_equal(at(symbolizer, object, name, check).frames[0].name, "chain_check");
	check = fixture_symbol(name, "chain_check.cold");
	assert_string_equal(at(symbolizer, object, name, check).frames[0].name, "chain_check.cold");
	assert_string_equal(at(symbolizer, full, "chain_pie", check).frames[0].name,
			    "chain_check.cold");
}

static void symbol_tables_only(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make(true);
	int object = fixture_add(symbolizer, "chain_high");
	struct sym_result result =
		at(symbolizer, object, "chain_high", fixture_symbol("chain_high", "chain_far"));

	(void)state;
	assert_int_equal(result.frames_len, 1);
	assert_string_equal(result.frames[0].name, "chain_far");
	assert_null(result.frames[0].file);
	assert_int_equal(result.frames[0].line, 0);
}

static void reasons(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make(false);
	int stripped = fixture_add(symbolizer, "chain_stripped"),
	    dynsym = fixture_add(symbolizer, "chain_dynsym");
	int fd = fixture_memfd("#!/bin/sh\n", 10);
	int script = symbolizer_add_file(symbolizer, fd, "script");
	int missing = symbolizer_add_file(symbolizer, -1, "missing");
	int kernel = symbolizer_add_kernel(symbolizer);
	struct sym_result result;

	(void)state;
	close(fd); /* ours was a duplicate */
	result = at(symbolizer, stripped, "chain_stripped", fixture_symbol("chain_static", "main"));
	assert_int_equal(result.reason, SYM_STRIPPED);
	assert_int_equal(result.frames_len, 0);
	result = at(symbolizer, dynsym, "chain_dynsym",
		    fixture_symbol("chain_library", "frame_dummy"));
	assert_int_equal(result.reason, SYM_NO_SYMBOL);
	symbolizer_lookup(symbolizer, dynsym, UINT64_C(1) << 40, &result);
	assert_int_equal(result.reason, SYM_NOT_MAPPED);
	assert_int_equal(result.address, UINT64_C(1) << 40);
	assert_int_equal(result.segment.limit, 0);
	symbolizer_lookup(symbolizer, script, 0, &result);
	assert_int_equal(result.reason, SYM_BAD_ELF);
	symbolizer_lookup(symbolizer, missing, 0, &result);
	assert_int_equal(result.reason, SYM_NO_FILE);
	symbolizer_lookup(symbolizer, 99, 0, &result);
	assert_int_equal(result.reason, SYM_NO_FILE);
	symbolizer_lookup(symbolizer, kernel, 0xffffffff81000000, &result);
	assert_int_equal(result.reason, SYM_NO_KALLSYMS);
	assert_string_equal(symbolizer_build_id(symbolizer, script), "");
	assert_string_equal(symbolizer_path(symbolizer, missing), "missing");
	for (int reason = 0; reason < SYM_REASON_COUNT; reason++)
		assert_true(*sym_reason_name((enum sym_reason)reason));
}

static void kernel_functions(void **state)
{
	char path[] = "/tmp/smolder-kallsyms-XXXXXX";
	struct symbolizer_options options = {.kallsyms_path = path};
	_cleanup_symbolizer_ struct symbolizer *symbolizer = NULL;
	static const char text[] = "ffffffff81000000 T do_work\n"
				   "ffffffffc0000000 t _RNvCskwGfYPst2Cb_7mycrate3foo\t[rusty]\n";
	int fd = mkstemp(path);
	struct sym_result result;
	int kernel;

	(void)state;
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	assert_return_code(symbolizer_new(&options, &symbolizer), 0);
	kernel = symbolizer_add_kernel(symbolizer);
	symbolizer_lookup(symbolizer, kernel, 0xffffffff81000010, &result);
	assert_int_equal(result.reason, SYM_OK);
	assert_string_equal(result.frames[0].name, "do_work");
	assert_string_equal(result.module, "[kernel.kallsyms]");
	assert_int_equal(result.address, 0xffffffff81000010);
	symbolizer_lookup(symbolizer, kernel, 0xffffffffc0000010, &result);
	assert_string_equal(result.frames[0].name, "mycrate::foo");
	assert_string_equal(result.module, "[rusty]");
	symbolizer_lookup(symbolizer, kernel, 0x1000, &result);
	assert_int_equal(result.reason, SYM_NO_SYMBOL);
	unlink(path);
}

static void vdso_functions(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make(false);
	int vdso = symbolizer_add_vdso(symbolizer);
	bool seen = false;
	struct sym_result result;

	(void)state;
	for (uint64_t offset = 0; offset < 8192 && !seen; offset += 16) {
		symbolizer_lookup(symbolizer, vdso, offset, &result);
		if (result.reason == SYM_NO_FILE) {
			print_message("no vDSO here\n");
			skip();
		}
		seen = result.frames_len == 1 && strstr(result.frames[0].name, "clock_gettime");
	}
	assert_true(seen);
	assert_true(strlen(symbolizer_build_id(symbolizer, vdso)) >= 16);
}

/* The second time, and a thousand answers later, it is the same answer. */
static void answers_are_kept(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make(false);
	int object = fixture_add(symbolizer, "chain_static");
	uint64_t main_at = fixture_symbol("chain_static", "main");
	struct sym_result first = at(symbolizer, object, "chain_static", main_at), again;

	(void)state;
	for (uint64_t offset = 0x1000; offset < 0x9000; offset += 7)
		symbolizer_lookup(symbolizer, object, offset, &again);
	again = at(symbolizer, object, "chain_static", main_at);
	assert_ptr_equal(again.frames, first.frames);
	assert_string_equal(again.frames[0].name, "main");
}

/* Bytes of a real file changed at random (the same each run): whatever we say, we survive. */
static void damaged_files(void **state)
{
	_cleanup_buf_ struct buf whole = {0};
	uint32_t seed = 7;

	(void)state;
	fixture_read("chain_dwarf4", &whole);
	for (int round = 0; round < 300; round++) {
		_cleanup_buf_ struct buf damaged = {0};
		_cleanup_symbolizer_ struct symbolizer *symbolizer = make(false);
		_cleanup_close_ int fd = -1;
		int object;

		buf_append(&damaged, whole.data, whole.len);
		for (int i = 0; i < 40; i++) {
			seed = seed * 1664525 + 1013904223;
			damaged.data[seed % damaged.len] = (unsigned char)(seed >> 24);
		}
		memcpy(damaged.data, whole.data, 64);
		fd = fixture_memfd(damaged.data, damaged.len - (size_t)round * 16);
		object = symbolizer_add_file(symbolizer, fd, "damaged");
		for (uint64_t offset = 0x1000; offset < 0x1300; offset += 3) {
			struct sym_result result;

			symbolizer_lookup(symbolizer, object, offset, &result);
			assert_true((result.reason == SYM_OK) == (result.frames_len > 0));
		}
	}
}

/* With its line, or by symbols alone, which is told as the loss of the object's debug information. */
static void assert_main(struct symbolizer *symbolizer, int object, const char *name, bool has_line)
{
	struct sym_result result = at(symbolizer, object, name, fixture_symbol(name, "main"));
	struct sym_losses losses;

	assert_int_equal(result.reason, SYM_OK);
	assert_string_equal(result.frames[0].name, "main");
	assert_int_equal(result.frames[0].file != NULL, has_line);
	symbolizer_losses(symbolizer, &losses);
	assert_int_equal(losses.dwarf_objects, !has_line);
}

/* A section that claims to inflate to a terabyte: not inflated. */
static void forged_compression(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make(false);
	_cleanup_buf_ struct buf whole = {0};
	const Elf64_Ehdr *header;
	Elf64_Shdr *sections;
	int fd, object;

	(void)state;
	fixture_read("chain_compressed", &whole);
	header = (const Elf64_Ehdr *)whole.data;
	sections = (Elf64_Shdr *)(whole.data + header->e_shoff);
	for (unsigned int i = 0; i < header->e_shnum; i++)
		if (sections[i].sh_flags & SHF_COMPRESSED)
			((Elf64_Chdr *)(whole.data + sections[i].sh_offset))->ch_size = UINT64_C(1)
											<< 40;
	fd = fixture_memfd(whole.data, whole.len);
	object = symbolizer_add_file(symbolizer, fd, "forged");
	close(fd);
	assert_main(symbolizer, object, "chain_compressed", false);
}

/* What inflates to a thousand times its length is not inflated. */
static void compressed_bombs(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make(false);

	(void)state;
	assert_main(symbolizer, fixture_add(symbolizer, "chain_bomb"), "chain_bomb", false);
}

/* A link to a common file of dwz's that is not there, or is nonsense, takes nothing away. */
static void links_to_nowhere(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make(false);

	(void)state;
	assert_main(symbolizer, fixture_add(symbolizer, "chain_altlink"), "chain_altlink", true);
}

/* Whoever owns the file may cut it before, or after, we look into it. */
static void shrinking_files(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make(false);
	_cleanup_buf_ struct buf whole = {0};
	uint64_t offset = fixture_offset("chain_pie", fixture_symbol("chain_pie", "chain_outer"));
	struct sym_result result;
	int early, late, early_fd, late_fd;

	(void)state;
	fixture_read("chain_pie", &whole);
	early_fd = fixture_memfd(whole.data, whole.len);
	late_fd = fixture_memfd(whole.data, whole.len);
	early = symbolizer_add_file(symbolizer, early_fd, "early");
	late = symbolizer_add_file(symbolizer, late_fd, "late");
	assert_return_code(ftruncate(early_fd, 100), 0);
	symbolizer_lookup(symbolizer, early, offset, &result);
	assert_int_equal(result.frames_len, 0);
	symbolizer_lookup(symbolizer, late, offset, &result);
	assert_return_code(ftruncate(late_fd, 0), 0);
	symbolizer_lookup(symbolizer, late, offset + 1, &result);
	assert_string_equal(result.frames[0].name, "chain_outer");
	close(early_fd);
	close(late_fd);
}

static unsigned int open_descriptors(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void no_descriptor_is_held(void **state)
{
	unsigned int before = open_descriptors();
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make(false);
	struct sym_result result;

	(void)state;
	symbolizer_lookup(symbolizer, fixture_add(symbolizer, "chain_pie"), 0x1000, &result);
	symbolizer_lookup(symbolizer, fixture_add(symbolizer, "../../../mk/bpf.mk"), 0, &result);
	symbolizer_lookup(symbolizer, symbolizer_add_vdso(symbolizer), 0x800, &result);
	assert_int_equal(open_descriptors(), before);
}

/* Long DWARF is read as it is needed, but not of any number of files. */
static void few_descriptors_are_held(void **state)
{
	unsigned int before = open_descriptors();
	struct symbolizer *symbolizer = make(false);
	uint64_t offset = fixture_offset("chain_long", fixture_symbol("chain_long", "chain_outer"));
	struct sym_result result;

	(void)state;
	for (unsigned int i = 0; i < 70; i++) {
		symbolizer_lookup(symbolizer, fixture_add(symbolizer, "chain_long"), offset,
				  &result);
		assert_string_equal(result.frames[0].name, "chain_outer");
		assert_true(result.frames[0].line > 0);
		assert_int_equal(open_descriptors(), before + MIN(i + 1, 64u));
	}
	symbolizer_free(symbolizer);
	assert_int_equal(open_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_c),
		cmocka_unit_test(rows_of_cxx),
		cmocka_unit_test(rows_of_rust),
		cmocka_unit_test(inlined_chain),
		cmocka_unit_test(readable_names),
		cmocka_unit_test(cold_parts_are_told_apart),
		cmocka_unit_test(symbol_tables_only),
		cmocka_unit_test(reasons),
		cmocka_unit_test(kernel_functions),
		cmocka_unit_test(vdso_functions),
		cmocka_unit_test(answers_are_kept),
		cmocka_unit_test(damaged_files),
		cmocka_unit_test(forged_compression),
		cmocka_unit_test(compressed_bombs),
		cmocka_unit_test(links_to_nowhere),
		cmocka_unit_test(shrinking_files),
		cmocka_unit_test(no_descriptor_is_held),
		cmocka_unit_test(few_descriptors_are_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
