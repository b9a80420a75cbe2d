#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""measure.py FILE COMMAND…: runs it, appends "WALL_MS CPU_MS PEAK_RSS_MB" to FILE."""
import os
import sys
import time


def main(path, *command):
    began = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - began
    cpu = usage.ru_utime + usage.ru_stime
    with open(path, "a", encoding="ascii") as file:
        file.write(f"{wall * 1000:.1f} {cpu * 1000:.1f} {usage.ru_maxrss / 1024:.1f}\n")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
