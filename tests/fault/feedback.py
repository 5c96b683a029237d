# SPDX-License-Identifier: MIT
"""Invariant I3 over a long run: the log of the shim (shim.c), held against the file as the oracle has accepted it.
At each status update, before its bytes went out:

    its flush position was in a position that had been synced
    the file had been synced as far as that position's offset
    at that offset ends the unit that the position names, and the next unit's commit record is not before the flush
    position: the server sends it again"""
import bisect
import json
import os

import position_file
import shimlog
from decoder import lsn_number


class Units:
    """Where units end in a file of the format compact, and where the commit record begins of each that follows."""

    def __init__(self, data):
        self.offsets, self.ends, self.begins = [0], [0], []
        at, begin = 0, None
        for line in data.split(b"\n")[:-1]:
            at += len(line) + 1
            op = line[7:8]
            if op in b"Bb":
                begin = lsn_number(json.loads(line)["lsn"])
            elif op in b"CPKr" or op == b"M" and begin is None:
                self.add(at, json.loads(line), begin)
                begin = None

    def add(self, at, event, begin):
        self.offsets.append(at)
        self.ends.append(lsn_number(event["lsn"]))
        if begin is None and "commit_lsn" in event:
            begin = lsn_number(event["commit_lsn"])
        self.begins.append(begin)   # None: not told

    def index(self, offset):
        """Of the unit that ends there; None if none does."""
        number = bisect.bisect_left(self.offsets, offset)
        return number if number < len(self.offsets) and self.offsets[number] == offset else None


class Checker:
    def __init__(self, units, name):
        self.units, self.name = units, name
        self.length, self.synced = {}, {}   # inode: bytes
        self.slots, self.durable = bytearray(1024), b""
        self.inode = None                   # of the position file
        self.wrong, self.count, self.moved, self.last = [], 0, 0, 0

    def take(self, event):
        if event.result >= 0 or event.call == "feedback":
            getattr(self, f"take_{event.call}", lambda event: None)(event)

    def take_create(self, event):
        """Of every open that may create: the names of what is written."""
        if os.path.basename(event.path) == f"{self.name}.position":
            self.inode = event.inode

    def take_write(self, event):
        if event.inode == self.inode:
            self.slots[event.offset:event.offset + len(event.data)] = event.data
        else:
            self.length[event.inode] = max(self.length.get(event.inode, 0), event.offset + event.result)

    def take_truncate(self, event):
        self.length[event.inode] = event.offset
        self.synced[event.inode] = min(self.synced.get(event.inode, 0), event.offset)

    def take_sync(self, event):
        if event.inode == self.inode:
            self.durable = bytes(self.slots)
        elif event.inode in self.length:
            self.synced[event.inode] = self.length[event.inode]

    def take_feedback(self, event):
        self.count += 1
        if event.flush < self.last:
            self.wrong.append(f"feedback {self.count}: {event.flush:#x} after {self.last:#x}")
        if event.flush == self.last:
            return
        self.moved, self.last = self.moved + 1, event.flush
        for what in self.judge(event.flush):
            self.wrong.append(f"feedback {self.count}, flush {event.flush:#x}: {what}")

    def judge(self, flush):
        kept = position_file.read(self.durable)
        if kept is None or kept.acked < flush:
            yield f"beyond what is durable: {kept}"
            return
        synced = self.synced.get(kept.inode, 0)
        if kept.offset > synced:
            yield f"the position says {kept.offset} bytes, synced are {synced}"
        unit = self.units.index(kept.offset)
        if unit is None or kept.offset > 0 and self.units.ends[unit] != kept.end_lsn:
            yield f"at {kept.offset} does not end what the position says: {kept}"
        elif unit < len(self.units.begins) and (self.units.begins[unit] or flush) < flush:
            yield f"the next unit's commit record is at {self.units.begins[unit]:#x}: it would not come again"


def check(log, file):
    """log: the path that shimlog.read() takes. Returns (what is wrong, how many status updates moved flush)."""
    checker = Checker(Units(file.read_bytes()), file.name)
    for event in shimlog.read(log):
        checker.take(event)
    return checker.wrong, checker.moved
