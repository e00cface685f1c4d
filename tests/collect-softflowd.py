#!/usr/bin/env python3
"""softflowd, an exporter in wide use, exports to a running flowd: all of its
flows arrive."""

import collections
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap
import traffic
from flowdtest import Flowd, need


def as_traffic(stored):
    """A stored flow as traffic.py has it."""
    return traffic.Flow(stored["src"], stored["dst"], stored["src_port"],
                        stored["dst_port"], stored["protocol"],
                        stored["packets"], stored["octets"])


def without_ports_of_icmp(flow):
    """softflowd puts ICMP's type and code where the ports are."""
    if flow.protocol == traffic.ICMP:
        return flow._replace(src_port=0, dst_port=0)
    return flow


@unittest.skipIf(need("softflowd"), "softflowd is not there")
class Softflowd(unittest.TestCase):
    """IPv4 traffic only: neither version carries IPv6 addresses."""

    def collect(self, version):
        with Flowd("store ALL") as flowd:
            pcap = flowd.dir / "traffic.pcap"
            sent = [f for f in traffic.write_pcap(pcap) if ":" not in f.src]
            traffic.softflowd(flowd.dir, pcap, version,
                              flowd.addresses[0], flowd.port)
            stored = flowd.wait_flows(len(sent))
        self.assertEqual({f["netflow_version"] for f in stored}, {version})
        self.assertEqual(
            collections.Counter(without_ports_of_icmp(as_traffic(f))
                                for f in stored),
            collections.Counter(sent))

    def test_v1(self):
        self.collect(1)

    def test_v5(self):
        self.collect(5)


if __name__ == "__main__":
    tap.main()
