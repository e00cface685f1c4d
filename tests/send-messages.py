#!/usr/bin/env python3
"""flow-send generates NetFlow v9 and IPFIX: templates first, and then the
requested flows."""

import pathlib
import struct
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import flowdtest
import netflow9
import tap
import wire
from netflow9 import IPFIX, V9, VERSIONS

AT = "1700000000"
TEMPLATES_EVERY = 1000		# datagrams of a source
FLOWS = {(V9, 4): 26, (V9, 6): 16, (IPFIX, 4): 20, (IPFIX, 6): 13}
SAME = ("src_port", "dst_port", "packets", "octets", "protocol", "tcp_flags",
        "tos", "if_index_in", "if_index_out", "src_as", "dst_as")
NAMES = {number: name for name, number in netflow9.ELEMENTS.items()}


def parse(payload):
    """Returns a message as (header, sets); a set is its id and its bytes."""
    version, count = struct.unpack_from("!HH", payload)
    header = {"version": version, "count": count}
    if version == V9:
        header.update(zip(("uptime", "sec", "sequence", "domain"),
                          struct.unpack_from("!IIII", payload, 4)))
    else:
        assert count == len(payload), "the IPFIX length is wrong"
        header.update(zip(("sec", "sequence", "domain"),
                          struct.unpack_from("!III", payload, 4)))
    at, sets = netflow9.HEADER_LENGTHS[version], []
    while at < len(payload):
        number, length = struct.unpack_from("!HH", payload, at)
        assert 4 < length <= len(payload) - at, "a set exceeds the message"
        sets.append((number, payload[at + 4:at + length]))
        at += length
    return header, sets


def templates(body):
    """Returns the templates of a set: lists of (element, length), by id."""
    found, at = {}, 0
    while at < len(body):
        number, count = struct.unpack_from("!HH", body, at)
        pairs = struct.unpack_from(f"!{2 * count}H", body, at + 4)
        found[number] = list(zip(pairs[::2], pairs[1::2]))
        at += 4 + 4 * count
    return found


class Exporter:
    """Decodes the messages of one source."""

    def __init__(self):
        self.templates = {}
        self.announced = []		# numbers of data sets before templates
        self.used = []			# ids
        self.headers = []
        self.flows = []			# dicts by name
        self.counts = []		# flows of each data set

    def take(self, payload):
        header, ((number, body),) = parse(payload)
        self.headers.append((header, number))
        if number == netflow9.TEMPLATE_SETS[header["version"]]:
            self.templates.update(templates(body))
            self.announced.append(len(self.used))
            assert header["version"] == IPFIX or \
                header["count"] == len(templates(body))
            return
        self.used.append(number)
        fields, at, count = self.templates[number], 0, len(self.flows)
        record_len = sum(length for _, length in fields)
        while len(body) - at >= record_len:
            flow = {}
            for element, length in fields:
                flow[NAMES[element]] = body[at:at + length]
                at += length
            self.flows.append(flow)
        assert not any(body[at:]) and len(body) % 4 == 0, "padding"
        self.counts.append(len(self.flows) - count)
        assert header["version"] == IPFIX or \
            header["count"] == self.counts[-1]


class Messages(unittest.TestCase):

    def run_well(self, *args, **options):
        with wire.Receiver() as receiver:
            result = receiver.run(*args, **options)
        self.assertEqual((result.status, result.stderr), (0, ""))
        exporters = {}
        for source, payload in result.datagrams:
            exporters.setdefault(source, Exporter()).take(payload)
        return exporters

    def run_one(self, *args):
        exporter, = self.run_well(*args).values()
        return exporter

    def test_count_is_exact(self):
        for (version, family), usual in FLOWS.items():
            for count in (1, usual, usual + 1, 10 * usual - 1):
                with self.subTest(version=version, family=family,
                                  count=count):
                    e = self.run_one("-V", str(version), "-f", str(family),
                                     "-n", str(count))
                    full, rest = divmod(count, usual)
                    self.assertEqual(e.counts, [usual] * full +
                                     [rest] * (rest > 0))
                    self.assertEqual(e.announced, [0])

    def test_datagrams_fit_into_ethernet_frames(self):
        for version, family in FLOWS:
            with wire.Receiver() as receiver:
                result = receiver.run("-V", str(version), "-f", str(family),
                                      "-T", "18", "-n", "200")
            self.assertLessEqual(max(len(payload) for _, payload in
                                     result.datagrams), 1452)

    def test_fields(self):
        for version in VERSIONS:
            for family in (4, 6):
                e = self.run_one("-V", str(version), "-f", str(family))
                (number, fields), = e.templates.items()
                names = [NAMES[element] for element, _ in fields]
                self.assertEqual((number, len(set(names))), (256, 18))
                self.assertEqual(f"sourceIPv{family}Address" in names, True)
                self.assertEqual("flowStartMilliseconds" in names,
                                 version == IPFIX)

    def test_sequences_count_datagrams_or_flows(self):
        args = ("-n", "250", "-c", "10", "-T", "3")
        e = self.run_one("-V", "9", *args)
        self.assertEqual([h["sequence"] for h, _ in e.headers],
                         list(range(26)))
        e = self.run_one("-V", "10", *args)
        self.assertEqual([h["sequence"] for h, _ in e.headers],
                         [0] + list(range(0, 250, 10)))

    def test_templates_alternate_and_are_repeated(self):
        count = 2 * TEMPLATES_EVERY + 5
        for version in VERSIONS:
            e = self.run_one("-V", str(version), "-c", "1", "-T", "4",
                             "-n", str(count), "-r", "5000")
            self.assertEqual(sorted(e.templates), [256, 257, 258, 259])
            self.assertEqual(e.used, [256 + i % 4 for i in range(count)])
            self.assertEqual(e.announced, [0, TEMPLATES_EVERY,
                                           2 * TEMPLATES_EVERY])
            if version == V9:
                self.assertEqual([h["sequence"] for h, _ in e.headers],
                                 list(range(count + 3)))

    def test_each_source_sends_its_own_templates(self):
        if not wire.has_loopback_net():
            self.skipTest("127.0.0.0/8 is not local")
        for count in (20, 2 * 32 * 20):	# in short turns, and in long ones
            sources = self.run_well("-V", "9", "-T", "2", "-S",
                                    "127.77.0.1,5", "-c", "5",
                                    "-n", str(5 * count))
            self.assertEqual(len(sources), 5)
            for e in sources.values():
                self.assertEqual(e.announced, [0])
                self.assertEqual([h["sequence"] for h, _ in e.headers],
                                 list(range(len(e.headers))))
                self.assertEqual(set(e.used), {256, 257})

    def test_ipfix_flows_are_of_the_last_minutes(self):
        before = time.time()
        flows = self.run_one("-V", "10", "-n", "500").flows
        for flow in flows:
            start, end = (int.from_bytes(flow[f"flow{which}Milliseconds"],
                                         "big") / 1000
                          for which in ("Start", "End"))
            self.assertLessEqual(start, end)
            self.assertGreater(end, before - 61)
            self.assertLessEqual(end, time.time() + 0.1)

    def test_same_options_same_bytes(self):
        for version in VERSIONS:
            runs = []
            for _ in range(2):
                with wire.Receiver() as receiver:
                    runs.append(receiver.run("-V", str(version), "-n", "100",
                                             "-t", AT).datagrams)
            self.assertEqual([payload for _, payload in runs[0]],
                             [payload for _, payload in runs[1]])


class Stored(unittest.TestCase):
    """flowd stores the same flows as for version 5."""

    def collect(self, *args):
        with flowdtest.Flowd("store ALL") as flowd:
            target = f"127.0.0.1:{flowd.port}"
            done = wire.flow_send("-n", "100", "-t", AT, *args, target)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            return flowd.wait_flows(100)

    def times(self, flow):
        """Returns start and end in milliseconds before the export."""
        return [flow["sys_uptime_ms"] - flow[key]
                for key in ("flow_start", "flow_finish")]

    def test_same_flows_as_version_5(self):
        expected = self.collect()
        for version in VERSIONS:
            for family in ("4", "6"):
                with self.subTest(version=version, family=family):
                    flows = self.collect("-V", str(version), "-f", family)
                    self.check(version, family, expected, flows)

    def check(self, version, family, expected, flows):
        for want, flow in zip(expected, flows):
            self.assertEqual(flow["netflow_version"], version)
            self.assertEqual(self.times(flow), self.times(want))
            for key in SAME:
                self.assertEqual(flow[key], want[key])
            for key in ("src", "dst", "gateway"):
                if family == "4":
                    self.assertEqual(flow[key], want[key])
                else:
                    last = int(want[key].split(".")[3])
                    self.assertRegex(flow[key],
                                     f"^2001:db8:0:[0-9a-f]+::{last:x}$")
            self.assertEqual(flow["src_mask"], 64 if family == "6" else 24)


if __name__ == "__main__":
    tap.main()
