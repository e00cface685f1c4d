#!/usr/bin/env python3
"""Datagrams of exporters that were reported as faults are stored with the right
values, and `flowdctl check` reports the right findings."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap
from ctlclient import CONTROL, show_json
from feed import Feed
from flowdtest import Flowd
from recorded import absolute_ms

EXPORT_MS = 1700000000000
SRC, DST = "192.0.2.1", "198.51.100.1"

# For each file of reports/, the members of each flow in order; start and end
# are in milliseconds since the epoch, and None means that the flow has no such
# member.  Of findings, {name: whether check reports it}.
REPORTS = {
}
FINDINGS = {
}


def datagrams(path):
    """Returns the datagrams of a file: one a line, in hexadecimal."""
    return [bytes.fromhex(line) for line in path.read_text().splitlines()
            if line.strip() and not line.startswith("#")]


def members(flow, wanted):
    """Returns the wanted members of a stored flow."""
    times = {"start": "flow_start", "end": "flow_finish"}
    return {key: absolute_ms(flow, times[key])
            if key in times and times[key] in flow else flow.get(key)
            for key in wanted}


@unittest.skipIf(tap.DATA is None, "FLOWD_TEST_DATA is not set")
class Reported(unittest.TestCase):
    """Each file is sent from an address of its own."""

    def setUp(self):
        self.names = sorted({**REPORTS, **FINDINGS})

    def agent(self, name):
        return f"127.0.1.{1 + self.names.index(name)}"

    def check_findings(self, flowd):
        found = {}
        result = show_json(flowd, "check", status=3)
        for finding in result["findings"]:
            found.setdefault(finding["exporter"], set()).add(
                finding["finding"])
        for name, wanted in FINDINGS.items():
            with self.subTest(name):
                names = found.get(self.agent(name), set())
                self.assertEqual({key: key in names for key in wanted}, wanted)

    def test_reports(self):
        with Flowd("store ALL", CONTROL) as flowd:
            feed = Feed(flowd)
            for name in self.names:
                for datagram in datagrams(
                        tap.DATA / "reports" / (name + ".hex")):
                    feed.send(datagram, self.agent(name))
            feed.drain()
            for name, wanted in REPORTS.items():
                with self.subTest(name):
                    flows = feed.flows_of(self.agent(name))
                    self.assertEqual(
                        [members(flow, want)
                         for flow, want in zip(flows, wanted)], wanted)
                    self.assertEqual(len(flows), len(wanted))
            if FINDINGS:
                self.check_findings(flowd)


if __name__ == "__main__":
    tap.main()
