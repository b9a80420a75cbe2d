// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/unwind/crt_code.h"

#include <stdbool.h>

#define ANY 0x100 /* in a pattern: any byte */

/* crti.o and crtn.o of glibc: _init, which calls __gmon_start__ if it is there, and _fini. */
static const uint16_t init_code[] = {
	0x48, 0x83, 0xec, 0x08,                 /* sub $8, %rsp */
	0x48, 0x8b, 0x05, ANY,  ANY,  ANY, ANY, /* mov __gmon_start__@got(%rip), %rax */
	0x48, 0x85, 0xc0,                       /* test %rax, %rax */
	0x74, 0x02, 0xff, 0xd0,                 /* je over; call *%rax */
	0x48, 0x83, 0xc4, 0x08, 0xc3,           /* add $8, %rsp; ret */
};
static const uint16_t fini_code[] = {0x48, 0x83, 0xec, 0x08, 0x48, 0x83, 0xc4, 0x08, 0xc3};
#define SUB_LEN 4

/* libgcc's crtstuff.c: __do_global_dtors_aux up to its push, and from its store on. */
static const uint16_t dtors_begin[] = {
	0x80, 0x3d, ANY,  ANY, ANY, ANY, 0x00, /* cmpb $0, completed(%rip) */
	0x75, ANY,  0x55,                      /* jne out; push %rbp */
};
static const uint16_t dtors_end[] = {
	0xc6, 0x05, ANY, ANY, ANY, ANY, 0x01, /* movb $1, completed(%rip) */
	0x5d, 0xc3,                           /* pop %rbp; ret */
};
#define DTORS_BODY_MAX 64
#define DTORS_BEFORE_MAX 192 /* deregister_tm_clones and register_tm_clones: leaves */
#define DTORS_AFTER_MAX 40   /* frame_dummy, which is a jump to register_tm_clones */

#define PADDING_MAX 24

struct bytes {
	const uint8_t *at;
	size_t len;
};

static bool is_at(struct bytes bytes, size_t offset, const uint16_t *pattern, size_t pattern_len)
{
	if (offset > bytes.len || bytes.len - offset < pattern_len)
		return false;
	for (size_t i = 0; i < pattern_len; i++) {
		if (pattern[i] != ANY && pattern[i] != bytes.at[offset + i])
			return false;
	}
	return true;
}

#define IS_AT(bytes, offset, pattern)                                                              \
	is_at(bytes, offset, pattern, sizeof(pattern) / sizeof((pattern)[0]))
#define LEN(pattern) (sizeof(pattern) / sizeof((pattern)[0]))

static const struct unwind_rule entered = {.kind = UNWIND_SP, .offset = 8};
static const struct unwind_rule gap = {.kind = UNWIND_GAP};

/* Before it there may be padding of the section before, and endbr64. */
static size_t init_rows(struct bytes bytes, struct crt_row *rows)
{
	for (size_t at = 0; at < PADDING_MAX; at++) {
		size_t len = IS_AT(bytes, at, init_code) ? LEN(init_code) :
			     IS_AT(bytes, at, fini_code) ? LEN(fini_code) :
							   0;

		if (!len)
			continue;
		rows[0] = (struct crt_row){0, entered};
		rows[1] = (struct crt_row){at + SUB_LEN, {.kind = UNWIND_SP, .offset = 16}};
		rows[2] = (struct crt_row){at + len - 1, entered};
		rows[3] = (struct crt_row){at + len, gap};
		return 4;
	}
	return 0;
}

/* Behind the jump that frame_dummy is, if there is one. */
static size_t dtors_rows_end(struct bytes bytes, size_t offset)
{
	for (size_t at = offset; at < offset + DTORS_AFTER_MAX && at < bytes.len; at++) {
		if (bytes.at[at] == 0xe9)
			return at + 5;
		if (bytes.at[at] == 0xeb)
			return at + 2;
	}
	return offset;
}

/* Where the popping end of the function that has just pushed is; 0: nowhere. */
static size_t find_dtors_end(struct bytes bytes, size_t pushed)
{
	for (size_t at = pushed; at < pushed + DTORS_BODY_MAX; at++) {
		if (IS_AT(bytes, at, dtors_end))
			return at + LEN(dtors_end);
	}
	return 0;
}

static size_t dtors_rows(struct bytes bytes, struct crt_row *rows)
{
	size_t at = 0, end;

	while (at < DTORS_BEFORE_MAX && !IS_AT(bytes, at, dtors_begin))
		at++;
	end = at < DTORS_BEFORE_MAX ? find_dtors_end(bytes, at + LEN(dtors_begin)) : 0;
	if (!end)
		return 0;
	rows[0] = (struct crt_row){0, entered};
	rows[1] = (struct crt_row){
		at + LEN(dtors_begin),
		{.kind = UNWIND_SP, .offset = 16, .fp = (__s16)UNWIND_FP_BESIDE_RA}};
	rows[2] = (struct crt_row){end - 1, entered};
	rows[3] = (struct crt_row){dtors_rows_end(bytes, end), gap};
	return 4;
}

size_t crt_code_rows(const uint8_t *code, size_t len, struct crt_row ret_rows[CRT_ROWS_MAX])
{
	struct bytes bytes = {code, len};
	size_t cnt = init_rows(bytes, ret_rows);

	return cnt ? cnt : dtors_rows(bytes, ret_rows);
}
