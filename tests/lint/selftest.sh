#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The judges judged: the runner's verdicts and sums, and each lint check against a tree that breaks
# its rule.
. "$(dirname "$0")/../lib/testlib.sh"

mkdir -p tree/tests/{unit,lint,cli,fuzz} tree/{base,symbolize,formats,profiler,bpf}
cp -r "$TOP/tests/lib" "$TOP/tests/run.sh" tree/tests
cd tree || exit 1
spdx='SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause'

# shell_test NAME: a test of the class cli, its body on standard input.
shell_test() {
	{
		printf '#!/bin/sh\n# %s\n' "$spdx"
		cat
	} >"tests/cli/$1.sh"
	chmod +x "tests/cli/$1.sh"
}

runner() {
	env -u BUILD TEST_TIMEOUT_S=2 tests/run.sh "$@" 2>&1
}

last_line() {
	runner "$@" | tail -n 1
}

# living PID: its state, if it still runs after two seconds; a zombie does not run.
living() {
	local tries
	for ((tries = 0; tries < 20; tries++)); do
		grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$1/status" || return 0
		sleep 0.1
	done
	grep '^State' "/proc/$1/status"
}

is "nothing run is no success" "$(runner >/dev/null; echo $?)" 1
shell_test good <<<'exit 0'
is "exit 0 is a pass" "$(last_line)" "1 passed, 0 failed, 0 skipped"
shell_test skipped <<<'echo "needs a unicorn"; exit 77'
is "exit 77 is a skip" "$(last_line)" "1 passed, 0 failed, 1 skipped"
matches "a skip says why" "$(runner)" 'SKIP +cli/skipped .*needs a unicorn'
ok "passes and skips are success" runner
shell_test bad <<<'echo some trace; exit 3'
is "another exit status is a failure" "$(last_line)" "1 passed, 1 failed, 1 skipped"
matches "a failure shows its output" "$(runner)" '\| some trace'
not_ok "one failure fails the run" runner
is "a name selects" "$(last_line cli/good)" "1 passed, 0 failed, 0 skipped"
is "a class selects" "$(last_line unit)" "0 passed, 0 failed, 0 skipped"
rm tests/cli/*

shell_test counted <<<'echo "ok - a"; echo "ok - b"; echo "not ok - c"; echo "skip - d"; exit 1'
is "shell checks are counted" "$(last_line)" "2 passed, 1 failed, 1 skipped"
shell_test counted <<<'echo "ok - a"; echo "not ok - b"'
is "a failed check fails, whatever the status" "$(last_line)" "1 passed, 1 failed, 0 skipped"
shell_test counted <<<'echo "[  PASSED  ] 3 test(s)."; echo "[  SKIPPED ] 1 test(s), listed below:"'
is "cmocka's tests are counted" "$(last_line)" "3 passed, 0 failed, 1 skipped"
shell_test counted <<<'echo "# pass 4"; echo "# fail 0"; echo "# cancelled 0"; echo "# skipped 2"'
is "node's tests are counted" "$(last_line)" "4 passed, 0 failed, 2 skipped"
shell_test counted <<<'echo "ok - a"; kill -SEGV $$'
is "a crash after passed checks is a failure" "$(last_line)" "1 passed, 1 failed, 0 skipped"
rm tests/cli/*

shell_test goldens <<'END'
. "$(dirname "$0")/../lib/testlib.sh"
golden said sh -c "echo $WORD; echo $SCRATCH >&2; exit 4"
END
sed -i '1s/sh$/bash/' tests/cli/goldens.sh
WORD=tree BLESS=1 runner >/dev/null
is "BLESS=1 writes goldens" "$(cat tests/cli/golden/said.{out,err,rc} | paste -sd ,)" "tree,SCRATCH,4"
is "what was blessed passes" "$(WORD=tree last_line)" "1 passed, 0 failed, 0 skipped"
is "another output fails" "$(WORD=bush last_line)" "0 passed, 1 failed, 0 skipped"
matches "and is shown as a difference" "$(WORD=bush runner)" $'-tree\n.*\\+bush'
rm -r tests/cli/*

shell_test endless <<<'sleep 987 & echo "$!" >child; sleep 987'
matches "a test has its time" "$(runner)" 'FAIL +cli/endless .*ended after 2 s'
is "its children end with it" "$(living "$(cat child)")" ""
rm tests/cli/* child
echo "exit 0" >tests/cli/forgotten.sh
is "a test that cannot be run fails" "$(last_line)" "0 passed, 1 failed, 0 skipped"
rm tests/cli/*
echo "int main(void) { return 0; }" >tests/unit/test_unbuilt.c
is "a unit test that was not built fails" "$(last_line)" "0 passed, 1 failed, 0 skipped"
rm tests/unit/*

# lint_finds SCRIPT CHECK FILE: with FILE (on standard input) the check fails, without it it passes.
lint_finds() {
	local script=$1 check=$2 file=$3
	cp "$TOP/tests/lint/$script.sh" tests/lint
	mkdir -p "$(dirname "$file")"
	matches "$script passes without $file" "$("tests/lint/$script.sh" 2>&1)" "(^|"$'\n'")ok - $check"
	cat >"$file"
	matches "$script: $check" "$("tests/lint/$script.sh" 2>&1)" "not ok - ${check}[^"$'\n'"]*"$'\n'"([^ ]*/)?$(basename "$file")"
	rm "$file" "tests/lint/$script.sh"
}

printf '// %s\nint fine;\n' "$spdx" | tee base/a.c symbolize/b.c formats/c.c profiler/d.c >bpf/e.c
lint_finds include_law "base includes nobody" base/x.c <<<'#include "formats/format.h"'
lint_finds include_law "symbolize includes base only" symbolize/x.c <<<'#include "formats/format.h"'
lint_finds include_law "formats includes base only" formats/x.h <<<' # include "symbolize/symtab.h"'
lint_finds include_law "bpf includes itself only" bpf/x.h <<<'#include "base/buf.h"'
lint_finds include_law "profiler includes the rooms below" profiler/cli/x.c <<<'#include "bpf/vmlinux.h"'
lint_finds include_law "profiler includes the rooms below" profiler/x.c <<<'#include "x.h"'
lint_finds include_law "profiler/collect includes what docs/ARCHITECTURE.md allows" profiler/collect/x.c \
	<<<'#include "profiler/process/objects.h"'
lint_finds include_law "no third-party header" symbolize/x.h <<<'#include <elfutils/libdw.h>'
lint_finds tree "basenames are unique" formats/a.c <<<"// $spdx"
lint_finds tree "every source says its licence" base/x.c <<<'int x;'
lint_finds tree "nothing is left for later" base/x.c <<<"// $spdx TO""DO"
lint_finds tree "no white space" base/x.c <<<"// $spdx "
lint_finds tree "nothing generated" bpf/x.skel.h <<<"// $spdx"
lint_finds size "functions have up to 60 lines" base/x.c \
	<<<"int f(void)"$'\n{\n'"$(yes $'\tf();' | head -n 59)"$'\n}'
lint_finds size "functions have up to 4 parameters" base/x.c \
	<<<"static int f(int a, void (*b)(int, int),"$'\n\t'"int c, int d, int e)"$'\n{\n}'
lint_finds size "files have up to 600 lines" base/x.c < <(yes 'int x;' | head -n 601)
if command -v shellcheck >/dev/null; then
	lint_finds shell "shellcheck" base/x.sh <<<$'#!/bin/sh\necho $1'
else
	skip "shellcheck is not here"
fi
