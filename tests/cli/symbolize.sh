#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# smolder symbolize beside addr2line, on all code of programs that differ in how they were built; what
# it says when it cannot; and that its cache changes nothing.
. "$(dirname "$0")/../lib/testlib.sh"
need_cmd addr2line nm

fixtures=$TOP/build/fixtures/symbolize
[ -x "$fixtures/chain_pie" ] || skip_all "make fixtures was not run"
export XDG_CACHE_HOME=$PWD/cache
mkdir -p "$XDG_CACHE_HOME"

# Addresses every three bytes of the functions that the fixtures' own sources have.
addresses_of() {
	nm -S --defined-only "$1" | awk '$3 ~ /[tTwW]/ && $4 ~ /^(chain|main|_ZN6scopes)/ { print $1, $2 }' |
		while read -r start len; do
			for ((i = 0; i < 16#$len; i += 3)); do
				printf '%x\n' $((16#$start + i))
			done
		done
}

# addr2line tells apart what the compiler does (discriminators); nobody else needs to know. It names
# clones and aliases by their DWARF, we by their symbols: that is for the unit tests.
plainly() {
	sed -E 's/ \(discriminator [0-9]+\)$//'
}

places() {
	plainly | awk '/^0x/ { print } /:[0-9?]+$/ { print }'
}

for name in pie no_pie static dwarf4 compressed zstd clang; do
	file=$fixtures/chain_$name whole=$fixtures/chain_$name
	[ "$name" = separate ] && continue
	addresses_of "$whole" >addresses
	[ -s addresses ] || skip_all "no addresses in $whole"
	[ "$name" = zstd ] && whole=$fixtures/chain_pie
	addr2line -a -f -i -e "$whole" <addresses | places >wanted
	"$SMOLDER" symbolize -a -f -i -e "$file" <addresses | places >cold
	"$SMOLDER" symbolize -a -f -i -e "$file" <addresses | places >warm
	is "$name: the places are addr2line's" "$(<cold)" "$(<wanted)"
	is "$name: the same from the cache" "$(<warm)" "$(<wanted)"
done
matches "something is kept in the cache" "$(ls "$XDG_CACHE_HOME/smolder")" '[0-9a-f]{40}-'

# A relocatable file, as a kernel module is: addresses are those in its .text.
module=$fixtures/module.ko
readelf -sW "$module" | awk -v text="$(readelf -SW "$module" | sed -n 's/^ *\[ *\([0-9]*\)\] \.text .*/\1/p')" \
	'$4 == "FUNC" && $7 == text { print $2, $3 }' | while read -r start len; do
	for ((i = 0; i < len; i += 3)); do
		printf '%x\n' $((16#$start + i))
	done
done >addresses
for strip in true "objcopy --only-keep-debug" "objcopy --compress-debug-sections=none"; do
	cp "$module" one.ko
	$strip one.ko
	matches "a module has functions" "$(wc -l <addresses)" '^[0-9]{2,}$'
	is "a module, after $strip" "$("$SMOLDER" symbolize --no-cache -a -f -i -e one.ko <addresses | places)" \
		"$(addr2line -a -f -i -e "$module" <addresses | places)"
done
# As some distributions compress what a module tells of its debug information.
for packing in zlib zstd; do
	cp "$module" one.ko
	if ! objcopy --compress-debug-sections=$packing one.ko 2>/dev/null; then
		skip "a module with sections compressed by $packing: objcopy cannot make one"
		continue
	fi
	matches "a module's sections are compressed by $packing" "$(readelf -SW one.ko)" \
		'\.debug_info .* [A-Z]*C'
	is "a module, compressed by $packing" \
		"$("$SMOLDER" symbolize --no-cache -a -f -i -e one.ko <addresses | places)" \
		"$(addr2line -a -f -i -e "$module" <addresses | places)"
done

main=$(nm "$fixtures/chain_pie" | awk '$3 == "main" { print $1 }')
is "the innermost line alone" "$("$SMOLDER" symbolize -e "$fixtures/chain_pie" "0x$main")" \
	"$(addr2line -e "$fixtures/chain_pie" "$main" | plainly)"
is "options together" "$("$SMOLDER" symbolize -afie "$fixtures/chain_pie" "$main")" \
	"$("$SMOLDER" symbolize -a -f -i -e "$fixtures/chain_pie" <<<"$main")"
is "no such code" "$("$SMOLDER" symbolize -f -e "$fixtures/chain_pie" 0)" $'??\n??:0'
scaled=$(nm "$fixtures/scopes_clang" | awk '$3 ~ /scaled/ { print $1; exit }')
matches "a name as in the source" \
	"$("$SMOLDER" symbolize -fC -e "$fixtures/scopes_clang" "$scaled")" '^(long|.*) ?scopes::Point'
matches "JSON" "$("$SMOLDER" symbolize --json -e "$fixtures/chain_pie" "$main")" \
	'^\{"address":"0x[0-9a-f]+","reason":"named","frames":\[\{"name":"main",'

matches "names without DWARF" "$("$SMOLDER" symbolize --no-dwarf -fi -e "$fixtures/chain_pie" "$main")" \
	$'^main\n\\?\\?:\\?$'

# Many at once, in any order and more than once, are answered as they were asked.
nm --defined-only "$fixtures/chain_static" | awk '$2 ~ /[tT]/ { print $1 }' | head -n 3000 >sorted
sort -k1.16 sorted sorted | tee shuffled | "$SMOLDER" symbolize -a -f -e "$fixtures/chain_static" |
	sed -n 's/^0x//p' >answered
is "as many answers as questions, in their order" "$(md5sum <answered)" "$(md5sum <shuffled)"

# A process: where it mapped its program.
live=$TOP/build/fixtures/live/burn_pie
"$live" 60 >/dev/null 2>&1 &
target=$!
until grep -q burn_pie /proc/$target/maps; do :; done
start=$(awk '/burn_pie/ { split($1, range, "-"); print range[1]; exit }' /proc/$target/maps)
live_main=$(nm "$live" | awk '$3 == "main" { print $1 }')
runs_at=$(printf '%x' $((16#$start + 16#$live_main)))
is "an address of a process" "$("$SMOLDER" symbolize -fi -p $target "$runs_at")" \
	"$("$SMOLDER" symbolize -fi -e "$live" "$live_main")"
matches "JSON of a process" "$("$SMOLDER" symbolize --json -p $target "$runs_at")" \
	"\"object\":\"$live\",\"object_address\":\"0x$(printf %x $((16#$live_main)))\""
is "an address of nothing" "$("$SMOLDER" symbolize -f -p $target 10)" $'??\n??:0'
kill $target
wait $target 2>/dev/null

# By build-id: the debug file that debuginfod's client would have left.
build_id=$(readelf -n "$fixtures/chain_pie" | sed -n 's/.*Build ID: //p')
mkdir -p "$XDG_CACHE_HOME/debuginfod_client/$build_id"
cp "$fixtures/chain_pie" "$XDG_CACHE_HOME/debuginfod_client/$build_id/debuginfo"
is "an address by build-id" "$("$SMOLDER" symbolize -afi --build-id "$build_id" "$main")" \
	"$("$SMOLDER" symbolize -afi -e "$fixtures/chain_pie" "$main")"

# Whoever asks one address at a time is answered before asking the next.
coproc "$SMOLDER" symbolize -f -e "$fixtures/chain_pie"
printf '%s\n' "$main" >&"${COPROC[1]}"
read -r -t 20 first <&"${COPROC[0]}"
is "an answer to each line" "$first" main
kill "$COPROC_PID" 2>/dev/null
wait 2>/dev/null

refused() {
	local what=$1 code=$2 said=$3
	shift 3
	"$@" >out 2>err </dev/null
	is "$what: exit $code" "$?" "$code"
	matches "$what: says why" "$(<err)" "$said"
}
refused "a build-id that is nowhere" 1 'no debug file for build-id 00112233' \
	"$SMOLDER" symbolize --build-id 00112233 1000
refused "no build-id" 1 "'../../x' is not a build-id" "$SMOLDER" symbolize --build-id ../../x 1000
refused "no process" 1 'no process has pid 4194305' "$SMOLDER" symbolize -p 4194305 1000
refused "a kernel thread" 1 'process 2 .kthreadd. is a kernel thread' "$SMOLDER" symbolize -p 2 1000
refused "no pid" 2 "'1x' is not a pid" "$SMOLDER" symbolize -p 1x 1000
refused "two things" 2 'give one of' "$SMOLDER" symbolize -p 1 -e /nowhere 1000
refused "no file" 2 'give one of -e FILE' "$SMOLDER" symbolize 1000
refused "a file that is not there" 1 "cannot open '/nowhere'" "$SMOLDER" symbolize -e /nowhere 1000
refused "a file that is not ELF" 1 'not an ELF file, or a broken one' "$SMOLDER" symbolize -e "$TOP/NEWS" 1000
refused "no address" 0 "'main' is not an address" "$SMOLDER" symbolize -e "$fixtures/chain_pie" main
