/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the tests of stores share. All of these fail the test when they cannot do it. */
#ifndef SMOLDER_TESTS_STORE_FIXTURE_H
#define SMOLDER_TESTS_STORE_FIXTURE_H

#include "formats/store.h"
#include "formats/store_read.h"

#define FIXTURE_BEGIN_S UINT64_C(1700000000)
#define FIXTURE_MINUTE (60 * UINT64_C(1000000000))

/* Makes an empty directory, for cmocka_unit_test_setup_teardown(); *state is its path. */
int store_fixture_setup(void **state);
int store_fixture_teardown(void **state);

/* The path of something in the directory; valid until the next call but three. */
const char *store_fixture_path(const char *directory, const char *name);

/*
 * A window's profile: comm "app" in pids 7 and 8 (in a container) and comm "db" in pid 9, with `count`
 * samples in each of them. Its folded lines tell `window` apart.
 */
struct profile *store_fixture_profile(uint32_t window, int64_t count);

/* The window of minute `i` since FIXTURE_BEGIN_S. */
struct store_window store_fixture_window(uint32_t i);

#define STORE_OPTIONS(directory, ...) (&(struct store_options){.path = (directory), ##__VA_ARGS__})

struct store *store_fixture_open(const struct store_options *options);

/* Appends the windows [from, to), of one sample in each process. */
void store_fixture_append(struct store *store, uint32_t from, uint32_t to);

/* A writer of its own for these windows, which ends its segment. */
void store_fixture_write(const char *path, uint32_t from, uint32_t to);

off_t store_fixture_len(const char *path);

/* All that is there, or NULL when it holds no window; `filter` may be NULL. */
struct profile *store_fixture_read(const char *path, const struct label_filter *filter);

/* How many windows can be read, each of them whole: those from `first` on. */
void store_fixture_assert_windows(const char *path, uint32_t first, uint32_t count);

/* Names in the directory that end so; the last of them, by its name, goes to `last` (NULL: not wanted). */
size_t store_fixture_count(const char *path, const char *ending, char last[256]);

void store_fixture_copy(const char *from, const char *to);

#define STORE_TEST(test)                                                                           \
	cmocka_unit_test_setup_teardown(test, store_fixture_setup, store_fixture_teardown)

#endif
