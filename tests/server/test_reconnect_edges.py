# SPDX-License-Identifier: MIT
"""Rare moments of a connection: a session that hides warnings, a process that takes over from another, a crash under load,
a server that says nothing more, a message behind the end, a timeout that became shorter."""
import contextlib
import json
import re
import signal
import socket
import subprocess
import threading
import time

import position
import support
import test_acks
import test_liveness
import test_reconnect
import test_workers
from support import GAP, OK, Case, environment, other_server, since


class HiddenWarnings(Case):
    """That a publication was skipped is told by a warning (18; before, by an error). client_min_messages hides it."""

    def setUp(self):
        super().setUp()
        self.sql("CREATE TABLE t (id int PRIMARY KEY)")
        self.addCleanup(self.sql, "DROP TABLE t; DROP PUBLICATION late")
        self.create_slot()

    def check(self, **conninfo):
        self.sql("INSERT INTO t VALUES (1); CREATE PUBLICATION late FOR TABLE t; INSERT INTO t VALUES (2)")
        with self.unmoved():
            done = self.until_now(publication="late", status=GAP, conninfo=self.conninfo(**conninfo))
        self.assertIn("late", done.err)

    def test_of_the_role(self):
        self.server.sql(f"ALTER ROLE trusted IN DATABASE {self.db} SET client_min_messages = error")
        self.addCleanup(self.server.sql, f"ALTER ROLE trusted IN DATABASE {self.db} RESET client_min_messages")
        self.check(user="trusted")

    def test_of_the_database(self):
        self.server.sql(f"ALTER DATABASE {self.db} SET client_min_messages = error")
        self.addCleanup(self.server.sql, f"ALTER DATABASE {self.db} RESET client_min_messages")
        self.check()

    def test_of_the_connection(self):
        self.check(options="-c client_min_messages=error")


class RollingDeploy(test_workers.Example):
    """The next process of a consumer is there before the one before has gone; its position is in a table."""
    program = "example_exactly_once"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.target = cls.db + "_target"
        cls.server.sql(f"CREATE DATABASE {cls.target}")
        cls.server.sql("CREATE TABLE arrived (relation text, op text, first text)", cls.target)

    def arguments(self):
        return [self.conninfo(), self.slot, "p", self.server.conninfo(dbname=self.target), self.slot]

    def arrived(self):
        return int(self.server.value("count(*) FROM arrived", self.target))

    def asked(self):
        """How often a process asked for the slot."""
        return len(re.findall(f"received replication command: START_REPLICATION .*{self.slot}",
                              self.server.log.read_text(errors="replace")))

    def wait_more(self):
        """More has arrived, and is acknowledged."""
        arrived, confirmed = self.arrived(), self.confirmed()
        self.wait(lambda: self.arrived() > arrived + 50 and self.confirmed() != confirmed)

    def write(self):
        while not self.enough.is_set():
            self.sql("\n".join(f"INSERT INTO t VALUES ({n}, 0);" for n in range(self.written, self.written + 20)))
            self.written += 20

    def test_under_load(self):
        self.enough, self.written = threading.Event(), 0
        writer = threading.Thread(target=self.write, daemon=True)
        writer.start()
        self.addCleanup(writer.join)
        self.addCleanup(self.enough.set)
        self.start()
        self.wait_more()
        for _ in range(3):
            before = self.running
            asked = self.asked()
            self.start()
            try:
                self.wait(lambda: self.asked() > asked)
                self.wait_more()   # which the one that waits has not seen
                before.send_signal(signal.SIGTERM)
                self.assertEqual(before.wait(timeout=30), OK)
            finally:
                before.kill()
                before.wait()
            self.wait_more()
        self.enough.set()
        writer.join()
        self.settled()
        self.stop()
        self.assertEqual(self.server.value("ARRAY[count(*), count(DISTINCT first), min(first::int), max(first::int)] "
                                           "FROM arrived", self.target),
                         f"{{{self.written},{self.written},0,{self.written - 1}}}")


class CrashUnderLoad(test_reconnect.Reconnecting):
    def load(self):
        """Until the server is gone; the last row may or may not be there."""
        with contextlib.suppress(RuntimeError):
            for n in range(1000):
                self.insert(100 * n, 100 * n + 99)

    def whole(self):
        """Up to the end of the last transaction that is written."""
        data = self.path.read_bytes()
        return data.index(b"\n", data.rindex(b'{"op":"C"')) + 1

    def kept(self):
        return position.read(self.dir / "out.position")

    def test_the_position_follows_what_is_synced(self):
        """What the file holds is known beside it, though no server can be told; a stop finds nothing more to cut."""
        running = self.start_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact", "-s", "1",
                                     "--fsync-interval", "0.5", "-f", self.path)
        self.wait_active(running)
        writer = threading.Thread(target=self.load, daemon=True)
        writer.start()
        self.server.wait(lambda: self.path.stat().st_size > 100000, alive=running.is_alive)
        self.server.stop("immediate")
        writer.join()
        self.server.wait(lambda: "connecting again" in running.stderr, alive=running.is_alive)
        with self.subTest("while it is away"):
            self.server.wait(lambda: self.kept().offset == self.whole(), alive=running.is_alive)
        with self.subTest("a stop"):
            self.assertEqual(running.stop(signal.SIGTERM).status, OK, running.stderr)
            self.assertEqual(self.kept().offset, self.path.stat().st_size)
            self.assertEqual(self.whole(), self.path.stat().st_size)
            last = re.findall(rb'"op":"C".*"lsn":"([0-9A-F/]+)"', self.path.read_bytes())[-1]
            self.assertEqual(self.kept().acked, position.lsn(last.decode()))
        self.server.start(new_port=False)
        self.insert(200000, 200010)
        running = self.to_file()
        self.wait_active(running)
        self.finish(running)


class Relay:
    """Between walwire and the server. What has this word in it goes no further until go_on is set."""

    def __init__(self, server, word=None):
        self.port, self.word = server.port, word
        self.held, self.go_on = threading.Event(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.here = self.listener.getsockname()[1]
        self.sockets = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.port))
                self.sockets += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self.pass_on, args=pair, daemon=True).start()

    def pass_on(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.word and self.word in data:
                    self.held.set()
                    self.go_on.wait()
                target.sendall(data)
        self.hang_up((source, target))

    @staticmethod
    def hang_up(sockets):
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def conninfo(self, dbname):
        return f"host=127.0.0.1 port={self.here} user=trusted dbname={dbname} sslmode=disable"

    def freeze(self, word):
        """The connection ends, and the next one stands still at this word."""
        self.word = word
        self.hang_up(self.sockets)

    def close(self):
        self.hang_up([self.listener, *self.sockets])
        self.go_on.set()
        for one in (self.listener, *self.sockets):
            one.close()


class Frozen(test_reconnect.Reconnecting):
    """The server is reached again, and then says nothing: a signal is obeyed all the same."""

    def check(self, word, *more):
        relay = Relay(self.server)
        self.addCleanup(relay.close)
        running = self.stream(*more, conninfo=relay.conninfo(self.db))
        self.wait_active(running)
        self.insert(1, 10)
        self.wait_told(running)
        relay.freeze(word)
        self.server.wait(relay.held.is_set, alive=running.is_alive)
        begin = time.monotonic()
        done = running.stop(signal.SIGTERM)
        self.assertLess(time.monotonic() - begin, 2)
        self.assertEqual(done.status, OK, done.err)
        return done

    def test_a_file_at_the_start_of_the_stream(self):
        self.check(b"START_REPLICATION", "-f", self.path)
        self.drop_senders()
        running = self.to_file()
        self.wait_active(running)
        self.insert(11, 20)
        self.finish(running)

    def test_a_pipe_at_the_start_of_the_stream(self):
        done = self.check(b"START_REPLICATION")
        self.assertEqual(len(done.of("I")), 10)

    def test_a_pipe_before_that(self):
        for word in (b"IDENTIFY_SYSTEM", b"wal_sender_timeout", b"pg_replication_slots"):
            with self.subTest(word):
                self.sql("TRUNCATE t")
                self.check(word)
                self.drop_senders()

    def drop_senders(self):
        self.terminate()
        self.server.wait(f"NOT (SELECT active FROM pg_replication_slots WHERE slot_name = '{self.slot}')")


@since(14)   # when the plugin could send messages
class BehindTheEnd(test_acks.Received):
    """The first thing behind the end is a message outside of transactions: nobody awaits its acknowledgement."""

    def message(self):
        self.sql("SELECT pg_logical_emit_message(false, 'p', 'hello')")

    def test_endpos(self):
        self.insert(1, 1)
        end = self.value("pg_current_wal_insert_lsn() + 1")
        self.message()
        self.message()
        consumer = self.consume("-E", end, "--shutdown-timeout", "3")
        consumer.ack(consumer.unit())
        done = consumer.stop(how=None)
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual([event["op"] for event in done.events], ["B", "I", "C"])

    def test_until_now(self):
        """Which is before the stream is started; the message is there when it is."""
        self.sql("INSERT INTO t VALUES (1, 'x'); CHECKPOINT")
        relay = Relay(self.server, b"START_REPLICATION")
        self.addCleanup(relay.close)
        process = subprocess.Popen(
            self.command("stream", "-S", self.slot, "--publication", "p", "--ack", "received", "--format", "compact",
                         "--until-now", "--shutdown-timeout", "3", conninfo=relay.conninfo(self.db)),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(self.dir))
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.server.wait(relay.held.is_set, alive=lambda: process.poll() is None)
        self.message()
        relay.go_on.set()
        lines = []
        for line in process.stdout:
            lines.append(json.loads(line))
            if lines[-1]["op"] == "C":
                process.stdin.write(lines[-1]["lsn"].encode() + b"\n")
                process.stdin.flush()
        status = process.wait(timeout=30)
        self.assertEqual(status, OK, process.stderr.read())
        self.assertEqual([line["op"] for line in lines], ["B", "I", "C"])


class Lowered(test_liveness.Hurried):
    """The server comes back with a shorter wal_sender_timeout: status updates come as often as that asks for."""

    @classmethod
    def find_server(cls):
        return other_server("lowered", {"wal_sender_timeout": "60s"})

    def restart(self, timeout):
        self.server.stop("immediate")
        self.server.settings["wal_sender_timeout"] = timeout
        self.server.start(new_port=False)

    def test_a_pipe_that_nobody_reads(self):
        self.addCleanup(self.restart, "60s")
        process = subprocess.Popen(self.command("stream", *self.arguments()), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, env=environment(self.dir))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

        def alive():
            return process.poll() is None
        self.server.wait(lambda: self.connection() != "", alive=alive)
        self.restart("3s")
        logged = self.server.log.stat().st_size
        self.server.wait(lambda: self.connection() != "", alive=alive)
        connection = self.connection()
        self.insert(1, 5000, width=1000)
        self.wait_time(9, alive)
        log = self.server.log.read_bytes()[logged:]
        self.assertNotIn(b"replication timeout", log)
        self.assertEqual(self.connection(), connection, "it was disconnected")
        with process.stdout as reader:
            lines = test_liveness.Blocked.read_commits(reader, 5000)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=20), OK)
        self.assertEqual([event["new"]["id"] for event in support.Finished(0, b"".join(lines), b"").of("I")],
                         list(range(1, 5001)))
