// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/cli/confine.h"

#include "base/buf.h"
#include "profiler/cli/msg.h"

#include <inttypes.h>

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

void confine_tell_failures(struct sandbox *sandbox)
{
	_cleanup_buf_ struct buf reasons = {0};
	struct sandbox_counters counters;
	uint64_t failed = 0;

	if (!sandbox)
		return;
	sandbox_take_counters(sandbox, &counters);
	for (size_t i = 0; i < SANDBOX_FAILURE_CNT; i++) {
		if (counters.failed[i])
			buf_appendf(&reasons, "%s%s %" PRIu64, failed ? ", " : "",
				    sandbox_failure_name((enum sandbox_failure)i),
				    counters.failed[i]);
		failed += counters.failed[i];
	}
	buf_append_byte(&reasons, '\0');
	if (failed && !buf_error(&reasons))
		msg_warning("workers failed at %" PRIu64 " file%s (%s): frames there have no names",
			    failed, failed == 1 ? "" : "s", (const char *)reasons.data);
}
