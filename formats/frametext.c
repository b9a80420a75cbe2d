// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/frametext.h"

#include "formats/utf8.h"

#include <inttypes.h>
#include <string.h>

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

const char *frametext_module(const struct profile *profile, uint32_t frame)
{
	uint32_t mapping = profile->frames.items[frame].mapping;

	if (mapping == PROFILE_NONE)
		return "";
	return base_name(profile_text(profile, profile->mappings.items[mapping].name));
}

/* A function without a name is as good as none. */
static uint32_t name_of(const struct profile *profile, uint32_t frame)
{
	uint32_t function = profile->frames.items[frame].function;

	return function == PROFILE_NONE ? 0 : profile->functions.items[function].name;
}

void frametext_append_name(const struct profile *profile, uint32_t frame, struct buf *out)
{
	uint32_t name = name_of(profile, frame);
	const char *module = frametext_module(profile, frame);

	if (name)
		buf_append(out, profile_text(profile, name), strtab_len(&profile->strings, name));
	else
		buf_appendf(out, "%s+0x%" PRIx64, module[0] ? module : "[unknown]",
			    profile->frames.items[frame].address);
}

bool frametext_is_unnamed(const struct profile *profile, uint32_t frame)
{
	uint32_t name = name_of(profile, frame);
	const char *module = frametext_module(profile, frame), *text = profile_text(profile, name);
	size_t len = strlen(module);

	if (!name)
		return true;
	if (!len) {
		module = "[unknown]";
		len = strlen(module);
	}
	if (strncmp(text, module, len) != 0 || strncmp(text + len, "+0x", 3) != 0)
		return false;
	text += len + 3;
	return text[0] && !text[strspn(text, "0123456789abcdef")];
}

/* "[kernel.kallsyms]", "[nf_conntrack]" as perf has them, but not what user space maps. */
static bool is_kernel_mapping(const char *name)
{
	static const char *const user[] = {
		"[vdso]",  "[vvar]", "[vsyscall]", "[heap]",
		"[stack]", "[anon",  "[unknown]",  FRAMETEXT_JIT_MAPPING,
	};

	if (name[0] != '[')
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(user); i++)
		if (strncmp(name, user[i], strlen(user[i])) == 0)
			return false;
	return true;
}

bool frametext_is_kernel(const struct profile *profile, uint32_t frame)
{
	const struct profile_frame *item = &profile->frames.items[frame];

	if (item->kind != FRAME_INLINE || item->mapping == PROFILE_NONE)
		return item->kind == FRAME_KERNEL;
	return is_kernel_mapping(
		profile_text(profile, profile->mappings.items[item->mapping].name));
}

/* Who executes anonymous memory has compiled it there. */
static bool is_jit_mapping(const char *name)
{
	return strcmp(name, FRAMETEXT_JIT_MAPPING) == 0 || strcmp(name, "[anon]") == 0;
}

enum frame_kind frametext_guess_kind(const char *mapping, const char *name)
{
	if (is_jit_mapping(mapping))
		return FRAME_JIT;
	if (is_kernel_mapping(mapping))
		return FRAME_KERNEL;
	if (!mapping[0] && frametext_is_marker(name, strlen(name)))
		return FRAME_MARKER;
	return FRAME_USER;
}

bool frametext_is_marker(const char *text, size_t len)
{
	size_t start = strlen(FRAMETEXT_MARKER_START);

	return len > start && memcmp(text, FRAMETEXT_MARKER_START, start) == 0 &&
	       text[len - 1] == ']';
}

void frametext_append_folded(const struct profile *profile, uint32_t frame, struct buf *out)
{
	static const char *const suffixes[] = {
		[FRAME_USER] = "",    [FRAME_KERNEL] = "_[k]", [FRAME_INLINE] = "_[i]",
		[FRAME_JIT] = "_[j]", [FRAME_MARKER] = "",
	};
	_cleanup_buf_ struct buf name = {0};

	frametext_append_name(profile, frame, &name);
	utf8_append_folded(out, (const char *)name.data, name.len);
	buf_append_str(out, suffixes[profile->frames.items[frame].kind]);
	if (buf_error(&name) && !out->error)
		out->error = buf_error(&name);
}

/* A number for "comm-pid/tid": numeric and not negative. */
static const struct profile_label *find_id(const struct profile *profile, uint32_t labels,
					   const char *key)
{
	const struct profile_label *label = profile_label_find(profile, labels, key);

	return label && !label->str && label->num >= 0 ? label : NULL;
}

void frametext_append_root(const struct profile *profile, uint32_t labels, struct buf *out)
{
	const struct profile_label *comm = profile_label_find(profile, labels, "comm");
	const struct profile_label *pid = find_id(profile, labels, "pid");
	const struct profile_label *tid = find_id(profile, labels, "tid");

	if (!comm || !comm->str)
		return;
	utf8_append_folded(out, profile_text(profile, comm->str),
			   strtab_len(&profile->strings, comm->str));
	if (pid && tid)
		buf_appendf(out, "-%" PRId64 "/%" PRId64, pid->num, tid->num);
}

bool frametext_ends_like_count(const char *text, size_t len)
{
	size_t digits = 0;

	while (digits < len && text[len - 1 - digits] >= '0' && text[len - 1 - digits] <= '9')
		digits++;
	return digits && digits < len && text[len - 1 - digits] == ' ';
}
