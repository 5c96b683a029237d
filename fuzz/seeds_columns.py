#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seed corpus of fuzz_columns from the vectors of tests/format: usage: seeds_columns.py FOLDER

An input is options, five settings, typmod, type (its place in the target's table), buffer size, the value.
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
TESTS = HERE.parent / "tests/format"
STRING = r'(?:"(?:[^"\\]|\\.)*"\s*)+'
OIDS = {"MOOD": 20001, "PAIR": 20002, "PAIRS": 20003, "AGE": 20004, "HSTORE": 20005, "TEXTRANGE": 20006, "UNKNOWN": 30000}


def table():
    text = re.search(r"types\[\] = \{(.*?)\};", (HERE / "fuzz_columns.c").read_text(), re.S)[1]
    return [OIDS.get(word) or (20006 if word == "RANGE" else int(word)) for word in re.findall(r"\w+", text)]


def string(literals):
    joined = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals))
    return joined.encode().decode("unicode_escape").encode("latin-1")


def values():
    for path in (TESTS / "test_format_containers.c", TESTS / "test_format_knobs.c"):
        source = path.read_text()
        oids = dict(OIDS, **{k: int(v) for k, v in re.findall(r"\b([A-Z][A-Z0-9]+) = (\d+)", source) if int(v) < 20000})
        for match in re.finditer(r"\{ (?:[A-Z]+(?:\([^)]*\))?, )?([A-Z][A-Z0-9]*), (?:-?\d+, )?(%s), (%s|NULL), " % (STRING, STRING), source):
            if match[1] in oids:
                yield oids[match[1]], string(match[2]), bytes.fromhex(string(match[3]).decode()) if match[3] != "NULL" else None


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    places = table()
    for n, (oid, text, binary) in enumerate(values()):
        if oid not in places:
            continue
        for form, value in ((0, text), (16, binary)):
            if value is None or (n + form // 16) % 2:
                continue
            head = bytes([form | n * 7 % 16 | n % 4 * 32, *((n + k) % 7 for k in range(5)), 0, 5, 0, 6, places.index(oid), n % 90])
            (folder / f"{oid}-{n}-{form}").write_bytes(head + value)


main()
