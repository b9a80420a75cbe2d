#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What the program says of itself, on standard output.
. "$(dirname "$0")/../lib/testlib.sh"

golden help/all "$SMOLDER" help
for verb in record agent report convert merge stack unwind-table symbolize doctor bench; do
	golden "help/$verb" "$SMOLDER" "$verb" --help
	is "'help $verb' is the same" "$("$SMOLDER" help "$verb")" "$("$SMOLDER" "$verb" --help)"
	matches "'help' knows $verb" "$("$SMOLDER" help)" "^  $verb |"$'\n'"  $verb "
	is "$verb: no line is wider than 100 columns" "$("$SMOLDER" help "$verb" | awk 'length > 100')" ""
done
for way in "" --help -h; do
	# shellcheck disable=SC2086 # no word at all is one of the ways
	is "'smolder $way' is 'smolder help'" "$("$SMOLDER" $way)" "$("$SMOLDER" help)"
done
is "the version" "$("$SMOLDER" --version)" "smolder $(sed -n 's/.*"\(.*\)"/\1/p' "$BUILD/version.h")"
