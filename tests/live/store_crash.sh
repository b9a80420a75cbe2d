#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What a store survives: its writer killed at any moment, a full disk, a disk that may only be read, a
# second writer, a segment that was cut off. No window that was finished may be missing, none half there.
. "$(dirname "$0")/../lib/testlib.sh"
replay=$BUILD/tests/tools/store_replay
export SMOLDER

samples() {
	"$SMOLDER" convert "$@" -o - 2>/dev/null | awk '{ sum += $NF } END { print sum + 0 }'
}
export -f samples

printf 'app;main;work 3\napp;main;work;deeper 5\ndb;query 2\n' >small.folded # ten samples
"$SMOLDER" convert small.folded -o small.pb.gz
"$BUILD/tests/tools/mkprofile" --nodes 3000 -o large.pb.gz
large=$(samples large.pb.gz)
rounds=200

# Starts a writer that tells each window it has finished, kills it at some moment, adds up what was told.
kill_one() {
	: >told # a writer killed before it has opened it has told nothing
	"$replay" --store killed --windows 0 --segment 600 --tell small.pb.gz >told 2>>errors &
	local writer=$!
	sleep "0.0$((RANDOM % 90 + 10))"
	kill -9 "$writer"
	wait "$writer" 2>/dev/null
	finished=$((finished + $(grep -c . told)))
}

# Windows whose number did not reach us may be there: one a round.
check_killed() {
	local got
	got=$(samples killed)
	[ $((got % 10)) -eq 0 ] && [ $((got / 10)) -ge "$finished" ] &&
		[ $((got / 10)) -le $((finished + $1)) ] && return
	printf 'after %d kills: %d samples, %d windows were told\n' "$1" "$got" "$finished"
	return 1
}

kill_many() {
	local i
	for ((i = 1; i <= rounds; i++)); do
		kill_one 2>/dev/null
		[ $((i % 20)) -ne 7 ] || rm -f killed/index
		[ $((i % 10)) -ne 0 ] || check_killed "$i" || return 1
	done
}

finished=0
: >errors
ok "$rounds writers killed: each finished window is there, whole" kill_many
ok "and there were windows" test "$finished" -gt "$rounds"
is "nobody complained" "$(cat errors)" ""
is "nothing was set aside" "$(find killed -name '*.torn' | wc -l)" 0
before=$(samples killed)
"$replay" --store killed --windows 1 small.pb.gz 2>/dev/null
is "the next writer goes on" "$(samples killed)" $((before + 10))
ok "all segments are whole then" bash -c 'zstd -qt killed/*.folded.zst && ! ls killed/*.windows 2>/dev/null'

"$replay" --store cut --windows 20 small.pb.gz 2>/dev/null
truncate -s -60 cut/*.folded.zst
got=$(samples cut)
ok "a segment cut off keeps the windows before the cut: $((got / 10)) of 20" \
	test $((got % 10)) -eq 0 -a "$got" -ge 100 -a "$got" -lt 200
matches "which the report tells" "$("$SMOLDER" report cut 2>&1)" "is cut off: its last .* windows are missing"

"$replay" --store shared --windows 0 small.pb.gz 2>/dev/null &
writer=$!
for _ in {1..100}; do
	[ "$(samples shared)" -ge 30 ] && break
	sleep 0.05
done
second=$("$replay" --store shared --windows 1 small.pb.gz 2>&1)
is "a second writer is refused, and told by whom" "$second" \
	"store_replay: store 'shared' is being written by another process (pid $writer)"
for _ in {1..20}; do
	got=$(samples shared)
	if [ $((got % 10)) -ne 0 ] || [ "$got" -lt 30 ]; then
		break
	fi
done
ok "readers get whole windows meanwhile" test $((got % 10)) -eq 0 -a "$got" -ge 30
kill -9 "$writer"
wait "$writer" 2>/dev/null

if [ "$(id -u)" -ne 0 ] || ! unshare -m true 2>/dev/null; then
	skip "a full disk, and one that may only be read: needs root and mount namespaces"
	exit 0
fi
mkdir full
export large replay
# shellcheck disable=SC2016 # for the other shell
unshare -m bash -c '
	mount -t tmpfs -o size=320k tmpfs full
	head -c 230K /dev/zero >full/other
	"$replay" --store full/store --windows 40 --segment 300 large.pb.gz 2>lost
	samples full/store >while_full
	rm full/other
	"$replay" --store full/store --windows 5 large.pb.gz 2>later
	samples full/store >when_not
	mount -o remount,ro full
	"$replay" --store full/store --windows 1 large.pb.gz 2>read_only
	samples full/store >when_read_only
	"$replay" --store full/bounded --windows 1 large.pb.gz 2>no_directory'
lost=$(grep -c "cannot write to store 'full/store': No space left on device" lost)
ok "a full disk: windows are lost, and each is told" test "$lost" -gt 0 -a "$lost" -lt 40
is "the others are there" "$(cat while_full)" $(((40 - lost) * large))
matches "they are counted" "$(tail -n 1 lost)" "$((40 - lost)) windows, $lost lost"
is "when there is space, it goes on" "$(cat when_not)" $(((45 - lost) * large))
is "a disk that may only be read" "$(cat read_only)" \
	"store_replay: cannot write to store 'full/store': Read-only file system"
is "can be asked" "$(cat when_read_only)" "$(cat when_not)"
is "and is not written to" "$(cat no_directory)" \
	"store_replay: cannot make store 'full/bounded': Read-only file system"
