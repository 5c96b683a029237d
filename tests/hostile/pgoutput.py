# SPDX-License-Identifier: MIT
"""Messages of pgoutput, encoded from the protocol's description."""
import struct

TS = 0x303c53efaa0e5
UNCHANGED = object()
TEXT, INT4 = 25, 23


def cstr(text):
    return (text.encode() if isinstance(text, str) else text) + b"\0"


def value(one):
    """None, UNCHANGED, text, or (kind byte, announced length, bytes) for what no server sends."""
    if one is None:
        return b"n"
    if one is UNCHANGED:
        return b"u"
    if isinstance(one, tuple):
        kind, length, data = one
        return kind + struct.pack("!I", length) + data
    data = one.encode() if isinstance(one, str) else one
    return b"t" + struct.pack("!i", len(data)) + data


def row(*values):
    return struct.pack("!h", len(values)) + b"".join(map(value, values))


def with_xid(xid):
    return struct.pack("!I", xid) if xid is not None else b""


def begin(final=0x2000000, xid=700):
    return b"B" + struct.pack("!QqI", final, TS, xid)


def commit(lsn=0x2000000, end=0x2000100):
    return b"C\0" + struct.pack("!QQq", lsn, end, TS)


def origin(name="org"):
    return b"O" + struct.pack("!Q", 0xabcd) + cstr(name)


def relation(oid=1, name="t", columns=("id", "v"), schema="public", types=None, xid=None):
    types = types or [TEXT] * len(columns)
    shape = b"".join(struct.pack("!B", i == 0) + cstr(column) + struct.pack("!Ii", kind, -1)
                     for i, (column, kind) in enumerate(zip(columns, types)))
    return (b"R" + with_xid(xid) + struct.pack("!I", oid) + cstr(schema) + cstr(name) + b"d" +
            struct.pack("!H", len(columns)) + shape)


def type_name(oid=100000, name="mood", xid=None):
    return b"Y" + with_xid(xid) + struct.pack("!I", oid) + cstr("public") + cstr(name)


def insert(*values, oid=1, xid=None):
    return b"I" + with_xid(xid) + struct.pack("!I", oid) + b"N" + row(*values)


def update(*values, oid=1, old=None, xid=None):
    before = b"K" + row(*old) if old else b""
    return b"U" + with_xid(xid) + struct.pack("!I", oid) + before + b"N" + row(*values)


def delete(*values, oid=1, xid=None):
    return b"D" + with_xid(xid) + struct.pack("!I", oid) + b"K" + row(*values)


def truncate(*oids, count=None, flags=0):
    count = len(oids) if count is None else count
    return b"T" + struct.pack("!IB", count, flags) + struct.pack(f"!{len(oids)}I", *oids)


def logical_message(content=b"hi", flags=1, lsn=0x2000050, prefix="p"):
    return b"M" + struct.pack("!BQ", flags, lsn) + cstr(prefix) + struct.pack("!i", len(content)) + content


def stream_start(xid=800, first=True):
    return b"S" + struct.pack("!IB", xid, first)


STREAM_STOP = b"E"


def stream_commit(xid=800, lsn=0x3000000, end=0x3000100):
    return b"c" + struct.pack("!IBQQq", xid, 0, lsn, end, TS)


def stream_abort(xid=800, subxid=None):
    """As with streaming=parallel."""
    return b"A" + struct.pack("!IIQq", xid, xid if subxid is None else subxid, 0x2ffff00, TS)


def begin_prepare(gid="g"):
    return b"b" + struct.pack("!QQqI", 0x2000000, 0x2000100, TS, 700) + cstr(gid)


def prepare(gid="g"):
    return b"P\0" + struct.pack("!QQqI", 0x2000000, 0x2000100, TS, 700) + cstr(gid)


def commit_prepared(gid="g"):
    return b"K\0" + struct.pack("!QQqI", 0x2000200, 0x2000300, TS, 700) + cstr(gid)


def rollback_prepared(gid="g"):
    return b"r\0" + struct.pack("!QQqqI", 0x2000100, 0x2000300, TS, TS, 700) + cstr(gid)


def stream_prepare(gid="g"):
    return b"p\0" + struct.pack("!QQqI", 0x2000000, 0x2000100, TS, 800) + cstr(gid)
