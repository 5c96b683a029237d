#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The process ends at the N-th call that matters: before it, in the middle of a write, after it. Then it runs again.

    crash_points.py --walwire BIN --shim LIB [--long]

--long: every N of every scenario, and after each of them second crashes in the run that follows.

Afterwards nothing may be lost, twice or torn, at the crash position and data agree, and no feedback of either run said
more than what was durable then. Every other server forgets what the first run acknowledged, as after a crash."""
import sys

import judge
import points
import scenarios
import shimlog
from recovery import flushed, go_on, inodes, mend

CRASHED = 99
SHORT = 500                   # points of the short run
SECOND = 2                    # second crashes for each first one, in the long run


def count(scenario, point, directory):
    """Not a point: the calls of the longest of some runs without a fault, as [(number, name)]."""
    runs = []
    for again in range(3):
        folder = directory / str(again)
        folder.mkdir()
        scenario.restore(folder)
        scenario.run(*points.server(), folder, log=folder / "shim")
        runs.append([(event.number, event.call) for event in shimlog.read(folder / "shim") if event.number])
    return [], max(runs, key=len)


def crash_points(calls):
    for number, call in calls:
        yield f"{number}:before"
        if call in ("write", "send"):
            yield f"{number}:middle"
    yield f"{max(number for number, _ in calls)}:after"


def crash(scenario, point, directory):
    """One point, "N:how" or "N:how M:how" for a second crash: what is wrong, and whether it was reached."""
    scenario.restore(directory)
    first, *second = point.split()
    before, slot = inodes(scenario, directory), scenarios.Slot(scenario.confirmed, scenario.two_phase)
    log = directory / "shim"
    run = scenario.run(*points.server(), directory, {"CRASH": first}, log=log, slot=slot)
    wrong = judge_crash(scenario, directory, run, log)
    whole = scenarios.rotated_end(directory) if (directory / "out.1").exists() else None
    if int(first.split(":")[0]) % 2:
        slot.confirmed = scenario.confirmed
    for again in second:
        run = go_on(scenario, directory, slot, log, {"CRASH": again})
        wrong += judge_crash(scenario, directory, run, log, whole)
    return wrong + mend(scenario, directory, slot, log, whole, before), run.status == CRASHED


def judge_crash(scenario, directory, run, log, whole=None):
    wrong = list(run.wrong)
    if run.status not in (0, CRASHED):
        wrong.append(f"ended with {run.status} before the crash: {run.stderr}")
    return wrong + judge.judge_state(scenario, directory, flushed(shimlog.read(log)), whole)


def with_second(tasks, chance):
    """To each point some with another crash, in the run that follows."""
    for name, point in tasks:
        yield name, point
        for _ in range(SECOND):
            yield name, f"{point} {chance.randint(1, 40)}:{chance.choice(('before', 'middle', 'after'))}"


def main(argv):
    chosen = points.options(argv, __doc__)
    one = points.Rig(chosen, "crash points")
    tasks = []
    for name, _, wrong, calls in one.map(count, [(name, None) for name in one.names()]):
        if wrong:
            raise SystemExit("\n".join(wrong))
        tasks += [(name, point) for point in crash_points(calls)]
    tasks.sort()
    if chosen.long:
        tasks = list(with_second(tasks, one.random))
    elif not chosen.runs:
        chosen.runs = SHORT
    one.judge(crash, tasks)
    return one.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
