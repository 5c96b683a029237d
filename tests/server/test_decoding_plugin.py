# SPDX-License-Identifier: MIT
"""--format test_decoding against the plugin itself, reading the same changes from a slot of its own."""
import twin

# A value for a column of each built-in type, and since which server there is one.
VALUES = [
    (10, "bool", "true"), (10, "bytea", r"'\x00ff27'"), (10, '"char"', "'x'"), (10, "name", "'n''m'"),
    (10, "int8", "-9223372036854775808"), (10, "int2", "-1"), (10, "int2vector", "'1 2'"),
    (10, "int4", "7"), (10, "regproc", "'now'"), (10, "text", r"E'it''s \\ \n\t\"x\" \u20ac'"),
    (10, "oid", "4294967295"), (10, "tid", "'(1,2)'"), (10, "xid", "'4'"), (10, "cid", "'5'"),
    (10, "oidvector", "'1 2'"), (10, "json", """'{"a":  1}'"""), (10, "xml", "NULL"),
    (10, "point", "'(1,2)'"), (10, "lseg", "'[(0,0),(1,1)]'"), (10, "path", "'((0,0),(1,1))'"),
    (10, "box", "'(1,1),(0,0)'"), (10, "polygon", "'((0,0),(1,1),(1,0))'"), (10, "line", "'{1,2,3}'"),
    (10, "cidr", "'10.0.0.0/8'"), (10, "float4", "'1.1'"), (10, "float4", "'NaN'"),
    (10, "float8", "'-Infinity'"), (10, "float8", "1e-300"), (10, "circle", "'<(0,0),1>'"),
    (10, "macaddr8", "'08:00:2b:01:02:03:04:05'"), (10, "money", "'-1234.5'"),
    (10, "macaddr", "'08:00:2b:01:02:03'"), (10, "inet", "'::1'"), (10, "aclitem", "'postgres=r/postgres'"),
    (10, "char(5)", "'a''b'"), (10, "varchar(9)", "''''"), (10, "date", "'0044-03-15 BC'"),
    (10, "time(3)", "'24:00:00'"), (10, "timestamp", "'infinity'"), (10, "timestamp(0)", "'2024-02-29'"),
    (10, "timestamptz", "'1890-01-01 00:00:00+01:02:03'"), (10, "interval", "'-1 mon 2 days 00:00:00.5'"),
    (10, "interval year to month", "'3 years'"), (10, "timetz", "'12:00+05:30'"), (10, "bit(3)", "B'101'"),
    (10, "varbit", "B''"), (10, "numeric(9,3)", "12.5"), (10, "numeric", "'NaN'"),
    (10, "refcursor", "'r'"), (10, "regprocedure", "'now()'"), (10, "regoper", "'|/'"),
    (10, "regoperator", "'+(int4,int4)'"), (10, "regclass", "'pg_class'"), (10, "regtype", "'int4'"),
    (10, "uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"), (10, "txid_snapshot", "'10:20:10,14'"),
    (10, "pg_lsn", "'16/B374D848'"), (10, "tsvector", "'''a'':1 b'"), (10, "tsquery", "'a & !b'"),
    (10, "regconfig", "'english'"), (10, "regdictionary", "'simple'"), (10, "jsonb", """'{"b":1,"a":"''"}'"""),
    (10, "regnamespace", "'public'"), (10, "regrole", "'postgres'"), (10, "int4range", "'[1,5)'"),
    (10, "numrange", "'empty'"), (10, "tsrange", "'[2024-01-01,)'"), (10, "tstzrange", "'(,2024-01-01]'"),
    (10, "daterange", "'[2024-01-01,2024-01-02]'"), (10, "int8range", "'[1,2]'"),
    (12, "jsonpath", "'$.a[*]?(@ > 1)'"), (13, "regcollation", "'\"C\"'"), (13, "pg_snapshot", "'10:20:10,14'"),
    (13, "xid8", "'18446744073709551615'"), (14, "int4multirange", "'{[1,3),[5,7)}'"),
    (14, "nummultirange", "'{}'"), (14, "tsmultirange", "'{}'"), (14, "tstzmultirange", "'{}'"),
    (14, "datemultirange", "'{}'"), (14, "int8multirange", "'{}'"), (14, "numeric", "'-Infinity'"),
]

# Keywords that an older server does not know, and so does not quote.
NEWER_KEYWORDS = {
    "json", "json_array", "json_arrayagg", "json_exists", "json_object", "json_objectagg", "json_query",
    "json_scalar", "json_serialize", "json_table", "json_value", "merge_action", "system_user",
}


class TestDecoding(twin.Twins):
    """Line by line."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE PUBLICATION p FOR ALL TABLES", cls.db)

    def begin(self, setup, how=""):
        """how: more arguments for pg_create_logical_replication_slot()."""
        self.sql(setup)
        for slot, plugin in (self.slot, "pgoutput"), (self.twin_slot, "test_decoding"):
            self.value(f"pg_create_logical_replication_slot('{slot}', '{plugin}'{how})")

    @property
    def twin_slot(self):
        return self.slot[:60] + "_td"

    def compare(self, *options, least=1, plugin=None, expected=lambda changes: changes):
        """plugin: more options for it. expected: turns what it says into what the stream can tell."""
        theirs = expected(twin.read(self, self.twin_slot, **(plugin or {})))
        self.assertGreaterEqual(len(theirs), least, theirs)
        self.assert_same(self.lines(self.slot, "p", *options), theirs)

    def test_types(self):
        values = [value for value in VALUES if value[0] <= self.major]
        columns = ", ".join(f"c{i} {kind}, a{i} {kind}[]" for i, (_, kind, _) in enumerate(values))
        names = ", ".join(f"c{i}, a{i}" for i in range(len(values)))
        row = ", ".join(f"{value}, ARRAY[{value}, NULL]::{kind}[]" for _, kind, value in values)
        self.begin(f"CREATE TABLE every_type ({columns}); ALTER TABLE every_type REPLICA IDENTITY FULL")
        self.sql(f"""
            INSERT INTO every_type ({names}) VALUES ({row});
            INSERT INTO every_type DEFAULT VALUES;
            UPDATE every_type SET c0 = false;
            DELETE FROM every_type""")
        self.compare(least=12)

    def test_types_of_users(self):
        self.begin("""
            CREATE SCHEMA "Sch e""ma"; CREATE SCHEMA "table";
            CREATE TYPE mood AS ENUM ('sad', 'it''s ok');
            CREATE TYPE "Sch e""ma"."Pair" AS (a int, "B" mood);
            CREATE TYPE "table"."select" AS ENUM ('x');
            CREATE TYPE span AS RANGE (subtype = float8);
            CREATE TYPE odd_ AS ENUM ('o');
            CREATE TABLE users (m mood, ms mood[], p "Sch e""ma"."Pair", ps "Sch e""ma"."Pair"[],
                s "table"."select", ss "table"."select"[], r span, rs span[], o odd_[], c pg_class)""")
        if self.major >= 14:
            self.sql("ALTER TABLE users ADD cs pg_class[]")
        self.sql("""
            INSERT INTO users VALUES ('it''s ok', '{sad,"it''s ok"}', '(1,sad)', '{"(,)"}', 'x', '{x}',
                '[1,2]', '{"(,)"}', '{o}');
            INSERT INTO users DEFAULT VALUES;
            ALTER TYPE mood RENAME TO "Mood";
            ALTER TABLE users ADD COLUMN more "Mood" DEFAULT 'sad';
            INSERT INTO users (m) VALUES ('sad')""")
        self.compare(least=9)

    def domains(self):
        self.begin("CREATE DOMAIN small AS int CHECK (VALUE < 10); CREATE DOMAIN word AS varchar(5); "
                   "CREATE TABLE domains (s small, w word)")
        self.addCleanup(self.sql, "DROP TABLE domains; DROP DOMAIN small; DROP DOMAIN word")
        self.sql("INSERT INTO domains VALUES (1, 'a'), (NULL, NULL)")

    def test_domains(self):
        self.domains()
        self.compare(least=4)

    def test_without_the_catalog_a_domain_is_named_as_its_base_type(self):
        self.domains()
        self.compare("--catalog", "off", least=4, expected=lambda changes: [
            change.replace("[public.small]", "[integer]").replace("[public.word]", "[character varying]")
            for change in changes])

    def test_names(self):
        words = self.sql("SELECT word FROM pg_get_keywords() ORDER BY 1").split("\n")
        if self.major < 18:
            words = [word for word in words if word not in NEWER_KEYWORDS]
        words += ["Upper", "with space", 'quote"', "é", "1st", "a1", "_", "a$", "$", "x" * 63]
        quoted = ['"' + word.replace('"', '""') + '"' for word in words]
        columns = ", ".join(f"{word} int" for word in quoted)
        self.begin(f'CREATE SCHEMA "Select"; CREATE TABLE "Select"."all" ({columns}); ' +
                   "".join(f"CREATE TABLE {word} (k int); " for word in quoted))
        self.sql('INSERT INTO "Select"."all" DEFAULT VALUES; ' +
                 "".join(f"INSERT INTO public.{word} VALUES (1); " for word in quoted))
        self.compare(least=3 * len(words))

    def test_replica_identities(self):
        """What is updated and deleted, by kind of identity. Keys of several columns, in another order
        than the table's."""
        self.begin("""
            CREATE TABLE by_key (v text, b int, a int, n int, PRIMARY KEY (a, b));
            CREATE TABLE by_index (id int PRIMARY KEY, code text NOT NULL, v text);
            CREATE UNIQUE INDEX by_index_code ON by_index (code);
            ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_code;
            CREATE TABLE by_row (id int PRIMARY KEY, v text, n int);
            ALTER TABLE by_row REPLICA IDENTITY FULL;
            CREATE TABLE by_none (id int, v text);
            ALTER TABLE by_none REPLICA IDENTITY NOTHING""")
        for table, key, row in (("by_key", "a", "'v', 2, 1, NULL"), ("by_index", "code", "1, 'c', NULL"),
                                ("by_row", "id", "1, NULL, 3")):
            new = "9" if key != "code" else "'z'"
            self.sql(f"""
                INSERT INTO {table} VALUES ({row});
                UPDATE {table} SET v = 'new';
                BEGIN; UPDATE {table} SET v = NULL; UPDATE {table} SET {key} = {new}; COMMIT;
                UPDATE {table} SET {key} = {key}, v = '';
                DELETE FROM {table}""")
        self.sql("INSERT INTO by_none VALUES (1, NULL)")
        self.compare(least=36)

    def test_toast(self):
        self.begin("""
            CREATE TABLE big (id int PRIMARY KEY, v text, w text);
            CREATE TABLE bigfull (id int, v text, w text);
            CREATE TABLE bigkey (v text PRIMARY KEY, w text);
            ALTER TABLE bigfull REPLICA IDENTITY FULL;
            ALTER TABLE big ALTER COLUMN v SET STORAGE EXTERNAL;
            ALTER TABLE bigfull ALTER COLUMN v SET STORAGE EXTERNAL;
            ALTER TABLE bigkey ALTER COLUMN v SET STORAGE EXTERNAL;
            INSERT INTO big VALUES (1, repeat('x', 5000), 'w')""")
        self.sql("""
            UPDATE big SET w = 'changed';
            UPDATE big SET id = 2;
            UPDATE big SET v = repeat('''y', 3000);
            INSERT INTO bigfull SELECT * FROM big;
            UPDATE bigfull SET w = NULL;
            DELETE FROM bigfull;
            INSERT INTO bigkey VALUES (repeat('z', 2100), 'w');
            UPDATE bigkey SET w = 'changed';
            DELETE FROM bigkey""")
        self.compare(least=27)

    def test_ddl_in_between(self):
        self.begin("CREATE TABLE d (id int PRIMARY KEY, a text)")
        self.sql("""
            BEGIN;
            INSERT INTO d VALUES (1, 'a');
            ALTER TABLE d ADD COLUMN b int DEFAULT 7;
            INSERT INTO d VALUES (2, 'b', 8);
            SAVEPOINT s;
            ALTER TABLE d RENAME COLUMN a TO "A b";
            INSERT INTO d VALUES (3, 'c', 9);
            ROLLBACK TO s;
            INSERT INTO d VALUES (4, 'd', 10);
            ALTER TABLE d ALTER COLUMN b TYPE text;
            ALTER TABLE d DROP COLUMN a;
            UPDATE d SET b = 'x' WHERE id = 1;
            ALTER TABLE d RENAME TO "d 2";
            INSERT INTO "d 2" VALUES (5, 'y');
            COMMIT;
            CREATE TABLE made AS SELECT 1 AS x;
            BEGIN; CREATE TABLE t (i int PRIMARY KEY); INSERT INTO t VALUES (1); DROP TABLE t; COMMIT;
            BEGIN; INSERT INTO "d 2" VALUES (6, 'never'); ROLLBACK;
            ALTER TABLE "d 2" SET SCHEMA pg_catalog;
            ALTER TABLE made RENAME x TO y; INSERT INTO made VALUES (2)""")
        self.compare(least=10)

    def test_partitions(self):
        self.begin("""
            CREATE TABLE parts (id int, v text) PARTITION BY LIST (id);
            CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
            CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2);
            ALTER TABLE parts_1 REPLICA IDENTITY FULL;
            ALTER TABLE parts_2 REPLICA IDENTITY FULL""")
        self.sql("INSERT INTO parts VALUES (1, 'a'), (2, 'b'); DELETE FROM parts")
        if self.major >= 11:
            self.sql("INSERT INTO parts VALUES (1, 'a'); UPDATE parts SET id = 2")
        self.compare(least=8)

    def test_messages(self):
        """From 14; before, pgoutput has none."""
        self.begin("CREATE TABLE t (id int PRIMARY KEY)")
        self.sql(r"""
            SELECT pg_logical_emit_message(true, 'alone', '');
            SELECT pg_logical_emit_message(false, '', E'two\nlines, it''s');
            BEGIN;
            SELECT pg_logical_emit_message(true, 'a b', 'in');
            SELECT pg_logical_emit_message(false, 'p', 'before its transaction');
            INSERT INTO t VALUES (1);
            SAVEPOINT s; SELECT pg_logical_emit_message(true, 'p', 'never'); ROLLBACK TO s;
            SELECT pg_logical_emit_message(true, 'é', 'ü');
            COMMIT;
            BEGIN; SELECT pg_logical_emit_message(false, 'p', 'rolled back'); ROLLBACK;
            INSERT INTO t VALUES (2)""")
        self.compare(least=14 if self.major >= 14 else 6)

    def test_truncate(self):
        """Before 11 it is not decoded."""
        self.begin("CREATE TABLE a (id serial PRIMARY KEY); "
                   "CREATE TABLE \"B\" (id int PRIMARY KEY, a int REFERENCES a)")
        self.sql("""
            TRUNCATE "B";
            TRUNCATE a, "B";
            TRUNCATE a CASCADE;
            TRUNCATE "B" RESTART IDENTITY;
            BEGIN; INSERT INTO a VALUES (1); TRUNCATE a RESTART IDENTITY CASCADE; INSERT INTO a VALUES (2); COMMIT;
            BEGIN; TRUNCATE a CASCADE; ROLLBACK""")
        self.compare(least=17 if self.major >= 11 else 4)

    def test_prepared_transactions(self):
        """With --two-phase, which pgoutput has from 15, when they are prepared, else when they commit."""
        phases = self.major >= 15
        self.begin("CREATE TABLE gids (id int PRIMARY KEY)", ", false, true" if phases else "")
        self.sql(r"""
            BEGIN; INSERT INTO gids VALUES (1); PREPARE TRANSACTION 'a''b';
            BEGIN; INSERT INTO gids VALUES (2); PREPARE TRANSACTION E'back\\slash''';
            BEGIN; CREATE TABLE more_gids (x int); PREPARE TRANSACTION 'empty';
            INSERT INTO gids VALUES (3);
            COMMIT PREPARED 'a''b';
            ROLLBACK PREPARED E'back\\slash''';
            COMMIT PREPARED 'empty'""")
        self.compare(*["--two-phase"] * phases, least=12 if phases else 6)

    def test_stream_blocks(self):
        """Large transactions as the server streams them, from 14: before they commit, subtransactions that
        are rolled back, between them small ones. Before, when they commit."""
        streams = self.major >= 14
        self.begin("CREATE TABLE wide (id int, v text); CREATE TABLE narrow (id int)")
        fill = "INSERT INTO wide SELECT g, repeat('x', 500) FROM generate_series(1, 300) g;"
        self.sql(f"""
            BEGIN; {fill} SAVEPOINT a; {fill} SAVEPOINT b; {fill} ROLLBACK TO a; INSERT INTO narrow VALUES (1);
            TRUNCATE narrow; SELECT pg_logical_emit_message(true, 'p', 'content'); {fill} COMMIT;
            INSERT INTO narrow VALUES (2);
            BEGIN; {fill} ROLLBACK;
            INSERT INTO narrow VALUES (3)""")
        options = ["--streaming", "on", "--assemble", "off"] if streams else []
        blocks = {"stream-changes": "1"} if streams else {}
        self.compare(*options, least=1000 if streams else 600, plugin=blocks)
