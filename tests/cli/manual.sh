#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The program's help, the manual page and the completion name the same verbs and options.
. "$(dirname "$0")/../lib/testlib.sh"
need_cmd mandoc
# shellcheck source=/dev/null
. "$TOP/packaging/completion/smolder.bash"

# As sorted words on one line.
words() {
	sort -u | paste -sd ' '
}

# Options, wherever a text names them: -x, --xyz; not the end of options, not "-" as a file.
options() {
	grep -oE '(^|[[:space:],|[(])--?[a-zA-Z][a-zA-Z-]*' | sed 's/^[^-]//' | words
}

# The part of the manual under one verb's heading, as text, and the synopsis.
manual() {
	mandoc -T ascii -O width=500 "$TOP/man/smolder.1" | sed 's/.\x08//g'
}

manual_of() {
	manual | awk -v verb="$1" '
		/^SYNOPSIS/ { synopsis = 1; next }
		/^[A-Z]/ { synopsis = 0; inside = 0 }
		synopsis && $1 == "smolder" { ours = $2 == verb }
		/^   [a-z]/ { inside = $1 == verb }
		inside || (synopsis && ours)'
}

# What the completion offers for a command line.
completed() {
	# shellcheck disable=SC2034 # _smolder reads these
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
	_smolder 2>/dev/null
	printf '%s\n' "${COMPREPLY[@]}"
}

verbs=$("$SMOLDER" help | awk '/^  [a-z]/ { print $1 }')
matches "help lists the verbs" "$(words <<<"$verbs")" 'convert .*record'
is "the manual has a section for each" "$(manual | awk '/^   [a-z-]+$/ { print $1 }' | words)" \
	"$(words <<<"$verbs"$'\nhelp')"
is "completion offers each" "$(completed smolder '' | grep -v -- -- | words)" \
	"$(words <<<"$verbs"$'\nhelp')"

for verb in $verbs; do
	wanted=$("$SMOLDER" help "$verb" | options)
	is "$verb: the manual has the options that help has" "$(manual_of "$verb" | options)" "$wanted"
	is "$verb: completion has them, too" \
		"$(completed smolder "$verb" - | grep -vx -e --help | options)" "$wanted"
done
