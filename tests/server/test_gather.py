# SPDX-License-Identifier: MIT
"""Receiving in batches: how many calls a backlog takes on each path, and that quiet streams are left alone."""
import re
import time

from support import OK, USAGE, Case

ROWS = 60000
SAID = re.compile(r"received (\d+) messages in (\d+) calls \((.*)\); (\d+) naps .* (\d+) stalls")


class Gathering(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t", cls.db)

    def numbers(self, done):
        """Messages, calls, the path, naps, stalls: as the last lines with -vv tell them."""
        found = SAID.search(done.err)
        self.assertIsNotNone(found, done.err)
        messages, calls, path, naps, stalls = found.groups()
        return int(messages), int(calls), path, int(naps), int(stalls)

    def backlog(self, *arguments, **options):
        """Streams transactions of 500 rows that were committed before; each row has to come."""
        self.create_slot()
        self.sql(f"TRUNCATE t; DO $$ BEGIN FOR k IN 1..{ROWS // 500} LOOP INSERT INTO t SELECT k * 500 + g, "
                 "md5(g::text) FROM generate_series(1, 500) g; COMMIT; END LOOP; END $$")
        done = self.until_now("-vv", "--proto", "1", *arguments, **options)
        self.assertEqual(len(done.of("I")), ROWS)
        return self.numbers(done)

    def gathers(self, path, **options):
        messages, calls, said, _, stalls = self.backlog(**options)
        self.assertEqual((said, stalls), (path, 0))
        self.assertLess(calls, messages * 0.05)    # as it comes: 0.2 to 0.6

    def test_over_a_unix_socket(self):
        self.gathers("Unix socket")

    def test_over_tcp(self):
        self.gathers("near", conninfo=self.conninfo("postgres", host="127.0.0.1"))

    def test_over_tls(self):
        self.gathers("near", conninfo=self.conninfo("postgres", host="127.0.0.1", sslmode="require"))

    def test_off(self):
        _, _, said, naps, _ = self.backlog("--gather", "off")
        self.assertEqual((said, naps), ("as it comes", 0))

    def test_a_quiet_stream_never_naps(self):
        self.create_slot()
        running = self.start_command("stream", "-S", self.slot, "--publication", "p", "--format", "compact", "-vv")
        self.wait_active(running)
        for i in range(20):
            began = time.monotonic()
            self.sql(f"INSERT INTO t VALUES ({-1 - i}, 'x')")
            running.wait_commits(1)
            self.assertLess(time.monotonic() - began, 2)
        done = running.stop()
        self.assertEqual(done.status, OK, done.err)
        self.assertEqual(self.numbers(done)[3], 0)

    def test_only_auto_or_off_and_only_pgoutput(self):
        for words in (["--gather", "on"], ["--gather", ""], ["-P", "test_decoding", "--gather", "off"]):
            done = self.run_command("stream", "-S", self.slot, *words)
            self.assert_error(done, USAGE, "gather")
