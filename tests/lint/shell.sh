#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Nothing that shellcheck would complain about.
set -eu
cd "$(dirname "$0")/../.."
. tests/lib/sources.sh

command -v shellcheck >/dev/null || {
	echo "needs the command shellcheck"
	exit 77
}
# 1091: the library of the tests is checked as a file of its own. 2016: awk and sed programs.
# 2154: what a library sets for its users.
sources '*.sh' '*.bash' '.ci/run' |
	xargs shellcheck -f gcc -e SC1091,SC2016,SC2154 | report "shellcheck"
