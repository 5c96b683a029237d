# SPDX-License-Identifier: MIT
"""--format wal2json-v1 and wal2json-v2 against the plugin itself, on Debian's PostgreSQL 15, for which there is a
package of it, whatever the other tests run on."""
import json
import os
import re

import pg
import support
import test_decoding_plugin
import twin
from histories import History
from support import OK, since
from test_histories import Session

COUNT = int(os.environ.get("WALWIRE_HISTORIES", "200"))
FIRST = int(os.environ.get("WALWIRE_SEED", "1"))
BATCH = 50                    # histories between two readings
# Not every type in them has a binary form that can be read.
TEXT_ONLY = ["test_types", "test_types_of_users"]

# Every kind of type modifier.
FIELDS = ["year", "month", "day", "hour", "minute", "second", "year to month", "day to hour", "day to minute",
          "day to second", "hour to minute", "hour to second", "minute to second"]
MODIFIED = (
    ["char", "char(1)", "char(10485760)", "bpchar", "varchar", "varchar(1)", "varchar(10485760)", "bit", "bit(64)",
     "bit varying", "varbit(1)", "numeric", "numeric(1)", "numeric(1000,1000)", "numeric(5,-1000)", "numeric(38,10)",
     "numeric(3,4)", "name", '"char"', "text", "pg_catalog.bit", "pg_catalog.bpchar"] +
    [f"{kind}{digits} {zone} time zone" for kind in ("time", "timestamp") for digits in ("", "(0)", "(6)")
     for zone in ("with", "without")] +
    ["interval", "interval(0)", "interval(6)"] + [f"interval {fields}" for fields in FIELDS] +
    [f"interval {fields}({digits})" for fields in FIELDS if fields.endswith("second") for digits in (0, 6)])


def read(case, slot, version, **options):
    """What the plugin says of a slot, line by line. The slot stays where it is."""
    listed = "".join(f", '{name}', '{value}'" for name, value in {"format-version": version, **options}.items())
    settings = "".join(f"SET {name} = '{value}';\n" for name, value in twin.SETTINGS.items())
    rows = case.sql(f"{settings} SET client_min_messages = error; SELECT to_json(data) FROM "
                    f"pg_logical_slot_peek_changes('{slot}', NULL, NULL{listed})")
    return [json.loads(row) for row in rows.split("\n") if row]


def mended(line):
    """With the plugin's two mistakes mended: a type both of whose names are quoted is no JSON, nor is a message
    outside of a transaction after one with changes."""
    line = line.replace('{"change":[,{', '{"change":[{')
    return re.sub(r'(?<=[:,\[])"(?:[^"\\]|"")+"\."(?:[^"\\]|"")+"(?=[,\]}])', lambda name: json.dumps(name[0]), line)


def is_empty(first, second):
    """A transaction that the server's pgoutput leaves out from 15 on."""
    return first.startswith('{"action":"B"') and second.startswith('{"action":"C"')


def without_empty(lines):
    kept = []
    for line in lines:
        if kept and is_empty(kept[-1], line):
            kept.pop()
        elif not line.endswith('"change":[]}'):
            kept.append(line)
    return kept


def later_nextlsn(line):
    """Where a stream tells the end of a transaction: when it is over."""
    line = re.sub(r'("action":"B".*),"nextlsn":"[^"]*"', r"\1", line)
    return re.sub(r'\A(\{(?:"xid":\d+,)?)("nextlsn":"[^"]*"),(.*)\}\Z', r"\1\3,\2}", line)


class Plugin(twin.Twins):
    @classmethod
    def find_server(cls):
        if "wal2json twins" not in support.others:
            support.others["wal2json twins"] = pg.Server("debian15", {
                "max_prepared_transactions": "50", "logical_decoding_work_mem": "64kB", "jit": "off"}).start()
            cls.let_in(support.others["wal2json twins"])
        return support.others["wal2json twins"]

    @staticmethod
    def let_in(server):
        """Since August 2026 servers load only what is listed; before, there is no such setting."""
        setting = "coalesce(current_setting('output_plugin_libraries', true), '')"
        if server.value(f"{setting} <> ''") == "t":
            server.sql("ALTER SYSTEM SET output_plugin_libraries = pgoutput, test_decoding, wal2json; "
                       "SELECT pg_reload_conf()")
            server.wait(f"{setting} LIKE '%wal2json%'")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE PUBLICATION p FOR ALL TABLES", cls.db)

    def begin(self, setup):
        self.sql(setup)
        for slot, plugin in (self.slot, "pgoutput"), (self.twin_slot, "wal2json"):
            self.value(f"pg_create_logical_replication_slot('{slot}', '{plugin}')")

    @property
    def twin_slot(self):
        return self.slot[:60] + "_wj"

    def ours(self, version, *options):
        done = self.run_command("stream", "-S", self.slot, "--publication", "p", "--until-now", "--ack", "none",
                                "--format", f"wal2json-v{version}", *options, seconds=600)
        self.assertEqual(done.status, OK, f"{' '.join(options)}: {done.err}")
        return done.out.decode().split("\n")[:-1]

    def compare_one(self, version, *options, least=1, plugin=None, expected=lambda line: line, what=""):
        theirs = [expected(mended(line)) for line in read(self, self.twin_slot, version, **(plugin or {}))]
        theirs = without_empty(theirs)
        self.assertGreaterEqual(len(theirs), least, theirs)
        for line in theirs:
            json.loads(line)
        ours = without_empty(self.ours(version, *options))
        self.assert_same("".join(line + "\n" for line in ours), theirs, f"{what}version {version}: ")

    def compare(self, *options, least=1, expected=None):
        """least: how many lines test_decoding has. expected: for test_decoding's lines."""
        self.compare_one(2, *options, least=least)
        self.compare_one(1, *options)
        if self._testMethodName not in TEXT_ONLY:
            self.compare_one(2, "--binary", "on", *options, least=least)


class Wal2jsonTables(Plugin):
    """The tables of the comparison with test_decoding."""
    test_types = test_decoding_plugin.TestDecoding.test_types
    test_types_of_users = test_decoding_plugin.TestDecoding.test_types_of_users
    test_names = test_decoding_plugin.TestDecoding.test_names
    test_replica_identities = test_decoding_plugin.TestDecoding.test_replica_identities
    test_toast = test_decoding_plugin.TestDecoding.test_toast
    test_ddl_in_between = test_decoding_plugin.TestDecoding.test_ddl_in_between
    test_partitions = test_decoding_plugin.TestDecoding.test_partitions
    test_messages = test_decoding_plugin.TestDecoding.test_messages
    test_truncate = test_decoding_plugin.TestDecoding.test_truncate


class Wal2jsonFormats(Plugin):
    """What is this plugin's own."""

    def test_type_modifiers(self):
        columns = ", ".join(f"c{i} {kind}, a{i} {kind}[]" for i, kind in enumerate(MODIFIED))
        self.begin(f"CREATE TABLE modified ({columns})")
        self.sql("INSERT INTO modified DEFAULT VALUES; INSERT INTO modified (c0, a0) VALUES ('x', '{y}')")
        self.compare(least=6)

    def test_types_in_binary(self):
        """Those that can be read in it, by themselves and in arrays."""
        kinds = [(kind, value) for _, kind, value in test_decoding_plugin.VALUES
                 if not kind.startswith("reg") and kind != "aclitem"]
        columns = ", ".join(f"c{i} {kind}, a{i} {kind}[]" for i, (kind, _) in enumerate(kinds))
        self.begin(f"CREATE TABLE binary_type ({columns})")
        self.sql("INSERT INTO binary_type VALUES (" + ", ".join(
            f"{value}, ARRAY[{value}, NULL]::{kind}[]" for kind, value in kinds) + ")")
        self.compare(least=3)

    def test_strings(self):
        """Every character that might be escaped, as a value, as content, and in names."""
        self.begin("CREATE TABLE strings (c int, v text, b bytea)")
        self.sql("INSERT INTO strings SELECT c, chr(c) || 'x' || chr(c), chr(c)::text::bytea FROM "
                 "(SELECT generate_series(1, 300) UNION SELECT unnest('{8206,8232,8233,8238,65279,128024}'::int[])) "
                 "AS codes (c) WHERE c <> 92; INSERT INTO strings VALUES (92, '\\', '\\x'); "
                 "INSERT INTO strings VALUES (0, repeat(E'longer than a buffer \"\\u00e9\" \\n', 500), NULL); "
                 "SELECT pg_logical_emit_message(true, E'\\u0001\\u007f\\u0085', E'\"\\\\\\b\\f\\n\\r\\t\\u001f\\u2028')")
        self.sql("CREATE TABLE \"a\"\"\\\t\u0085\u2028\" (\"\u202e\n\" int); "
                 "INSERT INTO \"a\"\"\\\t\u0085\u2028\" VALUES (1)")
        self.compare(least=312)

    def test_prepared_transactions(self):
        """When they commit."""
        self.begin("CREATE TABLE gids (id int PRIMARY KEY)")
        self.sql("""
            BEGIN; INSERT INTO gids VALUES (1); PREPARE TRANSACTION 'a';
            BEGIN; INSERT INTO gids VALUES (2); PREPARE TRANSACTION 'b';
            INSERT INTO gids VALUES (3);
            COMMIT PREPARED 'a'; ROLLBACK PREPARED 'b'""")
        self.compare(least=6)

    def test_no_columns(self):
        self.begin("CREATE TABLE nothing (); CREATE TABLE left_over (a int, b text); "
                   "ALTER TABLE left_over DROP COLUMN a; ALTER TABLE left_over REPLICA IDENTITY FULL")
        self.sql("INSERT INTO nothing DEFAULT VALUES; INSERT INTO left_over VALUES ('x'), (NULL); "
                 "UPDATE left_over SET b = NULL; DELETE FROM left_over")
        self.compare(least=10)

    def domains(self):
        self.begin("CREATE DOMAIN small AS int CHECK (VALUE < 10); CREATE DOMAIN word AS varchar(5); "
                   "CREATE DOMAIN yes AS bool; CREATE TABLE domains (s small, w word, y yes, ws word[])")
        self.addCleanup(self.sql, "DROP TABLE domains; DROP DOMAIN small; DROP DOMAIN word; DROP DOMAIN yes")
        self.sql("INSERT INTO domains VALUES (1, 'a', true, '{b,NULL}'), (NULL, NULL, NULL, NULL)")

    def test_domains(self):
        self.domains()
        self.compare(least=4)

    def test_without_the_catalog_a_domain_is_named_as_its_base_type(self):
        self.domains()
        names = {'"public.small"': '"integer"', '"public.word"': '"character varying"', '"public.yes"': '"boolean"'}
        for version in (2, 1):
            self.compare_one(version, "--catalog", "off", expected=lambda line: re.sub(
                "|".join(names), lambda name: names[name[0]], line))

    def test_options(self):
        """Each of the options that walwire has, and all together."""
        self.begin("CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE o (id int PRIMARY KEY, v varchar(5), m mood, "
                   "ms mood[], n numeric(5,2)[])")
        self.sql("""
            BEGIN; INSERT INTO o VALUES (1, 'a', 'sad'), (2, 'b', 'sad'); UPDATE o SET id = 3 WHERE id = 1;
            DELETE FROM o WHERE id = 2; SELECT pg_logical_emit_message(true, 'p', 'in'); TRUNCATE o; COMMIT;
            SELECT pg_logical_emit_message(false, 'p', 'out'); INSERT INTO o VALUES (9)""")
        default = dict.fromkeys(["include-xids", "include-timestamp", "include-lsn", "include-type-oids"], "false")
        default |= dict.fromkeys(["include-schemas", "include-types"], "true")
        for version, own in (2, "include-transaction"), (1, "include-typmod"):
            changed = {name: "true" if value == "false" else "false"
                       for name, value in {**default, own: "true"}.items()}
            for some in [{name: value} for name, value in changed.items()] + [changed]:
                self.compare_one(version, *[f"--{name}={value}" for name, value in some.items()], plugin=some,
                                 expected=later_nextlsn, what=f"{some}, ")


@since(15, 15)
class Wal2jsonHistories(Plugin):
    """Once, with the other tests of the version that this server has."""

    def setUp(self):
        super().setUp()
        self.sessions = [Session(self.server, self.db) for _ in range(4)]
        for session in self.sessions:
            self.addCleanup(session.close)
            session.run("SET synchronous_commit = off; SET lock_timeout = '10s'; SET client_min_messages = warning")

    def test_both_versions_tell_what_the_plugin_tells(self):
        """Random histories (histories.py), large transactions streamed and spilled; one version in binary."""
        self.begin("CREATE TABLE fence (n int)")
        for first in range(FIRST, FIRST + COUNT, BATCH):
            self.check(range(first, min(first + BATCH, FIRST + COUNT)))
        self.assertGreater(int(self.value("stream_txns FROM pg_stat_replication_slots "
                                          f"WHERE slot_name = '{self.slot}'")), 0)

    def check(self, seeds):
        for seed in seeds:
            for session, statements in History(seed).steps:
                self.sessions[session].run(statements)
        # Commits with synchronous_commit, and so writes out all before it.
        self.sql("INSERT INTO fence VALUES (1)")
        for version, binary in (2, "off"), (1, "on"):
            self.compare_one(version, "--assemble-memory", "4k", "--binary", binary, least=len(seeds),
                             what=f"histories {seeds[0]}..{seeds[-1]}, ")
        for slot in self.slot, self.twin_slot:
            self.value(f"pg_replication_slot_advance('{slot}', pg_current_wal_lsn())")
        for seed in seeds:
            self.sessions[0].run(f"DROP SCHEMA h{seed} CASCADE")
