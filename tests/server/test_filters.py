# SPDX-License-Identifier: MIT
"""Filters on a real stream: what passes, and that what does not is acknowledged all the same."""
import os
import subprocess

from support import OK, Case, environment, other_server, since


class Tables(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("""
            CREATE TABLE orders (id int PRIMARY KEY, v text, secret text);
            CREATE TABLE order_lines (id int PRIMARY KEY, n int);
            CREATE SCHEMA "Odd.schema";
            CREATE TABLE "Odd.schema"."a,b" (id int PRIMARY KEY, "*" text);
            CREATE PUBLICATION p FOR ALL TABLES""", cls.db)

    def setUp(self):
        super().setUp()
        self.sql('TRUNCATE orders, order_lines, "Odd.schema"."a,b"')
        self.create_slot()


class Filters(Tables):
    def changes(self):
        self.sql("""
            INSERT INTO orders VALUES (1, 'x', 'hidden'), (2, 'y', 'hidden');
            UPDATE orders SET v = 'z', id = 3 WHERE id = 1;
            DELETE FROM orders WHERE id = 2;
            INSERT INTO order_lines VALUES (1, 10);
            INSERT INTO "Odd.schema"."a,b" VALUES (1, 'star');
            TRUNCATE order_lines, orders""")

    def rows(self, *arguments):
        """What a run with these arguments delivers, in short; the slot stays where it is."""
        done = self.until_now("--ack", "none", *arguments)
        short = []
        for line in done.events:
            if line["op"] == "T":
                short.append("T " + " ".join(table for _, table in line["tables"]))
            elif line["op"] not in "BC":
                short.append(f'{line["op"]} {line["table"]}')
        if arguments:
            self.check_transactions(done.events)
        return short

    def check_transactions(self, events):
        """Each begin has something behind it, and then its commit. (Servers before 15 send some that are
        empty, which are shown where nothing is filtered.)"""
        ops = "".join("x" if event["op"] not in "BC" else event["op"] for event in events)
        self.assertRegex(ops, r"\A(Bx+C)*\Z")

    def test_what_passes(self):
        self.changes()
        orders = ["I orders", "I orders", "U orders", "D orders"]
        lines, odd = ["I order_lines"], ["I a,b"]
        for arguments, result in (
                ([], orders + lines + odd + ["T order_lines orders"]),
                (["--table", "orders"], orders + ["T orders"]),
                (["--table", "public.order*", "--exclude-table", "*lines"], orders + ["T orders"]),
                (["--table", "public.order?lines"], lines + ["T order_lines"]),
                (["--schema", '"Odd.schema"'], odd), (["--table", '"Odd.schema"."a,b",none'], odd),
                (["--exclude-schema", "Odd*"], orders + lines + ["T order_lines orders"]),
                (["--op", "insert"], ["I orders"] * 2 + lines + odd),
                (["--op", "delete,truncate", "--table", "orders"], ["D orders", "T orders"]),
                (["--exclude-op", "*e"], ["I orders"] * 2 + lines + odd),
                (["--table", "nothing"], [])):
            # the order of a TRUNCATE's tables is the server's; before 11 it is not sent
            result = [row for row in result if row[0] != "T" or self.major >= 11]
            self.assertEqual([" ".join(sorted(row.split(" "))) for row in self.rows(*arguments)],
                             [" ".join(sorted(row.split(" "))) for row in result], arguments)

    def test_columns(self):
        self.changes()
        done = self.until_now("--exclude-columns", "secret", "--columns", 'orders.*,order_lines.id,"a,b"."*"')
        self.assertEqual([event["new"] for event in done.of("I")],
                         [{"id": 1, "v": "x"}, {"id": 2, "v": "y"}, {"id": 1}, {"*": "star"}])
        self.assertEqual([event["new"] for event in done.of("U")], [{"id": 3, "v": "z"}])
        self.assertNotIn(b"hidden", done.out)

    def test_no_format_shows_what_was_left_out(self):
        self.changes()
        for name in ("debezium", "compact", "test_decoding", "wal2json-v1", "wal2json-v2", "pypgoutput",
                     "pgoutput-decoder", "sql"):
            done = self.run_command("stream", "-S", self.slot, "--publication", "p", "--until-now", "--ack",
                                    "none", "--format", name, "--table", "orders,order_lines",
                                    "--exclude-columns", "secret", "--op", "insert")
            if "there is no such format" in done.err:
                continue
            self.assertEqual(done.status, OK, done.err)
            self.assertIn(b"orders", done.out)
            for word in (b"hidden", b"star", b"secret"):
                self.assertNotIn(word, done.out, name)

    def test_a_table_that_is_renamed(self):
        self.sql("INSERT INTO orders VALUES (1)")
        self.sql("ALTER TABLE orders RENAME TO other")
        self.sql("INSERT INTO other VALUES (2)")
        self.sql("ALTER TABLE other RENAME TO orders")
        self.sql("INSERT INTO orders VALUES (3)")
        done = self.until_now("--table", "orders")
        self.assertEqual([event["new"]["id"] for event in done.of("I")], [1, 3])

    @since(14)
    def test_messages(self):
        for transactional in ("true", "false"):
            self.sql(f"SELECT pg_logical_emit_message({transactional}, 'p', 'x')")
        self.assertEqual(len(self.until_now("--ack", "none", "--table", "none").of("M")), 2)
        self.assertEqual(self.until_now("--ack", "none", "--op", "insert").out, b"")

    @since(14)
    def test_large_transactions(self):
        """Streamed by the server, put together here."""
        self.sql("BEGIN; INSERT INTO orders SELECT n, repeat('x', 100) FROM generate_series(1, 5000) n; "
                 "INSERT INTO order_lines VALUES (1, 1); COMMIT")
        self.sql("INSERT INTO orders SELECT n, repeat('x', 100) FROM generate_series(5001, 10000) n")
        conninfo = self.conninfo(options="-c logical_decoding_work_mem=64kB")
        done = self.until_now("--table", "order_lines", conninfo=conninfo)
        self.assertEqual([event["op"] for event in done.events], ["B", "I", "C"])


class LeftEmpty(Tables):
    """A transaction of which nothing passes is delivered: the slot moves, though nothing is written."""

    def wait_confirmed(self):
        lsn = self.value("pg_current_wal_lsn()")
        self.sql("INSERT INTO orders VALUES (1000001), (1000002)")
        end = self.value("pg_current_wal_lsn()")
        self.assertNotEqual(lsn, end)
        self.server.wait(f"(SELECT confirmed_flush_lsn >= '{end}' FROM pg_replication_slots "
                         f"WHERE slot_name = '{self.slot}')")

    def arguments(self, *more):
        return ["-S", self.slot, "--publication", "p", "--table", "order_lines", "-s", "1", *more]

    def check(self, *more, name="compact"):
        running = self.start_command("stream", *self.arguments("--format", name, *more))
        self.wait_active(running)
        self.wait_confirmed()
        done = running.stop()
        self.assertEqual((done.status, done.out, done.err), (OK, b"", ""))
        self.assertEqual(self.until_now().of("I"), [])

    def test_a_pipe(self):
        self.check()

    def test_debezium(self):
        self.check("--transactions", name="debezium")

    def test_a_file(self):
        self.check("-f", self.dir / "out", "--fsync-interval", "100")
        self.assertEqual((self.dir / "out").read_bytes(), b"")

    def test_a_device(self):
        self.check("-f", "/dev/null")

    def test_behind_what_is_unread(self):
        """The unit before is still in the pipe: what was left empty behind it waits for the reader too."""
        read_end, write_end = os.pipe()
        process = subprocess.Popen(self.command("stream", *self.arguments("--format", "compact")),
                                   stdout=write_end, stdin=subprocess.DEVNULL, env=environment(self.dir))
        os.close(write_end)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.wait_active()
        with self.unmoved():
            self.sql("INSERT INTO order_lines VALUES (1, 1)")
            self.sql("INSERT INTO orders VALUES (1)")
            self.server.wait(f"(SELECT sent_lsn >= '{self.value('pg_current_wal_lsn()')}' FROM "
                             "pg_stat_replication WHERE pid = (SELECT active_pid FROM pg_replication_slots "
                             f"WHERE slot_name = '{self.slot}'))")
        os.read(read_end, 65536)
        self.wait_confirmed()
        os.close(read_end)


@since(15)
class Prepared(Tables):
    @classmethod
    def find_server(cls):
        return other_server("prepared", {"max_prepared_transactions": "5"})

    def test_left_empty(self):
        """Its PREPARE leaves no line; what ends it comes in a unit of its own, maybe after a restart."""
        self.drop_slots()
        self.value(f"pg_create_logical_replication_slot('{self.slot}', 'pgoutput', false, true)")
        for table in ("orders", "order_lines"):
            self.sql(f"BEGIN; INSERT INTO {table} VALUES (1); PREPARE TRANSACTION '{table}'")
            self.sql(f"COMMIT PREPARED '{table}'")
        done = self.until_now("--two-phase", "--table", "order_lines")
        self.assertEqual([(event["op"], event.get("gid")) for event in done.events],
                         [("K", "orders"), ("b", "order_lines"), ("I", None), ("P", "order_lines"),
                          ("K", "order_lines")])
