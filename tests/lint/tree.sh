#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Names, licence lines, and what must not be in the tree.
set -eu
cd "$(dirname "$0")/../.."
. tests/lib/sources.sh

code=('*.c' '*.h' '*.S' '*.sh' '*.bash' '*.js' '*.mjs' '*.css' '*.html' '*.mk' '*.cc' '*.py' 'Makefile'
	'.ci/run' 'man/*.[1-8]')
mapfile -t files < <(sources "${code[@]}")

sources '*.c' '*.h' '*.js' '*.mjs' | sed 's|.*/||' | sort | uniq -d |
	report "basenames are unique"

for file in "${files[@]}"; do
	head -n 3 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause' ||
		echo "$file: no SPDX line"
done | report "every source says its licence"

grep -nE '\b(TODO|FIXME|XXX)\b' "${files[@]}" | grep -v '^tests/lint/tree.sh:' |
	report "nothing is left for later"

grep -nE '[[:space:]]$' "${files[@]}" | report "no white space at the end of a line"

sources '*.o' '*.a' '*.skel.h' '*.pb-c.h' 'flame.*' '*/viewer.html' |
	report "nothing generated is in the tree"
