#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# --short-names, of each verb that has it, and of each format that is read: samples are those of before.
. "$(dirname "$0")/../lib/testlib.sh"

cat >long.folded <<'END'
app;main;void run<int>(int) 3
app;main;void run<long>(long) 4
app;main;void run<long>(long);k(int)_[k] 1
app;main;Script:~f(a) /x.js_[j] 2
END
cat >wanted <<'END'
app;main;Script:~f(a) /x.js_[j] 2
app;main;run 7
app;main;run;k(int)_[k] 1
END

is "convert: what differs in no more is one" "$("$SMOLDER" convert --short-names long.folded -o -)" \
	"$(<wanted)"
"$SMOLDER" convert long.folded -o long.pb.gz
is "convert: of pprof" "$("$SMOLDER" convert --short-names long.pb.gz -o -)" "$(<wanted)"
"$SMOLDER" convert --short-names long.folded -o short.pb.gz
is "convert: to pprof and back" "$("$SMOLDER" convert short.pb.gz -o -)" "$(<wanted)"
is "merge" "$("$SMOLDER" merge --short-names long.folded long.pb.gz -o - | sed -n 2p)" \
	"app;main;run 14"
matches "report" "$("$SMOLDER" report --short-names long.folded)" '70\.00% +80\.00% +run '

scopes=$TOP/build/fixtures/symbolize/scopes_clang
if [ -x "$scopes" ]; then
	scaled=$(nm "$scopes" | awk '$3 ~ /scaled/ { print $1; exit }')
	long=$("$SMOLDER" symbolize -fC -e "$scopes" "$scaled" | head -n 1)
	short=$("$SMOLDER" symbolize -f --short-names -e "$scopes" "$scaled" | head -n 1)
	matches "symbolize: the name was long" "$long" '\('
	matches "symbolize: and is short" "$short" '^scopes::Point[A-Za-z_:~]*$'
	matches "symbolize: in JSON, too" "$("$SMOLDER" symbolize --json --short-names -e "$scopes" "$scaled")" \
		"\"name\":\"$short\""
else
	skip "make fixtures was not run"
fi
