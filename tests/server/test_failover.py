# SPDX-License-Identifier: MIT
"""The primary dies under load, a standby takes its place, and with it the slot: the stream goes on, nothing is lost,
nothing comes twice. Where that cannot be, it is said."""
import re
import shutil
import threading

import pg
import position
from support import GAP, OK, Case, since

TABLE = "CREATE TABLE t (client int, seq int, v text, PRIMARY KEY (client, seq)); CREATE PUBLICATION p FOR TABLE t"
# So that the server sends nothing that the standby does not have.
SYNCHRONOUS = {"synchronized_standby_slots": "standby"}


class Cluster:
    """A primary with a failover slot, and a standby, a cold copy, that keeps the slot in step."""

    def __init__(self, version, slot, settings):
        self.slot = slot
        self.primary = pg.Server(version, settings).start()
        self.primary.stop()
        self.standby = pg.Server(version, {
            "hot_standby": "on", "hot_standby_feedback": "on", "primary_slot_name": "standby",
            "sync_replication_slots": "off", "primary_conninfo": "", "wal_receiver_status_interval": "1s"})
        shutil.copytree(self.primary.data, self.standby.data)
        shutil.copy(self.primary.dir / "users", self.standby.dir)
        (self.standby.data / "standby.signal").touch()
        self.primary.settings["synchronized_standby_slots"] = ""
        self.primary.start(new_port=False)
        self.primary.sql("SELECT pg_create_physical_replication_slot('standby', true)")
        self.standby.settings["primary_conninfo"] = self.primary.conninfo().replace("'", "''")
        self.standby.start()
        self.primary.settings |= settings
        for name, value in settings.items():
            self.primary.sql(f"ALTER SYSTEM SET {name} = '{value}'")
        self.primary.sql("SELECT pg_reload_conf()")
        self.primary.sql(TABLE)

    def conninfo(self):
        """Both, in this order; whichever takes writes."""
        both = (self.primary, self.standby)
        return (f"host={','.join(one.host for one in both)} port={','.join(str(one.port) for one in both)} "
                "user=postgres dbname=postgres target_session_attrs=read-write connect_timeout=5")

    def wait_synced(self, alive=lambda: True):
        """Until the standby would have the slot if it were promoted now. That takes until the slot has moved beyond
        what the standby could reserve: something has to be consumed, and the running transactions have to be logged. Its
        worker is started here: one that had found nothing to do before would sleep for up to 30 seconds."""
        def is_synced():
            self.primary.sql("SELECT pg_log_standby_snapshot()")
            return self.standby.value("EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '%s' AND synced AND NOT "
                                      "temporary AND invalidation_reason IS NULL)" % self.slot) == "t"
        self.standby.sql("ALTER SYSTEM SET sync_replication_slots = on")
        self.standby.sql("SELECT pg_reload_conf()")
        self.standby.wait(is_synced, alive=alive, seconds=60)

    def promote(self):
        """The primary is gone without a word."""
        self.primary.stop("immediate")
        self.standby.sql("SELECT pg_promote()")
        self.standby.wait("NOT pg_is_in_recovery()")

    def remove(self):
        self.standby.remove()
        self.primary.remove()


class Writer(threading.Thread):
    """Commits a row at a time, in order, until stopped; goes from the one to the other as they take writes."""

    def __init__(self, cluster, client):
        super().__init__(daemon=True)
        self.cluster, self.client, self.written = cluster, client, 0
        self.enough = threading.Event()

    def run(self):
        seq = 0
        while not self.enough.is_set():
            seq += 20
            rows = "".join(f"INSERT INTO t VALUES ({self.client}, {n}, repeat('x', 100));\n" for n in range(seq - 19, seq + 1))
            for server in (self.cluster.primary, self.cluster.standby):
                try:
                    server.sql(rows)
                    self.written += 20
                    break
                except (RuntimeError, OSError):
                    pass   # read-only, gone, or cut off in between: what is there in the end counts

    def stop(self):
        self.enough.set()
        self.join(60)


@since(17)
class Failover(Case):
    def make(self, settings=SYNCHRONOUS):
        self.cluster = Cluster(self.server.version, self.slot, settings)
        self.addCleanup(self.cluster.remove)
        self.path = self.dir / "out"
        done = self.run_command("slot create", "-S", self.slot, "--failover", conninfo=self.cluster.primary.conninfo())
        self.assertEqual(done.status, OK, done.err)

    def stream(self, *more):
        running = self.start_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact", "-s", "1",
                                     "--fsync-interval", "0.1", "-f", self.path, *more, conninfo=self.cluster.conninfo())
        return running

    def write(self):
        writers = [Writer(self.cluster, client) for client in (1, 2)]
        for writer in writers:
            writer.start()
            self.addCleanup(writer.stop)
        return writers

    def wait_written(self, writers, more, alive):
        wanted = [writer.written + more for writer in writers]
        self.cluster.standby.wait(lambda: all(w.written >= n for w, n in zip(writers, wanted)), alive=alive, seconds=60)

    def rows(self):
        """Of the file, in order."""
        text = self.path.read_text() if self.path.exists() else ""
        return [tuple(map(int, pair)) for pair in re.findall(r'"new":\{"client":(\d+),"seq":(\d+)', text)]

    def wait_told(self, running, server):
        end = server.value("pg_current_wal_insert_lsn()")
        server.wait(f"(SELECT confirmed_flush_lsn >= '{end}' FROM pg_replication_slots WHERE slot_name = '{self.slot}')",
                    alive=running.is_alive)

    def assert_complete(self, server):
        """The file is what the server has, each row once, each client's in its order."""
        rows = self.rows()
        table = [tuple(map(int, line.split("|"))) for line in server.sql("SELECT client, seq FROM t ORDER BY 1, 2").split()]
        self.assertGreater(len(table), 0)
        self.assertEqual(len(rows), len(set(rows)), "rows came twice")
        self.assertEqual(sorted(set(table) - set(rows)), [], "rows were lost")
        self.assertEqual(sorted(set(rows) - set(table)), [], "rows came that the new primary does not have")
        for client in (1, 2):
            mine = [seq for who, seq in rows if who == client]
            self.assertEqual(mine, sorted(mine))

    def test_one_process(self):
        """It connects again by itself."""
        self.make()
        running = self.stream()
        writers = self.write()
        self.cluster.wait_synced(running.is_alive)
        self.wait_written(writers, 200, running.is_alive)
        self.cluster.promote()
        self.wait_written(writers, 200, running.is_alive)
        for writer in writers:
            writer.stop()
        self.wait_told(running, self.cluster.standby)
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        self.assert_complete(self.cluster.standby)
        self.assertEqual(position.read(self.dir / "out.position").timeline, 2)

    def test_stopped_across_the_promotion(self):
        """Killed before it, started after it: the position is of the old timeline."""
        self.make()
        running = self.stream()
        writers = self.write()
        self.cluster.wait_synced(running.is_alive)
        self.wait_written(writers, 200, running.is_alive)
        running.process.kill()
        running.process.wait()
        self.assertEqual(position.read(self.dir / "out.position").timeline, 1)
        self.cluster.promote()
        self.wait_written(writers, 100, lambda: True)
        running = self.stream()
        self.wait_written(writers, 100, running.is_alive)
        for writer in writers:
            writer.stop()
        self.wait_told(running, self.cluster.standby)
        self.assertEqual(running.stop().status, OK, running.stderr)
        self.assert_complete(self.cluster.standby)
        self.assertEqual(position.read(self.dir / "out.position").timeline, 2)
        running = self.stream()   # and once more, on the timeline that it knows now
        self.wait_told(running, self.cluster.standby)
        self.assertEqual(running.stop().status, OK)
        self.assert_complete(self.cluster.standby)

    def test_a_slot_that_the_standby_does_not_have(self):
        """Not a failover slot: it is gone with the primary."""
        self.make()
        self.cluster.primary.sql(f"SELECT pg_drop_replication_slot('{self.slot}')")
        self.cluster.primary.sql(f"SELECT pg_create_logical_replication_slot('{self.slot}', 'pgoutput')")
        running = self.stream()
        self.cluster.primary.sql("INSERT INTO t VALUES (1, 1, 'x')")
        self.wait_told(running, self.cluster.primary)
        self.catch_up()
        self.cluster.promote()
        done = running.stop(how=None)
        self.assertEqual(done.status, GAP, done.err)
        self.assertIn(self.slot, done.err)
        self.assertIn("--init", done.err)
        self.assertEqual(self.rows(), [(1, 1)])

    def catch_up(self):
        end = self.cluster.primary.value("pg_current_wal_insert_lsn()")
        self.cluster.standby.wait(f"pg_last_wal_replay_lsn() >= '{end}'")

    def test_a_timeline_that_does_not_have_what_was_received(self):
        """Without synchronized_standby_slots the primary sends what the standby has not got; then it takes over."""
        self.make({})
        running = self.stream()
        writers = self.write()
        self.cluster.wait_synced(running.is_alive)
        for writer in writers:
            writer.stop()
        self.wait_told(running, self.cluster.primary)
        self.catch_up()
        self.cut_off_standby()
        self.cluster.primary.sql("INSERT INTO t VALUES (3, 1, 'the standby never gets this')")
        self.wait_told(running, self.cluster.primary)
        rows, acked = self.rows(), position.read(self.dir / "out.position").acked
        self.assertIn((3, 1), rows)
        self.cluster.promote()
        self.cluster.standby.sql("INSERT INTO t SELECT 4, n, repeat('y', 100) FROM generate_series(1, 2000) n")
        done = running.stop(how=None)
        with self.subTest("while it runs"):
            self.assertEqual(done.status, GAP, done.err)
            self.assertIn("timeline", done.err)
            self.assertIn(acked, {position.lsn(text) for text in re.findall(r"[0-9A-F]+/[0-9A-F]+", done.err)})
        with self.subTest("at the start"):
            done = self.stream().stop(how=None)
            self.assertEqual(done.status, GAP, done.err)
            self.assertIn("--init", done.err)
        self.assertEqual(self.rows(), rows)

    def cut_off_standby(self):
        self.cluster.standby.sql("ALTER SYSTEM SET primary_conninfo = ''")
        self.cluster.standby.sql("ALTER SYSTEM SET sync_replication_slots = off")
        self.cluster.standby.sql("SELECT pg_reload_conf()")
        self.cluster.standby.wait("NOT EXISTS (SELECT FROM pg_stat_wal_receiver)")
