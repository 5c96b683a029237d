# SPDX-License-Identifier: MIT
"""HOSTILE's rows about what is kept and what comes again: C20, D8 and D11 to D14 with a position or after a reconnect,
G4, G6."""
import fcntl
import os
import time

import pgoutput as pg
from case import CONNECT, DONE, GAP, OUTPUT, REFUSED, Case
from changes import END, FIRST, FIRST_LINES, FIRST_ROW, UNTIL, compact
from peer import COPY_BOTH, SYSTEM_ID, WELCOME, authentication, keepalive, message, report, rows, wal
from replication import answer_with

FIRST_END = 0x2000100         # of the unit in FIRST
SECOND = (pg.begin(0x3000000, 701), pg.relation(), pg.insert("2", "two"), pg.insert("3", "three"),
          pg.commit(0x3000000, 0x3000100))
SECOND_LINES = compact({**FIRST_ROW, "new": {"id": "2", "v": "two"}}, {**FIRST_ROW, "new": {"id": "3", "v": "three"}},
                       xid=701, lsn="0/3000000", end="0/3000100")
HISTORY = b"1\t%s\tno recovery target specified\n"


def wals(messages):
    return b"".join(map(wal, messages))


def identity(system=SYSTEM_ID, timeline=b"1", position=b"0/9000000", database=b"db"):
    return {"IDENTIFY_SYSTEM": rows(4, (system, timeline, position, database))}


def slot_at(confirmed=b"0/1000000", plugin=b"pgoutput", database=b"db", invalid=None):
    return {"pg_replication_slots": rows(9, (b"logical", plugin, database, b"f", b"f", None, confirmed, b"f", invalid))}


NO_SLOT = {"pg_replication_slots": rows(9)}


def offered(data=wals(FIRST) + keepalive(END), **answers):
    """An ordinary server, but for these answers; says whether it came to START_REPLICATION."""
    known = {word.replace("__", " "): answer for word, answer in answers.items()}

    def play(peer):
        peer.log_in()
        answer_with(peer, known)
        peer.send(COPY_BOTH + data)
        peer.listen()
    return play


def one_after_the_other(*plays):
    """Each connection has its own script; the last one is for all that follow."""
    return lambda peer: plays[min(peer.number, len(plays) - 1)](peer)


def started(run, number=-1):
    """The START_REPLICATION of that connection; "" if it did not come to that."""
    queries = [text for one in run.server.peers[number:][:1] for text in one.queries]
    return next((text for text in queries if "START_REPLICATION" in text), "")


def begins_at(lsn):
    def check(run):
        return None if f"LOGICAL {lsn} " in started(run) else f"asked: {started(run)}"
    return check


def never_started(run):
    return "the stream was started" if any(started(run, i) for i in range(len(run.server.peers))) else None


# ---- a stored position ---------------------------------------------------------------------------------------------
# The run before leaves one transaction in `out`, and 0/9000000 acknowledged in `out.position`.

BEFORE = Case("the run before", offered(), DONE, args=UNTIL, acked=END, must_ack=FIRST_END, lines=FIRST_LINES)
AGAIN = dict(earlier=BEFORE, lines=FIRST_LINES, acked=END)
LATER = ("--endpos", "0/A000000")
GOES_ON = wals((pg.begin(0x9500000, 702), *SECOND[1:4], pg.commit(0x9500000, 0x9500100))) + keepalive(0xa000000)
GOES_ON_LINES = FIRST_LINES + compact(*SECOND_LINES[1:3], xid=702, lsn="0/9500000", end="0/9500100")
THERE = {**identity(position=b"0/A000000"), **slot_at(b"0/9000000")}


def refused(id, says, answers, **more):
    """A gap: the file stays, nothing is acknowledged, the stream is not even started, the report says what to do."""
    return Case(id, offered(GOES_ON, **answers), GAP, says, check=never_started, **{**AGAIN, "acked": 0, **more})


def accepted(id, answers=None, lines=GOES_ON_LINES, at="0/9000000", **more):
    more.setdefault("args", LATER)
    return Case(id, offered(GOES_ON, **(THERE if answers is None else answers)), DONE,
                **{**AGAIN, "lines": lines, "acked": 0xa000000, "must_ack": 0x9500100, "check": begins_at(at), **more})


def history(at, answer=None):
    return {**THERE, **identity(timeline=b"2", position=b"0/A000000"),
            "TIMELINE_HISTORY": answer or rows(2, (b"00000002.history", HISTORY % at))}


TIMELINE_2 = Case("the run before", offered(**identity(timeline=b"2")), DONE, args=UNTIL, acked=END)
STORED = [
    accepted("D11 nothing has changed"),
    accepted("D11 the server forgot what was acknowledged last",
             {**identity(position=b"0/A000000"), **slot_at(b"0/1000000")}),
    refused("D11 the slot was moved forward", r"0/9500000[\s\S]*--init|--init[\s\S]*0/9500000",
            {**identity(position=b"0/A000000"), **slot_at(b"0/9500000")}),
    accepted("D11 moved forward, and --init", {**identity(position=b"0/A000000"), **slot_at(b"0/9400000")},
             at="0/9400000", args=(*LATER, "--init")),
    refused("D12 the slot is gone", "--init", {**identity(), **NO_SLOT}),
    refused("D12 the slot was invalidated", "wal_removed", {**identity(), **slot_at(b"0/9000000", invalid=b"wal_removed")}),
    refused("D13 another system", "7000000000000000002", {**THERE, **identity(b"7000000000000000002")}),
    accepted("D13 another system, and --init", {**identity(b"7000000000000000002", position=b"0/A000000"),
                                                **slot_at(b"0/1000000")}, at="0/1000000", args=(*LATER, "--init")),
    refused("D13 the server is behind the position", "0/9000000", {**identity(position=b"0/8000000"),
                                                                 **slot_at(b"0/1000000")}),
    refused("D14 an older timeline", "timeline", THERE, earlier=TIMELINE_2),
    accepted("D14 a newer timeline that has all", history(b"0/9000000")),
    accepted("D14 a newer timeline that left ours later", history(b"0/9800000")),
    refused("D14 a newer timeline that left ours too early", "timeline", history(b"0/8FFFFF8")),
    *[Case(f"D14 a history that is none: {text[:12]!r}", offered(**history(b"", rows(2, (b"x", text)))), GAP,
           check=never_started, **{**AGAIN, "acked": 0})
      for text in (b"", b"\x1b[2J\n", b"1\t", b"1\t0/x\tr\n", b"9" * 40 + b"\t0/9000000\tr\n", b"\0\xff" * 5000)],
]

# ---- the file beside the output ------------------------------------------------------------------------------------


def remove(directory):
    (directory / "out.position").unlink()


def write(data):
    return lambda directory: (directory / "out.position").write_bytes(data)


def damaged(at):
    """One byte of the position is another."""
    def spoil(directory):
        path = directory / "out.position"
        data = bytearray(path.read_bytes())
        for i in at:
            data[i] ^= 0x10
        path.write_bytes(data)
    return spoil


def torn_newest(directory):
    """The last write did not come to its end."""
    path = directory / "out.position"
    data = path.read_bytes()
    newest = max((0, 512), key=lambda at: data[at + 496:at + 504])
    path.write_bytes(data[:newest + 100] + bytes(412) + data[newest + 512:])


def all_that_is_behind(peer):
    """What commits behind the position that is asked for."""
    peer.log_in()
    answers = {**THERE, **slot_at(b"0/1000000")}
    answer_with(peer, answers)
    behind = int(peer.queries[-1].split("LOGICAL 0/")[1].split(" ")[0], 16)
    peer.send(COPY_BOTH + (wals(FIRST) if behind <= 0x2000000 else b"") + GOES_ON)
    peer.listen()


def cut_output(directory):
    os.truncate(directory / "out", 10)


def grow_output(directory):
    with open(directory / "out", "ab") as out:
        out.write(b'{"op":"B","xid":702,"lsn":"0/95')


def is_directory(directory):
    (directory / "out.position").mkdir()


def is_fifo(directory):
    os.mkfifo(directory / "out.position")


def is_link(directory):
    (directory / "out.position").symlink_to(directory / "planted")


def not_planted(run):
    return "created through a planted link" if (run.dir / "planted").exists() else never_started(run)


def is_locked(directory):
    """By this process, as long as it lives."""
    (directory / "out.position").touch()
    fcntl.flock(os.open(directory / "out.position", os.O_RDWR), fcntl.LOCK_EX)


ELSE = dict(earlier=BEFORE, lines=FIRST_LINES, acked=0, check=never_started)
BESIDE = [
    Case("G6 no position beside a file", offered(**THERE), GAP, "position", spoil=remove, **ELSE),
    *[Case(f"G6 a position of {len(data)} bytes {data[:4]!r}", offered(**THERE), GAP, "position", spoil=write(data),
           **ELSE) for data in (b"", b"x", bytes(1024), b"\xff" * 1024, b"walwire" * 1000)],
    *[Case(f"G6 both halves damaged, at {at}", offered(**THERE), GAP, "position", spoil=damaged((at, 512 + at)), **ELSE)
      for at in (0, 4, 8, 40, 200)],
    Case("G6 the last write is torn, the one before holds", all_that_is_behind, DONE, args=LATER, spoil=torn_newest,
         **{**AGAIN, "lines": GOES_ON_LINES, "acked": 0xa000000, "must_ack": 0x9500100}),
    Case("G6 the newest half is damaged, and was acknowledged", offered(GOES_ON, **THERE), GAP, "--init",
         spoil=torn_newest, **{**ELSE, "lines": None}),
    Case("G6 the output is shorter than its position", offered(**THERE), GAP, "out", spoil=cut_output,
         **{**ELSE, "lines": None, "compact": False}),
    accepted("G6 a torn line behind the position", spoil=grow_output),
    Case("G6 of another slot", offered(**THERE), GAP, "slot",
         command=("stream", "-S", "other", "--publication", "p", "--format", "compact", "-f", "out"), **ELSE),
    Case("G6 of another database", offered(**{**identity(database=b"other"), **slot_at(b"0/9000000", database=b"other")}),
         GAP, "database", conninfo="dbname=other", **ELSE),
    accepted("G6 no position beside a file, and --init", spoil=remove, args=(*LATER, "--init")),
    accepted("G6 a damaged position, and --init", spoil=damaged((0, 512)), args=(*LATER, "--init")),
    Case("G6 it belongs to a position that this run would not keep", offered(**THERE), GAP, "position",
         args=("--ack", "none"), **ELSE),
    Case("G4 the position is a directory", offered(), OUTPUT, "out.position", spoil=is_directory, check=never_started),
    Case("G4 the position is a FIFO", offered(), OUTPUT, "out.position", spoil=is_fifo, check=never_started),
    Case("G4 the position is a planted link", offered(), OUTPUT, "out.position", spoil=is_link, check=not_planted),
    Case("G4 the position is locked by another", offered(), OUTPUT, "out", spoil=is_locked, check=never_started),
]

# ---- what is tried again -------------------------------------------------------------------------------------------


def dies(how, *sent):
    """An ordinary start, these messages of what is asked for, and then the end."""
    def play(peer):
        peer.log_in()
        behind = "LOGICAL 0/2000100 " in peer.query("START_REPLICATION")
        peer.send(COPY_BOTH + wals(sent[len(FIRST):] if behind else sent))
        how(peer)
    return play


def says(sqlstate, severity=b"FATAL"):
    return lambda peer: peer.send(report("E", severity, sqlstate))


def hang_up(peer):
    """What is sent is read before the end: no RST takes it away."""
    peer.pause(0.05)


def reset(peer):
    peer.pause(0.05)
    peer.reset()


def torn(peer):
    peer.send(wal(pg.insert("4", "four"))[:20])
    peer.pause(0.05)


WHOLE = wals(FIRST) + wals(SECOND) + keepalive(END)
BOTH_LINES = FIRST_LINES + SECOND_LINES
GOOD = dict(exit=DONE, args=UNTIL, acked=END, must_ack=0x3000100, reconnects=True)
LOSSES = {"57P01": says(b"57P01"), "57P02": says(b"57P02"), "57P03": says(b"57P03"), "57P05": says(b"57P05"),
          "53200": says(b"53200", b"ERROR"), "the end": hang_up, "RST": reset, "half a message": torn}


def continued(id, *plays, lines=BOTH_LINES, connections=None, **more):
    return Case(id, one_after_the_other(*plays), connections=connections or len(plays), lines=lines, **{**GOOD, **more})


def behind_first(peer):
    """Goes on as a server does: with what commits behind the position that is asked for."""
    peer.log_in()
    text = peer.query("START_REPLICATION")
    first = b"" if "LOGICAL 0/2000100 " in text else wals(FIRST)
    peer.send(COPY_BOTH + first + wals(SECOND) + keepalive(END))
    peer.listen()


def before_login(data):
    def play(peer):
        peer.read_startup()
        peer.send(data)
        hang_up(peer)
    return play


def at(word, answer):
    def play(peer):
        peer.log_in()
        peer.query(word)
        peer.send(answer)
        hang_up(peer)
    return play


READY = message("Z", b"I")
PASSING = {  # at the second connection; the third one goes on
    "57P03 before the login": before_login(report("E", b"FATAL", b"57P03")),
    "53300 before the login": before_login(report("E", b"FATAL", b"53300")),
    "hung up before the login": before_login(b""),
    "hung up behind the login": before_login(authentication(0) + WELCOME),
    "57P01 in place of a row": at("IDENTIFY_SYSTEM", report("E", b"FATAL", b"57P01")),
    "55006 at START_REPLICATION": at("START_REPLICATION", report("E", b"ERROR", b"55006") + READY),
    "53300 at START_REPLICATION": at("START_REPLICATION", report("E", b"ERROR", b"53300") + READY),
    "hung up in place of CopyBothResponse": at("START_REPLICATION", b""),
}
FINAL = {    # at the second connection; nobody asks a third time
    "28P01": (before_login(report("E", b"FATAL", b"28P01")), CONNECT, "28P01"),
    "28000": (before_login(report("E", b"FATAL", b"28000")), CONNECT, "28000"),
    "3D000": (before_login(report("E", b"FATAL", b"3D000")), CONNECT, "3D000"),
    "42501": (at("START_REPLICATION", report("E", b"ERROR", b"42501") + READY), REFUSED, "42501"),
    "the slot is gone": (offered(**NO_SLOT), GAP, "slot"),
    "the slot is invalid": (offered(**slot_at(b"0/2000100", invalid=b"rows_removed")), GAP, "rows_removed"),
    "the slot was moved forward": (offered(**slot_at(b"0/2800000")), GAP, "0/2800000"),
    "another system": (offered(**identity(b"7000000000000000002")), GAP, "7000000000000000002"),
    "another database": (offered(**identity(database=b"other")), GAP, "database"),
    "the server went back": (offered(**identity(position=b"0/2000000")), GAP, "0/2000"),
    "a newer timeline that left ours too early": (
        offered(**{**identity(timeline=b"2"), "TIMELINE_HISTORY": rows(2, (b"h", HISTORY % b"0/2000000"))}), GAP,
        "timeline"),
}


def acknowledged(peer):
    """One transaction, and the end when it has been acknowledged."""
    peer.start()
    peer.send(wals(FIRST))
    peer.wait_status(lambda flush, reply: flush >= FIRST_END)


def no_publication(routine):
    """As servers up to 17 say it."""
    return lambda peer: peer.send(report("E", b"ERROR", b"42704", routine=routine))


def temporary(peer):
    """A slot of this session, and then the end of it."""
    peer.log_in()
    answer_with(peer, {"CREATE_REPLICATION_SLOT": rows(4, (b"s", b"0/1000000", None, b"pgoutput"))})
    peer.send(COPY_BOTH + wals(FIRST))
    hang_up(peer)


def silent(peer):
    """wal_sender_timeout is a second; the stream says no word."""
    peer.log_in()
    answer_with(peer, {"wal_sender_timeout": rows(2, (b"logical", b"1000"))})
    peer.send(COPY_BOTH + wals(FIRST))
    peer.listen()


def spaced(run):
    """The pauses double from 0.1 s on, each cut by up to a half."""
    times = [one.begun for one in run.server.peers][1:]
    pauses = [after - before for before, after in zip(times, times[1:])]
    short = [f"{pause:.3f}" for n, pause in enumerate(pauses) if pause < min(10, 0.2 * 2 ** n) / 2 - 0.01]
    long = [f"{pause:.3f}" for n, pause in enumerate(pauses) if pause > min(10, 0.2 * 2 ** n) + 1]
    wrong = never_less(run)
    return wrong or (f"pauses too short {short}, too long {long}" if short or long or len(pauses) < 3 else None)


def never_less(run):
    """What START_REPLICATION asks for never goes back."""
    asked = [text.split("LOGICAL ")[1].split(" ")[0] for one in run.server.peers for text in one.queries
             if "START_REPLICATION" in text]
    numbers = [int(high, 16) << 32 | int(low, 16) for high, low in (text.split("/") for text in asked)]
    return None if numbers == sorted(numbers) else f"asked for {asked}"


def refuses_for(seconds):
    """Streams, is gone, and then starts up for so long."""
    def play(peer):
        first = peer.server.peers[0]
        if peer.number == 0:
            acknowledged(peer)
            first.ended = time.monotonic()
        elif time.monotonic() < first.ended + seconds:
            before_login(report("E", b"FATAL", b"57P03"))(peer)
        else:
            behind_first(peer)
    return play


def refuses_until_signal(peer):
    if peer.number == 0:
        acknowledged(peer)
        return
    if peer.number == 3:   # in the middle of an attempt
        peer.server.reached.set()
        peer.pause(0.3)
    before_login(report("E", b"FATAL", b"57P03"))(peer)


def in_use(peer):
    """Process 4711 holds the slot."""
    peer.log_in()
    held = rows(9, (b"logical", b"pgoutput", b"db", b"f", b"t", b"4711", b"0/2000100", b"f", None))
    answer_with(peer, {"pg_stat_activity": rows(3, (b"4711", b"another", b"::1")), "pg_replication_slots": held,
                       "START_REPLICATION": report("E", b"ERROR", b"55006") + READY})


FEWER = wals((SECOND[0], SECOND[1], SECOND[2], SECOND[4])) + keepalive(END)
ANOTHER = wals((pg.begin(0x2800000, 777), *SECOND[1:4], pg.commit(0x2800000, 0x2800100))) + keepalive(END)
TORN = dict(lines=FIRST_LINES, acked=FIRST_END, must_ack=0)
ROW_1, ROW_2 = SECOND[:3], SECOND[:4]
AGAIN_CASES = [
    *[continued(f"C20 {name} {where}", dies(how, *FIRST, *sent), behind_first, check=never_less)
      for name, how in LOSSES.items()
      for where, sent in (("between transactions", ()), ("behind Begin", SECOND[:1]), ("behind a row", ROW_1),
                          ("before Commit", ROW_2))],
    continued("C20 lost four times in one transaction", dies(reset, *FIRST, *ROW_1), dies(reset, *FIRST, *ROW_2),
              dies(reset, *FIRST, *SECOND[:1]), dies(reset, *FIRST), behind_first),
    continued("C20 before the first transaction", dies(hang_up), offered(WHOLE)),
    *[continued(f"C20 again: {name}", acknowledged, play, behind_first, check=never_less)
      for name, play in PASSING.items()],
    continued("C20 a reason is said when it is another one", acknowledged, PASSING["57P03 before the login"],
              PASSING["57P03 before the login"], PASSING["53300 before the login"], behind_first,
              says=r"attempt 1 (?![\s\S]*attempt 2 )[\s\S]*attempt 3 "),
    *[Case(f"C20 final: {name}", one_after_the_other(acknowledged, play), code, text, connections=2, reconnects=True,
           acked=FIRST_END, must_ack=FIRST_END, lines=FIRST_LINES) for name, (play, code, text) in FINAL.items()],
    Case("C20 -n: final at the first loss", acknowledged, CONNECT, acked=FIRST_END, must_ack=FIRST_END,
         lines=FIRST_LINES),
    Case("C20 the pauses grow", refuses_for(2.5), connections=12, lines=BOTH_LINES, check=spaced, seconds=9,
         **GOOD),
    Case("C20 a signal while it waits", refuses_until_signal, DONE, connections=8, lines=FIRST_LINES, interrupt=True,
         acked=FIRST_END, must_ack=FIRST_END, reconnects=True),
    continued("D8 silence in the stream", silent, behind_first, seconds=5, must_ack=0x3000100),
    continued("D12 the slot is in use for a while", acknowledged, in_use, in_use, in_use, behind_first, says="4711"),
    *[Case(f"D12 a publication that is gone, {routine.decode()}", dies(no_publication(routine), *FIRST), GAP,
           "publication", connections=2, acked=FIRST_END, lines=FIRST_LINES, reconnects=True)
      for routine in (b"get_publication_oid", b"GetPublicationByName")],
    Case("D12 another 42704", dies(says(b"42704", b"ERROR"), *FIRST), REFUSED, "42704", acked=FIRST_END,
         lines=FIRST_LINES, reconnects=True),
    Case("D12 a temporary slot", temporary, CONNECT, reconnects=True, lines=FIRST_LINES,
         acked=FIRST_END, command=("stream", "--publication", "p", "--format", "compact", "-f", "out")),
    Case("D13 another transaction comes first", one_after_the_other(dies(reset, *FIRST, *ROW_1), offered(ANOTHER)), GAP,
         "701", connections=2, reconnects=True, **TORN),
    Case("D13 the transaction comes again with less",
         one_after_the_other(dies(reset, *FIRST, *ROW_2), offered(FEWER)), GAP, "701", connections=2, reconnects=True,
         **TORN),
    Case("D13 a commit that lies before what was acknowledged",
         one_after_the_other(acknowledged, offered(wals((pg.begin(0x1f00000, 650), *SECOND[1:4],
                                                         pg.commit(0x1f00000, 0x1f00100))))), GAP, "went back",
         connections=2, reconnects=True, **TORN),
    continued("D14 a newer timeline that has all", acknowledged, offered(
        wals(SECOND) + keepalive(END), **{**identity(timeline=b"2"),
                                          "TIMELINE_HISTORY": rows(2, (b"h", HISTORY % b"0/2800000"))})),
]
CASES = STORED + BESIDE + AGAIN_CASES
