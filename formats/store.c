// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/store.h"

#include "base/clock.h"
#include "formats/format.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

struct store {
	struct store_options options;
	char *path;
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

int store_open(const struct store_options *options, struct store **ret_store, struct err *err)
{
	_cleanup_store_ struct store *store = calloc(1, sizeof(*store));

	if (!store || !(store->path = strdup(options->path)))
		return err_errno(err, -ENOMEM, "cannot open store '%s'", options->path);
	store->options = *options;
	store->options.path = store->path;
	if (mkdir(store->path, 0755) < 0 && errno != EEXIST)
		return err_errno(err, -errno, "cannot make store '%s'", store->path);
	*ret_store = TAKE_PTR(store);
	return 0;
}

/* One file a window. */
int store_append(struct store *store, const struct profile *profile,
		 const struct store_window *window, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	int r;

	if (asprintf(&path, "%s/%020" PRIu64 ".folded.zst", store->path,
		     window->begin.realtime_ns) < 0)
		return err_errno(err, -ENOMEM, "cannot append to store '%s'", store->path);
	r = format_write_files(profile, (const char *const *)&path, 1, err);
	if (r < 0)
		store->stats.windows_lost++;
	else
		store->stats.windows++;
	return r;
}

int store_finish(struct store *store, struct err *err)
{
	(void)store, (void)err;
	return 0;
}

void store_stats(const struct store *store, struct store_stats *ret_stats)
{
	*ret_stats = store->stats;
}

struct store *store_free(struct store *store)
{
	if (store)
		free(store->path);
	free(store);
	return NULL;
}
