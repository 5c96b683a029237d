# SPDX-License-Identifier: MIT
"""One connection of the scripted server: what it sends, and a record of all that the client sends.

A script is a function of a Peer. It may send any bytes at any time; the methods here are the parts of an ordinary
conversation that a script does not want to spell out."""
import select
import socket
import ssl
import struct
import time

SSL_REQUEST = 80877103
CONFIRMED = 0x1000000         # where the slot stands
SYSTEM_ID = b"7000000000000000001"


class Ended(Exception):
    """The client has closed the connection, or the case's time is over."""


def message(kind, body=b""):
    return kind.encode() + struct.pack("!i", len(body) + 4) + body


def authentication(code, rest=b""):
    return message("R", struct.pack("!i", code) + rest)


def parameter(name, value):
    return message("S", name + b"\0" + value + b"\0")


def report(kind, severity, sqlstate, text=b"ein Text in einer anderen Sprache", routine=b"SomeRoutine"):
    """ErrorResponse or NoticeResponse; the text is translated, so that nobody depends on it."""
    fields = (b"SNACHRICHT", b"V" + severity, b"C" + sqlstate, b"M" + text, b"R" + routine)
    return message(kind, b"\0".join(fields) + b"\0\0")


def rows(columns, *values):
    """The whole answer to a query, up to ReadyForQuery."""
    column = b"c\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0)
    answer = message("T", struct.pack("!h", columns) + column * columns)
    for row in values:
        fields = b"".join(struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
                          for value in row)
        answer += message("D", struct.pack("!h", len(row)) + fields)
    return answer + message("C", b"SELECT\0") + message("Z", b"I")


def wal(payload, lsn=0):
    """CopyData with one message of pgoutput."""
    return message("d", b"w" + struct.pack("!QQq", lsn, lsn, 1000) + payload)


def keepalive(end, reply=False):
    return message("d", b"k" + struct.pack("!Qq?", end, 1000, reply))


COPY_BOTH = message("W", b"\0\0\0")
WELCOME = (parameter(b"server_version", b"18.4") + parameter(b"client_encoding", b"UTF8") +
           message("K", struct.pack("!ii", 77, 12345)) + message("Z", b"I"))

# What an ordinary server answers, by a piece of the question; to others: no row.
ANSWERS = {
    "IDENTIFY_SYSTEM": rows(4, (SYSTEM_ID, b"1", b"0/9000000", b"db")),
    "wal_sender_timeout": rows(2, (b"logical", b"60000")),
    "pg_replication_slots": rows(9, (b"logical", b"pgoutput", b"db", b"f", b"f", None, b"0/1000000", b"f", None)),
}


class Peer:
    """One accepted connection. `number` counts the case's connections from 0."""

    def __init__(self, sock, number, deadline):
        self.sock, self.number, self.deadline = sock, number, deadline
        self.begun = time.monotonic()
        self.raw = b""            # all that came, as it came
        self.waiting = b""        # of it what no script has read yet
        self.parameters = {}      # of the StartupMessage
        self.queries = []
        self.statuses = []        # (flush, reply wanted) of each standby status update
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)

    # ---- bytes ----

    def left(self):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Ended("the case's time is over")
        return left

    def send(self, data):
        """All of it; takes in meanwhile what the client sends, so that neither waits for the other."""
        data = memoryview(data)
        while data:
            try:
                data = data[self.sock.send(data):]
                continue
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                pass
            except OSError as why:
                raise Ended(str(why)) from None
            select.select([self.sock], [self.sock], [], self.left())
            self.take_waiting()

    def take_waiting(self):
        """What has arrived; False if nothing has."""
        try:
            data = self.sock.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError as why:
            raise Ended(str(why)) from None
        if not data:
            raise Ended("the client has closed the connection")
        self.raw += data
        self.waiting += data
        return True

    def read(self, count):
        while len(self.waiting) < count:
            if not self.take_waiting():
                select.select([self.sock], [], [], self.left())
        data, self.waiting = self.waiting[:count], self.waiting[count:]
        return data

    def pause(self, seconds):
        """Time passes; what the client sends is kept."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            select.select([self.sock], [], [], min(self.left(), max(0, end - time.monotonic())))
            self.take_waiting()

    def slowly(self, data, seconds):
        """A byte at a time."""
        for i in range(len(data)):
            self.send(data[i:i + 1])
            self.pause(seconds)

    def reset(self):
        """RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Ended("reset")

    # ---- the client's messages ----

    def read_message(self):
        head = self.read(5)
        body = self.read(struct.unpack("!i", head[1:])[0] - 4)
        if head[:1] == b"d" and body[:1] == b"r":
            self.statuses.append((struct.unpack("!Q", body[9:17])[0], body[33] == 1))
        return head[:1].decode(), body

    def read_startup(self, first=None):
        """The first packet; SSLRequest's code, or the StartupMessage's version."""
        head = first or self.read(8)
        length, code = struct.unpack("!ii", head)
        words = self.read(length - 8).split(b"\0")
        self.parameters = dict(zip(words[0::2], words[1::2]))
        return code

    def query(self, word):
        """Answers queries as an ordinary server up to the first that contains this word; returns that."""
        while True:
            kind, body = self.read_message()
            if kind != "Q":
                raise Ended(f"the client sent {kind}")
            text = body[:-1].decode()
            self.queries.append(text)
            if word in text:
                return text
            self.send(next((answer for piece, answer in ANSWERS.items() if piece in text), rows(1)))

    # ---- an ordinary server's parts ----

    def log_in(self):
        self.read_startup()
        self.send(authentication(0) + WELCOME)

    def start(self):
        """Up to the running stream."""
        self.log_in()
        self.query("START_REPLICATION")
        self.send(COPY_BOTH)

    def listen(self):
        """Takes what comes until the client ends the stream in order, or is gone."""
        while True:
            kind, _ = self.read_message()
            if kind == "c":
                self.send(message("c") + message("C", b"COPY 0\0") + message("Z", b"I"))

    def wait_status(self, wanted):
        """Until a status update for which wanted(flush, reply) is true."""
        while True:
            before = len(self.statuses)
            self.read_message()
            for status in self.statuses[before:]:
                if wanted(*status):
                    return status

    # ---- TLS ----

    def encrypt(self, context):
        """The handshake; what the client sent in plain before it stays in `raw`."""
        self.sock = context.wrap_socket(self.sock, server_side=True, do_handshake_on_connect=False)
        while True:
            try:
                return self.sock.do_handshake()
            except ssl.SSLWantReadError:
                select.select([self.sock], [], [], self.left())
            except ssl.SSLWantWriteError:
                select.select([], [self.sock], [], self.left())
            except OSError as why:
                raise Ended(str(why)) from None
