// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/sandbox/confined_table.h"

#include "profiler/sandbox/worker_table.h"

#include <errno.h>

static int take_table(struct sandbox_worker *worker, struct sandbox_reply *reply,
		      struct unwind_table *ret_table)
{
	struct byte_reader description = byte_reader_of(reply->end.data, reply->end.len);
	int r = worker_table_read(&description, &reply->bytes, ret_table);

	if (r != -EBADMSG)
		return r;
	sandbox_worker_lied(worker);
	return -EPIPE;
}

static int compile(struct sandbox_worker *worker, int fd, struct unwind_table *ret_table)
{
	struct worker_message ask = {.kind = WORKER_TABLE, .fd = fd};
	struct sandbox_reply reply = {0};
	int r = sandbox_worker_ask(worker, &ask, NULL, &reply);

	if (r == 0)
		r = take_table(worker, &reply, ret_table);
	sandbox_reply_free(&reply);
	return r;
}

int confined_table_compile(struct sandbox *sandbox, struct elf_source source,
			   struct unwind_table *ret_table)
{
	_cleanup_sandbox_worker_ struct sandbox_worker *worker = NULL;

	if (!sandbox || source.memory)
		return unwind_table_compile(source, ret_table, NULL);
	if (sandbox_worker_start(sandbox, &worker) < 0)
		return -EPIPE;
	return compile(worker, source.fd, ret_table);
}
