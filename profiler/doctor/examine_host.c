// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/doctor/examine_host.h"

#include "base/plain.h"
#include "base/vec.h"
#include "profiler/doctor/check.h"
#include "profiler/doctor/host.h"
#include "version.h"

#include <string.h>
#include <sys/utsname.h>

struct advice {
	char text[sizeof(((struct check_result *)0)->advice)];
	char names[120]; /* of the checks that give it: "a, b" */
};

struct examination {
	struct host host;
	VEC(struct advice) advices;
	char failed[256]; /* names of the needed checks that did not work */
};

/* "a, b", and "..." for what does not fit. */
static void add_name(char *names, size_t size, const char *name)
{
	size_t len = strlen(names), room = size - len - sizeof("...");

	if (len && names[len - 1] == '.')
		return;
	if (strlen(name) + strlen(", ") > room)
		snprintf(names + len, size - len, ", ...");
	else
		snprintf(names + len, size - len, "%s%s", len ? ", " : "", name);
}

/* Said once, however many checks say it. */
static void collect_advice(struct examination *examination, const char *name, const char *text)
{
	struct advice advice = {0};

	if (!text[0])
		return;
	vec_for_each(&examination->advices, known) {
		if (strcmp(known->text, text) != 0)
			continue;
		add_name(known->names, sizeof(known->names), name);
		return;
	}
	snprintf(advice.text, sizeof(advice.text), "%s", text);
	add_name(advice.names, sizeof(advice.names), name);
	if (vec_push(&examination->advices, advice) < 0)
		printf("  %-9s %-23s %s\n", "", "", text);
}

static void print_row(const char *name, struct check_result *result)
{
	static const char *const words[] = {
		[CHECK_WORKS] = "works",
		[CHECK_FALLBACK] = "fallback",
		[CHECK_MISSING] = "missing",
		[CHECK_NOTE] = "note",
	};

	plain_text(result->detail);
	printf("  %-9s %-23s %s\n", words[result->state], name, result->detail);
}

static void run_check(struct examination *examination, const struct check *check)
{
	struct check_result result = {0};

	check->run(&examination->host, &result);
	if (result.state == CHECK_OMITTED)
		return;
	print_row(check->name, &result);
	collect_advice(examination, check->name, result.advice);
	if (check->needed && result.state == CHECK_MISSING)
		add_name(examination->failed, sizeof(examination->failed), check->name);
}

static void print_heading(void)
{
	struct utsname kernel;

	uname(&kernel);
	printf("smolder " SMOLDER_VERSION " on %s, %s %s %s\n", kernel.nodename, kernel.sysname,
	       kernel.release, kernel.machine);
}

static void print_advices(const struct examination *examination)
{
	if (!examination->advices.len)
		return;
	puts("\nWhat to do");
	vec_for_each(&examination->advices, advice)
		printf("  - %s\n    (for: %s)\n", advice->text, advice->names);
}

bool examine_host(void)
{
	struct examination examination = {0};
	bool works;

	print_heading();
	host_open(&examination.host);
	for (const struct check_group *group = check_groups; group->title; group++) {
		printf("\n%s\n", group->title);
		for (const struct check *check = group->checks; check->name; check++)
			run_check(&examination, check);
	}
	host_close(&examination.host);
	print_advices(&examination);
	vec_free(&examination.advices);
	works = !examination.failed[0];
	if (works)
		puts("\nA recording of the whole host works here.");
	else
		printf("\nA recording of the whole host does not work here, for want of: %s.\n",
		       examination.failed);
	return works;
}
