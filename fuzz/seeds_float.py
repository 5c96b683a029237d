#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seed corpus of fuzz_float: usage: seeds_float.py FOLDER

An input is the bits of a double in the machine's order (little-endian here), then a text.
"""
import os
import struct
import sys

BITS = {"least": 1, "normal": 1 << 52, "greatest": (0x7FF << 52) - 1, "infinity": 0xFFF << 52, "nan": 0x7FF8 << 48,
        "tie": 0x435761E6275E1DC4, "two53": 0x4340000000000000, "third": 0x3FD5555555555555}

TEXTS = {
    "zero": "-0.000", "one": "1", "shortest": "-1.2345678901234567e-100", "old-float8": "0.300000000000000044",
    "old-float4": "1.10000002", "fixed": "123456789012345.678", "tie-even": "9007199254740993",
    "tie-long": "90071992547409930000000000000.0000e-13", "tie-float": "16777217", "digits19": "9" * 19, "digits20": "9" * 20,
    "midpoint": "2.4703282292062327208299439626e-324", "over": "1.7976931348623159e+308", "under": "2.4703282292062327e-324",
    "digits800": "1." + "0123456789" * 80 + "e+00", "nan": "NaN", "infinity": "-Infinity", "odd": "1.e5", "far": "0." + "0" * 300 + "5e+0299",
    "endless": "1e+99999999999999999999",
}


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for name, text in TEXTS.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(struct.pack("<Q", 0x3FF0000000000000) + text.encode())
    for name, bits in BITS.items():
        with open(os.path.join(folder, "bits-" + name), "wb") as file:
            file.write(struct.pack("<Q", bits))


main()
