#!/usr/bin/env python3
"""flowd.to_pandas: logs as a DataFrame."""

import ipaddress
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import pythonmodule
import readertest
import tap

flowd = pythonmodule.load()

try:
    import pandas
except ImportError:
    pythonmodule.skip("no pandas")

START = 1700000000 - 1700000000 % 300
ADDRESSES = "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "::", None


def record(number):
    flow = readertest.flow(2**64 - 1 - number, recv_sec=START + number * 60,
                           recv_usec=7, src=ADDRESSES[number % 5])
    if number % 5 == 4:
        del flow["src"]
    if number % 3 == 0:
        del flow["octets"], flow["packets"]
    if number % 4 == 0:
        del flow["flow_start"], flow["flow_finish"]
    return flowlog.encode(flow)


class Frames(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tap.TemporaryDirectory(prefix="flowd-test-")
        cls.addClassCleanup(scratch.cleanup)
        cls.path = pathlib.Path(scratch.name) / "flows.log"
        cls.path.write_bytes(b"".join(map(record, range(20))))
        cls.flows = list(flowd.FlowLog(cls.path))

    def same(self, column, expected):
        self.assertEqual([None if pandas.isna(value) else value
                          for value in column], expected)

    def test_all_fields(self):
        frame = flowd.to_pandas(self.path)
        self.assertEqual(
            list(frame), [name for name in flowd.ARRAY_FIELDS if
                          name not in ("flow_ver", "fields", "agent_usec",
                                       "crc32") and name[-3:] != "_af"])
        for name in frame:
            expected = [getattr(flow, name) for flow in self.flows]
            if name in ("octets", "packets"):
                expected = [None if number % 3 == 0 else value
                            for number, value in enumerate(expected)]
            if name in ("flow_start", "flow_finish"):
                expected = [None if number % 4 == 0 else value
                            for number, value in enumerate(expected)]
            if name == "tag":
                expected = [None] * 20
            self.same(frame[name], expected)

    def test_types(self):
        frame = flowd.to_pandas(self.path, ["octets", "src_port", "start",
                                            "fields", "crc32"])
        self.assertEqual(str(frame["octets"].dtype), "UInt64")
        self.assertEqual(str(frame["src_port"].dtype), "UInt16")
        self.assertEqual(str(frame["fields"].dtype), "uint32")
        self.assertEqual(str(frame["start"].dt.tz), "UTC")
        self.assertEqual(frame["crc32"].isna().sum(), 0)

    def test_addresses(self):
        self.same(flowd.to_pandas(self.path, "src_addr")["src_addr"][:5],
                  [flow.src_addr for flow in self.flows[:5]])
        numbers = flowd.to_pandas(self.path, "src_addr", addresses="int")
        self.same(numbers["src_addr"][:5],
                  [text and int(ipaddress.ip_address(text))
                   for text in ADDRESSES])

    def test_of_arrays(self):
        arrays = flowd.read_arrays(self.path, ["octets", "src_addr", "start",
                                               "fields", "src_addr_af"])
        expected = flowd.to_pandas(self.path, list(arrays))
        self.assertTrue(flowd.to_pandas(arrays).equals(expected))
        self.assertTrue(flowd.to_pandas(arrays, "start").equals(
            expected[["start"]]))
        del arrays["fields"]
        with self.assertRaisesRegex(ValueError, "fields"):
            flowd.to_pandas(arrays)
        for options in {"count": 5}, {"period": (0, 5)}, {"recover": True}:
            with self.assertRaisesRegex(TypeError, "whole"):
                flowd.to_pandas(arrays, **options)

    def test_options_of_read_arrays(self):
        self.assertEqual(len(flowd.to_pandas(
            [self.path, self.path], ["tag"], "discard src ::/0",
            period=(START, START + 300))), 4)
        with flowd.FlowLog(self.path) as log:
            self.assertEqual(len(log.to_pandas("tag", count=3)), 3)
            self.assertEqual(len(log.to_pandas()), 17)
        self.assertEqual(len(flowd.to_pandas([])), 0)

    def test_resampled(self):
        frame = flowd.to_pandas(self.path, ["recv_time", "octets"])
        sums = frame.set_index("recv_time").resample("5min")["octets"].count()
        self.assertEqual(sums.tolist(), [3, 3, 4, 3])
        self.assertEqual(sums.index[0].timestamp(), START)

    def test_wrong_arguments(self):
        for arguments, error in (((["nothing"],), ValueError),
                                 (([5],), TypeError)):
            with self.assertRaises(error):
                flowd.to_pandas(self.path, *arguments)
        with self.assertRaisesRegex(ValueError, "addresses"):
            flowd.to_pandas(self.path, "octets", addresses="bytes")
        with self.assertRaises(ValueError):
            flowd.to_pandas({"nothing": []})


if __name__ == "__main__":
    tap.main()
