#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# smolder doctor, with and without privileges, of the host and of a process.
. "$(dirname "$0")/../lib/testlib.sh"

# Where a user who may not read our tree can run it.
elsewhere=$(mktemp -d /tmp/smolder-doctor.XXXXXX)
chmod 755 "$elsewhere"
doctor_end() {
	local status=$?
	rm -rf -- "$elsewhere"
	(exit "$status")
	test_end
}
trap doctor_end EXIT
cp "$SMOLDER" "$elsewhere/smolder"

as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

row() {
	grep -E "^  [a-z]+ +$2 " "$1"
}

check_shape() {
	matches "$2: a heading" "$(head -n 1 "$1")" '^smolder .* on .*Linux'
	is "$2: each line is a title, a row or advice" \
		"$(grep -vE '^$|^[A-Z]|^smolder |^  (works|fallback|missing|note) {2,}[^ ].{22} [^ ]|^  - |^    \(for: ' "$1")" ""
	matches "$2: the last line is the verdict" "$(tail -n 1 "$1")" '^A recording of the whole host '
	is "$2: each check once" "$(grep -E '^  [a-z]' "$1" | cut -c 13-35 | sort | uniq -d)" ""
}

check_root() {
	need_bpf
	ok "root: the host can be recorded" bash -c "$SMOLDER doctor >out 2>err"
	is "root: nothing on standard error" "$(cat err)" ""
	check_shape out root
	matches "root: the verdict" "$(tail -n 1 out)" 'works here\.$'
	matches "root: the sampler loads" "$(row out 'sampling program')" 'works .* [0-9]+ instructions verified, [0-9.]+ MiB'
	matches "root: ticks arrive" "$(row out 'trial recording')" 'works .* [1-9][0-9]* ticks in 100 ms'
	matches "root: the barrier is timed" "$(row out 'window barrier')" 'works .*: [0-9.]+ ms$'
	matches "root: capabilities are told" "$(row out CAP_BPF)" 'works '
}

check_nobody() {
	not_ok "nobody: the host cannot be recorded" bash -c \
		"setpriv --reuid=65534 --regid=65534 --clear-groups $elsewhere/smolder doctor >out 2>err"
	is "nobody: nothing on standard error" "$(cat err)" ""
	check_shape out nobody
	matches "nobody: the verdict" "$(tail -n 1 out)" 'does not work here, for want of: sampling program, '
	matches "nobody: why" "$(row out 'sampling program')" 'missing .* no permission'
	matches "nobody: what to do" "$(cat out)" 'run as root, or give the program its capabilities: setcap '
	is "nobody: it is said once" "$(grep -c 'setcap ' out)" 1
	matches "nobody: names of the kernel" "$(row out CAP_SYSLOG)" 'missing '
}

# The capabilities that the advice names are enough.
check_advice() {
	local capabilities
	capabilities=$(grep -o 'setcap [^ ]*' out | cut -d ' ' -f 2)
	if ! command -v setcap >/dev/null || ! setcap "$capabilities" "$elsewhere/smolder"; then
		skip "the advised capabilities cannot be given here"
		return
	fi
	ok "with the advised capabilities nobody can record the host" as_nobody "$elsewhere/smolder" doctor
	setcap -r "$elsewhere/smolder"
}

check_process() {
	cp "$(command -v sleep)" sleeper
	./sleeper 100 &
	local pid=$!
	while [ "$(readlink "/proc/$pid/exe")" != "$PWD/sleeper" ]; do sleep 0.01; done
	ok "a process" bash -c "$SMOLDER doctor $pid >out"
	matches "its objects" "$(cat out)" "process $pid \(sleeper\): code in [0-9]+ objects"
	matches "its libraries" "$(cat out)" 'libc\.so\.6 .* (\.symtab|\.dynsym)[^ ]* .*by /proc/PID/'
	matches "the vDSO" "$(cat out)" '\[vdso\] .* this host.s own'
	rm sleeper
	"$SMOLDER" doctor "$pid" >out
	if [ -r "/proc/$pid/map_files" ] && [ "$(id -u)" = 0 ]; then
		matches "a deleted file is reached all the same" "$(grep -F sleeper out)" 'by /proc/PID/map_files, deleted'
	fi
	is "one of another user" "$(as_nobody "$elsewhere/smolder" doctor "$pid" 2>&1)" \
		"smolder: cannot read the mappings of process $pid (sleeper): no permission; run as root or with CAP_SYS_PTRACE"
	kill "$pid"
}

check_not_processes() {
	is "a kernel thread" "$("$SMOLDER" doctor 2 2>&1)" \
		"smolder: process 2 (kthreadd) is a kernel thread: it has no user code"
	python3 -c 'import os, time
child = os.fork() or os._exit(0)
print(child, flush=True)
time.sleep(100)' >zombie & # which does not wait for its child
	local parent=$! pid tries
	for ((tries = 0; tries < 1000; tries++)); do
		pid=$(cat zombie)
		if [ -n "$pid" ] && grep -q '^State:.Z' "/proc/$pid/status"; then
			break
		fi
		sleep 0.01
	done
	is "a zombie" "$("$SMOLDER" doctor "$pid" 2>&1)" \
		"smolder: process $pid ($(cat "/proc/$pid/comm")) has ended: it is a zombie"
	kill "$parent"
}

# Places as containers make them: each lacks one thing, which is named.
check_places() {
	if ! unshare -m -p true; then
		skip "namespaces cannot be made here"
		return
	fi
	unshare -p -f --mount-proc "$SMOLDER" doctor >out
	matches "another pid namespace" "$(row out 'pid namespace')" 'missing .* not the host.s'
	matches "what to do about it" "$(cat out)" 'docker run --pid=host'
	unshare -m sh -c "mount -t proc -o hidepid=2 proc /proc &&
		setpriv --reuid=65534 --regid=65534 --clear-groups $elsewhere/smolder doctor" >out
	matches "hidden processes" "$(row out '/proc of all')" 'missing .* hidepid=[a-z0-9]+: '
	not_ok "without sysfs" unshare -m sh -c "umount -l /sys && $SMOLDER doctor >out 2>err"
	matches "no CPUs are known" "$(row out CPUs)" 'missing '
	matches "sysfs is asked for" "$(cat out)" 'mount sysfs on /sys'
	is "and no library complains" "$(cat err)" ""
	check_shape out "without sysfs"
	not_ok "another user namespace" as_nobody unshare -r "$elsewhere/smolder" doctor
}

check_full_disk() {
	not_ok "a full disk is told" bash -c "$SMOLDER doctor >/dev/full 2>err"
	is "in one line" "$(cat err)" "smolder: cannot write to standard output: No space left on device"
}

# As with "| head": who went away has had enough.
check_gone_reader() {
	mkfifo gone
	exec 9<>gone
	exec 8>gone
	exec 9<&-
	not_ok "a reader that went away is a failure" bash -c "$SMOLDER doctor >&8 2>err"
	exec 8>&-
	is "that nobody needs to be told of" "$(cat err)" ""
}

need_root
need_cmd setpriv
check_nobody
check_root
as_nobody "$elsewhere/smolder" doctor >out
check_advice
check_process
check_places
check_full_disk
check_gone_reader
if [ "$(cat /proc/2/comm 2>/dev/null)" = kthreadd ]; then
	check_not_processes
fi
