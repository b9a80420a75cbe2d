/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What was found out about an object, kept on disk to be mapped again: the ranges of its symbols,
 * units, unnamed functions and stack ends, its symbols' names, and the index of each unit that was
 * ever hit. One file an object; this is all that knows its layout:
 *
 *	header | four tables of ranges | units | names | indexes of units (unit_index.h)
 *
 * in the byte order of the machine, each part at a multiple of 8. Such a file is read only when we own
 * it and nobody else may write it, and is checked as if anybody could: the checksum of all before the
 * indexes, and every number in it, when it is opened, an index when its unit is first hit. Files are
 * written aside and renamed, so that two processes at once, or a crash, leave a whole file or none.
 */
#ifndef SMOLDER_SYMBOLIZE_INDEX_FILE_H
#define SMOLDER_SYMBOLIZE_INDEX_FILE_H

#include "symbolize/unit_index.h"

#define INDEX_FILE_NAME_LEN 256 /* with its NUL */

enum index_table { INDEX_SYMBOLS, INDEX_UNITS, INDEX_FUNCTIONS, INDEX_BASES, INDEX_TABLE_COUNT };

enum index_flag {
	INDEX_DYNAMIC = 1,    /* symtab.is_dynamic */
	INDEX_HAS_UNITS = 2,  /* there are units */
	INDEX_LOST_DWARF = 4, /* there is DWARF that could not be used */
	INDEX_GO_UNITS = 8,   /* the units are those of Go's tables */
};

struct index_unit {           /* one of the object's units */
	uint64_t offset, len; /* of its index in the file; 0: not there */
	uint64_t cu;          /* its number in the DWARF, or in Go's tables */
};

struct index_contents {
	struct intervals tables[INDEX_TABLE_COUNT]; /* symbols: where the name is; units: which */
	const char *names;                          /* ends in a NUL, or is empty */
	uint32_t names_len;
	uint32_t flags;
	uint64_t cut_cnt; /* what the caps cost us as this was made */
};

struct index_file { /* all zero: there is none */
	void *map;
	size_t len;
	struct index_contents contents; /* points into the map */
	const struct index_unit *units;
	uint32_t unit_cnt, missing_cnt; /* missing: units without an index */
};

/* A directory for these files, made when it is not there; -EPERM when others may write to it. */
int index_directory_open(const char *path) _warn_unused_; /* a descriptor or -errno */

/* Removes what was used longest ago until no more than max_len bytes are left. */
void index_directory_trim(int directory, uint64_t max_len);

/* Opens one to be mapped: a descriptor, -ENOENT or -EPERM (not ours alone). */
int index_file_find(int directory, const char *name) _warn_unused_;

/* 0, -ENOENT (it cannot be mapped) or -EBADMSG (broken, or of another version); fd stays the caller's. */
int index_file_map(int fd, struct index_file *ret_file) _warn_unused_;

/* Both. */
int index_file_open(int directory, const char *name, struct index_file *ret_file) _warn_unused_;
void index_file_close(struct index_file *file);

/* Gives the `len` bytes of a file, whatever they are, the length and the checksum they need. */
void index_file_seal(void *bytes, size_t len);

/* The index of a unit; it lives as long as the file. 0, -ENODATA (not there) or -EBADMSG. */
int index_file_unit(const struct index_file *file, uint32_t number, struct unit_index *ret_index)
	_warn_unused_;

/* What is written for one unit. */
struct index_unit_source {
	const struct unit_index_header *block; /* NULL: not there */
	uint32_t cu;
};

struct index_units {
	VEC(struct index_unit_source) list;
};

/* Takes the next bytes of a file, in order. 0 or -errno, and then it gets no more. */
typedef int (*index_write_fn)(void *ctx, const void *bytes, size_t len);

/* 0, -EFBIG, -ENOMEM or what `write` failed with. index_store.h has a place for the bytes. */
int index_file_emit(const struct index_contents *contents, const struct index_units *units,
		    index_write_fn write, void *ctx) _warn_unused_;

#endif
