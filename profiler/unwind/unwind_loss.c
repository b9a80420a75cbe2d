// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/unwind/unwind_loss.h"

static const char *const names[UNWIND_LOSS_CNT] = {
	[UNWIND_LOSS_NONE] = "none",
	[UNWIND_LOSS_PROGRAM] = "broken instructions",
	[UNWIND_LOSS_REMEMBER] = "remembered states",
	[UNWIND_LOSS_CFA_UNSET] = "no CFA",
	[UNWIND_LOSS_CFA_EXPRESSION] = "CFA expression",
	[UNWIND_LOSS_CFA_REGISTER] = "CFA register",
	[UNWIND_LOSS_CFA_OFFSET] = "CFA offset",
	[UNWIND_LOSS_SP] = "stack pointer is not the CFA",
	[UNWIND_LOSS_RA_PLACE] = "return address place",
	[UNWIND_LOSS_RA_EXPRESSION] = "return address expression",
	[UNWIND_LOSS_RA_OFFSET] = "return address offset",
	[UNWIND_LOSS_AUX] = "CFA and return address combined",
	[UNWIND_LOSS_RULES] = "too many distinct rules",
	[UNWIND_LOSS_FP_PLACE] = "frame pointer place",
	[UNWIND_LOSS_FP_EXPRESSION] = "frame pointer expression",
	[UNWIND_LOSS_FP_OFFSET] = "frame pointer offset",
};

const char *unwind_loss_name(enum unwind_loss loss)
{
	return loss < UNWIND_LOSS_CNT ? names[loss] : "unknown";
}
