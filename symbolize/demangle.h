/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * C++ (Itanium ABI) and Rust (legacy and v0) symbol names made readable. The hash that ends a legacy
 * Rust name is left out; suffixes of compiler clones stay: `f(int) [clone .cold]`.
 */
#ifndef SMOLDER_SYMBOLIZE_DEMANGLE_H
#define SMOLDER_SYMBOLIZE_DEMANGLE_H

#include "base/buf.h"

#include <stdbool.h>

/*
 * Appends the readable name, without a NUL, and returns true; or returns false with `out` as it was:
 * the name is not mangled, is broken, or would be longer than we care to read.
 */
bool demangle_append(const char *name, struct buf *out);

#endif
