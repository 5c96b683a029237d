#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the offline test programs of a build under valgrind: no bad access, no leak.

    memcheck.py BUILD_DIRECTORY
"""
import concurrent.futures
import json
import os
import subprocess
import sys

VALGRIND = ["valgrind", "-q", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite"]


def programs(build):
    """[(name, command, directory)] of the tests that are programs of ours, not scripts."""
    text = subprocess.run(["ctest", "--test-dir", build, "-L", "offline", "-LE", "house|slow",
                           "--show-only=json-v1"], check=True, text=True, capture_output=True).stdout
    for test in json.loads(text)["tests"]:
        properties = {entry["name"]: entry["value"] for entry in test["properties"]}
        with open(test["command"][0], "rb") as file:
            ours = test["command"][0].startswith(os.path.realpath(build)) and file.read(4) == b"\x7fELF"
        if ours:
            yield test["name"], test["command"], properties.get("WORKING_DIRECTORY", build)


def check(program):
    name, command, directory = program
    done = subprocess.run([*VALGRIND, *command], cwd=directory, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} {name}", flush=True)
    if done.returncode != 0:
        print(done.stdout[-4000:])
    return done.returncode == 0


def main(build):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(check, programs(os.path.realpath(build))))
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if results and all(results) else 1


sys.exit(main(sys.argv[1]))
