/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Unwind tables: how to get from a program counter of one object to the frame of its caller. A
 * compiler in user space makes one table of each object's .eh_frame; it lies in a pool that a BPF
 * program and the host's stepper read alike. All numbers are little endian.
 *
 * A table is one run of bytes, which can be copied to any place in the pool that is a multiple of
 * UNWIND_ALIGN, and is made of four arrays:
 *
 *	index    __u32 [page_cnt + 1]         number of the first row of each 4 KiB page
 *	rules    struct unwind_rule [rule_cnt]  the object's distinct rules, the most frequent first
 *	keys     __u16 [row_cnt]              where in its page a row begins
 *	rule_ids __u16 [row_cnt]              position in rules
 *
 * An object's addresses are those of its ELF program headers (p_vaddr), whatever it was mapped at.
 * Address a belongs to page p = (a >> 12) - page_first, and outside 0 <= p < page_cnt there is no
 * rule (as if UNWIND_GAP). Rows index[p] to index[p + 1] - 1 belong to the page: at least one, at
 * most UNWIND_PAGE_ROWS_MAX; keys ascend and the first is 0. The rule of a is that of the last row
 * whose key <= (a & 0xfff), to be found without a branch:
 *
 *	b = index[p]; n = index[p + 1] - b;
 *	UNWIND_SEARCH_STEPS times: half = n >> 1; b += half & -(keys[b + half] <= low); n -= half;
 *
 * Which address to look up: the program counter itself for a leaf frame and for a frame that was
 * interrupted by a signal; the return address - 1 for a frame that made a call.
 */
#ifndef SMOLDER_BPF_UNWIND_ABI_H
#define SMOLDER_BPF_UNWIND_ABI_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define UNWIND_PAGE_SHIFT 12
#define UNWIND_PAGE_MASK 0xfff
#define UNWIND_PAGE_ROWS_MAX 2047 /* the densest page seen in any binary has some 1,000 */
#ifndef UNWIND_SEARCH_STEPS       /* bench/depth.sh takes more */
#define UNWIND_SEARCH_STEPS 11    /* ceil(log2(UNWIND_PAGE_ROWS_MAX)) */
#endif
#define UNWIND_ALIGN 8

/*
 * Registers by DWARF number (System V ABI, AMD64 supplement, figure 3.36): the one place where the
 * architecture's numbers are. What tables call sp and fp is rsp and rbp.
 */
#define UNWIND_REGISTER_BX 3
#define UNWIND_REGISTER_FP 6
#define UNWIND_REGISTER_SP 7
#define UNWIND_REGISTER_RA 16
#define UNWIND_REGISTER_CNT 17 /* rax rdx rcx rbx rsi rdi rbp rsp r8..r15, return address */

/*
 * Kinds of rules: how to get the CFA, which is the caller's stack pointer. sp, fp and pc are the
 * registers of the frame that the rule unwinds. Rules marked leaf need a register
 * other than sp and fp; its value is known only in the leaf frame and in the frame a signal
 * interrupted, but for rbx, which is followed like fp. A pool of zeros is all gaps.
 */
enum unwind_kind {
	UNWIND_GAP = 0,          /* nothing is known about this code: not the end of the stack */
	UNWIND_STOP = 1,         /* the outermost frame: its return address is undefined */
	UNWIND_SP = 2,           /* sp + offset */
	UNWIND_FP = 3,           /* fp + offset */
	UNWIND_SP_DEREF = 4,     /* *(sp + offset) + aux * 8 */
	UNWIND_FP_DEREF = 5,     /* *(fp + offset) + aux * 8 */
	UNWIND_PLT = 6,          /* sp + 8 + ((pc & 15) >= offset ? 8 : 0): a lazy PLT entry */
	UNWIND_SIGNAL = 7,       /* all registers are in the struct ucontext at sp + offset */
	UNWIND_REGISTER = 8,     /* leaf: register aux + offset */
	UNWIND_SP_INDEX = 9,     /* leaf: *(sp + offset + register aux * 8) + 8 */
	UNWIND_UNSUPPORTED = 10, /* unwind information exists, no rule says it; offset says why:
				  * enum unwind_loss of the compiler */
	UNWIND_KIND_CNT
};

/*
 * Where the return address is. UNWIND_SIGNAL has its own; UNWIND_RA_AUX and UNWIND_RA_REGISTER occur
 * only with kinds that leave aux free.
 */
enum unwind_ra {
	UNWIND_RA_CFA = 0,      /* at CFA - 8 */
	UNWIND_RA_AUX = 1,      /* at CFA + aux * 8 */
	UNWIND_RA_REGISTER = 2, /* leaf: in register aux */
};

/* Where the caller's fp is. UNWIND_SIGNAL has its own. */
enum unwind_fp {
	UNWIND_FP_SAME = 0,     /* still in fp */
	UNWIND_FP_CFA = 1,      /* at CFA + offset */
	UNWIND_FP_FP = 2,       /* at fp + offset */
	UNWIND_FP_SP = 3,       /* at sp + offset */
	UNWIND_FP_REGISTER = 4, /* leaf: in the register whose number is offset / 8 */
	UNWIND_FP_LOST = 5,     /* gone, or where no rule can say: a caller whose rule needs fp
				 * cannot be unwound. offset / 8 is 0 or says why: enum
				 * unwind_loss of the compiler */
};

/*
 * kind  bits 0-3  enum unwind_kind
 *       bits 4-5  enum unwind_ra
 *       bit 6     UNWIND_INTERRUPTED: the caller did not call, it was interrupted; its program
 *                 counter is looked up as it is. Always set with UNWIND_SIGNAL.
 *       bit 7     0
 * aux   a signed count of 8-byte words, or a register number, where the kind or the place of the
 *       return address uses it; else, with UNWIND_SP and UNWIND_FP, where the caller's rbx is:
 *       0 still in rbx, UNWIND_BX_LOST gone, all else at CFA + aux * 8. Of other rules rbx is not
 *       known. Only ld.so finds a frame by it: the one that binds a function at its first call.
 * fp    bits 0-2  enum unwind_fp
 *       bits 3-15 a signed count of 8-byte words: (fp & ~7) is the offset in bytes
 * offset  by kind, in bytes
 *
 * Equal rules are equal bytes.
 */
struct unwind_rule {
	__u8 kind;
	__s8 aux;
	__s16 fp;
	__s32 offset;
};

#define UNWIND_BX_LOST 127

#define UNWIND_KIND(rule) ((rule).kind & 15)
#define UNWIND_RA(rule) (((rule).kind >> 4) & 3)
#define UNWIND_INTERRUPTED 0x40
#define UNWIND_TELLS_BX(rule)                                                                      \
	(((rule).kind & 0x3f) == UNWIND_SP || ((rule).kind & 0x3f) == UNWIND_FP)
#define UNWIND_FP_PLACE(rule) ((rule).fp & 7)
#define UNWIND_FP_OFFSET(rule) ((rule).fp & ~7)

/*
 * The fp of functions that keep a frame pointer, at CFA - 16 beside the return address: one read of
 * 16 bytes fetches both.
 */
#define UNWIND_FP_BESIDE_RA (-16 | UNWIND_FP_CFA)

/*
 * What the kernel leaves on the stack for rt_sigreturn: a struct ucontext, whose registers start
 * at byte 40 (arch/x86/include/uapi/asm/sigcontext.h, struct sigcontext_64). By DWARF number:
 */
#define UNWIND_UCONTEXT_REGISTERS                                                                  \
	{                                                                                          \
		144, 136, 152, 128, 112, 104, 120, 160, 40, 48, 56, 64, 72, 80, 88, 96, 168        \
	}
#define UNWIND_UCONTEXT_FP 120
#define UNWIND_UCONTEXT_SP 160
#define UNWIND_UCONTEXT_RA 168

/*
 * musl, Go and other runtimes return from signals through code without unwind information: where
 * the rule is UNWIND_GAP and these nine bytes are at the program counter, the frame is one of
 * UNWIND_SIGNAL with offset 0. "mov $15, %rax; syscall": 15 is rt_sigreturn.
 */
#define UNWIND_SIGRETURN_CODE                                                                      \
	{                                                                                          \
		0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05                               \
	}
#define UNWIND_SIGRETURN_CODE_LEN 9

/* Flags of an object. */
#define UNWIND_OBJECT_NO_TABLE 0x1 /* the file has no unwind information at all */
#define UNWIND_OBJECT_GO 0x2       /* code of the Go compiler: gaps keep frame pointers */

/*
 * One object's table in the pool. Offsets are bytes from the start of the pool; the compiler makes
 * them from the start of the table, to which the place in the pool is to be added. With `page_cnt`
 * 0 there are no arrays.
 */
struct unwind_object {
	__u32 gen;   /* odd while it is written; 0: no object. Read before and after use */
	__u32 flags; /* UNWIND_OBJECT_* */
	__u32 page_first;
	__u32 page_cnt;
	__u32 index_off;
	__u32 rules_off;
	__u32 keys_off;
	__u32 rule_ids_off;
	__u32 row_cnt;
	__u32 rule_cnt;
	__u32 pad[6];
};

_Static_assert(sizeof(struct unwind_rule) == 8, "unwind abi");
_Static_assert(sizeof(struct unwind_object) == 64, "unwind abi");
_Static_assert(1 << UNWIND_SEARCH_STEPS > UNWIND_PAGE_ROWS_MAX, "unwind abi");
_Static_assert(UNWIND_KIND_CNT <= 16, "unwind abi");

#endif
