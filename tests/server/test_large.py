# SPDX-License-Identifier: MIT
"""Large transactions: told the same however they come, whole or in pieces, kept in memory or in a file;
bounded memory; what happens when there is no room."""
import pathlib
import os
import re
import subprocess

import pg
import support
import twin
from support import OK, OUTPUT, USAGE, Running, environment, long, since

ROLLED_BACK = """
BEGIN;
INSERT INTO t SELECT n, repeat('a', 100) FROM generate_series(1, 1500) n;
SAVEPOINT a;
  INSERT INTO t SELECT n, repeat('b', 100) FROM generate_series(1501, 3000) n;
  SAVEPOINT b;
    UPDATE t SET v = 'gone' WHERE id <= 2000;
    SAVEPOINT c;
      DELETE FROM t WHERE id <= 100;
    RELEASE c;
  ROLLBACK TO b;
  UPDATE t SET v = 'kept' WHERE id <= 1600;
RELEASE a;
SAVEPOINT d;
  ALTER TABLE t ADD gone int;
  INSERT INTO t SELECT n, 'd', n FROM generate_series(10001, 11500) n;
ROLLBACK TO d;
ALTER TABLE t ADD kept int DEFAULT 7;
INSERT INTO t SELECT n, 'e', n FROM generate_series(20001, 21500) n;
COMMIT;
BEGIN; INSERT INTO t SELECT n FROM generate_series(30001, 33000) n; ROLLBACK;
INSERT INTO t VALUES (0, 'small');
"""


class Large(twin.Twins):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE PUBLICATION p FOR ALL TABLES", cls.db)

    def setUp(self):
        super().setUp()
        self.sql("DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, v text)")
        self.create_slot()

    def peek(self, *arguments):
        return self.until_now("--ack", "none", *arguments)

    def test_told_the_same(self):
        """Savepoints, released and rolled back, DDL inside, a whole transaction rolled back."""
        self.sql(ROLLED_BACK)
        plain = self.peek("--proto", "1")
        self.assertEqual(len(plain.of("I")), 1500 + 1500 + 1500 + 1)
        self.assertEqual([e["new"]["v"] for e in plain.of("U")], ["kept"] * 1600)
        self.assertNotIn(b'"gone"', plain.out)
        ways = [] if self.major < 14 else [
            "--streaming off", "--streaming on", "--streaming on --assemble-memory 8k",
            "--streaming on --proto 2"]
        if self.major >= 16:
            ways += ["--streaming parallel", "--streaming parallel --assemble-memory 8k"]
        for way in ways:
            with self.subTest(way=way):
                self.assertTrue(self.peek(*way.split()).out == plain.out)
        self.assertTrue(self.until_now().out == plain.out)
        self.assertEqual(self.until_now().out, b"")

    @since(14)
    def test_interleaved(self):
        """Two large ones at the same time, and small ones between: in the order of their commits."""
        psql = [self.psql(), self.psql()]
        for n in range(6):
            psql[n % 2].stdin.write(f"{'BEGIN;' if n < 2 else ''} INSERT INTO t SELECT n, 'x' FROM "
                                    f"generate_series({n}00000, {n}00000 + 999) n;\n\\echo\n")
            psql[n % 2].stdin.flush()
            psql[n % 2].stdout.readline()
            self.sql(f"INSERT INTO t VALUES (-1 - {n})")
        for one in reversed(psql):
            one.communicate("COMMIT;\n")
        plain = self.peek("--proto", "1")
        large = [[int(f"{n}00000") + i for n in ns for i in range(1000)] for ns in ((1, 3, 5), (0, 2, 4))]
        self.assertEqual([e["new"]["id"] for e in plain.of("I")], [-1, -2, -3, -4, -5, -6, *sum(large, [])])
        self.assertTrue(self.peek("--assemble-memory", "8k").out == plain.out)
        self.assertTrue(self.peek("--assemble-memory", "64M").out == plain.out)

    def psql(self):
        process = subprocess.Popen(
            [pg.find_tool("psql"), "-XAtq", "-h", self.server.host, "-p", str(self.server.port), "-U",
             "postgres", "-d", self.db], encoding="utf-8", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    @since(14)
    def test_pieces(self):
        """--assemble off: the pieces as they come; put together here they are what was committed."""
        self.sql(ROLLED_BACK)
        plain = self.peek("--proto", "1")
        done = self.until_now("--assemble", "off")
        kept, dropped = {}, set()
        for event in done.events:
            if event["op"] == "A":
                dropped.add(event["subxid"])
            elif event["op"] in "IUD" and "xid" in event:
                kept.setdefault(event.pop("xid"), []).append(event)
        count = sum(len(events) for xid, events in kept.items() if xid not in dropped)
        self.assertEqual(count, len(plain.of("I", "U")) - 1)
        self.assertGreater(len(done.of("S")), 3)
        self.assertEqual(len(done.of("S")), len(done.of("E")))
        self.assertEqual([e["op"] for e in done.of("c", "C")], ["c", "C"])
        self.assertEqual(done.of("c")[0]["lsn"], plain.of("C")[0]["lsn"])
        self.assertTrue(all((e["lsn"] is not None) == (self.major >= 16) for e in done.of("A")))

    def test_pieces_need_a_format_that_shows_them(self):
        done = self.run_command("stream", "-S", self.slot, "--publication", "p", "--assemble", "off")
        self.assert_error(done, USAGE, "--assemble", "compact")

    # ---- no room ----------------------------------------------------------------------------------

    def large(self):
        self.sql("INSERT INTO t SELECT n, repeat('x', 100) FROM generate_series(1, 5000) n")

    def fails(self, status, *arguments, words, env=None):
        """Nothing of it is acknowledged, and nothing is lost."""
        self.large()
        with self.unmoved():
            done = self.run_command("stream", "-S", self.slot, "--publication", "p", "--until-now",
                                    "--format", "compact", *arguments, env=env)
            self.assert_error(done, status, *words)
        self.assertEqual(len(self.until_now().of("I")), 5000)

    def test_spill_directory_missing(self):
        """Said at the start, whether anything is to be spilled or not, and before a slot is made."""
        gone = str(self.dir / "gone")
        self.fails(USAGE, "--assemble-memory", "8k", "--spill-dir", gone, words=[gone, "--spill-dir"])
        done = self.run_command("stream", "-S", "never_made", "--create-slot", "--publication", "p", "--spill-dir", gone)
        self.assert_error(done, USAGE, gone)
        self.assertEqual(self.value("count(*) FROM pg_replication_slots WHERE slot_name = 'never_made'"), "0")

    @since(14)
    def test_tmpdir_missing(self):
        gone = str(self.dir / "gone")
        self.fails(OUTPUT, "--assemble-memory", "8k", words=[gone, "--spill-dir"], env={"TMPDIR": gone})

    def test_spill_directory_not_writable(self):
        closed = self.dir / "closed"
        closed.mkdir(mode=0o500)
        self.fails(USAGE, "--assemble-memory", "8k", "--spill-dir", closed, words=[str(closed)])

    @since(14)
    def test_spill_limit(self):
        self.fails(OUTPUT, "--assemble-memory", "8k", "--spill-limit", "128k", words=["--spill-limit"])

    @since(14)
    def test_the_spill_file_has_no_name(self):
        """While it is in use: mode 0600, unlinked, in the directory named; gone with the process."""
        self.large()
        running = self.start_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact",
                                     "--assemble-memory", "8k", "--spill-dir", self.dir)
        running.wait_commits(1)
        links = [os.readlink(f"/proc/{running.process.pid}/fd/{fd}")
                 for fd in os.listdir(f"/proc/{running.process.pid}/fd")]
        spilled = [link for link in links if link.startswith(str(self.dir))]
        self.assertEqual(len(spilled), 1, links)
        self.assertRegex(spilled[0], r" \(deleted\)$")
        self.assertEqual(list(self.dir.iterdir()), [])
        self.assertEqual(running.stop().status, OK)


class Memory(twin.Twins):
    """The peak of walwire's memory, as the kernel saw it, while one transaction passes."""

    def check(self, rows):
        self.sql("DROP TABLE IF EXISTS t; CREATE TABLE t (id bigint PRIMARY KEY, v text); "
                 "DROP PUBLICATION IF EXISTS p; CREATE PUBLICATION p FOR TABLE t")
        self.create_slot()
        self.sql(f"INSERT INTO t SELECT n, md5(n::text) FROM generate_series(1, {rows}) n")
        self.passes(rows, 32, "--proto", "1")
        if self.major >= 14:
            self.passes(rows, 64 + 4, "--streaming", "on", "--assemble-memory", "4M")
            self.passes(rows, 64 + 64, "--streaming", "parallel" if self.major >= 16 else "on")

    def passes(self, rows, mebibytes, *arguments):
        """Streams without an end, so that the process is still there to be looked at."""
        running = Running(self.command("stream", "-S", self.slot, "--publication", "p", "--format", "compact",
                                       "--ack", "none", "-f", self.dir / "out", *arguments),
                          environment(self.dir))
        self.addCleanup(running.end)
        self.server.wait(lambda: running.is_alive() and self.ended(), seconds=600)
        status = pathlib.Path(f"/proc/{running.process.pid}/status").read_text()
        self.assertEqual(running.stop().status, OK)
        with open(self.dir / "out", "rb") as lines:
            self.assertEqual(sum(line.startswith(b'{"op":"I"') for line in lines), rows)
        (self.dir / "out").unlink()
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024
        if not self.sanitized():
            self.assertLess(peak, mebibytes, arguments)

    @staticmethod
    def sanitized():
        """A build with AddressSanitizer has memory of its own: there only the rows count."""
        return b"__asan_init" in pathlib.Path(support.walwire).read_bytes()

    def ended(self):
        path = self.dir / "out"
        if not path.exists() or path.stat().st_size < 100:
            return False
        with path.open("rb") as file:
            file.seek(-100, os.SEEK_END)
            return b'{"op":"C"' in file.read()

    def test_300_000_rows(self):
        self.check(300_000)

    @long
    def test_5_000_000_rows(self):
        self.check(5_000_000)


class Giant(twin.Twins):
    """A row far larger than everything else: the peak is one copy of its message, what of it the spool may keep in
    memory, and what a client needs anyway (docs/architecture.md)."""

    def check(self, mebibytes):
        self.sql("DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, v bytea); "
                 "ALTER TABLE t ALTER v SET STORAGE EXTERNAL; "
                 "DROP PUBLICATION IF EXISTS p; CREATE PUBLICATION p FOR TABLE t")
        self.create_slot()
        self.sql(f"INSERT INTO t SELECT 1, decode(repeat('5a', {mebibytes << 20}), 'hex')")
        for streaming in ("off", "on") if self.major >= 14 else (None,):
            for binary in ("off", "on") if self.major >= 14 else ("off",):
                size = mebibytes * (1 if binary == "on" else 2)
                with self.subTest(streaming=streaming, binary=binary):
                    options = ("--streaming", streaming, "--binary", binary) if streaming else ()
                    peak = self.peak(*options)
                    spooled = min(size, 64) if streaming == "on" else 0
                    self.assertGreater(peak, size)
                    if not Memory.sanitized():
                        self.assertLess(peak, size + spooled + 16)

    def peak(self, *options):
        """In MiB. Read while it runs: what wait4() tells includes this program's own size before exec()."""
        process = subprocess.Popen(
            self.command("stream", "-S", self.slot, "--publication", "p", "--until-now", "--ack", "none",
                         "--format", "none", "--spill-dir", self.dir, *options),
            env=environment(self.dir), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            found = re.search(r"VmHWM:\s+(\d+) kB", status)  # not there any more when it has ended
            peak = int(found[1]) / 1024 if found else peak
        self.assertEqual(process.returncode, OK)
        return peak

    def test_32_mebibytes(self):
        self.check(32)

    @long
    def test_300_mebibytes(self):
        self.check(300)
