#!/usr/bin/env python3
"""perl/reader.pl prints the same as flowd-reader."""

import bz2
import gzip
import lzma
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import perlmodule
import tap
from damage import damaged_gzips
from readertest import READER, SECONDS, ReaderTest, flow, log

MISSING = perlmodule.missing()
GOLDEN = tap.DATA / "golden" if tap.DATA else None
FORMATS = "-U", "-Uv", "-c", "-UJ", "-q", "-H2"


@unittest.skipIf(MISSING, MISSING)
class PerlReader(ReaderTest):
    def same(self, *args, stdin=b""):
        """Runs both on these arguments, and returns reader.pl's stderr."""
        results = [subprocess.run(
            [*command, *map(str, args)], input=stdin, cwd=self.dir,
            env=perlmodule.environment(), capture_output=True,
            timeout=SECONDS, check=False)
            for command in ([READER],
                            ["perl", str(tap.SRC / "perl" / "reader.pl")])]
        expected, got = results
        self.assertEqual(got.stdout, expected.stdout)
        self.assertEqual(got.returncode, expected.returncode, got.stderr)
        self.assertEqual(bool(got.stderr), bool(expected.stderr), got.stderr)
        return got.stderr.decode()

    def test_every_field_in_every_format(self):
        flows = [
            {}, {"octets": 2**64 - 1, "packets": 2**63}, {"tag": 0},
            flow(1), flow(2, src="2001:db8::1", gateway="::"),
            flow(3, if_index_in=2**32 - 1, src_as=2**32 - 1),
            {"src_port": 1, "dst_port": 2}, {"agent": "::ffff:192.0.2.1"},
        ]
        self.write("a.log", b"".join(map(flowlog.encode, flows)))
        self.write("b.log.gz", gzip.compress(log(3)))
        for options in FORMATS:
            with self.subTest(options=options):
                self.assertEqual(self.same(options, "a.log", "b.log.gz"), "")

    def test_standard_input(self):
        self.same("-", stdin=log(2))

    def test_newer_minor_version(self):
        self.write("a.log", flowlog.encode(
            flow(1), minor=1, extra_fields=1 << 19, extra=b"new!"))
        self.same("-v", "a.log")

    def test_damage(self):
        data = bytearray(log(3))
        data[len(data) // 2] ^= 1
        self.write("a.log", data)
        self.write("b.log", log(1))
        self.assertIn("a.log: offset ", self.same("a.log", "b.log"))
        self.assertIn("damaged bytes are left out",
                      self.same("-R", "a.log", "b.log"))

    def test_damage_of_compressed_logs(self):
        for i, data in enumerate(damaged_gzips(8)[1]):
            self.write(f"{i}.gz", data)
        self.same("-Rc", *(f"{i}.gz" for i in range(8)))

    def test_other_formats(self):
        for name, data in (("a.xz", lzma.compress(log(9))),
                           ("a.bz2", bz2.compress(log(9)))):
            self.write(name, data)
            self.same(name)
            self.write(name, data[:-9])
            self.same("-R", name)

    def test_torn_and_missing(self):
        self.write("a.log", log(2)[:-1])
        self.assertIn("ends inside a record", self.same("a.log"))
        self.assertIn("none.log: No such file", self.same("none.log", "a.log"))

    @unittest.skipUnless(GOLDEN, "FLOWD_TEST_DATA is not set")
    def test_logs_of_0_9_1(self):
        logs = sorted(GOLDEN.glob("*.log"))
        logs += sorted((GOLDEN / "corrupt").glob("*.log"))
        self.assertGreater(len(logs), 10)
        for path in logs:
            with self.subTest(log=path.name):
                self.same("-Uv", path)
                self.same("-URJ", path)
        self.same("-LUv", GOLDEN / "legacy-v2.log")


if __name__ == "__main__":
    tap.main()
