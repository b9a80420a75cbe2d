// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/sandbox/worker_confine.h"

#include "base/cleanup.h"
#include "profiler/sandbox/worker_channel.h"
#include "profiler/sandbox/worker_filter.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define NOBODY 65534 /* DEFAULT_OVERFLOWUID, include/linux/highuid.h */
#define CAPABILITIES_MAX 64

#define MIB ((uint64_t)1024 * 1024)
#define MEMORY_LEAST (256 * MIB) /* libraries, and what an object of any length may need */
#define MEMORY_TIMES 8 /* that much for each byte of a file: its sections may be compressed */
#define MEMORY_MOST (2048 * MIB)
#define FILES_MAX 64
#define CPU_MAX_S 60 /* the other end has less patience; this is for when it is gone */

/* Address space is not memory where a sanitizer keeps its shadow in it. */
#if defined(__SANITIZE_ADDRESS__)
#define HAS_SHADOW true
#elif defined(__has_feature)
#define HAS_SHADOW __has_feature(address_sanitizer)
#else
#define HAS_SHADOW false
#endif

static bool limit(int resource, uint64_t value)
{
	struct rlimit now, wanted;

	if (getrlimit((__rlimit_resource_t)resource, &now) < 0)
		return false;
	wanted.rlim_cur = wanted.rlim_max = MIN((rlim_t)value, now.rlim_max);
	return setrlimit((__rlimit_resource_t)resource, &wanted) == 0;
}

static bool limit_resources(void)
{
	static const struct {
		int resource;
		uint64_t value;
	} limits[] = {
		{RLIMIT_FSIZE, 0},    {RLIMIT_CORE, 0},           {RLIMIT_MEMLOCK, 0},
		{RLIMIT_MSGQUEUE, 0}, {RLIMIT_NOFILE, FILES_MAX},
	};
	bool all = true;

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		all &= limit(limits[i].resource, limits[i].value);
	return all && (HAS_SHADOW || limit(RLIMIT_AS, MEMORY_MOST));
}

/* The hard limit stays: there may be more files to come. */
void worker_confine_memory(uint64_t files_len)
{
	uint64_t more = MIN(files_len, MEMORY_MOST) * MEMORY_TIMES;
	struct rlimit wanted = {.rlim_max = MEMORY_MOST};

	if (HAS_SHADOW || getrlimit(RLIMIT_AS, &wanted) < 0)
		return;
	wanted.rlim_cur = MIN((rlim_t)(MEMORY_LEAST + more), wanted.rlim_max);
	setrlimit(RLIMIT_AS, &wanted);
}

/* Before the user changes: that takes the right to do it away. */
static void drop_bounds(void)
{
	for (unsigned long capability = 0; capability < CAPABILITIES_MAX; capability++)
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
			return; /* beyond the last, or not allowed: then there is little to bound */
}

static bool become_nobody(void)
{
	if (geteuid() != 0)
		return true;
	return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	       setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

static bool drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &head, none) == 0;
}

uint32_t worker_confine_zygote(void)
{
	uint32_t gave = 0;

	close_range(WORKER_FD + 1, ~0u, 0);
	drop_bounds();
	if (become_nobody())
		gave |= WORKER_GAVE_USER;
	if (drop_capabilities())
		gave |= WORKER_GAVE_CAPABILITIES;
	if (limit_resources())
		gave |= WORKER_GAVE_RESOURCES;
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		gave |= WORKER_GAVE_PRIVILEGES;
	if (worker_filter_install(true) == 0)
		gave |= WORKER_GAVE_SYSTEM_CALLS;
	return gave;
}

uint32_t worker_confine(uint32_t gave)
{
	if (!limit(RLIMIT_NPROC, 0) || !limit(RLIMIT_CPU, CPU_MAX_S))
		gave &= ~(uint32_t)WORKER_GAVE_RESOURCES;
	if (worker_filter_install(false) < 0)
		gave &= ~(uint32_t)WORKER_GAVE_SYSTEM_CALLS;
	return gave;
}

const char *worker_confine_missing(uint32_t gave, char *text, uint32_t size)
{
	static const struct {
		enum worker_right right;
		const char *words;
	} rights[] = {
		{WORKER_GAVE_USER, "cannot become another user"},
		{WORKER_GAVE_CAPABILITIES, "keep their capabilities"},
		{WORKER_GAVE_PRIVILEGES, "may gain privileges"},
		{WORKER_GAVE_SYSTEM_CALLS, "have no seccomp filter"},
		{WORKER_GAVE_RESOURCES, "have no resource limits"},
	};
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(rights) && len < size; i++)
		if (!(gave & rights[i].right))
			len += (size_t)snprintf(text + len, size - len, "%s%s", len ? ", " : "",
						rights[i].words);
	return text;
}
