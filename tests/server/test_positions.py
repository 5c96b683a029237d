# SPDX-License-Identifier: MIT
"""The position beside the output: what it says, when it is written, and what becomes of a start without it."""
import os
import re
import signal
import threading

import position
from support import GAP, OK, OUTPUT, REFUSED, USAGE, Case


class Positions(Case):
    """A file that walwire appends to; `out.position` is beside it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t; "
                       "CREATE PUBLICATION q FOR TABLE t", cls.db)
        cls.server.sql("CREATE TABLE IF NOT EXISTS neighbour (v text)")

    def setUp(self):
        super().setUp()
        self.sql("TRUNCATE t")
        self.create_slot()
        self.path = self.dir / "out"
        self.beside = self.dir / "out.position"

    def arguments(self, *more):
        return ["-S", self.slot, "--publication", "p", "--format", "compact", "-s", "1", "--fsync-interval", "0.1", *more]

    def stream(self, *more, **options):
        running = self.start_command("stream", *self.arguments("-f", self.path, *more), **options)
        self.wait_active(running)
        return running

    def once(self, *more, **options):
        """To what is committed now; the exit code is the caller's."""
        return self.run_command("stream", *self.arguments("-f", self.path, "--until-now", *more), **options)

    def good(self, *more, **options):
        done = self.once(*more, **options)
        self.assertEqual(done.status, OK, done.err)
        return done

    def insert(self, first, last):
        self.sql("\n".join(f"INSERT INTO t VALUES ({n}, 'x');" for n in range(first, last + 1)))

    def be_busy(self):
        """The neighbour is: its WAL is none of our business."""
        self.server.sql("INSERT INTO neighbour SELECT repeat('x', 100) FROM generate_series(1, 1000)")

    def ids(self, path=None):
        return [int(n) for n in re.findall(rb'"new":\{"id":(\d+)', (path or self.path).read_bytes())]

    def kept(self):
        return position.read(self.beside)

    def here(self):
        return self.server.value("pg_current_wal_insert_lsn()")

    def wait_told(self, running, end=None, seconds=30):
        end = end or self.here()
        return self.server.wait(f"(SELECT confirmed_flush_lsn >= '{end}' FROM pg_replication_slots WHERE slot_name = "
                                f"'{self.slot}')", alive=running.is_alive, seconds=seconds)

    def kill(self, running):
        running.process.kill()
        running.process.wait()
        self.wait_free()

    def wait_free(self):
        self.server.wait(f"NOT (SELECT active FROM pg_replication_slots WHERE slot_name = '{self.slot}')")


class Kept(Positions):
    """What a position says."""

    def test_of_whom(self):
        self.insert(1, 5)
        self.good()
        kept, status = self.kept(), self.path.stat()
        self.assertEqual((kept.slot, kept.database, kept.timeline), (self.slot, self.db, 1))
        self.assertEqual(kept.system_id, int(self.value("system_identifier FROM pg_control_system()")))
        self.assertEqual((kept.offset, kept.device, kept.inode), (status.st_size, status.st_dev, status.st_ino))
        last = re.findall(rb'"op":"C","lsn":"([^"]+)"', self.path.read_bytes())[-1]
        self.assertEqual(kept.end_lsn, position.lsn(last.decode()))
        self.assertGreaterEqual(kept.acked, position.lsn(self.confirmed()))
        self.assertEqual((self.beside.stat().st_mode & 0o777, self.beside.stat().st_size), (0o600, 1024))
        self.assertEqual(sorted(os.listdir(self.dir)), ["out", "out.position"])

    def test_of_a_new_consumer(self):
        """Before anything has come: it stands where the slot does, so that a slot made anew is noticed."""
        self.be_busy()
        running = self.stream()
        kept = self.kept()
        self.assertEqual((kept.slot, kept.offset, kept.end_lsn), (self.slot, 0, 0))
        self.assertGreaterEqual(kept.acked, position.lsn(self.confirmed()))
        self.assertEqual(running.stop().status, OK)

    def test_never_behind_what_the_server_was_told(self):
        """At every moment, under load and idle, with a busy neighbour: acked >= confirmed_flush, and what is acknowledged
        is in the file."""
        running = self.stream()
        writer = threading.Thread(target=lambda: [self.insert(100 * n, 100 * n + 49) or self.be_busy() for n in range(12)])
        writer.start()
        seen, offsets = set(), []
        while writer.is_alive() or len(seen) < 5:
            running.is_alive()
            confirmed = position.lsn(self.confirmed())
            kept = self.kept()
            self.assertGreaterEqual(kept.acked, confirmed)
            self.assertLessEqual(kept.offset, self.path.stat().st_size)
            ended = self.path.read_bytes()[:kept.offset]
            self.assertTrue(ended == b"" or ended.endswith(b'"}\n') and b'"op":"C"' in ended.splitlines()[-1])
            seen.add(confirmed)
            offsets.append(kept.offset)
            if not writer.is_alive():
                self.be_busy()
        writer.join()
        self.assertEqual(offsets, sorted(offsets))
        self.wait_told(running)
        self.assertEqual(running.stop().status, OK)
        self.assertEqual(self.kept().acked, position.lsn(self.confirmed()))

    def test_where_none_is_kept(self):
        """A pipe, another plugin, a capture, a slot that ends with us, --ack none."""
        self.insert(1, 2)
        self.run_command("stream", *self.arguments("--until-now", "--ack", "none", "-f", self.dir / "peek"))
        self.run_command("stream", *self.arguments("--until-now"))
        self.run_command("record", "-S", self.slot, "--publication", "p", "--until-now", "-f", self.dir / "capture")
        self.create_slot(self.slot[:60] + "_td", plugin="test_decoding")
        self.run_command("stream", "-S", self.slot[:60] + "_td", "-P", "test_decoding", "--until-now", "-f", self.dir / "td")
        names = sorted(os.listdir(self.dir))
        self.assertIn("peek", names)
        self.assertEqual([name for name in names if "position" in name], [])


class Idle(Positions):
    """Nothing is published, the neighbour is busy."""

    def follows(self, running, times=2):
        for _ in range(times):
            self.be_busy()
            self.assertLess(self.wait_told(running, seconds=10), 2.5, "not within two status intervals")
            if self.beside.exists():
                self.assertGreaterEqual(self.kept().acked, position.lsn(self.confirmed()))

    def test_a_file(self):
        running = self.stream()
        self.follows(running)
        self.insert(1, 3)
        self.follows(running)
        self.assertEqual(running.stop().status, OK)
        self.assertEqual(self.ids(), [1, 2, 3])

    def test_a_pipe(self):
        running = self.start_command("stream", *self.arguments())
        self.wait_active(running)
        self.follows(running)
        self.insert(1, 3)
        running.wait_commits(3)
        self.follows(running)
        self.assertEqual(running.stop().status, OK)

    def test_a_quiet_period_is_no_gap(self):
        """Stopped, or killed, when only the neighbour had been busy; then started again, and again."""
        self.insert(1, 3)
        for n, end in enumerate((signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGKILL)):
            running = self.stream()
            self.follows(running, times=1)
            running.process.send_signal(end)
            running.process.wait()
            self.wait_free()
            self.be_busy()
            self.insert(10 * n + 11, 10 * n + 13)
        self.assertNotIn("gap", self.good().err.lower())
        self.assertEqual(self.ids(), [1, 2, 3, *(10 * n + k for n in range(1, 5) for k in (1, 2, 3))])

    def test_a_pipe_started_again(self):
        self.insert(1, 3)
        for _ in range(2):
            running = self.start_command("stream", *self.arguments())
            self.wait_active(running)
            self.follows(running)
            self.assertEqual(running.stop().status, OK)
        self.assertEqual(self.until_now().out, b"")


class Starts(Positions):
    """What a start finds beside the file."""

    def fill(self):
        self.insert(1, 5)
        self.good()

    def refused(self, *words, arguments=(), way="--init", status=GAP, **options):
        """A gap: file, position and slot stay as they are."""
        self.insert(6, 7)
        before = self.path.read_bytes(), self.beside.exists() and self.beside.read_bytes()
        with self.unmoved():
            done = self.once(*arguments, **options)
        self.assert_error(done, status, way, *words)
        self.assertEqual(self.path.read_bytes(), before[0])
        self.assertEqual(self.beside.exists() and self.beside.read_bytes() or b"", before[1] or b"")

    def goes_on(self, *more):
        self.good(*more)
        self.assertEqual(self.ids(), list(range(1, 8)))
        self.good()
        self.assertEqual(self.ids(), list(range(1, 8)))

    def test_without_position(self):
        self.fill()
        self.beside.unlink()
        self.refused("out")
        self.goes_on("--init")

    def test_a_damaged_position(self):
        self.fill()
        data = bytearray(self.beside.read_bytes())
        data[20] ^= 1
        data[532] ^= 1
        self.beside.write_bytes(data)
        self.refused("position", "out")
        self.goes_on("--init")

    def test_a_shorter_file(self):
        self.fill()
        whole = self.path.read_bytes()
        os.truncate(self.path, len(whole) - 10)
        self.refused("out")
        self.path.write_bytes(whole)   # the same file again
        self.goes_on()

    def test_of_another_slot(self):
        self.fill()
        mine, self.slot = self.slot, self.slot[:55] + "_other"
        self.create_slot()
        self.refused(mine)
        self.insert(8, 8)
        self.good("--init")
        self.assertEqual(self.kept().slot, self.slot)

    def test_of_another_database(self):
        self.fill()
        other = self.db + "_2"
        self.server.sql(f"CREATE DATABASE {other}")
        self.addCleanup(self.server.sql, f"DROP DATABASE {other}")
        self.server.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t", other)
        self.sql(f"SELECT pg_drop_replication_slot('{self.slot}')")
        self.server.sql(f"SELECT pg_create_logical_replication_slot('{self.slot}', 'pgoutput')", other)
        self.addCleanup(self.server.sql, f"SELECT pg_drop_replication_slot('{self.slot}')", other)
        self.refused(self.db, conninfo=self.server.conninfo(dbname=other))

    def test_a_run_that_keeps_no_position(self):
        """It would append what the next ordinary run cuts off."""
        self.fill()
        self.refused(self.slot, arguments=["--ack", "none"], way="position", status=USAGE)
        self.goes_on()

    def test_a_start_position_beside_a_position(self):
        self.fill()
        for position in (self.here(), "0/0"):
            self.assert_error(self.once("-I", position), USAGE, "--startpos")

    def test_a_file_that_was_rotated_while_we_were_down(self):
        self.fill()
        size = self.path.stat().st_size
        with open(self.path, "ab") as out:
            out.write(b"torn")
        self.path.rename(self.dir / "old")
        self.insert(6, 7)
        done = self.good()
        self.assertIn(str(size), done.err)
        self.assertEqual(self.ids(), [6, 7])

    def test_the_remedy_for_a_rotated_file(self):
        """Killed, renamed: the command in the warning makes old and new whole together."""
        self.fill()
        whole = self.path.read_bytes()
        with open(self.path, "ab") as out:
            out.write(b'{"op":"B","xid":1}\n{"op"')
        self.path.rename(self.dir / "old")
        done = self.good()
        size = re.search(r"truncate -s (\d+) FILE", done.err)[1]
        os.truncate(self.dir / "old", int(size))
        self.assertEqual((self.dir / "old").read_bytes(), whole)

    def test_a_copy_that_was_put_back(self):
        self.fill()
        copy = self.path.read_bytes()
        self.path.rename(self.dir / "old")
        self.path.write_bytes(copy)
        self.insert(6, 7)
        self.goes_on()

    def test_a_longer_file_of_somebody_else(self):
        """Nothing in it is cut, --init or not."""
        self.fill()
        other = self.path.read_bytes() + b'{"theirs":1}\n'
        self.path.rename(self.dir / "old")
        self.path.write_bytes(other)
        self.refused("out")
        self.good("--init")
        self.assertTrue(self.path.read_bytes().startswith(other))
        self.assertEqual(self.ids(), list(range(1, 8)))

    def test_no_line_ends_at_the_offset(self):
        self.fill()
        with open(self.path, "r+b") as out:
            out.seek(-1, os.SEEK_END)
            out.write(b"x")
        self.refused("out")

    def test_a_position_as_output(self):
        self.fill()
        before = self.beside.read_bytes()
        for more in ((), ("--init",)):
            done = self.run_command("stream", *self.arguments("-f", self.beside, "--until-now", *more))
            self.assert_error(done, USAGE, "position", "another file")
        (self.dir / "copy").write_bytes(before)
        done = self.run_command("stream", *self.arguments("-f", self.dir / "copy", "--until-now", "--init"))
        self.assert_error(done, USAGE, "position", "another file")
        self.assertEqual(self.beside.read_bytes(), before)
        self.assertEqual(sorted(os.listdir(self.dir)), ["copy", "out", "out.position"])

    def test_a_refused_start_leaves_nothing(self):
        done = self.run_command("stream", "-S", "no_such", "--publication", "p", "--until-now", "-f", self.path)
        self.assert_error(done, REFUSED, "no_such")
        self.assertEqual(os.listdir(self.dir), [])

    def test_a_link_that_leads_nowhere(self):
        self.path.symlink_to(self.dir / "nothing")
        self.assert_error(self.once(), OUTPUT, "symbolic link")
        self.assertEqual(os.listdir(self.dir), ["out"])

    def test_a_cut_is_told(self):
        self.fill()
        size = self.path.stat().st_size
        with open(self.path, "ab") as out:
            out.write(b"torn")
        self.assertIn(f"cut 4 bytes behind byte {size}", self.good("-v").err)
        self.assertNotIn("cut ", self.good("-v").err)

    def test_a_torn_tail(self):
        """What a kill left behind the last unit is cut off, be it lines or half a line."""
        self.fill()
        with open(self.path, "ab") as out:
            out.write(b'{"op":"B","xid":1}\n{"op":"I","new":{"id":99}}\n{"op"')
        self.insert(6, 7)
        self.goes_on()

    def test_two_at_once(self):
        """The second one is refused by the position's lock, even with a slot of its own."""
        running = self.stream()
        mine, self.slot = self.slot, self.slot[:55] + "_other"
        self.create_slot()
        with self.unmoved():
            done = self.once("--init")
        self.assert_error(done, OUTPUT, "out")
        self.slot = mine
        self.insert(1, 2)
        self.wait_told(running)
        self.assertEqual(running.stop().status, OK)
        self.assertEqual(self.ids(), [1, 2])


class Rotated(Positions):
    """SIGHUP: the file is renamed away, walwire goes on in a new one."""

    def test_under_load(self):
        running = self.stream()
        parts, total, enough = [self.path], 0, threading.Event()

        def write():
            nonlocal total
            while not enough.is_set():
                self.insert(total + 1, total + 50)
                total += 50
        writer = threading.Thread(target=write)
        writer.start()
        self.addCleanup(enough.set)
        for n in range(5):
            self.server.wait(lambda: self.path.exists() and self.path.stat().st_size > 5000, alive=running.is_alive)
            parts.insert(-1, self.path.rename(self.dir / f"out.{n}"))
            running.process.send_signal(signal.SIGHUP)
            self.server.wait(self.path.exists, alive=running.is_alive)
            if n == 2:
                self.kill(running)
                running = self.stream()
        enough.set()
        writer.join()
        self.wait_told(running)
        self.assertEqual(running.stop().status, OK, running.stderr)
        self.assertEqual(sum((self.ids(part) for part in parts), []), list(range(1, total + 1)))
        for part in parts:
            self.assertRegex(part.read_bytes(), rb'\A(\{"op":"B".*\n(.*\n)*)?\{"op":"C".*\n\Z')
            self.assertEqual(part.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.kept().inode, self.path.stat().st_ino)
        self.good()
        self.assertEqual(len(self.ids()), total - sum(len(self.ids(part)) for part in parts[:-1]))

    def test_without_renaming(self):
        running = self.stream()
        for n in range(3):
            self.insert(10 * n, 10 * n + 9)
            self.wait_told(running)
            running.process.send_signal(signal.SIGHUP)
        self.assertEqual(running.stop().status, OK)
        self.assertEqual(self.ids(), list(range(30)))
