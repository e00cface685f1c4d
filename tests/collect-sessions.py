#!/usr/bin/env python3
"""The log has every field of NetFlow v1, v5 and v7 as it was sent, for made-up
datagrams and for recorded sessions, which are of all versions."""

import pathlib
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import recorded
import tap
from feed import Feed
from flowdtest import Flowd


class Generated(unittest.TestCase):
    """Datagrams generated here."""

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

    def test_more_flows_than_ciscos_limits(self):
        flows = netflow.flows(31)
        with Flowd("store ALL") as flowd:
            for version in netflow.VERSIONS:
                flowd.send(netflow.datagram(version, flows))
            stored = flowd.wait_flows(3 * len(flows))
        self.assertEqual([f["src"] for f in stored],
                         3 * [f["src"] for f in flows])

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
    """Returns the payloads of a pcap of Ethernet, IPv4 and UDP, or of a raw
    file."""
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
    """Returns a time of a stored flow in milliseconds, as readers compute
    it."""
    ago = (flow["sys_uptime_ms"] - flow[key]) & 0xffffffff
    if ago >= 1 << 31:
        ago -= 1 << 32
    return flow["time_sec"] * 1000 + flow["time_nanosec"] // 1000000 - ago


AFTER = "after "		# a record of differences.tsv that is not expected


@unittest.skipIf(tap.DATA is None, "FLOWD_TEST_DATA is not set")
class Recorded(unittest.TestCase):
    """Sessions of real exporters, each from an address of its own."""

    def test_sessions(self):
        sessions = recorded.sessions()
        differences = recorded.differences()
        self.assertGreater(len(sessions), 0)
        self.assertLessEqual(set(differences), set(sessions))
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            agents = self.replay(feed, sessions)
            stored = feed.flows()
        for flow in stored:
            self.assertLessEqual(flow.get("flow_finish", 0),
                                 flow["sys_uptime_ms"])
        for session in sessions:
            with self.subTest(session=session):
                self.compare(differences.get(session, []),
                             recorded.expected(session),
                             [recorded.as_row(f) for f in stored
                              if f["agent"] in agents[session]])

    def replay(self, feed, sessions):
        """Sends all sessions; each exporter of each session has its own
        address."""
        agents = {}
        for i, (session, datagrams) in enumerate(sessions.items(), 1):
            sources = {}
            for datagram in datagrams:
                agent = sources.setdefault(
                    datagram.source, f"127.0.{i}.{len(sources) + 1}")
                feed.send(datagram.payload, agent)
            agents[session] = list(sources.values())
        return agents

    def compare(self, differences, expected, stored):
        sums = {row["column"]: row for row in differences
                if row["record"] == "all"}
        for row in differences:
            for values in affected(row, expected):
                self.assertEqual(values[row["column"]], row["expected"])
                values[row["column"]] = row["stored"]
        for column, row in sums.items():
            self.assertEqual(int(row["expected"]), total(column, expected))
            self.assertEqual(int(row["stored"]), total(column, stored))
        if "records" not in sums:
            self.assertEqual(len(stored), len(expected))
        elif not stored:
            return
        stored = self.without_added(differences, stored)
        last = None
        for row in stored:
            if expected and is_as(row, expected[0]):
                last = expected.pop(0)
                continue
            if last is None or not is_reverse(row, last):
                # If the forward direction is empty, only the reverse is
                # stored.
                last = expected.pop(0)
                self.assertEqual(total("octets", [last]), 0, row)
                self.assertTrue(is_reverse(row, last), f"{row} of {last}")
            last = None
        self.assertEqual(expected, [])

    def without_added(self, differences, stored):
        """Returns the stored rows without those that differences.tsv has as
        "after N": nothing is expected between the records N and N + 1."""
        added = {}
        for row in differences:
            if row["record"].startswith(AFTER):
                place = int(row["record"][len(AFTER):])
                self.assertEqual(stored[place][row["column"]], row["stored"])
                added[place] = row
        return [row for i, row in enumerate(stored) if i not in added]


def affected(row, expected):
    """Returns the expected rows that a row of differences.tsv describes."""
    if row["record"] == "all" or row["record"].startswith(AFTER):
        return []
    result = []
    for part in row["record"].split(","):
        first, _, last = part.partition("-")
        result += expected[int(first) - 1:int(last or first)]
    return result


def total(column, rows):
    """Returns the sum of a column, or the number of rows."""
    if column == "records":
        return len(rows)
    return sum(int(row[column] or 0) for row in rows)


def is_as(stored, expected):
    """Returns whether a stored row matches the expected one.

    A member that is not expected may be 0 if another member of its group is
    expected, and flowd always stores some time."""
    return all(stored[column] == value or
               value == "" and (stored[column] == "0" or
                                column in recorded.TIMES.values())
               for column, value in expected.items()
               if column in stored)


def is_reverse(stored, forward):
    """Returns whether a stored row is the other direction of another one."""
    mirror = {"src": "dst", "src_port": "dst_port", "in_if": "out_if",
              "src_as": "dst_as", "src_mask": "dst_mask"}
    mirror.update({there: here for here, there in mirror.items()})
    own = {"octets", "packets", "tcp_flags", "tos", "next_hop", "in_if",
           "out_if", "start_ms"}
    if forward["proto"] in ("1", "58"):
        own |= {"src_port", "dst_port"}		# another type and code
    return is_as(stored, {
        column: stored[column]
        if column in own or column == "end_ms" and stored[column] == "" else
        forward[mirror.get(column, column)] for column in stored})


if __name__ == "__main__":
    tap.main()
