# SPDX-License-Identifier: MIT
"""Rows as the server changed them. The truth is the server's own: a trigger writes every change down."""
import json

from support import USAGE, Case

AUDIT = """
CREATE TABLE audit (n serial PRIMARY KEY, op "char", old jsonb, new jsonb);
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit (op, old, new) VALUES (left(TG_OP, 1)::"char",
        CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END,
        CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END);
    RETURN NULL;
END $$;
"""

WORK = """
INSERT INTO t VALUES (1, 'a', 'one', NULL), (2, 'b', 'two', 2.5), (3, 'c', 'three', -3);
UPDATE t SET v = 'uno' WHERE id = 1;
UPDATE t SET id = 20 WHERE id = 2;
UPDATE t SET code = 'z' WHERE id = 3;
BEGIN;
UPDATE t SET n = NULL, v = NULL WHERE id = 20;
INSERT INTO t VALUES (4, 'd', '', 0);
SAVEPOINT s;
INSERT INTO t VALUES (5, 'e', 'never', 5);
ROLLBACK TO s;
DELETE FROM t WHERE id = 4;
COMMIT;
DELETE FROM t WHERE id = 1;
"""


class ReplicaIdentity(Case):
    """`before` says what the server keeps of the old row, by kind of replica identity."""

    def table(self, identity):
        self.sql(f"""
            DROP TABLE IF EXISTS t, audit; DROP FUNCTION IF EXISTS audit; DROP PUBLICATION IF EXISTS p;
            {AUDIT}
            CREATE TABLE t (id int PRIMARY KEY, code text NOT NULL, v text, n float8);
            CREATE UNIQUE INDEX t_code ON t (code);
            CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON t
                FOR EACH ROW EXECUTE PROCEDURE audit();
            ALTER TABLE t REPLICA IDENTITY {identity};
            CREATE PUBLICATION p FOR TABLE t
        """)
        self.create_slot()

    def written_down(self):
        """[(op, old row or None, new row or None)], in the order of the changes."""
        rows = self.sql("SELECT jsonb_build_object('op', op, 'old', old, 'new', new) FROM audit ORDER BY n")
        return [json.loads(row) for row in rows.split("\n")]

    def expected(self, key):
        """The audit as events; key: the columns of the identity, None for full."""
        for row in self.written_down():
            event = {"op": row["op"], "schema": "public", "table": "t"}
            old, new = row["old"], row["new"]
            if key is None and old:
                event["old"] = old
            elif old and (row["op"] == "D" or any(old[name] != new[name] for name in key)):
                event["key"] = {name: old[name] for name in key}
            if new:
                event["new"] = new
            yield event

    def check(self, identity, key):
        self.table(identity)
        self.sql(WORK)
        done = self.until_now()
        self.assertEqual(done.of("I", "U", "D"), list(self.expected(key)))
        self.assertEqual(self.until_now().out, b"")

    def test_default(self):
        self.check("DEFAULT", ["id"])

    def test_full(self):
        self.check("FULL", None)

    def test_index(self):
        self.check("USING INDEX t_code", ["code"])

    def test_nothing(self):
        """The server refuses updates and deletes unless the publication leaves them out."""
        self.table("NOTHING")
        self.sql("ALTER PUBLICATION p SET (publish = 'insert')")
        self.sql(WORK)
        inserts = [event for event in self.expected(["id"]) if event["op"] == "I"]
        self.assertEqual(self.until_now().of("I", "U", "D"), inserts)


class Shapes(Case):
    """DDL in a transaction, TOAST, TRUNCATE, messages."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE PUBLICATION p FOR ALL TABLES", cls.db)

    def test_ddl_inside_a_transaction(self):
        self.sql("CREATE TABLE d (id int PRIMARY KEY, a text)")
        self.create_slot()
        self.sql("""
            BEGIN;
            INSERT INTO d VALUES (1, 'a');
            ALTER TABLE d ADD COLUMN b int DEFAULT 7;
            INSERT INTO d VALUES (2, 'b', 8);
            ALTER TABLE d RENAME COLUMN a TO "A b";
            INSERT INTO d VALUES (3, 'c', 9);
            ALTER TABLE d ALTER COLUMN b TYPE text;
            ALTER TABLE d DROP COLUMN "A b";
            UPDATE d SET b = 'x' WHERE id = 1;
            ALTER TABLE d RENAME TO "d 2";
            INSERT INTO "d 2" VALUES (4, 'y');
            COMMIT""")
        done = self.until_now()
        self.assertEqual([(e["op"], e["table"], e["new"]) for e in done.of("I", "U")], [
            ("I", "d", {"id": 1, "a": "a"}),
            ("I", "d", {"id": 2, "a": "b", "b": 8}),
            ("I", "d", {"id": 3, "A b": "c", "b": 9}),
            ("U", "d", {"id": 1, "b": "x"}),
            ("I", "d 2", {"id": 4, "b": "y"})])
        self.assertEqual([e["op"] for e in done.events], ["B", "I", "I", "I", "U", "I", "C"])

    def test_unchanged_toast_is_not_null(self):
        self.sql("""
            CREATE TABLE big (id int PRIMARY KEY, v text, w text);
            ALTER TABLE big ALTER COLUMN v SET STORAGE EXTERNAL;
            INSERT INTO big VALUES (1, repeat('x', 5000), 'w'), (2, NULL, 'w')""")
        self.create_slot()
        self.sql("UPDATE big SET w = 'changed'")
        stored, null = self.until_now().of("U")
        self.assertEqual(stored["unchanged"], ["v"])
        self.assertEqual(stored["new"], {"id": 1, "w": "changed"})
        self.assertNotIn("unchanged", null)
        self.assertEqual(null["new"], {"id": 2, "v": None, "w": "changed"})

    def test_unchanged_toast_with_the_whole_old_row(self):
        self.sql("""
            CREATE TABLE bigfull (id int, v text, w text);
            ALTER TABLE bigfull ALTER COLUMN v SET STORAGE EXTERNAL;
            ALTER TABLE bigfull REPLICA IDENTITY FULL;
            INSERT INTO bigfull VALUES (1, repeat('x', 5000), 'w')""")
        self.create_slot()
        self.sql("UPDATE bigfull SET w = 'changed'")
        event, = self.until_now().of("U")
        self.assertEqual(event["old"], {"id": 1, "v": "x" * 5000, "w": "w"})
        self.assertEqual(event["unchanged"], ["v"])

    def test_truncate(self):
        self.sql("CREATE TABLE t1 (id serial PRIMARY KEY); "
                 "CREATE TABLE t2 (id int PRIMARY KEY, t1 int REFERENCES t1)")
        self.create_slot()
        self.sql("TRUNCATE t2; TRUNCATE t1 CASCADE; TRUNCATE t1, t2 RESTART IDENTITY")
        seen = [(sorted(map(tuple, e["tables"])), e["cascade"], e["restart"])
                for e in self.until_now().of("T")]
        if self.major < 11:  # whose pgoutput leaves it out
            self.assertEqual(seen, [])
            return
        one, both = [("public", "t2")], [("public", "t1"), ("public", "t2")]
        self.assertEqual(seen, [(one, False, False), (both, True, False), (both, False, True)])

    def test_messages(self):
        self.create_slot()
        at = self.sql("""
            SELECT pg_logical_emit_message(false, 'now', 'not in a transaction');
            BEGIN;
            SELECT pg_logical_emit_message(true, 'tx', E'line\\nand "quote"');
            COMMIT;
            BEGIN; SELECT pg_logical_emit_message(true, 'gone', 'x'); ROLLBACK;
            SELECT pg_logical_emit_message(true, 'raw', '\\xff00'::bytea)""").split("\n")
        if self.major < 14:
            self.assert_error(self.until_now("--messages", "on", status=USAGE), USAGE, "PostgreSQL 14")
            self.assertEqual(self.until_now().of("M"), [])
            return
        messages = self.until_now().of("M")
        self.assertEqual([(e["prefix"], e["content"]) for e in messages], [
            ("now", "not in a transaction"), ("tx", 'line\nand "quote"'), ("raw", {"$bytes": "ff00"})])
        self.assertEqual([e["lsn"] for e in messages], [at[0], at[1], at[3]])

    def test_messages_off(self):
        self.create_slot()
        self.sql("SELECT pg_logical_emit_message(true, 'tx', 'x')")
        self.assertEqual(self.until_now("--messages", "off").of("M"), [])

    def test_names_and_values_that_hurt(self):
        """Quotes, control characters and emoji in names and values come back as they were."""
        table, column = 'a"b\\c\n\x1b', "c\u2028\U0001F600__proto__"
        values = ["\x1b[2J\x07\x7f\r\n\t", 'quote " back \\ slash', "\u202e\u009b\u2028", "", "\U0001F600"]
        quoted = '"' + table.replace('"', '""') + '"'
        self.sql(f'CREATE TABLE {quoted} (id serial PRIMARY KEY, "{column}" text)')
        self.create_slot()
        for value in values:
            self.sql(f'INSERT INTO {quoted} ("{column}") VALUES ($${value}$$)')
        done = self.until_now()
        self.assertEqual([e["new"][column] for e in done.of("I")], values)
        self.assertEqual({e["table"] for e in done.of("I")}, {table})
        self.assertFalse(set(done.out) & (set(range(0x20)) - {0x0A}), "a raw control character")


TYPES = {
    "bool": ["true", "false"],
    "int2": ["-32768"], "int4": ["2147483647"], "int8": ["9223372036854775807", "-9223372036854775808"],
    "oid": ["4294967295"],
    "float4": ["1.5", "'NaN'", "'-Infinity'", "3.4028235e38"],
    "float8": ["0.1", "'-0'", "1e-320", "1e300", "'Infinity'"],
    "numeric": ["1.50", "'NaN'", "12345678901234567890.123456789", "1e50"],
    "text": ["'x'", "''"], "varchar(5)": ["'abc'"], "char(5)": ["'ab'"], "name": ["'n'"],
    "bytea": ["'\\x00ff'", "''"],
    "date": ["'2024-02-29'", "'infinity'", "'0044-03-15 BC'"],
    "timestamp": ["'2024-01-15 10:30:00.123456'", "'-infinity'", "'294276-12-31 23:59:59'"],
    "timestamptz": ["'2024-01-15 10:30:00.5+05:30'"], "time": ["'24:00'"], "timetz": ["'10:00+02'"],
    "interval": ["'1 year 2 mons -3 days 04:05:06.7'"],
    "uuid": ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"],
    "json": ["'{\"b\": [1, 2.50, null], \"a\":\"\\u0041\"}'", "'1e400'", "'\"x\"'"],
    "jsonb": ["'{\"b\": {\"c\": []}, \"a\": 1.10}'"],
    "inet": ["'10.0.0.1/8'"], "bit(3)": ["'101'"], "money": ["'12.34'"], "point": ["'(1,2)'"],
    "int4range": ["'[1,5)'"], "mood": ["'so so'"], "positive": ["7"],
    "xml": ["'<a>b</a>'"], "tsvector": ["'a:1 b:2'"], "pg_lsn": ["'0/16B3748'"],
}
NUMBERS = {"int2", "int4", "int8", "oid", "float4", "float8", "positive"}
PINNED = "SET DateStyle = ISO; SET IntervalStyle = postgres; SET TimeZone = UTC; " \
         "SET extra_float_digits = 3; SET bytea_output = hex; SET lc_monetary = 'C'; "


class Values(Case):
    """Each type in the text that the server itself gives in a session with the pinned settings."""

    def test_text_is_the_servers(self):
        self.sql("CREATE TYPE mood AS ENUM ('so so'); "
                 "CREATE DOMAIN positive AS int4 CHECK (value > 0)")
        columns = [(f"c{i}", kind, values) for i, (kind, values) in enumerate(TYPES.items())]
        self.sql("CREATE TABLE v (id serial PRIMARY KEY, %s); CREATE PUBLICATION p FOR TABLE v"
                 % ", ".join(f"{name} {kind}" for name, kind, _ in columns))
        # Settings of the role and the database must not leak into the stream.
        self.sql(f"""ALTER DATABASE {self.db} SET DateStyle = 'German'; ALTER DATABASE {self.db} SET
            IntervalStyle = 'iso_8601'; ALTER DATABASE {self.db} SET TimeZone = 'Asia/Kolkata';
            ALTER DATABASE {self.db} SET extra_float_digits = -10; ALTER DATABASE {self.db} SET
            bytea_output = 'escape'""")
        self.create_slot()
        for row in range(max(len(values) for _, _, values in columns)):
            given = [(name, kind, values[row]) for name, kind, values in columns if row < len(values)]
            self.sql("INSERT INTO v (%s) VALUES (%s)" % (", ".join(name for name, _, _ in given),
                     ", ".join(f"({value})::{kind}" for _, kind, value in given)))
        events = self.until_now().out.decode().splitlines()
        rows = [self.parse(line)["new"] for line in events if '"op":"I"' in line]
        for row in rows:
            for name, kind, _ in columns:
                with self.subTest(type=kind, id=row["id"].text):
                    text = self.sql(f"{PINNED} SELECT CASE WHEN {name} IS NULL THEN '<null>' "
                                    f"ELSE format('%s', {name}) END FROM v WHERE id = {row['id'].text}")
                    self.assertEqual(row[name], self.rendered(kind, text))

    def rendered(self, kind, text):
        """What CONTRACT makes of a type's text; numbers are compared digit by digit. (Arrays and composites are
        compared in test_values.)"""
        if text == "<null>":
            return None
        if kind in ("json", "jsonb"):
            return self.parse(text)
        if kind == "bool":
            return text == "t"
        if kind in NUMBERS and text not in ("NaN", "Infinity", "-Infinity"):
            return self.Digits(text)
        return text


class Transactions(Case):
    """Begin and Commit: xid, position and time are the server's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t", cls.db)

    def test_begin_and_commit(self):
        self.create_slot()
        xids = [int(self.sql(f"BEGIN; INSERT INTO t VALUES ({n}); SELECT txid_current(); COMMIT"))
                for n in range(3)]
        done = self.until_now()
        self.assertEqual([e["op"] for e in done.events], ["B", "I", "C"] * 3)
        self.assertEqual([e["xid"] for e in done.of("B")], xids)
        for begin in done.of("B"):
            self.assertEqual(begin["ts"], self.value(
                f"to_char(pg_xact_commit_timestamp('{begin['xid']}'::xid) AT TIME ZONE 'UTC', "
                "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"))
        for begin, commit in zip(done.of("B"), done.of("C")):
            self.assertEqual(self.value(f"'{commit['lsn']}'::pg_lsn > '{begin['lsn']}'::pg_lsn"), "t")
        self.assertEqual(self.value(f"'{self.confirmed()}'::pg_lsn >= '{done.of('C')[-1]['lsn']}'::pg_lsn"),
                         "t")

    def test_a_transaction_of_unpublished_tables_is_not_reported(self):
        """Servers before 15 send B and C all the same: nothing but those may come."""
        self.sql("CREATE TABLE other (id int)")
        self.create_slot()
        self.sql("INSERT INTO other VALUES (1)")
        self.assertEqual([e for e in self.until_now().events if e["op"] not in "BC"], [])


class Debezium(Case):
    """The default format's shape: keys and their order are the contract."""
    SOURCE = ["version", "connector", "name", "ts_ms", "ts_us", "ts_ns", "snapshot", "db", "schema",
              "table", "txId", "lsn", "xmin"]
    KEYS = ["before", "after", "source", "op", "ts_ms", "ts_us", "ts_ns"]

    def setUp(self):
        super().setUp()
        self.sql("""
            DROP TABLE IF EXISTS t; DROP PUBLICATION IF EXISTS p;
            CREATE TABLE t (id int PRIMARY KEY, v text, big text);
            ALTER TABLE t ALTER COLUMN big SET STORAGE EXTERNAL;
            CREATE PUBLICATION p FOR TABLE t""")
        self.create_slot()

    def events(self, *arguments):
        done = self.run_command("stream", "-S", self.slot, "--publication", "p", "--until-now", *arguments)
        self.assertEqual(done.status, 0, done.err)
        return done.events

    def test_row_events(self):
        self.sql("INSERT INTO t VALUES (1, 'a', repeat('x', 5000)); UPDATE t SET v = 'b'; "
                 "UPDATE t SET id = 2; DELETE FROM t; TRUNCATE t; "
                 "SELECT pg_logical_emit_message(true, 'p', 'x')")
        events = self.events()
        ops = "cuud" + ("t" if self.major >= 11 else "") + ("m" if self.major >= 14 else "")
        self.assertEqual("".join(event["op"] for event in events), ops)
        insert, update, rekey, delete = events[:4]
        for event in events[:len(ops.rstrip("m"))]:
            self.assertEqual(list(event)[:len(self.KEYS)], self.KEYS)
            self.assertEqual(list(event["source"])[:len(self.SOURCE)], self.SOURCE)
            self.assertEqual((event["source"]["connector"], event["source"]["db"],
                              event["source"]["schema"], event["source"]["table"],
                              event["source"]["snapshot"], event["source"]["xmin"]),
                             ("postgresql", self.db, "public", "t", "false", None))
        gone = "__debezium_unavailable_value"
        self.assertEqual((insert["before"], insert["after"]),
                         (None, {"id": 1, "v": "a", "big": "x" * 5000}))
        self.assertEqual((update["before"], update["after"]), (None, {"id": 1, "v": "b", "big": gone}))
        self.assertEqual((rekey["before"], rekey["after"]), ({"id": 1}, {"id": 2, "v": "b", "big": gone}))
        self.assertEqual((delete["before"], delete["after"]), ({"id": 2}, None))
        for truncate in events[4:len(ops.rstrip("m"))]:
            self.assertEqual((truncate["before"], truncate["after"]), (None, None))

    def test_times_and_positions(self):
        xid = int(self.sql("BEGIN; INSERT INTO t VALUES (1, 'a', 'b'); SELECT txid_current(); COMMIT"))
        event, = self.events()
        source = event["source"]
        commit_us = int(self.value("(extract(epoch from pg_xact_commit_timestamp("
                                   f"'{xid}'::xid)) * 1000000)::bigint"))
        self.assertEqual((source["txId"], source["ts_us"]), (xid, commit_us))
        for times in (source, event):
            self.assertEqual((times["ts_ms"], times["ts_ns"]),
                             (times["ts_us"] // 1000, times["ts_us"] * 1000))
        now_us = int(self.value("(extract(epoch from clock_timestamp()) * 1000000)::bigint"))
        self.assertLess(commit_us, event["ts_us"] + 1)
        self.assertLess(event["ts_us"], now_us + 1)
        lsn = f"{source['lsn'] >> 32:X}/{source['lsn'] & 0xFFFFFFFF:X}"
        self.assertEqual(self.value(f"'{lsn}'::pg_lsn < '{self.confirmed()}'::pg_lsn"), "t")

    def test_the_old_row_fills_unchanged_toast(self):
        self.sql("ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (1, 'a', repeat('x', 5000)); "
                 "UPDATE t SET v = 'b'")
        update = self.events()[1]
        self.assertEqual(update["before"], {"id": 1, "v": "a", "big": "x" * 5000})
        self.assertEqual(update["after"], {"id": 1, "v": "b", "big": "x" * 5000})

    def test_transactions(self):
        """Begin and commit lines, and a block in each row, only with --transactions."""
        self.sql("INSERT INTO t VALUES (1, 'a', 'b'), (2, 'c', 'd')")
        events = self.events("--transactions")
        self.assertEqual(len(events), 4)
        self.assertEqual([events[0]["status"], events[3]["status"]], ["BEGIN", "END"])
        self.assertEqual([row["transaction"]["total_order"] for row in events[1:3]], [1, 2])
