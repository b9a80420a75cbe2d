// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Written as it goes: a tree of JSON values of a large profile would take many times its size. */
#include "formats/json_report.h"

#include "formats/frametext.h"
#include "formats/metadata.h"
#include "formats/toplist.h"
#include "formats/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct report {
	const struct profile *profile;
	uint32_t value_type;
	struct sink *sink;
	struct buf out, text;
	VEC(uint32_t) frames; /* of one stack */
};

static void report_cleanup(struct report *report)
{
	buf_free(&report->out);
	buf_free(&report->text);
	vec_free(&report->frames);
}

static int drain(struct report *report)
{
	return sink_drain(report->sink, &report->out, SINK_CHUNK);
}

static void put_text(struct report *report, const char *key, const char *text, size_t len)
{
	buf_appendf(&report->out, "\"%s\":", key);
	utf8_append_json(&report->out, text, len);
	buf_append_byte(&report->out, ',');
}

static void put_string(struct report *report, const char *key, uint32_t string)
{
	put_text(report, key, profile_text(report->profile, string),
		 strtab_len(&report->profile->strings, string));
}

/* What separates items of a list: nothing before the first. */
static void put_separator(struct report *report, size_t i)
{
	buf_append_str(&report->out, i ? ",\n" : "\n");
}

static void put_head(struct report *report)
{
	const struct profile *profile = report->profile;

	buf_append_str(&report->out, "{\"format\":\"smolder-report\",\"version\":1,\n\"meta\":");
	metadata_append_facts(profile, report->value_type, &report->out);
	buf_append_str(&report->out, ",\n\"ledger\":");
	metadata_append_ledger(profile, &report->out);
	buf_append_str(&report->out, ",\n\"value_types\":[");
	for (uint32_t i = 0; i < profile->value_types_len; i++) {
		put_separator(report, i);
		buf_append_byte(&report->out, '{');
		put_string(report, "type", profile->value_types[i].type);
		put_string(report, "unit", profile->value_types[i].unit);
		buf_appendf(&report->out, "\"total\":%" PRId64 "}", profile_total(profile, i));
	}
	buf_append_str(&report->out, "]");
}

static void put_function(struct report *report, const struct toplist *list,
			 const struct toplist_item *item)
{
	const struct callname *name = &list->names.names.items[item->name];
	const struct strtab *strings = &list->names.strings;

	buf_append_byte(&report->out, '{');
	put_text(report, "name", strtab_get(strings, name->name), strtab_len(strings, name->name));
	put_text(report, "module", strtab_get(strings, name->module),
		 strtab_len(strings, name->module));
	buf_appendf(&report->out, "\"kind\":\"%s\",\"self\":%" PRId64 ",\"total\":%" PRId64 "}",
		    callname_kind_text(name->kind), item->self, item->total);
}

static int put_functions(struct report *report)
{
	_cleanup_toplist_ struct toplist list = {0};
	int r = toplist_init(report->profile, report->value_type, &list);

	buf_append_str(&report->out, ",\n\"functions\":[");
	for (size_t i = 0; r == 0 && i < list.items.len; i++) {
		put_separator(report, i);
		put_function(report, &list, &list.items.items[i]);
		r = drain(report);
	}
	buf_append_str(&report->out, "]");
	return r;
}

static void put_place(struct report *report, const struct profile_frame *frame)
{
	const struct profile_function none = {0}, *function = &none;
	const struct profile_mapping no_mapping = {0}, *mapping = &no_mapping;

	if (frame->function != PROFILE_NONE)
		function = &report->profile->functions.items[frame->function];
	if (frame->mapping != PROFILE_NONE)
		mapping = &report->profile->mappings.items[frame->mapping];
	put_string(report, "system_name", function->system_name);
	put_string(report, "file", function->file);
	buf_appendf(&report->out, "\"line\":%" PRIu32 ",\"start_line\":%" PRIu32 ",", frame->line,
		    function->start_line);
	put_string(report, "module", mapping->name);
	put_string(report, "build_id", mapping->build_id);
	buf_appendf(&report->out, "\"address\":\"0x%" PRIx64 "\",", frame->address);
}

static int put_frame(struct report *report, uint32_t frame)
{
	const struct profile_frame *item = &report->profile->frames.items[frame];

	buf_clear(&report->text);
	frametext_append_name(report->profile, frame, &report->text);
	buf_append_byte(&report->out, '{');
	put_text(report, "name", (const char *)report->text.data, report->text.len);
	put_place(report, item);
	buf_appendf(&report->out, "\"kind\":\"%s\"}", callname_kind_text(item->kind));
	return buf_error(&report->text) ? buf_error(&report->text) : drain(report);
}

static int put_frames(struct report *report)
{
	int r = 0;

	buf_append_str(&report->out, ",\n\"frames\":[");
	for (uint32_t i = 0; r == 0 && i < report->profile->frames.len; i++) {
		put_separator(report, i);
		r = put_frame(report, i);
	}
	buf_append_str(&report->out, "]");
	return r;
}

static void put_label(struct report *report, const struct profile_label *label)
{
	const struct profile *profile = report->profile;

	buf_append_byte(&report->out, '{');
	put_string(report, "key", label->key);
	if (!label->str && label->unit)
		put_string(report, "unit", label->unit);
	if (!label->str) {
		buf_appendf(&report->out, "\"value\":%" PRId64 "}", label->num);
		return;
	}
	buf_append_str(&report->out, "\"value\":");
	utf8_append_json(&report->out, profile_text(profile, label->str),
			 strtab_len(&profile->strings, label->str));
	buf_append_byte(&report->out, '}');
}

static int put_label_sets(struct report *report)
{
	int r = 0;

	buf_append_str(&report->out, ",\n\"label_sets\":[");
	for (uint32_t i = 0; r == 0 && i < report->profile->label_set_ends.len; i++) {
		size_t len;
		const struct profile_label *labels = profile_labels(report->profile, i, &len);

		put_separator(report, i);
		buf_append_byte(&report->out, '[');
		for (size_t j = 0; j < len; j++) {
			buf_append_str(&report->out, j ? "," : "");
			put_label(report, &labels[j]);
		}
		buf_append_byte(&report->out, ']');
		r = drain(report);
	}
	buf_append_str(&report->out, "]");
	return r;
}

static int put_sample(struct report *report, const struct profile_sample *sample)
{
	const struct profile *profile = report->profile;
	uint32_t depth = profile_stack_depth(profile, sample->stack);

	if (vec_reserve(&report->frames, depth) < 0)
		return -ENOMEM;
	profile_stack_frames(profile, sample->stack, report->frames.items, depth);
	buf_appendf(&report->out, "{\"labels\":%" PRIu32 ",\"values\":[", sample->labels);
	for (uint32_t i = 0; i < profile->value_types_len; i++)
		buf_appendf(&report->out, "%s%" PRId64, i ? "," : "", sample->values[i]);
	buf_append_str(&report->out, "],\"stack\":[");
	for (uint32_t i = 0; i < depth; i++)
		buf_appendf(&report->out, "%s%" PRIu32, i ? "," : "", report->frames.items[i]);
	buf_append_str(&report->out, "]}");
	return drain(report);
}

static int put_samples(struct report *report)
{
	int r = 0;

	buf_append_str(&report->out, ",\n\"samples\":[");
	for (size_t i = 0; r == 0 && i < report->profile->samples.len; i++) {
		put_separator(report, i);
		r = put_sample(report, &report->profile->samples.items[i]);
	}
	buf_append_str(&report->out, "]}\n");
	return r < 0 ? r : sink_drain(report->sink, &report->out, 0);
}

int json_report_write(const struct profile *profile, struct sink *sink, struct err *err)
{
	_cleanup_(report_cleanup) struct report report = {
		.profile = profile, .value_type = profile_count_type(profile), .sink = sink};
	int r;

	put_head(&report);
	r = put_functions(&report);
	if (r == 0)
		r = put_frames(&report);
	if (r == 0)
		r = put_label_sets(&report);
	if (r == 0)
		r = put_samples(&report);
	if (r == -EINVAL)
		return err_set(err, r, "a report cannot rank negative counts");
	return r < 0 ? err_errno(err, r, "cannot write the report") : 0;
}
