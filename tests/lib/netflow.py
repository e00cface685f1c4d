"""Writes NetFlow v1, v5 and v7 datagrams, and the records that flowd must
store for them.

Written from Cisco's "NetFlow Export Datagram Format"; shares no code with the
programs under test.  A flow is a dict with the keys of flowlog."""

import random
import struct

HEADER_KEYS = ("sys_uptime_ms", "time_sec", "time_nanosec")
EXPORT = {"sys_uptime_ms": 100000000, "time_sec": 1700000000,
          "time_nanosec": 123456789, "flow_sequence": 0, "engine_type": 0,
          "engine_id": 0, "sampling": 0}
VERSIONS = (1, 5, 7)
MOST = {1: 24, 5: 30, 7: 28}		# flows in a datagram, as Cisco defines


def _address(text):
    return bytes(int(part) for part in text.split("."))


def _record(version, flow):
    data = b"".join(_address(flow[key]) for key in ("src", "dst", "gateway"))
    data += struct.pack(
        "!HHIIIIHH", *(flow[key] for key in (
            "if_index_in", "if_index_out", "packets", "octets", "flow_start",
            "flow_finish", "src_port", "dst_port")))
    if version == 1:
        return data + struct.pack("!HBBB7x", 0, flow["protocol"],
                                  flow["tos"], flow["tcp_flags"])
    data += struct.pack(
        "!xBBBHHBBxx", *(flow[key] for key in (
            "tcp_flags", "protocol", "tos", "src_as", "dst_as", "src_mask",
            "dst_mask")))
    return data if version == 5 else data + bytes(4)


def datagram(version, flows, count=None, **export):
    """Returns a datagram of these flows; count and export override the
    header."""
    header = {**EXPORT, **export}
    data = struct.pack("!HHIII", version,
                       len(flows) if count is None else count,
                       *(header[key] for key in HEADER_KEYS))
    if version == 5:
        data += struct.pack("!IBBH", *(header[key] for key in (
            "flow_sequence", "engine_type", "engine_id", "sampling")))
    elif version == 7:
        data += struct.pack("!I4x", header["flow_sequence"])
    return data + b"".join(_record(version, flow) for flow in flows)


def stored(version, flow, agent="127.0.0.1", **export):
    """Returns the log's record of a flow with store ALL, without recv_* and
    crc."""
    header = {**EXPORT, **export}
    record = {**flow, "agent": agent, "netflow_version": version,
              **{key: header[key] for key in HEADER_KEYS}}
    if version == 1:
        for key in ("src_as", "dst_as", "src_mask", "dst_mask"):
            del record[key]
        return record
    record["flow_sequence"] = header["flow_sequence"]
    record["source_id"] = 0
    for key in ("engine_type", "engine_id"):
        record[key] = header[key] if version == 5 else 0
    return record


def flows(count, seed=1):
    """Returns made-up flows, all different and the same in every run."""
    rng = random.Random(seed)
    result = []
    for i in range(count):
        finish = EXPORT["sys_uptime_ms"] - rng.randrange(60000)
        result.append({
            "src": f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}",
            "dst": f"198.51.100.{rng.randrange(256)}",
            "gateway": f"192.0.2.{rng.randrange(256)}",
            "if_index_in": rng.randrange(1 << 16),
            "if_index_out": rng.randrange(1 << 16),
            "packets": rng.randrange(1 << 32),
            "octets": rng.randrange(1 << 32),
            "flow_start": finish - rng.randrange(60000),
            "flow_finish": finish,
            "src_port": rng.randrange(1 << 16),
            "dst_port": rng.randrange(1 << 16),
            "tcp_flags": rng.randrange(256), "protocol": rng.randrange(256),
            "tos": rng.randrange(256),
            "src_as": rng.randrange(1 << 16),
            "dst_as": rng.randrange(1 << 16),
            "src_mask": rng.randrange(33), "dst_mask": rng.randrange(33)})
    return result


def without_receipt(flow):
    """Returns a stored flow without the members that depend on its
    reception."""
    return {key: value for key, value in flow.items()
            if key not in ("recv_sec", "recv_usec", "crc")}
