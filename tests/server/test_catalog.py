# SPDX-License-Identifier: MIT
"""What is known of types and tables: the built-in table against pg_type; what is looked up against the catalog;
a look-up that fails costs nothing but a warning."""
import contextlib
import importlib.util
import pathlib
import re
import subprocess
import time

import pg
import support
from support import OK, Case, environment, since

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Everything that a type can be made of, with names that need quotes.
TYPES = """
CREATE SCHEMA shop; CREATE SCHEMA "Odd Schema";
CREATE TYPE shop.mood AS ENUM ('sad', 'ok', 'happy'); ALTER TYPE shop.mood ADD VALUE 'meh' BEFORE 'ok';
CREATE DOMAIN shop.inner_count AS int CHECK (VALUE > 0);
CREATE DOMAIN shop.outer_count AS shop.inner_count;
CREATE DOMAIN shop.moods AS shop.mood[];
CREATE TYPE "Odd Schema"."Pair of" AS (a int, b varchar(7), gone text, c shop.moods, "d""q" shop.outer_count);
ALTER TYPE "Odd Schema"."Pair of" DROP ATTRIBUTE gone;
CREATE TYPE shop.count_range AS RANGE (subtype = shop.outer_count);
CREATE DOMAIN shop.boxes AS box[];
CREATE TABLE empty_row ();
CREATE TABLE t (id int, m shop.mood, o shop.outer_count, p "Odd Schema"."Pair of", ps "Odd Schema"."Pair of"[],
                r shop.count_range, b shop.boxes, i information_schema.cardinal_number, e empty_row, plain text,
                money_range numrange[], name text NOT NULL, PRIMARY KEY (name, id))
"""


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def kinds():
    """The names of ww_type_kind, by value."""
    text = (ROOT / "include/walwire/types.h").read_text()
    body = re.sub(r"/\*.*?\*/", "", text[text.index("typedef enum ww_type_kind"):], flags=re.S)
    return re.findall(r"WW_TYPE_(\w+)", body[:body.index("}")])


class Catalog(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql(TYPES + "; CREATE PUBLICATION p FOR ALL TABLES", cls.db)

    def look_up(self, mode="full", publication="p", status=0):
        """The lines of print_catalog: {table: its columns}, {shown name: the type}."""
        program = support.tools / "print_catalog"
        done = subprocess.run([program, self.conninfo(), self.slot, publication, mode], capture_output=True, text=True,
                              timeout=60, env=environment(self.dir))
        self.assertEqual(done.returncode, status, done.stderr)
        lines = [line.split("\t") for line in done.stdout.splitlines()]
        self.assertEqual([line for line in lines if line[0] == "unknown"], [])
        tables = {line[1]: [tuple(line[i:i + 5]) for i in range(2, len(line), 5)] for line in lines if line[0] == "table"}
        return tables, {line[10]: line[1:] for line in lines if line[0] == "type"}, done.stderr

    def oid(self, name):
        return self.value(f"'{name}'::regtype::oid")

    def check_type(self, types, shown, kind, element=None, domain_of=None, binary=True, fields=()):
        oid, said_kind, said_element, said_domain, _, said_binary, has_position, schema, name, _, *rest = types[shown]
        self.assertEqual((oid, schema, name),
                         tuple(self.value(f"t.oid || '|' || nspname || '|' || typname FROM pg_type t JOIN pg_namespace n "
                                          f"ON n.oid = typnamespace WHERE t.oid = '{shown}'::regtype").split("|")), shown)
        self.assertEqual(kinds()[int(said_kind)], kind, shown)
        self.assertEqual(said_element, self.oid(element) if element else "0", shown)
        self.assertEqual(said_domain, self.oid(domain_of) if domain_of else "0", shown)
        self.assertEqual(said_binary, str(int(binary)), shown)
        self.assertEqual(has_position, "1")
        self.assertEqual([tuple(rest[i:i + 3]) for i in range(0, len(rest), 3)], list(fields), shown)

    def test_builtin_types(self):
        """The table in the library says of each type what this server says."""
        tool = load(ROOT / "tools/gen_types.py")
        row = re.compile(r'TYPE\((\d+), (\w+), (\d+), \'(.)\', "((?:[^"\\]|\\.)*)", "((?:[^"\\]|\\.)*)"\)')
        have = {int(oid): (name, shown.replace('\\"', '"'), kind, int(element), delimiter)
                for oid, kind, element, delimiter, name, shown in
                row.findall((ROOT / "src/decode/types_table.c").read_text())}
        want, major = tool.collect([self.conninfo()])
        self.assertEqual(major, self.major)
        self.assertGreater(len(want), 160)
        self.assertEqual({oid: have.get(oid) for oid in want}, want)

    def test_types(self):
        """Before the stream starts, on its own session."""
        self.create_slot()
        self.sql("INSERT INTO t (id, name) VALUES (1, 'a')")
        _, types, _ = self.look_up("types")
        labels = [(label, "0", "-1") for label in ("sad", "meh", "ok", "happy")]
        pair = '"Odd Schema"."Pair of"'
        self.check_type(types, "shop.mood", "ENUM", fields=labels)
        self.check_type(types, "shop.inner_count", "INT4", domain_of="int")
        self.check_type(types, "shop.outer_count", "INT4", domain_of="shop.inner_count")
        self.check_type(types, "shop.mood[]", "ARRAY", element="shop.mood")
        self.check_type(types, "shop.moods", "ARRAY", element="shop.mood", domain_of="shop.mood[]")
        self.check_type(types, "shop.boxes", "ARRAY", element="box", domain_of="box[]")
        self.assertEqual(types["shop.boxes"][4], ";")
        self.check_type(types, "shop.count_range", "RANGE", element="shop.outer_count")
        self.check_type(types, pair, "COMPOSITE", fields=[
            ("a", "23", "-1"), ("b", "1043", "11"), ("c", self.oid("shop.moods"), "-1"),
            ('d"q', self.oid("shop.outer_count"), "-1")])
        self.check_type(types, pair + "[]", "ARRAY", element=pair)
        self.check_type(types, "empty_row" if "empty_row" in types else "public.empty_row", "COMPOSITE", binary=False)
        self.check_type(types, "information_schema.cardinal_number", "INT4", domain_of="int")

    @since(14)
    def test_multiranges(self):
        self.create_slot()
        self.sql("CREATE TABLE m (id int PRIMARY KEY, m shop.count_multirange); INSERT INTO m VALUES (1)")
        self.addCleanup(self.sql, "DROP TABLE m")
        _, types, _ = self.look_up("types")
        self.check_type(types, "shop.count_multirange", "MULTIRANGE", element="shop.count_range")
        self.check_type(types, "shop.count_range", "RANGE", element="shop.outer_count")

    def test_extensions(self):
        """hstore, citext, ltree: in any schema; a type that only bears such a name is not one."""
        self.create_slot()
        self.sql("""CREATE SCHEMA e; CREATE EXTENSION hstore SCHEMA e; CREATE EXTENSION citext SCHEMA e;
                    CREATE EXTENSION ltree SCHEMA e; CREATE SCHEMA f; CREATE TYPE f.hstore AS ENUM ('x');
                    CREATE TABLE ext (id int PRIMARY KEY, h e.hstore, c e.citext[], l e.ltree, q e.lquery,
                    x e.ltxtquery, g e.ghstore, n f.hstore); INSERT INTO ext VALUES (1)""")
        self.addCleanup(self.sql, "DROP TABLE ext; DROP SCHEMA e CASCADE; DROP SCHEMA f CASCADE")
        _, types, _ = self.look_up("types")
        self.check_type(types, "e.hstore", "HSTORE")
        self.check_type(types, "e.citext", "TEXT")
        for name in ("ltree", "lquery", "ltxtquery"):
            self.check_type(types, f"e.{name}", "LTREE")
        self.check_type(types, "e.ghstore", "OTHER", binary=False)
        self.check_type(types, "f.hstore", "ENUM", fields=[("x", "0", "-1")])

    def test_tables(self):
        self.create_slot()
        self.sql("INSERT INTO t (id, name) VALUES (2, 'b')")
        tables, _, _ = self.look_up()
        want = self.server.sql("""SELECT attname, atttypid, atttypmod,
            CASE attname WHEN 'name' THEN 1 WHEN 'id' THEN 2 ELSE 0 END, attnotnull::int
            FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum""", self.db)
        self.assertEqual(tables["t"], [tuple(line.split("|")) for line in want.splitlines()])
        self.assertEqual(self.look_up("types")[0]["t"], [])

    @since(11)
    def test_included_columns_are_not_of_the_key(self):
        self.create_slot()
        self.sql("CREATE TABLE inc (a int, b int, c int, PRIMARY KEY (b, a) INCLUDE (c)); INSERT INTO inc VALUES (1, 2, 3)")
        self.addCleanup(self.sql, "DROP TABLE inc")
        tables, _, _ = self.look_up()
        self.assertEqual([(name, key) for name, _, _, key, _ in tables["inc"]], [("a", "2"), ("b", "1"), ("c", "0")])

    def test_while_it_streams(self):
        """A type that is made, and a table that changes, after the start: on a session of its own."""
        self.create_slot()
        self.sql("""CREATE TYPE shop.late AS ENUM ('x'); CREATE TABLE late (id int PRIMARY KEY, v shop.late);
                    INSERT INTO late VALUES (1, 'x'); ALTER TABLE late ADD w int NOT NULL DEFAULT 0;
                    INSERT INTO late VALUES (2, 'x')""")
        self.addCleanup(self.sql, "DROP TABLE late; DROP TYPE shop.late")
        tables, types, errors = self.look_up()
        self.assertEqual(errors, "")
        self.check_type(types, "shop.late", "ENUM", fields=[("x", "0", "-1")])
        self.assertEqual([column[0] for column in tables["late"]], ["id", "v", "w"])

    def test_no_second_session(self):
        """Is a warning, once; values are text all the same."""
        self.create_slot()
        running = self.start_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact")
        self.wait_active(running)
        self.addCleanup(self.server.sql, f"UPDATE pg_database SET datallowconn = true WHERE datname = '{self.db}'")
        self.sql(f"""CREATE TYPE shop.unseen AS ENUM ('x');
                     UPDATE pg_database SET datallowconn = false WHERE datname = '{self.db}';
                     CREATE TABLE u1 (id int PRIMARY KEY, v shop.unseen); CREATE TABLE u2 (id int PRIMARY KEY, v shop.unseen);
                     INSERT INTO u1 VALUES (1, 'x'); INSERT INTO u2 VALUES (2, 'x')""")
        event = running.wait_line(lambda event: event["op"] == "I" and event["table"] == "u2")
        self.assertEqual(event["new"], {"id": 2, "v": "x"})
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual(done.err.count("the catalog could not be asked"), 1, done.err)

    @contextlib.contextmanager
    def locked(self, table):
        """While another session holds this table of the catalog."""
        holder = subprocess.Popen([pg.find_tool("psql"), "-XAtq", self.conninfo()], encoding="utf-8",
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            holder.stdin.write(f"BEGIN; LOCK TABLE pg_catalog.{table}; SELECT 'locked';\n")
            holder.stdin.flush()
            self.assertEqual(holder.stdout.readline(), "locked\n")
            yield
        finally:
            holder.communicate("ROLLBACK;\n", timeout=20)

    def test_a_held_catalog(self):
        """A look-up that waits for a lock holds up the stream for a second, the next ones less and less often."""
        for i in range(4):
            self.sql(f"CREATE DOMAIN shop.held_{i} AS int; CREATE TABLE held_{i} (id int PRIMARY KEY, v shop.held_{i})")
            self.addCleanup(self.sql, f"DROP TABLE held_{i}; DROP DOMAIN shop.held_{i}")
        self.create_slot()
        hurry = {"options": "-c wal_sender_timeout=2s"} if self.major >= 12 else {}
        running = self.start_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact",
                                     conninfo=self.conninfo(**hurry))
        self.wait_active(running)
        with self.locked("pg_enum"):
            begin = time.monotonic()
            for i in range(4):
                self.sql(f"INSERT INTO held_{i} VALUES (1, 5)")
                event = running.wait_line(lambda event: event["op"] == "I" and event["table"] == f"held_{i}", seconds=4)
                self.assertEqual(event["new"], {"id": 1, "v": "5"})
            self.assertLess(time.monotonic() - begin, 6)
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual(done.err.count("the catalog could not be asked"), 1, done.err)

    def test_a_failed_look_up_is_tried_again(self):
        """Before a later transaction, without that a table comes along."""
        self.create_slot()
        self.sql("CREATE DOMAIN shop.again AS int; CREATE TABLE again (id int PRIMARY KEY, v shop.again)")
        self.addCleanup(self.sql, "DROP TABLE again; DROP DOMAIN shop.again")
        running = self.start_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact")
        self.wait_active(running)
        with self.locked("pg_enum"):
            self.sql("INSERT INTO again VALUES (0, 0)")
            event = running.wait_line(lambda event: event["op"] == "I")
            self.assertEqual(event["new"], {"id": 0, "v": "0"})
        self.assertEqual(self.insert_until(running, "again", lambda new: isinstance(new["v"], int))["v"], 1)
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)

    def insert_until(self, running, table, wanted, values="({i}, 1)", seconds=20):
        """A row after the other, each in a transaction of its own, until one comes out as wanted."""
        end = time.monotonic() + seconds
        for i in range(1, 1000000):
            self.sql(f"INSERT INTO {table} VALUES {values.format(i=i)}")
            new = running.wait_line(lambda event: event["op"] == "I" and event["new"]["id"] == i)["new"]
            if wanted(new):
                return new
            self.assertLess(time.monotonic(), end, f"still {new}; stderr: {running.stderr}")

    def test_a_type_that_is_altered(self):
        """The server does not say so: the first value that does not fit has it looked up."""
        self.sql("CREATE TABLE addr (street text, zip text); CREATE TABLE cust (id int PRIMARY KEY, home addr)")
        self.addCleanup(self.sql, "DROP TABLE cust, addr")
        self.create_slot()
        running = self.start_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact")
        self.wait_active(running)
        self.sql("INSERT INTO cust VALUES (0, ROW('Main', '12345'))")
        event = running.wait_line(lambda event: event["op"] == "I")
        self.assertEqual(event["new"]["home"], {"street": "Main", "zip": "12345"})
        self.sql("ALTER TABLE addr ADD COLUMN no int; ALTER TABLE addr RENAME COLUMN street TO road")
        new = self.insert_until(running, "cust", lambda new: isinstance(new["home"], dict), "({i}, ROW('Side', '7', 3))")
        self.assertEqual(new, {"id": 2, "home": {"road": "Side", "zip": "7", "no": 3}})
        done = running.stop()
        self.assertEqual((done.status, done.err), (OK, ""))

    def check_changed_key(self, change):
        """The server describes the table again, with the same words."""
        self.sql("CREATE TABLE rekeyed (id int PRIMARY KEY, v int NOT NULL, w text);"
                 "ALTER TABLE rekeyed REPLICA IDENTITY FULL")
        self.addCleanup(self.sql, "DROP TABLE rekeyed")
        self.create_slot()
        running = self.start_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact", "--catalog",
                                     "full", "--schema-events")
        self.wait_active(running)

        def key_of(event):
            return [column["name"] for column in event["columns"] if column["primary_key"]]

        self.sql(change.format(0))
        self.assertEqual(key_of(running.wait_line(lambda event: event["op"] == "R")), ["id"])
        running.wait_commits(1)
        self.sql("ALTER TABLE rekeyed DROP CONSTRAINT rekeyed_pkey, ADD PRIMARY KEY (v);" + change.format(10000))
        self.assertEqual(key_of(running.wait_line(lambda event: event["op"] == "R")), ["v"])
        running.wait_commits(1)
        self.sql(change.format(20000))
        running.wait_commits(1)
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual(len(done.of("R")), 2)

    def test_a_primary_key_that_changes(self):
        self.check_changed_key("INSERT INTO rekeyed VALUES ({0}, {0})")

    @since(14)
    def test_a_primary_key_that_changes_between_streamed_transactions(self):
        """There each table is described every time."""
        self.server.sql("ALTER SYSTEM SET logical_decoding_work_mem = '64kB'; SELECT pg_reload_conf()")
        self.addCleanup(self.server.sql, "ALTER SYSTEM RESET logical_decoding_work_mem; SELECT pg_reload_conf()")
        self.check_changed_key("INSERT INTO rekeyed SELECT {0} + i, {0} + i, repeat('x', 500) FROM generate_series(1, 1000) i")

    def test_a_lost_second_session_is_opened_again(self):
        self.create_slot()
        running = self.start_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact")
        self.wait_active(running)
        ordinary = f"datname = '{self.db}' AND application_name = 'walwire' AND state = 'idle'"
        for turn in ("one", "two"):
            self.sql(f"""CREATE TYPE shop.turn_{turn} AS ENUM ('x');
                         CREATE TABLE turn_{turn} (id int PRIMARY KEY, v shop.turn_{turn}); INSERT INTO turn_{turn} VALUES (1, 'x')""")
            self.addCleanup(self.sql, f"DROP TABLE turn_{turn}; DROP TYPE shop.turn_{turn}")
            running.wait_line(lambda event: event["op"] == "I" and event["table"] == f"turn_{turn}")
            self.server.wait(f"EXISTS (SELECT FROM pg_stat_activity WHERE {ordinary})", alive=running.is_alive)
            self.server.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ordinary}")
            self.server.wait(f"NOT EXISTS (SELECT FROM pg_stat_activity WHERE {ordinary})", alive=running.is_alive)
        done = running.stop()
        self.assertEqual((done.status, done.err), (OK, ""))
