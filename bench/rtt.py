#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""End to end as stream.py, and single commits as latency.py, with round-trip time between server and clients: each has
a network namespace, and packets take their time from one to the other (delay.py). Needs root, which it gives up; where
namespaces cannot be made it says so and is content.

    rtt.py --walwire BIN --delay BIN [--quick] [--scale 1.0] [--rounds 5] [--sets ace] [--delays 1,5,20]
           [--seconds 20] [--server 18]
"""
import argparse
import math
import statistics
import sys

import rig
import delay
import latency

BASE, AGAIN = "pg_recvlogical", "pg_recvlogical, again"
UNLIKELY = 0.01
RATE, BACKLOG, SLACK = 50, 100_000, 2    # commits a second; rows before them; ms beyond the round trip


class FarBench(rig.Bench):
    """A server at the other end of a line."""

    def __init__(self, line, version):
        super().__init__(version, {"listen_addresses": "*"})
        self.line = line

    def __enter__(self):
        self.line.at_server(super().__enter__)
        with open(self.server.data / "pg_hba.conf", "a", encoding="utf-8") as hba:
            hba.write("host  all  postgres  198.18.0.0/24  trust\n")
        self.server.sql("SELECT pg_reload_conf()")
        return self

    def __exit__(self, *exc):
        super().__exit__(*exc)
        self.line.stop()

    def conninfo(self, transport):
        return self.server.conninfo(host=delay.SERVER, sslmode="disable")

    def set_delay(self, milliseconds):
        """Returns what a round trip really takes, in ms."""
        self.line.set_delay(milliseconds)
        return self.line.round_trip(self.server.port)


def contestants(options, bench, data):
    """{name: a function of the slot that returns the command}. pg_recvlogical runs twice, to tell noise."""
    def walwire(*more):
        return lambda slot: rig.walwire_command(options.walwire, bench, data, slot,
                                                more=["--format", "compact", *more])

    def recvlogical(slot):
        return rig.recvlogical_command(bench, data, slot)

    return {BASE: recvlogical, AGAIN: recvlogical,
            "walwire": walwire(), "walwire --gather off": walwire("--gather", "off")}


def slower(costs, name):
    """In how many rounds it took longer than both runs of pg_recvlogical, and whether chance does not explain that: of
    three that are alike each is the slowest in a third of the rounds."""
    times = zip(costs[name], costs[BASE], costs[AGAIN])
    count = sum(one.wall > max(base.wall, again.wall) for one, base, again in times)
    rounds = len(costs[name])
    chance = sum(math.comb(rounds, k) * 2 ** (rounds - k) for k in range(count, rounds + 1)) / 3 ** rounds
    return f"{count} of {rounds}, {'ABOVE' if chance < UNLIKELY else 'ok'}"


def print_costs(title, costs):
    print(f"\n{title}\n\n| | wall s | ratio | lowest to highest | slower than both | client CPU s | ratio | "
          "walsender CPU s | ratio |\n|---|---:|---:|---:|---|---:|---:|---:|---:|")
    for name, runs in costs.items():
        wall = rig.ratios(costs, name, "wall")
        cells = [f"{statistics.median(run.wall for run in runs):.2f}", f"{statistics.median(wall):.2f}",
                 f"{wall[0]:.2f} to {wall[-1]:.2f}", slower(costs, name) if name.startswith("walwire") else ""]
        for key, places in (("cpu", 3), ("server", 2)):
            cells += [f"{statistics.median(getattr(run, key) for run in runs):.{places}f}",
                      f"{rig.ratio(costs, name, key):.{places}f}"]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def single_commits(options, bench):
    """A stream that has caught up and is quiet: what comes alone has to be there at once."""
    bench.server.sql("ALTER DATABASE postgres SET synchronous_commit = on")
    bench.server.sql(latency.TABLE)
    trip = bench.set_delay(1)
    print(f"\n{RATE} single commits a second behind a backlog of {BACKLOG:,} rows, 1 ms each way; p99 should be "
          f"{trip + SLACK:.1f} ms at most, a round trip and {SLACK} ms\n\n"
          "| milliseconds | rows | p50 | p99 | p99.9 |\n|---|---:|---:|---:|---:|")
    for name, command in latency.clients(options, bench, "l").items():
        stamps = latency.measure(bench, command, "l", RATE, options.seconds, BACKLOG)
        print(latency.row(name, [latency.after_backlog(stamps)[1]]), flush=True)


def read_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--walwire", required=True)
    parser.add_argument("--delay", required=True, help="the program of delay.c")
    parser.add_argument("--quick", action="store_true", help="small data, three rounds")
    parser.add_argument("--long", action="store_true", help="nothing more")
    parser.add_argument("--scale", type=float, help="of the data; 1 is 1,000,000 narrow rows")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--sets", default="ace")
    parser.add_argument("--delays", default="1,5,20", help="milliseconds each way")
    parser.add_argument("--seconds", type=int, help="of single commits")
    parser.add_argument("--server", default="18")
    parser.set_defaults(transport="tcp", format="compact")
    options = parser.parse_args()
    options.scale = options.scale or (0.03 if options.quick else 1.0)
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.seconds = options.seconds or (3 if options.quick else 20)
    options.format = "compact"
    return options


def main():
    options = read_options()
    try:
        line = delay.Line(options.delay)
    except OSError as error:
        print(f"no delayed packets here: {error}; this needs root, network namespaces and /dev/net/tun")
        return 0
    print(f"{rig.machine()}; PostgreSQL {options.server}; {options.rounds} rounds, scale {options.scale}")
    with FarBench(line, options.server) as bench:
        for data in rig.data_sets(options.scale):
            if data.letter not in options.sets:
                continue
            bench.prepare(data)
            for each_way in map(float, options.delays.split(",")):
                trip = bench.set_delay(each_way)
                print_costs(f"**{data.letter}**: {data.about}; {data.rows:,} rows; {each_way:g} ms each way (a "
                            f"connection takes {trip:.1f} ms)",
                            bench.take_turns(data, contestants(options, bench, data), options.rounds))
            bench.forget(data)
        single_commits(options, bench)
    return 0


if __name__ == "__main__":
    sys.exit(main())
