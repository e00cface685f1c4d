#!/usr/bin/env python3
"""A datagram can harm only what it carries itself: one forged datagram changes
no template that is in use, and what it makes flowd lose is counted."""

import contextlib
import pathlib
import socket
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow9
import tap
from ctlclient import CONTROL, show, show_json
from decoding import DST4, OCTETS, SRC4, Sender
from feed import Feed
from flowdtest import Flowd
from netflow9 import IPFIX, V9, VARIABLE, Template
from report import statistics

AGENT = "127.0.0.1"
# As decoding.Sender.SIMPLE, with the octets in another place.
SWAPPED = Template(300, OCTETS, SRC4, DST4)


class Ports(contextlib.ExitStack):
    """A flowd, and the source ports of one address."""

    AGENT = "127.0.0.9"

    def __init__(self, sender, *names):
        super().__init__()
        self._sender = sender
        self._names = names
        self._sequence = 0

    def __enter__(self):
        super().__enter__()
        self.flowd = self.enter_context(Flowd("store ALL", CONTROL))
        self._feed = Feed(self.flowd)
        self._sockets = {}
        for name in self._names:
            sock = self.enter_context(
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sock.bind((self.AGENT, 0))
            self._sockets[name] = sock
        return self

    def send(self, name, *sets):
        """Sends a datagram, and waits until it is decoded."""
        self._sockets[name].sendto(
            self._sender.message(*sets, sequence=self._sequence),
            (self.flowd.addresses[0], self.flowd.port))
        self._sequence += 1
        self._feed.drain()

    def octets(self):
        return self._sender.octets(self._feed.flows_of(self.AGENT))

    def counters(self):
        report = statistics(self.flowd)
        report.check(self._sender)
        return report[self.AGENT]

    def finding(self, name):
        """Returns the text of a finding of this name."""
        found = show_json(self.flowd, "check", self.AGENT, status=3)
        return next(f["text"] for f in found["findings"]
                    if f["finding"] == name)


class Templates(Sender):
    def numbered(self, layout, number):
        """Returns a data set of one flow with this number of octets."""
        return netflow9.data(layout, {
            "sourceIPv4Address": "192.0.2.1", "octetDeltaCount": number,
            "destinationIPv4Address": "198.51.100.2"})

    def template_set(self, *definitions):
        return netflow9.raw_set(netflow9.TEMPLATE_SETS[self.version],
                                b"".join(definitions))

    def bad_definitions(self):
        """Returns invalid definitions of SIMPLE's id, and of reserved ids."""
        number = self.SIMPLE.id
        specifier = struct.pack("!HH", 1, 4)
        return [
            struct.pack("!HH", number, 2) + bytes(4),
            struct.pack("!HH", number, 3) + specifier,
            struct.pack("!HH", number, 2) + 2 * struct.pack("!HH", 1, 65534),
            struct.pack("!HH", 255, 1) + specifier,
            struct.pack("!H", number)]

    def test_a_bad_definition_removes_no_template(self):
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            feed.send(self.message(self.templates(self.SIMPLE)))
            for i, bad in enumerate(self.bad_definitions()):
                feed.send(self.message(self.template_set(bad)))
                feed.send(self.message(self.simple(1, first=i)))
            self.assertEqual(self.octets(feed.flows()),
                             list(range(len(self.bad_definitions()))))
            counters = statistics(flowd)[AGENT]
        self.assertEqual(counters["templates-refused"],
                         len(self.bad_definitions()))
        self.assertEqual((counters["held"], counters["no-template"]), (0, 0))

    def test_sets_without_a_record_are_counted(self):
        """A definition from the port of the data takes effect at once, and
        makes their records longer than any set."""
        huge = Template(self.SIMPLE.id, ("paddingOctets", 60000))
        options = Template(self.SIMPLE.id, ("observationDomainId", 4),
                           ("samplingInterval", 60000), scopes=1)
        for i, forged in enumerate((huge, options), 1):
            agent = f"127.0.1.{i}"
            with self.subTest(fields=forged.fields), Flowd(
                    "store ALL", CONTROL) as flowd:
                feed = Feed(flowd)
                feed.send(self.message(self.templates(self.SIMPLE)), agent)
                feed.send(self.message(self.simple(10)), agent)
                feed.send(self.message(self.templates(forged)), agent)
                for _ in range(20):
                    feed.send(self.message(self.simple(10)), agent)
                self.assertEqual(len(feed.flows()), 10)
                report = statistics(flowd)
                report.check(self)
                self.assertEqual(report[agent]["sets-without-record"], 20)
                findings = show_json(flowd, "check", agent,
                                     status=3)["findings"]
                self.assertIn("20 data sets had no record", "".join(
                    f["text"] for f in findings
                    if f["finding"] == "set-without-record"))

    def test_a_set_that_ends_inside_a_record(self):
        """The records before are stored."""
        varying = Template(300, OCTETS, ("applicationName", VARIABLE))
        whole = netflow9.data(varying, (1, b"abc"), (2, b"def"))
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            feed.send(self.message(self.templates(varying)))
            cut = whole[4:-1]
            feed.send(self.message(netflow9.raw_set(300, cut)))
            feed.send(self.message(netflow9.raw_set(300, cut[:5])))
            feed.send(self.message(netflow9.raw_set(300, cut[:4])))
            feed.send(self.message(netflow9.raw_set(300, b"")))
            # This is padding.
            feed.send(self.message(whole + bytes(3)))
            self.assertEqual(self.octets(feed.flows()), [1, 1, 2])
            counters = statistics(flowd)[AGENT]
        self.assertEqual(counters["sets-without-record"], 4)


    def test_a_router_that_changes_a_template_loses_nothing(self):
        """Its templates and data come from one port."""
        with Ports(self, "router") as ports:
            for i, layout in enumerate((self.SIMPLE, SWAPPED) * 3):
                ports.send("router", self.templates(layout),
                           self.numbered(layout, i))
                ports.send("router", self.numbered(layout, 10 + i))
            self.assertEqual(ports.octets(), [
                n for i in range(6) for n in (i, 10 + i)])
            counters = ports.counters()
        self.assertEqual(counters["templates-changed"], 5)
        self.assertEqual(counters["templates-doubtful"], 0)
        self.assertEqual((counters["held"], counters["no-template"]), (0, 0))

    def test_a_forged_definition_against_one_port(self):
        """Nothing is even held of an exporter that sends its templates and
        its data from one port."""
        with Ports(self, "router", "forger") as ports:
            ports.send("router", self.templates(self.SIMPLE))
            for i in range(50):
                ports.send("router", self.numbered(self.SIMPLE, i))
                if i == 10:
                    ports.send("forger", self.templates(SWAPPED))
            self.assertEqual(ports.octets(), list(range(50)))
            counters = ports.counters()
            self.assertIn("1 definitions would have changed a template",
                          ports.finding("template-doubtful"))
        self.assertEqual(counters["templates-doubtful"], 1)
        self.assertEqual(counters["templates-changed"], 0)
        self.assertEqual((counters["held"], counters["no-template"]), (0, 0))

    def test_a_forged_definition_against_line_cards(self):
        """Data are held until the template is repeated, and all are
        stored."""
        with Ports(self, "card", "data", "forger") as ports:
            ports.send("card", self.templates(self.SIMPLE))
            for i in range(50):
                ports.send("data", self.numbered(self.SIMPLE, i))
                if i == 10:
                    ports.send("forger", self.templates(SWAPPED))
            self.assertEqual(ports.octets(), list(range(11)))
            self.assertEqual(ports.counters()["held"], 39)
            self.assertIn("doubtful", show(ports.flowd, "show", "exporter",
                                           ports.AGENT))
            ports.send("card", self.templates(self.SIMPLE))
            self.assertEqual(ports.octets(), list(range(50)))
            counters = ports.counters()
        self.assertEqual(counters["templates-changed"], 0)
        self.assertEqual((counters["held"], counters["no-template"]), (0, 0))

    def test_a_line_card_that_changes_its_template(self):
        """The second announcement takes effect, and all data are stored."""
        with Ports(self, "card", "data") as ports:
            ports.send("card", self.templates(self.SIMPLE))
            ports.send("data", self.numbered(self.SIMPLE, 0))
            ports.send("card", self.templates(SWAPPED))
            for i in range(1, 30):
                ports.send("data", self.numbered(SWAPPED, i))
            self.assertEqual(ports.octets(), [0])
            ports.send("card", self.templates(SWAPPED))
            ports.send("data", self.numbered(SWAPPED, 30))
            self.assertEqual(ports.octets(), list(range(31)))
            counters = ports.counters()
            self.assertIn("(1 time)", ports.finding("template-changed"))
        self.assertEqual(counters["templates-changed"], 1)
        self.assertEqual(counters["templates-doubtful"], 1)
        self.assertEqual((counters["held"], counters["no-template"]), (0, 0))

    def test_many_new_templates_evict_none_in_use(self):
        """The limit is 4096, and a datagram has as many."""
        flood = self.template_set(*(
            struct.pack("!HHHH", 1000 + i, 1, 1, 4) for i in range(4096)))
        with Ports(self, "card", "data", "forger") as ports:
            ports.send("card", self.templates(self.SIMPLE))
            ports.send("data", self.numbered(self.SIMPLE, 0))
            for i in range(1, 20):
                ports.send("forger", flood)
                ports.send("data", self.numbered(self.SIMPLE, i))
            self.assertEqual(ports.octets(), list(range(20)))
            counters = ports.counters()
        self.assertGreater(counters["templates-evicted"], 4000)
        self.assertEqual((counters["held"], counters["no-template"]), (0, 0))


class TemplatesOfVersion9(Templates, unittest.TestCase):
    """NetFlow v9"""

    version = V9


class TemplatesOfIpfix(Templates, unittest.TestCase):
    """IPFIX"""

    version = IPFIX

    def test_data_without_room_are_not_said_to_be_held(self):
        """All memory is used by what is held, and the rest is dropped."""
        waiting = netflow9.raw_set(400, bytes(30000))
        # Exporters of the same rank take no memory from each other.
        agents = [f"127.0.1.{i}" for i in range(40)]
        with Flowd("store ALL", "limit memory 1M", "flow source 127.0.0.0/8",
                   *(f"flow source {agent}" for agent in agents)) as flowd:
            feed = Feed(flowd)
            for agent in agents:
                feed.send(self.message(waiting), agent)
            feed.drain()
            report = statistics(flowd)
            report.check(self)
            said = "\n".join(flowd.stderr_lines())
        held = report.all["held"]
        self.assertGreater(held, 20)
        self.assertEqual(report.all["no-template"], 40 - held)
        self.assertEqual(said.count("its data are held until it arrives"),
                         held)
        self.assertEqual(said.count("no room to hold data that wait for template"),
                         40 - held)


if __name__ == "__main__":
    tap.main()
