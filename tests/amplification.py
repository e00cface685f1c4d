#!/usr/bin/env python3
"""A datagram adds little more to the log than its own octets, and flows without
content are not stored.  All of these are counted."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import ctlclient
import netflow
import netflow9
import report
import tap
from ctlclient import CONTROL
from flowdtest import Flowd
from netflow9 import IPFIX, V9, VARIABLE, Field, Template, message

PER_OCTET = 8			# bytes of the log
EXTRA = 2048			# bytes of the log, for each datagram

PADDING = ("paddingOctets", 1)
NORMAL = Template(400, ("sourceIPv4Address", 4), ("destinationIPv4Address", 4),
                  ("octetDeltaCount", 4), ("packetDeltaCount", 4),
                  ("sourceTransportPort", 2), ("destinationTransportPort", 2),
                  ("protocolIdentifier", 1), ("flowStartMilliseconds", 8),
                  ("flowEndMilliseconds", 8))
TINY = Template(401, ("octetDeltaCount", 1))


def normal(count):
    return netflow9.data(NORMAL, *(
        ("192.0.2.1", f"198.51.100.{i % 250}", 1000 + i, 10, 1024, 443, 6,
         netflow9.EXPORT_SEC * 1000, netflow9.EXPORT_SEC * 1000)
        for i in range(count)))


def tiny(count):
    return netflow9.data(TINY, *((1,) for _ in range(count)))


def findings(flowd):
    """Returns the texts of flowdctl check by the names of the findings."""
    found = json.loads(ctlclient.flowdctl(flowd, "-j", "check").stdout)
    return {f["finding"]: f["text"] for f in found["findings"]}


class Running(unittest.TestCase):
    statements = ("store ALL", CONTROL)

    def setUp(self):
        self.flowd = Flowd(*self.statements)
        self.addCleanup(self.flowd._discard)
        self.flowd.start()

    def tearDown(self):
        self.flowd.stop()

    def send(self, *sets, version=IPFIX):
        datagram = message(version, *sets)
        self.flowd.send(datagram)
        return len(datagram)

    def counted(self):
        counted = report.statistics(self.flowd)
        counted.check(self)
        return counted.all

    def size(self):
        return self.flowd.log.stat().st_size


class Content(Running):
    """Records without address, octets and packets."""

    def check_refused(self, empty, flows=1):
        """Asserts that this many records were refused, and others stored."""
        counted = self.counted()
        self.assertEqual(counted["no-content"], empty)
        self.assertEqual(counted["flows"], flows + empty)
        self.flowd.wait_flows(flows)

    def test_templates_without_content(self):
        for version in (V9, IPFIX):
            with self.subTest(version=version):
                self.setUp()
                self.send(netflow9.templates(
                    version, Template(256, PADDING), NORMAL,
                    Template(257, ("sourceTransportPort", 2),
                             ("protocolIdentifier", 1))), version=version)
                self.send(netflow9.raw_set(256, bytes(1400)), normal(1),
                          netflow9.raw_set(257, bytes(300)), version=version)
                self.check_refused(1500)
                text = findings(self.flowd)["no-content"]
                self.assertIn("template 256 of domain 0", text)
                self.assertIn("template 257 of domain 0", text)
                self.assertNotIn("400", text)
                self.flowd.wait_stderr("have no address, octets or packets; "
                                       "they are not stored")

    def test_sequence_numbers_count_them(self):
        self.flowd.send(message(IPFIX, netflow9.templates(
            IPFIX, Template(256, PADDING))))
        for sequence in (0, 100, 200):
            self.flowd.send(message(IPFIX, netflow9.raw_set(256, bytes(100)),
                                    sequence=sequence))
        self.assertEqual(self.counted()["sequence-lost"], 0)

    def test_fields_of_variable_length(self):
        layout = Template(256, ("applicationName", VARIABLE), PADDING)
        self.send(netflow9.templates(IPFIX, layout, NORMAL),
                  netflow9.data(layout, (b"", 0), (b"abc", 0),
                                (bytes(300), 0)), normal(1))
        self.check_refused(3)

    def test_octets_of_a_packet_decide(self):
        """A frame that flowd cannot read is no flow."""
        frame = bytes(12) + bytes.fromhex(
            "08004500001c000000004011000a") + bytes(
                (192, 0, 2, 1, 192, 0, 2, 2)) + bytes(8)
        # dataLinkFrameType and dataLinkFrameSection
        layout = Template(256, Field(408, 2), Field(315, VARIABLE))
        self.send(netflow9.templates(IPFIX, layout), netflow9.data(
            layout, (2, b""), (1, frame), (2, frame)))
        self.check_refused(2)
        self.assertEqual(self.flowd.flows()[0]["src"], "192.0.2.1")
        self.assertIn("2 flows had no addresses, octets and packets",
                      findings(self.flowd)["no-content"])

    def test_reverse_direction_decides(self):
        layout = Template(256, Field("octetDeltaCount", 4, netflow9.REVERSE))
        self.send(netflow9.templates(IPFIX, layout),
                  netflow9.data(layout, (0,), (7,)))
        self.check_refused(1)

    def test_each_kind_of_content_is_enough(self):
        kinds = (("sourceIPv4Address", 4), ("destinationIPv6Address", 16),
                 ("octetTotalCount", 8), ("packetDeltaCount", 1))
        for number, field in enumerate(kinds, 256):
            layout = Template(number, field)
            self.send(netflow9.templates(IPFIX, layout),
                      netflow9.raw_set(number, b"\1" * field[1]))
        self.check_refused(0, len(kinds))
        self.assertNotIn("no-content", findings(self.flowd))


class Growth(Running):
    """The bytes that a datagram adds to the log."""

    def check_bound(self, octets, sent):
        """Asserts that a datagram of these octets, with this many flows, added
        no more than it may, and nearly as much."""
        counted = self.counted()
        self.assertEqual(counted["flows"], sent)
        self.assertGreater(counted["amplified"], 0)
        self.flowd.wait_flows(sent - counted["amplified"])
        self.assertLessEqual(self.size(), PER_OCTET * octets + EXTRA)
        self.assertGreater(self.size(), PER_OCTET * octets)

    def test_records_of_one_octet(self):
        self.send(netflow9.templates(IPFIX, TINY))
        octets = self.send(tiny(1400))
        self.check_bound(octets, 1400)
        self.assertIn("more than 8 bytes an octet",
                      findings(self.flowd)["amplification"])
        self.flowd.wait_stderr(f"flows of a datagram of {octets} octets are "
                               "not stored")

    def test_each_datagram_has_its_own_limit(self):
        self.send(netflow9.templates(IPFIX, TINY))
        octets = sum(self.send(tiny(500)) for _ in range(10))
        counted = self.counted()
        self.flowd.wait_flows(5000 - counted["amplified"])
        self.assertLessEqual(self.size(), PER_OCTET * octets + 10 * EXTRA)
        self.assertGreater(self.size(), PER_OCTET * octets + 9 * EXTRA)

    def test_held_data_have_the_limit_of_their_own_datagram(self):
        """A small template releases the data of many datagrams."""
        for _ in range(20):
            self.send(normal(30))
        self.send(netflow9.templates(IPFIX, NORMAL))
        self.assertEqual(self.counted()["amplified"], 0)
        self.flowd.wait_flows(600)

    def test_held_data_count_once(self):
        """Octets of a held set do not count for other sets of its datagram."""
        self.send(netflow9.templates(IPFIX, TINY))
        octets = self.send(tiny(200), normal(30))
        self.check_bound(octets - 30 * 37, 200)
        self.send(netflow9.templates(IPFIX, NORMAL))
        amplified = self.counted()["amplified"]
        self.flowd.wait_flows(230 - amplified)

    def test_full_datagrams_of_normal_flows(self):
        for version in (1, 5, 7):
            self.flowd.send(netflow.datagram(version, netflow.flows(24)))
        self.send(netflow9.templates(IPFIX, NORMAL), normal(37))
        self.send(normal(1000))
        self.flowd.wait_flows(3 * 24 + 1037)
        self.assertEqual(self.counted()["amplified"], 0)


class GrowthOfSeveralLogs(Growth):
    """The same where flows are not encoded directly into the log's buffer."""

    statements = ("store ALL", CONTROL, 'logfile "@DIR@/other" tag 7',
                  "accept tag 7 src 203.0.113.0/24")


if __name__ == "__main__":
    tap.main()
