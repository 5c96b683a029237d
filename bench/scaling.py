#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a change costs where there are many: rows in a transaction, relations, columns. The first against a server (client
CPU, end to end), the others in memory. The same number of changes at each point, so that starting up costs the same.

    scaling.py --walwire BIN --program bench_decode [--quick] [--long] [--svg FILE] [--server 18]
"""
import argparse
import pathlib
import statistics
import sys

import decode
import plot
import rig
import pg

MODES = {"decode": "decode", "decode, columns": "columns", "decode, compact": "compact", "decode, debezium": "debezium"}
ROWS_IN_MEMORY = 100_000
ROUNDS = 3


def powers(first, last):
    return [10 ** i for i in range(first, last + 1)]


def in_memory(program, per, **shape):
    """{name: nanoseconds for a change (or a column of it)}"""
    words = [word for name, value in shape.items() for word in ("--" + name.replace("_", "-"), str(value))]
    costs = {cost.mode: cost.nanoseconds / per
             for mode in MODES.values() for cost in decode.measure(program, ["--mode", mode, *words])}
    return {name: costs[mode] for name, mode in MODES.items()}


def by_relations(program):
    found = {x: in_memory(program, 1, relations=x, columns=4, rows=ROWS_IN_MEMORY) for x in powers(0, 4)}
    return plot.Panel("Relations", "number of relations", "ns per change", lines(found))


def by_columns(program):
    found = {x: in_memory(program, x, columns=x, rows=max(500, ROWS_IN_MEMORY // (10 * x))) for x in powers(0, 3)}
    return plot.Panel("Columns", "number of columns", "ns per column", lines(found))


def lines(found):
    """{name: [(x, y)]} of {x: {name: y}}"""
    names = next(iter(found.values()))
    return {name: [(x, costs[name]) for x, costs in found.items()] for name in names}


def client_cpu(walwire, bench, data, more=()):
    """Microseconds of the client's CPU for each row: the median of some runs."""
    found = []
    for _ in range(ROUNDS):
        slot = bench.copy_slot(data)
        command = rig.walwire_command(walwire, bench, data, slot, more=["--format", "compact", *more])
        found.append(bench.run(command).cpu)
        bench.drop_slot(slot)
    return 1e6 * statistics.median(found) / data.rows


def by_transaction(options, total):
    """`total` rows in transactions of more and more rows, of whole ones and of streamed ones."""
    found = {}
    with rig.Bench(options.server) as bench:
        for size in powers(3, len(str(total)) - 1):
            data = rig.narrow(total, size=size, letter=f"a{len(str(size))}")
            bench.prepare(data)
            found[size] = {"sent when committed": client_cpu(options.walwire, bench, data)}
            data.streaming = True
            found[size]["streaming allowed"] = client_cpu(options.walwire, bench, data)
            bench.forget(data)
            bench.server.sql(f"DROP TABLE {data.letter} CASCADE")
    return plot.Panel("Rows in a transaction", "rows in each transaction", "client CPU, µs per change",
                      lines(found))


def print_panel(panel):
    print(f"\n| {panel.up}, by {panel.across} | {' | '.join(f'{x:,}' for x in panel.xs)} |")
    print(f"|---|{'---:|' * len(panel.xs)}")
    for name, line in panel.series.items():
        print(f"| {name} | {' | '.join(f'{y:,.2f}' for _, y in line)} |")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--walwire", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--quick", action="store_true", help="transactions of up to 100,000 rows")
    parser.add_argument("--long", action="store_true", help="transactions of up to 10,000,000 rows")
    parser.add_argument("--svg", help="where to draw it")
    parser.add_argument("--server", default="18")
    options = parser.parse_args()
    total = 100_000 if options.quick else 10_000_000 if options.long else 1_000_000
    svg = open(options.svg, "w", encoding="utf-8") if options.svg else None
    pg.drop_privileges()
    print(f"{rig.machine()}; {decode.compiler(options.program)}")
    panels = []
    for make in (lambda: by_relations(options.program), lambda: by_columns(options.program),
                 lambda: by_transaction(options, total)):
        panels.append(make())
        print_panel(panels[-1])
    if svg:
        svg.write(plot.draw(panels))
        print(f"\ndrawn into {pathlib.Path(options.svg).name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
