# SPDX-License-Identifier: MIT
"""One row of a table: what the server plays, and the result that is required. And how a row is run: the real command
against a server of its own, watched from outside."""
import dataclasses
import json
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

import peer as peers
from peer import CONFIRMED, Peer

# The contract's exit codes.
DONE, INTERNAL, USAGE, CONNECT, REFUSED, GAP, OUTPUT = range(7)

PASSWORD = "Canary-1234"      # shown nowhere, ever
SANITIZER = 99                # its exit code
WATCH = str(pathlib.Path(__file__).with_name("watch.py"))
MIB = 1 << 20


@dataclasses.dataclass
class Case:
    """`id` begins with HOSTILE's. Behind every one stand, besides what the fields say: the password is shown and sent
    nowhere in clear, no control character reaches standard error or the output, the output consists of whole
    transactions, and nothing beyond `acked` is acknowledged."""
    id: str
    play: callable                  # the script: play(peer), for each connection
    exit: int
    says: str = ""                  # standard error matches this
    args: tuple = ()
    conninfo: str = ""              # more keywords
    sslmode: str = "disable"
    password: bool = True
    command: tuple = ("stream", "-S", "s", "--publication", "p", "--format", "compact", "-f", "out")
    seconds: float = 5              # from the start of the command to its end
    rss: int = 16 * MIB             # above what an ordinary stream takes
    connections: int = 1            # that the client may make
    acked: int = CONFIRMED          # the highest position that may be acknowledged
    must_ack: int = 0               # the least that has to be acknowledged at the end
    lines: list = None              # the output, parsed; None: only whole transactions
    compact: bool = True            # the format of the output; another one need not be JSON
    sent: bytes = None              # all that the server may have received
    check: callable = None          # check(run) returns what is wrong, or None
    interrupt: bool = False         # SIGINT when the script sets peer.server.reached
    reconnects: bool = False        # else with -n: a lost connection is final, and the first finding shows
    earlier: "Case" = None          # run before, in the same directory: its output and its position stay
    spoil: callable = None          # spoil(directory): what happens to them before this one is run

    def __str__(self):
        return self.id


class Server:
    """Listens, and plays the script to each connection in a thread."""

    def __init__(self, case):
        self.case, self.peers, self.threads, self.wrong = case, [], [], []
        self.deadline = time.monotonic() + case.seconds + 1
        self.reached = threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listening.accept()
            except OSError:
                return
            one = Peer(sock, len(self.peers), self.deadline)
            one.server = self
            self.peers.append(one)
            thread = threading.Thread(target=self.play, args=(one,), daemon=True)
            thread.start()
            self.threads.append(thread)

    def play(self, one):
        try:
            self.case.play(one)
        except peers.Ended:
            pass
        except Exception as why:   # a script that does not work must not pass for a case
            self.wrong.append(f"the script failed: {why!r}")
        finally:
            one.sock.close()

    def close(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for thread in self.threads:
            thread.join(2)


class Run:
    """One case, run. `wrong` is what is not as required."""

    def __init__(self, case, walwire, directory):
        self.case, self.walwire, self.dir = case, walwire, pathlib.Path(directory)
        self.wrong, self.interrupted = [], None
        self.prepare()
        self.server = Server(case)
        try:
            self.execute()
        finally:
            self.server.close()
        self.judge()

    def prepare(self):
        if self.case.earlier:
            earlier = Run(self.case.earlier, self.walwire, self.dir)
            self.wrong += [f"the run before: {one}" for one in earlier.wrong]
        try:
            if self.case.spoil:
                self.case.spoil(self.dir)
        except OSError as why:
            self.wrong.append(f"the run before left something else: {why}")

    def command(self):
        words = [f"host=127.0.0.1 port={self.server.port} user=u dbname=db"]
        words += [f"sslmode={self.case.sslmode}"] if self.case.sslmode else []
        final = [] if self.case.reconnects else ["-n"]
        return [self.walwire, *self.case.command, *final, *self.case.args, "-d", " ".join([*words, self.case.conninfo])]

    def environment(self):
        env = {"PATH": os.environ["PATH"], "HOME": str(self.dir), "LANG": "C.UTF-8",
               "ASAN_OPTIONS": f"exitcode={SANITIZER}:quarantine_size_mb=4",
               "UBSAN_OPTIONS": f"halt_on_error=1:print_stacktrace=1:exitcode={SANITIZER}"}
        return env | ({"PGPASSWORD": PASSWORD} if self.case.password else {})

    def execute(self):
        begin = time.monotonic()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            self.watch(out, err)
            self.ended = time.monotonic()
            self.seconds = self.ended - begin
            out.seek(0)
            err.seek(0)
            self.stdout, self.stderr = out.read(), err.read()
        path = self.dir / "out"
        self.out = path.read_bytes() if path.exists() else b""

    def watch(self, out, err):
        told, tell = os.pipe()
        words = [sys.executable, "-ISB", WATCH, str(tell), str(self.case.seconds), *self.command()]
        watcher = subprocess.Popen(words, cwd=self.dir, env=self.environment(), pass_fds=[tell],
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        os.close(tell)
        with open(told) as news:
            pid = int(news.readline())
            if self.case.interrupt:
                threading.Thread(target=self.send_signal, args=(pid,), daemon=True).start()
            status, peak, cpu = news.readline().split()
        watcher.wait()
        self.status, self.peak, self.cpu = int(status), int(peak) * 1024, float(cpu)

    def send_signal(self, pid):
        if self.server.reached.wait(self.case.seconds):
            self.interrupted = time.monotonic()
            os.kill(pid, signal.SIGINT)

    # ---- the judgement ----

    def judge(self):
        self.wrong += self.server.wrong
        if self.seconds >= self.case.seconds:
            self.wrong.append(f"did not end within {self.case.seconds} s")
        elif self.status != self.case.exit:
            self.wrong.append(f"ended with {self.status}, required {self.case.exit}")
        if not re.search(self.case.says, self.stderr.decode(errors="replace")):
            self.wrong.append(f"does not say: {self.case.says}")
        if len(self.server.peers) > self.case.connections:
            self.wrong.append(f"{len(self.server.peers)} connections")
        received = b"".join(one.raw for one in self.server.peers)
        if self.case.sent is not None and received != self.case.sent:
            self.wrong.append(f"sent {received!r}")
        if PASSWORD.encode() in self.stderr + self.stdout + self.out + received:
            self.wrong.append("the password is shown, or went in clear")
        self.judge_messages()
        self.judge_acknowledgements()
        self.judge_output()
        if self.case.check:
            self.wrong += [self.case.check(self)] if self.case.check(self) else []

    def judge_messages(self):
        lines = self.stderr.splitlines()
        if re.search(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", self.stderr):
            self.wrong.append("a control character in a message")
        if len(lines) > 8 * self.case.connections or any(not line.startswith((b"walwire: ", b"  ")) for line in lines):
            self.wrong.append("not one clear message")
        if re.search(rb"Sanitizer|runtime error", self.stderr):
            self.wrong.append("a sanitizer's finding")

    def judge_acknowledgements(self):
        last = 0
        for one in self.server.peers:
            for flush, _ in one.statuses:
                if flush > self.case.acked:
                    self.wrong.append(f"acknowledged {flush:#x}")
                if flush < last:
                    self.wrong.append("acknowledged less than before")
                last = flush
        if last < self.case.must_ack:
            self.wrong.append(f"acknowledged only {last:#x}")

    def judge_output(self):
        if self.stdout:
            self.wrong.append("something on standard output")
        if re.search(rb"[\x00-\x09\x0b-\x1f]", self.out):
            self.wrong.append("a control character in the output")
        if self.case.compact:
            self.judge_lines()

    def judge_lines(self):
        try:
            lines = [json.loads(line) for line in self.out.decode().split("\n") if line]
        except ValueError as why:
            self.wrong.append(f"the output is no JSON: {why}")
            return
        if lines and (lines[-1]["op"] not in "CM" or not self.out.endswith(b"\n")):
            self.wrong.append("the output ends within a transaction")
        if self.case.lines is not None and lines != self.case.lines:
            self.wrong.append(f"the output is {str(lines)[:1000]}")

    def report(self):
        return "\n".join([f"     {one}" for one in self.wrong] +
                         [f"     | {line}" for line in self.stderr.decode(errors="backslashreplace").splitlines()])
