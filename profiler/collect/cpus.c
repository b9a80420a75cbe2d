// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/collect/cpus.h"

#include "base/fs.h"
#include "base/parse.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#define ONLINE_PATH "/sys/devices/system/cpu/online"
#define CPU_MAX 65536u
#define UEVENT_GROUP_KERNEL 1
#define UEVENT_MAX 8192

static int add_range(struct cpu_list *list, const char *text, size_t len)
{
	const char *dash = memchr(text, '-', len);
	size_t first_len = dash ? (size_t)(dash - text) : len;
	uint64_t first, last;
	int r;

	r = parse_u64_len(text, first_len, 10, &first);
	if (r < 0)
		return r;
	last = first;
	if (dash)
		r = parse_u64_len(dash + 1, len - first_len - 1, 10, &last);
	if (r < 0)
		return r;
	if (last < first || last >= CPU_MAX)
		return -EINVAL;
	for (uint64_t cpu = first; cpu <= last && r == 0; cpu++)
		r = vec_push(&list->ids, (uint32_t)cpu);
	return r;
}

int cpu_list_parse(const char *text, struct cpu_list *ret_list)
{
	_cleanup_(cpu_list_free) struct cpu_list list = {0};

	while (*text) {
		size_t len = strcspn(text, ",");
		int r = add_range(&list, text, len);

		if (r < 0)
			return r;
		text += len + (text[len] == ',');
	}
	*ret_list = TAKE(list, (struct cpu_list){0});
	return 0;
}

int cpu_list_online(struct cpu_list *ret_list, struct err *err)
{
	char text[4096];
	int r = fs_read_line(ONLINE_PATH, text, sizeof(text));

	if (r < 0)
		return err_errno(err, r, "cannot read '%s'", ONLINE_PATH);
	r = cpu_list_parse(text, ret_list);
	if (r < 0)
		return err_set(err, r, "'%s' says '%s', which is no list of CPUs", ONLINE_PATH,
			       text);
	return 0;
}

bool cpu_list_has(const struct cpu_list *list, uint32_t cpu)
{
	vec_for_each(&list->ids, id)
		if (*id == cpu)
			return true;
	return false;
}

void cpu_list_free(struct cpu_list *list)
{
	vec_free(&list->ids);
}

int cpu_watch_open(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = UEVENT_GROUP_KERNEL};
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
					NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* A uevent starts with "ACTION@DEVPATH"; an overrun (ENOBUFS) may have swallowed one of ours. */
bool cpu_watch_drain(int fd)
{
	char message[UEVENT_MAX + 1];
	bool changed = false;
	ssize_t len;

	while ((len = recv(fd, message, UEVENT_MAX, 0)) > 0 || errno == ENOBUFS) {
		if (len <= 0) {
			changed = true;
			errno = 0;
			continue;
		}
		message[len] = '\0';
		changed |= strstr(message, "@/devices/system/cpu/cpu") != NULL;
	}
	return changed;
}
