# SPDX-License-Identifier: MIT
"""Rare moments of a delivery: an --init that was not needed, an output that was deleted, a stop while there is no
connection, a position that the consumer states again."""
import os
import re
import signal
import subprocess

import support
from support import CONNECT, OK, OUTPUT, Case, Running, environment, since


class Edges(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t", cls.db)

    def setUp(self):
        super().setUp()
        self.sql("TRUNCATE t")
        self.create_slot()
        self.path = self.dir / "out"

    def insert(self, first, last):
        """One transaction per row."""
        self.sql("\n".join(f"INSERT INTO t VALUES ({n}, 'x');" for n in range(first, last + 1)))

    def arguments(self, *more):
        return ["-S", self.slot, "--publication", "p", "--format", "compact", *more]

    def ids(self):
        return [int(n) for n in re.findall(rb'"new":\{"id":(-?\d+)', self.path.read_bytes())]

    def wait_free(self):
        self.server.wait(f"NOT EXISTS (SELECT FROM pg_replication_slots WHERE active AND slot_name = '{self.slot}')")


class InitWithoutNeed(Edges):
    def test_killed_with_a_tail_behind_the_position(self):
        """Units that are written and not in the position come again: the ones in the file have to go."""
        running = self.start_command("stream", *self.arguments("-f", self.path, "--init", "--fsync-interval", "60"))
        self.wait_active(running)
        for n in range(1, 400):
            self.insert(n, n)
        self.sql("INSERT INTO t SELECT g, repeat('x', 1000) FROM generate_series(400, 20000) g")
        self.server.wait(lambda: self.path.stat().st_size > 1 << 20, alive=running.is_alive)
        running.stop(signal.SIGKILL)
        self.wait_free()
        self.until_now("-f", self.path, "--init")
        self.assertEqual(self.ids(), list(range(1, 20001)))
        lines = self.path.read_bytes()
        self.assertEqual(lines.count(b'"op":"B"'), lines.count(b'"op":"C"'))


class Deleted(Edges):
    def test_while_it_runs(self):
        """Nothing that was written into nowhere is acknowledged; a new file has it."""
        running = self.start_command("stream", *self.arguments("-f", self.path, "-s", "1"))
        self.insert(1, 1)
        self.server.wait(lambda: self.path.exists() and self.ids() == [1], alive=running.is_alive)
        end = self.value("pg_current_wal_insert_lsn()")
        self.server.wait(lambda: self.value(f"confirmed_flush_lsn >= '{end}' FROM pg_replication_slots WHERE "
                                            f"slot_name = '{self.slot}'") == "t", alive=running.is_alive)
        self.path.unlink()
        self.insert(2, 2)
        done = running.stop(how=None)
        self.assertEqual(done.status, OUTPUT, done.err)
        self.assertIn("deleted", done.err)
        self.insert(3, 3)
        self.wait_free()
        self.until_now("-f", self.path)
        self.assertEqual(self.ids(), [2, 3])
