# SPDX-License-Identifier: MIT
"""Reads FILE.position, by its description (src/sink/slots.h) and not with our own code."""
import dataclasses
import struct

TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
    TABLE.append(byte)


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xff]
    return crc ^ 0xffffffff


@dataclasses.dataclass(frozen=True)
class Position:
    end_lsn: int
    offset: int
    acked: int
    system_id: int
    timeline: int
    device: int
    inode: int
    slot: str
    database: str
    sequence: int


def lsn(text):
    """A position as a number; 0 for none."""
    high, _, low = (text or "0/0").partition("/")
    return int(high, 16) << 32 | int(low, 16)


def parse(half):
    """One of the two slots; None unless it is whole."""
    if len(half) != 512 or half[:8] != b"walwire\1" or struct.unpack(">I", half[8:12])[0] != crc32c(half[12:]):
        return None
    numbers = struct.unpack(">QQQQIIQQ", half[16:72])
    names = (half[at:at + 64].rstrip(b"\0").decode() for at in (72, 136))
    return Position(*numbers[:5], *numbers[6:], *names, struct.unpack(">Q", half[496:504])[0])


def read(path):
    """What is kept there; None if it is nothing. Two slots are written in turn, so one is whole at any moment."""
    data = path.read_bytes() if path.exists() else b""
    whole = [one for one in (parse(data[:512]), parse(data[512:1024])) if one]
    return max(whole, key=lambda one: one.sequence, default=None)
