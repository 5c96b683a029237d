# SPDX-License-Identifier: MIT
"""Databases that are not in UTF-8: SQL_ASCII, which holds any bytes and converts none, and LATIN1. Every value
is held against the server's own bytes, read as hexadecimal digits or said by test_decoding."""
import json
import re

from support import OK, Case

BYTES = {"value": rb"caf\xe9", "element": rb"\xff{\xc3}", "field": rb"s\xfcd", "label": rb"gr\xfcn",
         "name": rb"sp\xe9cial", "column": rb"gr\xf6\xdfe", "prefix": rb"pr\xe9fixe", "content": rb"\xfe\xff"}
TEXT = {key: text.decode() for key, text in BYTES.items()}     # as it stands in E'...'

SETUP = rf"""
CREATE PUBLICATION p FOR ALL TABLES;
DO $$ BEGIN
  EXECUTE format('CREATE TYPE mood AS ENUM (%L, %L)', E'{TEXT["label"]}', 'plain');
  CREATE TYPE pair AS (a text, n int);
  CREATE DOMAIN word AS text;
  EXECUTE format('CREATE TABLE %I (id int PRIMARY KEY, %I text)', E'{TEXT["name"]}', E'{TEXT["column"]}');
END $$;
CREATE TABLE t (id int PRIMARY KEY, v text, vc varchar(20), ch char(9), a text[], c pair, ac pair[], e mood,
                ae mood[], d word, b bytea, plain text);
ALTER TABLE t REPLICA IDENTITY FULL;
"""

CHANGES = rf"""
INSERT INTO t VALUES (1, E'{TEXT["value"]}', E'{TEXT["value"]}', E'{TEXT["value"]}', ARRAY['a', E'{TEXT["element"]}'],
  ROW(E'{TEXT["field"]}', 7), ARRAY[ROW(E'{TEXT["field"]}', 8)::pair], E'{TEXT["label"]}',
  ARRAY[E'{TEXT["label"]}', 'plain']::mood[], E'{TEXT["value"]}', '\x00ff', 'plain');
UPDATE t SET v = E'{TEXT["element"]}';
DELETE FROM t;
INSERT INTO t (id, plain) VALUES (2, 'the end');
DO $$ BEGIN EXECUTE format('INSERT INTO %I VALUES (1, %L)', E'{TEXT["name"]}', E'{TEXT["value"]}'); END $$;
"""

# Behind a row: alone it would be nothing to the plugins before 17.
MESSAGE = rf"""BEGIN;
INSERT INTO t (id) VALUES (3);
SELECT pg_logical_emit_message(true, E'{TEXT["prefix"]}', E'{TEXT["content"]}'::text);
COMMIT;"""

JSON_FORMATS = ("compact", "debezium", "wal2json-v2", "wal2json-v1", "pypgoutput", "pgoutput-decoder")


def unescape(text):
    """The bytes that E'...' makes of it."""
    return re.sub(rb"\\x(..)", lambda m: bytes([int(m[1], 16)]), text)


def strict(line):
    """JSON in UTF-8, with nothing in it twice."""
    def pairs(items):
        assert len(dict(items)) == len(items), line
        return dict(items)
    return json.loads(line.decode("utf-8"), object_pairs_hook=pairs)


class Encoded(Case):
    """A database in another encoding."""
    encoding = None

    @classmethod
    def setUpClass(cls):
        cls.database = f"TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C' ENCODING '{cls.encoding}'"
        super().setUpClass()
        cls.server.sql(SETUP, cls.db)

    def setUp(self):
        super().setUp()
        self.sql(rf"""TRUNCATE t; DO $$ BEGIN EXECUTE format('TRUNCATE %I', E'{TEXT["name"]}'); END $$""")
        self.create_slot()

    def stream(self, form, *options, slot=None):
        """Lines, as bytes; the slot does not move."""
        done = self.run_command("stream", "-S", slot or self.slot, "--publication", "p", "--until-now", "--ack", "none",
                                "--format", form, *options)
        self.assertEqual((done.status, done.err), (OK, ""), form)
        return done.out

    def ways(self):
        """Text, and binary where the server has it."""
        return ("off", "on") if self.major >= 14 else ("off",)

    def messages(self):
        return ("--messages", "on") if self.major >= 14 else ()

    def plugin_says(self):
        """The bytes of test_decoding's lines, from a slot that was made at the same place."""
        wire = "SQL_ASCII" if self.encoding == "SQL_ASCII" else "UTF8"
        rows = self.sql("SET search_path = ''; SELECT encode(convert_to(data, "
                        f"'{wire}'), 'hex') FROM pg_logical_slot_get_changes('{self.slot[:60]}_td', NULL, NULL, "
                        "'skip-empty-xacts', '1', 'include-xids', '1')")
        return b"".join(bytes.fromhex(row) + b"\n" for row in rows.split("\n"))

    def check_values(self, text, name):
        """text: what a value is expected to be, name: what a name is."""
        self.sql(CHANGES + (MESSAGE if self.major >= 14 else ""))
        value, element, field, label = (text(unescape(BYTES[k])) for k in ("value", "element", "field", "label"))
        row = {"id": 1, "v": value, "vc": value, "ch": text(unescape(BYTES["value"]).ljust(9)),
               "a": ["a", element], "c": {"a": field, "n": 7}, "ac": [{"a": field, "n": 8}], "e": label,
               "ae": [label, "plain"], "d": value, "plain": "plain"}
        special = name(unescape(BYTES["name"])), {"id": 1, name(unescape(BYTES["column"])): value}
        for binary in self.ways():
            with self.subTest(binary=binary):
                self.check_compact(row, special, name, binary)
                self.check_others(value, element, label, special, binary)

    def check_compact(self, row, special, name, binary):
        lines = [strict(line) for line in self.stream("compact", "--binary", binary, *self.messages()).splitlines()]
        rows = [line for line in lines if line["op"] in "IUD"]
        self.assertEqual("".join(line["op"] for line in rows[:5]), "IUDII")
        inserted = {key: value for key, value in rows[0]["new"].items() if key != "b"}
        self.assertEqual(inserted, row)
        self.assertEqual(rows[1]["new"]["v"], row["a"][1])
        self.assertEqual((rows[2]["old"]["v"], rows[2]["old"]["e"]), (row["a"][1], row["e"]))
        self.assertEqual((rows[4]["table"], rows[4]["new"]), special)
        self.assertEqual(rows[4].get("$invalid", False), self.encoding == "SQL_ASCII")
        for message in [line for line in lines if line["op"] == "M"]:
            self.assertEqual((message["prefix"], message["content"]),
                             (name(unescape(BYTES["prefix"])), {"$bytes": unescape(BYTES["content"]).hex()}))
        self.assertEqual("M" in [line["op"] for line in lines], self.major >= 14)

    def check_others(self, value, element, label, special, binary):
        """Each value is there, in each JSON format, wherever it stands."""
        for form in JSON_FORMATS:
            lines = [strict(line) for line in self.stream(form, "--binary", binary).splitlines()]
            text = json.dumps(lines)
            for wanted in (value, element, label, *special[1]):
                self.assertIn(json.dumps(wanted) if not isinstance(wanted, str) else json.dumps(wanted)[1:-1], text,
                              (form, wanted))

    def check_test_decoding(self, *options, message=""):
        """Byte by byte."""
        self.create_slot(self.slot[:60] + "_td", "test_decoding")
        self.create_slot(self.slot[:60] + "_us")
        self.sql(CHANGES + message)
        theirs = self.plugin_says()
        self.assertGreaterEqual(theirs.count(b"BEGIN"), 5)
        for binary in self.ways():
            ours = self.stream("test_decoding", "--binary", binary, *options, slot=self.slot[:60] + "_us")
            self.assertEqual(ours.splitlines(), theirs.splitlines(), binary)

    def check_sql(self, changes):
        """Its statements make the same rows in another database of the same encoding."""
        self.sql(changes + f"INSERT INTO t VALUES (7, E'{TEXT['value']}', E'{TEXT['value']}', 'x', "
                 f"ARRAY[E'{TEXT['element']}'], ROW(E'{TEXT['field']}', 7), NULL, E'{TEXT['label']}')")
        for binary in self.ways():
            other = f"{self.db}_{binary}"
            self.server.sql(f"CREATE DATABASE {other} {self.database}")
            self.addCleanup(self.server.sql, f"DROP DATABASE {other}")
            self.server.sql(SETUP, other)
            (self.dir / "replay.sql").write_bytes(self.stream("sql", "--binary", binary))
            self.server.sql(f"\\i {self.dir}/replay.sql", other)
            rows = "encode(convert_to(string_agg(t::text, '|' ORDER BY id), 'SQL_ASCII'), 'hex') FROM t"
            self.assertEqual(self.server.value(rows, other), self.value(rows), binary)


class SqlAscii(Encoded):
    """Bytes that are not UTF-8 come out so that they can be told."""
    encoding = "SQL_ASCII"

    def test_values(self):
        self.check_values(lambda raw: {"$bytes": raw.hex()},
                          lambda raw: "".join(chr(b) if b < 128 else f"\\x{b:02x}" for b in raw))

    def test_test_decoding(self):
        self.check_test_decoding(*self.messages(), message=MESSAGE if self.major >= 14 else "")

    def test_sql(self):
        """But for the table whose name is not UTF-8: docs/formats.md says that this is an error."""
        self.check_sql(CHANGES.partition("DO $$")[0])


class Latin1(Encoded):
    """The server converts."""
    encoding = "LATIN1"

    def test_values(self):
        self.check_values(lambda raw: raw.decode("latin-1"), lambda raw: raw.decode("latin-1"))

    def test_test_decoding(self):
        """Without a message: the stream has its content as it was written, the plugin converts it, too."""
        self.check_test_decoding()

    def test_sql(self):
        self.check_sql(CHANGES)
