// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The kernel's symbols are read again when modules came or went, and only then. */
#include "base/fs.h"
#include "symbolize/symbolizer.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void write_file(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_return_code(fd, 0);
	assert_return_code(fs_write_all(fd, text, strlen(text)), 0);
}

static void assert_named(struct symbolizer *symbolizer, uint64_t address, const char *name)
{
	struct sym_result result;

	symbolizer_lookup(symbolizer, symbolizer_add_kernel(symbolizer), address, &result);
	assert_int_equal(result.frames_len, name ? 1 : 0);
	if (name)
		assert_string_equal(result.frames[0].name, name);
}

static void modules_come_and_go(void **state)
{
	char kallsyms[] = "/tmp/smolder-kallsyms-XXXXXX", modules[] = "/tmp/smolder-modules-XXXXXX";
	struct symbolizer_options options = {.kallsyms_path = kallsyms, .modules_path = modules};
	_cleanup_symbolizer_ struct symbolizer *symbolizer = NULL;
	struct sym_result before;

	(void)state;
	close(mkstemp(kallsyms));
	close(mkstemp(modules));
	write_file(kallsyms, "ffffffff81000000 T do_work\n");
	assert_return_code(symbolizer_new(&options, &symbolizer), 0);
	assert_named(symbolizer, 0xffffffff81000010, "do_work");
	assert_named(symbolizer, 0xffffffffc0000010, NULL);
	symbolizer_lookup(symbolizer, symbolizer_add_kernel(symbolizer), 0xffffffff81000010,
			  &before);

	write_file(kallsyms, "ffffffff81000000 T do_work\nffffffffc0000000 t in_module\t[mod]\n");
	assert_named(symbolizer, 0xffffffffc0000010, NULL); /* nothing tells of it */
	write_file(modules, "mod 16384 0 - Live 0xffffffffc0000000\n");
	assert_named(symbolizer, 0xffffffffc0000010, "in_module");
	assert_named(symbolizer, 0xffffffff81000010, "do_work");
	assert_string_equal(before.module, "[kernel.kallsyms]"); /* outlives what it came from */

	write_file(kallsyms, "ffffffff81000000 T do_work\n");
	write_file(modules, "mod 16384 2 user,other, Live 0xffffffffc0000000\n");
	assert_named(symbolizer, 0xffffffffc0000020, "in_module"); /* used, but not changed */
	write_file(modules, "");
	assert_named(symbolizer, 0xffffffffc0000010, NULL);
	unlink(kallsyms);
	unlink(modules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modules_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
