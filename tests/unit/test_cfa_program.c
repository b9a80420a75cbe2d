// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Call frame instructions, byte by byte, and the rules they become. */
#include "base/buf.h"
#include "profiler/unwind/cfa_expression.h"
#include "profiler/unwind/cfa_program.h"
#include "profiler/unwind/row_rule.h"

#include <inttypes.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define START 0x1000
#define END 0x2000

struct rows {
	struct buf text;
	bool interrupted;
	int fail_with; /* what the row function returns */
};

static int note_row(void *ctx, uint64_t address, const struct cfa_state *state)
{
	struct rows *rows = ctx;
	char text[ROW_RULE_TEXT_LEN];
	struct unwind_rule rule = row_rule_of(state, rows->interrupted);

	buf_appendf(&rows->text, "%s%" PRIx64 ": %s", rows->text.len ? "; " : "", address - START,
		    row_rule_text(rule, text));
	return rows->fail_with;
}

/* What every x86-64 compiler's CIE says: CFA = rsp + 8, return address at CFA - 8. */
static const struct cfa_state initial = {
	.cfa = {.kind = PLACE_VAL_OFFSET, .reg = UNWIND_REGISTER_SP, .value = 8},
	.ra = {.kind = PLACE_OFFSET, .value = -8},
};

static struct cfa_machine machine_of(const uint8_t *code, size_t len)
{
	return (struct cfa_machine){
		.frame = {.code_align = 1,
			  .data_align = -8,
			  .pointer_encoding = POINTER_PCREL | POINTER_SDATA4,
			  .bases = {.bytes = code, .address = START},
			  .initial = &initial},
		.code = byte_reader_of(code, len),
		.location = START,
		.end = END,
		.row = note_row,
	};
}

static void assert_rows_of(struct cfa_machine machine, bool interrupted, const char *wanted)
{
	struct rows rows = {.interrupted = interrupted};

	machine.ctx = &rows;
	assert_int_equal(cfa_machine_run(&machine), 0);
	buf_append_byte(&rows.text, '\0');
	assert_int_equal(buf_error(&rows.text), 0);
	assert_string_equal((const char *)rows.text.data, wanted);
	buf_free(&rows.text);
}

static void assert_rows_(const uint8_t *code, size_t len, const char *wanted)
{
	assert_rows_of(machine_of(code, len), false, wanted);
}

#define assert_rows(wanted, ...)                                                                   \
	do {                                                                                       \
		static const uint8_t code_[] = {__VA_ARGS__};                                      \
		assert_rows_(code_, sizeof(code_), wanted);                                        \
	} while (0)

static void no_instructions_leave_the_initial_row(void **state)
{
	(void)state;
	assert_rows("0: rsp+8", 0x00);
	assert_rows_((const uint8_t *)"", 0, "0: rsp+8");
}

static void a_frame_pointer_prologue(void **state)
{
	(void)state;
	/* push %rbp; mov %rsp,%rbp; ...; leave */
	assert_rows("0: rsp+8; 1: rsp+16, rbp at cfa-16; 4: rbp+16, rbp at cfa-16; "
		    "44: rsp+8, rbp at cfa-16",
		    0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6, 0x02, 0x40, 0x0c, 7, 8);
}

static void locations_advance_by_all_widths(void **state)
{
	(void)state;
	assert_rows("0: rsp+8; 3f: rsp+16", 0x7f, 0x0e, 16);
	assert_rows("0: rsp+8; ff: rsp+16", 0x02, 0xff, 0x0e, 16);
	assert_rows("0: rsp+8; 102: rsp+16", 0x03, 0x02, 0x01, 0x0e, 16);
	assert_rows("0: rsp+8; 203: rsp+16", 0x04, 0x03, 0x02, 0, 0, 0x0e, 16);
	assert_rows("0: rsp+8; 304: rsp+16", 0x1d, 0x04, 0x03, 0, 0, 0, 0, 0, 0, 0x0e, 16);
	/* DW_CFA_set_loc, relative to its own operand, which is the second byte */
	assert_rows("0: rsp+8; 81: rsp+16", 0x01, 0x80, 0, 0, 0, 0x0e, 16);
}

static void advances_are_factored(void **state)
{
	static const uint8_t code[] = {0x42, 0x0e, 16, 0x41};
	struct cfa_machine machine = machine_of(code, sizeof(code));

	(void)state;
	machine.frame.code_align = 4;
	assert_rows_of(machine, false, "0: rsp+8; 8: rsp+16");
	machine.frame.code_align = UINT64_MAX;
	assert_rows_of(machine, false, "0: unsupported: broken instructions");
}

static void rows_behind_the_end_are_not_told(void **state)
{
	static const uint8_t code[] = {0x48, 0x0e, 16, 0x48, 0x0e, 24};
	struct cfa_machine machine = machine_of(code, sizeof(code));

	(void)state;
	machine.end = START + 16;
	assert_rows_of(machine, false, "0: rsp+8; 8: rsp+16");
	machine.end = START + 17;
	assert_rows_of(machine, false, "0: rsp+8; 8: rsp+16; 10: rsp+24");
}

static void other_registers_make_no_rows(void **state)
{
	(void)state;
	/* r15 at CFA - 24, r12 undefined, r13 by expression, GNU_args_size 16, negate_ra_state */
	assert_rows("0: rsp+8", 0x41, 0x8f, 3, 0x41, 0x07, 12, 0x41, 0x10, 13, 2, 0x76, 0, 0x41,
		    0x2e, 16, 0x41, 0x2d, 0x41, 0x2c);
}

static void places_of_rbx(void **state)
{
	(void)state;
	assert_rows("0: rsp+8; 1: rsp+8, rbx at cfa-24; 2: rsp+8", 0x41, 0x83, 3, 0x41, 0xc3);
	assert_rows("0: rsp+8, rbx at cfa-1024", 0x05, 3, 0x80, 0x01);
	assert_rows("0: rsp+8, rbx lost", 0x05, 3, 0x81, 0x01);
	assert_rows("0: rsp+8, rbx lost", 0x11, 3, 0x7e);
	assert_rows("0: rsp+8, rbx lost", 0x07, 3);
	assert_rows("0: rsp+8, rbx lost", 0x10, 3, 2, 0x76, 0);
	/* Where aux is taken, nobody asks. */
	assert_rows("0: rbx+8", 0x0d, 3, 0x83, 2);
}

static void places_of_the_frame_pointer(void **state)
{
	(void)state;
	assert_rows("0: rsp+8, rbp at cfa-16", 0x86, 2);
	assert_rows("0: rsp+8, rbp at cfa-16", 0x05, 6, 2);
	assert_rows("0: rsp+8, rbp at cfa-16", 0x11, 6, 2);
	assert_rows("0: rsp+8, rbp at cfa+16", 0x11, 6, 0x7e);
	assert_rows("0: rsp+8, rbp at cfa+16", 0x2f, 6, 2);
	assert_rows("0: rsp+8, rbp at rbp+0", 0x10, 6, 2, 0x76, 0);
	assert_rows("0: rsp+8, rbp at rsp+8", 0x10, 6, 2, 0x77, 8);
	assert_rows("0: rsp+8, rbp at cfa-8", 0x10, 6, 2, 0x38, 0x1c);
	assert_rows("0: rsp+8, rbp in r9", 0x09, 6, 9);
	assert_rows("0: rsp+8, rbp lost", 0x07, 6);
	assert_rows("0: rsp+8, rbp lost (frame pointer place)", 0x14, 6, 2);
	assert_rows("0: rsp+8, rbp lost (frame pointer place)", 0x15, 6, 2);
	assert_rows("0: rsp+8, rbp lost (frame pointer place)", 0x16, 6, 2, 0x76, 0);
	assert_rows("0: rsp+8, rbp lost (frame pointer expression)", 0x10, 6, 2, 0x73, 0);
	assert_rows("0: rsp+8, rbp lost (frame pointer offset)", 0x10, 6, 2, 0x76, 4);
	assert_rows("0: rsp+8", 0x86, 2, 0x08, 6);
}

static void frame_pointers_far_away_are_lost(void **state)
{
	(void)state;
	/* -32768 is the last that fits, -32776 the first that does not */
	assert_rows("0: rsp+8, rbp at cfa-32768", 0x86, 0x80, 0x20);
	assert_rows("0: rsp+8, rbp lost (frame pointer offset)", 0x86, 0x81, 0x20);
}

static void saved_registers_are_restored(void **state)
{
	(void)state;
	assert_rows("0: rsp+8; 1: rsp+8, rbp at cfa-16; 2: rsp+8", 0x41, 0x86, 2, 0x41, 0xc6);
	assert_rows("0: rsp+8; 1: rsp+8, rbp at cfa-16; 2: rsp+8", 0x41, 0x86, 2, 0x41, 0x06, 6);
}

static void states_are_remembered(void **state)
{
	(void)state;
	assert_rows("0: rsp+8; 1: rsp+24, rbp at cfa-24; 2: rsp+8; 3: rsp+24, rbp at cfa-24", 0x41,
		    0x0e, 24, 0x86, 3, 0x0a, 0x41, 0x0c, 7, 8, 0xc6, 0x41, 0x0b);
	assert_rows("0: unsupported: remembered states", 0x0b);
}

static void states_nest_up_to_a_limit(void **state)
{
	uint8_t code[2 * CFA_REMEMBER_MAX + 1];

	(void)state;
	memset(code, 0x0a, CFA_REMEMBER_MAX);
	memset(code + CFA_REMEMBER_MAX, 0x0b, CFA_REMEMBER_MAX);
	assert_rows_(code, 2 * CFA_REMEMBER_MAX, "0: rsp+8");
	memset(code, 0x0a, CFA_REMEMBER_MAX + 1);
	assert_rows_(code, CFA_REMEMBER_MAX + 1, "0: unsupported: remembered states");
}

static void definitions_of_the_cfa(void **state)
{
	(void)state;
	assert_rows("0: rbp+16", 0x0c, 6, 16);
	assert_rows("0: r10+0", 0x0c, 10, 0);
	assert_rows("0: rsp-16", 0x12, 7, 2);
	assert_rows("0: rsp+16", 0x13, 0x7e);
	assert_rows("0: rbp+8", 0x0d, 6);
	assert_rows("0: unsupported: CFA register", 0x0c, 17, 8);
	assert_rows("0: unsupported: CFA register", 0x0c, 0x80, 0x80, 0x10, 8);
	assert_rows("0: rsp+2147483647", 0x0e, 0xff, 0xff, 0xff, 0xff, 0x07);
	assert_rows("0: unsupported: CFA offset", 0x0e, 0x80, 0x80, 0x80, 0x80, 0x08);
}

static void expressions_of_the_cfa(void **state)
{
	(void)state;
	assert_rows("0: rsp+40", 0x0f, 2, 0x77, 40);
	assert_rows("0: rbp-8", 0x0f, 3, 0x92, 6, 0x78);
	assert_rows("0: *(rbp-8)+0", 0x0f, 3, 0x76, 0x78, 0x06);
	assert_rows("0: *(rsp+40)+8", 0x0f, 5, 0x77, 40, 0x06, 0x23, 8);
	assert_rows("0: *(rsp+40)+8", 0x0f, 5, 0x77, 40, 0x06, 0x38, 0x22);
	assert_rows("0: *(rsp+40)-8", 0x0f, 5, 0x77, 40, 0x06, 0x38, 0x1c);
	assert_rows("0: *(rsp-8)+0", 0x0f, 6, 0x77, 0, 0x09, 0xf8, 0x22, 0x06);
	/* the number comes after the dereferenced address, or before it */
	assert_rows("0: *(rsp+16)+8", 0x0f, 5, 0x38, 0x77, 16, 0x06, 0x22);
	assert_rows("0: unsupported: CFA offset", 0x0f, 5, 0x77, 40, 0x06, 0x34, 0x22);
	assert_rows("0: unsupported: CFA expression", 0x0f, 4, 0x77, 0, 0x06, 0x06);
	assert_rows("0: unsupported: CFA expression", 0x0f, 3, 0x73, 0, 0x06);
	assert_rows("0: unsupported: CFA expression", 0x0f, 1, 0x06);
	assert_rows("0: unsupported: CFA expression", 0x0f, 1, 0x38);
	assert_rows("0: unsupported: CFA expression", 0x0f, 0);
	assert_rows("0: unsupported: CFA expression", 0x0f, 5, 0x77, 8, 0x79, 0, 0x22);
	assert_rows("0: unsupported: CFA expression", 0x0f, 1, 0x22);
	/* an array of r9 words between sp and what was sp */
	assert_rows("0: *(rsp+8+r9*8)+8", 0x0f, 10, 0x77, 8, 0x79, 0, 0x38, 0x1e, 0x22, 0x06, 0x23,
		    8);
	assert_rows("0: unsupported: CFA expression", 0x0f, 10, 0x77, 8, 0x79, 0, 0x34, 0x1e, 0x22,
		    0x06, 0x23, 8);
	assert_rows("0: unsupported: CFA expression", 0x0f, 10, 0x77, 8, 0x79, 0, 0x38, 0x1e, 0x22,
		    0x06, 0x23, 16);
	assert_rows("0: unsupported: CFA expression", 0x0f, 4, 0x79, 0, 0x38, 0x1e);
}

static void half_definitions_after_an_expression(void **state)
{
	(void)state;
	assert_rows("0: *(rsp+40)+0; 1: rsp+16", 0x0f, 3, 0x77, 40, 0x06, 0x41, 0x0e, 16);
	assert_rows("0: rsp+56; 1: *(rsp+40)+0; 2: rbp+56", 0x0e, 56, 0x41, 0x0f, 3, 0x77, 40, 0x06,
		    0x41, 0x0d, 6);
}

static void plt_expressions(void **state)
{
	(void)state;
	assert_rows("0: rsp+8+((rip&15)>=11)*8", 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a,
		    0x33, 0x24, 0x22);
	assert_rows("0: rsp+8+((rip&15)>=10)*8", 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3a, 0x2a,
		    0x33, 0x24, 0x22);
	assert_rows("0: unsupported: CFA expression", 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x40,
		    0x2a, 0x33, 0x24, 0x22);
	assert_rows("0: unsupported: CFA expression", 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b,
		    0x2a, 0x32, 0x24, 0x22);
}

static void places_of_the_return_address(void **state)
{
	(void)state;
	assert_rows("0: stop", 0x07, 16);
	assert_rows("0: rsp+8, rip in rdi", 0x09, 16, 5);
	assert_rows("0: rsp+8, rip at cfa+8", 0x11, 16, 0x7f);
	assert_rows("0: rsp+8, rip at cfa-1024", 0x11, 16, 0x80, 0x01);
	assert_rows("0: unsupported: return address offset", 0x11, 16, 0x81, 0x01);
	assert_rows("0: rsp+8", 0x10, 16, 2, 0x38, 0x1c);
	assert_rows("0: unsupported: return address expression", 0x10, 16, 2, 0x77, 0);
	assert_rows("0: unsupported: return address place", 0x08, 16);
	assert_rows("0: unsupported: return address place", 0x14, 16, 1);
	assert_rows("0: unsupported: return address place", 0x09, 16, 17);
	assert_rows("0: unsupported: CFA and return address combined", 0x0c, 10, 0, 0x09, 16, 5);
}

static void the_callers_stack_pointer_is_the_cfa(void **state)
{
	(void)state;
	assert_rows("0: rsp+8", 0x14, 7, 0);
	assert_rows("0: unsupported: stack pointer is not the CFA", 0x14, 7, 1);
	assert_rows("0: unsupported: stack pointer is not the CFA", 0x09, 7, 8);
	assert_rows("0: unsupported: stack pointer is not the CFA", 0x87, 2);
}

/*
 * glibc's __restore_rt, without the registers nobody asks about: CFA = *(rsp + 160), rbp at rsp + 120,
 * rip at rsp + 168; the same 8 bytes further; a mixture.
 */
static void frames_of_signals(void **state)
{
	static const uint8_t code[] = {0x0f, 4,    0x77, 0xa0, 0x01, 0x06, 0x10, 6,    3,
				       0x77, 0xf8, 0x00, 0x10, 16,   3,    0x77, 0xa8, 0x01};
	static const uint8_t other[] = {0x0f, 4,    0x77, 0xa8, 0x01, 0x06, 0x10, 6,    3,
					0x77, 0x80, 0x01, 0x10, 16,   3,    0x77, 0xb0, 0x01};
	static const uint8_t wrong[] = {0x0f, 4,    0x77, 0xa8, 0x01, 0x06, 0x10, 6,    3,
					0x77, 0xf8, 0x00, 0x10, 16,   3,    0x77, 0xa8, 0x01};

	(void)state;
	assert_rows_(code, sizeof(code), "0: signal frame, ucontext at rsp+0");
	assert_rows_of(machine_of(code, sizeof(code)), true, "0: signal frame, ucontext at rsp+0");
	assert_rows_(other, sizeof(other), "0: signal frame, ucontext at rsp+8");
	assert_rows_(wrong, sizeof(wrong), "0: unsupported: return address expression");
}

static void interrupted_frames_without_expressions(void **state)
{
	static const uint8_t code[] = {0x0e, 16};

	(void)state;
	assert_rows_of(machine_of(code, sizeof(code)), true, "0: rsp+16, interrupted");
}

static void broken_programs_end(void **state)
{
	(void)state;
	assert_rows("0: rsp+8; 1: unsupported: broken instructions", 0x41, 0x3f, 0x41, 0x0e, 16);
	assert_rows("0: rsp+8; 1: unsupported: broken instructions", 0x41, 0x0e);
	assert_rows("0: unsupported: broken instructions", 0x0f, 2, 0x77);
	assert_rows("0: unsupported: broken instructions", 0x03, 1);
	assert_rows("0: unsupported: broken instructions", 0x86, 0x80);
	/* DW_CFA_set_loc backwards */
	assert_rows("0: unsupported: broken instructions", 0x01, 0xf0, 0xff, 0xff, 0xff);
}

static void a_failing_row_ends_the_run(void **state)
{
	static const uint8_t code[] = {0x41, 0x0e, 16, 0x41, 0x0e, 24};
	struct cfa_machine machine = machine_of(code, sizeof(code));
	struct rows rows = {.fail_with = -12};

	(void)state;
	machine.ctx = &rows;
	assert_int_equal(cfa_machine_run(&machine), -12);
	buf_append_byte(&rows.text, '\0');
	assert_string_equal((const char *)rows.text.data, "0: rsp+8");
	buf_free(&rows.text);
}

static void a_cie_starts_from_nothing(void **state)
{
	static const uint8_t code[] = {0x0c, 7, 8, 0x90, 1}, restore[] = {0xc6},
			     no_cfa[] = {0x90, 1}, half[] = {0x0e, 8};
	struct cfa_machine machine = machine_of(code, sizeof(code));

	(void)state;
	machine.frame.initial = NULL;
	assert_rows_of(machine, false, "0: rsp+8");
	machine.code = byte_reader_of(restore, sizeof(restore));
	assert_rows_of(machine, false, "0: unsupported: broken instructions");
	machine.code = byte_reader_of(no_cfa, sizeof(no_cfa));
	assert_rows_of(machine, false, "0: unsupported: no CFA");
	/* half a definition needs a whole one to change */
	machine.code = byte_reader_of(half, sizeof(half));
	assert_rows_of(machine, false, "0: unsupported: broken instructions");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_instructions_leave_the_initial_row),
		cmocka_unit_test(a_frame_pointer_prologue),
		cmocka_unit_test(locations_advance_by_all_widths),
		cmocka_unit_test(advances_are_factored),
		cmocka_unit_test(rows_behind_the_end_are_not_told),
		cmocka_unit_test(other_registers_make_no_rows),
		cmocka_unit_test(places_of_rbx),
		cmocka_unit_test(places_of_the_frame_pointer),
		cmocka_unit_test(frame_pointers_far_away_are_lost),
		cmocka_unit_test(saved_registers_are_restored),
		cmocka_unit_test(states_are_remembered),
		cmocka_unit_test(states_nest_up_to_a_limit),
		cmocka_unit_test(definitions_of_the_cfa),
		cmocka_unit_test(expressions_of_the_cfa),
		cmocka_unit_test(half_definitions_after_an_expression),
		cmocka_unit_test(plt_expressions),
		cmocka_unit_test(places_of_the_return_address),
		cmocka_unit_test(the_callers_stack_pointer_is_the_cfa),
		cmocka_unit_test(frames_of_signals),
		cmocka_unit_test(interrupted_frames_without_expressions),
		cmocka_unit_test(broken_programs_end),
		cmocka_unit_test(a_failing_row_ends_the_run),
		cmocka_unit_test(a_cie_starts_from_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
