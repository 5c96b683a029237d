# SPDX-License-Identifier: MIT
"""record and decode: a capture renders to what the stream would have said."""
import json
import struct
import subprocess

from support import INPUT, OK, USAGE, Case, environment, since

WORK = """
INSERT INTO t VALUES (1, 'a', repeat('x', 3000)), (2, 'ä"\\', NULL);
UPDATE t SET v = 'b';
BEGIN; UPDATE t SET id = 3 WHERE id = 1; DELETE FROM t WHERE id = 2; COMMIT;
SELECT pg_logical_emit_message(false, 'p', 'x');
TRUNCATE t;
INSERT INTO t SELECT n, 'v' || n FROM generate_series(1, 500) n;
"""


class Capture(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY, v text, big text); "
                       "ALTER TABLE t ALTER COLUMN big SET STORAGE EXTERNAL; "
                       "CREATE PUBLICATION p FOR TABLE t", cls.db)

    def setUp(self):
        super().setUp()
        self.sql("TRUNCATE t")
        self.create_slot()
        self.sql(WORK)
        self.file = self.dir / "capture"

    def stream(self, *arguments):
        done = self.run_command("stream", "-S", self.slot, "--publication", "p", "--until-now", *arguments)
        self.assertEqual(done.status, OK, done.err)
        return done.out

    def record(self, *arguments):
        done = self.run_command("record", "-S", self.slot, "--publication", "p", "--until-now",
                                "-f", self.file, *arguments)
        self.assertEqual((done.status, done.out), (OK, b""), done.err)
        return self.file

    def decode(self, *arguments, **options):
        return self.run_command("decode", *arguments, conninfo="", **options)

    def test_the_same_bytes_as_the_stream(self):
        streamed = self.stream("--ack", "none", "--format", "compact")
        decoded = self.decode(self.record("--ack", "none"), "--format", "compact")
        self.assertEqual(decoded.status, OK, decoded.err)
        self.assertGreater(len(streamed.splitlines()), 500)
        self.assertEqual(decoded.out, streamed)

    @since(14)
    def test_binary_values_that_cannot_be_read(self):
        """A capture takes them; what to do about them is not to stream otherwise."""
        self.sql("CREATE TABLE named (id int PRIMARY KEY, c regclass); ALTER PUBLICATION p ADD TABLE named; "
                 "INSERT INTO named VALUES (1, 'pg_class')")
        self.addCleanup(self.sql, "DROP TABLE named")
        path = self.record("--binary", "on")
        refused = self.decode(path, "--table", "named")
        self.assertEqual(refused.status, INPUT, refused.err)
        self.assertIn("public.named.c (regclass)", refused.err)
        self.assertIn("--exclude-columns", refused.err)
        done = self.decode(path, "--table", "named", "--exclude-columns", "named.c", "--format", "compact")
        self.assertEqual((done.status, [event["new"] for event in done.of("I")]), (OK, [{"id": 1}]))

    def test_debezium_differs_only_in_the_send_time(self):
        """The send time is the server's, and two streams are sent at two times. A message outside
        transactions has no other time, in its source neither."""
        def without_send_time(out):
            for line in out.splitlines():
                event = {key: value for key, value in json.loads(line).items() if key[:3] != "ts_"}
                if event.get("op") == "m":
                    event["source"] = {key: value for key, value in event["source"].items()
                                       if key[:3] != "ts_"}
                yield event
        streamed = self.stream("--ack", "none", "--transactions")
        decoded = self.decode(self.record(), "--transactions")
        self.assertEqual(decoded.status, OK, decoded.err)
        self.assertEqual(list(without_send_time(decoded.out)), list(without_send_time(streamed)))
        self.assertEqual(self.decode(self.file, "--transactions").out, decoded.out)

    def test_record_acknowledges(self):
        self.record()
        self.assertEqual(self.stream("--format", "compact"), b"")
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)

    def test_from_standard_input(self):
        file = self.record()
        with file.open("rb") as stdin:
            piped = self.decode("-", "--format", "compact", stdin=stdin)
        self.assertEqual(piped.status, OK, piped.err)
        self.assertEqual(piped.out, self.decode(file, "--format", "compact").out)

    def test_to_a_file(self):
        file, out = self.record(), self.dir / "out"
        self.assertEqual(self.decode(file, "-f", out).status, OK)
        self.assertEqual(out.read_bytes(), self.decode(file).out)

    def test_every_cut_is_noticed(self):
        """Never a crash; a capture that ends in the middle of something says so and where."""
        whole = self.record().read_bytes()
        all_of_it = self.decode(self.file, "--format", "compact").out
        step = max(1, len(whole) // 150)
        ends = {*range(0, 200, 3), *range(200, len(whole), step), len(whole) - 1}
        for end in sorted(ends):
            self.file.write_bytes(whole[:end])
            done = self.decode(self.file, "--format", "compact")
            with self.subTest(end=end):
                self.assertTrue(all_of_it.startswith(done.out))
                if done.status == OK:
                    self.assertTrue(not done.out or b'"op":"C"' in done.out.splitlines()[-1]
                                    or b'"op":"M"' in done.out.splitlines()[-1])
                else:
                    self.assertEqual(done.status, INPUT, done.err)
                    self.assertIn(str(self.file), done.err)
        self.file.write_bytes(whole[:-1])
        self.assertEqual(self.decode(self.file).status, INPUT)

    def test_every_flipped_bit_is_noticed(self):
        whole = self.record().read_bytes()
        step = max(1, len(whole) // 150)
        for at in sorted({*range(0, 200, 3), *range(200, len(whole), step), len(whole) - 1}):
            self.file.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1:])
            done = self.decode(self.file, "--format", "compact")
            with self.subTest(at=at):
                self.assertEqual(done.status, INPUT, done.err)
                self.assertLessEqual(len(done.err.splitlines()), 4)

    def test_what_is_no_capture(self):
        for name, content in (("empty", b""), ("text", b"hello\n"), ("zero", b"\0" * 4096)):
            path = self.dir / name
            path.write_bytes(content)
            self.assert_error(self.decode(path), INPUT, str(path))
        self.assert_error(self.decode(self.dir / "absent"), INPUT, "absent")
        self.assert_error(self.decode(self.dir), INPUT, str(self.dir))
        self.assert_error(self.decode(), USAGE)

    def test_frames(self):
        """--input frames, written here from test_decoding's sibling: the server's own pgoutput bytes."""
        rows = self.sql("SELECT encode(data, 'hex') FROM pg_logical_slot_peek_binary_changes("
                        f"'{self.slot}', NULL, NULL, 'proto_version', '1', 'publication_names', 'p')")
        payloads = [bytes.fromhex(row) for row in rows.split("\n")]
        frames = b"".join(struct.pack(">I", 25 + len(payload)) + b"w" + bytes(24) + payload
                          for payload in payloads)
        done = subprocess.run(self.command("decode", "--input", "frames", "-", "--format", "compact",
                                           conninfo=""), input=frames, capture_output=True,
                              env=environment(self.dir))
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertEqual(done.stdout, self.stream("--format", "compact", "--messages", "off"))
        cut = subprocess.run(self.command("decode", "--input", "frames", "-", conninfo=""),
                             input=frames[:-1], capture_output=True, env=environment(self.dir))
        self.assertEqual(cut.returncode, INPUT)


class Types(Case):
    """What a look-up told stands in the capture: types render from it as they did in the stream."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("""
            CREATE TYPE mood AS ENUM ('sad', 'ok');
            CREATE DOMAIN price AS numeric(10, 2);
            CREATE TYPE item AS (item text, cost price, moods mood[]);
            CREATE TABLE t (id int PRIMARY KEY, m mood, p price, l item, ls item[], ms mood[]);
            CREATE TABLE later (id int, n item, PRIMARY KEY (id));
            CREATE PUBLICATION p FOR ALL TABLES""", cls.db)

    def run_to(self, verb, *arguments, **options):
        done = self.run_command(verb, "-S", self.slot, "--publication", "p", "--until-now", "--ack", "none",
                                *arguments, **options)
        self.assertEqual(done.status, OK, done.err)
        return done.out

    def lines(self, out, name):
        """Without the time at which it was sent."""
        if name not in ("debezium", "pgoutput-decoder"):
            return out.splitlines()
        return [{key: value for key, value in json.loads(line).items() if key[:3] != "ts_"}
                for line in out.splitlines()]

    def test_the_same_as_the_stream(self):
        self.create_slot()
        self.sql("""
            INSERT INTO t VALUES (1, 'ok', 1.5, '(a,2.25,"{sad,ok}")', '{"(b,,)","(,3,{})"}', '{ok,NULL}');
            INSERT INTO later VALUES (1, '(x,1,)');
            CREATE TYPE other AS (a int, b mood);
            ALTER TABLE later ADD COLUMN o other;
            UPDATE later SET o = '(7,sad)'""")
        capture = self.dir / "capture"
        self.run_to("record", "-f", capture)
        for name in ("debezium", "compact", "test_decoding", "pypgoutput", "pgoutput-decoder", "wal2json-v2",
                     "sql"):
            streamed = self.run_to("stream", "--format", name)
            decoded = self.run_command("decode", capture, "--format", name, conninfo="")
            self.assertEqual((decoded.status, decoded.err), (OK, ""))
            self.assertEqual(self.lines(decoded.out, name), self.lines(streamed, name), name)
        self.assertIn(b'"l":{"item":"a","cost":"2.25","moods":["sad","ok"]}', self.run_to("stream"))
        self.assertIn(b'"o":{"a":7,"b":"sad"}', self.run_command("decode", capture, conninfo="").out)

    def frames(self, capture):
        """docs/capture.md"""
        data, at = capture.read_bytes(), 8
        while at < len(data):
            length = struct.unpack(">I", data[at:at + 4])[0]
            yield data[at + 8:at + 9], data[at + 9:at + 9 + length]
            at += 9 + length

    @since(14)
    def test_large_transactions(self):
        """The table is described within a piece of a transaction that is still open."""
        self.create_slot()
        self.sql("INSERT INTO t SELECT n, 'ok', 1, ROW('x' || n, 2, '{ok}'::mood[])::item "
                 "FROM generate_series(1000, 4000) n")
        conninfo = self.conninfo(options="-c logical_decoding_work_mem=64kB")
        capture = self.dir / "capture"
        self.run_to("record", "-f", capture, conninfo=conninfo)
        self.assertIn(b"S", [body[25:26] for kind, body in self.frames(capture) if kind == b"w"])
        decoded = self.run_command("decode", capture, "--format", "pypgoutput", conninfo="")
        self.assertEqual(decoded.status, OK, decoded.err)
        self.assertEqual(decoded.out, self.run_to("stream", "--format", "pypgoutput", conninfo=conninfo))
        self.assertIn(b'"x4000"', decoded.out)

    def test_without(self):
        self.create_slot()
        self.sql("INSERT INTO t VALUES (2, 'ok', 1, '(a,2,{})')")
        for words, kinds in (([], {b"t", b"r"}), (["--catalog", "types"], {b"t"}), (["--catalog", "off"], set())):
            capture = self.dir / "".join(["c", *words])
            self.run_to("record", "-f", capture, *words)
            self.assertEqual({body[1:2] for kind, body in self.frames(capture) if kind == b"C"}, kinds)
            decoded = self.run_command("decode", capture, conninfo="")
            self.assertIn(b'"l":{"item"' if kinds else b'"l":"(a,', decoded.out)
