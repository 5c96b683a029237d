# SPDX-License-Identifier: MIT
"""Formats that say what others say: the packages pypgoutput and pgoutput-decoder, and SQL, which is replayed into
another database that must then be equal."""
import datetime
import json
import os
import random
import re
import subprocess
import uuid

import pg
import twin
import values
from histories import History
from support import OK, Case, since
from test_histories import Session

# One event, as pypgoutput's README shows it.
README = """
{
  "op": "I",
  "message_id": "4606b12b-ab41-41e6-9717-7ce92f8a9857",
  "lsn": 23530912,
  "transaction": {
    "tx_id": 499,
    "begin_lsn": 23531416,
    "commit_ts": "2022-01-14T17:22:10.298334+00:00"
  },
  "table_schema": {
    "column_definitions": [
      {
        "name": "id",
        "part_of_pkey": true,
        "type_id": 23,
        "type_name": "integer",
        "optional": false
      },
      {
        "name": "created_at",
        "part_of_pkey": false,
        "type_id": 1184,
        "type_name": "timestamp with time zone",
        "optional": true
      }
    ],
    "db": "test_db",
    "schema_name": "public",
    "table": "readme",
    "relation_id": 16403
  },
  "before": null,
  "after": {
    "id": 1,
    "created_at": "2022-01-14T17:22:10.296740+00:00"
  }
}
"""

# The members that pgoutput-decoder's README lists, in its order.
DICTIONARY = ["op", "before", "after", "source", "ts_ms", "ts_us", "ts_ns"]
SENT = re.compile(rb',"ts_ms":\d+,"ts_us":\d+,"ts_ns":\d+}$', re.M)  # differs between streams
SOURCE = ["version", "connector", "name", "ts_ms", "snapshot", "db", "schema", "table", "lsn"]


def shape(value):
    """Names and their order, and what kind each value is of."""
    if isinstance(value, dict):
        return [(name, shape(member)) for name, member in value.items()]
    if isinstance(value, list):
        return [shape(member) for member in value]
    return type(value).__name__


class PythonPackages(Case):
    """pypgoutput and pgoutput-decoder."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE PUBLICATION p FOR ALL TABLES", cls.db)

    def lines(self, name, *options):
        done = self.run_command("stream", "-S", self.slot, "--publication", "p", "--until-now", "--format", name,
                                *options)
        self.assertEqual(done.status, OK, done.err)
        return done

    def test_the_example_of_pypgoutput(self):
        """Its table, its statement, its event but for what differs from run to run."""
        self.sql("CREATE TABLE public.readme (id integer primary key, created_at timestamptz default now())")
        self.create_slot()
        before = self.value("extract(epoch FROM clock_timestamp())")
        self.sql("INSERT INTO public.readme (id) SELECT data FROM generate_series(1, 3) AS data")
        after = self.value("extract(epoch FROM clock_timestamp())")
        again = self.lines("pypgoutput", "--ack", "none").out
        done = self.lines("pypgoutput")
        self.assertEqual(done.out, again)
        stored = json.loads(self.value(
            "json_agg(to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') ORDER BY id) FROM readme"))
        xid = int(self.value("min(xmin::text::int8) FROM readme"))
        ids = [uuid.UUID(event["message_id"]) for event in done.events]
        self.assertEqual(len(set(ids)), 3)
        self.assertEqual({(id.version, id.variant) for id in ids}, {(4, uuid.RFC_4122)})
        positions = [event["lsn"] for event in done.events]
        self.assertEqual(positions, sorted(set(positions)))
        for number, event in enumerate(done.events, 1):
            want = json.loads(README)
            self.assertEqual(shape(event), shape(want))
            transaction = event["transaction"]
            self.assertEqual(transaction["tx_id"], xid)
            self.assertGreater(transaction["begin_lsn"], event["lsn"])
            committed = datetime.datetime.fromisoformat(transaction["commit_ts"])
            self.assertLess(float(before), committed.timestamp())
            self.assertLess(committed.timestamp(), float(after))
            want.update(message_id=event["message_id"], lsn=event["lsn"], transaction=transaction,
                        after={"id": number, "created_at": stored[number - 1] + "+00:00"})
            want["table_schema"].update(db=self.db, relation_id=int(self.value("'readme'::regclass::oid")))
            self.assertEqual(event, want)

    def test_updates_and_types(self):
        self.sql("""
            CREATE TYPE mood AS ENUM ('sad');
            CREATE TABLE t (a int, b numeric(10,2), k varchar(9), j json, s timestamp, z timestamptz(0), m mood,
                big text, PRIMARY KEY (k, a));
            ALTER TABLE t ALTER COLUMN big SET STORAGE EXTERNAL""")
        self.create_slot()
        self.sql("""
            INSERT INTO t VALUES (1, 1.5, 'k', '{"x": [1, null]}', '2024-02-29 23:59:59.5', '2024-01-01', 'sad',
                repeat('x', 5000));
            UPDATE t SET s = 'infinity', z = '0044-03-15 12:00:00+00 BC';
            UPDATE t SET k = 'l', s = '10000-01-01', z = '9999-12-31 23:59:59';
            DELETE FROM t;
            TRUNCATE t""")
        events = self.lines("pypgoutput").events
        self.assertEqual([event["op"] for event in events], ["I", "U", "U", "D", "T"][:4 + (self.major >= 11)])
        definitions = {c["name"]: (c["part_of_pkey"], c["optional"], c["type_name"])
                       for c in events[0]["table_schema"]["column_definitions"]}
        shown = dict(line.split("|") for line in self.sql(
            "SET search_path = ''; SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = 'public.t'::regclass AND attnum > 0").split("\n"))
        self.assertEqual(definitions, {name: (name in "ak", name not in "ak", kind) for name, kind in shown.items()})
        first = {"a": 1, "b": "1.50", "k": "k", "j": {"x": [1, None]}, "s": "2024-02-29T23:59:59.500000",
                 "z": "2024-01-01T00:00:00+00:00", "m": "sad", "big": "x" * 5000}
        self.assertEqual(events[0]["after"], first)
        del first["big"]
        first.update(s="infinity", z="0044-03-15 12:00:00+00 BC")
        self.assertEqual((events[1]["before"], events[1]["after"]), (None, first))
        first.update(k="l", s="10000-01-01 00:00:00", z="9999-12-31T23:59:59+00:00")
        self.assertEqual((events[2]["before"], events[2]["after"]), ({"a": 1, "k": "k"}, first))
        self.assertEqual((events[3]["before"], events[3]["after"]), ({"a": 1, "k": "l"}, None))

    def test_pgoutput_decoder(self):
        self.sql("CREATE TABLE users (id int PRIMARY KEY, name text, n numeric, tags int[], created_at timestamp)")
        self.create_slot()
        self.sql("""
            INSERT INTO users VALUES (1, 'Alice', 1.50, '{1,2}', '2024-01-15 10:30:00');
            ALTER TABLE users REPLICA IDENTITY FULL;
            UPDATE users SET name = 'Alice Updated';
            DELETE FROM users""")
        events = self.lines("pgoutput-decoder").events
        alice = {"id": 1, "name": "Alice", "n": "1.50", "tags": [1, 2], "created_at": "2024-01-15 10:30:00"}
        updated = dict(alice, name="Alice Updated")
        self.assertEqual([(event["op"], event["before"], event["after"]) for event in events],
                         [("c", None, alice), ("u", alice, updated), ("d", updated, None)])
        for event in events:
            source = event["source"]
            self.assertEqual(list(event), DICTIONARY)
            self.assertEqual(list(source), SOURCE)
            self.assertEqual((source["connector"], source["snapshot"], source["db"], source["schema"], source["table"]),
                             ("pgoutput-decoder", "false", self.db, "public", "users"))
            self.assertEqual(event["ts_ns"], event["ts_us"] * 1000)
            self.assertEqual(event["ts_ms"], event["ts_us"] // 1000)
            self.assertLessEqual(source["ts_ms"], event["ts_ms"])
            self.assertIsInstance(source["lsn"], int)


class Rows(History):
    """A history of rows alone: definitions do not come through the stream."""

    def alter(self, worker):
        pass

    def create(self, worker):
        pass


class Replay(twin.Twins):
    """What --format sql writes, run by psql in a database with the same tables: the rows must be the same."""

    def setUp(self):
        super().setUp()
        self.db, self.target = self.slot[:56] + "_from", self.slot[:56] + "_to"
        for database in self.db, self.target:
            self.server.sql(f"CREATE DATABASE {database}")
            self.addCleanup(self.server.sql, f"DROP DATABASE {database}")
        self.addCleanup(self.drop_slots)

    def begin(self, definitions, how=""):
        """In both databases."""
        for database in self.db, self.target:
            self.server.sql(definitions, database)
        self.sql("CREATE PUBLICATION p FOR ALL TABLES")
        self.value(f"pg_create_logical_replication_slot('{self.slot}', 'pgoutput'{how})")

    def lines_of(self, name, *options):
        done = self.run_command("stream", "-S", self.slot, "--publication", "p", "--until-now", "--format", name,
                                *options)
        self.assertEqual(done.status, OK, done.err)
        return done.out

    def statements(self, *options):
        return self.lines_of("sql", *options)

    def replay(self, statements, **environment):
        done = subprocess.run(
            [pg.find_tool("psql"), "-Xq", "-v", "ON_ERROR_STOP=1", "-h", self.server.host, "-p", str(self.server.port),
             "-U", "postgres", "-d", self.target, "-f", "-"],
            input=statements, capture_output=True, env={
                **self.server._env(), "PGOPTIONS": "-c client_min_messages=warning", **environment})
        self.assertEqual((done.returncode, done.stderr, done.stdout), (0, b"", b""))

    def rows(self, database):
        """{table: its rows as sorted text}"""
        tables = json.loads(self.server.value(
            "json_agg(format('%I.%I', schemaname, tablename) ORDER BY schemaname, tablename) FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')", database))
        return {table: sorted(self.server.sql(f"SELECT to_json(t::text) FROM {table} t", database).split("\n"))
                for table in tables}

    def compare(self, least=1):
        ours, theirs = self.rows(self.target), self.rows(self.db)
        self.assertEqual(list(ours), list(theirs))
        for table, expected in theirs.items():
            self.assertEqual(ours[table], expected, table)
        self.assertGreaterEqual(sum(map(len, theirs.values())), least)

    def check_histories(self, *options, how=""):
        sessions = [Session(self.server, self.db) for _ in range(4)]
        for session in sessions:
            self.addCleanup(session.close)  # before its database is dropped
            session.run("SET lock_timeout = '10s'; SET client_min_messages = warning")
        first = int(os.environ.get("WALWIRE_SEED", "1"))
        histories = [Rows(seed, messages=self.major >= 14, truncate=self.major >= 11, prepare=bool(how))
                     for seed in range(first, first + 10)]
        self.begin(";\n".join(history.steps[0][1] for history in histories), how)
        for history in histories:
            for session, statements in history.steps[1:]:
                sessions[session].run(statements)
        self.replay(self.statements(*options))
        self.compare(least=500)

    def test_histories(self):
        self.check_histories()

    @since(14)
    def test_binary_histories(self):
        self.check_histories("--binary", "on")

    @since(15)
    def test_two_phase_histories(self):
        self.check_histories("--two-phase", how=", false, true")

    def test_every_type(self):
        """Its edge values, in rows without a key that are then updated and deleted one by one. Lines do not depend on
        the form that values come in."""
        found = self.taken(values.edges(self.major, lambda name: False))
        kinds = list(found)
        columns = ", ".join(f"c{i} {kind}" for i, kind in enumerate(kinds))
        self.begin(f"CREATE TABLE every_type (n int, {columns}); ALTER TABLE every_type REPLICA IDENTITY FULL")
        statements = []
        for number in range(max(map(len, found.values()))):
            row = ", ".join(values.literal(found[kind][number % len(found[kind])]) for kind in kinds)
            statements.append(f"INSERT INTO every_type VALUES ({number}, {row}), ({number}, {row}), (-1, {row})")
        self.sql(";\n".join(statements))
        self.sql("INSERT INTO every_type DEFAULT VALUES; "
                 "UPDATE every_type SET n = n + 1000 WHERE n >= 0 AND n % 3 = 0;"
                 "DELETE FROM every_type WHERE ctid IN (SELECT min(ctid::text)::tid FROM every_type "
                 "WHERE n % 3 = 1 GROUP BY n)")
        self.sql("; ".join(f"UPDATE every_type SET c{i} = NULL WHERE n = {i % 10}" for i in range(len(kinds))))
        if self.major >= 14:
            for name in "sql", "pypgoutput", "pgoutput-decoder", "test_decoding":
                text, binary = (SENT.sub(b"}", self.lines_of(name, "--ack", "none", "--binary", form))
                                for form in ("off", "on"))
                self.assertTrue(text == binary, name)
        self.replay(self.statements())
        self.compare(least=50)

    def taken(self, edges):
        """Of these texts, what this server takes."""
        self.sql("""
            CREATE FUNCTION takes(kind text, v text) RETURNS bool LANGUAGE plpgsql AS $$
            BEGIN
                EXECUTE format('SELECT %L::%s', v, kind); RETURN true;
            EXCEPTION WHEN others THEN RETURN false;
            END $$""")
        pairs = values.literal(json.dumps([(kind, text) for kind, texts in edges.items() for text in texts]))
        found = {}
        for kind, text in json.loads(self.value(
                f"json_agg(pair) FROM json_array_elements({pairs}) pair WHERE takes(pair->>0, pair->>1)")):
            found.setdefault(kind, []).append(text)
        return found

    def test_one_of_equal_rows(self):
        """And not one that is merely equal by its type's operator."""
        self.begin("CREATE TYPE pair AS (a int, b text); "
                   "CREATE TABLE dup (b text, j json, x numeric, p pair, c char(5), i inet, t text); "
                   "ALTER TABLE dup REPLICA IDENTITY FULL; CREATE TABLE empty (); ALTER TABLE empty REPLICA IDENTITY FULL")
        self.sql("""
            INSERT INTO dup VALUES ('a', '{}', 1.0, '(,)', 'x', '10.0.0.1', ''), ('a', '{}', 1.00, '(,)', 'x', '10.0.0.1', ''),
                ('a', '{}', 1.0, NULL, 'x', '10.0.0.1', ''), ('a', '{}', 1.0, '(,)', 'x', '10.0.0.1', NULL),
                ('a', '{ }', 1.0, '(,)', 'x', '10.0.0.1', ''), ('a', '{}', 1.0, '(,)', 'x', '10.0.0.1', 'NULL');
            INSERT INTO dup SELECT * FROM dup;
            INSERT INTO dup SELECT * FROM dup""")
        self.sql("; ".join(f"UPDATE dup SET b = 'changed {n}' WHERE ctid = '(0,{n})'" for n in range(1, 24, 2)) + ";" +
                 "; ".join(f"DELETE FROM dup WHERE ctid = '(0,{n})'" for n in range(2, 16, 2)))
        self.sql("INSERT INTO empty DEFAULT VALUES; INSERT INTO empty DEFAULT VALUES; INSERT INTO empty DEFAULT VALUES; "
                 "DELETE FROM empty WHERE ctid = '(0,1)'")
        self.replay(self.statements())
        self.compare(least=15)

    def test_keys(self):
        """Of several columns, by an index, changed, generated; unchanged TOAST; truncation; partitions."""
        self.begin("""
            CREATE TABLE several (v text, b text, a int, PRIMARY KEY (a, b));
            CREATE TABLE by_index (id int PRIMARY KEY, code text NOT NULL, v text);
            CREATE UNIQUE INDEX by_index_code ON by_index (code);
            ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_code;
            CREATE TABLE always (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);
            CREATE TABLE whole (id int GENERATED ALWAYS AS IDENTITY, v text);
            ALTER TABLE whole REPLICA IDENTITY FULL;
            CREATE TABLE big (id int PRIMARY KEY, v text, w text);
            ALTER TABLE big ALTER COLUMN v SET STORAGE EXTERNAL;
            CREATE TABLE parent (id serial PRIMARY KEY); CREATE TABLE child (id int REFERENCES parent);
            ALTER TABLE child REPLICA IDENTITY FULL;
            CREATE TABLE parts (a int, b text) PARTITION BY LIST (a);
            ALTER TABLE parts REPLICA IDENTITY FULL;
            CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1);
            CREATE TABLE part_2 PARTITION OF parts FOR VALUES IN (2);
            ALTER TABLE part_1 REPLICA IDENTITY FULL; ALTER TABLE part_2 REPLICA IDENTITY FULL""")
        self.sql("""
            INSERT INTO several VALUES ('x', 'b''\\', 1), ('y', 'c', -2), ('z', '', 3);
            UPDATE several SET v = 'new'; UPDATE several SET b = b || '!' WHERE a < 3; DELETE FROM several WHERE a = 3;
            INSERT INTO by_index VALUES (1, 'c', 'v'), (2, 'd', NULL);
            UPDATE by_index SET id = id + 10; UPDATE by_index SET code = 'e' WHERE code = 'd';
            DELETE FROM by_index WHERE code = 'c';
            INSERT INTO always (v) VALUES ('a'), ('b'), ('c'); UPDATE always SET v = v || v; DELETE FROM always WHERE id = 2;
            INSERT INTO whole (v) VALUES ('a'), ('a'), ('c'); UPDATE whole SET v = v || v; DELETE FROM whole WHERE id = 2;
            INSERT INTO big VALUES (1, repeat('x', 5000), 'w'), (2, repeat('y', 5000), 'w');
            UPDATE big SET w = 'changed'; UPDATE big SET id = 3 WHERE id = 1;
            INSERT INTO parent VALUES (1), (2); INSERT INTO child VALUES (1);
            INSERT INTO parts VALUES (1, 'x'), (1, 'x'), (2, 'x'), (2, 'x');
            UPDATE parts SET b = 'y' WHERE ctid = '(0,1)';
            BEGIN; UPDATE always SET v = v; COMMIT""")
        if self.major >= 11:
            self.sql("UPDATE parts SET a = 2 WHERE a = 1 AND b = 'y'; "
                     "TRUNCATE parent RESTART IDENTITY CASCADE; INSERT INTO parent DEFAULT VALUES")
        self.replay(self.statements())
        self.compare(least=12)

    @since(13)
    def test_partitions_as_their_root(self):
        """Rows of several partitions, which may have the same ctid."""
        self.begin("""
            CREATE TABLE parts (a int, b text) PARTITION BY LIST (a);
            CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1);
            CREATE TABLE part_2 PARTITION OF parts FOR VALUES IN (2);
            ALTER TABLE part_1 REPLICA IDENTITY FULL; ALTER TABLE part_2 REPLICA IDENTITY FULL;
            ALTER TABLE parts REPLICA IDENTITY FULL""")
        self.sql("ALTER PUBLICATION p SET (publish_via_partition_root = true)")
        self.sql("INSERT INTO parts VALUES (1, 'x'), (1, 'x'), (2, 'x'), (2, 'x'); "
                 "UPDATE parts SET b = 'y' WHERE a = 1 AND ctid = '(0,1)'; DELETE FROM parts WHERE a = 2 AND ctid = '(0,1)'")
        self.replay(self.statements())
        self.compare(least=3)

    def test_hostile_names_and_values(self):
        """Whatever is in them stays in them, and each statement on its line; also where backslashes were once
        special in plain literals."""
        rng = random.Random(4)
        alphabet = list("'\"\\$;:-/*%{}()ntE\n\r\t\v\x01\x1b\x7fé\u0085\u2028🐘 ") + ["\\'", "''", "';", "--", "\\\n", ":'", "U&"]
        name = lambda: "".join(rng.choices(alphabet, k=rng.randint(1, 12)))
        escaped = lambda text: "E'" + "".join(f"\\U{ord(c):08x}" for c in text) + "'"
        tables = [(name(), name() + "2") for _ in range(12)]
        definitions = "".join(
            f"DO $do$ BEGIN EXECUTE format('CREATE TABLE public.%I (%I int PRIMARY KEY, v text, a text[], b bytea)', "
            f"{escaped(table + str(i))}, {escaped(column)}); END $do$;\n" for i, (table, column) in enumerate(tables))
        self.begin(definitions)
        changes = []
        for i, (table, column) in enumerate(tables):
            for number in range(20):
                text = escaped(name() * rng.choice((1, 1, 60)))
                changes.append(f"DO $do$ BEGIN EXECUTE format('INSERT INTO public.%I VALUES (%s, %L, ARRAY[%L, NULL], %L)', "
                         f"{escaped(table + str(i))}, {number}, {text}, {text}, convert_to({text}, 'UTF8')); END $do$")
            changes.append(f"DO $do$ BEGIN EXECUTE format('UPDATE public.%I SET %I = %I + 99, v = v || v WHERE %I %% 3 = 0', "
                     f"{escaped(table + str(i))}, {', '.join([escaped(column)] * 3)}); EXECUTE format('DELETE FROM public.%I "
                     f"WHERE %I %% 3 = 1', {escaped(table + str(i))}, {escaped(column)}); END $do$")
        self.sql(";\n".join(changes))
        statements = self.statements()
        for line in statements.decode().split("\n")[:-1]:
            self.assertRegex(line, r"\A(SET|BEGIN|INSERT INTO|UPDATE|DELETE FROM|COMMIT)\b.*;\Z")
        self.replay(statements, PGOPTIONS="-c client_min_messages=error -c standard_conforming_strings=off -c escape_string_warning=off "
                    "-c lc_monetary=C -c DateStyle=German", PGCLIENTENCODING="LATIN1")
        self.compare(least=100)
