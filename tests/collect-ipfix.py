#!/usr/bin/env python3
"""IPFIX, as defined in RFC 7011, is stored field by field."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow9
import tap
from decoding import (DST4, EXPORT_MS, OCTETS, PACKETS, PORTS, SRC4, SRC6,
                      Decoding, Sender)
from feed import Feed
from flowdtest import Flowd
from netflow9 import IPFIX, REVERSE, VARIABLE, Field, Template
from report import statistics

UPTIME_MS = 1 << 31	# if it is unknown: 24.8 days before the export


class Ipfix(Decoding, unittest.TestCase):
    """The tests for both protocols, and those for IPFIX alone."""

    version = IPFIX

    def test_the_length_of_the_message(self):
        good = self.message(self.templates(self.SIMPLE), self.simple(1))
        stored = self.collect(
            # Octets after the message do not belong to it.
            good + b"\1\2\3", good + good,
            # All octets that the header claims must be present.
            self.message(self.simple(1), length=16 + 16 + 1),
            self.message(self.simple(1), length=65535),
            self.message(self.simple(1), length=0),
            self.message(self.simple(1), length=15),
            # An empty message is valid.
            self.message(), good)
        self.assertEqual(len(stored), 3)

    def test_enterprise_elements_are_skipped(self):
        octets = netflow9.ELEMENTS["octetDeltaCount"]
        self.check_cases([
            ([Field(octets, 4, 9), OCTETS, Field(1, VARIABLE, 9), PACKETS,
              Field(32767, 1, 0xffffffff), Field(2, 3, 29304), SRC4],
             [9, 1, b"abc", 2, 7, b"xyz", "192.0.2.1"],
             [{"octets": 1, "packets": 2, "src": "192.0.2.1"}])])

    def test_reverse_elements(self):
        """Biflows of RFC 5103."""
        def reverse(name, length):
            return Field(netflow9.ELEMENTS[name], length, REVERSE)

        fields = [SRC4, DST4, *PORTS, ("tcpControlBits", 1),
                  ("ipClassOfService", 1), OCTETS, PACKETS,
                  reverse("octetDeltaCount", 4),
                  reverse("packetDeltaCount", 4),
                  reverse("tcpControlBits", 2),
                  reverse("ipClassOfService", 1)]
        ends = ["192.0.2.1", "198.51.100.2", 1024, 443, 0x02, 8]
        forward = {"src": ends[0], "dst": ends[1], "src_port": 1024,
                   "dst_port": 443, "tcp_flags": 0x02, "tos": 8}
        back = {"src": ends[1], "dst": ends[0], "src_port": 443,
                "dst_port": 1024, "tcp_flags": 0x12, "tos": 16}
        totals = [SRC4, DST4, ("octetTotalCount", 8),
                  reverse("octetTotalCount", 8),
                  reverse("packetTotalCount", 8)]
        self.check_cases([
            (fields, ends + [100, 3, 40, 2, 0x112, 16],
             [{**forward, "octets": 100, "packets": 3},
              {**back, "octets": 40, "packets": 2}]),
            (fields, ends + [100, 3, 0, 0, 0, 0],
             [{**forward, "octets": 100, "packets": 3}]),
            (fields, ends + [0, 0, 40, 2, 0x12, 16],
             [{**back, "octets": 40, "packets": 2}]),
            (totals, [ends[0], ends[1], 100, 40, 2],
             [{"octets": 100, "packets": None},
              {"src": ends[1], "octets": 40, "packets": 2}])])

    def test_uptime_based_times_need_the_init_time(self):
        start, end = ("flowStartSysUpTime", 4), ("flowEndSysUpTime", 4)
        init = ("systemInitTimeMilliseconds", 8)
        booted = EXPORT_MS - 1000000
        long_ago = EXPORT_MS - (1 << 32) - 5000
        self.check_times([
            ([start, end, init], [900000, 990000, booted],
             booted + 900000, booted + 990000),
            ([init, start, end], [booted, 0, 0], booted, booted),
            # The uptime has wrapped since.
            ([init, start, end], [long_ago, (1 << 32) - 1000, 4000],
             EXPORT_MS - 6000, EXPORT_MS - 1000),
            # Without the init time, only the duration is known.
            ([start, end], [900000, 990000], EXPORT_MS - 90000, EXPORT_MS),
            ([start, end], [(1 << 32) - 1000, 1000], EXPORT_MS - 2000,
             EXPORT_MS),
            ([end], [990000], EXPORT_MS, EXPORT_MS)])

    def test_the_uptime_of_a_record(self):
        ms = ("flowStartMilliseconds", 8)
        init = ("systemInitTimeMilliseconds", 8)
        self.check_cases([
            ([ms], [EXPORT_MS - 5],
             [{"sys_uptime_ms": UPTIME_MS, "flow_start": UPTIME_MS - 5,
               "flow_finish": UPTIME_MS,
               "time_sec": netflow9.EXPORT_SEC, "time_nanosec": 0}]),
            ([ms, init], [EXPORT_MS - 5, EXPORT_MS - 1000],
             [{"sys_uptime_ms": 1000, "flow_start": 995,
               "flow_finish": 1000}])])

    def test_lost_flows_are_counted(self):
        sizes = {0: 4, 4: 1, 5: 2, 17: 3, 20: 1}
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            for sequence, flows in sizes.items():
                feed.send(self.message(
                    self.templates(self.SIMPLE), self.simple(flows),
                    sequence=sequence))
            self.assertEqual(len(feed.flows()), 11)
            report = statistics(flowd)
        self.assertEqual(report["127.0.0.1"]["sequence-lost"], 10)
        self.assertEqual(report["127.0.0.1"]["sequence-lost-datagrams"], 0)

    def test_options_records_are_in_the_sequence(self):
        """The sequence counts all data records (RFC 7011 section 3.1)."""
        options = Template(400, ("observationDomainId", 4),
                           ("samplingInterval", 4), scopes=1)
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            feed.send(self.message(
                self.templates(self.SIMPLE), self.templates(options),
                self.simple(2), netflow9.data(options, (0, 1), (0, 1))))
            feed.send(self.message(self.simple(1), sequence=4))
            self.assertEqual(len(feed.flows()), 3)
            self.assertEqual(
                statistics(flowd)["127.0.0.1"]["sequence-lost"], 0)


class Withdrawal(Sender, unittest.TestCase):
    """RFC 7011 section 8.4 forbids withdrawals over UDP."""

    version = IPFIX
    OTHER = Template(301, DST4, ("octetDeltaCount", 8))

    def test_data_after_a_withdrawal_are_decoded(self):
        """One template, several, all, those of options, and a stranger's."""
        everything = netflow9.TEMPLATE_SETS[IPFIX]
        withdrawals = (
            netflow9.withdrawals(300), netflow9.withdrawals(everything),
            netflow9.withdrawals(300, 999, 301),
            netflow9.options_withdrawals(netflow9.OPTIONS_SETS[IPFIX]))
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            feed.send(self.message(self.templates(self.SIMPLE, self.OTHER)))
            for i, withdrawal in enumerate(withdrawals):
                feed.send(self.message(withdrawal))
                feed.send(self.message(self.simple(1, first=i)))
                feed.send(self.message(netflow9.data(
                    self.OTHER, ("198.51.100.2", 1000 + i))))
            self.assertEqual(self.octets(feed.flows()), [
                n for i in range(len(withdrawals)) for n in (i, 1000 + i)])
            report = statistics(flowd)
            report.check(self)
        counters = report["127.0.0.1"]
        self.assertEqual(counters["withdrawals"], 6)
        self.assertEqual((counters["held"], counters["no-template"]), (0, 0))

    def test_then_another_definition(self):
        """Data after it are decoded by it, and data before by the old one."""
        other = Template(300, PACKETS, SRC6)
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            for sets in (self.templates(self.SIMPLE),
                         netflow9.withdrawals(300), self.simple(3),
                         self.templates(other),
                         netflow9.data(other, (5, "2001:db8::1"))):
                feed.send(self.message(sets))
            self.assertEqual([f.get("packets") for f in feed.flows()],
                             [None, None, None, 5])


if __name__ == "__main__":
    tap.main()
