# SPDX-License-Identifier: MIT
"""A connection that is lost is made again, and nobody can see it in the output. What cannot be gone on with ends it."""
import contextlib
import os
import re
import signal
import subprocess
import time

import pg
import support
import twin
from support import CONNECT, GAP, OK, REFUSED, Case, environment, other_server, since

FORMATS = ("compact", "debezium", "wal2json-v1", "wal2json-v2", "test_decoding", "pypgoutput", "pgoutput-decoder", "sql")
# When the server sent it, in Debezium's envelope and in the one like it: of what is sent twice it may be either.
SENT_AT = re.compile(rb'("op":"\w"|"lsn":\d+\}),"ts_ms":\d+,"ts_us":\d+,"ts_ns":\d+')


class Reconnecting(Case):
    """A table, a publication, and two slots at one place: one is read while things happen, the other one after."""

    @classmethod
    def find_server(cls):
        return other_server("restarts", {"max_prepared_transactions": "10", "fsync": "on"} | (
            {"logical_decoding_work_mem": "64kB"} if support.server.major >= 13 else {}))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t", cls.db)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.be_there)
        self.sql("TRUNCATE t")
        self.create_slot()
        self.twin = self.slot[:60] + "_t"
        self.create_slot(self.twin)
        self.path = self.dir / "out"

    def be_there(self):
        if self.server.process is None:
            self.server.start(new_port=False)

    def arguments(self, *more, format="compact"):
        return ["-S", self.slot, "--publication", "p", "--format", format, "-s", "1", "--fsync-interval", "0.1", *more]

    def stream(self, *more, format="compact", **options):
        return self.start_command("stream", *self.arguments(*more, format=format), **options)

    def to_file(self, *more, **options):
        return self.stream("-f", self.path, *more, **options)

    def undisturbed(self, *arguments, format="compact"):
        """What the twin says, in one piece."""
        done = self.run_command("stream", "-S", self.twin, "--publication", "p", "--until-now", "--format", format,
                                *arguments)
        self.assertEqual(done.status, OK, done.err)
        return SENT_AT.sub(rb"\1", done.out)

    def written(self):
        return SENT_AT.sub(rb"\1", self.path.read_bytes()) if self.path.exists() else b""

    def insert(self, first, last, width=10):
        """One transaction per row."""
        self.sql("\n".join(f"INSERT INTO t VALUES ({n}, repeat('x', {width}));" for n in range(first, last + 1)))

    def large(self, first, rows=20000, width=100):
        """One transaction."""
        self.sql(f"INSERT INTO t SELECT n, repeat('x', {width}) FROM generate_series({first}, {first} + {rows} - 1) n")

    # ---- what happens to the connection ------------------------------------------------------------

    def walsender(self):
        return self.server.value(f"active_pid FROM pg_replication_slots WHERE slot_name = '{self.slot}'")

    def terminate(self):
        """Ends the connection that there is now."""
        pid = self.walsender()
        if pid:
            self.server.sql(f"SELECT pg_terminate_backend({pid})")
        return pid

    def wait_gone(self, pid):
        self.server.wait(f"NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {pid})")

    def wait_again(self, running, pid):
        """Until it streams on another connection than that."""
        self.server.wait("EXISTS (SELECT FROM pg_stat_replication r JOIN pg_replication_slots s ON s.active_pid = r.pid "
                         f"WHERE s.slot_name = '{self.slot}' AND r.state IN ('streaming', 'catchup') AND r.pid <> {pid})",
                         alive=running.is_alive)

    def restart(self, mode):
        self.server.stop(mode)
        self.server.start(new_port=False)

    @contextlib.contextmanager
    def away(self, running):
        """Inside, walwire does not run, and its connection is gone. Afterwards it notices."""
        running.process.send_signal(signal.SIGSTOP)
        try:
            pid = self.terminate()
            self.wait_gone(pid)
            yield pid
        finally:
            running.process.send_signal(signal.SIGCONT)

    # ---- what must not be visible ------------------------------------------------------------------

    def wait_told(self, running, end=None):
        """Until all that was committed so far is in the file, and known to be."""
        end = end or self.server.value("pg_current_wal_insert_lsn()")
        self.server.wait(f"(SELECT confirmed_flush_lsn >= '{end}' FROM pg_replication_slots WHERE slot_name = "
                         f"'{self.slot}')", alive=running.is_alive)

    def finish(self, running, format="compact", *arguments):
        """All has come, once, as if nothing had happened, and is acknowledged."""
        self.wait_told(running)
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        got, wanted = self.written(), self.undisturbed(*arguments, format=format)
        self.assertGreater(len(wanted), 0)
        self.assertIsNone(twin.first_difference(got.decode(), wanted.decode()))
        self.server.wait(f"NOT (SELECT active FROM pg_replication_slots WHERE slot_name = '{self.slot}')")
        again = self.run_command("stream", *self.arguments("--until-now", *arguments, format=format))
        self.assertEqual((again.status, again.out), (OK, b""), again.err)
        return done


class Terminated(Reconnecting):
    """pg_terminate_backend at many moments."""

    def in_one_piece(self):
        """When it commits, and not before."""
        return ["--streaming", "off"] if self.major >= 14 else []

    def test_between_transactions(self):
        running = self.to_file()
        self.wait_active(running)
        for n in range(5):
            self.insert(10 * n, 10 * n + 9)
            self.wait_again(running, self.terminate())
        done = self.finish(running)
        self.assertNotRegex(done.err, "(?i)error|gap")

    def test_under_load(self):
        """As often as it comes back, while rows are committed."""
        running = self.to_file()
        self.wait_active(running)
        for n in range(10):
            self.insert(100 * n, 100 * n + 49)
            pid = self.terminate()
            self.insert(100 * n + 50, 100 * n + 99)
            if pid:
                self.wait_again(running, pid)
        self.finish(running)

    def test_in_a_large_transaction(self):
        """Each time it is in the middle of the file; the server begins it anew, the file does not."""
        self.insert(1, 3)
        self.large(1000, 60000)
        self.insert(4, 5)
        running = self.to_file(*self.in_one_piece())
        for n in range(5):
            size = len(self.written()) + 200000
            self.server.wait(lambda: len(self.written()) > size, alive=running.is_alive)
            running.process.send_signal(signal.SIGSTOP)
            pid = self.terminate()
            inside = self.written().count(b"\n") < 3 * 3 + 60000
            running.process.send_signal(signal.SIGCONT)
            if pid:
                self.wait_again(running, pid)
            if not inside:
                break
        self.assertGreater(n, 0, "the transaction was over too early to prove anything")
        self.finish(running)

    def test_while_the_reader_of_a_pipe_sleeps(self):
        """In the middle of a large transaction for certain: it does not fit into pipe and sockets."""
        self.large(1, 30000, 300)
        self.insert(50001, 50010)
        process = subprocess.Popen(self.command("stream", *self.arguments(*self.in_one_piece())), stdout=subprocess.PIPE,
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(self.dir))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        lines, seen = [], set()
        while len(seen) < 3:   # what has come already keeps it from noticing
            lines += [process.stdout.readline() for _ in range(500)]
            if (self.walsender() or "0") not in seen | {"0"}:
                seen.add(self.terminate())
            self.assertLess(len(lines), 30000, "the transaction was over too early to prove anything")
        commits = sum(line.startswith(b'{"op":"C"') for line in lines)
        while commits < 11 and lines[-1]:
            lines.append(process.stdout.readline())
            commits += lines[-1].startswith(b'{"op":"C"')
        process.send_signal(signal.SIGTERM)
        self.assertEqual((process.wait(timeout=20), process.stdout.read()), (OK, b""))
        process.stdout.close()
        process.stderr.close()
        self.assertIsNone(twin.first_difference(b"".join(lines).decode(), self.undisturbed().decode()))
        self.assertEqual(self.run_command("stream", *self.arguments("--until-now")).out, b"")

    @since(14)
    def test_while_a_transaction_is_streamed(self):
        """Half of it has come, not committed; with savepoints that roll back before and after."""
        for way in ([["--streaming", "on"]] + ([["--streaming", "parallel"]] if self.major >= 16 else []) +
                    [["--assemble-memory", "8k"]]):
            with self.subTest(way=way):
                self.path = self.dir / way[1]
                running = self.to_file(*way)
                self.wait_active(running)
                psql = self.psql("BEGIN; INSERT INTO t SELECT n, repeat('a', 100) FROM generate_series(1, 3000) n;"
                                 "SAVEPOINT s; INSERT INTO t SELECT n, 'gone' FROM generate_series(5000, 9000) n;"
                                 "ROLLBACK TO s;")
                self.wait_sent(running)
                pid = self.terminate()
                self.insert(20000, 20010)
                self.wait_again(running, pid)
                psql.send("INSERT INTO t SELECT n, repeat('b', 100) FROM generate_series(3001, 6000) n; SAVEPOINT s2;"
                          "UPDATE t SET v = 'gone' WHERE id < 1000; ROLLBACK TO s2;")
                self.wait_sent(running)
                self.wait_again(running, self.terminate())
                psql.send("COMMIT;")
                self.finish(running)
                self.sql("TRUNCATE t")
                self.undisturbed()
                self.run_command("stream", *self.arguments("--until-now"))

    def psql(self, statements):
        session = Session(self)
        session.send(statements)
        return session

    def wait_sent(self, running):
        """Until the server has sent all that is in its log now, committed or not."""
        end = self.server.value("pg_current_wal_insert_lsn()")
        self.server.sql("CHECKPOINT")
        self.server.wait("EXISTS (SELECT FROM pg_stat_replication r JOIN pg_replication_slots s ON s.active_pid = r.pid "
                         f"WHERE s.slot_name = '{self.slot}' AND r.sent_lsn >= '{end}')", alive=running.is_alive)

    @since(15)
    def test_two_phase(self):
        """Between PREPARE and COMMIT PREPARED, and the other end."""
        self.sql(f"SELECT pg_drop_replication_slot('{self.slot}'), pg_drop_replication_slot('{self.twin}')")
        for slot in (self.slot, self.twin):
            self.value(f"pg_create_logical_replication_slot('{slot}', 'pgoutput', false, true)")
        running = self.to_file("--two-phase")
        self.wait_active(running)
        self.sql("BEGIN; INSERT INTO t SELECT generate_series(1, 3000), 'x'; PREPARE TRANSACTION 'one'")
        self.sql("BEGIN; INSERT INTO t SELECT generate_series(4000, 4010), 'x'; PREPARE TRANSACTION 'two'")
        self.wait_again(running, self.terminate())
        self.sql("COMMIT PREPARED 'one'")
        self.wait_again(running, self.terminate())
        self.sql("ROLLBACK PREPARED 'two'")
        self.finish(running, "compact", "--two-phase")

    def test_every_format(self):
        for format in FORMATS:
            with self.subTest(format=format):
                self.path = self.dir / format
                self.sql("TRUNCATE t")
                running = self.to_file(format=format)
                self.wait_active(running)
                self.insert(1, 20)
                self.wait_again(running, self.terminate())
                self.large(1000, 3000)
                pid = self.terminate()
                self.sql("UPDATE t SET v = 'y' WHERE id < 10; DELETE FROM t WHERE id < 5; TRUNCATE t")
                if pid:
                    self.wait_again(running, pid)
                self.finish(running, format)

    @since(14)
    def test_binary_auto(self):
        """In binary, in text since a type came that has no binary form we know; the same lines as in text."""
        self.sql("CREATE TABLE odd (id int PRIMARY KEY, c regclass)")
        self.addCleanup(self.sql, "ALTER PUBLICATION p DROP TABLE odd; DROP TABLE odd")
        running = self.to_file("--binary", "auto")
        self.wait_active(running)
        self.insert(1, 10)
        self.wait_again(running, self.terminate())
        self.insert(11, 20)
        self.sql("ALTER PUBLICATION p ADD TABLE odd; INSERT INTO odd VALUES (1, 'pg_class')")
        self.wait_told(running)
        self.wait_again(running, self.terminate())
        self.sql("INSERT INTO odd VALUES (2, 'pg_type')")
        self.finish(running)

    def test_a_record_goes_on(self):
        """Every unit is in the capture, once."""
        capture = self.dir / "capture"
        running = self.start_command("record", "-S", self.slot, "--publication", "p", "-s", "1", "-f", capture)
        self.wait_active(running)
        self.insert(1, 20)
        self.wait_told(running)
        self.wait_again(running, self.terminate())
        self.insert(21, 40)
        self.wait_told(running)
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        decoded = self.run_command("decode", capture, "--format", "compact", conninfo="")
        self.assertEqual(decoded.status, OK, decoded.err)
        self.assertEqual([event["new"]["id"] for event in decoded.of("I")], list(range(1, 41)))


class Session:
    """psql that stays, for a transaction that is open meanwhile."""

    def __init__(self, case):
        self.process = subprocess.Popen(
            [pg.find_tool("psql"), "-XAtq", "-h", case.server.host, "-p", str(case.server.port), "-U", "postgres", "-d",
             case.db], encoding="utf-8", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        case.addCleanup(self.end)

    def send(self, statements):
        """They have been executed when this returns."""
        self.process.stdin.write(statements + "\n\\echo done\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != "done\n":
            raise RuntimeError("psql failed")

    def end(self):
        self.process.kill()
        self.process.communicate()


class Restarted(Reconnecting):
    """The server goes, and comes again at the same place."""

    def check(self, mode):
        running = self.to_file()
        self.wait_active(running)
        for n in range(3):
            self.insert(100 * n, 100 * n + 30)
            self.large(10000 * (n + 1), 3000)
            self.restart(mode)
            self.insert(100 * n + 50, 100 * n + 60)
            self.wait_active(running)
        self.finish(running)

    def test_fast(self):
        self.check("fast")

    def test_smart(self):
        """A smart shutdown waits for sessions, but not for us."""
        self.check("smart")

    def test_immediate(self):
        """The server forgets what was acknowledged last."""
        self.check("immediate")

    def test_away_for_a_while(self):
        """Nobody listens; it is tried again and again, and the pauses are no busy loop."""
        running = self.to_file("-v")
        self.wait_active(running)
        self.insert(1, 10)
        self.server.stop("immediate")
        before = cpu_seconds(running.process.pid)
        self.server.wait(lambda: "attempt 5 " in running.stderr, alive=running.is_alive)
        self.assertLess(cpu_seconds(running.process.pid) - before, 0.5)
        self.server.start(new_port=False)
        self.wait_active(running)
        self.insert(11, 20)
        self.finish(running)

    def test_a_signal_while_the_server_is_away(self):
        running = self.to_file()
        self.wait_active(running)
        self.insert(1, 10)
        self.wait_told(running)
        self.server.stop("fast")
        begin = time.monotonic()
        done = running.stop(signal.SIGTERM)
        self.assertEqual(done.status, OK, done.err)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(self.written().count(b'"op":"I"'), 10)

    def test_stopped_and_started_again_each_time(self):
        """The same with a process for each connection: the position beside the file tells where it was."""
        for n in range(4):
            running = self.to_file()
            self.wait_active(running)
            self.insert(100 * n, 100 * n + 30)
            self.large(10000 * (n + 1), 3000)
            if n % 2:
                running.process.kill()
                running.process.wait()
            else:
                self.assertEqual(running.stop().status, OK, running.stderr)
            self.restart("immediate")
        running = self.to_file()
        self.wait_active(running)
        self.finish(running)


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class CannotGoOn(Reconnecting):
    """What a reconnect finds may be the end, with the exit code of its reason; nothing is acknowledged after it."""

    def lost(self, *more, what=lambda: None, status, words=(), **options):
        """Streams 10 rows, then: the connection is lost, and this happened meanwhile."""
        running = self.to_file(*more, **options)
        self.wait_active(running)
        self.insert(1, 10)
        self.wait_told(running)
        with self.away(running):
            what()
        done = running.stop(how=None)
        self.assertEqual(done.status, status, done.err)
        for word in words:
            self.assertIn(word, done.err)
        self.assertNotIn("secret", done.err)
        self.assertEqual(self.written().count(b'"op":"I"'), 10)
        return done

    def test_n(self):
        with self.subTest("a file"):
            self.lost("-n", status=CONNECT, words=["57P01"])

    def test_n_with_a_pipe(self):
        running = self.stream("-n")
        self.wait_active(running)
        self.insert(1, 3)
        running.wait_commits(3)
        self.terminate()
        done = running.stop(how=None)
        self.assertEqual(done.status, CONNECT, done.err)
        self.assertEqual([event["new"]["id"] for event in done.of("I")], [1, 2, 3])

    def test_a_temporary_slot(self):
        running = self.start_command("stream", "--publication", "p", "--format", "compact")
        self.server.wait("EXISTS (SELECT FROM pg_stat_replication r JOIN pg_replication_slots s ON s.active_pid = r.pid "
                         f"WHERE s.temporary AND r.state = 'streaming' AND s.database = '{self.db}')",
                         alive=running.is_alive)
        self.server.sql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE temporary AND database = "
                        f"'{self.db}'")
        done = running.stop(how=None)
        self.assertEqual(done.status, CONNECT, done.err)

    def test_the_password_was_changed(self):
        self.addCleanup(self.server.sql, "ALTER ROLE scram PASSWORD 'secret'")
        self.lost(what=lambda: self.server.sql("ALTER ROLE scram PASSWORD 'another-secret'"), status=CONNECT,
                  words=["scram"], conninfo=self.conninfo("scram", host="127.0.0.1", password="secret"))

    def test_the_role_may_no_longer_replicate(self):
        self.server.sql("CREATE ROLE former SUPERUSER REPLICATION LOGIN")
        self.addCleanup(self.server.sql, "ALTER ROLE noreplication NOREPLICATION")
        self.addCleanup(self.server.sql, "DROP ROLE former")
        self.server.sql("ALTER ROLE noreplication REPLICATION")
        self.lost(what=lambda: self.server.sql("ALTER ROLE noreplication NOREPLICATION"), status=REFUSED,
                  words=["REPLICATION"], conninfo=self.conninfo("noreplication", host="127.0.0.1"))

    def test_the_slot_was_dropped(self):
        done = self.lost(what=lambda: self.sql(f"SELECT pg_drop_replication_slot('{self.slot}')"), status=GAP,
                         words=[self.slot, "--init"])
        self.assertRegex(done.err, r"[0-9A-F]+/[0-9A-F]+")

    def test_the_slot_was_recreated(self):
        def recreate():
            self.sql(f"SELECT pg_drop_replication_slot('{self.slot}')")
            self.insert(11, 12)
            self.create_slot()
        done = self.lost(what=recreate, status=GAP, words=["--init"])
        self.assertIn(self.confirmed(), done.err)

    def test_a_connection_that_somebody_else_takes(self):
        """The slot is in use: who holds it is said; when it is free, the stream goes on."""
        running = self.to_file()
        self.wait_active(running)
        self.insert(1, 10)
        self.wait_told(running)
        with self.away(running):
            other = self.start_command("stream", *self.arguments("--ack", "none"))
            self.wait_active(other)
            holder = self.walsender()
        self.server.wait(lambda: holder in running.stderr, alive=running.is_alive)
        self.insert(11, 20)
        other.stop()
        self.finish(running)

    def test_no_room_on_the_server(self):
        """53300 passes: it is tried again until there is room."""
        small = other_server("one_sender", {"max_wal_senders": "1"})
        small.sql("CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t; "
                  "SELECT pg_create_logical_replication_slot(name, 'pgoutput') FROM unnest('{mine,its}'::text[]) name")
        active = "(SELECT active FROM pg_replication_slots WHERE slot_name = '%s')"
        words = ["--publication", "p", "--format", "compact", "-s", "1", "-v"]
        mine = self.start_command("stream", "-S", "mine", *words, conninfo=small.conninfo())
        small.wait(active % "mine", alive=mine.is_alive)
        mine.process.send_signal(signal.SIGSTOP)
        small.sql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active")
        small.wait("NOT EXISTS (SELECT FROM pg_stat_replication)")
        its = self.start_command("stream", "-S", "its", *words, conninfo=small.conninfo())
        small.wait(active % "its", alive=its.is_alive)
        mine.process.send_signal(signal.SIGCONT)
        small.wait(lambda: "attempt 3 " in mine.stderr, alive=mine.is_alive)
        self.assertIn("max_wal_senders", mine.stderr)
        small.sql("INSERT INTO t VALUES (1)")
        its.stop()
        self.assertEqual(mine.wait_line(lambda event: event["op"] == "I")["new"], {"id": 1})
        self.assertEqual(mine.stop().status, OK)


class InUse(Reconnecting):
    """The slot is in use when walwire is started."""

    def setUp(self):
        super().setUp()
        self.first = self.stream()
        self.wait_active(self.first)
        self.holder = self.walsender()

    def test_waits_and_takes_over(self):
        second = self.to_file()
        self.server.wait(lambda: self.holder in second.stderr, alive=second.is_alive)
        self.insert(1, 3)
        self.first.wait_commits(3)
        self.assertEqual(self.first.stop().status, OK)
        self.wait_active(second)
        self.insert(4, 6)
        self.wait_told(second)
        self.assertEqual(second.stop().status, OK)
        self.assertEqual([int(n) for n in re.findall(rb'"new":\{"id":(\d+)', self.written())], [4, 5, 6])

    def test_waits_only_so_long(self):
        for arguments in (["--slot-wait", "1"], ["-n", "--slot-wait", "1"]):
            begin = time.monotonic()
            done = self.run_command("stream", *self.arguments(*arguments))
            self.assertEqual(done.status, REFUSED, done.err)
            self.assertIn(self.holder, done.err)
            self.assertGreaterEqual(time.monotonic() - begin, 1)
            self.assertLess(time.monotonic() - begin, 8)

    def test_does_not_wait(self):
        for arguments in (["--slot-wait", "0"], ["-n"]):
            done = self.run_command("stream", *self.arguments(*arguments))
            self.assert_error(done, REFUSED, self.slot, self.holder)
