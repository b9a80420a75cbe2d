// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/kallsyms.h"

#include "base/parse.h"
#include "symbolize/alias.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_LEN ((size_t)32 * 1024) /* stays in the CPU's cache from the kernel's write on */
#define SYMBOLS_MAX (1024 * 1024)     /* Debian's kernel has some 130,000 of all kinds */
#define NAMES_LEN_MAX ((size_t)64 * 1024 * 1024)
/* Room for a distribution's kernel, as address space only: growing would copy, and touch it all twice. */
#define SYMBOLS_EXPECTED (128 * 1024)
#define NAMES_LEN_EXPECTED ((size_t)2 * 1024 * 1024)
#define MODULES_MAX 4096  /* lsmod prints a hundred on a large host */
#define NAME_LEN_MAX 4096 /* KSYM_NAME_LEN is 512 */
#define CORE_MODULE "[kernel.kallsyms]"
#define CORE_MODULE_ID 0
#define TEXT_BEGIN "_text"

struct symbol {
	uint64_t address;
	uint32_t name; /* 0: not a function */
	uint16_t module;
	uint8_t binding; /* enum alias_binding */
};

struct loader {
	struct kallsyms *out;
	VEC(struct symbol) symbols;
	uint16_t last_module;
};

struct line { /* points into the text */
	uint64_t address;
	char type;
	const char *name, *module; /* module: with its brackets; empty for the core kernel */
	size_t name_len, module_len;
};

static void free_loader(struct loader *loader)
{
	vec_free(&loader->symbols);
}

/* Sixteen digits a line: this is where most of the time to load goes. */
static bool parse_address(const char **text, const char *end, uint64_t *ret_address)
{
	static const uint8_t digits[256] = {
		['0'] = 16 + 0,  ['1'] = 16 + 1,  ['2'] = 16 + 2,  ['3'] = 16 + 3,
		['4'] = 16 + 4,  ['5'] = 16 + 5,  ['6'] = 16 + 6,  ['7'] = 16 + 7,
		['8'] = 16 + 8,  ['9'] = 16 + 9,  ['a'] = 16 + 10, ['b'] = 16 + 11,
		['c'] = 16 + 12, ['d'] = 16 + 13, ['e'] = 16 + 14, ['f'] = 16 + 15,
	};
	const char *at = *text;
	uint64_t address = 0;

	for (; at < end && digits[(uint8_t)*at]; at++)
		address = address << 4 | (digits[(uint8_t)*at] & 15);
	if (at == *text || at - *text > 16)
		return false;
	*text = at;
	*ret_address = address;
	return true;
}

/* "ffffffffc0201000 t name\t[module]"; false when it is anything else. */
static bool parse_line(const char *text, size_t len, struct line *ret_line)
{
	const char *end = text + len, *tab;
	struct line line = {0};

	if (!parse_address(&text, end, &line.address) || end - text < 4 || text[0] != ' ' ||
	    text[2] != ' ')
		return false;
	line.type = text[1];
	line.name = text + 3;
	tab = memchr(line.name, '\t', (size_t)(end - line.name));
	line.name_len = (size_t)((tab ? tab : end) - line.name);
	if (tab) {
		line.module = tab + 1;
		line.module_len = (size_t)(end - line.module);
	}
	*ret_line = line;
	return line.name_len > 0 && line.name_len <= NAME_LEN_MAX &&
	       line.module_len <= NAME_LEN_MAX;
}

/* CONFIG_CALL_PADDING: the padding before a function, which nothing runs; half of all lines. */
static bool is_padding(const char *text, size_t len)
{
	return len > 25 && text[16] == ' ' && memcmp(text + 19, "__pfx_", 6) == 0;
}

static bool is_function_type(char type)
{
	return type == 't' || type == 'T' || type == 'w' || type == 'W';
}

static enum alias_binding binding_of(char type)
{
	if (type == 'T')
		return ALIAS_GLOBAL;
	return type == 't' ? ALIAS_LOCAL : ALIAS_WEAK;
}

/* Where the name now begins, or 0: no room. The byte behind it, whatever it is, becomes its NUL. */
static uint32_t add_name(struct kallsyms *out, const char *name, size_t len)
{
	uint32_t at = (uint32_t)out->names.len;

	buf_append(&out->names, name, len + 1);
	if (buf_error(&out->names) < 0)
		return 0;
	out->names.data[out->names.len - 1] = '\0';
	return at;
}

static bool same_name(const struct kallsyms *kallsyms, uint32_t at, const char *name, size_t len)
{
	const char *other = (const char *)kallsyms->names.data + at;

	return strlen(other) == len && memcmp(other, name, len) == 0;
}

/* The module's number, or -1. Its symbols follow one another, so the last one seen goes first. */
static int find_module(struct loader *loader, const char *name, size_t len)
{
	struct kallsyms *out = loader->out;
	uint32_t at;

	if (same_name(out, out->modules.items[loader->last_module], name, len))
		return loader->last_module;
	for (size_t i = 0; i < out->modules.len; i++)
		if (same_name(out, out->modules.items[i], name, len))
			return (int)i;
	if (out->modules.len >= MODULES_MAX)
		return -1;
	at = add_name(out, name, len);
	if (at == 0 || vec_push(&out->modules, at) < 0)
		return -1;
	return (int)out->modules.len - 1;
}

static bool is_bpf_program(const struct line *line)
{
	return line->name_len > 9 && memcmp(line->name, "bpf_prog_", 9) == 0 &&
	       is_function_type(line->type);
}

/* A module's name as we give it: older kernels list BPF programs without one. */
static int module_of(struct loader *loader, const struct line *line)
{
	int module = CORE_MODULE_ID;

	if (line->module_len)
		module = find_module(loader, line->module, line->module_len);
	else if (is_bpf_program(line))
		module = find_module(loader, "[bpf]", 5);
	if (module >= 0)
		loader->last_module = (uint16_t)module;
	return module;
}

/* Of a run of data symbols only the first matters: it ends the function before it. */
static bool continues_data(const struct loader *loader, const struct line *line)
{
	const struct symbol *last = loader->symbols.len ? vec_last(&loader->symbols) : NULL;

	return last && last->name == 0 && last->address <= line->address;
}

static bool is_text_begin(const struct line *line)
{
	return line->name_len == strlen(TEXT_BEGIN) && !line->module_len &&
	       memcmp(line->name, TEXT_BEGIN, line->name_len) == 0;
}

static int add_symbol(struct loader *loader, const struct line *line)
{
	struct symbol symbol = {.address = line->address, .binding = ALIAS_WEAK};
	int module;

	if (line->address == 0)
		return 0;
	if (!is_function_type(line->type))
		return continues_data(loader, line) ? 0 : vec_push(&loader->symbols, symbol);
	if (is_text_begin(line))
		loader->out->text = line->address;
	module = module_of(loader, line);
	if (module < 0 || loader->symbols.len >= SYMBOLS_MAX) {
		loader->out->dropped_cnt++;
		return 0;
	}
	symbol.module = (uint16_t)module;
	symbol.binding = (uint8_t)binding_of(line->type);
	symbol.name = add_name(loader->out, line->name, line->name_len);
	if (symbol.name == 0) {
		loader->out->dropped_cnt++;
		return loader->out->names.error == -EFBIG ? 0 : -ENOMEM;
	}
	return vec_push(&loader->symbols, symbol);
}

/* Takes the whole lines out of the text; returns how many bytes that were, or -ENOMEM. */
static ssize_t take_lines(struct loader *loader, const char *text, size_t len)
{
	size_t done = 0;
	const char *newline;
	struct line line;

	while ((newline = memchr(text + done, '\n', len - done))) {
		size_t line_len = (size_t)(newline - text) - done;

		if (!is_padding(text + done, line_len) &&
		    parse_line(text + done, line_len, &line) && add_symbol(loader, &line) < 0)
			return -ENOMEM;
		done += line_len + 1;
	}
	return (ssize_t)done;
}

static int read_all(int fd, struct loader *loader)
{
	_cleanup_free_ char *text = malloc(CHUNK_LEN);
	size_t len = 0;
	ssize_t n;

	if (!text)
		return -ENOMEM;
	while ((n = read(fd, text + len, CHUNK_LEN - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		len += (size_t)n;
		n = take_lines(loader, text, len);
		if (n < 0)
			return -ENOMEM;
		if (n == 0 && len == CHUNK_LEN)
			n = (ssize_t)len; /* a line of 64 KiB: no symbol */
		len -= (size_t)n;
		memmove(text, text + n, len);
	}
	return 0;
}

/* By address; functions before the data that may share it, the better name first. */
static int compare_symbols(const void *left, const void *right, void *names)
{
	const struct symbol *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if ((a->name == 0) != (b->name == 0))
		return a->name ? -1 : 1;
	return alias_compare((struct alias){(const char *)names + a->name, a->binding},
			     (struct alias){(const char *)names + b->name, b->binding});
}

/* Sorts neighbours of one address; returns how many symbols from the first on are in order then. */
static size_t sort_aliases(struct loader *loader)
{
	struct symbol *symbols = loader->symbols.items;
	size_t first = 0, len = loader->symbols.len;

	for (size_t i = 1; i <= len; i++) {
		if (i < len && symbols[i].address == symbols[first].address)
			continue;
		if (i - first > 1)
			qsort_r(symbols + first, i - first, sizeof(*symbols), compare_symbols,
				loader->out->names.data);
		if (i < len && symbols[i].address < symbols[first].address)
			return i;
		first = i;
	}
	return len;
}

/*
 * The kernel lists itself by address, then modules and programs, which are few: these are sorted by
 * themselves and merged in, from the end on.
 */
static int sort_symbols(struct loader *loader)
{
	struct symbol *symbols = loader->symbols.items;
	size_t sorted = sort_aliases(loader), rest = loader->symbols.len - sorted;
	_cleanup_free_ struct symbol *late = NULL;

	if (!rest)
		return 0;
	late = reallocarray(NULL, rest, sizeof(*late));
	if (!late)
		return -ENOMEM;
	memcpy(late, symbols + sorted, rest * sizeof(*late));
	qsort_r(late, rest, sizeof(*late), compare_symbols, loader->out->names.data);
	while (rest) {
		if (sorted && compare_symbols(&symbols[sorted - 1], &late[rest - 1],
					      loader->out->names.data) > 0) {
			symbols[sorted + rest - 1] = symbols[sorted - 1];
			sorted--;
		} else {
			symbols[sorted + rest - 1] = late[rest - 1];
			rest--;
		}
	}
	return 0;
}

/* The lowest symbol within 4 GiB of the highest; per-CPU and absolute symbols may lie at 0. */
static uint64_t lowest_base(const struct loader *loader)
{
	uint64_t highest = vec_last(&loader->symbols)->address;

	vec_for_each(&loader->symbols, symbol)
		if (highest - symbol->address <= UINT32_MAX)
			return symbol->address;
	return highest;
}

static int pack(struct loader *loader)
{
	struct kallsyms *out = loader->out;
	uint64_t last = 0;

	if (loader->symbols.len == 0)
		return -ENODATA;
	if (sort_symbols(loader) < 0 || vec_reserve(&out->entries, loader->symbols.len) < 0)
		return -ENOMEM;
	out->base = lowest_base(loader);
	vec_for_each(&loader->symbols, symbol) {
		uint64_t offset = symbol->address - out->base;
		struct kallsyms_entry entry = {(uint32_t)offset, symbol->name, symbol->module};

		if (symbol->address < out->base)
			out->dropped_cnt += symbol->name != 0;
		else if (symbol->address != last && vec_push(&out->entries, entry) < 0)
			return -ENOMEM;
		last = symbol->address;
	}
	return 0;
}

static int load(int fd, struct kallsyms *kallsyms)
{
	_cleanup_(free_loader) struct loader loader = {.out = kallsyms};
	int r;

	kallsyms->names.max_len = NAMES_LEN_MAX;
	if (!buf_room(&kallsyms->names, NAMES_LEN_EXPECTED) ||
	    vec_reserve(&loader.symbols, SYMBOLS_EXPECTED) < 0)
		return -ENOMEM;
	buf_append_byte(&kallsyms->names, 0); /* so that no name begins at 0 */
	if (vec_push(&kallsyms->modules, add_name(kallsyms, CORE_MODULE, strlen(CORE_MODULE))) <
		    0 ||
	    buf_error(&kallsyms->names) < 0)
		return -ENOMEM;
	r = read_all(fd, &loader);
	return r < 0 ? r : pack(&loader);
}

int kallsyms_read_fd(int fd, struct kallsyms *ret_kallsyms)
{
	struct kallsyms kallsyms = {0};
	int r = load(fd, &kallsyms);

	if (r < 0) {
		kallsyms_free(&kallsyms);
		return r;
	}
	*ret_kallsyms = kallsyms;
	return 0;
}

int kallsyms_read(const char *path, struct kallsyms *ret_kallsyms)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : kallsyms_read_fd(fd, ret_kallsyms);
}

void kallsyms_free(struct kallsyms *kallsyms)
{
	vec_free(&kallsyms->entries);
	vec_free(&kallsyms->modules);
	buf_free(&kallsyms->names);
}

/* The last entry at or below the offset, or NULL. */
static const struct kallsyms_entry *entry_below(const struct kallsyms *kallsyms, uint64_t offset)
{
	size_t low = 0, high = kallsyms->entries.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (kallsyms->entries.items[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &kallsyms->entries.items[low - 1] : NULL;
}

const char *kallsyms_find(const struct kallsyms *kallsyms, uint64_t address,
			  const char **ret_module)
{
	const struct kallsyms_entry *entry;
	const char *names = (const char *)kallsyms->names.data;

	if (address < kallsyms->base)
		return NULL;
	entry = entry_below(kallsyms, address - kallsyms->base);
	if (!entry || entry->name == 0 ||
	    address - kallsyms->base - entry->offset >= KALLSYMS_REACH_MAX)
		return NULL;
	*ret_module = names + kallsyms->modules.items[entry->module];
	return names + entry->name;
}
