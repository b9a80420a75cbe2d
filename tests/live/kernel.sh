#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Programs in the kernel keep their names: one that is loaded and gone again while we record, one that
# was there before, one that goes.
. "$(dirname "$0")/../lib/livelib.sh"

program='bpf_prog_[0-9a-f]+_burn_in_kernel_\[k\]'

# named TEXT: the recording in out.folded has the program's frames, and none without a name where it is.
named() {
	between "$1: its name" "$(folded sum out.folded "$program")" 30 100000
	is "$1: nothing without a name" \
		"$(grep '^in_kernel;' out.folded | grep -oE '\[[a-z.]*\]\+0x[0-9a-f]+_\[k\]' |
			sort -u | head -n 3)" ""
}

test_comes_and_goes() {
	(sleep 0.7 && exec "$LIVE/in_kernel" 1) &
	record -F 499 -d 2.5 -o out.folded
	wait $!
	named "a program that comes and goes"
}

test_was_there() {
	start "$LIVE/in_kernel" 60
	sleep 0.3
	record -F 499 -d 1 -o out.folded
	named "a program that was there before"
	stop
}

test_goes() {
	"$LIVE/in_kernel" 3 &
	sleep 0.3
	record -F 499 -d 4 -o out.folded
	wait $!
	named "a program that goes"
}

if ! "$LIVE/in_kernel" 0; then
	skip "programs in the kernel: cannot be loaded"
	exit 0
fi
test_comes_and_goes
test_was_there
test_goes
