# SPDX-License-Identifier: MIT
"""What has to be true of FILE and FILE.position whenever the command has ended, and once it has come to the end."""
import os

import position_file
import shimlog
from scenarios import output


def size_of_whole(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def durable_part(directory, kept, whole):
    """The output up to where the position says, rotated files included; None if it is of no file that is there."""
    old, new = (os.path.join(directory, name) for name in ("out.1", "out"))
    if os.path.exists(old) and os.stat(old).st_ino == kept.inode:
        return output(directory)[:kept.offset] if kept.offset <= os.path.getsize(old) else None
    if os.path.exists(new) and os.stat(new).st_ino == kept.inode and kept.offset <= os.path.getsize(new):
        content = whole_output(directory, whole)
        return content[:len(content) - os.path.getsize(new) + kept.offset]
    return output(directory) if kept.offset == 0 and not size_of_whole(new) else None


def whole_output(directory, whole):
    """Without the torn end of a file that was renamed, which the next run told of."""
    content, old = output(directory), size_of_whole(os.path.join(directory, "out.1"))
    return content if whole is None else content[:whole] + content[old:]


def judge_state(scenario, directory, flushed, whole=None):
    """After a crash, before anything is mended. `flushed`: the highest position that was acknowledged. Returns what is
    wrong."""
    kept = position_file.read_file(os.path.join(directory, "out.position"))
    if kept is None:
        return judge_without(scenario, directory, flushed)
    wrong = [f"acknowledged {flushed:#x}, the position says {kept.acked:#x}"] if flushed > kept.acked else []
    durable = durable_part(directory, kept, whole)
    if durable is None:
        return [*wrong, f"the position is of no file that is there, or behind its end: {kept}"]
    if not scenario.golden.startswith(durable):
        return [*wrong, f"what the file holds up to the position's offset {kept.offset} is not what was sent"]
    return wrong + judge_units(scenario, kept, durable)


def judge_without(scenario, directory, flushed):
    """There is no position: then nothing has begun."""
    wrong = [f"acknowledged {flushed:#x} without a position"] if flushed > scenario.confirmed else []
    begun = scenario.files.get("out", b"")
    if output(directory) not in (begun, begun + b"\n" if begun else begun):
        wrong.append("there is no position, but a file that is not empty")
    return wrong


def judge_units(scenario, kept, durable):
    ends = scenario.unit_ends()
    wrong = []
    taken = len(scenario.files.get("out", b"")) + 1   # --init: the file as it was, and a line feed
    if ends.get(len(durable), 0) != kept.end_lsn and not (kept.end_lsn == 0 and len(durable) <= taken):
        wrong.append(f"at the position's offset {kept.offset} ends {ends.get(len(durable), 0):#x}, it says "
                     f"{kept.end_lsn:#x}")
    last = max((lsn for offset, lsn in ends.items() if offset <= len(durable)), default=0)
    lost = [f"{end:#x}" for start, end in scenario.units() if start < kept.acked and end > last]
    if lost:
        wrong.append(f"the position says acknowledged {kept.acked:#x}, which passes over the units that end at {lost}")
    return wrong


def judge_end(scenario, directory, whole):
    """After the run that came to the end. `whole`: how much of a rotated file counts; None: all."""
    content = whole_output(directory, whole)
    if content != scenario.golden:
        return [difference(content, scenario.golden)]
    kept = position_file.read_file(os.path.join(directory, "out.position"))
    if kept is None:
        return ["there is no position at the end"]
    wrong = judge_state(scenario, directory, 0, whole)
    if kept.offset != os.path.getsize(os.path.join(directory, "out")):
        wrong.append(f"the position at the end is {kept}")
    return wrong


def difference(content, golden):
    at = next((i for i, (a, b) in enumerate(zip(content, golden)) if a != b), min(len(content), len(golden)))
    return (f"the output is not what was sent ({len(content)} bytes, not {len(golden)}), from {at} on: "
            f"{content[max(0, at - 60):at + 100]!r}, not {golden[max(0, at - 60):at + 100]!r}")
