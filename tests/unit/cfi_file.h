/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ELF files made by hand, entry by entry of their unwind information. */
#ifndef SMOLDER_TESTS_CFI_FILE_H
#define SMOLDER_TESTS_CFI_FILE_H

#include "base/buf.h"

#define CODE UINT64_C(0x401000)
#define CODE_LEN 0x5000
#define CFI_ADDRESS UINT64_C(0x300400) /* of the unwind information, as loaded */
#define CFI_OFFSET 0x400               /* and in the file */

/* One file: headers, unwind information, section headers if there is a name for the section. */
struct cfi_file {
	struct buf cfi;
	const char *section;
	uint64_t section_flags;
	bool debug;                  /* entries as in .debug_frame */
	bool wide;                   /* entries with 64-bit lengths */
	size_t cie;                  /* offset of the last CIE */
	const struct cfi_file *also; /* its section goes into the same file; NULL: none */
};

struct cfi_bytes {
	const void *data;
	size_t len;
};

#define BYTES(...)                                                                                 \
	(struct cfi_bytes)                                                                         \
	{                                                                                          \
		(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})             \
	}
#define NOTHING                                                                                    \
	(struct cfi_bytes)                                                                         \
	{                                                                                          \
		"", 0                                                                              \
	}

/* A number, little endian. */
void cfi_file_put(struct buf *buf, uint64_t value, size_t len);

/* A CIE of the version, 1, 3 or 4, with these letters and this augmentation data. */
void cfi_file_put_cie_version(struct cfi_file *file, uint8_t version, const char *augmentation,
			      struct cfi_bytes data);
void cfi_file_put_cie(struct cfi_file *file, const char *augmentation, struct cfi_bytes data);

/* What .eh_frame of every compiler has: pc-relative, 4 bytes, signed; and FDEs that go with it. */
void cfi_file_put_usual_cie(struct cfi_file *file);
void cfi_file_put_fde(struct cfi_file *file, uint64_t start, uint32_t len,
		      struct cfi_bytes program);

/* FDEs of the last CIE: with addresses as they are; of 8 bytes, DW_CFA_def_cfa_offset 16 at 1. */
void cfi_file_put_encoded_fde(struct cfi_file *file, struct cfi_bytes addresses, bool augmented,
			      struct cfi_bytes program);
void cfi_file_put_absolute_fde(struct cfi_file *file, uint64_t start, uint64_t len, bool augmented);

/* The whole file: code at CODE, PT_GNU_EH_FRAME, section headers when the section has a name. */
void cfi_file_make_elf(const struct cfi_file *file, struct buf *ret_elf);

#endif
