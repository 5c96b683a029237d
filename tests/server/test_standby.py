# SPDX-License-Identifier: MIT
"""A slot on a standby (server 16): created and read there, while the changes are made on the primary."""
import shutil

import pg
import support
from support import OK, REFUSED, Case


class Pair:
    """A primary and its standby, a cold copy of the stopped primary's directory."""

    def __init__(self, version):
        self.primary = pg.Server(version).start()
        self.primary.stop()
        self.standby = pg.Server(version, {"hot_standby": "on", "hot_standby_feedback": "on",
                                           "primary_slot_name": "standby"})
        shutil.copytree(self.primary.data, self.standby.data)
        shutil.copy(self.primary.dir / "users", self.standby.dir)
        self.primary.start(new_port=False)
        self.primary.sql("SELECT pg_create_physical_replication_slot('standby')")
        conninfo = self.primary.conninfo().replace("'", "''")
        self.standby.settings["primary_conninfo"] = conninfo
        (self.standby.data / "standby.signal").touch()
        self.standby.start()

    def catch_up(self):
        """Until the standby has replayed what the primary has written."""
        lsn = self.primary.value("pg_current_wal_insert_lsn()")
        self.standby.wait(f"pg_last_wal_replay_lsn() >= '{lsn}'")

    def remove(self):
        self.standby.remove()
        self.primary.remove()


@support.since(12)  # when standby.signal came
class Standby(Case):
    @classmethod
    def setUpClass(cls):
        if "pair" not in support.others:
            support.others["pair"] = Pair(support.server.version)
        cls.pair = support.others["pair"]
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t", cls.db)

    @classmethod
    def find_server(cls):
        return cls.pair.primary

    def setUp(self):
        super().setUp()
        self.sql("TRUNCATE t")
        self.pair.catch_up()
        self.there = self.pair.standby.conninfo(dbname=self.db)

    def drop_slots(self):
        self.pair.standby.sql("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                              "WHERE slot_type = 'logical'")

    def create(self):
        """A standby cannot log which transactions run; until the primary does, creating a slot waits."""
        creating = self.start_command("slot create", "-S", self.slot, conninfo=self.there)

        def ended():
            self.sql("SELECT pg_log_standby_snapshot()")
            return creating.process.poll() is not None
        self.server.wait(ended)
        done = creating.stop(how=None)
        self.assertEqual(done.status, OK, done.err)

    def stream(self, *arguments):
        self.pair.catch_up()
        return self.until_now(*arguments, conninfo=self.there)

    @support.since(16)
    def test_slot_on_the_standby(self):
        self.create()
        self.assertEqual(self.stream().out, b"")
        self.sql("INSERT INTO t VALUES (1), (2)")
        self.assertEqual([e["new"]["id"] for e in self.stream("--ack", "none").of("I")], [1, 2])
        self.assertEqual([e["new"]["id"] for e in self.stream().of("I")], [1, 2])
        self.assertEqual(self.stream().out, b"")
        self.sql("INSERT INTO t VALUES (3)")
        self.assertEqual([e["new"]["id"] for e in self.stream().of("I")], [3])
        done = self.run_command("slot list", "--json", conninfo=self.there)
        self.assertEqual(done.status, OK, done.err)
        self.assertIn(self.slot.encode(), done.out)

    @support.since(16)
    def test_live(self):
        self.create()
        running = self.start_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact",
                                     conninfo=self.there)
        self.sql("INSERT INTO t VALUES (1)")
        self.assertEqual(running.wait_line(lambda e: e["op"] == "I")["new"], {"id": 1})
        running.wait_commits(1)
        self.assertEqual(running.stop().status, OK)
        self.assertEqual(self.stream().out, b"")

    @support.since(12, until=15)
    def test_refused(self):
        """No logical decoding on a standby: said, and nothing is left behind."""
        done = self.run_command("slot create", "-S", self.slot, conninfo=self.there)
        self.assert_error(done, REFUSED, self.slot, "recovery")
        self.assertEqual(self.pair.standby.value("count(*) FROM pg_replication_slots"), "0")
