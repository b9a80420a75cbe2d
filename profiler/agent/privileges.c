// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/agent/privileges.h"

#include "base/cleanup.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const unsigned int kept[] = {
	CAP_BPF,                /* load programs, make maps */
	CAP_PERFMON,            /* sample every process; trace */
	CAP_SYS_PTRACE,         /* /proc/PID/maps, root, map_files and memory of others */
	CAP_DAC_READ_SEARCH,    /* files in others' directories */
	CAP_CHECKPOINT_RESTORE, /* open what /proc/PID/map_files leads to: deleted files */
	CAP_SYSLOG,             /* addresses in /proc/kallsyms */
	CAP_SYS_NICE,           /* hurry our own background work when it falls behind */
};

/* For workers that parse what others wrote, to become nobody. */
static const unsigned int kept_by_root[] = {CAP_SETUID, CAP_SETGID};

static uint64_t kept_mask(void)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		mask |= UINT64_C(1) << kept[i];
	for (size_t i = 0; geteuid() == 0 && i < ARRAY_SIZE(kept_by_root); i++)
		mask |= UINT64_C(1) << kept_by_root[i];
	return mask;
}

/* Without CAP_SETPCAP the bounding set stays. It matters only to what is executed: our own workers. */
static void reduce_bounding_set(void)
{
	for (unsigned int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!(kept_mask() & UINT64_C(1) << cap))
			(void)!prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

/* capget(2), capset(2): 64 bits in two parts. */
static int reduce_sets(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(data); i++) {
		uint32_t mask = (uint32_t)(kept_mask() >> (32 * i));

		data[i].permitted &= mask;
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int privileges_reduce(struct err *err)
{
	int r;

	reduce_bounding_set();
	(void)!prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	r = reduce_sets();
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	return r < 0 ? err_errno(err, r, "cannot give up capabilities") : 0;
}
