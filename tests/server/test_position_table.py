# SPDX-License-Identifier: MIT
"""A position in a table: it is committed with the effects of its unit or not at all, and never inside a
transaction that may still be rolled back."""
import subprocess

import support
from support import Case, environment

SYSTEM = f"{2 ** 64 - 1} {2 ** 32 - 1} s'1 a \\ \"b\""


class Consumer:
    """tests/sink/position_store.c, line by line."""

    def __init__(self, test, table="", consumer="c1", opened="OK", **conninfo):
        self.process = subprocess.Popen(
            [support.tools / "position_store", test.conninfo(**conninfo), table, consumer], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(test.dir), text=True)
        test.addCleanup(self.end)
        answer = self.process.stdout.readline().rstrip("\n")
        test.assertEqual(answer, opened, self.process.stderr.read() if answer == "" else "")

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except BrokenPipeError:
                pass


class PositionTable(Case):
    def setUp(self):
        super().setUp()
        self.sql("CREATE TABLE IF NOT EXISTS effects (unit int)")
        self.addCleanup(self.sql, "DROP TABLE effects; DROP TABLE IF EXISTS walwire_position")

    def check(self, consumer, *steps):
        """Pairs of what is asked and what is answered."""
        for line, answer in steps:
            self.assertEqual(consumer.ask(line), answer, line)

    def effects(self):
        return self.sql("SELECT unit FROM effects ORDER BY unit").split()

    def begin(self, unit=1, lsn="0/20", **how):
        """A consumer that has saved 0/10 and is about to commit this unit."""
        consumer = Consumer(self, **how)
        self.check(consumer, ("load", "END"), ("save 0/10", "OK"), ("sql BEGIN", "OK"),
                   (f"sql INSERT INTO public.effects VALUES ({unit})", "OK"), (f"unit {lsn}", "OK"))
        return consumer

    def reload(self, **how):
        """What the next process finds: end_lsn and acked."""
        consumer = Consumer(self, **how)
        answer = consumer.ask("load")
        consumer.end()
        self.assertTrue(answer.endswith(" " + SYSTEM), answer)
        return answer.removesuffix(" " + SYSTEM)

    def test_saved_and_loaded(self):
        consumer = Consumer(self)
        self.check(consumer, ("load", "END"), ("save FFFFFFFF/FFFFFFFF", "OK"))
        self.assertEqual(self.reload(), "0/0 FFFFFFFF/FFFFFFFF")
        self.assertEqual(self.value("count(*) FROM walwire_position"), "1")

    def test_effects_and_position_commit_together(self):
        consumer = self.begin()
        self.assertEqual((self.effects(), self.reload()), ([], "0/0 0/10"))
        self.check(consumer, ("sql COMMIT", "OK"))
        self.assertEqual((self.effects(), self.reload()), (["1"], "0/20 0/20"))

    def test_and_roll_back_together(self):
        consumer = self.begin()
        self.check(consumer, ("sql ROLLBACK", "OK"))
        self.assertEqual((self.effects(), self.reload()), ([], "0/0 0/10"))

    def test_killed_before_commit(self):
        self.begin().kill()
        self.assertEqual((self.effects(), self.reload()), ([], "0/0 0/10"))

    def test_killed_between_commit_and_acknowledgement(self):
        """The unit's effects are there: it must not come again, though the server was told nothing of it."""
        consumer = self.begin()
        self.check(consumer, ("sql COMMIT", "OK"))
        consumer.kill()
        self.assertEqual((self.effects(), self.reload()), (["1"], "0/20 0/20"))

    def test_a_committed_unit_is_kept_by_later_saves(self):
        """The client may know less than the table: it saves what is acknowledged before the unit is."""
        consumer = self.begin()
        self.check(consumer, ("sql COMMIT", "OK"), ("save 0/15", "OK"))
        self.assertEqual(self.reload(), "0/20 0/20")

    def test_a_new_beginning_forgets(self):
        """The first save after load() says where to start, even if that is behind."""
        consumer = self.begin()
        self.check(consumer, ("sql COMMIT", "OK"))
        consumer.kill()
        self.check(Consumer(self), ("load", f"0/20 0/20 {SYSTEM}"), ("save 0/5", "OK"))
        self.assertEqual(self.reload(), "0/0 0/5")

    def test_not_inside_a_transaction(self):
        consumer = self.begin()
        self.check(consumer, ("save 0/20", "MORE"), ("sql COMMIT", "OK"), ("save 0/20", "OK"), ("sql BEGIN", "OK"),
                   ("sql SELECT 1/0", "22012"), ("save 0/30", "MORE"), ("sql ROLLBACK", "OK"))
        self.assertEqual(self.reload(), "0/20 0/20")
        self.check(consumer, ("save 0/30", "OK"))
        self.assertEqual(self.reload(), "0/20 0/30")

    def test_a_unit_needs_a_transaction(self):
        consumer = self.begin()
        self.check(consumer, ("sql COMMIT", "OK"), ("unit 0/30", "no transaction is open on this session"),
                   ("sql BEGIN", "OK"), ("sql SELECT 1/0", "22012"),
                   ("unit 0/30", "no transaction is open on this session"))
        self.assertEqual(self.reload(), "0/20 0/20")

    def test_a_unit_needs_a_row(self):
        missing = "this consumer has no row yet: open the client first, with this store"
        self.check(Consumer(self), ("sql BEGIN", "OK"), ("unit 0/30", missing))

    def test_durable_whatever_the_session_says(self):
        """synchronous_commit off: the position is flushed all the same, and the session stays as it was. The server
        writes something of its own now and then."""
        consumer = Consumer(self)
        self.check(consumer, ("sql SET synchronous_commit = off", "OK"))
        behind = [0]
        for lsn in range(1, 20):
            self.check(consumer, (f"save 0/{lsn}", "OK"))
            behind.append(int(self.value("pg_current_wal_insert_lsn() - pg_current_wal_flush_lsn()")))
        self.assertGreater(behind.count(0), 15, behind)
        off = "DO 'BEGIN ASSERT current_setting(''synchronous_commit'') = ''off''; END'"
        self.check(consumer, ("sql " + off, "OK"), ("load", f"0/0 0/19 {SYSTEM}"))

    def test_odd_names(self):
        """Quotes, backslashes, dots and keywords are parts of names; two consumers do not meet."""
        self.sql('CREATE SCHEMA "Odd ""schema"')
        self.addCleanup(self.sql, 'DROP SCHEMA "Odd ""schema" CASCADE')
        table = 'Odd "schema.select \'1\' \\'
        names = ["c", "C", "'; DROP TABLE effects; --", "a\\'b", 'quo"te', "line\nfeed", "ünïcödé", "x" * 1000]
        for number, name in enumerate(names, 1):
            self.check(Consumer(self, table, name), ("load", "END"), (f"save 0/{number}", "OK"))
        for number, name in enumerate(names, 1):
            self.assertEqual(self.reload(table=table, consumer=name), f"0/0 0/{number}")
        self.assertEqual(self.value('count(*) FROM "Odd ""schema"."select \'1\' \\"'), str(len(names)))

    def test_odd_names_in_an_old_session(self):
        """Backslashes mean the same without standard_conforming_strings."""
        self.sql(f"ALTER DATABASE {self.db} SET standard_conforming_strings = off")
        self.addCleanup(self.sql, f"ALTER DATABASE {self.db} RESET standard_conforming_strings")
        self.check(Consumer(self, "", "a\\'b"), ("load", "END"), ("save 0/7", "OK"))
        self.assertEqual(self.reload(consumer="a\\'b"), "0/0 0/7")

    def test_names_that_cannot_be(self):
        bad = "a position's table is a name, or schema.name, of 1 to 63 bytes each"
        for table in (".", "a.", ".a", "a.b.c", "x" * 64):
            Consumer(self, table, opened=bad)
        Consumer(self, "", "", opened="a position in a table needs the consumer's name")
        Consumer(self, "nowhere.t", opened="3F000")

    def test_without_the_right_to_create(self):
        """A table that an administrator made is enough."""
        Consumer(self, "made")
        self.sql("REVOKE ALL ON SCHEMA public FROM public; GRANT USAGE ON SCHEMA public TO noreplication;"
                 "GRANT SELECT, INSERT, UPDATE ON made TO noreplication")
        self.addCleanup(self.sql, "DROP TABLE made; REVOKE ALL ON SCHEMA public FROM noreplication;"
                                  "GRANT ALL ON SCHEMA public TO public")
        who = {"user": "noreplication", "host": "127.0.0.1"}
        self.check(Consumer(self, "made", **who), ("load", "END"), ("save 0/1", "OK"))
        Consumer(self, "not_made", opened="42501", **who)

    def test_damaged_row(self):
        consumer = self.begin()
        self.check(consumer, ("sql ROLLBACK", "OK"))
        self.sql("UPDATE walwire_position SET timeline = -1")
        self.check(consumer, ("load", "this consumer's row holds no position"))
        self.sql("DELETE FROM walwire_position")
        self.check(consumer, ("load", "END"))
        self.sql("DROP TABLE walwire_position")
        self.check(consumer, ("load", "42P01"), ("save 0/1", "42P01"))
