// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/unwind/row_rule.h"
#include "profiler/unwind/row_writer.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define CODE UINT64_C(0x401000)
#define PAGE (UNWIND_PAGE_MASK + 1)

struct written { /* a finished table */
	struct unwind_object object;
	void *bytes;
	size_t len;
	struct row_writer_losses losses;
};

static struct unwind_rule sp(int offset)
{
	return (struct unwind_rule){.kind = UNWIND_SP, .offset = offset};
}

static const struct unwind_rule gap = {.kind = UNWIND_GAP};

static void add(struct row_writer *writer, uint64_t address, struct unwind_rule rule)
{
	assert_int_equal(row_writer_add(writer, address, rule), 0);
}

static struct written finish(struct row_writer *writer)
{
	struct written written;

	assert_int_equal(row_writer_finish(writer, &written.object, &written.bytes, &written.len),
			 0);
	written.losses = writer->losses;
	row_writer_free(writer);
	assert_int_equal(written.len % UNWIND_ALIGN, 0);
	return written;
}

static const void *array(const struct written *written, uint32_t offset)
{
	assert_in_range(offset, 0, written->len);
	return (const uint8_t *)written->bytes + offset;
}

/* The row by its number: key and offset of an UNWIND_SP rule, -1 for a gap. */
static void assert_row(const struct written *written, uint32_t row, uint32_t key, int offset)
{
	const uint16_t *keys = array(written, written->object.keys_off);
	const uint16_t *ids = array(written, written->object.rule_ids_off);
	const struct unwind_rule *rules = array(written, written->object.rules_off);

	assert_in_range(row, 0, written->object.row_cnt - 1);
	assert_in_range(ids[row], 0, written->object.rule_cnt - 1);
	assert_int_equal(keys[row], key);
	if (offset < 0)
		assert_int_equal(UNWIND_KIND(rules[ids[row]]), UNWIND_GAP);
	else
		assert_int_equal(rules[ids[row]].offset, offset);
}

static uint32_t first_row(const struct written *written, uint32_t page)
{
	const uint32_t *index = array(written, written->object.index_off);

	assert_in_range(page, 0, written->object.page_cnt);
	return index[page];
}

static void an_empty_table(void **state)
{
	struct row_writer writer = {0};
	struct written written = finish(&writer);

	(void)state;
	assert_int_equal(written.object.page_cnt, 0);
	assert_int_equal(written.object.row_cnt, 0);
	assert_int_equal(first_row(&written, 0), 0);
	free(written.bytes);
}

static void rows_begin_with_a_gap(void **state)
{
	struct row_writer writer = {0};
	struct written written;

	(void)state;
	add(&writer, CODE + 0x20, sp(8));
	add(&writer, CODE + 0x30, gap);
	written = finish(&writer);
	assert_int_equal(written.object.page_first, CODE >> UNWIND_PAGE_SHIFT);
	assert_int_equal(written.object.page_cnt, 1);
	assert_int_equal(written.object.row_cnt, 3);
	assert_row(&written, 0, 0, -1);
	assert_row(&written, 1, 0x20, 8);
	assert_row(&written, 2, 0x30, -1);
	assert_int_equal(first_row(&written, 1), 3);
	free(written.bytes);
}

static void each_page_begins_with_what_is_in_force(void **state)
{
	struct row_writer writer = {0};
	struct written written;

	(void)state;
	add(&writer, CODE, sp(8));
	add(&writer, CODE + 4, sp(16));
	add(&writer, CODE + 3 * PAGE, sp(24));
	add(&writer, CODE + 3 * PAGE + 1, gap);
	written = finish(&writer);
	assert_int_equal(written.object.page_cnt, 4);
	assert_int_equal(written.object.row_cnt, 6);
	assert_row(&written, first_row(&written, 0), 0, 8);
	assert_row(&written, first_row(&written, 1), 0, 16);
	assert_row(&written, first_row(&written, 2), 0, 16);
	assert_row(&written, first_row(&written, 3), 0, 24);
	free(written.bytes);
}

static void equal_neighbours_merge(void **state)
{
	struct row_writer writer = {0};
	struct written written;

	(void)state;
	add(&writer, CODE, sp(8));
	add(&writer, CODE + 1, sp(8));
	add(&writer, CODE + 2, sp(16));
	add(&writer, CODE + 2, sp(8)); /* takes the last word back */
	add(&writer, CODE + 3, sp(16));
	add(&writer, CODE + 3, sp(24));
	written = finish(&writer);
	assert_int_equal(written.object.row_cnt, 2);
	assert_row(&written, 0, 0, 8);
	assert_row(&written, 1, 3, 24);
	free(written.bytes);
}

static void frequent_rules_come_first(void **state)
{
	struct row_writer writer = {0};
	struct written written;
	const struct unwind_rule *rules;

	(void)state;
	for (unsigned int i = 0; i < 10; i++) {
		add(&writer, CODE + 4 * i, sp(i == 5 ? 999 : 8));
		add(&writer, CODE + 4 * i + 2, sp(16 + (i % 2)));
	}
	written = finish(&writer);
	rules = array(&written, written.object.rules_off);
	assert_int_equal(written.object.rule_cnt, 4); /* the gap was overwritten: no rule */
	assert_int_equal(rules[0].offset, 8);
	assert_int_equal(rules[3].offset, 999);
	free(written.bytes);
}

static void dense_pages_are_gaps(void **state)
{
	struct row_writer writer = {0};
	struct written written;

	(void)state;
	for (unsigned int i = 0; i < UNWIND_PAGE_ROWS_MAX; i++)
		add(&writer, CODE + i, sp(8 + (i % 2)));
	for (unsigned int i = 0; i <= UNWIND_PAGE_ROWS_MAX; i++)
		add(&writer, CODE + PAGE + i, sp(8 + (i % 2)));
	add(&writer, CODE + 2 * PAGE + 8, gap);
	written = finish(&writer);
	assert_int_equal(written.losses.pages_dense, 1);
	assert_int_equal(written.losses.rows_dense, UNWIND_PAGE_ROWS_MAX + 1);
	assert_int_equal(first_row(&written, 1), UNWIND_PAGE_ROWS_MAX);
	assert_int_equal(first_row(&written, 2), UNWIND_PAGE_ROWS_MAX + 1);
	assert_row(&written, first_row(&written, 1), 0, -1);
	/* what was in force at the end of the dense page goes on behind it */
	assert_row(&written, first_row(&written, 2), 0, 8 + UNWIND_PAGE_ROWS_MAX % 2);
	free(written.bytes);
}

static void a_dense_last_page_is_a_gap(void **state)
{
	struct row_writer writer = {0};
	struct written written;

	(void)state;
	for (unsigned int i = 0; i <= UNWIND_PAGE_ROWS_MAX; i++)
		add(&writer, CODE + i, sp(8 + (i % 2)));
	written = finish(&writer);
	assert_int_equal(written.losses.pages_dense, 1);
	assert_int_equal(written.object.row_cnt, 1);
	assert_row(&written, 0, 0, -1);
	free(written.bytes);
}

static void code_too_far_away_is_left_out(void **state)
{
	struct row_writer writer = {0};
	struct written written;

	(void)state;
	add(&writer, CODE, sp(8));
	add(&writer, CODE + 8, gap);
	add(&writer, CODE + (uint64_t)ROW_PAGES_MAX * PAGE, sp(16));
	add(&writer, CODE + UINT32_MAX * (uint64_t)PAGE, sp(16));
	written = finish(&writer);
	assert_int_equal(written.losses.rows_too_far, 2);
	assert_int_equal(written.object.page_cnt, 1);
	free(written.bytes);
}

static void addresses_beyond_page_numbers_are_refused(void **state)
{
	struct row_writer writer = {0};
	struct unwind_object object;
	void *bytes;
	size_t len;

	(void)state;
	add(&writer, UINT64_C(0xffffffffff600000), sp(8));
	assert_int_equal(row_writer_finish(&writer, &object, &bytes, &len), -EFBIG);
	row_writer_free(&writer);
}

static void rules_run_out(void **state)
{
	struct row_writer writer = {0};
	struct written written;
	const struct unwind_rule *rules;
	const uint16_t *ids;
	uint32_t cnt = ROW_RULES_MAX + 10;

	(void)state;
	for (uint32_t i = 0; i < cnt; i++)
		add(&writer, CODE + 4 * (uint64_t)i, sp((int)i));
	add(&writer, CODE + 4 * (uint64_t)cnt, gap);
	written = finish(&writer);
	assert_int_equal(written.object.rule_cnt, ROW_RULES_MAX);
	/* the first rule is the gap's, the last says that there are too many */
	assert_int_equal(written.losses.rows_no_rule, cnt - (ROW_RULES_MAX - 2));
	rules = array(&written, written.object.rules_off);
	ids = array(&written, written.object.rule_ids_off);
	assert_int_equal(row_rule_loss(rules[ids[written.object.row_cnt - 2]]), UNWIND_LOSS_RULES);
	free(written.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_table),
		cmocka_unit_test(rows_begin_with_a_gap),
		cmocka_unit_test(each_page_begins_with_what_is_in_force),
		cmocka_unit_test(equal_neighbours_merge),
		cmocka_unit_test(frequent_rules_come_first),
		cmocka_unit_test(dense_pages_are_gaps),
		cmocka_unit_test(a_dense_last_page_is_a_gap),
		cmocka_unit_test(code_too_far_away_is_left_out),
		cmocka_unit_test(addresses_beyond_page_numbers_are_refused),
		cmocka_unit_test(rules_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
