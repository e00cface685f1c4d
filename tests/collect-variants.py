#!/usr/bin/env python3
"""What exporters send in other forms than usual has the same meaning: tunnels,
ICMP, times, biflows, and elements that stand for others."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow9
import tap
from decoding import EXPORT_MS, ntp
from feed import Feed
from flowdtest import Flowd
from netflow9 import EXPORT_SEC, IPFIX, REVERSE, V9, Template
from recorded import absolute_ms

A, B = "192.0.2.1", "198.51.100.2"
C, D = "203.0.113.3", "203.0.113.4"
A6, B6 = "2001:db8::1", "2001:db8::2"
C6, D6 = "2001:db8:1::3", "2001:db8:1::4"
TCP, UDP, ICMP, ICMP6, GRE = 6, 17, 1, 58, 47


def reverse(element, length):
    return element, length, REVERSE


# Each case: a name, the versions, the fields of a template, the values of a
# record, and the members of each flow, with times in ms after the export.
def case(name, expected, *fields, versions=(V9, IPFIX)):
    """fields are (element, octets, value) or (element, octets, value,
    enterprise).  A flow needs addresses or counters, so it gets packets."""
    if not any("packets" in flow for flow in expected):
        fields += (86, 8, 1),
    return (name, versions,
            [field[:2] + field[3:] for field in fields],
            [field[2] for field in fields], expected)


def ends(a, b, six=False):
    return ((27, 16, a), (28, 16, b)) if six else ((8, 4, a), (12, 4, b))


TUNNELS = (
    case("GRE", [{"src": C, "dst": D, "protocol": TCP, "src_port": 1,
                  "dst_port": 2, "tos": 8, "tcp_flags": 2}],
         *ends(A, B), (4, 1, GRE), (5, 1, 184),
         *ends(C, D), (4, 1, TCP), (5, 1, 8), (7, 2, 1), (11, 2, 2),
         (6, 1, 2)),
    case("GRE with the ToS of the outer header only",
         [{"src": C, "dst": D, "protocol": TCP, "src_port": 1,
           "dst_port": 2, "tos": 0}],
         (5, 1, 184), *ends(A, B), (4, 1, GRE),
         *ends(C, D), (4, 1, TCP), (7, 2, 1), (11, 2, 2)),
    case("VXLAN", [{"src": C, "dst": D, "protocol": UDP, "src_port": 53,
                    "dst_port": 5353, "src_mask": 24}],
         *ends(A, B), (4, 1, UDP), (7, 2, 50000), (11, 2, 4789), (9, 1, 30),
         *ends(C, D), (4, 1, UDP), (7, 2, 53), (11, 2, 5353), (9, 1, 24),
         (13, 1, 25)),
    case("VXLAN without inner ports",
         [{"src": C, "dst": D, "protocol": 50, "src_port": None}],
         *ends(A, B), (4, 1, UDP), (7, 2, 50000), (11, 2, 4789),
         *ends(C, D), (4, 1, 50)),
    case("IPv6 in IPv4", [{"src": C6, "dst": D6, "protocol": TCP,
                           "src_port": 1, "dst_port": 2, "src_mask": 64}],
         *ends(A, B), (4, 1, 41), (9, 1, 24), (13, 1, 24),
         *ends(C6, D6, True), (4, 1, TCP), (7, 2, 1), (11, 2, 2),
         (29, 1, 64), (30, 1, 48)),
    case("IPv4 in IPv6, ports of the outer header",
         [{"src": C, "dst": D, "protocol": None, "src_port": None}],
         *ends(A6, B6, True), (4, 1, 4), (7, 2, 1), (11, 2, 2),
         *ends(C, D)),
    case("no inner header", [{"src": A, "dst": B, "protocol": UDP,
                              "src_port": 1, "dst_port": 2}],
         *ends(A, B), (4, 1, UDP), (7, 2, 1), (11, 2, 2),
         *ends("0.0.0.0", "0.0.0.0"), (4, 1, 0), (7, 2, 0), (11, 2, 0)),
    case("no inner header, of the other family",
         [{"src": A6, "dst": B6, "protocol": UDP, "src_port": 1,
           "dst_port": 2}],
         *ends(A6, B6, True), (4, 1, UDP), (7, 2, 1), (11, 2, 2),
         *ends("0.0.0.0", "0.0.0.0"), (4, 1, 0), (7, 2, 0), (11, 2, 0)),
    case("three headers", [{"src": C, "dst": D, "protocol": TCP,
                            "src_port": 9, "dst_port": 10}],
         *ends(A6, B6, True), (4, 1, 41), *ends(C6, D6, True), (4, 1, 4),
         *ends(C, D), (4, 1, TCP), (7, 2, 9), (11, 2, 10)),
    case("ICMP inside", [{"src": C, "dst": D, "protocol": ICMP,
                          "src_port": 0, "dst_port": 2048}],
         *ends(A, B), (4, 1, UDP), (7, 2, 1), (11, 2, 4789),
         *ends(C, D), (4, 1, ICMP), (32, 2, 2048)),
    case("ports before addresses", [{"src": C, "dst": D, "protocol": TCP,
                                     "src_port": 5, "dst_port": 6}],
         (4, 1, UDP), (7, 2, 1), (11, 2, 4789), *ends(A, B),
         (4, 1, TCP), (7, 2, 5), (11, 2, 6), *ends(C, D)),
    case("counters first", [{"src": C, "dst": D, "protocol": TCP,
                             "octets": 7, "packets": 1}],
         (1, 4, 7), (2, 4, 1), *ends(A, B), (4, 1, GRE), *ends(C, D),
         (4, 1, TCP)),
    case("AS numbers and prefix lengths",
         [{"src": C, "dst": D, "src_as": 3, "dst_as": 4, "src_mask": 30,
           "dst_mask": 31, "gateway": "10.0.0.1"}],
         *ends(A, B), (16, 4, 1), (17, 4, 2), (9, 1, 24), (13, 1, 25),
         (15, 4, "10.0.0.1"), *ends(C, D), (16, 4, 3), (17, 4, 4),
         (9, 1, 30), (13, 1, 31)),
    case("after NAT", [{"src": A, "dst": B, "src_port": 1, "dst_port": 2}],
         *ends(A, B), (7, 2, 1), (11, 2, 2), (225, 4, C), (226, 4, D),
         (227, 2, 3), (228, 2, 4)),
    case("one header with repeated ports",
         [{"src": A, "dst": B, "src_port": 1, "dst_port": 2}],
         *ends(A, B), (7, 2, 1), (11, 2, 2), (7, 2, 3), (11, 2, 4)),
    case("ports of a header without addresses",
         [{"src": A, "dst": B, "src_port": 3, "dst_port": 4,
           "protocol": TCP}],
         (5, 1, 3), *ends(A, B), (4, 1, TCP), (7, 2, 3), (11, 2, 4),
         (6, 1, 2)),
    case("biflow in a tunnel",
         [{"src": C, "dst": D, "octets": 5, "src_port": 1},
          {"src": D, "dst": C, "octets": 6, "src_port": 2}],
         *ends(A, B), (4, 1, GRE), *ends(C, D), (4, 1, TCP), (7, 2, 1),
         (11, 2, 2), (1, 4, 5), (1, 4, 6, REVERSE), versions=(IPFIX,)),
    case("reverse ToS of a tunnel",
         [{"src": C, "octets": 5, "tos": 8}, {"src": D, "octets": 6,
                                              "tos": 16}],
         *ends(A, B), (4, 1, GRE), (5, 1, 4), *ends(C, D), (4, 1, TCP),
         (5, 1, 8), (5, 1, 16, REVERSE), (1, 4, 5), (1, 4, 6, REVERSE),
         versions=(IPFIX,)),
    case("IPv6 in IPv4, both protocols outside the addresses",
         [{"src": C6, "dst": D6, "protocol": UDP, "src_mask": 64}],
         (4, 1, 41), *ends(A, B), (9, 1, 24), *ends(C6, D6, True),
         (29, 1, 64), (4, 1, UDP)),
    case("no tunnel in a template for both families",
         [{"src": A, "dst": B, "protocol": UDP, "src_port": 1, "tos": 8}],
         (4, 1, UDP), (5, 1, 8), *ends(A, B), *ends("::", "::", True),
         (7, 2, 1), (11, 2, 2), (5, 1, 0)),
    case("ipVersion of the outer header", [{"src": C, "dst": D,
                                            "protocol": TCP}],
         (60, 1, 6), *ends(A6, B6, True), (4, 1, 4), *ends(C, D),
         (4, 1, TCP)),
    case("ipVersion of both headers", [{"src": C, "dst": D,
                                        "protocol": TCP}],
         (60, 1, 6), *ends(A6, B6, True), (4, 1, 4), (60, 1, 4),
         *ends(C, D), (4, 1, TCP)),
    case("untunneled", [{"src": C, "dst": D, "protocol": TCP, "src_port": 3,
                         "dst_port": 4}],
         *ends(A, B), (4, 1, UDP), (7, 2, 1), (11, 2, 2152),
         (57472 + 114, 4, C), (57472 + 116, 4, D),
         (57472 + 113, 1, TCP), (57472 + 115, 2, 3), (57472 + 117, 2, 4),
         versions=(V9,)),
)

ICMPS = (
    case("type and code beside ports", [{"protocol": ICMP, "src_port": 0,
                                         "dst_port": 0x0b00}],
         (7, 2, 77), (11, 2, 88), (4, 1, ICMP), (32, 2, 0x0b00)),
    case("echo reply beside an identifier",
         [{"protocol": ICMP, "src_port": 0, "dst_port": 0}],
         (7, 2, 77), (11, 2, 88), (4, 1, ICMP), (176, 1, 0), (177, 1, 0)),
    case("type alone", [{"protocol": ICMP, "dst_port": 0x0d00}],
         (4, 1, ICMP), (176, 1, 13)),
    case("ICMPv6 beside ports", [{"protocol": ICMP6, "src_port": 0,
                                  "dst_port": 0x8100}],
         *ends(A6, B6, True), (4, 1, ICMP6), (7, 2, 1), (11, 2, 2),
         (178, 1, 129), (179, 1, 0)),
    case("ICMPv6 by the next header", [{"protocol": ICMP6,
                                        "dst_port": 0x8700}],
         *ends(A6, B6, True), (193, 1, ICMP6), (139, 2, 0x8700)),
    case("UDP with elements of ICMP", [{"protocol": UDP, "src_port": 1,
                                        "dst_port": 2}],
         (4, 1, UDP), (7, 2, 1), (11, 2, 2), (32, 2, 0), (139, 2, 0)),
    case("UDP with nonzero elements of ICMP",
         [{"protocol": UDP, "src_port": 1, "dst_port": 2}],
         (4, 1, UDP), (7, 2, 1), (11, 2, 2), (32, 2, 0x303)),
    case("no protocol, 176 and 177", [{"protocol": ICMP, "dst_port": 0x0304}],
         *ends(A, B), (176, 1, 3), (177, 1, 4)),
    case("no protocol, 139", [{"protocol": ICMP6, "dst_port": 0x8000}],
         *ends(A6, B6, True), (139, 2, 0x8000)),
    case("no protocol, 178 and 179", [{"protocol": ICMP6,
                                       "dst_port": 0x0104}],
         *ends(A6, B6, True), (178, 1, 1), (179, 1, 4)),
    case("32 and 139, ICMP", [{"protocol": ICMP, "dst_port": 0x0800}],
         (4, 1, ICMP), (139, 2, 0), (32, 2, 0x0800)),
    case("176 to 179, ICMPv6", [{"protocol": ICMP6, "dst_port": 0x8000}],
         (4, 1, ICMP6), (176, 1, 0), (177, 1, 0), (178, 1, 128),
         (179, 1, 0)),
    case("32 with ICMPv6", [{"protocol": ICMP6, "dst_port": 0x8000}],
         *ends(A6, B6, True), (4, 1, ICMP6), (32, 2, 0x8000)),
    case("180 to 183, SCTP", [{"protocol": 132, "src_port": 0,
                               "dst_port": 0}],
         (4, 1, 132), (180, 2, 0), (181, 2, 0), (182, 2, 0), (183, 2, 0)),
    case("182 and 183 without a protocol",
         [{"protocol": TCP, "src_port": 5, "dst_port": 6}],
         (182, 2, 5), (183, 2, 6)),
    case("180 and 181 after 182 and 183, UDP",
         [{"protocol": UDP, "src_port": 7, "dst_port": 8}],
         (182, 2, 0), (183, 2, 0), (180, 2, 7), (181, 2, 8), (4, 1, UDP)),
)

S, E = "start", "end"
DAY = 86400000
TIMES = (
    case("NTP microseconds", [{S: -5000, E: -1000}],
         (154, 8, ntp(EXPORT_MS - 5000)), (155, 8, ntp(EXPORT_MS - 1000))),
    case("event, microseconds", [{S: -2000, E: -2000}],
         (324, 8, ntp(EXPORT_MS - 2000))),
    case("event, nanoseconds", [{S: -2000, E: -2000}],
         (325, 8, ntp(EXPORT_MS - 2000))),
    case("event, seconds", [{S: -2000, E: -2000}], (322, 4, EXPORT_SEC - 2)),
    case("event beside times", [{S: -9000, E: -4000}],
         (323, 8, EXPORT_MS - 1000), (152, 8, EXPORT_MS - 9000),
         (153, 8, EXPORT_MS - 4000)),
    case("event and start", [{S: -9000, E: -1000}],
         (152, 8, EXPORT_MS - 9000), (323, 8, EXPORT_MS - 1000)),
    case("event and duration", [{S: -3000, E: -1000}],
         (323, 8, EXPORT_MS - 1000), (161, 4, 2000)),
    case("start and no duration", [{S: -9000, E: -9000}],
         (150, 4, EXPORT_SEC - 9), (161, 4, 0)),
    case("end and duration 0", [{S: -9000, E: -9000}],
         (151, 4, EXPORT_SEC - 9), (162, 4, 0)),
    case("end and duration", [{S: -9500, E: -9000}],
         (153, 8, EXPORT_MS - 9000), (162, 4, 500000)),
    case("start and duration", [{S: -9000, E: -8500}],
         (156, 8, ntp(EXPORT_MS - 9000)), (161, 4, 500)),
    case("start of 0", [{S: -4000, E: -4000}],
         (152, 8, 0), (153, 8, EXPORT_MS - 4000)),
    case("end before 1990", [{S: 0, E: 0}], (150, 4, 5), (151, 4, 6)),
    case("next year", [{S: 0, E: 0}],
         (150, 4, EXPORT_SEC + 40000000), (151, 4, EXPORT_SEC + 40000001)),
    case("old, with a duration", [{S: 0, E: 0}],
         (152, 8, EXPORT_MS - 4000000000), (161, 4, 0)),
    case("NTP as epoch", [{S: 0, E: 0}],
         (154, 8, (EXPORT_SEC - 5) << 32), (155, 8, EXPORT_SEC << 32)),
    case("a second after the export", [{S: -1000, E: 1000}],
         (150, 4, EXPORT_SEC - 1), (151, 4, EXPORT_SEC + 1)),
    case("init time in the record after uptimes", [{S: -8000, E: -3000}],
         (22, 4, 2000), (21, 4, 7000), (160, 8, EXPORT_MS - 10000),
         versions=(IPFIX,)),
    case("start 30 days before, uptime", [{S: -1000, E: -1000}],
         (160, 8, EXPORT_MS - 40 * DAY), (22, 4, 10 * DAY),
         (21, 4, 40 * DAY - 1000), versions=(IPFIX,)),
    case("negative deltas", [{S: -3, E: -1}],
         (158, 4, 3000), (159, 4, 1000)),
)

BOTH = (*ends(A, B), (7, 2, 1000), (11, 2, 80), (4, 1, TCP), (1, 4, 100),
        (1, 4, 50, REVERSE))
R = {"src": B, "dst": A, "src_port": 80, "dst_port": 1000, "octets": 50}
F = {"src": A, "dst": B, "octets": 100}
BIFLOWS = tuple(
    case(name, [{**F, **one}, {**R, **other}], *BOTH, *fields,
         versions=(IPFIX,))
    for name, one, other, *fields in (
        ("seconds", {S: -9000, E: -7000}, {S: -8000, E: -6000},
         (150, 4, EXPORT_SEC - 9), (151, 4, EXPORT_SEC - 7),
         (150, 4, EXPORT_SEC - 8, REVERSE),
         (151, 4, EXPORT_SEC - 6, REVERSE)),
        ("NTP", {S: -9000, E: -7000}, {S: -8000, E: -6000},
         (155, 8, ntp(EXPORT_MS - 6000), REVERSE),
         (154, 8, ntp(EXPORT_MS - 8000), REVERSE),
         (154, 8, ntp(EXPORT_MS - 9000)), (155, 8, ntp(EXPORT_MS - 7000))),
        ("uptimes", {S: -9000, E: -7000}, {S: -8000, E: -6000},
         (160, 8, EXPORT_MS - 10000), (22, 4, 1000), (21, 4, 3000),
         (22, 4, 2000, REVERSE), (21, 4, 4000, REVERSE)),
        ("reverse end alone", {S: -9000, E: -7000}, {S: -6000, E: -6000},
         (152, 8, EXPORT_MS - 9000), (153, 8, EXPORT_MS - 7000),
         (153, 8, EXPORT_MS - 6000, REVERSE)),
        ("reverse duration", {S: -9000, E: -7000}, {S: -8000, E: -7500},
         (152, 8, EXPORT_MS - 9000), (153, 8, EXPORT_MS - 7000),
         (152, 8, EXPORT_MS - 8000, REVERSE), (161, 4, 500, REVERSE)),
        ("no reverse times", {S: -9000, E: -7000},
         {"flow_start": None, "flow_finish": None},
         (152, 8, EXPORT_MS - 9000), (153, 8, EXPORT_MS - 7000)),
        ("interfaces", {"if_index_in": 1, "if_index_out": 2},
         {"if_index_in": 7, "if_index_out": 8},
         (10, 4, 1), (14, 4, 2), (10, 4, 7, REVERSE), (14, 4, 8, REVERSE)),
        ("one interface", {"if_index_in": 1, "if_index_out": 2},
         {"if_index_in": 7, "if_index_out": 0},
         (10, 4, 1), (14, 4, 2), (10, 4, 7, REVERSE)),
        ("no interfaces", {"if_index_in": 1, "if_index_out": 2},
         {"if_index_in": None, "if_index_out": None},
         (10, 4, 1), (14, 4, 2)),
        ("physical interfaces", {"if_index_in": 1, "if_index_out": 2},
         {"if_index_in": 7, "if_index_out": 8},
         (252, 4, 1), (253, 4, 2), (252, 4, 7, REVERSE),
         (253, 4, 8, REVERSE)),
        ("flags and ToS", {"tcp_flags": 2, "tos": 4, "protocol": TCP},
         {"tcp_flags": 18, "tos": 8, "protocol": TCP},
         (6, 1, 2), (5, 1, 4), (6, 1, 18, REVERSE), (5, 1, 8, REVERSE)),
        ("no flags and no ToS", {"tcp_flags": 2, "tos": 4},
         {"tcp_flags": 0, "tos": 0, "protocol": TCP}, (6, 1, 2), (5, 1, 4)),
        ("DSCP", {"tos": 40}, {"tos": 184},
         (195, 1, 10), (195, 1, 46, REVERSE)),
        ("counters of flags", {"tcp_flags": 2}, {"tcp_flags": 0x12},
         (218, 4, 1), (218, 4, 1, REVERSE), (222, 4, 3, REVERSE)),
        ("flags of YAF", {"tcp_flags": 0x1a}, {"tcp_flags": 0x13},
         (14, 1, 2, 6871), (15, 1, 0x18, 6871), (16398, 1, 0x12, 6871),
         (16399, 1, 1, 6871)),
    ))

SINGLE = (
    case("352", [{"octets": 9}], (352, 8, 9)),
    case("353", [{"octets": 9}], (353, 8, 9)),
    case("352 and 1", [{"octets": 5}], (352, 8, 9), (1, 4, 5)),
    case("353 and 85", [{"octets": 5}], (353, 8, 9), (85, 4, 5)),
    case("DSCP and ToS", [{"tos": 3}], (195, 1, 46), (5, 1, 3)),
    case("DSCP", [{"tos": 184}], (195, 1, 46)),
    case("precedence", [{"tos": 0xa0}], (196, 1, 5)),
    case("post DSCP", [{"tos": 184}], (98, 1, 46)),
    case("post ToS", [{"tos": 7}], (55, 1, 7)),
    case("flags as counters", [{"tcp_flags": 0x14}],
         (220, 8, 1), (222, 4, 7), (218, 8, 0)),
    case("flags and counters", [{"tcp_flags": 0x02}],
         (220, 8, 1), (6, 1, 2)),
    case("two octets of flags", [{"tcp_flags": 0x12}], (6, 2, 0x112)),
    case("23 and 24", [{"octets": 5, "packets": 6}], (23, 4, 5), (24, 4, 6)),
    case("171 and 172", [{"octets": 5, "packets": 6}],
         (172, 8, 6), (171, 8, 5)),
    case("44, 45", [{"src": "192.0.2.0", "dst": "198.51.100.0",
                     "src_mask": 24, "dst_mask": 25}],
         (45, 4, "198.51.100.0"), (44, 4, "192.0.2.0"), (9, 1, 24),
         (13, 1, 25)),
    case("44 beside 8", [{"src": A}], (44, 4, "192.0.2.0"), (8, 4, A)),
    case("one prefix of IPv6", [{"dst": "2001:db8::", "dst_mask": 32,
                                 "src": None}],
         (169, 16, "2001:db8::"), (30, 1, 32)),
    case("a source of each family", [{"src": A, "dst": B6}],
         (8, 4, A), (28, 16, B6)),
    case("a source alone", [{"src": A6, "dst": None}], (27, 16, A6)),
    case("a destination alone", [{"dst": B, "src": None}], (12, 4, B)),
    case("both families, mixed", [{"src": A, "dst": B6}],
         (8, 4, A), (12, 4, "0.0.0.0"), (27, 16, "::"), (28, 16, B6)),
    case("initiator", [{"octets": 5, "packets": 1},
                       {"octets": 6, "packets": 2}],
         (231, 8, 5), (298, 8, 1), (232, 8, 6), (299, 8, 2)),
    case("permanent counters", [{"octets": 5, "packets": 1}],
         (85, 8, 5), (86, 8, 1)),
    case("Cisco ASA octets", [{"octets": 5}], (231, 4, 5)),
    case("TCP ports alone", [{"src_port": 5, "dst_port": 80,
                              "protocol": TCP}],
         (182, 2, 5), (183, 2, 80), (4, 1, TCP)),
    case("128-bit counter", [{"octets": 5}], (1, 16, bytes(15) + b"\5")),
)


class Variants(unittest.TestCase):
    def check(self, cases):
        todo = [(version, *case) for case in cases for version in case[1]]
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            for i, (version, _, _, fields, values, _) in enumerate(todo):
                layout = Template(256, *fields)
                feed.send(netflow9.message(
                    version, netflow9.templates(version, layout),
                    netflow9.data(layout, values), domain=i))
            stored = feed.flows()
        for i, (version, name, _, _, _, expected) in enumerate(todo):
            flows = [f for f in stored if f["source_id"] == i]
            for flow in flows:
                for key, member in ((S, "flow_start"), (E, "flow_finish")):
                    if member in flow:
                        flow[key] = absolute_ms(flow, member) - EXPORT_MS
            with self.subTest(name, version=version):
                self.assertEqual(
                    [{key: flow.get(key) for key in wanted}
                     for flow, wanted in zip(flows, expected)], expected)
                self.assertEqual(len(flows), len(expected))

    def test_tunnels(self):
        self.check(TUNNELS)

    def test_icmp(self):
        self.check(ICMPS)

    def test_times(self):
        self.check(TIMES)

    def test_biflows(self):
        self.check(BIFLOWS)

    def test_elements(self):
        self.check(SINGLE)


if __name__ == "__main__":
    tap.main()
