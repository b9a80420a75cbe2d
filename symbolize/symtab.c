// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/symtab.h"

#include "symbolize/alias.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <string.h>

/* Chromium with full symbols has 1.4 million functions in a .strtab of 250 MB. */
#define SYMBOLS_MAX (4 * 1024 * 1024)
#define STRINGS_LEN_MAX ((size_t)512 * 1024 * 1024)

struct candidate {
	uint64_t address, size, section_limit;
	uint32_t name;
	enum alias_binding binding;
};

struct candidates {
	VEC(struct candidate) list;
};

struct source {
	struct Elf *elf;
	Elf_Data *symbols;
	const char *strings;
	size_t strings_len;
};

static void free_candidates(struct candidates *candidates)
{
	vec_free(&candidates->list);
}

static enum alias_binding binding_of(const GElf_Sym *symbol)
{
	switch (GELF_ST_BIND(symbol->st_info)) {
	case STB_LOCAL:
		return ALIAS_LOCAL;
	case STB_WEAK:
		return ALIAS_WEAK;
	default:
		return ALIAS_GLOBAL; /* STB_GNU_UNIQUE too */
	}
}

static bool is_function(const GElf_Sym *symbol)
{
	unsigned int type = GELF_ST_TYPE(symbol->st_info);

	return type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE;
}

/* The end of the executable section that holds a symbol; 0 when it lies in no such section. */
static uint64_t code_section_limit(const struct source *source, const GElf_Sym *symbol)
{
	struct Elf_Scn *section;
	GElf_Shdr header;

	if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx >= SHN_LORESERVE)
		return 0;
	section = elf_getscn(source->elf, symbol->st_shndx);
	if (!section || !gelf_getshdr(section, &header) || !(header.sh_flags & SHF_EXECINSTR))
		return 0;
	if (symbol->st_value < header.sh_addr ||
	    symbol->st_value - header.sh_addr >= header.sh_size)
		return 0;
	return header.sh_size > UINT64_MAX - header.sh_addr ? UINT64_MAX :
							      header.sh_addr + header.sh_size;
}

/* $x, $d and the like mark where code and data begin on ARM and RISC-V. */
static bool is_name(const char *name)
{
	return name[0] != '\0' && !(name[0] == '$' && name[1] && strchr("adtx", name[1]));
}

static int add_candidate(const struct source *source, const GElf_Sym *symbol,
			 struct candidates *candidates)
{
	struct candidate candidate = {
		.address = symbol->st_value,
		.size = symbol->st_size,
		.name = symbol->st_name,
		.binding = binding_of(symbol),
	};

	if (!is_function(symbol) || symbol->st_name >= source->strings_len)
		return 0;
	if (!is_name(source->strings + symbol->st_name))
		return 0;
	candidate.section_limit = code_section_limit(source, symbol);
	if (candidate.section_limit == 0)
		return 0;
	candidate.size = MIN(candidate.size, candidate.section_limit - candidate.address);
	return vec_push(&candidates->list, candidate);
}

static int collect(const struct source *source, size_t symbol_cnt, struct candidates *candidates)
{
	GElf_Sym symbol;

	for (size_t i = 1; i < symbol_cnt; i++) {
		if (!gelf_getsym(source->symbols, (int)i, &symbol))
			return -ENOEXEC;
		if (add_candidate(source, &symbol, candidates) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* By address; of one address the sized before the others, then the better name first. */
static int compare_candidates(const void *left, const void *right, void *strings)
{
	const struct candidate *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if ((a->size == 0) != (b->size == 0))
		return a->size ? -1 : 1;
	return alias_compare((struct alias){(const char *)strings + a->name, a->binding},
			     (struct alias){(const char *)strings + b->name, b->binding});
}

/* Keeps the first, best, candidate of each address. */
static void drop_aliases(struct candidates *candidates)
{
	size_t kept = 0;

	vec_for_each(&candidates->list, candidate) {
		if (kept && candidates->list.items[kept - 1].address == candidate->address)
			continue;
		candidates->list.items[kept++] = *candidate;
	}
	candidates->list.len = kept;
}

static int add_sized(const struct candidates *candidates, struct intervals *ranges)
{
	vec_for_each(&candidates->list, candidate) {
		struct interval range = {
			.start = candidate->address,
			.limit = candidate->address + candidate->size,
			.value = candidate->name,
		};

		if (intervals_add(ranges, range) < 0)
			return -ENOMEM;
	}
	return intervals_seal(ranges);
}

/* Gives those without a size what no sized one covers, each up to the next symbol. */
static int add_sizeless(const struct candidates *candidates, struct intervals *ranges)
{
	VEC(struct interval) gaps = {0};
	int r = 0;

	for (size_t i = 0; i < candidates->list.len && r == 0; i++) {
		const struct candidate *candidate = &candidates->list.items[i];
		struct interval gap = {.start = candidate->address, .value = candidate->name};

		if (candidate->size || intervals_find(ranges, candidate->address))
			continue;
		gap.limit = MIN(candidate->section_limit,
				intervals_next_start(ranges, candidate->address));
		if (i + 1 < candidates->list.len)
			gap.limit = MIN(gap.limit, candidate[1].address);
		r = vec_push(&gaps, gap);
	}
	vec_for_each(&gaps, gap)
		r = r < 0 ? r : intervals_add(ranges, *gap);
	vec_free(&gaps);
	return r < 0 ? r : intervals_seal(ranges);
}

static int build_ranges(const struct source *source, size_t symbol_cnt, struct intervals *ranges)
{
	_cleanup_(free_candidates) struct candidates candidates = {0};
	int r = collect(source, symbol_cnt, &candidates);

	if (r < 0 || candidates.list.len == 0)
		return r;
	qsort_r(candidates.list.items, candidates.list.len, sizeof(struct candidate),
		compare_candidates, (void *)(uintptr_t)source->strings);
	drop_aliases(&candidates);
	if (add_sized(&candidates, ranges) < 0)
		return -ENOMEM;
	return add_sizeless(&candidates, ranges);
}

/* Loads a symbol section and its strings; the count of symbols, or a negative errno. */
static int64_t load_source(const struct elf_file *file, struct Elf_Scn *section,
			   struct source *ret_source)
{
	struct source source = {.elf = file->elf};
	size_t entry_len = gelf_fsize(file->elf, ELF_T_SYM, 1, EV_CURRENT);
	GElf_Shdr header;

	if (!gelf_getshdr(section, &header) || (header.sh_flags & SHF_COMPRESSED))
		return -ENOEXEC;
	if (header.sh_size / entry_len > SYMBOLS_MAX)
		return -EFBIG;
	source.strings = elf_file_bytes(elf_getscn(file->elf, header.sh_link), STRINGS_LEN_MAX,
					&source.strings_len);
	source.symbols = elf_getdata(section, NULL);
	if (!source.strings || !source.symbols)
		return -ENOEXEC;
	/* so that every name ends inside */
	while (source.strings_len && source.strings[source.strings_len - 1] != '\0')
		source.strings_len--;
	*ret_source = source;
	return (int64_t)(source.symbols->d_size / entry_len);
}

int symtab_read(const struct elf_file *file, struct symtab *ret_symtab)
{
	struct Elf_Scn *section = elf_file_section(file, NULL, SHT_SYMTAB);
	struct symtab symtab = {.is_dynamic = !section};
	struct source source;
	int64_t symbol_cnt;
	int r;

	if (!section)
		section = elf_file_section(file, NULL, SHT_DYNSYM);
	if (!section) {
		*ret_symtab = (struct symtab){0};
		return 0;
	}
	symbol_cnt = load_source(file, section, &source);
	if (symbol_cnt < 0)
		return (int)symbol_cnt;
	r = build_ranges(&source, (size_t)symbol_cnt, &symtab.ranges);
	if (r < 0) {
		symtab_free(&symtab);
		return r;
	}
	symtab.strings = source.strings;
	symtab.strings_len = source.strings_len;
	*ret_symtab = symtab;
	return 0;
}

void symtab_free(struct symtab *symtab)
{
	intervals_free(&symtab->ranges);
}

const char *symtab_find(const struct symtab *symtab, uint64_t address,
			const struct interval **ret_range)
{
	const struct interval *range = intervals_find(&symtab->ranges, address);

	if (!range)
		return NULL;
	if (ret_range)
		*ret_range = range;
	return symtab->strings + range->value;
}

bool symtab_find_name(const struct symtab *symtab, const char *name, uint64_t *ret_address)
{
	size_t len = strlen(name);

	vec_for_each(&symtab->ranges.list, range) {
		const char *other = symtab->strings + range->value;

		if (strncmp(other, name, len) == 0 && (other[len] == '\0' || other[len] == '@')) {
			*ret_address = range->start;
			return true;
		}
	}
	return false;
}
