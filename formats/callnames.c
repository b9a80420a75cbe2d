// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/callnames.h"

#include "formats/frametext.h"
#include "formats/utf8.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static_assert(sizeof(struct callname) == 5 * sizeof(uint32_t), "no padding in what is hashed");

struct fill {
	const struct profile *profile;
	struct callnames *names;
	enum callnames_detail detail;
	struct buf raw, clean;
};

static void fill_cleanup(struct fill *fill)
{
	buf_free(&fill->raw);
	buf_free(&fill->clean);
}

struct wanted {
	const struct callnames *names;
	const struct callname *name;
};

static bool same_name(const void *ctx, uint32_t id)
{
	const struct wanted *wanted = ctx;

	return memcmp(&wanted->names->names.items[id], wanted->name, sizeof(*wanted->name)) == 0;
}

static int intern_name(struct callnames *names, const struct callname *name, uint32_t *ret_id)
{
	struct wanted wanted = {.names = names, .name = name};
	uint64_t hash = hash_bytes(name, sizeof(*name));
	uint32_t id = hashindex_find(&names->index, hash, same_name, &wanted);

	if (id == HASHINDEX_NONE) {
		id = (uint32_t)names->names.len;
		if (vec_push(&names->names, *name) < 0 ||
		    hashindex_add(&names->index, hash, id) < 0)
			return -ENOMEM;
	}
	*ret_id = id;
	return 0;
}

static int intern_clean(struct fill *fill, const char *text, size_t len, uint32_t *ret_string)
{
	uint32_t string;

	buf_clear(&fill->clean);
	utf8_append(&fill->clean, text, len);
	if (buf_error(&fill->clean))
		return buf_error(&fill->clean);
	string = !fill->clean.len ?
			 0 :
			 strtab_intern_len(&fill->names->strings, (const char *)fill->clean.data,
					   fill->clean.len);
	if (string == STRTAB_NONE)
		return -ENOMEM;
	*ret_string = string;
	return 0;
}

static uint32_t kind_of(const struct fill *fill, uint32_t frame)
{
	uint32_t kind = fill->profile->frames.items[frame].kind;

	if (fill->detail == CALLNAMES_FUNCTIONS && kind == FRAME_INLINE)
		kind = frametext_is_kernel(fill->profile, frame) ? FRAME_KERNEL : FRAME_USER;
	if ((kind != FRAME_USER && kind != FRAME_KERNEL) ||
	    !frametext_is_unnamed(fill->profile, frame))
		return kind;
	return kind == FRAME_USER ? CALLNAME_USER_UNNAMED : CALLNAME_KERNEL_UNNAMED;
}

static int add_place(struct fill *fill, uint32_t frame, struct callname *name)
{
	const struct profile *profile = fill->profile;
	uint32_t id = profile->frames.items[frame].function;
	const struct profile_function *function;

	if (fill->detail == CALLNAMES_FUNCTIONS || id == PROFILE_NONE)
		return 0;
	function = &profile->functions.items[id];
	name->line = function->start_line;
	return intern_clean(fill, profile_text(profile, function->file),
			    strtab_len(&profile->strings, function->file), &name->file);
}

static int name_frame(struct fill *fill, uint32_t frame, uint32_t *ret_id)
{
	const char *module = frametext_module(fill->profile, frame);
	struct callname name = {.kind = kind_of(fill, frame)};
	int r;

	buf_clear(&fill->raw);
	frametext_append_name(fill->profile, frame, &fill->raw);
	r = buf_error(&fill->raw);
	if (r == 0)
		r = intern_clean(fill, (const char *)fill->raw.data, fill->raw.len, &name.name);
	if (r == 0)
		r = intern_clean(fill, module, strlen(module), &name.module);
	if (r == 0)
		r = add_place(fill, frame, &name);
	return r < 0 ? r : intern_name(fill->names, &name, ret_id);
}

static int name_root(struct fill *fill, uint32_t labels, uint32_t *ret_id)
{
	struct callname name = {.kind = CALLNAME_PROCESS};
	int r;

	buf_clear(&fill->raw);
	frametext_append_root(fill->profile, labels, &fill->raw);
	r = buf_error(&fill->raw);
	if (r == 0 && !fill->raw.len)
		return 0;
	if (r == 0)
		r = intern_clean(fill, (const char *)fill->raw.data, fill->raw.len, &name.name);
	return r < 0 ? r : intern_name(fill->names, &name, ret_id);
}

static int fill_names(struct fill *fill)
{
	struct callnames *names = fill->names;
	size_t frames = fill->profile->frames.len, sets = fill->profile->label_set_ends.len;
	int r = strtab_init(&names->strings);

	names->frames = calloc(frames + 1, sizeof(*names->frames));
	names->roots = calloc(sets, sizeof(*names->roots));
	if (r < 0 || !names->frames || !names->roots)
		return -ENOMEM;
	for (uint32_t i = 0; r == 0 && i < frames; i++)
		r = name_frame(fill, i, &names->frames[i]);
	for (uint32_t i = 0; r == 0 && i < sets; i++) {
		names->roots[i] = CALLTREE_NONE;
		r = name_root(fill, i, &names->roots[i]);
	}
	return r;
}

int callnames_init(const struct profile *profile, enum callnames_detail detail,
		   struct callnames *ret_names)
{
	_cleanup_callnames_ struct callnames names = {0};
	_cleanup_(fill_cleanup) struct fill fill = {
		.profile = profile, .names = &names, .detail = detail};
	int r = fill_names(&fill);

	if (r < 0)
		return r;
	*ret_names = names;
	names = (struct callnames){0};
	return 0;
}

void callnames_free(struct callnames *names)
{
	strtab_free(&names->strings);
	vec_free(&names->names);
	free(names->frames);
	free(names->roots);
	hashindex_free(&names->index);
	*names = (struct callnames){0};
}

const char *callname_kind_text(uint32_t kind)
{
	static const char *const texts[] = {
		[FRAME_USER] = "user",
		[FRAME_KERNEL] = "kernel",
		[FRAME_INLINE] = "inlined",
		[FRAME_JIT] = "jit",
		[FRAME_MARKER] = "marker",
		[CALLNAME_PROCESS] = "process",
		[CALLNAME_USER_UNNAMED] = "user without a name",
		[CALLNAME_KERNEL_UNNAMED] = "kernel without a name",
	};

	assert(kind < ARRAY_SIZE(texts));
	return texts[kind];
}
