#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Nothing grows without end: functions up to 60 lines and 4 parameters, files up to 600 lines. The
# way out for a message, a last `struct err *`, is not counted as a parameter; what libunwind and
# libdwfl call back has the parameters they prescribe.
set -eu
cd "$(dirname "$0")/../.."
. tests/lib/sources.sh

mapfile -t files < <(sources '*.c' '*.h' '*.js' '*.mjs' '*.css' '*.sh' '*.mk')
awk 'FNR == 601 { print FILENAME ": more than 600 lines" }' "${files[@]}" |
	report "files have up to 600 lines"

# clang-format puts the brace of a function, and of nothing else, alone into the first column. The
# lines before it, back to one that cannot be a signature's, are its signature.
mapfile -t files < <(sources '*.c' '*.h')
measure() {
	awk -v what="$1" '
		FNR == 1 { signature = ""; start = 0 }
		/^\{$/ { start = FNR; next }
		/^\}/ && start {
			if (what == "lines" && FNR - start + 1 > 60)
				printf "%s:%d: %d lines\n", FILENAME, start, FNR - start + 1
			start = 0
			signature = ""
			next
		}
		start == 0 && /^[A-Za-z_].*\(/ { signature = $0; first = FNR }
		start == 0 && /^[ \t]+[^ \t]/ && signature != "" { signature = signature $0 }
		start == 0 && /\)( _[a-z]+_)*;?$/ && signature != "" && what == "parameters" {
			sub(/^[^(]*\(/, "", signature)
			sub(/,[ \t]*struct err \*[a-z_]*\).*$/, ")", signature)
			while (gsub(/\([^()]*\)/, "", signature)) { }
			if (signature !~ /unw_|Dwfl/ && gsub(/,/, ",", signature) > 3)
				printf "%s:%d: more than 4 parameters\n", FILENAME, first
			signature = ""
		}
		/[;}]$/ && start == 0 { signature = "" }
	' "${files[@]}"
}
measure lines | report "functions have up to 60 lines"
# These files' callbacks have the signatures that libdw and libunwind give them.
measure parameters | grep -vE '^tests/(oracle|tables)/(dwfl|libunwind)_[a-z]+\.c:' | report "functions have up to 4 parameters"
