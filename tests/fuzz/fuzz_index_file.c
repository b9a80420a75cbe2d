// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as a file of the cache, with the checksums that make them worth reading: its tables are
 * searched and its units opened.
 */
#include "base/fs.h"
#include "symbolize/index_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#define NAME "fuzzed"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void seal(unsigned char *bytes, size_t len)
{
	index_file_seal(bytes, len);
	/* blocks are found only by what is in the tables: any place that could be one */
	for (size_t at = 0; at + sizeof(struct unit_index_header) <= len; at += 512)
		unit_index_seal((struct unit_index_header *)(void *)(bytes + at), len - at);
	index_file_seal(bytes, len);
}

static void ask(const struct index_file *file)
{
	size_t total = 0;

	for (size_t t = 0; t < INDEX_TABLE_COUNT; t++) {
		const struct intervals *table = &file->contents.tables[t];

		vec_for_each(&table->list, range) {
			const struct interval *found = intervals_find(table, range->start);

			if (found && t == INDEX_SYMBOLS)
				total += strlen(file->contents.names + found->value);
		}
	}
	for (uint32_t i = 0; i < file->unit_cnt; i++) {
		struct unit_index unit;
		struct unit_chain chain;

		if (index_file_unit(file, i, &unit) == 0)
			total += unit_index_find(&unit, unit.header->base, &chain);
	}
	if (total == SIZE_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_free_ unsigned char *bytes = calloc(1, len + 1);
	char directory[64] = "/tmp/smolder-fuzz-XXXXXX";
	_cleanup_close_ int place = -1, fd = -1;
	struct index_file file;

	if (!bytes || !mkdtemp(directory))
		return 0;
	memcpy(bytes, data, len);
	seal(bytes, len);
	place = index_directory_open(directory);
	fd = openat(place, NAME, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && fs_write_all(fd, bytes, len) == 0 &&
	    index_file_open(place, NAME, &file) == 0) {
		ask(&file);
		index_file_close(&file);
	}
	unlinkat(place, NAME, 0);
	rmdir(directory);
	return 0;
}
