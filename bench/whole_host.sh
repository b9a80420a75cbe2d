#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A recording of the whole host at 99 Hz for a minute, while python3, gcc, clang, node, openssl and short
# processes run: does the ledger close, is anything lost, how many user stacks lack their base, and why.
. "$(dirname "$0")/benchlib.sh"
. "$TOP/tests/lib/walk_loads.sh"

SECONDS_EACH=${SECONDS_EACH:-60}
PATH=/usr/bin:/bin:$PATH
node_work='
const end = Date.now() + 2000, words = [];
while (Date.now() < end) {
	for (let i = 0; i < 20000; i++) words[i] = String(Math.imul(i, 2654435761));
	words.sort().join().replace(/\d{3}/g, part => part.length);
	JSON.parse(JSON.stringify(words));
}'

# again COMMAND…: over and over, if it is here.
again() {
	command -v "$1" >/dev/null || return 0
	# shellcheck disable=SC2016 # another shell's
	start bash -c 'while "$@"; do :; done' again "$@"
}

generate >big.c
again python3 -S -c "$python_work"
again gcc -O2 -c big.c -o gcc.o
again clang -O2 -c big.c -o clang.o
again node -e "$node_work"
again openssl speed -seconds 2 -bytes 16384 rsa2048
again bash -c "$bash_work"
start "$LIVE/storm" 3600 "$LIVE/tiny"

"$SMOLDER" record -q -F 99 -d "$SECONDS_EACH" -o out.folded --ledger out.json || fail "smolder"
python "$TOP/tests/tools/ledger.py" closes out.json || fail "the ledger does not close"
python - out.json <<'END'
import json, sys
ledger = json.load(open(sys.argv[1]))
stacks, samples = ledger["stacks"], ledger["samples"]
print(f"lost: {samples['lost'] or 'nothing'}; skipped by the kernel: {samples['skipped']}")
lacking = sum(stacks["incomplete"].values())
print(f"user stacks: {stacks['user']}, without their base: {lacking} = "
      f"{100 * lacking / max(stacks['user'], 1):.2f} %")
for reason, count in sorted(stacks["incomplete"].items(), key=lambda item: -item[1]):
    print(f"  {reason}: {count}")
print(f"smolder itself: {ledger['self']['cpu_ns'] / 1e6:.0f} ms of CPU, "
      f"{ledger['self']['rss_bytes'] >> 20} MiB")
END
echo "the most frequent ones, by command and innermost user frame:"
awk -F ';' '
	$2 ~ /^\[incomplete/ {
		count = $0
		sub(/.* /, "", count)
		sub(/ [0-9]*$/, "")
		for (i = NF; i > 2 && $i ~ /_\[k\]$/; i--) { }
		sum[$1 " " $2 " " $i] += count
	}
	END { for (key in sum) printf "%7d %s\n", sum[key], key }' out.folded | sort -rn | head -n 15
