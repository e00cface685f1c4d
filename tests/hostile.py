#!/usr/bin/env python3
"""No datagram ends flowd, makes it loop or grow beyond its limits, or makes
another exporter lose a flow."""

import pathlib
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow9
import recorded
import tap
from feed import Feed
from flowdtest import Flowd
from hostiletest import Hostile
from netflow9 import V9
from report import statistics

# Captures that malformed.tsv expects to be refused, and the flows in them.
# Cisco's limit of 30 is no rule: the length shows that all 31 are there.
# Withdrawals over UDP have no effect, so that the data after them are decoded.
ACCEPTED = {"v5-count-31.pcap": "31", "v9-mixed-families.pcap": "1",
            "ipfix-withdrawal-then-data.pcap": "2",
            "ipfix-withdraw-all-then-data.pcap": "2"}


@unittest.skipIf(tap.DATA is None, "FLOWD_TEST_DATA is not set")
class Captures(unittest.TestCase):
    """The datagrams of captures/malformed, with the expected flows in
    malformed.tsv."""

    def test_captures(self):
        captures = recorded.malformed()
        self.assertGreater(len(captures), 0)
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            for i, (row, datagrams) in enumerate(captures, 1):
                agent = f"127.0.4.{i}"
                for datagram in datagrams:
                    feed.send(datagram.payload, agent)
                # Also asserts that a valid v5 datagram after them is stored.
                with self.subTest(row["file"], what=row["what"]):
                    self.assertEqual(
                        str(len(feed.flows_of(agent))),
                        ACCEPTED.get(
                            row["file"],
                            row["records_a_correct_collector_stores"]))
            statistics(flowd).check(self)


class HostileVersion9(Hostile, unittest.TestCase):
    """NetFlow v9"""

    version = V9

    def test_impossible_options_templates(self):
        data = netflow9.raw_set(256, bytes(64))
        for scope, option in ((0, 0), (65532, 4), (4, 65532), (65532, 65532),
                              (2, 4), (4, 2), (8, 4)):
            with self.subTest(scope=scope, option=option):
                definition = struct.pack("!HHHHHHH", 256, scope, option, 1, 4,
                                         34, 4)
                stored, counters = self.run_beside_good([
                    self.message(netflow9.raw_set(1, definition)),
                    self.message(data)])
                self.assertEqual(stored, [])
                self.assertEqual(counters["options"], 0)


if __name__ == "__main__":
    tap.main()
