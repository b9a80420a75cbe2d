/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The viewer: one self-contained page, built from web-static/ and linked into the program as bytes. It
 * holds, once, the empty element VIEWER_PAGE_ELEMENT, which an .html report fills with its data.
 */
#ifndef SMOLDER_FORMATS_VIEWER_PAGE_H
#define SMOLDER_FORMATS_VIEWER_PAGE_H

#include <stddef.h>

#define VIEWER_PAGE_ELEMENT_START "<script type=\"application/octet-stream\" id=\"smolder-data\">"
#define VIEWER_PAGE_ELEMENT VIEWER_PAGE_ELEMENT_START "</script>"

extern const unsigned char smolder_viewer_html[];
extern const size_t smolder_viewer_html_len;

struct viewer_page {
	const unsigned char *html;
	size_t len;
};

#endif
