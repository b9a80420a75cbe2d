#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The first flame graph: profiles the whole host for ten seconds into the current directory.
# Usage: mk/flame.sh SMOLDER
set -eu

smolder=$1
files=(flame.html flame.pb.gz flame.folded.zst)
as_root=()
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || {
		echo "flame: profiling the whole host needs root, and there is no sudo: run make flame as root" >&2
		exit 1
	}
	echo "flame: profiling the whole host needs root: asking sudo" >&2
	as_root=(sudo)
fi

status=0
"${as_root[@]}" "$smolder" record -a -F 99 -d 10 -o flame.html -o flame.pb.gz -o flame.folded.zst || status=$?
if [ "$status" -eq 0 ] && [ "$(id -u)" -ne 0 ]; then
	sudo chown "$(id -u):$(id -g)" "${files[@]}"
fi
if [ "$status" -eq 0 ]; then
	cat <<-END

		Look at it:  xdg-open flame.html
		             go tool pprof -top flame.pb.gz
		             zstdcat flame.folded.zst | head
	END
fi
exit "$status"
