#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Writes OUT/smolder-VERSION.tar.gz of HEAD; its VERSION file holds what git knows here and a tarball
# cannot. The same HEAD gives the same bytes. Usage: mk/dist.sh OUT
set -eu

cd "$(dirname "$0")/.."
out=$1
version=$(mk/version.sh)
version=${version%-dirty}
mkdir -p "$out/dist"
printf '%s\n' "$version" >"$out/dist/VERSION"
# The added file's time is the archive's only variable thing.
touch -d "$(git log -1 --format=%cI)" "$out/dist/VERSION"
git archive --format=tar --prefix="smolder-$version/" --add-file="$out/dist/VERSION" \
	HEAD -- . ':(exclude)VERSION' | gzip -n >"$out/smolder-$version.tar.gz"
echo "$out/smolder-$version.tar.gz"
