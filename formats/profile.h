/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The neutral profile: what every reader makes and every writer takes. Tables of interned things,
 * each named by its position (an id); a trie of stacks; samples with labels.
 *
 *	strings   ← names; id 0 is ""
 *	mappings  ← the object files code came from
 *	functions ← name, file
 *	frames    ← one source-level call: a function at a line, at an address of a mapping. An
 *	            inlined call is a frame of its own, of kind FRAME_INLINE, behind its physical
 *	            caller and with the caller's mapping and address
 *	stacks    ← trie nodes (parent, frame); node 0 is the empty stack
 *	labels    ← sets of labels; set 0 is the empty set
 *	samples   ← (stack, label set) → one value per value type; each pair at most once
 *
 * The process name is not a frame: it is the label "comm". All profile_*() that add return the id,
 * or PROFILE_NONE when memory (or the cap of 2^32-2 items) ran out; adding what is there already
 * returns its id. Text may hold any bytes; writers clean it. Not thread-safe.
 */
#ifndef SMOLDER_FORMATS_PROFILE_H
#define SMOLDER_FORMATS_PROFILE_H

#include "base/err.h"
#include "base/hashindex.h"
#include "base/strtab.h"
#include "base/vec.h"
#include "formats/ledger.h"

#define PROFILE_NONE UINT32_MAX
#define PROFILE_VALUES_MAX 8

enum frame_kind {
	FRAME_USER,
	FRAME_KERNEL,
	FRAME_INLINE, /* inlined into the frame before it, whichever side that is on */
	FRAME_JIT,
	FRAME_MARKER, /* not code: "[incomplete: REASON]" at the root of a user stack */
};

struct profile_mapping {
	uint32_t name;     /* string: path, "[kernel.kallsyms]", "[vdso]", "[module]" */
	uint32_t build_id; /* string: lower-case hex, or 0 */
	uint64_t start, limit, file_offset; /* addresses as the ELF file gives them: no load bias */
	bool has_functions, has_filenames, has_line_numbers, has_inline_frames;
};

struct profile_function {
	uint32_t name;        /* string: demangled, or "object+0x1234" when there is no name */
	uint32_t system_name; /* string: as the symbol table has it; == name when not mangled */
	uint32_t file;        /* string, or 0 */
	uint32_t start_line;  /* 0: unknown */
};

struct profile_frame {
	uint32_t function;     /* PROFILE_NONE: a location without a name (other people's files) */
	uint32_t mapping;      /* PROFILE_NONE: none */
	uint64_t address;      /* in the mapping's terms; call sites are already adjusted by -1 */
	uint32_t line, column; /* 0: unknown */
	uint32_t kind;         /* enum frame_kind */
	uint32_t is_folded;    /* 1: the linker folded several equal functions into this one */
};

struct profile_stack {
	uint32_t parent; /* node id, smaller than the node's own */
	uint32_t frame;
};

struct profile_label {
	uint32_t key; /* string */
	uint32_t str; /* string, or 0: then num counts */
	int64_t num;
	uint32_t unit; /* string, or 0; "id" for pid and tid */
};

struct profile_sample {
	uint32_t stack;  /* leaf node */
	uint32_t labels; /* label set id */
	int64_t values[PROFILE_VALUES_MAX];
};

struct profile_value_type {
	uint32_t type, unit; /* strings */
};

struct profile {
	struct strtab strings;
	VEC(struct profile_mapping) mappings;
	VEC(struct profile_function) functions;
	VEC(struct profile_frame) frames;
	VEC(struct profile_stack) stacks;
	VEC(struct profile_label) labels; /* the sets' members, back to back, sorted by key */
	VEC(uint32_t) label_set_ends;     /* set i ends before labels[label_set_ends[i]] */
	VEC(struct profile_sample) samples;
	VEC(uint32_t) comments; /* strings, other than the ledger's */

	struct profile_value_type value_types[PROFILE_VALUES_MAX];
	uint32_t value_types_len;
	uint32_t default_value_type; /* index into value_types */
	struct profile_value_type period_type;
	int64_t period;
	int64_t time_ns; /* start, UTC since the epoch; 0: unknown */
	int64_t duration_ns;
	uint32_t host, command; /* strings: nodename; command line profiled, or "" */
	uint32_t drop_frames, keep_frames, doc_url; /* strings of foreign pprof files, or 0 */
	struct ledger ledger;                       /* event "" when the source has none */

	/* Lookup; private to profile.c. */
	struct hashindex mapping_index, function_index, frame_index, stack_index, label_index,
		sample_index;
};

/* An empty profile with the CPU value types (samples/count, cpu/nanoseconds; default cpu). */
int profile_new(struct profile **ret_profile) _warn_unused_;
struct profile *profile_free(struct profile *profile); /* NULL is legal; returns NULL */

uint32_t profile_string(struct profile *profile, const char *text);
uint32_t profile_string_len(struct profile *profile, const char *text, size_t len);

/* A mapping is known by its name, build-id and range; its has_* flags are or-ed together. */
uint32_t profile_mapping(struct profile *profile, const struct profile_mapping *mapping);
uint32_t profile_function(struct profile *profile, const struct profile_function *function);
uint32_t profile_frame(struct profile *profile, const struct profile_frame *frame);

/* Its id and its system name stay. 0 or -ENOMEM. */
int profile_rename_function(struct profile *profile, uint32_t function, uint32_t name)
	_warn_unused_;

/* The stack that is `parent` (0: the empty stack) with `frame` called from its leaf. */
uint32_t profile_stack(struct profile *profile, uint32_t parent, uint32_t frame);

/*
 * The set of these labels, in any order. A key may come more than once in other people's files
 * (with different values); our own recordings give each key one value.
 */
uint32_t profile_label_set(struct profile *profile, const struct profile_label *labels, size_t len);

/*
 * Adds the values (value_types_len of them) to the sample (stack, label set); PROFILE_NONE, and
 * nothing is added, when a sum would not fit in 64 bits too.
 */
uint32_t profile_sample(struct profile *profile, uint32_t stack, uint32_t labels,
			const int64_t *values);

/*
 * Adds all of `from` to `into`. -EINVAL when value types or period type differ; -ENOMEM, -ERANGE.
 * The earliest start, the sum of durations, the larger period; host and command only when both
 * agree; a ledger only when both have one. An `into` without samples and duration takes all of
 * these, and the value types, from `from`. On failure `into` holds a part and is good for nothing.
 */
int profile_merge(struct profile *into, const struct profile *from, struct err *err) _warn_unused_;

/*
 * `into` says of itself what `from` says: host, command, time, duration, period, value types (of as many
 * values), ledger; comments are added. Samples stay. 0 or -ENOMEM.
 */
int profile_describe(struct profile *into, const struct profile *from) _warn_unused_;

/* Every id in range, every invariant above; -EINVAL and the first violation. For tests and readers. */
int profile_check(const struct profile *profile, struct err *err) _warn_unused_;

/* Sum over the samples of one value type; the nearest 64-bit number when it does not fit. */
int64_t profile_total(const struct profile *profile, uint32_t value_type);

/* The index of a value type, or PROFILE_NONE. */
uint32_t profile_value_type_find(const struct profile *profile, const char *type, const char *unit);

/* The one value type of formats that have room for one: samples/count if there, else the default. */
uint32_t profile_count_type(const struct profile *profile);

/* The number of frames of a stack: 0 for the empty one. */
uint32_t profile_stack_depth(const struct profile *profile, uint32_t stack);

/* Fills frames[0 .. depth) with the stack's frame ids, outermost first. */
void profile_stack_frames(const struct profile *profile, uint32_t stack, uint32_t *frames,
			  uint32_t depth);

/* The members of a label set. */
const struct profile_label *profile_labels(const struct profile *profile, uint32_t set,
					   size_t *ret_len);

/* The label of the set with this key, or NULL. */
const struct profile_label *profile_label_find(const struct profile *profile, uint32_t set,
					       const char *key);

static inline const char *profile_text(const struct profile *profile, uint32_t string)
{
	return strtab_get(&profile->strings, string);
}

/* Has it anything that a merge must not overwrite? */
static inline bool profile_has_data(const struct profile *profile)
{
	return profile->samples.len > 0 || profile->duration_ns != 0;
}

static inline void profile_cleanup_(struct profile **profile)
{
	profile_free(*profile);
}

#define _cleanup_profile_ _cleanup_(profile_cleanup_)

#endif
