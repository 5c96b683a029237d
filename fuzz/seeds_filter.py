#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seed corpus of fuzz_filter: usage: seeds_filter.py FOLDER

An input is options, then pattern, schema, table and column, with line feeds between.
"""
import os
import sys

TABLE, SCHEMA, OP, COLUMN, EXCLUDE = 0, 1, 2, 3, 4

SEEDS = {
    "table": (TABLE, "shop.ord*", "shop", "orders", "id"),
    "table-any-schema": (TABLE | EXCLUDE, "*s", "shop", "orders", "id"),
    "table-quoted": (TABLE, '"a.b".""""?"*"', "a.b", '"x*', "id"),
    "stars": (TABLE, "*a*a*a*b", "s", "a" * 40, "c"),
    "stars-fit": (TABLE, "**a?*b**", "s", "xaxbxb", "c"),
    "characters": (TABLE, "??\u20ac*?", "s", "\u00e9\U0001F418\u20ac\u20ac", "c"),
    "schema": (SCHEMA | EXCLUDE, "pg_*", "pg_toast", "t", "c"),
    "op": (OP, "ins*", "s", "t", "c"), "op-none": (OP, "upsert", "s", "t", "c"),
    "column": (COLUMN, "s.t.c?", "s", "t", "cd"), "column-out": (COLUMN | EXCLUDE, "t.*", "s", "t", "c"),
    "column-only": (COLUMN | EXCLUDE, "c", "s", "t", "c"),
    "empty": (TABLE, "a..b", "a", "b", "c"), "open": (TABLE, '"a', "a", "a", "c"),
    "many": (SCHEMA, "a.b", "a", "b", "c"),
}


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for name, (options, *texts) in SEEDS.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(bytes([options]) + "\n".join(texts).encode())


main()
