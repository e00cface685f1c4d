#!/usr/bin/env python3
"""flowd-reader reports where a log is damaged, after the flows before it."""

import gzip
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import tap
from readertest import ReaderTest, SECONDS, briefs, flow, log

LENGTH = len(log(1))


def damaged(count, offset, value):
    """Returns log(count) with one byte changed."""
    data = bytearray(log(count))
    assert data[offset] != value
    data[offset] = value
    return bytes(data)


class Damage(ReaderTest):
    def expect(self, data, flows, offset, cause):
        """Reads the damaged log, and then a good one."""
        self.write("bad.log", data)
        self.write("good.log", log(1))
        said = self.prints(briefs(flows) + briefs(1), "bad.log", "good.log",
                           status=1)
        self.assertEqual(said, f"bad.log: offset {offset}: {cause}, "
                         "the rest of this log is left out\n")

    def test_checksum(self):
        self.expect(damaged(3, LENGTH + 50, 0xaa), 1, LENGTH,
                    "checksum mismatch")
        self.expect(damaged(3, LENGTH - 1, 0xaa), 0, 0, "checksum mismatch")

    def test_checksum_far_into_the_log(self):
        self.expect(damaged(9000, 8000 * LENGTH + 50, 0xaa), 8000,
                    8000 * LENGTH, "checksum mismatch")

    def test_major_version(self):
        self.expect(damaged(3, 2 * LENGTH, 0x80), 2, 2 * LENGTH,
                    "unsupported version")

    def test_header(self):
        cause = "length and fields of the record disagree"
        for offset, value in (1, 26), (1, 28), (3, 1), (4, 0xc0), (7, 0x5e):
            with self.subTest(offset=offset, value=value):
                self.expect(damaged(3, LENGTH + offset, value), 1, LENGTH,
                            cause)

    def test_header_shows_damage_without_a_checksum(self):
        record = flow(0)
        del record["crc"]
        bad = bytearray(flowlog.encode(record))
        bad[1] += 1
        self.expect(log(1) + bytes(bad) + log(1), 1, LENGTH,
                    "length and fields of the record disagree")

    def test_gzip(self):
        data = gzip.compress(log(3))
        cause = "the compressed data are damaged"
        self.expect(data[:-1], 3, 3 * LENGTH, cause)
        self.expect(data + b"more", 3, 3 * LENGTH, cause)
        self.expect(data[:3] + b"\xff" + data[4:], 0, 0, cause)


class Torn(ReaderTest):
    def test_every_length(self):
        """A log that is still being written is not damaged."""
        self.write("good.log", log(1))
        for cut in range(1, LENGTH):
            self.write("torn.log", log(2)[:-cut])
            said = self.prints(briefs(1) + briefs(1), "torn.log", "good.log")
            self.assertEqual(
                said, f"torn.log: offset {LENGTH}: the log ends inside a "
                "record, which is left out\n")

    def test_truncated_while_it_is_read(self):
        """The whole records that were read are printed, and then the log
        ends."""
        self.write("cut.log", log(20000))
        with self.start("cut.log", stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL) as process:
            first = process.stdout.read(1)
            os.truncate(self.dir / "cut.log", 0)
            out = (first + process.stdout.read()).decode()
            self.assertEqual(process.wait(SECONDS), 0)
        self.assertLess(out.count("\n"), 20000)
        self.assertEqual(out, briefs(out.count("\n")))

    def test_a_file_that_is_not_a_log(self):
        for data in b"root:x:0:0:root:/root:/bin/bash\n" * 9, bytes(100):
            self.write("text", data)
            self.assertRegex(self.fails("text"),
                             "^text: not a flow log, or damaged: offset 0: .*; "
                             "use -R")

    def test_messages_come_after_the_flows(self):
        """With both in one file, the order is that of the log."""
        self.write("torn.log", log(2)[:-1])
        self.write("bad.log", damaged(3, LENGTH + 50, 0xaa))
        with open(self.dir / "both", "wb") as both:
            with self.start("torn.log", "bad.log", "torn.log", stdout=both,
                            stderr=both) as process:
                self.assertEqual(process.wait(SECONDS), 1)
        words = [line.split()[0]
                 for line in self.read("both").decode().splitlines()]
        self.assertEqual(words, ["FLOW", "torn.log:", "FLOW", "bad.log:",
                                 "FLOW", "torn.log:"])


if __name__ == "__main__":
    tap.main()
