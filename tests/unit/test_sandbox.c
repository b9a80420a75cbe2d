// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Workers, good ones and bad ones. This program is a worker when it is run as one; run under another
 * name, it is one that does what its name says.
 */
#include "profiler/sandbox/sandbox.h"

#include "base/clock.h"
#include "profiler/sandbox/confined_table.h"
#include "profiler/sandbox/namer.h"
#include "profiler/sandbox/namer_files.h"
#include "profiler/sandbox/worker.h"
#include "profiler/sandbox/worker_confine.h"
#include "profiler/sandbox/worker_zygote.h"

#include "tests/unit/jitdump_writer.h"
#include "tests/unit/symbolize_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include <cmocka.h>

/* ---- bad workers ---- */

static struct worker_packet packet;

static void say(enum worker_kind kind, const void *bytes, size_t len)
{
	struct worker_message message = {.kind = kind, .fd = -1, .bytes = bytes, .len = len};

	if (worker_channel_send(WORKER_FD, &message, 0) < 0)
		_exit(0);
}

static void stop(void)
{
	raise(SIGSTOP);
}

static void burn(void)
{
	for (;;)
		__asm__ volatile("");
}

static void chatter(void)
{
	for (;;)
		say(WORKER_BYTES, "x", 1);
}

static void lie(void)
{
	say(WORKER_READY, "again", 4);
}

static void end_unsaid(void)
{
	say(WORKER_END, "", 0);
}

static void end_nonsense(void)
{
	int32_t done = 0;

	say(WORKER_BYTES, "nonsense", 8);
	say(WORKER_END, &done, sizeof(done));
}

static void want_shadow(void)
{
	say(WORKER_WANT_HOST, "/etc/shadow", strlen("/etc/shadow"));
	if (worker_channel_receive(WORKER_FD, &packet) < 0 || packet.fd >= 0)
		burn(); /* who is given it, is found out by the test's asking for "crashed" */
	abort();
}

static void die(void)
{
	kill(getpid(), SIGKILL);
}

/* As a program that does not know that it may be run as a worker. */
static void begin_as_ever(void)
{
	struct sandbox *sandbox;

	if (sandbox_new(NULL, &sandbox) < 0 || sandbox_check(sandbox, NULL) != -ELOOP)
		_exit(1);
}

static const struct bad {
	const char *name;
	void (*act)(void);
	enum sandbox_failure failure;
	void (*begin)(void);
} bad_workers[] = {
	{"stop", stop, SANDBOX_HUNG, NULL},
	{"burn", burn, SANDBOX_EXHAUSTED, NULL},
	{"chatter", chatter, SANDBOX_EXHAUSTED, NULL},
	{"lie", lie, SANDBOX_LIED, NULL},
	{"end_unsaid", end_unsaid, SANDBOX_LIED, NULL},
	{"end_nonsense", end_nonsense, SANDBOX_LIED, NULL},
	{"want_shadow", want_shadow, SANDBOX_CRASHED, NULL},
	{"die", die, SANDBOX_CRASHED, NULL},
	{"unaware", lie, SANDBOX_LIED, begin_as_ever},
};

static const struct bad *wanted_bad(void)
{
	const char *name = strrchr((const char *)getauxval(AT_EXECFN), '/');

	for (size_t i = 0; name && i < ARRAY_SIZE(bad_workers); i++)
		if (strcmp(name + 1, bad_workers[i].name) == 0)
			return &bad_workers[i];
	return NULL;
}

/* Says it is ready, takes one question, and is what it is. */
static void be_bad(uint32_t gave)
{
	const struct bad *bad = wanted_bad();

	say(WORKER_READY, &gave, sizeof(gave));
	while (worker_channel_receive(WORKER_FD, &packet) == 0)
		if (packet.kind == WORKER_LOOKUP || packet.kind == WORKER_TABLE)
			bad->act();
	_exit(0);
}

/* Those that are bad keep all their rights: they need some to be so. */
static void be_worker(void)
{
	const struct bad *bad = wanted_bad();

	if (!bad)
		worker_main();
	if (bad->begin)
		bad->begin();
	worker_zygote_run(WORKER_GAVE_ALL, be_bad);
}

/* ---- asking ---- */

static struct sandbox *sandbox_of(const char *program)
{
	struct sandbox_options options = {
		.program = program, .hang_ns = 200 * NS_PER_MS, .cpu_ns = 200 * NS_PER_MS};
	struct sandbox *sandbox;

	assert_int_equal(sandbox_new(program ? &options : NULL, &sandbox), 0);
	return sandbox;
}

static struct namer *namer_of(struct sandbox *sandbox, const char *cache)
{
	struct namer_options options = {.sandbox = sandbox,
					.workers_max = NAMER_WORKERS_MAX,
					.symbols.cache_directory = cache};
	struct namer *namer;

	assert_int_equal(namer_new(&options, &namer), 0);
	return namer;
}

static void assert_same(const struct sym_result *a, const struct sym_result *b)
{
	assert_int_equal(a->reason, b->reason);
	assert_int_equal(a->address, b->address);
	assert_int_equal(a->exact_address, b->exact_address);
	assert_memory_equal(&a->segment, &b->segment, sizeof(a->segment));
	assert_int_equal(a->stack_base, b->stack_base);
	assert_int_equal(a->frames_len, b->frames_len);
	for (size_t i = 0; i < a->frames_len; i++) {
		assert_string_equal(a->frames[i].name, b->frames[i].name);
		assert_string_equal(a->frames[i].system_name, b->frames[i].system_name);
		assert_int_equal(a->frames[i].line, b->frames[i].line);
		assert_int_equal(a->frames[i].start_line, b->frames[i].start_line);
		assert_int_equal(a->frames[i].inlined, b->frames[i].inlined);
		assert_int_equal(a->frames[i].file != NULL, b->frames[i].file != NULL);
		if (a->frames[i].file)
			assert_string_equal(a->frames[i].file, b->frames[i].file);
	}
}

static struct addresses offsets_of(const char *name)
{
	struct addresses rows = {0};

	fixture_rows(name, &rows);
	vec_for_each(&rows.list, row)
		*row = fixture_offset(name, *row);
	return rows;
}

/* With and without a sandbox, of all that the line table, of the file or of what it was, knows: the same. */
static void assert_named_alike(struct namer *namer, const char *name, const char *original)
{
	_cleanup_close_ int fd = fixture_open(name);
	_cleanup_namer_ struct namer *local = namer_of(NULL, NULL);
	int here = namer_add_file(local, fd, fixture_path(name));
	int there = namer_add_file(namer, fd, fixture_path(name));
	struct addresses offsets = offsets_of(original);
	struct namer_question question = {
		.object = there, .offsets = offsets.list.items, .len = offsets.list.len};

	namer_ask(namer, &question);
	vec_for_each(&offsets.list, offset) {
		struct sym_result a, b;

		namer_lookup(local, here, *offset, &a);
		namer_lookup(namer, there, *offset, &b);
		assert_same(&a, &b);
	}
	assert_string_equal(namer_build_id(local, here), namer_build_id(namer, there));
	namer_rest(namer);
	vec_free(&offsets.list);
}

static void workers_name_what_we_would(void **state)
{
	struct sandbox *sandbox = sandbox_of(NULL);
	struct namer *namer = namer_of(sandbox, NULL);
	struct sandbox_counters counters;

	(void)state;
	assert_named_alike(namer, "chain_pie", "chain_pie");
	assert_named_alike(namer, "chain_stripped", "chain_static");
	assert_named_alike(namer, "chain_zstd", "chain_pie");
	assert_named_alike(namer, "chain_high", "chain_high");
	namer_free(namer);
	sandbox_take_counters(sandbox, &counters);
	assert_in_range(counters.workers, 4, 6);
	for (size_t i = 0; i < SANDBOX_FAILURE_CNT; i++)
		assert_int_equal(counters.failed[i], 0);
	assert_true(counters.cpu_ns > 0 && counters.rss_bytes > 0);
	sandbox_free(sandbox);
}

/* Questions of more objects than there are desks, some of them in two parts, and of one that is none. */
static void many_objects_are_asked_at_once(void **state)
{
	static const char *const names[] = {"chain_pie",    "chain_no_pie", "chain_static",
					    "chain_dwarf4", "chain_clang",  "chain_compressed"};
	struct sandbox *sandbox = sandbox_of(NULL);
	struct namer *namer = namer_of(sandbox, NULL), *local = namer_of(NULL, NULL);
	_cleanup_close_ int none = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	struct addresses offsets[ARRAY_SIZE(names)];
	int there[ARRAY_SIZE(names)], here[ARRAY_SIZE(names)], fds[ARRAY_SIZE(names)];
	struct namer_questions questions = {0};
	uint64_t five = 5;
	struct namer_question of_none = {
		.object = namer_add_file(namer, none, "/x"), .offsets = &five, .len = 1};
	struct sym_result a, b;

	(void)state;
	assert_int_equal(namer_questions_add(&questions, &of_none), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct namer_question question;

		fds[i] = fixture_open(names[i]);
		there[i] = namer_add_file(namer, fds[i], fixture_path(names[i]));
		here[i] = namer_add_file(local, fds[i], fixture_path(names[i]));
		offsets[i] = offsets_of(names[i]);
		question = (struct namer_question){
			.object = there[i], .offsets = offsets[i].list.items, .len = 1};
		assert_int_equal(namer_questions_add(&questions, &question), 0);
		question.offsets++;
		question.len = offsets[i].list.len - 1;
		assert_int_equal(namer_questions_add(&questions, &question), 0);
	}
	for (int round = 0; round < 2; round++)
		namer_ask_all(namer, &questions);
	namer_lookup(namer, of_none.object, five, &a);
	assert_int_equal(a.reason, SYM_BAD_ELF);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		vec_for_each(&offsets[i].list, offset) {
			namer_lookup(local, here[i], *offset, &a);
			namer_lookup(namer, there[i], *offset, &b);
			assert_same(&a, &b);
		}
		vec_free(&offsets[i].list);
		close(fds[i]);
	}
	namer_questions_free(&questions);
	namer_free(namer);
	namer_free(local);
	sandbox_free(sandbox);
}

/* Two functions at one address, and a record that is cut short. */
static int jitdump_open(void)
{
	_cleanup_buf_ struct buf file = {0};

	dump_header(&file, 0);
	dump_load(&file, &(struct dump_code){0x1000, 64, 100, "early"});
	dump_load(&file, &(struct dump_code){0x1000, 64, 200, "late"});
	dump_prefix(&file, 0, 8, 0);
	dump_u64(&file, 0);
	return fixture_memfd(file.data, file.len);
}

static void assert_jit_name(struct namer *namer, int object, const char *name)
{
	struct sym_result result;

	namer_lookup(namer, object, 0x1010, &result);
	assert_int_equal(result.reason, SYM_OK);
	assert_string_equal(result.frames[0].name, name);
}

static void jits_are_named_as_of_then_and_losses_told(void **state)
{
	struct sandbox *sandbox = sandbox_of(NULL);
	struct namer *namer = namer_of(sandbox, NULL);
	_cleanup_close_ int fd = jitdump_open();
	struct sym_losses losses;

	(void)state;
	assert_jit_name(namer, namer_add_jit(namer, fd, "jit-1.dump", 150), "early");
	assert_jit_name(namer, namer_add_jit(namer, fd, "jit-1.dump", 250), "late");
	namer_take_losses(namer, &losses);
	assert_int_equal(losses.jit_functions, 2); /* in each reading */
	namer_take_losses(namer, &losses);
	assert_int_equal(losses.jit_functions, 0);
	namer_free(namer);
	sandbox_free(sandbox);
}

static void what_is_no_object_is_said_to_be_none(void **state)
{
	struct sandbox *sandbox = sandbox_of(NULL);
	struct namer *namer = namer_of(sandbox, NULL);
	_cleanup_close_ int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	struct sym_result result;

	(void)state;
	namer_lookup(namer, namer_add_file(namer, fd, "/x"), 5, &result);
	assert_int_equal(result.reason, SYM_BAD_ELF);
	namer_lookup(namer, namer_add_file(namer, -1, "/y"), 5, &result);
	assert_int_equal(result.reason, SYM_NO_FILE);
	namer_lookup(namer, 77, 5, &result);
	assert_int_equal(result.reason, SYM_NO_FILE);
	namer_free(namer);
	sandbox_free(sandbox);
}

/* Its file is made by us, under a name of ours, and read by the next worker. */
static void the_cache_works_for_workers(void **state)
{
	char cache[] = "/tmp/smolder-sandbox-XXXXXX", command[64];
	struct sandbox *sandbox = sandbox_of(NULL);

	(void)state;
	assert_non_null(mkdtemp(cache));
	for (int run = 0; run < 2; run++) {
		struct namer *namer = namer_of(sandbox, cache);

		assert_named_alike(namer, "chain_pie", "chain_pie");
		namer_free(namer);
		snprintf(command, sizeof(command), "[ $(ls %s | wc -l) = 1 ]", cache);
		assert_int_equal(system(command), 0);
	}
	snprintf(command, sizeof(command), "rm -r %s", cache);
	assert_int_equal(system(command), 0);
	sandbox_free(sandbox);
}

static void tables_are_the_same(void **state)
{
	_cleanup_close_ int fd = fixture_open("chain_static");
	struct elf_source source = {.fd = fd};
	struct sandbox *sandbox = sandbox_of(NULL);
	struct unwind_table ours, theirs;

	(void)state;
	assert_int_equal(unwind_table_compile(source, &ours, NULL), 0);
	assert_int_equal(confined_table_compile(sandbox, source, &theirs, NULL), 0);
	assert_memory_equal(&ours.object, &theirs.object, sizeof(ours.object));
	assert_int_equal(ours.len, theirs.len);
	assert_memory_equal(ours.bytes, theirs.bytes, ours.len);
	assert_int_equal(ours.segments.len, theirs.segments.len);
	assert_int_equal(unwind_table_rows_lost(&ours), unwind_table_rows_lost(&theirs));
	unwind_table_free(&ours);
	unwind_table_free(&theirs);
	sandbox_free(sandbox);
}

/* ---- bad workers are dealt with ---- */

static void assert_failed(struct sandbox *sandbox, const struct bad *bad, uint64_t count)
{
	struct sandbox_counters counters;

	sandbox_take_counters(sandbox, &counters);
	for (size_t i = 0; i < SANDBOX_FAILURE_CNT; i++)
		if (counters.failed[i] != (i == bad->failure ? count : 0))
			fail_msg("%s: %s %llu times", bad->name, sandbox_failure_name(i),
				 (unsigned long long)counters.failed[i]);
}

/* Its object has no names and no table; nobody waits for it, and nobody asks it twice. */
static void suffer(const char *directory, const struct bad *bad)
{
	_cleanup_close_ int fd = fixture_open("chain_pie");
	char program[128];
	struct sandbox *sandbox;
	struct namer *namer;
	struct unwind_table table;
	struct sym_result result;
	int object;

	snprintf(program, sizeof(program), "%s/%s", directory, bad->name);
	assert_int_equal(symlink("/proc/self/exe", program), 0);
	sandbox = sandbox_of(program);
	namer = namer_of(sandbox, NULL);
	object = namer_add_file(namer, fd, "/chain");
	for (int i = 0; i < 3; i++) {
		namer_lookup(namer, object, 0x1000, &result);
		assert_int_equal(result.reason, SYM_FAILED);
		assert_int_equal(result.address, 0x1000);
	}
	assert_int_equal(namer_failed(namer), 1);
	assert_string_equal(namer_build_id(namer, object), "");
	assert_int_equal(
		confined_table_compile(sandbox, (struct elf_source){.fd = fd}, &table, NULL),
		-EPIPE);
	namer_free(namer);
	assert_failed(sandbox, bad, 2);
	sandbox_free(sandbox);
	unlink(program);
}

static void bad_workers_cost_their_object_only(void **state)
{
	char directory[] = "/tmp/smolder-sandbox-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(directory));
	for (size_t i = 0; i < ARRAY_SIZE(bad_workers); i++)
		suffer(directory, &bad_workers[i]);
	rmdir(directory);
}

static void without_workers_there_are_no_names(void **state)
{
	struct sandbox *sandbox = sandbox_of("/nowhere/at/all");
	struct namer *namer = namer_of(sandbox, NULL);
	_cleanup_close_ int fd = fixture_open("chain_pie");
	struct sym_result result;
	struct err err;

	(void)state;
	assert_int_equal(sandbox_check(sandbox, &err), -ENOENT);
	assert_non_null(strstr(err.text, "cannot start a worker"));
	namer_lookup(namer, namer_add_file(namer, fd, "/chain"), 0x1000, &result);
	assert_int_equal(result.reason, SYM_FAILED);
	namer_free(namer);
	sandbox_free(sandbox);
}

/* ---- when nothing may be spent ---- */

static bool is_true(void *ctx)
{
	const bool *may_spend = ctx;

	return *may_spend;
}

static void names_are_put_off_and_come_later(void **state)
{
	bool may_spend = false;
	struct sandbox *sandbox = sandbox_of(NULL);
	struct namer_options options = {
		.sandbox = sandbox, .may_spend = is_true, .spend_ctx = &may_spend};
	_cleanup_close_ int fd = fixture_open("chain_pie");
	struct addresses offsets = offsets_of("chain_pie");
	uint64_t known = offsets.list.items[0], other = *vec_last(&offsets.list);
	struct sym_result result;
	struct namer *namer;
	int object;

	(void)state;
	assert_int_equal(namer_new(&options, &namer), 0);
	object = namer_add_file(namer, fd, "/chain");
	namer_lookup(namer, object, known, &result);
	assert_int_equal(result.reason, SYM_PUT_OFF);
	assert_int_equal(result.address, known);
	may_spend = true;
	namer_lookup(namer, object, known, &result);
	assert_int_equal(result.reason, SYM_OK);
	may_spend = false;
	namer_lookup(namer, object, other, &result);
	assert_int_equal(result.reason, SYM_PUT_OFF);
	namer_lookup(namer, object, known, &result); /* costs nothing any more */
	assert_int_equal(result.reason, SYM_OK);
	assert_int_equal(namer_failed(namer), 0);
	vec_free(&offsets.list);
	namer_free(namer);
	sandbox_free(sandbox);
}

/* ---- what they are given ---- */

static int opened_by_object(void *ctx, uint32_t owner, const char *path)
{
	(void)owner;
	strcpy(ctx, path);
	return open("/dev/null", O_RDONLY | O_CLOEXEC); /* not a file: nobody is given it */
}

static bool is_opened(struct namer_files *files, enum worker_kind kind, const char *path)
{
	char *opened = files->options->open_ctx;
	_cleanup_close_ int fd = -1;

	*opened = '\0';
	fd = namer_files_open(files, kind, path);
	return fd >= 0 || *opened;
}

static void only_debug_files_are_given(void **state)
{
	char opened[PATH_MAX];
	struct symbolizer_options options = {.debug_directory = "/proc/self",
					     .open_debug = opened_by_object,
					     .open_ctx = opened};
	struct namer_files files = {.options = &options, .cache = -1};

	(void)state;
	namer_files_begin(&files, -1, "/opt/x/program");
	assert_true(is_opened(&files, WORKER_WANT_HOST, "/proc/self/exe"));
	assert_false(is_opened(&files, WORKER_WANT_HOST, "/proc/self/status"));
	assert_false(is_opened(&files, WORKER_WANT_HOST, "/proc/self/../self/exe"));
	assert_false(is_opened(&files, WORKER_WANT_HOST, "/proc/selfish"));
	assert_false(is_opened(&files, WORKER_WANT_HOST, "/proc/self"));
	assert_false(is_opened(&files, WORKER_WANT_HOST, "proc/self/exe"));
	assert_false(is_opened(&files, WORKER_WANT_HOST, "/bin/sh"));
	assert_true(is_opened(&files, WORKER_WANT_BESIDE, "/opt/x/program.debug"));
	assert_true(is_opened(&files, WORKER_WANT_BESIDE, "/opt/x/.debug/program.debug"));
	assert_false(is_opened(&files, WORKER_WANT_BESIDE, "/opt/x/../passwd"));
	assert_false(is_opened(&files, WORKER_WANT_BESIDE, "/opt/x/.debug/.."));
	assert_false(is_opened(&files, WORKER_WANT_BESIDE, "/opt/x/y/z"));
	assert_false(is_opened(&files, WORKER_WANT_BESIDE, "/opt/y"));
	assert_false(is_opened(&files, WORKER_WANT_INDEX, ""));
	namer_files_end(&files);
}

static void this_one_is_confined(void **state)
{
	struct sandbox *sandbox = sandbox_of(NULL);
	struct err err = {""};

	(void)state;
	if (sandbox_check(sandbox, &err) < 0)
		fail_msg("%s", err.text);
	sandbox_free(sandbox);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_name_what_we_would),
		cmocka_unit_test(many_objects_are_asked_at_once),
		cmocka_unit_test(jits_are_named_as_of_then_and_losses_told),
		cmocka_unit_test(what_is_no_object_is_said_to_be_none),
		cmocka_unit_test(the_cache_works_for_workers),
		cmocka_unit_test(tables_are_the_same),
		cmocka_unit_test(bad_workers_cost_their_object_only),
		cmocka_unit_test(without_workers_there_are_no_names),
		cmocka_unit_test(names_are_put_off_and_come_later),
		cmocka_unit_test(only_debug_files_are_given),
		cmocka_unit_test(this_one_is_confined),
	};

	if (worker_is_wanted(argc, argv))
		be_worker();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
