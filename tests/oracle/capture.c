// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/oracle/capture.h"

#include "base/clock.h"
#include "base/vec.h"
#include "bpf/sampler_config.h"
#include "profiler/collect/cpus.h"
#include "same_sample.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/mman.h>

#define POOL_SIZE (UINT32_C(64) << 20)
/* From the time stamp of the perf record to that of the walk: one program, unless the host steals. */
#define PAIR_NS_MAX (5 * NS_PER_MS)

struct walked_queue {
	VEC(struct same_sample *) items; /* owned; by time, from `at` on */
	size_t at;
};

struct capture {
	struct capture_options options;
	struct same_sample_bpf *bpf;
	struct ring_buffer *events, *twins;
	void *pool, *objects;
	size_t pool_len, objects_len;
	VEC(struct twin_ring) rings;
	VEC(struct walked_queue) queues; /* by CPU number */
	struct capture_counters counters;
};

static int on_event(void *ctx, void *data, size_t size)
{
	struct capture *capture = ctx;

	(void)size;
	processes_handle_event(capture->options.processes, data);
	return 0;
}

static int on_walked(void *ctx, void *data, size_t size)
{
	struct capture *capture = ctx;
	const struct same_sample *walked = data;
	struct same_sample *copy = malloc(sizeof(*copy));

	(void)size;
	if (!copy || walked->cpu >= capture->queues.len)
		return -ENOMEM;
	*copy = *walked;
	return vec_push(&capture->queues.items[walked->cpu].items, copy);
}

static int size_maps(struct same_sample_bpf *bpf)
{
	const struct {
		struct bpf_map *map;
		uint32_t max_entries;
	} sizes[] = {
		{bpf->maps.walk_objects, WALK_OBJECTS_MAX},
		{bpf->maps.walk_processes, WALK_PROCESSES_MAX},
		{bpf->maps.samples, 4096},
		{bpf->maps.copies, 4096},
		{bpf->maps.targets, 1},
	};
	uint64_t mask = POOL_SIZE - 1;
	int r = bpf_map__set_value_size(bpf->maps.walk_pool, POOL_SIZE + WALK_POOL_SLACK);

	for (size_t i = 0; i < ARRAY_SIZE(sizes) && r == 0; i++)
		r = bpf_map__set_max_entries(sizes[i].map, sizes[i].max_entries);
	memcpy((void *)(uintptr_t)&bpf->rodata->walk_pool_mask, &mask, sizeof(mask));
	return r;
}

static int load(struct capture *capture, struct err *err)
{
	struct smolder_config config = {.walk_tables = true, .walk_frames_max = WALK_FRAMES_MAX};
	struct same_sample_bpf *bpf = same_sample_bpf__open();
	int r;

	if (!bpf)
		return err_errno(err, -errno, "cannot open the walker");
	capture->bpf = bpf;
	memcpy((void *)(uintptr_t)&bpf->rodata->config, &config, sizeof(config));
	bpf_program__set_autoload(bpf->progs.sample_tick, false);
	bpf_program__set_autoattach(bpf->progs.twin_tick, false);
	r = size_maps(bpf);
	if (r == 0)
		r = same_sample_bpf__load(bpf);
	if (r == 0)
		r = same_sample_bpf__attach(bpf);
	return r < 0 ? err_errno(err, r, "cannot load the walker into the kernel") : 0;
}

static int map_memory(struct bpf_map *map, size_t *len, void **ret_memory)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *memory;

	*len = (*len + page - 1) / page * page;
	memory = mmap(NULL, *len, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
	if (memory == MAP_FAILED)
		return -errno;
	*ret_memory = memory;
	return 0;
}

static int open_maps(struct capture *capture, struct err *err)
{
	struct same_sample_bpf *bpf = capture->bpf;
	int r;

	capture->pool_len = POOL_SIZE + WALK_POOL_SLACK;
	capture->objects_len = WALK_OBJECTS_MAX * sizeof(struct unwind_object);
	r = map_memory(bpf->maps.walk_pool, &capture->pool_len, &capture->pool);
	if (r == 0)
		r = map_memory(bpf->maps.walk_objects, &capture->objects_len, &capture->objects);
	if (r < 0)
		return err_errno(err, r, "cannot map the walker's memory");
	capture->events = ring_buffer__new(bpf_map__fd(bpf->maps.events), on_event, capture, NULL);
	capture->twins = ring_buffer__new(bpf_map__fd(bpf->maps.twins), on_walked, capture, NULL);
	return capture->events && capture->twins ? 0 : err_errno(err, -errno, "cannot open rings");
}

static int open_rings(struct capture *capture, struct err *err)
{
	_cleanup_(cpu_list_free) struct cpu_list online = {0};
	struct twin_ring_options options = {
		.pid = capture->options.pid,
		.prog_fd = bpf_program__fd(capture->bpf->progs.twin_tick),
		.frequency_hz = capture->options.frequency_hz,
	};
	int r = cpu_list_online(&online, err);

	vec_for_each(&online.ids, cpu) {
		struct twin_ring ring;

		while (r == 0 && capture->queues.len <= *cpu)
			r = vec_push(&capture->queues, (struct walked_queue){.at = 0});
		if (r == 0)
			r = twin_ring_open(&options, *cpu, &ring, err);
		if (r == 0)
			r = vec_push(&capture->rings, ring);
		if (r == -ENODEV)
			r = 0;
	}
	return r;
}

int capture_open(const struct capture_options *options, struct capture **ret_capture,
		 struct err *err)
{
	struct capture *capture = calloc(1, sizeof(*capture));
	int r;

	if (!capture)
		return err_errno(err, -ENOMEM, "cannot capture samples");
	capture->options = *options;
	r = load(capture, err);
	if (r == 0)
		r = open_maps(capture, err);
	if (r == 0)
		r = open_rings(capture, err);
	if (r < 0) {
		capture_free(capture);
		return r;
	}
	*ret_capture = capture;
	return 0;
}

struct capture *capture_free(struct capture *capture)
{
	if (!capture)
		return NULL;
	vec_for_each(&capture->rings, ring)
		twin_ring_close(ring);
	vec_for_each(&capture->queues, queue) {
		for (size_t i = queue->at; i < queue->items.len; i++)
			free(queue->items.items[i]);
		vec_free(&queue->items);
	}
	vec_free(&capture->rings);
	vec_free(&capture->queues);
	ring_buffer__free(capture->events);
	ring_buffer__free(capture->twins);
	if (capture->pool)
		munmap(capture->pool, capture->pool_len);
	if (capture->objects)
		munmap(capture->objects, capture->objects_len);
	same_sample_bpf__destroy(capture->bpf);
	free(capture);
	return NULL;
}

/*
 * The kernel returns from an update of a map of maps only when no program that could have seen the
 * old value is running.
 */
static int wait_for_programs(void *ctx)
{
	struct capture *capture = ctx;
	uint32_t zero = 0;
	_cleanup_close_ int inner_fd =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, "same_sample", 4, 4, 1, NULL);

	if (inner_fd < 0)
		return inner_fd;
	return bpf_map_update_elem(bpf_map__fd(capture->bpf->maps.barrier), &zero, &inner_fd,
				   BPF_ANY);
}

void capture_walk_maps(struct capture *capture, struct walker_kernel *ret_kernel)
{
	*ret_kernel = (struct walker_kernel){
		.pool = capture->pool,
		.pool_size = POOL_SIZE,
		.objects = capture->objects,
		.processes_fd = bpf_map__fd(capture->bpf->maps.walk_processes),
		.wait = wait_for_programs,
		.ctx = capture,
	};
}

/* The walk of the same interrupt, or NULL; those before it are given up. */
static struct same_sample *find_walk(struct capture *capture, struct walked_queue *queue,
				     const struct twin_record *copied)
{
	while (queue->at < queue->items.len) {
		struct same_sample *walked = queue->items.items[queue->at];

		if (walked->time_ns >= copied->time_ns)
			break;
		free(walked);
		queue->at++;
		capture->counters.walked_alone++;
	}
	if (queue->at < queue->items.len) {
		struct same_sample *walked = queue->items.items[queue->at];

		if (walked->tid == copied->tid && walked->time_ns - copied->time_ns < PAIR_NS_MAX &&
		    memcmp(walked->registers, copied->registers, sizeof(walked->registers)) == 0) {
			queue->at++;
			return walked;
		}
	}
	return NULL;
}

static void drain_ring(struct capture *capture, struct twin_ring *ring)
{
	struct walked_queue *queue = &capture->queues.items[ring->cpu];
	struct twin_record copied;

	while (twin_ring_next(ring, &copied)) {
		struct same_sample *walked = find_walk(capture, queue, &copied);

		if (!walked) {
			capture->counters.copied_alone++;
			continue;
		}
		capture->counters.matched++;
		capture->options.on_sample(capture->options.ctx, walked, &copied);
		free(walked);
	}
	if (queue->at == queue->items.len)
		queue->at = queue->items.len = 0;
}

/* A walk's record is there before its perf record is. */
void capture_drain(struct capture *capture)
{
	vec_for_each(&capture->rings, ring)
		twin_ring_freeze(ring);
	ring_buffer__consume(capture->twins);
	ring_buffer__consume(capture->events);
	processes_drain(capture->options.processes);
	vec_for_each(&capture->rings, ring)
		drain_ring(capture, ring);
}

void capture_counters(const struct capture *capture, struct capture_counters *ret_counters)
{
	*ret_counters = capture->counters;
	ret_counters->lost = capture->bpf->bss->twins_lost;
}
