#!/usr/bin/env python3
"""A datagram can harm only what it carries itself: one forged datagram changes
no template that is in use, and what it makes flowd lose is counted."""

import pathlib
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow9
import tap
from ctlclient import CONTROL, show_json
from decoding import OCTETS, Sender
from feed import Feed
from flowdtest import Flowd
from netflow9 import IPFIX, V9, VARIABLE, Template
from report import statistics

AGENT = "127.0.0.1"


class Templates(Sender):
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


class TemplatesOfVersion9(Templates, unittest.TestCase):
    """NetFlow v9"""

    version = V9


class TemplatesOfIpfix(Templates, unittest.TestCase):
    """IPFIX"""

    version = IPFIX

    def test_data_without_room_are_not_said_to_be_held(self):
        """All memory is used by what is held, and the rest is dropped."""
        waiting = netflow9.raw_set(400, bytes(30000))
        with Flowd("store ALL", "limit memory 1M") as flowd:
            feed = Feed(flowd)
            for i in range(40):
                feed.send(self.message(waiting), f"127.0.1.{i}")
            feed.drain()
            report = statistics(flowd)
            report.check(self)
            said = "\n".join(flowd.stderr_lines())
        held = report.all["held"]
        self.assertGreater(held, 20)
        self.assertEqual(report.all["no-template"], 40 - held)
        self.assertEqual(said.count("its data are held until it arrives"),
                         held)
        self.assertEqual(said.count("no room to hold its data; data dropped"),
                         40 - held)


if __name__ == "__main__":
    tap.main()
