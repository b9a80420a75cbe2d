#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Targets that cannot be recorded: told in one line, exit status 1, no file written.
. "$(dirname "$0")/../lib/testlib.sh"

commands() {
	try record -o out.html --ledger out.json -- missing/command
	try record -o out.html --ledger out.json -- "$SCRATCH/plain_file"
	try record -o out.html --ledger out.json -- "$SCRATCH"
	try record -o out.html --ledger out.json -- ""
}

try_cgroups() {
	try record -o out.html -d 0.1 --cgroup /smolder/no/such/group
	try record -o out.html -d 0.1 --cgroup "$SCRATCH"
	try record -o out.html -d 0.1 --cgroup "$SCRATCH/plain_file"
}

# Where hierarchies are mounted differs between hosts.
cgroups() {
	try_cgroups | sed 's/ (looked below .*)$/ (looked below MOUNTS)/'
}

need_bpf
touch plain_file
golden bad_targets/commands commands
golden bad_targets/cgroups cgroups
is "no file is written" "$(ls)" plain_file
