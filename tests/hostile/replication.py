# SPDX-License-Identifier: MIT
"""HOSTILE's section "Replication sub-protocol": D1 to D15."""

import pgoutput as pg
from case import CONNECT, DONE, GAP, INTERNAL, REFUSED, USAGE, Case
from changes import END, FIRST, FIRST_LINES, UNTIL, stream
from peer import ANSWERS, COPY_BOTH, Ended, keepalive, message, report, rows, wal
from session import streaming

GOOD = dict(exit=DONE, args=UNTIL, acked=END, must_ack=0x2000100, lines=FIRST_LINES)


def copy_data(body):
    return message("d", body)


LAYOUT = [
    Case("D1 CopyData without a body", streaming(copy_data(b"")), INTERNAL),
    *[Case(f"D2 w with a header of {size} bytes", streaming(copy_data(b"w" + bytes(size))), INTERNAL)
      for size in (0, 1, 8, 16, 23)],
    Case("D2 w without a payload", lambda peer: streaming(wal(b"") * 3 + keepalive(END))(peer), **GOOD),
    *[Case(f"D3 k of {size} bytes", streaming(copy_data(b"k" + bytes(size))), INTERNAL) for size in (0, 16, 18, 100)],
    *[Case(f"D4 type {kind!r}", streaming(copy_data(kind + bytes(17))), INTERNAL)
      for kind in (b"x", b"z", b"\0", b"r")],
    Case("D4 s is skipped", streaming(copy_data(b"s" + bytes(32)) + keepalive(END)), **GOOD),
]


# ---- acknowledgement -----------------------------------------------------------------------------------------------

def asked_within(peer):
    """A keepalive far ahead, in the middle of a transaction; then silence until it was answered."""
    peer.start()
    peer.send(b"".join(map(wal, (pg.begin(), pg.relation(), pg.insert("1", "one")))) + keepalive(0x8000000, True))
    peer.wait_status(lambda flush, reply: True)
    peer.send(wal(pg.insert("2", "two")) + keepalive(0x8000000, True))
    peer.wait_status(lambda flush, reply: True)
    peer.reset()


def going_back(peer):
    """A transaction that was acknowledged long ago."""
    peer.start()
    peer.send(b"".join(map(wal, (pg.begin(0x500), pg.relation(), pg.insert("1", "one"), pg.commit(0x500, 0x600)))))
    peer.listen()


def silence(peer):
    """wal_sender_timeout is a second: asked after half of it, given up after all of it."""
    peer.log_in()
    answer_with(peer, {"wal_sender_timeout": rows(2, (b"logical", b"1000"))})
    peer.send(COPY_BOTH + b"".join(map(wal, FIRST)))
    peer.listen()


def was_asked(run):
    asked = any(reply for one in run.server.peers for _, reply in one.statuses)
    return None if asked else "the silent server was not asked"


def answer_with(peer, answers):
    """As Peer.query("START_REPLICATION"), with other answers."""
    answers = answers | {piece: answer for piece, answer in ANSWERS.items() if piece not in answers}
    while True:
        kind, body = peer.read_message()
        text = body[:-1].decode()
        if kind != "Q":
            raise Ended(kind)
        peer.queries.append(text)
        if "START_REPLICATION" in text and "START_REPLICATION" not in answers:
            return
        peer.send(next((answer for piece, answer in answers.items() if piece in text), rows(1)))


TIMES = [
    Case("D7 a reply is wanted within a transaction", asked_within, CONNECT, lines=[]),
    Case("D7 a commit before the slot's position", going_back, GAP, "went back", lines=[]),
    Case("D8 silence in the stream", silence, CONNECT, "sends nothing", check=was_asked, seconds=4, acked=0x2000100,
         lines=FIRST_LINES),
    Case("D10 a publication is skipped", streaming(report("N", b"WARNING", b"55000", routine=b"LoadPublications") +
                                                   wal(pg.begin())), GAP, "publication", lines=FIRST_LINES, connections=2),
    Case("D10 another warning is none", streaming(report("N", b"WARNING", b"55000", routine=b"Another") +
                                                  keepalive(END)), **GOOD),
]

# ---- slots ---------------------------------------------------------------------------------------------------------


def slot(*values):
    defaults = (b"logical", b"pgoutput", b"db", b"f", b"f", None, b"0/1000000", b"f", None)
    row = tuple(values) + defaults[len(values):]

    def play(peer):
        peer.log_in()
        answer_with(peer, {"pg_replication_slots": rows(9, row)})
        peer.send(COPY_BOTH + b"".join(map(wal, FIRST)) + keepalive(END))
        peer.listen()
    return play


def answered(**answers):
    """Another answer to a query; keys with _ for the space."""
    def play(peer):
        peer.log_in()
        answer_with(peer, {word.replace("__", " "): answer for word, answer in answers.items()})
        peer.send(COPY_BOTH + b"".join(map(wal, FIRST)) + keepalive(END))
        peer.listen()
    return play


def refused(sqlstate):
    """START_REPLICATION is answered with this error."""
    return answered(START_REPLICATION=report("E", b"ERROR", sqlstate) + message("Z", b"I"))


def invalidated(reason):
    return slot(b"logical", b"pgoutput", b"db", b"f", b"f", None, b"0/1000000", b"f", reason)


SLOTS = [
    Case("D12 no such slot", answered(pg_replication_slots=rows(9)), REFUSED, "no such replication slot"),
    *[Case(f"D12 invalidated: {reason.decode()}", invalidated(reason), GAP, reason.decode(), lines=[])
      for reason in (b"wal_removed", b"rows_removed", b"wal_level_insufficient", b"idle_timeout")],
    Case("D12 another plugin", slot(b"logical", b"test_decoding"), REFUSED, "plugin"),
    Case("D12 a physical slot", slot(b"physical", b""), REFUSED, "not a logical one"),
    Case("D12 another database", slot(b"logical", b"pgoutput", b"other"), REFUSED, "another database"),
    *[Case(f"D12 {sqlstate.decode()} at START_REPLICATION", refused(sqlstate), REFUSED, sqlstate.decode())
      for sqlstate in (b"42704", b"55000", b"55006", b"42501")],
    *[Case(f"D12 confirmed_flush_lsn is {text!r}", slot(b"logical", b"pgoutput", b"db", b"f", b"f", None, text),
           DONE, args=UNTIL, acked=END, lines=FIRST_LINES)
      for text in (b"0/1000000", None)],
    Case("D12 a slot of 10^5 bytes", slot(b"logical", b"p" * 100000), REFUSED),
    Case("D13 a system identifier of 30 digits", answered(IDENTIFY_SYSTEM=rows(4, (b"9" * 30, b"1", b"0/1", b"db"))),
         CONNECT, "IDENTIFY_SYSTEM"),
    Case("D13 a position that is none", answered(IDENTIFY_SYSTEM=rows(4, (b"1", b"1", b"0/1x", b"db"))), CONNECT,
         "IDENTIFY_SYSTEM"),
    Case("D13 IDENTIFY_SYSTEM without a row", answered(IDENTIFY_SYSTEM=rows(4)), CONNECT, "IDENTIFY_SYSTEM"),
    Case("D13 IDENTIFY_SYSTEM with all NULL", answered(IDENTIFY_SYSTEM=rows(4, (None,) * 4)), CONNECT,
         "IDENTIFY_SYSTEM"),
    Case("D13 IDENTIFY_SYSTEM with one column", answered(IDENTIFY_SYSTEM=rows(1, (b"1",))), CONNECT, "IDENTIFY_SYSTEM"),
    Case("D13 IDENTIFY_SYSTEM with a thousand columns", answered(IDENTIFY_SYSTEM=rows(1000, (b"1",) * 1000)), CONNECT,
         "IDENTIFY_SYSTEM"),
    Case("D13 a database name that commands the terminal",
         answered(IDENTIFY_SYSTEM=rows(4, (b"1", b"1", b"0/1", b"\x1b[2J\n"))), REFUSED, "another database"),
    Case("T3 wal_level that is none", answered(wal_sender_timeout=rows(2, (b"\x1b[2J", b"x"))), REFUSED, "wal_level"),
    Case("T3 no settings", answered(wal_sender_timeout=rows(2)), CONNECT, "did not tell its wal_level"),
    Case("T3 wal_sender_timeout of 30 digits", answered(wal_sender_timeout=rows(2, (b"logical", b"9" * 30))), **GOOD),
    Case("T3 a missing publication that forges lines", answered(pg_publication=rows(1, (b"\nwalwire: ok\x1b[0m",))),
         REFUSED, "no such publication"),
]

# ---- names that inject ---------------------------------------------------------------------------------------------


def names(slot_name, publication):
    return ("stream", "-S", slot_name, "--publication", publication, "--format", "compact", "-f", "out")


def quoted(wanted):
    def check(run):
        last = run.server.peers[0].queries[-1] if run.server.peers else ""
        return None if wanted in last else f"asked: {last}"
    return check


INJECTION = [
    *[Case(f"D15 slot {name[:20]!r}", slot(), USAGE, "slot", command=names(name, "p"))
      for name in ('a"; DROP TABLE t; --', "a" * 64, "Upper", "a b", "", "a'b", "ä")],
    Case("D15 a publication with quotes", slot(), command=names("s", "p\"'\\"),
         check=quoted('\'"p""\'\'\\"\''), **GOOD),
    Case("D15 names that are commands", slot(), command=names("s", "x'; DROP TABLE t; --"),
         check=quoted("'\"x''; DROP TABLE t; --\"'"), **GOOD),
]
CASES = LAYOUT + TIMES + SLOTS + INJECTION
