// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Windows without samples, of which the ledger says how many there were: written, or lost by name. */
#include "profiler/agent/window_writer.h"

#include "tests/unit/store_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define QUEUED 4 /* windows that wait, at most */

struct listener {
	char path[512]; /* of the store */
	pthread_t reader;
	bool holds; /* the writer's thread waits in its first message */
	sem_t held, go;
	int failures;
	char text[512]; /* the last one */
	struct ledger lost;
	struct window_writer *writer;
};

static void note_failure(void *ctx, const char *text)
{
	struct listener *listener = ctx;

	if (listener->holds && !pthread_equal(pthread_self(), listener->reader)) {
		listener->holds = false;
		sem_post(&listener->held);
		sem_wait(&listener->go);
	}
	listener->failures++;
	snprintf(listener->text, sizeof(listener->text), "%s", text);
}

static void open_store(struct listener *listener, const char *directory, const char *name)
{
	struct window_writer_options options = {
		.lost = &listener->lost, .on_failure = note_failure, .ctx = listener};
	struct err err;

	snprintf(listener->path, sizeof(listener->path), "%s/%s", directory, name);
	sem_init(&listener->held, 0, 0);
	sem_init(&listener->go, 0, 0);
	options.store.path = listener->path;
	if (window_writer_new(&options, &listener->writer, &err) < 0)
		fail_msg("%s", err.text);
}

static void open_writer(struct listener *listener, const char *directory)
{
	*listener = (struct listener){.reader = pthread_self()};
	open_store(listener, directory, "store");
}

/* What was given is written, or lost, when it returns. */
static void close_writer(struct listener *listener)
{
	listener->writer = window_writer_free(listener->writer);
	sem_destroy(&listener->held);
	sem_destroy(&listener->go);
}

static struct closed_window window_of(uint32_t minute, uint64_t ticks)
{
	struct store_window times = store_fixture_window(minute);
	struct closed_window window = {
		.cut = {.frequency_hz = 19,
			.begin = {.realtime_ns = times.begin.realtime_ns,
				  .boottime_ns = times.begin.boottime_ns,
				  .monotonic_ns = times.begin.monotonic_ns},
			.end = {.realtime_ns = times.end.realtime_ns,
				.boottime_ns = times.end.boottime_ns,
				.monotonic_ns = times.end.monotonic_ns}},
		.ledger = {.event = "cpu-clock", .samples = {.expected = ticks, .recorded = ticks}},
	};

	assert_int_equal(recording_init(&window.cut.recording), 0);
	assert_int_equal(objects_new(&(struct objects_options){0}, &window.objects), 0);
	return window;
}

static void give(struct listener *listener, uint32_t minute, uint64_t ticks)
{
	struct closed_window window = window_of(minute, ticks);

	window_writer_give(listener->writer, &window);
}

/* A file takes the store's place: nothing can be written until it is gone. */
static void spoil(const struct listener *listener)
{
	char aside[600];

	snprintf(aside, sizeof(aside), "%s.aside", listener->path);
	assert_return_code(rename(listener->path, aside), 0);
	close(open(listener->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static uint64_t lost(const struct ledger *ledger, const char *reason)
{
	for (uint32_t i = 0; i < ledger->samples.lost.len; i++)
		if (strcmp(ledger->samples.lost.items[i].name, reason) == 0)
			return ledger->samples.lost.items[i].count;
	return 0;
}

static struct ledger read_ledger(const struct listener *listener)
{
	_cleanup_profile_ struct profile *profile = store_fixture_read(listener->path, NULL);

	assert_non_null(profile);
	assert_string_equal(profile->ledger.event, "cpu-clock");
	return profile->ledger;
}

static void windows_are_written(void **state)
{
	struct listener listener;
	struct ledger ledger;

	open_writer(&listener, *state);
	give(&listener, 0, 5);
	give(&listener, 1, 7);
	close_writer(&listener);
	ledger = read_ledger(&listener);
	assert_int_equal(ledger.samples.recorded, 12);
	assert_int_equal(ledger.samples.expected, 12);
	assert_int_equal(ledger.samples.lost.len, 0);
	assert_int_equal(listener.failures, 0);
}

static void who_is_given_up_is_lost_by_name(void **state)
{
	struct listener listener;
	struct closed_window window = window_of(0, 5);
	struct ledger ledger;

	open_writer(&listener, *state);
	window_writer_drop(listener.writer, &window);
	give(&listener, 1, 7);
	close_writer(&listener);
	ledger = read_ledger(&listener);
	assert_int_equal(ledger.samples.recorded, 7);
	assert_int_equal(ledger.samples.expected, 12);
	assert_int_equal(lost(&ledger, "window dropped"), 5);
	assert_int_equal(listener.failures, 0); /* who drops it knows */
}

/* While one is being written in vain, as many wait as may, and one more comes. */
static void who_finds_no_room_is_lost_aloud(void **state)
{
	struct listener listener;
	struct window_writer_stats stats;
	struct ledger ledger;

	open_writer(&listener, *state);
	spoil(&listener);
	listener.holds = true;
	give(&listener, 0, 1);
	sem_wait(&listener.held);
	for (uint32_t i = 1; i <= QUEUED; i++)
		give(&listener, i, 10);
	assert_int_equal(listener.failures, 0);
	give(&listener, QUEUED + 1, 100);
	assert_int_equal(listener.failures, 1);
	assert_string_equal(listener.text, "too many wait to be written");
	window_writer_stats(listener.writer, &stats);
	assert_int_equal(stats.failed, 1);
	assert_int_equal(stats.dropped, 1);
	assert_int_equal(stats.waiting, QUEUED);
	unlink(listener.path);
	sem_post(&listener.go);
	while (stats.waiting == QUEUED)
		window_writer_stats(listener.writer, &stats);
	give(&listener, QUEUED + 2, 1000);
	close_writer(&listener);
	ledger = read_ledger(&listener);
	assert_int_equal(ledger.samples.recorded, QUEUED * 10 + 1000);
	assert_int_equal(ledger.samples.expected, 1 + QUEUED * 10 + 100 + 1000);
	assert_int_equal(lost(&ledger, "window not written"), 1);
	assert_int_equal(lost(&ledger, "window dropped"), 100);
	assert_int_equal(listener.failures, 2);
}

/* As the agent does whose store is full, and which is given another. */
static void the_next_writer_tells_what_the_last_one_lost(void **state)
{
	struct listener listener;
	struct ledger ledger;

	open_writer(&listener, *state);
	spoil(&listener);
	give(&listener, 0, 5);
	close_writer(&listener);
	open_store(&listener, *state, "another");
	give(&listener, 1, 7);
	give(&listener, 2, 9);
	close_writer(&listener);
	ledger = read_ledger(&listener);
	assert_int_equal(ledger.samples.recorded, 16);
	assert_int_equal(ledger.samples.expected, 21);
	assert_int_equal(lost(&ledger, "window not written"), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(windows_are_written),
		STORE_TEST(who_is_given_up_is_lost_by_name),
		STORE_TEST(who_finds_no_room_is_lost_aloud),
		STORE_TEST(the_next_writer_tells_what_the_last_one_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
