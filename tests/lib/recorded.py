"""Recorded sessions of real exporters, if there are any (tap.DATA), and the
conversion of stored flows to rows of their tables."""

import collections
import csv
import pathlib
import socket
import struct

import tap

PCAP_HEADER = 24
PCAP_PACKET_HEADER = 16
ETHERNET_HEADER = 14

# The column of expected/*.csv for each member of a flow.
COLUMNS = {"src": "src", "dst": "dst", "src_port": "src_port",
           "dst_port": "dst_port", "protocol": "proto", "tos": "tos",
           "tcp_flags": "tcp_flags", "packets": "packets",
           "octets": "octets", "if_index_in": "in_if",
           "if_index_out": "out_if", "src_as": "src_as", "dst_as": "dst_as",
           "src_mask": "src_mask", "dst_mask": "dst_mask",
           "gateway": "next_hop", "netflow_version": "version"}
TIMES = {"flow_start": "start_ms", "flow_finish": "end_ms"}

Datagram = collections.namedtuple("Datagram", "source payload")


def read_tsv(path):
    """Returns the rows of a table as dicts."""
    with open(path, encoding="ascii") as table:
        return list(csv.DictReader(table, delimiter="\t"))


def datagrams(path):
    """Returns the datagrams of a pcap of Ethernet, IPv4 and UDP, or of a file
    that is a raw payload, with their sources.

    The source is that of the IP header, or None."""
    data = path.read_bytes()
    if path.suffix != ".pcap":
        return [Datagram(None, data)]
    result = []
    at = PCAP_HEADER
    while at < len(data):
        length, = struct.unpack_from("<I", data, at + 8)
        at += PCAP_PACKET_HEADER
        ip = at + ETHERNET_HEADER
        udp = ip + (data[ip] & 15) * 4
        udp_length, = struct.unpack_from("!H", data, udp + 4)
        result.append(Datagram(socket.inet_ntoa(data[ip + 12:ip + 16]),
                               data[udp + 8:udp + udp_length]))
        at += length
    return result


def frames(path):
    """Returns the frames of a pcap."""
    data = path.read_bytes()
    result = []
    at = PCAP_HEADER
    while at < len(data):
        length, = struct.unpack_from("<I", data, at + 8)
        at += PCAP_PACKET_HEADER
        result.append(data[at:at + length])
        at += length
    return result


def sessions():
    """Returns the datagrams of each session, by its name, in order."""
    result = {}
    for row in read_tsv(tap.DATA / "manifest.tsv"):
        result.setdefault(row["session"], []).extend(
            datagrams(tap.DATA / "captures" / row["file"]))
    return result


def expected(session):
    """Returns the rows that a session decodes to."""
    path = tap.DATA / "expected" / f"{session}.csv"
    with open(path, encoding="ascii") as rows:
        return list(csv.DictReader(rows))


def malformed():
    """Returns the rows of malformed.tsv, each with its datagrams."""
    directory = tap.DATA / "captures" / "malformed"
    return [(row, datagrams(directory / row["file"]))
            for row in read_tsv(directory / "malformed.tsv")]


def report(name):
    """Returns the datagrams of a report."""
    path = tap.DATA / "reports" / f"{name}.hex"
    with open(path, encoding="utf-8") as lines:
        return [bytes.fromhex(line) for line in lines
                if not line.startswith("#")]


def differences():
    """Returns the rows of differences.tsv of each session, by its name."""
    result = {}
    path = pathlib.Path(__file__).parents[1] / "differences.tsv"
    for row in read_tsv(path):
        result.setdefault(row["session"], []).append(row)
    return result


def absolute_ms(flow, key):
    """Returns a time of a stored flow in milliseconds, as readers compute
    it."""
    ago = (flow["sys_uptime_ms"] - flow[key]) & 0xffffffff
    if ago >= 1 << 31:
        ago -= 1 << 32
    return flow["time_sec"] * 1000 + flow["time_nanosec"] // 1000000 - ago


def as_row(flow):
    """Returns a stored flow as a row of expected/*.csv, with absent members
    empty."""
    row = {column: str(flow.get(key, "")) for key, column in COLUMNS.items()}
    row.update((column, str(absolute_ms(flow, key)) if key in flow else "")
               for key, column in TIMES.items())
    return row
