#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The newcomer's way, tried: a fresh minimal Debian 12 userland on this kernel, `apt install git
# make`, a clone of HEAD, and the make targets named (default: flame). Takes apt's and npm's
# configuration of this machine along, so that the same mirrors and certificates are used.
# Needs root and debootstrap. Usage: packaging/try-in-debootstrap.sh [--keep] [TARGET…]
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
keep=
if [ "${1:-}" = --keep ]; then
	keep=1
	shift
fi
targets=("${@:-flame}")

say() { printf '==> %4d s  %s\n' "$SECONDS" "$*"; }

# All mounts live in a mount namespace of their own, which ends with its last process; when the
# directory is removed, nothing is mounted in it any more.
in_root() {
	unshare --mount --propagation private bash -euc '
		root=$1
		shift
		for dir in proc sys dev; do
			mount --rbind "/$dir" "$root/$dir"
		done
		exec chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			LANG=C.UTF-8 "${@}"
	' in_root "$root" "$@" </dev/null
}

remove_root() {
	if [ -n "$keep" ]; then
		say "kept: $root"
	else
		rm -rf --one-file-system -- "$root"
	fi
}

# The mirror this machine's apt uses for the release.
mirror() {
	apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 'Component: main' |
		grep -v security | head -n 1
}

# The same mirrors, certificates and npm settings as here.
copy_configuration() {
	local path
	rm -f "$root/etc/apt/sources.list"
	for path in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d \
		/etc/apt/auth.conf.d /etc/resolv.conf /etc/hosts /etc/npmrc /root/.npmrc \
		/usr/local/share/ca-certificates; do
		[ -e "$path" ] || continue
		mkdir -p "$root${path%/*}"
		cp -RLT "$path" "$root$path"
	done
	# Hooks of packages that the new userland does not have.
	grep -rlE 'dpkg-preconfigure|packagekit|postgresql' "$root/etc/apt/apt.conf.d" |
		xargs -r rm -f
}

# Certificates that this machine trusts beyond Debian's, if any.
copy_certificates() {
	local bundle=etc/ssl/certs/ca-certificates.crt
	[ ! -e "/$bundle" ] || cat "/$bundle" >"$root/$bundle"
}

[ "$(id -u)" -eq 0 ] || { echo "needs root" >&2; exit 77; }
command -v debootstrap >/dev/null || { echo "needs debootstrap" >&2; exit 77; }
root=$(mktemp -d "${TMPDIR:-/tmp}/smolder-debootstrap.XXXXXX")
chmod 755 "$root" # apt downloads as a user of its own
trap remove_root EXIT
trap 'exit 1' INT TERM

say "debootstrap"
debootstrap --variant=minbase bookworm "$root" "$(mirror)" >"$root.log" 2>&1 || {
	tail -n 20 "$root.log" >&2
	exit 1
}
rm -f "$root.log"
copy_configuration

say "apt install git make"
in_root sh -c 'apt-get -qq update &&
	DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 \
		install --no-install-recommends git make ca-certificates >/dev/null'
copy_certificates
git clone -q --no-hardlinks "file://$top" "$root/root/smolder"

for target in "${targets[@]}"; do
	say "make $target"
	in_root CI="${CI:-}" NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-}" \
		make -C /root/smolder "$target"
done
say "done"
find "$root/root/smolder" -maxdepth 1 -name 'flame.*' -printf '%s bytes  %f\n'
