#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seed corpus of fuzz_json: usage: seeds_json.py FOLDER

An input is options, type, size of the small buffer, length of the name, the name, the value.
"""
import os
import sys

TEXT, BOOL, INT4, FLOAT8, JSON = range(5)
DEBEZIUM, TERMINAL, UPDATE, BINARY = 1, 2, 4, 8

VALUES = {
    "plain": (TEXT, b"a plain value of more than eight bytes"),
    "empty": (TEXT, b""),
    "quotes": (TEXT, b'she said "hi" \\ and left\n\ttwice\r\x00'),
    "escape": (TEXT, b"\x1b[2J\x1b]0;title\x07\x7f"),
    "latin": (TEXT, "d\u00e9j\u00e0 vu, na\u00efvet\u00e9 \u20ac".encode()),
    "elephant": (TEXT, ("\U0001F418" * 5).encode()),
    "c1": (TEXT, "a\u0085b\u009bc\u00a0\u00c2".encode()),
    "separators": (TEXT, "\u2027\u2028\u2029\u202a\u202e\u2066\ufeff\u061c".encode()),
    "bad-utf8": (TEXT, b"caf\xe9 \xc0\x80 \xed\xa0\x80 \xf4\x90\x80\x80 \xff"),
    "split": (TEXT, b"1234567\xc3\xa9\"\xe2\x82\xac\\\xf0\x9f\x90\x98"),
    "bool": (BOOL, b"t"), "bool-odd": (BOOL, b"true"),
    "int": (INT4, b"-2147483648"), "int-odd": (INT4, b"007"), "int-long": (INT4, b"9" * 21),
    "float": (FLOAT8, b"-1.7976931348623157e+308"),
    "nan": (FLOAT8, b"NaN"), "float-odd": (FLOAT8, b".5"),
    "json": (JSON, b'{"a": [1, 2.50, null, true], "b\\u00e9": {"c": "\\ud83d\\ude00"}}'),
    "json-space": (JSON, b' [\n\t1 ,\r\n "x" , { } ]\n'),
    "json-deep": (JSON, b"[" * 40 + b"]" * 40),
    "json-half": (JSON, b'"\\ud83d"'), "json-cut": (JSON, b'{"a":[1,'),
    "json-two": (JSON, b'{},"op":"d"'), "json-number": (JSON, b"-0.0e-0"),
    "json-controls": (JSON, b'"\x7f\xc2\x85\xe2\x80\xa8"'),
}
NAMES = [b"id", b'a"b\\c\n', b"\xff\\", "\u00e9\u2028".encode(), b"", b"__proto__"]


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for i, (title, (kind, value)) in enumerate(VALUES.items()):
        name = NAMES[i % len(NAMES)]
        options = DEBEZIUM if i % 2 else 0
        options |= TERMINAL if i % 3 == 2 else 0
        options |= UPDATE if i % 5 == 4 else 0
        if title == "bad-utf8":
            options |= BINARY
        head = bytes([options, kind, (i * 29) % 256, len(name)])
        with open(os.path.join(folder, title), "wb") as f:
            f.write(head + name + value)


if __name__ == "__main__":
    main()
