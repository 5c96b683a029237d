#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The N-th write, sync, cut or open of FILE or FILE.position fails, for every N; disks fill up; calls do less than they
were asked to, or are interrupted.

    io_errors.py --walwire BIN --shim LIB [--long]

An error has to end the command with exit status 6 and one clear message that names the file and the reason; nothing is
acknowledged that is not durable, and what a failed sync left in doubt is not synced again and never acknowledged. A
clean run afterwards delivers the rest, also if the pages whose sync failed are gone. What is merely slow or short must
change nothing."""
import errno
import os
import re
import resource
import signal
import subprocess
import sys

import judge
import points
import scenarios
import shimlog
from recovery import flushed, inodes, mend

OUTPUT = 6
FILES = ("/out", "/out.position")
ERRORS = {"write": (errno.ENOSPC, errno.EDQUOT, errno.EIO), "sync": (errno.EIO, errno.ENOSPC, errno.EDQUOT),
          "truncate": (errno.EIO,), "open": (errno.EMFILE,)}
HARMLESS = {"short writes of 1 byte": {"SHORT": 1}, "short writes of 7 bytes": {"SHORT": 7},
            "short writes of 500 bytes": {"SHORT": 500}, "interrupted calls": {"EINTR": 1},
            "1 byte from and to the server": {"NET": 1}, "3 bytes from and to the server": {"NET": 3},
            "all of it": {"SHORT": 3, "EINTR": 1, "NET": 2}}
SHORT = 300                   # points of the short run


# ---- errors --------------------------------------------------------------------------------------------------------

def count(scenario, point, directory):
    """Not a point: how often each class of calls is made on each file."""
    scenario.restore(directory)
    before = inodes(scenario, directory)
    scenario.run(*points.server(), directory, log=directory / "shim")
    names = {inode: name for name in scenario.files for inode in before if (directory / name).stat().st_ino == inode}
    calls = {}
    for event in shimlog.read(directory / "shim"):
        if event.call in ("create", "open") and event.path in ("out", "out.position"):
            names[event.inode] = event.path
        kind = "open" if event.call == "create" else event.call
        if kind in ERRORS and event.inode in names:
            calls[kind, names[event.inode]] = calls.get((kind, names[event.inode]), 0) + 1
    return [], calls


def error_points(calls):
    for (kind, name), times in sorted(calls.items()):
        for number in range(1, times + 1):
            for code in ERRORS[kind]:
                yield f"{kind}:{number}:{code}:{'' if kind == 'open' else '/'}{name}"
                if code in (errno.ENOSPC, errno.EIO) and kind == "write":
                    yield f"{kind}:{number}+:{code}:/{name}"


def fail(scenario, point, directory):
    """One point: what is wrong, and whether the error came."""
    scenario.restore(directory)
    before, slot = inodes(scenario, directory), scenarios.Slot(scenario.confirmed, scenario.two_phase)
    run = scenario.run(*points.server(), directory, {"ERROR": point}, log=directory / "shim", slot=slot)
    events = shimlog.read(directory / "shim")
    code = int(point.split(":")[2])
    failed = [i for i, event in enumerate(events) if event.result < 0 and event.errno == code and event.call != "open"]
    failed += [i for i, event in enumerate(events) if event.call == "open" and event.errno == code]
    wrong = [*run.wrong, *judge_error(run, code, bool(failed)), *judge_after(events, failed)]
    wrong += judge.judge_state(scenario, directory, flushed(events))
    if point.startswith("sync") and failed:
        lose_pages(before, events, directory)
        run.tell("lost", 0, "-")
    whole = scenarios.rotated_end(directory) if (directory / "out.1").exists() else None
    return wrong + mend(scenario, directory, slot, directory / "shim", whole, before), bool(failed)


def judge_error(run, code, came):
    """The exit status and the message."""
    if not came:
        return [] if run.status == 0 else [f"ended with {run.status} without the error: {run.stderr}"]
    warnings = re.compile("walwire: (the connection is lost|connected|the server got no status update)")
    lines = [line for line in run.stderr.splitlines() if not warnings.match(line)]
    wrong = [] if run.status == OUTPUT else [f"ended with {run.status}, required {OUTPUT}: {run.stderr}"]
    if os.strerror(code) not in run.stderr or "out" not in run.stderr:
        wrong.append(f"the message does not say what failed: {run.stderr}")
    if len([line for line in lines if line.startswith("walwire: ")]) != 1 or len(lines) > 4:
        wrong.append(f"not one clear message: {run.stderr}")
    return wrong


def judge_after(events, failed):
    """After a sync that failed nothing more is acknowledged, and that file is not synced again."""
    for i in failed:
        event = events[i]
        if event.call != "sync":
            continue
        told = max((one.flush for one in events[:i] if one.call == "feedback"), default=0)
        for later in events[i + 1:]:
            if later.call == "feedback" and later.flush > told:
                return [f"acknowledged {later.flush:#x} after a failed sync; before it, {told:#x}"]
            if later.call == "sync" and later.inode == event.inode:
                return ["a sync is tried again after it failed"]
    return []


def lose_pages(before, events, directory):
    """What could not be synced is gone from memory, too."""
    disk = shimlog.Disk(before)
    for event in events:
        disk.take(event)
    for path in (path for path in directory.iterdir() if path.stat().st_ino in disk.durable):
        with open(path, "r+b") as file:
            file.truncate(0)
            file.write(disk.durable[path.stat().st_ino])


# ---- real limits ---------------------------------------------------------------------------------------------------

def limit_size(scenario, point, directory):
    """RLIMIT_FSIZE: the kernel refuses the bytes behind it, with SIGXFSZ ignored."""
    size = int(point.split()[-1])

    def limits():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    scenario.restore(directory)
    before, slot = inodes(scenario, directory), scenarios.Slot(scenario.confirmed, scenario.two_phase)
    run = scenario.run(*points.server(), directory, {"limits": limits}, slot=slot)
    wrong = [*run.wrong, *judge_error(run, errno.EFBIG, size < len(scenario.golden))]
    wrong += judge.judge_state(scenario, directory, max(run.flushes, default=0))
    return wrong + mend(scenario, directory, slot, None, None, before), size < len(scenario.golden)


def fill_disk(scenario, point, directory):
    """A file system of one MiB, all but full; it runs on once there is room."""
    mounted = directory / "mounted"
    mounted.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0777", "none", str(mounted)], check=True)
    try:
        (mounted / "ballast").write_bytes(bytes((1 << 20) - int(point.split()[-1])))
        scenario.restore(mounted)
        before, slot = inodes(scenario, mounted), scenarios.Slot(scenario.confirmed, scenario.two_phase)
        run = scenario.run(*points.server(), mounted, log=directory / "shim", slot=slot)
        wrong = [*run.wrong, *judge_error(run, errno.ENOSPC, True)]
        wrong += judge.judge_state(scenario, mounted, max(run.flushes, default=0))
        (mounted / "ballast").unlink()
        return wrong + mend(scenario, mounted, slot, directory / "shim", None, before), True
    finally:
        subprocess.run(["umount", str(mounted)], check=True)


def may_mount():
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0


# ---- what changes nothing ------------------------------------------------------------------------------------------

def bear(scenario, point, directory):
    """Less than was asked for, or interrupted: the output is the same."""
    scenario.restore(directory)
    before, slot = inodes(scenario, directory), scenarios.Slot(scenario.confirmed, scenario.two_phase)
    log = directory / "shim"
    run = scenario.run(*points.server(), directory, HARMLESS[point], log=log, slot=slot)
    wrong = list(run.wrong)
    if run.status != 0:
        wrong.append(f"ended with {run.status}: {run.stderr}")
    whole = scenarios.rotated_end(directory) if (directory / "out.1").exists() else None
    return wrong + mend(scenario, directory, slot, log, whole, before), True


def main(argv):
    chosen = points.options(argv, __doc__)
    one = points.Rig(chosen, "I/O errors")
    tasks = []
    for name, _, wrong, calls in one.map(count, [(name, None) for name in one.names()]):
        if wrong:
            raise SystemExit("\n".join(wrong))
        tasks += [(name, point) for point in error_points(calls)]
    tasks.sort()
    if not chosen.long and not chosen.runs:
        chosen.runs = SHORT
    one.judge(fail, tasks, f"({'|'.join(ERRORS)}):")
    one.judge(bear, [(name, point) for name in one.names() for point in HARMLESS
                     if "large" not in name or HARMLESS[point].get("SHORT", 500) > 100], "|".join(HARMLESS))
    large = [name for name in one.names() if name in ("one large transaction", "many tiny ones", "first start")]
    one.judge(limit_size, [(name, f"RLIMIT_FSIZE {size}") for name in large for size in (1024, 1100, 5000, 100000)],
              "RLIMIT")
    if may_mount():
        one.judge(fill_disk, [(name, f"tmpfs with {size}") for name in large if name[:3] == "one"
                             for size in (0, 4096, 8192, 16384, 100000)], "tmpfs")
    return one.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
