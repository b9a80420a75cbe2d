/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What people call a frame: many addresses of one function are one name. The profile's frames, and
 * if wanted its label sets, as ids of names: the keys of a calltree.
 */
#ifndef SMOLDER_FORMATS_CALLNAMES_H
#define SMOLDER_FORMATS_CALLNAMES_H

#include "formats/calltree.h"
#include "formats/profile.h"

/* The first five are enum frame_kind. */
enum callname_kind {
	CALLNAME_PROCESS = FRAME_MARKER + 1, /* a root: comm, or "comm-pid/tid" */
	CALLNAME_USER_UNNAMED,               /* the name is only "object+0x1234" */
	CALLNAME_KERNEL_UNNAMED,
};

struct callname {
	uint32_t name, module, file; /* strings of callnames.strings; 0: none */
	uint32_t line;               /* where the function is declared; 0: unknown */
	uint32_t kind;
};

struct callnames {
	struct strtab strings; /* valid UTF-8 */
	VEC(struct callname) names;
	uint32_t *frames; /* by frame id */
	uint32_t *roots;  /* by label set; CALLTREE_NONE: it has no comm */
	struct hashindex index;
};

enum callnames_detail {
	CALLNAMES_FRAMES,    /* by name, module, file, line and kind */
	CALLNAMES_FUNCTIONS, /* by name, module and side: inlined or not is the same function */
};

int callnames_init(const struct profile *profile, enum callnames_detail detail,
		   struct callnames *ret_names) _warn_unused_;
void callnames_free(struct callnames *names); /* of names that are all zero, too */

/* A word for each kind: "user", "kernel", "inlined", … */
const char *callname_kind_text(uint32_t kind);

static inline const char *callname_text(const struct callnames *names, uint32_t string)
{
	return strtab_get(&names->strings, string);
}

#define _cleanup_callnames_ _cleanup_(callnames_free)

#endif
