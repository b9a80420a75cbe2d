/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The zstd frame that holds a profile's metadata: RFC 8878, 3.1.2. */
#ifndef SMOLDER_FORMATS_SKIPPABLE_H
#define SMOLDER_FORMATS_SKIPPABLE_H

#define SKIPPABLE_METADATA_MAGIC 0x184D2A50u /* the first of the sixteen skippable ones */
#define SKIPPABLE_METADATA_MAX ((size_t)16 << 20)

#endif
