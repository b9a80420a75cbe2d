// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/cli/summary.h"

#include "base/clock.h"
#include "base/plain.h"
#include "formats/toplist.h"
#include "profiler/cli/msg.h"

#include <inttypes.h>
#include <string.h>

#define NAME_COLUMNS 52

uint32_t summary_value_type(const struct profile *profile)
{
	for (uint32_t i = 0; i < profile->value_types_len; i++)
		if (strcmp(strtab_get(&profile->strings, profile->value_types[i].type),
			   "samples") == 0)
			return i;
	return profile->default_value_type;
}

static double percent(int64_t part, int64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_item(const struct toplist *list, const struct toplist_item *item)
{
	const struct callname *name = &list->names.names.items[item->name];
	_cleanup_free_ char *text = strdup(callname_text(&list->names, name->name));
	_cleanup_free_ char *module = strdup(callname_text(&list->names, name->module));

	if (!text || !module)
		return;
	printf("%6.2f%% %6.2f%%  %-*s  %s\n", percent(item->self, list->total),
	       percent(item->total, list->total), NAME_COLUMNS, plain_text(text),
	       plain_text(module));
}

int summary_print_hottest(const struct profile *profile, uint32_t count, struct err *err)
{
	_cleanup_toplist_ struct toplist list = {0};
	int r = toplist_init(profile, summary_value_type(profile), &list);

	if (r < 0)
		return err_errno(err, r, "cannot add the functions up");
	printf("%7s %7s  %-*s  %s\n", "self", "total", NAME_COLUMNS, "function", "object");
	for (size_t i = 0; i < MIN((size_t)count, list.items.len); i++)
		print_item(&list, &list.items.items[i]);
	return 0;
}

/* A word and its value, when there is one. */
static void print_fact(const struct profile *profile, const char *word, uint32_t string)
{
	_cleanup_free_ char *text = strdup(strtab_get(&profile->strings, string));

	if (text && *text)
		printf("%-10s%s\n", word, plain_text(text));
}

/* A merge of several rates has none. */
static void print_event(const struct ledger *ledger)
{
	char rate[32] = "several rates";

	if (ledger->frequency_hz)
		snprintf(rate, sizeof(rate), "%" PRIu32 " Hz", ledger->frequency_hz);
	printf("%-10s%s at %s on %" PRIu32 " CPUs\n", "event", ledger->event, rate, ledger->cpus);
}

void summary_print_origin(const struct profile *profile)
{
	uint32_t type = summary_value_type(profile);
	time_t begin = (time_t)(profile->time_ns / (int64_t)NS_PER_SEC);
	char text[64];

	print_fact(profile, "host", profile->host);
	print_fact(profile, "command", profile->command);
	if (profile->time_ns &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z", localtime(&begin)))
		printf("%-10s%s\n", "begin", text);
	if (profile->duration_ns)
		printf("%-10s%.2f s\n", "duration",
		       (double)profile->duration_ns / (double)NS_PER_SEC);
	if (profile->ledger.event[0])
		print_event(&profile->ledger);
	printf("%-10s%" PRId64 " %s\n", "total", profile_total(profile, type),
	       strtab_get(&profile->strings, profile->value_types[type].type));
	vec_for_each(&profile->comments, comment)
		print_fact(profile, "note", *comment);
}

void summary_tell_ledger(const struct ledger *ledger)
{
	_cleanup_buf_ struct buf line = {0};
	int64_t gap = ledger_gap(ledger);

	ledger_to_line(ledger, &line);
	buf_append_byte(&line, '\0');
	if (buf_error(&line))
		return;
	msg_info("%s", (const char *)line.data);
	if (gap > (int64_t)ledger->cpus || gap < -(int64_t)ledger->cpus)
		msg_warning("the ledger does not close: %" PRId64 " ticks are unaccounted for",
			    gap);
}
