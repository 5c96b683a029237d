#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lint that no compiler does: banned calls, comments, line and file length, machine paths."""
import re
import sys

import source

BANNED = r"strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|strtok|sscanf|alloca"
HEAP = r"malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf|getline"
CLOCK = r"time|clock|clock_gettime|gettimeofday|rand|random|srand|getrandom|getentropy|RAND_bytes"
HEAP_ROOMS = {"client", "cli", "net"}
CLOCK_ROOMS = {"client", "cli", "net"}
LENGTH, LINES = 100, 800

CALL = r"(?<![\w.>])({})\s*\("
MACRO = re.compile(r"^[ \t]*#[ \t]*define\b(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
MACHINE = re.compile(r"(?<![\w.])/(?:root|work|home)/\w|/tmp/[a-z]")


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def c_problems(path, raw):
    room = source.room_of(path) if path.is_relative_to(source.ROOT / "src") else None
    code = source.blank(raw)
    rules = [(CALL.format(BANNED), "banned")]
    if room and room not in HEAP_ROOMS:
        rules.append((CALL.format(HEAP), f"{room} takes memory from its caller"))
    if room and room not in CLOCK_ROOMS:
        rules.append((CALL.format(CLOCK), f"{room} takes time and randomness from its caller"))
    for pattern, why in rules:
        for match in re.finditer(pattern, code):
            yield line_of(code, match.start()), f"{match.group(1)}(): {why}"
    for match in source.TOKEN.finditer(raw):
        if match.group().startswith("//"):
            yield line_of(raw, match.start()), "a // comment"
        elif match.group().startswith("/*") and re.search(r"[;{}]\s*(\*/|\n)", match.group()) \
                and re.search(r"\w\(.*\);|^\s*\*?\s*(if|for|while|return)\b.*[;{]\s*$", match.group(), re.M) \
                and path.suffix == ".c":
            yield line_of(raw, match.start()), "code in a comment"
    for match in MACRO.finditer(code):
        # An X-macro that spells out the cases of a switch jumps nowhere that the reader does not see.
        if re.search(r"\b(return|goto|break|continue)\b", match.group()) and "case " not in match.group():
            yield line_of(code, match.start()), "a macro that returns or jumps"
    if not raw.startswith("/* SPDX-License-Identifier: MIT */\n"):
        yield 1, "no SPDX line"


def text_problems(raw):
    for number, line in enumerate(raw.split("\n"), 1):
        if len(line) > LENGTH:
            yield number, f"{len(line)} columns"
        if line != line.rstrip() or "\t" in line:
            yield number, "a tab or a space at the end"
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line):
            yield number, "a note to oneself"
        if MACHINE.search(line):
            yield number, "a path of somebody's machine"
    if raw.count("\n") > LINES:
        yield 1, f"{raw.count(chr(10))} lines: look again at {LINES}"


def main():
    problems = []
    paths = source.files(*source.CODE_FOLDERS)
    for path in paths:
        raw = path.read_text()
        found = [*text_problems(raw), *c_problems(path, raw)]
        problems += [f"{source.name(path)}:{line}: {what}" for line, what in sorted(found)]
    return source.report("style", problems, len(paths))


sys.exit(main())
