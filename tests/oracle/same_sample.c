// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The same-sample oracle: runs a command, walks its stacks in the kernel by our tables, and lets libdw
 * and libunwind unwind the registers and stack memory of the very same interrupts. Says how many
 * frames agree, and what the others have in common. Needs root.
 *
 *	same_sample [-F HZ] [-d SECONDS] -- COMMAND…
 */
#include "base/clock.h"
#include "base/parse.h"
#include "profiler/command.h"
#include "profiler/unwind/row_rule.h"
#include "tests/oracle/capture.h"
#include "tests/oracle/court.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#define DRAIN_MS 50
#define LOOK_NS NS_PER_SEC
#define CLASSES_SHOWN 12

struct run {
	uint32_t frequency_hz;
	uint64_t duration_ns; /* 0: to the command's end */
	char **argv;
	struct processes *processes;
	struct walker *walker;
	struct capture *capture;
	struct court *court;
	struct command command;
};

static void on_sample(void *ctx, const struct same_sample *walked, const struct twin_record *copied)
{
	struct run *run = ctx;

	court_judge(run->court, walked, copied);
}

static void in_child(void *ctx)
{
	struct run *run = ctx;

	processes_restore_limits(run->processes);
}

static int open_all(struct run *run, struct err *err)
{
	struct processes_options processes = {0};
	struct capture_options capture = {
		.frequency_hz = run->frequency_hz,
		.on_sample = on_sample,
		.ctx = run,
	};
	struct walker_kernel kernel;
	int r = processes_new(&processes, &run->processes, err);

	if (r == 0)
		r = processes_open_sideband(run->processes, err);
	if (r == 0)
		r = command_start(run->argv, in_child, run, &run->command, err);
	if (r < 0)
		return r;
	capture.pid = run->command.pid;
	capture.processes = run->processes;
	r = capture_open(&capture, &run->capture, err);
	if (r == 0)
		r = processes_snapshot_one(run->processes, (uint32_t)run->command.pid, err);
	if (r < 0)
		return r;
	capture_walk_maps(run->capture, &kernel);
	r = walker_new(&kernel, run->processes, NULL, &run->walker, err);
	if (r < 0)
		return r;
	r = court_new(run->processes, run->walker, &run->court);
	return r < 0 ? err_errno(err, r, "cannot set up the oracles") : 0;
}

static void close_all(struct run *run)
{
	court_free(run->court);
	walker_free(run->walker);
	capture_free(run->capture);
	processes_free(run->processes);
	command_close(&run->command);
}

static int follow(struct run *run, struct err *err)
{
	struct pollfd ended = {.fd = run->command.pid_fd, .events = POLLIN};
	uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC), looked_ns = begin_ns;
	int r = command_release(&run->command, run->argv[0], err);

	while (r == 0) {
		uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
		int over = poll(&ended, 1, DRAIN_MS);

		if (over < 0 && errno != EINTR)
			return err_errno(err, -errno, "cannot wait for the command");
		if (run->duration_ns && now_ns - begin_ns >= run->duration_ns) {
			kill(run->command.pid, SIGKILL);
			over = 1;
		}
		capture_drain(run->capture);
		walker_update(run->walker, now_ns - looked_ns >= LOOK_NS);
		if (now_ns - looked_ns >= LOOK_NS)
			looked_ns = now_ns;
		if (over > 0)
			break;
	}
	if (r == 0)
		command_reap(&run->command);
	return r;
}

/* ---- the report ---- */

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 100.0;
}

static void print_frame(const struct run *run, uint64_t frame)
{
	const struct objects *objects = processes_objects(run->processes);
	uint32_t object = (uint32_t)(frame >> WALK_OFFSET_BITS);

	if (!frame)
		printf("nothing");
	else if (frame & WALK_UNPLACED || object >= objects_count(objects))
		printf("0x%llx", (unsigned long long)(frame & WALK_OFFSET_MASK));
	else
		printf("%s+0x%llx", object_basename(objects_get(objects, object)),
		       (unsigned long long)(frame & WALK_OFFSET_MASK));
}

static void print_class(const struct run *run, const struct difference_class *class)
{
	char rule[ROW_RULE_TEXT_LEN];

	printf("  %-9s %-7s %6llu stacks %8llu frames, ours ends: %s\n", judge_name(class->judge),
	       difference_name(class->difference), (unsigned long long)class->stacks,
	       (unsigned long long)class->frames,
	       class->end == WALK_COMPLETE ? "complete" : walk_end_name(class->end));
	printf("            after ");
	if (class->object == OBJECT_NONE)
		printf("0x%llx", (unsigned long long)class->offset);
	else
		print_frame(run, (uint64_t) class->object << WALK_OFFSET_BITS | class->offset);
	printf(" [%s]", row_rule_text(class->rule, rule));
	if (class->judge != JUDGE_CNT) {
		printf(": ours ");
		print_frame(run, class->ours);
		printf(", theirs ");
		print_frame(run, class->theirs);
	}
	printf("\n");
}

static int by_frames(const void *a, const void *b)
{
	const struct difference_class *x = a, *y = b;

	if (x->judge != y->judge)
		return x->judge > y->judge ? -1 : 1; /* those neither agrees with first */
	return x->frames < y->frames ? 1 : x->frames > y->frames ? -1 : 0;
}

static void print_classes(const struct run *run, const struct verdicts *verdicts)
{
	int shown[JUDGE_CNT + 1] = {0};

	if (verdicts->classes.len)
		qsort(verdicts->classes.items, verdicts->classes.len,
		      sizeof(*verdicts->classes.items), by_frames);
	vec_for_each(&verdicts->classes, class)
		if (shown[class->judge]++ < CLASSES_SHOWN)
			print_class(run, class);
}

static void print_side(const struct run *run, enum court_side side)
{
	const struct verdicts *verdicts = court_verdicts(run->court, side);
	const char *name = side == COURT_KERNEL ? "kernel" : "copies";

	printf("%s: %llu stacks, %llu frames, %llu unjudged; complete %.2f %%\n", name,
	       (unsigned long long)verdicts->walked, (unsigned long long)verdicts->frames,
	       (unsigned long long)verdicts->unjudged,
	       percent(verdicts->ends[WALK_COMPLETE], verdicts->walked));
	for (int end = 0; end < WALK_END_CNT; end++)
		if (end != WALK_COMPLETE && verdicts->ends[end])
			printf("  end: %s %llu\n", walk_end_name((enum walk_end)end),
			       (unsigned long long)verdicts->ends[end]);
	for (int i = 0; i < 2; i++)
		printf("  %s: %llu complete, %llu short of copied stack, %llu lost\n",
		       judge_name((enum judge)i), (unsigned long long)verdicts->oracle_ends[i][0],
		       (unsigned long long)verdicts->oracle_ends[i][1],
		       (unsigned long long)verdicts->oracle_ends[i][2]);
	for (int judge = 0; judge < JUDGE_CNT; judge++) {
		const struct verdict_sum *sum = &verdicts->sums[judge];

		printf("%s %s: frames %llu of %llu = %.4f %%, stacks %llu of %llu\n", name,
		       judge_name((enum judge)judge), (unsigned long long)sum->agreed,
		       (unsigned long long)sum->judged, percent(sum->agreed, sum->judged),
		       (unsigned long long)sum->stacks_agreed, (unsigned long long)sum->stacks);
	}
	print_classes(run, verdicts);
}

static void print_report(const struct run *run)
{
	struct capture_counters counters;
	char status[128];

	capture_counters(run->capture, &counters);
	command_describe_status(run->command.status, status, sizeof(status));
	printf("command %s: %s\n", run->argv[0], status);
	printf("samples: %llu matched, %llu without a copy, %llu without a walk, %llu lost, "
	       "%llu of unknown processes\n",
	       (unsigned long long)counters.matched, (unsigned long long)counters.walked_alone,
	       (unsigned long long)counters.copied_alone, (unsigned long long)counters.lost,
	       (unsigned long long)court_unknown(run->court));
	for (int side = 0; side < COURT_SIDES; side++)
		print_side(run, (enum court_side)side);
}

static int parse_options(int argc, char **argv, struct run *run)
{
	int option;

	while ((option = getopt(argc, argv, "+F:d:")) != -1) {
		if (option == 'F' && parse_u32(optarg, &run->frequency_hz) == 0 &&
		    run->frequency_hz)
			continue;
		if (option == 'd' && parse_duration_ns(optarg, &run->duration_ns) == 0)
			continue;
		return -EINVAL;
	}
	run->argv = argv + optind;
	return optind < argc ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	struct run run = {.frequency_hz = 199};
	struct err err;
	int r = parse_options(argc, argv, &run);

	if (r < 0) {
		fprintf(stderr, "usage: %s [-F HZ] [-d SECONDS] -- COMMAND...\n", argv[0]);
		return 2;
	}
	r = open_all(&run, &err);
	if (r == 0)
		r = follow(&run, &err);
	if (r == 0)
		print_report(&run);
	else
		fprintf(stderr, "same_sample: %s\n", err.text);
	close_all(&run);
	return r < 0;
}
