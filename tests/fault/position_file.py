# SPDX-License-Identifier: MIT
"""FILE.position, read and written by its description (docs, src/sink/slots.h) and by nothing of ours."""
import dataclasses
import os
import pathlib
import struct

SLOT = 512
MAGIC = b"walwire\1"
FIELDS = struct.Struct(">8sI4xQQQQI4xQQ64s64s")
SEQUENCE_AT = 496


def make_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = make_table()


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xff]
    return crc ^ 0xffffffff


@dataclasses.dataclass
class Position:
    end_lsn: int
    offset: int
    acked: int
    system: int
    timeline: int
    device: int
    inode: int
    slot: str
    database: str
    sequence: int


def read_slot(data):
    """None for what is no whole slot."""
    if len(data) < SLOT or data[:8] != MAGIC or crc32c(data[12:SLOT]) != struct.unpack_from(">I", data, 8)[0]:
        return None
    _, _, *numbers, slot, database = FIELDS.unpack_from(data)
    return Position(*numbers, slot.rstrip(b"\0").decode(), database.rstrip(b"\0").decode(),
                    struct.unpack_from(">Q", data, SEQUENCE_AT)[0])


def read(data):
    """The newer of the two; None if there is none."""
    slots = [read_slot(data[at:at + SLOT]) for at in (0, SLOT)]
    return max((one for one in slots if one), key=lambda one: one.sequence, default=None)


def read_file(path):
    path = pathlib.Path(path)
    return read(path.read_bytes()) if path.exists() else None


def move(data, was, path):
    """The same positions, but of the file that is now at this path, where they were of the inode `was`."""
    if not os.path.exists(path):
        return data
    st = os.stat(path)
    moved = bytearray(data)
    for at in range(0, len(data) - SLOT + 1, SLOT):
        one = read_slot(data[at:at + SLOT])
        if one and one.inode == was:
            struct.pack_into(">QQ", moved, at + 56, st.st_dev, st.st_ino)
            struct.pack_into(">I", moved, at + 8, crc32c(moved[at + 12:at + SLOT]))
    return bytes(moved)
