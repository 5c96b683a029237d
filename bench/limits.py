# SPDX-License-Identifier: MIT
"""What bench/stream.py measured, beside the limits that walwire has set itself."""
import rig
import binary

BASE, EAGER = "pg_recvlogical", "walwire none, eager"
TEXT, ALL = "tcp, text", "abcdefg"
# Of pg_recvlogical's cost in the same round: (data sets, {format: limit}).
CLIENT = (("abdf", {"none": 0.08, "compact": 0.12, "debezium": 0.20}),
          ("c", {"none": 0.15, "compact": 0.25, "debezium": 0.35}),
          ("e", {"none": 0.8, "compact": 0.8, "debezium": 0.8}))
WALL = (("abf", 0.50), ("cd", 0.70))
NEVER = 1.10
WALSENDER = (("ab", 0.60), ("d", 0.70))
OFF = 0.85
BELOW = 0.999
NPM = (("decode", "none", 1 / 25), ("json", "debezium", 1 / 15))
# MiB of resident memory, and how much more for e, two of whose messages have to fit in.
MEMORY = (("without TLS", ("tcp", "unix"), 4), ("with TLS", ("tls",), 8))
TWO_MESSAGES = 2 * 8 / 1024
TOLD = 4


class Results:
    """{(data set, transport and form): {client: [Cost of each round]}}"""

    def __init__(self):
        self.runs = {}

    def add(self, data, how, costs):
        self.runs[data.letter, how] = costs

    def ratios(self, key, sets, name=None, how=TEXT, base=BASE):
        """[(which, median of the ratios)] of one client, or of walwire in every format; how None: in every way."""
        for (letter, way), costs in self.runs.items():
            if letter in sets and how in (None, way) and base in costs:
                for one in [name] if name else walwires(costs):
                    if one in costs:
                        which = letter if name else f"{letter} {one}"
                        yield which if how else f"{which}, {way}", rig.ratio(costs, one, key, base)

    def memory(self, sets, transports):
        for (letter, way), costs in self.runs.items():
            for name in walwires(costs) if letter in sets and way.split(",")[0] in transports else ():
                yield f"{letter} {name}, {way}", max(run.memory for run in costs[name])


def walwires(costs):
    return [name for name in costs if name.startswith("walwire") and name != EAGER]


def limits(results):
    """(what, data sets, limit, [(which, measured)])"""
    ratios = results.ratios
    for sets, formats in CLIENT:
        for form, limit in formats.items():
            yield f"client CPU, {form}", sets, limit, ratios("cpu", sets, f"walwire {form}")
    for sets, limit in WALL:
        yield "wall", sets, limit, ratios("wall", sets)
    yield "wall, in every way", ALL, NEVER, ratios("wall", ALL, how=None)
    for sets, limit in WALSENDER:
        yield "walsender CPU", sets, limit, ratios("server", sets)
    yield "client CPU, none, gathering off", "abcdef", OFF, ratios("cpu", "abcdef", EAGER)
    for how, form, limit in NPM:
        yield (f"client CPU, {form}, of npm's {how}", ALL, limit,
               ratios("cpu", ALL, f"walwire {form}", base=f"npm {how}"))
    for what, key in (("wall", "wall"), ("walsender CPU", "server")):
        yield f"{what}, binary, of text", "cg", BELOW, ratios(key, "cg", binary.BINARY, None, binary.TEXT)
    for what, transports, limit in MEMORY:
        yield f"MiB {what}", "abcd", limit, results.memory("abcd", transports)
        yield f"MiB {what}", "e", limit + TWO_MESSAGES, results.memory("e", transports)


def judge(limit, measured):
    """(the cell that tells what was measured, the verdict); of many, some that are above the limit, or the highest."""
    measured = sorted(measured, key=lambda one: -one[1])
    if not measured:
        return "", "not measured"
    above = [one for one in measured if one[1] > limit]
    told = [f"{which} {value:.3f}" for which, value in above[:TOLD] or measured[:1]]
    more = [f"{len(above) - TOLD} more"] if len(above) > TOLD else []
    return ", ".join(told + more), "ABOVE" if above else "ok"


def print_limits(results):
    print("\n| | data sets | limit | above it, or the highest | |\n|---|---|---:|---|---|")
    for what, sets, limit, measured in limits(results):
        cell, verdict = judge(limit, measured)
        print(f"| {what} | {sets} | {limit:.3f} | {cell} | {verdict} |")
