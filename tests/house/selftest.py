#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The house checks find what they are there to find: each rule against a small tree that breaks it."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
SPDX = "/* SPDX-License-Identifier: MIT */\n"


def check(script, files, *arguments):
    """Runs a copy of the script over a tree of these files: (exit status, output)."""
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        house = root / "tests" / "house"
        house.mkdir(parents=True)
        (root / "src").mkdir()
        for name in ("source.py", script):
            (house / name).write_text((HERE / name).read_text())
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([sys.executable, "-B", house / script, *arguments], text=True,
                              capture_output=True, cwd=root)
        return done.returncode, done.stdout + done.stderr


class Finds(unittest.TestCase):
    def bad(self, script, files, word):
        status, output = check(script, files)
        self.assertEqual(status, 1, output)
        self.assertIn(word, output)

    def good(self, script, files):
        status, output = check(script, files)
        self.assertEqual(status, 0, output)

    def test_layers(self):
        self.good("layers.py", {"src/wire/a.c": '#include "base/reader.h"\n#include <walwire/auth.h>\n'})
        self.good("layers.py", {"src/wire/a.c": '/* #include "net/x.h" */\n'})
        for include in ('"net/net.h"', "<walwire/decode.h>", "<stdio.h>", "<openssl/evp.h>",
                        "<libpq-fe.h>", "<sys/socket.h>", "<walwire/nothing.h>"):
            self.bad("layers.py", {"src/wire/a.c": f"#  include {include}\n"}, include.strip('"<>'))
        self.bad("layers.py", {"include/walwire/base.h": "#include <walwire/wire.h>\n"}, "wire")
        self.bad("layers.py", {"src/attic/a.c": "\n"}, "attic")
        self.bad("layers.py", {}, "0 looked at")

    def test_style(self):
        fine = SPDX + '/* strcpy() is banned. */\nconst char *s = "malloc(1) // x";\n'
        self.good("style.py", {"src/base/a.c": fine})
        self.good("style.py", {"src/client/a.c": SPDX + "void *f(void) { return malloc(1); }\n"})
        for text, word in (("int f(char *s) { return atoi(s); }\n", "atoi"),
                           ("void *f(void) { return malloc(1); }\n", "malloc"),
                           ("long f(void) { return time(0); }\n", "time"),
                           ("int x; // no\n", "comment"),
                           ("#define F(x) \\\n    if (x) \\\n        goto out\n", "macro"),
                           ("/* TODO: later */\n", "note"),
                           ("/* see /ro" "ot/x */\n", "machine"),
                           ("int x;" + " " * 120 + "int y;\n", "columns"),
                           ("\tint x;\n", "tab"), ("\n" * 801, "802 lines")):
            self.bad("style.py", {"src/wire/a.c": SPDX + text}, word)
        self.bad("style.py", {"src/wire/a.c": "int x;\n"}, "SPDX")

    def test_headers(self):
        fine = "#ifndef A\n#define A\n#include <stddef.h>\nsize_t ww_f(void);\n#endif\n"
        self.good("headers.py", {"include/walwire/a.h": fine})
        self.bad("headers.py", {"include/walwire/a.h": fine.replace("#include <stddef.h>\n", "")}, "C11")
        self.bad("headers.py", {"include/walwire/a.h": fine.replace("(void)", "(int new)")}, "C++17")


if __name__ == "__main__":
    unittest.main()
