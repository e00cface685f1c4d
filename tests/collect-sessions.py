#!/usr/bin/env python3
"""What is sent as NetFlow v1, v5 and v7 is what the log holds, field by
field."""

import csv
import pathlib
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from flowdtest import Flowd

PROTOCOLS = ("netflow1", "netflow5", "netflow7")
# Sessions whose count and length disagree: what to do with them is a matter of
# judgement, but those that come after must not suffer.
DOUBTFUL = ("netflow5_concat", "netflow5_invalid01")
COLUMNS = {"src": "src", "dst": "dst", "src_port": "src_port",
           "dst_port": "dst_port", "protocol": "proto", "tos": "tos",
           "tcp_flags": "tcp_flags", "packets": "packets",
           "octets": "octets", "if_index_in": "in_if",
           "if_index_out": "out_if", "src_as": "src_as", "dst_as": "dst_as",
           "src_mask": "src_mask", "dst_mask": "dst_mask",
           "gateway": "next_hop", "netflow_version": "version"}


class Generated(unittest.TestCase):
    """Datagrams made here."""

    def test_every_field_of_every_version(self):
        expected = []
        with Flowd("store ALL") as flowd:
            for version in netflow.VERSIONS:
                flows = netflow.flows(netflow.MOST[version], seed=version)
                agent = f"127.0.0.{version}"
                header = {"flow_sequence": 7, "engine_type": 1,
                          "engine_id": 2, "sampling": 0x4064}
                flowd.send(netflow.datagram(version, flows, **header), agent)
                expected += [netflow.stored(version, flow, agent, **header)
                             for flow in flows]
            stored = flowd.wait_flows(len(expected))
            self.assertEqual(flowd.log.stat().st_size % 4, 0)
        self.assertEqual([netflow.without_receipt(f) for f in stored],
                         expected)
        for flow in stored:
            self.assertIn("crc", flow)
            self.assertGreater(flow["recv_sec"], 1700000000)
            self.assertLess(flow["recv_usec"], 1000000)

    def test_v5_record_is_116_bytes(self):
        with Flowd("store ALL") as flowd:
            flowd.send(netflow.datagram(5, netflow.flows(1)))
            flowd.wait_flows(1)
            record = flowd.log.read_bytes()
        # Everything but a tag and IPv6 addresses.
        self.assertEqual(len(record), 116)
        self.assertEqual(record[:8],
                         struct.pack("!BBHI", 0x60, 27, 0, 0x4007faae))

    def test_v1_with_more_than_24_flows(self):
        flows = netflow.flows(30)
        with Flowd("store ALL") as flowd:
            flowd.send(netflow.datagram(1, flows))
            stored = flowd.wait_flows(len(flows))
        self.assertEqual([f["src"] for f in stored],
                         [f["src"] for f in flows])

    def test_only_stated_fields_are_stored(self):
        with Flowd("store SRC_ADDR", "store OCTETS") as flowd:
            flow = netflow.flows(1)[0]
            flowd.send(netflow.datagram(5, [flow]))
            self.assertEqual(flowd.wait_flows(1), [
                {"src": flow["src"], "octets": flow["octets"]}])

    def test_bad_datagrams_are_dropped_whole_and_named(self):
        flows = netflow.flows(3)
        good = netflow.datagram(5, flows)
        bad = [b"", b"\0", b"\0\5", good[:-1], good + b"\0",
               netflow.datagram(5, flows, count=2),
               netflow.datagram(5, flows, count=4),
               netflow.datagram(5, flows, count=65535),
               netflow.datagram(5, [], count=0)]
        with Flowd("store ALL") as flowd:
            for datagram in bad:
                flowd.send(datagram, "127.0.0.9")
            flowd.send(good, "127.0.0.10")
            stored = flowd.wait_flows(len(flows))
            self.assertEqual({f["agent"] for f in stored}, {"127.0.0.10"})
            flowd.wait_stderr("127.0.0.9")
            # One warning a minute for each cause.
            said = [l for l in flowd.stderr_lines() if "127.0.0.9" in l]
            self.assertLess(len(said), len(bad))

    def test_other_versions_are_named(self):
        with Flowd("store ALL") as flowd:
            flowd.send(struct.pack("!HHIIII", 8, 0, 1, 2, 3, 4))
            flowd.wait_stderr("version 8")
            flowd.send(netflow.datagram(5, netflow.flows(1)))
            flowd.wait_flows(1)


def udp_payloads(path):
    """The payloads of a pcap of Ethernet, IPv4 and UDP, or of a raw file."""
    data = path.read_bytes()
    if path.suffix != ".pcap":
        yield data
        return
    at = 24
    while at < len(data):
        length, = struct.unpack_from("<I", data, at + 8)
        at += 16
        ip_header = (data[at + 14] & 15) * 4
        udp = at + 14 + ip_header
        udp_length, = struct.unpack_from("!H", data, udp + 4)
        yield data[udp + 8:udp + udp_length]
        at += length


def absolute_ms(flow, key):
    """A time of a stored flow as readers compute it: milliseconds."""
    ago = (flow["sys_uptime_ms"] - flow[key]) & 0xffffffff
    if ago >= 1 << 31:
        ago -= 1 << 32
    return flow["time_sec"] * 1000 + flow["time_nanosec"] // 1000000 - ago


@unittest.skipIf(tap.DATA is None, "there are no recorded sessions here")
class Recorded(unittest.TestCase):
    """Sessions of real exporters, each from an address of its own."""

    def test_sessions(self):
        sessions = {}
        with open(tap.DATA / "manifest.tsv", encoding="ascii") as manifest:
            for row in csv.DictReader(manifest, delimiter="\t"):
                if row["protocol"] in PROTOCOLS:
                    sessions.setdefault(row["session"], []).append(row)
        self.assertGreater(len(sessions), len(DOUBTFUL))
        agents = {session: f"127.0.1.{i}"
                  for i, session in enumerate(sessions, 1)}
        expected = {session: self.expected(session) for session in sessions}
        count = sum(len(expected[s]) for s in sessions if s not in DOUBTFUL)
        with Flowd("store ALL", *(f"discard agent {agents[s]}"
                                  for s in DOUBTFUL)) as flowd:
            for session, rows in sessions.items():
                for row in rows:
                    path = tap.DATA / "captures" / row["file"]
                    for payload in udp_payloads(path):
                        flowd.send(payload, agents[session])
            stored = flowd.wait_flows(count)
        for session, agent in agents.items():
            if session in DOUBTFUL:
                continue
            with self.subTest(session=session):
                self.assertEqual(
                    [self.as_row(f) for f in stored if f["agent"] == agent],
                    expected[session])

    def expected(self, session):
        """The rows of a session, by our names, without empty columns."""
        path = tap.DATA / "expected" / f"{session}.csv"
        names = {**COLUMNS, "start_ms": "start_ms", "end_ms": "end_ms"}
        with open(path, encoding="ascii") as rows:
            return [{key: row[column] for key, column in names.items()
                     if row[column] != ""} for row in csv.DictReader(rows)]

    def as_row(self, flow):
        """A stored flow in the same form."""
        self.assertLessEqual(flow["flow_finish"], flow["sys_uptime_ms"])
        row = {key: str(flow[key]) for key in COLUMNS if key in flow}
        row["start_ms"] = str(absolute_ms(flow, "flow_start"))
        row["end_ms"] = str(absolute_ms(flow, "flow_finish"))
        return row


if __name__ == "__main__":
    tap.main()
