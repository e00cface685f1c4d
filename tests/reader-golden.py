#!/usr/bin/env python3
"""flowd-reader prints logs of flowd 0.9.1 as 0.9.1 did, apart from its known
errors."""

import csv
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import tap
from readertest import ReaderTest, correct_text

GOLDEN = tap.DATA / "golden" if tap.DATA else None
LOGS = "all", "brief", "nocrc", "ipv6", "tagged"


def correct_csv(text):
    """Corrects the output of 0.9.1: absent addresses are empty, and interface
    indices are unsigned."""
    text = text.replace("(null)", "")
    return re.sub(r"(?<=,)-\d+", lambda match: str(int(match[0]) % 2**32),
                  text)


@unittest.skipUnless(GOLDEN, "FLOWD_TEST_DATA is not set")
class Golden(ReaderTest):
    def compare(self, expected, *args):
        out, err = self.run_reader("-U", *args, cwd=GOLDEN)
        self.assertEqual(out.decode().splitlines(), expected.splitlines())
        self.assertEqual(out.decode(), expected)
        self.assertEqual(err, b"")

    def test_text(self):
        for name in LOGS:
            with self.subTest(log=name):
                text = (GOLDEN / f"{name}.brief.txt").read_text()
                self.compare(correct_text(text), f"{name}.log")
                text = (GOLDEN / f"{name}.verbose.txt").read_text()
                self.compare(correct_text(text), "-v", f"{name}.log")

    def test_csv(self):
        for name in LOGS:
            with self.subTest(log=name):
                text = (GOLDEN / f"{name}.csv").read_text()
                self.compare(correct_csv(text), "-c", f"{name}.log")

    def test_filter(self):
        text = (GOLDEN / "reader-filter.verbose.txt").read_text()
        self.compare(correct_text(text), "-v", "-f", "reader-filter.rules",
                     "all.log")

    def test_counters(self):
        """Compares the counters of each rule, in order, but not the rules'
        text."""
        text = (GOLDEN / "reader-filter.counters.txt").read_text()
        _, err = self.run_reader("-Uqd", "-f", "reader-filter.rules",
                                 "all.log", cwd=GOLDEN)
        pattern = r"evaluations \d+ matches \d+ wins \d+"
        self.assertEqual(re.findall(pattern, err.decode()),
                         re.findall(pattern, text))

    def test_copy(self):
        for name in LOGS:
            with self.subTest(log=name):
                self.prints("", "-q", "-o", "copy.log",
                            GOLDEN / f"{name}.log")
                self.assertEqual(self.read("copy.log"),
                                 (GOLDEN / f"{name}.log").read_bytes())

    def test_damaged(self):
        with open(GOLDEN / "corrupt" / "counts.tsv", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        self.assertTrue(rows)
        for row in rows:
            with self.subTest(log=row["file"]):
                flows = int(row["reader_0.9.1_prints"])
                # 0.9.1 printed the record whose length is wrong.
                if row["file"] == "flip-length.log":
                    flows -= 1
                out, _ = self.run_reader(
                    GOLDEN / "corrupt" / row["file"],
                    status=int(row["reader_0.9.1_exit"]))
                self.assertEqual(out.count(b"\n"), flows)


if __name__ == "__main__":
    tap.main()
