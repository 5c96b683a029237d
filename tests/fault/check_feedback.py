#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves from a log of tests/fault/shim.c that nothing was acknowledged that was not durable (invariant I3).

    check_feedback.py BASE      BASE.log and BASE.data, of one run or of several on the same files, one after the other

At each feedback, before its bytes go out:
  - its flush position is not beyond `acked` of the position that was synced last
  - that position's offset is the end of a unit of the file, and its end_lsn that unit's; so far the file is durable
  - every unit that the server would not send again lies before that offset (if the units are told: check(units=...));
    without them: nothing that was written to the file and begins before it lies behind the offset
  - it is not below an earlier one (I6)"""
import sys

import position_file
import shimlog


class Checker:
    """units: [(start, end_lsn)] of all units of the server's WAL, in the order of their ends. name: the output's."""

    def __init__(self, name="out", units=(), files=None):
        self.disk = shimlog.Disk(files)
        self.name, self.units = name, list(units)
        self.wrong, self.last, self.feedbacks = [], 0, 0
        self.failed = set()   # inodes of which a sync has failed
        self.ends = {}        # durable content -> its units

    def take(self, event):
        if event.call == "feedback":
            self.judge(event)
        elif event.call == "sync" and event.result < 0 and event.errno != 4:
            self.failed.add(event.inode)
        elif event.call == "sync" and event.inode in self.failed:
            self.say(event, "a sync is tried again after it failed")
        elif event.call == "started":
            self.failed.clear()
        self.disk.take(event)

    def say(self, event, what):
        self.wrong.append(f"{what} (feedback {self.feedbacks}, flush {event.flush:#x}, at {event.us} us)")

    def stored(self):
        """The position that is durable, and the file's durable bytes."""
        inode = self.disk.names.get(f"{self.name}.position")
        kept = position_file.read(self.disk.durable.get(inode, b""))
        return kept, self.disk.durable.get(kept.inode) if kept else None

    def judge(self, event):
        self.feedbacks += 1
        if event.flush == 0:   # nothing is said
            return
        if event.flush < self.last:
            self.say(event, f"acknowledged less than before: {self.last:#x}")
        self.last = max(self.last, event.flush)
        kept, content = self.stored()
        if kept is None or event.flush > kept.acked:
            self.say(event, f"beyond the durable position: {kept}")
        else:
            self.judge_position(event, kept, content)

    def units_of(self, content):
        if content not in self.ends:
            self.ends = {content: shimlog.unit_ends(content)}
        return self.ends[content]

    def judge_position(self, event, kept, content):
        if content is None or len(content) < kept.offset:
            held = "none" if content is None else len(content)
            self.say(event, f"the position says {kept.offset} bytes, durable are {held}")
            return
        ends = self.units_of(content)
        at = [lsn for offset, lsn in ends if offset == kept.offset]
        if kept.offset and at and kept.end_lsn != at[-1]:
            self.say(event, f"at {kept.offset} ends {at[-1]:#x}, the position says {kept.end_lsn:#x}")
        if kept.offset and not at and kept.end_lsn != 0:   # 0: --init took the file as it was
            self.say(event, f"no unit ends at {kept.offset}")
        self.judge_units(event, kept, ends)

    def judge_units(self, event, kept, ends):
        for start, end in self.units:
            if start < event.flush and end > kept.end_lsn:
                self.say(event, f"the unit that ends at {end:#x} is not durable, and would not come again")
        for offset, lsn in ends:
            if not self.units and offset > kept.offset and lsn <= event.flush:
                self.say(event, f"the unit that ends at {lsn:#x} lies behind the position")


def check(events, units=(), name="out", files=None):
    """What is wrong; [] if nothing is."""
    checker = Checker(name, units, files)
    for event in events:
        checker.take(event)
    return checker.wrong


def main(argv):
    events = shimlog.read(argv[0])
    checker = Checker()
    for event in events:
        checker.take(event)
    print(*checker.wrong, sep="\n", end="\n" if checker.wrong else "")
    print(f"{checker.feedbacks - len(checker.wrong)} passed, {len(checker.wrong)} failed")
    return 1 if checker.wrong or not checker.feedbacks else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
