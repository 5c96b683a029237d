# SPDX-License-Identifier: MIT
"""A small decoder of pgoutput, written from the protocol's documentation and from nothing of ours: what a twin slot
holds, as the lines that walwire's format "compact" should have made of it.

Protocol 1, or 3 with prepared transactions; never streamed: the twin is read when all is over, in one piece."""
import datetime
import json
import struct

EPOCH = datetime.datetime(2000, 1, 1)
INTEGERS = {20, 21, 23, 26}   # int8, int2, int4, oid
BOOLEAN = 16


def dump(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def lsn_text(lsn):
    return f"{lsn >> 32:X}/{lsn & 0xffffffff:X}"


def lsn_number(text):
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


def time_text(microseconds):
    return (EPOCH + datetime.timedelta(microseconds=microseconds)).isoformat(timespec="microseconds") + "Z"


class Reader:
    def __init__(self, message):
        self.bytes, self.at = message, 0

    def take(self, form):
        values = struct.unpack_from(">" + form, self.bytes, self.at)
        self.at += struct.calcsize(">" + form)
        return values if len(values) > 1 else values[0]

    def string(self):
        end = self.bytes.index(0, self.at)
        text = self.bytes[self.at:end].decode()
        self.at = end + 1
        return text

    def piece(self, length):
        self.at += length
        return self.bytes[self.at - length:self.at]


class Relation:
    """A table as an R message tells it. columns: (is part of the key, name, type)."""

    def __init__(self, reader):
        self.schema, self.name = reader.string(), reader.string()
        reader.take("c")
        self.columns = []
        for _ in range(reader.take("H")):
            flags, name = reader.take("B"), reader.string()
            self.columns.append((flags & 1, name, reader.take("Ii")[0]))


UNCHANGED = object()


class Decoder:
    """lines: what it made of the messages so far."""

    def __init__(self):
        self.relations, self.lines = {}, []

    def take(self, message):
        reader = Reader(message)
        kind = chr(reader.take("B"))
        line = getattr(self, f"read_{kind}", None)
        if line is None:
            raise ValueError(f"message {kind!r} of the twin slot: {message[:40].hex()}")
        event = line(reader)
        if reader.at != len(message):
            raise ValueError(f"{len(message) - reader.at} bytes are left of message {kind!r}")
        if event is not None:
            self.lines.append(dump({"op": kind, **event}))

    # ---- transactions -----------------------------------------------------------------------------

    def read_B(self, reader):
        lsn, time, xid = reader.take("QqI")
        return {"xid": xid, "lsn": lsn_text(lsn), "ts": time_text(time)}

    def read_C(self, reader):
        _, _, end, _ = reader.take("BQQq")
        return {"lsn": lsn_text(end)}

    def read_b(self, reader):
        lsn, _, time, xid = reader.take("QQqI")
        return {"xid": xid, "gid": reader.string(), "lsn": lsn_text(lsn), "ts": time_text(time)}

    def read_P(self, reader):
        _, lsn, end, time, xid = reader.take("BQQqI")
        return {"xid": xid, "gid": reader.string(), "prepare_lsn": lsn_text(lsn), "lsn": lsn_text(end),
                "ts": time_text(time)}

    def read_K(self, reader):
        _, lsn, end, time, xid = reader.take("BQQqI")
        return {"xid": xid, "gid": reader.string(), "commit_lsn": lsn_text(lsn), "lsn": lsn_text(end),
                "ts": time_text(time)}

    def read_r(self, reader):
        _, prepared, end, prepare_time, time, xid = reader.take("BQQqqI")
        return {"xid": xid, "gid": reader.string(), "prepare_end_lsn": lsn_text(prepared),
                "lsn": lsn_text(end), "prepare_ts": time_text(prepare_time), "ts": time_text(time)}

    def read_A(self, reader):
        """Servers send it, now and then, of a transaction that they never streamed (ww_stream_counters)."""
        reader.take("II")

    # ---- definitions, which the lines do not show ---------------------------------------------------

    def read_R(self, reader):
        oid = reader.take("I")
        self.relations[oid] = Relation(reader)

    def read_Y(self, reader):
        reader.take("I")
        reader.string()
        reader.string()

    def read_O(self, reader):
        reader.take("Q")
        reader.string()

    # ---- changes ------------------------------------------------------------------------------------

    def read_I(self, reader):
        relation = self.relations[reader.take("I")]
        return self.change(relation, reader, reader.take("c"))

    read_U = read_D = read_I

    def change(self, relation, reader, part):
        event, old = {"schema": relation.schema, "table": relation.name}, {}
        if part in (b"K", b"O"):
            old = self.values(relation, reader)
            only_key = part == b"K"
            event["key" if only_key else "old"] = {
                name: value for is_key, (name, value) in zip((c[0] for c in relation.columns), old.items())
                if is_key or not only_key}
            part = reader.take("c") if reader.at < len(reader.bytes) else None
        if part == b"N":
            new = self.values(relation, reader)
            unchanged = [name for name, value in new.items() if value is UNCHANGED]
            filled = {name: event.get("old", {}).get(name, UNCHANGED) if value is UNCHANGED else value
                      for name, value in new.items()}
            event["new"] = {name: value for name, value in filled.items() if value is not UNCHANGED}
            if unchanged:
                event["unchanged"] = unchanged
        return event

    @staticmethod
    def values(relation, reader):
        """{column: value}; a dictionary keeps the order of the columns."""
        count, row = reader.take("H"), {}
        if count != len(relation.columns):
            raise ValueError(f"a row of {count} columns in {relation.name}")
        for _, name, oid in relation.columns:
            how = reader.take("c")
            if how == b"t":
                text = reader.piece(reader.take("I")).decode()
                row[name] = int(text) if oid in INTEGERS else text == "t" if oid == BOOLEAN else text
            else:
                row[name] = {b"n": None, b"u": UNCHANGED}[how]
        return row

    def read_T(self, reader):
        count, flags = reader.take("IB")
        tables = [self.relations[reader.take("I")] for _ in range(count)]
        return {"tables": [[table.schema, table.name] for table in tables], "cascade": bool(flags & 1),
                "restart": bool(flags & 2)}

    def read_M(self, reader):
        _, lsn = reader.take("BQ")
        prefix = reader.string()
        return {"prefix": prefix, "lsn": lsn_text(lsn), "content": reader.piece(reader.take("I")).decode()}
