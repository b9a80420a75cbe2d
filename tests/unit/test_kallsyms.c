// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/kallsyms.h"

#include "tests/unit/symbolize_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char text[] = "ffffffff81000000 T _stext\n"
			   "ffffffff81000000 T startup\n"
			   "ffffffff81000100 t __pfx_do_work\n"
			   "ffffffff81000110 T do_work\n"
			   "ffffffff81000110 W __do_work\n"
			   "ffffffff81000200 t do_more\n"
			   "ffffffff81000300 D some_data\n"
			   "ffffffff81000310 D more_data\n"
			   "ffffffff81400000 T far_away\n"
			   "ffffffffc0202000 t second\t[nf_conntrack]\n"
			   "ffffffffc0201000 t first\t[nf_conntrack]\n"
			   "ffffffffc0300000 t bpf_prog_6deef7357e7b4530_on_tick\t[bpf]\n"
			   "ffffffffc0310000 t bpf_prog_0123456789abcdef\n"
			   "0000000000000010 A per_cpu_thing\n"
			   "0000000000000000 T hidden\n";

static int read_text(const char *lines, size_t len, struct kallsyms *ret_kallsyms)
{
	_cleanup_close_ int fd = fixture_memfd(lines, len);

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return kallsyms_read_fd(fd, ret_kallsyms);
}

static void assert_at(const struct kallsyms *kallsyms, uint64_t address, const char *name,
		      const char *module)
{
	const char *found_module = NULL, *found = kallsyms_find(kallsyms, address, &found_module);

	if (!name) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_string_equal(found, name);
	assert_string_equal(found_module, module);
}

static void finds_what_is_there(void **state)
{
	_cleanup_(kallsyms_free) struct kallsyms kallsyms = {0};
	const char *core = "[kernel.kallsyms]";

	(void)state;
	assert_return_code(read_text(text, sizeof(text) - 1, &kallsyms), 0);
	assert_at(&kallsyms, 0, NULL, NULL);
	assert_at(&kallsyms, 0xffffffff80ffffff, NULL, NULL);
	assert_at(&kallsyms, 0xffffffff81000000, "startup", core);
	assert_at(&kallsyms, 0xffffffff8100010f, "startup", core);
	assert_at(&kallsyms, 0xffffffff81000110, "do_work", core);
	assert_at(&kallsyms, 0xffffffff810002ff, "do_more", core);
	assert_at(&kallsyms, 0xffffffff81000300, NULL, NULL); /* data ends the function before it */
	assert_at(&kallsyms, 0xffffffff81000320, NULL, NULL);
	assert_at(&kallsyms, 0xffffffff81400000, "far_away", core);
	assert_at(&kallsyms, 0xffffffff814fffff, "far_away", core);
	assert_at(&kallsyms, 0xffffffff81500000, NULL, NULL); /* too far to be the same function */
	assert_at(&kallsyms, 0xffffffffc0201fff, "first", "[nf_conntrack]");
	assert_at(&kallsyms, 0xffffffffc0202000, "second", "[nf_conntrack]");
	assert_at(&kallsyms, 0xffffffffc0300004, "bpf_prog_6deef7357e7b4530_on_tick", "[bpf]");
	assert_at(&kallsyms, 0xffffffffc0310000, "bpf_prog_0123456789abcdef", "[bpf]");
	assert_at(&kallsyms, UINT64_MAX, NULL, NULL);
}

static void low_symbols_do_not_displace_the_text(void **state)
{
	_cleanup_(kallsyms_free) struct kallsyms kallsyms = {0};
	static const char lines[] = "0000000000001000 A low\n"
				    "0000000000002000 T low_function\n"
				    "ffffffff81000000 T startup\n";

	(void)state;
	assert_return_code(read_text(lines, sizeof(lines) - 1, &kallsyms), 0);
	assert_at(&kallsyms, 0xffffffff81000000, "startup", "[kernel.kallsyms]");
	assert_int_equal(kallsyms.dropped_cnt, 1);
}

static void hidden_addresses(void **state)
{
	struct kallsyms kallsyms = {0};
	static const char lines[] = "0000000000000000 T _stext\n0000000000000000 T do_work\n";

	(void)state;
	assert_int_equal(read_text(lines, sizeof(lines) - 1, &kallsyms), -ENODATA);
	assert_int_equal(read_text("", 0, &kallsyms), -ENODATA);
	assert_int_equal(kallsyms_read("/nowhere/kallsyms", &kallsyms), -ENOENT);
}

static void nonsense_is_skipped(void **state)
{
	_cleanup_(kallsyms_free) struct kallsyms kallsyms = {0};
	_cleanup_buf_ struct buf lines = {0};

	(void)state;
	buf_append_str(&lines, "\n \nffffffff81000000\nffffffff81000000 T\nffffffff81000000 T \n"
			       "not-a-number T name\nffffffff81000000 TT name\n");
	for (int i = 0; i < 200000; i++) /* one line, longer than what is read at once */
		buf_append_byte(&lines, 'f');
	buf_append_str(&lines, "\nffffffff81000000 T good\nffffffff81000010 T unfinished");
	assert_return_code(read_text((const char *)lines.data, lines.len, &kallsyms), 0);
	assert_int_equal(kallsyms.entries.len, 1);
	assert_at(&kallsyms, 0xffffffff81000000, "good", "[kernel.kallsyms]");
}

/* The running kernel's own, when we may see it: every function is found at its start. */
static void the_running_kernel(void **state)
{
	_cleanup_(kallsyms_free) struct kallsyms kallsyms = {0};
	int r = kallsyms_read("/proc/kallsyms", &kallsyms);
	size_t functions = 0;

	(void)state;
	if (r < 0) {
		print_message("kernel addresses are hidden\n");
		skip();
	}
	vec_for_each(&kallsyms.entries, entry) {
		const char *module, *name;

		if (entry->name == 0)
			continue;
		functions++;
		name = kallsyms_find(&kallsyms, kallsyms.base + entry->offset, &module);
		assert_ptr_equal(name, (const char *)kallsyms.names.data + entry->name);
	}
	assert_true(functions > 10000);
	assert_int_equal(kallsyms.dropped_cnt, 0);
	/* the cap on memory: three times what Debian's kernel needs */
	assert_true(kallsyms.names.cap + kallsyms.entries.cap * sizeof(struct kallsyms_entry) <
		    6 * 1024 * 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_is_there),
		cmocka_unit_test(low_symbols_do_not_displace_the_text),
		cmocka_unit_test(hidden_addresses),
		cmocka_unit_test(nonsense_is_skipped),
		cmocka_unit_test(the_running_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
