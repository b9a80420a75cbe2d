// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/store.h"

#include "base/clock.h"
#include "base/fs.h"
#include "formats/catalog.h"
#include "formats/segment_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define LOCK_NAME "lock"
#define SEGMENT_NS_DEFAULT (3600 * NS_PER_SEC)
#define SEGMENT_WINDOWS_MAX UINT64_C(8192)
#define SEGMENT_TEXT_MAX (UINT64_C(1) << 30)
#define SEGMENT_LINES_MAX (UINT64_C(64) << 20)
#define SEGMENTS_IN_BYTES_MAX 16 /* of a bounded store: what retention removes at once is a part */

struct store {
	struct store_options options;
	char *path;
	char boot_id[STORE_RECORD_BOOT_ID_LEN];
	int dir_fd, lock_fd;
	struct catalog catalog;        /* all segments but the one being written */
	struct segment_writer *writer; /* NULL: the next window begins a segment */
	char segment[SEGMENT_NAME_LEN];
	struct store_window first; /* of that segment */
	uint64_t next_number;
	uint64_t lost_since; /* windows, since the last that was written */
	struct store_stats stats;
};

void store_clocks_read(struct store_clocks *ret_clocks)
{
	*ret_clocks = (struct store_clocks){
		.realtime_ns = clock_ns(CLOCK_REALTIME),
		.boottime_ns = clock_ns(CLOCK_BOOTTIME),
		.monotonic_ns = clock_ns(CLOCK_MONOTONIC),
	};
}

static int open_directory(struct store *store, struct err *err)
{
	if (mkdir(store->path, 0755) < 0 && errno != EEXIST)
		return err_errno(err, -errno, "cannot make store '%s'", store->path);
	store->dir_fd = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->dir_fd < 0)
		return err_errno(err, -errno, "cannot open store '%s'", store->path);
	return 0;
}

static int tell_holder(const struct store *store, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	int r = fs_read_fd(store->lock_fd, 128, &text);

	if (r < 0 || !text.len)
		return err_set(err, -EBUSY, "store '%s' is being written by another process",
			       store->path);
	return err_set(err, -EBUSY, "store '%s' is being written by another process (%.*s)",
		       store->path, (int)strcspn((const char *)text.data, "\n"), text.data);
}

/* Who holds it is for people; the lock itself ends with the process, however that ends. */
static void sign_lock(const struct store *store)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "pid %ld\n", (long)getpid());

	if (ftruncate(store->lock_fd, 0) < 0 || fs_write_all(store->lock_fd, text, (size_t)len) < 0)
		return;
}

static int take_lock(struct store *store, struct err *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	store->lock_fd = openat(store->dir_fd, LOCK_NAME,
				O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (store->lock_fd < 0)
		return err_errno(err, -errno, "cannot write to store '%s'", store->path);
	if (fcntl(store->lock_fd, F_OFD_SETLK, &lock) < 0)
		return errno == EAGAIN || errno == EACCES ?
			       tell_holder(store, err) :
			       err_errno(err, -errno, "cannot lock store '%s'", store->path);
	sign_lock(store);
	return 0;
}

/*
 * Ends what writers before, or this one, have left. A segment that cannot be ended now stays as it is:
 * readable, and tried again when the next segment begins.
 */
static void seal_all(struct store *store)
{
	vec_for_each(&store->catalog.entries, entry) {
		int r = segment_seal(store->dir_fd, entry->name, !store->options.no_sync, NULL);

		store->stats.segments_sealed += r == 0 && entry->state != CATALOG_SEALED;
	}
}

static int load(struct store *store, struct err *err)
{
	int r = catalog_load(store->dir_fd, &store->catalog, err);

	if (r < 0)
		return r;
	vec_for_each(&store->catalog.entries, entry)
		store->next_number = MAX(store->next_number, entry->number + 1);
	catalog_save(&store->catalog, store->dir_fd);
	return 0;
}

static int reload(struct store *store, struct err *err)
{
	seal_all(store);
	catalog_free(&store->catalog);
	return load(store, err);
}

int store_open(const struct store_options *options, struct store **ret_store, struct err *err)
{
	_cleanup_store_ struct store *store = calloc(1, sizeof(*store));
	int r;

	if (!store)
		return err_errno(err, -ENOMEM, "cannot open store '%s'", options->path);
	*store = (struct store){.options = *options, .dir_fd = -1, .lock_fd = -1};
	store->path = strdup(options->path);
	if (!store->path)
		return err_errno(err, -ENOMEM, "cannot open store '%s'", options->path);
	if (!store->options.segment_ns)
		store->options.segment_ns = SEGMENT_NS_DEFAULT;
	if (fs_read_line("/proc/sys/kernel/random/boot_id", store->boot_id,
			 sizeof(store->boot_id)) < 0)
		store->boot_id[0] = '\0';
	r = open_directory(store, err);
	if (r == 0)
		r = take_lock(store, err);
	if (r == 0)
		r = load(store, err);
	if (r == 0)
		r = reload(store, err);
	if (r == 0)
		*ret_store = TAKE_PTR(store);
	return r;
}

static void close_descriptor(int *fd)
{
	cleanup_close_(fd);
	*fd = -1;
}

static bool is_file_at(int dir_fd, const char *name, int fd)
{
	struct stat there, ours;

	return fstatat(dir_fd, name, &there, 0) == 0 && fstat(fd, &ours) == 0 &&
	       there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
}

/* Does the path still lead to the directory that is open, and that to the lock that is held? */
static bool is_in_place(const struct store *store)
{
	return store->dir_fd >= 0 && store->lock_fd >= 0 &&
	       is_file_at(AT_FDCWD, store->path, store->dir_fd) &&
	       is_file_at(store->dir_fd, LOCK_NAME, store->lock_fd);
}

/* Somebody removed it or put another in its place: what would be written here would be lost. */
static int open_anew(struct store *store, struct err *err)
{
	int r;

	store->writer = segment_writer_free(store->writer);
	catalog_free(&store->catalog);
	close_descriptor(&store->lock_fd);
	close_descriptor(&store->dir_fd);
	r = open_directory(store, err);
	if (r == 0)
		r = take_lock(store, err);
	return r < 0 ? r : load(store, err);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* By either clock: a segment's span stays what it is said to be when the clock is set. */
static bool is_full(const struct store *store, const struct store_window *window)
{
	const struct store_clocks *first = &store->first.begin;
	struct segment_size size = segment_writer_size(store->writer);
	uint64_t part = store->options.bytes_max / SEGMENTS_IN_BYTES_MAX;

	return distance(window->begin.realtime_ns, first->realtime_ns) >=
		       store->options.segment_ns ||
	       distance(window->begin.boottime_ns, first->boottime_ns) >=
		       store->options.segment_ns ||
	       size.windows >= SEGMENT_WINDOWS_MAX || size.text_bytes >= SEGMENT_TEXT_MAX ||
	       size.table_bytes >= SEGMENT_LINES_MAX ||
	       (part && size.file_bytes + size.table_bytes >= part);
}

static int end_segment(struct store *store, struct err *err)
{
	struct catalog_entry entry = {.state = CATALOG_OPEN};
	uint64_t windows = segment_writer_size(store->writer).windows;

	memcpy(entry.name, store->segment, sizeof(entry.name));
	store->writer = segment_writer_free(store->writer);
	if (windows && vec_push(&store->catalog.entries, entry) < 0)
		return err_errno(err, -ENOMEM, "cannot end '%s'", entry.name);
	return reload(store, err);
}

static bool has_unsealed(const struct store *store)
{
	vec_for_each(&store->catalog.entries, entry)
		if (entry->state != CATALOG_SEALED)
			return true;
	return false;
}

static int begin_segment(struct store *store, const struct store_window *window, struct err *err)
{
	int r = has_unsealed(store) ? reload(store, err) : 0;

	if (r < 0)
		return r;
	segment_name_make(store->next_number, window->begin.realtime_ns, store->segment);
	r = segment_writer_new(store->dir_fd, store->segment, !store->options.no_sync,
			       &store->writer);
	if (r < 0)
		return err_errno(err, r, "cannot write to store '%s'", store->path);
	store->next_number++;
	store->first = *window;
	return 0;
}

static void remove_segment(struct store *store, size_t i)
{
	struct catalog_entry *entry = &store->catalog.entries.items[i];
	char windows_name[SEGMENT_NAME_LEN];

	segment_sibling(entry->name, ".windows", windows_name);
	if (unlinkat(store->dir_fd, entry->name, 0) < 0 && errno != ENOENT)
		return;
	unlinkat(store->dir_fd, windows_name, 0);
	store->stats.segments_removed++;
	store->stats.bytes_removed += entry->bytes;
	store->catalog.entries.len--;
	memmove(entry, entry + 1, (store->catalog.entries.len - i) * sizeof(*entry));
}

static uint64_t bytes_of(const struct store *store)
{
	struct segment_size size = segment_writer_size(store->writer);
	uint64_t sum = size.file_bytes + size.table_bytes;

	vec_for_each(&store->catalog.entries, entry)
		sum += entry->bytes;
	return sum;
}

/* Old segments make room for `len` more bytes; the one being written is never removed. */
static void retain(struct store *store, const struct store_window *window, uint64_t len)
{
	const struct store_options *options = &store->options;
	size_t before = store->catalog.entries.len;
	uint64_t now = window->end.realtime_ns;

	for (size_t i = store->catalog.entries.len; options->retain_ns && i-- > 0;) {
		const struct catalog_entry *entry = &store->catalog.entries.items[i];

		if (entry->state == CATALOG_SEALED && entry->end_ns < now &&
		    now - entry->end_ns > options->retain_ns)
			remove_segment(store, i);
	}
	for (size_t left = store->catalog.entries.len; options->bytes_max && left-- > 0;)
		if (bytes_of(store) + len > options->bytes_max)
			remove_segment(store, 0);
	if (store->catalog.entries.len != before)
		catalog_save(&store->catalog, store->dir_fd);
}

static int write_window(struct store *store, const struct profile *profile,
			struct store_record *record, struct err *err)
{
	uint64_t len;
	int r = segment_writer_prepare(store->writer, profile, record, &len, err);

	if (r < 0)
		return r;
	retain(store, &record->window, len);
	r = segment_writer_commit(store->writer);
	return r < 0 ? err_errno(err, r, "cannot write to store '%s'", store->path) : 0;
}

static int append(struct store *store, const struct profile *profile,
		  const struct store_window *window, struct err *err)
{
	struct store_record record = {.window = *window, .windows_lost = store->lost_since};
	int r = 0;

	if (profile_value_type_find(profile, "samples", "count") == PROFILE_NONE)
		return err_set(err, -EINVAL, "cannot write to store '%s': no profile of samples",
			       store->path);
	if (!record.window.sample_ns)
		record.window.sample_ns = (uint64_t)MAX(profile->period, INT64_C(0));
	memcpy(record.boot_id, store->boot_id, sizeof(record.boot_id));
	if (!is_in_place(store))
		r = open_anew(store, err);
	if (r == 0 && store->writer &&
	    (is_full(store, window) || !segment_writer_is_there(store->writer)))
		r = end_segment(store, err);
	if (r == 0 && !store->writer)
		r = begin_segment(store, window, err);
	if (r < 0)
		return r;
	r = write_window(store, profile, &record, err);
	if (r < 0)
		(void)end_segment(store, NULL); /* what its compressor has seen is not there */
	return r;
}

int store_append(struct store *store, const struct profile *profile,
		 const struct store_window *window, struct err *err)
{
	int r = append(store, profile, window, err);

	if (r < 0) {
		store->stats.windows_lost++;
		store->lost_since++;
		return r;
	}
	store->stats.windows++;
	store->lost_since = 0;
	return 0;
}

int store_finish(struct store *store, struct err *err)
{
	return store->writer ? end_segment(store, err) : 0;
}

void store_stats(const struct store *store, struct store_stats *ret_stats)
{
	*ret_stats = store->stats;
}

struct store *store_free(struct store *store)
{
	if (!store)
		return NULL;
	segment_writer_free(store->writer);
	catalog_free(&store->catalog);
	cleanup_close_(&store->lock_fd);
	cleanup_close_(&store->dir_fd);
	free(store->path);
	free(store);
	return NULL;
}
