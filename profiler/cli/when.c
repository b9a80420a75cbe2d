// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/cli/when.h"

#include "base/clock.h"
#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define EPOCH_DIGITS_MIN 9
#define SECONDS_MAX UINT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* A date and a time of day, and where. */
struct civil {
	struct tm tm; /* year, month, day; hour, minute, second */
	uint64_t fraction_ns;
	bool has_date, has_zone;
	int64_t zone_s; /* east of Greenwich */
};

/* Takes exactly `digits` digits off the front. */
static bool take_number(const char **text, int digits, int *ret_number)
{
	int number = 0;

	for (int i = 0; i < digits; i++) {
		if (!isdigit((unsigned char)(*text)[i]))
			return false;
		number = number * 10 + ((*text)[i] - '0');
	}
	*text += digits;
	*ret_number = number;
	return true;
}

static bool take_char(const char **text, char wanted)
{
	if (**text != wanted)
		return false;
	++*text;
	return true;
}

static bool take_word(const char **text, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*text, word, len) != 0)
		return false;
	*text += len;
	return true;
}

/* ".5": what is behind nine digits is dropped. True when there is none. */
static bool take_fraction(const char **text, uint64_t *ret_ns)
{
	uint64_t ns = 0, unit = NS_PER_SEC / 10;

	if (!take_char(text, '.'))
		return true;
	if (!isdigit((unsigned char)**text))
		return false;
	for (; isdigit((unsigned char)**text); ++*text, unit /= 10)
		ns += (uint64_t)(**text - '0') * unit;
	*ret_ns = ns;
	return true;
}

static bool take_time_of_day(const char **text, struct civil *civil)
{
	struct tm *tm = &civil->tm;

	if (!take_number(text, 2, &tm->tm_hour) || !take_char(text, ':') ||
	    !take_number(text, 2, &tm->tm_min))
		return false;
	if (take_char(text, ':') &&
	    (!take_number(text, 2, &tm->tm_sec) || !take_fraction(text, &civil->fraction_ns)))
		return false;
	return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 60;
}

static bool take_zone(const char **text, struct civil *civil)
{
	int hours, minutes = 0;
	bool west;

	take_char(text, ' ');
	civil->has_zone = true;
	if (take_char(text, 'Z'))
		return true;
	west = take_char(text, '-');
	if ((!west && !take_char(text, '+')) || !take_number(text, 2, &hours))
		return false;
	if ((take_char(text, ':') || **text) && !take_number(text, 2, &minutes))
		return false;
	civil->zone_s = (west ? -60 : 60) * (60 * (int64_t)hours + minutes);
	return hours < 24 && minutes < 60;
}

/* The local date of a time; noon there is on the same day whatever is done to clocks at night. */
static bool date_of(uint64_t ns, int days_later, struct civil *civil)
{
	time_t seconds = (time_t)(ns / NS_PER_SEC);
	struct tm tm;

	if (!localtime_r(&seconds, &tm))
		return false;
	tm = (struct tm){.tm_year = tm.tm_year,
			 .tm_mon = tm.tm_mon,
			 .tm_mday = tm.tm_mday + days_later,
			 .tm_hour = 12};
	timegm(&tm); /* the day before the first is the last of the month before */
	civil->tm.tm_year = tm.tm_year;
	civil->tm.tm_mon = tm.tm_mon;
	civil->tm.tm_mday = tm.tm_mday;
	return true;
}

static bool take_calendar_date(const char **text, struct civil *civil)
{
	struct tm *tm = &civil->tm, same;

	if (!take_number(text, 4, &tm->tm_year) || !take_char(text, '-') ||
	    !take_number(text, 2, &tm->tm_mon) || !take_char(text, '-') ||
	    !take_number(text, 2, &tm->tm_mday))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	same = *tm;
	timegm(&same); /* which makes March of February 30 */
	return same.tm_year == tm->tm_year && same.tm_mon == tm->tm_mon &&
	       same.tm_mday == tm->tm_mday;
}

static bool take_date(const char **text, uint64_t now_ns, struct civil *civil)
{
	if (take_word(text, "today"))
		return date_of(now_ns, 0, civil);
	if (take_word(text, "yesterday"))
		return date_of(now_ns, -1, civil);
	return take_calendar_date(text, civil);
}

/* A date, a time of day, or both; nothing may follow. */
static bool parse_civil(const char *text, uint64_t now_ns, struct civil *civil)
{
	civil->has_date = text[0] && text[1] && text[2] != ':';
	if (civil->has_date) {
		if (!take_date(&text, now_ns, civil))
			return false;
		if (!*text)
			return true;
		if (!take_char(&text, ' ') && !take_char(&text, 'T'))
			return false;
	}
	if (!take_time_of_day(&text, civil))
		return false;
	if (!*text)
		return true;
	return civil->has_date && take_zone(&text, civil) && !*text;
}

/* The time at which the local clock shows this, were summer time as `isdst` says. */
static time_t local_time(const struct civil *civil, int isdst, bool *ret_is_shown)
{
	struct tm tm = civil->tm;
	time_t time;

	tm.tm_isdst = isdst;
	time = mktime(&tm);
	*ret_is_shown = tm.tm_hour == civil->tm.tm_hour && tm.tm_min == civil->tm.tm_min &&
			tm.tm_mday == civil->tm.tm_mday;
	return time;
}

static time_t resolve_local(const struct civil *civil, enum when_edge edge)
{
	bool is_winter, is_summer;
	time_t winter = local_time(civil, 0, &is_winter), summer = local_time(civil, 1, &is_summer);

	if (is_winter != is_summer)
		return is_winter ? winter : summer;
	return edge == WHEN_EARLIER ? MIN(winter, summer) : MAX(winter, summer);
}

static int resolve(const struct civil *civil, enum when_edge edge, uint64_t *ret_ns)
{
	struct tm tm = civil->tm;
	time_t time = civil->has_zone ? timegm(&tm) - civil->zone_s : resolve_local(civil, edge);

	if (time < 0 || (uint64_t)time > SECONDS_MAX)
		return -EINVAL;
	*ret_ns = (uint64_t)time * NS_PER_SEC + civil->fraction_ns;
	return 0;
}

/* "1h30m": each part as parse_duration_ns() takes it, the unit left out only where there is but one. */
static int parse_ago(const char *text, uint64_t now_ns, uint64_t *ret_ns)
{
	const char *begin = text;
	uint64_t sum = 0;

	if (!*text)
		return -EINVAL;
	while (*text) {
		size_t number = strspn(text, "0123456789.");
		size_t len = number + strcspn(text + number, "0123456789.");
		char part[32];
		uint64_t ns;

		if (len >= sizeof(part) || (number == len && text != begin))
			return -EINVAL;
		memcpy(part, text, len);
		part[len] = '\0';
		if (parse_duration_ns(part, &ns) < 0 || __builtin_add_overflow(sum, ns, &sum))
			return -EINVAL;
		text += len;
	}
	if (sum > now_ns)
		return -EINVAL;
	*ret_ns = now_ns - sum;
	return 0;
}

static int parse_epoch(const char *text, uint64_t *ret_ns)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t seconds, fraction_ns = 0;
	const char *rest = text + digits;

	if (parse_u64_len(text, digits, 10, &seconds) < 0 || seconds > SECONDS_MAX ||
	    !take_fraction(&rest, &fraction_ns) || *rest)
		return -EINVAL;
	*ret_ns = seconds * NS_PER_SEC + fraction_ns;
	return 0;
}

/* The last time before `now_ns` that the clock showed this. */
static int resolve_before(struct civil *civil, uint64_t now_ns, enum when_edge edge,
			  uint64_t *ret_ns)
{
	uint64_t ns;

	for (int days = 0; days >= -1; days--) {
		if (!date_of(now_ns, days, civil) || resolve(civil, edge, &ns) < 0)
			return -EINVAL;
		if (ns <= now_ns)
			break;
	}
	*ret_ns = ns;
	return 0;
}

/* The first time behind `from_ns` that it shows this. */
static int resolve_behind(struct civil *civil, uint64_t from_ns, uint64_t *ret_ns)
{
	uint64_t ns;

	for (int days = 0; days <= 1; days++) {
		if (!date_of(from_ns, days, civil) || resolve(civil, WHEN_LATER, &ns) < 0)
			return -EINVAL;
		if (ns > from_ns)
			break;
	}
	*ret_ns = ns;
	return 0;
}

int when_parse(const char *text, uint64_t now_ns, enum when_edge edge, uint64_t *ret_ns)
{
	struct civil civil = {0};

	if (strcmp(text, "now") == 0) {
		*ret_ns = now_ns;
		return 0;
	}
	if (text[0] == '-')
		return parse_ago(text + 1, now_ns, ret_ns);
	if (text[0] == '@')
		return parse_epoch(text + 1, ret_ns);
	if (strspn(text, "0123456789") >= EPOCH_DIGITS_MIN)
		return parse_epoch(text, ret_ns);
	if (!parse_civil(text, now_ns, &civil))
		return -EINVAL;
	return civil.has_date ? resolve(&civil, edge, ret_ns) :
				resolve_before(&civil, now_ns, edge, ret_ns);
}

static int not_a_time(const char *text, struct err *err)
{
	return err_set(err, -EINVAL,
		       "'%s' is not a time, such as -10m, 03:12, 'yesterday 14:00', "
		       "2026-11-21T03:12:00Z",
		       text);
}

static int parse_end(const char *text, uint64_t now_ns, uint64_t from_ns, uint64_t *ret_ns)
{
	struct civil civil = {0};

	if (from_ns && text[0] != '-' && parse_civil(text, now_ns, &civil) && !civil.has_date)
		return resolve_behind(&civil, from_ns, ret_ns);
	return when_parse(text, now_ns, WHEN_LATER, ret_ns);
}

int when_parse_span(const char *from, const char *to, uint64_t now_ns, struct when_span *ret_span,
		    struct err *err)
{
	struct when_span span = {.to_ns = UINT64_MAX};

	if (from && when_parse(from, now_ns, WHEN_EARLIER, &span.from_ns) < 0)
		return not_a_time(from, err);
	if (to && parse_end(to, now_ns, span.from_ns, &span.to_ns) < 0)
		return not_a_time(to, err);
	if (span.from_ns >= span.to_ns)
		return err_set(err, -EINVAL, "'%s' is not before '%s'", from ? from : "the epoch",
			       to);
	*ret_span = span;
	return 0;
}
