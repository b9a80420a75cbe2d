// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where stacks end: by name, by entry point, and in the stripped libc this test runs on, where main's
 * caller and a thread function's caller have no symbols; those are taken from our own stacks.
 */
#include "symbolize/stack_base.h"

#include "symbolize/symbolizer.h"
#include "tests/unit/symbolize_fixture.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const void *main_caller; /* a return address */

static void names(void **state)
{
	static const char *const ends[] = {"_start",
					   "__libc_start_main",
					   "__libc_start_main_impl",
					   "__libc_start_call_main",
					   "start_thread",
					   "clone3",
					   "__GI___clone3",
					   "runtime.goexit.abi0",
					   "_rt0_amd64_linux"};
	static const char *const others[] = {"",
					     "main",
					     "start",
					     "_starts",
					     "my_start_thread",
					     "clones",
					     "start_thread(void*)",
					     "runtime.main",
					     "runtime.goexit0"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		assert_true(stack_base_has_name(ends[i]));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(stack_base_has_name(others[i]));
}

static struct stack_base read_base(const char *name, struct elf_file **ret_file)
{
	_cleanup_(eh_frame_free) struct eh_functions functions = {0};
	struct symtab symtab;
	struct stack_base base;

	assert_return_code(elf_file_open(fixture_open(name), ret_file), 0);
	assert_return_code(symtab_read(*ret_file, NULL, &symtab), 0);
	if (stack_base_needs_functions(*ret_file, &symtab))
		assert_return_code(eh_frame_read(*ret_file, &functions), 0);
	assert_return_code(stack_base_read(*ret_file, &symtab, &functions, &base), 0);
	symtab_free(&symtab);
	return base;
}

/* The stripped program's _start has an FDE, main has one too, and nothing has a name. */
static void entry_of_a_stripped_file(void **state)
{
	struct elf_file *file;
	struct stack_base base = read_base("chain_stripped", &file);
	uint64_t start = fixture_symbol("chain_static", "_start");

	(void)state;
	assert_int_equal(file->entry, start);
	assert_true(stack_base_holds(&base, start));
	assert_true(stack_base_holds(&base, start + 0x21)); /* its hlt, behind the call */
	assert_false(stack_base_holds(&base, start + 0x40));
	assert_false(stack_base_holds(&base, start - 1));
	assert_false(stack_base_holds(&base, fixture_symbol("chain_static", "main")));
	assert_false(stack_base_holds(&base, fixture_symbol("chain_static", "abort")));
	stack_base_free(&base);
	elf_file_close(file);
}

/* Also without a debug file of libc's, and then by the name that its source has for it. */
static int is_base(const void *return_address)
{
	const struct symbolizer_options options = {.debug_directory = "/nowhere"};
	_cleanup_symbolizer_ struct symbolizer *symbolizer = NULL;
	_cleanup_close_ int fd = -1;
	struct link_map *map;
	struct sym_result result;
	const ElfW(Phdr) * headers;
	uint64_t address;
	Dl_info info;

	assert_int_not_equal(dladdr1(return_address, &info, (void **)&map, RTLD_DL_LINKMAP), 0);
	address = (uint64_t)return_address - 1 - map->l_addr;
	headers = (const void *)((const char *)info.dli_fbase +
				 ((const ElfW(Ehdr) *)info.dli_fbase)->e_phoff);
	while (!(headers->p_type == PT_LOAD && (headers->p_flags & PF_X)))
		headers++;
	fd = open(*info.dli_fname == '/' ? info.dli_fname : "/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_return_code(fd, 0);
	assert_return_code(symbolizer_new(&options, &symbolizer), 0);
	symbolizer_lookup(symbolizer, symbolizer_add_file(symbolizer, fd, info.dli_fname),
			  address - headers->p_vaddr + headers->p_offset, &result);
	assert_int_equal(result.exact_address, address);
#ifdef __x86_64__
	if (result.stack_base) {
		assert_int_equal(result.frames_len, 1);
		assert_true(strcmp(result.frames[0].name, "__libc_start_call_main") == 0 ||
			    strcmp(result.frames[0].name, "start_thread") == 0);
	}
#endif
	return result.stack_base;
}

static void *thread_function(void *unused)
{
	(void)unused;
	return __builtin_return_address(0);
}

static void callers_in_libc(void **state)
{
	pthread_t thread;
	void *thread_caller;

	(void)state;
#ifndef __GLIBC__
	skip();
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	/* the sanitizer's own thread entry calls ours */
	assert_true(is_base(main_caller));
	skip();
#endif
	assert_int_equal(pthread_create(&thread, NULL, thread_function, NULL), 0);
	assert_int_equal(pthread_join(thread, &thread_caller), 0);
	assert_true(is_base(main_caller));
	assert_true(is_base(thread_caller));
	assert_false(is_base(__builtin_return_address(0)));
	assert_false(is_base((const char *)dlsym(RTLD_DEFAULT, "qsort") + 16));
	assert_false(is_base((const char *)dlsym(RTLD_DEFAULT, "pthread_create") + 16));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(entry_of_a_stripped_file),
		cmocka_unit_test(callers_in_libc),
	};

	main_caller = __builtin_return_address(0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
