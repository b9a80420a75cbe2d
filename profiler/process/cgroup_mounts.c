// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/cgroup_mounts.h"

#include "base/fs.h"

#include <stdlib.h>
#include <string.h>

#define MOUNTINFO_LEN_MAX ((size_t)16 << 20)
#define FIELDS_MAX 32u /* optional fields are few: shared, master, propagate_from, unbindable */

enum { FIELD_ROOT = 3, FIELD_PATH = 4, FIELD_OPTIONAL = 6 };

/* Spaces, tabs, newlines and backslashes are written as \ooo; undone in place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from;) {
		if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3) {
			char digits[4] = {from[1], from[2], from[3], '\0'};

			*to++ = (char)strtoul(digits, NULL, 8);
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

static size_t split(char *line, char **fields)
{
	size_t len = 0;
	char *state = NULL;

	for (char *field = strtok_r(line, " ", &state); field && len < FIELDS_MAX;
	     field = strtok_r(NULL, " ", &state))
		fields[len++] = field;
	return len;
}

static bool copy(char *to, size_t size, const char *from)
{
	size_t len = strlen(from);

	if (len >= size)
		return false;
	memcpy(to, from, len + 1);
	return true;
}

/* Super block options of v1 name its controllers among others: "rw,cpu,cpuacct". */
static bool find_controllers(char *options, struct cgroup_mount *mount)
{
	static const char *const others[] = {
		"rw", "ro", "xattr", "noprefix", "cpuset_v2_mode", "clone_children"};
	char *state = NULL;
	size_t len = 0;

	for (char *option = strtok_r(options, ",", &state); option;
	     option = strtok_r(NULL, ",", &state)) {
		bool other = strncmp(option, "release_agent=", 14) == 0;

		for (size_t i = 0; i < ARRAY_SIZE(others); i++)
			other |= strcmp(option, others[i]) == 0;
		if (other)
			continue;
		if (len + strlen(option) + 2 > sizeof(mount->controllers))
			return false;
		len += (size_t)sprintf(mount->controllers + len, "%s%s", len ? "," : "", option);
	}
	return len > 0;
}

/* "ID PARENT MAJOR:MINOR ROOT PATH OPTIONS [OPTIONAL…] - TYPE SOURCE SUPER_OPTIONS" */
static bool parse_mount(char *line, struct cgroup_mount *mount)
{
	char *fields[FIELDS_MAX];
	size_t len = split(line, fields), dash = FIELD_OPTIONAL;

	while (dash < len && strcmp(fields[dash], "-") != 0)
		dash++;
	if (dash + 3 >= len)
		return false;
	*mount = (struct cgroup_mount){.v2 = strcmp(fields[dash + 1], "cgroup2") == 0};
	if (!mount->v2 &&
	    (strcmp(fields[dash + 1], "cgroup") != 0 || !find_controllers(fields[dash + 3], mount)))
		return false;
	unescape(fields[FIELD_ROOT]);
	unescape(fields[FIELD_PATH]);
	return copy(mount->root, sizeof(mount->root), fields[FIELD_ROOT]) &&
	       copy(mount->path, sizeof(mount->path), fields[FIELD_PATH]);
}

int cgroup_mounts_each(const char *mountinfo_path,
		       void (*note)(void *ctx, const struct cgroup_mount *mount), void *ctx)
{
	_cleanup_buf_ struct buf text = {0};
	char *state = NULL;
	int r = fs_read_file(mountinfo_path, MOUNTINFO_LEN_MAX, &text);

	if (r < 0)
		return r;
	buf_append_byte(&text, '\0');
	if (buf_error(&text) < 0)
		return buf_error(&text);
	for (char *line = strtok_r((char *)text.data, "\n", &state); line;
	     line = strtok_r(NULL, "\n", &state)) {
		struct cgroup_mount mount;

		if (parse_mount(line, &mount))
			note(ctx, &mount);
	}
	return 0;
}
