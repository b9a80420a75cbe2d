// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/doctor/check.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

const struct check_group check_groups[] = {
	{"Sampling", sampler_checks},  {"Events", event_checks},
	{"BPF maps", map_checks},      {"Privileges", rights_checks},
	{"Settings", settings_checks}, {"This place", place_checks},
	{"Names", name_checks},        {0},
};

const char check_privileges_advice[] =
	"run as root, or give the program its capabilities: setcap cap_bpf,cap_perfmon,cap_syslog,"
	"cap_sys_ptrace,cap_dac_read_search,cap_checkpoint_restore+ep smolder";

void check_works(struct check_result *result, const char *format, ...)
{
	va_list args;

	result->state = CHECK_WORKS;
	va_start(args, format);
	vsnprintf(result->detail, sizeof(result->detail), format, args);
	va_end(args);
}

void check_missing(struct check_result *result, const char *format, ...)
{
	va_list args;

	result->state = CHECK_MISSING;
	va_start(args, format);
	vsnprintf(result->detail, sizeof(result->detail), format, args);
	va_end(args);
}

void check_note(struct check_result *result, const char *format, ...)
{
	va_list args;

	result->state = CHECK_NOTE;
	va_start(args, format);
	vsnprintf(result->detail, sizeof(result->detail), format, args);
	va_end(args);
}

void check_fallback(struct check_result *result, const char *name, const char *format, ...)
{
	va_list args;
	size_t len;

	result->state = CHECK_FALLBACK;
	snprintf(result->detail, sizeof(result->detail), "%s: ", name);
	len = strlen(result->detail);
	va_start(args, format);
	vsnprintf(result->detail + len, sizeof(result->detail) - len, format, args);
	va_end(args);
}

void check_advise(struct check_result *result, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(result->advice, sizeof(result->advice), format, args);
	va_end(args);
}

static bool is_permission(int error)
{
	return error == -EPERM || error == -EACCES;
}

void check_explained(struct check_result *result, int error, const struct err *err)
{
	if (is_permission(error)) {
		check_missing(result, "no permission");
		check_advise(result, "%s", check_privileges_advice);
	} else {
		check_missing(result, "%s", err->text);
	}
}

void check_failed(struct check_result *result, int error, const char *what)
{
	struct err err;

	err_errno(&err, error, "%s", what);
	check_explained(result, error, &err);
}
