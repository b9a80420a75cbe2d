#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# CPU time of compiling unwind tables, and their size, beside libdw asked once for each row. Files
# that are not here are left out: FILES="/usr/bin/x …" bench/unwind_compile.sh
. "$(dirname "$0")/benchlib.sh"

lib=/usr/lib/x86_64-linux-gnu
FILES=${FILES:-$lib/libc.so.6 $lib/libcrypto.so.3 /usr/bin/python3.11 /usr/bin/gdb
	/usr/lib/gcc/x86_64-linux-gnu/12/cc1 $lib/libLLVM-14.so.1 $lib/libclang-cpp.so.14 /usr/bin/node}

# shellcheck disable=SC2046 # flags are words
cc -std=gnu11 -D_GNU_SOURCE -O2 -I"$TOP" "$TOP/bench/unwind_peer.c" -o peer \
	$(pkg-config --cflags --libs libdw libelf) || fail "cannot build the peer"

# value NAME: of what unwind-table printed
value() {
	awk -v name="$1:" '$1 == name { print $2 }' table
}

for file in $FILES; do
	[ -f "$file" ] || continue
	ours=() theirs=()
	"$SMOLDER" unwind-table -e "$file" --dump | grep -v ' gap$' >rows
	for ((run = 0; run < RUNS; run++)); do
		"$SMOLDER" unwind-table -e "$file" >table || fail "$file"
		ours+=("$(value cpu-time)")
		theirs+=("$(./peer "$file" <rows)")
	done
	printf '%s: %s rows of %s bytes, %s rules, not encodable %s\n' "$(basename "$file")" \
		"$(value rows)" "$(value bytes-per-row)" "$(value rules)" "$(value not-encodable)"
	row "  smolder, CPU" ms "${ours[@]}"
	row "  libdw, CPU" ms "${theirs[@]}"
done
