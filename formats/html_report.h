/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The viewer's page with a profile in it: docs/FORMATS.md, "The viewer's data block". */
#ifndef SMOLDER_FORMATS_HTML_REPORT_H
#define SMOLDER_FORMATS_HTML_REPORT_H

#include "formats/profile.h"
#include "formats/sink.h"
#include "formats/viewer_page.h"

/* -EINVAL when the page has no place for data, or the profile negative values. */
int html_report_write(const struct profile *profile, const struct viewer_page *page,
		      struct sink *sink, struct err *err) _warn_unused_;

/* The block alone, not compressed. */
int html_report_write_block(const struct profile *profile, struct sink *sink, struct err *err)
	_warn_unused_;

#endif
