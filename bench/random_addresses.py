#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""random_addresses.py FILE N: N addresses in its sized functions, by size; the same each time."""
import random
import subprocess
import sys


def functions(path):
    table = subprocess.run(["nm", "-S", "--defined-only", path], capture_output=True, text=True, check=True)
    found = set()
    for line in table.stdout.splitlines():
        words = line.split()
        if len(words) == 4 and words[2] in "tTwW" and int(words[1], 16):
            found.add((int(words[0], 16), int(words[1], 16)))
    return sorted(found)


def main(path, count):
    random.seed(7)
    found = functions(path)
    if not found:
        return f"{path}: no functions"
    for start, size in random.choices(found, [size for _, size in found], k=int(count)):
        print(f"{start + random.randrange(size):#x}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
