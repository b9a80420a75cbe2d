// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Container ids in the names runtimes give to control groups:
 *	docker-<id>.scope, cri-containerd-<id>.scope, crio-<id>.scope, libpod-<id>.scope (systemd)
 *	….slice:cri-containerd:<id> (containerd with the systemd driver misconfigured)
 *	/docker/<id>, /kubepods/burstable/pod<uid>/<id>, /ecs/<task>/<id> (cgroupfs)
 *	lxc.payload.<name>, /lxc/<name>
 */
#include "profiler/process/container.h"

#include <string.h>

#define SHORT_ID_LEN 12u /* what runtimes shorten ids to */
#define TASK_ID_LEN 32u

struct name { /* one component of a path */
	const char *text;
	size_t len;
};

static const char *const runtimes[] = {"docker-", "libpod-",     "cri-containerd-",
				       "crio-",   "containerd-", "nerdctl-"};

static bool has_prefix(struct name name, const char *prefix)
{
	size_t len = strlen(prefix);

	return name.len >= len && memcmp(name.text, prefix, len) == 0;
}

static bool is_name(struct name name, const char *text)
{
	return name.len == strlen(text) && has_prefix(name, text);
}

static struct name without_suffix(struct name name, const char *suffix)
{
	size_t len = strlen(suffix);

	if (name.len > len && memcmp(name.text + name.len - len, suffix, len) == 0)
		name.len -= len;
	return name;
}

static struct name skip(struct name name, size_t len)
{
	return (struct name){name.text + len, name.len - len};
}

static bool is_hex(struct name name, size_t len_min)
{
	if (name.len < len_min || name.len > CONTAINER_ID_LEN)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!memchr("0123456789abcdef", name.text[i], 16))
			return false;
	return true;
}

/* Behind a runtime's name a shortened id will do; without one it must be of a length ids have. */
static struct name id_in_name(struct name name)
{
	const struct name none = {name.text, 0};
	const char *colon = memrchr(name.text, ':', name.len);

	name = without_suffix(name, ".scope");
	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++)
		if (has_prefix(name, runtimes[i]) &&
		    is_hex(skip(name, strlen(runtimes[i])), SHORT_ID_LEN))
			return skip(name, strlen(runtimes[i]));
	if (colon)
		name = skip(name, (size_t)(colon - name.text) + 1);
	if (is_hex(name, CONTAINER_ID_LEN) ||
	    (is_hex(name, TASK_ID_LEN) && name.len == TASK_ID_LEN))
		return name;
	return none;
}

static struct name lxc_in_name(struct name name, struct name parent)
{
	static const char payload[] = "lxc.payload.";

	if (has_prefix(name, payload))
		return skip(name, sizeof(payload) - 1);
	return is_name(parent, "lxc") ? name : (struct name){name.text, 0};
}

/* The innermost one counts: containers may hold containers. */
size_t container_id_find(const char *cgroup_path, const char **ret_start)
{
	struct name found = {cgroup_path, 0}, parent = {cgroup_path, 0};

	for (const char *at = cgroup_path; *at;) {
		struct name name = {at, strcspn(at, "/")}, id = id_in_name(name);

		if (!id.len)
			id = lxc_in_name(name, parent);
		if (id.len && id.len <= CONTAINER_ID_LEN)
			found = id;
		parent = name;
		at += name.len + (at[name.len] == '/');
	}
	*ret_start = found.text;
	return found.len;
}

static size_t depth_of(const char *path)
{
	size_t depth = 0;

	for (const char *at = path; *at; at++)
		depth += at[0] == '/' && at[1] && at[1] != '/';
	return depth;
}

/* How much a path tells, by what container_path_choose() promises. */
static size_t worth_of(const char *path, bool v2)
{
	const char *start;
	size_t depth = MIN(depth_of(path), (size_t)1000);

	if (container_id_find(path, &start))
		return 2000 + depth;
	return v2 && depth ? 1001 : depth;
}

/* "ID:CONTROLLERS:PATH": where the path starts, or NULL. */
static const char *path_in_line(const char *line, size_t len, bool *ret_v2)
{
	const char *first = memchr(line, ':', len), *second;

	if (!first)
		return NULL;
	second = memchr(first + 1, ':', len - (size_t)(first + 1 - line));
	if (!second || second + 1 == line + len || second[1] != '/')
		return NULL;
	*ret_v2 = first - line == 1 && line[0] == '0' && second == first + 1;
	return second + 1;
}

bool container_path_choose(const char *text, size_t len, char *path, size_t size)
{
	char candidate[4096];
	size_t best = 0;
	bool found = false;

	for (size_t at = 0; at < len;) {
		const char *line = text + at, *stop = memchr(line, '\n', len - at), *start;
		size_t line_len = stop ? (size_t)(stop - line) : len - at, path_len;
		bool v2 = false;

		at += line_len + 1;
		start = path_in_line(line, line_len, &v2);
		path_len = start ? line_len - (size_t)(start - line) : 0;
		if (!start || path_len >= MIN(size, sizeof(candidate)))
			continue;
		memcpy(candidate, start, path_len);
		candidate[path_len] = '\0';
		if (found && worth_of(candidate, v2) <= best)
			continue;
		best = worth_of(candidate, v2);
		memcpy(path, candidate, strlen(candidate) + 1);
		found = true;
	}
	return found;
}
