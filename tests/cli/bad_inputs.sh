#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Files that are no profiles, or broken ones: report, convert and merge say of each what is wrong and
# where, and write nothing.
. "$(dirname "$0")/../lib/testlib.sh"

make_inputs() {
	printf 'app;main;work 3\napp;main 1\n' >good.folded
	"$SMOLDER" convert good.folded -o good.pb.gz -o good.folded.zst -o good.html -o good.json
	gzip -nc good.folded >good.folded.gz
	head -c 20 good.folded.gz >cut.folded.gz
	head -c 60 good.pb.gz >cut.pb.gz
	head -c 100 good.folded.zst >cut.folded.zst
	gzip -dc good.pb.gz | head -c 40 | gzip -nc >cut_inside.pb.gz
	printf 'app;main x\n' >no_count.folded
	printf 'app;main 1\napp;main\n' >second_line.folded
	printf 'app;main 99999999999999999999\n' >huge_count.folded
	printf 'app;main -3\n' >negative_count.folded
	printf 'just some words\n' >words.txt
	printf '\0\1\2\377\376' >bytes.bin
	gzip -nc bytes.bin >bytes.bin.gz
	printf 'trailing' | cat good.pb.gz - >tail.pb.gz
	mkdir directory
}

inputs=(missing missing/deeper directory words.txt bytes.bin bytes.bin.gz no_count.folded
	second_line.folded huge_count.folded negative_count.folded cut.folded.gz cut.pb.gz cut.folded.zst
	cut_inside.pb.gz tail.pb.gz good.html good.json)

report_inputs() {
	local input
	for input in "${inputs[@]}"; do
		try report "$input"
	done
}

convert_inputs() {
	local input
	for input in "${inputs[@]}"; do
		try convert "$input" -o out.pb.gz
	done
}

# The good ones before a bad one must not be written either.
merge_inputs() {
	local input
	for input in "${inputs[@]}"; do
		try merge good.folded "$input" -o out.pb.gz
	done
}

make_inputs
before=$(find . -not -path './.golden*' | sort)
for verb in report_inputs convert_inputs merge_inputs; do
	golden "bad_inputs/$verb" "$verb"
done
is "nothing is written" "$(find . -not -path './.golden*' -not -name .ok | sort)" "$before"

# An empty file is folded text of no sample: what a recording of nothing writes.
: >empty.folded
ok "an empty profile is read" "$SMOLDER" report empty.folded
ok "and merged" "$SMOLDER" merge empty.folded good.folded -o sum.folded
is "as nothing" "$(cat sum.folded)" "$(sort good.folded)"
