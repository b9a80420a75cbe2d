#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# clang-format leaves every C source as it is.
set -eu
cd "$(dirname "$0")/../.."
. tests/lib/sources.sh

# Versions disagree about layout, so the law is that of one: Debian 12's.
law_version=14
clang_format=${CLANG_FORMAT:-clang-format}
version=$("$clang_format" --version 2>/dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p')
if [ "$version" != "$law_version" ]; then
	echo "clang-format $law_version is the law's version, here is ${version:-none}"
	exit 77
fi

sources '*.c' '*.h' | xargs "$clang_format" --dry-run 2>&1 |
	grep 'code should be clang-formatted' | cut -d: -f1,2 | sort -u -t: -k1,1 |
	sed 's/$/: make format would change this/' | report "clang-format"
