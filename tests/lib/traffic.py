"""Writes made-up traffic as a pcap, and runs softflowd to export it as
NetFlow."""

import collections
import contextlib
import ipaddress
import pathlib
import socket
import struct
import subprocess

import flowdtest
import tap

ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
PCAP_HEADER = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
CONVERSATIONS = 40		# of one second each
BEGIN = 1700000000		# epoch seconds of the first packet
NO_HOST = bytes.fromhex("0200000000fe0200000000ff")	# for nobody, from nobody
ETHERTYPE = {4: 0x0800, 6: 0x86dd}
EXPERIMENTAL = 0x88b5		# ethertype that no protocol has
CAPTURE_BLOCK = 1 << 18		# octets of libpcap
MTU = 1500

# The totals of the packets in one direction of a conversation.  Octets are
# those of IP packets, which exporters count.
Flow = collections.namedtuple(
    "Flow", "src dst src_port dst_port protocol packets octets")


def as_flow(stored):
    """Returns a stored flow as a Flow."""
    return Flow(stored["src"], stored["dst"], stored["src_port"],
                stored["dst_port"], stored["protocol"], stored["packets"],
                stored["octets"])


def _transport(flow, payload):
    if flow.protocol == TCP:
        return struct.pack("!HHIIBBHHH", flow.src_port, flow.dst_port,
                           1, 1, 5 << 4, 0x18, 8192, 0, 0) + payload
    if flow.protocol == UDP:
        return struct.pack("!HHHH", flow.src_port, flow.dst_port,
                           8 + len(payload), 0) + payload
    kind = 8 if flow.protocol == ICMP else 128	# echo request
    return struct.pack("!BBHHH", kind, 0, 0, 1, 1) + payload


def _packet(flow, payload):
    body = _transport(flow, payload)
    src = ipaddress.ip_address(flow.src)
    dst = ipaddress.ip_address(flow.dst)
    if src.version == 4:
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0,
                             64, flow.protocol, 0, src.packed, dst.packed)
    else:
        header = struct.pack("!IHBB16s16s", 6 << 28, len(body),
                             flow.protocol, 64, src.packed, dst.packed)
    return bytes(12) + struct.pack("!H", ETHERTYPE[src.version]), header + body


def _frames(conversations):
    """Yields each flow, and the frame that is all of its packets."""
    for i in range(conversations):
        for flow in _conversation(i):
            link, packet = _packet(flow, bytes(10 + i))
            yield i, flow._replace(octets=flow.packets * len(packet)), (
                link + packet)


def write_pcap(path, conversations=CONVERSATIONS, begin=BEGIN):
    """Writes a pcap and returns its flows, of both IP versions."""
    flows = []
    with open(path, "wb") as pcap:
        pcap.write(PCAP_HEADER)
        for i, flow, frame in _frames(conversations):
            for j in range(flow.packets):
                pcap.write(struct.pack("<IIII", begin + i, 1000 * j,
                                       len(frame), len(frame)) + frame)
            flows.append(flow)
    return flows


def inject(interface, conversations=CONVERSATIONS):
    """Sends the packets through an interface, and returns their flows."""
    flows = []
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((interface, 0))
        for _, flow, frame in _frames(conversations):
            for _ in range(flow.packets):
                sock.send(NO_HOST + frame[len(NO_HOST):])
            flows.append(flow)
        # softflowd sees packets when the block of its ring is full.
        filler = NO_HOST + struct.pack("!H", EXPERIMENTAL)
        for _ in range(2 * CAPTURE_BLOCK // MTU):
            sock.send(filler + bytes(MTU))
    return flows


def _conversation(i):
    """Returns two directions, with more packets in one than in the other."""
    protocol = (TCP, UDP, TCP, ICMP)[i % 4]
    ports = (0, 0) if protocol == ICMP else (1024 + i, 443)
    if i % 5 == 4:
        src, dst = f"2001:db8::{i + 1:x}", "2001:db8:ffff::1"
        protocol = ICMPV6 if protocol == ICMP else protocol
    else:
        src, dst = f"192.0.2.{i + 1}", "198.51.100.1"
    yield Flow(src, dst, *ports, protocol, 1 + i % 3, 0)
    yield Flow(dst, src, *reversed(ports), protocol, 2 + i % 3, 0)


def softflowd(directory, pcap, version, address, port, *options):
    """Exports pcap to ADDR:PORT, and returns softflowd's output."""
    result = subprocess.run(
        ["softflowd", "-p", f"{directory}/softflowd.pid",
         "-c", f"{directory}/softflowd.ctl", "-r", str(pcap),
         "-v", str(version), "-n", flowdtest.endpoint(address, port),
         *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=flowdtest.PATIENCE,
        check=False)
    if result.returncode != 0:
        raise AssertionError(f"softflowd failed: {result.stdout}")
    return result.stdout


def exported(version, *options, conversations=250):
    """Returns the datagrams in which softflowd exports traffic."""
    datagrams = []
    with tap.TemporaryDirectory() as directory, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
        pcap = pathlib.Path(directory) / "traffic.pcap"
        write_pcap(pcap, conversations)
        softflowd(directory, pcap, version, "127.0.0.1",
                  sock.getsockname()[1], *options)
        with contextlib.suppress(BlockingIOError):
            while True:
                datagrams.append(sock.recv(65536))
    return datagrams
