#!/usr/bin/env python3
"""NetFlow v9, as defined in RFC 3954, is stored field by field."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow9
import tap
from decoding import OCTETS, PORTS, SRC4, Decoding
from feed import Feed
from flowdtest import Flowd
from netflow9 import Field, Template
from report import statistics


class Version9(Decoding, unittest.TestCase):
    """The tests for both protocols, and those for v9 alone."""

    version = netflow9.V9
    UPTIMES = Template(256, ("flowStartSysUpTime", 4),
                       ("flowEndSysUpTime", 4), ("octetDeltaCount", 1))

    def test_the_count_of_the_header_is_not_trusted(self):
        stored = self.collect(*(
            self.message(self.templates(self.SIMPLE), self.simple(3),
                         count=count) for count in (0, 1, 2, 300, 65535)))
        self.assertEqual(len(stored), 15)

    def test_uptime_based_times(self):
        """They are stored unchanged."""
        header = {"uptime_ms": 5000000, "sec": 1600000000}
        stored = self.collect(self.message(
            self.templates(self.UPTIMES),
            netflow9.data(self.UPTIMES, (4000000, 4900000, 1),
                          (0, 5000000, 1)), **header))
        self.assertEqual(
            [(f["flow_start"], f["flow_finish"], f["sys_uptime_ms"],
              f["time_sec"], f["time_nanosec"]) for f in stored],
            [(4000000, 4900000, 5000000, 1600000000, 0),
             (0, 5000000, 5000000, 1600000000, 0)])

    def test_times_before_the_uptime_wrapped(self):
        export = 1000 * netflow9.EXPORT_SEC
        fields = [(f.element, f.length) for f in self.UPTIMES.fields[:2]]
        self.check_times([
            (fields, [(1 << 32) - 5000, 600], export - 6000, export - 400),
            (fields, [(1 << 32) - 5000, (1 << 32) - 2000], export - 6000,
             export - 3000),
            # The end has a later uptime than the header.
            (fields, [900, 1500], export - 100, export + 500)],
            uptime_ms=1000)

    def test_v9_has_no_enterprise_numbers(self):
        """The top bit of a field's type is part of its number."""
        layout = Template(256, Field(0x8001, 4), OCTETS, Field(40005, 1),
                          Field(0xffff, 2), *PORTS)
        stored = self.collect(self.message(
            self.templates(layout),
            netflow9.data(layout, (9, 5, 1, 2, 10, 20))))
        self.assertEqual(
            [(f["octets"], f["src_port"], f["dst_port"]) for f in stored],
            [(5, 10, 20)])

    def test_lost_datagrams_are_counted(self):
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            for sequence in (10, 11, 12, 16, 17):
                feed.send(self.message(
                    self.templates(self.SIMPLE), self.simple(4),
                    sequence=sequence))
            # Another domain has its own sequence.
            for sequence in (500, 501):
                feed.send(self.message(
                    self.templates(self.SIMPLE), self.simple(1), domain=2,
                    sequence=sequence))
            # The exporter restarts, which is not a loss.
            for sequence in (0, 1):
                feed.send(self.message(
                    self.templates(self.SIMPLE), self.simple(1),
                    sequence=sequence, uptime_ms=1000))
            self.assertEqual(len(feed.flows()), 24)
            report = statistics(flowd)
        self.assertEqual(report["127.0.0.1"]["sequence-lost-datagrams"], 3)
        self.assertEqual(report["127.0.0.1"]["sequence-lost"], 0)
        self.assertEqual(report["127.0.0.1"]["restarts"], 1)

    def test_useless_templates_are_ignored(self):
        """Templates with ids below 256, and templates without fields."""
        for bad in (Template(255, SRC4), Template(0, SRC4), Template(256)):
            with self.subTest(template=bad.id):
                stored = self.collect(
                    self.message(self.templates(bad),
                                 self.templates(self.SIMPLE),
                                 self.simple(1)))
                self.assertEqual(len(stored), 1)


if __name__ == "__main__":
    tap.main()
