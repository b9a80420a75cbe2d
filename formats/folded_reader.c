// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/folded_reader.h"

#include "base/parse.h"
#include "formats/folded.h"
#include "formats/frametext.h"

#include <errno.h>
#include <string.h>

/* Text of one gigabyte could name half a billion frames; this many take about one gigabyte. */
#define STACKS_MAX ((size_t)32 << 20)

struct text {
	const char *at;
	size_t len;
};

/* A part of the line before, and what it has been read as. */
struct known_part {
	size_t end;     /* in the line: where its ';', or the line's stack, ends */
	uint32_t stack; /* the label set, for the first part */
};

struct frame_ids { /* by name: a string of the profile; PROFILE_NONE: not known yet */
	uint32_t *items;
	size_t len, cap;
};

struct folded_reader {
	struct profile *profile;
	struct frame_ids frames[FRAME_MARKER + 1]; /* by kind */
	size_t line;                               /* of all text, from 1 */
	uint32_t kernel,
		jit; /* mappings that stand for their kind, or PROFILE_NONE: not yet used */
	uint32_t comm, pid, tid, id_unit; /* strings */
	struct text before;               /* the last line's stack */
	VEC(struct known_part) known;     /* of it */
	const struct folded_piece *piece;
	struct err *err;
};

static int bad_line(const struct folded_reader *read, const char *why)
{
	return err_set(read->err, -EINVAL, "line %zu: %s", read->line, why);
}

static int out_of_memory(const struct folded_reader *read)
{
	return err_errno(read->err, -ENOMEM, "line %zu", read->line);
}

/* Takes what stands before the next ';' off the front. */
static struct text next_part(struct text *rest)
{
	const char *end = memchr(rest->at, ';', rest->len);
	struct text part = {.at = rest->at, .len = end ? (size_t)(end - rest->at) : rest->len};

	rest->at += part.len + (end ? 1 : 0);
	rest->len -= part.len + (end ? 1 : 0);
	return part;
}

/* Cuts "_[k]" and the like off the end; a name is left in any case. */
static enum frame_kind cut_kind(struct text *name)
{
	static const char letters[] = {
		[FRAME_USER] = 'u', [FRAME_KERNEL] = 'k', [FRAME_INLINE] = 'i', [FRAME_JIT] = 'j'};
	const char *end = name->at + name->len;

	if (name->len <= 4 || end[-4] != '_' || end[-3] != '[' || end[-1] != ']')
		return FRAME_USER;
	for (enum frame_kind kind = FRAME_KERNEL; kind <= FRAME_JIT; kind++) {
		if (letters[kind] != end[-2])
			continue;
		name->len -= 4;
		return kind;
	}
	return FRAME_USER;
}

static uint32_t mapping_named(struct folded_reader *read, const char *name, uint32_t *mapping)
{
	struct profile_mapping item = {.has_functions = true};

	if (*mapping != PROFILE_NONE)
		return *mapping;
	item.name = profile_string(read->profile, name);
	if (item.name != PROFILE_NONE)
		*mapping = profile_mapping(read->profile, &item);
	return *mapping;
}

/* The mapping of a frame of this kind; PROFILE_NONE is right for most. */
static int find_mapping(struct folded_reader *read, enum frame_kind kind, uint32_t parent,
			uint32_t *ret_mapping)
{
	const struct profile *profile = read->profile;
	uint32_t mapping = PROFILE_NONE;

	if (kind == FRAME_INLINE && parent)
		mapping = profile->frames.items[profile->stacks.items[parent].frame].mapping;
	else if (kind == FRAME_KERNEL)
		mapping = mapping_named(read, FRAMETEXT_KERNEL_MAPPING, &read->kernel);
	else if (kind == FRAME_JIT)
		mapping = mapping_named(read, FRAMETEXT_JIT_MAPPING, &read->jit);
	if (mapping == PROFILE_NONE && (kind == FRAME_KERNEL || kind == FRAME_JIT))
		return -ENOMEM;
	*ret_mapping = mapping;
	return 0;
}

/* A frame that is not known yet by its name and kind. */
static uint32_t new_frame(struct folded_reader *read, uint32_t name, enum frame_kind kind,
			  uint32_t parent)
{
	struct profile_function function = {.name = name, .system_name = name};
	struct profile_frame frame = {.kind = kind};

	if (find_mapping(read, kind, parent, &frame.mapping) < 0)
		return PROFILE_NONE;
	frame.function = profile_function(read->profile, &function);
	if (frame.function == PROFILE_NONE)
		return PROFILE_NONE;
	return profile_frame(read->profile, &frame);
}

/* Room for the frames that strings up to this one name; new ones name none. */
static int grow_frames(struct frame_ids *frames, uint32_t name)
{
	if (vec_reserve(frames, (size_t)name + 1) < 0)
		return -ENOMEM;
	while (frames->len <= name)
		frames->items[frames->len++] = PROFILE_NONE;
	return 0;
}

/* Name and kind say which frame it is, but of an inlined one, which is where its caller is. */
static uint32_t frame_named(struct folded_reader *read, uint32_t name, enum frame_kind kind,
			    uint32_t parent)
{
	struct frame_ids *frames = &read->frames[kind];

	if (kind == FRAME_INLINE)
		return new_frame(read, name, kind, parent);
	if (grow_frames(frames, name) < 0)
		return PROFILE_NONE;
	if (frames->items[name] == PROFILE_NONE)
		frames->items[name] = new_frame(read, name, kind, parent);
	return frames->items[name];
}

static int read_frame(struct folded_reader *read, struct text part, uint32_t *stack)
{
	struct profile *profile = read->profile;
	enum frame_kind kind;
	uint32_t name, frame;

	if (!part.len)
		return bad_line(read, "a frame without a name");
	kind = !*stack && frametext_is_marker(part.at, part.len) ? FRAME_MARKER : cut_kind(&part);
	name = profile_string_len(profile, part.at, part.len);
	frame = name == PROFILE_NONE ? name : frame_named(read, name, kind, *stack);
	if (frame == PROFILE_NONE)
		return out_of_memory(read);
	if (profile->stacks.len >= STACKS_MAX)
		return err_set(read->err, -EFBIG, "line %zu: more than %zu distinct calls",
			       read->line, STACKS_MAX);
	*stack = profile_stack(profile, *stack, frame);
	return *stack == PROFILE_NONE ? out_of_memory(read) : 0;
}

/* A number as we write it ourselves: without leading zeros, and one that a label can hold. */
static bool read_id(const char *text, size_t len, int64_t *ret_id)
{
	uint64_t value;

	if (!len || (len > 1 && text[0] == '0') || parse_u64_len(text, len, 10, &value) < 0 ||
	    value > INT64_MAX)
		return false;
	*ret_id = (int64_t)value;
	return true;
}

static const char *find_last(struct text text, char wanted)
{
	return text.len ? memrchr(text.at, wanted, text.len) : NULL;
}

/* Takes "-pid/tid" off the end of a root that has it. */
static bool cut_ids(struct text *root, int64_t *ret_pid, int64_t *ret_tid)
{
	const char *slash = find_last(*root, '/'), *dash;

	if (!slash)
		return false;
	dash = find_last((struct text){.at = root->at, .len = (size_t)(slash - root->at)}, '-');
	if (!dash || dash == root->at || !read_id(dash + 1, (size_t)(slash - dash) - 1, ret_pid) ||
	    !read_id(slash + 1, (size_t)(root->at + root->len - slash) - 1, ret_tid))
		return false;
	root->len = (size_t)(dash - root->at);
	return true;
}

static int name_root(struct folded_reader *read, struct text root, uint32_t *ret_labels)
{
	struct profile_label labels[3] = {0};
	size_t len = 1;

	if (cut_ids(&root, &labels[1].num, &labels[2].num)) {
		labels[1].key = read->pid;
		labels[2].key = read->tid;
		labels[1].unit = labels[2].unit = read->id_unit;
		len = 3;
	}
	labels[0].key = read->comm;
	labels[0].str = profile_string_len(read->profile, root.at, root.len);
	if (labels[0].str == PROFILE_NONE)
		return out_of_memory(read);
	*ret_labels = profile_label_set(read->profile, labels, len);
	return *ret_labels == PROFILE_NONE ? out_of_memory(read) : 0;
}

static int read_root(struct folded_reader *read, struct text root, uint32_t *ret_labels)
{
	if (!root.len)
		return bad_line(read, "no process name");
	if (read->piece->labels == PROFILE_NONE)
		return name_root(read, root, ret_labels);
	*ret_labels = read->piece->labels;
	return 0;
}

static size_t common_len(struct text a, struct text b)
{
	size_t len = MIN(a.len, b.len), i = 0;

	while (i < len && a.at[i] == b.at[i])
		i++;
	return i;
}

/* Keeps the parts of the line before that this one begins with. */
static void keep_common(struct folded_reader *read, struct text stack)
{
	size_t common = common_len(read->before, stack), kept = 0;

	while (kept < read->known.len && read->known.items[kept].end <= common) {
		size_t end = read->known.items[kept].end;

		if (end < stack.len && stack.at[end] != ';')
			break;
		kept++;
	}
	read->known.len = kept;
	read->before = stack;
}

static int know_part(struct folded_reader *read, size_t end, uint32_t stack)
{
	if (vec_push(&read->known, ((struct known_part){.end = end, .stack = stack})) < 0)
		return out_of_memory(read);
	return 0;
}

/* Reads the parts that are not known; known[0] becomes the label set, the last one the stack. */
static int read_parts(struct folded_reader *read, struct text stack)
{
	size_t start = read->known.len ? vec_last(&read->known)->end + 1 : 0;
	struct text rest = {.at = stack.at + MIN(start, stack.len),
			    .len = stack.len - MIN(start, stack.len)};
	uint32_t id = read->known.len > 1 ? vec_last(&read->known)->stack : 0;
	int r = 0;

	if (!read->known.len) {
		struct text root = next_part(&rest);
		uint32_t labels = 0;

		r = read_root(read, root, &labels);
		if (r == 0)
			r = know_part(read, root.len, labels);
	}
	while (r == 0 && rest.len) {
		struct text part = next_part(&rest);
		size_t end = (size_t)(part.at + part.len - stack.at);

		r = read_frame(read, part, &id);
		if (r == 0)
			r = know_part(read, end, id);
	}
	return r;
}

static int add_sample(struct folded_reader *read, int64_t count)
{
	const struct known_part *last = vec_last(&read->known);
	uint32_t stack = read->known.len > 1 ? last->stack : 0;
	int64_t values[2] = {count, 0};

	if (__builtin_mul_overflow(count, read->piece->sample_ns, &values[1]) ||
	    profile_sample(read->profile, stack, read->known.items[0].stack, values) ==
		    PROFILE_NONE)
		return bad_line(read, "the counts of this stack add up to too much");
	return 0;
}

static int read_line(struct folded_reader *read, struct text line)
{
	const char *space = find_last(line, ' ');
	struct text rest;
	uint64_t count;
	int r;

	if (!space)
		return bad_line(read, "not 'STACK COUNT'");
	rest = (struct text){.at = space + 1, .len = (size_t)(line.at + line.len - space) - 1};
	if (parse_u64_len(rest.at, rest.len, 10, &count) < 0 || count > INT64_MAX)
		return bad_line(read, "does not end in a count");
	rest = (struct text){.at = line.at, .len = (size_t)(space - line.at)};
	if (rest.len && rest.at[rest.len - 1] == ';')
		return bad_line(read, "a frame without a name");
	keep_common(read, rest);
	r = read_parts(read, rest);
	return r < 0 ? r : add_sample(read, (int64_t)count);
}

static int read_lines(struct folded_reader *read, struct text text)
{
	int r = 0;

	while (r == 0 && text.len) {
		const char *end = memchr(text.at, '\n', text.len);
		size_t len = end ? (size_t)(end - text.at) : text.len;

		read->line++;
		r = read_line(read, (struct text){.at = text.at, .len = len});
		text.at += len + (end ? 1 : 0);
		text.len -= len + (end ? 1 : 0);
	}
	return r;
}

/* What was known belongs to another text, which may be gone. */
int folded_reader_add(struct folded_reader *reader, const struct folded_piece *piece,
		      struct err *err)
{
	reader->before = (struct text){0};
	reader->known.len = 0;
	reader->piece = piece;
	reader->err = err;
	return read_lines(reader, (struct text){.at = piece->text, .len = piece->len});
}

static bool name_strings(struct folded_reader *read)
{
	read->comm = profile_string(read->profile, "comm");
	read->pid = profile_string(read->profile, "pid");
	read->tid = profile_string(read->profile, "tid");
	read->id_unit = profile_string(read->profile, "id");
	return read->id_unit != PROFILE_NONE;
}

int folded_reader_new(struct profile *profile, struct folded_reader **ret_reader)
{
	_cleanup_folded_reader_ struct folded_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return -ENOMEM;
	reader->profile = profile;
	reader->kernel = reader->jit = PROFILE_NONE;
	if (!name_strings(reader))
		return -ENOMEM;
	*ret_reader = TAKE_PTR(reader);
	return 0;
}

struct folded_reader *folded_reader_free(struct folded_reader *reader)
{
	if (!reader)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(reader->frames); i++)
		vec_free(&reader->frames[i]);
	vec_free(&reader->known);
	free(reader);
	return NULL;
}

int folded_read(const char *text, size_t len, struct profile **ret_profile, struct err *err)
{
	_cleanup_profile_ struct profile *profile = NULL;
	_cleanup_folded_reader_ struct folded_reader *reader = NULL;
	struct folded_piece piece = {.text = text, .len = len, .labels = PROFILE_NONE};
	int r = profile_new(&profile);

	if (r == 0)
		r = folded_reader_new(profile, &reader);
	if (r < 0)
		return err_errno(err, r, "cannot read folded text");
	profile->value_types_len = 1;
	profile->default_value_type = 0;
	r = folded_reader_add(reader, &piece, err);
	if (r == 0)
		*ret_profile = TAKE_PTR(profile);
	return r;
}
