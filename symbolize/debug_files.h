/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The files in which a distribution, or whoever built an object, keeps what was stripped off it. What
 * an object says about its debug files is written by whoever wrote the object: on the host only files
 * under the debug directory are opened for it, other paths go to the caller's opener, and whatever is
 * opened must prove by build-id or checksum that it belongs to the object.
 */
#ifndef SMOLDER_SYMBOLIZE_DEBUG_FILES_H
#define SMOLDER_SYMBOLIZE_DEBUG_FILES_H

#include "symbolize/elf_file.h"

struct debug_place {
	const char *directory;   /* "/usr/lib/debug" */
	const char *object_path; /* for .gnu_debuglink, which is looked for beside the object */
	/* Opens a path as the object's process sees it; < 0: no. NULL: such paths are left out. */
	int (*open)(void *ctx, uint32_t owner, const char *path);
	uint32_t owner; /* of the object, for that */
	/* Opens a path below `directory`. NULL: open(2). */
	int (*open_host)(void *ctx, const char *path);
	void *ctx;
	/* Gets the debug file of a build-id from elsewhere; < 0: no. NULL: there is no elsewhere. */
	int (*fetch)(void *ctx, const char *build_id);
	void *fetch_ctx;
};

/* By build-id, else by .gnu_debuglink. 0, -ENOENT or -ENOMEM. */
int debug_files_find(const struct elf_file *object, const struct debug_place *place,
		     struct elf_file **ret_debug) _warn_unused_;

/*
 * dwz's common file, by the .gnu_debugaltlink of a file with DWARF, under the debug directory only.
 * 0, -ENODATA (it has no such link), -ENOENT (the file is not there) or -ENOMEM.
 */
int debug_files_find_alternate(const struct elf_file *dwarf, const struct debug_place *place,
			       struct elf_file **ret_alternate) _warn_unused_;

#endif
