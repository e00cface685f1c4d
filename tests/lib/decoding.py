"""Tests that apply to both NetFlow v9 and IPFIX.

A test class derives from Sender, or from Decoding for the tests here, and from
unittest.TestCase, and sets the version."""

import random
import socket

import netflow
import netflow9
from feed import Feed
from flowdtest import Flowd
from netflow9 import VARIABLE, Field, Template
from recorded import absolute_ms
from report import statistics

SRC4 = ("sourceIPv4Address", 4)
DST4 = ("destinationIPv4Address", 4)
SRC6 = ("sourceIPv6Address", 16)
DST6 = ("destinationIPv6Address", 16)
OCTETS = ("octetDeltaCount", 4)
PACKETS = ("packetDeltaCount", 4)
PORTS = (("sourceTransportPort", 2), ("destinationTransportPort", 2))
PROTOCOL = ("protocolIdentifier", 1)
ZERO4, ZERO6 = "0.0.0.0", "::"
NTP_TO_EPOCH = 2208988800	# seconds from 1900 to 1970
EXPORT_MS = 1000 * netflow9.EXPORT_SEC

# Every integer that is stored unchanged, and its width in a record in bits.
INTEGERS = {
    "octetDeltaCount": 64, "packetDeltaCount": 64, "protocolIdentifier": 8,
    "ipClassOfService": 8, "tcpControlBits": 8, "sourceTransportPort": 16,
    "destinationTransportPort": 16, "sourceIPv4PrefixLength": 8,
    "destinationIPv4PrefixLength": 8, "ingressInterface": 32,
    "egressInterface": 32, "bgpSourceAsNumber": 32,
    "bgpDestinationAsNumber": 32, "engineType": 16, "engineId": 16}

FLOW4 = {"sourceIPv4Address": "192.0.2.1",
         "destinationIPv4Address": "198.51.100.2",
         "ipNextHopIPv4Address": "203.0.113.3",
         "sourceIPv4PrefixLength": 24, "destinationIPv4PrefixLength": 30}
FLOW6 = {"sourceIPv6Address": "2001:db8::1",
         "destinationIPv6Address": "2001:db8:ffff::2",
         "ipNextHopIPv6Address": "fe80::3",
         "sourceIPv6PrefixLength": 64, "destinationIPv6PrefixLength": 127}
REST = {"octetDeltaCount": (1 << 64) - 2, "packetDeltaCount": 1 << 40,
        "protocolIdentifier": 17, "ipClassOfService": 184,
        "tcpControlBits": 0x1b, "sourceTransportPort": 53,
        "destinationTransportPort": 65535,
        "ingressInterface": (1 << 32) - 1, "egressInterface": 1 << 31,
        "bgpSourceAsNumber": 4200000000, "bgpDestinationAsNumber": 23456,
        "engineType": 1, "engineId": 258}
LENGTHS = {"sourceIPv4Address": 4, "destinationIPv4Address": 4,
           "ipNextHopIPv4Address": 4, "sourceIPv6Address": 16,
           "destinationIPv6Address": 16, "ipNextHopIPv6Address": 16,
           **{name: bits // 8 for name, bits in INTEGERS.items()},
           "sourceIPv6PrefixLength": 1, "destinationIPv6PrefixLength": 1}


def layout_of(number, values):
    """Returns a template with a field of the usual length for each value."""
    return Template(number, *((name, LENGTHS[name]) for name in values))


def with_content(fields, values):
    """Returns the fields and values of a flow that is stored: one without
    address, octets and packets gets a number of packets."""
    if any(not isinstance(name, str) or "Octet" in name or "octet" in name or
           "Packet" in name or "packet" in name or
           name.startswith(("sourceIPv", "destinationIPv"))
           for name, *_ in fields):
        return fields, values
    return [*fields, PACKETS], [*values, 1]


def ntp(ms):
    """Returns epoch milliseconds as an NTP timestamp (RFC 7011 section
    6.1.9)."""
    sec, ms = divmod(ms, 1000)
    return (sec + NTP_TO_EPOCH) << 32 | (ms << 32) // 1000


class Sender:
    """Sends messages of self.version."""

    version = None
    SIMPLE = Template(300, SRC4, DST4, OCTETS)

    def message(self, *sets, **header):
        return netflow9.message(self.version, *sets, **header)

    def templates(self, *layouts, **more):
        return netflow9.templates(self.version, *layouts, **more)

    def simple(self, count, first=0):
        """Returns a data set of numbered flows, for SIMPLE."""
        return netflow9.data(self.SIMPLE, *(
            ("192.0.2.1", "198.51.100.2", first + i) for i in range(count)))

    def octets(self, flows):
        """Returns the octets, which are the numbers of numbered flows."""
        return [flow["octets"] for flow in flows]

    def collect(self, *datagrams, agent="127.0.0.1"):
        """Returns the flows that a new flowd stores for these, without receipt
        time."""
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            for datagram in datagrams:
                feed.send(datagram, agent)
            return [netflow.without_receipt(f) for f in feed.flows()]

    def check_cases(self, cases):
        """Checks cases of fields, values, and the members expected in each
        flow.

        An expected None means that the flow must not have that member."""
        datagrams = []
        for i, (fields, values, _) in enumerate(cases):
            fields, values = with_content(fields, values)
            layout = Template(256, *fields)
            datagrams.append(self.message(
                self.templates(layout), netflow9.data(layout, values),
                domain=i))
        stored = self.collect(*datagrams)
        for i, (fields, values, expected) in enumerate(cases):
            flows = [f for f in stored if f["source_id"] == i]
            with self.subTest(fields=fields, values=values):
                self.assertEqual(
                    [{key: flow.get(key) for key in wanted}
                     for flow, wanted in zip(flows, expected)], expected)
                self.assertEqual(len(flows), len(expected))

    def check_times(self, cases, **header):
        """Checks cases of fields, values, and start and end in epoch ms."""
        datagrams = []
        for i, (fields, values, _, _) in enumerate(cases):
            fields, values = with_content(fields, values)
            layout = Template(256, *fields)
            datagrams.append(self.message(
                self.templates(layout), netflow9.data(layout, values),
                domain=i, **header))
        stored = self.collect(*datagrams)
        self.assertEqual(len(stored), len(cases))
        for flow, (fields, values, start, end) in zip(stored, cases):
            with self.subTest(fields=fields, values=values):
                self.assertEqual(absolute_ms(flow, "flow_start"), start)
                self.assertEqual(absolute_ms(flow, "flow_finish"), end)
                self.assertLessEqual(flow["flow_finish"],
                                     flow["sys_uptime_ms"])


class Decoding(Sender):
    """From fields on the wire to fields of the log."""

    def test_every_field(self):
        datagrams, expected = [], []
        for i, addresses in enumerate((FLOW4, FLOW6)):
            values = {**addresses, **REST}
            layout = layout_of(256, values)
            header = {"domain": 7 + i, "sequence": 1000 + i}
            datagrams.append(self.message(
                self.templates(layout), netflow9.data(layout, values),
                **header))
            expected.append(netflow9.stored(
                self.version, values, "127.0.0.9", **header))
        stored = self.collect(*datagrams, agent="127.0.0.9")
        self.assertEqual(stored, expected)

    def test_an_ipv4_record_is_116_bytes_with_its_checksum(self):
        values = {**FLOW4, **REST}
        layout = layout_of(256, values)
        with Flowd("store ALL") as flowd:
            flowd.send(self.message(self.templates(layout),
                                    netflow9.data(layout, values)))
            self.assertIn("crc", flowd.wait_flows(1)[0])
            record = flowd.log.read_bytes()
        self.assertEqual(len(record), 116)
        self.assertEqual(record[4:8], bytes.fromhex("4007faae"))

    def test_integers_of_every_length(self):
        rng = random.Random(self.version)
        cases = []
        for length in (*range(1, 9), 9, 12, 16):
            values = {name: rng.randrange(1 << 8 * length)
                      for name in INTEGERS}
            addresses = {"sourceIPv4Address": rng.randrange(1 << 8 * length),
                         "destinationIPv4Address": (1 << 8 * length) - 2}
            expected = {netflow9.STORED[name]: value % (1 << INTEGERS[name])
                        for name, value in values.items()}
            expected["src"] = socket.inet_ntoa(
                (addresses["sourceIPv4Address"] % (1 << 32))
                .to_bytes(4, "big"))
            values.update(addresses)
            cases.append(([(name, length) for name in values], values,
                          [expected]))
        self.check_cases(cases)

    def test_ipv6_addresses_of_other_lengths(self):
        self.check_cases([
            ([("sourceIPv6Address", 4), DST6],
             {"sourceIPv6Address": 0x10203, "destinationIPv6Address": 1},
             [{"src": "::1:203", "dst": "::1"}]),
            ([("sourceIPv6Address", 20), DST6],
             {"sourceIPv6Address": (0xff << 128) + 5,
              "destinationIPv6Address": 1},
             [{"src": "::5", "dst": "::1"}])])

    def test_absent_fields_are_not_stored(self):
        self.check_cases([
            ([("flowStartSeconds", 4)], [netflow9.EXPORT_SEC], [
                {key: None for key in (
                    "src", "dst", "gateway", "protocol", "src_port",
                    "octets", "if_index_in", "src_as")}]),
            ([SRC4], ["192.0.2.1"], [{"src": "192.0.2.1", "dst": None}]),
            ([DST6], ["2001:db8::1"], [{"src": None, "dst": "2001:db8::1"}]),
            ([("octetDeltaCount", 0), PACKETS], [0, 5],
             [{"octets": None, "packets": 5}])])

    def test_counters(self):
        def counters(*names):
            return [(name, 8) for name in names]

        both = {"octets": 1, "packets": 2}
        self.check_cases([
            (counters("octetDeltaCount", "packetDeltaCount"), [1, 2],
             [both]),
            (counters("octetTotalCount", "packetTotalCount"), [1, 2],
             [both]),
            (counters("octetTotalCount", "packetTotalCount",
                      "octetDeltaCount", "packetDeltaCount"), [8, 9, 1, 2],
             [both]),
            (counters("octetDeltaCount", "packetDeltaCount",
                      "octetTotalCount", "packetTotalCount"), [1, 2, 8, 9],
             [both]),
            (counters("postOctetDeltaCount", "postPacketDeltaCount"), [1, 2],
             [both]),
            (counters("postOctetDeltaCount", "postPacketDeltaCount",
                      "octetDeltaCount", "packetDeltaCount"), [8, 9, 1, 2],
             [both]),
            (counters("octetDeltaCount", "packetDeltaCount",
                      "postOctetDeltaCount", "postPacketDeltaCount"),
             [1, 2, 8, 9], [both]),
            (counters("postOctetDeltaCount", "octetTotalCount"), [1, 9],
             [{"octets": 1, "packets": None}]),
            # A 0 that was sent is a valid value.
            (counters("octetDeltaCount", "octetTotalCount"), [0, 9],
             [{"octets": 0}])])

    def test_biflows(self):
        fields = [SRC4, DST4, *PORTS, PROTOCOL, ("ingressInterface", 4),
                  ("egressInterface", 4), ("bgpSourceAsNumber", 4),
                  ("bgpDestinationAsNumber", 4),
                  ("sourceIPv4PrefixLength", 1),
                  ("destinationIPv4PrefixLength", 1),
                  ("ipNextHopIPv4Address", 4), ("initiatorOctets", 8),
                  ("responderOctets", 8), ("initiatorPackets", 8),
                  ("responderPackets", 8)]
        ends = ["192.0.2.1", "198.51.100.2", 1024, 443, 6, 1, 2, 64500,
                64501, 24, 16, "203.0.113.3"]
        forward = {"src": "192.0.2.1", "dst": "198.51.100.2",
                   "src_port": 1024, "dst_port": 443, "protocol": 6,
                   "if_index_in": 1, "if_index_out": 2, "src_as": 64500,
                   "dst_as": 64501, "src_mask": 24, "dst_mask": 16,
                   "gateway": "203.0.113.3"}
        reverse = {"src": "198.51.100.2", "dst": "192.0.2.1",
                   "src_port": 443, "dst_port": 1024, "protocol": 6,
                   "if_index_in": 2, "if_index_out": 1, "src_as": 64501,
                   "dst_as": 64500, "src_mask": 16, "dst_mask": 24,
                   "gateway": None}

        def case(numbers, *expected):
            return fields, ends + numbers, list(expected)

        self.check_cases([
            case([100, 40, 3, 2], {**forward, "octets": 100, "packets": 3},
                 {**reverse, "octets": 40, "packets": 2}),
            case([100, 0, 3, 0], {**forward, "octets": 100, "packets": 3}),
            case([0, 40, 0, 2], {**reverse, "octets": 40, "packets": 2}),
            case([0, 0, 0, 0], {**forward, "octets": 0, "packets": 0})])

    def test_initiator_counters_are_the_forward_direction(self):
        self.check_cases([
            ([("initiatorOctets", 4), ("initiatorPackets", 4)], [7, 1],
             [{"octets": 7, "packets": 1}]),
            ([("initiatorOctets", 4), OCTETS], [7, 8], [{"octets": 8}])])

    def test_both_families_in_one_template(self):
        four = ["192.0.2.1", "198.51.100.2"]
        six = ["2001:db8::1", "2001:db8::2"]
        is4 = [{"src": four[0], "dst": four[1]}]
        is6 = [{"src": six[0], "dst": six[1]}]
        v4_first = [SRC4, DST4, SRC6, DST6]
        v6_first = [SRC6, DST6, SRC4, DST4]
        told = [*v4_first, ("ipVersion", 1)]
        self.check_cases([
            (v4_first, [*four, ZERO6, ZERO6], is4),
            (v4_first, [ZERO4, ZERO4, *six], is6),
            (v6_first, [ZERO6, ZERO6, *four], is4),
            (v6_first, [*six, ZERO4, ZERO4], is6),
            (told, [*four, *six, 4], is4),
            (told, [*four, *six, 6], is6),
            (told, [ZERO4, ZERO4, ZERO6, ZERO6, 6],
             [{"src": ZERO6, "dst": ZERO6}]),
            # As in a translated flow, and with only one address.
            ([SRC4, DST6], [four[0], six[1]],
             [{"src": four[0], "dst": six[1]}]),
            (v4_first, [ZERO4, four[1], six[0], ZERO6],
             [{"src": six[0], "dst": four[1]}]),
            ([SRC4], [four[0]], [{"src": four[0], "dst": None}])])

    def test_prefix_lengths_follow_the_family(self):
        fields = [SRC4, SRC6, ("sourceIPv4PrefixLength", 1),
                  ("sourceIPv6PrefixLength", 1)]
        self.check_cases([
            (fields, ["192.0.2.1", ZERO6, 24, 64],
             [{"src": "192.0.2.1", "src_mask": 24}]),
            (fields, [ZERO4, "2001:db8::1", 24, 64],
             [{"src": "2001:db8::1", "src_mask": 64}])])

    def test_first_of_repeated_elements_is_stored(self):
        self.check_cases([
            ([OCTETS, ("octetDeltaCount", 8), SRC4, SRC4],
             [1, 2, "192.0.2.1", "192.0.2.2"],
             [{"octets": 1, "src": "192.0.2.1"}])])

    def test_unknown_elements_are_skipped(self):
        self.check_cases([
            ([Field(20000, 7), OCTETS, Field(32767, 1000), PACKETS,
              ("sourceMacAddress", 6), SRC4],
             [bytes(range(7)), 1, bytes(1000), 2, bytes(6), "192.0.2.1"],
             [{"octets": 1, "packets": 2, "src": "192.0.2.1"}])])

    def test_variable_lengths(self):
        text = ("applicationName", VARIABLE)
        layout = Template(256, text, OCTETS, text)
        names = [b"", b"x", bytes(254), netflow9.long(b""),
                 netflow9.long(b"abc"), netflow9.long(bytes(300)),
                 netflow9.long(bytes(20000))]
        stored = self.collect(self.message(
            self.templates(layout), netflow9.data(layout, *(
                (name, i, name) for i, name in enumerate(names)))))
        self.assertEqual(self.octets(stored), list(range(len(names))))

    def test_values_of_variable_length(self):
        address = ("sourceIPv4Address", VARIABLE)
        octets = ("octetDeltaCount", VARIABLE)
        layout = Template(256, octets, address, PACKETS)
        stored = self.collect(self.message(
            self.templates(layout), netflow9.data(
                layout, (b"\1", bytes((192, 0, 2, 1)), 5),
                (b"", bytes((192, 0, 2, 2)), 6),
                (bytes((1, 0, 0)), bytes((192, 0, 2, 3)), 7),
                (netflow9.long(b"\0" * 6 + b"\2\1"),
                 netflow9.long(bytes((192, 0, 2, 4))), 8))))
        self.assertEqual(
            [(f["octets"], f["src"], f["packets"]) for f in stored],
            [(1, "192.0.2.1", 5), (0, "192.0.2.2", 6),
             (65536, "192.0.2.3", 7), (513, "192.0.2.4", 8)])

    def test_a_variable_field_that_crosses_the_end_is_dropped(self):
        layout = Template(256, OCTETS, ("applicationName", VARIABLE))
        whole = layout.record((1, b"abc"))
        stored = self.collect(
            self.message(self.templates(layout)),
            *(self.message(netflow9.raw_set(256, whole + cut)) for cut in (
                bytes(4) + b"\x05abc", bytes(4) + b"\xff\0",
                bytes(4) + b"\xff\xff\xff", bytes(4) + b"\xff")))
        self.assertEqual(self.octets(stored), [1] * 4)

    def test_zero_length_fields_in_variable_records(self):
        self.check_cases([
            ([("octetDeltaCount", 0), ("applicationName", VARIABLE),
              PACKETS, ("sourceIPv4Address", 0)], [0, b"abc", 5, b""],
             [{"octets": None, "packets": 5, "src": None}])])

    def test_padding_of_sets(self):
        layout = Template(256, SRC4, OCTETS)
        flow = ("192.0.2.1", 5)
        datagrams = [self.message(
            self.templates(layout, padding=bytes(n)),
            netflow9.data(layout, flow, padding=bytes(n)))
            for n in range(8)]
        self.assertEqual(self.octets(self.collect(*datagrams)), [5] * 8)

    def test_padding_of_the_datagram(self):
        datagrams = [self.message(
            self.templates(self.SIMPLE), self.simple(1), bytes(n))
            for n in (1, 2, 3, 4, 5, 8, 1000)]
        self.assertEqual(self.octets(self.collect(*datagrams)), [0] * 7)

    def test_several_templates_in_one_set(self):
        layouts = [Template(256 + i, SRC4, ("octetDeltaCount", 1 + i))
                   for i in range(8)]
        stored = self.collect(self.message(
            self.templates(*layouts), *(netflow9.data(
                layout, ("192.0.2.1", 10 + i), ("192.0.2.2", 20 + i))
                for i, layout in enumerate(layouts))))
        self.assertEqual(self.octets(stored), [
            n + i for i in range(8) for n in (10, 20)])

    def test_sets_in_any_order(self):
        other = Template(301, DST4, PACKETS)
        stored = self.collect(self.message(
            self.simple(2), self.templates(other),
            netflow9.data(other, ("198.51.100.2", 7)),
            self.templates(self.SIMPLE), self.simple(1, first=2),
            netflow9.data(other, ("198.51.100.2", 8))))
        self.assertEqual(
            sorted(f["octets"] for f in stored if "octets" in f), [0, 1, 2])
        self.assertEqual(
            [f["packets"] for f in stored if "packets" in f], [7, 8])

    def test_icmp_type_and_code_are_the_destination_port(self):
        self.check_cases([
            ([PROTOCOL, ("icmpTypeCodeIPv4", 2)], [1, 0x0301],
             [{"protocol": 1, "src_port": 0, "dst_port": 0x0301}]),
            ([("icmpTypeIPv4", 1), ("icmpCodeIPv4", 1)], [11, 2],
             [{"src_port": 0, "dst_port": 11 * 256 + 2}]),
            ([("icmpCodeIPv4", 1), ("icmpTypeIPv4", 1)], [2, 11],
             [{"dst_port": 11 * 256 + 2}]),
            ([("icmpTypeIPv4", 1)], [8], [{"dst_port": 8 * 256}]),
            ([SRC6, ("icmpTypeCodeIPv6", 2)], ["2001:db8::1", 128 << 8],
             [{"src_port": 0, "dst_port": 128 << 8}]),
            ([SRC6, ("icmpTypeIPv6", 1), ("icmpCodeIPv6", 1)],
             ["2001:db8::1", 1, 4], [{"dst_port": 260}]),
            ([("icmpTypeCodeIPv4", 4)], [0x0301], [{"dst_port": 0x0301}]),
            # In a record of ICMP, ports are not ports.
            ([*PORTS, ("icmpTypeCodeIPv4", 2)], [0, 0, 0x0301],
             [{"protocol": 1, "src_port": 0, "dst_port": 0x0301}]),
            ([PROTOCOL, ("icmpTypeCodeIPv4", 2), *PORTS], [1, 0x0301, 5, 6],
             [{"src_port": 0, "dst_port": 0x0301}]),
            ([PROTOCOL, ("icmpTypeCodeIPv4", 2), *PORTS], [6, 0x0301, 5, 6],
             [{"src_port": 5, "dst_port": 6}]),
            ([PROTOCOL, ("icmpTypeCodeIPv4", 2)], [6, 0],
             [{"src_port": None, "dst_port": None}])])

    def test_next_hops(self):
        hop, bgp = "203.0.113.1", "203.0.113.2"
        hop6, bgp6 = "fe80::1", "2001:db8::b9"
        hop_field = ("ipNextHopIPv4Address", 4)
        bgp_field = ("bgpNextHopIPv4Address", 4)
        hop6_field = ("ipNextHopIPv6Address", 16)
        bgp6_field = ("bgpNextHopIPv6Address", 16)
        self.check_cases([
            ([hop_field], [hop], [{"gateway": hop}]),
            ([bgp_field], [bgp], [{"gateway": bgp}]),
            ([bgp_field, hop_field], [bgp, hop], [{"gateway": hop}]),
            ([hop_field, bgp_field], [hop, bgp], [{"gateway": hop}]),
            ([hop6_field], [hop6], [{"gateway": hop6}]),
            ([bgp6_field], [bgp6], [{"gateway": bgp6}]),
            ([bgp6_field, hop6_field], [bgp6, hop6], [{"gateway": hop6}]),
            ([SRC4, hop_field, hop6_field], ["192.0.2.1", hop, ZERO6],
             [{"gateway": hop}]),
            ([SRC6, hop_field, hop6_field], ["2001:db8::1", ZERO4, hop6],
             [{"gateway": hop6}]),
            # The next hop is in the other family.
            ([SRC4, hop_field, hop6_field], ["192.0.2.1", ZERO4, hop6],
             [{"gateway": hop6}])])

    def test_physical_interfaces_without_logical_ones(self):
        logical = [("ingressInterface", 4), ("egressInterface", 4)]
        physical = [("ingressPhysicalInterface", 4),
                    ("egressPhysicalInterface", 4)]
        self.check_cases([
            (physical, [1, 2], [{"if_index_in": 1, "if_index_out": 2}]),
            (physical + logical, [1, 2, 3, 4],
             [{"if_index_in": 3, "if_index_out": 4}]),
            ([logical[0]], [3], [{"if_index_in": 3, "if_index_out": 0}])])

    def absolute_times(self):
        """Cases for check_times."""
        start, end = EXPORT_MS - 65432, EXPORT_MS - 1001
        coarse_start, coarse_end = EXPORT_MS - 66000, EXPORT_MS - 2000
        month = 31 * 86400000
        seconds = [("flowStartSeconds", 4), ("flowEndSeconds", 4)]
        ms = [("flowStartMilliseconds", 8), ("flowEndMilliseconds", 8)]
        us = [("flowStartMicroseconds", 8), ("flowEndMicroseconds", 8)]
        ns = [("flowStartNanoseconds", 8), ("flowEndNanoseconds", 8)]
        return [
            (seconds, [coarse_start // 1000, coarse_end // 1000],
             coarse_start, coarse_end),
            (ms, [start, end], start, end),
            (us, [ntp(start), ntp(end)], start, end),
            (ns, [ntp(start), ntp(end)], start, end),
            # The element with the finer unit is stored.
            (seconds + ms, [1, 2, start, end], start, end),
            (us + seconds, [ntp(start), ntp(end), 1, 2], start, end),
            (ms + ns, [1, 2, ntp(start), ntp(end)], start, end),
            ([("flowStartDeltaMicroseconds", 4),
              ("flowEndDeltaMicroseconds", 4)],
             [65432000, 1001000], start, end),
            # A duration counts from the start, from the end, or back from the
            # export.
            ([ms[0], ("flowDurationMilliseconds", 4)],
             [start, end - start], start, end),
            ([ms[1], ("flowDurationMilliseconds", 4)],
             [end, end - start], start, end),
            ([ms[1], ("flowDurationMicroseconds", 8)],
             [end, 1000 * (end - start)], start, end),
            ([("flowDurationMilliseconds", 4)], [500],
             EXPORT_MS - 500, EXPORT_MS),
            ([OCTETS], [1], EXPORT_MS, EXPORT_MS),
            ([ms[0]], [start], start, EXPORT_MS),
            ([ms[1]], [end], end, end),
            # The clocks disagree: the flow ends after the export.
            (ms, [start, EXPORT_MS + 5000], start, EXPORT_MS + 5000),
            # A time that FLOW_TIMES cannot represent counts as absent.
            (ms, [EXPORT_MS - month, end], end, end),
            (ms, [0, (1 << 64) - 1], EXPORT_MS, EXPORT_MS)]

    def test_absolute_times(self):
        self.check_times(self.absolute_times())

    def test_absolute_times_shortly_after_boot(self):
        self.check_times(self.absolute_times(), uptime_ms=10)

    def test_a_template_is_replaced_by_another_of_its_id(self):
        other = Template(self.SIMPLE.id, PACKETS, DST4)
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            feed.send(self.message(self.templates(self.SIMPLE),
                                   self.simple(1)))
            feed.send(self.message(
                self.templates(other),
                netflow9.data(other, (7, "198.51.100.9"))))
            stored = feed.flows()
            self.assertEqual(statistics(flowd)["127.0.0.1"]["templates"], 2)
        self.assertEqual([f.get("packets") for f in stored], [None, 7])
        self.assertEqual(stored[1]["dst"], "198.51.100.9")

    def test_refreshes_of_a_template_are_silent(self):
        refresh = self.message(self.templates(self.SIMPLE), self.simple(1))
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            feed.send(refresh)
            feed.drain()
            statistics(flowd)	# comes after the messages about the first one
            before = flowd.stderr_lines()
            for _ in range(50):
                feed.send(refresh)
            self.assertEqual(len(feed.flows()), 51)
            self.assertEqual(flowd.stderr_lines(), before)
            self.assertEqual(statistics(flowd)["127.0.0.1"]["templates"], 1)

    def test_reserved_sets_are_skipped_and_counted(self):
        reserved = [n for n in range(256) if n not in (
            netflow9.TEMPLATE_SETS[self.version],
            netflow9.OPTIONS_SETS[self.version])]
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            for number in reserved:
                feed.send(self.message(
                    netflow9.raw_set(number, b"\1\2\3\4\5"),
                    self.templates(self.SIMPLE),
                    netflow9.raw_set(number, b""), self.simple(1)))
            self.assertEqual(len(feed.flows()), len(reserved))
            self.assertEqual(
                statistics(flowd)["127.0.0.1"]["sets-reserved"],
                2 * len(reserved))

    def test_the_largest_datagram(self):
        head = self.message(self.templates(self.SIMPLE), self.simple(0))
        count = (netflow9.DATAGRAM_MAX - len(head)) // 12
        rest = (netflow9.DATAGRAM_MAX - len(head)) % 12
        datagram = self.message(
            self.templates(self.SIMPLE), netflow9.data(self.SIMPLE, *(
                ("192.0.2.1", "198.51.100.2", i) for i in range(count)),
                padding=bytes(rest)))
        self.assertEqual(len(datagram), netflow9.DATAGRAM_MAX)
        self.assertEqual(self.octets(self.collect(datagram)),
                         list(range(count)))

    def test_templates_belong_to_a_domain_exporter_and_version(self):
        wide = Template(self.SIMPLE.id, ("octetDeltaCount", 8), SRC4)
        other = next(v for v in netflow9.VERSIONS if v != self.version)
        wide_set = netflow9.data(wide, (5, "192.0.2.9"))
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            feed.send(self.message(self.templates(self.SIMPLE)))
            feed.send(self.message(self.templates(wide), domain=2))
            feed.send(netflow9.message(
                other, netflow9.templates(other, wide)))
            feed.send(self.message(self.templates(wide)), "127.0.0.2")
            feed.send(self.message(self.simple(1)))
            feed.send(self.message(wide_set, domain=2))
            feed.send(netflow9.message(other, wide_set))
            feed.send(self.message(wide_set), "127.0.0.2")
            # No template was sent for these.
            feed.send(self.message(wide_set, domain=3))
            feed.send(self.message(wide_set), "127.0.0.3")
            stored = feed.flows()
        self.assertEqual(
            [(f["agent"], f["netflow_version"], f["source_id"], f["octets"])
             for f in stored],
            [("127.0.0.1", self.version, 0, 0),
             ("127.0.0.1", self.version, 2, 5),
             ("127.0.0.1", other, 0, 5), ("127.0.0.2", self.version, 0, 5)])

    def test_two_line_cards_of_one_router(self):
        """One port sends the templates, another the data."""
        def card():
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind(("127.0.0.9", 0))
            return sock

        with Flowd("store ALL") as flowd, card() as one, card() as two:
            self.assertNotEqual(one.getsockname(), two.getsockname())
            to = (flowd.addresses[0], flowd.port)
            one.sendto(self.message(self.templates(self.SIMPLE)), to)
            flows = 0
            for i, sock in enumerate((two, one, two, one)):
                sock.sendto(self.message(self.simple(2, first=flows),
                                         sequence=1 + i), to)
                flows += 2
            stored = flowd.wait_flows(flows)
        self.assertEqual(self.octets(stored), list(range(flows)))

    def test_more_templates_than_are_kept(self):
        """The oldest of the same exporter are evicted, and no other
        exporter's."""
        limit, more = 4096, 100
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            feed.send(self.message(self.templates(self.SIMPLE)), "127.0.0.2")
            ids = [256 + i for i in range(limit + more)]
            for at in range(0, len(ids), 100):
                feed.send(self.message(self.templates(*(
                    Template(n, SRC4, OCTETS) for n in ids[at:at + 100]))))
            for at in range(0, len(ids), 100):
                feed.send(self.message(*(
                    netflow9.data(Template(n, SRC4, OCTETS),
                                  ("192.0.2.1", n))
                    for n in ids[at:at + 100])))
            feed.send(self.message(self.simple(1)), "127.0.0.2")
            stored = feed.flows()
        self.assertEqual(
            self.octets(f for f in stored if f["agent"] == "127.0.0.1"),
            ids[more:])
        self.assertEqual(stored[-1]["agent"], "127.0.0.2")
