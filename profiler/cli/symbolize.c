// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* smolder symbolize: addresses of a file or process in, functions and lines out, as addr2line does. */
#include "base/parse.h"
#include "profiler/cli/address_space.h"
#include "profiler/cli/answer_text.h"
#include "profiler/cli/confine.h"
#include "profiler/cli/debug_servers.h"
#include "profiler/cli/msg.h"
#include "profiler/cli/options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define LINE_LEN_MAX 4096 /* of an address on standard input */
#define OUT_LEN_MAX ((size_t)64 * 1024)

enum {
	OPTION_EXECUTABLE,
	OPTION_BUILD_ID,
	OPTION_FUNCTIONS,
	OPTION_INLINES,
	OPTION_ADDRESSES,
	OPTION_DEMANGLE,
	OPTION_SHORT_NAMES,
	OPTION_JSON,
	OPTION_NO_DWARF,
	OPTION_NO_CACHE,
	OPTION_NO_SANDBOX,
	OPTION_DEBUGINFOD,
};

struct symbolize {
	const struct verb *verb;
	const char *path, *build_id;
	uint32_t pid;
	bool no_dwarf, no_cache, no_sandbox, debuginfod;
	struct answer_style style;
	struct sandbox *sandbox; /* NULL: files are parsed in this process */
	struct namer *namer;
	struct address_space space;
	VEC(uint64_t) addresses; /* asked and not yet answered */
	struct buf out;
};

static int apply_flag(void *ctx, const struct option_spec *spec, const char *value)
{
	struct symbolize *symbolize = ctx;
	bool *const flags[] = {
		[OPTION_FUNCTIONS] = &symbolize->style.functions,
		[OPTION_INLINES] = &symbolize->style.inlines,
		[OPTION_ADDRESSES] = &symbolize->style.addresses,
		[OPTION_DEMANGLE] = &symbolize->style.demangle,
		[OPTION_SHORT_NAMES] = &symbolize->style.short_names,
		[OPTION_JSON] = &symbolize->style.json,
		[OPTION_NO_DWARF] = &symbolize->no_dwarf,
		[OPTION_NO_CACHE] = &symbolize->no_cache,
		[OPTION_NO_SANDBOX] = &symbolize->no_sandbox,
		[OPTION_DEBUGINFOD] = &symbolize->debuginfod,
	};

	(void)value;
	*flags[spec->number] = true;
	return 0;
}

static int apply_what(void *ctx, const struct option_spec *spec, const char *value)
{
	struct symbolize *symbolize = ctx;
	const char **const what[] = {
		[OPTION_EXECUTABLE] = &symbolize->path,
		[OPTION_BUILD_ID] = &symbolize->build_id,
	};

	*what[spec->number] = value;
	return 0;
}

static int apply_pid(void *ctx, const struct option_spec *spec, const char *value)
{
	struct symbolize *symbolize = ctx;

	(void)spec;
	if (parse_u32(value, &symbolize->pid) < 0 || symbolize->pid == 0)
		return options_error(symbolize->verb, "'%s' is not a pid", value);
	return 0;
}

static const struct option_spec specs[] = {
	{'e', "exe", true, apply_what, OPTION_EXECUTABLE},
	{0, "build-id", true, apply_what, OPTION_BUILD_ID},
	{'p', "pid", true, apply_pid, 0},
	{'f', "functions", false, apply_flag, OPTION_FUNCTIONS},
	{'i', "inlines", false, apply_flag, OPTION_INLINES},
	{'a', "addresses", false, apply_flag, OPTION_ADDRESSES},
	{'C', "demangle", false, apply_flag, OPTION_DEMANGLE},
	{0, "short-names", false, apply_flag, OPTION_SHORT_NAMES},
	{0, "json", false, apply_flag, OPTION_JSON},
	{0, "no-dwarf", false, apply_flag, OPTION_NO_DWARF},
	{0, "no-cache", false, apply_flag, OPTION_NO_CACHE},
	{0, "no-sandbox", false, apply_flag, OPTION_NO_SANDBOX},
	{0, "debuginfod", false, apply_flag, OPTION_DEBUGINFOD},
	{0},
};

/* ---- answers ---- */

/* False when nobody reads on. */
static bool write_out(struct symbolize *symbolize)
{
	bool is_written =
		fwrite(symbolize->out.data, 1, symbolize->out.len, stdout) == symbolize->out.len;

	buf_clear(&symbolize->out);
	return is_written && fflush(stdout) == 0;
}

/* Hexadecimal, with or without 0x, as addr2line takes it; what is no number is address 0. */
static uint64_t read_address(const char *text, size_t len)
{
	uint64_t address = 0;

	while (len && strchr(" \t\r", text[len - 1]))
		len--;
	while (len && strchr(" \t", *text)) {
		text++;
		len--;
	}
	if (len >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		text += 2;
		len -= 2;
	}
	if (parse_u64_len(text, len, 16, &address) < 0)
		msg_warning("symbolize: '%.*s' is not an address", (int)MIN(len, (size_t)64), text);
	return address;
}

static int compare_addresses(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/*
 * All at once, and in their order, in which neighbours share what is in the processor's caches. Without
 * memory they are looked up as they come.
 */
static void look_ahead(struct symbolize *symbolize)
{
	size_t len = symbolize->addresses.len * sizeof(uint64_t);
	_cleanup_free_ uint64_t *sorted = len ? malloc(len) : NULL;
	struct address_answer answer;

	if (!sorted)
		return;
	memcpy(sorted, symbolize->addresses.items, len);
	qsort(sorted, symbolize->addresses.len, sizeof(*sorted), compare_addresses);
	address_space_ask(&symbolize->space, sorted, symbolize->addresses.len);
	if (symbolize->sandbox)
		return;
	for (size_t i = 0; i < symbolize->addresses.len; i++)
		address_space_lookup(&symbolize->space, sorted[i], &answer);
}

/* Answers what was asked by now, and writes it out; false when nobody reads on. */
static bool answer_all(struct symbolize *symbolize)
{
	look_ahead(symbolize);
	vec_for_each(&symbolize->addresses, address) {
		struct address_answer found;

		address_space_lookup(&symbolize->space, *address, &found);
		answer_text_append(&symbolize->out, &symbolize->style, &found);
		if (symbolize->out.len >= OUT_LEN_MAX && !write_out(symbolize))
			return false;
	}
	symbolize->addresses.len = 0;
	return write_out(symbolize);
}

static int ask(struct symbolize *symbolize, const char *text, size_t len)
{
	return vec_push(&symbolize->addresses, read_address(text, len));
}

static int answer_operands(struct symbolize *symbolize, char **operands)
{
	int r = 0;

	for (; *operands && r == 0; operands++)
		r = ask(symbolize, *operands, strlen(*operands));
	return r == 0 && answer_all(symbolize) ? EXIT_DONE : EXIT_FAILED;
}

/* Answers whole lines; returns how many bytes they were, or < 0 when nobody reads the answers. */
static ssize_t answer_lines(struct symbolize *symbolize, const char *text, size_t len)
{
	const char *line = text, *newline;

	while ((newline = memchr(line, '\n', len - (size_t)(line - text)))) {
		if (ask(symbolize, line, (size_t)(newline - line)) < 0)
			return -ENOMEM;
		line = newline + 1;
	}
	return answer_all(symbolize) ? line - text : -EPIPE;
}

/* Whoever writes one address and waits for its answer gets it: before waiting, all is written out. */
static int answer_input(struct symbolize *symbolize)
{
	char text[64 * 1024];
	size_t len = 0;
	ssize_t got;

	while ((got = read(STDIN_FILENO, text + len, sizeof(text) - len)) != 0) {
		ssize_t used;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			msg_error("symbolize: cannot read standard input: %m");
			return EXIT_FAILED;
		}
		len += (size_t)got;
		used = answer_lines(symbolize, text, len);
		if (used < 0)
			return EXIT_FAILED;
		len -= (size_t)used;
		memmove(text, text + used, len);
		if (len > LINE_LEN_MAX) {
			msg_error("symbolize: a line of standard input is longer than %d bytes",
				  LINE_LEN_MAX);
			return EXIT_FAILED;
		}
	}
	if (len && ask(symbolize, text, len) < 0)
		return EXIT_FAILED;
	return answer_all(symbolize) ? EXIT_DONE : EXIT_FAILED;
}

/* ---- what they are addresses of ---- */

/* What a file names beside it is opened as its user would; that it belongs to it is checked later. */
static int open_beside(void *ctx, uint32_t owner, const char *path)
{
	const struct symbolize *symbolize = ctx;

	if (symbolize->space.processes)
		return objects_open_beside(processes_objects(symbolize->space.processes), owner,
					   path);
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static int open_space(struct symbolize *symbolize, struct err *err)
{
	struct address_space *space = &symbolize->space;

	if (symbolize->path)
		return address_space_open_file(symbolize->namer, symbolize->path, space, err);
	if (symbolize->build_id)
		return address_space_open_build_id(symbolize->namer, symbolize->build_id, space,
						   err);
	return address_space_open_process(symbolize->namer, symbolize->pid, space, err);
}

static int answer(struct symbolize *symbolize, char **operands)
{
	struct err err;

	if (open_space(symbolize, &err) < 0) {
		msg_error("%s", err.text);
		return EXIT_FAILED;
	}
	return *operands ? answer_operands(symbolize, operands) : answer_input(symbolize);
}

static int run_with(struct symbolize *symbolize, struct debuginfod *servers, char **operands)
{
	char cache[PATH_MAX];
	struct namer_options options = {
		.symbols = {.no_demangle = !symbolize->style.demangle && !symbolize->style.json,
			    .no_dwarf = symbolize->no_dwarf,
			    .open_debug = open_beside,
			    .open_ctx = symbolize,
			    .fetch_debug = servers ? debuginfod_fetch : NULL,
			    .fetch_ctx = servers},
		.sandbox = symbolize->sandbox,
		.workers_max = NAMER_WORKERS_MAX,
	};
	int code = EXIT_FAILED;

	if (!symbolize->no_cache)
		options.symbols.cache_directory = symbolizer_cache_directory(cache, sizeof(cache));
	if (namer_new(&options, &symbolize->namer) == 0)
		code = answer(symbolize, operands);
	else
		msg_error("symbolize: out of memory");
	namer_free(symbolize->namer);
	address_space_close(&symbolize->space);
	vec_free(&symbolize->addresses);
	buf_free(&symbolize->out);
	return code;
}

/* A file that the user names is read as addr2line reads it: workers take half as much again for each address. */
static int open_sandbox(struct symbolize *symbolize)
{
	if (!symbolize->pid && !symbolize->no_sandbox)
		return 0;
	return confine_open(symbolize->no_sandbox, &symbolize->sandbox);
}

static int run(struct symbolize *symbolize, char **operands)
{
	struct debuginfod *servers;
	int code = EXIT_FAILED;

	if (debug_servers_open(symbolize->debuginfod, &servers) < 0)
		return EXIT_FAILED;
	if (open_sandbox(symbolize) == 0)
		code = run_with(symbolize, servers, operands);
	confine_tell_failures(symbolize->sandbox);
	sandbox_free(symbolize->sandbox);
	debuginfod_close(servers);
	return code;
}

static int run_symbolize(const struct verb *verb, int argc, char **argv)
{
	struct symbolize symbolize = {.verb = verb, .space.fd = -1};
	int operands = options_parse(verb, specs, &symbolize, argv);

	(void)argc;
	if (operands == OPTIONS_HELP)
		return EXIT_DONE;
	if (operands < 0)
		return EXIT_USAGE;
	symbolize.style.demangle |= symbolize.style.short_names;
	if (!!symbolize.path + !!symbolize.build_id + !!symbolize.pid != 1)
		return options_error(verb, "give one of -e FILE, --build-id HEX and -p PID"),
		       EXIT_USAGE;
	return run(&symbolize, argv + operands);
}

static const char help[] =
	"  -e, --exe FILE             addresses of an executable or shared object\n"
	"      --build-id HEX         of the one whose debug file, by its build-id, is on this "
	"host\n"
	"  -p, --pid PID              of a process: its own addresses, and the kernel's\n"
	"  -f, --functions            functions, too\n"
	"  -i, --inlines              each function that is inlined there, innermost first\n"
	"  -a, --addresses            each address before its answer\n"
	"  -C, --demangle             functions' names as in the source\n"
	"      --short-names          the same without parameters and template arguments\n"
	"      --json                 all that is known, one JSON object an address\n"
	"      --no-dwarf             by symbol tables alone: less memory, no lines\n"
	"      --debuginfod           get missing debug files from the servers in DEBUGINFOD_URLS\n"
	"      --no-cache             neither read nor write the cache of symbols\n"
	"      --no-sandbox           parse a process's files in this process, with all its "
	"privileges\n"
	"\n"
	"Addresses are hexadecimal; those of a file are its own, as nm prints them. Without any "
	"they "
	"are\n"
	"read from standard input, one a line. The output is that of addr2line.\n";

const struct verb verb_symbolize = {
	.name = "symbolize",
	.arguments = "-e FILE | --build-id HEX | -p PID [OPTIONS] [ADDRESS...]",
	.summary = "Tell the functions and lines of addresses",
	.help = help,
	.run = run_symbolize,
};
