// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/unwind/row_writer.h"
#include "profiler/unwind/row_rule.h"

#include <errno.h>
#include <string.h>

#define RULE_SHIFT 16

static uint32_t key_of(uint32_t row)
{
	return row & UNWIND_PAGE_MASK;
}

static uint32_t number_of(uint32_t row)
{
	return row >> RULE_SHIFT;
}

static uint64_t bits_of(struct unwind_rule rule)
{
	uint64_t bits;

	memcpy(&bits, &rule, sizeof(bits));
	return bits;
}

struct wanted {
	const struct row_writer *writer;
	uint64_t bits;
};

static bool is_wanted(const void *ctx, uint32_t number)
{
	const struct wanted *wanted = ctx;

	return bits_of(wanted->writer->rules.items[number].rule) == wanted->bits;
}

static int add_rule(struct row_writer *writer, struct unwind_rule rule, uint64_t hash)
{
	uint32_t number = (uint32_t)writer->rules.len;
	int r = vec_push(&writer->rules, ((struct row_rule_use){.rule = rule}));

	return r < 0 ? r : hashindex_add(&writer->rule_numbers, hash, number);
}

static int find_or_add(struct row_writer *writer, struct unwind_rule rule, uint32_t *ret_number)
{
	struct wanted wanted = {writer, bits_of(rule)};
	uint64_t hash = hash_bytes(&rule, sizeof(rule));
	uint32_t number = hashindex_find(&writer->rule_numbers, hash, is_wanted, &wanted);
	int r;

	if (number != HASHINDEX_NONE) {
		*ret_number = number;
		return 0;
	}
	/* The last place is for the rule that says so. */
	if (writer->rules.len >= ROW_RULES_MAX - 1 && row_rule_loss(rule) != UNWIND_LOSS_RULES) {
		writer->losses.rows_no_rule++;
		return find_or_add(writer, row_rule_unsupported(UNWIND_LOSS_RULES), ret_number);
	}
	number = (uint32_t)writer->rules.len;
	r = add_rule(writer, rule, hash);
	if (r == 0)
		*ret_number = number;
	return r;
}

static int number_rule(struct row_writer *writer, struct unwind_rule rule, uint32_t *ret_number)
{
	uint64_t bits = bits_of(rule);
	size_t at = (bits * UINT64_C(0x9e3779b97f4a7c15)) >> 56; /* 2^64 / golden ratio */
	int r;

	if (writer->memo[at].rule == bits && writer->memo[at].number_plus_one) {
		*ret_number = writer->memo[at].number_plus_one - 1;
		return 0;
	}
	r = find_or_add(writer, rule, ret_number);
	if (r < 0)
		return r;
	writer->memo[at].rule = bits;
	writer->memo[at].number_plus_one = *ret_number + 1;
	return 0;
}

static uint32_t page_start(const struct row_writer *writer)
{
	return *vec_last(&writer->index);
}

/* A page that is too dense for the search becomes one gap. */
static int close_page(struct row_writer *writer)
{
	size_t row_cnt = writer->rows.len - page_start(writer);
	uint32_t gap;
	int r;

	if (row_cnt <= UNWIND_PAGE_ROWS_MAX)
		return 0;
	r = number_rule(writer, (struct unwind_rule){.kind = UNWIND_GAP}, &gap);
	if (r < 0)
		return r;
	writer->losses.pages_dense++;
	writer->losses.rows_dense += row_cnt;
	writer->rows.len = page_start(writer);
	return vec_push(&writer->rows, gap << RULE_SHIFT);
}

static int open_page(struct row_writer *writer, uint32_t number)
{
	int r = vec_push(&writer->index, (uint32_t)writer->rows.len);

	return r < 0 ? r : vec_push(&writer->rows, number << RULE_SHIFT);
}

/* Begins all pages up to that of the address; what holds at their start is what held last. */
static int reach_page(struct row_writer *writer, uint64_t page)
{
	uint32_t number;
	int r;

	if (!writer->index.len) {
		writer->page_first = page;
		r = number_rule(writer, (struct unwind_rule){.kind = UNWIND_GAP}, &number);
		return r < 0 ? r : open_page(writer, number);
	}
	while (page - writer->page_first >= writer->index.len) {
		number = number_of(*vec_last(&writer->rows));
		r = close_page(writer);
		if (r == 0)
			r = open_page(writer, number);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The rows of the page in hand end before `key`, or at it, when the new row replaces the last. */
static int put_row(struct row_writer *writer, uint32_t key, uint32_t number)
{
	bool replaces = key_of(*vec_last(&writer->rows)) == key;
	size_t len = writer->rows.len - replaces;

	if (len > page_start(writer) && number_of(writer->rows.items[len - 1]) == number) {
		writer->rows.len = len;
		return 0;
	}
	writer->rows.len = len;
	return vec_push(&writer->rows, key | number << RULE_SHIFT);
}

int row_writer_add(struct row_writer *writer, uint64_t address, struct unwind_rule rule)
{
	uint64_t page = address >> UNWIND_PAGE_SHIFT;
	uint32_t number;
	int r;

	if (writer->index.len && page - writer->page_first >= ROW_PAGES_MAX) {
		writer->losses.rows_too_far++;
		return 0;
	}
	if (writer->rows.len >= ROW_ROWS_MAX) {
		writer->losses.rows_too_many++;
		rule = (struct unwind_rule){.kind = UNWIND_GAP};
	}
	r = number_rule(writer, rule, &number);
	if (r == 0)
		r = reach_page(writer, page);
	if (r < 0)
		return r;
	return put_row(writer, address & UNWIND_PAGE_MASK, number);
}

/* Most rows first; what has none last; else as they came. */
static int compare_use(const void *left, const void *right, void *ctx)
{
	const struct row_rule_use *rules = ctx;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	if (rules[a].row_cnt != rules[b].row_cnt)
		return rules[a].row_cnt > rules[b].row_cnt ? -1 : 1;
	return a < b ? -1 : a > b;
}

struct arrays {
	uint32_t *index;
	struct unwind_rule *rules;
	uint16_t *keys, *rule_ids;
};

static size_t place(size_t *len, size_t need)
{
	size_t at = *len;

	*len += (need + UNWIND_ALIGN - 1) & ~(size_t)(UNWIND_ALIGN - 1);
	return at;
}

/* Where the arrays go; the length of all. */
static size_t lay_out(const struct row_writer *writer, size_t rule_cnt,
		      struct unwind_object *object)
{
	size_t len = 0;

	object->page_first = (uint32_t)writer->page_first;
	object->page_cnt = (uint32_t)writer->index.len;
	object->row_cnt = (uint32_t)writer->rows.len;
	object->rule_cnt = (uint32_t)rule_cnt;
	object->index_off = (uint32_t)place(&len, (writer->index.len + 1) * sizeof(uint32_t));
	object->rules_off = (uint32_t)place(&len, rule_cnt * sizeof(struct unwind_rule));
	object->keys_off = (uint32_t)place(&len, writer->rows.len * sizeof(uint16_t));
	object->rule_ids_off = (uint32_t)place(&len, writer->rows.len * sizeof(uint16_t));
	return len;
}

static struct arrays arrays_at(const struct unwind_object *object, uint8_t *bytes)
{
	return (struct arrays){
		.index = (uint32_t *)(void *)(bytes + object->index_off),
		.rules = (struct unwind_rule *)(void *)(bytes + object->rules_off),
		.keys = (uint16_t *)(void *)(bytes + object->keys_off),
		.rule_ids = (uint16_t *)(void *)(bytes + object->rule_ids_off),
	};
}

/* Counts the rows of each rule, and orders the rules: order[0] is the most frequent. */
static size_t order_rules(struct row_writer *writer, uint32_t *order)
{
	size_t used = 0;

	vec_for_each(&writer->rules, rule)
		rule->row_cnt = 0;
	vec_for_each(&writer->rows, row)
		writer->rules.items[number_of(*row)].row_cnt++;
	for (uint32_t i = 0; i < writer->rules.len; i++) {
		order[i] = i;
		used += writer->rules.items[i].row_cnt > 0;
	}
	qsort_r(order, writer->rules.len, sizeof(*order), compare_use, writer->rules.items);
	return used;
}

static void fill(const struct row_writer *writer, const uint32_t *order, struct arrays arrays,
		 uint16_t *ids)
{
	size_t row_cnt = writer->rows.len;

	if (writer->index.len)
		memcpy(arrays.index, writer->index.items, writer->index.len * sizeof(uint32_t));
	arrays.index[writer->index.len] = (uint32_t)row_cnt;
	for (uint32_t i = 0; i < writer->rules.len; i++) {
		const struct row_rule_use *use = &writer->rules.items[order[i]];

		ids[order[i]] = (uint16_t)i;
		if (use->row_cnt)
			arrays.rules[i] = use->rule;
	}
	for (size_t i = 0; i < row_cnt; i++) {
		arrays.keys[i] = (uint16_t)key_of(writer->rows.items[i]);
		arrays.rule_ids[i] = ids[number_of(writer->rows.items[i])];
	}
}

int row_writer_finish(struct row_writer *writer, struct unwind_object *ret_object, void **ret_bytes,
		      size_t *ret_len)
{
	_cleanup_free_ uint32_t *order = calloc(writer->rules.len + 1, sizeof(*order));
	_cleanup_free_ uint16_t *ids = calloc(writer->rules.len + 1, sizeof(*ids));
	struct unwind_object object = {0};
	uint8_t *bytes;
	size_t len;
	int r = writer->index.len ? close_page(writer) : 0;

	if (r < 0)
		return r;
	if (!order || !ids)
		return -ENOMEM;
	if (writer->page_first > UINT32_MAX - ROW_PAGES_MAX)
		return -EFBIG;
	len = lay_out(writer, order_rules(writer, order), &object);
	bytes = calloc(1, len);
	if (!bytes)
		return -ENOMEM;
	fill(writer, order, arrays_at(&object, bytes), ids);
	*ret_object = object;
	*ret_bytes = bytes;
	*ret_len = len;
	return 0;
}

void row_writer_free(struct row_writer *writer)
{
	vec_free(&writer->index);
	vec_free(&writer->rows);
	vec_free(&writer->rules);
	hashindex_free(&writer->rule_numbers);
}
