// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/catalog.h"

#include "base/fs.h"
#include "formats/checked_line.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#define INDEX_MAX ((size_t)64 << 20)
#define NEW_INDEX "index.new"

static int by_number(const void *a, const void *b)
{
	const struct catalog_entry *left = a, *right = b;

	if (left->number != right->number)
		return left->number < right->number ? -1 : 1;
	return strcmp(left->name, right->name);
}

static void sort(struct catalog *catalog)
{
	if (catalog->entries.len > 1)
		qsort(catalog->entries.items, catalog->entries.len, sizeof(struct catalog_entry),
		      by_number);
}

static bool read_number(const json_t *object, const char *key, uint64_t *number)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*number = (uint64_t)json_integer_value(value);
	return true;
}

static bool parse_entry(const char *text, size_t len, struct catalog_entry *entry)
{
	json_t *object = json_loadb(text, len, 0, NULL);
	const char *name = json_string_value(json_object_get(object, "segment"));
	bool good = name && segment_name_parse(name, &entry->number) &&
		    read_number(object, "bytes", &entry->bytes) &&
		    read_number(object, "windows", &entry->windows) &&
		    read_number(object, "begin_ns", &entry->begin_ns) &&
		    read_number(object, "end_ns", &entry->end_ns);

	if (good)
		snprintf(entry->name, sizeof(entry->name), "%s", name);
	json_decref(object);
	return good;
}

/* Whatever can be had of it; no index is as good as any. */
static void load_index(int dir_fd, struct catalog *index)
{
	_cleanup_buf_ struct buf buf = {0};
	_cleanup_close_ int fd = segment_open_file(dir_fd, CATALOG_INDEX, O_RDONLY);
	struct checked_lines lines;
	const char *text;
	size_t len;

	if (fd < 0 || fs_read_fd(fd, INDEX_MAX, &buf) < 0 || !buf.len)
		return;
	lines.at = (const char *)buf.data;
	lines.end = lines.at + buf.len;
	while (checked_lines_next(&lines, &text, &len)) {
		struct catalog_entry entry = {.state = CATALOG_SEALED};

		if (!parse_entry(text, len, &entry) || vec_push(&index->entries, entry) < 0)
			return;
	}
	sort(index);
}

void catalog_window_span(const struct store_window *window, uint64_t *ret_begin_ns,
			 uint64_t *ret_end_ns)
{
	*ret_begin_ns = MIN(window->begin.realtime_ns, window->end.realtime_ns);
	*ret_end_ns = MAX(window->begin.realtime_ns, window->end.realtime_ns);
}

void catalog_describe(const struct segment_reader *reader, const char *name,
		      struct catalog_entry *ret_entry)
{
	struct catalog_entry entry = {
		.bytes = segment_reader_bytes(reader),
		.windows = segment_reader_count(reader),
		.begin_ns = UINT64_MAX,
		.state = segment_reader_is_sealed(reader) ? CATALOG_SEALED : CATALOG_OPEN,
	};

	snprintf(entry.name, sizeof(entry.name), "%.*s", SEGMENT_NAME_LEN - 1, name);
	(void)segment_name_parse(name, &entry.number);
	for (size_t i = 0; i < entry.windows; i++) {
		uint64_t begin_ns, end_ns;

		catalog_window_span(&segment_reader_record(reader, i)->window, &begin_ns, &end_ns);
		entry.begin_ns = MIN(entry.begin_ns, begin_ns);
		entry.end_ns = MAX(entry.end_ns, end_ns);
	}
	if (!entry.windows)
		entry.begin_ns = 0;
	*ret_entry = entry;
}

static const struct catalog_entry *find(const struct catalog *index, const char *name)
{
	struct catalog_entry wanted = {0};

	snprintf(wanted.name, sizeof(wanted.name), "%.*s", SEGMENT_NAME_LEN - 1, name);
	if (!index->entries.len || !segment_name_parse(name, &wanted.number))
		return NULL;
	return bsearch(&wanted, index->entries.items, index->entries.len, sizeof(wanted),
		       by_number);
}

/* A segment that has its end never changes, so name and length say that it is the one indexed. */
static bool is_indexed(int dir_fd, const char *name, const struct catalog *index,
		       struct catalog_entry *entry)
{
	const struct catalog_entry *known = find(index, name);
	struct stat st;

	if (!known || fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size != known->bytes)
		return false;
	*entry = *known;
	return true;
}

/* What can be said of a segment that cannot be read; nothing when it has just been removed. */
static int add_damaged(int dir_fd, const char *name, struct catalog *catalog)
{
	struct catalog_entry entry = {.state = CATALOG_DAMAGED};
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	snprintf(entry.name, sizeof(entry.name), "%.*s", SEGMENT_NAME_LEN - 1, name);
	(void)segment_name_parse(name, &entry.number);
	entry.bytes = (uint64_t)MAX(st.st_size, (off_t)0);
	return vec_push(&catalog->entries, entry);
}

/* A damaged segment must not hide the others. */
static int add_segment(int dir_fd, const char *name, const struct catalog *index,
		       struct catalog *catalog)
{
	_cleanup_segment_reader_ struct segment_reader *reader = NULL;
	struct catalog_entry entry;
	int r;

	if (is_indexed(dir_fd, name, index, &entry))
		return vec_push(&catalog->entries, entry);
	r = segment_reader_open(dir_fd, name, &reader, NULL);
	if (r == -ENOMEM || r == -EMFILE || r == -ENFILE)
		return r;
	if (r < 0)
		return add_damaged(dir_fd, name, catalog);
	catalog_describe(reader, name, &entry);
	return vec_push(&catalog->entries, entry);
}

static void closedir_cleanup(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int open_directory(int dir_fd, DIR **ret_dir)
{
	_cleanup_close_ int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_dir = fdopendir(fd);
	if (!*ret_dir)
		return -errno;
	fd = -1; /* the directory's */
	return 0;
}

int catalog_load(int dir_fd, struct catalog *ret_catalog, struct err *err)
{
	_cleanup_catalog_ struct catalog index = {0}, catalog = {0};
	_cleanup_(closedir_cleanup) DIR *dir = NULL;
	const struct dirent *item;
	uint64_t number;
	int r = open_directory(dir_fd, &dir);

	load_index(dir_fd, &index);
	while (r == 0 && (item = readdir(dir)))
		if (segment_name_parse(item->d_name, &number))
			r = add_segment(dir_fd, item->d_name, &index, &catalog);
	if (r < 0)
		return err_errno(err, r, "cannot list its segments");
	sort(&catalog);
	*ret_catalog = catalog;
	catalog = (struct catalog){0};
	return 0;
}

static void append_entry(const struct catalog_entry *entry, struct buf *out)
{
	_cleanup_buf_ struct buf json = {0};

	buf_appendf(&json,
		    "{\"segment\":\"%s\",\"bytes\":%" PRIu64 ",\"windows\":%" PRIu64
		    ",\"begin_ns\":%" PRIu64 ",\"end_ns\":%" PRIu64 "}",
		    entry->name, entry->bytes, entry->windows, entry->begin_ns, entry->end_ns);
	if (buf_error(&json) && !out->error)
		out->error = buf_error(&json);
	checked_line_append(out, (const char *)json.data, json.len);
}

static int replace_index(int dir_fd, const struct buf *bytes)
{
	_cleanup_close_ int fd = openat(
		dir_fd, NEW_INDEX, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	int r = fd < 0 ? -errno : fs_write_all(fd, bytes->data, bytes->len);

	if (r == 0 && renameat(dir_fd, NEW_INDEX, dir_fd, CATALOG_INDEX) < 0)
		r = -errno;
	return r;
}

void catalog_save(const struct catalog *catalog, int dir_fd)
{
	_cleanup_buf_ struct buf bytes = {0};

	vec_for_each(&catalog->entries, entry)
		if (entry->state == CATALOG_SEALED)
			append_entry(entry, &bytes);
	if (!buf_error(&bytes) && replace_index(dir_fd, &bytes) < 0)
		unlinkat(dir_fd, NEW_INDEX, 0);
}

void catalog_free(struct catalog *catalog)
{
	vec_free(&catalog->entries);
}
