#!/usr/bin/env python3
"""The cost of reading a log from Python, compared with flowd-reader: see
README.md."""

import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import flowd

MILLIONS = float(sys.argv[1]) if len(sys.argv) > 1 else 2
ROUNDS = 5
PIECE = 20000			# flows that are generated, then repeated
RULES = "discard all\naccept src 10.0.0.0/9\naccept dst any port 443 proto tcp"


def make_flow(flow, number):
    six = number % 4 == 0
    host = number * 2654435761 % 200000
    flow.recv_sec = flow.agent_sec = 1700000000 + number // 1000
    flow.recv_usec = number % 1000000
    flow.protocol = 17 if number % 3 else 6
    flow.agent_addr = "192.0.2.1"
    flow.src_addr = f"2001:db8::{host >> 16:x}:{host & 0xffff:x}" if six else (
        (10 << 24) + host * 64).to_bytes(4, "big")
    flow.dst_addr = "2001:db8:1::1" if six else "198.51.100.1"
    flow.gateway_addr = "192.0.2.254"
    flow.src_port = 1024 + host % 60000
    flow.dst_port = 443 if number % 5 else 53
    flow.packets = 1 + number % 100
    flow.octets = flow.packets * 700
    flow.if_ndx_in = flow.src_as = flow.flow_sequence = number
    flow.sys_uptime_ms = flow.flow_start = flow.flow_finish = number
    flow.netflow_ver = 9


def make_log(path):
    """Writes a log; returns how many flows it has."""
    flow = flowd.Flow()
    with flowd.FlowLog(path, "wb") as log:
        for number in range(PIECE):
            make_flow(flow, number)
            log.write_flow(flow)
    data = path.read_bytes()
    pieces = max(1, round(MILLIONS * 1e6 / PIECE))
    with open(path, "wb") as file:
        for _ in range(pieces):
            file.write(data)
    return pieces * PIECE


def objects(path):
    for _ in flowd.FlowLog(path):
        pass


def attributes(path):
    total = 0
    for flow in flowd.FlowLog(path):
        if flow.protocol == 6:
            total += flow.octets


def arrays(fields, rules=None):
    return lambda path: flowd.read_arrays(path, fields, rules)


def reader(path):
    subprocess.run(["./flowd-reader", "-q", path], check=True)


# The cases, with targets in million flows a second.
CASES = (
    ("flowd-reader -q", reader, None),
    ("objects", objects, 0.5),
    ("objects, two attributes each", attributes, 0.5),
    ("arrays: 1 field", arrays(["octets"]), 5),
    ("arrays: 5 fields", arrays(
        ["src_addr", "dst_addr", "src_port", "dst_port", "octets"]), 5),
    (f"arrays: all {len(flowd.ARRAY_FIELDS)} fields",
     arrays(flowd.ARRAY_FIELDS), None),
    ("arrays: 5 fields, 3 rules", arrays(
        ["src_addr", "dst_addr", "src_port", "dst_port", "octets"], RULES),
     None),
    ("arrays: 1 field, a callable", arrays(
        ["octets"], lambda flow: flow.protocol == 6), 0.5),
)


def cpu_seconds(work, path):
    def used():
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + children.ru_utime + children.ru_stime

    before = used()
    work(path)
    return used() - before


def main():
    shm = pathlib.Path("/dev/shm")
    failed = False
    with tempfile.TemporaryDirectory(
            dir=shm if shm.is_dir() else None) as scratch:
        path = pathlib.Path(scratch) / "flows.log"
        count = make_log(path)
        print(f"{count} flows, {path.stat().st_size / count:.0f} bytes each")
        rounds = [[cpu_seconds(work, path) for _, work, _ in CASES]
                  for _ in range(ROUNDS)]
    medians = [statistics.median(case) for case in zip(*rounds)]
    print(f"{'':32}{'ns/flow':>9}{'M flow/s':>10}{'x reader':>10}"
          f"{'at least':>10}")
    for (name, _, aim), median in zip(CASES, medians):
        rate = count / median / 1e6
        print(f"{name:32}{median / count * 1e9:9.0f}{rate:10.2f}"
              f"{medians[0] / median:10.2f}{aim or '':>10}")
        failed |= aim is not None and rate < aim
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
