# SPDX-License-Identifier: MIT
"""Prepared transactions, from the slot to the line: delivered at PREPARE where the server can (15), else at
COMMIT PREPARED."""
import twin
from support import OK, REFUSED, USAGE, since


class TwoPhase(twin.Twins):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t", cls.db)

    def setUp(self):
        super().setUp()
        self.sql("TRUNCATE t")
        self.addCleanup(self.end_prepared)

    def end_prepared(self):
        """The slots cannot be dropped, nor the next test begin, while something is prepared."""
        for gid in self.sql(f"SELECT gid FROM pg_prepared_xacts WHERE database = '{self.db}'").split():
            self.sql(f"ROLLBACK PREPARED '{gid}'")

    def create(self, *arguments):
        done = self.run_command("slot create", "-S", self.slot, *arguments)
        self.assertEqual(done.status, OK, done.err)

    def two_phase(self):
        return self.sql(f"SELECT two_phase FROM pg_replication_slots WHERE slot_name = '{self.slot}'")

    def stream(self, *arguments):
        return self.run_command("stream", "-S", self.slot, "--publication", "p", "--until-now", *arguments)

    def prepare(self, gid, first, last):
        """Returns its xid."""
        return int(self.sql(f"BEGIN; INSERT INTO t SELECT generate_series({first}, {last}); "
                            f"SELECT txid_current(); PREPARE TRANSACTION '{gid}'"))

    def told(self, *arguments):
        """[(op, gid or id)] in the compact format."""
        return [(e["op"], e["gid"] if "gid" in e else e.get("new", {}).get("id"))
                for e in self.until_now(*arguments).events]

    def test_at_commit_prepared(self):
        """Without --two-phase, on every server: like any other transaction."""
        self.create()
        self.prepare("kept", 1, 2)
        self.prepare("dropped", 3, 3)
        self.assertEqual(self.until_now().of("I"), [])
        self.sql("ROLLBACK PREPARED 'dropped'; COMMIT PREPARED 'kept'")
        self.assertEqual(self.told(), [("B", None), ("I", 1), ("I", 2), ("C", None)])

    @since(15)
    def test_at_prepare(self):
        self.create("--two-phase")
        self.assertEqual(self.two_phase(), "t")
        kept = self.prepare("kept, it''s", 1, 2)
        self.prepare("dropped", 3, 3)
        done = self.until_now("--two-phase")
        self.assertEqual([e["op"] for e in done.events], ["b", "I", "I", "P", "b", "I", "P"])
        begin, prepare = done.of("b")[0], done.of("P")[0]
        self.assertEqual((begin["gid"], begin["xid"], prepare["gid"], prepare["xid"]),
                         ("kept, it's", kept, "kept, it's", kept))
        self.assertEqual(self.told("--two-phase"), [])
        self.sql("ROLLBACK PREPARED 'dropped'; COMMIT PREPARED 'kept, it''s'")
        self.assertEqual(self.told("--two-phase"), [("r", "dropped"), ("K", "kept, it's")])
        self.assertEqual(self.told("--two-phase"), [])

    def test_refused(self):
        """Where the plugin cannot: named is the version that can, and nothing was created."""
        if self.major >= 15:
            verbs = [["stream", "--proto", "2", "--create-slot", "--publication", "p"]]
        else:
            verbs = [["slot create"], ["stream", "--create-slot", "--publication", "p"]]
        for verb, *arguments in verbs:
            done = self.run_command(verb, "-S", self.slot, "--two-phase", *arguments)
            self.assert_error(done, USAGE, "PostgreSQL 15" if self.major < 15 else "protocol 3")
        self.assertEqual(self.value(f"count(*) FROM pg_replication_slots WHERE slot_name = '{self.slot}'"),
                         "0")

    @since(15)
    def test_large(self):
        """Beyond logical_decoding_work_mem they are streamed, and assembled in memory or in a file."""
        for number in range(len(self.ways())):
            self.slot = f"two_phase_large_{number}"
            self.create("--two-phase")
        self.sql("BEGIN; INSERT INTO t SELECT generate_series(1, 3000); SAVEPOINT s; "
                 "INSERT INTO t SELECT generate_series(3001, 6000); ROLLBACK TO s; "
                 "INSERT INTO t SELECT generate_series(6001, 9000); PREPARE TRANSACTION 'large'")
        expected = [*range(1, 3001), *range(6001, 9001)]
        for number, options in enumerate(self.ways()):
            with self.subTest(options=options):
                self.slot = f"two_phase_large_{number}"
                told = self.told("--two-phase", *options)
                self.assertEqual(told, [("b", "large"), *[("I", n) for n in expected], ("P", "large")])
        self.sql("COMMIT PREPARED 'large'")
        for number, options in enumerate(self.ways()):
            self.slot = f"two_phase_large_{number}"
            self.assertEqual(self.told("--two-phase", *options), [("K", "large")])

    def ways(self):
        ways = ["--streaming off", "--streaming on", "--streaming on --assemble-memory 16k"]
        if self.major >= 16:
            ways.append("--streaming parallel --assemble-memory 16k")
        return [way.split() for way in ways]

    @since(15)
    def test_debezium(self):
        """The row says which prepared transaction it is in; the lines of its end are there unasked."""
        self.create("--two-phase")
        xid = self.prepare("g", 1, 1)
        self.prepare("h", 2, 2)
        self.sql("COMMIT PREPARED 'g'; ROLLBACK PREPARED 'h'; INSERT INTO t VALUES (3)")
        done = self.stream("--two-phase")
        self.assertEqual(done.status, OK, done.err)
        lines = [(e["status"], e["gid"]) if "status" in e else
                 (e["op"], e["after"]["id"], e.get("transaction", {}).get("gid")) for e in done.events]
        self.assertEqual(lines, [("c", 1, "g"), ("PREPARED", "g"), ("c", 2, "h"), ("PREPARED", "h"),
                                 ("COMMIT_PREPARED", "g"), ("ROLLBACK_PREPARED", "h"), ("c", 3, None)])
        self.assertEqual(done.events[0]["source"]["txId"], xid)
        self.assertTrue(done.events[1]["id"].startswith(f"{xid}:"))

    @since(15)
    def test_a_slot_with_two_phase_wants_the_option(self):
        self.create("--two-phase")
        self.prepare("g", 1, 1)
        with self.unmoved():
            self.assert_error(self.stream(), REFUSED, self.slot, "--two-phase")
        self.sql("COMMIT PREPARED 'g'")
        self.assertEqual([op for op, _ in self.told("--two-phase")], ["b", "I", "P", "K"])

    @since(15)
    def test_an_existing_slot_is_changed_for_good(self):
        self.create()
        self.prepare("g", 1, 1)
        done = self.until_now("--two-phase")
        self.assertIn(self.slot, done.err)
        self.assertEqual(self.two_phase(), "t")
        self.assert_error(self.stream(), REFUSED, "--two-phase")

    @since(15)
    def test_alter(self):
        """18 can clear the property; before, that is refused."""
        self.create("--two-phase")
        done = self.run_command("slot alter", "-S", self.slot, "--two-phase", "off")
        if self.major < 18:
            self.assertIn(done.status, (USAGE, REFUSED))
            self.assert_error(done, done.status, "PostgreSQL 18")
            self.assertEqual(self.two_phase(), "t")
            return
        self.assertEqual((done.status, self.two_phase()), (OK, "f"), done.err)
        self.prepare("g", 1, 1)
        self.assertEqual(self.told(), [])
        self.sql("COMMIT PREPARED 'g'")
        self.assertEqual(self.told(), [("B", None), ("I", 1), ("C", None)])
        done = self.run_command("slot alter", "-S", self.slot, "--two-phase", "on")
        self.assertEqual((done.status, self.two_phase()), (OK, "t"), done.err)

    def test_failover(self):
        """The slot's other property: since 17."""
        done = self.run_command("slot create", "-S", self.slot, "--failover")
        if self.major < 17:
            self.assertIn(done.status, (USAGE, REFUSED))
            self.assert_error(done, done.status, "PostgreSQL 17")
            return
        self.assertEqual(done.status, OK, done.err)
        failover = f"SELECT failover FROM pg_replication_slots WHERE slot_name = '{self.slot}'"
        self.assertEqual(self.sql(failover), "t")
        done = self.run_command("slot alter", "-S", self.slot, "--failover", "off")
        self.assertEqual((done.status, self.sql(failover)), (OK, "f"), done.err)
