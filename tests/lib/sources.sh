# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# sources PATTERN…: the tree's files whose path matches one of the patterns (as of [[ = ]]), sorted;
# what git knows or would add, in a tarball what is there. Runs at the top of the tree.

all_files() {
	if [ -e .git ]; then
		git --no-optional-locks ls-files --cached --others --exclude-standard
	else
		find . \( -name build -o -name node_modules \) -prune -o -type f -print | sed 's|^\./||'
	fi
}

sources() {
	local file pattern
	all_files | sort -u | while read -r file; do
		for pattern in "$@"; do
			# shellcheck disable=SC2053 # a pattern is what is wanted
			if [[ $file = $pattern ]] && [ -f "$file" ]; then
				printf '%s\n' "$file"
				break
			fi
		done
	done
}

# report TEXT < complaints: one check, failed when there are any; they are printed.
report() {
	local complaints
	complaints=$(cat)
	if [ -z "$complaints" ]; then
		printf 'ok - %s\n' "$1"
	else
		printf 'not ok - %s\n%s\n' "$1" "$complaints"
	fi
}
