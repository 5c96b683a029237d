#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the rooms' objects call and export, read with nm from an optimised build.

    symbols.py BUILD_DIRECTORY
"""
import pathlib
import re
import subprocess
import sys

import source

MEMORY = {"memchr", "memcmp", "memcpy", "memmove", "memset"}
TEXT = MEMORY | {"memrchr", "strlen", "strnlen", "strcmp", "strncmp", "strchr", "strrchr", "strstr",
                 "strspn", "strcspn"}
ALLOWED = {room: TEXT for room in source.PURE} | {"decode": MEMORY}
# What the compiler itself calls: stack protector, fortified copies, 128-bit division, sanitizers,
# and bcmp, clang's word for a memcmp of which only "equal or not" is asked.
RUNTIME = re.compile(r"^(__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__mem(cpy|move|set)_chk|bcmp"
                     r"|__(u?div|u?mod|mul)[tsd]i[34])$")
OPENSSL_ROOMS = {"auth_openssl": "auth"}


def nm(objects):
    """[(type, name)] of every symbol that is not local to its object."""
    text = subprocess.run(["nm", "-g", "-P", *map(str, objects)], check=True, text=True,
                          capture_output=True).stdout
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and len(words[1]) == 1:
            yield words[1], words[0]


def objects_of(build):
    """{library: [objects]} for each room's OBJECT library, e.g. decode and auth_openssl."""
    found = {}
    for path in sorted(build.glob("src/*/CMakeFiles/ww_*.dir/**/*.o")):
        library = next(part for part in path.parts if part.startswith("ww_") and part.endswith(".dir"))
        found.setdefault(library[3:-4], []).append(path)
    return found


def problems_of(libraries):
    defined, wanted = {}, {}
    for library, objects in libraries.items():
        room = OPENSSL_ROOMS.get(library, library)
        symbols = list(nm(objects))
        for kind, symbol in symbols:
            if kind not in "Uvw":
                defined.setdefault(symbol, room)
                if not symbol.startswith("ww_") and library != "cli":
                    yield f"{library} exports {symbol}: every global begins with ww_"
        wanted[library] = sorted({symbol for kind, symbol in symbols if kind in "Uvw"})
    for library, symbols in wanted.items():
        room = OPENSSL_ROOMS.get(library, library)
        for symbol in symbols:
            if symbol in defined:
                if defined[symbol] not in source.ROOMS[room] | {room}:
                    yield f"{library} calls {symbol} of {defined[symbol]}: an arrow that is not there"
            elif symbol.startswith("ww_"):
                yield f"{library} calls {symbol}: nobody defines it"
            elif library in ALLOWED and symbol not in ALLOWED[library] and not RUNTIME.match(symbol):
                yield f"{library} calls {symbol}: allowed are {' '.join(sorted(ALLOWED[library]))}"


def main():
    libraries = objects_of(pathlib.Path(sys.argv[1]))
    absent = [f"no object of {room} in {sys.argv[1]}" for room in source.ROOMS
              if room not in libraries and room != "cli"]
    return source.report("symbols", [*absent, *problems_of(libraries)],
                         sum(map(len, libraries.values())))


sys.exit(main())
