#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Installs what is missing for the stages named (build, test, static, fuzz) of mk/packages.txt; silent
# when nothing is. What is there is found by trying it, whichever package it came from.
# Usage: mk/deps.sh STAGE…
set -eu

cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin
pkg_config=${PKG_CONFIG:-pkg-config}
compiler=${CC:-cc}

have() {
	local name
	for name in $(tr , ' ' <<<"${1#*:}"); do
		case $1 in
		cmd:cc) command -v "${compiler%% *}" >/dev/null && return 0 ;;
		cmd:*) command -v "$name" >/dev/null && return 0 ;;
		pkg:*) "$pkg_config" --exists "$name" 2>/dev/null && return 0 ;;
		usr:*) compgen -G "/usr/$name" >/dev/null && return 0 ;;
		esac
	done
	return 1
}

# missing COLUMN STAGE…: the packages, of that distribution, of what is not there.
missing() {
	local column=$1 stage check names
	shift
	while read -r stage check names; do
		if [[ " $* " = *" $stage "* ]] && ! have "$check"; then
			awk -v column="$column" '$column != "-" { print $column }' <<<"$names"
		fi
	done <mk/packages.txt | sort -u | paste -sd ' '
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo ${CI:+-n} "$@"
	fi
}

apt_install() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 \
		install --no-install-recommends "${packages[@]}" </dev/null
}

# The package lists may be missing or too old for the mirror: then, and only then, fetch them.
install_packages() {
	local log
	if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
		echo "deps: not root and no sudo; as root: apt-get install ${packages[*]}" >&2
		exit 1
	fi
	log=$(mktemp)
	echo "deps: installing ${packages[*]}" >&2
	if ! apt_install >"$log" 2>&1; then
		as_root apt-get -qq update </dev/null
		apt_install >"$log" 2>&1 || {
			cat "$log" >&2
			echo "deps: apt-get could not install: ${packages[*]}" >&2
			exit 1
		}
	fi
	rm -f "$log"
}

name_packages() {
	local manager column
	for manager in dnf:2 pacman:3 apk:4 :1; do
		column=${manager#*:}
		manager=${manager%:*}
		if [ -z "$manager" ] || command -v "$manager" >/dev/null; then
			echo "deps: please install, by ${manager:-their names in Debian}:" \
				"$(missing "$column" "$@")" >&2
			exit 1
		fi
	done
}

# The modules a lock file names, when those installed are not exactly these.
install_modules() {
	local dir=$1
	local lock=$dir/package-lock.json installed=$dir/node_modules/.installed-lock.json
	if [ ! -e "$lock" ] || cmp -s "$lock" "$installed"; then
		return 0
	fi
	echo "deps: npm ci in $dir" >&2
	npm ci --prefix "$dir" --no-audit --no-fund --no-update-notifier --loglevel=error \
		</dev/null >&2
	cp "$lock" "$installed"
}

read -r -a packages <<<"$(missing 1 "$@")"
if [ "${#packages[@]}" -gt 0 ]; then
	command -v apt-get >/dev/null || name_packages "$@"
	install_packages
fi
for stage in "$@"; do
	case $stage in
	build) install_modules web-static ;;
	test) install_modules tests/web ;;
	esac
done
