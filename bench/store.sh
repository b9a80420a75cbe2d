#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What a day of a host takes in a store, and how long it takes to be asked: windows of a minute, recorded
# here while a compiler and the load of all benches run, replayed at speed until they are a day. Beside it
# the same windows as a file each, and pprof reading an hour of those. FILES="w1.pb.gz …" replays other
# recordings: more than fill the compressor's window of 8 MiB, or it sees what no host repeats.
. "$(dirname "$0")/benchlib.sh"

WINDOWS=${WINDOWS:-20}
DAY=1440
replay=$TOP/build/tests/tools/store_replay
[ -x "$replay" ] || fail "run make fixtures first"

compile() {
	while :; do
		cc -O2 -w -I"$TOP" -D_GNU_SOURCE -c "$TOP/formats/profile_merge.c" -o /dev/null
		cc -O2 -w -I"$TOP" -D_GNU_SOURCE -c "$TOP/formats/pprof_read.c" -o /dev/null
	done
}

# A window of 12 s at 95 Hz has the samples of a minute at 19 Hz.
record_windows() {
	local i
	load
	start compile
	for ((i = 0; i < WINDOWS; i++)); do
		"$SMOLDER" record -q -a -F 95 -d 12 -o "w$i.pb.gz" || fail "cannot record"
	done
	kill "${started[@]}" 2>/dev/null
	FILES=$(ls -d "$PWD"/w*.pb.gz)
}

# bytes_a_day TEXT FILE…: of as many windows
bytes_a_day() {
	local text=$1
	shift
	row "  $text" MB "$(cat "$@" | wc -c | awk -v n=$# -v day=$DAY '{ print $1 / n * day / 1e6 }')"
}

[ -n "${FILES:-}" ] || record_windows
# shellcheck disable=SC2206 # names without blanks
files=($FILES)
begin=$(($(date +%s) - DAY * 60))
for ((i = 0; i < ${#files[@]}; i++)); do
	"$SMOLDER" convert "${files[i]}" -o "f$i.folded" -o "f$i.folded.zst"
	gzip -nk "f$i.folded"
done

echo "a day, in windows of a minute, of ${#files[@]} recorded ones of" \
	"$(cat f*.folded | awk -v n=${#files[@]} '{ sum += $NF } END { printf "%d samples, %d lines", sum / n, NR / n }')"
measured append.times "$replay" --store store --begin "$begin" --windows $DAY "${files[@]}" 2>/dev/null
row "  the store" MB "$(cat store/* | wc -c | awk '{ print $1 / 1e6 }')"
bytes_a_day "pprof, a file each" "${files[@]}"
bytes_a_day "folded text through zstd, a file each" f*.folded.zst
bytes_a_day "folded text through gzip, a file each" f*.folded.gz
row "appending a window, CPU" ms "$(awk -v day=$DAY '{ print $2 / day }' append.times)"
row "  peak memory" MB "$(column 3 append.times)"

hour=()
for ((i = 0; i < 60; i++)); do
	hour+=("${files[i % ${#files[@]}]}")
done
for ((i = 0; i < RUNS; i++)); do
	measured hour.times "$SMOLDER" report store --from -1h >/dev/null 2>&1
	measured html.times "$SMOLDER" convert store --from -1h -o hour.html
	measured day.times "$SMOLDER" report store >/dev/null 2>&1
	measured merge.times "$SMOLDER" merge "${hour[@]}" -o merged.folded
	[ -z "$(command -v go)" ] || measured pprof.times go tool pprof -top "${hour[@]}" >/dev/null 2>&1
done
for query in "hour:report --from -1h" "html:convert --from -1h -o hour.html" "day:report, the whole day" \
	"merge:merge of 60 pprof files" "pprof:go tool pprof -top of 60 pprof files"; do
	name=${query%%:*}
	[ -f "$name.times" ] || continue
	# shellcheck disable=SC2046 # numbers
	row "${query#*:}" ms $(column 1 "$name.times")
	# shellcheck disable=SC2046
	row "  CPU" ms $(column 2 "$name.times")
	# shellcheck disable=SC2046
	row "  peak memory" MB $(column 3 "$name.times")
done
