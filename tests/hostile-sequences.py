#!/usr/bin/env python3
"""One datagram with a forged sequence number makes flowd report no loss and no
restart, and real losses are counted beside it."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap
from ctlclient import CONTROL, show_json
from decoding import Sender
from feed import Feed
from flowdtest import Flowd
from netflow9 import IPFIX, V9
from report import statistics

AGENT = "127.0.0.9"
FAR = [2**31 - 1, 2**31, 2**30, 2**30 + 1, 2**21, 2**32 - 2**30]
LOSSES = ("sequence-lost", "sequence-lost-datagrams", "restarts")


class Forged(Sender):
    flows_each = 3

    def forged(self, sequence):
        """Returns an empty datagram from the exporter's own port."""
        return self.message(sequence=sequence % 2**32)

    def number_of(self, i):
        """Returns the number of the i-th datagram; the first is the
        template's."""
        return i if self.version == V9 else self.flows_each * (i - 1)

    def real(self, i):
        return self.message(self.simple(self.flows_each),
                            sequence=self.number_of(i))

    def start(self, feed):
        feed.send(self.message(self.templates(self.SIMPLE)), AGENT)

    def run_with(self, forged, lost=0):
        """Sends forged numbers among real ones, each of which follows a real
        one.  Returns the counters, and the completeness of the hour."""
        with Flowd("store ALL", CONTROL) as flowd:
            feed = Feed(flowd)
            self.start(feed)
            i = 1
            for distance in forged:
                for i in range(i, i + 10):
                    feed.send(self.real(i), AGENT)
                i += 1
                feed.send(self.forged(self.number_of(i) + distance), AGENT)
            for i in range(i + lost, i + lost + 10):
                feed.send(self.real(i), AGENT)
            feed.drain()
            report = statistics(flowd)
            report.check(self)
            shown = show_json(flowd, "show", "exporter", AGENT)["exporters"]
            return report[AGENT], shown[0]

    def test_forged_numbers(self):
        for distance in FAR:
            with self.subTest(distance=distance):
                counters, shown = self.run_with([distance])
                self.assertEqual([counters[name] for name in LOSSES],
                                 [0, 0, 0])
                self.assertEqual(shown["hour_complete"], 1.0)

    def test_39_steps_that_wrapped(self):
        """Every fourth one is due, and others follow each other."""
        counters, shown = self.run_with([2**30 * i for i in range(1, 40)])
        missing = sum(counters[name] for name in LOSSES[:2])
        self.assertLess(missing, 3 * 400 * self.flows_each)
        if self.version == IPFIX:
            self.assertEqual(shown["hour_missing"], missing)

    def test_real_loss_beside_a_forged_number(self):
        counters, _ = self.run_with([2**31 - 1], lost=7)
        self.assertEqual(
            counters["sequence-lost"] + counters["sequence-lost-datagrams"],
            7 if self.version == V9 else 7 * self.flows_each)
        self.assertEqual(counters["restarts"], 0)


class ForgedOfVersion9(Forged, unittest.TestCase):
    """NetFlow v9"""

    version = V9

    def test_an_uptime_of_0(self):
        """It is no restart, whatever its number."""
        self.forged = lambda sequence: self.message(
            sequence=sequence % 2**32, uptime_ms=0)
        for distance in (0, 5, 2**25, 2**32 - 2**25):
            with self.subTest(distance=distance):
                counters, _ = self.run_with([distance])
                self.assertLessEqual(
                    counters["sequence-lost-datagrams"], 1)
                self.assertEqual(counters["restarts"], 0)


class ForgedOfIpfix(Forged, unittest.TestCase):
    """IPFIX"""

    version = IPFIX


if __name__ == "__main__":
    tap.main()
