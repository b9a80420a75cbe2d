// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/perf_map.h"

#include "base/fs.h"
#include "base/parse.h"

#include <errno.h>
#include <string.h>

#define CHUNK_LEN ((size_t)64 * 1024) /* a line that is longer is passed over */

/* A hexadecimal number and the space behind it, off the front of the text. */
static bool take_number(const char **text, const char *end, uint64_t *ret_number)
{
	const char *at = *text, *space = memchr(at, ' ', (size_t)(end - at));

	if (!space)
		return false;
	if (space - at > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X'))
		at += 2;
	if (parse_u64_len(at, (size_t)(space - at), 16, ret_number) < 0)
		return false;
	*text = space + 1;
	return true;
}

static void take_line(struct live_code *code, const char *text, size_t len)
{
	const char *end = text + len;
	struct live_code_news news = {0};

	if (!take_number(&text, end, &news.start) || !take_number(&text, end, &news.len))
		return;
	while (text < end && *text == ' ')
		text++;
	if (end > text && end[-1] == '\r')
		end--;
	news.name = text;
	news.name_len = (size_t)(end - text);
	live_code_add(code, &news);
}

/* The whole lines of the text; how many bytes these are. */
static size_t take_lines(struct live_code *code, const char *text, size_t len)
{
	const char *newline;
	size_t done = 0;

	while ((newline = memchr(text + done, '\n', len - done))) {
		size_t line_len = (size_t)(newline - text) - done;

		take_line(code, text + done, line_len);
		done += line_len + 1;
	}
	return done;
}

static size_t tail_len(const struct perf_map *map)
{
	return (size_t)MIN(map->offset, (uint64_t)PERF_MAP_TAIL_LEN);
}

/* Does the file still say what it said before? */
static bool is_continued(int fd, const struct perf_map *map)
{
	char tail[PERF_MAP_TAIL_LEN];
	size_t len = tail_len(map);

	return fs_read_at(fd, tail, len, map->offset - len) == (ssize_t)len &&
	       memcmp(tail, map->tail, len) == 0;
}

static void remember_tail(struct perf_map *map, const char *text, size_t done)
{
	size_t len = MIN(done, sizeof(map->tail)),
	       kept = MIN(tail_len(map), sizeof(map->tail) - len);

	memmove(map->tail, map->tail + tail_len(map) - kept, kept);
	memcpy(map->tail + kept, text + done - len, len);
	map->offset += done;
}

int perf_map_read(int fd, struct perf_map *map, struct live_code *code)
{
	_cleanup_free_ char *text = malloc(CHUNK_LEN);
	ssize_t n;

	if (!text)
		return -ENOMEM;
	if (map->offset && !is_continued(fd, map))
		*map = (struct perf_map){0};
	while (map->offset < PERF_MAP_LEN_MAX &&
	       (n = fs_read_at(fd, text, CHUNK_LEN, map->offset)) != 0) {
		size_t done;

		if (n < 0)
			return (int)n;
		done = take_lines(code, text, (size_t)n);
		if (!done && (size_t)n < CHUNK_LEN)
			return 0; /* a line that is still being written */
		remember_tail(map, text, done ? done : (size_t)n);
	}
	map->is_cut = map->offset >= PERF_MAP_LEN_MAX;
	return 0;
}
