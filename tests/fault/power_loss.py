#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The power goes at every moment of a run. What was not synced is then lost, or kept, or kept in part.

    power_loss.py --walwire BIN --shim LIB [--long]

From the shim's log the disk is built as it can be after each call: of each file's writes and cuts since its last sync
none, all, the first ones, the first bytes, or any sectors of 512 bytes; the file's size with or without them; a new
name with or without its directory's sync. In each image position and data have to agree, and the last flush position
that was sent before has to be covered by it; on a part of them, chosen by the seed, the real command then runs on."""
import ast
import dataclasses
import random
import sys

import judge
import points
import position_file
import scenarios
import shimlog
from recovery import go_on, inodes

SECTOR = 512
CRASHED = 99


# ---- one disk ------------------------------------------------------------------------------------------------------

@dataclasses.dataclass
class Image:
    names: dict               # name -> inode
    files: dict               # inode -> bytes
    flushed: int


def sectors(event):
    """A write's parts that get to the disk one without the other: (offset, bytes)."""
    at, data = event.offset, event.data
    while data:
        size = SECTOR - at % SECTOR
        yield at, data[:size]
        at, data = at + size, data[size:]


def apply(content, event):
    if event.call == "truncate":
        del content[event.offset:]
        content.extend(bytes(event.offset - len(content)))
    else:
        shimlog.write_into(content, event.offset, event.data)


def prefix(disk, inode, count):
    content = bytearray(disk.durable[inode])
    for event in disk.pending[inode][:count]:
        apply(content, event)
    return bytes(content)


def torn(disk, inode, chance):
    """The first ones, and of the last of them the first bytes: a disk that does not even keep a sector whole."""
    count = chance.randint(1, len(disk.pending[inode]))
    last = disk.pending[inode][count - 1]
    content = bytearray(prefix(disk, inode, count - 1))
    shimlog.write_into(content, last.offset, last.data[:chance.randint(0, len(last.data))])
    return bytes(content)


def some_sectors(disk, inode, chance):
    """Any part of what was written, in order where it overlaps; cuts happen or do not."""
    content, size = bytearray(disk.durable[inode]), len(disk.durable[inode])
    for event in disk.pending[inode]:
        if event.call == "truncate":
            if chance.random() < 0.5:
                apply(content, event)
            continue
        size = max(size, event.offset + len(event.data))
        for at, data in sectors(event):
            if chance.random() < 0.5:
                shimlog.write_into(content, at, data)
    if chance.random() < 0.5:   # the new size was kept: what is not there are zeros
        content.extend(bytes(max(0, size - len(content))))
    return bytes(content)


def any_content(disk, inode, chance):
    pending = disk.pending.get(inode)
    if not pending:
        return disk.durable[inode]
    way = chance.randrange(4)
    if way == 0:
        return prefix(disk, inode, chance.randint(0, len(pending)))
    if way == 3:
        return torn(disk, inode, chance)
    if way == 1:
        size = len(disk.content[inode])
        return (disk.durable[inode] + bytes(max(0, size - len(disk.durable[inode]))))[:size]
    return some_sectors(disk, inode, chance)


def images(disk, flush, chance, more):
    """What may be on the disk now: the corners, and `more` others."""
    durable = dict(disk.durable)
    newest = {inode: bytes(content) for inode, content in disk.content.items()}
    places = [inode for name, inode in disk.names.items() if name.endswith(".position")]
    yield Image(dict(disk.durable_names), durable, flush)
    yield Image(dict(disk.names), newest, flush)
    yield Image(dict(disk.names), durable | {inode: newest[inode] for inode in places}, flush)
    yield Image(dict(disk.names), newest | {inode: durable[inode] for inode in places}, flush)
    for _ in range(more):
        names = disk.names if chance.random() < 0.5 else disk.durable_names
        yield Image(dict(names), {inode: any_content(disk, inode, chance) for inode in disk.durable}, flush)


def write_image(image, directory):
    """The positions are made to be of the files as they are now."""
    place = None
    for name, inode in image.names.items():
        (directory / name).write_bytes(image.files[inode])
        place = directory / name if name.endswith(".position") else place
    for name, inode in image.names.items():
        if place and not name.endswith(".position"):
            place.write_bytes(position_file.move(place.read_bytes(), inode, directory / name))


# ---- a run, and the moments of it ----------------------------------------------------------------------------------

def record(scenario, directory, crash):
    """The log of a run; with `crash`, of one that ended there and of the next one, which told how much of a file that
    was renamed is whole."""
    directory.mkdir()
    scenario.restore(directory)
    disk = shimlog.Disk(inodes(scenario, directory))
    disk.names = {name: (directory / name).stat().st_ino for name in scenario.files}
    disk.durable_names = dict(disk.names)
    slot = scenarios.Slot(scenario.confirmed, scenario.two_phase)
    log = directory / "shim"
    run = scenario.run(*points.server(), directory, {"CRASH": crash} if crash else {}, log=log, slot=slot)
    whole = None
    if run.status == CRASHED:
        whole = scenarios.rotated_end(directory) if (directory / "out.1").exists() else None
        go_on(scenario, directory, slot, log)
    elif run.status != 0:
        raise SystemExit(f"{scenario.name}: fails without a fault: {run.stderr}")
    return disk, shimlog.read(log), whole


def moments(disk, events):
    """(the disk, what was acknowledged at most) after each event that changes either."""
    flush = 0
    for event in events:
        before = flush
        if event.call == "feedback":
            flush = max(flush, event.flush)
        disk.take(event)
        if flush != before or event.call in ("write", "truncate", "sync", "create", "rename"):
            yield disk, flush


def is_users(scenario, image):
    """What --init finds before it has begun is what it goes on behind: of a line feed a zero may be left."""
    if scenario.again is None or "out.position" not in image.names:
        return False
    out = image.files.get(image.names.get("out"), b"")
    return (position_file.read(image.files[image.names["out.position"]]) is None and
            out == scenario.files["out"] + b"\0")


def judge_image(scenario, image, directory, chance, real, whole):
    """What is wrong with it."""
    directory.mkdir()
    write_image(image, directory)
    if "out.1" not in image.names:
        whole = None
    else:   # the rest is told of by the run that begins behind it
        end = scenarios.rotated_end(directory)
        whole = end if whole is None else min(whole, end)
    wrong = judge.judge_state(scenario, directory, image.flushed, whole)
    return wrong + (run_on(scenario, image, directory, chance, whole) if real else [])


def run_on(scenario, image, directory, chance, whole):
    confirmed = max(image.flushed, scenario.confirmed) if chance.random() < 0.5 else scenario.confirmed
    slot = scenarios.Slot(confirmed, scenario.two_phase)
    run = go_on(scenario, directory, slot, None)
    if run.status != 0 or run.wrong:
        return [*run.wrong, f"the run afterwards ends with {run.status}: {run.stderr}"]
    return judge.judge_end(scenario, directory, whole)


def lose_power(scenario, point, directory):
    """All images of one run. In place of `reached`: how many there were, and how many the command ran on."""
    seed, crash, more, part = point
    chance = random.Random(f"{seed} {scenario.name} {crash}")
    seen, wrong, ran = set(), [], 0
    disk, events, whole = record(scenario, directory / "run", crash)
    for _, flush in moments(disk, events):
        for image in images(disk, flush, chance, more):
            key = hash((tuple(sorted(image.names.items())), tuple(sorted(image.files.items())), flush))
            if key in seen or is_users(scenario, image):
                continue
            seen.add(key)
            real = chance.random() < part
            ran += real
            found = judge_image(scenario, image, directory / f"image{len(seen)}", chance, real, whole)
            if found:
                held = {name: len(image.files[inode]) for name, inode in image.names.items()}
                wrong.append(f"image {len(seen)}, files {held}, acknowledged {flush:#x}: " + "; ".join(found))
            else:
                clear(directory / f"image{len(seen)}")
    return wrong[:5], (len(seen), len(wrong), ran)


def clear(directory):
    for path in directory.iterdir():
        path.unlink()
    directory.rmdir()


def calls_of(scenario, point, directory):
    """Not a point: how many calls there are."""
    return [], shimlog.counted(record(scenario, directory / "run", None)[1])


def main(argv):
    chosen = points.options(argv, __doc__)
    one = points.Rig(chosen, "power loss")
    runs = chosen.runs or (30 if chosen.long else 1)
    more, part = (12, 0.2) if chosen.long else (4, 0.04)
    tasks = []
    for name, _, wrong, calls in one.map(calls_of, [(name, None) for name in one.names()]):
        if wrong:
            raise SystemExit("\n".join(wrong))
        tasks += [(name, (chosen.seed, None, more, part))]
        for _ in range(runs):
            crash = f"{one.random.randint(1, calls)}:{one.random.choice(('before', 'middle', 'after'))}"
            tasks += [(name, (chosen.seed, crash, more, part))]
    if chosen.point:
        tasks = [(name, ast.literal_eval(chosen.point)) for name in one.names()]   # as a failure printed it
    total = {}
    for name, point, wrong, numbers in one.map(lose_power, tasks):
        made, failed, ran = numbers if isinstance(numbers, tuple) else (1, 1, 0)
        have = total.setdefault(name, [0, 0, 0])
        have[:] = have[0] + made, have[1] + failed, have[2] + ran
        if wrong:
            one.tell(name, point, wrong)
    for name, (made, failed, ran) in sorted(total.items()):
        print(f"  {name:34} {made:6} images {failed:4} failed, the command ran on {ran}")
        one.passed += made - failed
        one.failed += failed
    return one.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
