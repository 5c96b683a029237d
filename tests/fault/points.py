# SPDX-License-Identifier: MIT
"""What the rigs against the scripted server share: options, workers with a server each, and the report."""
import argparse
import multiprocessing
import os
import pathlib
import random
import re
import shlex
import shutil
import sys
import tempfile
import time
import traceback

import scenarios
from scripted import Server, Tools

WORKER = {}


def options(argv, what):
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--walwire", required=True)
    parser.add_argument("--shim", required=True)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--runs", type=int, default=None, help="how many at most")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--scenario", help="only this one")
    parser.add_argument("--point", help="only this one of it, as a failure names it")
    parser.add_argument("--keep", help="a new folder for what a failure leaves")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    chosen = parser.parse_args(argv)
    if chosen.seed is None:
        chosen.seed = random.randrange(1 << 32)
    return chosen


# ---- in a worker ---------------------------------------------------------------------------------------------------

def begin(tools):
    if os.access("/dev/shm", os.W_OK):
        tempfile.tempdir = "/dev/shm"   # a sync costs nothing there
    WORKER.update(tools=tools, server=Server(), scenarios={one.name: one for one in scenarios.all_of_them()}, ready={})


def prepared(name):
    if name not in WORKER["ready"]:
        WORKER["ready"][name] = WORKER["scenarios"][name].prepare(WORKER["server"], WORKER["tools"])
    return WORKER["ready"][name]


def work(task):
    """(scenario, point, what is wrong, whether the fault came): one of a rig's points."""
    function, name, point = task
    directory = tempfile.mkdtemp(prefix="walwire-points-")
    try:
        wrong, reached = function(prepared(name), point, pathlib.Path(directory))
    except (Exception, SystemExit):
        wrong, reached = [traceback.format_exc()], True
    if wrong and WORKER["tools"].keep:
        shutil.copytree(directory, pathlib.Path(WORKER["tools"].keep) / f"{name} {point}".replace("/", "_"),
                        dirs_exist_ok=True)
    shutil.rmtree(directory, ignore_errors=True)
    return name, point, wrong, reached


def server():
    return WORKER["server"], WORKER["tools"]


# ---- in front of them ----------------------------------------------------------------------------------------------

class Rig:
    """A pool, the tasks, and the count of what they said."""

    def __init__(self, chosen, title):
        self.chosen, self.title = chosen, title
        self.passed = self.failed = self.missed = 0
        self.random = random.Random(chosen.seed)
        tools = Tools(chosen.walwire, chosen.shim, chosen.keep)
        self.pool = multiprocessing.get_context("fork").Pool(chosen.jobs, begin, (tools,))
        self.begun = time.monotonic()
        print(f"{title}: seed {chosen.seed}", flush=True)

    def names(self):
        return [one.name for one in scenarios.all_of_them() if self.chosen.scenario in (None, one.name)]

    def map(self, function, tasks):
        """The results of function(scenario, point, directory), in any order."""
        return self.pool.imap_unordered(work, [(function, name, point) for name, point in tasks], chunksize=4)

    def judge(self, function, points, form=""):
        """Runs them, tells the failures and counts; at most --runs of them, chosen by the seed. `form` tells these
        points from those of other functions."""
        if self.chosen.point:
            points = [(name, self.chosen.point) for name in self.names() if re.match(form, self.chosen.point)]
        if self.chosen.runs and len(points) > self.chosen.runs:
            points = self.random.sample(points, self.chosen.runs)
        per = {}
        for name, point, wrong, reached in self.map(function, points):
            count = per.setdefault(name, [0, 0, 0])
            count[0] += not wrong
            count[1] += bool(wrong)
            count[2] += not reached
            if wrong:
                self.tell(name, point, wrong)
        for name, (passed, failed, missed) in sorted(per.items()):
            print(f"  {name:34} {passed:6} passed {failed:4} failed {missed:4} not reached", flush=True)
            self.passed += passed
            self.failed += failed
            self.missed += missed

    def tell(self, name, point, wrong):
        print(f"FAIL {name!r}, point {point!r}", *(f"     {one}" for one in wrong), sep="\n")
        print(f"     again: scripts/fault {pathlib.Path(sys.argv[0]).stem} --scenario {name!r} --point "
              f"{shlex.quote(str(point))}", flush=True)

    def end(self):
        self.pool.terminate()
        self.pool.join()
        print(f"{self.title}: {time.monotonic() - self.begun:.1f} s, seed {self.chosen.seed}")
        print(f"{self.passed} passed, {self.failed} failed")
        return 0 if self.passed and not self.failed else 1
