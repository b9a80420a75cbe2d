// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/procfs.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/parse.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define STAT_LEN_MAX 4096u
#define STATUS_LEN_MAX ((size_t)64 << 10) /* lists of CPUs and groups can be long */
#define NUMBERS_MAX 32u                   /* MAX_PID_NS_LEVEL, include/linux/pid_namespace.h */
#define MAPS_LEN_MAX ((size_t)64 << 20)   /* 65530 mappings with long paths need about 16 MiB */
#define PF_KTHREAD 0x00200000u            /* include/linux/sched.h */
#define PID_NS_INIT_INO 0xEFFFFFFCu       /* PROC_PID_INIT_INO, include/linux/proc_ns.h */

/* Positions in /proc/PID/stat behind the command's closing parenthesis, from 0. */
enum { FIELD_STATE, FIELD_PARENT, FIELD_FLAGS = 6, FIELD_START = 19, FIELDS_NEEDED };

struct field {
	const char *text;
	size_t len;
};

/* The field at *text, up to `separator`; moves *text behind both. Empty at the end. */
static struct field next_field(const char **text, const char *end, char separator)
{
	const char *start = *text, *stop = memchr(start, separator, (size_t)(end - start));

	if (!stop)
		stop = end;
	*text = stop < end ? stop + 1 : end;
	return (struct field){start, (size_t)(stop - start)};
}

static bool number(struct field field, unsigned int base, uint64_t *ret_value)
{
	return parse_u64_len(field.text, field.len, base, ret_value) == 0;
}

static bool number32(struct field field, unsigned int base, uint32_t *ret_value)
{
	uint64_t value;

	if (!number(field, base, &value) || value > UINT32_MAX)
		return false;
	*ret_value = (uint32_t)value;
	return true;
}

int procfs_parse_stat(const char *text, size_t len, struct procfs_stat *ret_stat)
{
	/* The command may hold parentheses itself; what follows the last one cannot. */
	const char *open = memchr(text, '(', len), *close = memrchr(text, ')', len);
	const char *end = text + len, *at;
	struct field fields[FIELDS_NEEDED];
	struct procfs_stat stat = {0};
	uint32_t flags;
	size_t comm_len;

	if (!open || !close || close < open || end - close < 2)
		return -EINVAL;
	at = close + 2;
	for (size_t i = 0; i < FIELDS_NEEDED; i++)
		fields[i] = next_field(&at, end, ' ');
	if (!number32(fields[FIELD_PARENT], 10, &stat.parent_tgid) ||
	    !number32(fields[FIELD_FLAGS], 10, &flags) ||
	    !number(fields[FIELD_START], 10, &stat.start_ticks))
		return -EINVAL;
	comm_len = MIN((size_t)(close - open - 1), sizeof(stat.comm) - 1);
	memcpy(stat.comm, open + 1, comm_len);
	stat.is_kernel = flags & PF_KTHREAD;
	stat.state = fields[FIELD_STATE].len ? fields[FIELD_STATE].text[0] : '\0';
	stat.is_dead = fields[FIELD_STATE].len == 1 && strchr("ZX", fields[FIELD_STATE].text[0]);
	*ret_stat = stat;
	return 0;
}

int procfs_read_stat(uint32_t tgid, struct procfs_stat *ret_stat)
{
	_cleanup_buf_ struct buf text = {0};
	char path[32];
	int r;

	snprintf(path, sizeof(path), "/proc/%u/stat", tgid);
	r = fs_read_file(path, STAT_LEN_MAX, &text);
	if (r < 0)
		return r;
	return procfs_parse_stat((const char *)text.data, text.len, ret_stat);
}

/* The numbers behind "NAME:" at a line's start, as many as fit; how many, or 0. */
static uint32_t status_numbers(const char *text, size_t len, const char *name,
			       uint32_t numbers[NUMBERS_MAX])
{
	const char *at = memmem(text, len, name, strlen(name)), *end;
	uint32_t count = 0;

	if (!at)
		return 0;
	at += strlen(name);
	end = memchr(at, '\n', (size_t)(text + len - at));
	while (end && at < end && count < NUMBERS_MAX)
		if (!number32(next_field(&at, end, '\t'), 10, &numbers[count++]))
			return 0;
	return count;
}

int procfs_parse_status(const char *text, size_t len, struct procfs_status *ret_status)
{
	uint32_t tgids[NUMBERS_MAX], uids[NUMBERS_MAX];
	struct procfs_status status;

	status.depth = status_numbers(text, len, "\nNStgid:\t", tgids);
	if (!status.depth || status_numbers(text, len, "\nUid:\t", uids) != ARRAY_SIZE(status.uids))
		return -EINVAL;
	status.tgid = tgids[0];
	status.own_tgid = tgids[status.depth - 1];
	memcpy(status.uids, uids, sizeof(status.uids));
	*ret_status = status;
	return 0;
}

int procfs_read_status(uint32_t tgid, struct procfs_status *ret_status)
{
	_cleanup_buf_ struct buf text = {0};
	char path[32];
	int r;

	snprintf(path, sizeof(path), "/proc/%u/status", tgid);
	r = fs_read_file(path, STATUS_LEN_MAX, &text);
	if (r < 0)
		return r;
	return procfs_parse_status((const char *)text.data, text.len, ret_status);
}

int procfs_read_maps(uint32_t tgid, struct buf *text)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u/maps", tgid);
	buf_clear(text);
	return fs_read_file(path, MAPS_LEN_MAX, text);
}

/* fs/proc/task_mmu.c escapes newlines in paths, and only these, as \012. */
static void unescape(char *path)
{
	char *to = path;

	for (const char *from = path; *from;) {
		bool newline = strncmp(from, "\\012", 4) == 0;

		*to++ = newline ? '\n' : *from;
		from += newline ? 4 : 1;
	}
	*to = '\0';
}

/* "START-END PERM OFFSET MAJOR:MINOR INODE   PATH" */
static bool parse_map(char *line, const char *end, struct procfs_map *map)
{
	const char *at = line;
	struct field start = next_field(&at, end, '-'), limit = next_field(&at, end, ' ');
	struct field permissions = next_field(&at, end, ' '), offset = next_field(&at, end, ' ');
	struct field major = next_field(&at, end, ':'), minor = next_field(&at, end, ' ');
	struct field inode = next_field(&at, end, ' ');

	if (!number(start, 16, &map->start) || !number(limit, 16, &map->limit) ||
	    !number(offset, 16, &map->file_offset) || !number32(major, 16, &map->major) ||
	    !number32(minor, 16, &map->minor) || !number(inode, 10, &map->inode))
		return false;
	if (permissions.len != 4 || map->start >= map->limit)
		return false;
	map->executable = permissions.text[2] == 'x';
	while (at < end && *at == ' ')
		at++;
	map->path = at;
	return true;
}

bool procfs_next_map(struct buf *text, size_t *at, struct procfs_map *ret_map)
{
	while (*at < text->len) {
		char *line = (char *)text->data + *at;
		char *end = memchr(line, '\n', text->len - *at);
		struct procfs_map map;

		if (!end) /* cut short */
			return false;
		*end = '\0';
		*at = (size_t)(end - (char *)text->data) + 1;
		if (!parse_map(line, end, &map))
			continue;
		unescape(line + (map.path - line));
		*ret_map = map;
		return true;
	}
	return false;
}

uint64_t procfs_ticks_of_ns(uint64_t boottime_ns)
{
	uint64_t tick_ns = NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);

	return boottime_ns / tick_ns;
}

uint32_t procfs_next_process(DIR *proc)
{
	const struct dirent *entry;
	uint32_t tgid;

	while ((entry = readdir(proc)))
		if (parse_u32(entry->d_name, &tgid) == 0 && tgid)
			return tgid;
	return 0;
}

int procfs_has_host_pids(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) < 0 ? -errno : st.st_ino == PID_NS_INIT_INO;
}
