# SPDX-License-Identifier: MIT
"""A command that is interrupted while the server works for it leaves nothing behind there."""
import contextlib
import signal
import subprocess

import pg
from support import Case


class Interrupted(Case):
    @contextlib.contextmanager
    def running_transaction(self):
        psql = subprocess.Popen([pg.find_tool("psql"), "-qAtX", self.server.conninfo(dbname=self.db)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            psql.stdin.write("BEGIN; SELECT txid_current() > 0;\n")
            psql.stdin.flush()
            self.assertEqual(psql.stdout.readline(), "t\n")
            yield
        finally:
            psql.communicate("ROLLBACK;\n")

    def check(self, **connection):
        """slot create waits for the transaction; after Ctrl-C the slot is gone while that still runs."""
        there = f"EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '{self.slot}')"
        with self.running_transaction():
            running = self.start_command("slot", "create", "-S", self.slot,
                                         conninfo=self.conninfo(**connection))
            self.server.wait(there)
            running.process.send_signal(signal.SIGINT)
            self.assertEqual(running.process.wait(timeout=20), 128 + signal.SIGINT)
            self.server.wait(f"NOT {there}")

    def test_slot_creation(self):
        self.check()

    def test_slot_creation_over_tls(self):
        self.check(user="scram", host="127.0.0.1", password="secret", sslmode="require")
