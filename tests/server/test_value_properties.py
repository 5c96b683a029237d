# SPDX-License-Identifier: MIT
"""Random values, family by family: the server's text and the server's binary form are one value to walwire, whose
text is the server's text. The work is done by tests/decode/value_roundtrip.c."""
import os
import random
import subprocess

import pg
import support
import values
from support import Case

COUNT = 10_000
LONG_COUNT = 1_000_000


@support.since(14)
class ValueProperties(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql(values.TYPES + "CREATE TYPE textrange AS RANGE (subtype = text); CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree", cls.db)
        cls.tool = support.tools / "value_roundtrip"

    def psql(self, script, stdin=None, **options):
        command = [pg.find_tool("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.server.host, "-p", str(self.server.port),
                   "-U", "postgres", "-d", self.db, "-c", script]
        settings = "-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres -c extra_float_digits=3 -c lc_monetary=C -c search_path=public"
        return subprocess.Popen(command, stdin=stdin, env={**os.environ, "PGOPTIONS": settings, "PGCLIENTENCODING": "UTF8"}, **options)

    def user_types(self):
        """The lines that tell the tool of this database's types."""
        oid = dict(row.split("|") for row in self.sql("SELECT typname, oid FROM pg_type WHERE oid >= 16384").split("\n"))
        return "".join(f"type {line}\n" for line in (
            f"{oid['mood']} enum 0", f"{oid['pair']} composite 0 n:23 t:25", f"{oid['_pair']} array {oid['pair']}",
            f"{oid['textrange']} range 25", f"{oid['hstore']} hstore 0",
            f"{oid['price']} domain 1700", f"{oid['_price']} array {oid['price']}", f"{oid['words']} domain 1009",
            f"{oid['textmultirange']} multirange {oid['textrange']}", f"{oid['citext']} text 0", f"{oid['ltree']} ltree 0"))

    def fill(self, name, count, seed):
        self.sql("DROP TABLE IF EXISTS raw; CREATE UNLOGGED TABLE raw (x text)")
        copy = self.psql("COPY raw FROM STDIN", stdin=subprocess.PIPE, text=True)
        escape = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})
        with copy.stdin as pipe:
            for text in values.generate(name, count, seed):
                pipe.write(text.translate(escape) + "\n")
        self.assertEqual(copy.wait(), 0)

    def check_family(self, name, count, seed):
        type_name, _, expression = values.FAMILIES[name]
        if name == "char above 127" and self.major < 15:
            return  # on 14 its text is a byte that is no UTF-8: test_values.test_char_of_14
        send = self.value(f"typsend::regproc FROM pg_type WHERE oid = '{type_name}'::regtype")
        self.fill(name, count, seed)
        rows = self.psql(f"COPY (SELECT '{type_name}'::regtype::oid, encode(convert_to(format('%s', v), 'UTF8'), 'hex'), "
                         f"encode({send}(v), 'hex') FROM (SELECT {expression or f'x::{type_name}'} AS v FROM raw) s) TO STDOUT",
                         stdout=subprocess.PIPE)
        tool = subprocess.Popen([self.tool], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        tool.stdin.write(self.user_types().encode())
        tool.stdin.flush()
        with tool.stdin as pipe:
            while chunk := rows.stdout.read(1 << 20):
                pipe.write(chunk)
        rows.stdout.close()
        self.assertEqual(rows.wait(), 0)
        said = tool.stdout.read().decode(errors="replace")
        tool.stdout.close()
        self.assertEqual(tool.wait(), 0, f"{name}, seed {seed}: {said}")
        self.assertIn(f"{count} values compared", said)

    def check_all(self, count):
        seed = int(os.environ.get("WALWIRE_SEED", random.SystemRandom().randrange(1 << 30)))
        for name in values.FAMILIES:
            with self.subTest(family=name, seed=seed):
                self.check_family(name, count, seed)

    def test_families(self):
        self.check_all(COUNT)

    @support.long
    def test_families_long(self):
        self.check_all(LONG_COUNT)
