# SPDX-License-Identifier: MIT
"""Each way in which changes can get lost without anybody's doing here ends with exit code 5, before anything more is
acknowledged; the report says from where to where, and what it tells to do works."""
import re
import shutil
import signal

import pg
import position
import support
from support import GAP, OK, Case, other_server, since

LSN = r"[0-9A-F]+/[0-9A-F]+"


class Gaps(Case):
    """A consumer with a file, at the start and while it runs."""

    @classmethod
    def find_server(cls):
        return other_server("gaps", {})

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t", cls.db)

    def setUp(self):
        super().setUp()
        self.sql("TRUNCATE t")
        self.create_slot()
        self.path = self.dir / "out"

    def arguments(self, *more, publication="p"):
        return ["-S", self.slot, "--publication", publication, "--format", "compact", "-s", "1", "--fsync-interval", "0.1",
                "-f", self.path, *more]

    def stream(self, *more, **options):
        running = self.start_command("stream", *self.arguments(*more, **options))
        self.wait_active(running)
        return running

    def once(self, *more, conninfo=None, **options):
        return self.run_command("stream", *self.arguments("--until-now", *more, **options), conninfo=conninfo)

    def insert(self, first, last):
        self.sql("\n".join(f"INSERT INTO t VALUES ({n}, 'x');" for n in range(first, last + 1)))

    def ids(self):
        return [int(n) for n in re.findall(rb'"new":\{"id":(\d+)', self.path.read_bytes())]

    def here(self):
        return self.server.value("pg_current_wal_insert_lsn()")

    def wait_told(self, running):
        self.server.wait(f"(SELECT confirmed_flush_lsn >= '{self.here()}' FROM pg_replication_slots WHERE slot_name = "
                         f"'{self.slot}')", alive=running.is_alive)

    def delivered(self):
        """Ten rows, and the consumer is gone; returns up to where all was acknowledged."""
        running = self.stream()
        self.insert(1, 10)
        self.wait_told(running)
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual(self.ids(), list(range(1, 11)))
        return position.read(self.dir / "out.position").acked

    def running(self):
        """Ten rows, and the consumer stands still (SIGSTOP); the connection is gone."""
        running = self.stream()
        self.insert(1, 10)
        self.wait_told(running)
        running.process.send_signal(signal.SIGSTOP)
        self.addCleanup(running.process.send_signal, signal.SIGCONT)
        pid = self.value(f"active_pid FROM pg_replication_slots WHERE slot_name = '{self.slot}'")
        self.sql(f"SELECT pg_terminate_backend({pid})")
        self.server.wait(f"NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {pid})")
        return running

    def goes_on(self, running):
        running.process.send_signal(signal.SIGCONT)
        return running.stop(how=None)

    def assert_gap(self, done, *words, rows=10):
        """A report with two positions at least, or the words; the file has what it had."""
        self.assertEqual(done.status, GAP, done.err)
        for word in words:
            self.assertIn(word, done.err)
        self.assertEqual(self.ids(), list(range(1, rows + 1)))
        self.assertNotIn("internal", done.err)

    def assert_from_to(self, done, begin, end):
        """The report names these two positions."""
        named = {position.lsn(text) for text in re.findall(LSN, done.err)}
        self.assertTrue({begin, position.lsn(end)} <= named, f"{begin:X}, {end} are not in: {done.err}")

    def assert_advice_works(self, then, conninfo=None):
        """--init, which says what is given up, and then everything from there on, once."""
        old = position.read(self.dir / "out.position")
        done = self.once("--init", conninfo=conninfo)
        self.assertEqual(done.status, OK, done.err)
        said = re.search(rf'begins anew at ({LSN}), where slot "{self.slot}" stands: (.*)\. The position was ({LSN}) of slot '
                         rf'"{old.slot}" in database "{old.database}"', done.err)
        self.assertTrue(said, done.err)
        self.assertEqual(position.lsn(said[3]), old.acked)
        self.assertRegex(said[2], r": \S+$|older than")
        self.assertEqual(self.ids(), [*range(1, 11), *then])
        done = self.once(conninfo=conninfo)
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual(self.ids(), [*range(1, 11), *then])


class SlotGaps(Gaps):
    """Something happened to the slot."""

    def read_elsewhere(self):
        """Another consumer takes what is in the slot: it moves, on every version."""
        self.sql(f"SELECT count(*) FROM pg_logical_slot_get_binary_changes('{self.slot}', NULL, NULL, 'proto_version', '1', "
                 "'publication_names', 'p')")

    def forward(self):
        self.insert(11, 12)
        if self.major >= 11:
            self.sql(f"SELECT pg_replication_slot_advance('{self.slot}', pg_current_wal_lsn())")
        else:
            self.read_elsewhere()

    def recreate(self):
        self.sql(f"SELECT pg_drop_replication_slot('{self.slot}')")
        self.insert(11, 12)
        self.create_slot()

    def at_start(self, what, then):
        acked = self.delivered()
        what()
        stands = self.confirmed()
        with self.unmoved():
            for _ in range(2):   # it does not heal by itself
                done = self.once()
                self.assert_gap(done, "--init", "cannot come from this slot any more")
                self.assert_from_to(done, acked, stands)
        self.insert(13, 14)
        self.assert_advice_works(then)

    def while_it_runs(self, what, then):
        running = self.running()
        what()
        stands = self.confirmed()
        with self.unmoved():
            done = self.goes_on(running)
        self.assert_gap(done, "--init")
        self.assert_from_to(done, position.read(self.dir / "out.position").acked, stands)
        self.insert(13, 14)
        self.assert_gap(self.once(), "--init")
        self.assert_advice_works(then)

    def test_forwarded(self):
        self.at_start(self.forward, [13, 14])

    def test_forwarded_while_it_runs(self):
        self.while_it_runs(self.forward, [13, 14])

    def test_read_by_another(self):
        def read():
            self.insert(11, 12)
            self.read_elsewhere()
        self.at_start(read, [13, 14])

    def test_recreated(self):
        self.at_start(self.recreate, [13, 14])

    def test_recreated_while_it_runs(self):
        self.while_it_runs(self.recreate, [13, 14])

    def test_dropped(self):
        acked = self.delivered()
        self.sql(f"SELECT pg_drop_replication_slot('{self.slot}')")
        done = self.once()
        self.assert_gap(done, f"walwire slot create -S {self.slot} -d {self.db}", "--init")
        refused = self.once("--init")   # it says nothing of a slot that is not there
        self.assertEqual(refused.status, support.REFUSED, refused.err)
        self.assertIn("no such replication slot", refused.err)
        self.assertNotIn("begins anew", refused.err)
        self.assertIn(acked, {position.lsn(text) for text in re.findall(LSN, done.err)})
        self.insert(11, 12)
        self.create_slot()
        self.insert(13, 14)
        self.assert_advice_works([13, 14])

    def test_a_slip_in_the_name(self):
        """The position knows the slot that was meant."""
        self.delivered()
        other = self.slot[:60] + "_x"
        self.create_slot(other)
        done = self.run_command("stream", "-S", other, *self.arguments("--until-now")[2:])
        self.assert_gap(done, f"-S {self.slot}", other)
        self.assertNotIn("right server", done.err)

    def test_without_a_position(self):
        """A pipe knows in memory what was acknowledged: enough while it runs."""
        running = self.start_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact", "-s", "1")
        self.wait_active(running)
        self.insert(1, 10)
        running.wait_commits(10)
        self.wait_told(running)
        running.process.send_signal(signal.SIGSTOP)
        pid = self.value(f"active_pid FROM pg_replication_slots WHERE slot_name = '{self.slot}'")
        self.sql(f"SELECT pg_terminate_backend({pid})")
        self.server.wait(f"NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {pid})")
        self.forward()
        with self.unmoved():
            done = self.goes_on(running)
        self.assertEqual(done.status, GAP, done.err)
        self.assertIn(self.confirmed(), done.err)

    def test_no_gap_where_there_is_none(self):
        """Moved, but not beyond what was acknowledged; and taken by another where nothing was for us."""
        self.delivered()
        self.sql(f"SELECT count(*) FROM pg_logical_slot_peek_binary_changes('{self.slot}', NULL, NULL, 'proto_version', "
                 "'1', 'publication_names', 'p')")
        self.insert(11, 12)
        done = self.once()
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual(self.ids(), list(range(1, 13)))


@since(13)
class Invalidated(Gaps):
    """max_slot_wal_keep_size: the server gives the slot up."""

    @classmethod
    def find_server(cls):
        return other_server("keep", {"max_slot_wal_keep_size": "1MB", "wal_keep_size": "0"})

    def invalidate(self):
        for _ in range(4):
            self.insert_filler()
            self.sql("SELECT pg_switch_wal(); CHECKPOINT")
        self.server.wait(f"(SELECT wal_status = 'lost' FROM pg_replication_slots WHERE slot_name = '{self.slot}')")

    def insert_filler(self):
        self.sql("CREATE TABLE IF NOT EXISTS filler (v text); INSERT INTO filler VALUES ('x')")

    def test_at_the_start(self):
        self.delivered()
        self.insert(11, 12)
        self.invalidate()
        self.assert_gap(self.once(), "wal_removed", self.slot)
        self.again()

    def test_while_it_runs(self):
        running = self.running()
        self.insert(11, 12)
        self.invalidate()
        self.assert_gap(self.goes_on(running), "wal_removed", self.slot)
        self.again()

    def again(self):
        """A new slot, as the report says."""
        done = self.once()
        self.assert_gap(done, f"walwire slot drop -S {self.slot} -d {self.db}",
                        f"walwire slot create -S {self.slot} -d {self.db}", "--init")
        done = self.run_command("slot drop", "-S", self.slot)
        self.assertEqual(done.status, OK, done.err)
        self.create_slot()
        self.insert(13, 14)
        self.assert_advice_works([13, 14])


class PublicationGaps(Gaps):
    """Changes that no publication of ours covers, at the time they were made."""

    def check(self, done, slot, publication="p2", then=(13, 14)):
        """The report says how to go on: walwire slot advance --to, then --init."""
        self.assertEqual(done.status, GAP, done.err)
        self.assertIn(publication, done.err)
        advice = re.search(rf"slot advance[^\n]*--to ({LSN})", done.err)
        self.assertTrue(advice, f"no advice in: {done.err}")
        self.assertIn("--init", done.err)
        if self.major < 11:
            return
        moved = self.run_command("slot advance", "-S", slot, "--to", advice[1])
        self.assertEqual(moved.status, OK, moved.err)

    def finish(self, rows):
        done = self.once("--init", publication="p2")
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual(self.ids(), rows)
        self.assertEqual(self.once(publication="p2").status, OK)
        self.assertEqual(self.ids(), rows)

    def test_created_too_late(self):
        """The publication is there now, and was not when the rows were written."""
        self.addCleanup(self.sql, "DROP PUBLICATION p2")
        self.insert(1, 2)
        self.sql("CREATE PUBLICATION p2 FOR TABLE t")
        self.insert(3, 4)
        with self.unmoved():
            done = self.once(publication="p2")
        self.check(done, self.slot)
        if self.major >= 11:
            self.insert(5, 6)
            self.finish([5, 6])

    def test_dropped_and_created_again_while_it_runs(self):
        """Between the two a row is written: nobody will ever send it."""
        self.sql("CREATE PUBLICATION p2 FOR TABLE t")
        self.addCleanup(self.sql, "DROP PUBLICATION IF EXISTS p2")
        running = self.stream(publication="p2")
        self.insert(1, 10)
        self.wait_told(running)
        dropped = self.server.sql("DROP PUBLICATION p2; SELECT pg_current_wal_insert_lsn()", self.db)
        self.insert(11, 12)
        self.sql("CREATE PUBLICATION p2 FOR TABLE t")
        self.insert(13, 14)
        done = running.stop(how=None)
        self.assert_gap(done, "p2")
        self.assertEqual(self.value(f"'{self.confirmed()}'::pg_lsn <= '{dropped}'::pg_lsn"), "t", "acknowledged the gap")
        self.server.wait(f"NOT (SELECT active FROM pg_replication_slots WHERE slot_name = '{self.slot}')")
        with self.unmoved():
            again = self.once(publication="p2")
        self.check(again, self.slot)
        begins = position.lsn(re.search(rf"changes from ({LSN})", done.err)[1])
        self.assertGreaterEqual(begins, position.read(self.dir / "out.position").end_lsn, "the ten rows were delivered")
        if self.major >= 11:
            self.insert(15, 16)
            self.finish([*range(1, 11), 15, 16])

    def test_a_publication_that_never_was(self):
        """At the start: no gap, but a name that is wrong."""
        with self.unmoved():
            done = self.once(publication="never")
        self.assertEqual(done.status, support.REFUSED, done.err)


class Replaced(Gaps):
    """Another server answers at the address: a stranger, a copy, a backup."""

    @classmethod
    def find_server(cls):
        return other_server("original", {})

    def replace(self, server):
        """From now on this one is at the original's place."""
        server.port = self.server.port
        server.start(new_port=False)
        self.addCleanup(self.give_back, server)

    def give_back(self, server):
        server.remove()
        self.server.start(new_port=False)
        self.server.sql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active")

    def conninfo(self, user="postgres", **more):
        """By TCP, where one server can take the place of another."""
        return self.server.conninfo(user, self.db, host="127.0.0.1", **more)

    def stranger(self):
        server = pg.Server(self.server.version)
        self.addCleanup(server.remove)
        server.start()
        server.sql(f"CREATE DATABASE {self.db}")
        server.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t; "
                   f"SELECT pg_create_logical_replication_slot('{self.slot}', 'pgoutput')", self.db)
        server.sql("INSERT INTO t VALUES (21, 'x'), (22, 'x')", self.db)
        server.stop()
        return server

    def backup(self):
        """A cold copy: what the original was now."""
        copy = pg.Server(self.server.version)
        self.addCleanup(copy.remove)
        self.server.stop()
        shutil.copytree(self.server.data, copy.data)
        shutil.copy(self.server.dir / "users", copy.dir)
        self.server.start(new_port=False)
        return copy

    def forget_stop(self):
        """The original is gone, as by a power cut."""
        self.server.stop("immediate")

    def test_another_system(self):
        self.delivered()
        stranger = self.stranger()
        own = self.value("system_identifier FROM pg_control_system()")
        self.forget_stop()
        self.replace(stranger)
        done = self.once()
        its = stranger.value("system_identifier FROM pg_control_system()")
        self.assert_gap(done, own, its, "--init")
        self.assert_advice_works([21, 22])

    def test_another_system_while_it_runs(self):
        stranger = self.stranger()
        running = self.running()
        self.forget_stop()
        self.replace(stranger)
        done = self.goes_on(running)
        self.assert_gap(done, stranger.value("system_identifier FROM pg_control_system()"), "--init")

    def test_a_backup(self):
        """Same system, same timeline, but its log ends before what was received."""
        self.insert(1, 10)
        self.assertEqual(self.once().status, OK)
        copy = self.backup()
        self.insert(11, 400)
        self.assertEqual(self.once().status, OK)
        acked = position.read(self.dir / "out.position").acked
        self.forget_stop()
        self.replace(copy)
        done = self.once()
        self.assert_gap(done, "--init", rows=400)
        self.assertIn(acked, {position.lsn(text) for text in re.findall(LSN, done.err)})

    def test_a_backup_while_it_runs(self):
        copy = self.backup()
        running = self.running()
        self.forget_stop()
        self.replace(copy)
        self.assert_gap(self.goes_on(running), "--init")

    @since(12)
    def test_a_backup_that_was_brought_to_life(self):
        """Point-in-time recovery: a timeline of its own, which left ours before what was received, and has gone on far
        beyond it."""
        self.insert(1, 10)
        self.assertEqual(self.once().status, OK)
        copy = self.backup()
        (copy.data / "recovery.signal").touch()
        copy.settings |= {"restore_command": "false", "recovery_target_timeline": "latest"}
        self.insert(11, 12)
        self.assertEqual(self.once().status, OK)
        acked = position.read(self.dir / "out.position").acked
        self.forget_stop()
        self.replace(copy)
        copy.wait("NOT pg_is_in_recovery()")
        copy.sql("INSERT INTO t SELECT n, repeat('x', 100) FROM generate_series(1001, 3000) n", self.db)
        self.assertGreater(position.lsn(copy.value("pg_current_wal_lsn()")), acked)
        for _ in range(2):
            done = self.once()
            self.assert_gap(done, "timeline", "--init", rows=12)
        self.assertEqual(self.once("--init").status, OK)
        again = self.ids()[12:-2000]   # before 17 a slot may forget at a clean stop where it stood
        self.assertEqual(self.ids(), [*range(1, 13), *again, *range(1001, 3001)])
        self.assertEqual(again, list(range(1, 11)) if again and self.major < 17 else [])

    @since(12)
    def test_a_restart_with_a_new_timeline_is_no_gap(self):
        """Recovery that begins behind what was received goes on with the same stream."""
        self.delivered()
        self.server.stop()
        (self.server.data / "recovery.signal").touch()
        self.server.settings |= {"restore_command": "false"}
        self.server.start(new_port=False)
        self.server.wait("NOT pg_is_in_recovery()")
        self.insert(11, 12)
        done = self.once()
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual(self.ids(), list(range(1, 13)))
        self.assertEqual(position.read(self.dir / "out.position").timeline,
                         int(self.server.value("timeline_id FROM pg_control_checkpoint()")))
