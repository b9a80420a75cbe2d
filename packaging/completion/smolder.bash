# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# bash completion for smolder(1).

_smolder_formats='folded|folded.zst|pb.gz|html|json'
_smolder_record_options='-a --all -p --pid --cgroup -F --frequency -d --duration -o --output
	--call-graph --max-frames --event --user --kernel --threads --children --ledger --no-inline
	--debuginfod --short-names --no-cache --no-sandbox --unwind-memory --map-memory --window --map-size -q --quiet -v --verbose --help'
_smolder_agent_options='--store -F --frequency --event --window --retain --max-size --max-cpu --max-memory
	--unwind-memory --config --kill-switch --no-cache --no-sandbox -q --quiet -v --verbose --help'

# Files and directories whose names end in one of the suffixes; suffixes may have dots.
_smolder_files() {
	local word=$1 suffixes=$2 name
	while IFS= read -r name; do
		if [[ -d $name || $name =~ \.($suffixes)$ ]]; then
			COMPREPLY+=("$name")
		fi
	done < <(compgen -f -- "$word")
	compopt -o filenames 2>/dev/null
}

# A profile to read, or one of the verb's options.
_smolder_profile() {
	case $1 in
	-*) _smolder_words "$1" "$2" ;;
	*) _smolder_files "$1" 'folded|folded\.(zst|gz)|pb|pb\.gz' ;;
	esac
}

# What of a profile or a store is wanted.
_smolder_selection='--from --to --comm --pid --container --cgroup --unit --short-names'

_smolder_words() {
	mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
}

# The value of an option, when that is what is being typed; fails when it is not.
_smolder_value() {
	local word=$1 option=$2
	case $option in
	-p | --pid) _smolder_words "$word" "$(cd /proc && echo [0-9]*)" ;;
	--window) _smolder_words "$word" "1s 5s 10s 60s" ;;
	--max-frames) _smolder_words "$word" "64 128 512 1024" ;;
	--unwind-memory) _smolder_words "$word" "16M 32M 64M 128M" ;;
	--map-memory) _smolder_words "$word" "16M 64M 256M" ;;
	--map-size) _smolder_words "$word" "stacks= counts= ring=" ;;
	-n | --top) _smolder_words "$word" "10 20 50 100" ;;
	--from | --to) _smolder_words "$word" "-10m -1h -1d today yesterday now" ;;
	--comm | --container | --unit) ;;
	--min-percent) _smolder_words "$word" "0 0.1 1 5" ;;
	-F | --frequency) _smolder_words "$word" "19 49 99 199 499 997" ;;
	-d | --duration) _smolder_words "$word" "5s 10s 30s 1m 5m" ;;
	-o | --output | --ledger) _smolder_files "$word" "${_smolder_formats//./\\.}" ;;
	--call-graph) _smolder_words "$word" "auto fp dwarf" ;;
	--event) _smolder_words "$word" "auto cycles cpu-clock" ;;
	--retain) _smolder_words "$word" "1d 7d 30d" ;;
	--max-size) _smolder_words "$word" "500M 2G 10G" ;;
	--max-cpu) _smolder_words "$word" "0.1% 0.5% 1%" ;;
	--max-memory) _smolder_words "$word" "64M 128M" ;;
	--config | --kill-switch)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		compopt -o filenames 2>/dev/null
		;;
	--cgroup | --store)
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		compopt -o filenames 2>/dev/null
		;;
	*) return 1 ;;
	esac
	return 0
}

_smolder() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local verb=${COMP_WORDS[1]-} i
	local verbs='record agent report convert merge stack unwind-table symbolize doctor bench help'
	COMPREPLY=()

	if [ "$COMP_CWORD" -eq 1 ]; then
		_smolder_words "$word" "$verbs --help --version"
		return
	fi
	for ((i = 2; i < COMP_CWORD; i++)); do
		if [ "$verb" = record ] && [ "${COMP_WORDS[i]}" = -- ]; then
			# What follows is another command's line.
			if declare -F _command_offset >/dev/null; then
				_command_offset $((i + 1))
			else
				mapfile -t COMPREPLY < <(compgen -c -f -- "$word")
			fi
			return
		fi
	done
	_smolder_value "$word" "$before" && return
	case $verb in
	record) _smolder_words "$word" "$_smolder_record_options" ;;
	agent) _smolder_words "$word" "$_smolder_agent_options" ;;
	report) _smolder_profile "$word" "-n --top --min-percent --no-tree $_smolder_selection --help" ;;
	convert | merge) _smolder_profile "$word" "-o --output $_smolder_selection --help" ;;
	unwind-table)
		case $word in
		-*) _smolder_words "$word" "-e --exe --dump --no-sandbox --help" ;;
		*) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
		esac
		;;
	symbolize)
		case $word in
		-*) _smolder_words "$word" "-e --exe -f --functions -i --inlines -a --addresses
			-C --demangle --short-names -p --pid --build-id --json --no-dwarf --debuginfod --no-cache --no-sandbox --help" ;;
		*) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
		esac
		;;
	stack) _smolder_words "$word" "--no-cache --no-sandbox --help $(cd /proc && echo [0-9]*)" ;;
	doctor) _smolder_words "$word" "--no-sandbox --help $(cd /proc && echo [0-9]*)" ;;
	bench)
		if [ "$before" = --only ]; then
			_smolder_words "$word" "cost slowdown agent accuracy completeness"
		else
			_smolder_words "$word" "--only --rounds --json --help"
		fi
		;;
	help) _smolder_words "$word" "$verbs" ;;
	esac
}

complete -F _smolder smolder
