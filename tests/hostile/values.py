# SPDX-License-Identifier: MIT
"""HOSTILE's section "Values/output": J1 to J10. Behind every case stands too that the output is JSON in UTF-8 without a
control character."""
import struct

import pgoutput as pg
from case import CONNECT, INTERNAL, MIB, Case
from changes import FIRST, FIRST_LINES, GOOD, compact, said, whole
from peer import keepalive, wal

FORMATS = ("debezium", "wal2json-v1", "wal2json-v2", "pypgoutput", "pgoutput-decoder", "sql")
NAMES = ('a"b\\c', "line\nfeed", "\x1b[2J", "\u2028", "\U0001f600" * 15, "__proto__", "\x7f\x9b", "x" * 63)
TEXTS = ("\x1b[2J", "\x9b31m", "\x7f", "\r", "\x07", "\u202e", "\u2028\u2029",
         '"', "\\", "a\0b", "\0", "'", "\ufeff", "\t\n")
EXACT = ("infinity", "-infinity", "0044-03-15 BC", "294276-12-31", "1e-320", "-0", "NaN", "9" * 131072 + ".5",
         '{"a,b",NULL,"\\"q\\""}', '("x ""y""",)')
INVALID = (b"\xff", b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"ok\xfe\x1b[2J", b"\xe2\x82")


def transaction(*messages):
    return whole(pg.begin(), *messages, pg.commit())


def value(text):
    return transaction(pg.relation(), pg.insert("1", text))


def names(name):
    return transaction(pg.relation(name=name, schema=name, columns=("id", name)), pg.insert("1", "x"))


def named(name):
    return compact({"op": "I", "schema": name, "table": name, "new": {"id": "1", name: "x"}})


def parses(run):
    """In every format: lines that are JSON where the format is JSON, and no control character (judged for all)."""
    return None if run.out else "no output"


def formatted(format):
    """All hostile texts and names in one transaction, in another format."""
    messages = [pg.begin()]
    for oid, text in enumerate(NAMES, 10):
        messages += [pg.relation(oid, text, columns=("id", text)), pg.insert("1", "x", oid=oid)]
    messages += [pg.relation()] + [pg.insert("1", text) for text in (*TEXTS, *INVALID)]
    return Case(f"J2 all of it in format {format}", whole(*messages, pg.commit()), **(GOOD | {"check": parses}),
                command=("stream", "-S", "s", "--publication", "p", "--format", format, "-f", "out"),
                compact=False, connections=2)


def endless_value(sent):
    """A value of 1 GiB - 1 is announced, and then comes very little of it."""
    def play(peer):
        peer.start()
        announced = struct.pack("!cI", b"d", 0x3fffffff) + wal(pg.insert("1", (b"t", 0x3ffffff0, b"")))[5:]
        peer.send(b"".join(map(wal, (*FIRST, pg.begin(), pg.relation()))) + announced + b"x" * sent)
        peer.reset()
    return play


def long_value(peer):
    peer.start()
    peer.send(b"".join(map(wal, (pg.begin(), pg.relation(), pg.insert("1", "x" * (8 << 20)), pg.commit()))))
    peer.send(keepalive(0x9000000))
    peer.listen()


CASES = [
    *[Case(f"J1 the name {ascii(name)[:24]}", names(name), **GOOD, lines=named(name)) for name in NAMES],
    *[Case(f"J2 the text {ascii(text)}", value(text), **GOOD, lines=compact(said("1", text))) for text in TEXTS],
    *[Case(f"J3 the bytes {text.hex()}", value(text), **GOOD, lines=compact(said("1", {"$bytes": text.hex()})))
      for text in INVALID],
    *[Case(f"J7 the text {text[:20]}", value(text), **GOOD, lines=compact(said("1", text))) for text in EXACT],
    *[formatted(format) for format in FORMATS],
    Case("J8 1 GiB announced, 1 MiB sent", endless_value(MIB), CONNECT, lines=FIRST_LINES),
    Case("J8 1 GiB announced, --max-message 1000000", endless_value(0), INTERNAL, "max-message", lines=FIRST_LINES,
         args=("--max-message", "1000000")),
    Case("J8 a value of 8 MiB", long_value, **GOOD, lines=compact(said("1", "x" * (8 << 20))), rss=80 * MIB),
]
