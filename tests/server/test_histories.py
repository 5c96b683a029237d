# SPDX-License-Identifier: MIT
"""Random histories (histories.py), read in every protocol version, with and without spilling, must be what
the plugin test_decoding says of them.

    WALWIRE_HISTORIES=5000 scripts/test 'server 18' -- test_histories
    WALWIRE_HISTORIES=1 WALWIRE_SEED=4711 scripts/test ...       again the one that failed"""
import os
import re
import subprocess

import pg
import twin
from histories import History
from support import OK

COUNT = int(os.environ.get("WALWIRE_HISTORIES", "200"))
FIRST = int(os.environ.get("WALWIRE_SEED", "1"))
BATCH = 50                    # histories between two readings
SPILL = ["--assemble-memory", "4k"]
NO_SPILL = ["--spill-limit", "1"]

# (what the twin is, since which server, options)
RUNS = [
    ("plain", 10, ["--proto", "1"]),
    ("plain", 14, ["--proto", "2", "--streaming", "on"]),
    ("plain", 14, ["--proto", "2", "--streaming", "on", *SPILL]),
    ("plain", 16, ["--proto", "4", "--streaming", "parallel"]),
    ("plain", 16, ["--proto", "4", "--streaming", "parallel", *SPILL]),
    ("phases", 15, ["--proto", "3", "--streaming", "off", "--two-phase"]),
    ("phases", 15, ["--proto", "3", "--streaming", "on", "--two-phase"]),
    ("phases", 16, ["--proto", "4", "--streaming", "parallel", "--two-phase", *SPILL]),
]


class Session:
    """A psql that takes one batch of statements after the other."""

    def __init__(self, server, db):
        self.process = subprocess.Popen(
            [pg.find_tool("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", server.host, "-p",
             str(server.port), "-U", "postgres", "-d", db], env=server._env(), encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, statements):
        self.process.stdin.write(f"{statements};\n\\echo done\n")
        self.process.stdin.flush()
        said = []
        for line in self.process.stdout:
            if line == "done\n":
                return
            said.append(line)
        raise RuntimeError(f"psql: {''.join(said)}\nin: {statements}")

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class Histories(twin.Twins):

    def setUp(self):
        super().setUp()
        self.sql("CREATE PUBLICATION p FOR ALL TABLES")
        self.sessions = [Session(self.server, self.db) for _ in range(4)]
        for session in self.sessions:
            self.addCleanup(session.close)
            session.run("SET synchronous_commit = off; SET lock_timeout = '10s'; "
                        "SET client_min_messages = warning")

    def test_every_protocol_tells_what_the_plugin_tells(self):
        self.runs = [run for run in RUNS if run[1] <= self.major]
        self.create_slots()
        print(f"histories {FIRST} to {FIRST + COUNT - 1}, WALWIRE_SEED and WALWIRE_HISTORIES choose others",
              flush=True)
        for first in range(FIRST, FIRST + COUNT, BATCH):
            self.check(range(first, min(first + BATCH, FIRST + COUNT)))
        if COUNT >= BATCH:
            self.check_streamed()

    def create_slots(self):
        """A copy of one slot for each run, so that all begin at the same position."""
        for twins in {run[0] for run in self.runs}:
            how = ", false, true" if twins == "phases" else ""
            self.value(f"pg_create_logical_replication_slot('td_{twins}', 'test_decoding'{how})")
        self.create_slot("run_0")
        for number in range(1, len(self.runs)):
            self.value(f"pg_copy_logical_replication_slot('run_0', 'run_{number}')")

    def check(self, seeds):
        for seed in seeds:
            history = History(seed, messages=self.major >= 14, truncate=self.major >= 11)
            for session, statements in history.steps:
                self.sessions[session].run(statements)
        # Commits with synchronous_commit, and so writes out all before it.
        self.sql("CREATE TABLE IF NOT EXISTS fence (n int); INSERT INTO fence VALUES (1)")
        twins = {name: twin.read(self, f"td_{name}") for name in {run[0] for run in self.runs}}
        for number, (name, _, options) in enumerate(self.runs):
            if "4k" in options and len(seeds) == BATCH:
                self.check_spilling(f"run_{number}", options)
            ours = self.lines(f"run_{number}", "p", *options, *NO_SPILL * ("4k" not in options), seconds=600)
            self.explain(seeds, options, ours, twins[name])
        for seed in seeds:
            self.sessions[0].run(f"DROP SCHEMA h{seed} CASCADE")

    def explain(self, seeds, options, ours, theirs):
        ours, theirs = twin.without_rolled_back(ours.split("\n")[:-1]), twin.without_rolled_back(theirs)
        difference = twin.first_difference("\n".join(ours), "\n".join(theirs))
        if difference:
            seen = re.findall(r"\bh(\d+)[.']", difference) or ["?"]
            self.fail(f"histories {seeds[0]}..{seeds[-1]}, {' '.join(options)}: seed {seen[-1]}, {difference}")

    def check_spilling(self, slot, options):
        """With no room to spill to it must fail; the slot stays where it is."""
        done = self.run_command("stream", "-S", slot, "--publication", "p", "--until-now", "--ack", "none",
                                "--format", "none", *options, *NO_SPILL)
        self.assertNotEqual(done.status, OK)
        self.assertIn("--spill-limit", done.err)

    def check_streamed(self):
        """Histories of which nothing was streamed would prove nothing."""
        if self.major < 14:
            return
        for number, (_, _, options) in enumerate(self.runs):
            streamed = self.value(f"stream_txns FROM pg_stat_replication_slots WHERE slot_name = 'run_{number}'")
            wanted = "--streaming" in options and "off" not in options
            self.assertEqual(int(streamed) > 0, wanted, options)
