#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# CPU time of loading the kernel's symbols beside that of reading them, which the kernel spends on
# spelling them out; memory of the whole process. Beside perf, which loads them to name some samples.
. "$(dirname "$0")/benchlib.sh"

# shellcheck disable=SC2046 # flags are words
cc -std=gnu11 -D_GNU_SOURCE -O2 -I"$TOP" "$TOP/bench/kallsyms_turns.c" -o loader \
	"$TOP/build/libsymbolize.a" "$TOP/build/libbase.a" $(pkg-config --libs libxxhash) ||
	fail "cannot build bench/kallsyms_turns.c"

./loader "$((RUNS * 3))" >out || fail "/proc/kallsyms cannot be read, or has no addresses"
printf '%s lines\n' "$(wc -l </proc/kallsyms)"
grep -v '^rss' out >turns
# shellcheck disable=SC2046 # numbers
row "  reading, CPU" ms $(column 1 turns)
# shellcheck disable=SC2046
row "  loading, CPU" ms $(column 2 turns)
# shellcheck disable=SC2046
row "  loading / reading" % $(awk '{ print 100 * $2 / $1 }' turns)
row "  peak memory of the process" MB "$(awk '/^rss/ { print $2 }' out)"

# perf_loads: perf script of a few kernel samples, less what it takes to print a header
perf_loads() {
	perf record -q -B -N -a -e cpu-clock:k -F 99 -o samples -- sleep 0.5 >/dev/null 2>&1 || return
	for ((run = 0; run < RUNS; run++)); do
		measured named perf script --no-inline -i samples -F ip,sym
		measured bare perf script --header-only -i samples
	done >/dev/null 2>&1
	# shellcheck disable=SC2046
	row "  perf script of kernel samples, CPU" ms \
		$(paste <(column 2 named) <(column 2 bare) | awk '{ print $1 - $2 }')
	# shellcheck disable=SC2046
	row "  perf script of kernel samples, peak memory" MB $(column 3 named)
}
[ -z "$(command -v perf)" ] || perf_loads
