#!/usr/bin/env python3
"""reader.py prints the same as flowd-reader."""

import gzip
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import pythonmodule
import readertest
import tap

pythonmodule.load()

GOLDEN = tap.DATA / "golden" if tap.DATA else None
OPTIONS = (), ("-v",), ("-U",), ("-Uv",), ("-c",), ("-J",), ("-UJ",), ("-q",)


class Reader(readertest.ReaderTest):
    def run_script(self, *args, stdin=b"", zone="UTC"):
        env = {**pythonmodule.environment(), "TZ": zone}
        done = subprocess.run(
            [sys.executable, pythonmodule.READER, *args], cwd=self.dir,
            env=env, input=stdin, capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr.decode()

    def compare(self, *args, status=0, stdin=b"", zone="UTC"):
        """Compares the output, and returns reader.py's standard error."""
        expected, _ = self.run_reader(*args, status=status, stdin=stdin,
                                      zone=zone)
        got, out, err = self.run_script(*args, stdin=stdin, zone=zone)
        self.assertEqual(out.decode(), expected.decode())
        self.assertEqual(got, status, err)
        self.assertEqual(bool(err), status != 0, err)
        return err

    def make_logs(self):
        self.write("v4.log", readertest.log(50))
        self.write("v6.log", readertest.log(
            50, src="2001:db8::1", dst="::", gateway="fe80::1", tag=5))
        self.write("few.log", b"".join(flowlog.encode({"octets": 2**64 - n})
                                       for n in range(1, 9)))
        self.write("packed.log.gz", gzip.compress(readertest.log(50)))
        return "v4.log", "v6.log", "few.log", "packed.log.gz"

    def test_text_csv_and_json(self):
        logs = self.make_logs()
        for options in OPTIONS:
            with self.subTest(options=options):
                self.compare(*options, *logs, zone="Asia/Kathmandu")

    def test_old_names_of_options(self):
        self.make_logs()
        _, expected, _ = self.run_script("-Uv", "v4.log", zone="Asia/Tokyo")
        for options in ("-uv",), ("--utc", "--verbose"):
            _, out, _ = self.run_script(*options, "v4.log", zone="Asia/Tokyo")
            self.assertEqual(out, expected)

    @unittest.skipUnless(GOLDEN, "FLOWD_TEST_DATA is not set")
    def test_logs_of_0_9_1(self):
        logs = sorted(str(path) for path in GOLDEN.glob("*.log")
                      if "v2" not in path.name)
        self.assertTrue(logs)
        for options in OPTIONS:
            self.compare(*options, *logs)
        for options in "-U", "-UvL":
            self.compare("-L", options, GOLDEN / "legacy-v2.log")

    def test_standard_input(self):
        self.make_logs()
        self.compare("-", stdin=readertest.log(9))

    def test_head(self):
        self.compare("-H", "3", *self.make_logs())

    def test_rules(self):
        logs = self.make_logs()
        self.write("rules", "discard all\naccept tag 9 src 2001:db8::/32\n"
                            "store SRC_ADDR\nstore OCTETS\nstore TAG\n")
        for options in (), ("-v",), ("-J",):
            self.compare("-f", "rules", *options, *logs)

    def test_rules_may_read_files(self):
        logs = self.make_logs()
        self.write("rules", "include more\n")
        self.write("more", "discard all\naccept src 2001:db8::/32\n")
        self.compare("-f", "rules", *logs)

    def test_copies(self):
        logs = self.make_logs()
        self.write("rules", "discard all\naccept src 2001:db8::/32\n"
                            "store SRC_ADDR\nstore OCTETS\n")
        for options in (), ("-f", "rules"):
            self.run_reader("-q", *options, "-o", "expected", *logs)
            self.assertEqual(
                self.run_script("-q", *options, "-o", "got", *logs)[0], 0)
            self.assertEqual(self.read("got"), self.read("expected"))

    def test_damage(self):
        record = len(readertest.log(1))
        damaged = bytearray(readertest.log(10))
        damaged[3 * record + 50] ^= 1
        self.write("damaged.log", damaged)
        self.write("sound.log", readertest.log(1))
        err = self.compare("damaged.log", "sound.log", status=1)
        self.assertIn(f"damaged.log: offset {3 * record}: checksum", err)
        err = self.compare("-R", "damaged.log", "sound.log", status=3)
        self.assertRegex(err, f"damaged.log: offset {3 * record}: {record} ")
        err = self.compare("no.log", "sound.log", status=1)
        self.assertIn("no.log", err)

    def test_torn(self):
        self.write("torn.log", readertest.log(3)[:-1])
        status, out, err = self.run_script("-U", "torn.log")
        self.assertEqual((status, out.decode()), (0, readertest.briefs(2)))
        self.assertTrue(re.search("torn.log: offset .* inside a record", err))

    def test_broken_pipe(self):
        self.write("long.log", readertest.log(5000))
        script = subprocess.Popen(
            [sys.executable, pythonmodule.READER, "long.log"], cwd=self.dir,
            env=pythonmodule.environment(), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        script.stdout.readline()
        script.stdout.close()
        self.assertEqual(script.stderr.read(), b"")
        self.assertEqual(script.wait(), 1)
        script.stderr.close()


if __name__ == "__main__":
    tap.main()
