#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes tests/auth/saslprep_vectors.txt: what ww_saslprep must answer, by a second implementation.

    tools/gen_saslprep_vectors.py > tests/auth/saslprep_vectors.txt

The answers come from Python's stringprep and unicodedata.normalize. Lines of the file (bytes in
hexadecimal, "-" for none; digests are FNV-1a, 64 bits, over every answer and a byte 0xFF):
    vector INPUT ANSWER          one password
    sweep BEFORE AFTER LIMIT FNV every character below LIMIT between the two
    letters CODE ...             the alphabet of the next line
    random SEED COUNT FNV        COUNT strings of 1 to 24 letters, from a linear congruence
"""
import stringprep
import sys
import unicodedata

PROHIBITED = (stringprep.in_table_a1, stringprep.in_table_c12, stringprep.in_table_c21_c22,
              stringprep.in_table_c3, stringprep.in_table_c4, stringprep.in_table_c5,
              stringprep.in_table_c6, stringprep.in_table_c7, stringprep.in_table_c8,
              stringprep.in_table_c9)


def saslprep(raw):
    """pg_saslprep of PostgreSQL 18, on bytes."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw
    if text.isascii():
        return raw
    mapped = "".join(" " if stringprep.in_table_c12(c) else c for c in text
                     if stringprep.in_table_c12(c) or not stringprep.in_table_b1(c))
    if mapped == "" or any(table(c) for c in mapped for table in PROHIBITED):
        return raw
    if any(map(stringprep.in_table_d1, mapped)):
        if any(map(stringprep.in_table_d2, mapped)):
            return raw
        if not (stringprep.in_table_d1(mapped[0]) and stringprep.in_table_d1(mapped[-1])):
            return raw
    return unicodedata.normalize("NFKC", mapped).encode()


def digest(answers):
    h = 0xCBF29CE484222325
    for answer in answers:
        for byte in answer + b"\xff":
            h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{h:016x}"


def hexa(raw):
    return raw.hex() if raw else "-"


NAMED = [
    # RFC 4013 section 3
    "I\u00adX", "user", "USER", "\u00aa", "\u2168", "\u0007", "\u06271",
    # PROTOCOL 1.10 and PostgreSQL's 002_saslprep.pl
    "a\u00a0b", "IX", "foo\u0007bar", "\u0627\u0031\u0628", "\U0001f600", "\U0001f600\uff21",
    "\uff21\U0001f600", "\u1100", "\u1100\u1161", "\u1100\u1161\u11a8", "\uac00\u11a8",
    b"\xc3\x28", b"\xff", b"caf\xe9", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"",
    b"abc\xe2\x82", "caf\u00e9", "cafe\u0301",
    # mapped to nothing, to a space, to nothing at all
    "\u00ad", "\u200b", "\u200c", "\u00ad\u2060\ufeff", "a\u200bb", "a\u200db", "\u00a0",
    "\u3000\u3000", "x\ufe0fy", "\u034fz", "a\u1680b\u2003c\u202fd\u205fe", "\u00ada",
    # tested before NFKC: what only normalising would bring in, or take away, changes nothing
    "\u0340", "\u0341a", "\u1fef", "\u037e", "\u2024", "\u00b4", "\ufdfa", "\ufdfa\u0627",
    "\ufefb", "\u0627\ufdfa", "\u2126", "\u212b", "\u00c5", "A\u030a", "\ufb01", "\u00bd",
    "\u3392", "\u33ff", "\uffe0", "\u3231", "\u2167\u00b2",
    # bidi: D.1 at both ends and no D.2
    "\u05d0", "\u05d0a\u05d0", "\u05d01\u05d0", "1\u05d0", "\u05d01", "\u05d0\u0301",
    "\u0301\u05d0", "\u05d0\u00ad", "\u00ad\u05d0", "\u00ad\u05d0-\u05d0\u200d", "\ufb1d\u05d0",
    "\u05d0\u200b", "\u05d0\u05b0\u05bc\u05d0", "\u05d0\u05bc\u05b0\u05d0", "\u200f\u05d0",
    "\u05d0\u061c\u05d0",
    # composition: order, blocking, exclusions, several marks, no starter
    "e\u0323\u0302", "e\u0302\u0323", "a\u0301\u0301", "a\u0327\u0301", "a\u0301\u0327",
    "\u1e69", "s\u0307\u0323", "q\u0323\u0307", "q\u0307\u0323", "\u1e0b\u0323", "\u0958", "\u0344",
    "\u0301a", "\u0301\u0327", "\u0301\u0327a\u0301\u0327", "\u0308\u0301",
    "\u03b1\u0313\u0300\u0345", "\u1f82", "\u03b1\u0345\u0300\u0313", "\u0cc6\u0cc2\u0cd5",
    "\u0b47\u0300\u0b3e", "\u09c7\u09be", "\u0dd9\u0dcf\u0dca", "\u1025\u102e", "\u304b\u3099",
    "\uff76\uff9e", "\u30cf\uff9f", "\u2adc", "\u0915\u093c", "\u0928\u093c", "\u1100\u1161\u11a7",
    "\u1100\u1161\u11c2", "\u1100\u1161\u11c3", "\u1112\u1175\u11c2", "\u1113\u1161",
    "\u1100\u1162\u1161", "\uac01\u11a8", "\ud7a3", "\ud7a4", "\u1100\u0301\u1161",
    "\uac00\u0301\u11a8", "\u3131", "\u320e", "\uffa1\uffc2",
    # the five mappings that Unicode 4.1 corrected, and others outside the first plane
    "\U0002f868", "\U0002f874", "\U0002f91f", "\U0002f95f", "\U0002f9bf", "\U0002fa1d", "\uf951",
    "\U0001d15e", "\U0001d158\U0001d165\U0001d16e", "\U0001d400", "\U0001d7ff", "\U0001d6a8",
    # unassigned in 3.2, prohibited, non-characters, tags
    "\u0221", "\u1e9e", "\u20b9", "\u2c00", "\U00010140x\u00e9", "\ufdd0", "\U0001fffe",
    "\U000e0041", "\ue000", "\U000f0000", "\U0010fffd", "\u06dd", "\u070f", "\u180e", "\u2028",
    "\u206a", "\u2ff0", "\ufff9", "\ufffd", "\U0001d173", "\u0085", "\u007f\u00e9", "\u0000\u00e9",
    # long runs
    "e" + "\u0301\u0323" * 40, "\u0345\u0301\u0323\u0334" * 20, "\u1100\u1161\u11a8" * 30,
    "\ufdfa" * 8, "\u00e9" * 100,
]

SINGLE_BLOCKS = (0xA0, 0x110, 0x1C4, 0x2B0, 0x1E98, 0x1F00, 0x1FB0, 0x2000, 0x2070, 0x20A8, 0x2100,
                 0x2150, 0x2460, 0x2F00, 0x3131, 0x3200, 0x3300, 0xFB00, 0xFB20, 0xFE30, 0xFF01)

NORMALISING = [
    *range(0x41, 0x45), 0x65, 0x6F, 0x73, 0xE9, 0xC5, 0x1E69, 0x1EA5, 0x1F82, 0x3B1, 0x3C9, 0x212B,
    0x300, 0x301, 0x302, 0x307, 0x308, 0x30A, 0x313, 0x323, 0x327, 0x328, 0x334, 0x338, 0x342,
    0x344, 0x345, 0x360, 0x591, 0x5B0, 0x5BC, 0x93C, 0x94D, 0x915, 0x928, 0x9C7, 0x9BE, 0xB47,
    0xB3E, 0xB56, 0xCC6, 0xCC2, 0xCD5, 0xDD9, 0xDCF, 0xDCA, 0xE33, 0xF77, 0xF81, 0xF71, 0xF72,
    0x1025, 0x102E, 0x1100, 0x1112, 0x1161, 0x1175, 0x11A8, 0x11C2, 0x1160, 0xAC00, 0xAC01, 0xD788,
    0xD7A3, 0x3099, 0x309A, 0x304B, 0x30CF, 0x30AB, 0xFF76, 0xFF9E, 0xFF9F, 0x20D0, 0x20E1, 0x302A,
    0x302F, 0xFB01, 0x2168, 0x3392, 0xFF21, 0x1D15E, 0x1D165, 0x1D16E, 0x1D400, 0x2F91F, 0x2126,
    0x1FEF, 0xA0, 0x3000, 0x200B, 0xAD, 0x200D, 0xFE0F, 0xFEFF, 0x2ADC, 0x226E, 0x3C,
]
RIGHT_TO_LEFT = [0x5D0, 0x5D1, 0x627, 0x628, 0x644, 0xFEFB, 0xFDFA, 0xFB1D, 0xFB2A, 0x5B0, 0x5BC,
                 0x651, 0x64B, 0x670, 0x30, 0x660, 0x2D, 0x21, 0xAD, 0x200D]
EVERYTHING = NORMALISING + RIGHT_TO_LEFT + [0x7, 0x221, 0xE000, 0xFFFD, 0x1F600, 0xE0041, 0x2028]


def random_strings(seed, count, letters):
    state = seed

    def draw(n):
        nonlocal state
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (state >> 8) % n

    for _ in range(count):
        length = 1 + draw(24)
        yield "".join(chr(letters[draw(len(letters))]) for _ in range(length)).encode()


def sweep(before, after, limit):
    return ((before + chr(c) + after).encode() for c in range(limit) if not 0xD800 <= c < 0xE000)


def main():
    print("# Generated by tools/gen_saslprep_vectors.py; do not edit. Answers by Python's\n"
          f"# stringprep (Unicode 3.2) and unicodedata {unicodedata.unidata_version}.")
    inputs = [x.encode() if isinstance(x, str) else x for x in NAMED]
    inputs += [chr(c).encode() for start in SINGLE_BLOCKS for c in range(start, start + 16)]
    for raw in inputs:
        print("vector", hexa(raw), hexa(saslprep(raw)))
    for before, after, limit in (("", "", 0x110000), ("A", "\u0301", 0x30000),
                                 ("\u0301", "\u0327\u0300", 0x30000),
                                 ("\u1100", "\u11a8", 0x30000), ("\u05d0", "\u05d0", 0x30000)):
        print("sweep", hexa(before.encode()), hexa(after.encode()), limit,
              digest(map(saslprep, sweep(before, after, limit))))
    for letters in (NORMALISING, RIGHT_TO_LEFT, EVERYTHING):
        print("letters", *(f"{c:x}" for c in letters))
        for seed in (1, 20260801):
            print("random", seed, 20000,
                  digest(map(saslprep, random_strings(seed, 20000, letters))))


if __name__ == "__main__":
    sys.exit(main())
