#!/usr/bin/env python3
"""tshark, which decodes independently of flowd, finds the same values in every
recorded session, in every member of a flow and of its header, in malformed
datagrams, and in packets."""

import collections
import datetime
import ipaddress
import json
import pathlib
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow9
import recorded
import tap
from feed import Feed
from flowdtest import PATIENCE, Flowd, need
from netflow9 import VARIABLE, Template

PCAP_HEADER = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)
PORT = 2055
TABLE = pathlib.Path(__file__).parent / "differences-tshark.tsv"
VERSION = "4.0."	# of tshark, whose faults and names the table explains
LIKE = 5	# members in which a record may differ from its counterpart

# The members that tshark shows with one of its fields.
NUMBERS = {
    "src_port": "srcport", "dst_port": "dstport", "protocol": "protocol",
    "tos": "tos", "tcp_flags": "tcpflags", "if_index_in": "inputint",
    "if_index_out": "outputint", "src_as": "srcas", "dst_as": "dstas",
    "src_mask": "srcmask", "dst_mask": "dstmask"}
COUNTERS = ("packets", "octets")
ADDRESSES = {"src": "srcaddr", "dst": "dstaddr", "gateway": "nexthop"}
HEADER = {"netflow_version": ("version",), "engine_type": ("engine_type",),
          "engine_id": ("engine_id",), "flow_sequence": ("sequence",),
          "source_id": ("source_id", "od_id"),
          "time_sec": ("unix_secs", "exporttime")}
TIMES = {"flow_start": "start", "flow_finish": "end"}
REVERSED = {"src": "dst", "src_port": "dst_port", "src_as": "dst_as",
            "src_mask": "dst_mask"}
ICMP = (1, 58)
MEMBERS = (*NUMBERS, *COUNTERS, *ADDRESSES, *HEADER, *TIMES)
NOTHING = (0, "0.0.0.0", "::", None)


def leaves(tree):
    """Returns the values of a record by field, each with those that repeat it,
    in order."""
    result = collections.defaultdict(list)
    for key, value in tree.items():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                for name, more in leaves(part).items():
                    result[name] += more
            else:
                result[key.removeprefix("cflow.")].append(part)
    return result


def records(tree):
    """Yields the data records of a datagram."""
    for key, value in tree.items():
        for part in value if isinstance(value, list) else [value]:
            if not isinstance(part, dict):
                continue
            if key.startswith(("Flow ", "pdu ")):
                yield part
            else:
                yield from records(part)


def header(tree):
    """Returns the header's fields."""
    return leaves({key: value for key, value in tree.items()
                   if not isinstance(value, dict) or
                   key.startswith("cflow.")})


def milliseconds(text):
    """Returns a date of tshark in milliseconds since 1970."""
    date, fraction = text.removesuffix(" UTC").split(".")
    moment = datetime.datetime.strptime(date, "%b %d, %Y %H:%M:%S")
    since = moment - datetime.datetime(1970, 1, 1)
    return int(since.total_seconds()) * 1000 + int(fraction[:3])


def uptime(text):
    """Returns seconds with a fraction in milliseconds."""
    whole, fraction = text.split(".")
    return int(whole) * 1000 + int(fraction[:3])


def moment(fields, which, base):
    """Returns a record's time in milliseconds since 1970, or None; base is
    when the exporter's uptime was 0."""
    absolute = fields.get("abstime" + which)
    if not absolute and "time" + which not in fields:
        absolute = fields.get("observation_time_milliseconds")
    # tshark shows an uptime of 0 as the date 0.
    if absolute and milliseconds(absolute[0]):
        return milliseconds(absolute[0])
    relative = ["0.000"] if absolute else fields.get("time" + which)
    return base + uptime(relative[0]) if relative and base else None


def counted(fields, direction):
    """Returns packets and octets; the second of equal elements is that of the
    reverse direction."""
    result = {}
    for member in COUNTERS:
        for name in f"permanent_{member}", member:
            if len(fields.get(name, ())) > direction:
                result[member] = int(fields[name][direction])
    return result


def reverse(flow, fields):
    """Returns the reverse direction of a flow: what both directions have in
    common, and the elements that the record repeats for it."""
    result = {member: flow[member] for member in (*HEADER, "protocol")
              if member in flow}
    if len(fields.get("tcpflags", ())) > 1:
        result["tcp_flags"] = int(fields["tcpflags"][1], 0)
    for one, other in REVERSED.items():
        if "port" in one and flow.get("protocol") in ICMP:
            continue	# a reply has another type and code
        for here, there in (one, other), (other, one):
            if here in flow:
                result[there] = flow[here]
    return {**result, **counted(fields, 1)}


def directions(fields, head, base):
    """Returns the flows of a record: one, two if it is a biflow, and none if
    it is options data."""
    flow = as_members(fields, head, base)
    if not {"src", "dst", "octets"} & set(flow):
        return []
    if not counted(fields, 1):
        return [flow]
    return [one for one in (flow, reverse(flow, fields))
            if any(one.get(member) for member in COUNTERS)]


def as_members(fields, head, base):
    """Returns what a record of tshark says about members of a flow."""
    result = {member: int(head[name][0])
              for member, names in HEADER.items()
              for name in names if name in head}
    for member, field in NUMBERS.items():
        for name in field + "v6", field:
            if name in fields:
                result[member] = int(fields[name][0], 0)
    for member, field in ADDRESSES.items():
        both = [str(ipaddress.ip_address(fields[name][0]))
                for name in (field, field + "v6") if name in fields]
        # The address of the other family is zero.
        if both:
            result[member] = next((a for a in both if a not in NOTHING),
                                  both[0])
    for member, which in TIMES.items():
        at = moment(fields, which, base)
        if at is not None:
            result[member] = at
    return {**result, **counted(fields, 0)}


def frame(source, payload):
    """Returns an IPv4 packet with a datagram as a packet of a pcap."""
    udp = struct.pack("!HHHH", PORT, PORT, 8 + len(payload), 0) + payload
    packet = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
        ipaddress.ip_address(source).packed, bytes([127, 0, 0, 1])) + udp
    return struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet


def tshark(path):
    """Returns what tshark makes of each datagram: its source, its trees."""
    result = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-d", f"udp.port=={PORT},cflow",
         "-T", "json", "--no-duplicate-keys"],
        stdin=subprocess.DEVNULL, capture_output=True, check=True,
        timeout=4 * PATIENCE)
    for packet in json.loads(result.stdout):
        layers = packet["_source"]["layers"]
        trees = layers.get("cflow", [])
        yield layers["ip"]["ip.src"], [
            tree for tree in (trees if isinstance(trees, list) else [trees])
            if isinstance(tree, dict)]


PACKET = ("ip.src", "ip.dst", "ip.proto", "ip.dsfield", "ip.len", "ipv6.src",
          "ipv6.dst", "ipv6.fraghdr.nxt", "ipv6.nxt", "ipv6.tclass",
          "ipv6.plen", "tcp.srcport", "tcp.dstport", "tcp.flags",
          "udp.srcport", "udp.dstport", "icmp.type", "icmp.code",
          "icmpv6.type", "icmpv6.code")


def packets(path):
    """Returns the fields of PACKET of each packet; those of the first header,
    as messages of ICMP contain others."""
    result = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-o", "ip.defragment:FALSE",
         "-o", "ipv6.defragment:FALSE", "-T", "fields", "-E",
         "occurrence=f", *(part for field in PACKET for part in ("-e", field))],
        stdin=subprocess.DEVNULL, capture_output=True, check=True, text=True,
        timeout=PATIENCE)
    return [dict(zip(PACKET, line.split("\t")))
            for line in result.stdout.splitlines()]


def packet(row):
    """Returns the members of a flow of one packet."""
    def number(*names):
        return next((int(row[name], 0) for name in names if row[name]), None)

    result = {
        "src": row["ip.src"] or row["ipv6.src"] or None,
        "dst": row["ip.dst"] or row["ipv6.dst"] or None,
        "protocol": number("ip.proto", "ipv6.fraghdr.nxt", "ipv6.nxt"),
        "tos": number("ip.dsfield", "ipv6.tclass"),
        "octets": number("ip.len")}
    if row["ipv6.plen"]:
        result["octets"] = 40 + number("ipv6.plen")
    kind = number("icmp.type", "icmpv6.type")
    if result["protocol"] in ICMP and kind is not None:
        return {**result, "src_port": 0, "dst_port":
                256 * kind + number("icmp.code", "icmpv6.code")}
    if row["tcp.flags"]:
        result["tcp_flags"] = number("tcp.flags") & 0xff
    return {**result, "src_port": number("tcp.srcport", "udp.srcport"),
            "dst_port": number("tcp.dstport", "udp.dstport")}


class Seen:
    """The flows that tshark finds, by the address of the exporter."""

    def __init__(self, path):
        self.flows = collections.defaultdict(list)
        self._init = {}		# when each IPFIX exporter started
        for agent, trees in tshark(path):
            for tree in trees:
                self._add(agent, tree)

    def _add(self, agent, tree):
        head = header(tree)
        rows = [leaves(record) for record in records(tree)]
        for fields in rows:
            if "sys_init_time" in fields:
                self._init[agent] = milliseconds(fields["sys_init_time"][0])
        base = self._init.get(agent)
        if "sysuptime" in head:
            base = milliseconds(head["timestamp"][0]) - uptime(
                head["sysuptime"][0])
        for fields in rows:
            self.flows[agent] += directions(fields, head, base)


def as_seen(stored):
    """Returns the members of a stored flow that are compared."""
    flow = {member: stored[member] for member in MEMBERS if member in stored}
    for member in TIMES:
        if member in flow:
            flow[member] = recorded.absolute_ms(stored, member)
    return flow


def differing(stored, seen):
    """Returns the members of which tshark shows another value."""
    return [m for m, value in seen.items() if stored.get(m) != value]


def is_export_time(member, stored, seen):
    """Returns whether a time is that of the export, as it is without any other
    time."""
    return (member in TIMES and not set(TIMES) & set(seen) and
            stored[member] == 1000 * seen["time_sec"])


def compare(stored, seen):
    """Returns how many records differ in each member, with a + those that only
    flowd has; and how many records only one of both has.

    Records that wait for their templates are stored later than in the order of
    the capture."""
    result = collections.Counter()
    pairs = []
    rest = []
    for flow in seen:
        equal = next((s for s in stored if not differing(s, flow)), None)
        if equal is None:
            rest.append(flow)
        else:
            stored.remove(equal)
            pairs.append((equal, flow))
    for flow in rest:
        near = min(stored, default=None,
                   key=lambda s: len(differing(s, flow)))
        if near is None or len(differing(near, flow)) > LIKE:
            result["missing"] += 1
            continue
        stored.remove(near)
        pairs.append((near, flow))
    for have, flow in pairs:
        result.update(differing(have, flow))
        result.update(f"+{m}" for m in have
                      if m not in flow and have[m] not in NOTHING and
                      not is_export_time(m, have, flow))
    if stored:
        result["added"] = len(stored)
    return result


def all_sessions():
    """Returns the datagrams of each session, malformed ones included."""
    return {**recorded.sessions(),
            **{"malformed/" + pathlib.Path(row["file"]).stem: datagrams
               for row, datagrams in recorded.malformed()}}


def why_not():
    """Returns why there is nothing to compare, or None."""
    if tap.DATA is None:
        return "FLOWD_TEST_DATA is not set"
    if need("tshark"):
        return "tshark is not installed"
    version = subprocess.run(
        ["tshark", "--version"], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=True, timeout=PATIENCE).stdout
    if f" {VERSION}" not in version.splitlines()[0]:
        return f"tshark is not of version {VERSION}x"
    return None


REASON = why_not()


@unittest.skipIf(REASON, REASON)
class Tshark(unittest.TestCase):
    maxDiff = None

    def test_sessions(self):
        """The differences are those of the table, where each has a reason."""
        agents = {}
        with Flowd("store ALL") as flowd:
            pcap = flowd.dir / "sessions.pcap"
            stored = self.replay(Feed(flowd), pcap, agents)
            seen = Seen(pcap).flows
        found = collections.defaultdict(collections.Counter)
        for agent, session in agents.items():
            found[session] += compare(
                [as_seen(f) for f in stored if f["agent"] == agent],
                seen[agent])
        explained = collections.defaultdict(dict)
        for row in recorded.read_tsv(TABLE):
            explained[row["session"]][row["member"]] = int(row["records"])
        self.assertEqual({s: dict(c) for s, c in found.items() if c},
                         dict(explained))

    def replay(self, feed, path, agents):
        """Sends all sessions, each exporter from its own address, writes them
        to a pcap, and returns the stored flows."""
        with open(path, "wb") as pcap:
            pcap.write(PCAP_HEADER)
            for i, (session, datagrams) in enumerate(
                    all_sessions().items(), 1):
                sources = {}
                for datagram in datagrams:
                    agent = sources.setdefault(
                        datagram.source, f"127.0.{i}.{len(sources) + 1}")
                    agents[agent] = session
                    feed.send(datagram.payload, agent)
                    pcap.write(frame(agent, datagram.payload))
        return feed.flows()

    def test_packets(self):
        """In octets of packets, flowd finds the values that tshark finds."""
        path = tap.DATA / "captures" / "traffic.pcap"
        layout = Template(256, ("dataLinkFrameSection", VARIABLE))
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            for frame_ in recorded.frames(path):
                feed.send(netflow9.message(
                    netflow9.IPFIX,
                    netflow9.templates(netflow9.IPFIX, layout),
                    netflow9.data(layout, (frame_,))))
            stored = feed.flows()
        seen = [packet(row) for row in packets(path)]
        self.assertGreater(len(seen), 0)
        self.assertEqual([{m: flow.get(m) for m in wanted}
                          for flow, wanted in zip(stored, seen)], seen)
        self.assertEqual(len(stored), len(seen))


if __name__ == "__main__":
    tap.main()
