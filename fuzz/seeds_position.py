#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seed corpus of fuzz_position: usage: seeds_position.py FOLDER

An input is a byte that says which of the two slots get their checksum, then the file.
"""
import os
import struct
import sys


def slot(sequence, name=b"s1", database=b"shop", timeline=1):
    """One slot without its checksum."""
    head = b"walwire\x01" + bytes(8) + struct.pack(">4Q2I2Q", 0x1500000, 4096, 0x1500100, 7512345678901234567, timeline,
                                                   0, 66, 77)
    return (head + name.ljust(64, b"\0") + database.ljust(64, b"\0")).ljust(496, b"\0") + \
        struct.pack(">Q", sequence) + bytes(7) + b"\n"


FILES = {"empty": b"", "zeros": bytes(1024), "first": bytes(512) + slot(1), "both": slot(2) + slot(1),
         "third": slot(2) + slot(3), "far": slot(2**64 - 2) + slot(2**64 - 1), "misplaced": slot(1) + slot(2),
         "zero": slot(0) + slot(1), "torn": bytes(512) + slot(1)[:300], "short": slot(2) + slot(1)[:-1],
         "long": slot(2) + slot(1) + b"x", "full": slot(4, b"s" * 63, b"d" * 63) + slot(3, b"s" * 64),
         "behind": slot(4, b"s\0t") + slot(3, b"", b"", 2**32 - 1)}


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for name, content in FILES.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(b"\x03" + content)


main()
