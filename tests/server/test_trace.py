# SPDX-License-Identifier: MIT
"""--trace: every message is there, in the protocol's order, and nothing that is secret."""
import stat
import subprocess

import support
from support import CONNECT, OK, OUTPUT, USAGE, Case

CANARY = "canary-row-value"


class Trace(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t", cls.db)

    def traced(self, verb, *arguments, status=OK, **options):
        """Runs it; returns the trace as lists of eight columns."""
        self.file = self.dir / "trace"
        done = self.run_command(verb, *arguments, "--trace", self.file, **options)
        self.assertEqual(done.status, status, done.err)
        lines = self.file.read_text().splitlines()
        self.assertTrue(lines[0].startswith("# walwire "))
        events = [line.split("\t") for line in lines[1:]]
        self.assertEqual({len(event) for event in events}, {8}, lines)
        times = [float(event[0]) for event in events]
        self.assertEqual(times, sorted(times))
        return events

    def names(self, events):
        return [event[2] + event[4] for event in events]

    def assert_order(self, events, *wanted):
        """These names come in this order, others between them."""
        names = iter(self.names(events))
        for name in wanted:
            self.assertIn(name, names, f"{name} is missing or out of order in {self.names(events)}")

    def test_a_login(self):
        conninfo = self.conninfo("scram", host="localhost", password="secret", sslmode="verify-full",
                                 sslrootcert=self.server.certs.ca)
        events = self.traced("info", conninfo=conninfo)
        self.assert_order(events, "-connect", ">SSLRequest", "<SSLRequest answered S", "-TLSv1.3", ">StartupMessage",
                          "<AuthenticationSASL", ">SASLInitialResponse", "<AuthenticationSASLContinue",
                          ">SASLResponse", "<AuthenticationSASLFinal", "<AuthenticationOk", "<ParameterStatus",
                          "<BackendKeyData", "<ReadyForQuery", ">Query", "<RowDescription", "<DataRow",
                          "<CommandComplete", "<ReadyForQuery", ">Terminate")
        for event in events:
            if event[3] == "p":
                self.assertEqual((event[5], event[7]), ("-", ""))
            if event[4].startswith(("AuthenticationSASLC", "AuthenticationSASLF", "BackendKey")):
                self.assertEqual(event[7], "")
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o600)
        self.assertIn("user database replication", "".join(event[7] for event in events))
        self.assertNotIn(self.db, self.file.read_text())

    def test_a_stream(self):
        self.create_slot()
        self.sql(f"INSERT INTO t VALUES (1, '{CANARY}'), (2, 'x')")
        events = self.traced("stream", "-S", self.slot, "--publication", "p", "--until-now")
        data = [event[7].split() for event in events if event[2] == "<" and event[3] == "d"]
        kinds = [words[2] for words in data if words[0] == "w"]
        self.assertEqual([kind for kind in kinds if kind != "R"], ["B", "I", "I", "C"])
        self.assert_order(events, "<CopyBothResponse", "<CopyData", ">CopyData", ">CopyDone", "<CopyDone",
                          "<CommandComplete", "<ReadyForQuery", ">Terminate")
        last = [event[7].split() for event in events if event[2:5] == [">", "d", "CopyData"]][-1]
        self.assertEqual(last[1:4], [self.confirmed()] * 3)
        text = self.file.read_text()
        for word in (CANARY, self.slot, "proto_version"):
            self.assertNotIn(word, text)

    def test_every_method_keeps_its_secrets(self):
        """Nor does a failure tell them; what the server logs of the exchange is no matter."""
        tls = {"sslmode": "verify-full", "sslrootcert": self.server.certs.ca, "host": "localhost"}
        for user, password, status in (("scram", "secret", OK), ("md5", "secret", OK), ("plain", "secret", OK),
                                       ("scram", "not-secret", CONNECT), ("plain", "not-secret", CONNECT)):
            with self.subTest(user=user, status=status):
                conninfo = self.conninfo(user, password=password, **tls)
                events = self.traced("info", conninfo=conninfo, status=status)
                self.assertNotIn("secret", self.file.read_text())
                self.assertNotIn("r=", self.file.read_text())
                if status != OK:
                    self.assertEqual(events[-1][4], "failed")
                    self.assertIn("28P01", events[-2][7])

    def test_slots(self):
        events = self.traced("slot create", "-S", self.slot)
        self.assertIn("CREATE_REPLICATION_SLOT", [event[7] for event in events if event[4] == "Query"])

    def test_files(self):
        """An older trace is emptied and closed to others; what is no plain file is refused."""
        old = self.dir / "trace"
        old.write_text("# walwire 0.0\n" + "x" * 100000)
        old.chmod(0o644)
        self.traced("info")
        self.assertEqual(stat.S_IMODE(old.stat().st_mode), 0o600)
        self.assertNotIn("xx", old.read_text())
        link = self.dir / "link"
        link.symlink_to(old)
        for file, said in ((link, "symbolic link"), ("/dev/null", "not a plain file"), (self.dir, "directory"),
                           (self.dir / "no" / "file", "No such file")):
            before = old.read_text()
            self.assert_error(self.run_command("info", "--trace", file), OUTPUT, str(file), said)
            self.assertEqual(old.read_text(), before)

    def test_a_file_that_holds_something_else(self):
        """No byte of it is lost, whatever else the command does with it."""
        words = ["-S", "none", "--publication", "p", "--trace", "o", "-f"]
        for name, verb, arguments in (("o", "stream", [*words, "o"]), ("o", "record", [*words, "o"]),
                                      ("o", "stream", [*words, "other"]),
                                      ("o", "info", ["--oauth-token-file", "o", "--trace", "o"])):
            with self.subTest(verb=verb, arguments=arguments):
                (self.dir / name).write_text("precious\n")
                done = self.run_command(verb, *arguments, cwd=self.dir)
                self.assert_error(done, OUTPUT, "the trace cannot be written")
                self.assertEqual((self.dir / name).read_text(), "precious\n")

    def test_the_output(self):
        """Nor do both begin in one file, under whatever name."""
        (self.dir / "here").symlink_to(self.dir)
        words = ["-S", "none", "--publication", "p", "-f"]
        for file in ("o", "./o", "here/o", self.dir / "o"):
            done = self.run_command("stream", *words, file, "--trace", "o", cwd=self.dir)
            self.assert_error(done, OUTPUT, "for something else")
        for stream in ("stdout", "stderr"):
            with open(self.dir / "o", "w") as file:
                done = subprocess.run(self.command("info", "--trace", self.dir / "o"), stdin=subprocess.DEVNULL,
                                      env=support.environment(self.dir), timeout=60,
                                      **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: file})
            self.assertEqual(done.returncode, OUTPUT)

    def test_an_older_trace_outlives_a_refused_command(self):
        old, capture = self.dir / "trace", self.dir / "capture"
        old.write_text("# walwire 0.0\nold\n")
        capture.write_text("there")
        for verb, arguments, conninfo, status in (
                ("info", [], "port=x", USAGE), ("record", ["-S", "s", "-f", capture], None, USAGE),
                ("stream", ["-S", "s", "--publication", "p", "-f", self.dir], None, OUTPUT)):
            self.assert_error(self.run_command(verb, *arguments, "--trace", old, conninfo=conninfo), status)
            self.assertEqual(old.read_text(), "# walwire 0.0\nold\n")
