#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# How many user stacks reach the base, of programs without frame pointers: smolder's, and perf's copies of
# 64 KB (--call-graph dwarf) of the same run of the same program. What smolder's lack is named.
. "$(dirname "$0")/benchlib.sh"
. "$TOP/tests/lib/walk_loads.sh"

RATE=${RATE:-199}
command -v perf >/dev/null || fail "needs perf"
PATH=/usr/bin:/bin:$PATH
below=0

walked() { python "$TOP/tests/tools/walked.py" "$@"; }

# One run under both.
record_both() {
	rm -f perf.data out.folded
	"$SMOLDER" record -q -F "$RATE" -o out.folded -- \
		perf record -q $PERF_OPTIONS -F "$RATE" -e cpu-clock:u --call-graph dwarf,65528 \
		-o perf.data -- "$@" >/dev/null 2>record.err
	[ -s out.folded ] || fail "smolder: $(tail -n 1 record.err)"
	read -r perf_percent perf_samples < <(perf_whole perf.data)
	[ -n "$perf_percent" ] || perf_percent=- perf_samples=0
}

# compare NAME COMM COMMAND…
compare() {
	local name=$1 comm=$2 percent samples perf_percent perf_samples
	shift 2
	command -v "$1" >/dev/null || return 0
	record_both "$@"
	read -r samples percent < <(walked whole out.folded "$comm")
	printf '%-22s %8d %9.2f %8d %9s  %s\n' "$name" "$samples" "$percent" "$perf_samples" \
		"$perf_percent" "$(walked reasons out.folded "$comm")"
	below=$((below + $(awk -v ours="$percent" -v theirs="$perf_percent" \
		'BEGIN { print theirs != "-" && ours + 0 < theirs - 0.05 }')))
}

printf '%-22s %8s %9s %8s %9s  %s\n' program samples whole-% perf perf-% "not whole, by reason"
for name in gcc_pie gcc_no_pie gcc_static clang_pie deep signal jit dlopen threads brief lazy exceptions rust; do
	case $name in
	dlopen) arguments=("$LIVE"/libwalk_plugin_{1,2}.so) ;;
	*) arguments=() ;;
	esac
	compare "$name" "walk_$name" "$LIVE/walk_$name" 3 "${arguments[@]}"
done
generate >big.c
compare python3 python3 python3 -S -c "$python_work"
compare perl perl perl -e "$perl_work"
compare openssl openssl sh -c "$openssl_work"
compare cc1 cc1 gcc -O2 -c big.c -o big.o
compare clang clang clang -O2 -c big.c -o big.o
compare gdb gdb gdb -nx -batch -ex 'info functions nothing_is_called_so' \
	-ex 'maint expand-symtabs' "$SMOLDER"
compare bash bash bash -c "$bash_work"
echo "programs below perf: $below"
