#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""coverage.py TREE: what `llvm-cov export -summary-only` says, on standard input, as a table of rooms.

A file that no target links is not in the summary: it is named below the table, and not counted in it."""
import collections
import json
import pathlib
import sys

src = pathlib.Path(sys.argv[1]).resolve() / "src"
rooms = collections.defaultdict(lambda: {"files": set(), "lines": [0, 0], "regions": [0, 0]})
for file in json.load(sys.stdin)["data"][0]["files"]:
    path = pathlib.Path(file["filename"])
    if src not in path.parents:
        continue
    room = rooms[path.relative_to(src).parts[0]]
    room["files"].add(path)
    for kind in ("lines", "regions"):
        room[kind][0] += file["summary"][kind]["covered"]
        room[kind][1] += file["summary"][kind]["count"]


def reached(pair):
    return f"{pair[0]} of {pair[1]} ({100 * pair[0] / pair[1]:.1f} %)"


missing = []
print("| room | lines | regions |")
print("|---|---|---|")
for name, room in sorted(rooms.items()):
    print(f"| {name} | {reached(room['lines'])} | {reached(room['regions'])} |")
    missing += sorted(path for path in (src / name).glob("*.c")
                      if path not in room["files"] and not path.stem.endswith(("tables", "_table", "powers10")))
if missing:
    print("\nLinked by no target: " + ", ".join(str(path.relative_to(src)) for path in missing))
if not rooms:
    sys.exit("coverage.py: no file of src in the summary")
