/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * pprof's profile.proto (github.com/google/pprof, proto/profile.proto), and what of a profile goes
 * where in it: docs/FORMATS.md, "pprof".
 */
#ifndef SMOLDER_FORMATS_PPROF_H
#define SMOLDER_FORMATS_PPROF_H

#include "formats/profile.h"
#include "formats/sink.h"

/* The message itself; a .pb.gz is this through sink_gzip_new(). */
int pprof_write(const struct profile *profile, struct sink *sink, struct err *err) _warn_unused_;

/*
 * Reads one message, decompressed. -EINVAL when it is not one, or not a valid profile, with a message
 * that begins with "byte N" where there is a place; -EFBIG above the caps.
 */
int pprof_read(const void *data, size_t len, struct profile **ret_profile, struct err *err)
	_warn_unused_;

/* Comments that carry what profile.proto has no field for; each is this and then its text. */
#define PPROF_COMMENT_LEDGER "smolder-ledger: "
#define PPROF_COMMENT_EVENT "smolder-event: "
#define PPROF_COMMENT_FREQUENCY "smolder-frequency-hz: "
#define PPROF_COMMENT_HOST "smolder-host: "
#define PPROF_COMMENT_COMMAND "smolder-command: "

/* Field numbers of profile.proto. */
enum {
	PPROF_SAMPLE_TYPE = 1,
	PPROF_SAMPLE = 2,
	PPROF_MAPPING = 3,
	PPROF_LOCATION = 4,
	PPROF_FUNCTION = 5,
	PPROF_STRING_TABLE = 6,
	PPROF_DROP_FRAMES = 7,
	PPROF_KEEP_FRAMES = 8,
	PPROF_TIME_NANOS = 9,
	PPROF_DURATION_NANOS = 10,
	PPROF_PERIOD_TYPE = 11,
	PPROF_PERIOD = 12,
	PPROF_COMMENT = 13,
	PPROF_DEFAULT_SAMPLE_TYPE = 14,
	PPROF_DOC_URL = 15,

	PPROF_VALUE_TYPE_TYPE = 1,
	PPROF_VALUE_TYPE_UNIT = 2,

	PPROF_SAMPLE_LOCATION_ID = 1,
	PPROF_SAMPLE_VALUE = 2,
	PPROF_SAMPLE_LABEL = 3,

	PPROF_LABEL_KEY = 1,
	PPROF_LABEL_STR = 2,
	PPROF_LABEL_NUM = 3,
	PPROF_LABEL_NUM_UNIT = 4,

	PPROF_MAPPING_ID = 1,
	PPROF_MAPPING_MEMORY_START = 2,
	PPROF_MAPPING_MEMORY_LIMIT = 3,
	PPROF_MAPPING_FILE_OFFSET = 4,
	PPROF_MAPPING_FILENAME = 5,
	PPROF_MAPPING_BUILD_ID = 6,
	PPROF_MAPPING_HAS_FUNCTIONS = 7,
	PPROF_MAPPING_HAS_FILENAMES = 8,
	PPROF_MAPPING_HAS_LINE_NUMBERS = 9,
	PPROF_MAPPING_HAS_INLINE_FRAMES = 10,

	PPROF_LOCATION_ID = 1,
	PPROF_LOCATION_MAPPING_ID = 2,
	PPROF_LOCATION_ADDRESS = 3,
	PPROF_LOCATION_LINE = 4,
	PPROF_LOCATION_IS_FOLDED = 5,

	PPROF_LINE_FUNCTION_ID = 1,
	PPROF_LINE_LINE = 2,
	PPROF_LINE_COLUMN = 3,

	PPROF_FUNCTION_ID = 1,
	PPROF_FUNCTION_NAME = 2,
	PPROF_FUNCTION_SYSTEM_NAME = 3,
	PPROF_FUNCTION_FILENAME = 4,
	PPROF_FUNCTION_START_LINE = 5,
};

#endif
