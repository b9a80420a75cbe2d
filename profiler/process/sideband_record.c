// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/sideband_record.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>

/* linux/perf_event.h gives the layouts in comments only; all fields are in place without padding. */
struct trailer {
	uint32_t pid, tid;
	uint64_t time;
};

struct mmap2_body {
	uint32_t pid, tid;
	uint64_t addr, len, pgoff;
	union {
		struct {
			uint32_t maj, min;
			uint64_t ino, ino_generation;
		};
		struct {
			uint8_t build_id_size, reserved[3];
			uint8_t build_id[20];
		};
	};
	uint32_t prot, flags;
};

struct fork_body { /* and exit */
	uint32_t pid, ppid, tid, ptid;
	uint64_t time;
};

struct comm_body {
	uint32_t pid, tid;
};

struct lost_body {
	uint64_t id, lost;
};

struct ksymbol_body {
	uint64_t addr;
	uint32_t len;
	uint16_t ksym_type, flags;
};

struct body { /* what lies between header and trailer */
	const char *data;
	size_t len;
	uint16_t misc;
};

static int take_fixed(const struct body *body, void *fixed, size_t fixed_len)
{
	if (body->len < fixed_len)
		return -EINVAL;
	memcpy(fixed, body->data, fixed_len);
	return 0;
}

/* The text behind the fixed part must end inside the record. */
static int take_text(const struct body *body, size_t fixed_len, const char **ret_text)
{
	const char *text = body->data + fixed_len;

	if (!memchr(text, '\0', body->len - fixed_len))
		return -EINVAL;
	*ret_text = text;
	return 0;
}

static int parse_mmap2(const struct body *body, struct sideband_record *record)
{
	struct mmap2_body fixed;
	int r = take_fixed(body, &fixed, sizeof(fixed));

	if (r < 0)
		return r;
	record->type = SIDEBAND_MMAP;
	record->tgid = fixed.pid;
	record->tid = fixed.tid;
	record->mmap.start = fixed.addr;
	record->mmap.len = fixed.len;
	record->mmap.file_offset = fixed.pgoff;
	if (!(body->misc & PERF_RECORD_MISC_MMAP_BUILD_ID)) {
		record->mmap.major = fixed.maj;
		record->mmap.minor = fixed.min;
		record->mmap.inode = fixed.ino;
	} else if (fixed.build_id_size <= OBJECT_BUILD_ID_MAX) {
		record->mmap.build_id_len = fixed.build_id_size;
		memcpy(record->mmap.build_id, fixed.build_id, fixed.build_id_size);
	} else {
		return -EINVAL;
	}
	return take_text(body, sizeof(fixed), &record->text);
}

static int parse_comm(const struct body *body, struct sideband_record *record)
{
	struct comm_body fixed;
	int r = take_fixed(body, &fixed, sizeof(fixed));

	if (r < 0)
		return r;
	record->type = body->misc & PERF_RECORD_MISC_COMM_EXEC ? SIDEBAND_EXEC : SIDEBAND_COMM;
	record->tgid = fixed.pid;
	record->tid = fixed.tid;
	return take_text(body, sizeof(fixed), &record->text);
}

static int parse_task(const struct body *body, enum sideband_type type,
		      struct sideband_record *record)
{
	struct fork_body fixed;
	int r = take_fixed(body, &fixed, sizeof(fixed));

	if (r < 0)
		return r;
	record->type = type;
	record->tgid = fixed.pid;
	record->tid = fixed.tid;
	record->parent_tgid = fixed.ppid;
	return 0;
}

static int parse_lost(const struct body *body, struct sideband_record *record)
{
	struct lost_body fixed;
	int r = take_fixed(body, &fixed, sizeof(fixed));

	if (r < 0)
		return r;
	record->type = SIDEBAND_LOST;
	record->lost = fixed.lost;
	return 0;
}

static int parse_ksymbol(const struct body *body, struct sideband_record *record)
{
	struct ksymbol_body fixed;
	int r = take_fixed(body, &fixed, sizeof(fixed));

	if (r < 0)
		return r;
	record->type = SIDEBAND_CODE;
	record->code.start = fixed.addr;
	record->code.len = fixed.len;
	record->code.gone = fixed.flags & PERF_RECORD_KSYMBOL_FLAGS_UNREGISTER;
	return take_text(body, sizeof(fixed), &record->text);
}

static int parse_body(uint32_t type, const struct body *body, struct sideband_record *record)
{
	switch (type) {
	case PERF_RECORD_MMAP2:
		return parse_mmap2(body, record);
	case PERF_RECORD_COMM:
		return parse_comm(body, record);
	case PERF_RECORD_FORK:
		return parse_task(body, SIDEBAND_FORK, record);
	case PERF_RECORD_EXIT:
		return parse_task(body, SIDEBAND_EXIT, record);
	case PERF_RECORD_KSYMBOL:
		return parse_ksymbol(body, record);
	case PERF_RECORD_LOST:
		return parse_lost(body, record);
	default:
		return 0;
	}
}

/*
 * Where the trailer is. Of who else listens for KSYMBOL records on the same CPU the kernel adds the trailer's length to
 * the record's, without anything that is written there (perf_event_ksymbol_output() keeps the length from one
 * listener to the next, v6.18): what ends the record is then whatever the ring held before.
 */
static size_t trailer_off(uint32_t type, size_t len, const struct sideband_record *record)
{
	size_t fixed = sizeof(struct perf_event_header) + sizeof(struct ksymbol_body);
	size_t text_len = strlen(record->text) + 1;

	if (type != PERF_RECORD_KSYMBOL)
		return len - sizeof(struct trailer);
	return MIN(fixed + (text_len + 7) / 8 * 8, len - sizeof(struct trailer));
}

int sideband_record_parse(const void *data, size_t len, struct sideband_record *ret_record)
{
	struct sideband_record record = {.text = ""};
	struct perf_event_header header;
	struct trailer trailer;
	struct body body;
	int r;

	if (len < sizeof(header) + sizeof(trailer))
		return -EINVAL;
	memcpy(&header, data, sizeof(header));
	if (header.size != len)
		return -EINVAL;
	body.data = (const char *)data + sizeof(header);
	body.len = len - sizeof(header) - sizeof(trailer);
	body.misc = header.misc;
	r = parse_body(header.type, &body, &record);
	if (r < 0)
		return r;
	memcpy(&trailer, (const char *)data + trailer_off(header.type, len, &record),
	       sizeof(trailer));
	record.time_ns = trailer.time;
	*ret_record = record;
	return 0;
}
