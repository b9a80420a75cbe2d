// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/store_read.h"

#include "base/clock.h"
#include "formats/catalog.h"
#include "formats/folded_reader.h"
#include "formats/segment_reader.h"
#include "formats/store_notes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct gather {
	const struct store_query *query;
	struct profile *profile; /* the samples */
	struct profile *facts;   /* everything else, added up */
	struct folded_reader *reader;
	struct buf text; /* of one window */
	struct store_notes notes;
	uint64_t sample_ns; /* of the windows so far */
	bool mixed;         /* that differs among them */
};

static void gather_cleanup(struct gather *gather)
{
	folded_reader_free(gather->reader);
	profile_free(gather->profile);
	profile_free(gather->facts);
	buf_free(&gather->text);
}

bool store_is_store(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The same label set, in terms of the profile that is gathered. */
static uint32_t translate_labels(struct profile *into, const struct profile *from, uint32_t set)
{
	VEC(struct profile_label) labels = {0};
	uint32_t id = PROFILE_NONE;
	bool good = true;
	size_t len;
	const struct profile_label *items = profile_labels(from, set, &len);

	for (size_t i = 0; i < len && good; i++) {
		struct profile_label label = {
			.key = profile_string(into, profile_text(from, items[i].key)),
			.str = profile_string_len(into, profile_text(from, items[i].str),
						  strtab_len(&from->strings, items[i].str)),
			.num = items[i].num,
			.unit = profile_string(into, profile_text(from, items[i].unit)),
		};

		good = label.key != PROFILE_NONE && label.str != PROFILE_NONE &&
		       label.unit != PROFILE_NONE && vec_push(&labels, label) == 0;
	}
	if (good)
		id = profile_label_set(into, labels.items, len);
	vec_free(&labels);
	return id;
}

/* Takes that many lines off the text's front. */
static int next_lines(struct folded_piece *rest, uint64_t lines, struct folded_piece *ret_piece)
{
	const char *at = rest->text, *end = at + rest->len;

	for (; lines; lines--) {
		const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;

		if (!newline)
			return -EINVAL;
		at = newline + 1;
	}
	*ret_piece = *rest;
	ret_piece->len = (size_t)(at - rest->text);
	rest->text = at;
	rest->len = (size_t)(end - at);
	return 0;
}

static int add_row(struct gather *gather, const struct store_record *record,
		   const struct folded_part *row, struct folded_piece *rest, struct err *err)
{
	const struct label_filter *filter = gather->query->filter;
	struct folded_piece piece;

	if (next_lines(rest, row->lines, &piece) < 0)
		return err_set(err, -EINVAL, "a window has fewer lines than its table says");
	if (filter && !label_filter_wants(filter, record->facts, row->labels))
		return 0;
	piece.labels = translate_labels(gather->profile, record->facts, row->labels);
	if (piece.labels == PROFILE_NONE)
		return err_errno(err, -ENOMEM, "its labels");
	return folded_reader_add(gather->reader, &piece, err);
}

static int add_samples(struct gather *gather, const struct store_record *record, struct err *err)
{
	struct folded_piece rest = {
		.text = gather->text.len ? (const char *)gather->text.data : "",
		.len = gather->text.len,
		.sample_ns = (int64_t)record->window.sample_ns,
	};
	int r = 0;

	vec_for_each(&record->rows, row)
		if (r == 0)
			r = add_row(gather, record, row, &rest, err);
	if (r == 0 && rest.len)
		return err_set(err, -EINVAL, "a window has more lines than its table says");
	return r;
}

static int add_facts(struct gather *gather, const struct store_record *record, struct err *err)
{
	struct profile *facts = record->facts;
	const struct store_clocks *begin = &record->window.begin, *end = &record->window.end;

	facts->time_ns = (int64_t)begin->realtime_ns;
	if (end->monotonic_ns > begin->monotonic_ns)
		facts->duration_ns = (int64_t)(end->monotonic_ns - begin->monotonic_ns);
	gather->mixed |= gather->notes.windows && gather->sample_ns != record->window.sample_ns;
	gather->sample_ns = record->window.sample_ns;
	store_notes_window(&gather->notes, record);
	return profile_merge(gather->facts, facts, err);
}

static bool touches(const struct store_query *query, uint64_t begin_ns, uint64_t end_ns)
{
	return begin_ns < query->to_ns && (end_ns > query->from_ns || begin_ns >= query->from_ns);
}

static bool is_wanted(const struct gather *gather, const struct store_record *record)
{
	uint64_t begin_ns, end_ns;

	catalog_window_span(&record->window, &begin_ns, &end_ns);
	return touches(gather->query, begin_ns, end_ns);
}

/* 1 when the segment is damaged here: its windows from this one on are lost, and that is noted. */
static int add_window(struct gather *gather, struct segment_reader *reader, size_t window,
		      const char *name, struct err *err)
{
	const struct store_record *record = segment_reader_record(reader, window);
	struct err why = {""};
	int r = segment_reader_text(reader, window, &gather->text, &why);

	if (r < 0) {
		struct err note;

		err_set(&note, r, "segment '%s' cannot be read from its window %zu on: %s", name,
			window + 1, why.text);
		store_notes_damage(&gather->notes, &note);
		return 1;
	}
	r = add_facts(gather, record, &why);
	if (r == 0)
		r = add_samples(gather, record, &why);
	return r < 0 ? err_set(err, r, "'%s', window %zu: %s", name, window + 1, why.text) : 0;
}

static void note_missing(struct gather *gather, const struct segment_reader *reader,
			 const char *name)
{
	struct err note;

	if (!segment_reader_missing(reader))
		return;
	err_set(&note, -ENODATA, "segment '%s' is cut off: its last %zu windows are missing", name,
		segment_reader_missing(reader));
	store_notes_damage(&gather->notes, &note);
}

/* A segment may be removed by its writer, to keep within bounds, while others are read. */
static int add_segment(struct gather *gather, int dir_fd, const struct catalog_entry *entry,
		       struct err *err)
{
	_cleanup_segment_reader_ struct segment_reader *reader = NULL;
	struct err why;
	int r = segment_reader_open(dir_fd, entry->name, &reader, &why);

	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		store_notes_damage(&gather->notes, &why);
		return 0;
	}
	note_missing(gather, reader, entry->name);
	for (size_t i = 0; r == 0 && i < segment_reader_count(reader); i++)
		if (is_wanted(gather, segment_reader_record(reader, i)))
			r = add_window(gather, reader, i, entry->name, err);
	return MIN(r, 0);
}

/* A segment that is being written may have grown since it was listed. */
static bool may_have(const struct store_query *query, const struct catalog_entry *entry)
{
	return entry->state != CATALOG_SEALED ||
	       (entry->windows && touches(query, entry->begin_ns, entry->end_ns));
}

static int add_segments(struct gather *gather, int dir_fd, const struct catalog *catalog,
			struct err *err)
{
	int r = 0;

	vec_for_each(&catalog->entries, entry)
		if (r == 0 && may_have(gather->query, entry))
			r = add_segment(gather, dir_fd, entry, err);
	return r;
}

static void format_time(uint64_t ns, char text[64])
{
	time_t seconds = (time_t)(ns / NS_PER_SEC);
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(text, 64, "%Y-%m-%d %H:%M:%S %z", &tm))
		snprintf(text, 64, "?");
}

static int tell_empty(const struct store_query *query, const struct catalog *catalog,
		      struct err *err)
{
	char from[64] = "its begin", to[64] = "now", begin[64], end[64];
	uint64_t begin_ns = UINT64_MAX, end_ns = 0;

	vec_for_each(&catalog->entries, entry) {
		if (!entry->windows)
			continue;
		begin_ns = MIN(begin_ns, entry->begin_ns);
		end_ns = MAX(end_ns, entry->end_ns);
	}
	if (begin_ns > end_ns)
		return err_set(err, -ENODATA, "the store has no windows yet");
	if (query->from_ns)
		format_time(query->from_ns, from);
	if (query->to_ns != UINT64_MAX)
		format_time(query->to_ns, to);
	format_time(begin_ns, begin);
	format_time(end_ns, end);
	return err_set(err, -ENODATA, "no window between %s and %s: the store holds %s to %s", from,
		       to, begin, end);
}

/* The time between two samples; where windows differ, what gives the right total for their count. */
static int64_t period_of(const struct gather *gather)
{
	int64_t count = profile_total(gather->profile, 0);

	if (gather->mixed && count > 0)
		return (profile_total(gather->profile, 1) + count / 2) / count;
	return (int64_t)gather->sample_ns;
}

/* Folded text and the viewer hold counts only, so what a count is worth must be told. */
static int finish(struct gather *gather, struct err *err)
{
	int64_t period = period_of(gather);
	int r = store_notes_put(&gather->notes, gather->facts);

	if (r == 0)
		r = profile_describe(gather->profile, gather->facts);
	if (r < 0)
		return err_errno(err, r, "cannot describe what was found");
	gather->profile->period = period;
	return 0;
}

static int gather_new(const struct store_query *query, struct gather *gather)
{
	int r = profile_new(&gather->profile);

	gather->query = query;
	if (r == 0)
		r = profile_new(&gather->facts);
	return r < 0 ? r : folded_reader_new(gather->profile, &gather->reader);
}

static int read_directory(int dir_fd, const struct store_query *query, struct profile **ret_profile,
			  struct err *err)
{
	_cleanup_(gather_cleanup) struct gather gather = {0};
	_cleanup_catalog_ struct catalog catalog = {0};
	int r = catalog_load(dir_fd, &catalog, err);

	if (r < 0)
		return r;
	if (!catalog.entries.len && faccessat(dir_fd, "lock", F_OK, 0) < 0)
		return err_set(err, -EINVAL, "it is a directory, but no store: it has no segments");
	r = gather_new(query, &gather);
	if (r < 0)
		return err_errno(err, r, "cannot gather its windows");
	r = add_segments(&gather, dir_fd, &catalog, err);
	if (r < 0)
		return r;
	if (!gather.notes.windows && gather.notes.damages_len)
		return err_set(err, -EINVAL, "%s", gather.notes.damages[0].text);
	if (!gather.notes.windows)
		return tell_empty(query, &catalog, err);
	r = finish(&gather, err);
	if (r == 0)
		*ret_profile = TAKE_PTR(gather.profile);
	return r;
}

int store_read(const char *path, const struct store_query *query, struct profile **ret_profile,
	       struct err *err)
{
	_cleanup_close_ int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err why = {""};
	int r;

	if (dir_fd < 0)
		return err_errno(err, -errno, "cannot read store '%s'", path);
	r = read_directory(dir_fd, query, ret_profile, &why);
	return r < 0 ? err_set(err, r, "cannot read '%s': %s", path, why.text) : 0;
}
