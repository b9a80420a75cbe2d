#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The agent names what record names, in each of its windows, and says where things ran; what it may not spend on
# names it puts off, and says so.
. "$(dirname "$0")/../lib/livelib.sh"
. "$TOP/tests/lib/agentlib.sh"

# Names are to be found, not remembered from another run.
export XDG_CACHE_HOME=$SCRATCH/cache
mkdir "$XDG_CACHE_HOME"

# named TEXT REGEX [LOW]: there are frames like that in the store.
named() {
	between "$1" "$(folded sum all.folded "$2")" "${3:-20}" 1000000
}

read_stacks() {
	ok "$1: the store can be read" "$SMOLDER" convert store -o all.folded
	ok "$1: its ledger can be read" read_store
	closes "$1: the ledger closes" ledger.json 8
}

test_sources() {
	start "$LIVE/burn_pie" 60
	start "$LIVE/burn_debuglink" 60
	start "$LIVE/burn_stripped" 60
	start "$LIVE/jit_told" 60 map
	agent -F 199 --window 2s
	"$LIVE/short_1" 0.3
	wait_for "window of" 3
	end_agent "names"
	stop
	rm -f "/tmp/perf-$STARTED.map"
	read_stacks "names"
	named "names: by the symbol table" in_burn_pie
	named "names: by a debug file that lies beside the program" in_burn_debuglink
	named "names: of code compiled at run time" 'told_spin_\[j\]'
	named "names: of a short-lived program" in_short_1 1
	named "names: object and address where there are none" 'burn_stripped\+0x[0-9a-f]+'
	named "names: of the kernel" '(vfs_(read|write)|do_syscall_64|el0_svc)_\[k\]' 0
	is "names: none is put off where there is no bound" "$(ledger reason ledger.json frames.unnamed 'put off')" 0
	rm -rf store
}

# A control group with a container's name, as Docker's are; removed before the window is written.
test_container() {
	local id group
	id=$(printf 'c0ffee%058x' "$$")
	group=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)/docker-$id.scope
	if ! mkdir "$group" 2>/dev/null; then
		skip "a container: no cgroup2 mount where groups may be made"
		return
	fi
	agent -F 199 --window 60s
	sh -c 'echo $$ >"$0/cgroup.procs" && exec "$1" 2' "$group" "$LIVE/burn_pie"
	rmdir "$group"
	end_agent "a container"
	ok "a container: asked for by its id" "$SMOLDER" convert store --container "${id:0:12}" -o all.folded
	named "a container: its program" in_burn_pie 5
	ok "a container: nobody else's" "$SMOLDER" convert store --container 0000 -o none.folded
	is "a container: has no other's samples" "$(folded sum none.folded in_burn_pie)" 0
	rm -rf store
}

test_put_off() {
	start "$LIVE/burn_debuglink" 60
	agent -F 19 --max-cpu 0.0001% --window 2s --no-cache
	wait_for "window of" 2
	end_agent "put off"
	stop
	read_stacks "put off"
	between "put off: the ledger counts it" "$(ledger reason ledger.json frames.unnamed 'put off')" 1 100000
	named "put off: where it was is told" 'burn_debuglink\+0x[0-9a-f]+' 1
	is "put off: no worker was asked" "$(folded sum all.folded in_burn_debuglink)" 0
	rm -rf store
}

test_sources
test_container
test_put_off
