#!/usr/bin/env python3
"""softflowd, a widely used exporter, exports to a running flowd, which stores
all of its flows."""

import collections
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap
import traffic
from ctlclient import CONTROL, show_json
from flowdtest import Flowd, need
from recorded import absolute_ms
from report import statistics

# The members of a flow at each level of -T.
LEVELS = {
    "full": lambda flow: flow,
    "vlan": lambda flow: flow,
    "ether": lambda flow: flow,
    "port": lambda flow: flow,
    "proto": lambda flow: flow._replace(src_port=0, dst_port=0),
    "ip": lambda flow: flow._replace(src_port=0, dst_port=0, protocol=0),
}


def without_icmp(flow):
    """Returns the flow without ports if it is ICMP: softflowd stores the type
    and code there."""
    if flow.protocol in (traffic.ICMP, traffic.ICMPV6):
        return flow._replace(src_port=0, dst_port=0)
    return flow


@unittest.skipIf(need("softflowd"), "softflowd is not installed")
class Softflowd(unittest.TestCase):
    """Each version that softflowd sends; the old ones have no IPv6
    addresses."""

    def collect(self, version, *options, ipv6=True, as_tracked=lambda f: f):
        begin = int(time.time()) - traffic.CONVERSATIONS
        with Flowd("store ALL", CONTROL) as flowd:
            pcap = flowd.dir / "traffic.pcap"
            sent = [as_tracked(f) for f in traffic.write_pcap(pcap, begin=begin)
                    if ipv6 or ":" not in f.src]
            traffic.softflowd(flowd.dir, pcap, version,
                              flowd.addresses[0], flowd.port, *options)
            stored = flowd.wait_flows(len(sent))
            statistics(flowd).check(self)
            self.assertEqual(show_json(flowd, "check")["findings"], [])
        self.assertEqual({f["netflow_version"] for f in stored}, {version})
        self.assertEqual(
            collections.Counter(without_icmp(traffic.as_flow(f))
                                for f in stored),
            collections.Counter(sent))
        for flow in stored:
            if "flow_finish" not in flow:
                continue
            self.assertLessEqual(flow["flow_finish"], flow["sys_uptime_ms"])
            took = (absolute_ms(flow, "flow_finish") -
                    absolute_ms(flow, "flow_start"))
            self.assertIn(took, range(1000))
        return stored

    def test_v1(self):
        self.collect(1, ipv6=False)

    def test_v5(self):
        self.collect(5, ipv6=False)

    def test_v9(self):
        self.collect(9)

    def test_ipfix(self):
        self.collect(10)

    def test_ipfix_with_absolute_times(self):
        """Each conversation is within one second of its own."""
        for unit in ("sec", "milli", "micro", "nano"):
            with self.subTest(unit):
                stored = self.collect(10, "-a", "-A", unit)
                begun = {absolute_ms(f, "flow_start") // 1000
                         for f in stored}
                self.assertEqual(begun, set(range(
                    min(begun), min(begun) + traffic.CONVERSATIONS)))

    def test_levels_of_tracking(self):
        for level, as_tracked in LEVELS.items():
            for version in 1, 5, 9, 10:
                with self.subTest(level, version=version):
                    self.collect(version, "-T", level, ipv6=version >= 9,
                                 as_tracked=as_tracked)

    def test_ipfix_of_both_directions(self):
        """Biflows: one record for two flows, of which the times are those of
        the forward direction."""
        stored = self.collect(10, "-b")
        self.assertEqual({"flow_finish" in f for f in stored}, {True, False})

    def test_sampled_packets_have_their_rate(self):
        for version in 5, 9, 10:
            with self.subTest(version=version), \
                    Flowd("store ALL", CONTROL) as flowd:
                self.export_all(flowd, version, "-s", "7")
                report = statistics(flowd)
                report.check(self)
                self.assertEqual(
                    len(report.lines("127.0.0.1", "takes 1 of 7 packets")), 1)
                self.assertEqual(show_json(flowd, "check")["findings"], [])

    def test_psamp(self):
        """Each packet is a record; together they are the flows."""
        with Flowd("store ALL", CONTROL) as flowd:
            sent = self.export_all(flowd, "psamp")
            stored = [traffic.as_flow(f) for f in flowd.wait_flows(
                sum(flow.packets for flow in sent))]
            self.assertEqual(show_json(flowd, "check")["findings"], [])
        self.assertEqual(
            collections.Counter(map(without_icmp, stored)),
            collections.Counter({
                f._replace(packets=1, octets=f.octets // f.packets): f.packets
                for f in sent}))

    def export_all(self, flowd, version, *options):
        """Exports traffic, and returns its flows."""
        pcap = flowd.dir / "traffic.pcap"
        sent = traffic.write_pcap(
            pcap, begin=int(time.time()) - traffic.CONVERSATIONS)
        traffic.softflowd(flowd.dir, pcap, version, flowd.addresses[0],
                          flowd.port, *options)
        return sent


if __name__ == "__main__":
    tap.main()
