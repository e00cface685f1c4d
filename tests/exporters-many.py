#!/usr/bin/env python3
"""100,000 made-up exporters: memory stays within its limit, every flow is
stored, newcomers evict newcomers, and no named exporter loses its templates."""

import ipaddress
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import netflow9
import tap
from ctlclient import CONTROL, show_json
from decoding import Sender
from feed import Feed
from flowdtest import Flowd, is_sanitized
from wire import has_loopback_net

LIMIT = 65536			# exporters
MADE_UP = 100000
MEMORY = 128			# MiB; this many exporters use half of it
KNOWN = [f"127.0.1.{n}" for n in range(1, 101)]
NAMED = "127.0.2.1"		# in flowd.conf; sends late
FIRST = int(ipaddress.ip_address("127.16.0.1"))


def made_up(number):
    """Returns the address of a made-up exporter."""
    return str(ipaddress.ip_address(FIRST + number))


@unittest.skipUnless(has_loopback_net(), "127.0.0.0/8 is not local")
class Many(Sender, unittest.TestCase):
    """Each exporter sends a template of its own and a flow for it."""

    version = netflow9.V9

    def send_data_only(self, feed, agents):
        """Sends data only; returns the addresses whose flows are stored."""
        before = len(feed.flows())
        for agent in agents:
            feed.send(self.message(self.simple(1)), agent)
        return [f["agent"] for f in feed.flows()[before:]]

    def test_many(self):
        templates = self.message(self.templates(self.SIMPLE))
        both = self.message(self.templates(self.SIMPLE), self.simple(1))
        flowd = Flowd("store AGENT_ADDR", "flow source 127.0.0.0/8",
                      *(f"flow source {agent}" for agent in [*KNOWN, NAMED]),
                      CONTROL)
        # flowd is killed at the end: its final report would have 64 MiB.
        self.addCleanup(flowd._discard)
        flowd.start()
        feed = Feed(flowd)
        for agent in KNOWN:
            feed.send(templates, agent)
        feed.drain()
        for number in range(MADE_UP):
            feed.send(both, made_up(number))
        stored = feed.flows()
        self.assertEqual(len(stored), MADE_UP)
        self.assertEqual(len({f["agent"] for f in stored}), MADE_UP)
        if not is_sanitized():
            self.assertLess(flowd.memory(), MEMORY)

        # Named exporters keep their templates, and the latest newcomers.
        self.assertEqual(self.send_data_only(feed, KNOWN), KNOWN)
        late = [made_up(MADE_UP - 1 - n) for n in range(0, 60000, 1000)]
        self.assertEqual(self.send_data_only(feed, late), late)
        early = [made_up(n) for n in range(20)]
        self.assertEqual(self.send_data_only(feed, early), [])
        before = len(feed.flows())
        for agent in early:
            feed.send(netflow.datagram(5, netflow.flows(2)), agent)
        self.assertEqual(len(feed.flows()), before + 2 * len(early))
        # Another exporter that flowd.conf names is still accepted.
        feed.send(templates, NAMED)
        self.assertEqual(self.send_data_only(feed, [NAMED]), [NAMED])
        self.assertEqual(self.send_data_only(feed, KNOWN), KNOWN)

        summary = show_json(flowd, "show", "summary")["summary"]
        self.assertEqual(summary["exporters"], LIMIT)
        # The feed also sent datagrams, of one flow each.
        self.assertGreater(summary["datagrams"], MADE_UP)
        self.assertEqual(summary["no_template"] + summary["held"], len(early))
        exporters = show_json(flowd, "show", "exporters")["exporters"]
        self.assertEqual(len(exporters), LIMIT)
        for n in [summary, *exporters]:
            self.check_sums(n)

    def check_sums(self, n):
        """Asserts that every datagram is counted once, and every flow."""
        self.assertEqual(n["datagrams"], sum(n[key] for key in (
            "decoded", "invalid", "unsupported", "held", "no_template")), n)
        self.assertEqual(n["flows"], sum(n[key] for key in (
            "stored", "discarded", "lost", "buffered")), n)


if __name__ == "__main__":
    tap.main()
