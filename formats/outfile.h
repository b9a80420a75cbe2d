/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Output files that are whole or not there. A regular file is written without a name (or under a
 * temporary one beside its place), synced, and takes its name last; an existing file of that name
 * keeps its permissions. A symbolic link of that name is replaced, not followed. What is not a
 * regular file (a FIFO, a device, "-", /dev/stdout) is written to as it stands.
 *
 *	outfile_open() … write to ->fd … outfile_publish()
 *
 * Nothing is left behind by outfile_close() when the file was not published.
 */
#ifndef SMOLDER_FORMATS_OUTFILE_H
#define SMOLDER_FORMATS_OUTFILE_H

#include "base/err.h"

#include <stdbool.h>

struct outfile {
	const char *path; /* borrowed */
	int fd;           /* to write to; -1: not open */
	bool direct;      /* no regular file: there is nothing to publish */
	bool synced;
	bool replaced; /* temp_path now names what the path named before */
	bool published;
	char *temp_path; /* owned; NULL: the file has no name yet */
};

/* Is the path a stream: "-", or standard output by one of its names in /dev? */
bool outfile_is_stdout(const char *path);

/* Could the path be written to? Makes and changes nothing. 0, or < 0 with a message. */
int outfile_check(const char *path, struct err *err) _warn_unused_;

int outfile_open(const char *path, struct outfile *ret_file, struct err *err) _warn_unused_;

/* What was written is on the disk; publishing does it, but one file after the other. */
int outfile_sync(struct outfile *file, struct err *err) _warn_unused_;

/*
 * Syncs all files, then gives each its name: all or none. When one cannot have its name, those
 * before it get back what stood there.
 */
int outfile_publish(struct outfile *files, size_t count, struct err *err) _warn_unused_;

/* The message for a failed write: a full disk or a closed pipe are named as what they are. */
int outfile_write_error(const struct outfile *file, int code, struct err *err);

void outfile_close(struct outfile *file); /* of one that is not open, too */

#endif
