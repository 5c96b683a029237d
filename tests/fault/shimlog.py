# SPDX-License-Identifier: MIT
"""The log of tests/fault/shim.c, and what the files held at each moment of it."""
import dataclasses
import json
import pathlib


@dataclasses.dataclass
class Event:
    number: int               # of the counted call; 0: not counted
    us: int
    call: str
    fd: int
    inode: int                # feedback: write
    offset: int               # feedback: flush
    length: int               # feedback: reply requested
    result: int
    errno: int
    data_at: int
    path: str
    data: bytes = b""

    @property
    def flush(self):
        return self.offset

    @property
    def write(self):
        return self.inode


def read(base):
    """The events of BASE.log, with the bytes of BASE.data."""
    log, data = pathlib.Path(f"{base}.log"), pathlib.Path(f"{base}.data")
    held = data.read_bytes() if data.exists() else b""
    events = []
    for line in log.read_text(errors="replace").splitlines() if log.exists() else []:
        number, us, call, *numbers, path = line.split(" ", 10)
        event = Event(int(number), int(us), call, *map(int, numbers), path)
        if call == "write" and event.result > 0:
            event.data = held[event.data_at:event.data_at + event.result]
        events.append(event)
    return events


def counted(events):
    return max((event.number for event in events), default=0)


def write_into(content, at, data):
    """What the file holds afterwards; a hole is zeros."""
    content.extend(bytes(max(0, at - len(content))))
    content[at:at + len(data)] = data


class Disk:
    """What the files hold, and what of it is durable: the model of a file system that keeps what was synced, and
    of the rest nothing that one could count on."""

    def __init__(self, files=None):
        self.content = {inode: bytearray(data) for inode, data in (files or {}).items()}
        self.durable = {inode: bytes(data) for inode, data in (files or {}).items()}
        self.pending = {}     # inode -> events since its last sync
        self.names = {}       # path -> inode
        self.durable_names = {}
        self.directories = set()

    def take(self, event):
        if event.result < 0 and event.call != "feedback":
            return
        getattr(self, f"take_{event.call}", lambda event: None)(event)

    def take_create(self, event):
        self.names[event.path] = event.inode
        if event.length == 1:   # it was there
            self.durable_names.setdefault(event.path, event.inode)
        self.content.setdefault(event.inode, bytearray())
        self.durable.setdefault(event.inode, b"")

    def take_rename(self, event):
        """Of the inode that is told, by whoever renamed it."""
        if event.inode:
            self.names = {name: inode for name, inode in self.names.items() if inode != event.inode}
            self.names[event.path] = event.inode

    def take_lost(self, event):
        """What was not synced is gone."""
        self.content = {inode: bytearray(data) for inode, data in self.durable.items()}
        self.pending = {}

    def take_open(self, event):
        if event.inode in self.names.values() or event.inode in self.content:
            return
        self.directories.add(event.inode)

    def take_write(self, event):
        write_into(self.content.setdefault(event.inode, bytearray()), event.offset, event.data)
        self.pending.setdefault(event.inode, []).append(event)

    def take_truncate(self, event):
        content = self.content.setdefault(event.inode, bytearray())
        del content[event.offset:]
        content.extend(bytes(event.offset - len(content)))
        self.pending.setdefault(event.inode, []).append(event)

    def take_sync(self, event):
        if event.inode in self.content:
            self.durable[event.inode] = bytes(self.content[event.inode])
            self.pending[event.inode] = []
        elif event.inode in self.directories:
            self.durable_names = dict(self.names)


def unit_ends(content):
    """[(offset behind the unit, its end_lsn)] of lines of the format compact; a torn last line is none."""
    ends, at, inside = [], 0, False
    for line in content.split(b"\n")[:-1]:
        at += len(line) + 1
        op = line[7:8] if line.startswith(b'{"op":"') else b""
        if op in (b"B", b"b"):
            inside = True
        elif op in (b"C", b"P", b"K", b"R", b"r") or (op == b"M" and not inside):
            inside = False
            high, low = json.loads(line)["lsn"].split("/")
            ends.append((at, int(high, 16) << 32 | int(low, 16)))
    return ends
