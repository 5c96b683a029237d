# SPDX-License-Identifier: MIT
"""Slot care, the options that create slots, and where a stream begins and ends."""
import json

from support import GAP, OK, REFUSED, USAGE, Case, other_server, since


class Slots(Case):
    """walwire slot create, list, advance, drop."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t", cls.db)

    def slot_row(self, name=None):
        return self.sql("SELECT plugin, database, temporary FROM pg_replication_slots "
                        f"WHERE slot_name = '{name or self.slot}'")

    def listed(self):
        done = self.run_command("slot list", "--json")
        self.assertEqual(done.status, OK, done.err)
        text = done.out.decode()
        found = json.loads(text) if text.startswith("[") else [json.loads(x) for x in text.splitlines()]
        return {row.get("slot_name", row.get("slot", row.get("name"))): row for row in found}

    def test_create_and_drop(self):
        done = self.run_command("slot create", "-S", self.slot)
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual(self.slot_row(), f"pgoutput|{self.db}|f")
        self.assertIn(self.slot, self.listed())
        self.assertIn(self.slot.encode(), self.run_command("slot list").out)
        self.assertEqual(self.run_command("slot drop", "-S", self.slot).status, OK)
        self.assertEqual(self.slot_row(), "")
        self.assert_error(self.run_command("slot drop", "-S", self.slot), REFUSED, self.slot)

    def test_create_twice(self):
        self.create_slot()
        self.assert_error(self.run_command("slot create", "-S", self.slot), REFUSED, self.slot, "42710")
        self.assertEqual(self.run_command("slot create", "-S", self.slot, "--if-not-exists").status, OK)

    def test_if_not_exists_looks_at_the_plugin(self):
        self.create_slot(plugin="test_decoding")
        done = self.run_command("slot create", "-S", self.slot, "--if-not-exists")
        self.assert_error(done, REFUSED, "test_decoding")

    def test_names_the_server_would_refuse_or_cut(self):
        for name in ("UPPER", "a b", "x" * 64, 'a"; DROP TABLE t; --', "", "ä"):
            with self.subTest(name=name):
                done = self.run_command("slot create", "-S", name)
                self.assertIn(done.status, (USAGE, REFUSED), done.err)
                self.assert_error(done, done.status)
        self.assertEqual(self.value(f"count(*) FROM pg_replication_slots WHERE database = '{self.db}'"), "0")

    def test_advance(self):
        self.create_slot()
        self.sql("INSERT INTO t VALUES (1)")
        target = self.value("pg_current_wal_lsn()")
        self.sql("INSERT INTO t VALUES (2)")
        done = self.run_command("slot advance", "-S", self.slot, "--to", target)
        if self.major < 11:
            self.assert_error(done, USAGE, "PostgreSQL 11")
            return
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual([e["new"]["id"] for e in self.until_now().of("I")], [2])

    @since(11)
    def test_advance_beyond_the_end(self):
        """The server would move it to the end of its WAL, and all that is to come would be given up."""
        self.create_slot()
        self.sql("INSERT INTO t VALUES (3)")
        with self.unmoved():
            self.assert_error(self.run_command("slot advance", "-S", self.slot, "--to", "F000/0"), USAGE, "F000/0", "ends at")
        self.assertEqual(self.run_command("slot drop", "-S", self.slot).status, OK)

    def test_create_slot_then_stream(self):
        """An existing slot is an error unless --if-not-exists; then it goes on where it was."""
        self.sql("TRUNCATE t")
        self.assertEqual(self.until_now("--create-slot").out, b"")
        self.sql("INSERT INTO t VALUES (1)")
        done = self.run_command("stream", "-S", self.slot, "--publication", "p", "--until-now",
                                "--create-slot")
        self.assert_error(done, REFUSED, self.slot, "42710", "--if-not-exists")
        done = self.until_now("--create-slot", "--if-not-exists")
        self.assertEqual([e["new"]["id"] for e in done.of("I")], [1])

    def test_temporary_slot_without_a_name(self):
        """A first look: from now on, and nothing is left behind."""
        before = self.value("count(*) FROM pg_replication_slots")
        running = self.start_command("stream", "--publication", "p", "--format", "compact")
        self.server.wait("EXISTS (SELECT FROM pg_stat_replication r JOIN pg_replication_slots s ON "
                         "s.active_pid = r.pid WHERE s.temporary AND r.state = 'streaming' "
                         f"AND s.database = '{self.db}')", alive=running.is_alive)
        self.sql("INSERT INTO t VALUES (100)")
        self.assertEqual(running.wait_line(lambda e: e["op"] == "I")["new"], {"id": 100})
        self.assertEqual(running.stop().status, OK)
        self.server.wait(f"(SELECT count(*) = {before} FROM pg_replication_slots)")

    def test_temporary_slot_with_a_name(self):
        running = self.start_command("stream", "-S", self.slot, "--create-slot", "--temporary",
                                     "--publication", "p")
        self.wait_active(running)
        self.assertEqual(self.slot_row(), f"pgoutput|{self.db}|t")
        self.assertEqual(running.stop().status, OK)
        self.server.wait(f"NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '{self.slot}')")

    def test_drop_slot_on_exit(self):
        self.create_slot()
        self.until_now("--drop-slot-on-exit")
        self.assertEqual(self.slot_row(), "")
        self.create_slot()
        self.run_command("stream", "-S", self.slot, "--publication", "absent", "--drop-slot-on-exit")
        self.assertEqual(self.slot_row(), f"pgoutput|{self.db}|f")


class Refused(Case):
    """The server, or what was asked of it, is not fit: exit 4, a way out in the message, slot unmoved."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t; "
                       'CREATE PUBLICATION "Mixed" FOR TABLE t; CREATE PUBLICATION lower FOR TABLE t',
                       cls.db)

    def stream(self, *arguments, slot=None, publication="p"):
        return self.run_command("stream", "-S", slot or self.slot, "--publication", publication,
                                "--until-now", *arguments)

    def test_no_such_slot(self):
        self.assert_error(self.stream(slot="absent_slot"), REFUSED, "absent_slot", "--create-slot",
                          f"walwire slot create -S absent_slot -d {self.db}")

    def test_what_is_suggested_leads_to_the_same_database(self):
        port = str(self.server.port)
        done = self.run_command("stream", "-S", "absent_slot", "--publication", "p", conninfo=self.server.conninfo(
            "postgres", self.db, host="127.0.0.1"))
        self.assert_error(done, REFUSED, f"slot create -S absent_slot -d {self.db} -h 127.0.0.1 -p {port} -U postgres ")
        self.sql('CREATE DATABASE "two-words"')
        self.addCleanup(self.sql, 'DROP DATABASE "two-words"')
        done = self.run_command("slot create", "-S", self.slot, conninfo=self.server.conninfo("postgres", "two-words"))
        self.assertEqual(done.status, OK, done.err)
        done = self.run_command("stream", "-S", self.slot, "--publication", "p", "-n")
        self.assert_error(done, REFUSED, 'Its database is "two-words"', "another name")
        self.assertNotIn("drop", done.err)
        done = self.run_command("slot drop", "-S", "absent_slot", conninfo=self.server.conninfo("postgres", "two-words"))
        self.assert_error(done, REFUSED, self.slot)
        self.assertEqual(self.run_command("slot drop", "-S", self.slot).status, OK)

    def test_no_such_publication(self):
        self.create_slot()
        with self.unmoved():
            done = self.stream(publication="absent")
            self.assert_error(done, REFUSED, "absent", "CREATE PUBLICATION", "Mixed", "lower")

    def test_a_publication_that_exists_in_lower_case(self):
        self.create_slot()
        with self.unmoved():
            self.assert_error(self.stream(publication="Lower"), REFUSED, "lower")
        self.assertEqual(self.stream(publication="Mixed").status, OK)

    def test_a_publication_with_blanks_around_it(self):
        self.create_slot()
        with self.unmoved():
            for names, meant in (("p, lower", "lower"), ("p ", "p"), ("Mixed, LOWER", "lower")):
                done = self.stream(publication=names)
                self.assert_error(done, REFUSED, f"there is: --publication {meant}\n")
                self.assertNotIn("CREATE", done.err)

    def test_no_publication_at_all(self):
        self.create_slot()
        done = self.run_command("stream", "-S", self.slot, "--until-now")
        self.assertIn(done.status, (USAGE, REFUSED))
        self.assert_error(done, done.status, "--publication")

    def test_slot_of_another_plugin(self):
        self.create_slot(plugin="test_decoding")
        with self.unmoved():
            done = self.stream()
            self.assert_error(done, REFUSED, "test_decoding", "another name")
            self.assertNotIn("drop", done.err)

    def test_slot_of_another_database(self):
        self.server.sql(f"SELECT pg_create_logical_replication_slot('{self.slot}', 'pgoutput')")
        self.addCleanup(self.server.sql, f"SELECT pg_drop_replication_slot('{self.slot}')")
        self.assert_error(self.stream(), REFUSED, "postgres")

    def test_physical_slot(self):
        self.value("pg_create_physical_replication_slot('walwire_physical')")
        self.addCleanup(self.sql, "SELECT pg_drop_replication_slot('walwire_physical')")
        done = self.stream(slot="walwire_physical")
        self.assert_error(done, REFUSED, "a physical slot, perhaps a standby's", "another name")
        self.assertNotIn("drop", done.err)

    def test_wal_level(self):
        replica = other_server("wal_level", {"wal_level": "replica"})
        conninfo = replica.conninfo()
        done = self.run_command("slot create", "-S", "s", conninfo=conninfo)
        self.assert_error(done, REFUSED, "wal_level", "logical")
        done = self.run_command("stream", "-S", "s", "--create-slot", "--publication", "p",
                                conninfo=conninfo)
        self.assert_error(done, REFUSED, "wal_level")

    def test_all_slots_in_use(self):
        few = other_server("slots", {"max_replication_slots": "1"})
        few.sql("SELECT pg_create_logical_replication_slot('the_one', 'pgoutput')")
        done = self.run_command("slot create", "-S", "s", conninfo=few.conninfo())
        self.assert_error(done, REFUSED, "max_replication_slots")

    def test_second_instance(self):
        self.create_slot()
        first = self.start_command("stream", "-S", self.slot, "--publication", "p")
        self.wait_active(first)
        pid = self.value(f"active_pid FROM pg_replication_slots WHERE slot_name = '{self.slot}'")
        self.assert_error(self.stream(), REFUSED, self.slot, pid)
        self.assertEqual(first.stop().status, OK)

    def test_publication_dropped_while_streaming(self):
        """18 skips the changes and only warns, before 18 the server ends the stream: a gap in either case."""
        self.sql("CREATE PUBLICATION passing FOR TABLE t")
        self.create_slot()
        running = self.start_command("stream", "-S", self.slot, "--publication", "passing", "-s", "1",
                                     "--format", "compact")
        self.wait_active(running)
        self.sql("INSERT INTO t VALUES (1)")
        running.wait_commits(1)
        end = self.value("pg_current_wal_lsn()")
        self.server.wait(f"(SELECT confirmed_flush_lsn >= '{end}' FROM pg_replication_slots "
                         f"WHERE slot_name = '{self.slot}')")
        self.sql("DROP PUBLICATION passing")
        dropped = self.value("pg_current_wal_insert_lsn()")
        self.sql("INSERT INTO t VALUES (2)")
        done = running.stop(how=None)
        self.assertEqual(done.status, GAP, done.err)
        self.assertIn("passing", done.err)
        self.assertEqual([e["new"]["id"] for e in done.of("I")], [1])
        self.assertEqual(self.value(f"'{self.confirmed()}'::pg_lsn <= '{dropped}'::pg_lsn"), "t")


class Ends(Case):
    """--until-now and -E: what commits before the position is delivered whole, and nothing else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t", cls.db)

    def setUp(self):
        super().setUp()
        self.sql("TRUNCATE t")

    def ids(self, *arguments):
        done = self.run_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact",
                                *arguments)
        self.assertEqual(done.status, OK, done.err)
        return [event["new"]["id"] for event in done.of("I")]

    def test_until_now_on_an_idle_slot(self):
        self.create_slot()
        for _ in range(3):
            self.assertEqual(self.ids("--until-now"), [])

    def test_until_now_on_a_new_slot(self):
        self.assertEqual(self.ids("--create-slot", "--until-now"), [])
        self.assertEqual(self.ids("--until-now"), [])

    def test_until_now_delivers_once(self):
        self.create_slot()
        self.sql("INSERT INTO t SELECT generate_series(1, 10); INSERT INTO t VALUES (11)")
        self.assertEqual(self.ids("--until-now"), list(range(1, 12)))
        self.assertEqual(self.ids("--until-now"), [])

    def test_until_now_beside_a_busy_server(self):
        """What is committed after the start is for the next run."""
        self.create_slot()
        self.sql("CREATE TABLE IF NOT EXISTS busy (id int)")
        seen = []
        for n in range(5):
            self.sql(f"INSERT INTO t VALUES ({n}); INSERT INTO busy SELECT generate_series(1, 1000)")
            seen += self.ids("--until-now")
        self.assertEqual(seen, list(range(5)))

    def test_end_position_is_that_of_the_commit_record(self):
        self.create_slot()
        self.sql("INSERT INTO t VALUES (1)")
        self.sql("INSERT INTO t VALUES (2)")
        peeked = self.run_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact",
                                  "--ack", "none", "--until-now")
        first, second = (begin["lsn"] for begin in peeked.of("B"))
        after = self.value(f"'{second}'::pg_lsn + 1") if self.major >= 14 else None
        self.assertEqual(self.ids("-E", first, "--ack", "none"), [])
        self.assertEqual(self.ids("-E", second, "--ack", "none"), [1])
        if after:
            self.assertEqual(self.ids("-E", after, "--ack", "none"), [1, 2])
        self.assertEqual(self.ids("-E", second), [1])
        self.assertEqual(self.ids("--until-now"), [2])

    def test_an_end_position_in_the_future_waits(self):
        self.create_slot()
        end = self.value("pg_current_wal_lsn() + 1000000") if self.major >= 14 else "FFFFFFFF/0"
        running = self.start_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact",
                                     "-E", end)
        self.wait_active(running)
        self.sql("INSERT INTO t VALUES (1)")
        running.wait_commits(1)
        if self.major >= 14:
            self.sql("CREATE TABLE IF NOT EXISTS filler (v text)")
            self.sql("INSERT INTO filler SELECT repeat('x', 1000) FROM generate_series(1, 2000)")
            self.assertEqual(running.stop(how=None).status, OK)
        else:
            self.assertEqual(running.stop().status, OK)

    def test_start_position(self):
        self.create_slot()
        self.sql("INSERT INTO t VALUES (1)")
        middle = self.value("pg_current_wal_lsn()")
        self.sql("INSERT INTO t VALUES (2)")
        self.assertEqual(self.ids("-I", middle, "--until-now"), [2])

    def test_positions_that_are_none(self):
        self.create_slot()
        for text in ("0", "1", "x/y", "0/", "123456789/0", "-1/0"):
            done = self.run_command("stream", "-S", self.slot, "--publication", "p", "-E", text)
            self.assert_error(done, USAGE)
