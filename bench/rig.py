# SPDX-License-Identifier: MIT
"""What the benchmarks with a server share: the server, the data sets, and what a process costs."""
import collections
import os
import pathlib
import platform
import re
import resource  # os.wait4() needs it, and after pg.drop_privileges() its file may be out of reach
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "server"))

import pg  # noqa: E402

# So that the server's disk and its other work do not count, and a transaction of 100,000 rows is streamed
# already; all on top of pg.SETTINGS.
SETTINGS = {"synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "32GB",
            "wal_sender_timeout": "0", "track_commit_timestamp": "off", "shared_buffers": "256MB",
            "log_replication_commands": "off", "checkpoint_timeout": "1d",
            "logical_decoding_work_mem": "8MB"}

# The titles of the server's own processes.
OWN = r"postgres: (checkpointer|background writer|walwriter|autovacuum|logical rep|io worker|stats|archiver)"

NARROW = "id int, n bigint, note text, at timestamptz"
NARROW_ROW = "i, 7919 * i::bigint, 'row: ' || md5(i::text), clock_timestamp()"
MIXED_TYPES = {"int": "i", "bigint": "i::bigint * 104395301", "smallint": "i % 30000",
               "text": "left(md5(i::text), 20)", "varchar": "md5(i::text)", "bool": "i % 2 = 0",
               "numeric": "i * 1.37", "float8": "i * 0.37::float8", "real": "i * 0.5::real",
               "timestamp": "timestamp '2024-01-15' + i * interval '1.37 s'",
               "timestamptz": "timestamptz '2024-01-15' + i * interval '1.37 s'",
               "date": "date '2024-01-15' + i % 1000", "time": "time '12:00' + i % 999 * interval '1 s'",
               "uuid": "md5(i::text)::uuid", "jsonb": "jsonb_build_object('a', i, 'b', true)"}


def in_transactions(rows, size, statement):
    """A DO block that runs `statement`, of rows first .. last, in transactions of `size` rows."""
    return (f"DO $$ DECLARE first int; last int; BEGIN FOR first IN 1 .. {rows} BY {size} LOOP "
            f"last := least(first + {size} - 1, {rows}); {statement}; COMMIT; END LOOP; END $$;")


def insert(table, row):
    return f"INSERT INTO {table} SELECT {row} FROM generate_series(first, last) i"


class DataSet:
    """What is in a slot: `before` is run before the slot is made, `load` after it."""

    def __init__(self, letter, about, rows, before, load, streaming=False):
        self.letter, self.about, self.rows = letter, about, rows
        self.before, self.load, self.streaming = before, load, streaming

    @property
    def slot(self):
        return f"master_{self.letter}"


def narrow(rows, size=1000, letter="a", streaming=False):
    about = f"narrow inserts, {size:,} rows in a transaction" if size < rows else \
        f"one transaction of {rows:,} rows, streamed"
    return DataSet(letter, about, rows, f"CREATE TABLE {letter} ({NARROW});",
                   in_transactions(rows, size, insert(letter, NARROW_ROW)), streaming)


def small(rows):
    tables = ("b_accounts", "b_tellers", "b_branches")
    before = "".join(f"CREATE TABLE {t} (id int PRIMARY KEY, bid int, balance int); "
                     f"INSERT INTO {t} SELECT i, 1, 0 FROM generate_series(1, 1000) i; " for t in tables)
    before += "CREATE TABLE b_history (tid int, bid int, aid int, delta int, mtime timestamp);"
    change = "; ".join(f"UPDATE {t} SET balance = balance + first WHERE id = 1 + first % 1000" for t in tables)
    change += "; INSERT INTO b_history VALUES (first, 1, last, -first, clock_timestamp())"
    return DataSet("b", "pgbench: three updates and an insert in a transaction", rows, before,
                   in_transactions(rows // 4, 1, change))


def mixed(rows):
    columns = [(f"c{i:02}", *list(MIXED_TYPES.items())[i % 15]) for i in range(30)]
    return DataSet("c", "30 columns of 15 types", rows,
                   f"CREATE TABLE c ({', '.join(f'{name} {kind}' for name, kind, _ in columns)});",
                   in_transactions(rows, 1000, insert("c", ", ".join(value for *_, value in columns))))


def full(rows):
    return DataSet("d", "updates with the full old row", rows,
                   f"CREATE TABLE d ({NARROW}); ALTER TABLE d REPLICA IDENTITY FULL; "
                   f"INSERT INTO d SELECT {NARROW_ROW} FROM generate_series(1, {rows}) i; "
                   "CREATE INDEX ON d (id); ANALYZE d;",
                   in_transactions(rows, 1000, "UPDATE d SET n = n + 1, at = clock_timestamp() "
                                               "WHERE id BETWEEN first AND last"))


def wide(rows):
    return DataSet("e", "rows of 8 KB", rows,
                   "CREATE TABLE e (id int, v text); ALTER TABLE e ALTER v SET STORAGE EXTERNAL;",
                   in_transactions(rows, 100, insert("e", "i, repeat(md5(i::text) || '\"', 242)")))


def exact(rows):
    """Numerics of 1 to 40 digits, of both signs, and times to the microsecond."""
    columns = [(f"n{k:02}", "numeric", f"round(i * (1 - 2 * (i % 2)) * 1.1000123456789012345678901 * 1e{k - 8}, {k})")
               for k in range(20)]
    for k, kind in enumerate(["timestamptz", "timestamp", "interval"] * 3 + ["timestamptz"]):
        start = "'1 year 2 mons 3 days'" if kind == "interval" else "'2024-01-15 10:30:00.123456'"
        columns.append((f"t{k}", kind, f"{kind} {start} + i * interval '{k} days 01:02:03.045067'"))
    return DataSet("g", "20 numerics and 10 times", rows,
                   f"CREATE TABLE g ({', '.join(f'{name} {kind}' for name, kind, _ in columns)});",
                   in_transactions(rows, 1000, insert("g", ", ".join(value for *_, value in columns))))


def data_sets(scale, long=False):
    """The data sets a to g; scale 1 is what docs/performance.md speaks of."""
    def n(rows):
        return max(1000, int(rows * scale))
    one = n(5_000_000 if long else 1_000_000)
    return [narrow(n(1_000_000)), small(n(200_000)), mixed(n(100_000)), full(n(500_000)), wide(n(50_000)),
            narrow(one, size=one, letter="f", streaming=True), exact(n(100_000))]


class Bench:
    """A server; `prepare` loads a data set behind a master slot that each run copies."""

    def __init__(self, version="18", settings=None):
        self.server = pg.Server(version, {**SETTINGS, **(settings or {})})
        self.runs = 0

    def __enter__(self):
        self.server.start()
        self.server.sql("CREATE TABLE marker (id int); INSERT INTO marker VALUES (0)")
        return self

    def __exit__(self, *exc):
        self.server.remove()

    def prepare(self, data):
        """Loads it, publishes it as p_LETTER; remembers where it ends. Nobody waits for a keepalive there: two
        more transactions follow."""
        sql, letter = self.server.sql, data.letter
        sql(data.before)
        tables = sql(f"SELECT string_agg(relname, ', ') FROM pg_class WHERE relkind = 'r' AND relnamespace = "
                     f"'public'::regnamespace AND (relname = '{letter}' OR relname LIKE '{letter}\\_%')")
        sql(f"CREATE PUBLICATION p_{letter} FOR TABLE {tables}, marker; "
            f"SELECT pg_create_logical_replication_slot('{data.slot}', 'pgoutput')")
        sql(data.load)
        sql("INSERT INTO marker VALUES (1)")
        data.end = self.server.value("pg_current_wal_insert_lsn()")
        sql("INSERT INTO marker VALUES (2); INSERT INTO marker VALUES (3)")

    def forget(self, data):
        self.server.sql(f"SELECT pg_drop_replication_slot('{data.slot}')")

    def copy_slot(self, data):
        self.runs += 1
        self.server.sql(f"SELECT pg_copy_logical_replication_slot('{data.slot}', 'run_{self.runs}')")
        return f"run_{self.runs}"

    def drop_slot(self, slot):
        self.server.wait(lambda: not self.sessions())
        self.server.sql(f"SELECT pg_drop_replication_slot('{slot}')")

    def conninfo(self, transport):
        return {"unix": self.server.conninfo(),
                "tcp": self.server.conninfo(host="127.0.0.1", sslmode="disable"),
                "tls": self.server.conninfo(host="127.0.0.1", sslmode="require")}[transport]

    def sessions(self):
        """Processes of the server that belong to a client, and those that ended and are not counted yet."""
        pid = self.server.process.pid
        found = []
        for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            try:
                title = pathlib.Path(f"/proc/{child}/cmdline").read_text()
            except OSError:
                continue
            if not re.match(OWN, title):
                found.append(int(child))
        return found

    def ended_cpu(self):
        """CPU seconds of all server processes that have ended; none is left."""
        self.server.wait(lambda: not self.sessions())
        fields = pathlib.Path(f"/proc/{self.server.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    def run(self, command, env=None):
        """One client, to its end."""
        before = self.ended_cpu()
        cost = run_process(command, env=env)
        cost.server = self.ended_cpu() - before
        return cost

    def take_turns(self, data, commands, rounds):
        """{name: [Cost of each round]} of {name: a function of the slot that returns the command}"""
        costs = collections.defaultdict(list)
        for _ in range(rounds):
            for name, command in commands.items():
                slot = self.copy_slot(data)
                costs[name].append(self.run(command(slot)))
                self.drop_slot(slot)
        return costs


class Cost:
    """Of one process: seconds of user, system and wall time, MiB of memory at most."""

    def __init__(self, wall, usage, memory):
        self.wall, self.user, self.system, self.memory = wall, usage.ru_utime, usage.ru_stime, memory
        self.server = 0.0

    @property
    def cpu(self):
        return self.user + self.system


def ratios(costs, name, key, base=None):
    """Of one client's cost to another's, the first's if not said, in each round; from the lowest to the highest."""
    pairs = zip(costs[name], costs[base or next(iter(costs))])
    return sorted(getattr(a, key) / max(getattr(b, key), 0.001) for a, b in pairs)


def ratio(costs, name, key, base=None):
    return statistics.median(ratios(costs, name, key, base))


def watch_memory(pid, done, peak):
    """VmHWM, until the process has ended: ru_maxrss is inherited from us."""
    while not done.wait(0.02):
        try:
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return
        found = re.search(r"VmHWM:\s+(\d+)", status)
        peak[0] = int(found.group(1)) / 1024 if found else peak[0]


def environment(env=None):
    keep = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    return {**keep, "PGPASSFILE": "none", **(env or {})}


def run_process(command, env=None, timeout=900):
    done, peak, begin = threading.Event(), [0.0], time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, env=environment(env))
    watcher = threading.Thread(target=watch_memory, args=(process.pid, done, peak), daemon=True)
    watcher.start()
    killer = threading.Timer(timeout, process.kill)
    killer.daemon = True
    killer.start()
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    assert isinstance(usage, resource.struct_rusage)
    wall = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    killer.cancel()
    done.set()
    watcher.join()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {process.returncode}:\n"
                           f"{errors.decode(errors='replace')}")
    return Cost(wall, usage, peak[0])


def has_gather(walwire):
    """Does this walwire have --gather?"""
    done = subprocess.run([walwire, "stream", "--help"], stdout=subprocess.PIPE, text=True, check=True)
    return "--gather" in done.stdout


def walwire_command(walwire, bench, data, slot, transport="tcp", output="/dev/null", more=()):
    return [walwire, "stream", "-n", "-q", "-S", slot, "--publication", f"p_{data.letter}", "-E", data.end,
            "--streaming", "on" if data.streaming else "off", "-f", output, *more,
            "-d", bench.conninfo(transport)]


def recvlogical_command(bench, data, slot, transport="tcp", output="/dev/null", binary=False):
    options = [f"publication_names=p_{data.letter}", f"proto_version={2 if data.streaming else 1}"]
    options += ["streaming=on"] if data.streaming else []
    options += ["binary=true"] if binary else []
    return [pg.find_tool("pg_recvlogical"), "--start", "--no-loop", "-S", slot, f"--endpos={data.end}",
            "-f", output, *(word for option in options for word in ("-o", option)),
            "-d", bench.conninfo(transport)]


def machine():
    """A line about where and when this was measured."""
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return (f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {model.group(1) if model else platform.machine()}, "
            f"Linux {platform.release().split('-')[0]}")
