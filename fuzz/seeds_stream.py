#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes fuzz/corpus/fuzz_stream/ and fuzz_assemble/: decisions for simulated histories, and scripts made
of messages that were captured from PostgreSQL 18.4 (PROTOCOL, appendix A.2). The targets say how they
are read."""
import pathlib
import random
import struct

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
CONFIRM, THROUGH, PERMIT = b"\xf0", b"\xf6", b"\xf7"
FEEDBACK, AGAIN, HOLD = b"\xfc", b"\xfd", b"\xfe"

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


def renumber(message, xid):
    """The same message in a block, of another (sub)transaction."""
    return message[:3] + xid + message[11:]


def pack(*messages):
    bodies = [bytes.fromhex(m) for m in messages]
    return b"".join(bytes([len(b)]) + b for b in bodies)


def block(first, *messages, xid="00000398"):
    return pack(f"53 {xid} 0{first:d}", *messages, STREAM_STOP)


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
    "interrupted": TRANSACTION[:-27] + AGAIN + FEEDBACK + TRANSACTION + confirm(0) + AGAIN
    + keepalive(0x36CF000),
    "permitted": TRANSACTION + wal(0x36D03B0, MESSAGE) + confirm(0) + FEEDBACK + PERMIT + b"\x01" + FEEDBACK
    + THROUGH + b"\x01" + PERMIT + b"\x02" + keepalive(0x36D0400, 1) + FEEDBACK,
    "held": TRANSACTION + HOLD + confirm(0) + keepalive(0x36CF000) + FEEDBACK,
    "oddities": copy(b"s" + bytes(32)) + copy(b"w" + bytes(24)) + wal(1, STREAM_ABORT)
    + wal(0x36D0650, PREPARE) + copy(b"x"),
}


SUB = renumber(STREAM_INSERT, "0000039a")
TOP = renumber(STREAM_INSERT, "00000398")
STREAM_MESSAGE = "4d 00000398 01 00000000036d1b78 7000 00000001 7a"
STREAM_TRUNCATE = "54 00000398 00000001 00 000060df"
STREAM_TYPE = "59 00000398 000060dc 7075626c696300 676d00"
ORIGIN = "4f 0000000000000000 6f726700"
NARROW = "52 00000398 000060df 7075626c696300 6700 64 0001 01 696400 00000017 ffffffff"
NARROW_INSERT = "49 00000398 000060df 4e 0001 74 00000001 31"
SHORT_ABORT = "41 00000398 00000399"
TOP_ABORT = "41 00000398 00000398"
PLAIN = pack(BEGIN, RELATION, INSERT, UPDATE, TRUNCATE, COMMIT)
PLAIN_NARROW = pack(BEGIN, NARROW[:2] + NARROW[11:], COMMIT)

ASSEMBLED = {
    "commit": block(1, ORIGIN, STREAM_TYPE, STREAM_RELATION, STREAM_INSERT, STREAM_TRUNCATE,
                    STREAM_MESSAGE) + pack(STREAM_COMMIT),
    "prepare": block(1, STREAM_RELATION, TOP) + pack(STREAM_PREPARE),
    "rollback": block(1, STREAM_RELATION, TOP) + pack(TOP_ABORT) + PLAIN,
    "savepoint": block(1, STREAM_RELATION, TOP, STREAM_INSERT, STREAM_MESSAGE)
    + block(0, SUB, STREAM_INSERT) + pack(STREAM_ABORT, SHORT_ABORT)
    + block(0, STREAM_RELATION, STREAM_MESSAGE, TOP) + pack(STREAM_COMMIT),
    "interleaved": block(1, STREAM_RELATION, TOP)
    + block(1, renumber(STREAM_RELATION, "00000500"), renumber(TOP, "00000500"), xid="00000500")
    + PLAIN + block(0, TOP) + pack(STREAM_COMMIT)
    + pack("63 00000500 00 00000000036d2b78 00000000036d2bb0 000303c540a60194"),
    "ddl": PLAIN + block(1, STREAM_RELATION, TOP) + block(0, NARROW, NARROW_INSERT)
    + pack(STREAM_COMMIT),
    "stale": block(1, STREAM_RELATION, TOP) + PLAIN_NARROW + pack(STREAM_COMMIT),
    "empty": block(1) + block(0) + pack(STREAM_COMMIT),
    "stray": pack(STREAM_ABORT, MESSAGE, PREPARE, COMMIT_PREPARED),
}


def write_histories(out, source, modes):
    for i in range(12):
        for mode in modes:
            decisions = bytes(source.randrange(256) for _ in range(60 * (i + 1)))
            (out / f"history-{mode}-{i}").write_bytes(bytes([mode]) + decisions)


def main():
    source = random.Random(1)
    for target in ("fuzz_stream", "fuzz_assemble"):
        (CORPUS / target).mkdir(parents=True, exist_ok=True)
        write_histories(CORPUS / target, source, (0, 2))
    write_histories(CORPUS / "fuzz_stream", source, (4, 8, 12, 14, 28, 30)) # gated, breaks, assembled
    for name, script in SCRIPTS.items():
        for streaming in (0, 1, 2):
            path = CORPUS / "fuzz_stream" / f"script-{name}-{streaming}"
            path.write_bytes(bytes([1, streaming]) + script)
    for name, script in ASSEMBLED.items():
        (CORPUS / "fuzz_assemble" / f"script-{name}").write_bytes(b"\x01" + script)


main()
