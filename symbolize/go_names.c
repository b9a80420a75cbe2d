// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/go_names.h"

#include "symbolize/go_module.h"

#include <errno.h>

#define FUNCS_PER_UNIT 256
/* Caps for one object. Kubernetes' programs of 100 MB have some 100,000 functions, 5 million runs. */
#define RUNS_MAX ((uint64_t)128 * 1024 * 1024)
#define SCOPES_MAX ((uint64_t)16 * 1024 * 1024)

static int build_unit(struct unit_source *base, uint32_t number,
		      struct unit_index_header **ret_block)
{
	struct go_source *source = (struct go_source *)base;
	uint64_t first = (uint64_t)number * FUNCS_PER_UNIT;

	if (first >= source->table.func_cnt) /* the cache is not of this table */
		return -ENOENT;
	return go_unit_build(source, (uint32_t)first,
			     (uint32_t)MIN(first + FUNCS_PER_UNIT, source->table.func_cnt),
			     ret_block);
}

static void close_source(struct unit_source *base)
{
	free(base);
}

struct go_source *go_names_source_new(const struct elf_file *elf)
{
	struct go_source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->base = (struct unit_source){.build = build_unit, .close = close_source};
	source->elf = elf;
	source->tree_base = GO_NO_TREE;
	source->budget = (struct go_budget){.run_cnt = RUNS_MAX, .scope_cnt = SCOPES_MAX};
	return source;
}

/* A linker other than Go's puts the table of a position-independent program among other constants. */
static bool search_table(struct go_source *source, uint64_t *ret_address)
{
	struct elf_bytes all;
	uint64_t start;

	if (!elf_file_section(source->elf, ".go.buildinfo", 0) ||
	    !go_module_bytes(elf_file_section(source->elf, ".data.rel.ro", 0), &all, &start))
		return false;
	for (uint64_t at = 0; at < all.len; at += 8) {
		source->bytes = (struct elf_bytes){
			.start = all.start + at,
			.len = all.len - at,
			.text_len = all.text_len > at ? all.text_len - at : 0,
		};
		*ret_address = start + at;
		if (gopclntab_open(&source->bytes, &source->table) == 0 && source->table.func_cnt)
			return true;
	}
	return false;
}

static bool find_table(struct go_source *source, uint64_t *ret_address)
{
	static const char *const names[] = {".gopclntab", ".data.rel.ro.gopclntab"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (go_module_bytes(elf_file_section(source->elf, names[i], 0), &source->bytes,
				    ret_address))
			return gopclntab_open(&source->bytes, &source->table) == 0;
	return search_table(source, ret_address);
}

/* What the table counts from, and where inlined calls are described. */
static void find_bases(struct go_source *source, uint64_t address)
{
	struct gopclntab *table = &source->table;
	struct go_module module;
	struct elf_bytes code;
	uint64_t start;

	if (table->layout < GO_1_18) {
		if (go_module_bytes(elf_file_section(source->elf, ".rodata", 0), &source->rodata,
				    &source->rodata_address))
			source->tree_base = 0;
		return;
	}
	module = go_module_find(source->elf, table, address);
	if (module.text_start)
		table->text_start = module.text_start;
	else if (!elf_file_is_code(source->elf, table->text_start) &&
		 go_module_bytes(elf_file_section(source->elf, ".text", 0), &code, &start))
		table->text_start = start;
	if (module.funcdata && go_module_section(source->elf, module.funcdata, &source->rodata,
						 &source->rodata_address))
		source->tree_base = module.funcdata;
}

struct unit_source *go_names_source(const struct elf_file *elf)
{
	struct go_source *source = go_names_source_new(elf);
	uint64_t address;

	if (!source)
		return NULL;
	if (!find_table(source, &address)) {
		close_source(&source->base);
		return NULL;
	}
	find_bases(source, address);
	return &source->base;
}

static int index_units(struct unit_names *names, const struct go_source *source)
{
	const struct gopclntab *table = &source->table;

	for (uint64_t first = 0; first < table->func_cnt; first += FUNCS_PER_UNIT) {
		uint64_t limit = MIN(first + FUNCS_PER_UNIT, table->func_cnt);
		uint64_t start = gopclntab_start(table, (uint32_t)first);

		if (unit_names_add(names, (uint32_t)(first / FUNCS_PER_UNIT)) < 0)
			return -ENOMEM;
		if (elf_file_is_code(source->elf, start) &&
		    unit_names_add_range(names, start, gopclntab_start(table, (uint32_t)limit)) < 0)
			return -ENOMEM;
	}
	return unit_names_seal(names);
}

int go_names_index(struct go_source *source, struct unit_names **ret_names)
{
	struct unit_names *names = unit_names_new(&source->base);
	int r;

	if (!names)
		return -ENOMEM;
	r = index_units(names, source);
	if (r < 0) {
		unit_names_close(names);
		return r;
	}
	*ret_names = names;
	return 0;
}

int go_names_open(const struct elf_file *elf, struct unit_names **ret_names)
{
	struct unit_source *source = go_names_source(elf);

	return source ? go_names_index((struct go_source *)source, ret_names) : -ENODATA;
}
