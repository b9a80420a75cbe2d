#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Questions to a ledger (--ledger FILE), from outside.

    ledger.py get FILE KEY          a number: samples.recorded, stacks.user, samples.lost (the sum)
    ledger.py reason FILE KEY REASON  of a class by reasons, this one's; 0 when it is not there
    ledger.py lost FILE             the lost classes, one "REASON COUNT" a line
    ledger.py closes FILE [SLACK]   fails unless expected is the sum of the classes, within one
                                    tick per CPU (and SLACK more)
    ledger.py permille FILE KEY     that class as thousandths of the ticks that reached a CPU
                                    (expected - offline)
    ledger.py same FILE REPORT      fails unless a JSON report holds the same ledger
"""
import json
import sys

CLASSES = ("recorded", "idle", "filtered", "skipped", "offline")


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def member(ledger, key):
    found = ledger
    for part in key.split("."):
        found = found[part]
    return found


def value(ledger, key):
    found = member(ledger, key)
    return sum(found.values()) if isinstance(found, dict) else found


def gap(ledger):
    samples = ledger["samples"]
    return samples["expected"] - sum(samples[name] for name in CLASSES) - value(
        ledger, "samples.lost")


def closes(ledger, slack):
    difference = gap(ledger)
    allowed = ledger["cpus"] + slack
    print(f"gap {difference}, allowed {allowed}: {json.dumps(ledger['samples'])}")
    return abs(difference) <= allowed


def permille(ledger, key):
    reached = ledger["samples"]["expected"] - ledger["samples"]["offline"]
    return 1000.0 * value(ledger, "samples." + key) / max(reached, 1)


def main(verb, path, *rest):
    ledger = load(path)
    if verb == "get":
        print(value(ledger, rest[0]))
    elif verb == "reason":
        print(member(ledger, rest[0]).get(rest[1], 0))
    elif verb == "lost":
        for reason, count in ledger["samples"]["lost"].items():
            print(reason, count)
    elif verb == "closes":
        return 0 if closes(ledger, int(rest[0]) if rest else 0) else 1
    elif verb == "same":
        return 0 if ledger == load(rest[0])["ledger"] else 1
    elif verb == "permille":
        print(f"{permille(ledger, rest[0]):.3f}")
    else:
        return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except (OSError, ValueError) as error:
        sys.exit(f"{sys.argv[0]}: {error}")
