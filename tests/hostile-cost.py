#!/usr/bin/env python3
"""No datagram costs more than 20 times an ordinary one per octet, however full
the tables are."""

import importlib.util
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap
from flowdtest import is_sanitized, need

# Tables are filled to this part of their limits.
SCALE = "4"
CASES = ("withdraw-1", "withdraw-each", "template-grows", "exporters-grow",
         "exporters-full", "held-others", "held-own", "held-for-one",
         "samplers-grow", "samplers-full", "ports", "ports-templates",
         "domains-300", "sequence-40-ports", "invalid-0", "invalid-16")

SPEC = importlib.util.spec_from_file_location(
    "hostile", tap.SRC / "bench" / "hostile.py")
bench = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(bench)


def has_callgrind():
    """Returns whether bench/hostile can tell valgrind what to count."""
    return "#define HAVE_VALGRIND_CALLGRIND_H 1" in (
        tap.BUILD / "autoconf.h").read_text()


@unittest.skipIf(is_sanitized(), "a build with sanitizers")
@unittest.skipIf(need("valgrind"), "valgrind is not installed")
@unittest.skipUnless(has_callgrind(), "valgrind/callgrind.h is not installed")
class Cost(unittest.TestCase):
    def test_datagrams_for_full_tables(self):
        with tap.TemporaryDirectory() as directory:
            cases = bench.measure(tap.program("bench/hostile"),
                                  ["-s", SCALE, *CASES], directory)
        self.assertEqual(len(cases), len(CASES) + 1)
        for name, _, worst in bench.compare(cases):
            with self.subTest(name):
                self.assertLessEqual(worst, bench.LIMIT)


if __name__ == "__main__":
    tap.main()
