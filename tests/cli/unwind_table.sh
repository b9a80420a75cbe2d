#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# smolder unwind-table: what it prints of a program, and how it fails.
. "$(dirname "$0")/../lib/testlib.sh"

# value NAME: of the last table
value() {
	sed -n "s/^$1: *//p" table
}

ok "a program has a table" "$SMOLDER" unwind-table -e "$SMOLDER"
"$SMOLDER" unwind-table --exe "$SMOLDER" >table 2>messages
is "nothing on standard error" "$(cat messages)" ""
is "from .eh_frame" "$(value source | cut -d ' ' -f 1)" .eh_frame
matches "rows" "$(value rows)" '^[1-9][0-9]{3,}$'
matches "functions" "$(value fdes)" '^[1-9][0-9]{2,}$'
matches "bytes per row" "$(value bytes-per-row)" '^4\.[0-9]{2}$'
matches "coverage" "$(value covered)" '^(9[0-9]|100)\.[0-9]{3} %$'
matches "losses" "$(value not-encodable)" '^[0-9]+ rows, 0\.[0-9]{4} %$'
matches "CPU time" "$(value cpu-time)" '^[0-9]+\.[0-9]{3} ms$'

"$SMOLDER" unwind-table -e "$SMOLDER" --dump >rows
is "the dump has all rows" "$(wc -l <rows)" "$(value rows)"
is "in order, each once" "$(cut -d ' ' -f 1 rows | sort -guc 2>&1)" ""
is "each an address and a rule" "$(grep -cvE '^0x[0-9a-f]+ [a-z*]' rows)" 0
matches "one ends the stack" "$(cut -d ' ' -f 2- rows | sort | uniq -c)" ' stop'

# fails STATUS TEXT ARGUMENTS…: nothing on standard output, one line that matches on the other
fails() {
	local wanted=$1 text=$2 status=0
	shift 2
	"$SMOLDER" unwind-table "$@" >out 2>messages || status=$?
	is "exit status of: $*" "$status" "$wanted"
	is "no output of: $*" "$(cat out)" ""
	matches "message of: $*" "$(head -n 1 messages)" "$text"
}
fails 2 "no file"
fails 2 "'x' is no option" -e "$SMOLDER" x
fails 1 "'/no/such/file': No such file" -e /no/such/file
fails 1 "'/etc/passwd': not an ELF file" -e /etc/passwd
fails 1 "'/': not a regular file" -e /
head -c 100 "$SMOLDER" >short
fails 1 "'short': cannot read the program headers" -e short
