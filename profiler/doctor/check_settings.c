// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Settings of the kernel and limits of this process: Documentation/admin-guide/sysctl/kernel.rst. */
#include "base/fs.h"
#include "base/parse.h"
#include "profiler/doctor/check.h"
#include "profiler/doctor/host.h"
#include "profiler/doctor/rights.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#define LOCKDOWN_PATH "/sys/kernel/security/lockdown"
#define FILES_ENOUGH 4096 /* executables and libraries held open on a large host, twice over */

/* The setting's text; false, and a row that says so, when it cannot be read. */
static bool read_setting(const char *name, char *value, size_t size, struct check_result *result)
{
	char path[128];
	int r;

	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", name);
	r = fs_read_line(path, value, size);
	if (r < 0)
		check_note(result, "kernel.%s cannot be read: %s", name, strerror(-r));
	return r == 0;
}

static bool read_number(const char *name, uint32_t *ret_number, struct check_result *result)
{
	char value[32];

	if (!read_setting(name, value, sizeof(value), result))
		return false;
	if (parse_u32(value, ret_number) == 0)
		return true;
	check_note(result, "kernel.%s is '%s'", name, value);
	return false;
}

static void check_paranoid(struct host *host, struct check_result *result)
{
	char value[32];

	if (!read_setting("perf_event_paranoid", value, sizeof(value), result))
		return;
	(void)host;
	if (value[0] == '-' || strcmp(value, "0") == 0 ||
	    (rights_count() && (rights_held(CAP_PERFMON) || rights_held(CAP_SYS_ADMIN)))) {
		check_works(result, "%s: does not bind this user", value);
		return;
	}
	check_missing(result, "%s: events of the whole host are for the privileged", value);
	check_advise(result, "%s", check_privileges_advice);
}

static void check_max_stack(struct host *host, struct check_result *result)
{
	uint32_t depth;

	(void)host;
	if (!read_number("perf_event_max_stack", &depth, result))
		return;
	if (depth >= SMOLDER_STACK_DEPTH) {
		check_works(result, "stacks hold up to %u addresses", sampler_stack_depth());
		return;
	}
	check_fallback(result, "shorter stacks", "deeper ones are cut off at %u addresses", depth);
	check_advise(result, "sysctl kernel.perf_event_max_stack=%d (while no profiler runs)",
		     SMOLDER_STACK_DEPTH);
}

static void check_max_rate(struct host *host, struct check_result *result)
{
	uint32_t rate_hz;

	(void)host;
	if (!read_number("perf_event_max_sample_rate", &rate_hz, result))
		return;
	if (rate_hz >= HOST_FREQUENCY_HZ) {
		check_works(result, "up to %u Hz", rate_hz);
		return;
	}
	check_missing(result, "%u Hz: less than the default of %d", rate_hz, HOST_FREQUENCY_HZ);
	check_advise(result, "sysctl kernel.perf_event_max_sample_rate=100000");
}

static void check_cpu_percent(struct host *host, struct check_result *result)
{
	uint32_t percent;

	(void)host;
	if (!read_number("perf_cpu_time_max_percent", &percent, result))
		return;
	if (percent == 0 || percent == 100)
		check_note(result, "%u: the kernel never lowers the sample rate by itself",
			   percent);
	else
		check_note(
			result,
			"the kernel lowers the sample rate if sampling takes over %u %% of a CPU",
			percent);
}

static void check_files(struct host *host, struct check_result *result)
{
	struct rlimit limit;

	(void)host;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
		check_failed(result, -errno, "cannot read RLIMIT_NOFILE");
		return;
	}
	if (limit.rlim_max >= FILES_ENOUGH) {
		check_works(result, "up to %llu, half of them for programs and libraries in use",
			    (unsigned long long)limit.rlim_max);
		return;
	}
	check_missing(result, "%llu: on a busy host some programs would keep no names",
		      (unsigned long long)limit.rlim_max);
	check_advise(result, "raise the limit of open files: ulimit -Hn %d", FILES_ENOUGH);
}

/* Kernels that charge BPF maps to the memory control group do not look at it. */
static void check_memlock(struct host *host, struct check_result *result)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return;
	if (host->sampler || limit.rlim_cur == RLIM_INFINITY) {
		check_works(result, "enough: it did not bind the sampler's maps");
		return;
	}
	check_note(result, "%llu KiB: binds BPF maps only on kernels that charge them to it",
		   (unsigned long long)limit.rlim_cur >> 10);
}

/* "none [integrity] confidentiality": the last one forbids programs to read kernel memory. */
static void check_lockdown(struct host *host, struct check_result *result)
{
	char modes[128];

	(void)host;
	if (fs_read_line(LOCKDOWN_PATH, modes, sizeof(modes)) < 0)
		return;
	if (!strstr(modes, "[confidentiality]")) {
		check_works(result, "%s: does not bind profilers", modes);
		return;
	}
	check_missing(result, "%s: BPF programs may not read kernel memory", modes);
	check_advise(result, "boot with lockdown=integrity, or without secure boot");
}

const struct check settings_checks[] = {
	{"perf_event_paranoid", check_paranoid, false},
	{"perf_event_max_stack", check_max_stack, false},
	{"max_sample_rate", check_max_rate, false},
	{"cpu_time_max_percent", check_cpu_percent, false},
	{"open files", check_files, false},
	{"locked memory", check_memlock, false},
	{"kernel lockdown", check_lockdown, false},
	{0},
};
