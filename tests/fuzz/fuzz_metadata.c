// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a skippable frame says is foreign JSON, the ledger in it too: it is refused or makes a sound profile. */
#include "formats/folded.h"
#include "formats/metadata.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char folded[] = "server;main 3\nserver;main;write_[k] 4\n";
	_cleanup_buf_ struct buf out = {0};
	struct profile *profile = NULL;
	struct err err;

	if (folded_read(folded, strlen(folded), &profile, &err) < 0)
		abort();
	if (metadata_apply((const char *)data, len, profile, &err) == 0) {
		if (profile_check(profile, &err) < 0 || profile_total(profile, 0) != 7)
			abort();
		metadata_append(profile, 0, &out);
	}
	profile_free(profile);
	return buf_error(&out) ? -1 : 0;
}
