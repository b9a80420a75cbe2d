#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""measure.py FILE COMMAND…: runs it, appends "WALL_MS CPU_MS PEAK_RSS_MB FAMILY_MB" to FILE.

FAMILY_MB is the most that it and the processes it started had in memory together, as seen every 20 ms, with
what they share counted once for each; 0 unless FAMILY=1 is in the environment, as looking takes time.
"""
import os
import sys
import threading
import time

PAGE_MB = os.sysconf("SC_PAGESIZE") / (1 << 20)


def family(pid):
    yield pid
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                for child in file.read().split():
                    yield from family(int(child))
    except OSError:
        pass  # it has ended


def resident_mb(pid):
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * PAGE_MB
    except OSError:
        return 0


def watch(pid, ended, peak):
    while not ended.wait(0.02):
        peak[0] = max(peak[0], sum(map(resident_mb, family(pid))))


def main(path, *command):
    began = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ)
    ended, peak = threading.Event(), [0.0]
    watcher = threading.Thread(target=watch, args=(pid, ended, peak))
    if os.environ.get("FAMILY"):
        watcher.start()
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - began
    ended.set()
    cpu = usage.ru_utime + usage.ru_stime
    with open(path, "a", encoding="ascii") as file:
        file.write(f"{wall * 1000:.1f} {cpu * 1000:.1f} {usage.ru_maxrss / 1024:.1f} {peak[0]:.1f}\n")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
