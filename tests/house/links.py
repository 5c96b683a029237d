#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What our binaries are linked with: never libpq, and the static command with nothing at all.

    links.py BUILD_DIRECTORY            every program and library of a build
    links.py --static FILE              this file must not be dynamic
"""
import pathlib
import subprocess
import sys

import source


def output(*command):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout


def binaries(build):
    for path in sorted(build.rglob("*")):
        if path.is_file() and path.suffix in ("", ".a", ".so") and "CMakeFiles" not in path.parts:
            with path.open("rb") as file:
                if file.read(8)[:4] == b"\x7fELF" or path.suffix == ".a":
                    yield path


def libpq_problems(path):
    if "libpq" in output("readelf", "-d", str(path)):
        yield f"{path}: needs libpq"
    symbols = {line.split()[-1] for line in output("nm", str(path)).splitlines() if line.split()}
    for symbol in sorted(symbols & {"PQconnectdb", "PQconnectdbParams", "PQexec", "PQgetCopyData"}):
        yield f"{path}: has {symbol} of libpq"


def main(arguments):
    if arguments[0] == "--static":
        path = pathlib.Path(arguments[1])
        dynamic = "not a dynamic executable" not in output("ldd", str(path))
        problems = [f"{path}: ldd finds a dynamic executable"] if dynamic else []
        return source.report("static", [*problems, *libpq_problems(path)], path.exists())
    paths = list(binaries(pathlib.Path(arguments[0])))
    return source.report("links", [p for path in paths for p in libpq_problems(path)], len(paths))


sys.exit(main(sys.argv[1:]))
