// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/sideband_ring.h"

#include <errno.h>
#include <string.h>

#define RECORD_MAX ((size_t)1 << 16) /* perf_event_header.size is 16 bits wide */

int sideband_ring_init(struct sideband_ring *ring, struct perf_event_mmap_page *control,
		       const void *data, uint64_t data_len)
{
	unsigned char *bounce;

	if (data_len < sizeof(struct perf_event_header) || data_len & (data_len - 1))
		return -EINVAL;
	bounce = malloc(RECORD_MAX);
	if (!bounce)
		return -ENOMEM;
	*ring = (struct sideband_ring){
		.control = control, .data = data, .data_len = data_len, .bounce = bounce};
	return 0;
}

void sideband_ring_free(struct sideband_ring *ring)
{
	free(ring->bounce);
	*ring = (struct sideband_ring){0};
}

/* Pairs with the kernel's write of data_head: what lies before the head is written. */
static uint64_t ring_head(const struct sideband_ring *ring)
{
	return __atomic_load_n(&ring->control->data_head, __ATOMIC_ACQUIRE);
}

/* Only after this may the kernel write over what we have read. */
static void set_tail(struct sideband_ring *ring, uint64_t tail)
{
	__atomic_store_n(&ring->control->data_tail, tail, __ATOMIC_RELEASE);
}

/* `len` bytes from position `at`, in one piece; valid until the next call. */
static const void *ring_bytes(struct sideband_ring *ring, uint64_t at, size_t len)
{
	size_t start = at & (ring->data_len - 1);
	size_t before_end = MIN(len, ring->data_len - start);

	if (before_end == len)
		return ring->data + start;
	memcpy(ring->bounce, ring->data + start, before_end);
	memcpy(ring->bounce + before_end, ring->data, len - before_end);
	return ring->bounce;
}

/* The record at `at`; its length, 0 when there is none, -EINVAL when the ring makes no sense. */
static int64_t read_record(struct sideband_ring *ring, uint64_t at, struct sideband_record *ret)
{
	struct perf_event_header header;
	uint64_t used = ring_head(ring) - at;

	if (!used)
		return 0;
	if (used > ring->data_len || used < sizeof(header))
		return -EINVAL;
	memcpy(&header, ring_bytes(ring, at, sizeof(header)), sizeof(header));
	if (header.size < sizeof(header) || header.size > used)
		return -EINVAL;
	if (sideband_record_parse(ring_bytes(ring, at, header.size), header.size, ret) < 0)
		return -EINVAL;
	return header.size;
}

const struct sideband_record *sideband_ring_peek(struct sideband_ring *ring)
{
	int64_t len;

	if (ring->peeked_len)
		return &ring->record;
	len = read_record(ring, ring->control->data_tail, &ring->record);
	if (len < 0) {
		ring->corrupt++;
		set_tail(ring, ring_head(ring));
	}
	if (len <= 0)
		return NULL;
	ring->peeked_len = (uint64_t)len;
	return &ring->record;
}

void sideband_ring_take(struct sideband_ring *ring)
{
	set_tail(ring, ring->control->data_tail + ring->peeked_len);
	ring->peeked_len = 0;
}

bool sideband_ring_has_exec(struct sideband_ring *ring, uint32_t tgid)
{
	uint64_t at = ring->control->data_tail;
	struct sideband_record record;
	int64_t len;

	/* The walk uses the bounce buffer, which may hold the text of a record peeked at. */
	ring->peeked_len = 0;
	while ((len = read_record(ring, at, &record)) > 0) {
		if (record.type == SIDEBAND_EXEC && record.tgid == tgid)
			return true;
		at += (uint64_t)len;
	}
	return false;
}
