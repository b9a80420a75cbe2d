/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A profile for scripts, as JSON: docs/FORMATS.md, "JSON report". */
#ifndef SMOLDER_FORMATS_JSON_REPORT_H
#define SMOLDER_FORMATS_JSON_REPORT_H

#include "formats/profile.h"
#include "formats/sink.h"

int json_report_write(const struct profile *profile, struct sink *sink, struct err *err)
	_warn_unused_;

#endif
