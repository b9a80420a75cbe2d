// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/buf.h"
#include "profiler/unwind/row_rule.h"

#include <stdio.h>

static const char *register_name(int reg)
{
	static const char *const names[UNWIND_REGISTER_CNT] = {
		"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8",
		"r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rip"};

	return reg >= 0 && reg < UNWIND_REGISTER_CNT ? names[reg] : "?";
}

static void print_cfa(FILE *out, struct unwind_rule rule)
{
	switch (UNWIND_KIND(rule)) {
	case UNWIND_SP:
		fprintf(out, "rsp%+d", rule.offset);
		break;
	case UNWIND_FP:
		fprintf(out, "rbp%+d", rule.offset);
		break;
	case UNWIND_SP_DEREF:
		fprintf(out, "*(rsp%+d)%+d", rule.offset, rule.aux * 8);
		break;
	case UNWIND_FP_DEREF:
		fprintf(out, "*(rbp%+d)%+d", rule.offset, rule.aux * 8);
		break;
	case UNWIND_PLT:
		fprintf(out, "rsp+8+((rip&15)>=%d)*8", rule.offset);
		break;
	case UNWIND_SP_INDEX:
		fprintf(out, "*(rsp%+d+%s*8)+8", rule.offset, register_name(rule.aux));
		break;
	case UNWIND_REGISTER:
		fprintf(out, "%s%+d", register_name(rule.aux), rule.offset);
		break;
	default:
		fputs("?", out);
	}
}

static void print_ra(FILE *out, struct unwind_rule rule)
{
	if (UNWIND_RA(rule) == UNWIND_RA_AUX)
		fprintf(out, ", rip at cfa%+d", rule.aux * 8);
	else if (UNWIND_RA(rule) == UNWIND_RA_REGISTER)
		fprintf(out, ", rip in %s", register_name(rule.aux));
}

static void print_fp(FILE *out, struct unwind_rule rule)
{
	int offset = UNWIND_FP_OFFSET(rule);

	switch (UNWIND_FP_PLACE(rule)) {
	case UNWIND_FP_CFA:
		fprintf(out, ", rbp at cfa%+d", offset);
		break;
	case UNWIND_FP_FP:
		fprintf(out, ", rbp at rbp%+d", offset);
		break;
	case UNWIND_FP_SP:
		fprintf(out, ", rbp at rsp%+d", offset);
		break;
	case UNWIND_FP_REGISTER:
		fprintf(out, ", rbp in %s", register_name(offset / 8));
		break;
	case UNWIND_FP_LOST:
		fputs(", rbp lost", out);
		if (row_rule_loss(rule) != UNWIND_LOSS_NONE)
			fprintf(out, " (%s)", unwind_loss_name(row_rule_loss(rule)));
		break;
	default:
		break;
	}
}

static void print_bx(FILE *out, struct unwind_rule rule)
{
	if (!UNWIND_TELLS_BX(rule) || !rule.aux)
		return;
	if (rule.aux == UNWIND_BX_LOST)
		fputs(", rbx lost", out);
	else
		fprintf(out, ", rbx at cfa%+d", rule.aux * 8);
}

static void print_rule(FILE *out, struct unwind_rule rule)
{
	switch (UNWIND_KIND(rule)) {
	case UNWIND_GAP:
		fputs("gap", out);
		return;
	case UNWIND_STOP:
		fputs("stop", out);
		return;
	case UNWIND_SIGNAL:
		fprintf(out, "signal frame, ucontext at rsp%+d", rule.offset);
		return;
	case UNWIND_UNSUPPORTED:
		fprintf(out, "unsupported: %s", unwind_loss_name(row_rule_loss(rule)));
		return;
	default:
		print_cfa(out, rule);
		print_ra(out, rule);
		print_fp(out, rule);
		print_bx(out, rule);
		if (rule.kind & UNWIND_INTERRUPTED)
			fputs(", interrupted", out);
	}
}

const char *row_rule_text(struct unwind_rule rule, char text[ROW_RULE_TEXT_LEN])
{
	_cleanup_fclose_ FILE *out = fmemopen(text, ROW_RULE_TEXT_LEN, "w");

	text[0] = '\0';
	if (out)
		print_rule(out, rule);
	return text;
}
