# SPDX-License-Identifier: MIT
"""Binary form against text: what each costs, in the same rounds, and that the lines that are written are the same."""
import itertools
import pathlib
import re
import subprocess
import tempfile

import rig

TEXT, BINARY = "walwire text", "walwire binary"
FORMATS = ("compact", "debezium")
# When the server sent it: of this session. All other times are of the transaction.
SENT = re.compile(rb'("op":"\w",)"ts_ms":\d+,"ts_us":\d+,"ts_ns":\d+')


def contestants(options, bench, data):
    """{name: a function of the slot that returns the command}"""
    def walwire(form):
        return lambda slot: rig.walwire_command(options.walwire, bench, data, slot,
                                                more=["--format", "compact", "--binary", form])
    return {TEXT: walwire("off"), BINARY: walwire("on")}


def write_lines(options, bench, data, form, kind, output):
    slot = bench.copy_slot(data)
    more = ["--format", form, "--binary", kind]
    subprocess.run(rig.walwire_command(options.walwire, bench, data, slot, output=output, more=more), check=True,
                   env=rig.environment(), stdin=subprocess.DEVNULL)
    bench.drop_slot(slot)


def difference(text, binary):
    """(lines that are there, a message about the first that differ or None)"""
    number = 0
    with open(text, "rb") as one, open(binary, "rb") as other:
        for number, pair in enumerate(itertools.zip_longest(one, other, fillvalue=b""), 1):
            left, right = (SENT.sub(rb"\1", line) for line in pair)
            if left != right:
                at = next((i for i, (a, b) in enumerate(zip(left, right)) if a != b), min(len(left), len(right)))
                return number, f"line {number}, byte {at + 1}: {left[at:at + 60]!r}, in binary {right[at:at + 60]!r}"
    return number, None if number else "there are no lines"


def same_output(options, bench, data):
    """Prints for each format whether it is; True if for all."""
    same = True
    for form in FORMATS:
        with tempfile.TemporaryDirectory() as directory:
            files = {kind: pathlib.Path(directory, kind) for kind in ("off", "on")}
            for kind, file in files.items():
                write_lines(options, bench, data, form, kind, file)
            lines, problem = difference(files["off"], files["on"])
        print(f"\n{data.letter}, {form}: {lines:,} lines; binary and text "
              + (f"DIFFER: {problem}" if problem else "write the same"), flush=True)
        same = same and not problem
    return same
