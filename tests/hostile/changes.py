# SPDX-License-Identifier: MIT
"""HOSTILE's section "pgoutput": E1 to E25."""
import datetime
import struct

import pgoutput as pg
import scram
from case import DONE, GAP, INTERNAL, MIB, OUTPUT, PASSWORD, Case
from peer import COPY_BOTH, WELCOME, keepalive, wal
from pgoutput import UNCHANGED

END = 0x9000000
UNTIL = ("--endpos", "0/9000000")
TIME = (datetime.datetime(2000, 1, 1) + datetime.timedelta(microseconds=pg.TS)).isoformat() + "Z"


def compact(*rows, xid=700, lsn="0/2000000", end="0/2000100"):
    """A transaction's lines."""
    return [{"op": "B", "xid": xid, "lsn": lsn, "ts": TIME}, *rows, {"op": "C", "lsn": end}]


# One transaction with one row, as every stream begins that then turns bad.
FIRST = (pg.begin(), pg.relation(), pg.insert("1", "one"), pg.commit())
FIRST_ROW = {"op": "I", "schema": "public", "table": "t", "new": {"id": "1", "v": "one"}}
FIRST_LINES = compact(FIRST_ROW)


def stream(*messages, first=FIRST):
    """First a good transaction, then these."""
    data = b"".join(map(wal, (*first, *messages)))

    def play(peer):
        peer.start()
        peer.send(data)
        peer.listen()
    return play


def ordinary(peer):
    """With a password, as a server does it that knows it."""
    scram.log_in(peer, PASSWORD)
    peer.send(WELCOME)
    peer.query("START_REPLICATION")
    peer.send(COPY_BOTH + b"".join(map(wal, FIRST)) + keepalive(END))
    peer.listen()


GOOD = dict(exit=DONE, args=UNTIL, acked=END, must_ack=0x2000100)
ORDINARY = Case("an ordinary stream", ordinary, lines=FIRST_LINES, **GOOD)


def whole(*messages):
    """A stream that is in order, to its end."""
    data = b"".join(map(wal, messages)) + keepalive(END)

    def play(peer):
        peer.start()
        peer.send(data)
        peer.listen()
    return play


def refuse(id, *messages, says="", **more):
    """What comes behind a good transaction is refused, and only that transaction is in the output."""
    return Case(id, stream(*messages), INTERNAL, says, lines=FIRST_LINES, **more)


# ---- E1 to E4: layout and order ------------------------------------------------------------------------------------

B, C, R, I = pg.begin(0x2000200, 701), pg.commit(0x2000200, 0x2000300), pg.relation(), pg.insert("2", "two")
PIECES = {                    # what has to come before, and the message itself
    "Begin": ((), B), "Commit": ((B,), C), "Relation": ((B,), pg.relation(7)), "Type": ((B,), pg.type_name()),
    "Origin": ((B,), pg.origin()), "Insert": ((B,), I), "Update": ((B,), pg.update("3", UNCHANGED, old=("2", None))),
    "Delete": ((B,), pg.delete("3", None)), "Truncate": ((B,), pg.truncate(1)), "Message": ((B,), pg.logical_message()),
    "a Message of its own": ((), pg.logical_message(flags=0, lsn=0x2000200)),
    "Stream Start": ((), pg.stream_start()), "Stream Stop": ((pg.stream_start(),), pg.STREAM_STOP),
    "Stream Commit": ((pg.stream_start(), pg.STREAM_STOP), pg.stream_commit()),
    "Stream Abort": ((pg.stream_start(), pg.STREAM_STOP), pg.stream_abort()),
    "Stream Prepare": ((pg.stream_start(), pg.STREAM_STOP), pg.stream_prepare()),
    "Insert in a stream": ((pg.stream_start(),), pg.insert("2", "two", xid=800)),
    "Relation in a stream": ((pg.stream_start(),), pg.relation(7, xid=800)),
    "Begin Prepare": ((), pg.begin_prepare()), "Prepare": ((pg.begin_prepare(),), pg.prepare()),
    "Commit Prepared": ((), pg.commit_prepared()), "Rollback Prepared": ((), pg.rollback_prepared()),
}


def cuts(whole_message):
    """Some of the places where it can end too early; tests/decode has all of them."""
    size = len(whole_message)
    return sorted({1, 2, size // 2, size - 1} & set(range(1, size)))


LAYOUT = [
    refuse("E1 type 0x7f", b"\x7f\0\0\0", says="byte 0"),
    refuse("E1 type 0", b"\0"),
    *[refuse(f"E2 {name}, {cut} bytes of {len(one)}", *before, one[:cut], says=r"byte \d+")
      for name, (before, one) in PIECES.items() for cut in cuts(one)],
    *[refuse(f"E3 {name} and a byte", *before, one + b"\0", says=r"byte \d+")
      for name, (before, one) in PIECES.items()],
    refuse("E4 Begin inside Begin", B, B), refuse("E4 Commit without Begin", C), refuse("E4 a change outside", I),
    refuse("E4 Stream Start inside Begin", B, pg.stream_start()),
    refuse("E4 another commit's position", B, pg.commit(0x2000500, 0x2000600)),
    refuse("E4 Commit of a prepared transaction", pg.begin_prepare(), C),
    refuse("E4 Commit with flags", B, b"C\1" + C[2:]),
    Case("E4 a transaction that ends before the last one", 
         stream(pg.begin(0x1f00000, 702), pg.commit(0x1f00000, 0x1f00100)), GAP, "went back", lines=FIRST_LINES),
]

# ---- E7 to E16: rows -----------------------------------------------------------------------------------------------


def many_relations(peer):
    peer.start()
    peer.send(b"".join(map(wal, FIRST)) + wal(B))
    for start in range(0, 1000000, 1000):
        peer.send(b"".join(wal(pg.relation(oid, f"table_{oid}")) for oid in range(start + 10, start + 1010)))
    peer.listen()


OTHER = pg.relation(columns=("id", "v", "more"))
ROWS = [
    refuse("E7 a relation that nobody announced", B, pg.insert("1", "x", oid=99), says="99"),
    refuse("E7 more columns than announced", B, pg.insert("1", "x", "y")),
    refuse("E7 fewer columns than announced", B, pg.insert("1")),
    refuse("E7 65535 columns announced", B, b"R" + struct.pack("!I", 7) + b"s\0t\0d\xff\xff"),
    Case("E9 10^6 relations", many_relations, INTERNAL, "max.relations.memory",
         args=("--max-relations-memory", "1000000"), lines=FIRST_LINES, seconds=20),
    Case("E10 a relation redefined within a transaction",
         whole(pg.begin(), pg.relation(), pg.insert("1", "a"), OTHER, pg.insert("2", "b", "c"), pg.commit()), **GOOD,
         lines=compact({**FIRST_ROW, "new": {"id": "1", "v": "a"}},
                       {**FIRST_ROW, "new": {"id": "2", "v": "b", "more": "c"}})),
    refuse("E12 column kind z", B, pg.insert("1", (b"z", 0, b""))),
    *[refuse(f"E12 a value of length {length:#x}", B, pg.insert("1", (b"t", length, b"ab")))
      for length in (0xffffffff, 0xfffffffe, 3, 0x7fffffff, 0x80000000)],
    Case("E12 a value of length 0", whole(pg.begin(), pg.relation(), pg.insert("1", ""), pg.commit()), **GOOD,
         lines=compact({**FIRST_ROW, "new": {"id": "1", "v": ""}})),
    refuse("E13 a binary value that nobody asked for", B, pg.insert("1", (b"b", 1, b"x")), says="binary"),
    Case("E14 an unchanged value is not NULL",
         whole(pg.begin(), pg.relation(), pg.update("1", UNCHANGED), pg.update("1", None), pg.commit()), **GOOD,
         lines=compact({**FIRST_ROW, "op": "U", "new": {"id": "1"}, "unchanged": ["v"]},
                       {**FIRST_ROW, "op": "U", "new": {"id": "1", "v": None}})),
    refuse("E16 Truncate of 0xffffffff relations", B, pg.truncate(1, count=0xffffffff)),
    refuse("E16 Truncate of 0x40000000 relations", B, pg.truncate(1, count=0x40000000)),
    refuse("E16 unknown options of Truncate", B, pg.truncate(1, flags=0x80)),
    refuse("E16 Truncate of an unknown relation", B, pg.truncate(99)),
    refuse("E17 a message of -1 bytes", B, b"M" + struct.pack("!BQ", 1, 0x2000250) + b"p\0" + b"\xff" * 4),
    refuse("E17 a message with other flags", B, pg.logical_message(flags=2)),
]

# ---- E19 to E25: streams -------------------------------------------------------------------------------------------

S, S2, STOP = pg.stream_start(), pg.stream_start(first=False), pg.STREAM_STOP


def in_stream(*values, xid=800):
    return pg.insert(*values, xid=xid)


def open_streams(peer):
    peer.start()
    peer.send(b"".join(map(wal, FIRST)))
    for start in range(0, 200000, 1000):
        peer.send(b"".join(wal(pg.stream_start(xid)) + wal(STOP) for xid in range(start + 1000, start + 2000)))
    peer.listen()


def one_large_stream(peer):
    peer.start()
    peer.send(b"".join(map(wal, (*FIRST, S, pg.relation(xid=800)))))
    data = wal(in_stream("1", "x" * 100000)) * 10
    for _ in range(100):
        peer.send(data)
    peer.listen()


def said(value, of):
    return {**FIRST_ROW, "new": {"id": value, "v": of}}


LEVELS = (S, pg.relation(xid=800), in_stream("1", "top"), in_stream("2", "sub", xid=801),
          in_stream("3", "sub of sub", xid=802), in_stream("4", "sub of sub of sub", xid=803), STOP,
          pg.stream_abort(800, 803), pg.stream_abort(800, 802), S2, pg.relation(xid=800), in_stream("5", "top"),
          STOP, pg.stream_commit())
SAME = b"".join(map(wal, (*FIRST, *LEVELS))) + keepalive(END)
SAME_LINES = FIRST_LINES + compact(said("1", "top"), said("2", "sub"), said("5", "top"), xid=800, lsn="0/3000000",
                                   end="0/3000100")


def in_pieces(size):
    def play(peer):
        peer.start()
        for at in range(0, len(SAME), size):
            peer.send(SAME[at:at + size])
        peer.listen()
    return play


def split_at(at):
    def play(peer):
        peer.start()
        peer.send(SAME[:at])
        peer.pause(0.02)
        peer.send(SAME[at:])
        peer.listen()
    return play


STREAMS = [
    refuse("E19 Stream Start within a stream", S, S2), refuse("E19 Stop without Start", STOP),
    refuse("E19 a change with xid 0", S, pg.relation(xid=800), in_stream("1", "x", xid=0)),
    refuse("E19 Commit of an unknown xid", pg.stream_commit(999)),
    refuse("E19 a first piece that is not the first", S2),
    refuse("E19 Stream Start of xid 0", pg.stream_start(0)),
    refuse("E19 Begin within a stream", S, B), refuse("E19 Stream Commit within a stream", S, pg.stream_commit()),
    Case("E20 an abort of a subtransaction, three levels deep", in_pieces(1 << 20), **GOOD, lines=SAME_LINES),
    Case("E21 an abort of an unknown xid", whole(*FIRST, pg.stream_abort(555), pg.stream_abort(555, 556)), **GOOD,
         lines=FIRST_LINES,
         says=r"^walwire: the server sent a Stream Abort of a transaction that was never streamed[^\n]*\n\Z"),
    Case("E23 10^5 open streams and more", open_streams, INTERNAL, lines=FIRST_LINES, acked=0x2000100, rss=80 * MIB, seconds=30),
    Case("E23 a stream beyond its quota", one_large_stream, OUTPUT, "spill", lines=FIRST_LINES, acked=0x2000100, seconds=20,
         args=("--assemble-memory", "1000000", "--spill-limit", "4000000")),
    *[Case(f"E25 the same bytes in pieces of {size}", in_pieces(size), **GOOD, lines=SAME_LINES)
      for size in (1, 2, 7, 61, 65536)],
    *[Case(f"E25 the same bytes in two, at {at}", split_at(at), **GOOD, lines=SAME_LINES)
      for at in range(1, len(SAME), 97)],
]
CASES = [ORDINARY, *LAYOUT, *ROWS, *STREAMS]
