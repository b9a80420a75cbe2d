// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/object_names.h"

#include "symbolize/eh_frame.h"

#include <elf.h>
#include <errno.h>

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

static void open_dwarf(struct object_names *names)
{
	const struct elf_file *from =
		names->debug && !has_dwarf(names->file) ? names->debug : names->file;
	struct dwarf_file *dwarf;
	int r = dwarf_file_open(from, DEBUG_LEN_MAX, &dwarf);

	if (r == 0) {
		open_alternate(names, dwarf);
		r = dwarf_names_open(names->file, dwarf, &names->dwarf);
	}
	if (r < 0)
		names->dwarf = NULL;
	names->has_lost_dwarf = r < 0 && r != -ENODATA;
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

	if (r < 0 && !names->dwarf)
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

static void release(struct elf_file *file)
{
	if (file)
		elf_file_release(file);
}

int object_names_open(int fd, const struct object_names_options *options,
		      struct object_names *ret_names)
{
	struct object_names names = {0};
	int r = elf_file_open(fd, &names.file);

	if (r < 0)
		return r;
	r = find_files(&names, options);
	if (r == 0 && !options->no_dwarf)
		open_dwarf(&names);
	if (r == 0)
		r = read_tables(&names);
	if (r < 0) {
		names.file->fd = -1; /* still the caller's */
		object_names_close(&names);
		return r;
	}
	release(names.file);
	release(names.debug);
	release(names.alternate);
	*ret_names = names;
	return 0;
}

void object_names_close(struct object_names *names)
{
	dwarf_names_close(names->dwarf);
	stack_base_free(&names->base);
	intervals_free(&names->functions);
	symtab_free(&names->symtab);
	elf_file_close(names->alternate);
	elf_file_close(names->debug);
	elf_file_close(names->file);
	*names = (struct object_names){0};
}
