#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Questions to folded text about its user stacks: how many are whole, and whether they are right.

    walked.py whole FILE COMM         "SAMPLES PERCENT": user stacks of that command, those without
                                      an [incomplete: …] marker
    walked.py reasons FILE COMM       the markers of the others, with their numbers, in one line
    walked.py right FILE NAME REGEX   "SAMPLES PERCENT": whole user stacks with that frame, and how
                                      many of them match in full, from the root to it (the last, if
                                      it is there more than once), joined by semicolons
    walked.py wrong FILE NAME REGEX   the most frequent that do not

Kernel frames do not count, nor do the marks of frames. A command named * is any.
"""
import collections
import re
import sys

MARKER = "[incomplete: "


def user_stacks(path, comm):
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            stack, _, count = line.rstrip("\n").rpartition(" ")
            name, *frames = stack.split(";")
            frames = [re.sub(r"_\[[ij]\]$", "", frame) for frame in frames
                      if not frame.endswith("_[k]")]
            if frames and comm in ("*", name):
                yield frames, int(count)


def whole(path, comm):
    stacks = list(user_stacks(path, comm))
    total = sum(count for _, count in stacks)
    good = sum(count for frames, count in stacks if not frames[0].startswith(MARKER))
    return f"{total} {100 * good / max(total, 1):.3f}"


def reasons(path, comm):
    found = collections.Counter()
    for frames, count in user_stacks(path, comm):
        if frames[0].startswith(MARKER):
            found[frames[0][len(MARKER):-1]] += count
    return ", ".join(f"{reason} {count}" for reason, count in found.most_common()) or "none"


def judged(path, name, regex):
    """(samples that match, what does not)"""
    wanted, matching, others = re.compile(regex), 0, collections.Counter()
    for frames, count in user_stacks(path, "*"):
        if name not in frames or frames[0].startswith(MARKER):
            continue
        stack = ";".join(frames[:len(frames) - frames[::-1].index(name)])
        if wanted.fullmatch(stack):
            matching += count
        else:
            others[stack] += count
    return matching, others


def right(path, name, regex):
    matching, others = judged(path, name, regex)
    total = matching + sum(others.values())
    return f"{total} {100 * matching / max(total, 1):.3f}"


def wrong(path, name, regex):
    return "\n".join(f"{count} {stack}" for stack, count in
                     judged(path, name, regex)[1].most_common(5))


VERBS = {"whole": whole, "reasons": reasons, "right": right, "wrong": wrong}

if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[1] not in VERBS:
        sys.exit(__doc__)
    try:
        print(VERBS[sys.argv[1]](*sys.argv[2:]))
    except (OSError, ValueError, re.error) as error:
        sys.exit(f"{sys.argv[0]}: {error}")
