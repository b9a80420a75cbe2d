/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Profiles as files: which format a name asks for, which one a file has, and writing several files
 * so that each is either whole or not there.
 */
#ifndef SMOLDER_FORMATS_FORMAT_H
#define SMOLDER_FORMATS_FORMAT_H

#include "formats/profile.h"

/*
 * Would a profile be written to this path? Checks the suffix (.folded .folded.zst .pb.gz .html
 * .json, or "-") and that its directory can be written to, so that a typing error is told before
 * the recording and not after it. 0, or < 0 with a message.
 */
int format_check_output(const char *path, struct err *err) _warn_unused_;

/* As format_check_output(), for all outputs of one run; none may be given twice. */
int format_check_outputs(const char *const *paths, size_t count, struct err *err) _warn_unused_;

/*
 * Writes one profile to each of the paths in the format its suffix asks for; "-" is folded text on
 * standard output. All files are written and synced under temporary names first and renamed
 * last: on failure no path has been touched. The bytes depend on the profile alone.
 */
int format_write_files(const struct profile *profile, const char *const *paths, size_t count,
		       struct err *err) _warn_unused_;

/* As format_write_files(), for one blob of bytes: the --ledger file. */
int format_write_bytes(const char *path, const void *data, size_t len, struct err *err)
	_warn_unused_;

/*
 * Reads a profile of any readable format (folded, folded.zst, pprof gzipped or raw; folded text with
 * gzip too); the content decides, not the name; "-" is standard input. -EINVAL and a message that
 * names the file and where in it when it is not one; caps on decompressed size (1 GiB).
 */
int format_read_file(const char *path, struct profile **ret_profile, struct err *err) _warn_unused_;

#endif
