/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Functions' names without what makes them long: parameters, template arguments, return types.
 *
 *	long n::S::work<long>(long) const              n::S::work
 *	std::vector<int>::push_back(int&&) [clone .cold]  std::vector::push_back [clone .cold]
 *	<alloc::vec::Vec<T> as core::ops::Drop>::drop  <alloc::vec::Vec as core::ops::Drop>::drop
 *
 * It goes by how C++'s and Rust's demangled names look; a name that does not look so stays as it is.
 */
#ifndef SMOLDER_FORMATS_SHORT_NAMES_H
#define SMOLDER_FORMATS_SHORT_NAMES_H

#include "formats/profile.h"

/* Appends the short form, without a NUL. */
void short_names_append(struct buf *out, const char *name);

/*
 * Gives all functions of compiled user code their short names; system names stay. What compilers at run
 * time call theirs stays, too. 0 or -ENOMEM.
 */
int short_names_apply(struct profile *profile) _warn_unused_;

#endif
