// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/cli/confine.h"

#include "profiler/cli/msg.h"

int confine_open(bool unwanted, struct sandbox **ret_sandbox)
{
	struct err problem;
	int r;

	*ret_sandbox = NULL;
	if (unwanted) {
		msg_warning(
			"--no-sandbox: files that others wrote are parsed in this process, with "
			"all its privileges");
		return 0;
	}
	r = sandbox_new(NULL, ret_sandbox);
	if (r < 0)
		msg_error("out of memory");
	else if (sandbox_check(*ret_sandbox, &problem) < 0)
		msg_warning("%s", problem.text);
	return r;
}
