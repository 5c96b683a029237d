# SPDX-License-Identifier: MIT
"""What goes on in the database while faults are made: several sessions, each with keys of its own, so that none waits
for another. Each transaction leaves a row in the ledger: client, number, how many rows it inserted, the sum of their
keys; what was rolled back leaves none.

Left out is what pgoutput cannot tell, or what servers fail at whoever reads it (tests/server/histories.py says what)."""
import dataclasses
import random
import subprocess
import threading

import pg

TABLES = """
CREATE TABLE items (client int, id bigint, n int, v text, PRIMARY KEY (client, id));
CREATE TABLE whole (client int, id bigint, yes bool, big text, PRIMARY KEY (client, id));
ALTER TABLE whole REPLICA IDENTITY FULL, ALTER COLUMN big SET STORAGE EXTERNAL;
CREATE TABLE toasted (client int, id bigint, n int, big text, PRIMARY KEY (client, id));
ALTER TABLE toasted ALTER COLUMN big SET STORAGE EXTERNAL;
CREATE TABLE ledger (client int, seq int, nrows int, total bigint, PRIMARY KEY (client, seq));
CREATE PUBLICATION p FOR ALL TABLES;
"""
WEIGHTS = {"small": 62, "rolled_back": 10, "savepoints": 10, "toast": 6, "message": 4, "large": 3,
           "prepared": 2, "definition": 2, "truncate": 1}
LARGE = 70_000                # bytes; logical_decoding_work_mem is 64kB
DEFINITIONS = 200             # of one table, which then gets a successor: 1,600 columns is the most one can ever have
TEXTS = ("plain", "caf\u00e9 \U0001f418", 'quoted " and \\ and \t', "line\nfeed", "{\"a\":[1]}")


class Lost(Exception):
    """The server went away under a session."""


class Session:
    """A psql that takes one batch of statements after the other."""

    def __init__(self, server, db):
        self.process = subprocess.Popen(
            [pg.find_tool("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", server.host, "-p", str(server.port),
             "-U", "postgres", "-d", db], env=server._env(), encoding="utf-8", stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, statements):
        """Returns the rows, as lines."""
        said = []
        try:
            self.process.stdin.write(f"{statements};\n\\echo done\n")
            self.process.stdin.flush()
            for line in self.process.stdout:
                if line == "done\n":
                    return said
                said.append(line.rstrip("\n"))
        except BrokenPipeError:
            said += self.process.stdout.readlines()
        self.process.wait()
        if any(line.startswith("ERROR:") for line in said):
            raise RuntimeError(f"psql: {said}\nin: {statements[:1000]}")
        raise Lost

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.stdout.close()
        self.process.wait()


@dataclasses.dataclass
class Rows:
    """What a transaction has inserted so far."""
    count: int = 0
    total: int = 0


class Client:
    """Makes up the transactions of one session."""

    def __init__(self, number, seed):
        self.number, self.random = number, random.Random(f"{seed}.{number}")
        self.seq = self.definitions = 0
        self.next_id = 1
        self.rows = Rows()

    def setup(self):
        return f"CREATE TABLE trunc_{self.number} (id bigint PRIMARY KEY, v text); {self.create_altered()}"

    def transaction(self):
        """The statements of one transaction, or two; each is a round trip of its own."""
        self.rows = Rows()
        self.seq += 1
        kind, = self.random.choices(list(WEIGHTS), WEIGHTS.values())
        return getattr(self, kind)()

    # ---- kinds of transactions ----------------------------------------------------------------------

    def small(self):
        return ["BEGIN", *(self.change() for _ in range(self.random.randint(1, 3))), self.ledger(), "COMMIT"]

    def rolled_back(self):
        return ["BEGIN", self.change(), self.change(), self.ledger(), "ROLLBACK"]

    def savepoints(self):
        """Three, one in the other; then back to one of them, or all released."""
        kept, statements = [], ["BEGIN", self.change()]
        for level in range(3):
            kept.append(dataclasses.replace(self.rows))
            statements += [f"SAVEPOINT s{level}", self.insert("items", self.random.randint(1, 3)), self.change()]
        back = self.random.randrange(4)
        if back < 3:
            statements.append(f"ROLLBACK TO s{back}")
            self.rows = kept[back]
        else:
            statements.append("RELEASE s0")
        return [*statements, self.insert("items", 1), self.ledger(), "COMMIT"]

    def large(self):
        """Streamed; with a subtransaction that is streamed too and rolled back, or not."""
        statements = ["BEGIN"]
        for _ in range(self.random.randint(1, 3)):
            statements.append(self.insert("items", self.random.choice((10, 100)), LARGE // 2))
        if self.random.random() < 0.5:
            before = dataclasses.replace(self.rows)
            statements += ["SAVEPOINT s", self.insert("items", 50, LARGE)]
            if self.random.random() < 0.7:
                statements.append("ROLLBACK TO s")
                self.rows = before
        end = self.random.choice(("COMMIT", "COMMIT", "COMMIT", "ROLLBACK"))
        return [*statements, self.change(), self.ledger(), end]

    def prepared(self):
        """A small one, or one that is streamed. Another transaction may come before its end."""
        gid = f"{self.prefix()}{self.seq}"
        size = self.random.choice((20, 20, 2 * LARGE))
        statements = ["BEGIN", self.insert("items", 20, size), self.ledger(), f"PREPARE TRANSACTION '{gid}'"]
        if self.random.random() < 0.5:
            self.seq += 1
            self.rows = Rows()
            statements += ["BEGIN", self.insert("items", 1), self.ledger(), "COMMIT"]
        return [*statements, f"{self.random.choice(('COMMIT', 'COMMIT', 'ROLLBACK'))} PREPARED '{gid}'"]

    def toast(self):
        """Values out of line, and updates that leave them alone, or do not."""
        table = self.random.choice(("toasted", "whole"))
        other = "n = n + 1" if table == "toasted" else "yes = NOT yes"
        what = self.random.choice((other, other, "big = big || 'c'", "id = -id"))
        return ["BEGIN", self.insert(table, 1, self.random.choice((2500, 9000))),
                f"UPDATE {table} SET {what} WHERE client = {self.number} AND id BETWEEN {self.next_id - 40} "
                f"AND {self.next_id} AND id % 7 = {self.random.randrange(7)}", self.ledger(), "COMMIT"]

    def definition(self):
        self.definitions += 1
        create = [self.create_altered()] if self.definitions >= DEFINITIONS else []
        table, column = self.altered(), f"c{self.definitions}"
        dropped = f"c{max(self.definitions - self.random.randint(1, 5), 0)}"
        key = self.key()
        return [*create, "BEGIN", f"INSERT INTO {table} VALUES ({key})",
                f"ALTER TABLE {table} ADD COLUMN {column} {self.random.choice(('int', 'text', 'bigint'))}",
                f"UPDATE {table} SET {column} = 4 WHERE id = {key}",
                f"ALTER TABLE {table} DROP COLUMN IF EXISTS {dropped}", f"INSERT INTO {table} VALUES ({self.key()})",
                self.ledger(), self.random.choice(("COMMIT", "COMMIT", "ROLLBACK"))]

    def truncate(self):
        table = f"trunc_{self.number}"
        return ["BEGIN", f"INSERT INTO {table} VALUES ({self.key()}, 'before')", f"TRUNCATE {table}",
                f"INSERT INTO {table} VALUES ({self.key()}, 'after')", self.ledger(), "COMMIT"]

    def message(self):
        """Non-transactional ones are told even if what is around them is rolled back."""
        emit = "SELECT pg_logical_emit_message({}, 'm', '{} %s')" % self.random.choice(("", "caf\u00e9", "\U0001f418"))
        return ["BEGIN", emit.format("true", f"{self.number}.{self.seq}"), self.change(),
                emit.format("false", f"{self.number}.{self.seq}"), self.ledger(),
                self.random.choice(("COMMIT", "COMMIT", "ROLLBACK")),
                *[emit.format("false", f"alone {self.number}.{self.seq}")] * self.random.randrange(2)]

    # ---- statements -----------------------------------------------------------------------------------

    def prefix(self):
        """Of the names of its prepared transactions."""
        return f"c{self.number}_"

    def altered(self):
        return f"altered_{self.number}_{self.definitions // DEFINITIONS}"

    def create_altered(self):
        return f"CREATE TABLE IF NOT EXISTS {self.altered()} (id bigint PRIMARY KEY)"

    def key(self):
        self.next_id += 1
        self.rows.count += 1
        self.rows.total += self.next_id - 1
        return self.next_id - 1

    def insert(self, table, rows, size=20):
        """So many rows, so many bytes in all."""
        keys = [self.key() for _ in range(rows)]
        columns = {"whole": "client, id, yes, big"}.get(table)
        value = "g % 2 = 0" if columns else "g % 100"
        text = self.random.choice(TEXTS).replace("'", "''")
        return (f"INSERT INTO {table} SELECT {self.number}, g, {value}, repeat('{text}', "
                f"{max(size // rows // len(text), 1)}) FROM generate_series({keys[0]}, {keys[-1]}) g")

    def change(self):
        """Of some rows that were inserted lately, if they are there."""
        first = self.next_id - self.random.choice((3, 30, 200))
        mine = f"client = {self.number} AND id BETWEEN {first} AND {self.next_id}"
        how = self.random.randrange(10)
        if how < 5:
            return self.insert(self.random.choice(("items", "items", "whole")), self.random.choice((1, 1, 3, 10)))
        if how < 7:
            return f"UPDATE items SET n = n + 1, v = v || '.' WHERE {mine} AND id % 5 = 0"
        if how == 7:
            return f"UPDATE items SET id = -id WHERE {mine} AND id % 11 = 0"
        if how == 8:
            return f"DELETE FROM items WHERE {mine} AND id % 3 = 0"
        return f"UPDATE whole SET yes = NULL WHERE {mine} AND id % 5 = 0"

    def ledger(self):
        return f"INSERT INTO ledger VALUES ({self.number}, {self.seq}, {self.rows.count}, {self.rows.total})"


class Workload:
    """Runs the clients, each in a thread, until stop(). A server that goes away is waited for."""

    def __init__(self, server, db, seed, clients=3, rate=80):
        self.server, self.db = server, db
        self.pause_s = clients / rate
        self.clients = [Client(number, seed) for number in range(1, clients + 1)]
        self.stopping, self.paused = threading.Event(), threading.Event()
        self.running = threading.Event()
        self.running.set()
        self.idle = [threading.Event() for _ in self.clients]
        self.errors, self.transactions, self.lost = [], 0, 0
        self.threads = []
        server.sql(TABLES + ";".join(client.setup() for client in self.clients), db)

    def start(self):
        self.threads = [threading.Thread(target=self.work, args=pair, daemon=True)
                        for pair in zip(self.clients, self.idle)]
        for thread in self.threads:
            thread.start()
        return self

    def pause(self):
        """Returns when all sessions are closed."""
        self.running.clear()
        self.paused.set()
        for idle, thread in zip(self.idle, self.threads):
            while thread.is_alive() and not idle.wait(0.1):
                pass

    def resume(self):
        for idle in self.idle:
            idle.clear()
        self.paused.clear()
        self.running.set()

    def end(self):
        self.stopping.set()
        if not self.running.is_set():
            self.resume()
        for thread in self.threads:
            thread.join(timeout=60)

    def stop(self):
        """Ends what is under way; then the publisher's tables do not change any more."""
        self.end()
        if self.errors:
            raise RuntimeError(f"the workload failed, not walwire: {self.errors[0]}")

    def work(self, client, idle):
        try:
            while not self.stopping.is_set():
                try:
                    self.session(client)
                except Lost:
                    self.lost += 1
                    self.stopping.wait(0.05)
                if self.paused.is_set():
                    idle.set()
                    self.running.wait()
            self.finish(client)
        except Exception as error:   # told by stop(), in the main thread
            self.errors.append(error)
        finally:
            idle.set()

    def session(self, client):
        session = Session(self.server, self.db)
        try:
            session.run("SET client_min_messages = warning; "
                        "SET synchronous_commit = " + ("off" if client.number == 1 else "on"))
            self.end_prepared(client, session)
            while not (self.stopping.is_set() or self.paused.is_set()):
                for statement in client.transaction():
                    session.run(statement)
                self.transactions += 1
                self.stopping.wait(client.random.uniform(0, 2 * self.pause_s))
        finally:
            session.close()

    @staticmethod
    def end_prepared(client, session):
        """Those that a lost session has left."""
        for gid in session.run(f"SELECT gid FROM pg_prepared_xacts WHERE gid LIKE '{client.prefix()}%'"):
            session.run(f"COMMIT PREPARED '{gid}'")

    def finish(self, client):
        """The server may be away at that moment, and comes back."""
        while True:
            session = Session(self.server, self.db)
            try:
                return self.end_prepared(client, session)
            except Lost:
                self.stopping.wait(0.05)
            finally:
                session.close()
