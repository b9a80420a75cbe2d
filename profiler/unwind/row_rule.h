/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a row as the call frame instructions describe it to the rule of a table. */
#ifndef SMOLDER_UNWIND_ROW_RULE_H
#define SMOLDER_UNWIND_ROW_RULE_H

#include "bpf/unwind_abi.h"
#include "profiler/unwind/cfa_program.h"

/*
 * The rule that says what the state says; when there is none, UNWIND_UNSUPPORTED or UNWIND_FP_LOST
 * with the reason. `interrupted`: augmentation 'S' of the CIE, the frame of a signal's return.
 */
struct unwind_rule row_rule_of(const struct cfa_state *state, bool interrupted);

struct unwind_rule row_rule_unsupported(enum unwind_loss loss);

/* Why the rule says less than the unwind information; UNWIND_LOSS_NONE when it says all. */
enum unwind_loss row_rule_loss(struct unwind_rule rule);

/* As text, for people: "rsp+24, rbp at cfa-16". Returns `text`. */
#define ROW_RULE_TEXT_LEN 96
const char *row_rule_text(struct unwind_rule rule, char text[ROW_RULE_TEXT_LEN]);

#endif
