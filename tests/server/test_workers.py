# SPDX-License-Identifier: MIT
"""The examples that keep effects in order and positions beside them: killed at any moment, nothing is lost,
and where the position is kept with the effects nothing comes twice."""
import collections
import fcntl
import random
import re
import signal
import subprocess
import threading

import support


class Example(support.Case):
    program = ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql("CREATE TABLE t (k int PRIMARY KEY, v int NOT NULL); CREATE TABLE other (k int); "
                       "CREATE PUBLICATION p FOR TABLE t", cls.db)

    def setUp(self):
        super().setUp()
        self.sql("TRUNCATE t")
        self.create_slot()
        self.out = self.dir / "out"
        self.out.mkdir()
        self.running = None
        self.addCleanup(self.kill)

    def arguments(self):
        return [self.conninfo(), self.slot, "p", self.out]

    def start(self, *more):
        log = (self.dir / "stderr").open("ab")
        self.running = subprocess.Popen([support.tools / self.program, *map(str, [*self.arguments(), *more])],
                                        stdin=subprocess.DEVNULL, stderr=log,
                                        env=support.environment(self.dir))
        log.close()

    def is_alive(self):
        self.assertIsNone(self.running.poll(), (self.dir / "stderr").read_text())
        return True

    def kill(self):
        if self.running is not None:
            self.running.kill()
            self.running.wait()

    def wait(self, condition, seconds=60):
        self.server.wait(condition, seconds=seconds, alive=self.is_alive)

    def stop(self, status=0):
        self.running.send_signal(signal.SIGINT)
        self.assertEqual(self.running.wait(timeout=30), status, (self.dir / "stderr").read_text())

    def free(self):
        self.server.wait("NOT EXISTS (SELECT FROM pg_replication_slots WHERE active AND slot_name = "
                         f"'{self.slot}')")

    def settled(self):
        """All that was committed so far is acknowledged."""
        end = self.value("pg_current_wal_lsn()")
        self.wait(lambda: self.server.value(f"confirmed_flush_lsn >= '{end}' FROM pg_replication_slots "
                                            f"WHERE slot_name = '{self.slot}'") == "t")

    def killed_again_and_again(self, write, *more, rounds=12):
        """kill -9 at random moments while transactions are committed."""
        writer = threading.Thread(target=write)
        writer.start()
        for _ in range(rounds):
            self.start(*more)
            ended = threading.Event()
            ended.wait(random.uniform(0.02, 0.6))
            self.is_alive()
            self.kill()
            self.free()
        writer.join()
        self.start(*more)
        self.settled()
        self.stop()

    def counting(self, transactions, keys=20):
        """Each transaction counts three keys up: what becomes of a key is 1, 2, 3 ..."""
        source = random.Random(self.id())
        counts = collections.Counter()
        statements = []
        for _ in range(transactions):
            picked = source.sample(range(keys), 3)
            counts.update(picked)
            statements.append("BEGIN; " + " ".join(
                f"INSERT INTO t VALUES ({k}, 1) ON CONFLICT (k) DO UPDATE SET v = t.v + 1;"
                for k in picked) + " COMMIT;")
        return counts, lambda: self.sql("\n".join(statements))


class Workers(Example):
    """Rows to worker threads, in order for each key; a transaction counts when all its rows are done."""
    program = "example_workers"
    workers = 4

    def start(self, window=1000):
        super().start(self.workers, window)

    def lines(self):
        """By worker: (transaction, number in it), kind, key, version."""
        for worker in range(self.workers):
            path = self.out / str(worker)
            for line in path.read_text().splitlines() if path.exists() else []:
                found = re.fullmatch(r"([0-9A-F]+)\.(\d+)\t([IUD])\t\d+\t(\d+)\t(\d+)", line)
                if found:
                    lsn, ordinal, kind, key, version = found.groups()
                    yield worker, (int(lsn, 16), int(ordinal)), kind, int(key), int(version)

    def check_order(self, counts):
        """For each key: one worker; every version came, none before the one in front of it; what came again
        is what it was."""
        seen, where, identity = collections.defaultdict(list), {}, {}
        for worker, name, _, key, version in self.lines():
            self.assertEqual(where.setdefault(key, worker), worker)
            self.assertEqual(identity.setdefault(name, (key, version)), (key, version))
            self.assertLessEqual(version, max(seen[key], default=0) + 1, f"key {key}")
            seen[key].append(version)
        firsts = {key: list(dict.fromkeys(versions)) for key, versions in seen.items()}
        self.assertEqual(firsts, {key: list(range(1, count + 1)) for key, count in counts.items()})

    def test_killed_at_any_moment(self):
        counts, write = self.counting(3000)
        self.killed_again_and_again(write)
        self.check_order(counts)

    def test_a_window_of_one(self):
        counts, write = self.counting(200)
        self.start(window=1)
        write()
        self.settled()
        self.stop()
        self.check_order(counts)
        self.assertEqual(len(list(self.lines())), 600)

    def arguments(self):
        """A server that waits for three seconds, so that status updates go out each second."""
        return [self.conninfo(options="-c wal_sender_timeout=3s"), *super().arguments()[1:]]

    def walsender(self, column):
        return self.server.value(f"{column} FROM pg_stat_replication WHERE pid = (SELECT active_pid FROM "
                                 f"pg_replication_slots WHERE slot_name = '{self.slot}')")

    def outlast_the_timeout(self):
        """Status updates for longer than the server waits for one, on the connection that there was."""
        pid = self.walsender("pid")
        for _ in range(4):
            before = self.walsender("reply_time")
            self.wait(lambda: self.walsender("reply_time") != before)
        self.assertEqual(self.walsender("pid"), pid)

    def test_a_slow_worker_holds_the_slot(self):
        """One worker waits for its file; all others go on; the slot stands before the first transaction that
        waits, whatever comes after it."""
        self.start()
        self.sql("".join(f"INSERT INTO t VALUES ({k}, 1);" for k in range(20)))
        self.settled()
        where = {key: worker for worker, _, _, key, _ in self.lines()}
        slow = where[0]
        others = [key for key in where if where[key] != slow]
        with (self.out / str(slow)).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.sql(f"UPDATE t SET v = 2 WHERE k = {others[0]}")
            self.settled()
            before = self.value("pg_current_wal_insert_lsn()")
            self.sql("UPDATE t SET v = 2 WHERE k = 0")
            self.sql("".join(f"UPDATE t SET v = v + 1 WHERE k = {k};" for k in others) * 20)
            self.wait(lambda: sum(line[3] in others for line in self.lines()) == 21 * len(others) + 1)
            self.outlast_the_timeout()
            self.assertEqual(self.value(f"'{self.confirmed()}'::pg_lsn <= '{before}'::pg_lsn"), "t")
            self.kill()                       # it never was acknowledged: it comes again
        self.free()
        self.start()
        self.settled()
        self.stop()
        self.assertIn((0, 2), {(key, version) for _, _, _, key, version in self.lines()})

    def test_a_full_window_waits(self):
        """More transactions than the window while a worker hangs: back-pressure, not an error."""
        self.start(window=5)
        self.sql("INSERT INTO t VALUES (0, 1)")
        self.settled()
        slow = next(worker for worker, *_ in self.lines())
        with (self.out / str(slow)).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.sql("".join(f"UPDATE t SET v = {n} WHERE k = 0;" for n in range(2, 101)))
            self.outlast_the_timeout()
            fcntl.flock(file, fcntl.LOCK_UN)
        self.settled()
        self.stop()
        self.check_order({0: 100})
        self.assertEqual(len(list(self.lines())), 100)

    def test_a_worker_that_hangs_at_the_end(self):
        """What is done is acknowledged all the same, and the exit status says that something was left."""
        self.start()
        self.sql("".join(f"INSERT INTO t VALUES ({k}, 1);" for k in range(20)))
        self.settled()
        where = {key: worker for worker, _, _, key, _ in self.lines()}
        other = next(key for key in where if where[key] != where[0])
        with (self.out / str(where[0])).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.sql(f"UPDATE t SET v = 2 WHERE k = {other}")
            between = self.value("pg_current_wal_insert_lsn()")
            self.sql("UPDATE t SET v = 2 WHERE k = 0")
            after = self.value("pg_current_wal_lsn()")
            self.wait(lambda: self.walsender(f"write_lsn >= '{after}'") == "t")
            self.stop(status=1)
            self.assertIn((other, 2), {(key, version) for _, _, _, key, version in self.lines()})
        self.assertEqual(self.value(f"'{self.confirmed()}'::pg_lsn <= '{between}'::pg_lsn"), "t")
        self.free()
        self.start()
        self.settled()
        self.stop()
        self.assertIn((0, 2), {(key, version) for _, _, _, key, version in self.lines()})

    def test_keys_that_change(self):
        self.start()
        self.sql("INSERT INTO t VALUES (1, 7); UPDATE t SET k = 2; DELETE FROM t; INSERT INTO t VALUES (3, 8)")
        self.settled()
        self.stop()
        kinds = collections.defaultdict(list)
        for line in sorted((l for n in range(self.workers) for l in (self.out / str(n)).read_text().split("\n")
                            if l), key=lambda l: (int(l.split(".")[0], 16), l.split("\t")[0])):
            _, kind, _, key, *_ = line.split("\t")
            kinds[int(key)].append(kind)
        self.assertEqual(kinds, {1: ["I", "D"], 2: ["I", "D"], 3: ["I"]})


class ExactlyOnce(Example):
    """Effects and position in one transaction of another PostgreSQL (here: another database)."""
    program = "example_exactly_once"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.target = cls.db + "_target"
        cls.server.sql(f"CREATE DATABASE {cls.target}")
        cls.server.sql("CREATE TABLE arrived (relation text, op text, first text)", cls.target)

    def setUp(self):
        super().setUp()
        self.server.sql("TRUNCATE arrived", self.target)

    def arguments(self):
        return [self.conninfo(), self.slot, "p", self.server.conninfo("postgres", self.target), self.slot]

    def test_killed_at_any_moment(self):
        self.killed_again_and_again(lambda: self.sql("\n".join(
            f"INSERT INTO t SELECT n, 0 FROM generate_series({n}, {n + 2}) n;" for n in range(1, 6001, 3))))
        self.assertEqual(self.server.value("ARRAY[count(*), count(DISTINCT first), min(first::int), "
                                           "max(first::int)] FROM arrived", self.target),
                         "{6000,6000,1,6000}")

    def test_stopped_in_order(self):
        self.start()
        self.sql("INSERT INTO t VALUES (1, 1); UPDATE t SET v = 2; DELETE FROM t")
        self.settled()
        self.stop()
        self.assertEqual(self.server.value("string_agg(op, '') FROM arrived", self.target), "IUD")


class CustomStore(Example):
    """The position in each file of data."""
    program = "example_custom_store"

    def test_killed_at_any_moment(self):
        self.killed_again_and_again(lambda: self.sql("\n".join(
            f"INSERT INTO t SELECT n, 0 FROM generate_series({n}, {n + 2}) n;" for n in range(1, 3001, 3))))
        rows = [line.split()[2] for path in sorted(self.out.glob("[0-9]*[0-9]"))
                for line in path.read_text().splitlines() if line.startswith("I ")]
        self.assertEqual(rows, [f"'{n}'" for n in range(1, 3001)])
        for path in self.out.glob("[0-9]*[0-9]"):
            self.assertRegex(path.read_text().splitlines()[-1], r"^position [0-9a-f]+ ")
