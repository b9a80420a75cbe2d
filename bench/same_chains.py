#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""same_chains.py FILE OURS THEIRS…: how many chains of ours are those of one of the others.

All outputs are addr2line's, with -a -f -i. A frame is its function, its file's last part and its line.
Two names are the same function when the symbol table gives them one address, as only taste tells
`write` from `__write`; a file without a line (the name of a .o, by some) is none. What differs is counted
by how it does; docs/ARCHITECTURE.md says why.
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


def difference(ours, theirs, addresses):
    """None, or in what the chains differ."""
    if len(theirs) != len(ours):
        return "fewer calls" if len(theirs) < len(ours) else "more calls"
    if any(mine[1:] != other[1:] for mine, other in zip(ours, theirs)):
        return "file or line"
    if any(mine[0] != other[0] and not addresses[mine[0]] & addresses[other[0]] for mine, other in zip(ours, theirs)):
        return "name"
    return None


def tell(name, differences):
    counts = collections.Counter(kind for kind in differences if kind)
    others = ", ".join(f"{kind}: {count}" for kind, count in sorted(counts.items()))
    share = 100 * differences.count(None) / len(differences)
    print(f"  as {name}: {share:.2f} % of chains" + (f" (other {others})" if others else ""))


def main(path, ours_path, *their_paths):
    ours = chains(ours_path)
    addresses = addresses_of_names(path)
    best = ["not asked"] * len(ours)
    for their_path in their_paths:
        if not os.path.exists(their_path):
            continue
        found = [difference(*pair, addresses) for pair in zip(ours, chains(their_path))]
        tell(their_path.removesuffix(".out"), found)
        best = [None if None in pair else pair[1] for pair in zip(best, found)]
    tell("one of them", best)


if __name__ == "__main__":
    main(*sys.argv[1:])
