#!/usr/bin/env python3
"""softflowd, a widely used exporter, exports to a running flowd, which stores
all of its flows."""

import collections
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap
import traffic
from flowdtest import Flowd, need
from recorded import absolute_ms
from report import statistics


def as_traffic(stored):
    """Returns a stored flow as a traffic.Flow."""
    return traffic.Flow(stored["src"], stored["dst"], stored["src_port"],
                        stored["dst_port"], stored["protocol"],
                        stored["packets"], stored["octets"])


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

    def collect(self, version, *options, ipv6=True):
        with Flowd("store ALL") as flowd:
            pcap = flowd.dir / "traffic.pcap"
            sent = [f for f in traffic.write_pcap(pcap)
                    if ipv6 or ":" not in f.src]
            traffic.softflowd(flowd.dir, pcap, version,
                              flowd.addresses[0], flowd.port, *options)
            stored = flowd.wait_flows(len(sent))
            statistics(flowd).check(self)
        self.assertEqual({f["netflow_version"] for f in stored}, {version})
        self.assertEqual(
            collections.Counter(without_icmp(as_traffic(f)) for f in stored),
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
                    traffic.BEGIN, traffic.BEGIN + len(begun))))

    def test_ipfix_of_both_directions(self):
        """Biflows: one record for two flows, of which the times are those of
        the forward direction."""
        stored = self.collect(10, "-b")
        self.assertEqual({"flow_finish" in f for f in stored}, {True, False})

    def test_v9_options_have_the_sampling(self):
        with Flowd("store ALL") as flowd:
            pcap = flowd.dir / "traffic.pcap"
            traffic.write_pcap(pcap)
            traffic.softflowd(flowd.dir, pcap, 9, flowd.addresses[0],
                              flowd.port, "-s", "7")
            report = statistics(flowd)
            report.check(self)
            self.assertEqual(
                len(report.lines("127.0.0.1", "takes 1 of 7 packets")), 1)


if __name__ == "__main__":
    tap.main()
