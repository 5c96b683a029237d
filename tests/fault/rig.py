# SPDX-License-Identifier: MIT
"""What the rigs of this folder share: their options, a scene (a server under load, the command, a file that it
writes), and a list of what held and what did not."""
import argparse
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "server"))

import oracle
import pg
from workload import Workload

DB, SLOT = "shop", "ours"
SETTINGS = {"logical_decoding_work_mem": "64kB", "max_prepared_transactions": "20", "synchronous_commit": "on"}


def parse(argv, name, about, short, long):
    """short and long: how many runs there are if --runs does not say."""
    parser = argparse.ArgumentParser(prog=name, description=about)
    parser.add_argument("--walwire", required=True)
    parser.add_argument("--shim", help="the library that fails calls (shim.c)")
    parser.add_argument("--server", default="18")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--runs", type=int)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--keep", action="store_true", help="the directory, even if all is well")
    options = parser.parse_args(argv)
    options.name = name
    options.walwire = str(pathlib.Path(options.walwire).resolve())
    options.shim = options.shim and str(pathlib.Path(options.shim).resolve())
    options.runs = options.runs or (long if options.long else short)
    options.random = random.Random(options.seed)
    options.again = (f"scripts/fault{' --long' * options.long} --server {options.server} {name} "
                     f"--seed {options.seed} --runs {options.runs}")
    print(f"{name}: seed {options.seed}, {options.runs} runs, PostgreSQL {options.server}", flush=True)
    return options


class Report:
    """Counts what held and what did not; the last line says so."""

    def __init__(self, options):
        self.options, self.passed, self.failed, self.begin = options, 0, 0, time.monotonic()

    @contextlib.contextmanager
    def check(self, what):
        """What is wrong inside is told, not raised. Yields a list for a remark."""
        begin, remarks = time.monotonic(), []
        try:
            yield remarks
        except Exception as error:
            self.failed += 1
            print(f"FAIL {time.monotonic() - begin:7.2f} s  {what}: {error}", flush=True)
            if not isinstance(error, (oracle.Wrong, Failed, OSError)):
                traceback.print_exc()
        else:
            self.passed += 1
            print(f"ok   {time.monotonic() - begin:7.2f} s  {what}{': ' * bool(remarks)}{'; '.join(remarks)}", flush=True)

    def end(self):
        if self.failed:
            print(f"again: {self.options.again}")
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 0 if self.failed == 0 and self.passed > 0 else 1


class Failed(Exception):
    """walwire did not do what it must."""


def measure(what):
    """How many seconds it takes."""
    begin = time.monotonic()
    what()
    return time.monotonic() - begin


def parse_line(line):
    try:
        return json.loads(line)
    except ValueError:
        raise Failed(f"a torn line: {line[:300]!r}") from None


class Scene:
    """A server under load with two slots that were created at the same point, and a file. Kept if something failed."""

    def __init__(self, options, report, settings=None, two_phase=None, rate=120):
        self.options, self.report, self.random, self.rate = options, report, options.random, rate
        self.server = pg.Server(options.server, SETTINGS | (settings or {}))
        self.two_phase = two_phase if two_phase is not None else self.server.major >= 15
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"walwire-fault-{options.name}-"))
        self.spill = self.dir / "spill"
        (self.dir / "out").mkdir()
        self.spill.mkdir()
        self.file = self.dir / "out" / "events"
        self.position = self.dir / "out" / "events.position"
        self.errors = self.dir / "stderr"
        self.processes, self.load = [], None
        self.conninfo = None  # a rig with a proxy puts its own here

    def __enter__(self):
        try:
            self.server.start()
            self.server.sql(f"CREATE DATABASE {DB}")
            self.load = Workload(self.server, DB, self.options.seed, rate=self.rate)
            how = ", false, true" if self.two_phase else ""
            for slot in (SLOT, oracle.TWIN):
                self.server.sql(f"SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput'{how})", DB)
            self.load.start()
        except BaseException:
            self.close(failed=True)
            raise
        return self

    def __exit__(self, kind, error, trace):
        self.close(failed=kind is not None or self.report.failed > 0)

    def close(self, failed):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()
        if self.load:
            self.load.end()
        if failed or self.options.keep:
            self.keep()
        else:
            shutil.rmtree(self.dir)
        self.server.remove()

    def keep(self):
        """For whoever looks for the reason: also what the twin says, in front of the server's end."""
        shutil.copy(self.server.log, self.dir / "server.log")
        with contextlib.suppress(Exception):
            (self.dir / "activity").write_text(self.server.sql("\\x\nSELECT * FROM pg_stat_activity"))
            lines = oracle.twin_lines(self.server, DB, self.two_phase)
            (self.dir / "twin").write_text("".join(line + "\n" for line in lines))
        print(f"kept: {self.dir}")

    # ---- the command --------------------------------------------------------------------------------

    def command(self, *arguments, conninfo=None):
        phases = ["--two-phase"] if self.two_phase else []
        return [self.options.walwire, "stream", "-S", SLOT, "--publication", "p", "--format", "compact", "-f",
                str(self.file), "--spill-dir", str(self.spill), *phases, *map(str, arguments), "-d",
                conninfo or self.conninfo or self.server.conninfo(dbname=DB)]

    def some_options(self):
        """That change how it works inside and nothing in the file."""
        choose = self.random.choice
        major = self.server.major
        options = ["-s", choose((1, 10)), "--fsync-interval", choose((0, 0.01, 0.1, 1))]
        if major >= 14:
            options += ["--streaming", choose(("off", "on", "parallel") if major >= 16 else ("off", "on"))]
            options += ["--binary", choose(("off", "auto")), "--assemble-memory", choose(("4k", "1M"))]
        return options

    def start(self, *arguments, env=None, **options):
        """In the background; what it says goes to a file, behind what others said."""
        with open(self.errors, "ab") as errors:
            process = subprocess.Popen(self.command(*arguments, **options), stdin=subprocess.DEVNULL,
                                       stdout=errors, stderr=errors, env={**self.environment(), **(env or {})})
        self.processes = [one for one in self.processes if one.poll() is None] + [process]
        return process

    def environment(self):
        keep = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}
        return {**keep, "HOME": str(self.dir), "LANG": "C.UTF-8"}

    def said(self):
        return self.errors.read_text(errors="replace")[-600:] if self.errors.exists() else ""

    def expect_alive(self, process):
        if process.poll() is not None:
            raise Failed(f"walwire ended with status {process.returncode}: {self.said()}")
        return True

    def expect_end(self, process, status=0, seconds=60):
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"walwire did not end in {seconds} s: {self.said()}") from None
        if process.returncode != status:
            raise Failed(f"walwire ended with status {process.returncode}, not {status}: {self.said()}")

    # ---- what the server knows ------------------------------------------------------------------------

    def confirmed(self):
        """The slot's confirmed position, as a number."""
        return int(self.server.value("confirmed_flush_lsn - '0/0'::pg_lsn FROM pg_replication_slots "
                                     f"WHERE slot_name = '{SLOT}'"))

    def wal_position(self):
        return int(self.server.value("pg_current_wal_lsn() - '0/0'::pg_lsn"))

    def wait_streaming(self, process, seconds=30):
        return self.wait("EXISTS (SELECT FROM pg_stat_replication r JOIN pg_replication_slots s ON s.active_pid = "
                         f"r.pid WHERE s.slot_name = '{SLOT}' AND r.state = 'streaming')", process, seconds)

    def wait_inactive(self, seconds=30):
        self.server.wait(f"NOT (SELECT active FROM pg_replication_slots WHERE slot_name = '{SLOT}')", seconds=seconds)

    def wait_caught_up(self, process, seconds=30):
        """Until all that was committed before now is acknowledged. How long it took."""
        target = self.wal_position()
        return self.wait(lambda: self.confirmed() >= target, process, seconds)

    def wait(self, condition, process, seconds):
        try:
            return self.server.wait(condition, seconds=seconds, alive=lambda: self.expect_alive(process))
        except TimeoutError as error:
            raise Failed(f"{error}; walwire says: {self.said()}") from None

    # ---- the end ----------------------------------------------------------------------------------------

    def judge(self, *arguments):
        """Stops the load, reads to the end, and asks the oracle. walwire must not be running."""
        failed = self.report.failed
        with self.report.check("a clean run to the end") as remarks:
            self.load.stop()
            remarks.append(f"{self.load.transactions} transactions were run")
            self.expect_end(self.start("--until-now", *arguments), seconds=300)
        if self.report.failed > failed:
            return
        with self.report.check("nothing lost, nothing twice, nothing torn, order and boundaries kept") as remarks:
            remarks.append(oracle.check(self.server, DB, self.file, self.two_phase))
        with self.report.check("no file is left but the output and its position"):
            left = {str(path.relative_to(self.dir)) for path in self.dir.rglob("*")} - \
                {"out", "spill", "stderr", "shim.log", "shim.data", "out/events", "out/events.position"}
            if left:
                raise Failed(f"there are {sorted(left)}")


def main(argv, name, about, short, long, run):
    """Of every rig: run(options, report)."""
    options = parse(argv, name, about, short, long)
    report = Report(options)
    pg.drop_privileges()
    os.chdir("/")
    with report.check("the rig") as remarks:
        run(options, report)
        remarks.append(f"{time.monotonic() - report.begin:.0f} s in all")
    return report.end()
