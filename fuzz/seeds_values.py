#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seed corpora of fuzz_value_binary, fuzz_value_text and fuzz_array from the vectors of
tests/decode/container_vectors.h and a few scalars: usage: seeds_values.py FOLDER"""
import pathlib
import re
import sys

VECTORS = pathlib.Path(__file__).parent.parent / "tests/decode/container_vectors.h"
ENTRY = re.compile(r'\{(\d+),\s*((?:"[0-9a-f]*"\s*)*),\s*((?:"(?:[^"\\]|\\[0-7]{3})*"\s*)*)\}')

SCALARS = {
    16: ("01", "t"), 17: ("00ff", "\\x00ff"), 18: ("61", "a"), 20: ("ffffffffffffff00", "-256"), 21: ("0001", "1"),
    26: ("ffffffff", "4294967295"), 27: ("000000010002", "(1,2)"), 114: ("7b7d", "{}"), 700: ("3f8ccccd", "1.1"),
    701: ("3ff199999999999a", "1.1"), 790: ("00000000000004d2", "$12.34"), 829: ("08002b010203", "08:00:2b:01:02:03"),
    869: ("02200004c0a80001", "192.168.0.1"), 1082: ("00000001", "2000-01-02"),
    1114: ("0000000000000001", "2000-01-01 00:00:00.000001"), 1186: ("00000000000000010000000200000003", "3 mons 2 days 00:00:00.000001"),
    1266: ("000000000000000100007080", "00:00:00.000001-08"), 1560: ("00000003a0", "101"),
    1700: ("0003000100000003000109291a7c", "12345.678"), 2950: ("00" * 16, "00000000-0000-0000-0000-000000000000"),
    3220: ("00000016b374d848", "16/B374D848"), 3802: ("017b7d", "{}"), 600: ("3ff0000000000000" * 2, "(1,1)"),
    3614: ("0000000161000001c001", "'a':1A"), 5038: ("00000001" + "0000000000000001" * 3, "1:1:1"),
}


def string(text):
    return re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), "".join(re.findall(r'"([^"]*)"', text))).encode("latin-1")


def values():
    for number, match in enumerate(ENTRY.finditer(VECTORS.read_text())):
        if number % 5 == 0:
            yield int(match[1]), bytes.fromhex("".join(re.findall("[0-9a-f]+", match[2]))), string(match[3])
    for oid, (binary, text) in SCALARS.items():
        yield oid, bytes.fromhex(binary), text.encode()


def main():
    root = pathlib.Path(sys.argv[1])
    arrays = {1009: 0, 1020: 1, 1007: 2, 3807: 3, 2287: 4}
    for name in ("fuzz_value_binary", "fuzz_value_text", "fuzz_array"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for number, (oid, binary, text) in enumerate(values()):
        (root / "fuzz_value_binary" / f"{oid}-{number}").write_bytes(oid.to_bytes(4, "big") + binary)
        (root / "fuzz_value_text" / f"{oid}-{number}").write_bytes(oid.to_bytes(4, "big") + text)
        if text[:1] in (b"{", b"["):
            (root / "fuzz_array" / f"{oid}-{number}").write_bytes(bytes([arrays.get(oid, 0)]) + text)


main()
