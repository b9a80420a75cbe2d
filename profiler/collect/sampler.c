// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/collect/sampler.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/parse.h"
#include "profiler/collect/drain.h"
#include "profiler/collect/intake.h"
#include "sampler.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* How long records that the kernel has counted are waited for: a fifth of a second. */
#define AWAIT_TRIES 2000
#define AWAIT_US 100
/* How much of the pool is mapped at a time. */
#define POOL_STEP ((size_t)512 << 10)
/* Copied stacks of one window, and what calls for its end. */
#define COPIES_MAX_BYTES ((size_t)64 << 20)
#define COPIES_MANY_BYTES ((size_t)8 << 20)
#define MAX_STACK_PATH "/proc/sys/kernel/perf_event_max_stack"

struct mapped {
	void *memory;
	size_t len;
};

/* Of our view of the pool. */
enum pool_step {
	STEP_ZEROS, /* the pool is not there */
	STEP_IDLE,  /* not reached since the last rest */
	STEP_USED,
};

struct sampler {
	struct sampler_options options;
	struct sampler_bpf *bpf;
	struct ring_buffer *rings;
	struct drain drain;
	struct window windows[2];        /* one an epoch */
	struct smolder_stats *cpu_stats; /* one per possible CPU */
	struct mapped pool, objects;     /* with config.walk_tables */
	unsigned char *steps;            /* enum pool_step of each POOL_STEP bytes of the pool */
	size_t steps_len;
};

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

uint32_t sampler_stack_depth(void)
{
	char text[32];
	uint32_t depth;

	if (fs_read_line(MAX_STACK_PATH, text, sizeof(text)) < 0 || parse_u32(text, &depth) < 0)
		return SMOLDER_STACK_DEPTH;
	return MIN(depth, (uint32_t)SMOLDER_STACK_DEPTH);
}

static int size_entries(struct sampler *sampler)
{
	const struct sampler_options *options = &sampler->options;
	const struct plan *plan = &options->plan;
	bool walk = options->config.walk_tables, targets = options->config.filter_targets;
	const struct {
		struct bpf_map *map;
		uint32_t max_entries;
	} sizes[] = {
		{sampler->bpf->maps.stacks_0, plan->stack_buckets},
		{sampler->bpf->maps.stacks_1, plan->stack_buckets},
		{sampler->bpf->maps.counts_0, plan->count_entries},
		{sampler->bpf->maps.counts_1, plan->count_entries},
		{sampler->bpf->maps.samples, plan->sample_ring_bytes},
		{sampler->bpf->maps.events, plan->event_ring_bytes},
		{sampler->bpf->maps.targets, targets ? SMOLDER_TARGETS_MAX : 1},
		{sampler->bpf->maps.defined_0, plan->count_entries},
		{sampler->bpf->maps.defined_1, plan->count_entries},
		{sampler->bpf->maps.copies, walk ? plan->copy_ring_bytes : PLAN_RING_MIN_BYTES},
		{sampler->bpf->maps.walk_objects, walk ? WALK_OBJECTS_MAX : 1},
		{sampler->bpf->maps.walk_processes, walk ? WALK_PROCESSES_MAX : 1},
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sizes) && r == 0; i++)
		r = bpf_map__set_max_entries(sizes[i].map, sizes[i].max_entries);
	return r;
}

static int size_maps(struct sampler *sampler)
{
	struct sampler_bpf *bpf = sampler->bpf;
	uint32_t stack_bytes = sampler->options.stack_depth * (uint32_t)sizeof(uint64_t);
	uint32_t pool_size = sampler->options.walk_pool_size;
	uint64_t mask = (uint64_t)pool_size - 1;
	int r = size_entries(sampler);

	if (r == 0)
		r = bpf_map__set_value_size(bpf->maps.stacks_0, stack_bytes);
	if (r == 0)
		r = bpf_map__set_value_size(bpf->maps.stacks_1, stack_bytes);
	if (r < 0 || !sampler->options.config.walk_tables)
		return r;
	memcpy((void *)&bpf->rodata->walk_pool_mask, &mask, sizeof(mask));
	return bpf_map__set_value_size(bpf->maps.walk_pool, pool_size + WALK_POOL_SLACK);
}

static int explain_load(int error, struct err *err)
{
	if (error == -EPERM || error == -EACCES)
		return err_set(
			err, error,
			"cannot load the sampler into the kernel: no permission; run as root "
			"or with CAP_BPF and CAP_PERFMON ('smolder doctor' tells more)");
	if (error == -ESRCH || error == -ENOENT)
		return err_set(
			err, error,
			"cannot load the sampler: this kernel lacks BTF (/sys/kernel/btf/vmlinux) "
			"or a tracepoint it needs; see 'smolder doctor'");
	return err_errno(err, error, "cannot load the sampler into the kernel");
}

/*
 * Windows are filled by epoch: while the old epoch is being drained, records of the new one
 * already arrive on the rings.
 */
static int on_record(void *ctx, void *data, size_t size)
{
	struct sampler *sampler = ctx;
	const struct smolder_record *record = data;

	(void)size; /* written by our own program, which bounds it */
	intake_record(&sampler->windows[record->epoch & 1], record);
	if (record->type == SMOLDER_RECORD_COPY && sampler->options.on_copy)
		sampler->options.on_copy(sampler->options.ctx, data);
	return 0;
}

static int on_event(void *ctx, void *data, size_t size)
{
	struct sampler *sampler = ctx;

	(void)size;
	if (sampler->options.on_event)
		sampler->options.on_event(sampler->options.ctx, data);
	return 0;
}

static int open_rings(struct sampler *sampler)
{
	int r;

	sampler->rings =
		ring_buffer__new(bpf_map__fd(sampler->bpf->maps.events), on_event, sampler, NULL);
	if (!sampler->rings)
		return -errno;
	r = ring_buffer__add(sampler->rings, bpf_map__fd(sampler->bpf->maps.samples), on_record,
			     sampler);
	if (r == 0)
		r = ring_buffer__add(sampler->rings, bpf_map__fd(sampler->bpf->maps.copies),
				     on_record, sampler);
	return r;
}

static size_t page_round(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (len + page - 1) / page * page;
}

static int map_memory_of(struct bpf_map *map, size_t len, struct mapped *ret_mapped)
{
	void *memory = mmap(NULL, page_round(len), PROT_READ | PROT_WRITE, MAP_SHARED,
			    bpf_map__fd(map), 0);

	if (memory == MAP_FAILED)
		return -errno;
	*ret_mapped = (struct mapped){.memory = memory, .len = page_round(len)};
	return 0;
}

/* Address space for all of the pool, zeros until sampler_reach_pool() puts the pool there. */
static int reserve_pool(struct sampler *sampler)
{
	size_t len = page_round(sampler->options.walk_pool_size + WALK_POOL_SLACK);
	void *memory =
		mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return -errno;
	sampler->pool = (struct mapped){.memory = memory, .len = len};
	sampler->steps_len = (len + POOL_STEP - 1) / POOL_STEP;
	sampler->steps = calloc(sampler->steps_len, sizeof(*sampler->steps));
	return sampler->steps ? 0 : -ENOMEM;
}

static struct mapped memory_of_step(const struct sampler *sampler, size_t step)
{
	size_t off = step * POOL_STEP;

	return (struct mapped){.memory = (char *)sampler->pool.memory + off,
			       .len = MIN(POOL_STEP, sampler->pool.len - off)};
}

static int map_step(struct sampler *sampler, size_t step)
{
	struct mapped at = memory_of_step(sampler, step);
	int fd = bpf_map__fd(sampler->bpf->maps.walk_pool);

	if (mmap(at.memory, at.len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
		 (off_t)(step * POOL_STEP)) == MAP_FAILED)
		return -errno;
	return 0;
}

int sampler_reach_pool(struct sampler *sampler, uint32_t off, uint32_t len)
{
	size_t limit = MIN((size_t)off + len + WALK_POOL_SLACK, sampler->pool.len);
	int r = 0;

	for (size_t step = off / POOL_STEP; step * POOL_STEP < limit && r == 0; step++) {
		if (sampler->steps[step] == STEP_ZEROS)
			r = map_step(sampler, step);
		if (r == 0)
			sampler->steps[step] = STEP_USED;
	}
	return r;
}

/* What was not reached since the last time is only in the kernel from now on. */
void sampler_rest_pool(struct sampler *sampler, uint32_t from)
{
	for (size_t step = from / POOL_STEP + 1; step < sampler->steps_len; step++) {
		struct mapped at = memory_of_step(sampler, step);

		if (sampler->steps[step] == STEP_USED)
			sampler->steps[step] = STEP_IDLE;
		else if (sampler->steps[step] == STEP_IDLE &&
			 mmap(at.memory, at.len, PROT_READ,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
			      0) != MAP_FAILED)
			sampler->steps[step] = STEP_ZEROS;
	}
}

static int open_walk_maps(struct sampler *sampler)
{
	size_t objects_len = WALK_OBJECTS_MAX * sizeof(struct unwind_object);
	int r;

	if (!sampler->options.config.walk_tables)
		return 0;
	r = reserve_pool(sampler);
	if (r == 0)
		r = map_memory_of(sampler->bpf->maps.walk_objects, objects_len, &sampler->objects);
	return r;
}

static int load(struct sampler *sampler, struct err *err)
{
	int r;

	libbpf_set_print(print_nothing);
	sampler->bpf = sampler_bpf__open();
	if (!sampler->bpf)
		return err_errno(err, -errno, "cannot open the sampler");
	memcpy((void *)&sampler->bpf->rodata->config, &sampler->options.config,
	       sizeof(sampler->options.config));
	bpf_program__set_autoattach(sampler->bpf->progs.sample_tick, false);
	r = size_maps(sampler);
	if (r == 0)
		r = sampler_bpf__load(sampler->bpf);
	if (r == 0)
		sampler_beat(sampler);
	if (r == 0)
		r = sampler_bpf__attach(sampler->bpf);
	if (r < 0)
		return explain_load(r, err);
	r = open_rings(sampler);
	if (r == 0)
		r = open_walk_maps(sampler);
	return r < 0 ? err_errno(err, r, "cannot map the sampler's memory") : 0;
}

int sampler_open(const struct sampler_options *options, struct sampler **ret_sampler,
		 struct err *err)
{
	_cleanup_sampler_ struct sampler *sampler = calloc(1, sizeof(*sampler));
	int r;

	if (!sampler)
		return err_errno(err, -ENOMEM, "cannot make the sampler");
	sampler->options = *options;
	sampler->windows[0].memory.max_len = COPIES_MAX_BYTES;
	sampler->windows[1].memory.max_len = COPIES_MAX_BYTES;
	r = drain_init(&sampler->drain, options->stack_depth, options->plan.stack_buckets);
	if (r == 0) {
		sampler->cpu_stats =
			calloc(sampler->drain.possible_cpus, sizeof(*sampler->cpu_stats));
		r = sampler->cpu_stats ? 0 : -ENOMEM;
	}
	if (r < 0)
		return err_errno(err, r, "cannot make the sampler's buffers");
	r = load(sampler, err);
	if (r < 0)
		return r;
	*ret_sampler = TAKE_PTR(sampler);
	return 0;
}

static void unmap(struct mapped *mapped)
{
	if (mapped->memory)
		munmap(mapped->memory, mapped->len);
}

struct sampler *sampler_free(struct sampler *sampler)
{
	if (!sampler)
		return NULL;
	ring_buffer__free(sampler->rings);
	unmap(&sampler->pool);
	unmap(&sampler->objects);
	sampler_bpf__destroy(sampler->bpf);
	drain_free(&sampler->drain);
	window_free(&sampler->windows[0]);
	window_free(&sampler->windows[1]);
	free(sampler->cpu_stats);
	free(sampler->steps);
	free(sampler);
	return NULL;
}

int sampler_prog_fd(const struct sampler *sampler)
{
	return bpf_program__fd(sampler->bpf->progs.sample_tick);
}

int sampler_add_target(struct sampler *sampler, uint32_t tgid, struct err *err)
{
	struct smolder_target target = {0};
	int r = bpf_map_update_elem(bpf_map__fd(sampler->bpf->maps.targets), &tgid, &target,
				    BPF_ANY);

	return r < 0 ? err_errno(err, r, "cannot add process %u to the target", tgid) : 0;
}

/* A process that has exited stays in the map until its parent has asked after it, which may be never. */
static bool is_running(int fd, uint32_t tgid)
{
	struct smolder_target target;

	return bpf_map_lookup_elem(fd, &tgid, &target) == 0 && !target.exited;
}

uint32_t sampler_count_targets(const struct sampler *sampler)
{
	int fd = bpf_map__fd(sampler->bpf->maps.targets);
	uint32_t tgid, seen = 0, count = 0, *from = NULL, at;

	while (bpf_map_get_next_key(fd, from, &tgid) == 0 && seen++ < SMOLDER_TARGETS_MAX) {
		count += is_running(fd, tgid);
		at = tgid;
		from = &at;
	}
	return count;
}

int sampler_poll_fd(const struct sampler *sampler)
{
	return bpf_map__fd(sampler->bpf->maps.copies);
}

void sampler_beat(struct sampler *sampler)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	__atomic_store_n(&sampler->bpf->bss->heartbeat_ns, now_ns, __ATOMIC_RELAXED);
}

int sampler_consume(struct sampler *sampler, struct err *err)
{
	int r = ring_buffer__consume(sampler->rings);

	sampler_beat(sampler);
	return r < 0 ? err_errno(err, r, "cannot read the sampler's ring buffers") : 0;
}

bool sampler_is_crowded(const struct sampler *sampler)
{
	uint32_t epoch = sampler->bpf->bss->active_epoch & 1;

	return sampler->windows[epoch].memory.len > COPIES_MANY_BYTES;
}

static int take_stats(struct sampler *sampler, uint32_t epoch, struct window *window)
{
	int fd = bpf_map__fd(sampler->bpf->maps.stats);
	uint32_t cpus = sampler->drain.possible_cpus;
	int r = bpf_map_lookup_elem(fd, &epoch, sampler->cpu_stats);

	if (r < 0)
		return r;
	for (uint32_t cpu = 0; cpu < cpus; cpu++)
		for (uint32_t stat = 0; stat < SMOLDER_STAT_COUNT; stat++)
			window->stats[stat] += sampler->cpu_stats[cpu].counts[stat];
	memset(sampler->cpu_stats, 0, cpus * sizeof(*sampler->cpu_stats));
	return bpf_map_update_elem(fd, &epoch, sampler->cpu_stats, BPF_ANY);
}

/*
 * The kernel returns from an update of a map of maps only when no program that could have seen the
 * old value is running: programs run in RCU read sections, and it waits for those.
 */
static int make_barrier(void)
{
	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "smolder_inner", 4, 4, 1, NULL);
}

static int pass_barrier(struct sampler *sampler, int inner_fd)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(bpf_map__fd(sampler->bpf->maps.barrier), &zero, &inner_fd,
				   BPF_ANY);
}

int sampler_wait(struct sampler *sampler)
{
	_cleanup_close_ int inner_fd = make_barrier();

	return inner_fd < 0 ? inner_fd : pass_barrier(sampler, inner_fd);
}

static struct drain_maps epoch_maps(const struct sampler *sampler, uint32_t epoch)
{
	struct sampler_bpf *bpf = sampler->bpf;

	return (struct drain_maps){
		.counts_fd = bpf_map__fd(epoch ? bpf->maps.counts_1 : bpf->maps.counts_0),
		.stacks_fd = bpf_map__fd(epoch ? bpf->maps.stacks_1 : bpf->maps.stacks_0),
		.defined_fd = bpf_map__fd(epoch ? bpf->maps.defined_1 : bpf->maps.defined_0),
	};
}

static bool is_awaiting(const struct window *window)
{
	const uint64_t *stats = window->stats;

	return window->exact_taken < stats[SMOLDER_STAT_EXACT] + stats[SMOLDER_STAT_COPIED] ||
	       window->stacks_taken < stats[SMOLDER_STAT_DEFINED];
}

/*
 * A ring gives its records in order, and stops at one that is still being written: one of the new
 * epoch can keep back some of the old. What does not come even so is lost, and says so.
 */
static int await_records(struct sampler *sampler, struct window *window, struct err *err)
{
	const uint64_t *stats = window->stats;
	uint64_t exact = stats[SMOLDER_STAT_EXACT] + stats[SMOLDER_STAT_COPIED];

	for (int tries = 0; tries < AWAIT_TRIES && is_awaiting(window); tries++) {
		int r;

		usleep(AWAIT_US);
		r = sampler_consume(sampler, err);
		if (r < 0)
			return r;
	}
	if (exact > window->exact_taken)
		window->stack_missing += exact - window->exact_taken;
	return 0;
}

int sampler_rotate(struct sampler *sampler, struct window **ret_window, struct err *err)
{
	uint32_t old = sampler->bpf->bss->active_epoch & 1;
	struct window *window = &sampler->windows[old];
	_cleanup_close_ int inner_fd = make_barrier(); /* what may fail comes before the flip */
	struct drain_maps maps;
	int r;

	if (inner_fd < 0)
		return err_errno(err, inner_fd, "cannot close a window of the sampler");
	window_clear(&sampler->windows[!old]);
	__atomic_store_n(&sampler->bpf->bss->active_epoch, !old, __ATOMIC_SEQ_CST);
	r = pass_barrier(sampler, inner_fd);
	if (r < 0)
		return err_errno(err, r, "cannot wait for the sampler to leave the old window");
	r = sampler_consume(sampler, err);
	if (r < 0)
		return r;
	r = take_stats(sampler, old, window);
	if (r < 0)
		return err_errno(err, r, "cannot read the sampler's counters");
	r = await_records(sampler, window, err);
	if (r < 0)
		return r;
	maps = epoch_maps(sampler, old);
	r = drain_epoch(&sampler->drain, &maps, window, err);
	if (r < 0)
		return r;
	*ret_window = window;
	return 0;
}

void sampler_walk_maps(const struct sampler *sampler, struct sampler_walk_maps *ret_maps)
{
	*ret_maps = (struct sampler_walk_maps){
		.pool = sampler->pool.memory,
		.pool_size = sampler->options.walk_pool_size,
		.objects = sampler->objects.memory,
		.processes_fd = bpf_map__fd(sampler->bpf->maps.walk_processes),
	};
}

/* "memlock:" of /proc/self/fdinfo/FD, Documentation/bpf/maps.rst; 0 when the kernel has none. */
static uint64_t map_memory(int fd)
{
	_cleanup_fclose_ FILE *file = NULL;
	unsigned long long bytes;
	char path[64], line[128];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			return bytes;
	return 0;
}

uint64_t sampler_map_bytes(const struct sampler *sampler)
{
	struct bpf_map *map;
	uint64_t bytes = 0;

	bpf_object__for_each_map(map, sampler->bpf->obj)
		bytes += map_memory(bpf_map__fd(map));
	return bytes;
}

static uint64_t pool_mapped_bytes(const struct sampler *sampler)
{
	uint64_t bytes = 0;

	for (size_t step = 0; step < sampler->steps_len; step++)
		if (sampler->steps[step] != STEP_ZEROS)
			bytes += memory_of_step(sampler, step).len;
	return bytes;
}

/* A ring buffer's data is mapped twice, one copy behind the other (kernel/bpf/ringbuf.c). */
uint64_t sampler_mapped_bytes(const struct sampler *sampler)
{
	const struct plan *plan = &sampler->options.plan;

	return pool_mapped_bytes(sampler) + sampler->objects.len +
	       2 * ((uint64_t)plan->sample_ring_bytes + plan->event_ring_bytes +
		    plan->copy_ring_bytes);
}

uint32_t sampler_insn_count(const struct sampler *sampler)
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(sampler_prog_fd(sampler), &info, &len) < 0)
		return 0;
	return info.verified_insns;
}
