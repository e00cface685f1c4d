#!/usr/bin/env python3
"""Builds for several platforms write the same logs, byte for byte, and each
reads the others' logs.

PLATFORMS names the directories of the builds, separated by colons.  The
results of all builds are compared with the first one's."""

import gzip
import os
import pathlib
import random
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "lib"))

import flowdtest
import flowlog
import oldlog
import tap
from damage import Damaged
from readertest import flow

FIRST, *OTHERS = map(pathlib.Path, os.environ["PLATFORMS"].split(":"))
SECONDS = 120			# after which a program has hung
ADDRESSES = ("agent", "src", "dst", "gateway")
WIDTHS = {"protocol": 8, "tcp_flags": 8, "tos": 8, "src_mask": 8,
          "dst_mask": 8, "src_port": 16, "dst_port": 16, "engine_type": 16,
          "engine_id": 16, "netflow_version": 16, "packets": 64,
          "octets": 64}
SIX = {key: f"2001:db8::{number}" for number, key in
       enumerate(ADDRESSES, 1)}

# The options of flow-send for sets of this many flows each.
FLOWS = 300
SENT = (*((version, *more) for version in ("1", "5", "7", "9", "10")
          for more in ((), ("-s", "7", "-c", "3"))),
        *((version, "-f", "6", "-T", "3") for version in ("9", "10")))
EPOCH = "1700000000"

TAGS = """accept all
accept tag 4294967295 proto udp
accept tag 1 src 198.51.100.0/24
accept tag 6 src 2001:db8::/32
"""

# All fields except the receipt time.
STORED = [f"store {field}" for field in (
    "TAG", "PROTO_FLAGS_TOS", "AGENT_ADDR", "SRC_ADDR", "DST_ADDR",
    "GATEWAY_ADDR", "SRCDST_PORT", "PACKETS", "OCTETS", "IF_INDICES",
    "AGENT_INFO", "FLOW_TIMES", "AS_INFO", "FLOW_ENGINE_INFO", "CRC32")]


def largest(key):
    """Returns the largest number that a log can hold for a key."""
    return 999999 if key == "recv_usec" else 2**WIDTHS.get(key, 32) - 1


def flows():
    """Returns flows of each field alone and of all, with small and large
    values, in both families."""
    full = flow(tag=7)
    numbers = [key for key in full if key not in (*ADDRESSES, "crc")]
    zero = {**full, **dict.fromkeys(numbers, 0)}
    most = {**full, **{key: largest(key) for key in numbers}}
    for values in full, {**full, **SIX}, zero, most, {**most, **SIX}:
        yield values
        yield {key: values[key] for key in values if key != "crc"}
        yield {key: values[key] for key in values if key != "tag"}
    for keys in (("octets",), ("packets",), ("recv_sec", "recv_usec"),
                 ("src",), ("agent",), ("flow_start", "flow_finish")):
        for values in full, {**full, **SIX}, most:
            yield {key: values[key] for key in keys}
    rng = random.Random(1)
    for number in range(500):
        yield {**(flow(number, **SIX) if number % 3 else flow(number)),
               **{key: rng.randint(0, largest(key)) for key in numbers}}


def make_logs(directory):
    """Writes logs of this version, intact, damaged and compressed, and of
    version 2.

    Returns each with the options that flowd-reader needs for it."""
    records = [flowlog.encode(values) for values in flows()]
    damaged = Damaged(records)
    rng = random.Random(2)
    for _ in range(8):
        damaged.at_random(rng)
    whole = b"".join(records)
    old = oldlog.HEADER + 50 * (oldlog.record(*oldlog.FULL) +
                                oldlog.record(*oldlog.FULL, checksum=True))
    made = {"whole.log": whole, "packed.log.gz": gzip.compress(whole, 9),
            "damaged.log": bytes(damaged.data), "old.log": old}
    for name, data in made.items():
        (directory / name).write_bytes(data)
    logs = {directory / name: () for name in made}
    logs[directory / "damaged.log"] = ("-R",)
    logs[directory / "old.log"] = ("-L",)
    if tap.DATA:
        for log in (tap.DATA / "golden").glob("*.log"):
            logs[log] = ("-L",) if log.name == "legacy-v2.log" else ()
    return logs


def run(build, program, *args, zone="UTC", status=0):
    """Returns the output of a build's program: standard output and error."""
    done = subprocess.run([build / program, *args], capture_output=True,
                          env=dict(os.environ, TZ=zone), timeout=SECONDS)
    if done.returncode != status:
        raise AssertionError((build, program, args, done))
    return done.stdout, done.stderr


def sent(build, options):
    """Returns the datagrams that flow-send sends."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
        run(build, "flow-send", "-n", str(FLOWS), "-t", EPOCH, "-V", *options,
            f"127.0.0.1:{sock.getsockname()[1]}")
        datagrams = []
        while True:
            try:
                datagrams.append(sock.recv(65536))
            except BlockingIOError:
                return datagrams


def collected(build, sets):
    """Returns the log that a build's flowd writes for sets of datagrams."""
    flowd = flowdtest.Flowd(*STORED, TAGS)
    flowd.program = str(build / "flowd")
    with flowd:
        for number, datagrams in enumerate(sets, 1):
            for datagram in datagrams:
                flowd.send(datagram)
            flowd.wait_flows(number * FLOWS)
        return flowd.log.read_bytes()


class Logs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tmp = tap.TemporaryDirectory(prefix="flowd-test-")
        cls.addClassCleanup(tmp.cleanup)
        cls.dir = pathlib.Path(tmp.name)
        cls.logs = make_logs(cls.dir)
        cls.rules = cls.dir / "rules"
        cls.rules.write_text("\n".join(
            [TAGS, "discard proto udp dst any port 53", *STORED, ""]))

    def same(self, what, *args):
        """Asserts that every build has the first one's result, which is not
        empty."""
        expected = what(FIRST, *args)
        self.assertTrue(any(expected))
        for build in OTHERS:
            with self.subTest(build=build.name, args=args):
                # Not assertEqual, whose message would be as long as a log.
                self.assertTrue(what(build, *args) == expected)

    def printed(self, build, zone, *args):
        return run(build, "flowd-reader", *args, zone=zone,
                   status=3 if "-R" in args else 0)

    def copied(self, build, *args):
        copy = self.dir / "copy"
        self.printed(build, "UTC", "-q", "-o", copy, *args)
        return copy.read_bytes()

    def test_all_print_the_same(self):
        for log, options in self.logs.items():
            for form in ("-v",), ("-c",), ("-J",), ("-v", "-f", self.rules):
                for zone in "UTC", "EAST-05:30":
                    self.same(self.printed, zone, *options, *form, log)

    def test_all_copy_the_same(self):
        for log, options in self.logs.items():
            for more in (), ("-f", self.rules):
                self.same(self.copied, *options, *more, log)

    def test_all_send_the_same(self):
        """Does not compare where datagrams begin: qemu does not tell the
        kernel where to split those sent together."""
        for options in SENT:
            self.same(lambda build, options: b"".join(sent(build, options)),
                      options)

    def test_all_collect_the_same(self):
        self.same(collected, [sent(FIRST, options) for options in SENT])


if __name__ == "__main__":
    tap.main()
