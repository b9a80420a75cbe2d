// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/symtab.h"

#include "base/buf.h"
#include "symbolize/alias.h"
#include "symbolize/inflate.h"
#include "symbolize/namepool.h"
#include "symbolize/plt.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <string.h>

/* Chromium with full symbols has 1.4 million functions in a .strtab of 250 MB. */
#define SYMBOLS_MAX (4 * 1024 * 1024)
#define STRINGS_LEN_MAX ((size_t)512 * 1024 * 1024)
#define NAMES_LEN_MAX ((size_t)256 * 1024 * 1024) /* of the functions alone */
#define DEBUGDATA_LEN_MAX ((size_t)64 * 1024 * 1024)
#define STUB_SUFFIX "@plt"

struct candidate {
	uint64_t address, size, section_limit;
	const char *name;
	bool is_stub;
	uint32_t name_offset; /* in the table's strings, once it has one */
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
		.name = source->strings + MIN(symbol->st_name, source->strings_len),
		.binding = binding_of(symbol),
	};

	if (!is_function(symbol) || symbol->st_name >= source->strings_len)
		return 0;
	if (!is_name(candidate.name))
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
		if (candidates->list.len >= SYMBOLS_MAX)
			return -EFBIG;
		if (add_candidate(source, &symbol, candidates) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* By address; of one address the sized before the others, then the better name first. */
static int compare_candidates(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if ((a->size == 0) != (b->size == 0))
		return a->size ? -1 : 1;
	return alias_compare((struct alias){a->name, a->binding},
			     (struct alias){b->name, b->binding});
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
			.value = candidate->name_offset,
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
		struct interval gap = {.start = candidate->address,
				       .value = candidate->name_offset};

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

/* Gives the names a place of their own; a long one is cut where it would be anyway, and one behind. */
static int copy_names(struct candidates *candidates, struct buf *strings)
{
	vec_for_each(&candidates->list, candidate) {
		candidate->name_offset = (uint32_t)strings->len;
		buf_append(strings, candidate->name,
			   strnlen(candidate->name, NAMEPOOL_LEN_MAX + 1));
		if (candidate->is_stub)
			buf_append_str(strings, STUB_SUFFIX);
		buf_append_byte(strings, '\0');
	}
	return buf_error(strings);
}

static int build_table(struct candidates *candidates, struct symtab *symtab)
{
	_cleanup_buf_ struct buf strings = {.max_len = NAMES_LEN_MAX};
	int r;

	if (candidates->list.len == 0)
		return 0;
	qsort(candidates->list.items, candidates->list.len, sizeof(struct candidate),
	      compare_candidates);
	drop_aliases(candidates);
	r = copy_names(candidates, &strings);
	if (r < 0)
		return r;
	if (add_sized(candidates, &symtab->ranges) < 0 ||
	    add_sizeless(candidates, &symtab->ranges) < 0)
		return -ENOMEM;
	symtab->strings_len = strings.len;
	symtab->strings = (const char *)TAKE_PTR(strings.data);
	return 0;
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

/* 0, -ENODATA (there is no such table), or why it cannot be used. */
static int collect_table(const struct elf_file *file, uint32_t type, struct candidates *candidates)
{
	struct Elf_Scn *section = file ? elf_file_section(file, NULL, type) : NULL;
	struct source source;
	int64_t symbol_cnt;
	GElf_Shdr header;

	if (!section || !gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS)
		return -ENODATA;
	symbol_cnt = load_source(file, section, &source);
	return symbol_cnt < 0 ? (int)symbol_cnt : collect(&source, (size_t)symbol_cnt, candidates);
}

static void close_file(struct elf_file **file)
{
	elf_file_close(*file);
}

#define _cleanup_file_ _cleanup_(close_file)

/* The file inside .gnu_debugdata; -ENODATA when there is none or it is broken. */
static int open_debugdata(const struct elf_file *file, struct elf_file **ret_mini)
{
	struct Elf_Scn *section = elf_file_section(file, ".gnu_debugdata", 0);
	_cleanup_free_ void *bytes = NULL;
	const void *packed;
	size_t len;

	packed = elf_file_bytes(section, DEBUGDATA_LEN_MAX, &len);
	if (!packed)
		return -ENODATA;
	if (inflate_xz(byte_reader_of(packed, len), MIN(DEBUGDATA_LEN_MAX, inflate_len_max(len)),
		       &bytes, &len) < 0)
		return -ENODATA;
	if (elf_file_open_image(bytes, len, ret_mini) < 0)
		return -ENODATA;
	TAKE_PTR(bytes); /* the file's */
	return 0;
}

static int add_stubs(const struct elf_file *file, struct candidates *candidates)
{
	struct plt_stubs stubs;
	int r = plt_stubs_read(file, &stubs);

	vec_for_each(&stubs.list, stub) {
		struct candidate candidate = {
			.address = stub->address,
			.size = stub->len,
			.section_limit = stub->address + stub->len,
			.name = stub->name,
			.is_stub = true,
			.binding = ALIAS_WEAK,
		};

		r = r < 0 ? r : vec_push(&candidates->list, candidate);
	}
	plt_stubs_free(&stubs);
	return r;
}

/* Of what is not the object's own .symtab or .dynsym, what is broken is as if it were not there. */
static int collect_all(const struct elf_file *file, const struct elf_file *debug,
		       struct elf_file **mini, struct candidates *candidates)
{
	bool is_dynamic = false;
	int r = collect_table(file, SHT_SYMTAB, candidates);

	if (r != -ENODATA)
		return r < 0 ? r : 0;
	r = collect_table(debug, SHT_SYMTAB, candidates);
	if (r < 0 && r != -ENOMEM && open_debugdata(file, mini) == 0)
		r = collect_table(*mini, SHT_SYMTAB, candidates);
	if (r == -ENOMEM)
		return r;
	is_dynamic = r < 0;
	r = collect_table(file, SHT_DYNSYM, candidates);
	if (r < 0 && r != -ENODATA)
		return r;
	return is_dynamic;
}

int symtab_read(const struct elf_file *file, const struct elf_file *debug,
		struct symtab *ret_symtab)
{
	_cleanup_(free_candidates) struct candidates candidates = {0};
	_cleanup_file_ struct elf_file *mini = NULL;
	struct symtab symtab = {0};
	int r = collect_all(file, debug, &mini, &candidates);

	if (r < 0)
		return r;
	symtab.is_dynamic = r;
	r = add_stubs(file, &candidates);
	if (r == 0)
		r = build_table(&candidates, &symtab);
	if (r < 0) {
		symtab_free(&symtab);
		return r;
	}
	*ret_symtab = symtab;
	return 0;
}

void symtab_free(struct symtab *symtab)
{
	if (!symtab->is_borrowed) {
		intervals_free(&symtab->ranges);
		free((void *)(uintptr_t)symtab->strings);
	}
	*symtab = (struct symtab){0};
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

/* Is this what may follow a function's own name in a table: nothing, or its version? */
static bool is_version(const char *suffix)
{
	return *suffix == '\0' || (*suffix == '@' && strcmp(suffix, STUB_SUFFIX) != 0);
}

bool symtab_find_name(const struct symtab *symtab, const char *name, uint64_t *ret_address)
{
	size_t len = strlen(name);

	vec_for_each(&symtab->ranges.list, range) {
		const char *other = symtab->strings + range->value;

		if (strncmp(other, name, len) == 0 && is_version(other + len)) {
			*ret_address = range->start;
			return true;
		}
	}
	return false;
}
