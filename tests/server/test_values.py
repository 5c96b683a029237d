# SPDX-License-Identifier: MIT
"""A column of every type, with the edges of its range: in text and in binary mode the output is the same, byte by byte,
in every format, and each value is the server's own text."""
import re

import support
import values
from support import OK, Case

FORMATS = ["debezium", "compact", "wal2json-v1", "wal2json-v2", "pypgoutput", "pgoutput-decoder", "test_decoding", "sql"]

# Each knob's values beside its default.
KNOBS = [("debezium", knob) for knob in (
    "decimal.handling.mode=precise", "decimal.handling.mode=double", "time.precision.mode=adaptive",
    "time.precision.mode=adaptive_time_microseconds", "time.precision.mode=connect", "time.precision.mode=isostring",
    "time.precision.mode=microseconds", "time.precision.mode=nanoseconds", "interval.handling.mode=numeric",
    "interval.handling.mode=string", "binary.handling.mode=bytes", "binary.handling.mode=base64",
    "binary.handling.mode=base64-url-safe", "binary.handling.mode=hex", "hstore.handling.mode=json", "hstore.handling.mode=map")]

# The time at which the server sent a message differs between two readings of a slot.
SENT = re.compile(rb'"ts_ms":\d+,"ts_us":\d+,"ts_ns":\d+(?=(,"transaction"|,"\$invalid"|}\n))')

PINNED = ("SET client_encoding = 'UTF8'; SET DateStyle = ISO; SET IntervalStyle = postgres; SET extra_float_digits = 3; "
          "SET bytea_output = hex; SET TimeZone = UTC; SET lc_monetary = 'C'; ")


def unescape(field):
    """A field of COPY's text format; None for null."""
    words = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
    return None if field == "\\N" else re.sub(r"\\(.)", lambda match: words[match.group(1)], field, flags=re.DOTALL)


def read_literals(line):
    """The values of a test_decoding line, as the server's text; None for null."""
    at = line.index(": INSERT:") + len(": INSERT:")
    found = []
    while at < len(line):
        at = re.compile(r' ("([^"]|"")*"|[^"\[ ]+)\[([^:]|:(?!))*?\]:').match(line, at).end()
        quoted = re.compile(r"B?'((?:[^']|'')*)'(?= |$)", re.DOTALL).match(line, at)
        plain = re.compile(r"[^ ]*").match(line, at)
        if quoted:
            found.append(quoted.group(1).replace("''", "'"))
            at = quoted.end()
        else:
            found.append({"null": None, "true": "t", "false": "f"}.get(plain.group(), plain.group()))
            at = plain.end()
    return found


@support.since(14)
class EveryType(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql(values.TYPES, cls.db)
        cls.server.sql("".join(f"CREATE EXTENSION {name};\n" for name in cls.extensions()), cls.db)

    @classmethod
    def extensions(cls):
        wanted = ("hstore", "citext", "ltree")
        return cls.server.sql("SELECT name FROM pg_available_extensions WHERE name IN "
                              f"{wanted} ORDER BY 1", cls.db).split("\n")

    def has_type(self, name):
        if name != "xml":
            return name in self.extensions()
        return self.value("EXISTS (SELECT FROM pg_config WHERE name = 'CONFIGURE' AND setting LIKE '%libxml%')") == "t"

    def columns(self):
        """[(type, [input texts])] of the built-in types, and arrays of them."""
        found = list(values.edges(self.major, self.has_type).items())
        for name, texts in found[:]:
            base = re.sub(r"\(.*", "", name)
            if base not in ("int2vector", "oidvector"):
                found.append((f"{name}[]", values.arrays([text for text in texts if len(text) < 1000],
                                                         ";" if base == "box" else ",")))
        return found

    def make(self, columns):
        """A table t with a column for each type, in each row the next of its texts, null when there are no more."""
        rows = max(len(texts) for _, texts in columns)
        self.sql("DROP PUBLICATION IF EXISTS p; DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, "
                 + ", ".join(f"c{i} {name}" for i, (name, _) in enumerate(columns)) + "); CREATE PUBLICATION p FOR TABLE t")
        self.drop_slots()
        self.create_slot()
        self.sql("".join(f"INSERT INTO t VALUES ({row}, "
                         + ", ".join(values.literal(texts[row]) if row < len(texts) else "NULL" for _, texts in columns)
                         + ");\n" for row in range(rows)))

    def read(self, *arguments):
        """The slot's output, without moving it."""
        done = self.run_command("stream", "-S", self.slot, "--publication", "p", "--until-now", "--ack", "none", *arguments)
        self.assertEqual(done.status, OK, done.err)
        return SENT.sub(b"", done.out), done.err

    def compare_modes(self, name, *arguments):
        text, _ = self.read("--format", name, *arguments)
        self.assertGreater(len(text), 1000)
        for binary in ("on", "auto"):
            other, said = self.read("--format", name, "--binary", binary, "-v", *arguments)
            self.assertRegex(said, r"binary on")
            for mine, theirs in zip(text.splitlines(), other.splitlines()):
                self.assertEqual(mine, theirs)
            self.assertEqual(text, other)

    def compare_with_server(self, *arguments):
        """test_decoding's lines have each value as it is."""
        copied = self.sql(PINNED + "SET search_path = ''; COPY (SELECT * FROM public.t ORDER BY id) TO STDOUT")
        wanted = [[unescape(field) for field in line.split("\t")] for line in copied.split("\n")]
        out, _ = self.read("--format", "test_decoding", *arguments)
        records = re.split(r"^(?=BEGIN|COMMIT|table )", out.decode(), flags=re.MULTILINE)
        lines = [record.removesuffix("\n") for record in records if record.startswith("table ")]
        self.assertEqual(len(lines), len(wanted))
        for line, row in zip(lines, wanted):
            for i, (mine, theirs) in enumerate(zip(read_literals(line), row, strict=True)):
                self.assertEqual(mine, theirs, f"column {i}, row {row[0]}")

    def test_every_format(self):
        self.make(self.columns())
        for name in FORMATS:
            with self.subTest(format=name):
                self.compare_modes(name)

    def test_every_knob(self):
        self.make(self.columns())
        for name, knob in KNOBS:
            with self.subTest(knob=knob):
                self.compare_modes(name, f"--{knob}")

    def test_server_text(self):
        self.make(self.columns())
        self.compare_with_server()
        self.compare_with_server("--binary", "on")

    @support.since(14, 14)
    def test_char_of_14(self):
        """A "char" above 127 is a raw byte in the text of 14, an escape from 15 on."""
        self.make([('"char"', ["a"]), ('"char"[]', ["{a}"])])
        self.sql("UPDATE t SET c0 = (-56)::\"char\", c1 = ARRAY[(-56)::\"char\"]")
        text, _ = self.read("--format", "compact")
        other, said = self.read("--format", "compact", "--binary", "auto", "-v")
        self.assertIn(b'{"$bytes":"c8"}', text)
        self.assertEqual(text, other)
        self.assertIn("binary on", said)

    def test_text_only(self):
        """Types that are not on the binary list: `auto` chooses text, and says why."""
        columns = [(name, texts) for name, texts in values.TEXT_ONLY.items()]
        for name, texts in columns:
            with self.subTest(type=name):
                self.make([("int4", ["1", "-5"]), (name, texts)])
                text, _ = self.read("--format", "compact")
                other, said = self.read("--format", "compact", "--binary", "auto", "-v")
                self.assertEqual(text, other)
                self.assertRegex(said, r"binary off")
                self.assertIn("c1", said)
        self.make(columns)
        self.compare_with_server("--binary", "auto")
