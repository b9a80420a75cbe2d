/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a kind of sink implements; for sink*.c only. */
#ifndef SMOLDER_FORMATS_SINK_OPS_H
#define SMOLDER_FORMATS_SINK_OPS_H

#include "formats/sink.h"

struct sink_ops {
	int (*write)(struct sink *sink, const void *data, size_t len);
	int (*flush)(struct sink *sink);    /* may be NULL */
	int (*finish)(struct sink *sink);   /* may be NULL */
	void (*release)(struct sink *sink); /* what the sink owns, not the sink; may be NULL */
};

/* The first member of every kind of sink. */
struct sink {
	const struct sink_ops *ops;
	int error; /* the first failure */
};

#endif
