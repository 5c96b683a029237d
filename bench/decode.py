#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What decoding and rendering cost in memory: tables of what bench_decode measures.

    decode.py PROGRAM [ARGUMENTS]              nanoseconds and bytes per second; allocations
    decode.py --callgrind PROGRAM [ARGUMENTS]  instructions per change: the slope of two run lengths
    decode.py --check PROGRAM...               the same against the baseline and the limits
    decode.py --record PROGRAM...              prints the baseline with each program's compiler anew

ARGUMENTS are bench_decode's own, as --set narrow --mode compact, or --file FRAMES.
"""
import argparse
import glob
import json
import os
import pathlib
import subprocess
import sys
import tempfile

BASELINE = pathlib.Path(__file__).with_name("baseline.json")
TOLERANCE = 1.05
LIMITED = "clang 14"  # the compiler that the limits are for, with -O2
LIMITS = {"narrow decode": 280, "narrow columns": 450, "mixed columns": 1800,
          "narrow compact": 1200, "narrow debezium": 2200}


class Cost:
    """A line of bench_decode."""

    def __init__(self, line):
        self.set, self.mode, changes, size, seconds, allocations, written = line.split("\t")
        self.changes, self.bytes, self.allocations = int(changes), int(size), int(allocations)
        self.written, self.seconds, self.instructions = int(written), float(seconds), None

    @property
    def name(self):
        return f"{self.set} {self.mode}"

    @property
    def nanoseconds(self):
        return 1e9 * self.seconds / self.changes

    @property
    def gigabytes(self):
        return self.bytes / self.seconds / 1e9


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}")
    return done.stdout


def measure(program, arguments):
    return [Cost(line) for line in run([program, *arguments]).splitlines()]


def read_dump(path):
    """Instructions of one of callgrind's files."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith(("summary:", "totals:")):
                return int(line.split()[1])
    sys.exit(f"{path}: no total")


def count(program, arguments):
    """bench_decode calls bench_mark() three times for each line: between the first two it passes the body once,
    between the second and the third three times."""
    with tempfile.TemporaryDirectory(prefix="walwire-bench-") as scratch:
        out = os.path.join(scratch, "counts")
        lines = run(["valgrind", "--quiet", "--tool=callgrind", "--dump-before=bench_mark",
                     f"--callgrind-out-file={out}", program, "--count", *arguments],
                    env={**os.environ, "LC_ALL": "C"}).splitlines()
        costs = [Cost(line) for line in lines]
        parts = len(glob.glob(out + ".*"))
        if parts < 3 * len(costs):
            sys.exit(f"callgrind wrote {parts} parts, not {3 * len(costs)}")
        for i, cost in enumerate(costs):
            once, thrice = (read_dump(f"{out}.{3 * i + part}") for part in (2, 3))
            cost.instructions = (thrice - once) / 2 / cost.changes
    return costs


def print_table(title, costs, show):
    sets, modes = (list(dict.fromkeys(getattr(c, key) for c in costs)) for key in ("set", "mode"))
    cells = {c.name: show(c) for c in costs}
    print(f"\n| {title} | {' | '.join(sets)} |\n|---|{'---:|' * len(sets)}")
    for mode in modes:
        print(f"| {mode} | {' | '.join(cells.get(f'{s} {mode}', '') for s in sets)} |")


def compiler(program):
    """"clang 14.0.6", as the program says itself."""
    return run([program, "--compiler"]).strip()


def judge(name, cost, recorded, limited):
    """What is wrong with this cost, if anything."""
    got, before, limit = round(cost.instructions), recorded.get(name), LIMITS.get(name)
    if before is not None and got > before * TOLERANCE:
        return f"{name}: {got} instructions per change, {before} in the baseline"
    if limited and limit is not None and got > limit:
        return f"{name}: {got} instructions per change, the limit is {limit}"
    if cost.allocations > 0:
        return f"{name}: {cost.allocations} allocations in steady state"
    return None


def check(programs):
    passed, problems, baseline = 0, [], json.loads(BASELINE.read_text())
    for program in programs:
        version = compiler(program)
        recorded, limited = baseline.get(version, {}), version.startswith(LIMITED + ".")
        if not recorded:
            print(f"{version}: no baseline is recorded for it; nothing is compared")
        costs = count(program, [])
        found = [judge(cost.name, cost, recorded, limited) for cost in costs]
        missing = set(recorded) - {cost.name for cost in costs}
        found += [f"{name}: in the baseline, but not measured" for name in sorted(missing)]
        passed += sum(1 for problem in found if problem is None)
        problems += [f"{version}: {problem}" for problem in found if problem]
        shown = {cost.name: round(cost.instructions) for cost in costs if cost.name in LIMITS}
        print(f"{version}: {', '.join(f'{name} {n} of {LIMITS[name]}' for name, n in shown.items())}")
    print(*problems, f"{passed} passed, {len(problems)} failed", sep="\n")
    return 1 if problems or passed == 0 else 0


def record(programs):
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    for program in programs:
        costs = count(program, [])
        baseline[compiler(program)] = {cost.name: round(cost.instructions) for cost in costs}
    print(json.dumps(baseline, indent=1))
    return 0


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--callgrind", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("program")
    options, arguments = parser.parse_known_args()
    if options.check:
        return check([options.program, *arguments])
    if options.record:
        return record([options.program, *arguments])
    if options.callgrind:
        print_table("instructions per change", count(options.program, arguments),
                    lambda c: f"{c.instructions:,.0f}")
        return 0
    costs = measure(options.program, arguments)
    print_table("ns per change", costs, lambda c: f"{c.nanoseconds:,.1f}")
    print_table("GB/s of pgoutput", costs, lambda c: f"{c.gigabytes:.2f}")
    print(f"\n{max(c.allocations for c in costs)} allocations in steady state")
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    sys.exit(main())
