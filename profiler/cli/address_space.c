// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/cli/address_space.h"

#include "base/clock.h"
#include "profiler/process/procfs.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define BUILD_ID_LEN_MIN 4 /* digits: less tells nothing of where it is kept */

/* ---- a file ---- */

/* The file's first answer tells whether it can be read at all. */
static int check_file(const struct address_space *space, const char *path, struct err *err)
{
	struct sym_result result;

	symbolizer_lookup_address(space->symbolizer, space->object, 0, &result);
	if (result.reason == SYM_BAD_ELF || result.reason == SYM_TOO_LARGE)
		return err_set(err, -ENOEXEC, "'%s': %s", path, sym_reason_name(result.reason));
	return 0;
}

int address_space_open_file(struct symbolizer *symbolizer, const char *path,
			    struct address_space *ret_space, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct address_space space = {.symbolizer = symbolizer};
	char with_directory[PATH_MAX];
	int r;

	if (fd < 0)
		return err_errno(err, -errno, "cannot open '%s'", path);
	snprintf(with_directory, sizeof(with_directory), "%s%s", strchr(path, '/') ? "" : "./",
		 path);
	space.object = symbolizer_add_file(symbolizer, fd, with_directory);
	if (space.object < 0)
		return err_set(err, -ENOMEM, "out of memory");
	r = check_file(&space, path, err);
	if (r == 0)
		*ret_space = space;
	return r;
}

/* ---- a build-id ---- */

static bool is_build_id(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (!isxdigit((unsigned char)text[i]) || isupper((unsigned char)text[i]))
			return false;
	return len >= BUILD_ID_LEN_MIN && len % 2 == 0 && len <= 2 * OBJECT_BUILD_ID_MAX;
}

/* debuginfod's client keeps what it fetched where its environment says. */
static void client_directory(char *path, size_t size)
{
	const char *own = getenv("DEBUGINFOD_CACHE_PATH"), *cache = getenv("XDG_CACHE_HOME"),
		   *home = getenv("HOME");

	if (own)
		snprintf(path, size, "%s", own);
	else if (cache)
		snprintf(path, size, "%s/debuginfod_client", cache);
	else
		snprintf(path, size, "%s/.cache/debuginfod_client", home ? home : "");
}

int address_space_open_build_id(struct symbolizer *symbolizer, const char *build_id,
				struct address_space *ret_space, struct err *err)
{
	static const char *const kinds[] = {"debuginfo", "executable"};
	char path[2 * PATH_MAX], client[PATH_MAX];

	if (!is_build_id(build_id))
		return err_set(err, -EINVAL,
			       "'%s' is not a build-id: give its lower-case hex digits", build_id);
	snprintf(path, sizeof(path), "/usr/lib/debug/.build-id/%.2s/%s.debug", build_id,
		 build_id + 2);
	if (access(path, R_OK) == 0)
		return address_space_open_file(symbolizer, path, ret_space, err);
	client_directory(client, sizeof(client));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", client, build_id, kinds[i]);
		if (access(path, R_OK) == 0)
			return address_space_open_file(symbolizer, path, ret_space, err);
	}
	return err_set(err, -ENOENT,
		       "no debug file for build-id %s in /usr/lib/debug/.build-id or '%s'",
		       build_id, client);
}

/* ---- a process ---- */

int address_space_open_process(struct symbolizer *symbolizer, uint32_t pid,
			       struct address_space *ret_space, struct err *err)
{
	struct processes_options options = {0};
	struct address_space space = {.symbolizer = symbolizer};
	struct procfs_stat stat;
	int r = procfs_read_stat(pid, &stat);

	if (r < 0)
		return err_set(err, r, "no process has pid %u", pid);
	space.task = (struct smolder_task){
		.tgid = pid,
		.start_ns = stat.start_ticks * (NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK)),
	};
	r = processes_new(&options, &space.processes, err);
	if (r == 0)
		r = processes_snapshot_one(space.processes, pid, err);
	if (r < 0) {
		address_space_close(&space);
		return r;
	}
	*ret_space = space;
	return 0;
}

static int add_object(struct address_space *space, const struct object *object)
{
	switch (object->kind) {
	case OBJECT_VDSO:
		return symbolizer_add_vdso(space->symbolizer);
	default:
		return symbolizer_add_file(space->symbolizer, object->fd, object->path);
	}
}

/* The symbolizer's id of an object, or -ENOMEM. */
static int symbol_object(struct address_space *space, uint32_t id)
{
	const struct objects *objects = processes_objects(space->processes);
	int added;

	while (space->symbol_objects.len <= id)
		if (vec_push(&space->symbol_objects, 0) < 0)
			return -ENOMEM;
	if (space->symbol_objects.items[id])
		return space->symbol_objects.items[id] - 1;
	added = add_object(space, objects_get(objects, id));
	symbolizer_set_owner(space->symbolizer, added, id);
	space->symbol_objects.items[id] = added < 0 ? 0 : added + 1;
	return added;
}

static void lookup_user(struct address_space *space, uint64_t address,
			struct address_answer *answer)
{
	struct place place;
	int object;

	processes_normalize(space->processes, &space->task, address, &place);
	if (place.object != OBJECT_NONE)
		answer->object =
			objects_get(processes_objects(space->processes), place.object)->path;
	if (place.reason != PLACE_OK)
		return;
	object = symbol_object(space, place.object);
	if (object >= 0)
		symbolizer_lookup(space->symbolizer, object, place.offset, &answer->result);
}

static void lookup_kernel(const struct address_space *space, uint64_t address,
			  struct address_answer *answer)
{
	int kernel = symbolizer_add_kernel(space->symbolizer);

	if (kernel >= 0)
		symbolizer_lookup(space->symbolizer, kernel, address, &answer->result);
	answer->object = answer->result.module ? answer->result.module : "[kernel.kallsyms]";
}

void address_space_lookup(struct address_space *space, uint64_t address,
			  struct address_answer *ret_answer)
{
	struct address_answer answer = {
		.address = address,
		.result = {.address = address, .exact_address = address, .reason = SYM_NOT_MAPPED},
	};

	if (!space->processes) {
		symbolizer_lookup_address(space->symbolizer, space->object, address,
					  &answer.result);
	} else {
		answer.object = "";
		if (address >> 63) /* the upper half is the kernel's */
			lookup_kernel(space, address, &answer);
		else
			lookup_user(space, address, &answer);
	}
	*ret_answer = answer;
}

void address_space_close(struct address_space *space)
{
	processes_free(space->processes);
	vec_free(&space->symbol_objects);
	*space = (struct address_space){0};
}
