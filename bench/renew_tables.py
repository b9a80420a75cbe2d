#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Runs the benches of docs/BENCHMARKS.md and puts what they print there.

    bench/renew_tables.py             all of them, one after the other
    bench/renew_tables.py WORD…       those whose command holds one of these words
    bench/renew_tables.py --list      the commands

A command stands in the document as <!-- bench: COMMAND -->; what it prints, from there to <!-- end -->.
Needs root, and what `make bench` builds. A bench that fails leaves its table as it was.
"""
import pathlib
import re
import signal
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = TOP / "docs" / "BENCHMARKS.md"
TABLE = re.compile(r"<!-- bench: (.+?) -->\n(.*?)<!-- end -->", re.DOTALL)


def run(command):
    begin = time.monotonic()
    done = subprocess.run(["bash", "-c", command], cwd=TOP, stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, text=True, check=False)
    print(f"{command}: {time.monotonic() - begin:.0f} s, exit status {done.returncode}",
          file=sys.stderr)
    return done.stdout.strip() if done.returncode == 0 else None


def is_markdown(text):
    return "\n|---" in text


def shown(text):
    return f"\n{text}\n\n" if is_markdown(text) else f"\n```text\n{text}\n```\n\n"


def renew(command):
    text = run(command)
    if not text:
        return False
    document = DOCUMENT.read_text(encoding="utf-8")
    old = next(table for table in TABLE.finditer(document) if table[1] == command)
    new = f"<!-- bench: {command} -->\n{shown(text)}<!-- end -->"
    DOCUMENT.write_text(document[:old.start()] + new + document[old.end():], encoding="utf-8")
    return True


def main(*words):
    signal.signal(signal.SIGINT, signal.default_int_handler)  # benches end profilers by it
    commands = [table[1] for table in TABLE.finditer(DOCUMENT.read_text(encoding="utf-8"))]
    if words == ("--list",):
        print("\n".join(commands))
        return 0
    chosen = [command for command in commands
              if not words or any(word in command for word in words)]
    return 0 if all([renew(command) for command in chosen]) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
