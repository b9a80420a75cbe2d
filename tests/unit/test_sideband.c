// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/sideband.h"
#include "profiler/process/sideband_ring.h"
#include "tests/unit/sideband_writer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define RING_LEN 1024u

static const unsigned char build_id[20] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
					   11, 12, 13, 14, 15, 16, 17, 18, 19, 20};

static const struct written samples[] = {
	{.type = PERF_RECORD_MMAP2,
	 .pid = 7,
	 .tid = 8,
	 .time_ns = 100,
	 .text = "/usr/lib/my lib.so (deleted)",
	 .start = 0x7f0000001000,
	 .len = 0x2000,
	 .file_offset = 0x1000,
	 .major = 254,
	 .minor = 1,
	 .inode = 12345},
	{.type = PERF_RECORD_MMAP2,
	 .pid = 7,
	 .tid = 7,
	 .time_ns = 101,
	 .text = "/bin/x",
	 .start = 0x400000,
	 .len = 0x1000,
	 .build_id = build_id},
	{.type = PERF_RECORD_COMM, .pid = 7, .tid = 9, .time_ns = 102, .text = "worker"},
	{.type = PERF_RECORD_COMM,
	 .misc = PERF_RECORD_MISC_COMM_EXEC,
	 .pid = 7,
	 .tid = 7,
	 .time_ns = 103,
	 .text = "true"},
	{.type = PERF_RECORD_FORK, .pid = 10, .tid = 10, .parent = 7, .time_ns = 104},
	{.type = PERF_RECORD_EXIT, .pid = 10, .tid = 10, .parent = 7, .time_ns = 105},
	{.type = PERF_RECORD_LOST, .lost = 42, .time_ns = 106},
	{.type = PERF_RECORD_THROTTLE, .time_ns = 107},
};

static void parse_sample(size_t i, struct sideband_record *record, struct buf *buf)
{
	buf_clear(buf);
	record_write(buf, &samples[i]);
	assert_int_equal(sideband_record_parse(buf->data, buf->len, record), 0);
	assert_int_equal(record->time_ns, samples[i].time_ns);
}

static void reads_mappings(void **state)
{
	_cleanup_buf_ struct buf buf = {0};
	struct sideband_record record;

	(void)state;
	parse_sample(0, &record, &buf);
	assert_int_equal(record.type, SIDEBAND_MMAP);
	assert_int_equal(record.tgid, 7);
	assert_int_equal(record.tid, 8);
	assert_int_equal(record.mmap.start, 0x7f0000001000);
	assert_int_equal(record.mmap.len, 0x2000);
	assert_int_equal(record.mmap.file_offset, 0x1000);
	assert_int_equal(record.mmap.major, 254);
	assert_int_equal(record.mmap.minor, 1);
	assert_int_equal(record.mmap.inode, 12345);
	assert_int_equal(record.mmap.build_id_len, 0);
	assert_string_equal(record.text, "/usr/lib/my lib.so (deleted)");
	parse_sample(1, &record, &buf);
	assert_int_equal(record.mmap.inode, 0);
	assert_int_equal(record.mmap.build_id_len, 20);
	assert_memory_equal(record.mmap.build_id, build_id, 20);
	assert_string_equal(record.text, "/bin/x");
}

static void reads_kernel_code(void **state)
{
	_cleanup_buf_ struct buf buf = {0};
	struct sideband_record record;

	(void)state;
	for (int gone = 0; gone < 2; gone++) {
		buf_clear(&buf);
		record_write(&buf, &(struct written){.type = PERF_RECORD_KSYMBOL,
						     .time_ns = 107,
						     .start = 0xffffffffc0200000,
						     .len = 300,
						     .gone = gone,
						     .text = "bpf_prog_1_x"});
		assert_return_code(sideband_record_parse(buf.data, buf.len, &record), 0);
		assert_int_equal(record.type, SIDEBAND_CODE);
		assert_int_equal(record.time_ns, 107);
		assert_int_equal(record.code.start, 0xffffffffc0200000);
		assert_int_equal(record.code.len, 300);
		assert_int_equal(record.code.gone, gone);
		assert_string_equal(record.text, "bpf_prog_1_x");
	}
}

/* Who else listens makes such records longer, by what is nothing. */
static void reads_kernel_code_in_company(void **state)
{
	static const char *const names[] = {"", "seven_b", "eight_by",
					    "bpf_prog_0123456789abcdef_x"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_buf_ struct buf buf = {0};
		struct perf_event_header header;
		struct sideband_record record;

		record_write(&buf, &(struct written){.type = PERF_RECORD_KSYMBOL,
						     .time_ns = 99,
						     .text = names[i],
						     .start = 0x1000,
						     .len = 64});
		for (int listeners = 0; listeners < 3; listeners++) {
			assert_int_equal(sideband_record_parse(buf.data, buf.len, &record), 0);
			assert_int_equal(record.time_ns, 99);
			assert_string_equal(record.text, names[i]);
			buf_append_str(&buf, "sixteen bytes ..");
			memcpy(&header, buf.data, sizeof(header));
			header.size = (uint16_t)buf.len;
			memcpy(buf.data, &header, sizeof(header));
		}
	}
}

static void reads_tasks(void **state)
{
	static const enum sideband_type types[] = {SIDEBAND_COMM, SIDEBAND_EXEC, SIDEBAND_FORK,
						   SIDEBAND_EXIT, SIDEBAND_LOST, SIDEBAND_OTHER};
	_cleanup_buf_ struct buf buf = {0};
	struct sideband_record record;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		parse_sample(i + 2, &record, &buf);
		assert_int_equal(record.type, types[i]);
	}
	parse_sample(2, &record, &buf);
	assert_int_equal(record.tid, 9);
	assert_string_equal(record.text, "worker");
	parse_sample(4, &record, &buf);
	assert_int_equal(record.tgid, 10);
	assert_int_equal(record.parent_tgid, 7);
	parse_sample(6, &record, &buf);
	assert_int_equal(record.lost, 42);
}

/* Whatever a record is cut to, it is refused, or read without a look behind its end. */
static void refuses_cut_records(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		_cleanup_buf_ struct buf buf = {0};

		record_write(&buf, &samples[i]);
		for (uint16_t len = 0; len < buf.len; len++) {
			_cleanup_free_ unsigned char *cut = malloc(len + 1u);
			struct sideband_record record;

			assert_non_null(cut);
			memcpy(cut, buf.data, len);
			assert_int_equal(sideband_record_parse(cut, len, &record), -EINVAL);
		}
	}
}

static void refuses_endless_text(void **state)
{
	_cleanup_buf_ struct buf buf = {0};
	struct sideband_record record;

	(void)state;
	record_write(&buf, &samples[3]);
	memset(buf.data + 16, 'x', buf.len - 16 - 16);
	assert_int_equal(sideband_record_parse(buf.data, buf.len, &record), -EINVAL);
}

static void refuses_long_build_ids(void **state)
{
	_cleanup_buf_ struct buf buf = {0};
	struct sideband_record record;

	(void)state;
	record_write(&buf, &samples[1]);
	buf.data[8 + 32] = 21;
	assert_int_equal(sideband_record_parse(buf.data, buf.len, &record), -EINVAL);
}

struct fixture {
	struct writer writers[3];
	struct sideband *sideband;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture || sideband_new_empty(&fixture->sideband) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(fixture->writers); i++) {
		struct writer *writer = &fixture->writers[i];

		writer->len = RING_LEN;
		writer->data = malloc(RING_LEN);
		/* Not at the start, so that records soon wrap around. */
		writer->control.data_head = writer->control.data_tail = RING_LEN - 40;
		if (!writer->data || sideband_add_ring(fixture->sideband, &writer->control,
						       writer->data, writer->len) < 0)
			return -1;
	}
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	sideband_free(fixture->sideband);
	for (size_t i = 0; i < ARRAY_SIZE(fixture->writers); i++)
		free(fixture->writers[i].data);
	free(fixture);
	return 0;
}

static void put_comm(struct fixture *fixture, size_t ring, uint64_t time_ns, uint32_t pid)
{
	writer_put(&fixture->writers[ring], &(struct written){.type = PERF_RECORD_COMM,
							      .misc = PERF_RECORD_MISC_COMM_EXEC,
							      .pid = pid,
							      .tid = pid,
							      .time_ns = time_ns,
							      .text = "a command"});
}

static void expect(struct fixture *fixture, uint64_t until_ns, uint64_t time_ns)
{
	const struct sideband_record *record = sideband_peek(fixture->sideband, until_ns);

	assert_non_null(record);
	assert_int_equal(record->time_ns, time_ns);
	assert_string_equal(record->text, "a command");
	sideband_take(fixture->sideband);
}

/* A thousand records through rings of 1 KiB: each wraps around many times, none is out of order. */
static void merges_by_time(void **state)
{
	struct fixture *fixture = *state;
	struct sideband_counters counters;

	for (uint64_t round = 0; round < 200; round++) {
		uint64_t base = round * 10;

		put_comm(fixture, 2, base + 1, 1);
		put_comm(fixture, 0, base + 2, 1);
		put_comm(fixture, 0, base + 3, 1);
		put_comm(fixture, 1, base + 4, 1);
		put_comm(fixture, 2, base + 5, 1);
		for (uint64_t i = 1; i <= 5; i++)
			expect(fixture, UINT64_MAX, base + i);
		assert_null(sideband_peek(fixture->sideband, UINT64_MAX));
	}
	sideband_counters(fixture->sideband, &counters);
	assert_int_equal(counters.records, 1000);
	assert_int_equal(counters.corrupt, 0);
}

static void keeps_what_is_too_new(void **state)
{
	struct fixture *fixture = *state;

	put_comm(fixture, 0, 20, 1);
	put_comm(fixture, 1, 10, 1);
	expect(fixture, 15, 10);
	assert_null(sideband_peek(fixture->sideband, 15));
	expect(fixture, 20, 20);
	assert_null(sideband_peek(fixture->sideband, UINT64_MAX));
}

static void sees_execs_ahead(void **state)
{
	struct fixture *fixture = *state;

	put_comm(fixture, 0, 20, 1);
	put_comm(fixture, 0, 21, 2);
	put_comm(fixture, 2, 22, 3);
	assert_non_null(sideband_peek(fixture->sideband, UINT64_MAX));
	assert_true(sideband_has_exec(fixture->sideband, 2));
	assert_true(sideband_has_exec(fixture->sideband, 3));
	assert_false(sideband_has_exec(fixture->sideband, 4));
	expect(fixture, UINT64_MAX, 20);
	assert_false(sideband_has_exec(fixture->sideband, 1));
	expect(fixture, UINT64_MAX, 21);
	expect(fixture, UINT64_MAX, 22);
}

static void counts_lost(void **state)
{
	struct fixture *fixture = *state;
	struct sideband_counters counters;

	writer_put(&fixture->writers[1], &samples[6]);
	assert_int_equal(sideband_peek(fixture->sideband, UINT64_MAX)->type, SIDEBAND_LOST);
	sideband_take(fixture->sideband);
	sideband_counters(fixture->sideband, &counters);
	assert_int_equal(counters.lost, 42);
}

static void expect_emptied(struct fixture *fixture, uint64_t times)
{
	struct sideband_counters counters;

	assert_null(sideband_peek(fixture->sideband, UINT64_MAX));
	sideband_counters(fixture->sideband, &counters);
	assert_int_equal(counters.corrupt, times);
	assert_int_equal(fixture->writers[0].control.data_tail,
			 fixture->writers[0].control.data_head);
}

static void empties_broken_rings(void **state)
{
	static const struct perf_event_header tiny = {.type = PERF_RECORD_COMM, .size = 7};
	static const struct perf_event_header zero = {.type = PERF_RECORD_COMM, .size = 0};
	static const struct perf_event_header huge = {.type = PERF_RECORD_COMM, .size = 65535};
	struct fixture *fixture = *state;
	struct writer *writer = &fixture->writers[0];

	writer_put_bytes(writer, &tiny, sizeof(tiny));
	expect_emptied(fixture, 1);
	writer_put_bytes(writer, &zero, sizeof(zero));
	expect_emptied(fixture, 2);
	writer_put_bytes(writer, &huge, sizeof(huge));
	expect_emptied(fixture, 3);
	writer_put_bytes(writer, &huge, 4);
	expect_emptied(fixture, 4);
	writer->control.data_head += 2 * RING_LEN;
	expect_emptied(fixture, 5);
	writer->control.data_head = 0;
	expect_emptied(fixture, 6);
	put_comm(fixture, 0, 1, 1);
	expect(fixture, UINT64_MAX, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_mappings),
		cmocka_unit_test(reads_kernel_code_in_company),
		cmocka_unit_test(reads_tasks),
		cmocka_unit_test(reads_kernel_code),
		cmocka_unit_test(refuses_cut_records),
		cmocka_unit_test(refuses_endless_text),
		cmocka_unit_test(refuses_long_build_ids),
		cmocka_unit_test_setup_teardown(merges_by_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keeps_what_is_too_new, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sees_execs_ahead, set_up, tear_down),
		cmocka_unit_test_setup_teardown(counts_lost, set_up, tear_down),
		cmocka_unit_test_setup_teardown(empties_broken_rings, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
