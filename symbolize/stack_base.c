// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/stack_base.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <string.h>

#define ALIGNMENT_MAX 64  /* bytes that may pad the gap between two functions */
#define NEARBY_LEN 8192   /* create_thread, which passes start_thread to clone, has 500 bytes */
#define ENTRY_LEN_MAX 256 /* an entry point that neither symbol nor FDE describes */

/* What is wanted from one file. */
struct search {
	const struct elf_file *file;
	const struct symtab *symtab;
	const struct eh_functions *functions;
	struct intervals *ranges;
};

bool stack_base_has_name(const char *name)
{
	static const char *const names[] = {
		"_start",         "start_thread",
		"clone",          "clone3",
		"thread_start",   "_dl_start",
		"_dl_start_user", "__start_context",        /* makecontext */
		"_start_c",       "libc_start_main_stage2", /* musl */
		"runtime.rt0_go", "runtime.rt0_go.abi0",
		"runtime.goexit", "runtime.goexit.abi0",
		"runtime.mstart", "runtime.mstart.abi0", /* Go: not runtime.goexit0 */
	};
	static const char *const prefixes[] = {
		"__libc_start_main", "__libc_start_call_main", "__clone", "__GI___clone", "_rt0_",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (*name == *names[i] && strcmp(name, names[i]) == 0)
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (*name == *prefixes[i] && strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* The last function that starts at or below the address, or NULL. */
static const struct eh_function *function_below(const struct eh_functions *functions,
						uint64_t address)
{
	size_t low = 0, high = functions->list.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (functions->list.items[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &functions->list.items[low - 1] : NULL;
}

/* What the value of a range says it is; the cache keeps it. */
enum { PLACE_UNNAMED, PLACE_CALLS_MAIN, PLACE_STARTS_THREAD };

static const char *const place_names[] = {
	[PLACE_CALLS_MAIN] = "__libc_start_call_main",
	[PLACE_STARTS_THREAD] = "start_thread",
};

static int add_range(const struct search *search, uint64_t start, uint64_t limit)
{
	return intervals_add(search->ranges, (struct interval){.start = start, .limit = limit});
}

/* With neither symbol nor FDE: up to the next function, but not far. */
static uint64_t entry_limit(const struct search *search)
{
	const struct eh_function *below = function_below(search->functions, search->file->entry);
	const struct eh_functions *all = search->functions;
	size_t next = below ? (size_t)(below - all->list.items) + 1 : 0;
	uint64_t limit = search->file->entry + ENTRY_LEN_MAX;

	if (below && search->file->entry < below->limit)
		return below->limit;
	return next < all->list.len ? MIN(limit, all->list.items[next].start) : limit;
}

static int add_entry(const struct search *search)
{
	const struct interval *range;

	if (search->file->entry == 0 || !elf_file_is_code(search->file, search->file->entry))
		return 0;
	if (symtab_find(search->symtab, search->file->entry, &range))
		return add_range(search, range->start, range->limit);
	return add_range(search, search->file->entry, entry_limit(search));
}

static int add_callerless(const struct search *search)
{
	vec_for_each(&search->functions->list, function)
		if (function->has_no_caller &&
		    add_range(search, function->start, function->limit) < 0)
			return -ENOMEM;
	return 0;
}

/*
 * Does the code between two addresses hold the distance to `target`, as a call or lea of x86-64
 * does, counted from the end of the four bytes that hold it?
 */
static bool refers_to(const struct elf_file *file, uint64_t from, uint64_t to, uint64_t target)
{
	Elf_Data *code = NULL;

	vec_for_each(&file->segments, segment)
		if (from >= segment->address && to - segment->address <= segment->file_len)
			code = elf_getdata_rawchunk(
				file->elf,
				(int64_t)(segment->file_offset + (from - segment->address)),
				to - from, ELF_T_BYTE);
	for (size_t i = 0; code && i + sizeof(int32_t) <= code->d_size; i++) {
		int32_t distance;

		memcpy(&distance, (const char *)code->d_buf + i, sizeof(distance));
		if (from + i + sizeof(distance) + (uint64_t)(int64_t)distance == target)
			return true;
	}
	return false;
}

/* Adds the static function directly before an exported one, if the code around refers to it. */
static int add_static_before(const struct search *search, const char *exported, uint32_t place)
{
	const struct eh_function *before;
	const struct interval *range;
	uint64_t start, from;

	if (!symtab_find_name(search->symtab, exported, &start) ||
	    !symtab_find(search->symtab, start, &range))
		return 0;
	before = function_below(search->functions, start - 1);
	if (!before || before->limit > start || start - before->limit >= ALIGNMENT_MAX)
		return 0;
	from = before->start - MIN(before->start, (uint64_t)NEARBY_LEN);
	vec_for_each(&search->file->segments, segment)
		if (before->start >= segment->address && from < segment->address &&
		    before->start - segment->address < segment->file_len)
			from = segment->address;
	if (!refers_to(search->file, from, MIN(range->limit, start + NEARBY_LEN), before->start))
		return 0;
	return intervals_add(
		search->ranges,
		(struct interval){.start = before->start, .limit = before->limit, .value = place});
}

static bool is_x86_64(const struct elf_file *file)
{
	GElf_Ehdr header;

	return gelf_getehdr(file->elf, &header) && header.e_machine == EM_X86_64;
}

/* A file with a .symtab has names for all but, perhaps, its entry point. */
static int search_file(const struct search *search)
{
	if (add_entry(search) < 0)
		return -ENOMEM;
	if (!search->symtab->is_dynamic && !symtab_is_empty(search->symtab))
		return 0;
	if (add_callerless(search) < 0)
		return -ENOMEM;
	if (!is_x86_64(search->file))
		return 0;
	if (add_static_before(search, "__libc_start_main", PLACE_CALLS_MAIN) < 0)
		return -ENOMEM;
	return add_static_before(search, "pthread_create", PLACE_STARTS_THREAD);
}

bool stack_base_needs_functions(const struct elf_file *file, const struct symtab *symtab)
{
	if (!symtab->is_dynamic && !symtab_is_empty(symtab) &&
	    symtab_find(symtab, file->entry, NULL))
		return false;
	return file->entry != 0;
}

int stack_base_read(const struct elf_file *file, const struct symtab *symtab,
		    const struct eh_functions *functions, struct stack_base *ret_base)
{
	struct stack_base base = {0};
	struct search search = {file, symtab, functions, &base.ranges};

	if (search_file(&search) < 0 || intervals_seal(&base.ranges) < 0) {
		stack_base_free(&base);
		return -ENOMEM;
	}
	*ret_base = base;
	return 0;
}

void stack_base_free(struct stack_base *base)
{
	intervals_free(&base->ranges);
}

const char *stack_base_name(const struct stack_base *base, uint64_t address)
{
	const struct interval *range = intervals_find(&base->ranges, address);

	return range && range->value < ARRAY_SIZE(place_names) ? place_names[range->value] : NULL;
}

bool stack_base_holds(const struct stack_base *base, uint64_t address)
{
	return intervals_find(&base->ranges, address);
}
