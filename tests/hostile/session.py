# SPDX-License-Identifier: MIT
"""HOSTILE's section "Session messages": C1 to C24, and T7's floods."""
import struct

import changes
from case import CONNECT, DONE, INTERNAL, REFUSED, Case
from changes import END, FIRST, FIRST_LINES, UNTIL
from peer import (ANSWERS, COPY_BOTH, WELCOME, Ended, authentication, keepalive, message, parameter, report, rows,
                  wal)

# ---- the same bytes in every phase ---------------------------------------------------------------------------------


def greeted(data):
    def play(peer):
        peer.read_startup()
        peer.send(data)
        peer.listen()
    return play


def logged_in(data):
    def play(peer):
        peer.read_startup()
        peer.send(authentication(0) + data)
        peer.listen()
    return play


def instead_of(word, data):
    """These bytes in place of the answer to the query that has this word."""
    def play(peer):
        peer.log_in()
        peer.query(word)
        peer.send(data)
        peer.listen()
    return play


def streaming(data):
    def play(peer):
        peer.start()
        peer.send(b"".join(map(wal, FIRST)) + data)
        peer.listen()
    return play


PHASES = (("before the login", greeted, CONNECT), ("after the login", logged_in, CONNECT),
          ("in place of a row", lambda data: instead_of("IDENTIFY_SYSTEM", data), CONNECT),
          ("in place of CopyBothResponse", lambda data: instead_of("START_REPLICATION", data), CONNECT),
          ("in the stream", streaming, INTERNAL))


def everywhere(id, data, says="", phases=PHASES, **more):
    return [Case(f"{id}, {name}", play(data), code, says, **more) for name, play, code in phases]


def header(kind, length):
    return struct.pack("!cI", kind, length)


# ---- C1 to C5: frames ----------------------------------------------------------------------------------------------

ROW = rows(1, (b"x",))
FRAMES = [
    *[one for kind in (b"Z", b"N", b"d") for length in (0, 1, 2, 3)
      for one in everywhere(f"C1 {kind.decode()} of length {length}", header(kind, length) + bytes(16))],
    *[one for kind, length in ((b"D", 0x7fffffff), (b"d", 0xffffffff), (b"T", 0x80000000), (b"E", 0x7fffffff),
                               (b"N", 0x7fffffff), (b"S", 0x3fffffff))
      for one in everywhere(f"C2 {kind.decode()} of length {length:#x}", header(kind, length) + bytes(16))],
    *[one for kind in (b"\0", b"\xff", b"q", b"p", b"\x1b", b"1", b"V")
      for one in everywhere(f"C4 type {kind!r}", header(kind, 4), "unexpected message")],
    *[Case(f"C5 {name}", instead_of("IDENTIFY_SYSTEM", rows(4)[:-len(message("C", b"SELECT\0") + message("Z", b"I"))] +
                                    message("D", body)), CONNECT, "message 'D'|RowDescription")
      for name, body in (("length -2", struct.pack("!hi", 4, -2)), ("length behind the end", struct.pack("!hi", 4, 9)),
                         ("length 0x7fffffff", struct.pack("!hi", 4, 0x7fffffff)), ("-1 columns", b"\xff\xff"),
                         ("too few columns", struct.pack("!hi", 1, -1)),
                         ("a byte behind it", struct.pack("!hiiiib", 4, -1, -1, -1, -1, 0)))],
]

# ---- C8: errors ----------------------------------------------------------------------------------------------------

FORGED = (b"SFATAL\0VFATAL\0C28P01\0M\x1b[2Jx\nwalwire: all is well\r\nwalwire: 2 \xff\xfe\x9b31m\0"
          b"D\x1b]0;t\x07\0H\n\n\n\0\0")
UNMADE = (("no 'C'", b"SERROR\0VERROR\0Mx\0\0", True), ("no 'M'", b"SERROR\0VERROR\0C42704\0\0", True),
          ("no fields", b"\0", True), ("1000 fields", b"Wx\0" * 1000 + b"C42704\0\0", True),
          ("duplicate fields", b"C42704\0C28000\0Ma\0Mb\0\0", True),
          ("unknown fields", b"\x01x\0\xffy\0C42704\0\0", True),
          ("a code that is none", b"C\x1b[2Jm\0Mx\0\0", True),
          ("a field without its end", b"Mx", False),
          ("no end", b"Mx\0", False), ("bytes behind the end", b"Mx\0\0x", False),
          ("nothing at all", b"", False))
ERRORS = [
    *everywhere("C8 an error that forges lines", message("E", FORGED), "server says: FATAL 28P01",
                [(name, play, CONNECT) for name, play, _ in PHASES]),
    *[Case(f"C8 a notice that forges lines, {name}", play(message("N", FORGED) + data), code, args=args)
      for name, play, data, code, args in (
          ("after the login", logged_in, message("E", b"C57P01\0Mx\0\0"), CONNECT, ("-v",)),
          ("in the stream", streaming, message("E", b"C57P01\0Mx\0\0"), CONNECT, ()))],
    *[Case(f"C8 an error with {name}", play(message("E", body)), code)
      for name, body, whole in UNMADE
      for play, code in ((greeted, REFUSED if whole else CONNECT), (streaming, REFUSED if whole else INTERNAL))],
    *everywhere("C20 57P01", report("E", b"FATAL", b"57P01"), "57P01", [(n, p, CONNECT) for n, p, _ in PHASES]),
    *everywhere("C20 57P02", report("E", b"FATAL", b"57P02"), "57P02", [(n, p, CONNECT) for n, p, _ in PHASES]),
    *everywhere("C20 57P03", report("E", b"FATAL", b"57P03"), "57P03", [(n, p, CONNECT) for n, p, _ in PHASES]),
]

# ---- C10 to C16 ----------------------------------------------------------------------------------------------------


def settings(*more):
    """A login with these ParameterStatus, and an ordinary stream behind it."""
    data = b"".join(more)

    def play(peer):
        peer.read_startup()
        peer.send(authentication(0) + data + WELCOME)
        peer.query("START_REPLICATION")
        peer.send(COPY_BOTH + b"".join(map(wal, FIRST)) + keepalive(END))
        peer.listen()
    return play


def version(text):
    def play(peer):
        peer.read_startup()
        peer.send(authentication(0) + parameter(b"client_encoding", b"UTF8") + parameter(b"server_version", text) +
                  message("Z", b"I"))
        peer.query("START_REPLICATION")
        peer.send(COPY_BOTH + b"".join(map(wal, FIRST)) + keepalive(END))
        peer.listen()
    return play


def flood(data, times):
    def play(peer):
        peer.log_in()
        peer.query("START_REPLICATION")
        peer.send(COPY_BOTH + b"".join(map(wal, FIRST)))
        for _ in range(times // 1000):
            peer.send(data * 1000)
        peer.send(keepalive(END))
        peer.listen()
    return play


def endless(data):
    """Until the client has had enough."""
    def play(peer):
        peer.read_startup()
        peer.send(authentication(0))
        while True:
            peer.send(data * 1000)
    return play


def rows_without_end(peer):
    peer.log_in()
    peer.query("IDENTIFY_SYSTEM")
    answer = rows(4, (b"1", b"1", b"0/1", b"db"))[:-len(message("C", b"SELECT\0") + message("Z", b"I"))]
    peer.send(answer)
    peer.server.reached.set()
    while True:
        peer.send(message("D", struct.pack("!hiiii", 4, -1, -1, -1, -1)) * 1000)


GOOD = dict(exit=DONE, args=UNTIL, acked=END, must_ack=0x2000100, lines=FIRST_LINES)
EXTRAS = (message("A", struct.pack("!i", 7) + b"channel\0payload\0") + parameter(b"TimeZone", b"UTC") +
          report("N", b"NOTICE", b"00000"))


def extras_everywhere(peer):
    """Notices, settings and notifications wherever they are legal."""
    peer.read_startup()
    peer.send(authentication(0) + parameter(b"TimeZone", b"UTC") + report("N", b"NOTICE", b"00000") + WELCOME + EXTRAS)
    while True:
        text = peer.queries[-1] if peer.queries else ""
        kind, body = peer.read_message()
        if kind != "Q":
            raise Ended(kind)
        text = body[:-1].decode()
        if "START_REPLICATION" in text:
            break
        answer = next((found for piece, found in ANSWERS.items() if piece in text), rows(1))
        peer.send(EXTRAS + answer.replace(message("C", b"SELECT\0"), EXTRAS + message("C", b"SELECT\0") + EXTRAS))
    peer.send(EXTRAS + COPY_BOTH + EXTRAS + b"".join(wal(one) + EXTRAS for one in FIRST) + keepalive(END) + EXTRAS)
    peer.listen()


def drip(before, data, seconds):
    def play(peer):
        before(peer)
        peer.slowly(data, seconds)
        peer.listen()
    return play


SETTINGS = [
    *everywhere("C10 client_encoding=SJIS", parameter(b"client_encoding", b"SJIS"), "client_encoding", PHASES[1:]),
    *everywhere("C10 client_encoding=SQL_ASCII, the server's is not", parameter(b"client_encoding", b"SQL_ASCII"),
                "client_encoding", PHASES[1:]),
    *everywhere("C10 ParameterStatus without its second NUL", message("S", b"name\0value"), "ParameterStatus",
                PHASES[1:]),
    *everywhere("C10 a value of 10 MiB", message("S", b"n\0" + b"v" * (10 << 20) + b"\0"), "max_message", PHASES[1:]),
    Case("C10 standard_conforming_strings=off", settings(parameter(b"standard_conforming_strings", b"off")), **GOOD),
    *[Case(f"C10 server_version {text[:16]!r}", version(text), **GOOD)
      for text in (b"18.6 (x)", b"19beta2", b"", b"999999999999", b"-1", b"x" * 999, b"\x1b[2J")],
    Case("C10 10^6 settings before the login is done", endless(parameter(b"name", b"value")), CONNECT,
         "WW_MAX_STARTUP_PARAMETERS"),
    Case("C10 10^5 settings in the stream", flood(parameter(b"name", b"value"), 100000), **GOOD, seconds=20),
    Case("T7 10^5 notices in the stream", flood(report("N", b"LOG", b"00000"), 100000), **GOOD, seconds=20),
    Case("T7 10^5 keepalives that want an answer", flood(keepalive(0x100, True), 100000), **GOOD, seconds=20),
    Case("T7 notices without end after the login", endless(report("N", b"NOTICE", b"00000")), CONNECT,
         conninfo="connect_timeout=2"),
    Case("T7 rows without end, and a signal", rows_without_end, 130, interrupt=True),
    *[one for name, body in (("of length 4", b""), ("of length 6", b"II"), ("with status X", b"X"))
      for one in everywhere(f"C12 ReadyForQuery {name}", message("Z", body), phases=PHASES[1:4])],
    Case("C13 a second BackendKeyData", logged_in(message("K", bytes(8)) * 2), CONNECT, "BackendKeyData"),
    *[Case(f"C13 a key of {size} bytes", logged_in(message("K", bytes(4 + size))), CONNECT)
      for size in (0, 3, 5, 257)],
    Case("C14 a byte now and then before the login",
         drip(lambda p: p.read_startup(), authentication(10, b"A" * 999), 0.1), CONNECT,
         conninfo="connect_timeout=2"),
    Case("C14 a byte now and then after the login",
         drip(lambda p: (p.read_startup(), p.send(authentication(0))), parameter(b"n", b"v" * 999), 0.1), CONNECT,
         conninfo="connect_timeout=2"),
    Case("C15 notices, settings, notifications everywhere", extras_everywhere, **GOOD),
    *[Case(f"C16 {name} in place of CopyBothResponse", instead_of("START_REPLICATION", data), CONNECT)
      for name, data in (("CopyInResponse", message("G", b"\0\0\0")), ("CopyOutResponse", message("H", b"\0\0\0")),
                         ("CommandComplete", message("C", b"X\0") + message("Z", b"I")),
                         ("EmptyQueryResponse", message("I") + message("Z", b"I")),
                         ("ReadyForQuery", message("Z", b"I")),
                         ("CopyDone", message("c")), ("CopyData", wal(b"")), ("rows", rows(1, (b"x",))),
                         ("CopyBothResponse of an unknown format", message("W", b"\2\0\0")),
                         ("CopyBothResponse with -1 columns", message("W", b"\0\xff\xff")))],
    *[Case(f"C16 a second {name} in the stream", streaming(data), INTERNAL, "unexpected message")
      for name, data in (("CopyBothResponse", COPY_BOTH), ("RowDescription", message("T", b"\0\0")),
                         ("login", authentication(0)), ("ReadyForQuery", message("Z", b"I")),
                         ("BackendKeyData", message("K", bytes(8))))],
]

# ---- what we send --------------------------------------------------------------------------------------------------


def gone(peer):
    """Streams, then is not there any more for the status update."""
    peer.start()
    peer.send(b"".join(map(wal, FIRST)))
    peer.reset()


SENDING = [
    Case("C22 a startup packet over 10000 bytes", greeted(b""), CONNECT, "longer than a server takes",
         conninfo=f"application_name={'x' * 10001}", sent=b""),
    Case("C24 RST behind a transaction", gone, CONNECT, lines=FIRST_LINES),
]
CASES = FRAMES + ERRORS + SETTINGS + SENDING
