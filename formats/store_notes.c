// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/store_notes.h"

#include "base/clock.h"
#include "formats/catalog.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Between two windows' ends a clock that is only slewed (500 ppm at most, adjtimex(2)) moves less. */
#define STEP_MIN_NS ((int64_t)(NS_PER_SEC / 2))
#define GAP_MIN_NS NS_PER_SEC

static int64_t difference(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b); /* of readings of one clock: it fits */
}

static void note_step(struct store_notes *notes, uint64_t at_ns, int64_t by_ns)
{
	if (notes->steps_len < STORE_NOTES_STEPS_MAX)
		notes->steps[notes->steps_len++] =
			(struct store_step){.at_ns = at_ns, .by_ns = by_ns};
	else
		notes->steps_more++;
}

/* What happened to the clocks between two moments of one boot. */
static void compare(struct store_notes *notes, const struct store_clocks *from,
		    const struct store_clocks *to)
{
	int64_t boottime = difference(to->boottime_ns, from->boottime_ns);
	int64_t step = difference(to->realtime_ns, from->realtime_ns);
	int64_t suspended = difference(to->monotonic_ns, from->monotonic_ns);

	if (__builtin_sub_overflow(step, boottime, &step) ||
	    __builtin_sub_overflow(boottime, suspended, &suspended))
		return;
	if (step >= STEP_MIN_NS || step <= -STEP_MIN_NS)
		note_step(notes, to->realtime_ns, step);
	if (suspended > 0 && (uint64_t)suspended >= NS_PER_MS)
		notes->suspended_ns += (uint64_t)suspended;
}

static void note_gap(struct store_notes *notes, uint64_t from_ns, uint64_t to_ns)
{
	if (to_ns > from_ns && to_ns - from_ns >= GAP_MIN_NS)
		notes->uncovered_ns += to_ns - from_ns;
}

/* Boottime tells how long a gap was, but says nothing from one boot to the next. */
static void follow(struct store_notes *notes, const struct store_record *record)
{
	const struct store_clocks *begin = &record->window.begin;

	if (strcmp(notes->last_boot_id, record->boot_id) != 0) {
		note_gap(notes, notes->last.realtime_ns, begin->realtime_ns);
		return;
	}
	note_gap(notes, notes->last.boottime_ns, begin->boottime_ns);
	compare(notes, &notes->last, begin);
}

void store_notes_window(struct store_notes *notes, const struct store_record *record)
{
	uint64_t begin_ns, end_ns;

	catalog_window_span(&record->window, &begin_ns, &end_ns);
	if (notes->windows)
		follow(notes, record);
	compare(notes, &record->window.begin, &record->window.end);
	notes->begin_ns = notes->windows ? MIN(notes->begin_ns, begin_ns) : begin_ns;
	notes->end_ns = MAX(notes->end_ns, end_ns);
	notes->windows_lost += record->windows_lost;
	notes->windows++;
	notes->last = record->window.end;
	memcpy(notes->last_boot_id, record->boot_id, sizeof(notes->last_boot_id));
}

void store_notes_damage(struct store_notes *notes, const struct err *why)
{
	if (notes->damages_len < STORE_NOTES_DAMAGES_MAX)
		notes->damages[notes->damages_len++] = *why;
	else
		notes->damages_more++;
}

/* UTC: comments travel with files. */
static void append_time(uint64_t realtime_ns, struct buf *out)
{
	time_t seconds = (time_t)(realtime_ns / NS_PER_SEC);
	char text[64] = "?";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_append_str(out, text);
}

/* Ends a comment that was begun in `text`. */
static int put(struct profile *profile, struct buf *text)
{
	uint32_t comment = buf_error(text) ?
				   PROFILE_NONE :
				   profile_string_len(profile, (const char *)text->data, text->len);

	buf_clear(text);
	return comment == PROFILE_NONE ? -ENOMEM : vec_push(&profile->comments, comment);
}

static int put_span(const struct store_notes *notes, struct profile *profile, struct buf *text)
{
	buf_appendf(text, "store: %" PRIu64 " window%s from ", notes->windows,
		    notes->windows == 1 ? "" : "s");
	append_time(notes->begin_ns, text);
	buf_append_str(text, " to ");
	append_time(notes->end_ns, text);
	return put(profile, text);
}

static double seconds_of(uint64_t ns)
{
	return (double)ns / (double)NS_PER_SEC;
}

static int put_losses(const struct store_notes *notes, struct profile *profile, struct buf *text)
{
	int r = 0;

	if (notes->uncovered_ns) {
		buf_appendf(text, "store: %.1f s between them are in no window",
			    seconds_of(notes->uncovered_ns));
		r = put(profile, text);
	}
	if (r == 0 && notes->windows_lost) {
		buf_appendf(text, "store: %" PRIu64 " window%s could not be written",
			    notes->windows_lost, notes->windows_lost == 1 ? "" : "s");
		r = put(profile, text);
	}
	if (r == 0 && notes->suspended_ns) {
		buf_appendf(text, "store: the host was suspended for %.1f s",
			    seconds_of(notes->suspended_ns));
		r = put(profile, text);
	}
	return r;
}

static int put_steps(const struct store_notes *notes, struct profile *profile, struct buf *text)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < notes->steps_len; i++) {
		buf_appendf(text, "store: the clock was set by %+.3f s before ",
			    (double)notes->steps[i].by_ns / (double)NS_PER_SEC);
		append_time(notes->steps[i].at_ns, text);
		r = put(profile, text);
	}
	if (r == 0 && notes->steps_more) {
		buf_appendf(text, "store: the clock was set %zu times more", notes->steps_more);
		r = put(profile, text);
	}
	return r;
}

static int put_damages(const struct store_notes *notes, struct profile *profile, struct buf *text)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < notes->damages_len; i++) {
		buf_appendf(text, "store: %s", notes->damages[i].text);
		r = put(profile, text);
	}
	if (r == 0 && notes->damages_more) {
		buf_appendf(text, "store: and %zu failures more", notes->damages_more);
		r = put(profile, text);
	}
	return r;
}

int store_notes_put(const struct store_notes *notes, struct profile *profile)
{
	_cleanup_buf_ struct buf text = {0};
	int r = put_span(notes, profile, &text);

	if (r == 0)
		r = put_losses(notes, profile, &text);
	if (r == 0)
		r = put_steps(notes, profile, &text);
	return r < 0 ? r : put_damages(notes, profile, &text);
}
