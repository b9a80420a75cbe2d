/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The stack stepper: one source for the kernel and for the host. It takes one step at a time, from a
 * frame to its caller, by the unwind tables in a pool.
 *
 * The includer defines, before (with `walk` in scope wherever a macro is used):
 *	STEPPER_FN                          storage class and inlining of every function here
 *	stepper_read(walk, to, size, addr)  reads memory of the walked thread; 0, or not 0
 *	stepper_read_stack(…)               the same, for a word or two of its stack
 *	STEPPER_POOL_MASK                   size of the pool - 1; the size is a power of two
 *	STEPPER_OBJECT(table)               struct unwind_object * of map "walk_objects", or NULL
 *	STEPPER_MEMORY(address)             where the spot of this address may be remembered, or NULL
 *	STEPPER_TRUSTS(address, word)       is that address still mapped as the mapping set says?
 *	STEPPER_WALK_HOST                   members of struct stepper_walk of the includer's own
 *
 * Every index into the pool is masked, so that no table, however broken, leads outside of it; the
 * pool must extend WALK_POOL_SLACK bytes beyond its size. Loops are bounded by constants.
 */
#ifndef SMOLDER_BPF_STEPPER_H
#define SMOLDER_BPF_STEPPER_H

#include "bpf/walk_abi.h"

/* A frame pointer step is believed when the frame is this close above the stack pointer. */
#define STEPPER_FP_FRAME_MAX (1u << 20)
/* A frame of a table step may be larger: some programs put whole buffers there. */
#define STEPPER_FRAME_MAX (64u << 20)

/* A power of two, so that a mask can prove to the verifier that an index is inside. */
#define STEPPER_REGISTER_SLOTS 32

/*
 * Sets of registers, bit n for DWARF number n: all; and those that a function need not keep (System V
 * ABI, AMD64 supplement, 3.2.1): rax rdx rcx rsi rdi r8..r11. A caller that finds its frame by one of
 * these after a call knows that whom it called leaves it alone.
 */
#define STEPPER_REGISTERS_ALL ((1u << UNWIND_REGISTER_CNT) - 1)
#define STEPPER_REGISTERS_SCRATCH 0xf37u
#define STEPPER_REGISTERS_BX (1u << UNWIND_REGISTER_BX)

struct stepper_walk {
	/* set by the caller */
	__u64 pc, sp, fp;
	__u64 registers[STEPPER_REGISTER_SLOTS]; /* by DWARF number */
	__u32 mapset_id, mapset_off, mapset_len;
	__u32 true_mapset_id;  /* `mapset_id` if all of the set is known to be true, else 0 */
	__u32 call_site;       /* pc is a return address: the call is before it */
	__u32 registers_known; /* a set: all in the leaf and in a frame that a signal interrupted */
	__u32 frames_max;

	/* made by the walk */
	__u32 frames_len;
	__u32 end;   /* enum walk_end */
	__u64 bx_at; /* rbx is not in its register: it was saved here; 0: nowhere */
	__u32 fp_lost;
	__u32 fp_steps;    /* in a row, up to now */
	__u32 has_mapping; /* `mapping` holds the mapping of the last frame */
	__u64 mapping_start;
	struct walk_mapping mapping;
	__u64 hash, check; /* of all frame words and the end; see stepper_finish() */

	STEPPER_WALK_HOST
};

/* What the tables say of an address in a mapping set. */
struct stepper_spot {
	__u64 word; /* as it leaves the kernel */
	struct unwind_rule rule;
};

/*
 * One remembered spot. It holds as long as the mapping set has its id: a set never changes, its tables stay
 * as long as it does, and its id is not given to another.
 */
struct stepper_memory {
	__u64 address;
	__u32 mapset_id, pad;
	struct stepper_spot spot;
};

/* ---- the pool ---- */

STEPPER_FN __u64 stepper_load64(const struct stepper_walk *walk, const unsigned char *pool,
				__u64 off)
{
	return *(const __u64 *)(pool + (off & (STEPPER_POOL_MASK & ~7ull)));
}

STEPPER_FN __u32 stepper_load32(const struct stepper_walk *walk, const unsigned char *pool,
				__u64 off)
{
	return *(const __u32 *)(pool + (off & (STEPPER_POOL_MASK & ~3ull)));
}

STEPPER_FN __u32 stepper_load16(const struct stepper_walk *walk, const unsigned char *pool,
				__u64 off)
{
	return *(const __u16 *)(pool + (off & (STEPPER_POOL_MASK & ~1ull)));
}

/* ---- which mapping ---- */

/* The last start that is not above the address; the first, when all are. */
STEPPER_FN __u32 stepper_find_start(const struct stepper_walk *walk, const unsigned char *pool,
				    __u64 starts_off, __u64 address)
{
	__u32 base = 0, n = walk->mapset_len;

	for (int i = 0; i < WALK_MAPPING_SEARCH_STEPS; i++) {
		__u32 half = n >> 1;
		__u64 start = stepper_load64(walk, pool, starts_off + (__u64)(base + half) * 8);

		/* All ones when start <= address, which is below 2^63; x86-64's vsyscall page is not. */
		base += half & (__u32)(((__s64)((start - address - 1) & ~start)) >> 63);
		n -= half;
	}
	return base;
}

/* Makes `walk->mapping` the one that holds the address; 0 when none does. */
STEPPER_FN int stepper_find_mapping(struct stepper_walk *walk, const unsigned char *pool,
				    __u64 address)
{
	__u64 starts_off = (__u64)walk->mapset_off + sizeof(struct walk_mapset), at;
	__u32 found;

	if (walk->has_mapping && address >= walk->mapping_start && address < walk->mapping.limit)
		return 1;
	if (!walk->mapset_len)
		return 0;
	found = stepper_find_start(walk, pool, starts_off, address);
	walk->mapping_start = stepper_load64(walk, pool, starts_off + (__u64)found * 8);
	at = starts_off + (__u64)walk->mapset_len * 8 + (__u64)found * sizeof(struct walk_mapping);
	walk->mapping.limit = stepper_load64(walk, pool, at);
	walk->mapping.table_bias = stepper_load64(walk, pool, at + 8);
	walk->mapping.file_bias = stepper_load64(walk, pool, at + 16);
	walk->mapping.object = stepper_load32(walk, pool, at + 24);
	walk->mapping.table = stepper_load32(walk, pool, at + 28);
	walk->has_mapping = address >= walk->mapping_start && address < walk->mapping.limit;
	return (int)walk->has_mapping;
}

/* ---- which rule ---- */

struct stepper_rows { /* of one page */
	__u32 keys_off, first, next;
};

/* The last of a page's rows first to next - 1 whose key is not above `low`. */
STEPPER_FN __u32 stepper_find_row(const struct stepper_walk *walk, const unsigned char *pool,
				  struct stepper_rows rows, __u32 low)
{
	__u32 base = rows.first, n = rows.next - rows.first;

	for (int i = 0; i < UNWIND_SEARCH_STEPS; i++) {
		__u32 half = n >> 1;
		__u32 key = stepper_load16(walk, pool, rows.keys_off + (__u64)(base + half) * 2);

		base += half & (__u32)(((__s32)(key - low - 1)) >> 31); /* all ones: key <= low */
		n -= half;
	}
	return base;
}

/* The rule for an address of the object; UNWIND_GAP outside of its pages. */
STEPPER_FN struct unwind_rule stepper_find_rule(const struct stepper_walk *walk,
						const unsigned char *pool,
						const struct unwind_object *object, __u64 address)
{
	__u64 page = (address >> UNWIND_PAGE_SHIFT) - object->page_first;
	struct unwind_rule rule = {0};
	struct stepper_rows rows;
	__u64 row, id, bits;

	if (page >= object->page_cnt)
		return rule;
	rows.first = stepper_load32(walk, pool, object->index_off + page * 4);
	rows.next = stepper_load32(walk, pool, object->index_off + page * 4 + 4);
	rows.keys_off = object->keys_off;
	row = stepper_find_row(walk, pool, rows, (__u32)address & UNWIND_PAGE_MASK);
	id = stepper_load16(walk, pool, object->rule_ids_off + row * 2);
	bits = stepper_load64(walk, pool, object->rules_off + id * sizeof(rule));
	__builtin_memcpy(&rule, &bits, sizeof(rule));
	return rule;
}

/* ---- frames out ---- */

/* Two independent mixes of the same words (odd multipliers from xxHash64 and splitmix64). */
STEPPER_FN void stepper_mix(struct stepper_walk *walk, __u64 word)
{
	walk->hash = (walk->hash ^ word) * 0x9e3779b185ebca87ull;
	walk->hash ^= walk->hash >> 32;
	walk->check = (walk->check + word) * 0xbf58476d1ce4e5b9ull;
	walk->check ^= walk->check >> 29;
}

STEPPER_FN __u64 stepper_word(const struct stepper_walk *walk, __u64 address)
{
	if (!walk->has_mapping)
		return WALK_UNPLACED | (address & WALK_OFFSET_MASK);
	return (__u64)walk->mapping.object << WALK_OFFSET_BITS |
	       ((address - walk->mapping.file_bias) & WALK_OFFSET_MASK);
}

/* ---- one step ---- */

STEPPER_FN int stepper_end(struct stepper_walk *walk, enum walk_end end)
{
	walk->end = end;
	return 1;
}

/*
 * The caller's frame is known: goes there. A return address of 0 ends the chain where a thread was begun
 * without one.
 */
STEPPER_FN int stepper_arrive(struct stepper_walk *walk, __u64 pc, __u64 sp)
{
	walk->pc = pc;
	walk->sp = sp;
	walk->call_site = 1;
	walk->registers_known &= STEPPER_REGISTERS_SCRATCH | STEPPER_REGISTERS_BX;
	return pc ? 0 : stepper_end(walk, WALK_COMPLETE);
}

struct stepper_pair {
	__u64 fp, pc;
};

/*
 * Without a rule: a frame pointer is believed if it lies just above the stack pointer and leads to a
 * return address in code. One of 0 ends a chain of such frames (System V ABI, AMD64 supplement,
 * 3.4.1), if it is a chain.
 */
STEPPER_FN int stepper_by_frame_pointer(struct stepper_walk *walk, const unsigned char *pool)
{
	struct stepper_pair frame;
	__u64 fp = walk->fp;

	if (walk->fp_steps && !fp)
		return stepper_end(walk, WALK_COMPLETE);
	if (walk->fp_lost || fp < walk->sp || fp - walk->sp > STEPPER_FP_FRAME_MAX || fp & 7)
		return stepper_end(walk, WALK_NO_INFO);
	if (stepper_read_stack(walk, &frame, sizeof(frame), fp))
		return stepper_end(walk, WALK_UNREADABLE);
	if (frame.pc && !stepper_find_mapping(walk, pool, frame.pc - 1))
		return stepper_end(walk, WALK_UNMAPPED); /* a JIT's newest code, or no frame */
	walk->fp = frame.fp;
	walk->fp_steps++;
	walk->registers_known = 0;
	walk->bx_at = 0;
	return stepper_arrive(walk, frame.pc, fp + sizeof(frame));
}

/* A signal frame holds all registers of what it interrupted. */
STEPPER_FN int stepper_by_signal(struct stepper_walk *walk, __s64 offset)
{
	static const unsigned char places[] = UNWIND_UCONTEXT_REGISTERS;
	__u64 saved[17]; /* the ucontext from r8, at byte 40, to rip */

	if (stepper_read(walk, saved, sizeof(saved), walk->sp + (__u64)offset + 40))
		return stepper_end(walk, WALK_UNREADABLE);
#ifdef __bpf__ /* or the compiler indexes the stack, which the verifier refuses */
#pragma unroll
#endif
	for (int i = 0; i < UNWIND_REGISTER_CNT; i++)
		walk->registers[i] = saved[(places[i] - 40) / 8];
	stepper_arrive(walk, walk->registers[UNWIND_REGISTER_RA],
		       walk->registers[UNWIND_REGISTER_SP]);
	walk->fp = walk->registers[UNWIND_REGISTER_FP];
	walk->fp_lost = 0;
	walk->call_site = 0;
	walk->registers_known = STEPPER_REGISTERS_ALL;
	walk->bx_at = 0;
	return walk->end != WALK_RUNNING;
}

STEPPER_FN int stepper_is_sigreturn(struct stepper_walk *walk)
{
	static const unsigned char wanted[16] = UNWIND_SIGRETURN_CODE;
	unsigned char code[16] = {0};

	if (stepper_read(walk, code, UNWIND_SIGRETURN_CODE_LEN, walk->pc))
		return 0;
	return *(const __u64 *)code == *(const __u64 *)wanted && code[8] == wanted[8];
}

/* A register by number, where it is known. */
STEPPER_FN int stepper_register(const struct stepper_walk *walk, __u32 number, __u64 *ret_value)
{
	if (number >= UNWIND_REGISTER_CNT || !(walk->registers_known >> number & 1))
		return -1;
	__asm__("" : "+r"(number)); /* or the compiler drops the mask as proven */
	*ret_value = walk->registers[number & (STEPPER_REGISTER_SLOTS - 1)];
	return 0;
}

/* The same for the base of a frame, which may be a saved rbx. */
STEPPER_FN int stepper_base(struct stepper_walk *walk, __u32 number, __u64 *ret_value)
{
	if (number == UNWIND_REGISTER_BX && walk->bx_at)
		return stepper_read(walk, ret_value, sizeof(*ret_value), walk->bx_at);
	return stepper_register(walk, number, ret_value);
}

/* The stack pointer of the caller. Ends the walk and returns not 0 when there is none. */
STEPPER_FN int stepper_cfa(struct stepper_walk *walk, const struct unwind_rule *rule,
			   __u64 *ret_cfa)
{
	__u32 kind = UNWIND_KIND(*rule);
	__u64 cfa = walk->sp, index = 0;
	__s64 add = (__s64)rule->aux * 8;

	if (kind == UNWIND_FP || kind == UNWIND_FP_DEREF) {
		if (walk->fp_lost)
			return stepper_end(walk, WALK_FP_LOST);
		cfa = walk->fp;
	}
	if (kind == UNWIND_PLT) {
		*ret_cfa = cfa + 8 + ((__s64)(walk->pc & 15) >= rule->offset ? 8 : 0);
		return 0;
	}
	if (kind == UNWIND_REGISTER && stepper_base(walk, (__u8)rule->aux, &cfa))
		return stepper_end(walk, WALK_REGISTER_LOST);
	if (kind == UNWIND_SP_INDEX) {
		if (stepper_register(walk, (__u8)rule->aux, &index))
			return stepper_end(walk, WALK_REGISTER_LOST);
		add = 8;
	}
	cfa += (__u64)(__s64)rule->offset + index * 8;
	if (kind == UNWIND_SP_DEREF || kind == UNWIND_FP_DEREF || kind == UNWIND_SP_INDEX) {
		if (stepper_read_stack(walk, &cfa, sizeof(cfa), cfa))
			return stepper_end(walk, WALK_UNREADABLE);
		cfa += (__u64)add;
	}
	*ret_cfa = cfa;
	return 0;
}

/* The caller's frame pointer. One that cannot be told is lost, which matters only if it is needed. */
STEPPER_FN void stepper_caller_fp(struct stepper_walk *walk, const struct unwind_rule *rule,
				  __u64 cfa)
{
	__u32 place = UNWIND_FP_PLACE(*rule);
	__s64 offset = UNWIND_FP_OFFSET(*rule);
	__u64 from = cfa;

	if (place == UNWIND_FP_SAME)
		return;
	if (place == UNWIND_FP_REGISTER) {
		walk->fp_lost = stepper_register(walk, (__u32)offset / 8, &walk->fp) != 0;
		return;
	}
	if (place == UNWIND_FP_LOST || (place == UNWIND_FP_FP && walk->fp_lost)) {
		walk->fp_lost = 1;
		return;
	}
	if (place == UNWIND_FP_FP)
		from = walk->fp;
	else if (place == UNWIND_FP_SP)
		from = walk->sp;
	walk->fp_lost =
		stepper_read_stack(walk, &walk->fp, sizeof(walk->fp), from + (__u64)offset) != 0;
}

/* Where rbx was saved is noted, not read: hardly any frame needs it. */
STEPPER_FN void stepper_caller_bx(struct stepper_walk *walk, const struct unwind_rule *rule,
				  __u64 cfa)
{
	if (UNWIND_TELLS_BX(*rule) && !rule->aux)
		return;
	walk->registers_known &= ~STEPPER_REGISTERS_BX;
	walk->bx_at = 0;
	if (UNWIND_TELLS_BX(*rule) && rule->aux != UNWIND_BX_LOST)
		walk->bx_at = cfa + (__u64)((__s64)rule->aux * 8);
}

/* Saved frame pointer and return address side by side, as most frames have them: one read. */
STEPPER_FN int stepper_common_return(struct stepper_walk *walk, __u64 cfa)
{
	struct stepper_pair frame;

	if (stepper_read_stack(walk, &frame, sizeof(frame), cfa - sizeof(frame)))
		return stepper_end(walk, WALK_UNREADABLE);
	walk->fp = frame.fp;
	walk->fp_lost = 0;
	return stepper_arrive(walk, frame.pc, cfa);
}

STEPPER_FN int stepper_return(struct stepper_walk *walk, const struct unwind_rule *rule, __u64 cfa)
{
	__u64 pc, at = cfa - 8;

	stepper_caller_fp(walk, rule, cfa); /* first: it lies below the return address */
	if (UNWIND_RA(*rule) == UNWIND_RA_AUX)
		at = cfa + (__u64)((__s64)rule->aux * 8);
	if (UNWIND_RA(*rule) == UNWIND_RA_REGISTER) {
		if (stepper_register(walk, (__u8)rule->aux, &pc))
			return stepper_end(walk, WALK_REGISTER_LOST);
	} else if (stepper_read_stack(walk, &pc, sizeof(pc), at)) {
		return stepper_end(walk, WALK_UNREADABLE);
	}
	return stepper_arrive(walk, pc, cfa);
}

/*
 * Every frame is larger than nothing, as its return address is in it; but for a leaf that has taken it into
 * a register.
 */
STEPPER_FN int stepper_is_sane(const struct stepper_walk *walk, const struct unwind_rule *rule,
			       __u64 cfa)
{
	__u64 len = cfa - walk->sp;

	if (cfa < walk->sp || len > STEPPER_FRAME_MAX || cfa & 7)
		return 0;
	return len || UNWIND_RA(*rule) == UNWIND_RA_REGISTER;
}

STEPPER_FN int stepper_by_rule(struct stepper_walk *walk, const struct unwind_rule *rule)
{
	int interrupted = rule->kind & UNWIND_INTERRUPTED, ended;
	__u64 cfa;

	if (stepper_cfa(walk, rule, &cfa))
		return 1;
	if (!stepper_is_sane(walk, rule, cfa))
		return stepper_end(walk, WALK_BAD_FRAME);
	walk->fp_steps = 0;
	if (UNWIND_RA(*rule) == UNWIND_RA_CFA && rule->fp == (__s16)UNWIND_FP_BESIDE_RA)
		ended = stepper_common_return(walk, cfa);
	else
		ended = stepper_return(walk, rule, cfa);
	stepper_caller_bx(walk, rule, cfa);
	if (interrupted)
		walk->call_site = 0;
	return ended;
}

STEPPER_FN int stepper_without_rule(struct stepper_walk *walk, const unsigned char *pool)
{
	if (stepper_is_sigreturn(walk))
		return stepper_by_signal(walk, 0);
	return stepper_by_frame_pointer(walk, pool);
}

STEPPER_FN struct unwind_rule stepper_rule_here(const struct stepper_walk *walk,
						const unsigned char *pool, __u64 address)
{
	struct unwind_rule gap = {0};
	const struct unwind_object *object;

	if (walk->mapping.table >= WALK_TABLE_BROKEN)
		return gap;
	object = STEPPER_OBJECT(walk->mapping.table);
	if (!object)
		return gap;
	return stepper_find_rule(walk, pool, object, address - walk->mapping.table_bias);
}

/*
 * What is to be known of the frame the walk is in: its word, and the rule that leads to its caller.
 * WALK_RUNNING, or how the walk ends here for want of a rule.
 */
STEPPER_FN enum walk_end stepper_look_up(struct stepper_walk *walk, const unsigned char *pool,
					 __u64 address, struct stepper_spot *spot)
{
	int mapped = stepper_find_mapping(walk, pool, address);

	spot->word = stepper_word(walk, address);
	if (!mapped)
		return WALK_UNMAPPED;
	spot->rule = stepper_rule_here(walk, pool, address);
	if (UNWIND_KIND(spot->rule) == UNWIND_UNSUPPORTED)
		return WALK_UNSUPPORTED;
	if (walk->mapping.table == WALK_TABLE_NO_ROOM)
		return WALK_NO_ROOM;
	if (walk->mapping.table == WALK_TABLE_BROKEN)
		return WALK_BROKEN;
	return WALK_RUNNING;
}

/* What leads nowhere, or depends on more than the address, is not kept. */
STEPPER_FN enum walk_end stepper_look_up_and_keep(struct stepper_walk *walk,
						  const unsigned char *pool, __u64 address,
						  struct stepper_spot *spot)
{
	struct stepper_memory *memory = STEPPER_MEMORY(address);
	enum walk_end end;

	if (memory && memory->address == address && memory->mapset_id == walk->mapset_id) {
		*spot = memory->spot;
		return WALK_RUNNING;
	}
	end = stepper_look_up(walk, pool, address, spot);
	if (memory && end == WALK_RUNNING && UNWIND_KIND(spot->rule) != UNWIND_GAP) {
		memory->address = address;
		memory->mapset_id = walk->mapset_id;
		memory->spot = *spot;
	}
	return end;
}

/* The same through the cache, and no longer than what the mapping set says of the mapping is true. */
STEPPER_FN enum walk_end stepper_recall(struct stepper_walk *walk, const unsigned char *pool,
					__u64 address, struct stepper_spot *spot)
{
	struct stepper_memory *memory = STEPPER_MEMORY(address);
	enum walk_end end;

	if (memory && memory->address == address && memory->mapset_id == walk->true_mapset_id) {
		*spot = memory->spot;
		return WALK_RUNNING;
	}
	end = stepper_look_up_and_keep(walk, pool, address, spot);
	if (end == WALK_UNMAPPED || STEPPER_TRUSTS(address, spot->word))
		return end;
	spot->word = WALK_UNPLACED | (address & WALK_OFFSET_MASK);
	return WALK_CHANGED;
}

/*
 * Notes the frame the walk is in and goes on to its caller. Returns 0, or 1 when the walk has ended;
 * `walk->end` says how. `frame` has room for the frame; the caller checks how many there may be.
 */
STEPPER_FN int stepper_step(struct stepper_walk *walk, const unsigned char *pool, __u64 *frame)
{
	struct stepper_spot spot = {};
	enum walk_end end;

	end = stepper_recall(walk, pool, walk->pc - (walk->call_site ? 1 : 0), &spot);
	*frame = spot.word;
	stepper_mix(walk, spot.word);
	walk->frames_len++;
	if (end != WALK_RUNNING)
		return stepper_end(walk, end);
	switch (UNWIND_KIND(spot.rule)) {
	case UNWIND_STOP:
		return stepper_end(walk, WALK_COMPLETE);
	case UNWIND_GAP:
		return stepper_without_rule(walk, pool);
	case UNWIND_SIGNAL:
		return stepper_by_signal(walk, spot.rule.offset);
	default:
		return stepper_by_rule(walk, &spot.rule);
	}
}

/* The end is part of what a stack is: the same frames with another end are another stack. */
STEPPER_FN void stepper_finish(struct stepper_walk *walk)
{
	if (walk->end == WALK_RUNNING)
		walk->end = WALK_DEPTH;
	stepper_mix(walk, walk->end);
}

#endif
