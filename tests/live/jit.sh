#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Code compiled at run time has its names: by a perf map, by a jitdump with its lines, in other
# namespaces, of processes that end before the recording does, of node, Java and Python where they are;
# and what somebody else puts where a perf map should be is left alone.
. "$(dirname "$0")/../lib/livelib.sh"

written=()
at_end 'rm -f "${written[@]}"'

# tells COMMAND…: starts what will write a perf map of its own.
tells() {
	start "$@"
	written+=("/tmp/perf-$STARTED.map")
}

# take ARGS…: records; nothing is left of the recording before.
take() {
	rm -f out.folded out.pb.gz ledger.json
	record "$@"
}

# named_share COMM: of the frames of code compiled at run time, the percentage that has a name, by samples.
named_share() {
	awk -v comm="$1" '
		index($0, comm ";") == 1 {
			count = $NF
			frames = split(substr($0, 1, length($0) - length(count) - 1), frame, ";")
			for (i = 1; i <= frames; i++) {
				if (frame[i] !~ /_\[j\]$/)
					continue
				all += count
				named += frame[i] !~ /\+0x[0-9a-f]+_\[j\]$/ ? count : 0
			}
		}
		END { print all ? 100 * named / all : "none" }' out.folded
}

all_named() {
	between "$1: frames named, in percent" "$(named_share "$2")" 99 100
}

test_map() {
	tells "$LIVE/jit_told" 60 map
	sleep 0.3
	take -F 499 -d 1 -p "$STARTED" -o out.folded --ledger ledger.json
	between "a perf map: its function" "$(folded sum out.folded 'told_spin_\[j\]')" 30 100000
	all_named "a perf map" jit_told
	ok "a perf map: below who called it" grep -q ';call_compiled;told_spin_\[j\] ' out.folded
	closes "a perf map: the ledger closes" ledger.json
	is "a perf map: symbolize -p" "$("$SMOLDER" symbolize -f -p "$STARTED" \
		"$(awk '/told_spin/ { print $1; exit }' "/tmp/perf-$STARTED.map")" | head -n 1)" told_spin
	stop
}

test_dump() {
	start "$LIVE/jit_told" 60 dump "$PWD"
	sleep 0.3
	take -F 499 -d 1 -p "$STARTED" -o out.folded -o out.pb.gz
	between "a jitdump: its function" "$(folded sum out.folded 'dumped_spin_\[j\]')" 30 100000
	all_named "a jitdump" jit_told
	ok "a jitdump: its source" sh -c 'zcat out.pb.gz | grep -aq /made/up.source'
	stop
}

# One that begins and ends while we record, and one that tells late, by another file.
test_short() {
	(
		sleep 0.7
		"$LIVE/jit_told" 0.6 dump "$PWD" &
		exec "$LIVE/jit_told" 0.6 map
	) &
	written+=("/tmp/perf-$!.map")
	tells "$LIVE/jit_told" 1.6 anew
	take -F 499 -d 2.5 -o out.folded
	between "a short life: its function" "$(folded sum out.folded 'told_spin_\[j\]')" 30 100000
	between "a short life: by a jitdump" "$(folded sum out.folded 'dumped_spin_\[j\]')" 30 100000
	between "written anew: the last word" "$(folded sum out.folded 'told_anew_\[j\]')" 30 100000
	is "written anew: not the first" "$(folded sum out.folded 'a_lie_\[j\]')" 0
	all_named "short lives" jit_told
	stop
}

# inside SECONDS: with another root's /tmp, and a number of its own. The program comes by a descriptor, since
# the tree may lie below /tmp.
inside() {
	exec unshare -m -p -f sh -c 'mount -t tmpfs tmpfs /tmp && cp /dev/fd/9 /tmp/jit_told &&
		chmod +x /tmp/jit_told && exec /tmp/jit_told "$0" map' "$1" 9<"$LIVE/jit_told"
}

test_namespaces() {
	if ! unshare -m -p -f true 2>/dev/null; then
		skip "namespaces: cannot be made"
		return
	fi
	start inside 60
	sleep 0.5
	take -F 499 -d 1 -o out.folded
	is "namespaces: its map is not seen from here" "$(ls /tmp/perf-1.map 2>/dev/null)" ""
	between "namespaces: its function" "$(folded sum out.folded 'told_spin_\[j\]')" 30 100000
	stop
	(sleep 0.7 && inside 0.7) &
	take -F 499 -d 2.5 -o out.folded
	between "namespaces that come and go: its function" \
		"$(folded sum out.folded 'told_spin_\[j\]')" 30 100000
	wait $!
}

# refused TEXT: the recording ends, and the ledger says what was there.
refused() {
	take -F 499 -d 1 -p "$STARTED" -o out.folded --ledger ledger.json
	is "$1: the recording ends well" "$STATUS" 0
	between "$1: the ledger says so" \
		"$(ledger get ledger.json "frames.unnamed.perf map refused")" 1 100000
	stop
	rm -f "${written[@]}"
}

test_refused() {
	tells "$LIVE/jit" 60
	mkfifo "/tmp/perf-$STARTED.map"
	refused "a pipe"
	tells "$LIVE/jit" 60
	echo "0 7fffffffffff somebody_elses" >"/tmp/perf-$STARTED.map"
	chown 65534 "/tmp/perf-$STARTED.map"
	refused "somebody else's file"
	is "somebody else's file: none of its names" "$(folded sum out.folded 'somebody.*')" 0
	tells "$LIVE/jit" 60
	ln -s "/proc/self/fd/0" "/tmp/perf-$STARTED.map"
	refused "a link out of the file system"
}

cat >work.js <<'EOF'
function told(n) { let s = 0; for (let i = 0; i < n; i++) s = (s * 31 + i) % 1000003; return s; }
for (const end = Date.now() + 60000; Date.now() < end;) told(100000);
EOF

test_node() {
	if ! command -v node >/dev/null; then
		skip "node: is not here"
		return
	fi
	tells "$(command -v node)" --perf-basic-prof work.js
	sleep 1
	take -F 499 -d 1.5 -p "$STARTED" -o out.folded
	between "node: its function" "$(folded sum out.folded '.*told .*work.js.*_\[j\]')" 30 100000
	all_named node node
	stop
	# V8 keeps two megabytes of a jitdump to itself until it ends.
	sed -i 's/60000/1500/' work.js
	take -F 499 -o out.folded -- node --perf-prof work.js
	between "node's jitdump: its function" \
		"$(folded sum out.folded '.*told .*work.js.*_\[j\]')" 30 100000
	all_named "node's jitdump" node
}

# newest FROM: the newest python3 from that minor version on
newest() {
	printf '%s\n' /usr/bin/python3.[0-9]* ~/.pyenv/versions/3.*/bin/python3.[0-9]* |
		sed -nE 's|(.*/python3\.)([0-9]+)$|\2 \1\2|p' | sort -n |
		awk -v from="$1" '$1 >= from { path = $2 } END { print path }'
}

# python_tells OPTION FROM TEXT: it keeps a part of a jitdump to itself until it ends, too.
python_tells() {
	local path
	path=$(newest "$2")
	if [ -z "$path" ]; then
		skip "$3: no python3.$2 or later"
		return
	fi
	take -F 499 -o out.folded -- sh -c 'echo $$ >pid; exec "$@"' sh "$path" -X "$1" work.py
	written+=("/tmp/perf-$(cat pid).map" "/tmp/jit-$(cat pid).dump")
	between "$3: its function" "$(folded sum out.folded 'py::told:.*work.py_\[j\]')" 30 100000
	all_named "$3" "$(basename "$path")"
}

cat >work.py <<'EOF'
import time
def told():
    return sum(range(1000))
end = time.monotonic() + 1.5
while time.monotonic() < end:
    told()
EOF

cat >Work.java <<'EOF'
class Work {
	static long told(long n) { long s = 0; for (long i = 0; i < n; i++) s = (s * 31 + i) % 1000003; return s; }
	public static void main(String[] arguments) {
		long s = 0;
		for (long end = System.currentTimeMillis() + 60000; System.currentTimeMillis() < end;) s += told(100000);
		System.out.println(s);
	}
}
EOF

test_java() {
	if ! command -v jcmd >/dev/null || ! command -v javac >/dev/null || ! javac Work.java; then
		skip "java: no JDK here"
		return
	fi
	tells java -XX:+PreserveFramePointer Work
	sleep 2
	(sleep 1 && jcmd "$STARTED" Compiler.perfmap >/dev/null) &
	take -F 499 -d 4 -p "$STARTED" -o out.folded
	between "java: its function" "$(folded sum out.folded '.*Work.*told.*_\[j\]')" 30 100000
	all_named java java
	wait $!
	stop
}

test_map
test_dump
test_short
test_namespaces
test_refused
test_node
python_tells perf 12 "python's perf map"
python_tells perf_jit 13 "python's jitdump"
test_java
