#!/usr/bin/env python3
"""Processes that share an address, and are told apart by their source port:
each one's data are decoded with its own templates."""

import contextlib
import pathlib
import re
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import ctlclient
import netflow9
import recorded
import tap
import traffic
from ctlclient import CONTROL, show, show_json
from decoding import DST4, OCTETS, PACKETS, SRC4
from feed import Feed
from flowdtest import Flowd, need
from netflow9 import IPFIX, Template

AGENT = "127.0.0.9"
FULL = Template(256, SRC4, DST4, OCTETS, PACKETS)
SWAPPED = Template(256, DST4, SRC4, PACKETS, OCTETS)


class Ports(contextlib.ExitStack):
    """Some source ports of one address."""

    def __init__(self, feed, count):
        super().__init__()
        self.feed = feed
        self.sockets = [self.enter_context(
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            for _ in range(count)]
        for sock in self.sockets:
            sock.bind((AGENT, 0))
        self.numbers = [sock.getsockname()[1] for sock in self.sockets]

    def send(self, which, datagram):
        flowd = self.feed.flowd
        self.sockets[which].sendto(datagram,
                                   (flowd.addresses[0], flowd.port))


class Running(unittest.TestCase):
    statements = ("store ALL", CONTROL)

    def start(self, count, *statements):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.flowd = stack.enter_context(
            Flowd(*self.statements, *statements))
        self.feed = Feed(self.flowd)
        return stack.enter_context(Ports(self.feed, count))

    def findings(self):
        """Returns the findings about the exporter, by their names."""
        result = ctlclient.flowdctl(self.flowd, "check", AGENT)
        self.assertIn(result.returncode, (0, 3), result.stderr)
        return dict(re.findall(rf"^{AGENT}: ([a-z-]+): (.*)$",
                               result.stdout, re.MULTILINE))


def message(*sets):
    return netflow9.message(IPFIX, *sets)


def data(number):
    """Returns a record that either template reads."""
    return message(netflow9.data(
        FULL, ("192.0.2.1", "198.51.100.2", number, number + 1)))


class Made(Running):
    def test_each_process_has_its_templates(self):
        with self.start(2) as ports:
            for i in range(0, 30, 2):
                ports.send(0, message(netflow9.templates(IPFIX, FULL)))
                ports.send(1, message(netflow9.templates(IPFIX, SWAPPED)))
                ports.send(0, data(i))
                ports.send(1, data(i))
            stored = self.feed.flows_of(AGENT)
            self.assertEqual(
                [(f["src"], f["octets"]) for f in stored],
                [row for i in range(0, 30, 2)
                 for row in (("192.0.2.1", i), ("198.51.100.2", i + 1))])
            answer = show_json(self.flowd, "show", "exporter", AGENT)
            self.assertEqual(
                {(s["port"], s["datagrams"]) for s in answer["sessions"]},
                {(port, 30) for port in ports.numbers})
            self.assertEqual({t["port"] for t in answer["templates"]},
                             set(ports.numbers))
            text = show(self.flowd, "show", "exporter", AGENT)
            for port in ports.numbers:
                self.assertIn(f"source port {port}: 30 datagrams, last seen ",
                              text)
            found = self.findings()["template-conflict"]
            for port in ports.numbers:
                self.assertIn(f"template 256 of domain 0 from port {port}",
                              found)

    def test_a_restart_is_no_conflict(self):
        """The old port is silent, and its template has another use."""
        with self.start(3) as ports:
            ports.send(0, message(netflow9.templates(IPFIX, FULL)))
            ports.send(0, data(10))
            ports.send(1, data(20))		# served by the old template
            ports.send(1, message(netflow9.templates(IPFIX, SWAPPED)))
            ports.send(1, data(30))
            ports.send(2, data(40))		# served by the newest
            stored = self.feed.flows_of(AGENT)
            self.assertEqual([f["octets"] for f in stored], [10, 20, 31, 41])
            self.assertNotIn("template-conflict", self.findings())
            templates = show_json(self.flowd, "show", "templates")
            self.assertEqual(len(templates["templates"]), 1)

    def test_ports_of_templates_survive_a_restart(self):
        with self.start(2, 'statefile "@DIR@/state"') as ports:
            for port, layout in enumerate((FULL, SWAPPED)):
                ports.send(port, message(netflow9.templates(IPFIX, layout)))
                ports.send(port, data(10))
            self.feed.drain()
            self.flowd.stop()
            self.flowd.start()
            for _ in range(2):
                ports.send(0, data(20))
                ports.send(1, data(20))
            stored = self.feed.flows_of(AGENT)
            self.assertEqual([f["octets"] for f in stored],
                             [10, 11, 20, 21, 20, 21])


@unittest.skipIf(need("softflowd"), "softflowd is not installed")
class Softflowd(Running):
    """Two softflowd use the template IDs differently."""

    def stored(self, *streams):
        """Returns the flows of streams of datagrams, sent in turn from a port
        for each."""
        with self.start(len(streams)) as ports:
            for turn in zip(*streams):
                for port, datagram in enumerate(turn):
                    ports.send(port, datagram)
            flows = self.feed.flows_of(AGENT)
            return sorted((f["src"], f["dst"], f["src_port"], f["dst_port"],
                           f["packets"], f["octets"], f["flow_start"])
                          for f in flows)

    def test_two_on_one_host(self):
        streams = [traffic.exported(10, "-T", level)
                   for level in ("full", "ether")]
        count = min(map(len, streams))
        self.assertGreater(count, 4)
        streams = [stream[:count] for stream in streams]
        alone = [self.stored(stream) for stream in streams]
        self.assertGreater(len(alone[0]), 100)
        self.assertEqual(self.stored(*streams), sorted(sum(alone, [])))
        self.assertIn("template-conflict", self.findings())


@unittest.skipIf(tap.DATA is None, "FLOWD_TEST_DATA is not set")
class Reported(Running):
    def test_two_processes_behind_one_address(self):
        """The datagrams alternate between two ports."""
        datagrams = recorded.report("g2-two-processes-one-address")
        with self.start(2) as ports:
            for i, datagram in enumerate(datagrams):
                ports.send(i % 2, datagram)
            stored = self.feed.flows_of(AGENT)
            self.assertEqual(
                [(f["src"], f["src_port"], f["dst"], f["dst_port"],
                  f["packets"], f["octets"]) for f in stored],
                [("192.0.2.1", 1024, "198.51.100.1", 53, 3, 1200),
                 ("203.0.113.9", 4000, "198.51.100.7", 443, 7, 9000)])
            self.assertIn("template-conflict", self.findings())


if __name__ == "__main__":
    tap.main()
