#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plays every row of the tables to the real command: a hostile server, and the result that is required of the client.

    run.py --walwire build/asan/bin/walwire [ID...]     only cases whose id begins with an ID
    run.py --list                                       what is played, and what is covered elsewhere
"""
import argparse
import concurrent.futures
import os
import pathlib
import sys
import tempfile

import authentication
import changes
import delivery
import elsewhere
import replication
import session
import startup
import values
from case import MIB, Run

SECTIONS = (startup, authentication, session, replication, delivery, changes, values)


def run_case(case, walwire):
    with tempfile.TemporaryDirectory(prefix="walwire-hostile-") as directory:
        return Run(case, walwire, directory)


def measure_ordinary(walwire):
    """What the command takes when nothing is wrong: the caps are above that, whatever sanitizers add to it."""
    run = run_case(changes.ORDINARY, walwire)
    if run.wrong:
        sys.exit("an ordinary stream does not work, so nothing else would prove anything:\n" + run.report())
    return run.peak


def judge_memory(run, ordinary):
    if run.peak > ordinary + run.case.rss:
        run.wrong.append(f"took {(run.peak - ordinary) // MIB} MiB more than an ordinary stream")


def tell(run):
    print(f"{'FAIL' if run.wrong else 'ok  '} {run.seconds:6.2f} s {run.peak // MIB:4d} MiB  {run.case}")
    if run.wrong:
        print(run.report())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--walwire")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--jobs", type=int, default=4 * (os.cpu_count() or 1))
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    cases = [case for section in SECTIONS for case in section.CASES]
    if options.list:
        print(*cases, *elsewhere.lines(), sep="\n")
        return 0
    walwire = str(pathlib.Path(options.walwire).resolve())
    ordinary = measure_ordinary(walwire)
    chosen = [case for case in cases if not options.names or case.id.startswith(tuple(options.names))]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for run in pool.map(lambda case: run_case(case, walwire), chosen):
            judge_memory(run, ordinary)
            tell(run)
            bad += bool(run.wrong)
    print(f"{len(chosen) - bad} passed, {bad} failed")
    return 0 if chosen and not bad else 1


if __name__ == "__main__":
    sys.exit(main())
