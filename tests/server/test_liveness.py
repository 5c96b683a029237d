# SPDX-License-Identifier: MIT
"""A sink that takes nothing, a server or a client that stands still: who hears from whom, and what it costs."""
import os
import pathlib
import re
import signal
import subprocess
import time

import support
from support import OK, OUTPUT, Case, environment, other_server

TIMEOUT = 2                   # wal_sender_timeout
BLOCKED = 10 * TIMEOUT
MIB = 1 << 20


def high_water(pid):
    """The most memory that it ever had, in bytes."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", text)[1])


class Hurried(Case):
    """A server that drops a client of which it hears nothing for two seconds."""

    @classmethod
    def find_server(cls):
        return other_server("hurried", {"wal_sender_timeout": f"{TIMEOUT}s"})

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t", cls.db)

    def setUp(self):
        super().setUp()
        self.sql("TRUNCATE t")
        self.create_slot()

    def arguments(self, *more):
        return ["-S", self.slot, "--publication", "p", "--format", "compact", *more]

    def insert(self, first, last, width=300):
        """One transaction per row."""
        self.sql("\n".join(f"INSERT INTO t VALUES ({n}, repeat('x', {width}));" for n in range(first, last + 1)))

    def connection(self):
        """The walsender's process and when it began: another connection has another one."""
        return self.server.sql("SELECT r.pid, r.backend_start FROM pg_stat_replication r JOIN pg_replication_slots s ON "
                               f"s.active_pid = r.pid WHERE s.slot_name = '{self.slot}'")

    def wait_time(self, seconds, alive):
        """Until the server's clock has gone so far, while it is alive."""
        begin = self.server.value("clock_timestamp()")
        self.server.wait(f"clock_timestamp() > '{begin}'::timestamptz + interval '{seconds} s'", alive=alive,
                         seconds=2 * seconds + 30)

    def rest(self):
        self.server.wait(f"NOT (SELECT active FROM pg_replication_slots WHERE slot_name = '{self.slot}')")
        return [event["new"]["id"] for event in self.until_now().of("I")]


class Blocked(Hurried):
    """The sink takes nothing for ten times wal_sender_timeout."""

    def check(self, process, reader, warm=400, count=3000):
        """reader: where the lines arrive; nothing is read there while it is blocked."""
        def alive():
            self.assertIsNone(process.poll(), "walwire ended")
            return True
        self.server.wait(lambda: self.connection() != "", alive=alive)
        self.insert(1, warm)
        lines = self.read_commits(reader, warm)
        self.server.wait(f"(SELECT confirmed_flush_lsn >= '{self.value('pg_current_wal_insert_lsn()')}' FROM "
                         f"pg_replication_slots WHERE slot_name = '{self.slot}')", alive=alive)
        connection, memory = self.connection(), high_water(process.pid)
        self.insert(warm + 1, warm + count, width=1000)
        self.server.sql("CREATE TABLE IF NOT EXISTS neighbour (v text)")
        self.wait_time(TIMEOUT, alive)   # what fits into pipe and buffers has gone there
        flush = self.confirmed()
        for _ in range(5):
            self.server.sql("INSERT INTO neighbour VALUES ('the slot must not follow this')")
            self.wait_time((BLOCKED - TIMEOUT) / 5, alive)
            self.assertEqual(self.connection(), connection, "it was disconnected")
        self.assertEqual(self.confirmed(), flush, "acknowledged what nobody had taken")
        self.assertLess(high_water(process.pid) - memory, 2 * MIB)
        lines += self.read_commits(reader, count)
        self.assertEqual(self.connection(), connection, "it was disconnected")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=20), OK)
        done = support.Finished(0, b"".join(lines), b"")
        self.assertEqual([event["new"]["id"] for event in done.of("I")], list(range(1, warm + count + 1)))
        self.assertEqual(self.rest(), [])

    @staticmethod
    def read_commits(reader, count):
        lines = []
        while count:
            lines.append(reader.readline())
            if not lines[-1]:
                raise AssertionError("the output ended")
            count -= lines[-1].startswith(b'{"op":"C"')
        return lines

    def start(self, *more, stdout):
        process = subprocess.Popen(self.command("stream", *self.arguments(*more)), stdout=stdout,
                                   stdin=subprocess.DEVNULL, env=environment(self.dir))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_a_pipe(self):
        process = self.start(stdout=subprocess.PIPE)
        with process.stdout as reader:
            self.check(process, reader)

    def test_a_fifo(self):
        path = self.dir / "fifo"
        os.mkfifo(path)
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as reader:
            os.set_blocking(reader.fileno(), True)
            self.check(self.start("-f", path, stdout=subprocess.DEVNULL), reader)

    def test_a_pipe_in_the_middle_of_one_transaction(self):
        """Far larger than all buffers; nothing before its end is acknowledged."""
        process = self.start("-s", "1", stdout=subprocess.PIPE)
        with process.stdout as reader:
            self.server.wait(lambda: self.connection() != "")
            self.insert(1, 10)
            self.read_commits(reader, 10)
            connection, memory = self.connection(), high_water(process.pid)
            self.sql("INSERT INTO t SELECT n, repeat('x', 1000) FROM generate_series(1001, 21000) n")
            self.wait_time(TIMEOUT, lambda: process.poll() is None)
            flush = self.confirmed()
            self.wait_time(2 * TIMEOUT, lambda: process.poll() is None)
            self.assertEqual((self.connection(), self.confirmed()), (connection, flush))
            self.assertLess(high_water(process.pid) - memory, 2 * MIB)
            self.assertEqual(len(self.read_commits(reader, 1)), 20002)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=20), OK)
        self.assertEqual(self.rest(), [])

    def test_a_signal_while_it_is_blocked(self):
        """What is begun is not finished for ever: --shutdown-timeout; nothing that was not read is acknowledged."""
        process = self.start("--shutdown-timeout", "1", stdout=subprocess.PIPE)
        with process.stdout as reader:
            self.server.wait(lambda: self.connection() != "")
            self.insert(1, 2000)
            self.read_commits(reader, 100)
            self.wait_time(1, lambda: process.poll() is None)
            process.send_signal(signal.SIGTERM)
            begin = time.monotonic()
            self.assertEqual(process.wait(timeout=10), OUTPUT)
            self.assertLess(time.monotonic() - begin, 5)
            seen = re.findall(rb'"new":\{"id":(\d+)', reader.read())
        rest = self.rest()
        self.assertEqual(rest, list(range(rest[0], 2001)))
        self.assertLessEqual(rest[0], int(seen[-1]) + 1, "acknowledged what was never written")


class DeadReader(Hurried):
    """A pipe whose reader dies without reading: the next run delivers it all."""

    def test_without_reading(self):
        process = subprocess.Popen(self.command("stream", *self.arguments("-s", "1")), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment(self.dir))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.server.wait(lambda: self.connection() != "")
        with self.unmoved():
            self.insert(1, 100, width=100)   # all of it fits into the pipe
            self.wait_time(2, lambda: process.poll() is None)   # status updates have said what there is to say
            process.stdout.close()
            self.insert(101, 110)
            self.assertEqual(process.wait(timeout=20), OUTPUT)
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        self.assertEqual(self.rest(), list(range(1, 111)))

    def test_behind_some_lines(self):
        """What it has not taken from the pipe comes again."""
        read_end, write_end = os.pipe()
        process = subprocess.Popen(self.command("stream", *self.arguments("-s", "1")), stdout=write_end,
                                   stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment(self.dir))
        os.close(write_end)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.server.wait(lambda: self.connection() != "")
        self.insert(1, 100, width=100)
        data = os.read(read_end, 1000)
        self.wait_time(2, lambda: process.poll() is None)
        whole = data[:data.rindex(b'{"op":"C"')].count(b'{"op":"C"')
        os.close(read_end)
        self.insert(101, 110)
        self.assertEqual(process.wait(timeout=20), OUTPUT)
        rest = self.rest()
        self.assertEqual(rest, list(range(rest[0], 111)))
        self.assertLessEqual(rest[0], whole + 2, "lost what was not read")

    def test_a_reader_that_is_killed(self):
        """walwire | sleep, and the sleep is killed."""
        reader = subprocess.Popen(["sleep", "1000"], stdin=subprocess.PIPE)
        self.addCleanup(reader.wait)
        process = subprocess.Popen(self.command("stream", *self.arguments("-s", "1")), stdout=reader.stdin,
                                   stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment(self.dir))
        reader.stdin.close()
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.server.wait(lambda: self.connection() != "")
        with self.unmoved():
            self.insert(1, 100, width=100)
            self.wait_time(2, lambda: process.poll() is None)
            reader.kill()
            self.insert(101, 110)
            self.assertEqual(process.wait(timeout=20), OUTPUT)
        process.stderr.close()
        self.assertEqual(self.rest(), list(range(1, 111)))


class StandingStill(Hurried):
    """One of the two stands still for longer than the other will wait."""

    def stream(self, *more):
        running = self.start_command("stream", *self.arguments("-s", "1", "--fsync-interval", "0.1", *more, "-f",
                                                               self.dir / "out"))
        self.wait_active(running)
        self.insert(1, 10)
        self.wait_told(running)
        return running

    def wait_told(self, running):
        end = self.server.value("pg_current_wal_insert_lsn()")
        self.server.wait(f"(SELECT confirmed_flush_lsn >= '{end}' FROM pg_replication_slots WHERE slot_name = "
                         f"'{self.slot}')", alive=running.is_alive)

    def finish(self, running):
        self.insert(11, 20)
        self.wait_told(running)
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        ids = re.findall(rb'"new":\{"id":(\d+)', (self.dir / "out").read_bytes())
        self.assertEqual([int(n) for n in ids], list(range(1, 21)))
        self.assertEqual(self.rest(), [])
        return done

    def test_we_do(self):
        """SIGSTOP: the server gives us up; afterwards it goes on."""
        running = self.stream()
        before = self.connection()
        running.process.send_signal(signal.SIGSTOP)
        self.server.wait(lambda: self.connection() == "")
        running.process.send_signal(signal.SIGCONT)
        self.server.wait(lambda: self.connection() not in ("", before), alive=running.is_alive)
        self.finish(running)

    def test_the_server_does(self):
        """Its process stands still, the connection is up: asked at half of the timeout, given up at the end of it."""
        running = self.stream()
        pid = int(self.connection().split("|")[0])
        os.kill(pid, signal.SIGSTOP)
        begin = time.monotonic()
        try:
            self.server.wait(lambda: "sends nothing" in running.stderr, alive=running.is_alive)
            took = time.monotonic() - begin
        finally:
            os.kill(pid, signal.SIGCONT)
        self.assertGreater(took, TIMEOUT * 0.8)
        self.assertLess(took, TIMEOUT * 2)
        self.server.wait(lambda: self.connection().split("|")[0] not in ("", str(pid)), alive=running.is_alive)
        self.finish(running)

    def test_nothing_happens(self):
        """An idle stream is no silence: the connection stays, with no status update but those that are due."""
        running = self.stream("-s", "100")
        before = self.connection()
        self.wait_time(3 * TIMEOUT, running.is_alive)
        self.assertEqual(self.connection(), before)
        self.finish(running)

    @support.since(12)   # when a database could have its own
    def test_timeout_off(self):
        """wal_sender_timeout=0: 60 s are taken for it; nothing is given up early."""
        self.server.sql(f"ALTER DATABASE {self.db} SET wal_sender_timeout = 0")
        self.addCleanup(self.server.sql, f"ALTER DATABASE {self.db} RESET wal_sender_timeout")
        running = self.stream()
        before = self.connection()
        pid = int(before.split("|")[0])
        os.kill(pid, signal.SIGSTOP)
        try:
            self.wait_time(3 * TIMEOUT, running.is_alive)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.assertEqual(self.connection(), before)
        self.finish(running)
