/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Writes jitdump files, for tests: each function appends one thing to the buffer. */
#ifndef SMOLDER_TESTS_JITDUMP_WRITER_H
#define SMOLDER_TESTS_JITDUMP_WRITER_H

#include "base/buf.h"

#include <string.h>

static inline void dump_u32(struct buf *buf, uint32_t value)
{
	buf_append(buf, &value, sizeof(value));
}

static inline void dump_u64(struct buf *buf, uint64_t value)
{
	buf_append(buf, &value, sizeof(value));
}

static inline void dump_header(struct buf *buf, uint64_t flags)
{
	dump_u32(buf, 0x4a695444);
	dump_u32(buf, 1);
	dump_u32(buf, 40);
	dump_u32(buf, 62);
	dump_u32(buf, 0);
	dump_u32(buf, 4711);
	dump_u64(buf, 0);
	dump_u64(buf, flags);
}

static inline void dump_prefix(struct buf *buf, uint32_t id, size_t body_len, uint64_t time_ns)
{
	dump_u32(buf, id);
	dump_u32(buf, (uint32_t)(16 + body_len));
	dump_u64(buf, time_ns);
}

struct dump_code {
	uint64_t start, len, time_ns;
	const char *name;
};

static inline void dump_load(struct buf *buf, const struct dump_code *code)
{
	dump_prefix(buf, 0, 40 + strlen(code->name) + 1 + code->len, code->time_ns);
	dump_u64(buf, 0); /* process, thread */
	dump_u64(buf, code->start);
	dump_u64(buf, code->start);
	dump_u64(buf, code->len);
	dump_u64(buf, 1);
	buf_append(buf, code->name, strlen(code->name) + 1);
	for (uint64_t i = 0; i < code->len; i++)
		buf_append_byte(buf, 0xcc);
}

static inline void dump_move(struct buf *buf, uint64_t from, const struct dump_code *to)
{
	dump_prefix(buf, 1, 48, to->time_ns);
	dump_u64(buf, 0);
	dump_u64(buf, to->start);
	dump_u64(buf, from);
	dump_u64(buf, to->start);
	dump_u64(buf, to->len);
	dump_u64(buf, 1);
}

struct dump_line {
	uint64_t address;
	uint32_t line;
	const char *file;
};

static inline void dump_lines(struct buf *buf, uint64_t start, const struct dump_line *lines,
			      size_t lines_len)
{
	size_t body_len = 16;

	for (size_t i = 0; i < lines_len; i++)
		body_len += 16 + strlen(lines[i].file) + 1;
	dump_prefix(buf, 2, body_len, 0);
	dump_u64(buf, start);
	dump_u64(buf, lines_len);
	for (size_t i = 0; i < lines_len; i++) {
		dump_u64(buf, lines[i].address);
		dump_u32(buf, lines[i].line);
		dump_u32(buf, 0);
		buf_append(buf, lines[i].file, strlen(lines[i].file) + 1);
	}
}

#endif
