#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The unwind tables of all 64-bit x86 programs and libraries of this machine before libdw and libunwind,
# at every address where a rule changes (tests/tables/table_trial.h): the share of rows that have a rule,
# and each disagreement. Takes minutes; ROOTS="/usr/bin /usr/lib" bench/oracle.sh for a part.
. "$(dirname "$0")/benchlib.sh"

ROOTS=${ROOTS:-/usr /opt /var /srv /home /root}
oracle=$TOP/build/tests/tables/table_oracle
[ -x "$oracle" ] || fail "the oracle was not built: it needs libunwind on x86_64"

# Each file once, whatever its names. Memory: two at a time, as a table has its file's size at most.
# shellcheck disable=SC2086 # roots are words
find $ROOTS -xdev -type f -size +1k -printf '%i %p\0' 2>/dev/null | sort -zu -k 1,1 |
	cut -z -d ' ' -f 2- | xargs -0 -n 32 -P 2 "$oracle" 2>errors >lines
grep -vE ': (not an ELF file|not for 64-bit x86.*|neither an executable nor a shared object.*)$' lines >told

awk -F ': ' '
	function share(part, whole) { return whole ? 100 * part / whole : 0 }
	$2 == "table" {
		split($3, v, " ")
		tables++
		rows += v[2]
		lost += v[4]
		if (v[4] > 1 && v[4] > v[2] / 2000)
			poor[++poor_cnt] = $0
		next
	}
	$3 == "not judged" { unjudged[$2]++; next }
	$3 ~ /^compared / {
		split($3, v, " ")
		files[$2]++
		compared[$2] += v[2]
		disagree[$2] += v[4]
		unsupported[$2] += v[6]
		fp_unknown[$2] += v[8]
		unknown[$2] += v[10]
		refused[$2] += v[12]
		next
	}
	{ other[++other_cnt] = $0 }
	END {
		printf "%d tables, %d rows, %.5f %% of them encoded\n", tables, rows,
			100 - share(lost, rows)
		for (name in files)
			printf "%s: %d files (%d not for it), %d addresses, disagree %d; no rule %d, " \
				"no rbp %d; %s knows nothing %d, refuses %d\n", name, files[name],
				unjudged[name], compared[name], disagree[name], unsupported[name],
				fp_unknown[name], name, unknown[name], refused[name]
		for (i = 1; i <= poor_cnt; i++)
			print "less than 99.95 % encoded: " poor[i]
		for (i = 1; i <= other_cnt; i++)
			print other[i]
	}' told
sort -u errors | head -n 5
