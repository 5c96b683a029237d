# SPDX-License-Identifier: MIT
"""--binary: what is chosen, and why not; a column that cannot be read so, at the start and later: nothing is lost,
nothing comes twice."""
from support import OK, REFUSED, Case, other_server, since

BEFORE = "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (a int, m mood[]);" \
         "CREATE TABLE t (id int PRIMARY KEY, v text, n numeric, m mood, p pair, r int4range);" \
         "CREATE TABLE plain (id int PRIMARY KEY, v text); CREATE TABLE names (id int PRIMARY KEY, c regclass);" \
         "CREATE PUBLICATION p FOR TABLE t, plain"
ROW = "({}, 'v', 1.50, 'ok', row(1, '{{sad}}'), '[1,4)')"


class BinaryCase(Case):
    """Tables, a publication, and what a slot gives in text and in binary."""

    def setUp(self):
        super().setUp()
        self.sql(BEFORE)
        self.addCleanup(self.sql, "DROP PUBLICATION p; DROP TABLE t, plain, names; DROP TYPE pair, mood")

    def stream(self, *arguments, status=OK, slot=None):
        done = self.run_command("stream", "-S", slot or self.slot, "--publication", "p", "--until-now", "-v",
                                "--format", "compact", *arguments)
        self.assertEqual(done.status, status, done.err)
        return done

    def create_twins(self):
        """Two slots at one place: one is read in text, the other as the test wants."""
        self.create_slot()
        self.create_slot(self.slot[:60] + "_t")

    def assert_as_in_text(self, *arguments, said):
        """The same bytes, and a second run has nothing more."""
        text = self.stream("--binary", "off", slot=self.slot[:60] + "_t")
        done = self.stream("--binary", "auto", *arguments)
        self.assertEqual(done.out.decode(), text.out.decode())
        self.assertGreater(len(done.events), 2)
        self.assertIn(said, done.err)
        self.assertEqual(self.stream("--binary", "off").events, [])
        return done


class BinaryForm(BinaryCase):
    @since(14)
    def test_auto_is_on(self):
        self.create_twins()
        self.sql(f"INSERT INTO t VALUES {ROW.format(1)}")
        self.assert_as_in_text(said="binary on,")

    @since(10, 13)
    def test_auto_is_off_before_14(self):
        self.create_slot()
        self.assertIn("binary needs PostgreSQL 14", self.stream("--binary", "auto").err)

    @since(14)
    def test_auto_names_the_column_in_the_way(self):
        self.create_twins()
        self.sql("ALTER PUBLICATION p ADD TABLE names; INSERT INTO names VALUES (1, 'pg_class'), (2, 't')")
        done = self.assert_as_in_text(said="binary off,")
        self.assertIn("public.names.c is of type regclass", done.err)

    @since(15)
    def test_auto_looks_at_published_columns_only(self):
        """A column that a publication's list leaves out is in nobody's way."""
        self.create_twins()
        self.sql("CREATE TABLE cl (id int PRIMARY KEY, v text, c regclass); ALTER PUBLICATION p ADD TABLE cl (id, v);"
                 "INSERT INTO cl VALUES (1, 'a', 'pg_class'), (2, 'b', 'pg_type')")
        self.addCleanup(self.sql, "DROP TABLE cl")
        self.assert_as_in_text(said="binary on,")

    @since(14)
    def test_auto_looks_at_generated_columns_that_are_published(self):
        """Stored ones, from version 18 on, if the publication says so."""
        self.create_twins()
        self.sql("CREATE TABLE g (id int PRIMARY KEY, c regclass GENERATED ALWAYS AS ('pg_class'::regclass) STORED);"
                 "ALTER PUBLICATION p ADD TABLE g; INSERT INTO g VALUES (1), (2), (3)")
        self.addCleanup(self.sql, "DROP TABLE g")
        self.assert_as_in_text(said="binary on,")
        if self.major >= 18:
            self.sql("ALTER PUBLICATION p SET (publish_generated_columns = stored); INSERT INTO g VALUES (4), (5), (6)")
            done = self.assert_as_in_text(said="binary off,")
            self.assertIn("public.g.c is of type regclass", done.err)

    @since(14)
    def test_auto_with_a_temporary_slot(self):
        done = self.run_command("stream", "--publication", "p", "--until-now", "-v", "--binary", "auto", "--format", "compact")
        self.assertEqual(done.status, OK, done.err)
        self.assertIn("temporary slot", done.err)
        self.assertIn("binary off,", done.err)

    @since(14)
    def test_back_to_text(self):
        """In the middle of a transaction, with others before and behind."""
        self.create_twins()
        self.sql(f"""INSERT INTO t VALUES {ROW.format(1)}; INSERT INTO plain VALUES (1, 'before');
            BEGIN; INSERT INTO plain VALUES (2, 'two'); INSERT INTO t VALUES {ROW.format(2)};
            SELECT pg_logical_emit_message(true, 'p', 'in between'); ALTER PUBLICATION p ADD TABLE names;
            INSERT INTO names VALUES (1, 'pg_class'); INSERT INTO plain VALUES (3, 'three');
            INSERT INTO names VALUES (2, 'pg_type'); COMMIT;
            INSERT INTO plain VALUES (4, 'behind'); SELECT pg_logical_emit_message(false, 'p', 'alone');
            ALTER PUBLICATION p DROP TABLE names""")
        done = self.assert_as_in_text(said="binary on,")
        self.assertIn("values come in text form: public.names.c is of type regclass", done.err)
        self.assertEqual([event["new"]["id"] for event in done.of("I")], [1, 1, 2, 2, 1, 3, 2, 4])

    @since(14)
    def test_back_to_text_out_of_a_streamed_transaction(self):
        self.create_twins()
        self.sql("""BEGIN; INSERT INTO plain SELECT i, repeat('x', 500) FROM generate_series(1, 3000) i;
            ALTER PUBLICATION p ADD TABLE names; INSERT INTO names VALUES (1, 'pg_class');
            INSERT INTO plain SELECT i, repeat('y', 500) FROM generate_series(3001, 4000) i; COMMIT;
            ALTER PUBLICATION p DROP TABLE names""")
        self.server.sql("ALTER SYSTEM SET logical_decoding_work_mem = '64kB'; SELECT pg_reload_conf()")
        self.addCleanup(self.server.sql, "ALTER SYSTEM RESET logical_decoding_work_mem; SELECT pg_reload_conf()")
        done = self.assert_as_in_text(said="public.names.c is of type regclass")
        self.assertEqual(len(done.of("I")), 4001)

    @since(14)
    def test_back_to_text_while_it_runs(self):
        """What was delivered and what not is known to the slot afterwards."""
        self.create_twins()
        running = self.start_command("stream", "-S", self.slot, "--publication", "p", "-v", "--format", "compact",
                                     "--binary", "auto")
        self.wait_active(running)
        for i in range(3):
            self.sql(f"INSERT INTO plain VALUES ({i}, 'x')")
        self.sql("ALTER PUBLICATION p ADD TABLE names; INSERT INTO names VALUES (1, 'pg_class')")
        running.wait_line(lambda event: event["op"] == "I" and event["table"] == "names")
        self.sql("INSERT INTO plain VALUES (9, 'x')")
        running.wait_line(lambda event: event["op"] == "I" and event["new"]["id"] == 9)
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual(done.out, self.stream("--binary", "off", slot=self.slot[:60] + "_t").out)
        self.assertEqual(self.stream("--binary", "off").events, [])

    @since(14)
    def test_a_type_that_comes_later_is_looked_up(self):
        self.create_twins()
        self.sql("""CREATE TYPE late AS ENUM ('x'); CREATE TABLE late_table (id int PRIMARY KEY, v late[]);
                    ALTER PUBLICATION p ADD TABLE late_table; INSERT INTO late_table VALUES (1, '{x,NULL}');
                    ALTER PUBLICATION p DROP TABLE late_table""")
        self.addCleanup(self.sql, "DROP TABLE late_table; DROP TYPE late")
        done = self.assert_as_in_text(said="binary on,")
        self.assertNotIn("values come in text form", done.err)

    @since(14)
    def test_on_is_an_error_at_the_column(self):
        self.create_slot()
        self.sql("ALTER PUBLICATION p ADD TABLE names; INSERT INTO plain VALUES (1); INSERT INTO names VALUES (1, 't')")
        done = self.stream("--binary", "on", status=REFUSED)
        self.assertEqual([event["new"]["id"] for event in done.of("I")], [1])
        self.assertIn("public.names.c is of type regclass", done.err)
        self.assertIn("--binary auto", done.err)
        self.assertEqual(len(self.stream("--binary", "off").of("I")), 2)  # after an error nothing is acknowledged

    @since(14)
    def test_stream_events_cannot_be_taken_back(self):
        """With --assemble off: an error where auto would go on in text."""
        self.create_slot()
        self.server.sql("ALTER SYSTEM SET logical_decoding_work_mem = '64kB'; SELECT pg_reload_conf()")
        self.addCleanup(self.server.sql, "ALTER SYSTEM RESET logical_decoding_work_mem; SELECT pg_reload_conf()")
        self.sql("""BEGIN; INSERT INTO plain SELECT i, repeat('x', 500) FROM generate_series(1, 3000) i;
            ALTER PUBLICATION p ADD TABLE names; INSERT INTO names VALUES (1, 'pg_class');
            INSERT INTO plain SELECT i, repeat('y', 500) FROM generate_series(3001, 4000) i; COMMIT;
            ALTER PUBLICATION p DROP TABLE names""")
        done = self.stream("--binary", "auto", "--assemble", "off", status=REFUSED)
        self.assertIn("public.names.c is of type regclass", done.err)
        self.assertEqual(len(self.stream("--binary", "off", "--assemble", "off").of("I")), 4001)

    def start_with_a_row_type(self, binary):
        """A row type that is altered while it is streamed: the server does not say so."""
        self.sql("CREATE TABLE addr (street text, zip text); ALTER PUBLICATION p ADD TABLE addr;"
                 "CREATE TABLE cust (id int PRIMARY KEY, home addr, others addr[]); ALTER PUBLICATION p ADD TABLE cust")
        self.addCleanup(self.sql, "DROP TABLE cust, addr")
        self.create_slot()
        running = self.start_command("stream", "-S", self.slot, "--publication", "p", "-v", "--format", "compact",
                                     "--binary", binary)
        self.wait_active(running)
        self.sql("INSERT INTO cust VALUES (1, ROW('Main', '1'))")
        event = running.wait_line(lambda event: event["op"] == "I")
        self.assertEqual(event["new"]["home"], {"street": "Main", "zip": "1"})
        return running

    @since(14)
    def test_a_row_type_gains_a_field_that_is_read(self):
        """Of a type that nobody knows yet: it is looked up before the row is handed out."""
        running = self.start_with_a_row_type("on")
        self.sql("""CREATE TYPE late AS ENUM ('x'); ALTER TABLE addr ADD COLUMN l late;
                    INSERT INTO cust VALUES (2, NULL, ARRAY[ROW('Side', '2', 'x')::addr])""")
        self.addCleanup(self.sql, "DROP TYPE late CASCADE")
        running.wait_line(lambda event: event["op"] == "I")
        self.sql("INSERT INTO cust VALUES (3, ROW('End', '3', 'x'))")
        event = running.wait_line(lambda event: event["op"] == "I")
        self.assertEqual(event["new"]["home"], {"street": "End", "zip": "3", "l": "x"})
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        self.assertNotIn("values come in text form", done.err)

    @since(14)
    def test_a_row_type_gains_a_field_that_is_not(self):
        """In the middle of a transaction, deep in an array."""
        running = self.start_with_a_row_type("auto")
        self.sql("""ALTER TABLE addr ADD COLUMN extra regclass;
            BEGIN; INSERT INTO plain VALUES (2); INSERT INTO cust VALUES (3, ROW('Side', '2', NULL));
            INSERT INTO cust VALUES (4, NULL, ARRAY[ROW('A', '1', NULL), ROW('B', '2', 'pg_class')]::addr[]);
            INSERT INTO plain VALUES (5); UPDATE cust SET home = ROW('C', '3', 'pg_type') WHERE id = 4; COMMIT;
            INSERT INTO cust VALUES (6, ROW('End', '3', 'pg_class'))""")
        event = running.wait_line(lambda event: event["op"] == "I" and event["new"]["id"] == 6)
        self.assertEqual(event["new"]["home"], {"street": "End", "zip": "3", "extra": "pg_class"})
        running.wait_commits(1)
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        self.assertIn("values come in text form: public.cust.others holds a value of type regclass", done.err)
        self.assertEqual([event["new"]["id"] for event in done.of("I", "U")], [1, 2, 3, 4, 5, 4, 6])
        self.assertEqual(self.stream("--binary", "off").events, [])

    @since(14)
    def test_on_is_an_error_at_the_row(self):
        running = self.start_with_a_row_type("on")
        self.sql("ALTER TABLE addr ADD COLUMN extra regclass; INSERT INTO cust VALUES (2, ROW('Side', '2', 'pg_class'))")
        running.process.wait(timeout=30)
        done = running.stop(how=None)
        self.assertEqual(done.status, REFUSED, done.err)
        self.assertIn("public.cust.home holds a value of type regclass", done.err)
        self.assertIn("--binary auto", done.err)
        self.assertEqual(self.stream("--binary", "off").of("I")[-1]["new"]["id"], 2)

    @since(14)
    def test_rows_are_of_their_own_time(self):
        """What is looked up is of the present; what is decoded is not (docs/adr/0008)."""
        self.create_twins()
        self.sql("""CREATE TABLE d (id int PRIMARY KEY, a text); ALTER PUBLICATION p ADD TABLE d;
            BEGIN; INSERT INTO d VALUES (1, 'a'); ALTER TABLE d ADD COLUMN b mood DEFAULT 'ok';
            INSERT INTO d VALUES (2, 'b', 'sad'); ALTER TYPE mood RENAME TO temper; ALTER TABLE d RENAME COLUMN a TO "A b";
            INSERT INTO d VALUES (3, 'c', 'ok'); ALTER TABLE d DROP COLUMN "A b"; ALTER TABLE d RENAME TO "d 2";
            INSERT INTO "d 2" VALUES (4, 'sad'); COMMIT; ALTER TYPE temper RENAME TO mood""")
        self.addCleanup(self.sql, 'DROP TABLE "d 2"')
        done = self.assert_as_in_text("--catalog", "full", said="binary on,")
        self.assertEqual([(e["table"], list(e["new"].values())) for e in done.of("I")],
                         [("d", [1, "a"]), ("d", [2, "b", "sad"]), ("d", [3, "c", "ok"]), ("d 2", [4, "sad"])])


@since(14)
class OneWalsender(BinaryCase):
    """A server that has no room for a second stream beside the first."""

    @classmethod
    def find_server(cls):
        return other_server("one-walsender", {"max_wal_senders": 1})

    def stream(self, *arguments, **options):
        self.server.wait("NOT EXISTS (SELECT FROM pg_stat_replication)")
        return super().stream(*arguments, **options)

    def test_back_to_text(self):
        self.create_twins()
        self.sql("""BEGIN; INSERT INTO plain VALUES (1, 'one'); ALTER PUBLICATION p ADD TABLE names;
            INSERT INTO names VALUES (1, 'pg_class'); INSERT INTO plain VALUES (2, 'two'); COMMIT;
            ALTER PUBLICATION p DROP TABLE names""")
        done = self.assert_as_in_text(said="binary on,")
        self.assertIn("values come in text form: public.names.c is of type regclass", done.err)
