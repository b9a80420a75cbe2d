#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A recording gets the debug file of a stripped program from a server, by its worker's asking; and ends, and
# says so, when the server is not there, or never answers.
. "$(dirname "$0")/../lib/livelib.sh"
. "$TOP/tests/lib/debuginfodlib.sh"

strip -s "$LIVE/burn_pie" -o burn_alone
at_end stop_site
start_site
export DEBUGINFOD_URLS=$SITE

# take ARGS…: a recording of the program; how many samples have its function's name.
take() {
	rm -rf "$DEBUGINFOD_CACHE_PATH" out.folded
	start "$PWD/burn_alone" 60
	record -F 499 -d 1 --no-cache -p "$STARTED" -o out.folded "$@"
	stop
	NAMED=$(folded sum out.folded in_burn_pie)
}

serve "$LIVE/burn_pie" burn_alone
take
is "not told to: no name" "$NAMED" 0
is "not told to: nothing is asked for" "$(<requests.log)" ""
take --debuginfod
is "told to: the recording succeeds" "$STATUS" 0
between "told to: names" "$NAMED" 20 100000
matches "told to: by the build-id" "$(<requests.log)" "GET /buildid/$(build_id burn_alone)/debuginfo"
matches "told to: says so" "$(<record.err)" 'debuginfod: asking'

stop_site
take --debuginfod
is "no server: the recording succeeds" "$STATUS" 0
is "no server: no name" "$NAMED" 0
matches "no server: says so" "$(<record.err)" 'debuginfod: 0 debug files fetched.* [1-9][0-9]* failed'

# One that takes calls and says nothing.
"$python" -u -c 'import socket, time
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1])
time.sleep(100)' >silent.log &
SERVER=$!
until [ -s silent.log ]; do sleep 0.1; done
read -r port <silent.log
export DEBUGINFOD_URLS=http://127.0.0.1:$port DEBUGINFOD_TIMEOUT=1
take --debuginfod
is "a silent server: the recording succeeds" "$STATUS" 0
is "a silent server: no name" "$NAMED" 0
matches "a silent server: says so" "$(<record.err)" 'debuginfod: 0 debug files fetched.* [1-9][0-9]* failed'
