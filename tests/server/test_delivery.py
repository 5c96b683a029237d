# SPDX-License-Identifier: MIT
"""What is acknowledged, and when: nothing that has not been delivered, and everything that has."""
import os
import pty
import select
import signal
import subprocess
import threading

from support import OK, OUTPUT, Case, Finished, environment


class Delivery(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t",
                       cls.db)
        if cls.major < 12:
            cls.server.sql(f"ALTER DATABASE {cls.db} SET log_min_messages = debug2")

    def setUp(self):
        super().setUp()
        self.sql("TRUNCATE t")
        self.create_slot()

    def arguments(self, *more):
        return ["-S", self.slot, "--publication", "p", "--format", "compact", "-s", "1", *more]

    def stream(self, *more, **options):
        return self.start_command("stream", *self.arguments(*more), **options)

    def insert(self, first, last, width=10):
        """One transaction per row."""
        self.sql("\n".join(f"INSERT INTO t VALUES ({n}, repeat('x', {width}));"
                           for n in range(first, last + 1)))

    def ids(self, done):
        return [event["new"]["id"] for event in done.of("I")]

    def rest(self):
        """What a next run delivers, once the server has seen that the last one is gone."""
        self.server.wait("NOT EXISTS (SELECT FROM pg_replication_slots WHERE active AND slot_name = "
                         f"'{self.slot}')")
        return self.ids(self.until_now())

    def wait_confirmed(self, lsn, seconds=30):
        return self.server.wait("(SELECT confirmed_flush_lsn >= '%s' FROM pg_replication_slots "
                                "WHERE slot_name = '%s')" % (lsn, self.slot), seconds=seconds)

    def last_reply(self):
        """Something else after each status update: before 12 their number in the server's log."""
        if self.major < 12:
            return self.server.log.read_bytes().count(b" flush ")
        return self.server.value("max(reply_time) FROM pg_stat_replication WHERE pid = (SELECT active_pid "
                                 f"FROM pg_replication_slots WHERE slot_name = '{self.slot}')")

    def wait_replies(self, count=2):
        """Until the client has sent so many more status updates."""
        for _ in range(count):
            before = self.last_reply()
            self.server.wait(lambda: self.last_reply() != before)


class CleanStop(Delivery):
    """After SIGINT or SIGTERM the last acknowledgement is out: nothing comes twice, nothing is lost."""

    def check(self, how):
        running = self.stream()
        self.wait_active(running)
        self.insert(1, 50)
        running.wait_commits(50)
        done = running.stop(how)
        self.assertEqual((done.status, done.err), (OK, ""))
        self.assertEqual(self.ids(done), list(range(1, 51)))
        self.insert(51, 60)
        self.assertEqual(self.rest(), list(range(51, 61)))

    def test_sigint(self):
        self.check(signal.SIGINT)

    def test_sigterm(self):
        self.check(signal.SIGTERM)

    def test_at_any_moment_under_load(self):
        """Stopped ten times while rows are committed; each row is delivered exactly once."""
        total = 3000
        writer = threading.Thread(target=self.insert, args=(1, total))
        seen = []
        writer.start()
        for n in range(10):
            running = self.stream()
            running.wait_line(lambda event: event["op"] == "C")
            done = running.stop([signal.SIGINT, signal.SIGTERM][n % 2])
            self.assertEqual(done.status, OK, done.err)
            self.assertIn(done.events[-1]["op"], "C")
            seen += self.ids(done)
            if not writer.is_alive():
                break
        writer.join()
        self.assertEqual(seen + self.rest(), list(range(1, total + 1)))

    def test_a_file_under_load(self):
        path = self.dir / "out"
        writer = threading.Thread(target=self.insert, args=(1, 2000))
        writer.start()
        while writer.is_alive():
            running = self.stream("-f", path)
            self.wait_active(running)
            size = path.stat().st_size if path.exists() else 0
            while writer.is_alive() and (not path.exists() or path.stat().st_size < size + 20000):
                threading.Event().wait(0.01)
            self.assertEqual(running.stop().status, OK, running.stderr)
        writer.join()
        self.until_now("-f", path)
        self.assertEqual(self.ids(Finished(0, path.read_bytes(), b"")), list(range(1, 2001)))
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)

    def test_idle(self):
        running = self.stream()
        self.wait_active(running)
        self.assertEqual(running.stop().status, OK)
        self.assertEqual(self.rest(), [])

    def test_the_second_signal_ends_it(self):
        """The reader does not read, so the first signal cannot end the stream in order."""
        self.insert(1, 100, width=5000)
        read_end, write_end = os.pipe()
        process = subprocess.Popen(self.command("stream", *self.arguments()), stdout=write_end,
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   env=environment(self.dir))
        os.close(write_end)
        os.read(read_end, 100)
        with self.unmoved():
            process.send_signal(signal.SIGTERM)
            self.assertRaises(subprocess.TimeoutExpired, process.wait, timeout=0.3)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=10), 128 + signal.SIGTERM)
        os.close(read_end)
        process.stderr.close()
        self.assertEqual(self.rest(), list(range(1, 101)))

    def test_who_waits_at_a_terminal_is_told_for_what(self):
        """The reader does not read; by default, without -v."""
        self.insert(1, 100, width=5000)
        read_end, write_end = os.pipe()
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        process = subprocess.Popen(self.command("stream", *self.arguments("--shutdown-timeout", "7")), stdout=write_end,
                                   stdin=subprocess.DEVNULL, stderr=slave, env=environment(self.dir))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        os.close(write_end)
        os.close(slave)
        os.read(read_end, 100)
        process.send_signal(signal.SIGINT)
        shown = b""
        while b"waiting for the output's reader, 7 s at most" not in shown:
            self.assertTrue(select.select([master], [], [], 20)[0], shown)
            shown += os.read(master, 4096)
        with os.fdopen(read_end, "rb") as out:
            out.read()
        self.assertEqual(process.wait(timeout=20), OK)

    def test_server_stops_while_we_stream(self):
        """A fast shutdown of the server waits for us, and is not held up."""
        import pg
        with pg.Server(self.major) as other:
            other.sql("CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t; "
                      "SELECT pg_create_logical_replication_slot('s', 'pgoutput')")
            running = self.start_command("stream", "-S", "s", "--publication", "p", "--format", "compact",
                                         "-n", conninfo=other.conninfo())
            other.wait("(SELECT active FROM pg_replication_slots)")
            other.sql("INSERT INTO t VALUES (1)")
            running.wait_commits(1)
            other.stop("fast")
            self.assertIn(running.stop(how=None).status, (0, 3))
            other.start()
            done = self.run_command("stream", "-S", "s", "--publication", "p", "--until-now",
                                    conninfo=other.conninfo())
            self.assertEqual(done.status, OK, done.err)
            if self.major >= 17:  # before, a server may forget at its shutdown what was acknowledged
                self.assertEqual(done.out, b"")


class Acknowledgement(Delivery):
    def test_the_end_waits_for_a_slow_reader(self):
        """--until-now is reached, the reader is not: the server hears from us as long as that takes."""
        self.insert(1, 150, width=1000)
        hurry = {"options": "-c wal_sender_timeout=2s"} if self.major >= 12 else {}
        command = self.command("stream", *self.arguments("--until-now"), conninfo=self.conninfo(**hurry))
        process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(self.dir))
        self.wait_replies(5)  # each after a third of the timeout
        self.assertIsNone(process.poll())
        out, _ = process.communicate()
        self.assertEqual((process.returncode, out.count(b'"op":"I"')), (OK, 150))
        self.assertEqual(self.rest(), [])

    def test_ack_none_is_a_peek(self):
        self.insert(1, 5)
        with self.unmoved():
            for _ in range(2):
                self.assertEqual(self.ids(self.until_now("--ack", "none")), [1, 2, 3, 4, 5])
        self.assertEqual(self.rest(), [1, 2, 3, 4, 5])

    def test_ack_none_while_idle(self):
        with self.unmoved():
            running = self.stream("--ack", "none")
            self.wait_active(running)
            self.insert(1, 2)
            running.wait_commits(2)
            self.wait_replies()
            self.assertEqual(running.stop().status, OK)

    def test_a_file_is_acknowledged_while_the_stream_goes_on(self):
        running = self.stream("-f", self.dir / "out", "--fsync-interval", "0.1")
        self.wait_active(running)
        self.insert(1, 3)
        self.wait_confirmed(self.value("pg_current_wal_lsn()"))
        self.assertEqual(running.stop().status, OK)

    def test_an_idle_slot_follows_a_busy_neighbour(self):
        """Another database's WAL must not pin the slot: within two status intervals (here 1 s each)."""
        running = self.stream()
        self.wait_active(running)
        for _ in range(3):
            self.server.sql("CREATE TABLE IF NOT EXISTS neighbour (v text); INSERT INTO neighbour "
                            "SELECT repeat('x', 100) FROM generate_series(1, 1000)")
            took = self.wait_confirmed(self.server.value("pg_current_wal_lsn()"), seconds=10)
            self.assertLess(took, 2.5)
        self.assertEqual(running.stop().out, b"")

    def test_unread_bytes_in_a_pipe_are_not_acknowledged(self):
        """The reader sleeps, then dies: what it did not read comes again."""
        read_end, write_end = os.pipe()
        process = subprocess.Popen(self.command("stream", *self.arguments()), stdout=write_end,
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   env=environment(self.dir))
        os.close(write_end)
        self.wait_active()
        with self.unmoved():
            self.insert(1, 200)
            self.wait_replies(3)
            self.server.sql("CREATE TABLE IF NOT EXISTS neighbour (v text); INSERT INTO neighbour "
                            "VALUES ('the slot must not follow this')")
            self.wait_replies(3)
            os.close(read_end)
            self.insert(201, 210)
            self.assertEqual(process.wait(timeout=20), OUTPUT)
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        self.assertEqual(self.rest(), list(range(1, 211)))

    def test_a_reader_that_dies_in_the_middle(self):
        """`| head`: no message, exit 6; no row that it did not read is lost."""
        self.insert(1, 3000, width=200)
        process = subprocess.Popen(self.command("stream", *self.arguments()), stdout=subprocess.PIPE,
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   env=environment(self.dir))
        lines = [process.stdout.readline() for _ in range(400)]
        process.stdout.close()
        self.assertEqual(process.wait(timeout=20), OUTPUT)
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        read = set(self.ids(Finished(0, b"".join(lines), b"")))
        rest = self.rest()
        self.assertEqual(read | set(rest), set(range(1, 3001)))
        self.assertEqual(rest, list(range(rest[0], 3001)))

    def test_output_that_cannot_be_written(self):
        self.insert(1, 10)
        with self.unmoved():
            done = self.run_command("stream", *self.arguments("--until-now", "-f", "/dev/full"))
            self.assert_error(done, OUTPUT, "/dev/full")
            for path in (self.dir, self.dir / "no" / "such" / "directory"):
                done = self.run_command("stream", *self.arguments("--until-now", "-f", path))
                self.assertIn(done.status, (2, OUTPUT))
                self.assert_error(done, done.status, str(path))
            target = self.dir / "target"
            (self.dir / "link").symlink_to(target)
            done = self.run_command("stream", *self.arguments("--until-now", "-f", self.dir / "link"))
            self.assertIn(done.status, (2, OUTPUT))
            self.assertFalse(target.exists(), "created through a planted link")
        self.assertEqual(self.rest(), list(range(1, 11)))

    def test_file_appends(self):
        path = self.dir / "out"
        for n in range(1, 4):
            self.insert(n, n)
            self.assertEqual(self.until_now("-f", path).out, b"")
        self.assertEqual(self.ids(Finished(0, path.read_bytes(), b"")), [1, 2, 3])

    def test_format_none_drains(self):
        self.insert(1, 10)
        done = self.run_command("stream", "-S", self.slot, "--publication", "p", "--until-now",
                                "--format", "none")
        self.assertEqual((done.status, done.out), (OK, b""))
        self.assertEqual(self.rest(), [])

    def test_a_lost_connection_acknowledges_nothing_more(self):
        running = self.stream("-f", self.dir / "out", "--fsync-interval", "100", "-s", "100", "-n")
        self.wait_active(running)
        self.sql(f"SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots "
                 f"WHERE slot_name = '{self.slot}'")
        done = running.stop(how=None)
        self.assertEqual(done.status, 3)
        self.assertNotEqual(done.err, "")


class TerminateAtCommit(Delivery):
    def test_a_large_transaction_is_whole_or_absent(self):
        """Killed with -9 in the middle of one transaction: it comes again from its beginning."""
        self.sql("INSERT INTO t SELECT n, repeat('x', 100) FROM generate_series(1, 20000) n")
        process = subprocess.Popen(self.command("stream", *self.arguments()), stdout=subprocess.PIPE,
                                   stdin=subprocess.DEVNULL, env=environment(self.dir))
        for _ in range(1000):
            process.stdout.readline()
        with self.unmoved():
            process.kill()
            process.wait()
            process.stdout.close()
            self.server.wait(f"NOT (SELECT active FROM pg_replication_slots WHERE slot_name = '{self.slot}')")
        self.assertEqual(self.rest(), list(range(1, 20001)))
