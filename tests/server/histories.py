# SPDX-License-Identifier: MIT
"""Random histories: what several sessions do to a database, statement by statement, in an order that
only the seed decides. No statement waits for another session, and none fails.

A history has a schema of its own, h<seed>:
    plain, whole, toast    shared; each session has its own keys, tables change now and then
    own_<session>_<n>      of one session, which alters and truncates it; another one after each
                           PREPARE, because a prepared transaction keeps its locks
Left out, because pgoutput cannot tell them: a transactional message in a subtransaction, which might
be rolled back (docs/formats.md); a prepared transaction without changes. And what servers fail at now and then,
whoever reads it ("could not map filenumber"): prepared transactions and streamed subtransactions that made a
table, or wrote one anew, and were rolled back; a TRUNCATE that was rolled back, and another change of that table's
definition in the same transaction."""
import dataclasses
import random

SHARED = ("plain", "whole", "toast")
# logical_decoding_work_mem is 64kB: what stays below it, what just exceeds it, what does so twice.
BYTES = (100, 1000, 1000, 5000, 30_000, 63_000, 66_000, 130_000)
KEYS = 1_000_000              # of each session
MAX_DEPTH = 5


@dataclasses.dataclass
class Transaction:
    savepoints: list = dataclasses.field(default_factory=list)
    used: set = dataclasses.field(default_factory=set)      # tables it has a lock on
    altered: set = dataclasses.field(default_factory=set)   # tables it has the exclusive lock on
    truncated: set = dataclasses.field(default_factory=set) # of those
    left: int = 0                                           # how much it is still to do
    surely_changed: bool = False                            # outside of any subtransaction
    new_files: bool = False                                 # has made tables, or written some anew


class Worker:
    """One session."""

    def __init__(self, number):
        self.number = number
        self.transaction = None
        self.next_key = number * KEYS
        self.rows = []                                      # (table, first key, last) of inserts
        self.own = 0
        self.left = 0                                       # transactions to come


class History:
    """steps: [(session, statements)]; session 0 exists in each history."""

    def __init__(self, seed, messages=True, truncate=True, prepare=True):
        self.random = random.Random(seed)
        self.seed, self.schema = seed, f"h{seed}"
        self.messages, self.truncate = messages, truncate
        self.names = 0
        self.steps, self.tables = [], []
        self.prepared = {}                                  # gid: its Transaction
        self.prepares_left = 3 if prepare else 0
        self.workers = [Worker(n) for n in range(self.random.randint(1, 4))]
        for worker in self.workers:
            worker.left = self.random.randint(1, 4)
            self.new_own(worker)
        self.work()
        self.steps.insert(0, (0, self.setup()))

    def work(self):
        while True:
            busy = [w for w in self.workers if w.left > 0 or w.transaction]
            if not busy and not self.prepared:
                return
            if self.prepared and (not busy or self.random.random() < 0.1):
                idle = [w for w in self.workers if not w.transaction]
                if idle:
                    self.finish_prepared(self.random.choice(idle))
                    continue
            worker = self.random.choice(busy)
            for _ in range(self.random.randint(1, 4)):
                self.act(worker)

    def setup(self):
        columns = {"toast": "k int PRIMARY KEY, n int, v text, big text"}
        statements = [f"CREATE SCHEMA {self.schema}; CREATE TYPE {self.schema}.mood AS ENUM ('sad', 'ok')"]
        for name in (*SHARED, *self.tables):
            its = columns.get(name, f"k int PRIMARY KEY, n int, v text, m {self.schema}.mood")
            statements.append(f"CREATE TABLE {self.schema}.{name} ({its})")
        statements += [f"ALTER TABLE {self.schema}.toast ALTER COLUMN big SET STORAGE EXTERNAL",
                       f"ALTER TABLE {self.schema}.whole REPLICA IDENTITY FULL"]
        return "; ".join(statements)

    # ---- transactions -----------------------------------------------------------------------------

    def act(self, worker):
        """The session's next statement."""
        transaction = worker.transaction
        if transaction is None:
            if worker.left == 0:
                return
            worker.left -= 1
            worker.transaction = transaction = Transaction()
            if self.random.random() < 0.2:
                self.change(worker)
                worker.transaction = None
                return
            transaction.left = self.random.choice((1, 3, 8, 20))
            self.say(worker, "BEGIN")
        elif transaction.left > 0:
            transaction.left -= 1
            if self.random.random() < 0.3:
                self.nest(worker)
            else:
                self.change(worker)
        else:
            self.end(worker)

    def nest(self, worker):
        """Opens or ends a subtransaction."""
        open_ones = worker.transaction.savepoints
        if len(open_ones) < MAX_DEPTH and self.random.random() < 0.6:
            name = self.name("s")
            self.say(worker, f"SAVEPOINT {name}")
            open_ones.append(name)
        elif open_ones:
            at = self.random.randrange(len(open_ones))
            if self.random.random() < 0.5:
                self.say(worker, f"RELEASE {open_ones[at]}")
                del open_ones[at:]
            else:
                self.say(worker, f"ROLLBACK TO {open_ones[at]}")
                del open_ones[at + 1:]

    def end(self, worker):
        transaction, worker.transaction = worker.transaction, None
        how = self.random.random()
        if how < 0.2:
            self.say(worker, "ROLLBACK")
        elif how < 0.5 and self.prepares_left > 0 and transaction.surely_changed:
            self.prepares_left -= 1
            gid = f"{self.schema}''{self.name('g')}"
            self.say(worker, f"PREPARE TRANSACTION '{gid}'")
            self.prepared[gid] = transaction
            worker.rows = []                                # the prepared transaction locks them
            self.new_own(worker)
        else:
            self.say(worker, "COMMIT")

    def finish_prepared(self, worker):
        gid = self.random.choice(sorted(self.prepared))
        transaction = self.prepared.pop(gid)
        how = self.random.choice(("COMMIT", "COMMIT", "ROLLBACK"))
        self.say(worker, f"{'COMMIT' if transaction.new_files else how} PREPARED '{gid}'")

    # ---- changes ----------------------------------------------------------------------------------

    def change(self, worker):
        changes = [(self.insert, 6), (self.update, 4), (self.delete, 2), (self.toast, 2),
                   (self.alter, 1), (self.create, 1), (self.lock, 1)]
        if self.messages:
            changes.append((self.message, 2))
        if self.truncate:
            changes.append((self.truncate_own, 1))
        functions, weights = zip(*changes)
        self.random.choices(functions, weights)[0](worker)

    def insert(self, worker):
        table = self.table(worker)
        size = self.random.choice(BYTES)
        rows = self.random.choice((1, 1, 3, 30, 300))
        first, worker.next_key = worker.next_key, worker.next_key + rows
        self.say(worker, f"INSERT INTO {self.schema}.{table} (k, n, v) SELECT g, g % 7, "
                         f"repeat('{self.random.choice(('x', 'é', chr(39) * 2))}', {max(size // rows, 1)}) "
                         f"FROM generate_series({first}, {first + rows - 1}) g")
        worker.rows.append((table, first, first + rows - 1))
        if not worker.transaction.savepoints:
            worker.transaction.surely_changed = True

    def some_keys(self, worker, table):
        """Of rows that this session has inserted, if they are still there."""
        inserts = [(first, last) for name, first, last in worker.rows if name == table]
        if not inserts:
            return "k < 0"
        first = self.random.randint(*self.random.choice(inserts))
        return f"k BETWEEN {first} AND {first + self.random.choice((0, 3, 40, 300))}"

    def update(self, worker):
        what = self.random.choice(("n = n + 1", "v = left(v, 10) || 'new'", "n = NULL",
                                   f"k = k + {KEYS // 2}", "v = v"))
        table = self.table(worker)
        keys = self.some_keys(worker, table)
        if what.startswith("k"):  # moves each at most once
            keys += f" AND k < {worker.number * KEYS + KEYS // 2}"
        self.say(worker, f"UPDATE {self.schema}.{table} SET {what} WHERE {keys}")

    def delete(self, worker):
        table = self.table(worker)
        self.say(worker, f"DELETE FROM {self.schema}.{table} WHERE {self.some_keys(worker, table)}")

    def toast(self, worker):
        """Values that are stored out of line, then updates that change them, or do not."""
        if not self.may_use(worker, "toast"):
            return
        key, worker.next_key = worker.next_key, worker.next_key + 1
        worker.rows.append(("toast", key, key))
        self.say(worker, f"INSERT INTO {self.schema}.toast (k, big) VALUES "
                         f"({key}, repeat('b', {self.random.choice((10, 2100, 9000, 70_000))}))")
        what = self.random.choice(("n = 1", "big = big || 'c'", "n = 2, v = 'v'", "big = NULL"))
        self.say(worker, f"UPDATE {self.schema}.toast SET {what} "
                         f"WHERE {self.some_keys(worker, 'toast')}")

    def alter(self, worker):
        """A table of its own, or a shared one that nobody else has touched meanwhile."""
        table = self.random.choice((*SHARED, self.own(worker)))
        if any(table in t.used for t in self.others(worker)):
            table = self.own(worker)
        if table in worker.transaction.truncated:
            return
        worker.transaction.used.add(table)
        worker.transaction.altered.add(table)
        name = f"{self.schema}.{table}"
        column = self.name("c")
        how = [f"ALTER TABLE {name} ADD COLUMN {column} int, ADD COLUMN also_{column} {self.schema}.mood",
               f"ALTER TABLE {name} ADD COLUMN {column} text; ALTER TABLE {name} DROP COLUMN {column}",
               f"ALTER TABLE {name} ADD COLUMN {column} numeric; "
               f"ALTER TABLE {name} RENAME COLUMN {column} TO \"{column} R\""]
        if not worker.transaction.savepoints:
            worker.transaction.new_files = True
            how += [f"ALTER TABLE {name} ADD COLUMN {column} {self.schema}.mood DEFAULT 'ok'",
                    f"ALTER TABLE {name} ADD COLUMN {column} int DEFAULT 3; UPDATE {name} SET {column} = 4 "
                    f"WHERE {self.some_keys(worker, table)}; ALTER TABLE {name} ALTER COLUMN {column} TYPE text"]
        self.say(worker, self.random.choice(how))

    def create(self, worker):
        if worker.transaction.savepoints:
            return
        table = self.name("made")
        worker.transaction.new_files = True
        self.say(worker, f"CREATE TABLE {self.schema}.{table} AS SELECT g AS k FROM generate_series(1, 3) g; "
                         f"INSERT INTO {self.schema}.{table} VALUES (4)" +
                 self.random.choice(("", f"; DROP TABLE {self.schema}.{table}")))

    def lock(self, worker):
        """A subtransaction with an xid, but without changes."""
        table = self.table(worker)
        self.say(worker, f"SELECT count(*) FROM (SELECT FROM {self.schema}.{table} "
                         f"WHERE {self.some_keys(worker, table)} FOR UPDATE) s")

    def truncate_own(self, worker):
        table, transaction = self.own(worker), worker.transaction
        if table in transaction.altered:
            return
        transaction.altered.add(table)
        transaction.truncated.add(table)
        transaction.new_files = True
        self.say(worker, f"TRUNCATE {self.schema}.{table}" +
                 self.random.choice(("", " RESTART IDENTITY", " CASCADE")))

    def message(self, worker):
        transactional = not worker.transaction.savepoints and self.random.random() < 0.6
        self.say(worker, f"SELECT pg_logical_emit_message({str(transactional).lower()}, '{self.schema}', "
                         f"repeat('m', {self.random.choice((0, 5, 20_000))}))")

    # ---- names and locks --------------------------------------------------------------------------

    def name(self, prefix):
        self.names += 1
        return f"{prefix}{self.names}"

    def new_own(self, worker):
        worker.own += 1
        self.tables.append(self.own(worker))

    def own(self, worker):
        return f"own_{worker.number}_{worker.own}"

    def others(self, worker):
        """The transactions that are open, but for this session's."""
        yield from self.prepared.values()
        yield from (w.transaction for w in self.workers if w.transaction and w is not worker)

    def may_use(self, worker, table):
        if any(table in other.altered for other in self.others(worker)):
            return False
        worker.transaction.used.add(table)
        return True

    def table(self, worker):
        """One to read or change rows of."""
        table = self.random.choice((*SHARED, self.own(worker)))
        return table if self.may_use(worker, table) else self.own(worker)

    def say(self, worker, statements):
        self.steps.append((worker.number, statements))
