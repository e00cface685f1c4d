#!/usr/bin/env python3
"""Octets of packets in records (packet sections) give a flow the values that no
other element gives."""

import ipaddress
import pathlib
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow9
import tap
from feed import Feed
from flowdtest import Flowd
from netflow9 import IPFIX, VARIABLE, Template

A, B, A6, B6 = "192.0.2.1", "198.51.100.2", "2001:db8::1", "2001:db8::2"
ICMP, TCP, UDP, GRE, ICMP6 = 1, 6, 17, 47, 58
IP, ARP, IP6, VLAN, PROVIDER, MPLS, PPPOE = (
    0x800, 0x806, 0x86dd, 0x8100, 0x88a8, 0x8847, 0x8864)
FRAME, IP_HEADER, IP_PAYLOAD, MPLS_PAYLOAD, LAYER2 = 315, 313, 314, 317, 104


def ethernet(kind, payload):
    return bytes(12) + struct.pack("!H", kind) + payload


def vlan(kind, payload):
    return struct.pack("!HH", 5, kind) + payload


def ip(protocol, payload, a=A, b=B, tos=0, fragment=0, length=None,
       options=b""):
    size = 20 + len(options)
    return struct.pack(
        "!BBHHHBBH4s4s", 0x40 | size // 4, tos,
        length or size + len(payload), 1, fragment, 64, protocol, 0,
        ipaddress.ip_address(a).packed,
        ipaddress.ip_address(b).packed) + options + payload


def ip6(header, payload, tos=0):
    return struct.pack(
        "!IHBB16s16s", 6 << 28 | tos << 20, len(payload), header, 64,
        ipaddress.ip_address(A6).packed,
        ipaddress.ip_address(B6).packed) + payload


def udp(source=7, destination=8):
    return struct.pack("!HHHH", source, destination, 8, 0)


TCP_HEADER = struct.pack("!HHIIBBHHH", 7, 8, 0, 0, 0x50, 0x12, 0, 0, 0)
ENDS = {"src": A, "dst": B}
ENDS6 = {"src": A6, "dst": B6}
PORTS = {"src_port": 7, "dst_port": 8}
OF_UDP = {**ENDS, **PORTS, "protocol": UDP, "packets": 1}
OF_UDP6 = {**ENDS6, **PORTS, "protocol": UDP, "packets": 1}
OF_TCP = {**PORTS, "protocol": TCP, "tcp_flags": 0x12, "packets": 1}

FRAMES = {
    "TCP": (ethernet(IP, ip(TCP, TCP_HEADER, tos=8)),
            {**ENDS, **OF_TCP, "tos": 8, "octets": 40}),
    "VLAN": (ethernet(VLAN, vlan(IP, ip(UDP, udp()))), OF_UDP),
    "two VLANs": (ethernet(PROVIDER, vlan(VLAN, vlan(
        IP6, ip6(UDP, udp(), 184)))), {**OF_UDP6, "tos": 184, "octets": 48}),
    "older numbers of VLANs": (ethernet(0x9100, vlan(VLAN, vlan(
        IP6, ip6(UDP, udp())))), OF_UDP6),
    "MPLS": (ethernet(MPLS, struct.pack("!II", 100 << 12 | 64,
                                        200 << 12 | 0x140) +
                      ip(UDP, udp())), OF_UDP),
    "PPPoE": (ethernet(PPPOE, b"\x11\0\0\1\0\x1e\0\x21" + ip(UDP, udp())),
              OF_UDP),
    "802.3": (ethernet(8 + 28, b"\xaa\xaa\3\0\0\0\x08\0" + ip(UDP, udp())),
              OF_UDP),
    "ARP": (ethernet(ARP, bytes(28)), {"src": None, "packets": 1}),
    "ICMP": (ethernet(IP, ip(ICMP, b"\3\3" + bytes(6))),
             {**ENDS, "protocol": ICMP, "src_port": 0, "dst_port": 0x303}),
    "ICMPv6": (ethernet(IP6, ip6(ICMP6, b"\x87\0" + bytes(6))),
               {**ENDS6, "protocol": ICMP6, "dst_port": 0x8700}),
    "extension headers": (ethernet(IP6, ip6(
        0, b"\x3c\0" + bytes(6) + b"\6\0" + bytes(6) + TCP_HEADER)),
        {**ENDS6, **OF_TCP}),
    "routing header": (ethernet(IP6, ip6(
        43, b"\x11\2\4\0" + bytes(20) + udp())), OF_UDP6),
    "authentication header": (ethernet(IP6, ip6(
        51, b"\6\2" + bytes(14) + TCP_HEADER)), {**ENDS6, **OF_TCP}),
    "first fragment": (ethernet(IP, ip(UDP, udp(), fragment=0x2000)),
                       OF_UDP),
    "later fragment": (ethernet(IP, ip(UDP, udp(), fragment=10)),
                       {**ENDS, "protocol": UDP, "src_port": None}),
    "first fragment of IPv6": (ethernet(IP6, ip6(
        44, b"\x11\0\0\1" + bytes(4) + udp())), OF_UDP6),
    "later fragment of IPv6": (ethernet(IP6, ip6(
        44, b"\x11\0\0\x08" + bytes(4) + udp())),
        {**ENDS6, "protocol": UDP, "src_port": None}),
    "options": (ethernet(IP, ip(TCP, TCP_HEADER, options=bytes(8))),
                {**ENDS, **OF_TCP}),
    "ends after the ports": (
        ethernet(IP, ip(TCP, TCP_HEADER, length=1500))[:40],
        {**ENDS, **PORTS, "octets": 1500, "tcp_flags": 0}),
    "ends in the ports": (
        ethernet(IP, ip(TCP, TCP_HEADER, length=1500))[:36],
        {**ENDS, "src_port": None, "octets": 1500}),
    "SCTP": (ethernet(IP, ip(132, udp())),
             {**ENDS, **PORTS, "protocol": 132}),
    "UDP-Lite": (ethernet(IP, ip(136, udp())), {**ENDS, **PORTS}),
    "DCCP": (ethernet(IP, ip(33, udp() + bytes(8))), {**ENDS, **PORTS}),
    "GRE": (ethernet(IP, ip(GRE, b"\0\0\x08\0" + ip(
        UDP, udp(), "10.0.0.1", "10.0.0.2"))),
        {**ENDS, "protocol": GRE, "src_port": None}),
}

# Fields, the values of a record, and the members of its flow.
PACKET = ip(UDP, udp())
OF_HOST = ((8, 4, A), (12, 4, B), (4, 1, UDP))
RECORDS = {
    "IP header": ([(IP_HEADER, VARIABLE, PACKET)], OF_UDP),
    "IP header of IPv6": ([(IP_HEADER, VARIABLE, ip6(UDP, udp()))],
                          OF_UDP6),
    "IP header and payload": (
        [(IP_HEADER, VARIABLE, ip(UDP, b"", length=60)),
         (IP_PAYLOAD, VARIABLE, udp())], {**OF_UDP, "octets": 60}),
    "payload first": (
        [(IP_PAYLOAD, VARIABLE, udp()),
         (IP_HEADER, VARIABLE, ip(UDP, b"", length=60))], OF_UDP),
    "payload alone": ([*OF_HOST, (IP_PAYLOAD, VARIABLE, udp())], OF_UDP),
    "payload of MPLS": ([(MPLS_PAYLOAD, VARIABLE, PACKET)], OF_UDP),
    "section of layer 2": ([(LAYER2, VARIABLE, ethernet(IP, PACKET))],
                           OF_UDP),
    "padding": ([(410, 2, 42), (FRAME, 64, ethernet(IP, PACKET) +
                                bytes(22))], OF_UDP),
    "counters": ([(1, 8, 5000), (2, 8, 4),
                  (FRAME, VARIABLE, ethernet(IP, PACKET))],
                 {**OF_UDP, "octets": 5000, "packets": 4}),
    "interfaces": ([(10, 4, 3), (14, 4, 4),
                    (LAYER2, 42, ethernet(IP, PACKET))],
                   {**OF_UDP, "if_index_in": 3, "if_index_out": 4}),
    "ports of the record": ([(7, 2, 1), (11, 2, 2),
                             (FRAME, VARIABLE, ethernet(IP, PACKET))],
                            {**ENDS, "src_port": 1, "dst_port": 2}),
    "another packet": ([(8, 4, "10.9.9.9"),
                        (FRAME, VARIABLE, ethernet(IP, PACKET))],
                       {"src": "10.9.9.9", "dst": None, "src_port": None}),
    "not Ethernet": ([(1, 4, 9), (408, 2, 2),
                      (FRAME, VARIABLE, ethernet(IP, PACKET))],
                     {"src": None, "octets": 9}),
    "from the middle": ([(1, 4, 9), (409, 2, 14), (FRAME, VARIABLE, PACKET)],
                        {"src": None, "octets": 9}),
}


class Sections(unittest.TestCase):
    def check(self, cases):
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            for i, (fields, _) in enumerate(cases.values()):
                layout = Template(256, *(field[:2] for field in fields))
                feed.send(netflow9.message(
                    IPFIX, netflow9.templates(IPFIX, layout),
                    netflow9.data(layout, [field[2] for field in fields]),
                    domain=i))
            stored = feed.flows()
        self.assertEqual([f["source_id"] for f in stored],
                         list(range(len(cases))))
        for flow, (name, (_, expected)) in zip(stored, cases.items()):
            with self.subTest(name):
                self.assertEqual({key: flow.get(key) for key in expected},
                                 expected)

    def test_frames(self):
        self.check({name: ([(FRAME, VARIABLE, frame)], expected)
                    for name, (frame, expected) in FRAMES.items()})

    def test_records(self):
        self.check(RECORDS)


if __name__ == "__main__":
    tap.main()
