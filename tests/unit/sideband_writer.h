/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Writes side-band records as the kernel does, into a ring in memory: for tests of what reads them.
 */
#ifndef SMOLDER_TESTS_UNIT_SIDEBAND_WRITER_H
#define SMOLDER_TESTS_UNIT_SIDEBAND_WRITER_H

#include "base/buf.h"

#include <linux/perf_event.h>
#include <string.h>

struct writer {
	struct perf_event_mmap_page control;
	unsigned char *data;
	uint64_t len;
};

struct written { /* a record to write; fields of other types are not looked at */
	uint32_t type;
	uint16_t misc;
	uint32_t pid, tid, parent;
	uint64_t time_ns;
	const char *text;
	uint64_t start, len, file_offset;
	uint32_t major, minor;
	uint64_t inode;
	const unsigned char *build_id; /* 20 bytes, or NULL */
	uint64_t lost;
	bool gone; /* PERF_RECORD_KSYMBOL */
};

static inline void put32(struct buf *buf, uint32_t value)
{
	buf_append(buf, &value, sizeof(value));
}

static inline void put64(struct buf *buf, uint64_t value)
{
	buf_append(buf, &value, sizeof(value));
}

/* NUL-terminated and padded to 8 bytes, as perf does. */
static inline void put_text(struct buf *buf, const char *text)
{
	size_t len = strlen(text) + 1;

	buf_append(buf, text, len);
	for (; len % 8; len++)
		buf_append_byte(buf, 0);
}

static inline void put_mmap(struct buf *buf, const struct written *record)
{
	put32(buf, record->pid);
	put32(buf, record->tid);
	put64(buf, record->start);
	put64(buf, record->len);
	put64(buf, record->file_offset);
	if (record->build_id) {
		put32(buf, 20);
		buf_append(buf, record->build_id, 20);
	} else {
		put32(buf, record->major);
		put32(buf, record->minor);
		put64(buf, record->inode);
		put64(buf, 0);
	}
	put32(buf, 5); /* PROT_READ | PROT_EXEC */
	put32(buf, 2); /* MAP_PRIVATE */
	put_text(buf, record->text);
}

static inline void put_body(struct buf *buf, const struct written *record)
{
	switch (record->type) {
	case PERF_RECORD_MMAP2:
		put_mmap(buf, record);
		break;
	case PERF_RECORD_COMM:
		put32(buf, record->pid);
		put32(buf, record->tid);
		put_text(buf, record->text);
		break;
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		put32(buf, record->pid);
		put32(buf, record->parent);
		put32(buf, record->tid);
		put32(buf, record->parent);
		put64(buf, record->time_ns);
		break;
	case PERF_RECORD_KSYMBOL:
		put64(buf, record->start);
		put32(buf, (uint32_t)record->len);
		put32(buf, 1 | (uint32_t)record->gone << 16);
		put_text(buf, record->text);
		break;
	case PERF_RECORD_LOST:
		put64(buf, 1);
		put64(buf, record->lost);
		break;
	default:
		put64(buf, 0);
		break;
	}
}

/* Appends the record's bytes. */
static inline void record_write(struct buf *buf, const struct written *record)
{
	size_t start = buf->len;
	struct perf_event_header header = {.type = record->type, .misc = record->misc};

	if (record->build_id)
		header.misc |= PERF_RECORD_MISC_MMAP_BUILD_ID;
	buf_append(buf, &header, sizeof(header));
	put_body(buf, record);
	put32(buf, record->pid);
	put32(buf, record->tid);
	put64(buf, record->time_ns);
	header.size = (uint16_t)(buf->len - start);
	memcpy(buf->data + start, &header, sizeof(header));
}

static inline void writer_put_bytes(struct writer *writer, const void *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		writer->data[(writer->control.data_head + i) & (writer->len - 1)] =
			((const unsigned char *)data)[i];
	writer->control.data_head += len;
}

static inline void writer_put(struct writer *writer, const struct written *record)
{
	_cleanup_buf_ struct buf buf = {0};

	record_write(&buf, record);
	writer_put_bytes(writer, buf.data, buf.len);
}

#endif
