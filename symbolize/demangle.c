// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/demangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <string.h>

/*
 * libiberty keeps two components of some 40 bytes per character of a C++ name on the stack, so the
 * length of what goes in is bounded; a name of a few hundred bytes can unfold to gigabytes through
 * back references, so what comes out is bounded too.
 */
#define MANGLED_LEN_MAX 8192
#define READABLE_LEN_MAX 16384

struct sink {
	struct buf *out;
	size_t start;
	jmp_buf too_long;
};

/*
 * The demanglers offer no way to stop. Jumping out of them is safe as they own nothing but stack
 * while they print, and is what bounds their time as well.
 */
static void sink_append(const char *text, size_t len, void *opaque)
{
	struct sink *sink = opaque;

	if (sink->out->len - sink->start + len > READABLE_LEN_MAX)
		longjmp(sink->too_long, 1);
	buf_append(sink->out, text, len);
}

static bool is_rust_v0(const char *name)
{
	return name[0] == '_' && name[1] == 'R';
}

static bool is_itanium(const char *name)
{
	return strncmp(name, "_Z", 2) == 0 || strncmp(name, "_GLOBAL_", 8) == 0;
}

/* A legacy Rust name is a C++ name too, with a hash for a last component: Rust goes first. */
static bool print_readable(const char *name, struct sink *sink)
{
	size_t start = sink->out->len;

	if (rust_demangle_callback(name, 0, sink_append, sink))
		return true;
	sink->out->len = start;
	return is_itanium(name) &&
	       cplus_demangle_v3_callback(name, DMGL_PARAMS | DMGL_ANSI, sink_append, sink);
}

bool demangle_append(const char *name, struct buf *out)
{
	struct sink sink = {.out = out, .start = out->len};

	if ((!is_rust_v0(name) && !is_itanium(name)) ||
	    strnlen(name, MANGLED_LEN_MAX + 1) > MANGLED_LEN_MAX)
		return false;
	if (setjmp(sink.too_long) == 0 && print_readable(name, &sink) && buf_error(out) == 0 &&
	    out->len > sink.start)
		return true;
	out->len = sink.start;
	return false;
}
