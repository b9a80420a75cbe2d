#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What the Makefile and its scripts promise.
. "$(dirname "$0")/../lib/testlib.sh"

# shellcheck disable=SC2153 # BUILD comes from the library
build=${BUILD#"$TOP"/} # as the build itself named it

# As a user's make: not under the make that runs the tests, and never rebuilding what they test.
user_make() {
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u CC make -C "$TOP" --no-print-directory \
		-o "$build/smolder" -o "$build/flags" BUILD="$build" "$@"
}

installed() {
	(cd "$SCRATCH/root" && find . -type f | sort)
}

ok "make install" user_make install DESTDIR="$SCRATCH/root" PREFIX=/usr
matches "the program is installed" "$(installed)" "\./usr/bin/smolder"
matches "so is its manual" "$(installed)" "\./usr/share/man/man1/smolder\.1"
matches "so is its completion" "$(installed)" "\./usr/share/bash-completion/completions/smolder"
matches "so are its licences" "$(installed)" "\./usr/share/doc/smolder/BSD-2-Clause\.txt"
matches "so is the unit of its agent" "$(installed)" "\./usr/lib/systemd/system/smolder\.service"
matches "and its configuration" "$(installed)" "\./etc/smolder/agent\.conf"
is "nothing else is" "$(installed | grep -vE '/(bin/smolder|smolder\.service|smolder/agent\.conf|smolder\.1|completions/smolder|doc/smolder/[^/]*)$')" ""
touch "$SCRATCH/root/usr/share/doc/smolder/theirs"
ok "make uninstall" user_make uninstall DESTDIR="$SCRATCH/root" PREFIX=/usr
is "uninstall leaves only what install did not bring" "$(installed)" ./usr/share/doc/smolder/theirs
mkdir -p root/etc/smolder
echo frequency = 7 >root/etc/smolder/agent.conf
ok "make install, where there is a configuration" user_make install DESTDIR="$SCRATCH/root" PREFIX=/usr
is "which stays" "$(cat root/etc/smolder/agent.conf)" "frequency = 7"
user_make uninstall DESTDIR="$SCRATCH/root" PREFIX=/usr >/dev/null
ok "when all else goes, too" test -f root/etc/smolder/agent.conf

compile_line() {
	user_make -n -B V=1 "$@" "$build/base/buf.o" 2>&1 | grep -- '-c base/buf.c'
}
matches "CFLAGS adds to our flags" "$(compile_line CFLAGS=-O0)" '-std=gnu11 .*-O0 .*-MD'
matches "CC is the user's" "$(compile_line CC=other-cc)" '^other-cc '
matches "WERROR=1 makes warnings errors" "$(compile_line WERROR=1)" ' -Werror '
matches "SAN=1 brings the sanitizers" "$(compile_line SAN=1)" 'fsanitize=address,undefined'
matches "a changed header recompiles" "$(user_make -n -W base/buf.h "$build/base/buf.o")" 'base/buf\.c'
is "nothing changed, nothing done" "$(user_make -n "$build/base/buf.o" | grep -c 'base/buf\.c')" 0
matches "a missing library is named by its package" \
	"$(user_make PKG_CONFIG=false all 2>&1)" 'is missing: `make deps` installs it \(Debian package [a-z]'
matches "make help lists the targets" "$(user_make help)" $'  flame  .*\n  check  '

mkdir -p tarball/mk
cp "$TOP/mk/version.sh" tarball/mk
echo 1.2.3-4-gabcdef >tarball/VERSION
is "a tarball knows its version" "$(tarball/mk/version.sh)" 1.2.3-4-gabcdef
matches "a clone knows its commit" "$("$TOP/mk/version.sh")" "^$(cat "$TOP/VERSION")"

# A machine of another distribution: some tools, no apt-get, none of our packages.
mkdir bin
for tool in bash sh env cat tr awk sort paste id dirname; do
	ln -s "$(command -v "$tool")" bin
done
printf '#!/bin/sh\n' >bin/dnf
chmod +x bin/dnf
elsewhere() {
	PATH=$SCRATCH/bin "$TOP/mk/deps.sh" build 2>&1
}
not_ok "without apt-get nothing is installed" elsewhere
matches "but named, as that distribution does" "$(elsewhere)" '^deps: please install, by dnf: .*elfutils-devel'
is "in one line" "$(elsewhere | wc -l)" 1
