#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command without a server: options, help, messages, exit codes, captures.

    test_cli.py WALWIRE [unittest's arguments]
"""
import fcntl
import json
import os
import pathlib
import pty
import re
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest

WALWIRE = None
OK, INTERNAL, USAGE, CONNECT, REFUSED, GAP, OUTPUT, INPUT = range(8)
COMMANDS = ["stream", "record", "decode", "slot create", "slot drop", "slot list", "slot advance",
            "slot alter", "info"]
SECONDS = 60


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def frame(kind, body):
    """docs/capture.md"""
    return struct.pack(">II", len(body), crc32c(kind + body)) + kind + body


def wal(payload, lsn=0x100):
    return frame(b"w", struct.pack(">cQQq", b"w", lsn, lsn, 0) + payload)


def capture(plugin, payloads):
    pairs = {"system_id": "7", "timeline": "1", "database": "shop", "plugin": plugin}
    header = b"".join(f"{name}\0{value}\0".encode() for name, value in pairs.items())
    return (b"walwire\1" + frame(b"H", header) + b"".join(wal(payload) for payload in payloads)
            + frame(b"E", struct.pack(">Q", len(payloads))))


def message(text):
    """pgoutput's Message outside of a transaction."""
    return struct.pack(">cBQ", b"M", 0, 0x100) + b"prefix\0" + struct.pack(">I", len(text)) + text


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="walwire-test-"))
        self.addCleanup(shutil.rmtree, self.dir)

    def environment(self):
        keep = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS")
        return {"HOME": str(self.dir), **{key: os.environ[key] for key in keep if key in os.environ}}

    def run_walwire(self, *words, **options):
        if "input" not in options:
            options.setdefault("stdin", subprocess.DEVNULL)
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.run([WALWIRE, *map(str, words)], env=self.environment(), timeout=SECONDS,
                              **options)

    def start(self, *words, **options):
        process = subprocess.Popen([WALWIRE, *map(str, words)], env=self.environment(),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def file(self, name, data):
        path = self.dir / name
        path.write_bytes(data)
        return path

    def refused(self, *words, says=(), status=USAGE):
        """One line on standard error that says each of these."""
        done = self.run_walwire(*words)
        err = done.stderr.decode()
        self.assertEqual((done.returncode, done.stdout), (status, b""), err)
        self.assertEqual(err.count("\n"), 1, err)
        for word in says:
            self.assertIn(word, err)
        return err


class Log(Case):
    def last(self, *words):
        """The last line of standard error, which is JSON throughout."""
        err = self.run_walwire(*words, "--log-format", "json").stderr.decode()
        self.assertTrue(err.endswith("\n"), err)
        return [json.loads(line) for line in err.split("\n")[:-1]][-1]

    def test_whatever_the_text_is_it_is_json(self):
        for name in ('we"ird', "two\nlines", "back\\slash", "\033[2J", "\u202egnp", "\u2028", "\x01\x7f\x9b",
                     "\U0001f418", b"no\xff\xc3utf-8", "x" * 5000):
            path = os.fsencode(self.dir) + b"/" + (name if isinstance(name, bytes) else name.encode())
            done = subprocess.run([WALWIRE, "decode", "--log-format", "json", path], env=self.environment(),
                                  capture_output=True, timeout=SECONDS)
            line, = done.stderr.decode().split("\n")[:-1]
            self.assertNotRegex(line, "[\x00-\x1f\x7f-\x9f\u2028\u202e]")
            said = json.loads(line)
            self.assertEqual((done.returncode, said["level"], list(said)[:3]),
                             (INPUT, "error", ["ts", "level", "msg"]))
            if isinstance(name, str) and len(name) < 100:
                self.assertIn(name, said["msg"])

    def test_errors_are_lines_too(self):
        said = self.last("info", "-h", str(self.dir))
        self.assertEqual((said["level"], said["error"]), ("error", "I/O error"))
        self.assertEqual(self.last("stream", "--until-now", "-E", "0/1")["level"], "error")
        self.assertEqual(self.last("stream", "-S", "s1", "-h", str(self.dir))["slot"], "s1")

    def test_levels(self):
        """PGTZ is ignored, which is said at level info."""
        for words, said in (([], 1), (["-q"], 1), (["-v"], 2), (["--log-level", "info"], 2),
                            (["--log-level", "error", "-v"], 1), (["--log-level", "debug", "-q"], 2)):
            done = subprocess.run([WALWIRE, "info", "-h", self.dir, *words], stdin=subprocess.DEVNULL,
                                  env={**self.environment(), "PGTZ": "UTC"}, capture_output=True, timeout=SECONDS)
            self.assertEqual(done.stderr.count(b"\n"), said, done.stderr)


class Help(Case):
    def text(self, *words):
        done = self.run_walwire(*words)
        self.assertEqual((done.returncode, done.stderr), (OK, b""))
        return done.stdout.decode()

    def test_every_way_to_ask(self):
        overview = self.text("--help")
        for word in ("-h", "-?", "help"):
            self.assertEqual(self.text(word), overview)
        for command in COMMANDS:
            words = command.split()
            page = self.text(*words, "--help")
            self.assertTrue(page.startswith(f"Usage: walwire {command} "), page)
            self.assertEqual(self.text("help", *words), page)
            self.assertEqual(self.text(*words, "-?"), page)
            self.assertIn(words[0], overview)
        for words in (("slot", "--help"), ("slot", "-h"), ("slot", "help")):
            self.assertEqual(self.text(*words), self.text("help", "slot"))

    def test_pages_are_readable(self):
        for command in ["", "slot", *COMMANDS]:
            for line in self.text("help", *command.split()).split("\n"):
                self.assertLessEqual(len(line), 100, line)
                self.assertEqual(line, line.rstrip())
        page = self.text("help", "stream")
        headings = [line for line in page.split("\n") if line.endswith(":") and line[0] != " "]
        self.assertEqual(headings, [
            "Slot:", "What to stream:", "How to ask for it:", "Large transactions:", "Output:",
            "Filters:", "Delivery:", "Metrics:", "Limits:", "Connection:", "General:",
            "Formats, and each one's settings (the first value is the default):", "Examples:"])

    def test_formats_are_all_named(self):
        known = self.refused("stream", "--format", "?", says=["compact"])
        for name in known.split(": ")[-1].replace(",", " ").split():
            if self.run_walwire("stream", "--format", name, "-d", "=").stderr != \
                    self.run_walwire("stream", "--format", "compact", "-d", "=").stderr:
                continue  # a word of the message that is no format
            for command in ("stream", "decode"):
                self.assertIn(name, self.text("help", command))

    def test_version(self):
        for words in (("--version",), ("-V",), ("stream", "--version")):
            self.assertIn("pgoutput protocols 1 to 4", self.text(*words))

    def test_what_is_no_command(self):
        self.assertEqual(self.run_walwire().returncode, USAGE)
        self.refused("no\033[2Jsuch", says=["no\\x1b[2Jsuch"])
        self.refused("help", "no-such", says=["no-such"])
        self.refused("slot", says=["create", "alter"])
        self.refused("slot", "make", says=["create", "make"])
        self.refused("help", "slot", "make", says=["create", "make"])


class Options(Case):
    def test_one_that_is_not_there(self):
        self.refused("stream", "--bogus", says=["--bogus"])
        self.refused("info", "--slot", "s", says=["--slot", "does not belong"])

    def test_what_may_be_a_password_is_not_shown(self):
        for words in (["-WCANARY"], ["-vWCANARY"], ["-xCANARY"], ["-SCANARY"], ["--pasword=CANARY"],
                      ["--password=CANARY"], ["--slot=CANARY"], ["u:CANARY@h/d"], ["-d", "u:CANARY@h"],
                      ["-d", "u:CAN ARY@h"]):
            err = self.refused("info", *words)
            self.assertNotIn("CAN", err)
        self.assertIn("-W takes no value", self.refused("info", "-WCANARY"))
        self.assertIn("postgresql://", self.refused("info", "u:CANARY@h/d"))

    def test_a_trace_to_standard_output(self):
        self.refused("info", "--trace", "-", says=["--trace needs a file"])

    def test_a_trace_into_a_file_of_somebody_elses(self):
        """As root, who could write there; anybody else is refused by the system."""
        file = self.file("trace", b"")
        if os.geteuid() == 0:
            os.chown(file, 1, 1)
        else:
            file.chmod(0o400)
        before = file.stat().st_mode
        self.refused("info", "--trace", file, status=OUTPUT, says=["the trace cannot be written"])
        self.assertEqual(file.stat().st_mode, before)

    def test_values(self):
        for option, value, allowed in (
                ("-I", "x", "it takes an LSN like 0/16B3748"), ("-E", "16", "it takes an LSN above 0/0"),
                ("-E", "0/0", "it takes an LSN above 0/0"), ("--proto", "5", "it takes 1, 2, 3 or 4"),
                ("--streaming", "maybe", "off, on or parallel"), ("-s", "0", "seconds above 0"),
                ("-s", "1s", "seconds"), ("--fsync-interval", "-1", "seconds"),
                ("--max-message", "0", "bytes"), ("--max-message", "2G", "1073741823"),
                ("--assemble-memory", "1T", "bytes"), ("--spill-limit", "", "bytes"),
                ("--binary", "yes", "off, on or auto"), ("--messages", "", "on or off"),
                ("--origin", "some", "any or none"), ("--ack", "all", "auto, received or none"),
                ("--ack-fd", "-1", "descriptor"), ("--ack-fd", "2147483648", "descriptor"),
                ("--max-unconfirmed", "0", "a number from 1"), ("--max-unconfirmed", "1k", "a number"),
                ("--slot-wait", "-1", "seconds"), ("--shutdown-timeout", "1s", "seconds"),
                ("--publication", "a,,b", "names, none of them empty"), ("-o", "=1", "NAME=VALUE")):
            self.refused("stream", option, value, says=[option, f'"{value}"', allowed])
            if option.startswith("--"):
                self.refused("stream", f"{option}={value}", says=[option, allowed])
        self.refused("stream", "-I", says=["-I", "needs a value"])
        self.refused("stream", "--quiet=1", says=["--quiet", "no value"])
        self.refused("slot", "advance", "-S", "s", "--to", "0/0", says=["--to", "0/0"])

    def test_together(self):
        for words, says in (
                (["-S", "s", "-E", "0/1", "--until-now"], ["--endpos", "--until-now"]),
                (["--create-slot"], ["--create-slot", "-S"]),
                (["-S", "s", "--temporary"], ["--temporary", "--create-slot"]),
                (["-S", "s", "--if-not-exists"], ["--if-not-exists", "--create-slot"]),
                (["-w", "-W"], ["-w", "-W"]), (["--assemble", "off"], ["--assemble off", "compact"])):
            self.refused("stream", *words, says=says)
        self.refused("record", "-f", "x", "--ack", "received", says=["--ack", "auto or none"])
        self.refused("record", "-f", "x", "--init", says=["--init", "does not belong"])
        self.refused("record", says=["-f"])
        self.refused("decode", says=["capture"])
        self.refused("decode", "a", "b", says=["b"])
        self.refused("slot", "drop", says=["-S"])
        self.refused("slot", "alter", "-S", "s", says=["--failover"])
        self.refused("slot", "advance", "-S", "s", says=["--to"])

    def test_who_acknowledges(self):
        """Only with lines that name the end of a transaction."""
        received = ["-S", "s", "--publication", "p", "--ack", "received"]
        for option in (["--ack-fd", "3"], ["--max-unconfirmed", "5"]):
            self.refused("stream", *option, says=[option[0], "goes with --ack received"])
        for format in ("none", "sql", "test_decoding", "pypgoutput", "pgoutput-decoder"):
            self.refused("stream", *received, "--format", format,
                         says=["--ack received", "debezium, compact, wal2json-v2 or wal2json-v1"])
        self.refused("stream", "-S", "s", "--ack", "received", "-P", "test_decoding",
                     says=["--ack received", "pgoutput"])
        self.refused("stream", *received, "--format", "wal2json-v1", says=["--messages off"])
        for setting in ("include-lsn", "include-transaction"):
            self.refused("stream", *received, "--format", "wal2json-v2", f"--{setting}=off",
                         says=["--ack received", setting])

    def test_whose_position_is_kept(self):
        """--init is for a file that has one."""
        for words in ([], ["-f", "-"], ["-S", "s"], ["-S", "s", "-f", "x", "--ack", "none"],
                      ["-S", "s", "-f", "x", "--create-slot", "--temporary"], ["-f", "x"]):
            self.refused("stream", "--init", *words, says=["--init", "-f FILE"])

    def test_one_connection_string(self):
        """A second one could hold a password that stays visible to other users."""
        for words in (["-d", "a=secret", "-d", "b=secret"], ["-d", "a=secret", "b=secret"],
                      ["a=secret", "-db=secret"], ["a=secret", "b=secret"]):
            self.assertNotIn("secret", self.refused("info", *words, says=["two connection strings"]))

    def test_what_only_pgoutput_has(self):
        for words in (["--publication", "p"], ["--proto", "1"], ["--streaming", "on"], ["--two-phase"],
                      ["--binary", "off"], ["--messages", "on"], ["--origin", "any"],
                      ["--format", "compact"], ["--transactions"], ["--assemble", "on"],
                      ["--assemble=off"], ["--assemble-memory", "1M"], ["--spill-dir", "."],
                      ["--spill-limit", "1M"], ["--name", "n"], ["--key"], ["--tombstones", "--key"],
                      ["--schema-events"], ["--table", "t"], ["--exclude-op=insert"]):
            name = words[0].split("=")[0]
            self.refused("stream", *words, "-P", "wal2json", says=[name, "wal2json", "pgoutput"])
            done = self.run_walwire("stream", *words, "-P", "pgoutput", "-d", "=")
            self.assertNotIn("goes with", done.stderr.decode())
        self.refused("record", "-P", "x", "-f", "c", "--publication", "p", says=["--publication"])
        for words in (["-S", "s", "--create-slot", "--two-phase"], ["-o", "a=b"], ["-n", "-s", "1"]):
            done = self.run_walwire("stream", "-P", "wal2json", *words, "-d", "=")
            self.assertNotIn("goes with", done.stderr.decode())


def settings(page):
    """What a help page lists under Formats: {format: {setting: its values}}."""
    known, lines = {}, page.split("\nFormats")[1].split("\n\nExamples:")[0].split("\n")[1:]
    for entry in re.split(r"\n(?! {8})", "\n".join(lines)):
        word, text = entry.split(None, 1)
        if word.startswith("--"):
            name = re.fullmatch(r"--(.*?)(=VALUE|\[=BOOL\])", word)[1]
            known[list(known)[-1]][name] = " ".join(text.split()).split(": ")[-1].split(", ")
        else:
            known[word] = {}
    return known


class Settings(Case):
    """Formats' own settings, whichever there are."""

    def all_of(self, command):
        return settings(self.run_walwire(command, "--help").stdout.decode())

    def test_each_is_taken_with_each_value(self):
        path, known = self.file("c", capture("pgoutput", [])), self.all_of("decode")
        self.assertGreaterEqual(set(known), {"debezium", "compact", "test_decoding", "none"})
        self.assertEqual(known, self.all_of("stream"))
        options = re.findall(r"^  ..? +--([^ ]*)", self.run_walwire("stream", "--help").stdout.decode(), re.M)
        self.assertIn("publication", options)
        for those in known.values():  # the command's own name would hide it
            self.assertEqual(set(options) & set(those), set())
        for name, those in known.items():
            for setting, values in those.items():
                words = ["decode", path, "--format", name]
                for value in values:
                    self.assertEqual(self.run_walwire(*words, f"--{setting}={value}").returncode, OK)
                self.refused(*words, f"--{setting}=", says=[setting, "|".join(values)])
                self.refused(*words, f"--{setting}=bogus", says=[f"{setting}=bogus", "|".join(values)])
                if set(values) == {"true", "false"}:
                    for word in ([f"--{setting}"], [f"--{setting}=on"], [f"--{setting}=0"]):
                        self.assertEqual(self.run_walwire(*words, *word).returncode, OK)
                    for word in ("off", "on", "true", "false"):  # it would be taken for a connection string
                        self.refused("stream", "--format", name, f"--{setting}", word, says=[f"write --{setting}={word}"])
                else:
                    self.assertEqual(self.run_walwire(*words, f"--{setting}", values[-1]).returncode, OK)
                    self.refused(*words, f"--{setting}", says=[setting, "needs a value", values[0]])
                for other in known:
                    if setting not in known[other]:
                        self.refused(*words[:-1], other, f"--{setting}={values[0]}",
                                     says=[f"--{setting} is a setting of", name, f"not of {other}"])
                self.refused("record", "-f", "x", f"--{setting}={values[0]}", says=["does not belong"])
                self.refused("stream", "-P", "x", f"--{setting}={values[0]}", says=[setting, "pgoutput"])

    def test_a_format_by_another_name(self):
        words = ["decode", self.file("c", capture("pgoutput", [])), "--format", "wal2json"]
        self.assertEqual(self.run_walwire(*words, "--include-lsn").returncode, OK)
        self.refused(*words, "--decimal.handling.mode=precise", says=["setting of the format debezium"])

    def test_one_that_no_format_has(self):
        self.refused("decode", "c", "--no.such.mode=x", says=["--no.such.mode ", "setting of a format"])
        self.refused("record", "-f", "x", "--no.such.mode=x", says=["unknown option"])

    def test_keys_and_schema_events(self):
        self.refused("stream", "--tombstones", says=["--tombstones", "--key"])
        self.refused("stream", "--key", "--format", "none", says=["keys", "none"])
        self.refused("decode", "c", "--schema-events", "--format", "none", says=["schema events", "none"])


class Filters(Case):
    @staticmethod
    def relation(oid, schema, table, *columns):
        return (struct.pack(">cI", b"R", oid) + schema + b"\0" + table + b"\0d"
                + struct.pack(">H", len(columns))
                + b"".join(b"\0" + name + b"\0" + struct.pack(">Ii", 25, -1) for name in columns))

    @staticmethod
    def insert(oid, *values):
        return (struct.pack(">cIcH", b"I", oid, b"N", len(values))
                + b"".join(struct.pack(">cI", b"t", len(value)) + value for value in values))

    def capture(self):
        """Three transactions: two tables, the one, the other."""
        one, other = self.insert(1, b"x", b"y"), self.insert(2, b"z")
        first = [self.relation(1, b"shop", b"orders", b"a", b"b"), one,
                 self.relation(2, b"Audit, old", b"lo.g", b"c"), other]
        messages = []
        for n, inside in enumerate((first, [one], [other]), 1):
            messages += [struct.pack(">cQqI", b"B", 0x20 * n, 0, n), *inside,
                         struct.pack(">cBQQq", b"C", 0, 0x20 * n, 0x20 * n + 8, 0)]
        return self.file("c", capture("pgoutput", messages))

    def decode(self, *words):
        done = self.run_walwire("decode", self.capture(), "--format", "compact", *words)
        self.assertEqual((done.returncode, done.stderr), (OK, b""))
        lines = map(json.loads, done.stdout.splitlines())
        return [(line["op"], *line.get("new", {}).values()) for line in lines]

    def test_what_passes(self):
        b, c, one, other = ("B",), ("C",), ("I", "x", "y"), ("I", "z")
        everything = [b, one, other, c, b, one, c, b, other, c]
        first, second = [b, one, c, b, one, c], [b, other, c, b, other, c]
        for words, result in (
                ([], everything), (["--table", "*"], everything), (["--op=insert"], everything),
                (["--exclude-op", "update,delete"], everything), (["--schema", "nowhere"], []),
                (["--table", "orders"], first), (["--table", "shop.*,none"], first),
                (["--table", "none", "--table=orders"], first), (["--exclude-schema", "Audit*"], first),
                (["--table", '"Audit, old"."lo.g"'], second), (["--exclude-table", "*.o?ders"], second),
                (["--schema", '"Audit, old",none'], second), (["--op", "*e,message"], []),
                (["--table", "*", "--exclude-table", "*"], []),
                (["--columns", "shop.orders.a"], [b, ("I", "x"), ("I",), c, b, ("I", "x"), c, b, ("I",), c]),
                (["--table=orders", "--exclude-columns", "a,orders.b"], [b, ("I",), c, b, ("I",), c])):
            self.assertEqual(self.decode(*words), result, words)

    def test_bad_patterns(self):
        for option, pattern, says in (
                ("--table", "", ["empty"]), ("--table", "a,", ["empty"]),
                ("--table", "a,b.,c", ["empty", "b."]), ("--schema", "s.t", ["too many names", "s.t"]),
                ("--table", "d.s.t", ["too many names", "d.s.t", "schema.table"]),
                ("--exclude-table", '"a,b', ["quote", '"a,b']), ("--columns", "a.b.c.d", ["a.b.c.d"]),
                ("--op", "upsert", ["upsert", "insert, update, delete, truncate or message"]),
                ("--exclude-op", "I", ["no operation"]), ("--table", ",".join("a" * 257), ["at most 256"])):
            for command in (["stream", "-d", "="], ["decode", "no-such-file"]):
                self.refused(*command, option, pattern, says=says)
            self.refused("record", "-f", "x", option, pattern, says=["does not belong"])
            self.refused("info", option, pattern, says=["does not belong"])
        self.decode("--table", ",".join("*" * 256))


class Standard(Case):
    """Standard descriptors that are closed, full, or without a reader."""

    def closed(self, *fds):
        return lambda: [os.close(fd) for fd in fds]

    def test_closed(self):
        path = self.file("c", capture("test_decoding", [b"BEGIN 1"]))
        for words in (["--help"], ["help", "stream"], ["--version"], ["decode", path]):
            done = self.run_walwire(*words, preexec_fn=self.closed(1))
            self.assertEqual((done.returncode, done.stdout), (OUTPUT, b""), words)
            self.assertIn(b"tandard output", done.stderr)
            self.assertEqual(self.run_walwire(*words, preexec_fn=self.closed(1, 2)).returncode, OUTPUT)
            self.assertEqual(self.run_walwire(*words, preexec_fn=self.closed(0, 2)).returncode, OK)
        done = self.run_walwire("decode", "-", preexec_fn=self.closed(0))
        self.assertEqual(done.returncode, INPUT)
        self.assertIn(b"standard input", done.stderr)

    def test_closed_ones_are_not_given_to_files(self):
        path, out = self.file("c", capture("test_decoding", [b"BEGIN 1"])), self.dir / "out"
        before = path.read_bytes()
        done = self.run_walwire("decode", path, "-f", out, preexec_fn=self.closed(0, 1, 2))
        self.assertEqual(done.returncode, OK)
        self.assertEqual((out.read_bytes(), path.read_bytes()), (b"BEGIN 1\n", before))

    def test_full(self):
        path = self.file("c", capture("test_decoding", [b"BEGIN 1"]))
        with open("/dev/full", "wb") as full:
            for words in (["--help"], ["help", "slot"], ["-V"], ["decode", path]):
                done = self.run_walwire(*words, stdout=full)
                self.assertEqual(done.returncode, OUTPUT)
                self.assertIn(b"No space", done.stderr)

    def test_reader_is_gone(self):
        for words in (["--help"], ["decode", self.file("c", capture("x", [b"BEGIN 1"]))]):
            read_end, write_end = os.pipe()
            os.close(read_end)
            done = self.run_walwire(*words, stdout=write_end)
            os.close(write_end)
            self.assertEqual((done.returncode, done.stderr), (OUTPUT, b""))


class Decode(Case):
    def test_pgoutput(self):
        done = self.run_walwire("decode", "--format", "compact",
                                self.file("c", capture("pgoutput", [message(b"a"), message(b"b")])))
        self.assertEqual((done.returncode, done.stderr), (OK, b""))
        self.assertEqual(len(done.stdout.splitlines()), 2)

    def test_another_plugin(self):
        lines = [b"BEGIN 1", b"table public.t: INSERT: v[text]:'\033[2J\xff\n'", b"COMMIT 1"]
        path = self.file("c", capture("test_decoding", lines))
        done = self.run_walwire("decode", path)
        self.assertEqual((done.returncode, done.stderr), (OK, b""))
        self.assertEqual(done.stdout, b"\n".join(lines) + b"\n")
        self.refused("decode", path, "--format", "compact", says=["--format", "test_decoding"])
        self.refused("decode", path, "--transactions", says=["--transactions", "test_decoding"])

    def test_another_plugin_on_a_terminal(self):
        path = self.file("c", capture("test_decoding", [b"a\033[2J\xff\tb\nc \xc3\xa4 \xc2\x9b \x7f"]))
        master, slave = pty.openpty()
        done = self.run_walwire("decode", path, stdout=slave)
        os.close(slave)
        shown = b""
        while select.select([master], [], [], 0)[0]:
            try:
                shown += os.read(master, 4096)
            except OSError:  # Linux says so when the other side is closed
                break
        os.close(master)
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertEqual(shown.replace(b"\r\n", b"\n"),
                         b"a\\x1b[2J\\xff\tb\nc \xc3\xa4 \\u{009b} \\x7f\n")

    def test_bare_frames_are_pgoutput(self):
        body = struct.pack(">cQQq", b"w", 1, 0x100, 0) + message(b"a")
        done = self.run_walwire("decode", "-", "--input", "frames", "--format", "compact",
                                stdin=None, input=struct.pack(">I", len(body)) + body)
        self.assertEqual((done.returncode, len(done.stdout.splitlines())), (OK, 1), done.stderr)

    def test_damage(self):
        whole = capture("test_decoding", [b"BEGIN 1", b"COMMIT 1"])
        for data, says in ((whole[:-1], "in the middle"), (whole[:-17], "no end mark"),
                           (b"walwire\2", "no capture"), (b"", "no capture")):
            done = self.run_walwire("decode", self.file("c", data))
            self.assertEqual(done.returncode, INPUT, done.stderr)
            self.assertIn(says, done.stderr.decode())
            self.assertEqual(done.stdout, b"BEGIN 1\nCOMMIT 1\n" if len(data) > 20 else b"")

    def test_a_missing_capture_leaves_no_output(self):
        done = self.run_walwire("decode", self.dir / "gone", "-f", self.dir / "out")
        self.assertEqual(done.returncode, INPUT)
        self.assertEqual(list(self.dir.iterdir()), [])

    def test_into_itself(self):
        for whole in (capture("test_decoding", [b"BEGIN 1"]), b"x"):
            path = self.file("c", capture("test_decoding", [b"BEGIN 1"]))
            link = self.dir / "link"
            link.unlink(missing_ok=True)
            link.symlink_to(path)
            before = path.read_bytes()
            for target in (path, link):
                self.refused("decode", path, "-f", target, says=[str(target), "capture itself"])
            with open(path, "ab") as out:
                done = self.run_walwire("decode", path, stdout=out)
            self.assertEqual(done.returncode, USAGE)
            self.assertEqual(path.read_bytes(), before)

    def test_a_file_that_cannot_grow_ends_with_a_whole_line(self):
        """The limit is hit in the middle of a line; the next run must not go on there."""
        lines = [b"%06d" % n + b"x" * 93 for n in range(50)]
        path, out = self.file("c", capture("test_decoding", lines)), self.file("out", b"before\n")

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1050, 1050))
        done = self.run_walwire("decode", path, "-f", out, preexec_fn=limit)
        self.assertEqual(done.returncode, OUTPUT, done.stderr)
        self.assertIn(str(out), done.stderr.decode())
        self.assertEqual(out.read_bytes().split(b"\n"),
                         [b"before", *lines[:out.read_bytes().count(b"\n") - 1], b""])


def text(value):
    return struct.pack(">I", len(value)) + value


def catalog_type(oid, kind, element=0, fields=(), domain_of=0, version=1):
    """docs/capture.md"""
    return frame(b"C", struct.pack(">BcIQIIBc", version, b"t", oid, 0x100, element, domain_of, kind, b",")
                 + text(b"s") + text(b"n%d" % oid) + text(b"s.n%d" % oid) + struct.pack(">H", len(fields))
                 + b"".join(text(name) + struct.pack(">Ii", type_oid, -1) for name, type_oid in fields))


def catalog_table(oid, columns):
    return frame(b"C", struct.pack(">BcIQH", 1, b"r", oid, 0x100, len(columns)) + b"".join(
        text(name) + struct.pack(">IiHB", 25, -1, key, 1) for name, key in columns))


class Catalog(Case):
    """What record writes of the server's catalog."""
    INT4, TEXT, ARRAY, COMPOSITE = 7, 1, 44, 48

    def decode(self, *entries, status=OK, says=""):
        relation = struct.pack(">cI", b"R", 1) + b"s\0t\0d" + struct.pack(">H", 1) + b"\0c\0" + struct.pack(
            ">Ii", 70001, -1)
        value = b'{"(1,\\"a b\\")",NULL}'
        messages = [struct.pack(">cQqI", b"B", 0x20, 0, 7), relation,
                    struct.pack(">cIcHc", b"I", 1, b"N", 1, b"t") + text(value),
                    struct.pack(">cBQQq", b"C", 0, 0x20, 0x28, 0)]
        whole = capture("pgoutput", messages)
        behind_header = 8 + 9 + struct.unpack(">I", whole[8:12])[0]
        path = self.file("c", whole[:behind_header] + b"".join(entries) + whole[behind_header:])
        done = self.run_walwire("decode", path)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(says, done.stderr.decode())
        return [json.loads(line)["after"]["c"] for line in done.stdout.splitlines()]

    def test_types(self):
        pair = [(b"x", 23), (b"y", 25)]
        composite = catalog_type(70000, self.COMPOSITE, fields=pair)
        array = catalog_type(70001, self.ARRAY, 70000)
        as_text = ['{"(1,\\"a b\\")",NULL}']
        self.assertEqual(self.decode(), as_text)
        self.assertEqual(self.decode(composite, array), [[{"x": 1, "y": "a b"}, None]])
        self.assertEqual(self.decode(array, composite), [[{"x": 1, "y": "a b"}, None]])
        domain = catalog_type(70002, 0, domain_of=23)
        inside = catalog_type(70000, self.COMPOSITE, fields=[(b"x", 70002), (b"y", 25)])
        self.assertEqual(self.decode(domain, inside, array), [[{"x": 1, "y": "a b"}, None]])
        # of no use: built in, over what is not known, a table
        self.assertEqual(self.decode(catalog_type(23, self.TEXT), catalog_type(70001, 0, domain_of=9999),
                                     catalog_table(1, [(b"c", 1), (b"d", 0)])), as_text)

    def test_damage(self):
        good = catalog_type(70000, self.COMPOSITE, fields=[(b"x", 23)])
        body = good[9:]
        for n in range(len(body)):
            self.decode(frame(b"C", body[:n]), status=INPUT, says="catalog")
        self.decode(frame(b"C", body + b"\0"), status=INPUT, says="damaged")
        self.decode(catalog_type(70000, 50), status=INPUT, says="damaged")
        self.decode(catalog_type(70000, self.TEXT, version=2), status=INPUT, says="version")
        self.decode(frame(b"C", b"\1x" + body[2:]), status=INPUT, says="version")
        table = catalog_table(1, [(b"c", 1)])[9:]
        for n in range(len(table)):
            self.decode(frame(b"C", table[:n]), status=INPUT, says="catalog")
        self.decode(frame(b"C", struct.pack(">BcIQH", 1, b"r", 1, 0, 65535)), status=INPUT, says="damaged")


class Signals(Case):
    """What a signal cut short is not done: 128 + its number, and no message."""

    def check_exit(self, process, number):
        process.send_signal(number)
        out, err = process.communicate(timeout=SECONDS)
        self.assertEqual((process.returncode, out, err), (128 + number, b"", b""))

    def test_before_the_server_answers(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            conninfo = f"host=127.0.0.1 port={listener.getsockname()[1]} user=u dbname=d"
            for words in (["info"], ["slot", "list"], ["slot", "create", "-S", "s"],
                          ["stream", "--publication", "p"],
                          ["record", "--publication", "p", "-f", self.dir / "c"]):
                for number in (signal.SIGINT, signal.SIGTERM):
                    process = self.start(*words, "-d", conninfo)
                    peer = listener.accept()[0]
                    with peer:
                        self.check_exit(process, number)

    def test_decode(self):
        out = self.dir / "out"
        process = self.start("decode", "-", "-f", out, stdin=subprocess.PIPE)
        process.stdin.write(capture("x", [])[:-17])
        process.stdin.flush()
        end = time.monotonic() + SECONDS
        while not out.exists():  # from then on it waits for the next frame
            self.assertLess(time.monotonic(), end)
        process.stdin.flush()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=SECONDS), 128 + signal.SIGTERM)
        self.assertEqual(process.stderr.read(), b"")

    def test_a_full_pipe_is_not_waited_for_busily(self):
        """The reader takes nothing: decode sleeps; a second signal ends it."""
        path = self.file("c", capture("x", [b"y" * 100000] * 3))
        read_end, write_end = os.pipe()
        process = subprocess.Popen([WALWIRE, "decode", path], env=self.environment(), stdout=write_end,
                                   stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.addCleanup(self.end, process)
        os.close(write_end)
        size = fcntl.fcntl(read_end, fcntl.F_GETPIPE_SZ)
        end = time.monotonic() + SECONDS
        while struct.unpack("i", fcntl.ioctl(read_end, 0x541B, b"\0" * 4))[0] < size:  # FIONREAD
            self.assertLess(time.monotonic(), end)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=SECONDS)
        self.assertIn(process.returncode, (128 + signal.SIGINT, 128 + signal.SIGTERM))
        os.close(read_end)


class Asker:
    """A server that asks for the password in clear text, and then refuses it."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.conninfo = (f"host=127.0.0.1 port={self.listener.getsockname()[1]} user=u dbname=d "
                         "sslmode=disable require_auth=password")
        self.passwords = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client, client.makefile("rwb") as stream:
                stream.read(struct.unpack(">I", stream.read(4))[0] - 4)
                stream.write(b"R" + struct.pack(">II", 8, 3))
                stream.flush()
                if stream.read(1) == b"p":
                    self.passwords.append(stream.read(struct.unpack(">I", stream.read(4))[0] - 4))
                    body = b"SFATAL\0C28P01\0Mno\0\0"
                    stream.write(b"E" + struct.pack(">I", 4 + len(body)) + body)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.listener.close()


class Prompt(Case):
    """A password is typed: all of it counts, or nothing."""

    def type(self, server, keys, *words):
        """Types the keys at the prompt. Returns exit code, standard error, and what the terminal has shown."""
        master, slave = pty.openpty()
        try:
            before = termios.tcgetattr(slave)
            process = self.start("info", server.conninfo, *words, stdin=subprocess.DEVNULL, start_new_session=True,
                                 preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0), pass_fds=[slave])
            shown = self.read_until(master, b"Password: ")
            self.assertFalse(termios.tcgetattr(slave)[3] & termios.ECHO)
            os.write(master, keys)
            _, err = process.communicate(timeout=SECONDS)
            self.assertEqual(termios.tcgetattr(slave), before)
            return process.returncode, err.decode(), shown + self.read_until(master, b"\n")
        finally:
            os.close(master)
            os.close(slave)

    def read_until(self, master, wanted):
        shown = b""
        while wanted not in shown:
            self.assertTrue(select.select([master], [], [], SECONDS)[0], shown)
            shown += os.read(master, 4096)
        return shown

    def test_a_whole_line(self):
        for words in ([], ["-W"]):
            for password in (b"canary", b"", "\u00e4 b".encode(), b"x" * 4000):
                with self.subTest(words=words, password=password), Asker() as server:
                    code, err, shown = self.type(server, password + b"\n", *words)
                    self.assertEqual((code, shown), (CONNECT, b"Password: \r\n"), err)
                    self.assertEqual(server.passwords, [password + b"\0"] if password else [])

    def test_less_than_a_line(self):
        """Ctrl-C, and the end of the input."""
        for words in ([], ["-W"]):
            for keys, wanted in ((b"can\x03", 128 + signal.SIGINT), (b"\x03", 128 + signal.SIGINT),
                                 (b"can\x04\x04", USAGE if words else CONNECT)):
                with self.subTest(words=words, keys=keys), Asker() as server:
                    code, err, shown = self.type(server, keys, *words)
                    self.assertEqual((code, server.passwords), (wanted, []), err)
                    self.assertNotIn("can", err + shown.decode())

    def test_what_is_no_password(self):
        for words in ([], ["-W"]):
            for keys, says in ((b"x" * 4001, "longer than 4000 bytes"), (b"can\0ary", "NUL")):
                with self.subTest(words=words, says=says), Asker() as server:
                    code, err, _ = self.type(server, keys + b"\n", *words)
                    self.assertEqual((code, server.passwords), (USAGE, []), err)
                    self.assertIn(says, err)
                    self.assertNotIn("can", err)

    def test_no_terminal(self):
        """-W takes a line of standard input."""
        for typed, wanted, passwords in ((b"canary\nrest", CONNECT, [b"canary\0"]), (b"canary", USAGE, []),
                                         (b"", USAGE, [])):
            with self.subTest(typed=typed), Asker() as server:
                done = self.run_walwire("info", "-W", server.conninfo, input=typed, start_new_session=True)
                self.assertEqual((done.returncode, server.passwords), (wanted, passwords), done.stderr)
                self.assertTrue(done.stderr.startswith(b"Password: \n"), done.stderr)
                self.assertNotIn(b"canary", done.stderr)


if __name__ == "__main__":
    WALWIRE = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
