#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every public header compiles alone, as C11 and as C++17, with every warning an error."""
import shutil
import subprocess
import sys

import source

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow",
            "-Wold-style-cast", "-Wundef", "-Werror"]


def compilers():
    """[(name, command)] for each language; C++ by whichever compiler is there."""
    cc = shutil.which("gcc") or shutil.which("clang") or shutil.which("cc")
    cxx = shutil.which("g++") or shutil.which("clang++")
    c_warnings = [w for w in WARNINGS if w != "-Wold-style-cast"]
    yield "C11", cc and [cc, "-std=c11", "-x", "c", *c_warnings]
    yield "C++17", cxx and [cxx, "-std=c++17", "-x", "c++", *WARNINGS]


def main():
    problems, headers = [], source.files("include", suffixes=(".h",))
    for language, command in compilers():
        if not command:
            problems.append(f"no {language} compiler: run scripts/setup")
            continue
        for header in headers:
            include = header.relative_to(source.ROOT / "include")
            unit = f"#include <{include}>\n#include <{include}>\n"
            done = subprocess.run(
                [*command, "-fsyntax-only", f"-I{source.ROOT / 'include'}", "-"], input=unit,
                text=True, capture_output=True)
            if done.returncode != 0:
                problems.append(f"{include} alone as {language}:\n{done.stderr}")
    return source.report("headers", problems, len(headers))


sys.exit(main())
