#!/usr/bin/env python3
"""flowd-reader reads logs that are compressed by xz, zstd and bzip2."""

import bz2
import lzma
import os
import pathlib
import socket
import struct
import subprocess
import sys
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import tap
from damage import damaged_gzips, split
from flowdtest import make_variable, need
from readertest import READER, SECONDS, ReaderTest, briefs, log

LIBRARIES = make_variable("LIBCODEC").split()
DAMAGE = 3			# exit status
SAID = "the compressed data are damaged"
LARGE = "decompressing it needs more than 128 MiB of memory"
LONG = bool(os.environ.get("FLOWD_TEST_LONG"))
LENGTH = len(log(1))


def zstd(data, *options):
    return subprocess.run(["zstd", "-qc", *options], input=data, check=True,
                          stdout=subprocess.PIPE).stdout


class Format:
    """Tests of one format."""

    def test_is_read(self):
        data = self.compress(log(9000))
        self.write("a.log", data)
        self.prints(briefs(9000), "a.log")
        self.prints(briefs(9000), "-R", "a.log")
        self.prints(briefs(9000) * 2, "-", "a.log", stdin=data)
        self.assertEqual(self.run_reader("-Rq", "-o", "-", "-", stdin=data)[0],
                         log(9000))
        self.write("empty.log", self.compress(b""))
        self.prints("", "empty.log")

    def test_several_streams(self):
        """A record may be in two of them."""
        whole = log(500)
        data = b"".join(self.compress(whole[at:at + 7001])
                        for at in range(0, len(whole), 7001))
        self.write("a.log", data)
        self.prints(briefs(500), "a.log")
        self.prints(briefs(500), "-R", "-", stdin=data)

    def test_from_a_slow_pipe(self):
        read, write = os.pipe()
        with open(read, "rb") as stdin, open(write, "wb", 0) as pipe:
            with subprocess.Popen([READER, "-"], stdin=stdin,
                                  stdout=subprocess.PIPE) as process:
                for byte in self.compress(log(3)):
                    pipe.write(bytes([byte]))
                pipe.close()
                out, _ = process.communicate(timeout=SECONDS)
        self.assertEqual((process.returncode, out.decode()), (0, briefs(3)))

    def test_that_is_cut_off(self):
        data = self.compress(log(3000))
        for left in len(data) // 2, len(data) - 1:
            self.write("a.log", data[:left])
            out, err = self.run_reader("-q", "-o", "out.log", "a.log",
                                       status=1)
            self.assertIn(f"{SAID}, the rest", err.decode())
            got = self.read("out.log")
            self.assertEqual(got, log(3000)[:len(got)])
            out, err = self.run_reader("-Rq", "-o", "out.log", "a.log",
                                       status=DAMAGE)
            self.assertIn(f"{SAID} or cut off", err.decode())
            self.assertEqual(self.read("out.log"), got)
        self.assertGreater(len(got), 2000 * LENGTH)

    def test_damage(self):
        """Only what checksums vouch for is read, and the next stream."""
        written, logs = damaged_gzips(12, compress=self.compress)
        for data in logs:
            self.write("a.log", data + self.compress(log(5)))
            self.run_reader("-Rq", "-o", "out.log", "a.log", status=DAMAGE)
            got = [f["octets"] for f in flowlog.decode(self.read("out.log"))]
            self.assertEqual(set(got) - set(written) - set(range(5)), set())
            if got:
                self.assertIn(got[-5:], ([0, 1, 2, 3, 4], written[-5:]))

    def test_of_version_2(self):
        header = bytes.fromhex("012cf047 00000002 40412b80 00000000")
        tag = bytes.fromhex("00000001 00000007")
        self.write("a.log", self.compress(header + tag))
        self.assertIn("use -L", self.fails("a.log"))
        self.prints("FLOW tag 7 \n", "-L", "a.log")

    def test_is_not_followed(self):
        self.write("a.log", self.compress(log(2)))
        self.assertEqual(self.fails("-F", "a.log"),
                         f"a.log: compressed with {self.name}, which is not "
                         "followed: read it without -F\n")

    def test_is_sent(self):
        self.write("a.log", self.compress(log(2)))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as to:
            to.bind(("127.0.0.1", 0))
            subprocess.run(
                [tap.program("flow-send"), "-l", "a.log", "-V", "5",
                 f"127.0.0.1:{to.getsockname()[1]}"], cwd=self.dir,
                stdout=subprocess.DEVNULL, timeout=SECONDS, check=True)
            to.settimeout(SECONDS)
            self.assertEqual(to.recv(2000)[:4], b"\0\5\0\2")


@unittest.skipUnless("-llzma" in LIBRARIES, "configure did not find liblzma")
class Xz(Format, ReaderTest):
    name = "xz"

    @staticmethod
    def compress(data):
        return lzma.compress(data)

    def test_padding(self):
        """Zeros between streams, and after the last."""
        data = lzma.compress(log(2)) + bytes(8) + lzma.compress(log(1))
        for end in 0, 4:
            self.write("a.log", data + bytes(end))
            self.prints(briefs(2) + briefs(1), "a.log")

    def test_a_large_dictionary(self):
        data = bytearray(lzma.compress(log(2)))
        # The block's header; its LZMA2 filter has a dictionary of 4 GiB.
        size = 4 * data[12] + 4
        self.assertEqual(data[14:16], b"\x21\x01")
        data[16] = 40
        data[12 + size - 4:12 + size] = struct.pack(
            "<I", zlib.crc32(data[12:12 + size - 4]))
        self.write("a.log", data)
        self.assertEqual(self.fails("a.log"), f"a.log: offset 0: {LARGE}, the "
                         "rest of this log is left out\n")
        self.write("a.log", data + lzma.compress(log(1)))
        said = self.prints(briefs(1), "-R", "a.log", status=DAMAGE)
        self.assertEqual(said, f"a.log: offset 0: {LARGE}\n")


@unittest.skipUnless("-lzstd" in LIBRARIES, "configure did not find libzstd")
@unittest.skipIf(need("zstd"), "zstd is not installed")
class Zstd(Format, ReaderTest):
    name = "zstd"

    @staticmethod
    def compress(data):
        return zstd(data)

    def test_a_skippable_frame(self):
        """RFC 8878 section 3.1.2"""
        skipped = b"\x51\x2a\x4d\x18" + struct.pack("<I", 9) + bytes(9)
        self.write("a.log", zstd(log(2)) + skipped + zstd(log(1)))
        self.prints(briefs(2) + briefs(1), "a.log")

    def test_a_large_window(self):
        """RFC 8878 section 3.1.1.1: 256 MiB, and a last block of no bytes"""
        self.write("a.log", bytes.fromhex("28b52ffd 00 90 010000"))
        self.assertEqual(self.fails("a.log"), f"a.log: offset 0: {LARGE}, the "
                         "rest of this log is left out\n")

    def test_without_checks(self):
        """Of records without checksum, those after damage are not believed."""
        records = [flowlog.encode({"octets": n, "packets": 1})
                   for n in range(20000)]
        torn = b"".join(records[:9]) + b"torn" + b"".join(records[9:])
        self.write("a.log", zstd(torn))
        self.run_reader("-Rq", "-o", "out.log", "a.log", status=DAMAGE)
        self.assertEqual(split(self.read("out.log")), records)
        self.write("a.log", zstd(torn, "--no-check"))
        self.run_reader("-Rq", "-o", "out.log", "a.log", status=DAMAGE)
        self.assertEqual(split(self.read("out.log")), records[:8])


@unittest.skipUnless("-lbz2" in LIBRARIES, "configure did not find libbz2")
class Bzip2(Format, ReaderTest):
    name = "bzip2"

    @staticmethod
    def compress(data):
        return bz2.compress(data, 1)


@unittest.skipIf(need("readelf"), "readelf is not installed")
class Linked(unittest.TestCase):
    def test_flowd_and_libflowd_link_none(self):
        libraries = [str(path) for path in tap.BUILD.glob("libflowd.so")]
        for path in tap.program("flowd"), tap.program("flowdctl"), *libraries:
            said = subprocess.run(["readelf", "-d", path], check=True,
                                  stdout=subprocess.PIPE, text=True).stdout
            self.assertIn("libz.so", said)
            for name in "lzma", "zstd", "bz2":
                self.assertNotIn(name, said)


@unittest.skipUnless(LONG, "FLOWD_TEST_LONG is not set")
class Without(ReaderTest):
    def test_the_message_names_a_command(self):
        build = self.dir / "build"
        build.mkdir()
        subprocess.run(
            [tap.SRC / "configure", "--without-xz", "--without-zstd",
             "--without-bzip2"], cwd=build, check=True,
            stdout=subprocess.DEVNULL)
        subprocess.run([os.environ.get("MAKE", "make"), "-s", "flowd-reader"],
                       cwd=build, check=True)
        formats = {"xz": ("xzcat", lzma.compress(log(3))),
                   "bzip2": ("bzcat", bz2.compress(log(3))),
                   # RFC 8878: the magic number of a frame.
                   "zstd": ("zstdcat", b"\x28\xb5\x2f\xfd" + bytes(40))}
        for name, (command, data) in formats.items():
            for options in [], ["-R"], ["-F"]:
                self.write("a.log", data)
                done = subprocess.run(
                    [build / "flowd-reader", *options, "a.log"],
                    cwd=self.dir, capture_output=True, text=True,
                    timeout=SECONDS, check=False)
                self.assertEqual((done.returncode, done.stderr), (
                    1, f"a.log: compressed with {name}, which is not read: "
                    f"{command} LOG | flowd-reader -\n"))


if __name__ == "__main__":
    tap.main()
