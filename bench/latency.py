#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""From commit to line out, at a steady rate and while a backlog drains. Each row carries the server's clock; the reader
of the pipe looks at the same clock when a line has come. pg_recvlogical, which decodes nothing, is the eager reference.

    latency.py --walwire BIN [--quick] [--rates 1,10,1000,20000] [--seconds 20] [--backlog 300000] [--rounds 5]
               [--transport tcp] [--server 18] [--format compact]

The clients take turns in each round; figures are medians of the rounds' percentiles.
"""
import argparse
import collections
import os
import re
import signal
import statistics
import subprocess
import sys
import time

import rig
import pg

STAMP = re.compile(rb"@(\d{16})")
# Only what is flushed is sent: with it off, the WAL writer's naps of 200 ms would be what is measured.
SETTINGS = {"synchronous_commit": "on"}
BURSTS = 1000    # transactions a second at most: rates above have more rows in each
TABLE = "CREATE TABLE t (at text, n bigint); CREATE PUBLICATION p_t FOR TABLE t"


def writer(rate, seconds):
    """A DO block that commits `rate` rows a second, evenly, in transactions of one or more rows."""
    size = max(1, rate // BURSTS)
    return (f"DO $$ DECLARE begun timestamptz := clock_timestamp(); ahead float8; i bigint; BEGIN "
            f"FOR i IN 1 .. {rate * seconds // size} LOOP "
            f"ahead := i * {size}::float8 / {rate} - extract(epoch from clock_timestamp() - begun); "
            "IF ahead > 0 THEN PERFORM pg_sleep(ahead); END IF; "
            "INSERT INTO t SELECT '@' || (extract(epoch from clock_timestamp()) * 1000000)::bigint, n "
            f"FROM generate_series(1, {size}) n; COMMIT; END LOOP; END $$;")


class Reader:
    """A client whose standard output is read as it comes."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, env=rig.environment())
        self.chunks = []

    def read_until(self, rows, seconds):
        """Reads until so many stamped rows have come."""
        end, seen, rest = time.monotonic() + seconds, 0, b""
        while seen < rows and time.monotonic() < end:
            chunk = os.read(self.process.stdout.fileno(), 1 << 16)
            self.chunks.append((time.time_ns() // 1000, chunk))
            if not chunk:
                break
            found = STAMP.findall(rest + chunk)
            seen += len(found)
            last = chunk.rfind(b"@")
            rest = chunk[last:] if last >= 0 and len(chunk) - last < 17 else b""
        return seen

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.stdout.close()
        self.process.wait(timeout=30)

    def stamps(self):
        """[(when its line was read, when it was written)] in microseconds"""
        found, rest = [], b""
        for when, chunk in self.chunks:
            text = rest + chunk
            at = 0
            for match in STAMP.finditer(text):
                found.append((when, int(match.group(1))))
                at = match.end()
            rest = text[max(at, len(text) - 16):]
        return found


def percentile(sorted_values, share):
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))] if sorted_values else 0


def row(name, rounds):
    """A line of the table; rounds: the stamps of each"""
    waits = [sorted(read - written for read, written in stamps) for stamps in rounds]
    cells = [f"{statistics.median(percentile(w, share) for w in waits) / 1000:.2f}" for share in (0.5, 0.99, 0.999)]
    return f"| {name} | {sum(map(len, waits)):,} | {' | '.join(cells)} |"


def take_turns(options, bench, rate, seconds, backlog):
    """{client: the stamps of each round}"""
    found = collections.defaultdict(list)
    for _ in range(options.rounds):
        for name, command in clients(options, bench, "l").items():
            found[name].append(measure(bench, command, "l", rate, seconds, backlog))
    return found


def wait_attached(bench, slot):
    bench.server.wait(f"EXISTS (SELECT FROM pg_stat_replication r JOIN pg_replication_slots s ON "
                      f"s.active_pid = r.pid WHERE s.slot_name = '{slot}' AND r.state = 'streaming')")


def clients(options, bench, slot):
    """{name: command} of all that are compared"""
    conninfo = bench.conninfo(options.transport)
    walwire = [options.walwire, "stream", "-n", "-q", "-S", slot, "--publication", "p_t", "--format",
               options.format, "-f", "-", "-d", conninfo]
    found = {"pg_recvlogical": [pg.find_tool("pg_recvlogical"), "--start", "--no-loop", "-S", slot, "-f", "-",
                                "-o", "publication_names=p_t", "-o", "proto_version=1", "-d", conninfo],
             "walwire": walwire}
    if rig.has_gather(options.walwire):
        found["walwire --gather off"] = [*walwire, "--gather", "off"]
    return found


def start_writer(bench, statements):
    psql = subprocess.Popen([pg.find_tool("psql"), "-XAtq", "-h", bench.server.host, "-p", str(bench.server.port),
                             "-U", "postgres", "-d", "postgres", "-f", "-"], stdin=subprocess.PIPE,
                            env=rig.environment())
    psql.stdin.write(statements.encode())
    psql.stdin.close()
    return psql


def measure(bench, command, slot, rate, seconds, backlog):
    """Stamps of what was written while the client was attached, and of what was there before."""
    bench.server.sql(f"SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')")
    if backlog:
        bench.server.sql(f"DO $$ BEGIN FOR i IN 1 .. {backlog // 1000} LOOP INSERT INTO t SELECT '-', n "
                         "FROM generate_series(1, 1000) n; COMMIT; END LOOP; END $$")
        load = start_writer(bench, writer(rate, seconds))
        reader = Reader(command)
    else:
        reader = Reader(command)
        wait_attached(bench, slot)
        load = start_writer(bench, writer(rate, seconds))
    size = max(1, rate // BURSTS)
    reader.read_until(rate * seconds // size * size, seconds * 4 + 60)
    load.wait()
    reader.stop()
    bench.server.wait(lambda: not bench.sessions())
    bench.server.sql(f"SELECT pg_drop_replication_slot('{slot}')")
    return reader.stamps()


def after_backlog(stamps):
    """(seconds until what came was younger than 5 ms, the stamps from then on)"""
    for i, (read, written) in enumerate(stamps):
        if read - written < 5000:
            return (read - stamps[0][1]) / 1e6, stamps[i:]
    return float("inf"), []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--walwire", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--rates", default="1,10,1000,20000")
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--backlog", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--transport", default="tcp")
    parser.add_argument("--format", default="compact")
    parser.add_argument("--server", default="18")
    options = parser.parse_args()
    seconds = options.seconds or (3 if options.quick else 60 if options.long else 20)
    backlog = options.backlog or (50_000 if options.quick else 300_000)
    options.rounds = options.rounds or (1 if options.quick else 5)
    pg.drop_privileges()
    print(f"{rig.machine()}; PostgreSQL {options.server}; {options.transport}; medians of {options.rounds} rounds of "
          f"{seconds} s\n\n| milliseconds | rows | p50 | p99 | p99.9 |\n|---|---:|---:|---:|---:|")
    with rig.Bench(options.server, SETTINGS) as bench:
        bench.server.sql(TABLE)
        for rate in map(int, options.rates.split(",")):
            for name, rounds in take_turns(options, bench, rate, seconds, 0).items():
                print(row(f"{rate:,}/s, {name}", rounds), flush=True)
        for name, rounds in take_turns(options, bench, 1000, seconds, backlog).items():
            found = [after_backlog(stamps) for stamps in rounds]
            took = statistics.median(seconds for seconds, _ in found)
            print(row(f"1,000/s, {took:.1f} s behind a backlog of {backlog:,} rows, {name}",
                      [stamps for _, stamps in found]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
