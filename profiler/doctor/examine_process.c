// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/doctor/examine_process.h"

#include "base/plain.h"
#include "profiler/doctor/survey.h"

#include <string.h>

#define PATH_WIDTH_MAX 60
#define BUILD_ID_SHOWN 6 /* bytes; as many as make two of one host differ */

struct seen { /* what there is to say below the table */
	bool stripped, exported_only, unreachable, jit;
};

static int path_width(const struct survey *survey)
{
	size_t width = strlen("object");

	vec_for_each(&survey->found, found)
		width = MAX(width, strlen(objects_get(survey->objects, found->id)->path));
	return (int)MIN(width, (size_t)PATH_WIDTH_MAX);
}

static void print_build_id(const struct object *object)
{
	int len = MIN((int)object->build_id_len, BUILD_ID_SHOWN);

	for (int i = 0; i < len; i++)
		printf("%02x", object->build_id[i]);
	printf("%s%*s", len ? "" : "-", len ? 2 * (BUILD_ID_SHOWN - len) : 2 * BUILD_ID_SHOWN - 1,
	       "");
}

static const char *symbols_text(const struct survey_object *found, const struct object *object)
{
	static const char *const plain[] = {
		[SURVEY_NO_FILE] = "-",
		[SURVEY_BROKEN] = "broken ELF file",
		[SURVEY_FAILED] = "worker failed",
		[SURVEY_STRIPPED] = "none",
		[SURVEY_DYNSYM] = ".dynsym only",
		[SURVEY_SYMTAB] = ".symtab",
	};

	if (object->kind == OBJECT_VDSO)
		return ".dynsym";
	if (!found->has_dwarf)
		return plain[found->symbols];
	switch (found->symbols) {
	case SURVEY_SYMTAB:
		return ".symtab, DWARF";
	case SURVEY_DYNSYM:
		return ".dynsym, DWARF";
	default:
		return "DWARF";
	}
}

static const char *reach_text(const struct survey_object *found, const struct object *object)
{
	static const char *const ways[] = {
		[OBJECT_BY_MAP_FILES] = "by /proc/PID/map_files",
		[OBJECT_BY_ROOT] = "by /proc/PID/root",
		[OBJECT_BY_ANCESTOR] = "by its parent's root",
		[OBJECT_BY_HOST] = "by its path on this host",
	};

	if (object->kind == OBJECT_VDSO)
		return "this host's own";
	if (object->kind != OBJECT_FILE)
		return "no file";
	return object->fd < 0 ? object_unpinned_name(object->unpinned) : ways[found->way];
}

static void print_path(const char *path, int width)
{
	_cleanup_free_ char *text = strdup(path);
	size_t len = strlen(path);

	if (!text)
		return;
	plain_text(text);
	if (len > (size_t)width) /* its end tells most */
		printf("...%s", text + len - (size_t)width + 3);
	else
		printf("%-*s", width, text);
}

static void print_object(const struct survey *survey, const struct survey_object *found, int width)
{
	const struct object *object = objects_get(survey->objects, found->id);

	printf("  ");
	print_path(object->path, width);
	printf("  %7llu K  ", (unsigned long long)found->bytes >> 10);
	print_build_id(object);
	printf("  %-15s  %s%s\n", symbols_text(found, object), reach_text(found, object),
	       object->deleted ? ", deleted" : "");
}

static void note(const struct survey *survey, const struct survey_object *found, struct seen *seen)
{
	const struct object *object = objects_get(survey->objects, found->id);

	seen->jit |= object->kind == OBJECT_ANONYMOUS;
	seen->unreachable |= object->kind == OBJECT_FILE && object->fd < 0;
	seen->stripped |= found->symbols == SURVEY_STRIPPED && !found->has_dwarf;
	seen->exported_only |= found->symbols == SURVEY_DYNSYM && !found->has_dwarf;
}

static void print_jit(const struct survey *survey)
{
	puts("\nMemory without a file holds code that a compiler made at run time, or a runtime's "
	     "stubs.");
	if (survey->has_perf_map) {
		printf("Its frames are named by %s, as far as that goes.\n", survey->perf_map);
		return;
	}
	printf("Its frames are named [anon]+ADDRESS as long as there is no %s, nor a jitdump.\n"
	       "Who writes one: node --perf-basic-prof; java, by jcmd PID Compiler.perfmap, run "
	       "with "
	       "-XX:+PreserveFramePointer;\npython3 -X perf (3.12 or later).\n",
	       survey->perf_map);
}

static void print_remarks(const struct survey *survey, const struct seen *seen)
{
	if (seen->jit)
		print_jit(survey);
	if (seen->stripped)
		puts("\nObjects without symbols have frames such as libx.so+0x1234: install their "
		     "debug files, let record get them (--debuginfod), or run a build of them that "
		     "is not stripped.");
	if (seen->exported_only)
		puts("\nWith .dynsym only, functions that are not exported have no names: install "
		     "the debug file, let record get it (--debuginfod), or run a build that is not "
		     "stripped.");
	if (seen->unreachable)
		puts("\nFiles out of reach leave their frames without names: run as root, on the "
		     "host.");
}

int examine_process(uint32_t pid, struct sandbox *sandbox, struct err *err)
{
	_cleanup_(survey_free) struct survey survey = {0};
	struct seen seen = {0};
	int r = survey_process(pid, sandbox, &survey, err), width;

	if (r < 0)
		return r;
	plain_text(survey.process.comm);
	printf("process %u (%s): code in %zu objects\n\n", pid, survey.process.comm,
	       survey.found.len);
	width = path_width(&survey);
	printf("  %-*s  %9s  %-*s  %-15s  %s\n", width, "object", "size", 2 * BUILD_ID_SHOWN,
	       "build-id", "symbols", "file");
	vec_for_each(&survey.found, found) {
		print_object(&survey, found, width);
		note(&survey, found, &seen);
	}
	print_remarks(&survey, &seen);
	return 0;
}
