#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Prints the version: the VERSION file, in a clone with what git knows behind it: 0.1.0-12-gabcdef0
# (commits since the tag v0.1.0) or, without such a tag, 0.1.0-gabcdef0; "-dirty" with local changes.
set -eu
cd "$(dirname "$0")/.."
version=$(cat VERSION)

# Only our own repository counts, not one that the tree of a tarball happens to lie in.
if [ -e .git ] && head=$(git rev-parse --short HEAD 2>/dev/null); then
	described=$(git --no-optional-locks describe --tags --match "v$version" --dirty 2>/dev/null ||
		echo "v$version-g$head$(git --no-optional-locks diff --quiet HEAD -- || echo -dirty)")
	version=${described#v}
fi
printf '%s\n' "$version"
