#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Installs real PostgreSQL servers, one directory each, from the packages that package.json pins.

    fetch.py 18 15      fetch what is missing, say what was done
    fetch.py --list     every major version that package.json knows
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def cache():
    """Where servers are kept: readable by the unprivileged user that runs them."""
    if "WALWIRE_CACHE" in os.environ:
        return pathlib.Path(os.environ["WALWIRE_CACHE"])
    shared = pathlib.Path("/var/cache/walwire")
    if os.geteuid() == 0 or os.access(shared / "servers", os.R_OK):
        return shared
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return pathlib.Path(home, "walwire")


def pinned():
    """{major: exact package version}, as package.json says."""
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    return {name.removeprefix("pg"): spec.rsplit("@", 1)[1] for name, spec in wanted.items()}


def home(major):
    """The installation directory of one server: bin/, lib/ and share/ are below it."""
    return cache() / "servers" / pinned()[str(major)]


def write_project(directory, name):
    """A project with this one dependency; the lock file's entry keeps its checksum."""
    for file in ("package.json", "package-lock.json"):
        project = json.loads((HERE / file).read_text())
        roots = [project] if file == "package.json" else [project["packages"][""]]
        if "packages" in project:
            project["packages"] = {"": roots[0], f"node_modules/{name}":
                                   project["packages"][f"node_modules/{name}"]}
        for entry in roots:
            entry["dependencies"] = {name: entry["dependencies"][name]}
        (directory / file).write_text(json.dumps(project))
    shutil.copy(HERE / ".npmrc", directory)


def fetch(major):
    """Installs beside the final place and renames, so that an interrupted run leaves nothing half done."""
    target = home(major)
    if (target / "bin" / "postgres").exists():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as scratch:
        project = pathlib.Path(scratch)
        write_project(project, f"pg{major}")
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=project, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode != 0:
            sys.exit(f"fetch: npm could not install PostgreSQL {major}:\n{done.stdout}")
        package = project / "node_modules" / f"pg{major}"
        subprocess.run(["node", "scripts/hydrate-symlinks.js"], cwd=package, check=True)
        if not (target / "bin" / "postgres").exists():
            (package / "native").rename(target)
    return True


def main(arguments):
    if arguments == ["--list"]:
        print(*pinned())
        return
    for major in arguments:
        if major not in pinned():
            sys.exit(f"fetch: no PostgreSQL {major} in {HERE / 'package.json'}")
        if fetch(major):
            print(f"fetched PostgreSQL {pinned()[major]}")


if __name__ == "__main__":
    os.umask(0o022)
    main(sys.argv[1:])
