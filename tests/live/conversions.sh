#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A real recording of a busy host goes from format to format and back, and loses nothing; twice the
# same conversion gives the same bytes.
. "$(dirname "$0")/../lib/livelib.sh"

start "$LIVE/storm" 60 "$LIVE/tiny"
start "$LIVE/stacks16k" 60
start "$LIVE/threads8" 60
start "$LIVE/jit" 60
record -F 997 -d 4 --threads -o r.folded -o r.folded.zst -o r.pb.gz -o r.html -o r.json --ledger l.json
stop
is "the recording succeeds" "$STATUS" 0
recorded=$(ledger get l.json samples.recorded)
between "there is something to lose" "$(wc -l <r.folded)" 300 100000
is "folded text holds what was recorded" "$(folded sum r.folded || echo nothing)" "$recorded"
is "folded text is well-formed" "$(folded check r.folded 2>&1)" ""

convert() {
	"$SMOLDER" convert "$1" -o "$2"
}

# twice FROM SUFFIX: two conversions of one file.
twice() {
	convert "$1" "one$2" && convert "$1" "two$2" && cmp "one$2" "two$2" && rm "one$2" "two$2"
}

for from in r.pb.gz r.folded r.folded.zst; do
	for suffix in .folded .folded.zst .pb.gz .html .json; do
		ok "$from: two conversions to *$suffix are byte-identical" twice "$from" "$suffix"
	done
done

ok "the JSON report holds the ledger" ledger same l.json r.json
for from in r.pb.gz r.folded.zst; do
	ok "$from holds the ledger" convert "$from" ledger.json
	ok "$from holds the same ledger" ledger same l.json ledger.json
done

# becomes FROM TO WANTED: the conversion is WANTED, byte by byte.
becomes() {
	convert "$1" "$2" && cmp "$2" "$3"
}

ok "folded -> folded is the same file" becomes r.folded again.folded r.folded
ok "folded.zst -> folded is the same text" becomes r.folded.zst unpacked.folded r.folded
ok "folded.zst -> folded.zst is the same file" becomes r.folded.zst again.folded.zst r.folded.zst
ok "pb.gz -> pb.gz is the same file" becomes r.pb.gz again.pb.gz r.pb.gz
ok "pb.gz -> folded is what was written at once" becomes r.pb.gz from_pprof.folded r.folded
ok "pb.gz -> folded.zst is what was written at once" becomes r.pb.gz from_pprof.folded.zst r.folded.zst
ok "folded -> pb.gz -> folded is the same text" sh -c \
	"'$SMOLDER' convert r.folded -o through.pb.gz && '$SMOLDER' convert through.pb.gz -o through.folded &&
	cmp r.folded through.folded"

if command -v zstd >/dev/null; then
	ok "zstdcat reads what is in folded.zst" sh -c 'zstdcat r.folded.zst | cmp - r.folded'
	ok "zstdcat | head gives whole lines" sh -c 'zstdcat r.folded.zst | head -n 3 | grep -qE " [0-9]+$"'
	ok "zstd needs a window of 8 MB at the most" zstd -q -t --memory=8MB r.folded.zst
else
	skip "zstd is not here"
fi

proto=/usr/share/gocode/src/github.com/google/pprof/proto
if command -v protoc >/dev/null && [ -e "$proto/profile.proto" ]; then
	for file in r.pb.gz again.pb.gz; do
		gzip -dc "$file" | protoc -I "$proto" --decode=perftools.profiles.Profile profile.proto \
			>"$file.txt" || rm -f "$file.txt"
	done
	ok "pb.gz -> pb.gz is the same to protoc" cmp r.pb.gz.txt again.pb.gz.txt
else
	skip "protoc or pprof's profile.proto is not here"
fi
if command -v go >/dev/null; then
	for file in r.pb.gz again.pb.gz through.pb.gz; do
		go tool pprof -raw "$file" >"$file.raw" 2>/dev/null
	done
	ok "pb.gz -> pb.gz is the same to go tool pprof" cmp r.pb.gz.raw again.pb.gz.raw
	is "folded -> pb.gz holds the same samples" \
		"$(go tool pprof -top -sample_index=samples through.pb.gz 2>/dev/null |
			sed -n 's/.* of \([0-9]*\) total.*/\1/p')" "$recorded"
else
	skip "go tool pprof is not here"
fi

ok "a file merged with itself" "$SMOLDER" merge r.folded r.folded -o double.folded
is "holds all twice" "$(folded sum double.folded)" $((2 * recorded))
ok "files of different formats merge" "$SMOLDER" merge r.folded.zst r.pb.gz -o mixed.pb.gz
ok "and come back" convert mixed.pb.gz mixed.folded
is "holding all of both" "$(folded sum mixed.folded)" $((2 * recorded))
ok "as if they were one" cmp mixed.folded double.folded
