// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/unit/formats_support.h"

#include "formats/folded.h"
#include "formats/viewer_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

const unsigned char smolder_viewer_html[] = SUPPORT_PAGE_START VIEWER_PAGE_ELEMENT SUPPORT_PAGE_END;
const size_t smolder_viewer_html_len = sizeof(smolder_viewer_html) - 1;

const char support_folded[] = "server 5\n"
			      "server;[incomplete: no unwind info];spin 1\n"
			      "server;main;handle;parse_[i] 20\n"
			      "server;main;handle;parse_[i];tiny_[i] 7\n"
			      "server;main;jitted_[j] 2\n"
			      "server;main;libwork.so.1+0x1f00 3\n"
			      "server;main;write;ksys_write_[k];copy_[k] 14\n"
			      "swapper;idle_[k] 8\n";

uint32_t support_frame(struct profile *profile, enum frame_kind kind, const char *mapping,
		       const char *name)
{
	struct profile_mapping object = {.start = 0x1000, .limit = 0x9000, .has_functions = true};
	struct profile_function function = {0};
	struct profile_frame frame = {.mapping = PROFILE_NONE, .kind = kind, .address = 0x1f00};

	if (mapping[0]) {
		object.name = profile_string(profile, mapping);
		frame.mapping = profile_mapping(profile, &object);
	} else {
		frame.address = 0;
	}
	function.name = function.system_name = profile_string(profile, name);
	frame.function = profile_function(profile, &function);
	return profile_frame(profile, &frame);
}

uint32_t support_comm(struct profile *profile, const char *comm)
{
	struct profile_label label = {.key = profile_string(profile, "comm"),
				      .str = profile_string(profile, comm)};

	return profile_label_set(profile, &label, 1);
}

struct piece {
	enum frame_kind kind;
	const char *mapping, *name;
};

struct line {
	const char *comm;
	int64_t count;
	struct piece pieces[5];
};

#define PROGRAM "/usr/bin/server"
#define KERNEL "[kernel.kallsyms]"

static const struct line lines[] = {
	{"server", 5, {{0}}},
	{"server",
	 1,
	 {{FRAME_MARKER, "", "[incomplete: no unwind info]"}, {FRAME_USER, PROGRAM, "spin"}}},
	{"server",
	 20,
	 {{FRAME_USER, PROGRAM, "main"},
	  {FRAME_USER, PROGRAM, "handle"},
	  {FRAME_INLINE, PROGRAM, "parse"}}},
	{"server",
	 7,
	 {{FRAME_USER, PROGRAM, "main"},
	  {FRAME_USER, PROGRAM, "handle"},
	  {FRAME_INLINE, PROGRAM, "parse"},
	  {FRAME_INLINE, PROGRAM, "tiny"}}},
	{"server", 2, {{FRAME_USER, PROGRAM, "main"}, {FRAME_JIT, "[jit]", "jitted"}}},
	{"server",
	 3,
	 {{FRAME_USER, PROGRAM, "main"},
	  {FRAME_USER, "/usr/lib/libwork.so.1", "libwork.so.1+0x1f00"}}},
	{"server",
	 14,
	 {{FRAME_USER, PROGRAM, "main"},
	  {FRAME_USER, "/usr/lib/libc.so.6", "write"},
	  {FRAME_KERNEL, KERNEL, "ksys_write"},
	  {FRAME_KERNEL, KERNEL, "copy"}}},
	{"swapper", 8, {{FRAME_KERNEL, KERNEL, "idle"}}},
};

static void add_line(struct profile *profile, const struct line *line)
{
	uint32_t stack = 0;
	int64_t values[] = {line->count, line->count * 10};

	for (size_t i = 0; i < ARRAY_SIZE(line->pieces) && line->pieces[i].name; i++) {
		const struct piece *piece = &line->pieces[i];

		stack = profile_stack(
			profile, stack,
			support_frame(profile, piece->kind, piece->mapping, piece->name));
	}
	assert_int_not_equal(
		profile_sample(profile, stack, support_comm(profile, line->comm), values),
		PROFILE_NONE);
}

struct profile *support_profile(bool backwards)
{
	struct profile *profile = NULL;
	struct err err;

	assert_int_equal(profile_new(&profile), 0);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		add_line(profile, &lines[backwards ? ARRAY_SIZE(lines) - 1 - i : i]);
	profile->period = 10;
	profile->time_ns = INT64_C(1700000000123456789);
	profile->duration_ns = 5000000000;
	profile->host = profile_string(profile, "host1");
	profile->command = profile_string(profile, "server --now");
	strcpy(profile->ledger.event, "cpu-clock");
	profile->ledger.frequency_hz = 99;
	profile->ledger.samples.expected = profile->ledger.samples.recorded = 60;
	assert_int_equal(profile_check(profile, &err), 0);
	return profile;
}

struct profile *support_read_folded(const char *text)
{
	struct profile *profile = NULL;
	struct err err = {""};

	if (folded_read(text, strlen(text), &profile, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(profile_check(profile, &err), 0);
	return profile;
}

struct buf support_write(support_writer write, const struct profile *profile)
{
	struct buf buf = {0};
	struct sink *sink = NULL;
	struct err err = {""};

	assert_int_equal(sink_buf_new(&buf, &sink), 0);
	if (write(profile, sink, &err) < 0)
		fail_msg("%s", err.text);
	sink_free(sink);
	return buf;
}

void support_assert_text(const struct buf *buf, const char *text)
{
	struct buf copy = {0};

	buf_append(&copy, buf->data, buf->len);
	buf_append_byte(&copy, 0);
	assert_string_equal((const char *)copy.data, text);
	buf_free(&copy);
}

void support_assert_same(const struct buf *a, const struct buf *b)
{
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->data, b->data, a->len);
}
