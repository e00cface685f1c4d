#!/usr/bin/env python3
"""Exporters that nobody knows take nothing from those that flowd.conf names,
whatever they send, and all memory stays within its limit."""

import ipaddress
import pathlib
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow9
import tap
from ctlclient import CONTROL, show_json
from decoding import Sender
from feed import Feed
from flowdtest import Flowd, is_sanitized
from netflow9 import IPFIX, Template
from report import statistics
from wire import has_loopback_net

NAMED = "127.0.2.1"
NEW = "127.0.2.2"
FIRST = int(ipaddress.ip_address("127.16.0.1"))
SETS = 1024			# held for one exporter
ALL_SETS = 65536		# held in all
MIB = 1 << 20
MEMORY = 16			# MiB


def spoofed(number):
    """Returns the address of a made-up exporter."""
    return str(ipaddress.ip_address(FIRST + number))


@unittest.skipUnless(has_loopback_net(), "127.0.0.0/8 is not local")
class Shares(Sender, unittest.TestCase):
    version = IPFIX

    def start(self, *statements):
        """Starts a flowd that names one exporter; returns its feed."""
        flowd = Flowd("store ALL", "flow source 127.0.0.0/8",
                      f"flow source {NAMED}", CONTROL, *statements)
        self.addCleanup(flowd._discard)
        flowd.start()
        feed = Feed(flowd)
        feed.drain()
        return feed

    def counters(self, feed, agent):
        return statistics(feed.flowd)[agent]

    def held(self, number, count):
        """Returns a message with sets for a template that is not known."""
        layout = Template(number, *self.SIMPLE.fields)
        return self.message(*(netflow9.data(
            layout, ("192.0.2.1", "198.51.100.2", i)) for i in range(count)))

    def test_a_full_queue_of_held_data(self):
        feed = self.start()
        small = netflow9.raw_set(400, b"")
        for number in range(ALL_SETS // SETS):
            feed.send(self.message(*[small] * SETS), spoofed(number))
        for agent in (NAMED, NEW):
            for i in range(200):
                feed.send(self.message(self.simple(5, first=5 * i)), agent)
            feed.send(self.message(self.templates(self.SIMPLE)), agent)
            self.assertEqual(self.octets(feed.flows_of(agent)),
                             list(range(1000)))
        report = statistics(feed.flowd)
        report.check(self)
        self.assertEqual(report[NAMED]["no-template"], 0)
        self.assertEqual(report[NAMED]["state-evicted"], 0)

    def wide(self, number, fields):
        """Returns a template set with one template of unknown elements."""
        return netflow9.raw_set(netflow9.TEMPLATE_SETS[self.version],
                                struct.pack("!HH", number, fields) +
                                struct.pack("!HH", 300, 4) * fields)

    def test_full_memory(self):
        """Templates of spoofed exporters fill their share many times."""
        feed = self.start(f"limit memory {MEMORY}M")
        for number in range(100):
            for i in range(4):
                feed.send(self.message(self.wide(256 + i, 15000)),
                          spoofed(number))
        report = statistics(feed.flowd)
        evicted = sum(report[spoofed(n)]["state-evicted"] for n in range(100))
        self.assertGreater(evicted, 50)
        for agent in (NAMED, NEW):
            for i in range(20):
                layout = Template(300 + i, *self.SIMPLE.fields)
                feed.send(self.message(self.templates(layout)), agent)
                feed.send(self.message(netflow9.data(
                    layout, ("192.0.2.1", "198.51.100.2", i))), agent)
            self.assertEqual(self.octets(feed.flows_of(agent)),
                             list(range(20)))
        # An exporter exceeds its cap, which is counted and reported.
        for i in range(20):
            feed.send(self.message(self.wide(1000 + i, 15000)), NEW)
        counters = self.counters(feed, NEW)
        self.assertGreater(counters["memory-refused"], 0)
        self.assertEqual(counters["state-evicted"], 0)
        self.assertIn("memory-share", [f["finding"] for f in show_json(
            feed.flowd, "check", NEW, status=3)["findings"]])

    @unittest.skipIf(is_sanitized(), "the sanitizer needs memory")
    def test_holes_count_as_memory(self):
        """For each size, sets are held by many exporters, and most of them are
        released: they leave holes in memory of this size."""
        feed = self.start(f"limit memory {MEMORY}M")
        start = feed.flowd.memory()
        release = self.message(self.templates(
            Template(401, ("paddingOctets", 1)), Template(
                402, ("paddingOctets", 1))))
        most, sent, octets = start, 0, 50
        while octets < 20000:
            agents = [spoofed(sent + i) for i in range(128)]
            sent += len(agents)
            count = min(60000 // (octets + 4), 900)
            sets = [netflow9.raw_set(400 + min(i % 16, 1), bytes(octets))
                    for i in range(count)]
            for agent in agents:
                feed.send(self.message(*sets), agent)
            for agent in agents:
                feed.send(release, agent)
            feed.drain()
            most = max(most, feed.flowd.memory())
            octets *= 3
        self.assertGreater(most, start)
        # Newcomers have a half, and the buffers for datagrams are outside.
        self.assertLessEqual(most - start, MEMORY)


if __name__ == "__main__":
    tap.main()
