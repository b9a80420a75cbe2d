// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/kernel_modules.h"

#include "base/fs.h"
#include "base/hashindex.h"

#define MODULES_LEN_MAX ((size_t)1024 * 1024) /* some 100 bytes each */

/* "nf_nat 65536 2 nft_nat,xt_nat, Live 0xffffffffc0a1b000", m_show() in kernel/module/procfs.c */
enum { COLUMN_USES = 2, COLUMN_USERS = 3 };

uint64_t kernel_modules_now(const char *path)
{
	_cleanup_buf_ struct buf text = {0};
	uint32_t column = 0;
	size_t kept = 0;

	if (fs_read_file(path, MODULES_LEN_MAX, &text) < 0)
		return 0;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = text.data[i];

		if (column != COLUMN_USES && column != COLUMN_USERS)
			text.data[kept++] = c;
		column = c == '\n' ? 0 : column + (c == ' ');
	}
	return hash_bytes(text.data, kept);
}
