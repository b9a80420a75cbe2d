#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The systemd unit lets the agent do all it does: no system call that the unit forbids, which would be its end.
# In a container it needs no more than the manual says: those capabilities, and the host's pids.
. "$(dirname "$0")/../lib/livelib.sh"
. "$TOP/tests/lib/agentlib.sh"
need_cmd systemd-analyze strace

unit=$TOP/packaging/systemd/smolder.service

# expand: reads names, "@group" for a set of systemd's, and prints system calls, one a line.
expand() {
	local name
	while read -r name; do
		case $name in
		'') ;;
		@*) systemd-analyze syscall-filter "$name" | sed -n 's/^    \([^#]*\)$/\1/p' | expand ;;
		*) printf '%s\n' "$name" ;;
		esac
	done
}

# As systemd reads it: lines one after the other, "~" takes away.
allowed() {
	local line
	: >allowed
	sed -n 's/^SystemCallFilter=//p' "$unit" | while read -r line; do
		tr ' ' '\n' <<<"${line#\~}" | expand | sort -u >named
		case $line in
		\~*) comm -23 allowed named >rest ;;
		*) sort -u allowed named >rest ;;
		esac
		mv rest allowed
	done
}

# What it does in its life: windows, names, signals, an end.
run_agent() {
	local agent
	agent_prefix=(strace -f -qq -o calls)
	agent --window 2s --config agent.conf
	wait_for "window of" 3
	agent=$(cat "/proc/$AGENT/task/$AGENT/children")
	kill -HUP "${agent% }"
	kill -USR1 "${agent% }"
	sleep 2
	kill -TERM "${agent% }"
	wait "$AGENT"
}

start "$LIVE/storm" 60 "$LIVE/tiny"
printf 'frequency = 99\nmax-cpu = 0\n' >agent.conf
ok "the agent runs and ends well" run_agent
sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' calls | sort -u >used
allowed
ok "the unit allows something ($(wc -l <allowed) system calls)" grep -qx read allowed
ok "but not everything" bash -c '! grep -qx -e mount -e init_module allowed'
ok "the agent made system calls ($(wc -l <used))" grep -qx bpf used
is "none that the unit forbids" "$(comm -23 used allowed | paste -sd ' ')" ""

# The agent's own view of files, without those of the one it profiles; only the capabilities it keeps.
run_in_container() {
	# shellcheck disable=SC2016 # for the other shell
	LIVE=$LIVE timeout -s TERM -k 10 8 unshare --mount bash -c '
		mount -t tmpfs tmpfs "$LIVE"
		exec setpriv --bounding-set="$1" "${@:2}"' container "$@"
}

wanted=-all$(sed -n 's/^CapabilityBoundingSet=//p' "$unit" | tr 'A-Z ' 'a-z\n' | sed 's/^cap_/,+/' | tr -d '\n')
stop
start "$LIVE/shares" 60
if ! unshare --mount true 2>/dev/null; then
	skip "a container, a pid namespace: cannot be made"
	exit
fi
if ! setpriv --bounding-set="$wanted" true 2>/dev/null; then
	skip "a container: setpriv cannot choose its capabilities"
else
	run_in_container "$wanted" "$SMOLDER" agent --store contained --window 2s -F 99 --max-cpu 0 \
		--kill-switch "$PWD/stop" >agent.out 2>agent.err
	is "a container: it has nothing to complain of" "$(grep -c warning agent.err)" 0
	matches "a container: code is named by files that only its process sees" \
		"$("$SMOLDER" report contained --comm shares 2>&1)" ' share_40 '
fi
timeout -s TERM -k 10 6 unshare --pid --fork --kill-child --mount-proc "$SMOLDER" agent --store apart \
	--kill-switch "$PWD/stop" >agent.out 2>agent.err
matches "a pid namespace of its own: it says what that means" "$(cat agent.err)" \
	"warning: this is not the host's pid namespace"
