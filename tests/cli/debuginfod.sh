#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Debug files from a server of our own: fetched only when told to, believed only when they prove what
# they are, and missed aloud.
. "$(dirname "$0")/../lib/testlib.sh"

need_cmd python3
[ -e /usr/lib/x86_64-linux-gnu/libdebuginfod.so.1 ] || ldconfig -p | grep -q 'libdebuginfod\.so\.1' ||
	skip_all "needs libdebuginfod.so.1"
fixtures=$BUILD/fixtures/symbolize
[ -d "$fixtures" ] || fixtures=$TOP/build/fixtures/symbolize
python=$(PATH=/usr/bin:$PATH command -v python3)
unset DEBUGINFOD_URLS
export XDG_CACHE_HOME=$SCRATCH/cache DEBUGINFOD_CACHE_PATH=$SCRATCH/fetched
mkdir -p "$XDG_CACHE_HOME" site

build_id() { readelf -n "$1" | sed -n 's/.*Build ID: //p'; }

# serve FILE: under the build-id of chain_separate.
serve() {
	rm -rf site/buildid "$DEBUGINFOD_CACHE_PATH"
	mkdir -p "site/buildid/$id"
	cp "$1" "site/buildid/$id/debuginfo"
}

ask() {
	"$SMOLDER" symbolize --no-cache -f -e "$fixtures/chain_separate" "$@" "$main" 2>err
}

id=$(build_id "$fixtures/chain_separate")
main=$(nm "$fixtures/chain_pie" | awk '$3 == "main" { print $1 }')
debug=$fixtures/debug/.build-id/${id:0:2}/${id:2}.debug

"$python" -u -m http.server --bind 127.0.0.1 --directory site 0 >server.log 2>requests.log &
server=$!
trap 'kill "$server" 2>/dev/null; wait 2>/dev/null; test_end' EXIT
for _ in $(seq 100); do
	port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' server.log)
	[ -z "$port" ] || break
	sleep 0.1
done
[ -n "$port" ] || skip_all "python3's server does not start"

serve "$debug"
is "not configured: exit 1" "$(ask --debuginfod >/dev/null; echo $?)" 1
matches "not configured: says so" "$(<err)" 'debuginfod: .*DEBUGINFOD_URLS'
export DEBUGINFOD_URLS=http://127.0.0.1:$port
is "not told to: nothing is asked for" "$(ask | head -n 1)$(<requests.log)" '??'
is "told to: the function" "$(ask --debuginfod | head -n 1)" main
matches "told to: the line" "$(ask --debuginfod | tail -n 1)" 'chain\.c:[0-9]+$'
matches "told to: says so" "$(<err)" 'debuginfod: asking'
matches "the build-id is what is asked for" "$(<requests.log)" "GET /buildid/$id/debuginfo"

serve "$fixtures/chain_dwarf4"
is "another object's file is not believed" "$(ask --debuginfod | head -n 1)" '??'
rm -rf site/buildid "$DEBUGINFOD_CACHE_PATH"
is "no such file: no name" "$(ask --debuginfod | head -n 1)" '??'
kill "$server"
wait "$server" 2>/dev/null
rm -rf "$DEBUGINFOD_CACHE_PATH"
is "no server: no name" "$(ask --debuginfod | head -n 1)" '??'
matches "no server: says that it failed" "$(<err)" 'debuginfod: 0 debug files fetched.* 1 failed'
