#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the end-to-end bench calls above a limit, and a difference between binary form and text."""
import pathlib
import sys
import tempfile
import types
import unittest

import rig
import binary
import limits

LINE = b'{"after":{"id":1},"source":{"ts_ms":7},"op":"c","ts_ms":%d,"ts_us":%d,"ts_ns":%d}\n'


def cost(cpu):
    return types.SimpleNamespace(cpu=cpu, wall=cpu, server=cpu, memory=cpu)


class Limits(unittest.TestCase):
    def judged(self, letter, how, cpu):
        """{what: (cell, verdict)} of what was measured; cpu: {client: seconds in each round}, and all else the same."""
        results = limits.Results()
        results.add(rig.DataSet(letter, "", 0, "", ""), how,
                    {name: list(map(cost, runs)) for name, runs in cpu.items()})
        judged = {what: limits.judge(limit, list(measured))
                  for what, sets, limit, measured in limits.limits(results) if letter in sets}
        return {what: found for what, found in judged.items() if found[1] != "not measured"}

    def test_the_median_of_ratios_within_rounds(self):
        found = self.judged("a", "tcp, text", {limits.BASE: [1, 10, 100], "walwire none": [0.07, 0.9, 7]})
        self.assertEqual(found["client CPU, none"], ("a 0.070", "ok"))

    def test_above(self):
        found = self.judged("a", "tcp, text", {limits.BASE: [1], "walwire none": [0.081], "walwire compact": [1.2]})
        self.assertEqual(found["client CPU, none"], ("a 0.081", "ABOVE"))
        self.assertEqual(found["wall"], ("a walwire compact 1.200", "ABOVE"))
        self.assertEqual(found["wall, in every way"], ("a walwire compact, tcp, text 1.200", "ABOVE"))

    def test_other_ways_have_the_limit_of_all(self):
        self.assertEqual(self.judged("a", "unix, text", {limits.BASE: [1], "walwire none": [1.1]}),
                         {"wall, in every way": ("a walwire none, unix, text 1.100", "ok"),
                          "MiB without TLS": ("a walwire none, unix, text 1.100", "ok")})

    def test_eager_reading_has_a_limit_of_its_own(self):
        self.assertEqual(self.judged("a", "tcp, text", {limits.BASE: [1], limits.EAGER: [0.9]}),
                         {"client CPU, none, gathering off": ("a 0.900", "ABOVE")})

    def test_npm_and_binary_form(self):
        found = self.judged("a", "tcp, text", {"npm json": [15], "walwire debezium": [1.1]})
        self.assertEqual(found["client CPU, debezium, of npm's json"], ("a 0.073", "ABOVE"))
        found = self.judged("g", "tcp, binary against text", {binary.TEXT: [1], binary.BINARY: [1]})
        self.assertEqual(found["wall, binary, of text"], ("g, tcp, binary against text 1.000", "ABOVE"))


    def test_of_many_the_highest_are_told(self):
        self.assertEqual(limits.judge(1, [(str(i), i) for i in range(8)]),
                         ("7 7.000, 6 6.000, 5 5.000, 4 4.000, 2 more", "ABOVE"))


class Difference(unittest.TestCase):
    def difference(self, *contents):
        with tempfile.TemporaryDirectory() as directory:
            files = [pathlib.Path(directory, str(i)) for i in range(2)]
            for file, content in zip(files, contents):
                file.write_bytes(content)
            return binary.difference(*files)

    def test_only_when_it_was_sent(self):
        self.assertEqual(self.difference(LINE % (1, 2, 3), LINE % (4, 5, 6)), (1, None))

    def test_a_byte_a_line_more_and_nothing(self):
        line = LINE % (1, 1, 1)
        for other in (line.replace(b'"id":1', b'"id":2'), line.replace(b"7", b"8"), line + line, b""):
            self.assertIsNotNone(self.difference(line, other)[1], other)
            self.assertIsNotNone(self.difference(other, line)[1], other)
        self.assertIsNotNone(self.difference(b"", b"")[1])


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
