// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Where the program runs: namespaces, what of /proc it sees, control groups. */
#include "base/fs.h"
#include "profiler/doctor/check.h"
#include "profiler/doctor/rights.h"
#include "profiler/process/cgroup_mounts.h"
#include "profiler/process/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOUNTINFO_PATH "/proc/self/mountinfo"
#define MOUNTINFO_LEN_MAX ((size_t)16 << 20)

static void check_pid_namespace(struct host *host, struct check_result *result)
{
	int host_pids = procfs_has_host_pids();

	(void)host;
	if (host_pids < 0) {
		check_failed(result, host_pids, "cannot look at '/proc/self/ns/pid'");
		return;
	}
	if (host_pids) {
		check_works(result, "the host's own");
		return;
	}
	check_missing(result, "not the host's: its pids are others than the kernel's");
	check_advise(result, "run smolder on the host, or in a container that shares its pid "
			     "namespace (docker run --pid=host)");
}

/* The value of hidepid= in the mount options of /proc; "" when it is not given. */
static void find_hidepid(const char *mountinfo, char *value, size_t size)
{
	static const char option[] = "hidepid=";
	const char *line = NULL, *next = mountinfo, *at;

	value[0] = '\0';
	while ((next = strstr(next, " /proc "))) /* the last mount covers those before it */
		line = next++;
	at = line ? strstr(line, option) : NULL;
	if (!at || at >= strchrnul(line, '\n'))
		return;
	at += sizeof(option) - 1;
	snprintf(value, size, "%.*s", (int)strcspn(at, ", \n"), at);
}

static bool is_hidden(char *value, size_t size)
{
	_cleanup_buf_ struct buf mountinfo = {0};

	value[0] = '\0';
	if (fs_read_file(MOUNTINFO_PATH, MOUNTINFO_LEN_MAX, &mountinfo) < 0)
		return false;
	buf_append_byte(&mountinfo, '\0');
	if (buf_error(&mountinfo))
		return false;
	find_hidepid((const char *)mountinfo.data, value, size);
	return value[0] && strcmp(value, "0") != 0 && strcmp(value, "off") != 0;
}

struct readable { /* processes whose mappings could, or could not, be read */
	unsigned int yes, no;
	uint32_t first_no; /* the first that could not */
	int error;
};

static void try_maps(uint32_t pid, struct readable *readable)
{
	_cleanup_close_ int fd = -1;
	char path[32], byte;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) { /* a kernel thread's list is empty, and open to all */
		readable->yes += read(fd, &byte, 1) == 1;
		return;
	}
	if (errno == ENOENT || errno == ESRCH) /* has ended meanwhile */
		return;
	if (!readable->no++) {
		readable->first_no = pid;
		readable->error = errno;
	}
}

static int try_all_maps(struct readable *readable)
{
	DIR *proc = opendir("/proc");
	uint32_t pid;

	if (!proc)
		return -errno;
	while ((pid = procfs_next_process(proc)))
		try_maps(pid, readable);
	closedir(proc);
	return 0;
}

static void check_proc(struct host *host, struct check_result *result)
{
	struct readable readable = {0};
	char hidden[32];
	int r = try_all_maps(&readable);

	(void)host;
	if (r < 0) {
		check_failed(result, r, "cannot list '/proc'");
		return;
	}
	if (is_hidden(hidden, sizeof(hidden)) && access("/proc/1/stat", R_OK) < 0) {
		check_missing(result, "hidepid=%s: processes of others are hidden", hidden);
		check_advise(result, "%s", check_privileges_advice);
		return;
	}
	if (!readable.yes && !readable.no) {
		check_missing(result, "'/proc' shows no process");
		check_advise(result, "mount procfs on /proc");
		return;
	}
	if (!readable.no) {
		check_works(result, "the mappings of all %u processes can be read", readable.yes);
		return;
	}
	check_missing(result, "the mappings of %u of %u processes cannot be read (pid %u: %s)",
		      readable.no, readable.no + readable.yes, readable.first_no,
		      strerror(readable.error));
	if (!rights_held(CAP_SYS_PTRACE))
		check_advise(result, "%s", check_privileges_advice);
}

struct hierarchies {
	unsigned int v1;
	bool v2;
	char v2_path[128];
};

static void note_mount(void *ctx, const struct cgroup_mount *mount)
{
	struct hierarchies *hierarchies = ctx;

	if (!mount->v2) {
		hierarchies->v1++;
		return;
	}
	if (!hierarchies->v2)
		snprintf(hierarchies->v2_path, sizeof(hierarchies->v2_path), "%.120s", mount->path);
	hierarchies->v2 = true;
}

static void check_cgroups(struct host *host, struct check_result *result)
{
	struct hierarchies hierarchies = {0};
	int r = cgroup_mounts_each(MOUNTINFO_PATH, note_mount, &hierarchies);

	(void)host;
	if (r < 0) {
		check_failed(result, r, "cannot read which are mounted");
		return;
	}
	if (hierarchies.v2 && hierarchies.v1)
		check_works(result, "hybrid: v2 at %s, and %u hierarchies of v1",
			    hierarchies.v2_path, hierarchies.v1);
	else if (hierarchies.v2)
		check_works(result, "v2 at %s", hierarchies.v2_path);
	else if (hierarchies.v1)
		check_fallback(result, "v1", "%u hierarchies; containers are told by /proc alone",
			       hierarchies.v1);
	else {
		check_missing(result, "none is mounted: samples keep no container");
		check_advise(result, "mount -t cgroup2 none /sys/fs/cgroup");
	}
}

const struct check place_checks[] = {
	{"pid namespace", check_pid_namespace, false},
	{"/proc of all", check_proc, false},
	{"control groups", check_cgroups, false},
	{0},
};
