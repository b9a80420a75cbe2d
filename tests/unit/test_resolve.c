// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From a window of addresses of this very process to a profile: addresses of our own functions are
 * placed through /proc, kept, and named.
 */
#include "profiler/resolve.h"

#include "formats/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define KALLSYMS                                                                                   \
	"ffffffff81000000 T _stext\nffffffff81000100 T do_work\nffffffff81000200 T do_more\n"

struct fixture {
	struct processes *processes;
	struct namer *namer;
	struct recording recording;
	struct profile *profile;
	struct smolder_task self;
	char kallsyms_path[64];
};

__attribute__((noinline)) void resolve_test_leaf(void);
__attribute__((noinline)) void resolve_test_caller(void);

void resolve_test_leaf(void)
{
	__asm__ volatile("nop");
}

void resolve_test_caller(void)
{
	resolve_test_leaf();
	__asm__ volatile("nop");
}

/* Field 22 of /proc/self/stat, in clock ticks. */
static uint64_t own_start_ns(void)
{
	unsigned long long start = 0;
	FILE *file = fopen("/proc/self/stat", "re");

	assert_non_null(file);
	assert_int_equal(fscanf(file,
				"%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u "
				"%*d %*d %*d %*d %*d %*d %llu",
				&start),
			 1);
	fclose(file);
	return start * (1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK));
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct namer_options options = {.symbols.kallsyms_path = fixture->kallsyms_path};
	struct processes_options process_options = {0};
	struct err err;
	int fd;

	strcpy(fixture->kallsyms_path, "/tmp/smolder-test-kallsyms-XXXXXX");
	fd = mkstemp(fixture->kallsyms_path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, KALLSYMS, strlen(KALLSYMS)), strlen(KALLSYMS));
	close(fd);
	fixture->self =
		(struct smolder_task){.tgid = (uint32_t)getpid(), .start_ns = own_start_ns()};
	assert_int_equal(processes_new(&process_options, &fixture->processes, &err), 0);
	assert_int_equal(processes_snapshot_one(fixture->processes, (uint32_t)getpid(), &err), 0);
	assert_int_equal(namer_new(&options, &fixture->namer), 0);
	assert_int_equal(recording_init(&fixture->recording), 0);
	assert_int_equal(profile_new(&fixture->profile), 0);
	fixture->profile->period = 1000;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	unlink(fixture->kallsyms_path);
	profile_free(fixture->profile);
	recording_free(&fixture->recording);
	namer_free(fixture->namer);
	processes_free(fixture->processes);
	free(fixture);
	return 0;
}

struct stacks { /* leaf first */
	const uint64_t *user, *kernel;
	uint32_t user_len, kernel_len;
	bool is_cut; /* has as many frames as may be */
};

#define USER(array) .user = (array), .user_len = ARRAY_SIZE(array)
#define KERNEL(array) .kernel = (array), .kernel_len = ARRAY_SIZE(array)

static void add_sample(struct fixture *fixture, struct stacks stacks)
{
	struct window window = {0};
	struct window_sample sample = {
		.key = {.task = fixture->self, .comm = "tester"},
		.count = 3,
		.user_len = stacks.user_len,
		.kernel_len = stacks.kernel_len,
		.walk_end = stacks.is_cut ? WALK_DEPTH : WALK_CHAIN_ENDED,
	};

	assert_int_equal(
		window_add_addresses(&window, stacks.user, stacks.user_len, &sample.user_off), 0);
	assert_int_equal(
		window_add_addresses(&window, stacks.kernel, stacks.kernel_len, &sample.kernel_off),
		0);
	assert_int_equal(vec_push(&window.samples, sample), 0);
	recording_add_window(
		&fixture->recording,
		&(struct recording_source){.window = &window, .processes = fixture->processes});
	window_free(&window);
}

static void resolve(struct fixture *fixture)
{
	struct err err = {0};

	if (resolve_recording(&fixture->recording, processes_objects(fixture->processes),
			      fixture->namer, fixture->profile, &err) < 0)
		fail_msg("%s", err.text);
	if (profile_check(fixture->profile, &err) < 0)
		fail_msg("%s", err.text);
}

/* The only sample's frame names, outermost first, joined by ';'. */
static void only_stack(const struct profile *profile, char *text, size_t size)
{
	uint32_t nodes[256], depth = 0;
	size_t len = 0;

	assert_int_equal(profile->samples.len, 1);
	for (uint32_t node = profile->samples.items[0].stack; node;
	     node = profile->stacks.items[node].parent)
		nodes[depth++] = node;
	text[0] = '\0';
	while (depth--) {
		const struct profile_frame *frame =
			&profile->frames.items[profile->stacks.items[nodes[depth]].frame];

		len += (size_t)snprintf(text + len, size - len, "%s%s", len ? ";" : "",
					strtab_get(&profile->strings,
						   profile->functions.items[frame->function].name));
	}
}

static uint64_t address_of(void (*function)(void))
{
	return (uint64_t)(uintptr_t)function;
}

static void user_and_kernel_frames_are_named(void **state)
{
	struct fixture *fixture = *state;
	uint64_t user[] = {address_of(resolve_test_leaf), address_of(resolve_test_caller) + 8};
	uint64_t kernel[] = {0xffffffff81000210, 0xffffffff81000110};
	char text[512];

	add_sample(fixture, (struct stacks){USER(user), KERNEL(kernel)});
	resolve(fixture);
	only_stack(fixture->profile, text, sizeof(text));
	assert_string_equal(text, "[incomplete: no frame pointer];resolve_test_caller;"
				  "resolve_test_leaf;do_work;do_more");
	assert_int_equal(profile_total(fixture->profile, 0), 3);
	assert_int_equal(profile_total(fixture->profile, 1), 3000);
	assert_int_equal(fixture->profile->ledger.frames.distinct, 4);
	assert_int_equal(fixture->profile->ledger.frames.named, 4);
	assert_int_equal(fixture->profile->ledger.stacks.user, 3);
	assert_int_equal(fixture->profile->ledger.stacks.user_complete, 0);
	assert_int_equal(fixture->profile->ledger.stacks.kernel, 3);
	assert_int_equal(fixture->profile->ledger.stacks.distinct, 1);
}

/* A return address behind a call at a function's very end belongs to the caller, not the next one. */
static void a_return_address_belongs_to_the_call(void **state)
{
	struct fixture *fixture = *state;
	uint64_t kernel[] = {0xffffffff81000210, 0xffffffff81000200};
	char text[512];

	add_sample(fixture, (struct stacks){KERNEL(kernel)});
	resolve(fixture);
	only_stack(fixture->profile, text, sizeof(text));
	assert_string_equal(text, "do_work;do_more");
}

static void a_caller_outside_code_ends_the_stack(void **state)
{
	struct fixture *fixture = *state;
	uint64_t on_the_stack = (uint64_t)(uintptr_t)&fixture;
	uint64_t user[] = {address_of(resolve_test_leaf), on_the_stack,
			   address_of(resolve_test_caller) + 8};
	char text[512];

	add_sample(fixture, (struct stacks){USER(user)});
	resolve(fixture);
	only_stack(fixture->profile, text, sizeof(text));
	assert_string_equal(text, "[incomplete: no frame pointer];resolve_test_leaf");
	assert_string_equal(fixture->profile->ledger.stacks.incomplete.items[0].name,
			    "no frame pointer");
}

static void a_stack_that_was_cut_says_so(void **state)
{
	struct fixture *fixture = *state;
	uint64_t user[100];
	char text[8192];

	for (size_t i = 0; i < ARRAY_SIZE(user); i++)
		user[i] = address_of(resolve_test_caller) + 8;
	add_sample(fixture, (struct stacks){USER(user), .is_cut = true});
	resolve(fixture);
	only_stack(fixture->profile, text, sizeof(text));
	assert_ptr_equal(strstr(text, "[incomplete: depth limit];resolve_test_caller;"), text);
}

static void an_unknown_process_keeps_its_addresses(void **state)
{
	struct fixture *fixture = *state;
	uint64_t user[] = {0x1000, 0x2000};
	char text[512];

	fixture->self.start_ns += 3600000000000ull;
	add_sample(fixture, (struct stacks){USER(user)});
	resolve(fixture);
	only_stack(fixture->profile, text, sizeof(text));
	assert_string_equal(text,
			    "[incomplete: no frame pointer];[unknown]+0x1fff;[unknown]+0x1000");
	assert_int_equal(fixture->profile->ledger.frames.named, 0);
	assert_int_equal(ledger_reasons_sum(&fixture->profile->ledger.frames.unnamed), 2);
}

static void equal_stacks_are_one_sample(void **state)
{
	struct fixture *fixture = *state;
	uint64_t kernel[] = {0xffffffff81000210};

	add_sample(fixture, (struct stacks){KERNEL(kernel)});
	add_sample(fixture, (struct stacks){KERNEL(kernel)});
	resolve(fixture);
	assert_int_equal(fixture->profile->samples.len, 1);
	assert_int_equal(profile_total(fixture->profile, 0), 6);
	assert_int_equal(fixture->recording.recorded, 6);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(user_and_kernel_frames_are_named),
		TEST(a_return_address_belongs_to_the_call),
		TEST(a_caller_outside_code_ends_the_stack),
		TEST(a_stack_that_was_cut_says_so),
		TEST(an_unknown_process_keeps_its_addresses),
		TEST(equal_stacks_are_one_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
