// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/debuginfod.h"

#include "base/clock.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LIBRARY "libdebuginfod.so.1"
#define PATIENCE_DEFAULT_NS ((uint64_t)60 * 1000000000)

/* The library's functions, as its debuginfod.h declares them. */
struct functions {
	void *(*begin)(void);
	void (*end)(void *library_client);
	int (*find_debuginfo)(void *library_client, const unsigned char *build_id, int build_id_len,
			      char **path);
	void (*set_progress)(void *library_client,
			     int (*progress)(void *library_client, long done, long whole));
	void (*set_user_data)(void *library_client, void *data);
};

struct debuginfod {
	struct debuginfod_options options;
	struct debuginfod_counters counters;
	struct functions functions;
	void *library, *library_client;
	uint64_t deadline_ns; /* 0: nothing was asked for yet */
};

static void say(const struct debuginfod *client, const char *text)
{
	if (client->options.say)
		client->options.say(client->options.ctx, text);
}

static bool is_over(const struct debuginfod *client)
{
	return client->deadline_ns && clock_ns(CLOCK_MONOTONIC) >= client->deadline_ns;
}

/*
 * Called every second or so; 1 gives up. It is given the library's client only, which knows ours: asked
 * by a function that is looked up again, as it may be in no variable of the program's.
 */
static int progress(void *library_client, long done, long whole)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_NOLOAD);
	void *found = library ? dlsym(library, "debuginfod_get_user_data") : NULL;
	void *(*get_user_data)(void *client);
	const struct debuginfod *client = NULL;

	(void)done;
	(void)whole;
	memcpy(&get_user_data, &found, sizeof(found));
	if (found)
		client = get_user_data(library_client);
	if (library)
		dlclose(library);
	return client && is_over(client);
}

static bool load_functions(struct debuginfod *client)
{
	struct {
		const char *name;
		void *function;
	} const wanted[] = {
		{"debuginfod_begin", &client->functions.begin},
		{"debuginfod_end", &client->functions.end},
		{"debuginfod_find_debuginfo", &client->functions.find_debuginfo},
		{"debuginfod_set_progressfn", &client->functions.set_progress},
		{"debuginfod_set_user_data", &client->functions.set_user_data},
	};

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		void *found = dlsym(client->library, wanted[i].name);

		if (!found)
			return false;
		memcpy(wanted[i].function, &found, sizeof(found));
	}
	return true;
}

int debuginfod_open(const struct debuginfod_options *options, struct debuginfod **ret_client,
		    struct err *err)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	struct debuginfod *client;

	if (!urls || !*urls)
		return err_set(err, -ENOENT,
			       "no debuginfod server is configured: set DEBUGINFOD_URLS");
	client = calloc(1, sizeof(*client));
	if (!client)
		return err_set(err, -ENOMEM, "out of memory");
	client->options = *options;
	if (!client->options.patience_ns)
		client->options.patience_ns = PATIENCE_DEFAULT_NS;
	client->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!client->library || !load_functions(client)) {
		debuginfod_close(client);
		return err_set(err, -ELIBACC,
			       "cannot load " LIBRARY " (Debian's package libdebuginfod1)");
	}
	client->library_client = client->functions.begin();
	if (!client->library_client) {
		debuginfod_close(client);
		return err_set(err, -ENOMEM, "out of memory");
	}
	client->functions.set_user_data(client->library_client, client);
	client->functions.set_progress(client->library_client, progress);
	*ret_client = client;
	return 0;
}

/* Files that were not got leave frames with less than they could have: the user is told. */
static void say_losses(const struct debuginfod *client)
{
	const struct debuginfod_counters *counters = &client->counters;
	char text[160];

	if (!counters->late && !counters->failed)
		return;
	snprintf(text, sizeof(text),
		 "debuginfod: %" PRIu64 " debug files fetched, %" PRIu64 " not there, %" PRIu64
		 " failed, %" PRIu64 " left out after %" PRIu64 " s",
		 counters->fetched, counters->missing, counters->failed, counters->late,
		 client->options.patience_ns / 1000000000);
	say(client, text);
}

struct debuginfod *debuginfod_close(struct debuginfod *client)
{
	if (!client)
		return NULL;
	say_losses(client);
	if (client->library_client)
		client->functions.end(client->library_client);
	if (client->library)
		dlclose(client->library);
	free(client);
	return NULL;
}

static void begin_patience(struct debuginfod *client)
{
	if (client->deadline_ns)
		return;
	client->deadline_ns = clock_ns(CLOCK_MONOTONIC) + client->options.patience_ns;
	say(client, "debuginfod: asking for debug files, those of most samples first");
}

static bool is_build_id(const char *build_id)
{
	size_t len = strlen(build_id);

	return len >= 2 && len % 2 == 0 && strspn(build_id, "0123456789abcdef") == len;
}

int debuginfod_fetch(void *ctx, const char *build_id)
{
	struct debuginfod *client = ctx;
	_cleanup_free_ char *path = NULL;
	int fd;

	if (!is_build_id(build_id))
		return -EINVAL;
	begin_patience(client);
	if (is_over(client)) {
		client->counters.late++;
		return -ETIMEDOUT;
	}
	fd = client->functions.find_debuginfo(
		client->library_client, (const unsigned char *)build_id, 0 /* it is hex */, &path);
	if (fd >= 0)
		client->counters.fetched++;
	else if (fd == -ENOENT)
		client->counters.missing++;
	else
		client->counters.failed++;
	return fd;
}

const struct debuginfod_counters *debuginfod_counters(const struct debuginfod *client)
{
	return &client->counters;
}
