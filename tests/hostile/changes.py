# SPDX-License-Identifier: MIT
"""HOSTILE's section "pgoutput": E1 to E25."""
import datetime
import struct

import pgoutput as pg
from case import DONE, INTERNAL, CONNECT, MIB, PASSWORD, Case
from peer import COPY_BOTH, WELCOME, keepalive, wal
from pgoutput import UNCHANGED
import scram

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


ORDINARY = Case("an ordinary stream", ordinary, DONE, args=UNTIL, acked=END, must_ack=0x2000100, lines=FIRST_LINES)
CASES = [ORDINARY]
