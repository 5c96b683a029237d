#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes fuzz/corpus/fuzz_stream/: decisions for simulated histories, and scripts made of messages that
were captured from PostgreSQL 18.4 (PROTOCOL, appendix A.2). fuzz_stream.c says how they are read."""
import pathlib
import random
import struct

OUT = pathlib.Path(__file__).resolve().parent / "corpus" / "fuzz_stream"
CONFIRM, FEEDBACK, HOLD = b"\xf0", b"\xfd", b"\xfe"

BEGIN = "42 00000000036ce3c0 000303c53efaa0e5 00000386"
RELATION = ("52 000060df 7075626c696300 6700 64 0003 01 696400 00000017 ffffffff"
            "00 7600 00000019 ffffffff 00 6d00 000060dc ffffffff")
INSERT = "49 000060df 4e 0003 74 00000001 31 6e 74 00000001 61"
UPDATE = "55 000060df 4b 0003 74 00000001 31 6e 6e 4e 0003 74 00000001 32 6e 74 00000001 61"
TRUNCATE = "54 00000001 00 000060df"
COMMIT = "43 00 00000000036ce3c0 00000000036ce3f0 000303c53efaa0e5"
MESSAGE = "4d 00 00000000036d03b0 70667800 00000002 6869"
BEGIN_PREPARE = "62 00000000036d0558 00000000036d0650 000303c53f06fe3f 00000391 6769643100"
PREPARE = "50 00 00000000036d0558 00000000036d0650 000303c53f06fe3f 00000391 6769643100"
COMMIT_PREPARED = "4b 00 00000000036d0650 00000000036d0688 000303c53f06ff31 00000391 6769643100"
ROLLBACK_PREPARED = ("72 00 00000000036d0800 00000000036d0838 000303c53f06ffef 000303c53f0701bc"
                     "00000392 6769643200")
STREAM_START, STREAM_STOP = "53 00000398 01", "45"
STREAM_RELATION = "52 00000398" + RELATION[2:]
STREAM_INSERT = "49 00000399 000060df 4e 0003 74 00000001 31 6e 74 00000001 61"
STREAM_ABORT = "41 00000398 00000399 00000000036d1aa8 000303c540a60057"
STREAM_COMMIT = "63 00000398 00 00000000036d1b78 00000000036d1bb0 000303c540a60194"
STREAM_PREPARE = "70 00 00000000036d1c30 00000000036d1d28 000303c540a602a3 00000398 6769643300"


def copy(body):
    return bytes([len(body)]) + body


def wal(lsn, message):
    return copy(b"w" + struct.pack(">QQq", lsn, lsn, 0) + bytes.fromhex(message))


def keepalive(lsn, reply=0):
    return copy(b"k" + struct.pack(">QqB", lsn, 0, reply))


def confirm(unit):
    return CONFIRM + bytes([unit])


TRANSACTION = (wal(0x36CE3C0, BEGIN) + wal(0, RELATION) + wal(0x36CE3C0, INSERT)
               + wal(0x36CE3C0, UPDATE) + keepalive(0x36CE3B0, 1) + FEEDBACK
               + wal(0x36CE3C0, TRUNCATE) + wal(0x36CE3F0, COMMIT))
PREPARED = (wal(0x36D0558, BEGIN_PREPARE) + wal(0, RELATION) + wal(0x36D0558, INSERT)
            + wal(0x36D0650, PREPARE))
STREAMED = (wal(0x36D1000, STREAM_START) + wal(0, STREAM_RELATION) + wal(0x36D1000, STREAM_INSERT)
            + wal(0x36D1000, STREAM_STOP) + wal(0x36D1AA8, STREAM_ABORT))

SCRIPTS = {
    "transaction": TRANSACTION + keepalive(0x36CF000) + confirm(0) + FEEDBACK,
    "order": TRANSACTION + wal(0x36D03B0, MESSAGE) + confirm(1) + confirm(0) + keepalive(0x36D03B0),
    "again": TRANSACTION + TRANSACTION + confirm(0),
    "two-phase": PREPARED + wal(0x36D0688, COMMIT_PREPARED) + confirm(1) + confirm(0)
    + wal(0x36D0838, ROLLBACK_PREPARED) + confirm(2) + keepalive(0x36D1000, 1) + FEEDBACK,
    "streamed": STREAMED + wal(0x36D1BB0, STREAM_COMMIT) + confirm(0) + FEEDBACK,
    "stream-prepared": STREAMED + wal(0x36D1D28, STREAM_PREPARE) + confirm(0) + keepalive(0x36D1D28),
    "held": TRANSACTION + HOLD + confirm(0) + keepalive(0x36CF000) + FEEDBACK,
    "oddities": copy(b"s" + bytes(32)) + copy(b"w" + bytes(24)) + wal(1, STREAM_ABORT)
    + wal(0x36D0650, PREPARE) + copy(b"x"),
}


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for name, script in SCRIPTS.items():
        for streaming in (0, 1):
            (OUT / f"script-{name}-{streaming}").write_bytes(bytes([1, streaming]) + script)
    source = random.Random(1)
    for i in range(12):
        for mode in (0, 2):
            decisions = bytes(source.randrange(256) for _ in range(60 * (i + 1)))
            (OUT / f"history-{mode}-{i}").write_bytes(bytes([mode]) + decisions)


main()
