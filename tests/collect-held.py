#!/usr/bin/env python3
"""Data received before their template are held, within bounds, and stored when
the template arrives, with the time at which they were received."""

import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow9
import tap
from decoding import PACKETS, SRC4, Sender
from feed import Feed
from flowdtest import Flowd, wait_for
from netflow9 import Template
from report import statistics

HELD_SETS_EXPORTER = 1024
HELD_BYTES_EXPORTER = 1 << 20


def received(flow):
    """Returns the receipt time in seconds since the epoch."""
    return flow["recv_sec"] + flow["recv_usec"] / 1000000


class Held(Sender):
    """Data without a template, and the messages about them."""

    OTHER = Template(301, SRC4, PACKETS)

    def other(self, number):
        return netflow9.data(self.OTHER, ("192.0.2.1", number))

    def counters(self, flowd):
        """Returns the counters of the test's exporter, and checks all sums."""
        report = statistics(flowd)
        report.check(self)
        return report["127.0.0.1"]

    def check(self, flowd, **expected):
        counters = self.counters(flowd)
        self.assertEqual({name: counters[name.replace("_", "-")]
                          for name in expected}, expected)

    def test_data_are_stored_when_their_template_arrives(self):
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            before = time.time()
            for i in range(3):
                feed.send(self.message(self.simple(2, first=2 * i),
                                       sequence=i, sec=1600000000 + i))
            self.assertEqual(feed.flows(), [])
            after = time.time()
            self.check(flowd, datagrams=3, held=3, decoded=0, flows=0)
            wait_for(lambda: time.time() > after + 0.01, "time goes by")
            feed.send(self.message(self.templates(self.SIMPLE),
                                   self.simple(1, first=6)))
            stored = feed.flows()
            self.check(flowd, datagrams=4, held=0, decoded=4, flows=7,
                       stored=7)
        # In their order, and before those that came with the template.
        self.assertEqual(self.octets(stored), list(range(7)))
        # Each has the header values of its own datagram.
        self.assertEqual([f["time_sec"] for f in stored[:6:2]],
                         [1600000000, 1600000001, 1600000002])
        self.assertEqual([f["flow_sequence"] for f in stored[:6:2]],
                         [0, 1, 2])
        for flow in stored[:6]:
            self.assertGreater(received(flow), before - 0.01)
            self.assertLess(received(flow), after)
        self.assertGreater(received(stored[6]), after)

    def test_the_template_is_from_another_line_card(self):
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            feed.send(self.message(self.simple(1)))
            # Not a template of another router.
            feed.send(self.message(self.templates(self.SIMPLE)), "127.0.0.2")
            # Nor one of another domain.
            feed.send(self.message(self.templates(self.SIMPLE), domain=2))
            self.assertEqual(feed.flows(), [])
            feed.send(self.message(self.templates(self.SIMPLE)))
            self.assertEqual(len(feed.flows()), 1)

    def test_decodable_sets_are_not_held(self):
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            feed.send(self.message(
                self.templates(self.SIMPLE), self.simple(1), self.other(7),
                self.simple(1, first=1)))
            self.assertEqual(self.octets(feed.flows()), [0, 1])
            self.check(flowd, datagrams=1, held=1, decoded=0, flows=2)
            feed.send(self.message(self.templates(self.OTHER)))
            self.assertEqual(feed.flows()[2]["packets"], 7)
            self.check(flowd, datagrams=2, held=0, decoded=2, flows=3)

    def test_a_datagram_held_for_two_templates(self):
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            feed.send(self.message(self.simple(1), self.other(7),
                                   self.simple(1, first=1)))
            feed.send(self.message(self.templates(self.SIMPLE)))
            self.assertEqual(self.octets(feed.flows()), [0, 1])
            self.check(flowd, datagrams=2, held=1, decoded=1, flows=2)
            feed.send(self.message(self.templates(self.OTHER)))
            self.assertEqual(feed.flows()[2]["packets"], 7)
            self.check(flowd, datagrams=3, held=0, decoded=3, flows=3)

    def test_data_precede_their_template(self):
        """Both are in one datagram."""
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            feed.send(self.message(self.simple(2),
                                   self.templates(self.SIMPLE),
                                   self.simple(1, first=2)))
            self.assertEqual(self.octets(feed.flows()), [0, 1, 2])
            self.check(flowd, datagrams=1, held=0, decoded=1, flows=3)

    def test_logged_once(self):
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            for _ in range(50):
                feed.send(self.message(self.simple(1), domain=7))
            feed.drain()
            flowd.wait_stderr("domain 7")
            said = [l for l in flowd.stderr_lines()
                    if "127.0.0.1: " in l and "new exporter" not in l]
        self.assertEqual(len(said), 1)
        self.assertIn("domain 7", said[0])
        self.assertIn("template 300", said[0])

    def test_number_of_sets(self):
        """The oldest sets are dropped, and only this exporter's."""
        more = 76
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            feed.send(self.message(self.simple(1)), "127.0.0.2")
            for i in range(HELD_SETS_EXPORTER + more):
                feed.send(self.message(self.simple(1, first=i)))
            feed.drain()
            self.check(flowd, datagrams=HELD_SETS_EXPORTER + more,
                       held=HELD_SETS_EXPORTER, no_template=more)
            template = self.message(self.templates(self.SIMPLE))
            feed.send(template)
            stored = feed.flows()
            self.assertEqual(self.octets(stored), list(range(
                more, more + HELD_SETS_EXPORTER)))
            self.check(flowd, held=0, no_template=more,
                       decoded=HELD_SETS_EXPORTER + 1)
            feed.send(template, "127.0.0.2")
            self.assertEqual(len(feed.flows_of("127.0.0.2")), 1)

    def test_octets(self):
        flows, datagrams = 4000, 30
        size = 12 * flows
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            for i in range(datagrams):
                feed.send(self.message(self.simple(flows, first=i)))
            feed.drain()
            counters = self.counters(flowd)
            # The overhead of a held set is counted too, but is small.
            most = HELD_BYTES_EXPORTER // size
            self.assertIn(counters["held"], (most - 1, most))
            self.assertEqual(counters["no-template"],
                             datagrams - counters["held"])
            feed.send(self.message(self.templates(self.SIMPLE)))
            self.assertEqual(len(feed.flows()), counters["held"] * flows)

    def test_a_datagram_of_which_sets_are_dropped(self):
        """A datagram is counted once, whether its sets are stored or
        dropped."""
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            feed.send(self.message(
                *(self.simple(1, first=i)
                  for i in range(HELD_SETS_EXPORTER + 10)), self.other(3)))
            feed.drain()
            self.check(flowd, datagrams=1, held=1)
            feed.send(self.message(self.templates(self.SIMPLE)))
            self.assertEqual(self.octets(feed.flows()), list(range(
                11, HELD_SETS_EXPORTER + 10)))
            feed.send(self.message(self.templates(self.OTHER)))
            self.assertEqual(len(feed.flows()), HELD_SETS_EXPORTER)
            self.check(flowd, datagrams=3, held=0, no_template=1, decoded=2)

    def test_filters_and_counters_apply(self):
        """Held flows are filtered like all others."""
        with Flowd("store ALL", "discard src 192.0.2.1") as flowd:
            feed = Feed(flowd)
            feed.send(self.message(self.simple(5)))
            feed.send(self.message(self.templates(self.SIMPLE)))
            self.assertEqual(feed.flows(), [])
            self.check(flowd, flows=5, stored=0, discarded=5, held=0)

    def test_all_kinds_of_datagrams_add_up(self):
        with Flowd("store ALL", "flow source 127.0.0.0/16",
                   "flow source 127.255.255.1") as flowd:
            feed = Feed(flowd)
            feed.send(self.message(self.templates(self.OTHER)))
            feed.send(self.message(self.other(1)))
            feed.send(self.message(self.simple(1)))
            feed.send(self.message(self.simple(1))[:-1])
            feed.send(self.message(netflow9.raw_set(300, b"", length=3)))
            feed.send(b"\0\x08" + bytes(30))
            feed.send(self.message(self.simple(1)), "127.7.0.1")
            self.assertEqual(len(feed.flows()), 1)
            report = statistics(flowd)
            report.check(self)
        self.assertEqual(
            {key: report["127.0.0.1"][key] for key in (
                "datagrams", "decoded", "invalid", "unsupported", "held",
                "unauthorised")},
            {"datagrams": 6, "decoded": 2, "invalid": 2, "unsupported": 1,
             "held": 1, "unauthorised": 0})
        self.assertEqual(report.all["unauthorised"], 1)


class HeldOfVersion9(Held, unittest.TestCase):
    """NetFlow v9"""

    version = netflow9.V9


class HeldOfIpfix(Held, unittest.TestCase):
    """IPFIX"""

    version = netflow9.IPFIX

    def test_held_flows_do_not_count_as_lost(self):
        """The number of held flows is unknown before their template
        arrives."""
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            feed.send(self.message(self.simple(5), sequence=0))
            feed.send(self.message(self.simple(5), sequence=5))
            feed.send(self.message(self.templates(self.SIMPLE), sequence=10))
            feed.send(self.message(self.simple(1), sequence=10))
            self.assertEqual(len(feed.flows()), 11)
            self.check(flowd, sequence_lost=0)


if __name__ == "__main__":
    tap.main()
