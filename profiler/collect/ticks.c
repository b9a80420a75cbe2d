// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/collect/ticks.h"

#include "base/clock.h"
#include "base/fs.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/syscall.h>

/* Starting events one after the other takes no longer than that. */
#define STAGGER_NS_MAX (100 * NS_PER_MS)

struct tick_reading { /* PERF_FORMAT_TOTAL_TIME_ENABLED, perf_event_open(2) */
	uint64_t value;
	uint64_t time_enabled_ns;
};

/* The account of one CPU is of an interval: of one rate, and without a pause. */
struct tick_cpu {
	uint32_t id;
	int fd;                   /* -1 while the CPU is offline */
	bool was_offline;         /* at some time of the interval */
	struct tick_reading from; /* of the event, when the interval began */
	uint64_t begin_ns;        /* CLOCK_MONOTONIC, of the interval; 0: never enabled yet */
	uint64_t active_ns;       /* of closed events: time enabled … */
	uint64_t count;           /* … and what they counted */
};

struct ticks {
	enum tick_event event;
	uint32_t frequency_hz;
	int prog_fd;
	bool enabled, paused, held; /* held: paused by ticks_hold() */
	uint64_t end_ns;            /* CLOCK_MONOTONIC of ticks_disable(); 0: not yet */
	uint64_t pause_ns;          /* CLOCK_MONOTONIC of ticks_pause() */
	uint64_t idle_begin_ns;     /* cycles only: idle time of all CPUs when the interval began */
	struct tick_account closed; /* intervals before this one */
	VEC(struct tick_cpu) cpus;
};

static uint64_t period_ns(const struct ticks *ticks)
{
	return NS_PER_SEC / ticks->frequency_hz;
}

static int perf_event_open(struct perf_event_attr *attr, pid_t pid, int cpu)
{
	long fd = syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

/*
 * A software clock takes a period, which the kernel keeps exactly; cycles need the kernel's frequency
 * mode, as their rate varies.
 */
static struct perf_event_attr tick_attr(const struct ticks *ticks)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = period_ns(ticks),
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED,
		.disabled = 1,
	};

	if (ticks->event == TICK_CYCLES) {
		attr.type = PERF_TYPE_HARDWARE;
		attr.config = PERF_COUNT_HW_CPU_CYCLES;
		attr.freq = 1;
		attr.sample_freq = ticks->frequency_hz;
	}
	return attr;
}

static void burn_cycles(void)
{
	for (volatile unsigned int i = 0; i < 100000; i++)
		;
}

bool ticks_cycles_work(void)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_CPU_CYCLES,
	};
	_cleanup_close_ int fd = perf_event_open(&attr, 0, -1);
	uint64_t value = 0;

	if (fd < 0)
		return false;
	burn_cycles();
	return read(fd, &value, sizeof(value)) == sizeof(value) && value > 0;
}

static int explain_open(const struct ticks *ticks, uint32_t cpu, int error, struct err *err)
{
	const char *name = ticks_event_name(ticks);

	if (error == -EACCES || error == -EPERM)
		return err_set(err, error,
			       "cannot open event '%s' on CPU %u: no permission; run as root or "
			       "with CAP_PERFMON and CAP_BPF",
			       name, cpu);
	if (error == -ENOENT || error == -EOPNOTSUPP)
		return err_set(err, error,
			       "this machine does not count event '%s'; use --event cpu-clock",
			       name);
	if (error == -EINVAL)
		return err_set(
			err, error,
			"cannot sample at %u Hz: above kernel.perf_event_max_sample_rate, or "
			"refused by event '%s'",
			ticks->frequency_hz, name);
	return err_errno(err, error, "cannot open event '%s' on CPU %u", name, cpu);
}

/* -ENODEV when the CPU has just gone offline: no error for the caller. */
static int open_event(const struct ticks *ticks, uint32_t cpu, struct err *err)
{
	struct perf_event_attr attr = tick_attr(ticks);
	_cleanup_close_ int fd = perf_event_open(&attr, -1, (int)cpu);

	if (fd == -ENODEV)
		return fd;
	if (fd < 0)
		return explain_open(ticks, cpu, fd, err);
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, ticks->prog_fd) < 0)
		return err_errno(err, -errno, "cannot attach the sampler to event '%s' on CPU %u",
				 ticks_event_name(ticks), cpu);
	return TAKE_FD(fd);
}

static struct tick_cpu *find_cpu(struct ticks *ticks, uint32_t id)
{
	vec_for_each(&ticks->cpus, cpu)
		if (cpu->id == id)
			return cpu;
	return NULL;
}

static int add_cpu(struct ticks *ticks, uint32_t id, struct err *err)
{
	struct tick_cpu *cpu = find_cpu(ticks, id);
	int fd;

	if (cpu && cpu->fd >= 0)
		return 0;
	fd = open_event(ticks, id, err);
	if (fd < 0)
		return fd == -ENODEV ? 0 : fd;
	if (cpu) {
		cpu->fd = fd;
		return 1;
	}
	if (vec_push(&ticks->cpus, ((struct tick_cpu){.id = id, .fd = fd})) < 0) {
		close(fd);
		return err_errno(err, -ENOMEM, "cannot keep account of CPU %u", id);
	}
	return 1;
}

int ticks_open(const struct ticks_options *options, struct ticks **ret_ticks, struct err *err)
{
	_cleanup_ticks_ struct ticks *ticks = calloc(1, sizeof(*ticks));
	_cleanup_(cpu_list_free) struct cpu_list online = {0};
	int r;

	if (!ticks)
		return err_errno(err, -ENOMEM, "cannot open the sampling events");
	ticks->event = options->event;
	if (ticks->event == TICK_AUTO)
		ticks->event = ticks_cycles_work() ? TICK_CYCLES : TICK_CPU_CLOCK;
	ticks->frequency_hz = options->frequency_hz;
	ticks->prog_fd = options->prog_fd;
	r = cpu_list_online(&online, err);
	for (size_t i = 0; i < online.ids.len && r >= 0; i++)
		r = add_cpu(ticks, online.ids.items[i], err);
	if (r < 0)
		return r;
	*ret_ticks = TAKE_PTR(ticks);
	return 0;
}

struct ticks *ticks_free(struct ticks *ticks)
{
	if (!ticks)
		return NULL;
	vec_for_each(&ticks->cpus, cpu)
		cleanup_close_(&cpu->fd);
	vec_free(&ticks->cpus);
	free(ticks);
	return NULL;
}

static int enable_cpu(struct tick_cpu *cpu, struct err *err)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	if (ioctl(cpu->fd, PERF_EVENT_IOC_ENABLE, 0) < 0)
		return err_errno(err, -errno, "cannot enable sampling on CPU %u", cpu->id);
	if (!cpu->begin_ns)
		cpu->begin_ns = now_ns;
	return 0;
}

/*
 * The total of idle and iowait time of all CPUs. 0 when unreadable: then no tick is called idle.
 * /proc/stat counts in USER_HZ, Documentation/filesystems/proc.rst 1.7.
 */
static uint64_t idle_time_ns(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/stat", "re");
	unsigned long long idle, iowait;

	if (!file || fscanf(file, "cpu %*u %*u %*u %llu %llu", &idle, &iowait) != 2)
		return 0;
	return (idle + iowait) * (NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
}

static void wait_until(uint64_t at_ns)
{
	struct timespec at = timespec_of_ns(at_ns);

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

/* A fraction of `span_ns`; without randomness, always the same one. */
static uint64_t random_ns(uint64_t span_ns)
{
	uint32_t fraction = UINT32_MAX / 2;

	if (getrandom(&fraction, sizeof(fraction), GRND_NONBLOCK) < 0)
		fraction = UINT32_MAX / 2;
	return span_ns * fraction >> 32;
}

/* Calls `start` for each CPU, one after the other within a period. */
static int stagger(struct ticks *ticks, uint64_t period,
		   int (*start)(struct ticks *ticks, struct tick_cpu *cpu, uint64_t period,
				struct err *err),
		   struct err *err)
{
	uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC), at_ns = begin_ns;
	uint64_t share_ns = ticks->cpus.len ? MIN(period, STAGGER_NS_MAX) / ticks->cpus.len : 0;

	vec_for_each(&ticks->cpus, cpu) {
		int r;

		wait_until(at_ns + random_ns(share_ns));
		at_ns += share_ns;
		r = cpu->fd < 0 ? 0 : start(ticks, cpu, period, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int start_cpu(struct ticks *ticks, struct tick_cpu *cpu, uint64_t period, struct err *err)
{
	(void)ticks, (void)period;
	return enable_cpu(cpu, err);
}

int ticks_enable(struct ticks *ticks, struct err *err)
{
	ticks->enabled = true;
	ticks->idle_begin_ns = idle_time_ns();
	return stagger(ticks, period_ns(ticks), start_cpu, err);
}

void ticks_disable(struct ticks *ticks)
{
	vec_for_each(&ticks->cpus, cpu)
		if (cpu->fd >= 0)
			ioctl(cpu->fd, PERF_EVENT_IOC_DISABLE, 0);
	ticks->end_ns = clock_ns(CLOCK_MONOTONIC);
}

static struct tick_reading read_event(const struct tick_cpu *cpu)
{
	struct tick_reading reading = {0};

	if (cpu->fd < 0 || read(cpu->fd, &reading, sizeof(reading)) != sizeof(reading))
		return cpu->from;
	return reading;
}

/* The kernel switches the event of a CPU that goes offline off for good: keep its account. */
static void retire_event(struct tick_cpu *cpu)
{
	struct tick_reading reading = read_event(cpu);

	cpu->active_ns += reading.time_enabled_ns - cpu->from.time_enabled_ns;
	cpu->count += reading.value - cpu->from.value;
	cpu->from = (struct tick_reading){0};
	cpu->was_offline = true;
	close(cpu->fd);
	cpu->fd = -1;
}

static bool retire_offline(struct ticks *ticks, const struct cpu_list *online)
{
	bool changed = false;

	vec_for_each(&ticks->cpus, cpu) {
		if (cpu->fd < 0 || cpu_list_has(online, cpu->id))
			continue;
		retire_event(cpu);
		changed = true;
	}
	return changed;
}

int ticks_follow_hotplug(struct ticks *ticks, struct err *err)
{
	_cleanup_(cpu_list_free) struct cpu_list online = {0};
	int r = cpu_list_online(&online, err);
	bool changed;

	if (r < 0)
		return r;
	changed = retire_offline(ticks, &online);
	vec_for_each(&online.ids, id) {
		r = add_cpu(ticks, *id, err);
		changed |= r > 0;
		if (r > 0 && ticks->enabled && !ticks->paused)
			r = enable_cpu(find_cpu(ticks, *id), err);
		if (r < 0)
			return r;
	}
	return changed;
}

static uint64_t idle_ticks(const struct ticks *ticks)
{
	uint64_t now_ns = idle_time_ns();

	if (ticks->event != TICK_CYCLES || now_ns < ticks->idle_begin_ns)
		return 0;
	return (now_ns - ticks->idle_begin_ns) / period_ns(ticks);
}

/*
 * Due is what the events were enabled for, in their own clock, plus the time they were not though
 * they had been begun: the CPU was offline. A software clock counts nanoseconds, so its count is
 * the ticks it delivered, and what it falls short of the time it was enabled for is time it was
 * stopped. Of cycles only the time is known: what came is what was seen.
 */
static void account_cpu(const struct ticks *ticks, const struct tick_cpu *cpu, uint64_t now_ns,
			struct tick_account *account)
{
	struct tick_reading reading = read_event(cpu);
	uint64_t active_ns = cpu->active_ns + reading.time_enabled_ns - cpu->from.time_enabled_ns;
	uint64_t since_ns = cpu->begin_ns ? now_ns - cpu->begin_ns : 0;
	uint64_t due = active_ns / period_ns(ticks), offline = 0;
	uint64_t counted = (cpu->count + reading.value - cpu->from.value) / period_ns(ticks);

	if (ticks->event == TICK_CYCLES)
		counted = due;
	if (cpu->was_offline && since_ns > active_ns)
		offline = (since_ns - active_ns) / period_ns(ticks);
	account->delivered += counted;
	if (due > counted + 1) /* by one they differ by rounding */
		account->stopped += due - counted;
	account->offline += offline;
	account->expected += due + offline;
}

static void account_pause(const struct ticks *ticks, uint64_t now_ns, struct tick_account *account)
{
	uint64_t due = (now_ns - ticks->pause_ns) / period_ns(ticks) * ticks->cpus.len;

	*(ticks->held ? &account->held : &account->paused) += due;
	account->expected += due;
}

void ticks_read(struct ticks *ticks, struct tick_account *ret_account)
{
	uint64_t now_ns = ticks->end_ns ? ticks->end_ns : clock_ns(CLOCK_MONOTONIC);
	struct tick_account account = ticks->closed;

	account.cpus = (uint32_t)ticks->cpus.len;
	if (ticks->paused) {
		account_pause(ticks, now_ns, &account);
	} else {
		vec_for_each(&ticks->cpus, cpu)
			account_cpu(ticks, cpu, now_ns, &account);
		account.idle += idle_ticks(ticks);
	}
	*ret_account = account;
}

/* ---- a new interval ---- */

static void begin_interval(struct ticks *ticks, struct tick_cpu *cpu)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	account_cpu(ticks, cpu, now_ns, &ticks->closed);
	cpu->from = read_event(cpu);
	cpu->begin_ns = cpu->begin_ns ? now_ns : 0;
	cpu->active_ns = cpu->count = 0;
	cpu->was_offline = cpu->fd < 0;
}

static void begin_idle_interval(struct ticks *ticks)
{
	ticks->closed.idle += idle_ticks(ticks);
	ticks->idle_begin_ns = idle_time_ns();
}

/* The kernel starts the period anew with its new length, at this very moment. */
static int set_period(const struct ticks *ticks, const struct tick_cpu *cpu, uint64_t period,
		      struct err *err)
{
	uint64_t value = ticks->event == TICK_CYCLES ? NS_PER_SEC / period : period;

	if (ioctl(cpu->fd, PERF_EVENT_IOC_PERIOD, &value) < 0)
		return err_errno(err, -errno, "cannot set the sampling rate of CPU %u", cpu->id);
	return 0;
}

static int restart_cpu(struct ticks *ticks, struct tick_cpu *cpu, uint64_t period, struct err *err)
{
	begin_interval(ticks, cpu);
	return set_period(ticks, cpu, period, err);
}

static int restart_all(struct ticks *ticks, uint32_t frequency_hz, struct err *err)
{
	begin_idle_interval(ticks);
	vec_for_each(&ticks->cpus, cpu)
		if (cpu->fd < 0)
			begin_interval(ticks, cpu);
	return stagger(ticks, NS_PER_SEC / frequency_hz, restart_cpu, err);
}

int ticks_set_frequency(struct ticks *ticks, uint32_t frequency_hz, struct err *err)
{
	int r = 0;

	if (ticks->paused) {
		account_pause(ticks, clock_ns(CLOCK_MONOTONIC), &ticks->closed);
		ticks->pause_ns = clock_ns(CLOCK_MONOTONIC);
	} else {
		r = restart_all(ticks, frequency_hz, err);
	}
	ticks->frequency_hz = frequency_hz;
	return r;
}

static void stop_all(struct ticks *ticks, bool hold)
{
	if (ticks->paused)
		return;
	vec_for_each(&ticks->cpus, cpu) {
		if (cpu->fd >= 0)
			ioctl(cpu->fd, PERF_EVENT_IOC_DISABLE, 0);
		begin_interval(ticks, cpu);
	}
	begin_idle_interval(ticks);
	ticks->pause_ns = clock_ns(CLOCK_MONOTONIC);
	ticks->paused = true;
	ticks->held = hold;
}

void ticks_pause(struct ticks *ticks)
{
	stop_all(ticks, false);
}

void ticks_hold(struct ticks *ticks)
{
	stop_all(ticks, true);
}

static int resume_cpu(struct ticks *ticks, struct tick_cpu *cpu, uint64_t period, struct err *err)
{
	int r;

	cpu->begin_ns = 0; /* it begins now */
	r = enable_cpu(cpu, err);
	return r < 0 ? r : set_period(ticks, cpu, period, err);
}

int ticks_resume(struct ticks *ticks, struct err *err)
{
	if (!ticks->paused)
		return 0;
	account_pause(ticks, clock_ns(CLOCK_MONOTONIC), &ticks->closed);
	ticks->paused = false;
	vec_for_each(&ticks->cpus, cpu) {
		cpu->begin_ns = clock_ns(CLOCK_MONOTONIC);
		cpu->was_offline = cpu->fd < 0;
	}
	ticks->idle_begin_ns = idle_time_ns();
	return stagger(ticks, period_ns(ticks), resume_cpu, err);
}

const char *ticks_event_name(const struct ticks *ticks)
{
	return ticks->event == TICK_CYCLES ? "cycles" : "cpu-clock";
}
