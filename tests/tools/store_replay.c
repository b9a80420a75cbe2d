// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Appends profiles to a store as if each were the next window, at any speed: for tests of what a store
 * survives, and for the bench of what it takes.
 *
 *	store_replay --store DIR [options] FILE…
 *
 *	--windows N	this many, the files taken in turn (default: one a file; 0: for ever)
 *	--begin S	the first begins then, seconds since the epoch (default: now)
 *	--seconds S	a window's length (default 60)
 *	--segment S, --retain S, --max-size BYTES, --no-sync	the store's options
 *	--tell		writes each window's number to standard output when it is finished
 */
#include "base/clock.h"
#include "base/parse.h"
#include "formats/format.h"
#include "formats/store.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#define WINDOWS_ONE_A_FILE UINT64_MAX

struct replay {
	struct store_options options;
	uint64_t windows, begin_s, seconds, segment_s, retain_s;
	bool tell;
	struct profile **profiles;
	size_t profiles_len;
};

/* Where a number goes. */
static uint64_t *number_of(struct replay *replay, int option)
{
	return option == 'w' ? &replay->windows :
	       option == 'b' ? &replay->begin_s :
	       option == 's' ? &replay->seconds :
	       option == 'g' ? &replay->segment_s :
	       option == 'r' ? &replay->retain_s :
	       option == 'm' ? &replay->options.bytes_max :
			       NULL;
}

static int apply_option(struct replay *replay, int option)
{
	uint64_t *number = number_of(replay, option);

	if (number)
		return parse_u64(optarg, number);
	if (option == 'o')
		replay->options.path = optarg;
	else if (option == 'n')
		replay->options.no_sync = true;
	else if (option == 't')
		replay->tell = true;
	else
		return -1;
	return 0;
}

static int parse_arguments(int argc, char **argv, struct replay *replay)
{
	static const struct option options[] = {
		{"store", required_argument, NULL, 'o'},
		{"windows", required_argument, NULL, 'w'},
		{"begin", required_argument, NULL, 'b'},
		{"seconds", required_argument, NULL, 's'},
		{"segment", required_argument, NULL, 'g'},
		{"retain", required_argument, NULL, 'r'},
		{"max-size", required_argument, NULL, 'm'},
		{"no-sync", no_argument, NULL, 'n'},
		{"tell", no_argument, NULL, 't'},
		{0},
	};
	int option, r = 0;

	while (r == 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1)
		r = apply_option(replay, option);
	replay->options.segment_ns = replay->segment_s * NS_PER_SEC;
	replay->options.retain_ns = replay->retain_s * NS_PER_SEC;
	return r < 0 || optind == argc || !replay->options.path ? -1 : 0;
}

static int read_profiles(struct replay *replay, char **paths, struct err *err)
{
	for (size_t i = 0; i < replay->profiles_len; i++) {
		int r = format_read_file(paths[i], &replay->profiles[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

static struct store_window window_of(const struct replay *replay, uint64_t i)
{
	uint64_t begin_ns = (replay->begin_s + i * replay->seconds) * NS_PER_SEC;
	uint64_t end_ns = begin_ns + replay->seconds * NS_PER_SEC;

	return (struct store_window){.begin = {begin_ns, begin_ns, begin_ns},
				     .end = {end_ns, end_ns, end_ns}};
}

/* A window that cannot be written is told, as an agent would, and the next one tried. */
static void append_all(const struct replay *replay, struct store *store)
{
	for (uint64_t i = 0; !replay->windows || i < replay->windows; i++) {
		struct store_window window = window_of(replay, i);
		struct err err;

		if (store_append(store, replay->profiles[i % replay->profiles_len], &window, &err) <
		    0)
			fprintf(stderr, "store_replay: window %" PRIu64 ": %s\n", i, err.text);
		else if (replay->tell)
			printf("%" PRIu64 "\n", i);
		fflush(stdout);
	}
}

static int run(struct replay *replay, char **paths, struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	struct store_stats stats;
	int r = read_profiles(replay, paths, err);

	if (r == 0)
		r = store_open(&replay->options, &store, err);
	if (r < 0)
		return r;
	append_all(replay, store);
	r = store_finish(store, err);
	if (r < 0)
		return r;
	store_stats(store, &stats);
	fprintf(stderr,
		"store_replay: %" PRIu64 " windows, %" PRIu64 " lost, %" PRIu64
		" segments removed\n",
		stats.windows, stats.windows_lost, stats.segments_removed);
	return stats.windows_lost > 0;
}

int main(int argc, char **argv)
{
	struct replay replay = {.seconds = 60, .windows = WINDOWS_ONE_A_FILE};
	struct err err;
	int r;

	if (parse_arguments(argc, argv, &replay) < 0) {
		fputs("usage: store_replay --store DIR [OPTIONS] FILE...\n", stderr);
		return 2;
	}
	replay.profiles_len = (size_t)(argc - optind);
	replay.profiles = calloc(replay.profiles_len, sizeof(struct profile *));
	if (!replay.profiles)
		return 1;
	if (replay.windows == WINDOWS_ONE_A_FILE)
		replay.windows = replay.profiles_len;
	if (!replay.begin_s)
		replay.begin_s = clock_ns(CLOCK_REALTIME) / NS_PER_SEC;
	r = run(&replay, argv + optind, &err);
	if (r < 0)
		fprintf(stderr, "store_replay: %s\n", err.text);
	for (size_t i = 0; i < replay.profiles_len; i++)
		profile_free(replay.profiles[i]);
	free(replay.profiles);
	return r != 0;
}
