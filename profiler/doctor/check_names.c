// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Where names come from: kernel symbols, and what smolder does and does not read of debug information. */
#include "base/fs.h"
#include "profiler/doctor/check.h"
#include "profiler/process/kernel_image.h"
#include "profiler/sandbox/sandbox.h"
#include "symbolize/kallsyms.h"
#include "symbolize/symbolizer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KALLSYMS_PATH "/proc/kallsyms"
#define DEBUG_FILES_PATH "/usr/lib/debug/.build-id"

static size_t count_functions(const struct kallsyms *kallsyms)
{
	size_t count = 0;

	vec_for_each(&kallsyms->entries, entry)
		count += entry->name != 0;
	return count;
}

static void check_kallsyms(struct host *host, struct check_result *result)
{
	_cleanup_(kallsyms_free) struct kallsyms kallsyms = {0};
	int r = kallsyms_read(KALLSYMS_PATH, &kallsyms);
	char restrict_to[32] = "?";

	(void)host;
	if (fs_read_line("/proc/sys/kernel/kptr_restrict", restrict_to, sizeof(restrict_to)) < 0)
		snprintf(restrict_to, sizeof(restrict_to), "?");
	if (r == 0) {
		check_works(result, "%zu functions in %zu modules (kernel.kptr_restrict=%s)",
			    count_functions(&kallsyms), kallsyms.modules.len, restrict_to);
		return;
	}
	if (r != -ENODATA) {
		check_failed(result, r, "cannot read '" KALLSYMS_PATH "'");
		return;
	}
	check_missing(result, "'%s' hides its addresses (kernel.kptr_restrict=%s)", KALLSYMS_PATH,
		      restrict_to);
	check_advise(result,
		     "for names of kernel functions run as root or with CAP_SYSLOG, and with "
		     "sysctl kernel.kptr_restrict=1 or 0");
}

static void check_debug_files(struct host *host, struct check_result *result)
{
	bool present = access(DEBUG_FILES_PATH, F_OK) == 0;

	(void)host;
	if (present)
		check_works(result, "looked for in %s", DEBUG_FILES_PATH);
	else
		check_note(result, "none in %s: install the debug packages of what you profile",
			   DEBUG_FILES_PATH);
}

static void check_debuginfod(struct host *host, struct check_result *result)
{
	const char *urls = getenv("DEBUGINFOD_URLS");

	(void)host;
	check_note(result,
		   "no server is asked for anything without --debuginfod (DEBUGINFOD_URLS: %s)",
		   urls && urls[0] ? "set" : "none");
}

static void check_vmlinux(struct host *host, struct check_result *result)
{
	struct kernel_image_options places = {.debug_directory = SYMBOLIZER_DEBUG_DIRECTORY};
	struct kernel_image image;

	(void)host;
	if (kernel_image_open(&places, &image) < 0) {
		check_note(result,
			   "none on this host that is the running kernel's: its frames have "
			   "names, but no source lines");
		return;
	}
	check_works(result, "%s: frames of the kernel have lines and inlined frames", image.path);
	kernel_image_close(&image);
}

static void check_workers(struct host *host, struct check_result *result)
{
	struct sandbox *sandbox = NULL;
	struct err lack = {"out of memory"};
	int r = sandbox_new(NULL, &sandbox);

	(void)host;
	if (r == 0)
		r = sandbox_check(sandbox, &lack);
	if (r == 0)
		check_works(result, "files of others are parsed by workers without capabilities, "
				    "files and most system calls");
	else if (r == -EPERM)
		check_fallback(result, "less confined workers", "%s", lack.text);
	else
		check_missing(result, "%s: only the kernel's functions will have names", lack.text);
	if (r == -EPERM)
		check_advise(result, "run as root, outside of containers that forbid setuid(2) or "
				     "prctl(2), on a kernel with seccomp filters");
	sandbox_free(sandbox);
}

const struct check name_checks[] = {
	{"kernel symbols", check_kallsyms, false},    {"debug files", check_debug_files, false},
	{"debuginfod", check_debuginfod, false},      {"workers", check_workers, false},
	{"vmlinux debug info", check_vmlinux, false}, {0},
};
