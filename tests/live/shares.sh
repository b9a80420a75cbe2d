#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A program whose functions take 40, 30, 20 and 10 percent of its time is reported so, in folded
# text and in pprof, as smolder and as others read it.
. "$(dirname "$0")/../lib/livelib.sh"

functions=(share_40 share_30 share_20 share_10)

# shares_near TEXT: lines "FUNCTION PERCENT" are within 3 points of what the names say.
shares_near() {
	local function percent
	while read -r function percent; do
		between "$1: $function" "$percent" $((${function#share_} - 3)) $((${function#share_} + 3))
	done
}

# The cumulative percentages of `go tool pprof -top`, scaled to what is in the four functions.
pprof_shares() {
	awk '$6 ~ /^share_[0-9]+$/ { sum += $4; of[$6] = $4 }
		END { for (f in of) printf "%s %.2f\n", f, 100 * of[f] / sum }' "$1"
}

# "SAMPLES" in a pprof file as protoc decodes it: the first value of every sample.
protoc_samples() {
	awk '/^sample \{/ { first = 1 } first && /^  value:/ { sum += $2; first = 0 }
		END { print sum + 0 }' "$1"
}

# A field the description lacks is printed by its number.
no_unknown_field() {
	! grep -nE '^ *[0-9]+(:| \{)' "$1"
}

# pprof complains on standard error, and about the file's content in its first lines.
pprof_reads() {
	local report=$1
	go tool pprof "-$report" pprof.pb.gz >"$report.txt" 2>"$report.err" || return 1
	[ -s "$report.txt" ] && ! grep -v '^Main binary filename not available' "$report.err"
}

# Before all others, so that there are samples enough on a busy host.
start nice -n -20 "$LIVE/shares" 60
record -p "$STARTED" -F 499 -d 10 -o shares.folded -o pprof.pb.gz --ledger ledger.json
is "the recording succeeds" "$STATUS" 0
closes "the ledger closes" ledger.json
recorded=$(ledger get ledger.json samples.recorded)
between "there are samples to judge by" "$recorded" 1000 6000
is "folded text is well-formed" "$(folded check shares.folded 2>&1)" ""
is "folded text holds what was recorded" "$(folded sum shares.folded)" "$recorded"
shares_near "folded" < <(folded share shares.folded "${functions[@]}")

if command -v go >/dev/null; then
	for report in top raw traces; do
		ok "go tool pprof -$report reads the file without complaint" pprof_reads "$report"
	done
	go tool pprof -top -sample_index=samples pprof.pb.gz >top_samples.txt 2>/dev/null
	is "pprof names all four" "$(pprof_shares top_samples.txt | wc -l)" 4
	shares_near "pprof" < <(pprof_shares top_samples.txt)
	matches "pprof counts what was recorded" "$(cat top_samples.txt)" "of $recorded total"
else
	skip "go tool pprof is not here"
fi

proto=/usr/share/gocode/src/github.com/google/pprof/proto
if command -v protoc >/dev/null && [ -e "$proto/profile.proto" ]; then
	ok "protoc decodes the file" sh -c "gzip -dc pprof.pb.gz |
		protoc -I $proto --decode=perftools.profiles.Profile profile.proto >decoded.txt"
	ok "with no field it does not know" no_unknown_field decoded.txt
	is "and with what was recorded" "$(protoc_samples decoded.txt)" "$recorded"
else
	skip "protoc or pprof's profile.proto is not here"
fi
