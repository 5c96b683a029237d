# SPDX-License-Identifier: MIT
"""A scripted server with a WAL and a slot: it sends what commits at or behind the position that START_REPLICATION
names, as PostgreSQL does, and its slot follows the feedback. And one run of the real command against it."""
import contextlib
import dataclasses
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "hostile"))
import peer as peers  # noqa: E402
import pgoutput as pg  # noqa: E402
from peer import ANSWERS, CONFIRMED, COPY_BOTH, SYSTEM_ID, Ended, Peer, message, rows  # noqa: E402

SECONDS = 20                  # for one run; all take some milliseconds


def text(lsn):
    return f"{lsn >> 32:X}/{lsn & 0xffffffff:X}"


def number(lsn):
    high, low = lsn.split("/")
    return int(high, 16) << 32 | int(low, 16)


@dataclasses.dataclass
class Unit:
    """What the server confirms as one: sent again unless its record begins before the start position."""
    start: int
    end: int


@dataclasses.dataclass
class Step:
    """`unit`: whose bytes these are; None: not sent for a unit's sake. `act(peer, step)` in place of bytes."""
    data: bytes = b""
    unit: Unit = None
    lsn: int = 0
    act: callable = None


class Wal:
    """What has happened on the server, in the order in which it is sent."""

    def __init__(self):
        self.end, self.xid, self.id = CONFIRMED + 0x100, 700, 0
        self.steps, self.units = [], []
        self.endless = False

    # ---- records ----

    def advance(self, size=0x40):
        self.end += size
        return self.end

    def unit(self):
        one = Unit(self.advance(), self.advance())
        self.units.append(one)
        return one

    def add(self, unit, payload, lsn):
        data = message("d", b"w" + peers.struct.pack("!QQq", lsn, lsn, 1000) + payload)
        self.steps.append(Step(data, unit, lsn))

    def rows(self, count, size, xid=None):
        for _ in range(count):
            self.id += 1
            yield pg.insert(str(self.id), f"{self.id}-".ljust(size, "x"), xid=xid)

    # ---- transactions ----

    def transaction(self, count=1, size=10):
        self.xid += 1
        at, unit = self.advance(), self.unit()
        self.add(unit, pg.begin(unit.start, self.xid), at)
        self.add(unit, pg.relation(), at)
        for row in self.rows(count, size):
            self.add(unit, row, at)
        self.add(unit, pg.commit(unit.start, unit.end), unit.end)
        return self

    def streamed(self, blocks=3, count=4, size=100, between=1):
        """In blocks, with other transactions between them."""
        self.xid += 1
        xid, at = self.xid, self.advance()
        unit = Unit(0, 0)
        for block in range(blocks):
            self.add(unit, pg.stream_start(xid, block == 0), at)
            if block == 0:
                self.add(unit, pg.relation(xid=xid), at)
            for row in self.rows(count, size, xid):
                self.add(unit, row, at)
            self.add(unit, pg.STREAM_STOP, at)
            for _ in range(between if block < blocks - 1 else 0):
                self.transaction()
        unit.start, unit.end = self.advance(), self.advance()
        self.units.append(unit)
        self.add(unit, pg.stream_commit(xid, unit.start, unit.end), unit.end)
        return self

    def prepared(self, count=3, size=50, between=1, commit=True):
        """PREPARE, others, COMMIT PREPARED or ROLLBACK PREPARED."""
        self.xid += 1
        xid, gid, at, unit = self.xid, f"g{self.xid}", self.advance(), self.unit()
        head = peers.struct.pack("!QQqI", unit.start, unit.end, pg.TS, xid) + gid.encode() + b"\0"
        self.add(unit, b"b" + head, at)
        self.add(unit, pg.relation(), at)
        for row in self.rows(count, size):
            self.add(unit, row, at)
        self.add(unit, b"P\0" + head, unit.end)
        for _ in range(between):
            self.transaction()
        last = self.unit()
        if commit:
            self.add(last, b"K\0" + peers.struct.pack("!QQqI", last.start, last.end, pg.TS, xid) + gid.encode() + b"\0",
                     last.end)
        else:
            self.add(last, b"r\0" + peers.struct.pack("!QQqqI", unit.end, last.end, pg.TS, pg.TS, xid) +
                     gid.encode() + b"\0", last.end)
        return self

    def message(self, content=b"hi"):
        unit = self.unit()
        self.add(unit, pg.logical_message(content, 0, unit.end), unit.end)
        return self

    # ---- what else happens ----

    def act(self, act, lsn=0):
        self.steps.append(Step(act=act, lsn=lsn or self.end))
        return self

    def quiet(self, size=0x1000, reply=False):
        """WAL of others: the server only says how far it is."""
        self.advance(size)
        self.steps.append(Step(peers.keepalive(self.end, reply), lsn=self.end))
        return self

    def passes(self, seconds):
        """Nothing happens."""
        return self.act(lambda peer, step: peer.pause(seconds))

    def stopped(self):
        """No -E, at which the client asks all the time: it is told to end."""
        self.endless = True
        return self.settled().act(finish)

    def settled(self):
        """The server waits until all is acknowledged; it asks, as one that shuts down does."""
        return self.act(wait_flush)

    def asked(self):
        """The server waits for an answer, whatever it says."""
        return self.act(wait_answer)


# ---- acts ----------------------------------------------------------------------------------------------------------

def wait_flush(peer, step):
    """It asks again after each answer that is not far enough; not for what the client had before."""
    while peer.begun < step.lsn > peer.slot.confirmed:
        wait_answer(peer, step)


def wait_answer(peer, step):
    at = max(peer.sent, step.lsn, CONFIRMED)
    peer.send(peers.keepalive(at, True))
    before = len(peer.statuses)
    while len(peer.statuses) == before:
        peer.take_message(at)


def cut(peer, step):
    """The first connections end here, one by one."""
    if peer.run.scripted and peer.run.cuts < len([one for one in peer.wal.steps if one.act is cut]):
        peer.run.cuts += 1
        raise Ended("cut")


def stop(number):
    """A signal, once per case; then the connection goes on."""
    def act(peer, step):
        if peer.run.scripted:
            peer.run.scripted = False
            peer.run.signal(number)
    return act


def finish(peer, step):
    peer.run.signal(TERMINATE)


# ---- the server ----------------------------------------------------------------------------------------------------

@dataclasses.dataclass
class Slot:
    confirmed: int = CONFIRMED
    two_phase: bool = False


class Source(Peer):
    """A connection to the scripted server."""

    def __init__(self, sock, number, run):
        super().__init__(sock, number, run.deadline)
        self.run, self.wal, self.slot, self.sent, self.begun = run, run.wal, run.slot, 0, 0

    def read_message(self):
        before = len(self.statuses)
        answer = super().read_message()
        for flush, _ in self.statuses[before:]:
            self.slot.confirmed = max(self.slot.confirmed, flush)
            self.run.flushes.append(flush)
        return answer

    def take_message(self, lsn):
        """One message of the stream; the client may ask, and may end it."""
        before = len(self.statuses)
        kind, _ = self.read_message()
        if any(reply for _, reply in self.statuses[before:]):
            self.send(peers.keepalive(lsn))
        if kind == "c":
            self.send(message("c") + message("C", b"COPY 0\0") + message("Z", b"I"))

    def answers(self):
        slot = (b"logical", b"pgoutput", b"db", b"f", b"f", None, text(self.slot.confirmed).encode(),
                b"t" if self.slot.two_phase else b"f", None)
        return ANSWERS | {
            "IDENTIFY_SYSTEM": rows(4, (SYSTEM_ID, b"1", text(self.wal.end).encode(), b"db")),
            "pg_replication_slots": rows(9, slot),
        }

    def start(self):
        """Up to START_REPLICATION; the position from which on is sent."""
        self.log_in()
        while True:
            kind, body = self.read_message()
            if kind != "Q":
                raise Ended(f"the client sent {kind}")
            asked = body[:-1].decode()
            self.queries.append(asked)
            found = re.search(r"START_REPLICATION SLOT \S+ LOGICAL (\w+/\w+)", asked)
            if found:
                self.send(COPY_BOTH)
                self.run.starts.append(number(found[1]))
                return max(number(found[1]), self.slot.confirmed)
            self.send(next((answer for piece, answer in self.answers().items() if piece in asked), rows(1)))

    def play(self):
        start = self.begun = self.start()
        for step in self.wal.steps:
            if step.unit is not None and step.unit.start < start:
                continue
            if step.act is not None:
                step.act(self, step)
            elif step.unit is not None or step.lsn > start:
                self.send(step.data)
                self.sent = max(self.sent, step.lsn)
        self.send(peers.keepalive(self.wal.end))
        while True:
            self.take_message(self.wal.end)

    def drain(self):
        """What the client sent before it was gone."""
        with contextlib.suppress(Ended, OSError):
            while self.take_waiting():
                pass
        with contextlib.suppress(Ended, OSError):
            self.deadline = 0
            while True:
                self.read_message()


class Server:
    """One per worker: it listens for the run that is under way."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listening.getsockname()[1]
        self.run, self.threads = None, []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            sock, _ = self.listening.accept()
            thread = threading.Thread(target=self.play, args=(sock, self.run), daemon=True)
            thread.start()
            self.threads.append(thread)

    def play(self, sock, run):
        source = Source(sock, len(run.starts), run)
        try:
            source.play()
        except Ended:
            pass
        except Exception as why:   # a script that does not work must not pass for a case
            run.wrong.append(f"the script failed: {why!r}")
        finally:
            source.drain()
            sock.close()

    def settle(self):
        """After the command has ended: until every connection is over."""
        threads, self.threads = self.threads, []
        for thread in threads:
            thread.join(SECONDS)


# ---- a run ---------------------------------------------------------------------------------------------------------

class Run:
    """The command, once, against the server. `faults` are the shim's settings."""

    def __init__(self, server, tools, directory, wal, slot, args, faults=None, scripted=True, log=None):
        self.wal, self.slot, self.directory, self.scripted = wal, slot, pathlib.Path(directory), scripted
        self.log = log
        self.cuts, self.starts, self.flushes, self.wrong, self.process = 0, [], [], [], None
        self.deadline = time.monotonic() + SECONDS
        self.spawned = threading.Event()
        server.run = self
        self.execute(server, tools, args, faults or {}, log)

    def environment(self, tools, faults, log):
        env = {"PATH": os.environ["PATH"], "HOME": str(self.directory), "LANG": "C.UTF-8"}
        if tools.shim:
            env |= {"LD_PRELOAD": tools.shim} | {f"FAULT_{name}": str(value) for name, value in faults.items()}
        if tools.shim and log:
            env |= {"FAULT_LOG": str(log) + ".log", "FAULT_DATA": str(log) + ".data"}
        return env

    def command(self, server, tools, args):
        conninfo = f"host=127.0.0.1 port={server.port} user=u dbname=db sslmode=disable"
        end = () if self.wal.endless else ("-E", text(self.wal.end))
        return [tools.walwire, "stream", "-S", "s", "--publication", "p", "--format", "compact", "-f", "out",
                "-d", conninfo, "--fsync-interval", "0", *end, *args]

    def execute(self, server, tools, args, faults, log):
        with tempfile.TemporaryFile() as err:
            self.process = subprocess.Popen(
                self.command(server, tools, args), cwd=self.directory, stdin=subprocess.DEVNULL, stdout=err, stderr=err,
                env=self.environment(tools, faults, log), preexec_fn=faults.get("limits"))
            self.spawned.set()
            try:
                self.status = self.process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.status = self.process.wait()
                self.wrong.append(f"did not end within {SECONDS} s")
            server.settle()
            err.seek(0)
            self.stderr = err.read().decode(errors="replace")

    def tell(self, call, inode, path):
        """What the shim cannot see, into its log."""
        if self.log:
            with open(f"{self.log}.log", "a") as log:
                log.write(f"0 {time.monotonic_ns() // 1000} {call} -1 {inode} 0 0 0 0 0 {path}\n")

    def signal(self, number):
        self.spawned.wait(SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, number)


@dataclasses.dataclass
class Tools:
    walwire: str
    shim: str = None
    keep: str = None

    def __post_init__(self):
        self.walwire = str(pathlib.Path(self.walwire).resolve())
        self.shim = str(pathlib.Path(self.shim).resolve()) if self.shim else None


TERMINATE, ROTATE = signal.SIGTERM, signal.SIGHUP
