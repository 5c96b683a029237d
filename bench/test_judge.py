#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What decode.py --check calls a problem, and that the baseline has something to compare."""
import json
import sys
import unittest

import decode


def cost(instructions, allocations=0):
    made = decode.Cost(f"narrow\tcompact\t1000\t110047\t0.0\t{allocations}\t199320")
    made.instructions = instructions
    return made


class Judge(unittest.TestCase):
    def judged(self, one, before=1100, limited=True):
        return decode.judge(one.name, one, {one.name: before} if before else {}, limited)

    def test_five_percent(self):
        self.assertIsNone(self.judged(cost(1155)))
        self.assertIn("1156 instructions per change, 1100 in the baseline", self.judged(cost(1156)))

    def test_the_limit_of_the_compiler_that_it_is_for(self):
        self.assertIn("the limit is 1200", self.judged(cost(1201), before=None))
        self.assertIsNone(self.judged(cost(1201), before=None, limited=False))
        self.assertIsNone(self.judged(cost(1200), before=None))

    def test_an_allocation(self):
        self.assertIn("1 allocations", self.judged(cost(1000, allocations=1)))

    def test_the_baseline_is_whole(self):
        baseline = json.loads(decode.BASELINE.read_text())
        self.assertTrue(any(version.startswith(decode.LIMITED + ".") for version in baseline))
        for version, recorded in baseline.items():
            self.assertGreaterEqual(set(recorded), set(decode.LIMITS), version)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
