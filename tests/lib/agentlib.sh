# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# An agent in the background, whose store is $STORE ("store"). Source it behind livelib.sh:
#	agent ARGS…                     begins one, behind the words of $agent_prefix; its pid in $AGENT, its
#	                                messages in agent.err; it samples when this returns
#	wait_for PATTERN [COUNT]        until it has said it so often, or has ended
#	wait_for_more PATTERN [COUNT]   until it has said it so many times more
#	end_agent TEXT                  a check that it ends well
#	said TEXT PATTERN               a check that it said it
#	read_store                      what is in the store: all.json, and its ledger: ledger.json
AGENT=
STORE=store
agent_prefix=()

# On a host with more to do the default bound would lower its rate.
agent() {
	: >agent.err # what the one before said is not its
	"${agent_prefix[@]}" "$SMOLDER" agent --store "$STORE" --kill-switch "$PWD/stop" --max-cpu 0 -v "$@" \
		>agent.out 2>agent.err </dev/null &
	AGENT=$!
	started_all+=("$AGENT")
	wait_for "sampling at"
}

times_said() {
	grep -cE "$1" agent.err
}

wait_for() {
	local tries
	for ((tries = 0; tries < 300; tries++)); do
		[ "$(times_said "$1")" -ge "${2:-1}" ] && return
		kill -0 "$AGENT" 2>/dev/null || return
		sleep 0.1
	done
}

wait_for_more() {
	wait_for "$1" $(($(times_said "$1") + ${2:-1}))
}

end_agent() {
	kill -TERM "$AGENT"
	wait "$AGENT"
	is "$1: it ends well" $? 0
}

said() {
	matches "$1" "$(cat agent.err)" "$2"
}

read_store() {
	"$SMOLDER" convert "$STORE" -o all.json && "$python" -S -c '
import json
json.dump(json.load(open("all.json"))["ledger"], open("ledger.json", "w"))'
}
