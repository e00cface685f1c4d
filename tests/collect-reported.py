#!/usr/bin/env python3
"""Datagrams of exporters that were reported as faults are stored with the right
values, and `flowdctl check` reports the right findings."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap
from ctlclient import CONTROL, show_json
from feed import Feed
from flowdtest import Flowd
from recorded import absolute_ms

EXPORT_MS = 1700000000000
SRC, DST = "192.0.2.1", "198.51.100.1"

# For each file of reports/, the members of each flow in order; start and end
# are in milliseconds since the epoch, and None means that the flow has no such
# member.
REPORTS = {
    "f1-srv6-outer-inner": [
        {"src": SRC, "dst": DST, "src_port": 51000, "dst_port": 443,
         "protocol": 6, "tcp_flags": 0x1b, "tos": 0xb8, "src_mask": None}],
    "f2-icmp-with-ports": [
        {"protocol": 1, "src_port": 0, "dst_port": 771},
        {"protocol": 6, "dst_port": 80},
        {"protocol": 1, "src_port": 0, "dst_port": 2048},
        {"protocol": 1, "src_port": 0, "dst_port": 0},
        {"protocol": 58, "src_port": 0, "dst_port": 32768}],
    "f3-v5-31-records": [
        {"src": SRC, "src_port": 1024 + i, "dst": DST, "dst_port": 80}
        for i in range(31)],
    "f4-layer2-octets": [{"octets": 1180}],
    "f6-v9-sequence-counts-flows": [{"src": SRC, "dst": DST}] * 50 * 24,
    "f7-ipfix-sequence-after": [{"src": SRC, "dst": DST}] * 237,
    "f9-times-out-of-range": [
        {"start": EXPORT_MS, "end": EXPORT_MS}] * 25,
    "f10-event-time": [
        {"start": EXPORT_MS - 30450, "end": EXPORT_MS - 30450}],
    "f11-icmp-without-protocol": [{"protocol": 1, "dst_port": 2048}],
    "f12-sflow": [],
    "f14-frame-section": [
        {"src": SRC, "dst": DST, "src_port": 1024, "dst_port": 53,
         "protocol": 17, "packets": 1, "octets": 98}],
    "g1-duration-zero": [
        {"start": EXPORT_MS - 60000, "end": EXPORT_MS - 60000}] * 3,
    # Its processes send in turn.
    "g2-two-processes-one-address": [
        {"src": SRC, "src_port": 1024, "dst": DST, "dst_port": 53,
         "packets": 3, "octets": 1200},
        {"src": "203.0.113.9", "src_port": 4000, "dst": "198.51.100.7",
         "dst_port": 443, "packets": 7, "octets": 9000}],
    "g4-flags-as-counters": [{"tcp_flags": 0x1b}],
    "g5-in-is-out-of-zero": [{"if_index_in": 0, "if_index_out": 0}] * 40,
    "g7-sampling-of-interfaces": [],
    "g8-reverse-times-interfaces": [
        {"start": EXPORT_MS - 60000, "end": EXPORT_MS - 50000,
         "if_index_in": 1, "if_index_out": 2},
        {"src": DST, "src_port": 53, "dst": SRC, "dst_port": 1024,
         "start": EXPORT_MS - 59000, "end": EXPORT_MS - 52000,
         "if_index_in": 3, "if_index_out": 4}],
    "g10-no-times-of-list-templates": [{"src": SRC, "dst": DST}],
    "g11-one-template-for-all": [
        {"protocol": 6, "src_port": 50000, "dst_port": 443},
        {"protocol": 17, "src_port": 5353, "dst_port": 53},
        {"protocol": 1, "dst_port": 2048},
        {"protocol": 58, "dst_port": 32768}],
    "g13-prefixes-instead-of-addresses": [
        {"src": "192.0.2.0", "dst": "198.51.100.0", "src_mask": 24},
        {"src": "2001:db8:1::", "dst": "2001:db8:2::", "dst_mask": 48}],
    "g14-names-of-interfaces": [],
    "g16-post-totals": [{"octets": 1200, "packets": 3}],
    "g17-init-time-later-in-the-message": [
        {"start": EXPORT_MS - 60000, "end": EXPORT_MS - 50000},
        {"start": EXPORT_MS - 60000, "end": EXPORT_MS - 50000}],
}
# Besides clock-off, as the datagrams are old.
FINDINGS = {
    "f9-times-out-of-range": {"times-old"},
    "f14-frame-section": {"no-times"},
    "f12-sflow": {"unsupported-version"},
    "g2-two-processes-one-address": {"template-conflict"},
}
# The unit of sequence numbers that count something else, and no loss.
UNITS = {
    "f6-v9-sequence-counts-flows": "flows",
    "f7-ipfix-sequence-after": "records-with-own",
}
# Of samplers, {(version, interface): (sampled, one_of)}.
SAMPLERS = {
    "g7-sampling-of-interfaces": {
        (9, 1): (1, 100), (9, 2): (1, 1000),
        (10, 1): (1, 100), (10, 2): (1, 1000)},
}
# Of interfaces, their names and descriptions.
INTERFACES = {
    "g14-names-of-interfaces": [
        ("HundredGigE0/0/0/0.1234-customer-0123456789-abc",
         'Zürich, "Süd"')],
}


def datagrams(path):
    """Returns the datagrams of a file: one a line, in hexadecimal."""
    return [bytes.fromhex(line) for line in path.read_text().splitlines()
            if line.strip() and not line.startswith("#")]


def members(flow, wanted):
    """Returns the wanted members of a stored flow."""
    times = {"start": "flow_start", "end": "flow_finish"}
    return {key: absolute_ms(flow, times[key])
            if key in times and times[key] in flow else flow.get(key)
            for key in wanted}


@unittest.skipIf(tap.DATA is None, "FLOWD_TEST_DATA is not set")
class Reported(unittest.TestCase):
    """Each file is sent from an address of its own."""

    @classmethod
    def setUpClass(cls):
        cls.names = sorted(
            path.stem for path in (tap.DATA / "reports").glob("*.hex"))

    def agent(self, name):
        return f"127.0.1.{1 + self.names.index(name)}"

    def check_findings(self, flowd):
        found = {}
        result = show_json(flowd, "check", status=3)
        for finding in result["findings"]:
            found.setdefault(finding["exporter"], set()).add(
                finding["finding"])
        for name in self.names:
            with self.subTest(name):
                self.assertEqual(
                    found.get(self.agent(name), set()) - {"clock-off"},
                    FINDINGS.get(name, set()))

    def check_exporter(self, name, state):
        if name in SAMPLERS:
            self.assertEqual(
                {(s["version"], s["interface"]): (s["sampled"], s["one_of"])
                 for s in state["samplers"]}, SAMPLERS[name])
        if name in INTERFACES:
            self.assertEqual([(i["name"], i["description"])
                              for i in state["interfaces"]], INTERFACES[name])
        if name in UNITS:
            self.assertEqual([s["unit"] for s in state["sequences"]],
                             [UNITS[name]])
        exporter, = state["exporters"]
        self.assertEqual((exporter["sequence_lost"],
                          exporter["sequence_lost_datagrams"]), (0, 0))

    def send(self, feed, name):
        for i, datagram in enumerate(datagrams(
                tap.DATA / "reports" / (name + ".hex"))):
            feed.send(datagram, self.agent(name),
                      i % 2 if name == "g2-two-processes-one-address" else 0)

    def test_reports(self):
        self.assertEqual(self.names, sorted(REPORTS))
        with Flowd("store ALL", CONTROL) as flowd:
            feed = Feed(flowd)
            for name in self.names:
                self.send(feed, name)
            feed.drain()
            for name, wanted in REPORTS.items():
                with self.subTest(name):
                    flows = feed.flows_of(self.agent(name))
                    self.assertEqual(
                        [members(flow, want)
                         for flow, want in zip(flows, wanted)], wanted)
                    self.assertEqual(len(flows), len(wanted))
                    self.check_exporter(name, show_json(
                        flowd, "show", "exporter", self.agent(name)))
            self.check_findings(flowd)


if __name__ == "__main__":
    tap.main()
