# shellcheck shell=bash disable=SC2034,SC2016 # words for others; perl and other shells
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# For those who judge how complete stacks are (tests/live/walks.sh, bench/completeness.sh): what keeps a
# distribution's programs busy for one or two seconds, and how complete perf's stacks are.
#	generate                   prints C for compilers
#	python_work, perl_work, bash_work, openssl_work
#	PERF_OPTIONS               what perf record needs beside smolder
#	perf_whole FILE            "PERCENT SAMPLES", or nothing if there is nothing to read

# While anyone asks the kernel for build-ids of mappings, as smolder does, it says that all records of mappings
# had some (6.18); perf 6.1 then takes what is there for one, and dies. Asking too helps.
PERF_OPTIONS=--buildid-mmap

# How many of perf's stacks reach where programs and threads begin.
perf_whole() {
	timeout 60 perf script -F comm,ip,sym -i "$1" 2>/dev/null | awk -v RS= '
		{ stacks++ }
		/ (_start|__libc_start_main|__libc_start_call_main|start_thread|clone3?)[^\n]*(\n[^\n]*)?$/ { good++ }
		END { if (stacks) printf "%.1f %d\n", 100 * good / stacks, stacks }'
}

# Some 100 KB of C that keeps a compiler busy.
generate() {
	awk 'BEGIN {
		for (i = 0; i < 400; i++) {
			printf "int f%d(int a, int b) { int s = %d; for (int i = 0; i < a; i++) {", i, i
			printf "s += i * b ^ %d; if (s %% %d == 0) s -= b;", i, i + 3
			printf "switch (s & 7) { case 0: s += 1; break; case 3: s *= b; break;"
			printf "case 5: s ^= a; } } return s; }\n"
		}
	}'
}

python_work='
import json, re, time
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
def deep(n): return 0 if n == 0 else 1 + deep(n - 1)
end, d = time.time() + 1.5, {f"k{i}": [i, str(i) * 5] for i in range(2000)}
while time.time() < end:
    fib(15); deep(900); json.loads(json.dumps(d)); re.findall(r"(k\d+)", str(d))
    sorted(d, key=lambda k: hash(k))'
perl_work='my $end = time + 2;
sub fib { my $n = shift; $n < 2 ? $n : fib($n - 1) + fib($n - 2) }
while (time < $end) { fib(16); my %h = map { $_ => "x$_" } 1 .. 2000;
	my $s = join ",", sort { $h{$a} cmp $h{$b} } keys %h; $s =~ s/(\d+)/<$1>/g; }'
bash_work='f() { [ $1 -gt 0 ] && f $(($1 - 1)); }
for i in {1..700}; do f 40; x=${x:0:100}$i; done; for i in {1..60}; do y=$(echo $i); done; :'
openssl_work='for what in rsa2048 ecdsap256 "-evp aes-256-gcm" "-evp chacha20-poly1305"; do
	openssl speed -seconds 1 -bytes 16384 $what; done'
