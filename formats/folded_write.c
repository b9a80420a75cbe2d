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

#define NO_ROOT "[unknown]" /* of a label set without comm, where each must have a root */

struct texts {
	const struct profile *profile;
	struct strtab strings;           /* what calltree's keys stand for */
	uint32_t *frames, *frame_leaves; /* by frame id */
	uint32_t *roots;                 /* by label set, then once more: where a stack ends */
	uint32_t *own_keys; /* 0, 1, 2 …: roots stay apart; NULL: equal ones are one */
	bool apart;
	struct buf scratch;
};

static size_t sets_of(const struct texts *texts)
{
	return texts->profile->label_set_ends.len;
}

static void texts_cleanup(struct texts *texts)
{
	strtab_free(&texts->strings);
	free(texts->frames);
	free(texts->frame_leaves);
	free(texts->roots);
	free(texts->own_keys);
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
	size_t sets = sets_of(texts);

	for (uint32_t i = 0; i < sets; i++) {
		int r;

		buf_clear(&texts->scratch);
		texts->roots[i] = texts->roots[sets + i] = CALLTREE_NONE;
		frametext_append_root(texts->profile, i, &texts->scratch);
		if (!texts->scratch.len && texts->apart)
			buf_append_str(&texts->scratch, NO_ROOT);
		if (!texts->scratch.len && !buf_error(&texts->scratch))
			continue;
		r = name_scratch(texts, &texts->roots[i], &texts->roots[sets + i]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Label sets stay apart even where their roots are called the same. */
static int keep_roots_apart(struct texts *texts)
{
	size_t count = 2 * sets_of(texts);

	texts->own_keys = malloc(count * sizeof(*texts->own_keys));
	if (!texts->own_keys)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		texts->own_keys[i] = (uint32_t)i;
	return 0;
}

static int texts_init(struct texts *texts)
{
	size_t frames = texts->profile->frames.len + 1;
	int r = strtab_init(&texts->strings);

	texts->frames = calloc(frames, sizeof(*texts->frames));
	texts->frame_leaves = calloc(frames, sizeof(*texts->frame_leaves));
	texts->roots = calloc(2 * sets_of(texts), sizeof(*texts->roots));
	if (r < 0 || !texts->frames || !texts->frame_leaves || !texts->roots)
		return -ENOMEM;
	r = name_frames(texts);
	if (r == 0)
		r = name_roots(texts);
	return r == 0 && texts->apart ? keep_roots_apart(texts) : r;
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
	struct folded_parts *parts; /* NULL: not wanted */
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

static bool is_own_root(const struct write *write, struct item item)
{
	return write->texts->apart && write->tree->nodes.items[item.node].parent == 0;
}

static uint32_t text_of(const struct write *write, struct item item)
{
	uint32_t key = write->tree->nodes.items[item.node].key;

	return is_own_root(write, item) ? write->texts->roots[key] : key;
}

/* The label set of a root that is kept apart. */
static uint32_t set_of(const struct write *write, struct item item)
{
	return write->tree->nodes.items[item.node].key % (uint32_t)sets_of(write->texts);
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

/* The lines of one label set are neighbours. */
static int compare_sets(const struct write *write, struct item a, struct item b)
{
	uint32_t a_set = set_of(write, a), b_set = set_of(write, b);

	return a_set < b_set ? -1 : a_set > b_set;
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
	if (a_len == b_len && is_own_root(write, a) && compare_sets(write, a, b))
		return compare_sets(write, a, b);
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

/* Lines that follow are those of this root's label set. */
static int begin_part(struct write *write, struct item item)
{
	struct folded_parts *parts = write->parts;
	uint32_t set = set_of(write, item);

	if (parts->len && vec_last(parts)->labels == set)
		return 0;
	return vec_push(parts, ((struct folded_part){.labels = set}));
}

static int write_item(struct write *write, struct item item)
{
	int r = is_own_root(write, item) ? begin_part(write, item) : 0;

	if (r < 0)
		return r;
	if (item.below) {
		append_text(write, item, &write->prefix);
		buf_append_byte(&write->prefix, ';');
		return buf_error(&write->prefix) ? buf_error(&write->prefix) :
						   push_level(write, item.node);
	}
	if (write->parts)
		vec_last(write->parts)->lines++;
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

static int write_tree(const struct texts *texts, struct sink *sink, struct folded_parts *parts)
{
	_cleanup_calltree_ struct calltree tree = {0};
	_cleanup_(write_cleanup) struct write write = {
		.texts = texts, .tree = &tree, .sink = sink, .parts = parts};
	const uint32_t *roots = texts->apart ? texts->own_keys : texts->roots;
	struct calltree_options options = {
		.profile = texts->profile,
		.value_type = profile_count_type(texts->profile),
		.frame_keys = texts->frames,
		.frame_leaf_keys = texts->frame_leaves,
		.root_keys = roots,
		.root_leaf_keys = roots + sets_of(texts),
	};
	int r = calltree_build(&options, &tree);

	return r < 0 ? r : write_lines(&write);
}

static int write_text(struct texts *texts, struct sink *sink, struct folded_parts *parts,
		      struct err *err)
{
	int r = texts_init(texts);

	if (r == 0)
		r = write_tree(texts, sink, parts);
	if (r == -EINVAL)
		return err_set(err, r, "folded text cannot hold negative counts");
	return r < 0 ? err_errno(err, r, "cannot write folded text") : 0;
}

int folded_write(const struct profile *profile, struct sink *sink, struct err *err)
{
	_cleanup_(texts_cleanup) struct texts texts = {.profile = profile};

	return write_text(&texts, sink, NULL, err);
}

int folded_write_parts(const struct profile *profile, struct sink *sink, struct folded_parts *parts,
		       struct err *err)
{
	_cleanup_(texts_cleanup) struct texts texts = {.profile = profile, .apart = true};

	return write_text(&texts, sink, parts, err);
}
