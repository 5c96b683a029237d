# SPDX-License-Identifier: MIT
"""A proxy on loopback between walwire and a server, without TLS, that reads what it passes on: it knows where a stream
begins, keeps every status update, and can cut, reset, freeze, slow down or chop what it passes."""
import dataclasses
import socket
import struct
import threading
import time

CLIENT, SERVER = ">", "<"     # who sends
CHUNK = 65536
TICK_S = 0.05                 # a socket that another thread waits for is not closed before it wakes
UNTYPED = (80877102, 80877103, 80877104)   # CancelRequest, SSLRequest, GSSENCRequest


@dataclasses.dataclass(frozen=True)
class Fault:
    """What ends one connection: so many bytes of this direction are passed, of the whole connection or, `streaming`,
    of what comes once the stream has begun."""
    direction: str = SERVER
    at: int = 0
    streaming: bool = False
    reset: bool = False       # RST in place of FIN
    half: bool = False        # the server is not told: it has to find out

    def __str__(self):
        return (f"{'reset' if self.reset else 'cut'}{' on one side' * self.half} at byte {self.at} of "
                f"{'the stream' if self.streaming else 'the connection'}, {self.direction}")


@dataclasses.dataclass(frozen=True)
class Feedback:
    at: float
    link: int
    write: int
    flush: int
    apply: int


class Frames:
    """Cuts one direction of a connection into messages; `seen` is called with the type and the body's beginning."""

    def __init__(self, direction, seen):
        self.rest, self.typed, self.seen = b"", direction == SERVER, seen

    def feed(self, data):
        data, at = self.rest + data, 0
        while len(data) - at >= 4 + self.typed:
            length, = struct.unpack_from(">I", data, at + self.typed)
            if len(data) - at < length + self.typed:
                break
            kind = data[at:at + 1] if self.typed else b""
            body = data[at + self.typed + 4:at + self.typed + length]
            self.typed = self.typed or struct.unpack_from(">I", body)[0] not in UNTYPED
            at += self.typed + length if kind else length
            self.seen(kind, body)
        self.rest = data[at:]


class Link:
    """One connection through the proxy."""

    def __init__(self, proxy, number, client, fault):
        self.proxy, self.number, self.fault = proxy, number, fault
        self.client = client
        self.server = socket.create_connection(("127.0.0.1", proxy.server_port))
        for one in (self.client, self.server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.settimeout(TICK_S)
        self.passed = {CLIENT: 0, SERVER: 0}
        self.streaming_at = {CLIENT: None, SERVER: None}   # how much had been passed when the stream began
        self.streaming = threading.Event()
        self.ended, self.lock = False, threading.Lock()
        self.frames = {CLIENT: Frames(CLIENT, self.from_client), SERVER: Frames(SERVER, self.from_server)}
        for direction in (CLIENT, SERVER):
            threading.Thread(target=self.pump, args=(direction,), daemon=True).start()

    def from_client(self, kind, body):
        if kind == b"d" and body[:1] == b"r" and len(body) == 34:
            write, flush, apply = struct.unpack_from(">QQQ", body, 1)
            self.proxy.tell(Feedback(time.monotonic(), self.number, write, flush, apply))

    def from_server(self, kind, body):
        copy_both = b"W"
        if kind == copy_both and not self.streaming.is_set():
            self.streaming_at = {direction: self.passed[direction] for direction in self.passed}
            self.streaming.set()

    def pump(self, direction):
        source, target = (self.client, self.server) if direction == CLIENT else (self.server, self.client)
        try:
            while True:
                data = self.receive(source)
                self.proxy.wait_thawed(self)
                if not data:
                    break
                self.frames[direction].feed(data)
                data, cut = self.shorten(direction, data)
                for piece in self.proxy.pieces(data):
                    self.proxy.wait_thawed(self)
                    self.send(target, piece)
                self.passed[direction] += len(data)
                if cut:
                    return self.strike()
        except OSError:
            pass
        self.end()

    def receive(self, source):
        while not self.ended:
            try:
                return source.recv(CHUNK)
            except TimeoutError:
                pass
        return b""

    def send(self, target, data):
        while data and not self.ended:
            try:
                data = data[target.send(data):]
            except TimeoutError:
                pass

    def shorten(self, direction, data):
        """What of it is passed, and whether that was the last."""
        fault = self.fault
        if fault is None or fault.direction != direction or fault.streaming and not self.streaming.is_set():
            return data, False
        begin = self.streaming_at[direction] if fault.streaming else 0
        left = max(begin + fault.at - self.passed[direction], 0)
        return (data[:left], True) if left <= len(data) else (data, False)

    def strike(self):
        with self.lock:
            struck, self.ended = not self.ended, True
        if struck:
            self.close(self.client, self.fault.reset)
            if self.fault.half:
                self.proxy.half_open.append(self.server)
            else:
                self.close(self.server, self.fault.reset)
            self.proxy.strike(self)

    def end(self):
        with self.lock:
            self.ended = True
        self.close(self.client)
        self.close(self.server)

    @staticmethod
    def close(one, reset=False):
        """Also wakes the thread that reads from it."""
        try:
            if reset:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        one.close()


class Proxy:
    """on_feedback is called with each status update before it is passed on; what it raises is kept in `wrong`."""

    def __init__(self, server_port, on_feedback=lambda feedback: None):
        self.server_port, self.on_feedback = server_port, on_feedback
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port = self.listener.getsockname()[1]
        self.feedbacks, self.wrong, self.links, self.half_open = [], [], [], []
        self.faults, self.struck = [], 0
        self.thawed = threading.Event()
        self.thawed.set()
        self.frozen_links = set()
        self.rate = self.piece = None
        self.delay = 0
        self.changed = threading.Condition()
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.listener.close()
        self.thaw()
        for link in self.links:
            link.end()
        for one in self.half_open:
            one.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            fault = self.faults.pop(0) if self.faults else None
            try:
                link = Link(self, len(self.links), client, fault)
            except OSError:   # the server is not there
                client.close()
                continue
            with self.changed:
                self.links.append(link)
                self.changed.notify_all()

    # ---- what happens to what is passed on --------------------------------------------------------

    def next(self, *faults):
        """Of the connections that come next, one each. Those that exist go on."""
        self.faults.extend(faults)

    def cut_now(self, reset=False):
        """All that there are, at this moment."""
        for link in list(self.links):
            if not link.ended:
                link.fault = Fault(reset=reset)
                link.strike()

    def freeze(self, only_these=False):
        """Nothing passes, nothing is closed: half-open connections. only_these: new ones work."""
        self.frozen_links = set(self.links) if only_these else None
        self.thawed.clear()

    def thaw(self):
        self.frozen_links = set()
        self.thawed.set()

    def wait_thawed(self, link):
        while not self.thawed.is_set() and (self.frozen_links is None or link in self.frozen_links):
            self.thawed.wait(0.05)

    def pieces(self, data):
        """So that the rate (bytes a second), the size of pieces and the delay hold that are set at this moment."""
        at = 0
        while at < len(data):
            size = self.piece or (max(self.rate // 20, 1) if self.rate else CHUNK)
            rate, delay = self.rate, self.delay
            if rate or delay:
                time.sleep(delay + (min(size, len(data) - at) / rate if rate else 0))
            yield data[at:at + size]
            at += size

    # ---- what is told ---------------------------------------------------------------------------------

    def tell(self, feedback):
        try:
            self.on_feedback(feedback)
        except Exception as error:   # judged at the end, in the main thread
            self.wrong.append(f"{error}: {feedback}")
        with self.changed:
            self.feedbacks.append(feedback)
            self.changed.notify_all()

    def strike(self, link):
        with self.changed:
            self.struck += 1
            self.changed.notify_all()

    def wait(self, condition, seconds, alive=lambda: True):
        """Until condition() is true; False if it takes longer."""
        end = time.monotonic() + seconds
        with self.changed:
            while not condition():
                if not alive() or time.monotonic() > end:
                    return False
                self.changed.wait(0.05)
        return True

    def is_streaming(self):
        """Some connection is, and has not ended."""
        return any(link.streaming.is_set() and not link.ended for link in self.links)
