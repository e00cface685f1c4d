#!/usr/bin/env python3
"""`flowdctl check` finds what is wrong with an exporter, and nothing where
exporters only differ from the usual."""

import pathlib
import struct
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import netflow9
import tap
from ctlclient import CONTROL, show_json
from decoding import DST4, OCTETS, SRC4
from feed import Feed
from flowdtest import Flowd
from netflow9 import IPFIX, V9, VARIABLE, Template
from wire import has_loopback_net

NOW = int(time.time())
END = ("flowEndMilliseconds", 8)
ENDS = ("192.0.2.1", "198.51.100.2")
USUAL = (SRC4, DST4, OCTETS, END)
RECORD = (*ENDS, 5, 1000 * NOW)


def message(version, *sets, **header):
    return netflow9.message(version, *sets, **{"sec": NOW, **header})


def flows(fields, values, version=IPFIX, times=1, records=1):
    """Returns messages with a template and records of it."""
    layout = Template(256, *fields)
    return [message(
        version, netflow9.templates(version, layout),
        netflow9.data(layout, *[values] * records),
        sequence=i if version == V9 else i * records)
            for i in range(times)]


def interfaces(*more, version=IPFIX):
    """Returns enough flows with these interfaces for a finding."""
    return flows((*USUAL, *((element, 4) for element, _ in more)),
                 (*RECORD, *(value for _, value in more)),
                 version=version, times=30)


def templates(*layouts):
    return [message(IPFIX, netflow9.templates(IPFIX, *layouts))]


def v5_without_interfaces():
    rows = [{**f, "if_index_in": 0, "if_index_out": 0}
            for f in netflow.flows(20)]
    return [netflow.datagram(5, rows, flow_sequence=20 * i, time_sec=NOW)
            for i in range(30)]


def sflow(version, *header):
    return [struct.pack(f"!{1 + len(header)}I", version, *header) + bytes(20)]


def changed(used):
    first, second = Template(256, *USUAL), Template(256, *USUAL, (10, 4))
    data = [netflow9.data(first, RECORD)] if used else []
    return [message(IPFIX, netflow9.templates(IPFIX, first), *data),
            message(IPFIX, netflow9.templates(IPFIX, second),
                    netflow9.data(second, (*RECORD, 3)), sequence=used),
            message(IPFIX, netflow9.templates(IPFIX, second),
                    netflow9.data(second, (*RECORD, 3)),
                    sequence=used + 1)]


def processes(*layouts):
    """Returns messages of processes that send in turn."""
    values = dict(zip(("sourceIPv4Address", "destinationIPv4Address",
                       "octetDeltaCount", "flowEndMilliseconds"), RECORD))
    names = {8: "sourceIPv4Address", 12: "destinationIPv4Address"}
    result = []
    for i in range(4):
        for fields in layouts:
            layout = Template(256, *fields)
            row = [values[names.get(name, name)] for name, _ in fields]
            result.append(message(
                IPFIX, netflow9.templates(IPFIX, layout),
                netflow9.data(layout, row), sequence=i))
    return result


# For each exporter: its datagrams, the number of its processes, which send in
# turn, and what is found.
EXPORTERS = {
    "both interfaces 0": (interfaces((10, 0), (14, 0)), 1, set()),
    "one interface, 0": (interfaces((10, 0)), 1, set()),
    "physical interfaces 0": (interfaces((252, 0), (253, 0)), 1, set()),
    "both interfaces 0, v9": (
        interfaces((10, 0), (14, 0), version=V9), 1, set()),
    "both interfaces 0, v5": (v5_without_interfaces(), 1, set()),
    "different interfaces": (interfaces((10, 3), (14, 0)), 1, set()),
    "equal interfaces": (interfaces((10, 3), (14, 3)), 1, {"in-is-out"}),
    "templates of lists": (templates(
        Template(300, (292, VARIABLE)), Template(301, (293, VARIABLE)),
        Template(302, (291, VARIABLE), (210, 1))), 1, set()),
    "templates of parts of lists": (templates(
        Template(300, (14, 1, 6871), (15, 1, 6871)),
        Template(301, (187, VARIABLE, 6871))), 1, set()),
    "a list beside a flow": (
        flows((*USUAL, (293, VARIABLE)), (*RECORD, b"\4\1\2")), 1, set()),
    "no content": (flows(((61, 1), (136, 1), END), (0, 1, 1000 * NOW)), 1,
                   {"no-content"}),
    "octets of layer 2 alone": (
        flows(((352, 8), END), (9, 1000 * NOW)), 1, set()),
    "hardware addresses and packets": (
        flows(((56, 6), (80, 6), ("packetDeltaCount", 4), END),
              (b"source", b"target", 9, 1000 * NOW)), 1, set()),
    "an event": (flows((*USUAL[:3], (323, 8)), RECORD), 1, set()),
    "times before the export": (
        flows((*USUAL[:3], (158, 4), (159, 4)), (*RECORD[:3], 900, 100)), 1,
        set()),
    "a duration alone": (
        flows((*USUAL[:3], (161, 4)), (*RECORD[:3], 900)), 1, {"no-times"}),
    "uptimes without a start": (
        flows((*USUAL[:3], (22, 4), (21, 4)), (*RECORD[:3], 100, 900)), 1,
        {"no-time-base"}),
    "uptimes and their start": (
        flows((*USUAL[:3], (22, 4), (21, 4), (160, 8)),
              (*RECORD[:3], 100, 900, 1000 * NOW - 5000)), 1, set()),
    "a template that changed in use": (changed(1), 1, {"template-changed"}),
    "a template that changed before": (changed(0), 1, set()),
    # The second one's definition would change a template in use.
    "two processes": (processes(USUAL, (DST4, SRC4, *USUAL[2:])), 2,
                      {"template-conflict", "template-doubtful"}),
    "three processes": (processes(
        USUAL, (DST4, SRC4, *USUAL[2:]), (OCTETS, SRC4, DST4, END)), 3,
        {"template-conflict", "template-doubtful"}),
    "two processes with one template": (processes(USUAL, USUAL), 2, set()),
    "sFlow 5": (sflow(5, 1, 0xc0000201), 1, {"unsupported-version"}),
    "sFlow 5 from IPv6": (sflow(5, 2, 0, 0, 0, 1), 1,
                          {"unsupported-version"}),
    "sFlow 4": (sflow(4, 1, 0xc0000201), 1, {"unsupported-version"}),
    "sFlow 2": (sflow(2, 1, 0xc0000201), 1, {"unsupported-version"}),
}


@unittest.skipUnless(has_loopback_net(), "127.0.0.0/8 is not local")
class Variants(unittest.TestCase):
    maxDiff = None

    def test_findings(self):
        agents = {f"127.0.3.{i}": name
                  for i, name in enumerate(EXPORTERS, 1)}
        with Flowd("store ALL", CONTROL) as flowd:
            feed = Feed(flowd)
            for agent, name in agents.items():
                datagrams, number, _ = EXPORTERS[name]
                for i, datagram in enumerate(datagrams):
                    feed.send(datagram, agent, i % number)
            feed.drain()
            found = show_json(flowd, "check", status=3)["findings"]
        for agent, name in agents.items():
            with self.subTest(name):
                # All datagrams have the time when the test began.
                self.assertEqual(
                    {f["finding"] for f in found if f["exporter"] == agent}
                    - {"clock-off"}, EXPORTERS[name][2])
                for finding in found:
                    if finding["exporter"] == agent and "sFlow" in name:
                        self.assertIn(f"sends sFlow version {name[6]}",
                                      finding["text"])


if __name__ == "__main__":
    tap.main()
