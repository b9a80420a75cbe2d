// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A host's directories with a kernel in them, which is a fixture that runs 0x12345000 beyond where it is
 * linked to, and a module. This program is a worker when it is run as one.
 */
#include "profiler/kernel_naming.h"

#include "base/fs.h"
#include "profiler/process/object_build_id.h"
#include "profiler/sandbox/worker.h"
#include "tests/unit/symbolize_fixture.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/utsname.h>

#include <cmocka.h>

#define KERNEL "chain_no_pie"
#define LINKED_TEXT 0x401000ull /* the page its code begins in */
#define SLIDE 0x12345000ull
#define MODULE "module.ko"
#define MODULE_TEXT 0x12800000ull

struct host {
	char root[64], kallsyms[PATH_MAX];
	struct sandbox *sandbox;
	struct namer *namer;
	struct kernel_naming naming;
};

static void shell(const char *format, const char *a, const char *b)
{
	char command[2 * PATH_MAX];

	snprintf(command, sizeof(command), format, a, b);
	assert_int_equal(system(command), 0);
}

static void write_file(const char *root, const char *name, const void *bytes, size_t len)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_return_code(fd, 0);
	assert_return_code(fs_write_all(fd, bytes, len), 0);
	close(fd);
}

/* As the kernel has them: its build-id is one of several notes. */
static void write_notes(const char *root, const struct object_build_id *id)
{
	_cleanup_buf_ struct buf notes = {0};
	Elf64_Nhdr other = {.n_namesz = 4, .n_descsz = 4, .n_type = 0x100};
	Elf64_Nhdr own = {.n_namesz = 4, .n_descsz = id->len, .n_type = NT_GNU_BUILD_ID};

	buf_append(&notes, &other, sizeof(other));
	buf_append(&notes, "Xen\0\0\0\0\0", 8);
	buf_append(&notes, &own, sizeof(own));
	buf_append(&notes, "GNU", 4);
	buf_append(&notes, id->bytes, id->len);
	write_file(root, "sys/kernel/notes", notes.data, notes.len);
}

static struct object_build_id build_id_of_kernel(void)
{
	_cleanup_close_ int fd = fixture_open(KERNEL);
	struct object_build_id id;

	assert_int_equal(object_build_id_read(fd, &id), 0);
	assert_int_equal(id.len, 20);
	return id;
}

static uint64_t module_address(void)
{
	return fixture_symbol(MODULE, "other_outer") + MODULE_TEXT;
}

static void write_kallsyms(struct host *host)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "%016llx T _text\n%016llx T outer_of_list\n%016llx t check_of_list\n"
		 "%016llx t module_of_list\t[mod]\n",
		 LINKED_TEXT + SLIDE,
		 (unsigned long long)fixture_symbol(KERNEL, "chain_outer") + SLIDE,
		 (unsigned long long)fixture_symbol(KERNEL, "chain_check") + SLIDE,
		 (unsigned long long)module_address());
	write_file(host->root, "kallsyms", text, strlen(text));
	snprintf(host->kallsyms, sizeof(host->kallsyms), "%s/kallsyms", host->root);
}

static void set_up_host(struct host *host)
{
	struct object_build_id id = build_id_of_kernel();

	*host = (struct host){.root = "/tmp/smolder-kernel-XXXXXX"};
	assert_non_null(mkdtemp(host->root));
	shell("mkdir -p %s/sys/kernel %s/boot", host->root, host->root);
	write_notes(host->root, &id);
	write_kallsyms(host);
}

static void open_naming(struct host *host, bool is_confined, bool no_dwarf)
{
	struct namer_options options = {.root = host->root,
					.symbols.kallsyms_path = host->kallsyms,
					.symbols.no_dwarf = no_dwarf};

	if (is_confined)
		assert_int_equal(sandbox_new(NULL, &host->sandbox), 0);
	options.sandbox = host->sandbox;
	assert_int_equal(namer_new(&options, &host->namer), 0);
	assert_int_equal(kernel_naming_make(host->namer, &host->naming), 0);
}

static void close_naming(struct host *host)
{
	kernel_naming_free(&host->naming);
	host->namer = namer_free(host->namer);
	host->sandbox = sandbox_free(host->sandbox);
}

static void remove_host(struct host *host)
{
	shell("rm -r %s%s", host->root, "");
}

/* Copies a fixture to a place below the root; "RELEASE" stands for the running kernel's. */
static void install(const struct host *host, const char *fixture, const char *place)
{
	const char *release = strstr(place, "RELEASE");
	struct utsname kernel;
	char path[PATH_MAX];

	uname(&kernel);
	snprintf(path, sizeof(path), "%s/%.*s%s%s", host->root,
		 release ? (int)(release - place) : (int)strlen(place), place,
		 release ? kernel.release : "", release ? release + strlen("RELEASE") : "");
	shell("install -D %s %s", fixture_path(fixture), path);
}

static void assert_only_listed(struct host *host, uint64_t address, const char *name)
{
	struct sym_result result;

	kernel_naming_lookup(&host->naming, host->namer, address, &result);
	assert_int_equal(result.reason, SYM_OK);
	assert_int_equal(result.frames_len, 1);
	assert_string_equal(result.frames[0].name, name);
	assert_null(result.frames[0].file);
}

/* Each row of the line table in chain_outer: as the image says, by the name and address of the kernel. */
static void assert_as_image(struct host *host)
{
	_cleanup_close_ int fd = fixture_open(KERNEL);
	int image = namer_add_file(host->namer, fd, fixture_path(KERNEL));
	uint64_t first = fixture_symbol(KERNEL, "chain_outer");
	struct addresses rows = {0};
	size_t inlined_cnt = 0;

	fixture_rows(KERNEL, &rows);
	vec_for_each(&rows.list, row) {
		struct sym_result plain, result;

		if (*row < first || *row >= first + 32)
			continue;
		kernel_naming_lookup(&host->naming, host->namer, *row + SLIDE, &result);
		assert_string_equal(result.frames[0].name, "outer_of_list");
		assert_int_equal(result.address, *row + SLIDE);
		assert_string_equal(result.module, "[kernel.kallsyms]");
		namer_lookup_address(host->namer, image, *row, &plain);
		assert_int_equal(result.frames_len, plain.frames_len);
		for (size_t i = 0; i < result.frames_len; i++) {
			assert_string_equal(result.frames[i].file, plain.frames[i].file);
			assert_int_equal(result.frames[i].line, plain.frames[i].line);
			if (i)
				assert_string_equal(result.frames[i].name, plain.frames[i].name);
		}
		inlined_cnt += result.frames_len - 1;
	}
	assert_true(inlined_cnt > 0);
	vec_free(&rows.list);
}

static void ask_for_all(struct host *host)
{
	uint64_t addresses[] = {fixture_symbol(KERNEL, "chain_outer") + SLIDE, module_address(),
				fixture_symbol(KERNEL, "chain_check") + SLIDE};
	struct namer_question question = {.offsets = addresses, .len = ARRAY_SIZE(addresses)};
	struct namer_questions questions = {0};

	kernel_naming_ask(&host->naming, host->namer, &question, &questions);
	namer_ask_all(host->namer, &questions);
	namer_questions_free(&questions);
}

static void lines_come_from_the_image(void **state)
{
	static const char *const places[] = {
		"boot/vmlinux-RELEASE",
		"lib/modules/RELEASE/build/vmlinux",
		"usr/lib/debug/boot/vmlinux-RELEASE",
		"usr/lib/debug/lib/modules/RELEASE/vmlinux",
	};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(places); i++) {
		struct host host;

		set_up_host(&host);
		install(&host, KERNEL, places[i / 2]);
		open_naming(&host, i % 2, false);
		ask_for_all(&host);
		assert_as_image(&host);
		assert_only_listed(&host, module_address(), "module_of_list");
		close_naming(&host);
		remove_host(&host);
	}
}

static void it_is_found_by_build_id(void **state)
{
	struct object_build_id id = build_id_of_kernel();
	char place[128] = "usr/lib/debug/.build-id/";
	size_t len = strlen(place);
	struct host host;

	(void)state;
	set_up_host(&host);
	for (size_t i = 0; i < id.len; i++)
		len += (size_t)sprintf(place + len, "%02x%s", id.bytes[i], i ? "" : "/");
	strcpy(place + len, ".debug");
	install(&host, KERNEL, place);
	open_naming(&host, true, false);
	assert_as_image(&host);
	close_naming(&host);
	remove_host(&host);
}

static enum sym_reason lookup_reason(struct host *host)
{
	struct sym_result result;

	kernel_naming_lookup(&host->naming, host->namer, LINKED_TEXT + SLIDE, &result);
	return result.reason;
}

static void assert_no_image(struct host *host, bool no_dwarf)
{
	open_naming(host, false, no_dwarf);
	assert_only_listed(host, fixture_symbol(KERNEL, "chain_outer") + SLIDE, "outer_of_list");
	close_naming(host);
}

static void another_kernel_is_not_taken(void **state)
{
	struct object_build_id id = build_id_of_kernel();
	struct host host;

	(void)state;
	set_up_host(&host);
	assert_no_image(&host, false); /* there is none */
	install(&host, KERNEL, "boot/vmlinux-RELEASE");
	assert_no_image(&host, true); /* none is wanted */
	id.bytes[7] ^= 1;
	write_notes(host.root, &id);
	assert_no_image(&host, false); /* it is another one */
	write_file(host.root, "sys/kernel/notes", "", 0);
	assert_no_image(&host, false); /* the kernel does not say what it is */
	write_notes(host.root, &id);
	write_file(host.root, "kallsyms", "", 0);
	open_naming(&host, false, false);
	assert_int_equal(lookup_reason(&host), SYM_NO_KALLSYMS); /* nor where it is */
	close_naming(&host);
	remove_host(&host);
}

/* Its debug file, and what the kernel says of it. */
static void install_module(const struct host *host, const char *build_id)
{
	char text[128];

	shell("mkdir -p %s/sys/module/mod/notes %s/sys/module/mod/sections", host->root,
	      host->root);
	shell("objcopy -O binary --only-section=.note.gnu.build-id %s "
	      "%s/sys/module/mod/notes/.note.gnu.build-id",
	      fixture_path(MODULE), host->root);
	snprintf(text, sizeof(text), "0x%016llx\n", MODULE_TEXT);
	write_file(host->root, "sys/module/mod/sections/.text", text, strlen(text));
	snprintf(text, sizeof(text), "usr/lib/debug/.build-id/%.2s/%s.debug", build_id,
		 build_id + 2);
	install(host, MODULE, text);
}

static void read_module_id(char *build_id, size_t size)
{
	_cleanup_close_ int fd = fixture_open(MODULE);
	struct namer_options options = {0};
	struct namer *namer;

	assert_int_equal(namer_new(&options, &namer), 0);
	snprintf(build_id, size, "%s",
		 namer_build_id(namer, namer_add_file(namer, fd, fixture_path(MODULE))));
	namer_free(namer);
	assert_int_equal(strlen(build_id), 40);
}

static void assert_lost(struct host *host, uint64_t objects)
{
	struct sym_losses losses;

	namer_take_losses(host->namer, &losses);
	assert_int_equal(losses.dwarf_objects, objects);
}

static void modules_have_images(void **state)
{
	struct host host;
	struct sym_result result;
	char build_id[64];

	(void)state;
	read_module_id(build_id, sizeof(build_id));
	for (int confined = 0; confined < 2; confined++) {
		set_up_host(&host);
		install_module(&host, build_id);
		open_naming(&host, confined, false);
		ask_for_all(&host);
		kernel_naming_lookup(&host.naming, host.namer, module_address(), &result);
		assert_string_equal(result.frames[0].name, "module_of_list");
		assert_string_equal(strrchr(result.frames[0].file, '/'), "/other.c");
		assert_int_equal(result.frames[0].line, 17);
		assert_only_listed(&host, fixture_symbol(KERNEL, "chain_outer") + SLIDE,
				   "outer_of_list");
		assert_lost(&host, 0);
		close_naming(&host);
		shell("cp %s %s/usr/lib/debug/.build-id/*/*", fixture_path(KERNEL), host.root);
		open_naming(&host, confined, false);
		assert_only_listed(&host, module_address(), "module_of_list"); /* not its own */
		assert_lost(&host, 1);
		close_naming(&host);
		remove_host(&host);
	}
}

static void images_that_cannot_be_read_are_counted_once(void **state)
{
	struct host host;
	char build_id[64];

	(void)state;
	read_module_id(build_id, sizeof(build_id));
	set_up_host(&host);
	install_module(&host, build_id);
	shell("truncate -s 40 %s/usr/lib/debug/.build-id/*/*%s", host.root, "");
	open_naming(&host, true, false);
	for (int again = 0; again < 2; again++) {
		assert_only_listed(&host, module_address(), "module_of_list");
		assert_lost(&host, !again);
		kernel_naming_free(&host.naming);
		assert_int_equal(kernel_naming_make(host.namer, &host.naming), 0);
	}
	close_naming(&host);
	remove_host(&host);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_from_the_image),
		cmocka_unit_test(it_is_found_by_build_id),
		cmocka_unit_test(another_kernel_is_not_taken),
		cmocka_unit_test(modules_have_images),
		cmocka_unit_test(images_that_cannot_be_read_are_counted_once),
	};

	if (worker_is_wanted(argc, argv))
		worker_main();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
