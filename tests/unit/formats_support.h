/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the tests of the formats share. All of these fail the test when they cannot do it. */
#ifndef SMOLDER_TESTS_FORMATS_SUPPORT_H
#define SMOLDER_TESTS_FORMATS_SUPPORT_H

#include "formats/profile.h"
#include "formats/sink.h"

/* The page that smolder_viewer_html holds in tests. */
#define SUPPORT_PAGE_START "<!doctype html><title>page</title>"
#define SUPPORT_PAGE_END "<script>run()</script>"

/*
 * A small profile of every kind of frame, 60 samples in all; its folded text is SUPPORT_FOLDED. Built
 * backwards when `backwards`: the same facts under other ids.
 */
struct profile *support_profile(bool backwards);
extern const char support_folded[];

struct profile *support_read_folded(const char *text);

typedef int (*support_writer)(const struct profile *profile, struct sink *sink, struct err *err);

/* What the writer writes; the caller frees it with buf_free(). */
struct buf support_write(support_writer write, const struct profile *profile);

void support_assert_text(const struct buf *buf, const char *text);
void support_assert_same(const struct buf *a, const struct buf *b);

/* A frame of a function of this name in a mapping ("" none). */
uint32_t support_frame(struct profile *profile, enum frame_kind kind, const char *mapping,
		       const char *name);

/* The set {comm}. */
uint32_t support_comm(struct profile *profile, const char *comm);

#endif
