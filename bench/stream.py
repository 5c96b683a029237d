#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""End to end: walwire in each format, pg_recvlogical (which decodes nothing), and with --peers npm's
pg-logical-replication read the same slot, one behind the other, again and again. Prints, for each data set and
transport, medians of CPU, wall time and memory, and medians of their ratios to pg_recvlogical in the same round: a
ratio is of two runs one behind the other, and only then is the median taken. Binary form is also compared with text,
line by line as well; if they differ it ends with 1. --limits says at the end what is above the limits of limits.py.

    stream.py --walwire BIN [--quick] [--long] [--scale 1.0] [--rounds 5] [--sets abcdefg] [--transports tcp,unix,tls]
              [--formats none,compact,debezium] [--peers] [--limits] [--server 18] [--raw FILE]
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

import rig
import binary
import limits
import fetch
import pg

PEERS = pathlib.Path(__file__).with_name("peers")
# Which data sets are also read otherwise than as text over TCP.
ALSO = {"unix": "ace", "tls": "ace"}
BINARY = "acg"
BINARY_AGAINST_TEXT = "cg"


def install_peers():
    """Where npm's packages are, or None: then a message says why."""
    target = fetch.cache() / "peers"
    if not os.access(fetch.cache(), os.W_OK) and (target / "node_modules").exists():
        return target  # scripts/bench, as root, has been here
    if not shutil.which("npm"):
        print("npm is not there: its peer is left out", file=sys.stderr)
        return None
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", "stream.js"):
            shutil.copyfile(PEERS / name, target / name)
    except OSError as error:
        print(f"{error}: npm's peer is left out", file=sys.stderr)
        return None
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
                          cwd=target, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        print(f"npm's peer is left out:\n{done.stdout}", file=sys.stderr)
        return None
    return target


def contestants(options, bench, data, transport, in_binary):
    """{name: a function of the slot that returns the command}"""
    def walwire(*more):
        more = [*more, *(["--binary", "on"] if in_binary else [])]
        return lambda slot: rig.walwire_command(options.walwire, bench, data, slot, transport, more=more)

    found = {limits.BASE: lambda slot: rig.recvlogical_command(bench, data, slot, transport, binary=in_binary)}
    for name in options.formats:
        found[f"walwire {name}"] = walwire("--format", name)
    if rig.has_gather(options.walwire):
        found[limits.EAGER] = walwire("--format", "none", "--gather", "off")
    if options.floor and transport == "tcp" and not data.streaming and not in_binary:
        for how in ("recv", "poll"):
            found[f"bare {how}"] = lambda slot, how=how: [
                options.floor, str(bench.server.port), slot, f"p_{data.letter}", data.end, how]
    if options.peers and transport == "tcp" and not data.streaming and not in_binary:
        for how in ("decode", "json"):
            found[f"npm {how}"] = lambda slot, how=how: [
                "node", options.peers / "stream.js", str(bench.server.port), slot, f"p_{data.letter}", how]
    return found


def print_costs(title, costs):
    print(f"\n{title}\n\n| | wall s | ratio | client CPU s (user) | ratio | walsender CPU s | ratio | MiB |\n"
          "|---|---:|---:|---:|---:|---:|---:|---:|")
    for name, runs in costs.items():
        def middle(key, runs=runs):
            return statistics.median(getattr(run, key) for run in runs)
        cells = [f"{middle('wall'):.2f}", f"{rig.ratio(costs, name, 'wall'):.2f}",
                 f"{middle('cpu'):.3f} ({middle('user'):.3f})", f"{rig.ratio(costs, name, 'cpu'):.3f}",
                 f"{middle('server'):.2f}", f"{rig.ratio(costs, name, 'server'):.2f}", f"{middle('memory'):.1f}"]
        print(f"| {name} | {' | '.join(cells)} |")
    sys.stdout.flush()


def contests(options, bench, data):
    """(how this data set is read, the contestants)"""
    for transport in options.transports:
        if data.letter in ALSO.get(transport, options.sets):
            yield f"{transport}, text", contestants(options, bench, data, transport, False)
    if data.letter in BINARY and "tcp" in options.transports:
        yield "tcp, binary", contestants(options, bench, data, "tcp", True)
    if data.letter in BINARY_AGAINST_TEXT and "tcp" in options.transports:
        yield "tcp, binary against text", binary.contestants(options, bench, data)


def read_options(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--walwire", required=True)
    parser.add_argument("--quick", action="store_true", help="small data, three rounds: under two minutes")
    parser.add_argument("--long", action="store_true", help="f is one transaction of 5,000,000 rows")
    parser.add_argument("--scale", type=float, help="of the data; 1 is 1,000,000 narrow rows")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--sets", default="abcdefg")
    parser.add_argument("--transports", default="tcp,unix,tls")
    parser.add_argument("--formats", default="none,compact,debezium")
    parser.add_argument("--peers", action="store_true", help="also npm's pg-logical-replication")
    parser.add_argument("--floor", metavar="BARE", help="also bench/bare.c: receiving and nothing else")
    parser.add_argument("--limits", action="store_true", help="at the end, what is above its limit")
    parser.add_argument("--server", default="18")
    parser.add_argument("--raw", help="each run as a line of JSON into this file")
    options = parser.parse_args(arguments)
    options.scale = options.scale or (0.03 if options.quick else 1.0)
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.transports, options.formats = options.transports.split(","), options.formats.split(",")
    return options


def main():
    if sys.argv[1:] == ["--install-peers"]:
        return 0 if install_peers() else 1
    options = read_options(sys.argv[1:])
    options.peers = install_peers() if options.peers else None
    pg.drop_privileges()
    print(f"{rig.machine()}; PostgreSQL {options.server}; {options.rounds} rounds, scale {options.scale}")
    raw = open(options.raw, "w", encoding="utf-8") if options.raw else None
    begin, results, same = time.monotonic(), limits.Results(), True
    with rig.Bench(options.server) as bench:
        for data in rig.data_sets(options.scale, options.long):
            if data.letter not in options.sets:
                continue
            bench.prepare(data)
            for how, commands in contests(options, bench, data):
                costs = bench.take_turns(data, commands, options.rounds)
                print_costs(f"**{data.letter}**: {data.about}; {data.rows:,} rows; {how}", costs)
                results.add(data, how, costs)
                for name, runs in costs.items() if raw else ():
                    for run in runs:
                        print(json.dumps({"set": data.letter, "how": how, "who": name, **vars(run)}), file=raw)
            if data.letter in BINARY_AGAINST_TEXT:
                same = binary.same_output(options, bench, data) and same
            bench.forget(data)
    if options.limits:
        limits.print_limits(results)
    print(f"\n{time.monotonic() - begin:.0f} seconds")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
