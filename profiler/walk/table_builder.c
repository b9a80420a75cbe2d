// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/walk/table_builder.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>

struct table_builder {
	struct sandbox *sandbox;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t asked, finished;
	VEC(struct table_build) queue; /* not begun */
	VEC(struct table_build) done;
	bool busy, stop;
	uint32_t at; /* the object being built, while busy */
};

static void build_done(struct table_build *build)
{
	unwind_table_free(&build->table);
	if (!build->source.memory)
		cleanup_close_(&build->source.fd);
}

/* Takes the most wanted one off the queue, which is not empty. */
static struct table_build next_build(struct table_builder *builder)
{
	struct table_build *best = builder->queue.items, taken;

	vec_for_each(&builder->queue, build)
		if (build->wanted > best->wanted)
			best = build;
	taken = *best;
	*best = *vec_last(&builder->queue);
	builder->queue.len--;
	return taken;
}

static void build(const struct table_builder *builder, struct table_build *build)
{
	build->error = confined_table_compile(builder->sandbox, build->source, &build->table, NULL);
	if (!build->source.memory)
		close(TAKE_FD(build->source.fd));
}

/* `done` has room for every build that was ever queued: see table_builder_ask(). */
static void *run(void *ctx)
{
	struct table_builder *builder = ctx;

	pthread_mutex_lock(&builder->mutex);
	while (!builder->stop) {
		struct table_build current;

		if (!builder->queue.len) {
			pthread_cond_wait(&builder->asked, &builder->mutex);
			continue;
		}
		current = next_build(builder);
		builder->busy = true;
		builder->at = current.object;
		pthread_mutex_unlock(&builder->mutex);
		build(builder, &current);
		pthread_mutex_lock(&builder->mutex);
		builder->busy = false;
		builder->done.items[builder->done.len++] = current;
		pthread_cond_signal(&builder->finished);
	}
	pthread_mutex_unlock(&builder->mutex);
	return NULL;
}

/* Signals are the main thread's. */
static int start_thread(struct table_builder *builder)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&builder->thread, NULL, run, builder);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

int table_builder_new(struct sandbox *sandbox, struct table_builder **ret_builder)
{
	struct table_builder *builder = calloc(1, sizeof(*builder));
	int r;

	if (!builder)
		return -ENOMEM;
	builder->sandbox = sandbox;
	pthread_mutex_init(&builder->mutex, NULL);
	pthread_cond_init(&builder->asked, NULL);
	pthread_cond_init(&builder->finished, NULL);
	r = start_thread(builder);
	if (r < 0) {
		free(builder);
		return r;
	}
	*ret_builder = builder;
	return 0;
}

struct table_builder *table_builder_free(struct table_builder *builder)
{
	if (!builder)
		return NULL;
	pthread_mutex_lock(&builder->mutex);
	builder->stop = true;
	pthread_cond_signal(&builder->asked);
	pthread_mutex_unlock(&builder->mutex);
	pthread_join(builder->thread, NULL);
	vec_for_each(&builder->queue, build)
		build_done(build);
	vec_for_each(&builder->done, build)
		build_done(build);
	vec_free(&builder->queue);
	vec_free(&builder->done);
	free(builder);
	return NULL;
}

static struct table_build *find_queued(struct table_builder *builder, uint32_t object)
{
	vec_for_each(&builder->queue, build)
		if (build->object == object)
			return build;
	return NULL;
}

/* Begun already, or finished but not taken yet. */
static bool is_under_way(const struct table_builder *builder, uint32_t object)
{
	if (builder->busy && builder->at == object)
		return true;
	vec_for_each(&builder->done, build)
		if (build->object == object)
			return true;
	return false;
}

static int enqueue(struct table_builder *builder, uint32_t object, struct elf_source source)
{
	struct table_build build = {.object = object, .wanted = 1, .source = source};
	size_t pending = builder->queue.len + builder->done.len + builder->busy + 1;
	int r = vec_reserve(&builder->done, pending);

	if (r == 0)
		r = vec_reserve(&builder->queue, builder->queue.len + 1);
	if (r < 0)
		return r;
	if (!source.memory)
		build.source.fd = fcntl(source.fd, F_DUPFD_CLOEXEC, 0);
	if (!source.memory && build.source.fd < 0)
		return -errno;
	builder->queue.items[builder->queue.len++] = build;
	pthread_cond_signal(&builder->asked);
	return 0;
}

int table_builder_ask(struct table_builder *builder, uint32_t object, struct elf_source source)
{
	struct table_build *queued;
	int r = 0;

	pthread_mutex_lock(&builder->mutex);
	queued = find_queued(builder, object);
	if (queued)
		queued->wanted++;
	else if (!is_under_way(builder, object))
		r = enqueue(builder, object, source);
	pthread_mutex_unlock(&builder->mutex);
	return r;
}

bool table_builder_take(struct table_builder *builder, struct table_build *ret_build)
{
	bool any;

	pthread_mutex_lock(&builder->mutex);
	any = builder->done.len > 0;
	if (any)
		*ret_build = builder->done.items[--builder->done.len];
	pthread_mutex_unlock(&builder->mutex);
	return any;
}

bool table_builder_settle(struct table_builder *builder, uint64_t timeout_ns)
{
	struct timespec until = timespec_of_ns(clock_ns(CLOCK_REALTIME) + timeout_ns);
	bool settled;
	int r = 0;

	pthread_mutex_lock(&builder->mutex);
	while ((builder->queue.len || builder->busy) && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&builder->finished, &builder->mutex, &until);
	settled = !builder->queue.len && !builder->busy;
	pthread_mutex_unlock(&builder->mutex);
	return settled;
}
