// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/cli/address_space.h"

#include "profiler/process/user_process.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define BUILD_ID_LEN_MIN 4 /* digits: less tells nothing of where it is kept */

/* ---- a file ---- */

static const char *complaint(enum sym_reason reason)
{
	switch (reason) {
	case SYM_BAD_ELF:
		return "not an ELF file, or a broken one";
	case SYM_TOO_LARGE:
		return "too large";
	case SYM_FAILED:
		return "the worker that looked into it failed";
	default:
		return NULL;
	}
}

/* The file's first answer tells whether it can be read at all. */
static int check_file(const struct address_space *space, const char *path, struct err *err)
{
	struct sym_result result;
	const char *text;

	namer_lookup_address(space->namer, space->object, 0, &result);
	text = complaint(result.reason);
	return text ? err_set(err, -ENOEXEC, "'%s': %s", path, text) : 0;
}

int address_space_open_file(struct namer *namer, const char *path, struct address_space *ret_space,
			    struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct address_space space = {.namer = namer};
	char with_directory[PATH_MAX];
	int r;

	if (fd < 0)
		return err_errno(err, -errno, "cannot open '%s'", path);
	snprintf(with_directory, sizeof(with_directory), "%s%s", strchr(path, '/') ? "" : "./",
		 path);
	space.object = namer_add_file(namer, fd, with_directory);
	if (space.object < 0)
		return err_set(err, -ENOMEM, "out of memory");
	r = check_file(&space, path, err);
	if (r < 0)
		return r;
	space.fd = TAKE_FD(fd);
	*ret_space = space;
	return 0;
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

int address_space_open_build_id(struct namer *namer, const char *build_id,
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
		return address_space_open_file(namer, path, ret_space, err);
	client_directory(client, sizeof(client));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", client, build_id, kinds[i]);
		if (access(path, R_OK) == 0)
			return address_space_open_file(namer, path, ret_space, err);
	}
	return err_set(err, -ENOENT,
		       "no debug file for build-id %s in /usr/lib/debug/.build-id or '%s'",
		       build_id, client);
}

/* ---- a process ---- */

int address_space_open_process(struct namer *namer, uint32_t pid, struct address_space *ret_space,
			       struct err *err)
{
	struct processes_options options = {0};
	struct address_space space = {.namer = namer, .fd = -1};
	struct user_process process;
	int r = user_process_find(pid, &process, err);

	if (r < 0)
		return r;
	space.task = process.task;
	r = processes_new(&options, &space.processes, err);
	if (r == 0)
		r = processes_snapshot_one(space.processes, pid, err);
	if (r < 0) {
		address_space_close(&space);
		return r;
	}
	space.naming = (struct object_naming){.objects = processes_objects(space.processes),
					      .namer = namer,
					      .time_ns = UINT64_MAX};
	*ret_space = space;
	return 0;
}

/* Where an address lies; `object` is OBJECT_NONE where nothing is. */
static struct place place_of(struct address_space *space, uint64_t address)
{
	struct place place = {.object = OBJECT_ID_KERNEL, .offset = address};

	if (!(address >> 63)) /* the upper half is the kernel's */
		processes_normalize(space->processes, &space->task, address, &place);
	return place;
}

static int compare_places(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	if (a->object != b->object)
		return a->object < b->object ? -1 : 1;
	return (a->offset > b->offset) - (a->offset < b->offset);
}

/* Of places in order. Without memory they are looked up one by one. */
static void ask_places(struct address_space *space, const struct place *places, uint64_t *offsets,
		       size_t len)
{
	_cleanup_(namer_questions_free) struct namer_questions questions = {0};
	size_t limit;

	for (size_t at = 0; at < len; at = limit) {
		struct namer_question question = {.object = (int)places[at].object,
						  .offsets = offsets + at};

		for (limit = at; limit < len && limit - at < NAMER_QUESTION_MAX &&
				 places[limit].object == places[at].object;
		     limit++)
			offsets[limit] = places[limit].offset;
		question.len = limit - at;
		if (places[at].object != OBJECT_NONE)
			(void)!object_naming_ask(&space->naming, &question, &questions);
	}
	namer_ask_all(space->namer, &questions);
}

static void ask_process(struct address_space *space, const uint64_t *addresses, size_t len)
{
	_cleanup_free_ struct place *places = reallocarray(NULL, len, sizeof(*places));
	_cleanup_free_ uint64_t *offsets = reallocarray(NULL, len, sizeof(*offsets));

	if (!places || !offsets)
		return;
	for (size_t i = 0; i < len; i++)
		places[i] = place_of(space, addresses[i]);
	processes_settle(space->processes); /* what it tells of code that it compiled */
	qsort(places, len, sizeof(*places), compare_places);
	ask_places(space, places, offsets, len);
}

static void ask_file(struct address_space *space, const uint64_t *addresses, size_t len)
{
	for (size_t at = 0; at < len; at += NAMER_QUESTION_MAX)
		namer_ask(space->namer, &(struct namer_question){
						.object = space->object,
						.by_address = true,
						.offsets = addresses + at,
						.len = MIN(len - at, (size_t)NAMER_QUESTION_MAX)});
}

void address_space_ask(struct address_space *space, const uint64_t *addresses, size_t len)
{
	if (!len)
		return;
	if (space->processes)
		ask_process(space, addresses, len);
	else
		ask_file(space, addresses, len);
}

static void lookup_in_process(struct address_space *space, uint64_t address,
			      struct address_answer *answer)
{
	struct place place = place_of(space, address);

	answer->object = "";
	if (place.object == OBJECT_NONE)
		return;
	answer->object = objects_get(processes_objects(space->processes), place.object)->path;
	if (object_naming_lookup(&space->naming, place.object, place.offset, &answer->result) < 0)
		answer->result.reason = SYM_TOO_LARGE;
	if (answer->result.module)
		answer->object = answer->result.module;
}

void address_space_lookup(struct address_space *space, uint64_t address,
			  struct address_answer *ret_answer)
{
	struct address_answer answer = {
		.address = address,
		.result = {.address = address, .exact_address = address, .reason = SYM_NOT_MAPPED},
	};

	if (space->processes)
		lookup_in_process(space, address, &answer);
	else
		namer_lookup_address(space->namer, space->object, address, &answer.result);
	*ret_answer = answer;
}

void address_space_close(struct address_space *space)
{
	object_naming_free(&space->naming);
	processes_free(space->processes);
	cleanup_close_(&space->fd);
	*space = (struct address_space){.fd = -1};
}
