#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Who may include whom: base nobody, symbolize and formats only base, the profiler all of these and
# the headers it shares with the kernel side, bpf/ only itself; within the profiler as docs/ARCHITECTURE.md
# says. Third-party headers stay out of our headers. The link of each archive (make link-law) proves the
# same of functions.
set -eu
cd "$(dirname "$0")/../.."
. tests/lib/sources.sh

# Headers of libc and of the kernel's user interface.
system='(assert|byteswap|ctype|dirent|elf|endian|errno|fcntl|fnmatch|glob|inttypes|limits|link|locale|math|poll|pthread|sched|semaphore|signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|strings|termios|threads|time|unistd|wchar|asm/.*|arpa/.*|linux/.*|net/.*|netinet/.*|sys/.*)'

includes() {
	grep -HnE '^[[:space:]]*#[[:space:]]*include' "$@" /dev/null || true
}

# quoted_outside ROOM ALLOWED: includes "…" of the room that do not match ALLOWED.
quoted_outside() {
	local files
	mapfile -t files < <(sources "$1/*.c" "$1/*.h")
	includes "${files[@]}" | grep '"' | grep -vE "\"($2)\"" || true
}

quoted_outside base 'base/.*' | report "base includes nobody"
quoted_outside symbolize '(symbolize|base)/.*' | report "symbolize includes base only"
quoted_outside formats '(formats|base)/.*|version\.h' | report "formats includes base only"
quoted_outside bpf 'bpf/.*' | report "bpf includes itself only"
shared='bpf/(abi|[a-z_]+_(abi|config)|stepper)\.h|[a-z_]+\.skel\.h|version\.h'
quoted_outside profiler "(profiler|symbolize|formats|base)/.*|$shared" |
	report "profiler includes the rooms below and the kernel's shared headers"

# room_includes ROOM OTHERS: of the profiler's rooms, what it may include besides base and itself
room_includes() {
	quoted_outside "profiler/$1" "(base|profiler/$1${2:+|$2})/[a-z0-9_]*\.h|$shared" |
		report "profiler/$1 includes what docs/ARCHITECTURE.md allows"
}

room_includes collect ""
room_includes process ""
room_includes unwind ""
room_includes sandbox 'symbolize|profiler/(process|unwind)'
room_includes walk 'profiler/(process|unwind|sandbox)'
room_includes doctor 'symbolize|profiler/(collect|process|sandbox)'
room_includes bench 'formats'
room_includes agent 'symbolize|formats|profiler(/(collect|process|unwind|sandbox|walk))?'

# A test's own header may bring the test framework along.
mapfile -t headers < <(sources '*.h' | grep -vE '^(bpf|tests/unit)/')
includes "${headers[@]}" | grep '<' | grep -vE "<$system\.h>" |
	report "no third-party header in a header"
mapfile -t headers < <(sources 'bpf/*.h')
includes "${headers[@]}" | grep '<' | grep -vE '<(bpf/.*|linux/.*|asm/.*|std[a-z]*\.h)' |
	report "bpf headers include the kernel's and libbpf's only"
