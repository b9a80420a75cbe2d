/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The bytes of an object's call frame information, and the addresses its encodings refer to. An
 * object may have two: what it unwinds itself with when it throws, and what it was given for
 * debuggers. Go has only the latter for its own code, and the former for the C code it was linked
 * with.
 */
#ifndef SMOLDER_UNWIND_CFI_SECTION_H
#define SMOLDER_UNWIND_CFI_SECTION_H

#include "profiler/unwind/elf_image.h"

/* The largest seen in any binary is some 30 MB; file offsets of entries are kept in 32 bits. */
#define CFI_LEN_MAX (256u << 20)

enum cfi_format {
	CFI_NONE,        /* the object has none */
	CFI_EH_FRAME,    /* section .eh_frame */
	CFI_EH_HEADER,   /* what PT_GNU_EH_FRAME points at; ends at its terminator */
	CFI_DEBUG_FRAME, /* section .debug_frame or .zdebug_frame */
};

struct cfi_section {
	enum cfi_format format;
	struct buf bytes;
	uint64_t address;      /* of the first byte: what DW_EH_PE_pcrel is relative to */
	uint64_t text_address; /* of .text: DW_EH_PE_textrel */
	uint64_t data_address; /* of .got: DW_EH_PE_datarel */
};

/*
 * Find and read them. 0, also when there is none; -EFBIG when it is larger than CFI_LEN_MAX, -ENODATA
 * when the file does not hold all of it, -EBADMSG or -ENOTSUP when it cannot be decompressed, -ENOMEM.
 */
int cfi_section_load_eh(const struct elf_image *image, struct cfi_section *ret_section)
	_warn_unused_;
int cfi_section_load_debug(const struct elf_image *image, struct cfi_section *ret_section)
	_warn_unused_;
void cfi_section_free(struct cfi_section *section);

#endif
