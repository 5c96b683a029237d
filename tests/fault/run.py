#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the fault rigs, two at a time, and prints a table. docs/fault-tests.md says what each of them does.

    run.py --walwire BIN --shim LIB [--long] [--server 18]               all of them
    run.py --walwire BIN --shim LIB [--long] [--server 18] NAME [ARGS]   one, with arguments of its own"""
import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
RIGS = {"network": "server", "kill": "server", "restarts": "server",
        "crash_points": "script", "power_loss": "script", "io_errors": "script"}   # who plays the server
LAST_LINE = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)


def command(options, name):
    words = [sys.executable, HERE / f"{name}.py", "--walwire", options.walwire, "--shim", options.shim]
    words += ["--server", options.server] if RIGS[name] == "server" else []
    words += ["--long"] if options.long else []
    return [*map(str, words), *options.arguments]


def run(options, name):
    """(name, what it said, how many passed, how many failed, seconds)"""
    begin = time.monotonic()
    done = subprocess.run(command(options, name), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          encoding="utf-8", errors="replace", stdin=subprocess.DEVNULL)
    counts = LAST_LINE.findall(done.stdout)
    passed, failed = map(int, counts[-1]) if counts else (0, 0)
    if done.returncode != 0 and failed == 0:
        failed = 1
    return name, done.stdout, passed, failed, time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--walwire", required=True)
    parser.add_argument("--shim", required=True)
    parser.add_argument("--server", default="18")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("name", nargs="?", choices=RIGS, metavar="NAME")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if options.name:
        return subprocess.call(command(options, options.name), stdin=subprocess.DEVNULL)
    table, all_passed, all_failed = [], 0, 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, said, passed, failed, seconds in pool.map(lambda name: run(options, name), RIGS):
            print(f"---- {name}\n{LAST_LINE.sub('', said).rstrip()}", flush=True)
            table.append(f"{name:14} {passed:8} {failed:8} {seconds:8.0f} s")
            all_passed, all_failed = all_passed + passed, all_failed + failed
    print(f"\n{'rig':14} {'passed':>8} {'failed':>8} {'time':>10}", *table, sep="\n")
    print(f"{all_passed} passed, {all_failed} failed")
    return 1 if all_failed or not all_passed else 0


if __name__ == "__main__":
    sys.exit(main())
