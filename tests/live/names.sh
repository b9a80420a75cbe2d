#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Functions have their names: of programs that live 20 ms, are deleted, lie in another mount
# namespace or root, are linked in whatever way, are C++, Rust or Go, inlined, in a library that comes
# and goes, in the vDSO, in the kernel; wherever the names are kept. What has none says where it is.
. "$(dirname "$0")/../lib/livelib.sh"

# Names are to be found, not remembered from another run.
export XDG_CACHE_HOME=$SCRATCH/cache
mkdir "$XDG_CACHE_HOME"

# recorded TEXT REGEX [LOW]: there are frames like that.
recorded() {
	between "$1" "$(folded sum out.folded "$2")" "${3:-20}" 1000000
}

# Each program for 20 ms, while the whole host is recorded: names come from nowhere but the events of
# its short life.
test_short_lives() {
	local number
	(
		sleep 1
		for number in 1 2 3 4 5 6 7 8; do
			sleep 0.2
			"$LIVE/short_$number" 0.02
		done
	) &
	record -F 1999 -d 4 -o out.folded --ledger ledger.json
	wait $!
	for number in 1 2 3 4 5 6 7 8; do
		recorded "20 ms of life: in_short_$number" "in_short_$number" 3
		is "20 ms of life: of short_$number" \
			"$(grep -E ";in_short_${number}[; ]" out.folded | cut -d ';' -f 1 | sort -u)" \
			"short_$number"
	done
	closes "20 ms of life: the ledger closes" ledger.json
}

# All at once, each with a name of its own.
test_links() {
	local way
	for way in static static_pie pie no_pie high; do
		start "$LIVE/burn_$way" 60
	done
	start "$LIVE/burn_by_library" 60
	start "$LIVE/burn_stripped" 60
	start "$LIVE/mangled" 60
	start "$LIVE/inlined" 60
	start "$LIVE/vdso_clock" 60
	start "$LIVE/jit" 60
	start "$LIVE/syscalls" 60
	cp "$LIVE/burn_deleted" deleted
	start ./deleted 60
	sleep 0.2
	rm deleted
	record -F 499 -d 8 -o out.folded -o out.pb.gz --ledger ledger.json
	for way in static static_pie pie no_pie high; do
		recorded "linked $way: its function" "in_burn_$way"
	done
	recorded "a shared library: its function" burn_in_library
	recorded "a shared library: who called it" call_library
	recorded "a deleted file: its function" in_burn_deleted
	recorded "a stripped program: object and address" 'burn_stripped\+0x[0-9a-f]+'
	recorded "C++: demangled" 'fixture::Worker<double>::burn_until\(double\)'
	recorded "an inlined function" 'inner_work_\[i\]'
	ok "an inlined function: behind the physical one" \
		grep -q ';outer_work;inner_work_\[i\];work_\[i\]' out.folded
	recorded "the vDSO" '.*vdso.*|clock_gettime|\[vdso\]\+0x[0-9a-f]+'
	recorded "the vDSO: by name" '(__vdso_|__kernel_)?clock_gettime|__cvdso_.*'
	recorded "anonymous code" '\[anon\]\+0x[0-9a-f]+_\[j\]'
	recorded "the kernel" '.*_\[k\]'
	recorded "the kernel: a function by name" '(vfs_(read|write)|do_syscall_64|el0_svc)_\[k\]'
	closes "links: the ledger closes" ledger.json
	stop
}

# What the kernel cannot name is told by its address; on a host with kallsyms there is none of it.
test_kernel_names() {
	if [ "$(awk '$1 !~ /^0+$/ { print; exit }' /proc/kallsyms)" = "" ]; then
		skip "kernel names: /proc/kallsyms has no addresses"
		return
	fi
	is "kernel names: all are known" \
		"$(grep -oE '\[[a-z.]*\]\+0x[0-9a-f]+_\[k\]' out.folded | sort -u | head -n 3)" ""
}

# named COMM [FRAME]: of the frames of its users' side 99 % have names, and that one is there.
named() {
	between "$1: user frames with names, per cent" "$(folded named out.folded "$1")" 99 100
	[ -z "${2:-}" ] || recorded "$1: $2" "$2"
}

# made NAME: runs what was built from another language, or says that it was not.
made() {
	if [ -x "$LIVE/$1" ]; then
		start "$LIVE/$1" "${@:2}"
	else
		skip "$1: its compiler is not there"
		return 1
	fi
}

# Names from wherever they are kept, of all at once; what was not built is left out.
test_sources() {
	local program programs=(burn_debuglink burn_mini inlined_split mangled)
	for program in "${programs[@]}"; do
		start "$LIVE/$program" 60
	done
	for program in burn_go rust_legacy rust_v0; do
		made "$program" 60 && programs+=("$program")
	done
	start "$LIVE/walk_dlopen" 60 "$LIVE/libwalk_plugin_1.so" "$LIVE/libwalk_plugin_2.so"
	record -F 499 -d 8 -o out.folded --ledger ledger.json
	named burn_debuglink in_burn_debuglink
	named burn_mini in_burn_mini
	named inlined_split 'inner_work_\[i\]'
	ok "inlined_split: behind the physical function" \
		grep -q '^inlined_split;.*;outer_work;inner_work_\[i\]' out.folded
	named mangled 'fixture::Worker<double>::burn_until\(double\)'
	named walk_dlopen plugin_inner
	for program in "${programs[@]:4}"; do
		case $program in
		burn_go) named burn_go main.grind ;;
		*) named "$program" walk_rust::rust_leaf ;;
		esac
	done
	closes "sources of names: the ledger closes" ledger.json
	stop
}

# A program of functions of its own, its debug file beside it as the link in it says; both under $1.
link_debug() {
	mkdir -p "$1/.debug"
	objcopy --only-keep-debug "$LIVE/burn_static" "$1/.debug/$2.debug" &&
		strip -s "$LIVE/burn_static" -o "$1/$2" &&
		objcopy --remove-section=.note.gnu.build-id \
			--add-gnu-debuglink="$1/.debug/$2.debug" "$1/$2"
}

# What lies beside a program lies there in its own root only, which may be gone when it is wanted.
test_roots() {
	link_debug jail jailed
	link_debug . passing
	start chroot jail /jailed 60
	sleep 0.2
	record -F 499 -d 1.5 -p "$STARTED" -o out.folded --ledger ledger.json
	named jailed in_burn_static
	stop
	if ! unshare -m true 2>/dev/null; then
		skip "a debug file in a root that comes and goes: cannot be made"
		return
	fi
	mkdir -p inside
	start sh -c 'sleep 1; exec "$0" "$@"' unshare -m sh -c "mount -t tmpfs tmpfs inside &&
		cp -r passing .debug inside/ && chroot inside /passing 0.5; umount inside"
	record -F 499 -d 3 -o out.folded --ledger ledger.json
	named passing in_burn_static
	stop
}

# Functions without names are told apart: each is one place.
test_stripped() {
	strip -s "$LIVE/deep" -o nameless
	start ./nameless 60
	record -F 499 -d 1.5 -p "$STARTED" -o out.folded --ledger ledger.json
	between "stripped: places in it" \
		"$(grep -oE 'nameless\+0x[0-9a-f]+' out.folded | sort -u | wc -l)" 2 12
	stop
}

test_mount_namespace() {
	mkdir -p inside
	if ! unshare -m true 2>/dev/null; then
		skip "a mount namespace: cannot be made"
		return
	fi
	start unshare -m sh -c "mount -t tmpfs tmpfs inside && cp '$LIVE/burn_mounted' inside/hidden &&
		exec inside/hidden 60"
	sleep 0.5
	is "a mount namespace: its file is not seen from here" "$(ls inside)" ""
	record -F 499 -d 1.5 -p "$STARTED" -o out.folded --ledger ledger.json
	recorded "a mount namespace: its function" in_burn_mounted
	stop
	start sh -c 'sleep 1; exec "$0" "$@"' unshare -m sh -c "mount -t tmpfs tmpfs inside &&
		cp '$LIVE/burn_mounted' inside/hidden && inside/hidden 0.3; umount inside"
	record -F 499 -d 3 -o out.folded --ledger ledger.json
	recorded "a mount namespace that comes and goes: its function" in_burn_mounted
	stop
}

test_deep() {
	start "$LIVE/deep" 60
	record -F 499 -d 1 -p "$STARTED" -o out.folded --ledger ledger.json
	recorded "a deep recursion: says that it is cut" '\[incomplete: depth limit\]'
	is "a deep recursion: first thing after the name" \
		"$(grep deep_leaf out.folded | cut -d ';' -f 1,2 | sort -u)" \
		"deep;[incomplete: depth limit]"
	recorded "a deep recursion: its leaf" deep_leaf
	between "a deep recursion: the ledger counts it" \
		"$(ledger get ledger.json stacks.incomplete)" 20 1000
	stop
}

# The ledger's own sums: what is named, and what is not for which reason.
test_sums() {
	is "user stacks are complete or say why not" \
		"$(($(ledger get ledger.json stacks.user_complete) +
			$(ledger get ledger.json stacks.incomplete)))" \
		"$(ledger get ledger.json stacks.user)"
	is "frames are named or say why not" \
		"$(($(ledger get ledger.json frames.named) + $(ledger get ledger.json frames.unnamed)))" \
		"$(ledger get ledger.json frames.distinct)"
}

test_short_lives
test_links
test_kernel_names
test_sums
test_sources
test_roots
test_stripped
test_mount_namespace
test_deep
test_sums
