// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/unwind/unwind_table_check.h"

#include <errno.h>
#include <stdbool.h>

#define FLAGS_ALL (UNWIND_OBJECT_NO_TABLE | UNWIND_OBJECT_GO)

struct array {
	uint32_t off;
	uint64_t cnt, size; /* size of one item, which is its alignment too */
};

static bool lies_inside(const struct unwind_table *table, struct array array)
{
	return array.off % array.size == 0 && array.off <= table->len &&
	       array.cnt <= (table->len - array.off) / array.size;
}

static bool arrays_lie_inside(const struct unwind_table *table)
{
	const struct unwind_object *object = &table->object;
	const struct array arrays[] = {
		{object->index_off, (uint64_t)object->page_cnt + 1, sizeof(uint32_t)},
		{object->rules_off, object->rule_cnt, sizeof(struct unwind_rule)},
		{object->keys_off, object->row_cnt, sizeof(uint16_t)},
		{object->rule_ids_off, object->row_cnt, sizeof(uint16_t)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(arrays); i++)
		if (!lies_inside(table, arrays[i]))
			return false;
	return true;
}

static const void *array_at(const struct unwind_table *table, uint32_t offset)
{
	return (const uint8_t *)table->bytes + offset;
}

static bool rows_ascend(const uint16_t *keys, uint32_t cnt)
{
	if (keys[0] != 0 || keys[cnt - 1] > UNWIND_PAGE_MASK)
		return false;
	for (uint32_t i = 1; i < cnt; i++)
		if (keys[i] <= keys[i - 1])
			return false;
	return true;
}

static bool pages_are_whole(const struct unwind_table *table)
{
	const struct unwind_object *object = &table->object;
	const uint32_t *index = array_at(table, object->index_off);
	const uint16_t *keys = array_at(table, object->keys_off);

	if (index[0] != 0 || index[object->page_cnt] != object->row_cnt)
		return false;
	for (uint32_t page = 0; page < object->page_cnt; page++) {
		if (index[page + 1] <= index[page] || index[page + 1] > object->row_cnt ||
		    index[page + 1] - index[page] > UNWIND_PAGE_ROWS_MAX ||
		    !rows_ascend(keys + index[page], index[page + 1] - index[page]))
			return false;
	}
	return true;
}

static bool is_rule(const struct unwind_rule *rule)
{
	return UNWIND_KIND(*rule) < UNWIND_KIND_CNT && !(rule->kind & 0x80) &&
	       UNWIND_RA(*rule) <= UNWIND_RA_REGISTER && UNWIND_FP_PLACE(*rule) <= UNWIND_FP_LOST;
}

static bool rules_are_rules(const struct unwind_table *table)
{
	const struct unwind_object *object = &table->object;
	const struct unwind_rule *rules = array_at(table, object->rules_off);
	const uint16_t *rule_ids = array_at(table, object->rule_ids_off);

	for (uint32_t i = 0; i < object->rule_cnt; i++)
		if (!is_rule(&rules[i]))
			return false;
	for (uint32_t i = 0; i < object->row_cnt; i++)
		if (rule_ids[i] >= object->rule_cnt)
			return false;
	return true;
}

int unwind_table_check(const struct unwind_table *table)
{
	const struct unwind_object *object = &table->object;

	if (object->gen || object->flags & ~(uint32_t)FLAGS_ALL || table->len > UINT32_MAX ||
	    table->len % UNWIND_ALIGN)
		return -EBADMSG;
	if (!object->page_cnt)
		return object->row_cnt ? -EBADMSG : 0;
	if (!arrays_lie_inside(table) || !pages_are_whole(table) || !rules_are_rules(table))
		return -EBADMSG;
	return 0;
}
