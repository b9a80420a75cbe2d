#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# mandoc finds nothing wrong with the manual pages.
set -eu
cd "$(dirname "$0")/../.."
. tests/lib/sources.sh

command -v mandoc >/dev/null || {
	echo "needs the command mandoc"
	exit 77
}
sources 'man/*.[1-8]' | xargs mandoc -T lint -W warning | report "manual pages"
