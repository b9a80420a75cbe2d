#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Debug files from a server of our own: fetched only when told to, believed only when they prove what
# they are, and missed aloud.
. "$(dirname "$0")/../lib/testlib.sh"

. "$TOP/tests/lib/debuginfodlib.sh"

fixtures=$BUILD/fixtures/symbolize
[ -d "$fixtures" ] || fixtures=$TOP/build/fixtures/symbolize

ask() {
	"$SMOLDER" symbolize --no-cache -f -e "$fixtures/chain_separate" "$@" "$main" 2>err
}

id=$(build_id "$fixtures/chain_separate")
main=$(nm "$fixtures/chain_pie" | awk '$3 == "main" { print $1 }')
debug=$fixtures/debug/.build-id/${id:0:2}/${id:2}.debug

trap 'stop_site; test_end' EXIT
start_site
serve "$debug" "$fixtures/chain_separate"
is "not configured: exit 1" "$(ask --debuginfod >/dev/null; echo $?)" 1
matches "not configured: says so" "$(<err)" 'debuginfod: .*DEBUGINFOD_URLS'
export DEBUGINFOD_URLS=$SITE
is "not told to: nothing is asked for" "$(ask | head -n 1)$(<requests.log)" '??'
is "told to: the function" "$(ask --debuginfod | head -n 1)" main
matches "told to: the line" "$(ask --debuginfod | tail -n 1)" 'chain\.c:[0-9]+$'
matches "told to: says so" "$(<err)" 'debuginfod: asking'
matches "the build-id is what is asked for" "$(<requests.log)" "GET /buildid/$id/debuginfo"

serve "$fixtures/chain_dwarf4" "$fixtures/chain_separate"
is "another object's file is not believed" "$(ask --debuginfod | head -n 1)" '??'
rm -rf site/buildid "$DEBUGINFOD_CACHE_PATH"
is "no such file: no name" "$(ask --debuginfod | head -n 1)" '??'
stop_site
rm -rf "$DEBUGINFOD_CACHE_PATH"
is "no server: no name" "$(ask --debuginfod | head -n 1)" '??'
matches "no server: says that it failed" "$(<err)" 'debuginfod: 0 debug files fetched.* 1 failed'
