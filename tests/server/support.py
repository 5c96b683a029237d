# SPDX-License-Identifier: MIT
"""What the integration tests share: one server, the command, a database per test class."""
import contextlib
import dataclasses
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import pg

server: pg.Server = None      # set by run.py
walwire: str = None           # the command's path, set by run.py
tools: pathlib.Path = None    # the folder of the test programs, set by run.py

# The contract's exit codes.
OK, INTERNAL, USAGE, CONNECT, REFUSED, GAP, OUTPUT, INPUT = range(8)

others = {}                   # servers with other settings, started when first asked for


def other_server(name, settings):
    """A second server with these settings, shared by all who ask for the same name."""
    if name not in others:
        others[name] = pg.Server(server.version, settings).start()
    return others[name]


def since(major, until=99):
    """Of a test or a class of tests: in other versions there is nothing to test, and run.py leaves it out."""
    def mark(what):
        what.versions = range(major, until + 1)
        return what
    return mark


def long(test):
    """Of a test: only with run.py --all."""
    test.long = True
    return test


def cleanup():
    for one in others.values():
        one.remove()


def environment(home, **more):
    """Nothing of the caller's: no PG*, no password file."""
    keep = {key: os.environ[key] for key in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LANG")
            if key in os.environ}
    return {**keep, "HOME": str(home), **{key: str(value) for key, value in more.items()}}


class Running:
    """walwire in the background; its lines are read as they come."""

    def __init__(self, command, env, **options):
        self.process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, **options)
        self.lines, self.arrived = [], queue.Queue()
        self.errors = b""
        self.threads = [threading.Thread(target=self._read_lines, daemon=True),
                        threading.Thread(target=self._read_errors, daemon=True)]
        for thread in self.threads:
            thread.start()

    def _read_lines(self):
        for line in self.process.stdout:
            self.arrived.put(line)
        self.arrived.put(None)

    def _read_errors(self):
        for line in self.process.stderr:
            self.errors += line

    def wait_line(self, wanted, seconds=30):
        """Reads up to and including the first line for which wanted(event) is true; returns that event."""
        end = time.monotonic() + seconds
        while True:
            try:
                line = self.arrived.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"line did not come in {seconds} s; stderr: {self.stderr}") from None
            if line is None:
                raise AssertionError(f"walwire ended ({self.process.wait()}): {self.stderr}")
            self.lines.append(line)
            event = json.loads(line)
            if wanted(event):
                return event

    def wait_commits(self, count, seconds=30):
        """Reads until so many commit lines (compact format) have come."""
        for _ in range(count):
            self.wait_line(lambda event: event["op"] == "C", seconds)

    def stop(self, how=signal.SIGINT, seconds=20):
        """Sends the signal, waits for the end; returns what run() returns."""
        if how:
            self.process.send_signal(how)
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"walwire did not stop in {seconds} s; stderr: {self.stderr}") from None
        for thread in self.threads:
            thread.join(timeout=10)
        while not self.arrived.empty():
            line = self.arrived.get()
            if line is not None:
                self.lines.append(line)
        self.process.stdout.close()
        self.process.stderr.close()
        return Finished(self.process.returncode, b"".join(self.lines), self.errors)

    def end(self):
        """In any case, after a test that failed too."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def is_alive(self):
        if self.process.poll() is not None:
            raise AssertionError(f"walwire ended ({self.process.returncode}): {self.stderr}")
        return True

    @property
    def stderr(self):
        return self.errors.decode(errors="replace")


class Finished:
    """How walwire ended. events: its output lines, parsed."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err.decode(errors="replace")

    @property
    def events(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def of(self, *ops):
        """The events of these kinds, compact format."""
        return [event for event in self.events if event["op"] in ops]


@dataclasses.dataclass(frozen=True)
class Digits:
    """A JSON number as it was written: 1.50 is neither 1.5 nor "1.50"."""
    text: str


class Case(unittest.TestCase):
    """A test class has a database of its own, and a directory per test. Slots are dropped after each."""
    maxDiff = 4000
    database = ""             # the rest of CREATE DATABASE
    Digits = Digits

    @staticmethod
    def parse(text):
        """JSON with numbers kept digit by digit."""
        return json.loads(text, parse_int=Digits, parse_float=Digits)

    @classmethod
    def setUpClass(cls):
        cls.server = cls.find_server()
        cls.major = cls.server.major
        cls.db = re.sub(r"(?<!^)([A-Z])", r"_\1", cls.__name__).lower()
        cls.server.sql(f"CREATE DATABASE {cls.db} {cls.database}")

    @classmethod
    def find_server(cls):
        """The server of all tests of this class: the shared one, unless a class says otherwise."""
        return server

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="walwire-test-"))
        self.addCleanup(shutil.rmtree, self.dir)
        self.slot = (self.db + "_" + self._testMethodName.removeprefix("test_"))[:63]
        self.addCleanup(self.drop_slots)

    def drop_slots(self):
        self.server.sql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots "
                        f"WHERE database = '{self.db}' AND active_pid IS NOT NULL")
        self.server.wait("NOT EXISTS (SELECT FROM pg_replication_slots "
                         f"WHERE database = '{self.db}' AND active)")
        self.server.sql("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                        f"WHERE database = '{self.db}'")

    def sql(self, statements):
        return self.server.sql(statements, self.db)

    def value(self, expression):
        return self.server.value(expression, self.db)

    def conninfo(self, user="postgres", **more):
        return self.server.conninfo(user, self.db, **more)

    def command(self, verb, *arguments, conninfo=None):
        """The argument list; conninfo None: this class's database over the Unix socket."""
        words = [walwire, *verb.split(), *map(str, arguments)]
        return words if conninfo == "" else [*words, "-d", conninfo or self.conninfo()]

    def run_command(self, verb, *arguments, conninfo=None, env=None, seconds=60, **options):
        """walwire VERB ARGUMENTS to its end."""
        done = subprocess.run(self.command(verb, *arguments, conninfo=conninfo), capture_output=True,
                              env=environment(self.dir, **(env or {})), timeout=seconds,
                              stdin=options.pop("stdin", subprocess.DEVNULL), **options)
        return Finished(done.returncode, done.stdout, done.stderr)

    def start_command(self, verb, *arguments, conninfo=None, env=None, **options):
        """The same, in the background."""
        running = Running(self.command(verb, *arguments, conninfo=conninfo),
                          environment(self.dir, **(env or {})), stdin=subprocess.DEVNULL, **options)
        self.addCleanup(running.end)
        return running

    def until_now(self, *arguments, status=OK, publication="p", **options):
        """Everything in the slot, in the compact format; must end well."""
        done = self.run_command("stream", "-S", self.slot, "--publication", publication, "--until-now",
                                "--format", "compact", *arguments, **options)
        self.assertEqual(done.status, status, done.err)
        return done

    def create_slot(self, name=None, plugin="pgoutput"):
        self.value(f"pg_create_logical_replication_slot('{name or self.slot}', '{plugin}')")

    def confirmed(self, name=None):
        """The slot's confirmed position, as the server knows it."""
        return self.server.value("confirmed_flush_lsn FROM pg_replication_slots "
                                 f"WHERE slot_name = '{name or self.slot}'")

    def wait_active(self, running=None):
        """Until this command, which must not end meanwhile, streams from the slot (a slot is active
        already while it is created)."""
        self.server.wait("EXISTS (SELECT FROM pg_stat_replication r JOIN pg_replication_slots s ON "
                         f"s.active_pid = r.pid WHERE s.slot_name = '{self.slot}' AND r.state = 'streaming')",
                         alive=running.is_alive if running else lambda: True)

    @contextlib.contextmanager
    def unmoved(self, name=None):
        """What happens inside must not move the slot."""
        before = self.confirmed(name)
        yield
        self.assertEqual(self.confirmed(name), before, "the slot has moved")

    def assert_error(self, done, status, *words):
        """Ended with this status, nothing on stdout, a message with each of the words and no secret."""
        self.assertEqual(done.status, status, done.err)
        self.assertEqual(done.out, b"")
        for word in words:
            self.assertIn(word, done.err)
        self.assertNotIn("secret", done.err)
        self.assertNotRegex(done.err, r"AddressSanitizer|runtime error")
        self.assertLessEqual(len(done.err.splitlines()), 8, "not one clear message:\n" + done.err)
