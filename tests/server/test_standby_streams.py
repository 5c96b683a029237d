# SPDX-License-Identifier: MIT
"""A standby as the server of a stream, and in the place of one: it is promoted, it follows another primary, it is behind,
it answers while the primary is away. None of that is a gap; nothing is lost, nothing comes twice."""
import re
import shutil

import pg
import position
from support import CONNECT, OK, Case, since
from test_standby import Pair

HERE = "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END"
HINT = "target_session_attrs=read-write"


class Standbys(Case):
    """A pair for each test: what is done to it cannot be undone."""

    def setUp(self):
        super().setUp()
        self.pair = Pair(self.server.version)
        self.addCleanup(self.pair.remove)
        self.primary, self.standby = self.pair.primary, self.pair.standby
        self.primary.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t")
        self.pair.catch_up()
        self.path = self.dir / "out"

    # ---- the stream ----------------------------------------------------------------------------------

    def stream(self, conninfo, *more):
        return self.start_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact", "-s", "1",
                                  "--fsync-interval", "0.1", "-v", *more, conninfo=conninfo)

    def to_file(self, conninfo):
        return self.stream(conninfo, "-f", self.path)

    def create_on(self, standby):
        """Creating one there waits until the primary logs which transactions run."""
        creating = self.start_command("slot create", "-S", self.slot, conninfo=standby.conninfo())

        def ended():
            self.primary.sql("SELECT pg_log_standby_snapshot()")
            return creating.process.poll() is not None
        self.primary.wait(ended)
        done = creating.stop(how=None)
        self.assertEqual(done.status, OK, done.err)

    def insert(self, server, first, last):
        """One transaction per row."""
        server.sql("\n".join(f"INSERT INTO t VALUES ({n}, repeat('x', 100));" for n in range(first, last + 1)))

    def catch_up(self, standby):
        """Until it has replayed all that was written where writes go."""
        end = self.primary.value("pg_current_wal_insert_lsn()")
        standby.wait(f"pg_last_wal_replay_lsn() >= '{end}'")

    def wait_told(self, running, server):
        """Until all that this server has now is acknowledged to it."""
        end = server.value(HERE)
        server.wait(f"(SELECT confirmed_flush_lsn >= '{end}' FROM pg_replication_slots WHERE slot_name = '{self.slot}')",
                    alive=running.is_alive)

    def wait_streaming(self, running, server, other_than="0"):
        server.wait("EXISTS (SELECT FROM pg_stat_replication r JOIN pg_replication_slots s ON s.active_pid = r.pid "
                    f"WHERE s.slot_name = '{self.slot}' AND r.state = 'streaming' AND r.pid <> {other_than})",
                    alive=running.is_alive)

    def reconnects(self, running, server):
        """Its connection is ended, and it streams on another one."""
        pid = server.value(f"active_pid FROM pg_replication_slots WHERE slot_name = '{self.slot}'")
        server.sql(f"SELECT pg_terminate_backend({pid})")
        self.wait_streaming(running, server, other_than=pid)

    # ---- what came -----------------------------------------------------------------------------------

    def ids(self):
        return [int(n) for n in re.findall(rb'"new":\{"id":(\d+)', self.path.read_bytes())]

    def table(self, server):
        return [int(n) for n in server.sql("SELECT id FROM t ORDER BY id").split()]

    def kept(self):
        return position.read(self.dir / "out.position")


@since(16)
class Promoted(Standbys):
    """It takes writes while the stream goes on: that is on another timeline from then on."""

    def promote(self):
        """The last rows of the primary may or may not get there."""
        self.insert(self.primary, 11, 100)
        self.primary.stop("immediate")
        self.standby.sql("SELECT pg_promote()")
        self.standby.wait("NOT pg_is_in_recovery()")

    def test_a_file(self):
        self.create_on(self.standby)
        running = self.to_file(self.standby.conninfo())
        self.insert(self.primary, 1, 10)
        self.catch_up(self.standby)
        self.wait_told(running, self.standby)
        self.assertEqual(self.kept().timeline, 1)
        self.promote()
        self.insert(self.standby, 201, 210)
        self.wait_told(running, self.standby)
        self.assertEqual(self.kept().timeline, 2)
        with self.subTest("another process goes on"):
            self.assertEqual(running.stop().status, OK)
            running = self.to_file(self.standby.conninfo())
            self.wait_streaming(running, self.standby)
            self.insert(self.standby, 211, 220)
            self.wait_told(running, self.standby)
        with self.subTest("another connection goes on"):
            self.reconnects(running, self.standby)
            self.insert(self.standby, 221, 230)
            self.wait_told(running, self.standby)
        self.assertEqual(running.stop().status, OK, running.stderr)
        self.assertEqual(self.ids(), self.table(self.standby))
        self.assertEqual(self.kept().timeline, 2)

    def test_a_file_and_a_kill(self):
        """What is kept beside the file is right at any time, not only after a stop."""
        self.create_on(self.standby)
        running = self.to_file(self.standby.conninfo())
        self.insert(self.primary, 1, 10)
        self.catch_up(self.standby)
        self.wait_told(running, self.standby)
        self.promote()
        self.insert(self.standby, 201, 210)
        self.wait_told(running, self.standby)
        running.process.kill()
        running.process.wait()
        self.standby.wait("NOT EXISTS (SELECT FROM pg_replication_slots WHERE active)")
        running = self.to_file(self.standby.conninfo())
        self.insert(self.standby, 211, 220)
        self.wait_streaming(running, self.standby)
        self.wait_told(running, self.standby)
        self.assertEqual(running.stop().status, OK)
        self.assertEqual(self.ids(), self.table(self.standby))

    def test_a_pipe(self):
        self.create_on(self.standby)
        running = self.stream(self.standby.conninfo())
        self.insert(self.primary, 1, 10)
        running.wait_commits(10)
        self.promote()
        self.insert(self.standby, 201, 210)
        self.wait_told(running, self.standby)
        self.reconnects(running, self.standby)
        self.insert(self.standby, 211, 220)
        self.wait_told(running, self.standby)
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual([event["new"]["id"] for event in done.of("I")], self.table(self.standby))


@since(16)
class Cascade(Standbys):
    """A standby's standby is streamed from."""

    def setUp(self):
        super().setUp()
        self.standby.stop()
        self.leaf = pg.Server(self.server.version, {"hot_standby": "on", "hot_standby_feedback": "on"})
        self.addCleanup(self.leaf.remove)
        shutil.copytree(self.standby.data, self.leaf.data)
        shutil.copy(self.standby.dir / "users", self.leaf.dir)
        self.standby.start(new_port=False)
        self.leaf.settings["primary_conninfo"] = self.standby.conninfo().replace("'", "''")
        self.leaf.start()
        self.create_on(self.leaf)

    def test_it_follows_to_another_timeline(self):
        running = self.to_file(self.leaf.conninfo())
        self.insert(self.primary, 1, 10)
        self.catch_up(self.leaf)
        self.wait_told(running, self.leaf)
        self.primary.stop("immediate")
        self.standby.sql("SELECT pg_promote()")
        self.standby.wait("NOT pg_is_in_recovery()")
        self.primary = self.standby
        self.insert(self.primary, 11, 20)
        self.catch_up(self.leaf)
        self.wait_told(running, self.leaf)
        self.assertEqual(self.kept().timeline, 2)
        self.reconnects(running, self.leaf)
        self.insert(self.primary, 21, 30)
        self.catch_up(self.leaf)
        self.wait_told(running, self.leaf)
        self.assertEqual(running.stop().status, OK)
        running = self.to_file(self.leaf.conninfo())
        self.insert(self.primary, 31, 40)
        self.catch_up(self.leaf)
        self.wait_streaming(running, self.leaf)
        self.wait_told(running, self.leaf)
        self.assertEqual(running.stop().status, OK)
        self.assertEqual(self.ids(), list(range(1, 41)))


@since(16)
class Lagging(Standbys):
    def test_it_has_forgotten_what_it_had(self):
        """It crashed, and is slow to replay: what was received from it is not there yet. That is waited for."""
        self.create_on(self.standby)
        running = self.to_file(self.standby.conninfo())
        self.wait_streaming(running, self.standby)
        self.primary.sql("CHECKPOINT")
        self.catch_up(self.standby)
        self.standby.sql("ALTER SYSTEM SET bgwriter_lru_maxpages = 0; CHECKPOINT")
        self.standby.sql("SELECT pg_reload_conf()")
        self.insert(self.primary, 1, 10)
        self.catch_up(self.standby)
        self.wait_told(running, self.standby)
        self.standby.sql("ALTER SYSTEM SET recovery_min_apply_delay = '1h'")
        self.standby.stop("immediate")
        self.standby.start(new_port=False)
        self.standby.wait(lambda: "not yet replayed" in running.stderr, alive=running.is_alive)
        with self.subTest("at the start"):
            self.assertEqual(running.stop().status, OK, running.stderr)
            again = self.run_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact", "-f",
                                     self.path, conninfo=self.standby.conninfo())
            self.assertEqual(again.status, CONNECT, again.err)
        self.standby.sql("ALTER SYSTEM SET recovery_min_apply_delay = 0")
        self.standby.sql("SELECT pg_reload_conf()")
        self.insert(self.primary, 11, 20)
        self.catch_up(self.standby)
        running = self.to_file(self.standby.conninfo())
        self.wait_streaming(running, self.standby)
        self.wait_told(running, self.standby)
        self.assertEqual(running.stop().status, OK)
        self.assertEqual(self.ids(), list(range(1, 21)))


class Either(Standbys):
    """Two hosts, and whichever answers is taken."""

    def hosts(self, *servers):
        return (f"host={','.join(one.host for one in servers)} port={','.join(str(one.port) for one in servers)} "
                "user=postgres dbname=postgres target_session_attrs=any")


@since(12)   # when standby.signal came
class InThePrimarysPlace(Either):
    """The primary is away for some seconds, and its standby answers."""

    def setUp(self):
        super().setUp()
        self.both = self.hosts(self.primary, self.standby)
        self.primary.sql(f"SELECT pg_create_logical_replication_slot('{self.slot}', 'pgoutput')")

    def check(self, running):
        self.insert(self.primary, 1, 10)
        self.catch_up(self.standby)
        self.wait_told(running, self.primary)
        self.primary.stop("fast")
        self.standby.wait(lambda: "attempt 3 " in running.stderr, alive=running.is_alive)
        self.assertIn("this server is a standby", running.stderr)
        self.primary.start(new_port=False)
        self.insert(self.primary, 11, 20)
        self.wait_streaming(running, self.primary)
        self.wait_told(running, self.primary)

    def test_a_file(self):
        running = self.to_file(self.both)
        self.check(running)
        self.assertEqual(running.stop().status, OK, running.stderr)
        self.assertEqual(self.ids(), list(range(1, 21)))

    def test_a_pipe(self):
        running = self.stream(self.both)
        self.check(running)
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual([event["new"]["id"] for event in done.of("I")], list(range(1, 21)))

    @since(16)
    def test_a_slot_of_that_name_on_the_standby(self):
        """It is another slot, and is left alone."""
        self.create_on(self.standby)
        where = f"confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '{self.slot}'"
        before = self.standby.value(where)
        running = self.stream(self.both)
        self.check(running)
        self.assertEqual(self.standby.value(where), before)
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual([event["new"]["id"] for event in done.of("I")], list(range(1, 21)))

    def test_at_the_start(self):
        """No slot there, and no gap: whoever calls may try again, and is told how to be led to the primary."""
        running = self.to_file(self.both)
        self.insert(self.primary, 1, 10)
        self.catch_up(self.standby)
        self.wait_told(running, self.primary)
        self.assertEqual(running.stop().status, OK)
        before = self.kept()
        self.primary.stop("fast")
        done = self.run_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact", "-f", self.path,
                                conninfo=self.both)
        self.assert_error(done, CONNECT, HINT)
        self.assertEqual(self.kept(), before)
        self.primary.start(new_port=False)
        self.insert(self.primary, 11, 20)
        running = self.to_file(self.both)
        self.wait_streaming(running, self.primary)
        self.wait_told(running, self.primary)
        self.assertEqual(running.stop().status, OK)
        self.assertEqual(self.ids(), list(range(1, 21)))


@since(16)
class InTheStandbysPlace(Either):
    """The other way round: the slot is the standby's, which is away for some seconds, and the primary answers."""

    def test_a_pipe(self):
        self.create_on(self.standby)
        running = self.stream(self.hosts(self.standby, self.primary))
        self.wait_streaming(running, self.standby)
        self.insert(self.primary, 1, 10)
        running.wait_commits(10)
        self.wait_told(running, self.standby)
        self.standby.stop("fast")
        self.primary.wait(lambda: "attempt 3 " in running.stderr, alive=running.is_alive)
        self.standby.start(new_port=False)
        self.insert(self.primary, 11, 20)
        self.wait_streaming(running, self.standby)
        running.wait_commits(10)
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual([event["new"]["id"] for event in done.of("I")], list(range(1, 21)))
