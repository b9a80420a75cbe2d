// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/html_report.h"

#include "formats/callnames.h"
#include "formats/calltree.h"
#include "formats/metadata.h"

#include <errno.h>
#include <string.h>

#define BLOCK_VERSION 1

struct block {
	const struct profile *profile;
	uint32_t value_type;
	struct sink *sink;
	struct callnames names;
	struct calltree tree;
	uint32_t *frame_ids;   /* by name: its id in the block */
	uint32_t *frame_names; /* by id in the block: the name */
	uint32_t frames_len;   /* names in use */
	uint32_t *string_ids;  /* by string: its id in the block, or 0: none yet */
	VEC(uint32_t) strings;
	VEC(uint32_t) order; /* nodes, depth first */
	VEC(uint32_t) steps; /* of depth, beside order */
	uint32_t last_depth;
	struct buf out;
};

static void block_cleanup(struct block *block)
{
	callnames_free(&block->names);
	calltree_free(&block->tree);
	free(block->frame_ids);
	free(block->frame_names);
	free(block->string_ids);
	vec_free(&block->strings);
	vec_free(&block->order);
	vec_free(&block->steps);
	buf_free(&block->out);
}

static int build_tree(struct block *block)
{
	struct calltree_options options = {
		.profile = block->profile,
		.value_type = block->value_type,
	};
	int r = callnames_init(block->profile, CALLNAMES_FRAMES, &block->names);

	options.frame_keys = block->names.frames;
	options.root_keys = block->names.roots;
	return r < 0 ? r : calltree_build(&options, &block->tree);
}

static int compare_uses(const void *left, const void *right, void *ctx)
{
	const uint32_t *uses = ctx;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	if (uses[a] != uses[b])
		return uses[a] > uses[b] ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* Names in use, by falling number of nodes: the most frequent ids are the shortest. */
static int number_frames(struct block *block)
{
	size_t count = block->names.names.len;
	_cleanup_free_ uint32_t *uses = calloc(count + 1, sizeof(*uses));

	block->frame_ids = calloc(count + 1, sizeof(*block->frame_ids));
	block->frame_names = calloc(count + 1, sizeof(*block->frame_names));
	if (!uses || !block->frame_ids || !block->frame_names)
		return -ENOMEM;
	for (size_t i = 1; i < block->tree.nodes.len; i++)
		uses[block->tree.nodes.items[i].key]++;
	for (uint32_t i = 0; i < count; i++)
		if (uses[i])
			block->frame_names[block->frames_len++] = i;
	qsort_r(block->frame_names, block->frames_len, sizeof(*block->frame_names), compare_uses,
		uses);
	for (uint32_t i = 0; i < block->frames_len; i++)
		block->frame_ids[block->frame_names[i]] = i;
	return 0;
}

static int number_string(struct block *block, uint32_t string)
{
	if (!string || block->string_ids[string])
		return 0;
	block->string_ids[string] = (uint32_t)block->strings.len;
	return vec_push(&block->strings, string);
}

static int number_strings(struct block *block)
{
	int r;

	block->string_ids = calloc(strtab_count(&block->names.strings), sizeof(uint32_t));
	if (!block->string_ids)
		return -ENOMEM;
	r = vec_push(&block->strings, 0);
	for (uint32_t i = 0; r == 0 && i < block->frames_len; i++) {
		const struct callname *name = &block->names.names.items[block->frame_names[i]];

		r = number_string(block, name->name);
		if (r == 0)
			r = number_string(block, name->module);
		if (r == 0)
			r = number_string(block, name->file);
	}
	return r;
}

static int compare_siblings(const void *left, const void *right, void *ctx)
{
	const struct block *block = ctx;
	const struct calltree_node *a = &block->tree.nodes.items[*(const uint32_t *)left];
	const struct calltree_node *b = &block->tree.nodes.items[*(const uint32_t *)right];
	uint32_t a_id = block->frame_ids[a->key], b_id = block->frame_ids[b->key];

	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	return a_id < b_id ? -1 : a_id > b_id;
}

static int add_node(void *ctx, const struct calltree *tree, uint32_t node, uint32_t depth)
{
	struct block *block = ctx;
	uint32_t step = block->order.len ? block->last_depth + 1 - depth : 0;

	(void)tree;
	block->last_depth = depth;
	if (vec_push(&block->steps, step) < 0)
		return -ENOMEM;
	return vec_push(&block->order, node);
}

static int order_nodes(struct block *block)
{
	const struct calltree_visitor visitor = {.enter = add_node, .ctx = block};

	calltree_sort(&block->tree, compare_siblings, block);
	return calltree_walk(&block->tree, &visitor);
}

static int put_number(struct block *block, uint64_t number)
{
	buf_append_varint(&block->out, number);
	return sink_drain(block->sink, &block->out, SINK_CHUNK);
}

static void put_metadata(struct block *block)
{
	_cleanup_buf_ struct buf metadata = {0};

	metadata_append(block->profile, block->value_type, &metadata);
	buf_append_varint(&block->out, metadata.len);
	buf_append(&block->out, metadata.data, metadata.len);
	if (buf_error(&metadata) && !block->out.error)
		block->out.error = buf_error(&metadata);
}

static int put_strings(struct block *block)
{
	const struct strtab *strings = &block->names.strings;
	int r = put_number(block, block->strings.len);

	for (size_t i = 0; r == 0 && i < block->strings.len; i++)
		r = put_number(block, strtab_len(strings, block->strings.items[i]));
	for (size_t i = 0; r == 0 && i < block->strings.len; i++) {
		uint32_t string = block->strings.items[i];

		buf_append(&block->out, strtab_get(strings, string), strtab_len(strings, string));
		r = sink_drain(block->sink, &block->out, SINK_CHUNK);
	}
	return r;
}

enum column { COLUMN_NAME, COLUMN_MODULE, COLUMN_FILE, COLUMN_LINE, COLUMN_KIND, COLUMN_COUNT };

static uint32_t frame_field(const struct block *block, uint32_t frame, enum column column)
{
	const struct callname *name = &block->names.names.items[block->frame_names[frame]];
	const uint32_t fields[COLUMN_COUNT] = {
		[COLUMN_NAME] = block->string_ids[name->name],
		[COLUMN_MODULE] = block->string_ids[name->module],
		[COLUMN_FILE] = block->string_ids[name->file],
		[COLUMN_LINE] = name->line,
		[COLUMN_KIND] = name->kind,
	};

	return fields[column];
}

static int put_frames(struct block *block)
{
	int r = put_number(block, block->frames_len);

	for (enum column column = 0; column < COLUMN_COUNT; column++)
		for (uint32_t i = 0; r == 0 && i < block->frames_len; i++)
			r = put_number(block, frame_field(block, i, column));
	return r;
}

static int put_nodes(struct block *block)
{
	const struct calltree_node *nodes = block->tree.nodes.items;
	int r = put_number(block, block->order.len);

	vec_for_each(&block->steps, step)
		if (r == 0)
			r = put_number(block, *step);
	vec_for_each(&block->order, node)
		if (r == 0)
			r = put_number(block, block->frame_ids[nodes[*node].key]);
	vec_for_each(&block->order, node)
		if (r == 0)
			r = put_number(block, (uint64_t)nodes[*node].self);
	return r;
}

static int put_block(struct block *block)
{
	int r;

	buf_append_str(&block->out, "SMLD");
	buf_append_varint(&block->out, BLOCK_VERSION);
	put_metadata(block);
	r = put_strings(block);
	if (r == 0)
		r = put_frames(block);
	if (r == 0)
		r = put_nodes(block);
	return r < 0 ? r : sink_drain(block->sink, &block->out, 0);
}

static int write_block(struct block *block)
{
	static int (*const steps[])(struct block *) = {build_tree, number_frames, number_strings,
						       order_nodes, put_block};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](block);
	return r;
}

int html_report_write_block(const struct profile *profile, struct sink *sink, struct err *err)
{
	_cleanup_(block_cleanup) struct block block = {
		.profile = profile, .value_type = profile_count_type(profile), .sink = sink};
	int r = write_block(&block);

	if (r == -EINVAL)
		return err_set(err, r, "a flame graph cannot show negative counts");
	return r < 0 ? err_errno(err, r, "cannot write the viewer's data") : 0;
}

/* Block, compressed, as text: the sinks stand in a row. */
static int write_data(const struct profile *profile, struct sink *sink, struct err *err)
{
	_cleanup_sink_ struct sink *base64 = NULL, *deflate = NULL;
	int r = sink_base64_new(sink, &base64);

	if (r == 0)
		r = sink_deflate_new(base64, &deflate);
	if (r < 0)
		return err_errno(err, r, "cannot write the page");
	r = html_report_write_block(profile, deflate, err);
	if (r < 0)
		return r;
	r = sink_finish(deflate);
	if (r == 0)
		r = sink_finish(base64);
	return r < 0 ? err_errno(err, r, "cannot write the page") : 0;
}

int html_report_write(const struct profile *profile, const struct viewer_page *page,
		      struct sink *sink, struct err *err)
{
	static const char element[] = VIEWER_PAGE_ELEMENT;
	const unsigned char *at = memmem(page->html, page->len, element, strlen(element));
	size_t start;
	int r;

	if (!at)
		return err_set(err, -EINVAL, "the viewer's page has no place for data");
	start = (size_t)(at - page->html) + strlen(VIEWER_PAGE_ELEMENT_START);
	r = sink_write(sink, page->html, start);
	if (r < 0)
		return err_errno(err, r, "cannot write the page");
	r = write_data(profile, sink, err);
	if (r < 0)
		return r;
	r = sink_write(sink, page->html + start, page->len - start);
	return r < 0 ? err_errno(err, r, "cannot write the page") : 0;
}
