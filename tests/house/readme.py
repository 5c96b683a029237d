#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What README shows is what the tests compile, and its links lead somewhere."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent.parent
readme = (root / "README.md").read_text()
example = (root / "examples" / "embed.c").read_text()
problems = []

block = re.search(r"<!-- embed:.*?```c\n(.*?)```", readme, re.S)
if block is None:
    problems.append("README.md: no embedding example")
else:
    problems += [f"README.md: not a line of examples/embed.c: {line}"
                 for line in block.group(1).splitlines() if line.strip() and line not in example]

pages = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
for page in pages:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        if not (page.parent / target).exists():
            problems.append(f"{page.relative_to(root)}: no such file: {target}")

print("\n".join(problems) or f"{len(pages)} pages read")
sys.exit(1 if problems else 0)
