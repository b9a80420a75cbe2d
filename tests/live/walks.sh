#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# User stacks of programs without frame pointers are whole, from the first sample of a program on, and
# right: where the calls are known, the frames are these, in this order. What perf's stack copies come to
# is printed beside it, for information.
. "$(dirname "$0")/../lib/livelib.sh"
. "$TOP/tests/lib/walk_loads.sh"

# shellcheck disable=SC2154 # of livelib.sh
walked() { "$python" -S "$TOP/tests/tools/walked.py" "$@"; }

# Debian's C library keeps the names of its inner functions to itself.
root='_start;__libc_start_main[^;]*(;[^;]+)?;main'
thread='[^;]+;[^;]+'
plugin='use_plugin;plugin_run;plugin_inner'
handler='[^;]+' # what a handler returns to
handled="$root(;interrupted_outer(;interrupted_leaf(;burn)?)?|$(
	);(faulting_outer|burn_clock)(;[^;]+)*)?;$handler;on_alarm;handler_leaf"

# percent_at_least TEXT SAMPLES PERCENT MIN: with enough samples to say so.
percent_at_least() {
	between "$1: samples" "$2" 40 100000
	between "$1" "$3" "$4" 100
}

perf_beside() {
	command -v perf >/dev/null || return 0
	timeout 20 perf record -q $PERF_OPTIONS -F 49 -e cpu-clock:u --call-graph dwarf,65528 -o perf.data \
		-- "$@" >/dev/null 2>&1
	echo "# perf, by stack copies: percent of samples: $(perf_whole perf.data)"
	rm -f perf.data
}

# least PERCENT SAMPLES: the same, but three of few samples may always be lacking: what is known to happen
# now and then (docs/UNWINDING.md) may happen to a short program too.
least() {
	awk -v percent="$1" -v samples="$2" 'BEGIN {
		lenient = samples > 3 ? 100 * (samples - 3) / samples : 0
		print lenient < percent ? lenient : percent
	}'
}

# walk NAME MIN COMMAND…: records it from its start; MIN percent of its stacks are whole.
walk() {
	local name=$1 wanted=$2 samples percent
	shift 2
	record -F 997 -o "$name.folded" --ledger "$name.json" -- "$@"
	is "$name: the recording succeeds" "$STATUS" 0
	closes "$name: the ledger closes" "$name.json"
	read -r samples percent < <(walked whole "$name.folded" "${comm:-*}")
	percent_at_least "$name: whole stacks, percent" "$samples" "$percent" \
		"$(least "$wanted" "$samples")"
	echo "# $name, others: $(walked reasons "$name.folded" "${comm:-*}")"
	perf_beside "$@"
}

# chain NAME FRAME REGEX: all whole stacks with that frame are so, from the root to it.
chain() {
	local samples percent
	read -r samples percent < <(walked right "$1.folded" "$2" "$3")
	between "$1: samples in $2" "$samples" 20 100000
	is "$1: right ones, percent" "$percent" 100.000
	[ "$percent" = 100.000 ] || walked wrong "$1.folded" "$2" "$3" | sed 's/^/# wrong: /'
}

test_plain() {
	local name
	for name in {gcc,clang}_{pie,no_pie,static,static_pie}; do
		if ! [ -x "$LIVE/walk_$name" ]; then
			skip "$name: no such compiler here"
			continue
		fi
		walk "$name" 99.5 "$LIVE/walk_$name" 1.2
		chain "$name" chain_leaf "$root;chain_plain;chain_saves;chain_alloca;chain_vla;$(
			)chain_realigned;chain_leaf"
		chain "$name" compare_leaf "$root;by_library(;[^;]+)+;compare;compare_leaf"
	done
}

test_deep() {
	walk deep 99 "$LIVE/walk_deep" 1.2
	chain deep deep_leaf "$root(;go_down){300};deep_leaf"
	record -F 499 --max-frames 1024 -o deeper.folded -- "$LIVE/walk_deep" 1 900
	chain deeper deep_leaf "$root(;go_down){900};deep_leaf"
}

test_signals() {
	walk signal 99 "$LIVE/walk_signal" 1.5
	chain signal handler_leaf "$handled"
	chain signal fault_leaf "$root;faulting_outer;faulting_leaf;$handler;on_fault;fault_leaf"
}

# Where a handler begins, nothing was called yet: its first byte is not looked up as a return address.
test_handler_entry() {
	walk raise 99 "$LIVE/walk_raise" 1.2
	chain raise on_signal "$root;raiser;kill;$handler;on_signal"
}

# The profiler stands still while the program runs: all its stacks come as copies, and are walked afterwards. That
# of a handler has the memory of two stacks.
test_copies() {
	local samples percent
	# shellcheck disable=SC2016 # another shell's
	record -F 199 -o copies.folded --ledger copies.json -- \
		sh -c 'kill -STOP $PPID; "$0" 0.6; kill -CONT $PPID' "$LIVE/walk_signal"
	closes "copies: the ledger closes" copies.json
	read -r samples percent < <(walked whole copies.folded walk_signal)
	percent_at_least "copies: whole stacks, percent" "$samples" "$percent" "$(least 99 "$samples")"
	echo "# copies, others: $(walked reasons copies.folded walk_signal)"
	chain copies handler_leaf "$handled"
}

test_jumps() {
	walk jumps 99 "$LIVE/walk_jumps" 1.2
	chain jumps jump_leaf "$root;jump_outer(;jump_inner){4};jump_leaf"
	chain jumps coroutine_leaf "[^;]+;coroutine_main;coroutine_leaf"
}

test_code_that_comes_and_goes() {
	walk jit 99 "$LIVE/walk_jit" 1.2
	chain jit back_leaf "$root;call_compiled;\[anon\][^;]*;called_back;back_leaf"
	walk dlopen 99 "$LIVE/walk_dlopen" 1.5 "$LIVE"/libwalk_plugin_{1,2}.so
	chain dlopen plugin_leaf "$root;(use_first;$plugin;plugin_1|use_second;$plugin;plugin_2)_own;$(
		)plugin_back;plugin_leaf"
	chain dlopen plugin_1_own "$root;use_first;$plugin;plugin_1_own"
	chain dlopen plugin_2_own "$root;use_second;$plugin;plugin_2_own"
}

# The profiler stands still while libraries take each other's place, and the ring for copies is soon full: what a
# stack came through then has no name, rather than another's.
test_unseen_replacement() {
	# shellcheck disable=SC2016 # another shell's
	record -F 4999 -o replaced.folded --ledger replaced.json -- \
		sh -c '"$0" 3 "$1" "$2" & sleep 0.8; kill -STOP $PPID; sleep 1.4; kill -CONT $PPID; wait' \
		"$LIVE/walk_dlopen" "$LIVE"/libwalk_plugin_{1,2}.so
	unbegun replaced "mappings changing" walk_dlopen
	is "replaced: libraries' names in stacks that say so" \
		"$(grep -F '[incomplete: mappings changing]' replaced.folded | grep _own)" ""
	chain replaced plugin_1_own "$root;use_first;$plugin;plugin_1_own"
	chain replaced plugin_2_own "$root;use_second;$plugin;plugin_2_own"
}

# Code that was copied to memory at its file's addresses, while we look on and before.
test_moved_text() {
	local moved="$root;call_moved;moved_outer;moved_inner;moved_leaf"
	walk hugetext 99 "$LIVE/walk_hugetext" 1.2
	chain hugetext moved_leaf "$moved"
	start "$LIVE/walk_hugetext" 60
	sleep 0.3
	record -F 499 -d 1s --pid "$STARTED" -o moved.folded
	chain moved moved_leaf "$moved"
}

# _dl_runtime_resolve finds its frame by rbx, which _dl_fixup, whom it calls, has saved.
# With the debug file of libc, what is inlined into _dl_fixup has a name and a frame too.
test_lazy_binding() {
	walk lazy 99 "$LIVE/walk_lazy" 1.5
	chain lazy choose_leaf "$root;bind_now;([^;]+;){2,3}choose;choose_leaf"
}

test_threads() {
	walk threads 99 "$LIVE/walk_threads" 1.2
	chain threads thread_leaf "$thread;thread_main;thread_middle;thread_leaf"
	walk brief 99 "$LIVE/walk_brief" 2
	chain brief brief_leaf "$root;(start_forked;)*brief_main;brief_leaf"
}

test_languages() {
	if [ -x "$LIVE/walk_exceptions" ]; then
		walk exceptions 99 "$LIVE/walk_exceptions" 1.5
		chain exceptions 'thrower_leaf(unsigned int)' \
			"$root;catcher\(\)(;thrower\(int\)){20};thrower_leaf\(unsigned int\)"
	else
		skip "exceptions: no C++ compiler here"
	fi
	if [ -x "$LIVE/walk_rust" ]; then
		walk rust 99 "$LIVE/walk_rust" 1.5
		chain rust walk_rust::rust_leaf "($root|$thread);.*;walk_rust::run;$(
			)walk_rust::(by_iterator;.*Visitor>::visit|panics;.*);walk_rust::rust_leaf"
	else
		skip "rust: no Rust compiler here"
	fi
}

# unbegun NAME REASON COMM: samples of that command whose stack was not walked say so, and where they were.
unbegun() {
	local stacks
	stacks=$(awk -F ';' -v comm="$3" -v marker="[incomplete: $2]" '
		$1 == comm && $2 == marker && $3 != "" && $3 !~ /_\[k\]/ {
			sub(/.* /, "")
			sum += $0
		}
		END { print sum + 0 }' "$1.folded")
	between "$1: samples that say '$2' and where they were" "$stacks" 20 100000
	# In the middle of execve(2), and behind exit(2), there is no user stack.
	is "$1: samples without a word" \
		"$(awk -F ';' -v comm="$3" '$1 == comm && $2 ~ /_\[k\]/ && !/execve|do_exit/' "$1.folded")" ""
	closes "$1: the ledger closes" "$1.json"
	between "$1: the ledger names them" "$(ledger get "$1.json" "stacks.incomplete.$2")" 20 100000
}

# Stacks that are not walked at all: the profiler stands still while the command's mappings are made, and
# the ring for copies is soon full; and 32-bit code.
test_unbegun() {
	# shellcheck disable=SC2016 # another shell's
	record -F 4999 -o unread.folded --ledger unread.json -- \
		sh -c 'kill -STOP $PPID; "$0" 1.5; kill -CONT $PPID' "$LIVE/walk_threads"
	unbegun unread "unwind tables not loaded" walk_threads
	if ! [ -x "$LIVE/walk_compat" ]; then
		skip "32-bit code: no compiler for it here"
		return
	fi
	record -F 499 -o compat.folded --ledger compat.json -- "$LIVE/walk_compat"
	if [ "$STATUS" != 0 ]; then
		skip "32-bit code: this kernel does not run it"
		return
	fi
	unbegun compat "32-bit code" walk_compat
}

# debian NAME COMM COMMAND…: a program of the distribution, if it is here.
debian() {
	local name=$1 comm=$2
	shift 2
	if ! command -v "$1" >/dev/null; then
		skip "$name is not here"
		return
	fi
	walk "$name" 99 "$@"
}

test_debian() {
	local PATH=/usr/bin:/bin
	generate >big.c
	debian python3 python3 python3 -S -c "$python_work"
	debian perl perl perl -e "$perl_work"
	debian openssl openssl sh -c "$openssl_work"
	debian cc1 cc1 gcc -O2 -c big.c -o big.o
	debian clang clang clang -O2 -c big.c -o big.o
	debian gdb gdb gdb -nx -batch -ex 'info functions nothing_is_called_so' \
		-ex 'maint expand-symtabs' "$SMOLDER"
	debian bash bash bash -c "$bash_work"
}

test_plain
test_deep
test_signals
test_handler_entry
test_copies
test_jumps
test_code_that_comes_and_goes
test_unseen_replacement
test_moved_text
test_lazy_binding
test_threads
test_unbegun
test_languages
test_debian
