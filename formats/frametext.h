/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames and roots as text, the same in every format. */
#ifndef SMOLDER_FORMATS_FRAMETEXT_H
#define SMOLDER_FORMATS_FRAMETEXT_H

#include "formats/profile.h"

/* Mappings that stand for a kind of code when there is no object file to name. */
#define FRAMETEXT_KERNEL_MAPPING "[kernel.kallsyms]"
#define FRAMETEXT_JIT_MAPPING "[jit]"

#define FRAMETEXT_MARKER_START "[incomplete: "

/* Appends the function's name, or "object+0x1234" when there is none. Uncleaned. */
void frametext_append_name(const struct profile *profile, uint32_t frame, struct buf *out);

/* The file name of the frame's mapping, without directories; "" when it has none. Uncleaned. */
const char *frametext_module(const struct profile *profile, uint32_t frame);

/* Is the name only "object+0x1234"? */
bool frametext_is_unnamed(const struct profile *profile, uint32_t frame);

/* Is this code of the kernel? An inlined frame is where its caller is. */
bool frametext_is_kernel(const struct profile *profile, uint32_t frame);

/*
 * The kind of a physical frame by its mapping's name (kernel, module, JIT) or, without a mapping, by its
 * own name (a marker); for formats that do not say it.
 */
enum frame_kind frametext_guess_kind(const char *mapping, const char *name);

/* Is this text "[incomplete: REASON]"? */
bool frametext_is_marker(const char *text, size_t len);

/* Appends the frame as folded text has it: cleaned, with its "_[k]", "_[i]" or "_[j]". */
void frametext_append_folded(const struct profile *profile, uint32_t frame, struct buf *out);

/*
 * Appends what folded text has as a label set's root: "comm", or "comm-pid/tid" when the set has
 * numeric pid and tid; nothing when it has no comm.
 */
void frametext_append_root(const struct profile *profile, uint32_t labels, struct buf *out);

/* Does it end in white space and digits, so that readers would take it for a count? */
bool frametext_ends_like_count(const char *text, size_t len);

#endif
