#!/usr/bin/env python3
"""flowd-wormsuspects finds the tuples with most flows, in bounded memory."""

import collections
import pathlib
import random
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import perlmodule
import tap
from readertest import SECONDS, flow

PROGRAM = str(tap.SRC / "tools" / "wormsuspects.pl")
MISSING = perlmodule.missing()


def record(source, port, protocol=6):
    return flowlog.encode(flow(src=source, dst_port=port, protocol=protocol))


@unittest.skipIf(MISSING, MISSING)
class Wormsuspects(unittest.TestCase):
    def setUp(self):
        tmp = tap.TemporaryDirectory(prefix="flowd-test-")
        self.addCleanup(tmp.cleanup)
        self.log = pathlib.Path(tmp.name) / "a.log"

    def run_it(self, *args, status=0, stdin=b""):
        """Returns its output as (first line, [(flows, proto, port,
        source)])."""
        result = subprocess.run(
            ["perl", PROGRAM, *map(str, args)], input=stdin,
            env=perlmodule.environment(), capture_output=True,
            timeout=SECONDS, check=False)
        self.assertEqual(result.returncode, status, result.stderr)
        self.said = result.stderr.decode()
        lines = result.stdout.decode().splitlines()
        return (lines[0] if lines else None,
                [line.split() for line in lines[2:]])

    def test_exact_counts(self):
        self.log.write_bytes(
            3 * record("192.0.2.66", 445) + record("192.0.2.1", 80) +
            2 * record("2001:db8::66", 445, 17) + record("192.0.2.66", 80) +
            flowlog.encode({"octets": 1}))
        first, rows = self.run_it("-n3", self.log)
        self.assertEqual(first, "# 8 flows, of which 1 without source, "
                         "protocol or port; counts are exact")
        self.assertEqual(rows, [["3", "6", "445", "192.0.2.66"],
                                ["2", "17", "445", "2001:db8::66"],
                                ["1", "6", "80", "192.0.2.1"]])

    def test_several_logs_and_standard_input(self):
        self.log.write_bytes(record("192.0.2.66", 445))
        _, rows = self.run_it(self.log, "-", self.log,
                              stdin=record("192.0.2.66", 445))
        self.assertEqual(rows, [["3", "6", "445", "192.0.2.66"]])

    def test_bounds(self):
        """Few counters, and many tuples that occur once."""
        seed = random.randrange(2**32)
        rng = random.Random(seed)
        heavy = {1: 900, 2: 600, 3: 300}
        ports = [p for p, n in heavy.items() for _ in range(n)]
        ports += range(1000, 4000)
        rng.shuffle(ports)
        self.log.write_bytes(b"".join(record("192.0.2.66", p) for p in ports))
        first, rows = self.run_it("-k20", "-n1000", self.log)
        bound = int(re.search(r"low by up to (\d+)$", first)[1])
        self.assertLessEqual(bound, len(ports) // 21)
        self.assertLessEqual(len(rows), 20)
        truth = collections.Counter(ports)
        for count, _, port, _ in rows:
            with self.subTest(seed=seed, port=port):
                self.assertLessEqual(int(count), truth[int(port)])
                self.assertLessEqual(truth[int(port)], int(count) + bound)
        self.assertEqual([row[2] for row in rows[:3]], ["1", "2", "3"], seed)

    def test_damage(self):
        self.log.write_bytes(record("192.0.2.66", 445) + b"\xff" * 40 +
                             record("192.0.2.66", 445))
        self.assertEqual(self.run_it(self.log, status=1)[1][0][0], "1")
        self.assertIn("a.log: offset ", self.said)
        self.assertEqual(self.run_it("-R", self.log, status=3)[1][0][0], "2")
        self.assertIn("40 damaged bytes", self.said)

    def test_wrong_arguments(self):
        for args in [], ["-k0", self.log], ["-nx", self.log], ["-Z"]:
            with self.subTest(args=args):
                self.assertEqual(self.run_it(*args, status=1), (None, []))
        self.assertEqual(self.run_it("-h")[0][:25], "usage: flowd-wormsuspects")


if __name__ == "__main__":
    tap.main()
