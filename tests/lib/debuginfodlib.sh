# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A debuginfod server of our own. Source it behind testlib.sh or livelib.sh:
#	start_site, stop_site      serves the directory "site" at $SITE; what is asked for is in requests.log
#	serve FILE PROGRAM         the file, as the debug file of the program, and nothing else
#	build_id FILE
python=$(PATH=/usr/bin:$PATH command -v python3) || skip_all "needs python3"
[ -e /usr/lib/x86_64-linux-gnu/libdebuginfod.so.1 ] || ldconfig -p | grep -q 'libdebuginfod\.so\.1' ||
	skip_all "needs libdebuginfod.so.1"
unset DEBUGINFOD_URLS
export XDG_CACHE_HOME=$SCRATCH/cache DEBUGINFOD_CACHE_PATH=$SCRATCH/fetched
mkdir -p "$XDG_CACHE_HOME" site

build_id() {
	readelf -n "$1" | sed -n 's/.*Build ID: //p'
}

serve() {
	local id
	id=$(build_id "$2")
	rm -rf site/buildid "$DEBUGINFOD_CACHE_PATH"
	mkdir -p "site/buildid/$id"
	cp "$1" "site/buildid/$id/debuginfo"
}

start_site() {
	local port
	"$python" -u -m http.server --bind 127.0.0.1 --directory site 0 >server.log 2>requests.log &
	SERVER=$!
	for _ in $(seq 100); do
		port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' server.log)
		[ -z "$port" ] || break
		sleep 0.1
	done
	[ -n "$port" ] || skip_all "python3's server does not start"
	# shellcheck disable=SC2034 # for the tests
	SITE=http://127.0.0.1:$port
}

stop_site() {
	kill "$SERVER" 2>/dev/null
	wait "$SERVER" 2>/dev/null
	return 0
}
