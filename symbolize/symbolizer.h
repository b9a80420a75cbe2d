/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * (object, offset) → source-level frames, or a reason why not. An object is an ELF file given by an
 * open file descriptor, the kernel, this machine's vDSO, or a process's word on the code it compiled at
 * run time; an offset is a file offset (what address - mapping start + mapping file offset gives), or
 * an address for the kernel and for code compiled at run time. Turning a file
 * offset into an address of the ELF file goes by its PT_LOAD headers, here and nowhere else.
 *
 * Files come from whoever is profiled: nothing in them is trusted, and a broken one yields a reason,
 * never a failure. Objects are opened and parsed at the first lookup. Strings in results belong to
 * the symbolizer and live as long as it does; `frames` is good until the next lookup. Not thread-safe.
 */
#ifndef SMOLDER_SYMBOLIZE_SYMBOLIZER_H
#define SMOLDER_SYMBOLIZE_SYMBOLIZER_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbolizer;

/* Why a frame has no name. sym_reason_name() gives the ledger's word for it. */
enum sym_reason {
	SYM_OK,
	SYM_NO_SYMBOL,   /* the object has symbols, none covers the address */
	SYM_STRIPPED,    /* the object has no symbols at all */
	SYM_NO_FILE,     /* the object's file could not be opened or is no longer the same */
	SYM_BAD_ELF,     /* not ELF, or broken */
	SYM_NOT_MAPPED,  /* the offset lies in no executable segment of the file */
	SYM_NO_KALLSYMS, /* kernel addresses are hidden (kernel.kptr_restrict) */
	SYM_TOO_LARGE,   /* a cap of ours was reached */
	SYM_NOT_IN_JIT, /* what the process says of the code it compiled does not cover the address */
	SYM_FAILED,     /* whoever was to look it up died of it */
	SYM_PUT_OFF,    /* looking it up would have cost more than may be spent now */
	SYM_REASON_COUNT
};

struct sym_frame {
	const char *name;        /* demangled */
	const char *system_name; /* as in the symbol table; the same pointer when not mangled */
	const char *file;        /* source path, or NULL */
	uint32_t line;           /* of the call or the sampled instruction; 0: unknown */
	uint32_t start_line;     /* where the function is declared; 0: unknown */
	bool inlined;            /* into the frame before it */
};

struct sym_segment {                        /* one executable PT_LOAD, page-aligned as mapped */
	uint64_t start, limit, file_offset; /* start, limit: addresses of the ELF file */
};

struct sym_result {
	const struct sym_frame *frames; /* physical function first, innermost inlined last */
	size_t frames_len;              /* 0 unless reason is SYM_OK */
	enum sym_reason reason;
	/*
	 * In the ELF file's terms; the offset itself when not known. Of a function without a name
	 * whose bounds are known, its start: so that its samples stay together.
	 */
	uint64_t address;
	uint64_t exact_address;     /* the one asked for, in the same terms, always */
	struct sym_segment segment; /* the one that holds the address; all 0 when not known */
	const char *module; /* kernel: "[kernel.kallsyms]", "[nf_conntrack]", "[bpf]"; else NULL */
	/* A stack whose outermost frame this is has reached its base: _start, a thread's entry, … */
	bool stack_base;
};

#define SYMBOLIZER_DEBUG_DIRECTORY "/usr/lib/debug"

struct symbolizer_options {
	const char *kallsyms_path;   /* NULL: /proc/kallsyms; tests give their own */
	const char *modules_path;    /* NULL: /proc/modules; likewise */
	bool no_dwarf;               /* symbol tables only: no lines, no inlined frames */
	bool no_demangle;            /* names are as in the symbol table, which costs less */
	const char *debug_directory; /* of separate debug files; NULL: the above */
	/*
	 * Opens a debug file by its path, which is as the path of the object is whose it is said to be; of
	 * that object the owner (symbolizer_set_owner()) is given, too. < 0: not there.
	 * Only a file whose build-id or checksum proves that it belongs to the object is used. NULL:
	 * debug files are looked for in debug_directory only.
	 */
	int (*open_debug)(void *ctx, uint32_t owner, const char *path);
	void *open_ctx; /* of all functions here but the next */
	/* Gets the debug file of a build-id (hex) that is not in debug_directory; < 0: no. NULL: no. */
	int (*fetch_debug)(void *ctx, const char *build_id);
	void *fetch_ctx;
	/*
	 * Where what was found out about objects is kept from one run to the next; made when it is not
	 * there (its parent must be). NULL: nowhere. One that others may write to is not used.
	 */
	const char *cache_directory;
	uint64_t cache_len_max; /* bytes of it all; 0: 1 GiB */
	/* For one who may open no files: who does it instead of open(2), and instead of a cache. */
	int (*open_host)(void *ctx, const char *path);
	int (*find_index)(void *ctx);
	int (*write_index)(void *ctx, const void *bytes, size_t len);
};

int symbolizer_new(const struct symbolizer_options *options, struct symbolizer **ret_symbolizer)
	_warn_unused_;
/* Keeps what was found out in the cache, if there is one. NULL is legal. */
struct symbolizer *symbolizer_free(struct symbolizer *symbolizer);

/*
 * Makes an object known; returns its id (>= 0) or -ENOMEM. `fd` is borrowed and duplicated; -1 when the
 * file could not be opened (lookups then answer SYM_NO_FILE). `path` is for messages and for finding
 * a .gnu_debuglink's file; neither need exist.
 */
int symbolizer_add_file(struct symbolizer *symbolizer, int fd, const char *path);
/* Asked for again it is the same; its symbols are read anew if modules came or went. */
int symbolizer_add_kernel(struct symbolizer *symbolizer);
int symbolizer_add_vdso(struct symbolizer *symbolizer);

/* Where the running kernel itself begins (_text); 0: unknown. */
uint64_t symbolizer_kernel_text(struct symbolizer *symbolizer, int kernel);

/*
 * As symbolizer_add_file(), for a perf map or a jitdump: what a process says of the code it compiled at
 * run time. Offsets are that process's addresses; where code was compiled over other code the later
 * counts; but of a jitdump, which tells times, none that came after `time_ns` (CLOCK_MONOTONIC) in the place
 * of one that was there by then. UINT64_MAX: now.
 */
int symbolizer_add_jit(struct symbolizer *symbolizer, int fd, const char *path, uint64_t time_ns);

/* What the caller calls an object; 0 unless told, before the first lookup. */
void symbolizer_set_owner(struct symbolizer *symbolizer, int object, uint32_t owner);

/* Always answers: `ret_result` is filled, its reason says how well. */
void symbolizer_lookup(struct symbolizer *symbolizer, int object, uint64_t offset,
		       struct sym_result *ret_result);

/*
 * The same by an address of the ELF file, as symbol tables have it. Of a relocatable file: of .text, which begins
 * at 0; its other sections are somewhere behind. Not for the kernel.
 */
void symbolizer_lookup_address(struct symbolizer *symbolizer, int object, uint64_t address,
			       struct sym_result *ret_result);

/*
 * For when there is time: makes more of an object's index than was asked for, for the cache, as long as
 * the budget of CPU time lasts. Only if something was asked that the cache lacked: what is asked again and
 * again the same has all it needs. How many units still lack their index; 0 when there is nothing to do.
 */
size_t symbolizer_complete(struct symbolizer *symbolizer, int object, uint64_t budget_ns);

/* Was something found out about the object that the cache has not? False without a cache. */
bool symbolizer_has_news(struct symbolizer *symbolizer, int object);

/* Lower-case hex build-id of the object, or "" when it has none or cannot be read. */
const char *symbolizer_build_id(struct symbolizer *symbolizer, int object);

/* Which functions an object's symbols name. */
enum sym_table {
	SYM_TABLE_NONE,
	SYM_TABLE_EXPORTED, /* there is no more than .dynsym */
	SYM_TABLE_WHOLE,
	SYM_TABLE_COUNT
};

struct sym_sources {
	enum sym_reason reason; /* SYM_OK, or why the others are not known */
	enum sym_table table;
	bool has_dwarf; /* in the object or in its debug file */
};

/* Where names of a file's code come from. */
void symbolizer_sources(struct symbolizer *symbolizer, int object, struct sym_sources *ret_sources);

/* The path given with the object, "[vdso]" or "[kernel.kallsyms]". */
const char *symbolizer_path(const struct symbolizer *symbolizer, int object);

/* What files and caps kept us from telling, of all objects looked into so far. */
struct sym_losses {
	uint64_t dwarf_objects;    /* whose DWARF is broken or beyond our caps: symbols were used */
	uint64_t dwarf_units;      /* units or line programs left out, whole or in part */
	uint64_t names_cut;        /* names longer than 16 KiB */
	uint64_t kernel_functions; /* left out of kallsyms */
	uint64_t jit_functions;    /* and lines, left out of perf maps and jitdumps */
};

void symbolizer_losses(const struct symbolizer *symbolizer, struct sym_losses *ret_losses);

/* The ledger's word for a reason: "no symbol", "stripped", … */
const char *sym_reason_name(enum sym_reason reason);

/*
 * The user's cache_directory: $XDG_CACHE_HOME/smolder, root's /var/cache/smolder, or
 * ~/.cache/smolder, whose parent is made. Written to `path`; NULL when there is none.
 */
const char *symbolizer_cache_directory(char *path, size_t size);

static inline void symbolizer_cleanup_(struct symbolizer **symbolizer)
{
	symbolizer_free(*symbolizer);
}

#define _cleanup_symbolizer_ _cleanup_(symbolizer_cleanup_)

#endif
