#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Memory for unwind tables runs out: what has no room says so, the rest goes on; and when a process is
# gone, its tables make room for those of the next.
. "$(dirname "$0")/../lib/livelib.sh"

need_cmd clang
need_cmd python3

spin='
def leaf(n):
    return sum(range(n))
while True:
    leaf(1000)
'

# A C file that keeps the compiler busy for seconds.
many_functions() {
	local i
	for ((i = 0; i < 4000; i++)); do
		printf 'int f%d(int x) { for (int i = 0; i < x; i++) x ^= i * %d; return x; }\n' "$i" "$i"
	done
}

# share FILE COMM: per cent of this process's samples whose user stack is complete.
share() {
	awk -F ';' -v comm="$2" '
		$1 == comm { n = $0; sub(/.* /, "", n); all += n; if ($2 !~ /^\[incomplete/) whole += n }
		END { print all ? int(100 * whole / all) : 0 }' "$1"
}

# What the tables of these programs and of all their libraries come to, each file once.
table_bytes() {
	local program
	for program in "$@"; do
		command -v "$program" >/dev/null || continue
		realpath "$(command -v "$program")"
		ldd "$(realpath "$(command -v "$program")")" | grep -o '/[^ ]*' | xargs -r realpath
	done | sort -u | while read -r file; do
		"$SMOLDER" unwind-table -e "$file" | awk '$1 == "bytes:" { print $2 }'
	done | awk '{ sum += $1 } END { print sum + 0 }'
}

# The default pool has 64 MiB; half of it does for what a busy host runs.
test_busy_host() {
	local PATH=/usr/bin:/bin:/usr/lib/postgresql/15/bin:/usr/lib/gcc/x86_64-linux-gnu/12
	between "tables of python3, perl, gdb, gcc, clang, node, postgres and their libraries, bytes" \
		"$(table_bytes python3 perl gdb gcc cc1 cc1plus clang node postgres openssl)" \
		$((5 << 20)) $((32 << 20))
}

# libLLVM and libclang-cpp together have tables of some 7 MiB.
test_full() {
	many_functions >big.c
	record -o full.folded --ledger full.json -F 499 --unwind-memory 1M -- clang -O2 -c big.c -o big.o
	is "a full pool: the recording succeeds" "$STATUS" 0
	closes "a full pool: the ledger closes" full.json
	is "a full pool: nothing is lost" "$(ledger get full.json samples.lost)" 0
	ok "a full pool: stacks say that there was no room" \
		grep -qF '[incomplete: no room for unwind tables];' full.folded
}

test_recovery() {
	cat >phases.sh <<-'END'
		clang -O2 -c big.c -o big.o
		exec timeout 5 python3 -c "$1"
	END
	record -o phases.folded --ledger phases.json -F 499 --unwind-memory 4M -- \
		bash phases.sh "$spin"
	closes "a pool that is used again: the ledger closes" phases.json
	between "a pool that is used again: per cent of python3's stacks complete" \
		"$(share phases.folded python3)" 80 100
}

test_full
test_busy_host
test_recovery
