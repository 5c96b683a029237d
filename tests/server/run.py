#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the integration tests against one real server that they share.

    run.py --server 18 --walwire build/dev/bin/walwire [NAME...]   only tests whose name contains a NAME
"""
import argparse
import fnmatch
import pathlib
import sys
import time
import unittest

import pg
import support


class Result(unittest.TextTestResult):
    """One line per test: how it ended, how long it took, its name."""

    def startTest(self, test):
        super().startTest(test)
        self.begin, self.before = time.monotonic(), self.bad()

    def stopTest(self, test):
        word = "ok  " if self.bad() == self.before else "FAIL"
        self.stream.writeln(f"{word} {time.monotonic() - self.begin:7.2f} s  {test.id()}")
        super().stopTest(test)

    def bad(self):
        """A test that was not run counts as one that failed."""
        return sum(map(len, (self.failures, self.errors, self.skipped, self.expectedFailures,
                             self.unexpectedSuccesses)))


def select(suite, wanted):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from select(test, wanted)
        elif wanted(test):
            yield test


def is_wanted(test, options):
    """By name, by what this version has (support.since), by the time that there is (support.long)."""
    method = getattr(test, test._testMethodName)
    versions = getattr(method, "versions", getattr(test, "versions", range(99)))
    named = not options.names or any(fnmatch.fnmatch(test.id(), f"*{name}*") for name in options.names)
    return named and pg.major(options.server) in versions and (options.all or not hasattr(method, "long"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", default="18")
    parser.add_argument("--walwire", required=True)
    parser.add_argument("--tools", help="where the test programs are; beside the command")
    parser.add_argument("--all", action="store_true", help="also the tests that take minutes")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    support.walwire = str(pathlib.Path(options.walwire).resolve())
    support.tools = pathlib.Path(options.tools or support.walwire + "/..").resolve()
    here = pathlib.Path(__file__).resolve().parent
    found = unittest.defaultTestLoader.discover(str(here), top_level_dir=str(here))
    tests = unittest.TestSuite(select(found, lambda test: is_wanted(test, options)))
    pg.drop_privileges()
    with pg.Server(options.server) as support.server:
        print(support.server.value('version()'))
        runner = unittest.TextTestRunner(stream=sys.stdout, resultclass=Result, verbosity=0)
        result = runner.run(tests)
        support.cleanup()
    bad = result.bad()
    print(f"{max(result.testsRun - bad, 0)} passed, {bad} failed")
    return 0 if bad == 0 and result.testsRun > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
