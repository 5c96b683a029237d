# SPDX-License-Identifier: MIT
"""Rare moments of a delivery: an --init that was not needed, an output that was deleted, a stop while there is no
connection, a position that the consumer states again."""
import os
import re
import signal
import socket
import subprocess
import threading

from support import CONNECT, OK, OUTPUT, REFUSED, Case, Running, environment, since


class Edges(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t", cls.db)

    def setUp(self):
        super().setUp()
        self.sql("TRUNCATE t")
        self.create_slot()
        self.path = self.dir / "out"

    def insert(self, first, last):
        """One transaction per row."""
        self.sql("\n".join(f"INSERT INTO t VALUES ({n}, 'x');" for n in range(first, last + 1)))

    def arguments(self, *more):
        return ["-S", self.slot, "--publication", "p", "--format", "compact", *more]

    def ids(self):
        return [int(n) for n in re.findall(rb'"new":\{"id":(-?\d+)', self.path.read_bytes())]

    def wait_free(self):
        self.server.wait(f"NOT EXISTS (SELECT FROM pg_replication_slots WHERE active AND slot_name = '{self.slot}')")


class InitWithoutNeed(Edges):
    def test_killed_with_a_tail_behind_the_position(self):
        """Units that are written and not in the position come again: the ones in the file have to go."""
        running = self.start_command("stream", *self.arguments("-f", self.path, "--init", "--fsync-interval", "60"))
        self.wait_active(running)
        for n in range(1, 400):
            self.insert(n, n)
        self.sql("INSERT INTO t SELECT g, repeat('x', 1000) FROM generate_series(400, 20000) g")
        self.server.wait(lambda: self.path.stat().st_size > 1 << 20, alive=running.is_alive)
        running.stop(signal.SIGKILL)
        self.wait_free()
        self.until_now("-f", self.path, "--init")
        self.assertEqual(self.ids(), list(range(1, 20001)))
        lines = self.path.read_bytes()
        self.assertEqual(lines.count(b'"op":"B"'), lines.count(b'"op":"C"'))


class Deleted(Edges):
    def test_while_it_runs(self):
        """Nothing that was written into nowhere is acknowledged; a new file has it."""
        running = self.start_command("stream", *self.arguments("-f", self.path, "-s", "1"))
        self.insert(1, 1)
        self.server.wait(lambda: self.path.exists() and self.ids() == [1], alive=running.is_alive)
        end = self.value("pg_current_wal_insert_lsn()")
        self.server.wait(lambda: self.value(f"confirmed_flush_lsn >= '{end}' FROM pg_replication_slots WHERE "
                                            f"slot_name = '{self.slot}'") == "t", alive=running.is_alive)
        self.path.unlink()
        self.insert(2, 2)
        done = running.stop(how=None)
        self.assertEqual(done.status, OUTPUT, done.err)
        self.assertIn("deleted", done.err)
        self.insert(3, 3)
        self.wait_free()
        self.until_now("-f", self.path)
        self.assertEqual(self.ids(), [2, 3])


class Line:
    """A TCP proxy that can be cut, and then takes connections and says nothing."""

    def __init__(self, port):
        self.server_port = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sockets, self.limit = [], None
        self.is_cut, self.tried = threading.Event(), threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            if self.is_cut.is_set():
                self.sockets.append(client)
                self.tried.set()
                continue
            server = socket.create_connection(("127.0.0.1", self.server_port))
            self.sockets += [client, server]
            threading.Thread(target=self._pump, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, True), daemon=True).start()

    def _pump(self, source, target, counted):
        try:
            while not self.is_cut.is_set() and (data := source.recv(65536)):
                target.sendall(data)
                if counted and self.limit is not None:
                    self.limit -= len(data)
                    if self.limit < 0:
                        self.cut()
        except OSError:
            pass

    def cut(self):
        self.is_cut.set()
        for one in self.sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()
        self.cut()
        for one in self.sockets:
            one.close()


class StopWithoutConnection(Edges):
    """SIGTERM while a lost connection is being made again: nothing is waited for that cannot come."""

    def start(self, *more):
        line = Line(self.server.port)
        self.addCleanup(line.close)
        conninfo = self.conninfo("trusted", host="127.0.0.1", port=line.port, sslmode="disable")
        return line, self.start_command("stream", *self.arguments("--shutdown-timeout", "60", "-v", *more),
                                        conninfo=conninfo)

    def check_rest(self, ids):
        self.wait_free()
        self.assertEqual([event["new"]["id"] for event in self.until_now().of("I")], ids)

    def halfway(self, *more):
        """A stream that was cut in the middle of a transaction, and tries to connect again."""
        line, running = self.start("--streaming", "off", *more)
        self.wait_active(running)
        line.limit = 500000
        self.sql("INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(1, 20000) g")
        self.assertTrue(line.is_cut.wait(30))
        self.assertTrue(line.tried.wait(30))
        return running

    def test_in_the_middle_of_a_transaction(self):
        running = self.halfway()
        running.wait_line(lambda event: event["op"] == "I")
        done = running.stop(signal.SIGTERM, seconds=10)
        self.assertEqual(done.status, CONNECT, done.err)
        self.assertIn("could not be finished: the connection is lost", done.err)
        self.check_rest(list(range(1, 20001)))

    def test_in_the_middle_of_a_transaction_into_a_file(self):
        """It is cut, which makes it a clean end."""
        done = self.halfway("-f", self.path).stop(signal.SIGTERM, seconds=10)
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual(self.path.read_bytes(), b"")
        self.wait_free()
        self.until_now("-f", self.path)
        self.assertEqual(self.ids(), list(range(1, 20001)))

    def test_between_transactions(self):
        """A clean end; it says so if the server does not know of all."""
        line, running = self.start()
        self.wait_active(running)
        self.insert(1, 1)
        end = running.wait_line(lambda event: event["op"] == "C")["lsn"]
        line.cut()
        self.assertTrue(line.tried.wait(30))
        done = running.stop(signal.SIGTERM, seconds=10)
        self.assertEqual(done.status, OK, done.err)
        told = re.search(r"acknowledged: (\S+)", done.err)[1]
        knows = told != "nothing" and self.value(f"'{told}'::pg_lsn >= '{end}'") == "t"
        self.assertEqual("which may come again" in done.err, not knows, done.err)

    def test_between_transactions_into_a_file(self):
        """The position says it all."""
        line, running = self.start("-f", self.path)
        self.wait_active(running)
        self.insert(1, 1)
        self.server.wait(lambda: self.path.read_bytes().count(b'"op":"C"') == 1, alive=running.is_alive)
        line.cut()
        self.assertTrue(line.tried.wait(30))
        done = running.stop(signal.SIGTERM, seconds=10)
        self.assertEqual(done.status, OK, done.err)
        self.assertNotIn("may come again", done.err)
        self.wait_free()
        self.until_now("-f", self.path)
        self.assertEqual(self.ids(), [1])

    def test_the_server_stands_still(self):
        """There is a connection, and half a transaction: the rest is waited for, but not for ever."""
        running = self.start_command("stream", *self.arguments("--shutdown-timeout", "0.5", "--streaming", "off"))
        self.wait_active(running)
        pid = int(self.value(f"active_pid FROM pg_replication_slots WHERE slot_name = '{self.slot}'"))
        self.sql("INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(1, 100000) g")
        running.wait_line(lambda event: event["op"] == "I")
        os.kill(pid, signal.SIGSTOP)
        try:
            done = running.stop(signal.SIGTERM)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.assertEqual(done.status, CONNECT, done.err)
        self.assertIn("--shutdown-timeout", done.err)
        self.check_rest(list(range(1, 100001)))


class Restated(Edges):
    """--ack received: a consumer says first where it stands, and the server knows of less."""

    def positions(self):
        """Those of all transactions; the slot does not move."""
        ends = [event["lsn"] for event in self.until_now("--ack", "none").of("C")]
        self.wait_free()
        return ends

    def consume(self, *more, **options):
        running = Running(self.command("stream", *self.arguments("--ack", "received", "-s", "1", *more), **options),
                          environment(self.dir), stdin=subprocess.PIPE)
        self.addCleanup(running.process.stdin.close)
        self.addCleanup(running.end)
        return running

    def ack(self, running, *positions):
        running.process.stdin.write("".join(f"{position}\n" for position in positions).encode())
        running.process.stdin.flush()

    def wait_confirmed(self, lsn, running):
        self.server.wait(lambda: self.is_confirmed(lsn), alive=running.is_alive)

    def is_confirmed(self, lsn):
        return self.value(f"confirmed_flush_lsn >= '{lsn}' FROM pg_replication_slots "
                          f"WHERE slot_name = '{self.slot}'") == "t"

    def rest(self):
        self.wait_free()
        return [event["new"]["id"] for event in self.until_now("--ack", "none").of("I")]

    def test_before_anything_was_written(self):
        self.insert(1, 5)
        ends = self.positions()
        running = self.consume("--max-unconfirmed", "1")
        self.ack(running, ends[0], ends[2], ends[1])
        running.wait_commits(3)
        self.wait_confirmed(ends[2], running)
        self.assertFalse(self.is_confirmed(ends[3]))
        running.wait_commits(1)
        self.ack(running, ends[3])
        running.wait_commits(1)
        self.ack(running, ends[4])
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        self.assertNotIn("acknowledged at the start", done.err)
        self.assertEqual(self.rest(), [])

    def test_after_something_was_written(self):
        """The first lines may be out before the consumer has said anything."""
        self.insert(1, 5)
        ends = self.positions()
        running = self.consume("--max-unconfirmed", "2")
        running.wait_commits(2)
        self.ack(running, ends[3])
        running.wait_commits(3)
        self.wait_confirmed(ends[3], running)
        self.assertFalse(self.is_confirmed(ends[4]))
        running.process.kill()
        self.assertEqual(self.rest(), [5])

    def test_the_stream_ends_before_it(self):
        self.insert(1, 4)
        ends = self.positions()
        running = self.consume("--endpos", ends[1])
        self.ack(running, ends[3])
        running.wait_commits(2)
        done = running.stop(how=None)
        self.assertEqual(done.status, OK, done.err)
        self.assertIn(f"{ends[3]} was acknowledged at the start", done.err)
        self.assertEqual(self.rest(), [3, 4])

    def check_too_far(self, running, *positions):
        self.ack(running, *positions)
        done = running.stop(how=None)
        self.assertEqual(done.status, OUTPUT, done.err)
        self.assertIn(f"not delivered yet; nothing is acknowledged any more: {positions[-1]}", done.err)
        self.assertFalse(self.is_confirmed(positions[-1]))

    def test_not_once_acknowledging_has_begun(self):
        self.insert(1, 3)
        ends = self.positions()
        running = self.consume("--max-unconfirmed", "1")
        running.wait_commits(1)
        self.check_too_far(running, ends[0], ends[2])

    def test_not_once_it_was_reached(self):
        self.insert(1, 4)
        ends = self.positions()
        running = self.consume("--max-unconfirmed", "1")
        self.ack(running, ends[1])
        running.wait_commits(3)
        self.check_too_far(running, ends[1], ends[3])

    def test_what_the_server_does_not_have(self):
        self.insert(1, 1)
        with self.unmoved():
            running = self.consume()
            self.ack(running, self.value("pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') + 1000000000"))
            done = running.stop(how=None)
            self.assertEqual(done.status, OUTPUT, done.err)

    @since(12)   # when a connection could have its own
    def test_a_busy_consumer_hides_no_silence(self):
        """Whatever wakes us, the server has to send something within wal_sender_timeout."""
        self.insert(1, 1)
        running = self.consume(conninfo=self.conninfo(options="-c wal_sender_timeout=3s"))
        running.wait_commits(1)
        pid = int(self.value(f"active_pid FROM pg_replication_slots WHERE slot_name = '{self.slot}'"))
        os.kill(pid, signal.SIGSTOP)
        try:
            def silent():
                for _ in range(2000):
                    self.ack(running, "0/1")
                return "sends nothing any more" in running.stderr
            self.server.wait(silent, alive=running.is_alive)
        finally:
            os.kill(pid, signal.SIGCONT)


class WhoHasTheSlot(Edges):
    """What is said of the one who has it, and what is not known."""

    def setUp(self):
        super().setUp()
        self.server.sql("CREATE ROLE limited REPLICATION")
        self.addCleanup(self.server.sql, "DROP ROLE limited")

    def check(self, where, role, **holder):
        running = self.start_command("stream", *self.arguments(),
                                     conninfo=self.conninfo(application_name="holder", **holder))
        self.wait_active(running)
        done = self.run_command("stream", *self.arguments("-n"),
                                conninfo=self.conninfo("trusted", options=f"-c role={role}"))
        pid = self.value(f"active_pid FROM pg_replication_slots WHERE slot_name = '{self.slot}'")
        self.assert_error(done, REFUSED, f'It is used by "holder"{where} (the server\'s process {pid}).',
                          f"the slot is in use: {self.slot}", "stop that process")
        self.assertEqual(running.stop().status, OK)
        self.wait_free()

    def test_who_may_see_it(self):
        self.check(" from a local socket", "trusted")
        self.check(" from 127.0.0.1", "trusted", host="127.0.0.1")

    def test_who_may_not(self):
        self.check("", "limited")
        self.check("", "limited", host="127.0.0.1")
