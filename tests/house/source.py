# SPDX-License-Identifier: MIT
"""Reading our own C: the tree, the rooms, and a source text without comments and strings."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Who may use what: DESIGN, "Rooms and the direction of arrows". An arrow is not transitive.
ROOMS = {
    "base": set(),
    "decode": {"base"},
    "auth": {"base"},
    "wire": {"base", "auth"},
    "stream": {"base", "wire", "decode"},
    "config": {"base"},
    "net": {"base"},
    "client": {"base", "decode", "auth", "wire", "stream", "config", "net"},
    "sink": {"base", "client"},
    "format": {"base", "decode"},
    "cli": {"base", "decode", "auth", "wire", "stream", "config", "net", "client", "sink", "format"},
}
PURE = ("base", "decode", "auth", "wire", "stream", "config", "format")
HEADERS = {"types": "decode", "value": "decode"}  # public headers that do not bear their room's name
CODE_FOLDERS = ("src", "include", "tests", "fuzz", "bench", "examples", "tools")

TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def files(*folders, suffixes=(".c", ".h")):
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*")
                  if path.suffix in suffixes and path.is_file())


def name(path):
    return str(path.relative_to(ROOT))


def room_of(path):
    """The room that a file under src/ or include/walwire/ belongs to; None for walwire.h."""
    parts = path.relative_to(ROOT).parts
    room = parts[1] if parts[0] == "src" else HEADERS.get(path.stem, path.stem)
    return room if room in ROOMS else None


def blank(text, keep_strings=False):
    """The text with comments (and the inside of strings) blanked, every line at its place."""
    def replace(match):
        token = match.group()
        if token[0] != "/":
            return token if keep_strings else token[0] + " " * (len(token) - 2) + token[-1]
        return re.sub(r"[^\n]", " ", token)
    return TOKEN.sub(replace, text)


def report(what, problems, looked_at):
    """Prints the problems; the exit status. Having looked at nothing is a failure too."""
    for problem in problems:
        print(problem)
    print(f"{what}: {looked_at} looked at, {len(problems)} problems")
    return 1 if problems or not looked_at else 0
