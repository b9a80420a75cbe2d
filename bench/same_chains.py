#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""same_chains.py FILE OURS THEIRS…: how many chains of ours are those of one of the others.

All outputs are addr2line's, with -a -f -i. A frame is its function, its file's last part and its line.
Two names are the same function when the symbol table gives them one address, as only taste tells
`write` from `__write`; a file without a line (the name of a .o, by some) is none.
"""
import collections
import os
import subprocess
import sys


def bare(name):
    """Without a version, and without what the compiler says of a clone."""
    name = name.split("@")[0]
    return name if name.startswith("_") and name[1:2] in "ZR" else name.split(".")[0]


def addresses_of_names(path):
    table = subprocess.run(["nm", "--defined-only", path], capture_output=True, text=True, check=True)
    found = collections.defaultdict(set)
    for line in table.stdout.splitlines():
        words = line.split()
        if len(words) == 3:
            found[bare(words[2])].add(words[0])
    return found


def chains(path):
    found = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file.read().splitlines():
            if line.startswith("0x"):
                found.append([])
            elif line:
                found[-1].append(line.split(" (discriminator")[0])
    return [[frame(*pair) for pair in zip(lines[::2], lines[1::2])] for lines in found]


def frame(name, place):
    file, _, line = place.rpartition(":")
    line = "0" if line == "?" else line
    return bare(name), os.path.basename(file) if line != "0" else "", line


def same(ours, theirs, addresses):
    if len(ours) != len(theirs):
        return False
    for mine, other in zip(ours, theirs):
        if mine[1:] != other[1:]:
            return False
        if mine[0] != other[0] and not addresses[mine[0]] & addresses[other[0]]:
            return False
    return True


def main(path, ours_path, *their_paths):
    ours = chains(ours_path)
    addresses = addresses_of_names(path)
    agreed = set()
    for their_path in their_paths:
        if not os.path.exists(their_path):
            continue
        theirs = chains(their_path)
        hits = {i for i, pair in enumerate(zip(ours, theirs)) if same(*pair, addresses)}
        print(f"  as {their_path.removesuffix('.out')}: {100 * len(hits) / len(ours):.2f} % of chains")
        agreed |= hits
    print(f"  as one of them: {100 * len(agreed) / len(ours):.2f} % of chains")


if __name__ == "__main__":
    main(*sys.argv[1:])
