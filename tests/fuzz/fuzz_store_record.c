// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A window's record is foreign JSON: it is refused, or what it says is sound and is written the same again. */
#include "formats/store_record.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void write_again(const struct store_record *record, struct buf *out)
{
	store_record_append(record, record->facts, &record->rows, out);
	if (buf_error(out))
		abort();
}

static void check(const struct store_record *record)
{
	_cleanup_buf_ struct buf first = {0}, second = {0};
	struct store_record again = {0};
	struct err err;

	if (profile_check(record->facts, &err) < 0)
		abort();
	write_again(record, &first);
	if (store_record_parse((const char *)first.data, first.len, &again, &err) < 0)
		abort();
	write_again(&again, &second);
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
		abort();
	store_record_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct store_record record = {0};
	struct err err;

	if (store_record_parse((const char *)data, len, &record, &err) == 0)
		check(&record);
	store_record_free(&record);
	return 0;
}
