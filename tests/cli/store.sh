#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Asking a store: spans of time, labels, every output format, and what is said where there is nothing.
. "$(dirname "$0")/../lib/testlib.sh"
export TZ=UTC0
replay=$BUILD/tests/tools/store_replay
begin=1795230720 # 2026-11-21 03:12:00

make_store() {
	local i
	for i in 0 1 2 3; do
		printf 'app;main;minute_%d %d\ndb;query 2\n' "$i" "$((10 + i))" >"$i.folded"
		"$SMOLDER" convert "$i.folded" -o "$i.pb.gz"
	done
	"$replay" --store store --begin "$begin" --segment 120 [0-3].pb.gz 2>/dev/null
}

count() {
	"$SMOLDER" convert "$@" -o - | awk '{ sum += $NF } END { print sum + 0 }'
}

spans() {
	try report store --no-tree --from 2026-11-21T03:13:00Z --to 2026-11-21T03:14:00Z
	try report store --no-tree --from @1795230720 --to '2026-11-21 03:12:01'
	try report store --from 2026-11-21T03:16:00Z
	try report store --to 2026-11-21T03:12:00Z
	try report store --from 2025-01-01 --to '2025-01-01 12:00'
	try convert store --from 2025-01-01 --to 2025-01-02 -o none.html
	try report store --from soon
	try report store --to 2026-02-29
	try report store --from -1h --to -2h
	try report 0.pb.gz --from -1h
	try report . --from -1h
	try report store --pid x
	try report store --comm ''
}

make_store
golden store/spans spans
not_ok "a span without windows writes no file" test -e none.html
is "the whole store" "$(count store)" 54
is "a minute of it" "$(count store --from @1795230780 --to @1795230840)" 13
is "over segments" "$(count store --from @1795230780)" 42
is "by name" "$(count store --comm 'd?')" 8
is "by two names" "$(count store --comm db --comm app)" 54
is "a file, by name" "$(count 0.pb.gz --comm db)" 2
matches "no such name is told" "$("$SMOLDER" convert store --comm nobody -o - 2>&1)" "has the labels asked for"
is "the text is there for zstdcat, in order" "$(zstdcat store/*.folded.zst 2>/dev/null | grep -c minute_)" 4
ok "every segment is whole" zstd -qt store/*.folded.zst
is "a segment alone is a file, too" "$(count store/0000000001-*.folded.zst)" 29
for suffix in folded folded.zst pb.gz html json; do
	ok "as .$suffix" "$SMOLDER" convert store -o "out.$suffix"
done
is "pprof keeps the sum" "$(count out.pb.gz)" 54
is "a store and a file are added up" "$("$SMOLDER" merge store out.pb.gz --comm db -o - | tail -n 1)" "db;query 16"
is "so does compressed text" "$(count out.folded.zst)" 54
rm store/index
is "without an index" "$(count store)" 54
if [ "$(id -u)" -ne 0 ] || ! command -v setpriv >/dev/null; then
	skip "a store that others may only read: needs root and setpriv"
else
	chmod 755 . store
	chmod 644 store/*
	is "a store that may only be read" "$(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		"$SMOLDER" convert store -o - 2>/dev/null | awk '{ sum += $NF } END { print sum + 0 }')" 54
fi
