// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/cli/msg.h"

#include "base/plain.h"

#include <stdarg.h>
#include <string.h>

#define LINE_MAX_LEN 1024
#define ERASE_LINE "\r\033[K"

static enum msg_level current_level = MSG_NORMAL;
static bool progress_shown;

void msg_set_level(enum msg_level level)
{
	current_level = level;
}

static void erase_progress(void)
{
	if (progress_shown)
		fputs(ERASE_LINE, stderr);
	progress_shown = false;
}

static void say(const char *prefix, const char *format, va_list args)
{
	char line[LINE_MAX_LEN];

	vsnprintf(line, sizeof(line), format, args);
	erase_progress();
	fprintf(stderr, "smolder: %s%s\n", prefix, plain_text(line));
}

void msg_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("", format, args);
	va_end(args);
}

void msg_warning(const char *format, ...)
{
	va_list args;

	if (current_level == MSG_QUIET)
		return;
	va_start(args, format);
	say("warning: ", format, args);
	va_end(args);
}

void msg_info(const char *format, ...)
{
	va_list args;

	if (current_level == MSG_QUIET)
		return;
	va_start(args, format);
	say("", format, args);
	va_end(args);
}

void msg_verbose(const char *format, ...)
{
	va_list args;

	if (current_level != MSG_VERBOSE)
		return;
	va_start(args, format);
	say("", format, args);
	va_end(args);
}

void msg_progress(const char *format, ...)
{
	char line[LINE_MAX_LEN];
	va_list args;

	if (current_level == MSG_QUIET || !isatty(STDERR_FILENO))
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fprintf(stderr, ERASE_LINE "%s", plain_text(line));
	fflush(stderr);
	progress_shown = true;
}
