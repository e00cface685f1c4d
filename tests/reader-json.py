#!/usr/bin/env python3
"""flowd-reader -J prints one JSON object a line."""

import datetime
import json
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import tap
from readertest import ReaderTest, flow

GOLDEN = tap.DATA / "golden" if tap.DATA else None
MAX64 = 2**64 - 1
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+[+-]\d\d:\d\d")
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)

# Keys that are the same in the log and in JSON.
SAME = ("tag", "protocol", "tcp_flags", "tos", "src_port", "dst_port",
        "packets", "octets", "if_index_in", "if_index_out", "sys_uptime_ms",
        "netflow_version", "src_as", "dst_as", "src_mask", "dst_mask",
        "engine_type", "engine_id", "flow_sequence", "source_id")
RENAMED = {"agent": "agent_addr", "src": "src_addr", "dst": "dst_addr",
           "gateway": "gateway_addr", "flow_start": "flow_start_ms",
           "flow_finish": "flow_finish_ms", "crc": "crc32"}


def unique(pairs):
    """Rejects an object with a repeated key."""
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), keys
    return dict(pairs)


def signed32(v):
    return (v + 2**31) % 2**32 - 2**31


def milliseconds(text):
    """Returns milliseconds since the epoch, from a time with three
    decimals."""
    assert TIME.fullmatch(text), text
    return (datetime.datetime.fromisoformat(text) - EPOCH) \
        // datetime.timedelta(milliseconds=1)


class Json(ReaderTest):
    def objects(self, *args, **options):
        out, err = self.run_reader("-J", *args, **options)
        self.assertEqual(err, b"")
        return [json.loads(line, object_pairs_hook=unique)
                for line in out.decode("ascii").splitlines()]

    def one(self, values, *args, **options):
        self.write("a.log", flowlog.encode(values))
        got, = self.objects(*args, "a.log", **options)
        return got

    def test_everything(self):
        got = self.one(flow(17, tag=7))
        crc = got.pop("crc32")
        self.assertIs(type(crc), int)
        self.assertEqual(got, {
            "tag": 7, "recv_time": "2023-11-14T22:13:20.080160+00:00",
            "protocol": 6, "tcp_flags": 27, "tos": 8,
            "agent_addr": "192.0.2.1", "src_addr": "198.51.100.7",
            "dst_addr": "203.0.113.9", "gateway_addr": "192.0.2.254",
            "src_port": 443, "dst_port": 50000, "packets": 3, "octets": 17,
            "if_index_in": 1, "if_index_out": 2, "sys_uptime_ms": 3600000,
            "export_time": "2023-11-14T22:13:19.000000005+00:00",
            "netflow_version": 5,
            "flow_start_ms": 3590000, "flow_finish_ms": 3599999,
            "start": "2023-11-14T22:13:09.000+00:00",
            "end": "2023-11-14T22:13:18.999+00:00",
            "src_as": 64500, "dst_as": 64501, "src_mask": 24, "dst_mask": 16,
            "engine_type": 8, "engine_id": 9, "flow_sequence": 99,
            "source_id": 4})
        self.assertEqual(self.one(flow(17, tag=7), "-v"),
                         dict(got, crc32=crc))

    def test_every_key_is_in_the_manual(self):
        manual = tap.source("flowd-reader.8").read_text()
        manual = manual[manual.index(".Ss JSON"):]
        listed = []
        for item in re.findall(r"^\.It Li (.*)$", manual, re.M):
            listed += item.split(" , ")
        self.assertEqual(listed, list(self.one(flow(17, tag=7))))

    def test_absent_fields(self):
        self.assertEqual(self.one({}), {})
        self.assertEqual(self.one({"octets": 1}), {"octets": 1})
        self.assertEqual(self.one({"src": "2001:db8::1"}),
                         {"src_addr": "2001:db8::1"})
        # Absolute times need the time of an uptime.
        self.assertEqual(
            self.one({"flow_start": 1, "flow_finish": 2}),
            {"flow_start_ms": 1, "flow_finish_ms": 2})

    def test_large_counters_are_exact(self):
        for value in MAX64, 2**63, 2**53 + 1, 0:
            self.assertEqual(self.one({"packets": value, "octets": value}),
                             {"packets": value, "octets": value})

    def test_absolute_times(self):
        """The difference of the uptimes is signed, modulo 2^32."""
        cases = (
            (1000, 0, 0, 0),
            (3600000, 3590000, 5, 1700000000),
            (10, 2**32 - 10, 0, 1700000000),	# starts before the wrap
            (10, 20, 999999999, 1700000000),	# ends after the export
            (2**31, 0, 0, 2**32 - 1),
            (2**31 - 1, 0, 1, 100),		# before the epoch
            (5, 2**32 - 1, 4294967295, 2**32 - 1),
        )
        for uptime, time, nanosec, sec in cases:
            with self.subTest(uptime=uptime, time=time):
                got = self.one(dict(
                    sys_uptime_ms=uptime, time_sec=sec, time_nanosec=nanosec,
                    netflow_version=5, flow_start=time, flow_finish=time))
                expected = (sec * 1000 + nanosec // 1000000 -
                            signed32(uptime - time))
                self.assertEqual(milliseconds(got["start"]), expected)
                self.assertEqual(got["start"], got["end"])
                self.assertTrue(TIME.fullmatch(got["export_time"]))

    def test_zones(self):
        values = dict(recv_sec=1700000000, recv_usec=1)
        for zone, expected in (
                ("UTC", "2023-11-14T22:13:20.000001+00:00"),
                ("XYZ-5:45", "2023-11-15T03:58:20.000001+05:45"),
                ("XYZ+3:30", "2023-11-14T18:43:20.000001-03:30"),
                ("XYZ+12", "2023-11-14T10:13:20.000001-12:00"),
                # ISO 8601 has no zones with seconds.
                ("XYZ+0:44:30", "2023-11-14T22:13:20.000001+00:00")):
            with self.subTest(zone=zone):
                self.assertEqual(self.one(values, zone=zone),
                                 {"recv_time": expected})
                self.assertEqual(
                    self.one(values, "-U", zone=zone),
                    {"recv_time": "2023-11-14T22:13:20.000001+00:00"})
        self.assertEqual(
            self.one(dict(recv_sec=1704067199, recv_usec=0), zone="XYZ-1"),
            {"recv_time": "2024-01-01T00:59:59.000000+01:00"})

    def test_a_fraction_above_a_second(self):
        """A record may contain such a value; the result is a valid time."""
        got = self.one(dict(recv_sec=2**32 - 1, recv_usec=2**32 - 1))
        self.assertEqual(got, {
            "recv_time": "2106-02-07T07:39:49.967295+00:00"})

    def test_excluded_options(self):
        self.write("a.log", b"")
        self.assertIn("-c and -J", self.fails("-cJ", "a.log"))

    def test_the_fields_that_a_filter_stores(self):
        self.write("filter", "store OCTETS\naccept tag 5 all\nstore TAG\n")
        self.assertEqual(self.one(flow(3), "-f", "filter"),
                         {"tag": 5, "octets": 3})

    @unittest.skipUnless(GOLDEN, "FLOWD_TEST_DATA is not set")
    def test_recorded_logs(self):
        for name in "all", "ipv6", "tagged", "brief", "nocrc":
            with self.subTest(log=name):
                log = GOLDEN / f"{name}.log"
                flows = flowlog.decode(log.read_bytes())
                got = self.objects(log)
                self.assertEqual(len(got), len(flows))
                for line, values in zip(got, flows):
                    self.compare(line, values)

    def compare(self, line, values):
        expected = {key: values[key] for key in SAME if key in values}
        for key, name in RENAMED.items():
            if key in values:
                expected[name] = values[key]
        for name, keys in (("recv_time", "recv_sec"),
                           ("export_time", "time_sec")):
            self.assertEqual(name in line, keys in values)
            line.pop(name, None)
        for name, key in ("start", "flow_start"), ("end", "flow_finish"):
            if key in values and "time_sec" in values:
                self.assertEqual(
                    milliseconds(line.pop(name)),
                    values["time_sec"] * 1000 +
                    values["time_nanosec"] // 1000000 -
                    signed32(values["sys_uptime_ms"] - values[key]))
        self.assertEqual(line, expected)


if __name__ == "__main__":
    tap.main()
