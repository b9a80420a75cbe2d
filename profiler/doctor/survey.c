// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/doctor/survey.h"

#include "profiler/doctor/rights.h"
#include "profiler/process/procfs.h"
#include "profiler/sandbox/namer.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* ---- its mappings ---- */

/* Which of the ways' counters moved between the two readings. */
static enum object_way way_between(const struct objects_counters *before,
				   const struct objects_counters *after)
{
	if (after->by_map_files != before->by_map_files)
		return OBJECT_BY_MAP_FILES;
	return after->by_root != before->by_root ? OBJECT_BY_ROOT : OBJECT_BY_HOST;
}

static struct survey_object *find_object(struct survey *survey, uint32_t id)
{
	vec_for_each(&survey->found, object)
		if (object->id == id)
			return object;
	return NULL;
}

static int add_mapping(struct survey *survey, const struct procfs_map *map)
{
	struct objects_counters before = *objects_counters(survey->objects);
	struct object_sighting sighting = {
		.path = map->path,
		.major = map->major,
		.minor = map->minor,
		.inode = map->inode,
		.start = map->start,
		.limit = map->limit,
		.tgids = &survey->process.task.tgid,
		.tgids_len = 1,
	};
	struct survey_object object = {.id = objects_see(survey->objects, &sighting)};
	struct survey_object *known;
	int r;

	if (object.id == OBJECT_NONE)
		return -ENOMEM;
	object.way = way_between(&before, objects_counters(survey->objects));
	known = find_object(survey, object.id);
	if (!known) {
		r = vec_push(&survey->found, object);
		if (r < 0)
			return r;
		known = vec_last(&survey->found);
	}
	known->mappings_cnt++;
	known->bytes += map->limit - map->start;
	return 0;
}

static int read_mappings(struct survey *survey, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	struct procfs_map map;
	size_t at = 0;
	int r = procfs_read_maps(survey->process.task.tgid, &text);

	if (r == -EACCES || r == -EPERM)
		return err_set(
			err, r, "cannot read the mappings of process %u (%s): no permission%s",
			survey->process.task.tgid, survey->process.comm,
			rights_held(CAP_SYS_PTRACE) ? ", CAP_SYS_PTRACE notwithstanding" :
						      "; run as root or with CAP_SYS_PTRACE");
	while (r == 0 && procfs_next_map(&text, &at, &map))
		if (map.executable)
			r = add_mapping(survey, &map);
	if (r < 0)
		return err_errno(err, r, "cannot read the mappings of process %u (%s)",
				 survey->process.task.tgid, survey->process.comm);
	return 0;
}

/* ---- what its files hold ---- */

static enum survey_symbols judge_symbols(const struct sym_sources *sources)
{
	static const enum survey_symbols of_table[] = {
		[SYM_TABLE_NONE] = SURVEY_STRIPPED,
		[SYM_TABLE_EXPORTED] = SURVEY_DYNSYM,
		[SYM_TABLE_WHOLE] = SURVEY_SYMTAB,
	};

	switch (sources->reason) {
	case SYM_OK:
		return of_table[sources->table];
	case SYM_FAILED:
		return SURVEY_FAILED;
	default:
		return SURVEY_BROKEN;
	}
}

/* In the order of survey->found; < 0: no file. */
struct named {
	VEC(int) ids;
	struct namer_questions questions;
};

static void free_named(struct named *named)
{
	vec_free(&named->ids);
	namer_questions_free(&named->questions);
}

static int add_files(const struct survey *survey, struct namer *namer, struct named *named)
{
	int r = 0;

	vec_for_each(&survey->found, found) {
		const struct object *object = objects_get(survey->objects, found->id);
		struct namer_question about = {.object = -1};

		if (r == 0 && object->fd >= 0)
			about.object = namer_add_file(namer, object->fd, object->path);
		namer_set_owner(namer, about.object, found->id);
		if (r == 0 && about.object >= 0)
			r = namer_questions_add(&named->questions, &about);
		if (r == 0)
			r = vec_push(&named->ids, about.object);
	}
	return r;
}

static int open_beside(void *ctx, uint32_t owner, const char *path)
{
	return objects_open_beside(ctx, owner, path);
}

static int look_into_files(struct survey *survey, struct sandbox *sandbox)
{
	struct namer_options options = {.sandbox = sandbox,
					.workers_max = NAMER_WORKERS_MAX,
					.symbols.open_debug = open_beside,
					.symbols.open_ctx = survey->objects};
	_cleanup_namer_ struct namer *namer = NULL;
	_cleanup_(free_named) struct named named = {0};
	int r = namer_new(&options, &namer);

	if (r == 0)
		r = add_files(survey, namer, &named);
	if (r < 0)
		return r;
	namer_ask_all(namer, &named.questions);
	for (size_t i = 0; i < named.ids.len; i++) {
		struct survey_object *found = &survey->found.items[i];
		struct sym_sources sources;

		if (named.ids.items[i] < 0)
			continue;
		namer_sources(namer, named.ids.items[i], &sources);
		found->symbols = judge_symbols(&sources);
		found->has_dwarf = sources.has_dwarf;
	}
	return 0;
}

/* /tmp/perf-PID.map by the process's own pid and root: tools/perf/Documentation/jit-interface.txt */
static void find_perf_map(struct survey *survey)
{
	char path[128];
	struct stat st;

	snprintf(survey->perf_map, sizeof(survey->perf_map), "/tmp/perf-%u.map",
		 survey->process.own_tgid);
	snprintf(path, sizeof(path), "/proc/%u/root%s", survey->process.task.tgid,
		 survey->perf_map);
	survey->has_perf_map = lstat(path, &st) == 0 && S_ISREG(st.st_mode);
}

int survey_process(uint32_t pid, struct sandbox *sandbox, struct survey *ret_survey,
		   struct err *err)
{
	_cleanup_(survey_free) struct survey survey = {0};
	struct objects_options options = {0};
	int r = user_process_find(pid, &survey.process, err);

	if (r < 0)
		return r;
	r = objects_new(&options, &survey.objects);
	if (r < 0)
		return err_errno(err, r, "cannot look at process %u", pid);
	r = read_mappings(&survey, err);
	if (r < 0)
		return r;
	r = look_into_files(&survey, sandbox);
	if (r < 0)
		return err_errno(err, r, "cannot look into the files of process %u", pid);
	find_perf_map(&survey);
	*ret_survey = TAKE(survey, (struct survey){0});
	return 0;
}

void survey_free(struct survey *survey)
{
	objects_free(survey->objects);
	vec_free(&survey->found);
	*survey = (struct survey){0};
}
