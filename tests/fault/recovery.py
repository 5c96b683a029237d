# SPDX-License-Identifier: MIT
"""The run after a fault, and what has to come of it."""
import check_feedback
import judge
import points
import position_file
import shimlog

GAP = 5


def inodes(scenario, directory):
    return {(directory / name).stat().st_ino: (directory / name).read_bytes() for name in scenario.files}


def flushed(events):
    return max((event.flush for event in events if event.call == "feedback"), default=0)


def go_on(scenario, directory, slot, log, faults=None):
    """Runs to the end; what --init had not begun yet is begun again."""
    settings = dict(faults=faults, scripted=False, slot=slot, log=log)
    run = scenario.run(*points.server(), directory, args=scenario.again, **settings)
    if run.status == GAP and scenario.again is not None and untouched(scenario, directory):
        run = scenario.run(*points.server(), directory, args=scenario.args, **settings)
    return run


def untouched(scenario, directory):
    """--init had done nothing yet: it has to be said again."""
    return (position_file.read_file(directory / "out.position") is None and
            (directory / "out").read_bytes() in (scenario.files["out"], scenario.files["out"] + b"\n"))


def mend(scenario, directory, slot, log, whole, before):
    """The run after the fault, and what is wrong with it."""
    kept = position_file.read_file(directory / "out.position")
    run = go_on(scenario, directory, slot, log)
    wrong = list(run.wrong)
    if run.status != 0:
        wrong.append(f"the run afterwards ends with {run.status}: {run.stderr}")
    else:
        wrong += judge.judge_end(scenario, directory, whole)
        if kept and scenario.again is None and run.starts[:1] != [max(kept.acked, scenario.confirmed)]:
            wrong.append(f"started at {list(map(hex, run.starts))}, the position says {kept.acked:#x}")
    return wrong + check_feedback.check(shimlog.read(log), scenario.units(), files=before)
