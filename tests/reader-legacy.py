#!/usr/bin/env python3
"""flowd-reader -L reads logs of version 2."""

import gzip
import pathlib
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import tap
from oldlog import FULL, HEADER, record
from readertest import ReaderTest, correct_text, log

GOLDEN = tap.DATA / "golden" if tap.DATA else None
FULL_TEXT = (
    "FLOW tag 7 recv_time 2004-02-29T00:01:00.000000 proto 6 tcpflags 1b "
    "tos 08 agent [192.0.2.1] src [198.51.100.7]:443 dst [203.0.113.9]:50000 "
    "gateway [192.0.2.254] packets 3 octets 1099511627776 in_if 65535 "
    "out_if 2 sys_uptime_ms 1h0s.000 time_sec 2004-02-29T00:00:00 "
    "time_nanosec 5 netflow ver 5 flow_start 59m50s.000 "
    "flow_finish 59m59s.999 src_AS 64500 src_masklen 24 dst_AS 65535 "
    "dst_masklen 16 engine_type 8 engine_id 9 seq 99 source 0 ")


class Legacy(ReaderTest):
    def test_every_field(self):
        self.write("old.log", HEADER + record(*FULL))
        self.prints("LOGFILE old.log started at 2004-02-29T00:00:00\n" +
                    FULL_TEXT + "\n", "-Lv", "old.log")
        data = record(*FULL, checksum=True)
        self.write("old.log", HEADER + data)
        self.prints("LOGFILE old.log started at 2004-02-29T00:00:00\n"
                    f"{FULL_TEXT}crc32 {data[-4:].hex()} \n", "-Lv",
                    "old.log")

    def test_each_field_alone(self):
        lengths = (4, 4, 4, 4, 16, 4, 16, 4, 16, 4, 16, 4, 8, 8, 4, 16, 8, 8,
                   8)
        data = HEADER
        for bit, length in enumerate(lengths):
            data += record(1 << bit, bytes(length))
        self.write("old.log", data + record(0x2000, struct.pack(">Q", 1234)))
        out, err = self.run_reader("-L", "old.log")
        self.assertEqual(err, b"")
        self.assertEqual(out.count(b"\n"), len(lengths) + 1)
        self.assertTrue(out.endswith(b"FLOW octets 1234 \n"))

    def test_a_record_without_fields(self):
        octets = record(0x2000, struct.pack(">Q", 1234))
        self.write("old.log", HEADER + record(0, b"") + octets +
                   record(0, b""))
        self.prints("FLOW \nFLOW octets 1234 \nFLOW \n", "-L", "old.log")

    def test_from_a_file_and_a_pipe(self):
        data = HEADER + record(*FULL) * 3000
        self.write("old.log", gzip.compress(data))
        for args, stdin in (("-Lvq",), b""), (("-L",), data):
            out, _ = self.run_reader(*args, "-" if stdin else "old.log",
                                     stdin=stdin)
            self.assertEqual(out.count(b"\n"), 3000 if stdin else 0)

    def test_is_converted(self):
        self.write("old.log", HEADER + record(*FULL, checksum=True))
        self.prints("", "-Lq", "-o", "new.log", "old.log")
        values, = flowlog.decode(self.read("new.log"))
        self.assertEqual(values["if_index_in"], 65535)
        self.assertEqual(values["recv_usec"], 0)
        self.assertEqual(values["engine_id"], 9)

    def test_is_recognised_without_the_option(self):
        self.write("old.log", HEADER + record(*FULL))
        said = self.fails("old.log")
        self.assertEqual(said, "old.log: a log of version 2, as flowd wrote "
                         "before 0.9: use -L to read it\n")

    def test_of_other_versions(self):
        self.write("new.log", log(1))
        self.assertIn("unsupported version", self.fails("-L", "new.log"))
        self.write("old.log", HEADER[:7] + b"\3" + HEADER[8:])
        self.assertIn("unsupported version", self.fails("-L", "old.log"))

    def test_damage(self):
        good = record(*FULL)
        at = len(HEADER) + len(good)
        bad = bytearray(record(*FULL, checksum=True))
        bad[20] ^= 1
        for data, cause in ((bad, "checksum mismatch"),
                            (b"\x80" + good[1:], "disagree"),
                            (bytes(4096), "disagree"),
                            (b"\0\x08" + good[2:], "disagree"),
                            (b"\0\0\0\x18" + bytes(20), "disagree")):
            self.write("old.log", HEADER + good + bytes(data) + good)
            out, err = self.run_reader("-L", "old.log", status=1)
            self.assertEqual(out.count(b"\n"), 1)
            self.assertIn(f"old.log: offset {at}: ", err.decode())
            self.assertIn(cause, err.decode())

    def test_cut_off(self):
        good = record(*FULL)
        for cut in 1, 50, len(good) - 1:
            self.write("old.log", HEADER + good + good[:-cut])
            out, err = self.run_reader("-L", "old.log")
            self.assertEqual(out.count(b"\n"), 1)
            self.assertIn(b"ends inside a record", err)
        self.write("old.log", HEADER[:10])
        self.assertIn("ends inside", self.prints("", "-L", "old.log"))
        self.write("old.log", HEADER)
        self.assertEqual(self.prints("", "-L", "old.log"), "")

    @unittest.skipUnless(GOLDEN, "FLOWD_TEST_DATA is not set")
    def test_a_recorded_log(self):
        text = (GOLDEN / "legacy-v2.verbose.txt").read_text()
        out, err = self.run_reader("-LUv", "legacy-v2.log", cwd=GOLDEN)
        self.assertEqual(out.decode(), correct_text(text))
        self.assertEqual(err, b"")
        self.prints("", "-Lq", "-o", "new.log", GOLDEN / "legacy-v2.log")
        self.assertEqual(self.read("new.log"),
                         (GOLDEN / "legacy-v2.converted.log").read_bytes())


if __name__ == "__main__":
    tap.main()
