// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/cli/debug_servers.h"

#include "profiler/cli/msg.h"

static void say(void *ctx, const char *text)
{
	(void)ctx;
	msg_info("%s", text);
}

int debug_servers_open(bool is_wanted, struct debuginfod **ret_client)
{
	const struct debuginfod_options options = {.say = say};
	struct err err;
	int r;

	*ret_client = NULL;
	if (!is_wanted)
		return 0;
	r = debuginfod_open(&options, ret_client, &err);
	if (r < 0)
		msg_error("--debuginfod: %s", err.text);
	return r;
}
