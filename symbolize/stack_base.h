/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a user stack legitimately ends. A stack whose outermost frame lies elsewhere was cut short.
 *
 * Known by name where there is one: the program's and a thread's entry in libc, the dynamic linker's,
 * Go's, a context's (makecontext). In a stripped file, by what is left in it:
 *  - the function at the ELF entry point, by its symbol, else its FDE, else up to the next FDE;
 *  - an FDE that begins with "the return address is undefined": the mark by which _start, clone and
 *    clone3 tell an unwinder that there is no caller;
 *  - glibc's __libc_start_call_main and start_thread, which call main() and the thread's function
 *    and where a walk by frame pointers ends. Both are static. They are the functions (FDEs) directly
 *    before the exported __libc_start_main and pthread_create, in whose source files they are; what
 *    lies there counts only if the code around it refers to its first byte, as the caller of the one
 *    and the creator of the other must (x86-64 only: elsewhere that is not checked, and not claimed).
 *    Seen so in Debian's glibc 2.36 against its debug symbols. In a stripped static program neither
 *    is exported, so there the two are not found; its _start and clone are.
 */
#ifndef SMOLDER_SYMBOLIZE_STACK_BASE_H
#define SMOLDER_SYMBOLIZE_STACK_BASE_H

#include "symbolize/eh_frame.h"
#include "symbolize/elf_file.h"
#include "symbolize/symtab.h"

struct stack_base { /* all zero: no such place */
	struct intervals ranges;
};

/* Is the file's .eh_frame worth reading, only to know where stacks end? */
bool stack_base_needs_functions(const struct elf_file *file, const struct symtab *symtab);

/* Finds the file's places that need no name; of no functions it finds less. 0 or -ENOMEM. */
int stack_base_read(const struct elf_file *file, const struct symtab *symtab,
		    const struct eh_functions *functions, struct stack_base *ret_base)
	_warn_unused_;
void stack_base_free(struct stack_base *base);

/* The name of a place that was found by what it does; NULL: nothing is known of it, or no name. */
const char *stack_base_name(const struct stack_base *base, uint64_t address);

bool stack_base_holds(const struct stack_base *base, uint64_t address);

/* Is this the name (demangled, without a version) of a function at which stacks end? */
bool stack_base_has_name(const char *name);

#endif
