#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Unwind tables of a sample of this system's objects are what libdw and libunwind read in them, at every
# address where a rule changes. bench/oracle.sh asks for all objects.
. "$(dirname "$0")/../lib/testlib.sh"

oracle=$BUILD/tests/tables/table_oracle
[ -x "$oracle" ] || skip_all "the oracle was not built: it needs libunwind on x86_64"

# value JUDGE NAME: of the last report
value() {
	sed -n "s/^[^ ]*: $1: .*\b$2 \([0-9]*\).*/\1/p" report
}

lib=/usr/lib/x86_64-linux-gnu
for file in "$SMOLDER" /bin/bash /usr/bin/perl /usr/bin/python3 $lib/libc.so.6 $lib/libm.so.6 \
	$lib/libcrypto.so.3 $lib/libstdc++.so.6 $lib/libgcc_s.so.1 /lib64/ld-linux-x86-64.so.2; do
	[ -f "$file" ] || continue
	ok "no disagreement: $file" "$oracle" "$file"
	cp .ok report
	for judge in libdw libunwind; do
		matches "$judge has judged it" "$(value $judge disagree)" '^0$'
		ok "only the table knows startup code, and nothing else" \
			test "$(value $judge added)" -le 24
		ok "at more addresses than there are rows" \
			test "$(value $judge compared)" -gt "$(value table rows)"
	done
	ok "99.95 % of the rows are encoded, but for one" \
		test "$(value table not-encoded)" -le $(($(value table rows) / 2000 + 5))
done

not_ok "a rule that is wrong" "$oracle" --damage /bin/bash
cp .ok report
for judge in libdw libunwind; do
	matches "$judge sees it" "$(value $judge disagree)" '^[1-9]'
done
