#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Our files before their readers: pprof's clients, zstd, sort, and a second run of our own.
. "$(dirname "$0")/../lib/testlib.sh"

MKPROFILE=$BUILD/tests/tools/mkprofile
[ -x "$MKPROFILE" ] || skip_all "mkprofile is not built (make fixtures)"

ok "a made-up profile is written in every format" \
	"$MKPROFILE" --nodes 20000 -o a.folded -o a.folded.zst -o a.pb.gz -o a.html -o a.json
ok "and once more" \
	"$MKPROFILE" --nodes 20000 -o b.folded -o b.folded.zst -o b.pb.gz -o b.html -o b.json
for suffix in folded folded.zst pb.gz html json; do
	ok "two runs make the same .$suffix" cmp "a.$suffix" "b.$suffix"
done

ok "folded lines are sorted by bytes" env LC_ALL=C sort -c a.folded
is "folded lines are unique" "$(LC_ALL=C uniq -d a.folded)" ""
ok "folded lines end in a count" sh -c "! grep -vE '^[^;]+(;[^;]+)* [0-9]+\$' a.folded"
ok "folded text is UTF-8 without control characters" \
	sh -c "iconv -f UTF-8 -t UTF-8 a.folded >/dev/null && ! LC_ALL=C grep -P '[\\x00-\\x09\\x0b-\\x1f\\x7f]' a.folded"
if command -v zstdcat >/dev/null; then
	ok "zstdcat gives exactly the folded text" sh -c "zstdcat a.folded.zst | cmp - a.folded"
	ok "zstd finds nothing wrong" zstd -tq a.folded.zst
else
	skip "zstd is not installed"
fi
if command -v node >/dev/null; then
	ok "the report is JSON whose functions and samples agree" node -e '
		const report = JSON.parse(require("fs").readFileSync("a.json", "utf8"));
		const recorded = report.ledger.samples.recorded;
		const sum = (items, value) => items.reduce((total, item) => total + value(item), 0);
		if (sum(report.samples, (sample) => sample.values[0]) !== recorded) throw "samples";
		if (report.value_types[0].total !== recorded) throw "total";
		if (sum(report.functions, (f) => f.self) > recorded) throw "self";
		if (report.samples.some((s) => s.stack.some((id) => !report.frames[id]))) throw "frames";'
else
	skip "node is not installed: nothing to parse JSON with"
fi

"$TOP/tests/clients/pprof_clients.sh" a.pb.gz
status=$?
[ "$status" -eq 77 ] && skip "no client of pprof is installed"
[ "$status" -eq 0 ] || [ "$status" -eq 77 ] || test_failed=$((test_failed + 1))
