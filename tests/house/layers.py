#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads every #include of src/ and include/ against the table of rooms."""
import re
import sys

import source

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+["<]([^">]+)[">]', re.MULTILINE)
OPENSSL = {"src/auth/crypto_openssl.c", "src/net", "src/cli"}
# What an engine without I/O has no business with; symbols.py sees what is called all the same.
FOREIGN = re.compile(r"^(stdio|stdlib|time|unistd|fcntl|pthread|signal|errno|locale|wchar|wctype)\.h$"
                     r"|^(sys|netinet|arpa|net)/|^(poll|netdb)\.h$")


def included_room(path, target):
    """The room an include names, or None for a system header and walwire.h."""
    parts = target.split("/")
    if parts[0] == "walwire":
        room = parts[1].removesuffix(".h")
        return source.HEADERS.get(room, room) if room != "walwire" else None
    if len(parts) > 1 and parts[0] in source.ROOMS:
        return parts[0]
    if len(parts) == 1 and (path.parent / target).exists():
        return source.room_of(path)
    return None


def problems_of(path):
    room = source.room_of(path)
    where = source.name(path)
    text = source.blank(path.read_text(), keep_strings=True)
    for target in INCLUDE.findall(text):
        other = included_room(path, target)
        if target.startswith("openssl/"):
            if not any(where == place or where.startswith(place + "/") for place in OPENSSL):
                yield f"{where}: <{target}>: OpenSSL belongs to net and auth/crypto_openssl.c"
        elif target.startswith("libpq") or target == "postgres.h":
            yield f"{where}: <{target}>: no code of PostgreSQL's"
        elif room in source.PURE and FOREIGN.match(target) and not where.endswith("_openssl.c"):
            yield f"{where}: <{target}>: the room {room} does no I/O and keeps no time"
        elif other is None or room is None or other == room:
            continue
        elif other not in source.ROOMS:
            yield f"{where}: <{target}>: no such room"
        elif other not in source.ROOMS[room]:
            allowed = ", ".join(sorted(source.ROOMS[room])) or "nothing"
            yield f"{where}: <{target}>: {room} may use {allowed}, not {other}"


def main():
    paths = source.files("src", "include")
    problems = [problem for path in paths for problem in problems_of(path)]
    strangers = {path.name for path in (source.ROOT / "src").iterdir() if path.is_dir()} - set(source.ROOMS)
    problems += [f"src/{stranger}: a room that the table does not know" for stranger in strangers]
    return source.report("includes", problems, len(paths))


sys.exit(main())
