// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/symtab.h"

#include "tests/unit/symbolize_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct table {
	struct elf_file *file;
	struct symtab symtab;
};

static void table_close(struct table *table)
{
	symtab_free(&table->symtab);
	elf_file_close(table->file);
}

#define _cleanup_table_ _cleanup_(table_close)

static struct table table_open(const char *name)
{
	struct table table = {0};

	assert_return_code(elf_file_open(fixture_open(name), &table.file), 0);
	assert_return_code(symtab_read(table.file, NULL, &table.symtab), 0);
	return table;
}

static void assert_name_at(const struct table *table, uint64_t address, const char *name)
{
	const char *found = symtab_find(&table->symtab, address, NULL);

	if (!name) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_string_equal(found, name);
}

/* tests/fixtures/symbolize/labels.S says what lies at which offset. */
static void symbols_without_sizes(void **state)
{
	_cleanup_table_ struct table table = table_open("labels");
	uint64_t start = fixture_symbol("labels", "_start");

	(void)state;
	assert_name_at(&table, start, "_start");
	assert_name_at(&table, start + 0x0f, "_start");
	assert_name_at(&table, start + 0x10, "sizeless");
	assert_name_at(&table, start + 0x1f, "sizeless");
	assert_name_at(&table, start + 0x20, "sized");
	assert_name_at(&table, start + 0x28,
		       "sized"); /* inner_label has no size: it covers nothing */
	assert_name_at(&table, start + 0x2f, "sized");
	assert_name_at(&table, start + 0x30, NULL); /* a size says where it ends */
	assert_name_at(&table, start + 0x40, "holding");
	assert_name_at(&table, start + 0x50, "held");
	assert_name_at(&table, start + 0x58, "holding");
	assert_name_at(&table, start + 0x60, "sizeless_last");
	assert_name_at(&table, start + 0x6f, "sizeless_last");
	assert_name_at(&table, start + 0x70, NULL); /* the end of its section */
	assert_name_at(&table, start - 1, NULL);
}

static void aliases_and_dynamic_symbols(void **state)
{
	_cleanup_table_ struct table full = table_open("chain_library");
	_cleanup_table_ struct table dynamic = table_open("chain_dynsym");
	uint64_t outer = fixture_symbol("chain_library", "chain_outer");
	uint64_t address;

	(void)state;
	assert_false(full.symtab.is_dynamic);
	assert_true(dynamic.symtab.is_dynamic);
	assert_name_at(&full, fixture_symbol("chain_library", "__chain_private"), "chain_public");
	assert_name_at(&dynamic, fixture_symbol("chain_dynsym", "chain_public"), "chain_public");
	assert_name_at(&dynamic, outer, "chain_outer");
	/* what is local is unnamed, not part of the exported function before it */
	assert_name_at(&full, fixture_symbol("chain_library", "frame_dummy"), "frame_dummy");
	assert_name_at(&dynamic, fixture_symbol("chain_library", "frame_dummy"), NULL);
	assert_true(symtab_find_name(&dynamic.symtab, "chain_outer", &address));
	assert_int_equal(address, outer);
	assert_false(symtab_find_name(&dynamic.symtab, "chain_oute", &address));
}

static void no_symbols_at_all(void **state)
{
	_cleanup_table_ struct table table = table_open("chain_stripped");

	(void)state;
	assert_true(symtab_is_empty(&table.symtab));
	assert_name_at(&table, fixture_symbol("chain_static", "main"), NULL);
}

/* Every function that nm lists with a size is found at its first and its last byte. */
static void agrees_with_nm(void **state)
{
	_cleanup_table_ struct table table = table_open("chain_static");
	char command[512], line[512], name[256], type;
	unsigned long start, size;
	unsigned int checked = 0;
	FILE *pipe;

	(void)state;
	snprintf(command, sizeof(command), "nm -S '%s'", fixture_path("chain_static"));
	pipe = popen(command, "re");
	assert_non_null(pipe);
	while (fgets(line, sizeof(line), pipe)) {
		const struct interval *range;

		if (sscanf(line, "%lx %lx %c %255s", &start, &size, &type, name) != 4 ||
		    !strchr("tTwWi", type) || size == 0)
			continue;
		assert_non_null(symtab_find(&table.symtab, start, &range));
		assert_int_equal(range->start, start);
		assert_non_null(symtab_find(&table.symtab, start + size - 1, &range));
		checked++;
	}
	pclose(pipe);
	assert_true(checked > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(symbols_without_sizes),
		cmocka_unit_test(aliases_and_dynamic_symbols),
		cmocka_unit_test(no_symbols_at_all),
		cmocka_unit_test(agrees_with_nm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
