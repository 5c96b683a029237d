# SPDX-License-Identifier: MIT
"""Receiving in batches: how many calls a backlog takes on each path, that quiet streams are left alone, and that
nobody waits for what has ended or is there already: no status update is due for an hour, and hides that."""
import contextlib
import re
import signal
import socket
import subprocess
import threading
import time
import unittest.mock

import pg
import support
from support import OK, USAGE, Case, environment, since

ROWS = 60000
SAID = re.compile(r"received (\d+) messages in (\d+) calls \((.*)\); (\d+) naps of ([\d.]+) ms.* (\d+) stalls")
HOUR = {"options": "-c wal_sender_timeout=3h"}


class Gatherer(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t", cls.db)

    def numbers(self, done):
        """Messages, calls, the path, naps, stalls: as the last lines with -vv tell them."""
        messages, calls, path, naps, _, stalls = self.said(done)
        return int(messages), int(calls), path, int(naps), int(stalls)

    def said(self, done):
        found = SAID.search(done.err)
        self.assertIsNotNone(found, done.err)
        return found.groups()

    def fill(self, rows=ROWS):
        """Transactions of 500 rows, one of which is deleted."""
        self.create_slot()
        self.sql(f"TRUNCATE t; DO $$ BEGIN FOR k IN 1..{rows // 500} LOOP INSERT INTO t SELECT k * 500 + g, "
                 "md5(g::text) FROM generate_series(1, 500) g; DELETE FROM t WHERE id = k * 500 + 7; COMMIT; END LOOP; END $$")

    def start_stream(self, *arguments, **options):
        running = self.start_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact", "-vv",
                                     *arguments, **options)
        self.wait_active(running)
        return running


class Gathering(Gatherer):
    def backlog(self, *arguments, **options):
        """Streams what was committed before; each row has to come."""
        self.fill()
        done = self.until_now("-vv", "--proto", "1", *arguments, **options)
        self.assertEqual(len(done.of("I")), ROWS)
        return self.numbers(done)

    def gathers(self, path, **options):
        messages, calls, said, _, stalls = self.backlog(**options)
        self.assertEqual((said, stalls), (path, 0))
        self.assertLess(calls, messages * 0.05)    # as it comes: 0.2 to 0.6

    def test_over_a_unix_socket(self):
        self.gathers("Unix socket")

    def test_over_tcp(self):
        self.gathers("near", conninfo=self.conninfo("postgres", host="127.0.0.1"))

    def test_over_tls(self):
        self.gathers("near", conninfo=self.conninfo("postgres", host="127.0.0.1", sslmode="require"))

    def test_off(self):
        _, _, said, naps, _ = self.backlog("--gather", "off")
        self.assertEqual((said, naps), ("as it comes", 0))

    def test_a_quiet_stream_never_naps(self):
        self.create_slot()
        running = self.start_stream()
        for i in range(20):
            began = time.monotonic()
            self.sql(f"INSERT INTO t VALUES ({-1 - i}, 'x')")
            running.wait_commits(1)
            self.assertLess(time.monotonic() - began, 2)
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual(self.numbers(done)[3], 0)

    def test_only_auto_or_off_and_only_pgoutput(self):
        for words in (["--gather", "on"], ["--gather", ""], ["-P", "test_decoding", "--gather", "off"]):
            done = self.run_command("stream", "-S", self.slot, *words)
            self.assert_error(done, USAGE, "gather")

    def send_messages(self, first):
        """Outside of transactions, some 2,500 a second. None is late."""
        self.sql("TRUNCATE t")
        self.create_slot()
        running = self.start_stream()
        self.sql(f"{first}; DO $$ BEGIN FOR k IN 1..1200 LOOP PERFORM pg_logical_emit_message(false, 'a', k::text, true);"
                 "IF k % 5 = 0 THEN PERFORM pg_sleep(0.001); END IF; END LOOP; END $$")
        running.wait_line(lambda event: event["op"] == "M" and event["content"] == "1200")
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual(self.numbers(done)[3], 0, done.err)

    @since(17)                # whose messages can be flushed at once
    def test_messages_as_the_first_of_all(self):
        self.send_messages("SELECT")

    @since(17)
    def test_messages_behind_a_transaction(self):
        self.send_messages("INSERT INTO t VALUES (1, 'x')")

    def signal_while_gathering(self, *arguments):
        """In the midst of a transaction that does not end: it is not waited for, nor what comes for it."""
        self.sql("TRUNCATE t")
        self.create_slot()
        before = self.value("pg_current_wal_lsn()")
        with self.endless():
            running = self.start_stream("--streaming", "on", *arguments, conninfo=self.conninfo(
                options="-c logical_decoding_work_mem=64kB"))
            self.server.wait(f"(SELECT sent_lsn > pg_lsn '{before}' + 1000000 FROM pg_stat_replication r JOIN "
                             f"pg_replication_slots s ON s.active_pid = r.pid WHERE s.slot_name = '{self.slot}')",
                             alive=running.is_alive)
            done = running.stop(signal.SIGTERM)
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual(done.out, b"")
        self.assertGreater(self.numbers(done)[3], 0, done.err)

    @since(14)
    def test_a_signal_while_gathering(self):
        self.signal_while_gathering()

    @since(14)
    def test_a_signal_while_gathering_for_a_file(self):
        self.signal_while_gathering("-f", self.dir / "out")

    @contextlib.contextmanager
    def endless(self):
        """A session that inserts and does not commit."""
        statement = ("DO $$ BEGIN LOOP INSERT INTO t SELECT -g, 'x' FROM "
                     "generate_series(1, 500) g; DELETE FROM t WHERE id < 0; END LOOP; END $$")
        psql = subprocess.Popen([pg.find_tool("psql"), "-Xq", "-h", self.server.host, "-p", str(self.server.port), "-U", "postgres",
                                 "-d", self.db, "-c", statement], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            self.server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'DO %' "
                            f"AND datname = '{self.db}'")
            psql.wait()


class OtherSpeeds(Gatherer):
    """Output that is slow, a path that is far, a caller that takes its time."""

    def shim(self, **settings):
        """The environment that preloads tests/fault/shim.c; release builds only take that."""
        library = support.tools / "fault_shim.so"
        self.assertTrue(library.exists(), "build the target fault_shim")
        return {"LD_PRELOAD": library, **{f"FAULT_{name}": value for name, value in settings.items()}}

    def average_nap(self, out, slow_us, *arguments, **more):
        """In ms, of a backlog that goes into this file, each write to which lasts so much longer."""
        self.fill()
        log = self.dir / "shim"
        with unittest.mock.patch.object(support, "walwire", str(support.tools / "walwire")):
            done = self.until_now("-vv", "--proto", "1", "-f", out, *arguments, env=self.shim(SLOW=slow_us, LOG=log),
                                  conninfo=self.conninfo(**more))
        self.assertIn(" write ", log.read_text())
        self.drop_slots()
        return float(self.said(done)[4])

    def slow_writes(self, slow_us, *arguments, **more):
        """A nap that is over when the write is done ends then: no other begins, and no pause. Others on the machine make
        naps longer, never shorter: one good run of three is enough."""
        limit, averages = slow_us / 1000 + 3.5, []
        while len(averages) < 3 and not (averages and 0 < averages[-1] < limit):
            averages.append(self.average_nap(self.dir / f"out{len(averages)}", slow_us, *arguments, **more))
        self.assertGreater(averages[-1], 0, "no naps")
        self.assertLess(averages[-1], limit, averages)

    def test_slow_writes_over_a_unix_socket(self):
        self.slow_writes(500)

    def test_slow_writes_over_tcp(self):
        """Where naps are longer. Less output than a nap gathers: nothing is written before it begins."""
        self.slow_writes(6000, "--op", "delete", host="127.0.0.1")

    def take_rows(self, rows, how, spent, env=None, **more):
        """tests/client/take_rows.c: the path, and how many naps there were."""
        self.fill(rows)
        done = subprocess.run([support.tools / "take_rows", self.conninfo(**more, **HOUR), self.slot, "p", str(rows), how,
                               str(spent)], capture_output=True, text=True, timeout=30,
                              env=environment(self.dir, **(env or {})))
        self.assertEqual(done.returncode, 0, done.stderr)
        path, naps = done.stdout.split()
        return path, int(naps)

    @since(12)
    def test_a_caller_that_polls_at_once(self):
        """What is there is taken, however little: over a far path, too, where naps have their own low-water mark."""
        path, naps = self.take_rows(30000, "poll", 0, self.shim(RTT=10000), host="127.0.0.1")
        self.assertEqual(path, "far")
        self.assertGreater(naps, 0)

    @since(12)
    def test_a_slow_caller_naps_no_more(self):
        """What it takes its time for is a nap already."""
        path, naps = self.take_rows(3000, "block", 100)
        self.assertEqual(path, "unix")
        self.assertLess(naps, 5)

    @since(12)
    def test_a_slow_caller_naps_no_more_over_tcp(self):
        path, naps = self.take_rows(3000, "block", 100, host="127.0.0.1")
        self.assertEqual(path, "near")
        self.assertLess(naps, 5)


class RecordByRecord(Gatherer):
    """Under TLS, each record some time after the one before."""

    PAUSE_S = 0.0007

    def setUp(self):
        super().setUp()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.server.port))
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for pump, pair in ((self.pass_up, (client, server)), (self.pass_down, (server, client))):
                    threading.Thread(target=pump, args=pair, daemon=True).start()

    @staticmethod
    def pass_up(client, server):
        with contextlib.suppress(OSError), server:
            while data := client.recv(65536):
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)

    @classmethod
    def pass_down(cls, server, client):
        with contextlib.suppress(OSError), client, server.makefile("rb") as records:
            client.sendall(records.read(1))         # the answer to SSLRequest
            while head := records.read(5):
                client.sendall(head + records.read(int.from_bytes(head[3:], "big")))
                time.sleep(cls.PAUSE_S)

    def check(self, *arguments):
        """Of the row in front the window is open: receives are short if they take less than 64 KiB. What is larger than
        the buffer fills it to its end, as records are, too, a power of two."""
        self.sql("TRUNCATE t")
        conninfo = self.conninfo(host="127.0.0.1", port=self.listener.getsockname()[1], sslmode="require", **HOUR)
        for large in (1000000, 3000000):
            self.create_slot()
            running = self.start_stream("-s", "3600", "--ack", "none", *arguments, conninfo=conninfo)
            for size in (20000, large):
                self.sql(f"INSERT INTO t VALUES ({-large - size}, repeat('x', {size}))")
                event = running.wait_line(lambda event: event["op"] == "I")
                self.assertEqual(len(event["new"]["v"]), size)
            done = running.stop()
            self.assertEqual(done.status, OK, done.err)
            self.drop_slots()

    @since(12)
    def test_large_rows(self):
        self.check()

    @since(12)
    def test_large_rows_as_they_come(self):
        self.check("--gather", "off")
