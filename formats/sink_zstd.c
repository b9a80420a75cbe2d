// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/sink.h"
#include "formats/sink_ops.h"

#include <errno.h>
#include <zstd.h>

#define LEVEL 3
#define WINDOW_LOG 23 /* 8 MiB: what every decoder must accept (RFC 9659) */

struct sink_zstd {
	struct sink sink;
	struct sink *next;
	ZSTD_CCtx *context;
	unsigned char out[(size_t)32 << 10];
};

static int run(struct sink_zstd *zstd, ZSTD_inBuffer *in, ZSTD_EndDirective directive)
{
	size_t left;

	do {
		ZSTD_outBuffer out = {.dst = zstd->out, .size = sizeof(zstd->out)};
		int r;

		left = ZSTD_compressStream2(zstd->context, &out, in, directive);
		if (ZSTD_isError(left))
			return -EIO;
		r = sink_write(zstd->next, zstd->out, out.pos);
		if (r < 0)
			return r;
	} while (directive == ZSTD_e_continue ? in->pos < in->size : left > 0);
	return 0;
}

static int zstd_write(struct sink *sink, const void *data, size_t len)
{
	ZSTD_inBuffer in = {.src = data, .size = len};

	return run((struct sink_zstd *)sink, &in, ZSTD_e_continue);
}

static int zstd_flush(struct sink *sink)
{
	ZSTD_inBuffer in = {0};

	return run((struct sink_zstd *)sink, &in, ZSTD_e_flush);
}

static int zstd_finish(struct sink *sink)
{
	ZSTD_inBuffer in = {0};

	return run((struct sink_zstd *)sink, &in, ZSTD_e_end);
}

static void zstd_release(struct sink *sink)
{
	ZSTD_freeCCtx(((struct sink_zstd *)sink)->context);
}

static int configure(ZSTD_CCtx *context)
{
	static const struct {
		ZSTD_cParameter parameter;
		int value;
	} settings[] = {
		{ZSTD_c_compressionLevel, LEVEL},
		{ZSTD_c_enableLongDistanceMatching, 1},
		{ZSTD_c_windowLog, WINDOW_LOG},
		{ZSTD_c_checksumFlag, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (ZSTD_isError(ZSTD_CCtx_setParameter(context, settings[i].parameter,
							settings[i].value)))
			return -EINVAL;
	return 0;
}

int sink_zstd_new(struct sink *next, struct sink **ret_sink)
{
	static const struct sink_ops ops = {
		.write = zstd_write,
		.flush = zstd_flush,
		.finish = zstd_finish,
		.release = zstd_release,
	};
	_cleanup_sink_ struct sink *owned = NULL;
	struct sink_zstd *sink = calloc(1, sizeof(*sink));
	int r;

	if (!sink)
		return -ENOMEM;
	sink->sink.ops = &ops;
	owned = &sink->sink;
	sink->next = next;
	sink->context = ZSTD_createCCtx();
	if (!sink->context)
		return -ENOMEM;
	r = configure(sink->context);
	if (r == 0)
		*ret_sink = TAKE_PTR(owned);
	return r;
}
