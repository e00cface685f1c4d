#!/usr/bin/env python3
"""flow-send -p sends the payloads of the UDP datagrams in a capture, and
counts the packets that it skips."""

import ipaddress
import pathlib
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
import wire

ETHERNET, RAW, NULL, SLL, SLL2, PPP = 1, 101, 0, 113, 276, 9	# link types
TCP, UDP, ICMP = 6, 17, 1
HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION = 0, 43, 44, 60
MORE = 1 << 13				# more fragments follow


def pcap(link, frames, order="<", magic=0xa1b2c3d4):
    """Returns a capture of frames; a pair is a frame and its captured
    length."""
    data = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    for i, frame in enumerate(frames):
        frame, kept = frame if isinstance(frame, tuple) else (frame, None)
        kept = frame[:kept]
        data += struct.pack(order + "IIII", 1700000000, i, len(kept),
                            len(frame)) + kept
    return data


def udp(payload, length=None):
    if length is None:
        length = 8 + len(payload)
    return struct.pack("!HHHH", 50000, 2055, length, 0) + payload


def ipv4(body, protocol=UDP, src="192.0.2.1", fragment=0, options=b"",
         length=None):
    header_len = 20 + len(options)
    if length is None:
        length = header_len + len(body)
    return struct.pack(
        "!BBHHHBBH4s4s", 4 << 4 | header_len // 4, 0, length, 0, fragment, 64,
        protocol, 0, ipaddress.ip_address(src).packed,
        ipaddress.ip_address("192.0.2.2").packed) + options + body


def ipv6(body, next_header=UDP, src="2001:db8::1"):
    return struct.pack(
        "!IHBB16s16s", 6 << 28, len(body), next_header, 64,
        ipaddress.ip_address(src).packed,
        ipaddress.ip_address("2001:db8::2").packed) + body


def extension(next_header, more, body):
    """Returns body with an extension header of 8 + more bytes before it."""
    return struct.pack("!BB", next_header, more // 8) + bytes(6 + more) + body


def ethernet(packet, ethertype=None, tags=()):
    if ethertype is None:
        ethertype = 0x86dd if packet[0] >> 4 == 6 else 0x0800
    return (bytes(12) + b"".join(struct.pack("!HH", tag, 7) for tag in tags) +
            struct.pack("!H", ethertype) + packet)


@unittest.skipUnless(wire.has_pcap(), "flow-send has no libpcap")
class Capture(unittest.TestCase):

    def setUp(self):
        directory = tap.TemporaryDirectory(prefix="flowd-test-")
        self.addCleanup(directory.cleanup)
        self.path = pathlib.Path(directory.name) / "capture.pcap"

    def send(self, data, *args):
        self.path.write_bytes(data)
        with wire.Receiver() as receiver:
            return receiver.run("-p", str(self.path), *args)

    def check(self, data, payloads, passed_over=None):
        """Asserts these payloads, in this order, and the message."""
        result = self.send(data)
        self.assertEqual(result.status, 0, result.stderr)
        sent = [payload for _, payload in result.datagrams]
        self.assertEqual([len(p) for p in sent], [len(p) for p in payloads])
        self.assertTrue(sent == payloads)
        if passed_over is None:
            self.assertEqual(result.stderr, "")
        else:
            self.assertEqual(
                result.stderr, f"flow-send: {self.path}: packets passed over: "
                "%u not UDP, %u fragments, %u damaged or cut short\n" %
                passed_over)
        return result

    def test_netflow_is_sent_unchanged(self):
        payloads = [netflow.datagram(version, netflow.flows(3, seed=version))
                    for version in (5, 1, 7, 5)]
        self.check(pcap(ETHERNET, [ethernet(ipv4(udp(p))) for p in payloads]),
                   payloads)

    def test_order_and_lengths(self):
        # Lengths are equal, falling, rising and 0: batching must not change
        # them.
        lengths = [100] * 70 + [50, 100, 100, 0, 0, 100, 1] + \
            list(range(1, 60)) + [1472] * 20 + [1471]
        payloads = [bytes([i & 255]) * n for i, n in enumerate(lengths)]
        self.check(pcap(RAW, [ipv4(udp(p)) for p in payloads]), payloads)

    def test_large_datagram(self):
        payloads = [bytes([i]) * 65507 for i in range(2)]
        self.check(pcap(RAW, [ipv4(udp(p)) for p in payloads]), payloads)

    def test_link_types(self):
        packets = [ipv4(udp(b"four")), ipv6(udp(b"six"))]
        types = (0x0800, 0x86dd)
        for link, frames in (
                (ETHERNET, [ethernet(p) for p in packets]),
                (RAW, packets),
                (NULL, [struct.pack("=I", 2) + p for p in packets]),
                (SLL, [bytes(14) + struct.pack("!H", t) + p
                       for t, p in zip(types, packets)]),
                (SLL2, [struct.pack("!H", t) + bytes(18) + p
                        for t, p in zip(types, packets)])):
            with self.subTest(link=link):
                self.check(pcap(link, frames), [b"four", b"six"])

    def test_unknown_link_type(self):
        result = self.send(pcap(PPP, [bytes(50)]))
        self.assertEqual((result.status, result.datagrams), (1, []))
        self.assertRegex(result.stderr, r"capture\.pcap: link type \d+ is")

    def test_vlan_tags(self):
        packet = ipv4(udp(b"tagged"))
        self.check(pcap(ETHERNET, [
            ethernet(packet, tags=(0x8100,)),
            ethernet(packet, tags=(0x88a8, 0x8100))]), [b"tagged"] * 2)

    def test_options_and_padding(self):
        self.check(pcap(ETHERNET, [
            ethernet(ipv4(udp(b"short")) + bytes(20)),
            ethernet(ipv4(udp(b"options"), options=bytes(40))),
            ethernet(ipv4(udp(b"inner"), length=33) + b"outer"),
            ethernet(ipv4(udp(b"inside", length=8 + 2)))]),
            [b"short", b"options", b"inner", b"in"])

    def test_ipv6_extension_headers(self):
        body = udp(b"extended")
        self.check(pcap(RAW, [
            ipv6(extension(UDP, 0, body), HOP_BY_HOP),
            ipv6(extension(ROUTING, 0, extension(DESTINATION, 16, extension(
                UDP, 8, body))), HOP_BY_HOP)]), [b"extended"] * 2)

    def test_other_protocols(self):
        self.check(pcap(ETHERNET, [
            ethernet(bytes(28), ethertype=0x0806),
            ethernet(ipv4(bytes(20), protocol=TCP)),
            ethernet(ipv4(udp(b"yes"))),
            ethernet(ipv4(bytes(8), protocol=ICMP, fragment=MORE)),
            ethernet(ipv6(bytes(20), TCP)),
            ethernet(ipv6(extension(TCP, 0, bytes(20)), HOP_BY_HOP)),
            ethernet(ipv6(extension(TCP, 0, bytes(20)), FRAGMENT))]),
            [b"yes"], (6, 0, 0))

    def test_fragments(self):
        self.check(pcap(ETHERNET, [
            ethernet(ipv4(udp(b"first"), fragment=MORE)),
            ethernet(ipv4(b"middle", fragment=MORE | 2)),
            ethernet(ipv4(b"last", fragment=3)),
            ethernet(ipv6(extension(UDP, 0, udp(b"six")), FRAGMENT)),
            ethernet(ipv4(udp(b"whole"), fragment=1 << 14))]),
            [b"whole"], (0, 4, 0))

    def test_damage(self):
        good = ethernet(ipv4(udp(b"good")))
        packet = ipv4(udp(b"bad"))
        self.check(pcap(ETHERNET, [
            good,
            ethernet(packet[:12], ethertype=0x0800),
            ethernet(b"\x44" + packet[1:]),		# header of 16 bytes
            ethernet(b"\x4f" + packet[1:]),		# longer than the packet
            ethernet(b"\x54" + packet[1:], ethertype=0x0800),
            ethernet(ipv4(udp(b"bad"), length=19)),
            ethernet(ipv4(udp(b"bad"), length=300)),
            ethernet(ipv4(udp(b"bad", length=7))),
            ethernet(ipv4(udp(b"bad", length=12))),
            ethernet(ipv6(extension(UDP, 800, b""), HOP_BY_HOP)),
            ethernet(b"", ethertype=0x0800),
            ethernet(b"", ethertype=0x8100),
            good]), [b"good", b"good"], (0, 0, 11))

    def test_every_cut(self):
        frames = [ethernet(ipv4(udp(b"cut"), options=bytes(8)), tags=[0x8100]),
                  ethernet(ipv6(extension(UDP, 8, udp(b"cut")), HOP_BY_HOP))]
        for frame in frames:
            cuts = [(frame, kept) for kept in range(len(frame))]
            self.check(pcap(ETHERNET, [*cuts, frame]), [b"cut"],
                       (0, 0, len(cuts)))

    def test_nothing_to_send(self):
        for frames in ([], [ethernet(bytes(28), ethertype=0x0806)]):
            result = self.send(pcap(ETHERNET, frames))
            self.assertEqual((result.status, result.datagrams), (1, []))
            self.assertIn("no UDP datagrams", result.stderr)

    def test_not_a_capture(self):
        for data in (b"", b"not a capture" * 10):
            result = self.send(data)
            self.assertEqual((result.status, result.datagrams), (1, []))
            self.assertIn(f"flow-send: {self.path}: ", result.stderr)

    def test_truncated_capture(self):
        whole = pcap(RAW, [ipv4(udp(b"one")), ipv4(udp(b"two"))])
        result = self.send(whole[:-1])
        self.assertEqual((result.status, result.datagrams), (1, []))
        self.assertIn("truncated", result.stderr)

    def test_other_byte_orders_and_units(self):
        frames = [ipv4(udp(b"order"))]
        for order in "<>":
            for magic in (0xa1b2c3d4, 0xa1b23c4d):
                self.check(pcap(RAW, frames, order, magic), [b"order"])

    def test_summary_without_flows(self):
        result = self.send(pcap(RAW, [ipv4(udp(b"12345"))] * 3), "-v")
        self.assertRegex(result.stderr,
                         r"^flow-send: 3 datagrams, 15 octets in \d")

    def test_standard_input(self):
        self.path.write_bytes(pcap(RAW, [ipv4(udp(b"piped"))]))
        with wire.Receiver() as receiver, open(self.path, "rb") as file:
            result = receiver.run("-p", "-", stdin=file)
        self.assertEqual(result.status, 0, result.stderr)
        self.assertEqual([p for _, p in result.datagrams], [b"piped"])

    def test_each_exporter_has_its_own_source(self):
        if not wire.has_loopback_net():
            self.skipTest("127.0.0.0/8 is not local")
        sent = [("192.0.2.1", b"a1"), ("2001:db8::7", b"b1"),
                ("192.0.2.1", b"a2"), ("192.0.2.1", b"a3"),
                ("192.0.2.9", b"c1"), ("2001:db8::7", b"b2")]
        frames = [(ipv6 if ":" in src else ipv4)(udp(payload), src=src)
                  for src, payload in sent]
        result = self.send(pcap(RAW, frames), "-S", "127.77.0.1,3")
        self.assertEqual(result.datagrams, [
            ("127.77.0.1", b"a1"), ("127.77.0.2", b"b1"),
            ("127.77.0.1", b"a2"), ("127.77.0.1", b"a3"),
            ("127.77.0.3", b"c1"), ("127.77.0.2", b"b2")])


@unittest.skipIf(wire.has_pcap(), "flow-send has libpcap")
class NoLibpcap(unittest.TestCase):

    def test_it_is_reported(self):
        result = wire.flow_send("-p", "capture.pcap", "127.0.0.1:2055")
        self.assertEqual(result.returncode, 1)
        self.assertIn("built without libpcap", result.stderr)


@unittest.skipUnless(wire.has_pcap(), "flow-send has no libpcap")
@unittest.skipIf(tap.DATA is None, "FLOWD_TEST_DATA is not set")
class Recorded(unittest.TestCase):

    def test_softflowd_sessions(self):
        for version, flows in ((1, 84), (5, 84)):
            path = tap.DATA / "captures" / f"softflowd-v{version}.pcap"
            with wire.Receiver() as receiver:
                result = receiver.run("-p", str(path))
            self.assertEqual((result.status, result.stderr), (0, ""))
            headers = [wire.parse(p)[0] for _, p in result.datagrams]
            self.assertEqual({h["version"] for h in headers}, {version})
            self.assertEqual(sum(h["count"] for h in headers), flows)


if __name__ == "__main__":
    tap.main()
