// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Lines are never sorted as whole strings. Frames of equal text become one node of a tree, and
 * each sibling list is sorted by what its members put into the lines: "name;" in front of the
 * lines below a node, "name COUNT" as the node's own line.
 */
#include "formats/folded.h"

#include "formats/calltree.h"
#include "formats/frametext.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct texts {
	const struct profile *profile;
	struct strtab strings;           /* what calltree's keys stand for */
	uint32_t *frames, *frame_leaves; /* by frame id */
	uint32_t *roots, *root_leaves;   /* by label set */
	struct buf scratch;
};

static void texts_cleanup(struct texts *texts)
{
	strtab_free(&texts->strings);
	free(texts->frames);
	free(texts->frame_leaves);
	free(texts->roots);
	free(texts->root_leaves);
	buf_free(&texts->scratch);
}

/* Names the text in scratch, and the text it has at the end of a stack. */
static int name_scratch(struct texts *texts, uint32_t *ret_text, uint32_t *ret_leaf)
{
	struct buf *scratch = &texts->scratch;
	uint32_t text, leaf;

	if (buf_error(scratch))
		return buf_error(scratch);
	text = strtab_intern_len(&texts->strings, (const char *)scratch->data, scratch->len);
	if (frametext_ends_like_count((const char *)scratch->data, scratch->len))
		buf_append_byte(scratch, '_');
	if (buf_error(scratch))
		return buf_error(scratch);
	leaf = strtab_intern_len(&texts->strings, (const char *)scratch->data, scratch->len);
	if (text == STRTAB_NONE || leaf == STRTAB_NONE)
		return -ENOMEM;
	*ret_text = text;
	*ret_leaf = leaf;
	return 0;
}

static int name_frames(struct texts *texts)
{
	for (uint32_t i = 0; i < texts->profile->frames.len; i++) {
		int r;

		buf_clear(&texts->scratch);
		frametext_append_folded(texts->profile, i, &texts->scratch);
		r = name_scratch(texts, &texts->frames[i], &texts->frame_leaves[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int name_roots(struct texts *texts)
{
	for (uint32_t i = 0; i < texts->profile->label_set_ends.len; i++) {
		int r;

		buf_clear(&texts->scratch);
		texts->roots[i] = texts->root_leaves[i] = CALLTREE_NONE;
		frametext_append_root(texts->profile, i, &texts->scratch);
		if (!texts->scratch.len && !buf_error(&texts->scratch))
			continue;
		r = name_scratch(texts, &texts->roots[i], &texts->root_leaves[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int texts_init(struct texts *texts)
{
	size_t frames = texts->profile->frames.len + 1;
	size_t sets = texts->profile->label_set_ends.len;
	int r = strtab_init(&texts->strings);

	texts->frames = calloc(frames, sizeof(*texts->frames));
	texts->frame_leaves = calloc(frames, sizeof(*texts->frame_leaves));
	texts->roots = calloc(sets, sizeof(*texts->roots));
	texts->root_leaves = calloc(sets, sizeof(*texts->root_leaves));
	if (r < 0 || !texts->frames || !texts->frame_leaves || !texts->roots || !texts->root_leaves)
		return -ENOMEM;
	r = name_frames(texts);
	return r < 0 ? r : name_roots(texts);
}

/* A node's own line, or the lines below it. */
struct item {
	uint32_t node;
	bool below;
};

struct level {
	uint32_t next, end; /* items still to write */
	size_t prefix_len;  /* of the line's text that these items share */
};

struct write {
	const struct texts *texts;
	const struct calltree *tree;
	struct sink *sink;
	struct item *items; /* the children of n start at 2 * child_starts[n] */
	VEC(struct level) levels;
	struct buf prefix, out;
};

static void write_cleanup(struct write *write)
{
	free(write->items);
	vec_free(&write->levels);
	buf_free(&write->prefix);
	buf_free(&write->out);
}

/* What stands behind the name: returns its length. */
static size_t format_tail(const struct write *write, struct item item, char tail[24])
{
	if (item.below) {
		tail[0] = ';';
		return 1;
	}
	return (size_t)snprintf(tail, 24, " %" PRId64, write->tree->nodes.items[item.node].self);
}

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, MIN(a_len, b_len));

	return order ? order : a_len < b_len ? -1 : a_len > b_len;
}

static uint32_t text_of(const struct write *write, struct item item)
{
	return write->tree->nodes.items[item.node].key;
}

/* `a`'s name is the beginning of `b`'s: compares what is behind that. */
static int compare_tails(const struct write *write, struct item a, struct item b)
{
	const struct strtab *strings = &write->texts->strings;
	size_t a_name = strtab_len(strings, text_of(write, a));
	size_t b_name = strtab_len(strings, text_of(write, b)), a_len, b_len;
	char a_tail[24], b_tail[24];
	int order;

	a_len = format_tail(write, a, a_tail);
	b_len = format_tail(write, b, b_tail);
	if (a_name == b_name)
		return compare_bytes(a_tail, a_len, b_tail, b_len);
	order = compare_bytes(a_tail, MIN(a_len, b_name - a_name),
			      strtab_get(strings, text_of(write, b)) + a_name,
			      MIN(a_len, b_name - a_name));
	if (order || a_len <= b_name - a_name)
		return order ? order : -1;
	return compare_bytes(a_tail + (b_name - a_name), a_len - (b_name - a_name), b_tail, b_len);
}

static int compare_items(const void *left, const void *right, void *ctx)
{
	const struct write *write = ctx;
	struct item a = *(const struct item *)left, b = *(const struct item *)right;
	const struct strtab *strings = &write->texts->strings;
	uint32_t a_text = text_of(write, a), b_text = text_of(write, b);
	size_t a_len = strtab_len(strings, a_text), b_len = strtab_len(strings, b_text);
	int order =
		memcmp(strtab_get(strings, a_text), strtab_get(strings, b_text), MIN(a_len, b_len));

	if (order)
		return order;
	return a_len <= b_len ? compare_tails(write, a, b) : -compare_tails(write, b, a);
}

/* Opens the list of a node's children, sorted; `prefix` already holds the node's own name. */
static int push_level(struct write *write, uint32_t node)
{
	const struct calltree *tree = write->tree;
	uint32_t start = 2 * tree->child_starts[node], end = start;

	for (uint32_t i = tree->child_starts[node]; i < tree->child_starts[node + 1]; i++) {
		uint32_t child = tree->children[i];

		if (tree->nodes.items[child].self)
			write->items[end++] = (struct item){.node = child};
		if (tree->child_starts[child] < tree->child_starts[child + 1])
			write->items[end++] = (struct item){.node = child, .below = true};
	}
	if (end - start > 1)
		qsort_r(write->items + start, end - start, sizeof(*write->items), compare_items,
			write);
	return vec_push(
		&write->levels,
		((struct level){.next = start, .end = end, .prefix_len = write->prefix.len}));
}

static void append_text(const struct write *write, struct item item, struct buf *out)
{
	const struct strtab *strings = &write->texts->strings;
	uint32_t text = text_of(write, item);

	buf_append(out, strtab_get(strings, text), strtab_len(strings, text));
}

static int write_item(struct write *write, struct item item)
{
	if (item.below) {
		append_text(write, item, &write->prefix);
		buf_append_byte(&write->prefix, ';');
		return buf_error(&write->prefix) ? buf_error(&write->prefix) :
						   push_level(write, item.node);
	}
	buf_append(&write->out, write->prefix.data, write->prefix.len);
	append_text(write, item, &write->out);
	buf_appendf(&write->out, " %" PRId64 "\n", write->tree->nodes.items[item.node].self);
	return sink_drain(write->sink, &write->out, SINK_CHUNK);
}

static int write_lines(struct write *write)
{
	int r;

	write->items = malloc((2 * write->tree->nodes.len + 1) * sizeof(*write->items));
	if (!write->items)
		return -ENOMEM;
	r = push_level(write, 0);
	while (r == 0 && write->levels.len) {
		struct level *level = vec_last(&write->levels);

		write->prefix.len = level->prefix_len;
		if (level->next < level->end)
			r = write_item(write, write->items[level->next++]);
		else
			write->levels.len--;
	}
	return r < 0 ? r : sink_drain(write->sink, &write->out, 0);
}

static int write_tree(const struct texts *texts, struct sink *sink)
{
	_cleanup_calltree_ struct calltree tree = {0};
	_cleanup_(write_cleanup) struct write write = {.texts = texts, .tree = &tree, .sink = sink};
	struct calltree_options options = {
		.profile = texts->profile,
		.value_type = profile_count_type(texts->profile),
		.frame_keys = texts->frames,
		.frame_leaf_keys = texts->frame_leaves,
		.root_keys = texts->roots,
		.root_leaf_keys = texts->root_leaves,
	};
	int r = calltree_build(&options, &tree);

	return r < 0 ? r : write_lines(&write);
}

int folded_write(const struct profile *profile, struct sink *sink, struct err *err)
{
	_cleanup_(texts_cleanup) struct texts texts = {.profile = profile};
	int r = texts_init(&texts);

	if (r == 0)
		r = write_tree(&texts, sink);
	if (r == -EINVAL)
		return err_set(err, r, "folded text cannot hold negative counts");
	return r < 0 ? err_errno(err, r, "cannot write folded text") : 0;
}
