#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The process ends at the N-th call that matters: before it, in the middle of a write, after it. Then it runs again.

    crash_points.py --walwire BIN --shim LIB [--long]     --long: every N of every scenario

Afterwards nothing may be lost, twice or torn, at the crash position and data agree, and no feedback of either run said
more than what was durable then. Every other server forgets what the first run acknowledged, as after a crash."""
import sys

import judge
import points
import scenarios
import shimlog
from recovery import flushed, inodes, mend

CRASHED = 99
SHORT = 700                   # points of the short run


def count(scenario, point, directory):
    """Not a point: the calls of a run without a fault, as [(number, ways)]."""
    scenario.restore(directory)
    scenario.run(*points.server(), directory, log=directory / "shim")
    return [[(event.number, event.call) for event in shimlog.read(directory / "shim") if event.number]], True


def crash_points(calls):
    for number, call in calls:
        yield f"{number}:before"
        if call in ("write", "send"):
            yield f"{number}:middle"
    yield f"{max(number for number, _ in calls)}:after"


def crash(scenario, point, directory):
    """One point: what is wrong, and whether it was reached."""
    scenario.restore(directory)
    before, slot = inodes(scenario, directory), scenarios.Slot(scenario.confirmed, scenario.two_phase)
    log = directory / "shim"
    run = scenario.run(*points.server(), directory, {"CRASH": point}, log=log, slot=slot)
    wrong = list(run.wrong)
    if run.status not in (0, CRASHED):
        wrong.append(f"ended with {run.status} before the crash: {run.stderr}")
    wrong += judge.judge_state(scenario, directory, flushed(shimlog.read(log)))
    whole = scenarios.rotated_end(directory) if (directory / "out.1").exists() else None
    if int(point.split(":")[0]) % 2:
        slot.confirmed = scenario.confirmed
    return wrong + mend(scenario, directory, slot, log, whole, before), run.status == CRASHED


def main(argv):
    chosen = points.options(argv, __doc__)
    one = points.Rig(chosen, "crash points")
    tasks = []
    for name, _, calls, _ in one.map(count, [(name, None) for name in one.names()]):
        tasks += [(name, point) for point in crash_points(calls[0])] if isinstance(calls[0], list) else []
        one.failed += not isinstance(calls[0], list)
        print(f"  {name:34} {len(calls[0])} calls" if isinstance(calls[0], list) else calls[0])
    tasks.sort()
    if not chosen.long and not chosen.runs:
        chosen.runs = SHORT
    one.judge(crash, tasks)
    return one.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
