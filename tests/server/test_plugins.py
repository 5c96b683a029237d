# SPDX-License-Identifier: MIT
"""Other plugins than pgoutput: their text passes through, as pg_logical_slot_peek_changes() gives it."""
import json
import re

import pg
import support
from support import OK, REFUSED, USAGE, Case

WORK = """
INSERT INTO t VALUES (1, 'it''s', 1.50), (2, NULL, NULL);
UPDATE t SET v = E'two\\nlines \\u00e4' WHERE id = 2;
BEGIN; UPDATE t SET id = 3 WHERE id = 1; DELETE FROM t WHERE id = 2; COMMIT;
"""


class Plugins(Case):
    """Each slot of a class is of the same plugin; the text may depend on its options."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY, v text, n numeric)", cls.db)

    def stream(self, plugin, *arguments):
        return self.run_command("stream", "-S", self.slot, "-P", plugin, "--until-now", *arguments)

    def peek(self, **options):
        """The server's own words, in a session with the settings of docs/session-settings.md."""
        listed = "".join(f", '{name}', '{value}'" for name, value in options.items())
        rows = self.sql("SET TimeZone = UTC; SET extra_float_digits = 3; SELECT to_json(data) FROM "
                        f"pg_logical_slot_peek_changes('{self.slot}', NULL, NULL{listed})")
        return "".join(json.loads(row) + "\n" for row in rows.split("\n") if row)

    def compare(self, plugin, **options):
        """The same with --ack none, then delivered once."""
        self.sql("TRUNCATE t")
        self.assertEqual(self.run_command("slot create", "-S", self.slot, "-P", plugin).status, OK)
        self.sql(WORK)
        theirs = self.peek(**options)
        self.assertGreater(theirs.count("\n"), 5)
        arguments = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        with self.unmoved():
            peeked = self.stream(plugin, "--ack", "none", *arguments)
        done = self.stream(plugin, *arguments)
        self.assertEqual((peeked.status, done.status), (OK, OK), done.err)
        self.assertEqual(peeked.out.decode(), theirs)
        self.assertEqual(done.out.decode(), theirs)
        self.assertEqual(self.stream(plugin).out, b"")


class TestDecodingText(Plugins):
    def test_default_options(self):
        self.compare("test_decoding")

    def test_options(self):
        self.compare("test_decoding", **{"include-xids": "0", "include-timestamp": "1",
                                         "skip-empty-xacts": "1"})

    def test_record_and_decode(self):
        """A capture keeps which plugin it was."""
        self.create_slot(plugin="test_decoding")
        self.sql("INSERT INTO t VALUES (10, 'x', 1)")
        theirs = self.peek()
        done = self.run_command("record", "-S", self.slot, "-P", "test_decoding", "--until-now", "-f",
                                self.dir / "capture")
        self.assertEqual(done.status, OK, done.err)
        done = self.run_command("decode", self.dir / "capture", conninfo="")
        self.assertEqual((done.status, done.out.decode()), (OK, theirs), done.err)

    def test_an_option_that_the_plugin_does_not_know(self):
        self.create_slot(plugin="test_decoding")
        with self.unmoved():
            self.assert_error(self.stream("test_decoding", "-o", "no-such-option=1"), REFUSED,
                              "no-such-option")

    def test_pgoutputs_options_do_not_go_with_it(self):
        for option in (["--publication", "p"], ["--messages", "on"], ["--format", "compact"]):
            done = self.stream("test_decoding", *option)
            self.assert_error(done, USAGE, option[0], "test_decoding")

    def test_slot_of_another_plugin(self):
        self.create_slot()
        self.assert_error(self.stream("test_decoding"), REFUSED, "pgoutput")

    def test_no_such_plugin(self):
        """Newer minor versions refuse what output_plugin_libraries does not list, and say no more."""
        done = self.run_command("slot create", "-S", self.slot, "-P", "no_such_plugin")
        listed = self.value("current_setting('output_plugin_libraries', true)")
        self.assert_error(done, REFUSED, "no_such_plugin", *(["output_plugin_libraries"] if listed else []))
        self.assertEqual(self.value(f"count(*) FROM pg_replication_slots WHERE slot_name = '{self.slot}'"),
                         "0")


class Wal2json(Plugins):
    """On Debian's PostgreSQL 15, for which there is a package of the plugin, whatever the others run on."""

    @classmethod
    def find_server(cls):
        if "wal2json" not in support.others:
            support.others["wal2json"] = pg.Server("debian15").start()
        return support.others["wal2json"]

    def setUp(self):
        super().setUp()
        self.reload("ALTER SYSTEM SET output_plugin_libraries = pgoutput, test_decoding, wal2json", True)

    def reload(self, statement, listed):
        """Since August 2026 servers load only what is listed; before, there is no such setting."""
        setting = "coalesce(current_setting('output_plugin_libraries', true), '')"
        if self.value(f"{setting} <> ''") == "t":
            self.sql(f"{statement}; SELECT pg_reload_conf()")
            self.server.wait(f"{setting} LIKE '%wal2json%' = {listed}")

    def test_the_way_out_of_a_refusal(self):
        """What the error says to run makes the server load the plugin."""
        if self.value("current_setting('output_plugin_libraries', true)") == "":
            return
        self.reload("ALTER SYSTEM RESET output_plugin_libraries", False)
        done = self.run_command("slot create", "-S", self.slot, "-P", "wal2json")
        self.assert_error(done, REFUSED, "wal2json", "42501", "output_plugin_libraries")
        self.reload(re.search(r"ALTER SYSTEM [^;]*", done.err)[0], True)
        done = self.run_command("slot create", "-S", self.slot, "-P", "wal2json")
        self.assertEqual(done.status, OK, done.err)

    def test_version_1(self):
        """One message per transaction, here of several lines."""
        self.compare("wal2json", **{"pretty-print": "1"})

    def test_version_2(self):
        self.compare("wal2json", **{"format-version": "2"})

    def test_version_2_options(self):
        self.compare("wal2json", **{"format-version": "2", "include-lsn": "1", "include-xids": "1",
                                    "include-timestamp": "1", "add-tables": "public.t"})
