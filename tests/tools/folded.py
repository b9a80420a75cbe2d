#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Questions to folded text, from outside.

    folded.py sum FILE [REGEX]       samples, of all lines or of those with a frame that matches
    folded.py share FILE FRAME…      percentage of each frame, of the samples that have any of them
    folded.py paths FILE FRAME       "SAMPLES DISTINCT": samples with that frame, and how many
                                     distinct paths lead to it
    folded.py uniform N M            distinct values seen in N draws out of M equally likely ones
    folded.py named FILE COMM        percentage of a program's user frames that have names, by samples
    folded.py roots FILE             the first frames, one a line, sorted
    folded.py check FILE             fails unless each line is "frames COUNT", unique and sorted

A frame's marks (_[k], _[i], _[j]) belong to its name. A regex must match the whole frame.
"""
import re
import sys


def read(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            stack, _, count = line.rstrip("\n").rpartition(" ")
            yield stack.split(";"), int(count)


def total(path, pattern=None):
    wanted = re.compile(pattern) if pattern else None
    return sum(count for frames, count in read(path)
               if not wanted or any(wanted.fullmatch(frame) for frame in frames))


def shares(path, names):
    sums = {name: total(path, re.escape(name)) for name in names}
    whole = sum(sums.values())
    return [(name, 100.0 * sums[name] / max(whole, 1)) for name in names]


def paths(path, last):
    samples, distinct = 0, set()
    for frames, count in read(path):
        if last in frames:
            samples += count
            distinct.add(tuple(frames[:frames.index(last)]))
    return samples, len(distinct)


def named(path, comm):
    known = whole = 0
    for frames, count in read(path):
        if frames[0] != comm:
            continue
        user = [frame for frame in frames[1:]
                if not frame.endswith("_[k]") and not frame.startswith("[incomplete:")]
        whole += count * len(user)
        known += count * sum(not re.search(r"\+0x[0-9a-f]+(_\[j\])?$", frame) for frame in user)
    return 100.0 * known / max(whole, 1)


def check(path):
    previous, stacks = b"", set()
    with open(path, "rb") as file:
        for line in file:
            match = re.fullmatch(rb"([^\x00-\x1f]+) [1-9][0-9]*\n", line)
            if not match:
                return f"not folded: {line!r}"
            if line <= previous or match.group(1) in stacks:
                return f"not sorted, or twice: {line!r}"
            previous = line
            stacks.add(match.group(1))
    return None if stacks else "empty"


def main(verb, *args):
    if verb == "sum":
        print(total(*args))
    elif verb == "share":
        for name, share in shares(args[0], args[1:]):
            print(f"{name} {share:.2f}")
    elif verb == "paths":
        print(*paths(*args))
    elif verb == "uniform":
        draws, values = float(args[0]), float(args[1])
        print(f"{values * (1 - (1 - 1 / values) ** draws):.0f}")
    elif verb == "named":
        print(f"{named(*args):.2f}")
    elif verb == "roots":
        print("\n".join(sorted({frames[0] for frames, _ in read(args[0])})))
    elif verb == "check":
        return check(*args)
    else:
        return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except (OSError, ValueError) as error:
        sys.exit(f"{sys.argv[0]}: {error}")
