#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# CPU time and memory of naming 10,000 random addresses with inlined frames, with an empty cache and
# again from it, beside llvm-symbolizer, llvm-addr2line and addr2line; and whether all agree. Files
# that are not here are left out: FILES="/usr/lib/x.so …" bench/symbolize.sh; the whole of one debug
# file may stand behind a colon, for those who do not find it.
#
# What is looked at is as gcc, clang and rustc make it, DWARF 4 and 5, packed by dwz and by Debian, and a
# kernel's debug file, when there is one: `apt-get download linux-image-VERSION-cloud-amd64-dbg` and
# KERNEL=…/vmlinux-VERSION.
. "$(dirname "$0")/benchlib.sh"

lib=/usr/lib/x86_64-linux-gnu
ADDRESSES=${ADDRESSES:-10000}
export XDG_CACHE_HOME=$SCRATCH/cache
mkdir -p "$XDG_CACHE_HOME"

# clang_made DWARF: a part of our own source, by clang.
clang_made() {
	local file=$SCRATCH/clang_dwarf$1.so
	clang -std=gnu11 -D_GNU_SOURCE -O2 -gdwarf-"$1" -fPIC -shared -I"$TOP" -I"$TOP/build" "$TOP"/base/*.c \
		"$TOP"/formats/*.c -o "$file" 2>/dev/null && echo "$file"
}

# dwz_made FILE FILE: the first, with what they share in a file where Debian would put it.
dwz_made() {
	local common=/usr/lib/debug/.dwz/smolder-bench-$$.debug
	mkdir -p "${common%/*}"
	cp -- "$1" dwz_one.so && cp -- "$2" dwz_other.so && chmod u+w dwz_*.so &&
		dwz -m "$common" dwz_one.so dwz_other.so 2>/dev/null && echo "$SCRATCH/dwz_one.so:$1"
}
remove_dwz() {
	rm -f "/usr/lib/debug/.dwz/smolder-bench-$$.debug"
	rmdir --ignore-fail-on-non-empty /usr/lib/debug/.dwz 2>/dev/null
	bench_end
}
trap remove_dwz EXIT

default_files() {
	local pythons
	# Python with debug information, if somebody built one; libc with libc6-dbg.
	mapfile -t pythons < <(find / -xdev -name 'libpython3.1[0-9].so.1.0' -size +10M 2>/dev/null | sort)
	printf '%s\n' "${pythons[@]}" | tail -n 2
	echo "$lib/libc.so.6:$(find /usr/lib/debug/.build-id -name "$(readelf -n $lib/libc.so.6 |
		sed -n 's/.*Build ID: ..//p').debug" 2>/dev/null)"
	find /usr/lib/debug/.build-id -name '*.debug' -size +8M 2>/dev/null | head -n 1
	echo "$TOP/build/fixtures/symbolize/generic_v0"
	clang_made 4
	clang_made 5
	[ "${#pythons[@]}" -lt 2 ] || dwz_made "${pythons[@]: -2}"
	echo "${KERNEL:-$(find /usr/lib/debug/boot -name 'vmlinux-*' 2>/dev/null | tail -n 1)}"
}
FILES=${FILES:-$(default_files)}

# Of some it is the system's, of others the one with a version.
llvm_symbolizer=$(command -v llvm-symbolizer llvm-symbolizer-1{9,8,7,6,5,4} | head -n 1)
llvm_addr2line=$(command -v llvm-addr2line llvm-addr2line-1{9,8,7,6,5,4} | head -n 1)

# run NAME COMMAND…: RUNS times with the addresses for input
run() {
	local name=$1 i
	shift
	[ -n "$(command -v "$1")" ] || return
	for ((i = 0; i < RUNS; i++)); do
		[ "$name" = cold ] && rm -rf "$XDG_CACHE_HOME/smolder"
		measured "$name.times" "$@" <addresses >"$name.out" || fail "$*"
	done
}

report() {
	local name=$1 text=$2
	[ -f "$name.times" ] || return
	# shellcheck disable=SC2046 # numbers
	row "  $text, CPU" ms $(column 2 "$name.times")
	# shellcheck disable=SC2046
	row "  $text, peak memory" MB $(column 3 "$name.times")
}

for pair in $FILES; do
	file=${pair%%:*} whole=${pair#*:}
	readelf -S "$whole" 2>/dev/null | grep -q debug_info || continue
	rm -f ./*.times ./*.out
	python "$TOP/bench/random_addresses.py" "$whole" "$ADDRESSES" >addresses || continue
	echo "$(basename "$file"), $(du -m "$whole" | cut -f 1) MB: $(wc -l <addresses) random addresses"
	run cold "$SMOLDER" symbolize -a -f -i -e "$file"
	run warm "$SMOLDER" symbolize -a -f -i -e "$file"
	run names "$SMOLDER" symbolize --no-dwarf --no-cache -a -f -i -e "$file"
	run llvm "$llvm_symbolizer" --inlines --output-style=GNU -a -e "$whole"
	run llvm_addr2line "$llvm_addr2line" -a -f -i -e "$whole"
	run addr2line addr2line -a -f -i -e "$whole"
	report cold "smolder, empty cache"
	report warm "smolder, from the cache"
	report names "smolder, names alone"
	report llvm "llvm-symbolizer --inlines"
	report llvm_addr2line "llvm-addr2line -f -i"
	report addr2line "addr2line -f -i"
	cmp -s cold.out warm.out || echo "  the cache gives other answers: a defect"
	python "$TOP/bench/same_chains.py" "$whole" warm.out addr2line.out llvm_addr2line.out
done
