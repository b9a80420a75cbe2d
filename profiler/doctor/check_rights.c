// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The capabilities in the effective set, and what each gives a profiler: capabilities(7). */
#include "profiler/doctor/check.h"
#include "profiler/doctor/rights.h"

static void judge(unsigned int capability, const char *gives, struct check_result *result)
{
	if (rights_held(capability)) {
		check_works(result, "held: %s", gives);
		return;
	}
	check_missing(result, "%s", gives);
	check_advise(result, "%s", check_privileges_advice);
}

/* What CAP_SYS_ADMIN held all of before the capability had a name of its own. */
static void judge_part_of_admin(unsigned int capability, const char *gives,
				struct check_result *result)
{
	if (!rights_held(capability) && rights_held(CAP_SYS_ADMIN))
		check_fallback(result, "CAP_SYS_ADMIN", "%s", gives);
	else
		judge(capability, gives, result);
}

static void check_bpf(struct host *host, struct check_result *result)
{
	(void)host;
	judge_part_of_admin(CAP_BPF, "loads the sampling program", result);
}

static void check_perfmon(struct host *host, struct check_result *result)
{
	(void)host;
	judge_part_of_admin(CAP_PERFMON, "opens events of all processes, walks stacks", result);
}

static void check_restore(struct host *host, struct check_result *result)
{
	(void)host;
	judge_part_of_admin(CAP_CHECKPOINT_RESTORE,
			    "opens mapped files that have been deleted (/proc/PID/map_files)",
			    result);
}

static void check_ptrace(struct host *host, struct check_result *result)
{
	(void)host;
	judge(CAP_SYS_PTRACE, "reads the mappings of other users' processes", result);
}

static void check_dac(struct host *host, struct check_result *result)
{
	(void)host;
	judge(CAP_DAC_READ_SEARCH, "opens programs that only their users may read", result);
}

static void check_syslog(struct host *host, struct check_result *result)
{
	(void)host;
	judge(CAP_SYSLOG, "sees kernel addresses where kernel.kptr_restrict is 1", result);
}

static void check_user_namespace(struct host *host, struct check_result *result)
{
	(void)host;
	if (rights_count())
		return;
	check_missing(result, "this is not the host's: capabilities here do not count for BPF");
	check_advise(result, "run smolder on the host itself, or in a container without a user "
			     "namespace of its own");
}

const struct check rights_checks[] = {
	{"CAP_BPF", check_bpf, false},
	{"CAP_PERFMON", check_perfmon, false},
	{"CAP_SYS_PTRACE", check_ptrace, false},
	{"CAP_DAC_READ_SEARCH", check_dac, false},
	{"CAP_CHECKPOINT_RESTORE", check_restore, false},
	{"CAP_SYSLOG", check_syslog, false},
	{"user namespace", check_user_namespace, false},
	{0},
};
