#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes src/auth/saslprep_tables.c: what SASLprep (RFC 4013) and NFKC need to know of Unicode.

    tools/gen_saslprep_tables.py > src/auth/saslprep_tables.c

The prohibitions come from Python's stringprep (RFC 3454, Unicode 3.2), the normalisation data from
its unicodedata. A password with a character that Unicode 3.2 did not assign is never normalised, so
only characters assigned in 3.2 are listed. For those, NFKC is the same in every Unicode since 4.1
(the stability policy; 3.2 itself had five wrong mappings), whatever version Python has and the
server has (16.0 in PostgreSQL 18). The checks below stop the script if that were not so.
"""
import stringprep
import sys
import unicodedata

SURROGATES = range(0xD800, 0xE000)
HANGUL = range(0xAC00, 0xD7A4)
SCALARS = [c for c in range(0x110000) if c not in SURROGATES]
OLD = {c for c in SCALARS if unicodedata.ucd_3_2_0.category(chr(c)) != "Cn"}

OFFSET_BITS = 14        # of ww__decompositions: character << 14 | offset in ww__expansions
LAST = 0x80000000       # marks the last character of an expansion


def ranges(codes):
    """[(first, last)] of a sorted list of code points."""
    out = []
    for c in codes:
        if out and c == out[-1][1] + 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def in_any(*tables):
    return ranges([c for c in range(0x110000) if any(t(chr(c)) for t in tables)])


def utf8_length(codes):
    return sum(len(chr(c).encode()) for c in codes)


def refused():
    """Prohibited output (RFC 4013 2.3) and unassigned code points: either way, the password is used
    as it is, so one table does for both."""
    return in_any(stringprep.in_table_a1, stringprep.in_table_c12, stringprep.in_table_c21_c22,
                  stringprep.in_table_c3, stringprep.in_table_c4, stringprep.in_table_c5,
                  stringprep.in_table_c6, stringprep.in_table_c7, stringprep.in_table_c8,
                  stringprep.in_table_c9)


def decompositions():
    """{character: full compatibility decomposition}; Hangul is computed."""
    out = {}
    for c in sorted(OLD):
        expansion = [ord(x) for x in unicodedata.normalize("NFKD", chr(c))]
        if expansion != [c] and c not in HANGUL:
            assert OLD.issuperset(expansion), hex(c)
            out[c] = expansion
    return out


def compositions():
    """[(first, second, composite)], without the exclusions; Hangul is computed."""
    out = []
    for c in SCALARS:
        parts = unicodedata.decomposition(chr(c)).split()
        if len(parts) != 2 or parts[0].startswith("<"):
            continue
        first, second = (int(p, 16) for p in parts)
        if unicodedata.normalize("NFC", chr(first) + chr(second)) != chr(c):
            continue
        if first not in OLD or second not in OLD:
            continue
        assert c in OLD, "a new composite of old characters breaks the stability policy"
        assert utf8_length([c]) <= utf8_length([first, second]), "composing in place needs this"
        assert unicodedata.combining(chr(first)) == 0
        out.append((first, second, c))
    return sorted(out)


def combining():
    """[(first, last, class)] of characters with a canonical combining class above 0."""
    out = []
    for c in sorted(OLD):
        ccc = unicodedata.combining(chr(c))
        if ccc and out and out[-1][1] == c - 1 and out[-1][2] == ccc:
            out[-1][1] = c
        elif ccc:
            out.append([c, c, ccc])
    return out


def show(declaration, items, per_line):
    print(f"\n{declaration}[] = {{")
    for i in range(0, len(items), per_line):
        print("    " + " ".join(f"{item}," for item in items[i:i + per_line]))
    print("};")


def show_count(name):
    print(f"const size_t {name}_count = sizeof {name} / sizeof {name}[0];")


def show_ranges(name, comment, table):
    print(f"\n/* {comment} */", end="")
    show(f"const ww__range {name}", [f"{{ 0x{a:04X}, 0x{b:04X} }}" for a, b in table], 4)
    show_count(name)


def show_decompositions():
    pool, entries, seen = [], [], {}
    for c, expansion in decompositions().items():
        key = tuple(expansion)
        if key not in seen:
            seen[key] = len(pool)
            pool += expansion[:-1] + [expansion[-1] | LAST]
        assert c < 1 << (32 - OFFSET_BITS) and seen[key] < 1 << OFFSET_BITS
        entries.append(f"0x{c << OFFSET_BITS | seen[key]:08X}")
    print("\n/* Full compatibility decompositions: character << 14 | offset of its expansion. */",
          end="")
    show("const uint32_t ww__decompositions", entries, 8)
    show_count("ww__decompositions")
    print("\n/* The expansions; bit 31 marks the last character of each. */", end="")
    show("const uint32_t ww__expansions", [f"0x{c:X}" for c in pool], 8)


def main():
    fixed = [c for c in OLD if unicodedata.ucd_3_2_0.normalize("NFKC", chr(c)) !=
             unicodedata.normalize("NFKC", chr(c))]
    assert sorted(fixed) == [0x2F868, 0x2F874, 0x2F91F, 0x2F95F, 0x2F9BF], "Corrigendum 4"
    assert all(unicodedata.combining(chr(c)) == unicodedata.ucd_3_2_0.combining(chr(c))
               for c in OLD)
    print(f"""\
/* SPDX-License-Identifier: MIT */
/* saslprep_tables.c: generated by tools/gen_saslprep_tables.py; do not edit.
 *
 * RFC 3454 tables (Unicode 3.2) from Python's stringprep. Normalisation data of the characters that
 * Unicode 3.2 assigns, the same in every version since 4.1: from unicodedata
 * {unicodedata.unidata_version}. */
#include "saslprep_tables.h\"""")
    show_ranges("ww__prep_refused", "Prohibited (RFC 3454 C.1.2 to C.9) or unassigned (A.1).",
                refused())
    show_ranges("ww__right_to_left", "D.1: bidirectional category R or AL.",
                in_any(stringprep.in_table_d1))
    show_ranges("ww__left_to_right", "D.2: bidirectional category L.",
                in_any(stringprep.in_table_d2))
    print("\n/* Canonical combining classes above 0. */", end="")
    show("const ww__class_range ww__classes",
         [f"{{ 0x{a:04X}, 0x{b:04X}, {ccc} }}" for a, b, ccc in combining()], 3)
    show_count("ww__classes")
    show_decompositions()
    print("\n/* Primary composites, sorted by their first and second character. */", end="")
    show("const ww__composition ww__compositions",
         [f"{{ 0x{a:04X}, 0x{b:04X}, 0x{c:04X} }}" for a, b, c in compositions()], 3)
    show_count("ww__compositions")


if __name__ == "__main__":
    sys.exit(main())
