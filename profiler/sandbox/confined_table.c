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

static void tell_death(const struct sandbox_worker *worker, struct err *err)
{
	err_set(err, -EPIPE, "the worker that was to read it failed (%s)",
		sandbox_failure_name(sandbox_worker_failure(worker)));
}

/* In the worker's words, if it said any. */
static void tell_reason(int error, const struct buf *words, struct err *err)
{
	if (words->len)
		err_set(err, error, "%.*s", (int)MIN(words->len, sizeof(err->text)),
			(const char *)words->data);
	else
		err_errno(err, error, "cannot make the unwind table");
}

static int compile(struct sandbox_worker *worker, int fd, struct unwind_table *ret_table,
		   struct err *err)
{
	struct worker_message ask = {.kind = WORKER_TABLE, .fd = fd};
	struct sandbox_reply reply = {0};
	int r = sandbox_worker_ask(worker, &ask, NULL, &reply);

	if (r < 0 && r != -EPIPE)
		tell_reason(r, &reply.end, err);
	if (r == 0)
		r = take_table(worker, &reply, ret_table);
	if (r == -EPIPE)
		tell_death(worker, err);
	sandbox_reply_free(&reply);
	return r;
}

int confined_table_compile(struct sandbox *sandbox, struct elf_source source,
			   struct unwind_table *ret_table, struct err *err)
{
	_cleanup_sandbox_worker_ struct sandbox_worker *worker = NULL;

	if (!sandbox || source.memory)
		return unwind_table_compile(source, ret_table, err);
	if (sandbox_worker_start(sandbox, &worker) < 0)
		return err_set(err, -EPIPE, "there is no worker to read it");
	return compile(worker, source.fd, ret_table, err);
}
