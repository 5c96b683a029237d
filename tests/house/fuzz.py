#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every fuzz target has seeds, few enough to keep, and a line in docs/fuzzing.md; and nothing else has."""
import re
import sys

import source

FILES, BYTES = 192, 128 << 10  # of one target's corpus

fuzz = source.ROOT / "fuzz"
targets = {path.stem for path in fuzz.glob("fuzz_*.c")}
problems = []

page = (source.ROOT / "docs" / "fuzzing.md").read_text()
listed = re.findall(r"^\| `(fuzz_\w+)` \|", page, re.M)
problems += [f"docs/fuzzing.md: no line for {name}" for name in sorted(targets - set(listed))]
problems += [f"docs/fuzzing.md: twice: {name}" for name in sorted(set(listed)) if listed.count(name) > 1]

named = set(listed) | {path.stem for path in fuzz.glob("*.dict")}
for folder in ("corpus", "regressions"):
    named |= {path.name for path in (fuzz / folder).iterdir() if path.is_dir()}
problems += [f"fuzz: no target of this name: {name}" for name in sorted(named - targets)]

for name in sorted(targets):
    seeds = [path.stat().st_size for path in (fuzz / "corpus" / name).glob("*")]
    if not seeds or len(seeds) > FILES or sum(seeds) > BYTES:
        problems.append(f"fuzz/corpus/{name}: {len(seeds)} files of {sum(seeds)} bytes; "
                        f"1 to {FILES} files of {BYTES} bytes at most")

sys.exit(source.report("fuzz", problems, len(targets)))
