#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Does a .pb.gz please its readers? go tool pprof reads it, protoc knows every field, and the rules hold
# that Parca and Pyroscope add. Usage: pprof_clients.sh FILE
set -u
[ "$#" -eq 1 ] || { echo "usage: $0 FILE" >&2; exit 2; }
file=$(realpath -- "$1")
. "$(dirname "$0")/../lib/testlib.sh"

[ -r "$file" ] || { echo "not ok - '$file' is there"; exit 1; }
export PPROF_TMPDIR=$SCRATCH HOME=$SCRATCH GOFLAGS=-mod=mod GO111MODULE=off

# pprof reports what it does not like on stderr and often goes on all the same.
pprof_is_content() {
	local complaints
	go tool pprof "$1" "$file" >"pprof$1.out" 2>"pprof$1.err" || { cat "pprof$1.err"; return 1; }
	complaints=$(grep -iE 'malformed|unrecogni[sz]ed|invalid|error|warning|failed' "pprof$1.err")
	[ -z "$complaints" ] || { echo "$complaints"; return 1; }
	[ -s "pprof$1.out" ]
}

check_go() {
	local report
	command -v go >/dev/null || { skip "go is not installed: no pprof to read the file"; return; }
	for report in -top -raw -traces; do
		ok "go tool pprof $report reads it without complaint" pprof_is_content "$report"
	done
}

find_proto() {
	local proto
	for proto in /usr/share/gocode/src/github.com/google/pprof/proto/profile.proto \
		"${PROFILE_PROTO:-}"; do
		[ -r "$proto" ] && { echo "$proto"; return; }
	done
	return 1
}

# A number in place of a field's name is a field that profile.proto does not have.
no_unknown_field() { ! grep -nE '^ *[0-9]+(:| \{)' decoded; }

ids_are_in_order() {
	awk '
		/^(mapping|location|function) \{/ { table = $1 }
		/^  id: / && table != "" {
			if ($2 != ++last[table]) { print table " " last[table] " has id " $2; bad = 1 }
			table = ""
		}
		END { exit bad }' decoded
}

strings_are_used() {
	awk '
		/^string_table: / { strings++; if (strings == 1 && $2 != "\"\"") { print "string 0 is " $2; bad = 1 } }
		/^ *(key|str|num_unit|type|unit|filename|build_id|name|system_name|comment|default_sample_type|drop_frames|keep_frames): / {
			used[$2] = 1
			if ($2 > max) max = $2
		}
		END {
			if (max >= strings) { print "string " max " of " strings; bad = 1 }
			for (i = 1; i < strings; i++) if (!(i in used)) { print "string " i " is not used"; bad = 1 }
			exit bad
		}' decoded
}

lines_have_functions() {
	awk '
		/^location \{/ { lines = 0 }
		/^  line \{/ { lines++; functions = 0 }
		/^    function_id: [1-9]/ { functions++ }
		/^  \}/ { if (lines && !functions) { print "a line without function"; bad = 1 } }
		/^\}/ && lines == 0 && inside { print "a location without line"; bad = 1 }
		{ inside = /^location \{/ || (inside && !/^\}/) }
		END { exit bad }' decoded
}

numbers_have_units() {
	awk '
		/^  label \{/ { str = unit = 0 }
		/^    str: / { str = 1 }
		/^    num_unit: / { unit = 1 }
		/^  \}/ && label { if (!str && !unit) { print "a number without unit"; bad = 1 } label = 0 }
		/^  label \{/ { label = 1 }
		END { exit bad }' decoded
}

# The first of each sample's values; the ledger says how many there have to be.
samples_are_recorded() {
	local sum recorded
	sum=$(awk '/^sample \{/ { first = 1 } /^  value: / && first { sum += $2; first = 0 }
		END { printf "%d\n", sum }' decoded)
	recorded=$(sed -n 's/.*smolder-ledger: .*\\"recorded\\":\([0-9]*\).*/\1/p' decoded)
	[ -n "$recorded" ] || { echo "no ledger in the comments"; return 1; }
	[ "$sum" = "$recorded" ] || { echo "samples add up to $sum, the ledger says $recorded"; return 1; }
}

check_protoc() {
	local proto
	command -v protoc >/dev/null || { skip "protoc is not installed"; return; }
	proto=$(find_proto) || { skip "no profile.proto (golang-github-google-pprof-dev)"; return; }
	ok "protoc decodes it" sh -c "zcat '$file' | protoc --decode=perftools.profiles.Profile \
		-I'$(dirname "$proto")' profile.proto >decoded"
	ok "profile.proto has every field of it" no_unknown_field
	ok "ids are 1..n in table order" ids_are_in_order
	ok "string 0 is empty and every other one is used" strings_are_used
	ok "every location has a line, every line a function" lines_have_functions
	ok "every number has a unit" numbers_have_units
	ok "the default sample type is set" grep -q '^default_sample_type: [1-9]' decoded
	ok "the period type is set" grep -q '^period_type {' decoded
	if grep -q smolder-ledger decoded; then
		ok "the samples are those that the ledger has recorded" samples_are_recorded
	fi
}

gzip_header_has_no_time() {
	[ "$(od -An -tx1 -N10 "$file")" = " 1f 8b 08 00 00 00 00 00 00 03" ]
}

command -v go >/dev/null || command -v protoc >/dev/null ||
	skip_all "neither go nor protoc is installed to read a pprof file"
ok "the gzip header has neither name nor time" gzip_header_has_no_time
check_go
check_protoc
