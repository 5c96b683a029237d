#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command is killed with -9 again and again, while it writes its file under load; a clean run then brings it to
the end, and the oracle compares.

    kill.py --walwire BIN [--server 18] [--seed N] [--runs N] [--long]"""
import math
import subprocess
import sys

import rig

SHORT, LONG = 40, 500
FIRST_MS, LAST_MS = 5, 1500   # after its start, short ones as often as ten times as long ones
LEAST_PROGRESS = 5            # one of so many runs must have written something, or nothing would be proved


def kill_once(scene):
    """Returns what it had written when it died: more bytes, and whether it died within a line."""
    seconds = math.exp(scene.random.uniform(math.log(FIRST_MS), math.log(LAST_MS))) / 1000
    size = scene.file.stat().st_size if scene.file.exists() else 0
    process = scene.start(*scene.some_options())
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    else:
        raise rig.Failed(f"walwire ended by itself, with status {process.returncode}: {scene.said()}")
    data = scene.file.read_bytes() if scene.file.exists() else b""
    return len(data) != size, data != b"" and not data.endswith(b"\n")


def run(options, report):
    with rig.Scene(options, report) as scene:
        grown = torn = 0
        with report.check("it starts each time after it was killed") as remarks:
            for _ in range(options.runs):
                grew, tore = kill_once(scene)
                grown, torn = grown + grew, torn + tore
            remarks.append(f"killed {options.runs} times, while it wrote {grown} times, within a line {torn} times")
            if grown * LEAST_PROGRESS < options.runs:
                raise rig.Failed(f"it wrote in {grown} runs of {options.runs} only")
        scene.judge()


def main(argv):
    return rig.main(argv, "kill", __doc__, SHORT, LONG, run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
