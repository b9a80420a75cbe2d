// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/object_names.h"

#include "base/clock.h"
#include "symbolize/dwarf_names.h"
#include "symbolize/eh_frame.h"
#include "symbolize/go_names.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

/* What the debug sections of an object may take of memory, inflated. Chromium's are beyond it. */
#define DEBUG_LEN_MAX ((uint64_t)1024 * 1024 * 1024)

static bool has_dwarf(const struct elf_file *file)
{
	return elf_file_section(file, ".debug_info", 0) ||
	       elf_file_section(file, ".zdebug_info", 0);
}

/* Opens the files that have what this one lacks. */
static int find_files(struct object_names *names, const struct object_names_options *options)
{
	bool lacks_dwarf = !options->no_dwarf && !has_dwarf(names->file);
	int r = 0;

	if (lacks_dwarf || !elf_file_section(names->file, NULL, SHT_SYMTAB))
		r = debug_files_find(names->file, &options->place, &names->debug);
	if (r == -ENOMEM || options->no_dwarf)
		return r == -ENOMEM ? r : 0;
	r = debug_files_find_alternate(lacks_dwarf && names->debug ? names->debug : names->file,
				       &options->place, &names->alternate);
	return r == -ENOMEM ? r : 0;
}

/* Without dwz's common file a part of the names is missing, and no more. */
static void open_alternate(const struct object_names *names, struct dwarf_file *dwarf)
{
	if (names->alternate &&
	    dwarf_file_open(names->alternate, DEBUG_LEN_MAX, &dwarf->alternate) < 0)
		dwarf->alternate = NULL;
}

static int load_dwarf(struct object_names *names, struct dwarf_file **ret_dwarf)
{
	const struct elf_file *from =
		names->debug && !has_dwarf(names->file) ? names->debug : names->file;
	int r = dwarf_file_open(from, DEBUG_LEN_MAX, ret_dwarf);

	if (r < 0)
		return r;
	open_alternate(names, *ret_dwarf);
	if (!names->may_hold_files)
		dwarf_file_load(*ret_dwarf);
	names->holds_files |= dwarf_file_holds_files(*ret_dwarf);
	return 0;
}

static void open_dwarf(struct object_names *names)
{
	struct dwarf_place place = {names->file, &names->place};
	struct dwarf_file *dwarf;
	int r = load_dwarf(names, &dwarf);

	if (r == 0)
		r = dwarf_names_open(&place, dwarf, &names->units);
	if (r < 0)
		names->units = NULL;
	names->has_lost_dwarf = r < 0 && r != -ENODATA;
}

/* Go's own tables have what its DWARF has of functions and lines, and are never stripped. */
static void open_go(struct object_names *names)
{
	names->has_go_units = go_names_open(names->file, &names->units) == 0;
	if (!names->has_go_units)
		names->units = NULL;
}

static void open_units(struct object_names *names, bool no_dwarf)
{
	if (!no_dwarf)
		open_dwarf(names);
	if (!names->units && (!no_dwarf || !elf_file_section(names->file, NULL, SHT_SYMTAB)))
		open_go(names);
}

/* Where no symbols of local functions are, functions begin where their unwind information does. */
static int take_functions(struct object_names *names, const struct eh_functions *functions)
{
	if (!names->symtab.is_dynamic && !symtab_is_empty(&names->symtab))
		return 0;
	vec_for_each(&functions->list, function) {
		struct interval range = {
			.start = function->start,
			.limit = function->limit,
			.value = (uint32_t)(function - functions->list.items),
		};

		if (elf_file_is_code(names->file, range.start) &&
		    intervals_add(&names->functions, range) < 0)
			return -ENOMEM;
	}
	return intervals_seal(&names->functions);
}

static int read_tables(struct object_names *names)
{
	_cleanup_(eh_frame_free) struct eh_functions functions = {0};
	int r = symtab_read(names->file, names->debug, &names->symtab);

	if (r < 0 && !names->units)
		return r;
	if (stack_base_needs_functions(names->file, &names->symtab) || names->symtab.is_dynamic ||
	    symtab_is_empty(&names->symtab))
		r = eh_frame_read(names->file, &functions);
	else
		r = 0;
	if (r == 0)
		r = take_functions(names, &functions);
	if (r < 0)
		return r;
	return stack_base_read(names->file, &names->symtab, &functions, &names->base);
}

/* ---- the cache ---- */

/*
 * What an index file is made from, all of it. Two files with one build-id are taken for the same; but
 * a build-id is easily forged, so only among files of one owner and length: nobody can give names to
 * another one's programs.
 */
struct cache_key {
	struct elf_identity own, debug, alternate;
	uint64_t no_dwarf;
};

static void make_cache_name(struct object_names *names, bool no_dwarf)
{
	const char *build_id = names->file->build_id;
	struct cache_key key;

	memset(&key, 0, sizeof(key)); /* padding, too: it is hashed */
	key.own.device = *build_id ? 0 : names->file->identity.device;
	key.own.inode = *build_id ? 0 : names->file->identity.inode;
	key.own.changed_ns = *build_id ? 0 : names->file->identity.changed_ns;
	key.own.len = names->file->identity.len;
	key.own.owner = names->file->identity.owner;
	if (names->debug)
		memcpy(&key.debug, &names->debug->identity, sizeof(key.debug));
	if (names->alternate)
		memcpy(&key.alternate, &names->alternate->identity, sizeof(key.alternate));
	key.no_dwarf = no_dwarf;
	index_store_name(build_id, &key, sizeof(key), names->cache_name);
	names->is_cacheable = true;
}

/* Takes the tables out of the cached file; they stay its own. */
static int take_cached(struct object_names *names)
{
	struct index_contents *contents = &names->cached.contents;

	names->symtab = (struct symtab){
		.ranges = contents->tables[INDEX_SYMBOLS],
		.strings = contents->names,
		.strings_len = contents->names_len,
		.is_dynamic = contents->flags & INDEX_DYNAMIC,
		.is_borrowed = true,
	};
	names->functions = contents->tables[INDEX_FUNCTIONS];
	names->base.ranges = contents->tables[INDEX_BASES];
	names->has_lost_dwarf = contents->flags & INDEX_LOST_DWARF;
	names->has_go_units = contents->flags & INDEX_GO_UNITS;
	if (!(contents->flags & INDEX_HAS_UNITS))
		return 0;
	return unit_names_open_cached(&names->cached, &names->units);
}

static void attach_units(struct object_names *names)
{
	struct dwarf_place place = {names->file, &names->place};
	struct unit_source *source = NULL;
	struct dwarf_file *dwarf;

	if (names->has_go_units)
		source = go_names_source(names->file);
	else if (load_dwarf(names, &dwarf) == 0)
		source = dwarf_names_source(&place, dwarf);
	unit_names_attach(names->units, source);
}

bool object_names_has_news(const struct object_names *names)
{
	return names->is_cacheable &&
	       (!names->cached.map || (names->units && names->units->is_changed));
}

int object_names_save(struct object_names *names, const struct index_store *store)
{
	struct index_contents contents = {
		.names = names->symtab.strings,
		.names_len = (uint32_t)names->symtab.strings_len,
		.flags = (names->symtab.is_dynamic ? INDEX_DYNAMIC : 0) |
			 (names->units ? INDEX_HAS_UNITS : 0) |
			 (names->has_go_units ? INDEX_GO_UNITS : 0) |
			 (names->has_lost_dwarf ? INDEX_LOST_DWARF : 0),
	};
	struct index_units units = {0};
	int r = 0;

	if (!object_names_has_news(names))
		return 0;
	contents.tables[INDEX_SYMBOLS] = names->symtab.ranges;
	contents.tables[INDEX_FUNCTIONS] = names->functions;
	contents.tables[INDEX_BASES] = names->base.ranges;
	if (names->units) {
		contents.tables[INDEX_UNITS] = names->units->ranges;
		contents.cut_cnt = unit_names_cut(names->units);
		r = unit_names_collect(names->units, &units);
	}
	if (r == 0)
		r = index_store_save(store, names->cache_name, &contents, &units);
	vec_free(&units.list);
	return r < 0 ? r : 1;
}

/* ---- opening ---- */

static void release_files(struct object_names *names)
{
	struct elf_file *files[] = {names->file, names->debug, names->alternate};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (files[i])
			elf_file_release(files[i]);
	names->awaits_source = false;
}

static int open_cached(struct object_names *names, const struct object_names_options *options)
{
	int r;

	if (!index_store_is_open(&options->store))
		return -ENOENT;
	make_cache_name(names, options->no_dwarf);
	r = index_store_load(&options->store, names->cache_name, &names->cached);
	if (r < 0)
		return r == -ENOMEM ? r : -ENOENT;
	r = take_cached(names);
	if (r == 0 && names->units && names->cached.missing_cnt) {
		names->awaits_source = names->holds_files = names->may_hold_files;
		if (!names->awaits_source)
			attach_units(names);
	}
	return r;
}

static int open_names(struct object_names *names, const struct object_names_options *options)
{
	int r = find_files(names, options);

	if (r == 0)
		r = open_cached(names, options);
	if (r != -ENOENT)
		return r;
	open_units(names, options->no_dwarf);
	return read_tables(names);
}

int object_names_open(int fd, const struct object_names_options *options,
		      struct object_names *ret_names)
{
	struct object_names *names = ret_names;
	int r;

	*names = (struct object_names){.place = options->place,
				       .may_hold_files = options->may_hold_files};
	r = elf_file_open(fd, &names->file);
	if (r < 0)
		return r;
	r = open_names(names, options);
	if (r < 0) {
		names->file->fd = -1; /* still the caller's */
		object_names_close(names);
		return r;
	}
	if (!names->awaits_source)
		release_files(names);
	return 0;
}

bool object_names_find(struct object_names *names, uint64_t address, struct unit_chain *ret_chain)
{
	if (!names->units)
		return false;
	if (names->awaits_source && unit_names_lacks(names->units, address)) {
		attach_units(names);
		release_files(names);
	}
	return unit_names_find(names->units, address, ret_chain);
}

size_t object_names_complete(struct object_names *names, uint64_t budget_ns)
{
	if (!names->units || !names->units->is_changed)
		return 0;
	return unit_names_complete(names->units, clock_ns(CLOCK_THREAD_CPUTIME_ID) + budget_ns);
}

void object_names_close(struct object_names *names)
{
	unit_names_close(names->units);
	symtab_free(&names->symtab);
	if (!names->cached.map) {
		stack_base_free(&names->base);
		intervals_free(&names->functions);
	}
	index_file_close(&names->cached);
	elf_file_close(names->alternate);
	elf_file_close(names->debug);
	elf_file_close(names->file);
	*names = (struct object_names){0};
}
