#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The demo ends well, prints the changes it announces, and leaves neither process nor directory.

    check_demo.py WALWIRE
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def processes_below(directory):
    """Processes whose command line names the directory: a server's data lies in it."""
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if str(directory).encode() in (process / "cmdline").read_bytes():
                yield process.name
        except OSError:
            pass


def check(walwire):
    with tempfile.TemporaryDirectory(prefix="walwire-demo-") as scratch:
        done = subprocess.run([sys.executable, ROOT / "scripts" / "demo.py", walwire], text=True,
                              capture_output=True, timeout=120, env={**os.environ, "TMPDIR": scratch})
        if done.returncode != 0:
            yield f"exit status {done.returncode}:\n{done.stderr}"
        try:
            events = [json.loads(line) for line in done.stdout.splitlines()]
        except ValueError as error:
            yield f"not JSON lines: {error}"
            events = []
        ops = "".join(event.get("op", "?") for event in events)
        if ops != "BIIC" "BUC" "BUC" "BUC" "BUC" "BDC" "BMC" "BTC":
            yield f"unexpected events: {ops}"
        if left := [*processes_below(scratch), *os.listdir(scratch)]:
            yield f"left behind: {left}"


def main():
    found = list(check(sys.argv[1]))
    print(*found, sep="\n")
    print(f"{0 if found else 1} passed, {len(found)} failed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
