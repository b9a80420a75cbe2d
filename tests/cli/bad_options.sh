#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Each bad argument of each verb: one line that names it, exit status 2, or 1 for a place that cannot
# be written to; nothing left behind. The goldens show command, message and status.
. "$(dirname "$0")/../lib/testlib.sh"

no_verb() {
	try frob
	try -x
	try --frob
	try help frob
	try help record report
	try record --help=1
}

record_syntax() {
	try record -x
	try record --frob
	try record --c fp
	try record --all=yes
	try record -qx
	try record -F
	try record --frequency
	try record --output
	try record --cgroup
	try record --event
	try record --ledger
}

agent_settings() {
	local setting
	try agent
	try agent --store
	try agent --store x y
	for setting in frequency=0 window=500ms window=2h max-cpu=200% max-cpu=x max-memory=1M \
		unwind-memory=3M retain=soon max-size=x event=lbr kill-switch=; do
		try agent --store x "--${setting%%=*}" "${setting#*=}"
	done
	try agent --config nowhere.conf
	try agent --config bad.conf
}

record_values() {
	local value
	for value in 0 -1 1e3 99.5 10001 18446744073709551616 ""; do
		try record -F "$value"
	done
	for value in 0 -1 soon 5x 1.5.5 99999999999999999999 ""; do
		try record -d "$value"
	done
	for value in x 0 "1," ",1" "1,,2" 1-3 -5 2147483648 ""; do
		try record -p "$value"
	done
	try record --event instructions
	try record --call-graph lbr
	for value in 0 1025 x ""; do
		try record --max-frames "$value"
	done
	for value in 512K 3M 512M x ""; do
		try record --unwind-memory "$value"
	done
	for value in x stacks stacks= stacks=0 counts=-1 ring=1T heap=8; do
		try record --map-size "$value"
	done
	for value in 99ms 0 x; do
		try record --window "$value"
	done
	for value in 1023K x ""; do
		try record --map-memory "$value"
	done
}

record_targets() {
	try record -a -p 1
	try record -p 1 --cgroup /x
	try record -p 1 -- true
	try record --cgroup /x -- true
	try record -a --children
	try record --user --kernel
	try record -p 2147483647
}

record_outputs() {
	try record -o profile.svg
	try record -o profile
	try record -o .html
	try record -o ""
	try record -o missing/profile.html
	try record -o missing/deeper/profile.pb.gz
	try record -o file/profile.html
	try record -o directory.html
	try record -o a.folded -o b.html -o a.folded
	try record --ledger missing/ledger.json
	try record --ledger a.json -o a.json
	try record -o - --ledger -
	try record -o - -o /dev/stdout
}

seventeen_outputs() {
	local i outputs=()
	for i in {1..17}; do
		outputs+=(-o "$i.html")
	done
	try record "${outputs[@]}"
}

report_options() {
	try report
	try report -x
	try report -o x.html a.folded
	try report a.folded b.folded
	try report -n
	try report -n ten a.folded
	try report --min-percent 101 a.folded
	try report --min-percent -1 a.folded
	try report --no-tree=1 a.folded
}

convert_options() {
	local verb
	for verb in convert merge; do
		try $verb
		try $verb -x
		try $verb -o
		try $verb -o a.html
		try $verb a.folded
		try $verb a.folded -o a.svg
		try $verb a.folded -o missing/a.html
		try $verb a.folded -o a.html -o a.html
	done
	try convert a.folded b.folded -o c.html
}

doctor_options() {
	try doctor -x
	try doctor --frob
	try doctor 1 2
	local pid
	for pid in x 0 -1 1x 2147483648 ""; do
		try doctor "$pid"
	done
	try doctor 2147483647
}

bench_options() {
	try bench -x
	try bench more
	try bench --only
	try bench --only everything
	local rounds
	for rounds in 0 -1 x 1001 ""; do
		try bench --rounds "$rounds"
	done
	try bench --json missing/out.json
}

stack_options() {
	local pid
	try stack
	try stack -x
	try stack 1 2
	for pid in x 0 -1 ""; do
		try stack "$pid"
	done
	try stack 2147483647
}

unwind_table_options() {
	try unwind-table
	try unwind-table -x
	try unwind-table -e
	try unwind-table -e missing
	try unwind-table -e file
	try unwind-table -e a -e b
	try unwind-table -e file more
}

touch file a.folded
printf 'store = x\nspeed = 3\n' >bad.conf
mkdir directory.html
before=$(find . -not -path './.golden*' | sort)
for verb in no_verb agent_settings record_syntax record_values record_targets record_outputs \
	seventeen_outputs report_options convert_options doctor_options bench_options stack_options unwind_table_options; do
	golden "bad_options/$verb" "$verb"
done
is "nothing is left behind" "$(find . -not -path './.golden*' -not -name .ok | sort)" "$before"
