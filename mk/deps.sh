#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Installs what is missing for the stages named: build, test, static, fuzz; silent when nothing is. What is
# there is found by trying it, whichever package it came from. Usage: mk/deps.sh STAGE…
set -eu

cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin
pkg_config=${PKG_CONFIG:-pkg-config}
compiler=${CC:-cc}

# stage  how to find it  Debian package  Fedora's  Arch's  Alpine's
requirements() {
	cat <<-END
		build cmd:${compiler%% *}     gcc               gcc                gcc         gcc
		build hdr:stdio.h           libc6-dev         glibc-devel        glibc       musl-dev
		build cmd:pkg-config        pkg-config        pkgconf            pkgconf     pkgconf
		build cmd:clang             clang             clang              clang       clang
		build cmd:bpftool           bpftool           bpftool            bpf         bpftool
		build pkg:libbpf            libbpf-dev        libbpf-devel       libbpf      libbpf-dev
		build pkg:libdw             libdw-dev         elfutils-devel     elfutils    elfutils-dev
		build pkg:libelf            libelf-dev        elfutils-libelf-devel libelf   elfutils-dev
		build pkg:zlib              zlib1g-dev        zlib-devel         zlib        zlib-dev
		build pkg:libzstd           libzstd-dev       libzstd-devel      zstd        zstd-dev
		build pkg:jansson           libjansson-dev    jansson-devel      jansson     jansson-dev
		build pkg:libxxhash         libxxhash-dev     xxhash-devel       xxhash      xxhash-dev
		build hdr:libiberty/demangle.h libiberty-dev  binutils-devel     binutils    binutils-dev
		build cmd:node              nodejs            nodejs             nodejs      nodejs
		build cmd:npm               npm               npm                npm         npm
		static hdr:lzma.h           liblzma-dev       xz-static          xz          xz-static
		static hdr:bzlib.h          libbz2-dev        bzip2-static       bzip2       bzip2-static
		test  pkg:cmocka            libcmocka-dev     libcmocka-devel    cmocka      cmocka-dev
		test  cmd:clang-format      clang-format      clang-tools-extra  clang       clang-extra-tools
		test  cmd:shellcheck        shellcheck        ShellCheck         shellcheck  shellcheck
		test  cmd:zstd              zstd              zstd               zstd        zstd
		test  cmd:mandoc            mandoc            mandoc             mandoc      mandoc
		test  cmd:go                golang-go         golang             go          go
		test  cmd:protoc            protobuf-compiler protobuf-compiler  protobuf    protoc
		test  cmd:chromium,chromium-browser,google-chrome chromium chromium chromium chromium
		fuzz  lib:clang/*/lib/linux/libclang_rt.fuzzer-* libclang-rt-dev compiler-rt compiler-rt compiler-rt
	END
}

have() {
	local name
	for name in $(tr , ' ' <<<"${1#*:}"); do
		case $1 in
		cmd:*) command -v "$name" >/dev/null && return 0 ;;
		pkg:*) "$pkg_config" --exists "$name" 2>/dev/null && return 0 ;;
		lib:*) compgen -G "/usr/lib*/$name" >/dev/null && return 0 ;;
		hdr:*) compgen -G "/usr/include/$name" >/dev/null && return 0 ;;
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
			awk -v column="$column" '{ print $column }' <<<"$names"
		fi
	done < <(requirements) | sort -u | paste -sd ' '
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo ${CI:+-n} "$@"
	else
		echo "deps: not root and no sudo; as root: apt-get install ${packages[*]}" >&2
		exit 1
	fi
}

apt_install() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 \
		install --no-install-recommends "${packages[@]}" </dev/null
}

# The package lists may be missing or too old for the mirror: then, and only then, fetch them.
install_packages() {
	local log
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
