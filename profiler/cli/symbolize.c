// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* smolder symbolize: addresses of a file in, functions and lines out, in addr2line's words. */
#include "base/buf.h"
#include "base/parse.h"
#include "formats/utf8.h"
#include "profiler/cli/msg.h"
#include "profiler/cli/options.h"
#include "symbolize/symbolizer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#define LINE_LEN_MAX 4096 /* of an address on standard input */

enum {
	OPTION_EXECUTABLE,
	OPTION_FUNCTIONS,
	OPTION_INLINES,
	OPTION_ADDRESSES,
	OPTION_DEMANGLE,
	OPTION_JSON,
	OPTION_NO_CACHE,
};

struct symbolize {
	const char *path;
	bool functions, inlines, addresses, demangle, json, no_cache;
	struct symbolizer *symbolizer;
	int object;
	struct buf line; /* of JSON */
};

static int apply_option(void *ctx, const struct option_spec *spec, const char *value)
{
	struct symbolize *symbolize = ctx;
	bool *const flags[] = {
		[OPTION_FUNCTIONS] = &symbolize->functions,
		[OPTION_INLINES] = &symbolize->inlines,
		[OPTION_ADDRESSES] = &symbolize->addresses,
		[OPTION_DEMANGLE] = &symbolize->demangle,
		[OPTION_JSON] = &symbolize->json,
		[OPTION_NO_CACHE] = &symbolize->no_cache,
	};

	if (spec->number == OPTION_EXECUTABLE)
		symbolize->path = value;
	else
		*flags[spec->number] = true;
	return 0;
}

static const struct option_spec specs[] = {
	{'e', "exe", true, apply_option, OPTION_EXECUTABLE},
	{'f', "functions", false, apply_option, OPTION_FUNCTIONS},
	{'i', "inlines", false, apply_option, OPTION_INLINES},
	{'a', "addresses", false, apply_option, OPTION_ADDRESSES},
	{'C', "demangle", false, apply_option, OPTION_DEMANGLE},
	{0, "json", false, apply_option, OPTION_JSON},
	{0, "no-cache", false, apply_option, OPTION_NO_CACHE},
	{0},
};

/* ---- addr2line's lines ---- */

static void print_frame(const struct symbolize *symbolize, const struct sym_frame *frame)
{
	if (symbolize->functions)
		puts(symbolize->demangle ? frame->name : frame->system_name);
	if (frame->line)
		printf("%s:%" PRIu32 "\n", frame->file, frame->line);
	else
		printf("%s:?\n", frame->file ? frame->file : "??");
}

static void print_lines(const struct symbolize *symbolize, const struct sym_result *result)
{
	size_t shown = symbolize->inlines ? result->frames_len : MIN(result->frames_len, (size_t)1);

	if (symbolize->addresses)
		printf("0x%016" PRIx64 "\n", result->exact_address);
	if (shown == 0 && symbolize->functions)
		puts("??");
	if (shown == 0)
		puts("??:0");
	for (size_t i = 0; i < shown; i++)
		print_frame(symbolize, &result->frames[result->frames_len - 1 - i]);
}

/* ---- JSON ---- */

static void add_text(struct buf *line, const char *key, const char *text)
{
	buf_appendf(line, "\"%s\":", key);
	if (text)
		utf8_append_json(line, text, strlen(text));
	else
		buf_append_str(line, "null");
	buf_append_byte(line, ',');
}

static void add_frame(struct buf *line, const struct sym_frame *frame)
{
	buf_append_byte(line, '{');
	add_text(line, "name", frame->name);
	add_text(line, "system_name", frame->system_name);
	add_text(line, "file", frame->file);
	buf_appendf(line, "\"line\":%" PRIu32 ",\"start_line\":%" PRIu32 ",\"inlined\":%s}",
		    frame->line, frame->start_line, frame->inlined ? "true" : "false");
}

/* One object a line, innermost frame first, as in the text; all that is known, whatever was asked. */
static void print_json(struct symbolize *symbolize, const struct sym_result *result)
{
	struct buf *line = &symbolize->line;

	buf_clear(line);
	buf_appendf(line, "{\"address\":\"0x%" PRIx64 "\",", result->exact_address);
	add_text(line, "reason", sym_reason_name(result->reason));
	if (result->frames_len == 0)
		buf_appendf(line, "\"function_start\":\"0x%" PRIx64 "\",", result->address);
	buf_append_str(line, "\"frames\":[");
	for (size_t i = result->frames_len; i > 0; i--) {
		add_frame(line, &result->frames[i - 1]);
		if (i > 1)
			buf_append_byte(line, ',');
	}
	buf_append_str(line, "]}\n");
	if (buf_error(line) == 0)
		fwrite(line->data, 1, line->len, stdout);
}

/* ---- addresses ---- */

/* Hexadecimal, with or without 0x, as addr2line takes it; what is no number is address 0. */
static void answer(struct symbolize *symbolize, const char *text, size_t len)
{
	struct sym_result result;
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
	symbolizer_lookup_address(symbolize->symbolizer, symbolize->object, address, &result);
	if (symbolize->json)
		print_json(symbolize, &result);
	else
		print_lines(symbolize, &result);
}

/* Whoever writes one address and waits for its answer gets it: before waiting, all is written out. */
static int answer_input(struct symbolize *symbolize)
{
	char text[64 * 1024];
	size_t len = 0;
	ssize_t got;

	while (fflush(stdout) == 0 &&
	       (got = read(STDIN_FILENO, text + len, sizeof(text) - len)) != 0) {
		const char *line = text, *newline;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			msg_error("symbolize: cannot read standard input: %m");
			return EXIT_FAILED;
		}
		len += (size_t)got;
		while ((newline = memchr(line, '\n', len))) {
			answer(symbolize, line, (size_t)(newline - line));
			len -= (size_t)(newline + 1 - line);
			line = newline + 1;
		}
		if (len > LINE_LEN_MAX) {
			msg_error("symbolize: a line of standard input is longer than %d bytes",
				  LINE_LEN_MAX);
			return EXIT_FAILED;
		}
		memmove(text, line, len);
	}
	if (len)
		answer(symbolize, text, len);
	return EXIT_DONE;
}

/* ---- the file ---- */

/* What a file names beside it is opened as its user would; that it belongs to it is checked later. */
static int open_beside(void *ctx, const char *path)
{
	(void)ctx;
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* The file's first answer tells whether it can be read at all. */
static int add_file(struct symbolize *symbolize)
{
	_cleanup_close_ int fd = open(symbolize->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct sym_result result;
	const char *slash = strchr(symbolize->path, '/');
	char path[PATH_MAX];

	if (fd < 0) {
		msg_error("cannot open '%s': %m", symbolize->path);
		return -errno;
	}
	snprintf(path, sizeof(path), "%s%s", slash ? "" : "./", symbolize->path);
	symbolize->object = symbolizer_add_file(symbolize->symbolizer, fd, path);
	if (symbolize->object < 0) {
		msg_error("symbolize: out of memory");
		return -ENOMEM;
	}
	symbolizer_lookup_address(symbolize->symbolizer, symbolize->object, 0, &result);
	if (result.reason == SYM_BAD_ELF || result.reason == SYM_TOO_LARGE) {
		msg_error("'%s': %s", symbolize->path, sym_reason_name(result.reason));
		return -ENOEXEC;
	}
	return 0;
}

static int run(struct symbolize *symbolize, char **operands)
{
	char cache[PATH_MAX];
	struct symbolizer_options options = {
		.no_demangle = !symbolize->demangle && !symbolize->json,
		.open_debug = open_beside,
	};
	int code = EXIT_DONE;

	if (!symbolize->no_cache)
		options.cache_directory = symbolizer_cache_directory(cache, sizeof(cache));
	if (symbolizer_new(&options, &symbolize->symbolizer) < 0) {
		msg_error("symbolize: out of memory");
		return EXIT_FAILED;
	}
	if (add_file(symbolize) < 0)
		code = EXIT_FAILED;
	else if (*operands)
		for (; *operands; operands++)
			answer(symbolize, *operands, strlen(*operands));
	else
		code = answer_input(symbolize);
	symbolizer_free(symbolize->symbolizer);
	buf_free(&symbolize->line);
	return code;
}

static int run_symbolize(const struct verb *verb, int argc, char **argv)
{
	struct symbolize symbolize = {0};
	int operands = options_parse(verb, specs, &symbolize, argv);

	(void)argc;
	if (operands == OPTIONS_HELP)
		return EXIT_DONE;
	if (operands < 0)
		return EXIT_USAGE;
	if (!symbolize.path)
		return options_error(verb, "no file: give -e FILE"), EXIT_USAGE;
	return run(&symbolize, argv + operands);
}

static const char help[] =
	"  -e, --exe FILE             the executable or shared object\n"
	"  -f, --functions            functions, too\n"
	"  -i, --inlines              each function that is inlined there, innermost first\n"
	"  -a, --addresses            each address before its answer\n"
	"  -C, --demangle             functions' names as in the source\n"
	"      --json                 all that is known, one JSON object an address\n"
	"      --no-cache             neither read nor write the cache of symbols\n"
	"\n"
	"Addresses are hexadecimal and the file's own, as nm prints them; without any they are "
	"read\n"
	"from standard input, one a line. The output is that of addr2line.\n";

const struct verb verb_symbolize = {
	.name = "symbolize",
	.arguments = "-e FILE [OPTIONS] [ADDRESS...]",
	.summary = "Tell the functions and lines of addresses",
	.help = help,
	.run = run_symbolize,
};
