#!/usr/bin/env python3
"""flowd-stats counts the flows in logs, with numpy and without."""

import collections
import datetime
import gzip
import json
import os
import pathlib
import pty
import random
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import netflow
import pythonmodule
import tap
from damage import damaged_gzips
from flowdtest import Flowd
from readertest import READER, SECONDS, flow, log

pythonmodule.load()

try:
    import numpy
    del numpy
    HAS_NUMPY = True
except ImportError:
    HAS_NUMPY = False

PROGRAM = str(tap.SRC / "tools" / "stats.py")
START = 1700000000
NAMES = {1: "icmp", 6: "tcp", 17: "udp"}
KEYS = {
    "protocols": lambda f: NAMES.get(f["protocol"], str(f["protocol"])),
    "source ports": lambda f: f["src_port"],
    "destination ports": lambda f: f["dst_port"],
    "source addresses": lambda f: f["src"],
    "destination addresses": lambda f: f["dst"],
    "pairs": lambda f: f"{f['src']} > {f['dst']}",
    "source ASes": lambda f: f["src_as"],
    "destination ASes": lambda f: f["dst_as"],
}
VALUES = {
    "octets of a flow": lambda f: f["octets"],
    "packets of a flow": lambda f: f["packets"],
    "octets of a packet": lambda f: f["octets"] // max(f["packets"], 1),
    "milliseconds of a flow":
        lambda f: (f["flow_finish"] - f["flow_start"]) % 2**32,
}


def random_flow(rng):
    """Returns a flow in which some fields are missing."""
    def counter():
        return rng.choice([0, 1, rng.randrange(3000), rng.randrange(2**64),
                           2**64 - 1])

    def address():
        return rng.choice(["192.0.2.1", "192.0.2.2", "198.51.100.200", "::",
                           "0.0.0.0", "2001:db8::1", "::ffff:192.0.2.1"])

    whole = flow(
        counter(), packets=counter(), protocol=rng.choice([1, 6, 17, 200]),
        src=address(), dst=address(), src_port=rng.choice([0, 53, 65535]),
        dst_port=rng.randrange(30), src_as=rng.choice([0, 2**32 - 1]),
        recv_sec=START + rng.randrange(7200),
        flow_start=rng.choice([5, 2**32 - 5]), flow_finish=rng.randrange(9))
    for group in (["src"], ["dst"], ["octets"], ["packets"],
                  ["src_port", "dst_port"], ["recv_sec", "recv_usec"],
                  ["flow_start", "flow_finish"],
                  ["src_as", "dst_as", "src_mask", "dst_mask"],
                  ["tcp_flags", "protocol", "tos"]):
        if rng.random() < 0.1:
            for key in group:
                del whole[key]
    return whole


def counted(flows, key_of):
    """Returns {key: [octets, packets, flows]} of the flows that have a key."""
    result = collections.defaultdict(lambda: [0, 0, 0])
    for each in flows:
        try:
            counts = result[key_of(each)]
        except KeyError:
            continue
        counts[0] += each.get("octets", 0)
        counts[1] += each.get("packets", 0)
        counts[2] += 1
    return result


def counts_of(row):
    return [row["octets"], row["packets"], row["flows"]]


class Cases:
    """Tests with and without numpy."""

    def setUp(self):
        tmp = tap.TemporaryDirectory(prefix="flowd-test-")
        self.addCleanup(tmp.cleanup)
        self.dir = pathlib.Path(tmp.name)
        self.log = self.dir / "a.log"
        self.env = pythonmodule.environment()
        if self.hide_numpy:
            (self.dir / "numpy.py").write_text("raise ImportError")
            self.env["PYTHONPATH"] = f"{self.dir}:{self.env['PYTHONPATH']}"

    def run_stats(self, *args, status=0, stdin=b""):
        """Runs flowd-stats to its end, and returns (stdout, stderr)."""
        result = subprocess.run(
            [sys.executable, PROGRAM, *map(str, args)], input=stdin,
            env=self.env, cwd=self.dir, capture_output=True, timeout=SECONDS,
            check=False)
        self.assertEqual(result.returncode, status, result.stderr)
        return result.stdout.decode(), result.stderr.decode()

    def json_of(self, *args, **options):
        return json.loads(self.run_stats("-J", *args, **options)[0])

    def test_against_another_count(self):
        seed = random.randrange(2**32)
        rng = random.Random(seed)
        flows = [random_flow(rng) for _ in range(500)]
        self.log.write_bytes(b"".join(map(flowlog.encode, flows)))
        with self.subTest(seed=seed):
            self.compare(self.json_of("-n7", self.log), flows)

    def compare(self, got, flows):
        self.assertEqual(counts_of(got["total"]),
                         counted(flows, lambda f: "all")["all"])
        times = [f["recv_sec"] for f in flows if "recv_sec" in f]
        self.assertEqual((got["first"], got["last"]),
                         (min(times), max(times)))
        for name, key_of in KEYS.items():
            expected = counted(flows, key_of)
            for place, measure in enumerate(("octets", "packets", "flows")):
                rows = sorted(expected.items(),
                              key=lambda r: (-r[1][place], str(r[0])))[:7]
                self.assertEqual([(r["key"], counts_of(r)) for r in
                                  got["top"][name][measure]], rows, name)
        for name, value_of in VALUES.items():
            expected = counted(flows, lambda f: value_of(f).bit_length())
            rows = got["histograms"][name]
            self.assertEqual(
                {r["to"].bit_length(): counts_of(r) for r in rows
                 if r["flows"]}, dict(expected), name)
            for row, following in zip(rows, rows[1:]):
                self.assertEqual(row["to"] + 1, following["from"])

    def test_pairs_that_share_an_address(self):
        self.log.write_bytes(b"".join(
            flowlog.encode(flow(1, src=source, dst="192.0.2.9"))
            for source in ("192.0.2.1", "192.0.2.2", "192.0.2.2")))
        self.assertEqual(
            [(row["key"], row["flows"]) for row in
             self.json_of(self.log)["top"]["pairs"]["flows"]],
            [("192.0.2.2 > 192.0.2.9", 2), ("192.0.2.1 > 192.0.2.9", 1)])

    def test_series(self):
        times = START, START + 1, START + 65, START + 7199
        self.log.write_bytes(b"".join(
            flowlog.encode(flow(1, recv_sec=t)) for t in times))
        got = self.json_of(self.log)["series"]
        self.assertEqual(got["step"], 300)
        self.assertEqual(len(got["lines"]), 25)
        lines = [line for line in got["lines"] if line["flows"]]
        self.assertEqual([(line["time"], line["flows"]) for line in lines],
                         [(1699999800, 3), (1700007000, 1)])
        got = self.json_of("-i1", self.log)["series"]
        self.assertEqual(len(got["lines"]), 121)
        self.assertEqual([line["flows"] for line in got["lines"][:3]],
                         [2, 1, 0])

    def write_active(self, *flows):
        """Writes flows of START plus these seconds: start, end, octets."""
        self.log.write_bytes(b"".join(flowlog.encode(flow(
            octets, packets=octets, recv_sec=START + 1800,
            time_sec=START + 1800, time_nanosec=0, sys_uptime_ms=7200000,
            flow_start=5400000 + 1000 * start,
            flow_finish=5400000 + 1000 * end))
            for start, end, octets in flows))

    def series_of(self, *args):
        """Returns {seconds from START: (octets, packets, flows)}."""
        return {line["time"] - START: counts_of(line)
                for line in self.json_of("-i1", *args)["series"]["lines"]
                if line["flows"] or line["octets"]}

    def test_a_period(self):
        times = START - 1, START, START + 599, START + 600
        self.log.write_bytes(b"".join(
            flowlog.encode(flow(10**n, recv_sec=t))
            for n, t in enumerate(times)))
        begin, end = (time.strftime("%Y%m%dT%H%M%S", time.gmtime(t))
                      for t in (START, START + 600))
        for period, octets in ((f"{begin}-{end}", 110), (f"{begin}-", 1110),
                               (f"-{end}", 111), ("1980", 0)):
            got = self.json_of("-U", "-t", period, self.log)
            self.assertEqual(got["total"]["octets"], octets, period)

    def test_by_activity(self):
        """Octets are counted when they were transferred, exactly."""
        begin = START // 60 * 60 - START
        self.write_active((begin, begin + 1800, 1800), (begin + 30,
                          begin + 150, 3), (begin + 70, begin + 70, 5))
        self.assertEqual(list(self.series_of(self.log).values()),
                         [[1808, 1808, 3]])
        got = self.series_of("--by", "active", self.log)
        self.assertEqual(len(got), 30)
        self.assertEqual([got[begin + 60 * n][0] for n in range(4)],
                         [60, 62 + 5, 61, 60])
        self.assertEqual(sum(octets for octets, _, _ in got.values()), 1808)
        self.assertEqual({when - begin: flows for when, (_, _, flows)
                          in got.items() if flows}, {60: 1, 120: 1, 1740: 1})

    def test_the_part_in_a_period(self):
        begin = START // 60 * 60 - START
        self.write_active((begin, begin + 1800, 1800),
                          (begin + 1500, begin + 1800, 7))
        period = "-".join(time.strftime(
            "%Y%m%dT%H%M", time.gmtime(START + begin + seconds))
            for seconds in (600, 1200))
        got = self.json_of("-U", "-t", period, "--by", "active", self.log)
        self.assertEqual(counts_of(got["total"]), [600, 600, 1])
        self.assertEqual(
            [counts_of(row) for row in got["top"]["protocols"]["octets"]],
            [[600, 600, 1]])
        self.assertEqual(len(got["series"]["lines"]), 10)
        got = self.json_of("-U", "-t", period, self.log)
        self.assertEqual(got["total"]["flows"], 0)

    def test_by_activity_without_times(self):
        values = flow(9)
        del values["flow_start"], values["flow_finish"]
        self.log.write_bytes(flowlog.encode(values))
        got = self.json_of("--by", "active", self.log)
        self.assertEqual(counts_of(got["total"]), [9, 3, 1])
        self.assertEqual(got["first"], values["recv_sec"])

    def test_several_logs(self):
        self.log.write_bytes(log(3))
        (self.dir / "b.log.gz").write_bytes(gzip.compress(log(2)))
        got = self.json_of(self.log, "-", "b.log.gz", stdin=log(4))
        self.assertEqual(got["total"]["flows"], 9)
        self.assertEqual(got["logs"], [str(self.log), "-", "b.log.gz"])

    def test_text(self):
        self.log.write_bytes(log(3, octets=1000))
        out, err = self.run_stats("-U", self.log)
        self.assertEqual(err, "")
        when = datetime.datetime.fromtimestamp(
            START, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
        for line in (
                f"octets   {'3,000':>26}", f"first    {when:>26}",
                f"bits/s   {'24,000':>26}", "source addresses by flows",
                f"198.51.100.7 {'3,000':>20} {'9':>16} {'3':>13}",
                f"512-1,023 {'3,000':>20} {'9':>16} {'3':>13} {'#' * 40}"):
            self.assertIn(line + "\n", out)

    def test_nothing(self):
        self.log.touch()
        self.assertEqual(self.json_of(self.log)["total"],
                         {"octets": 0, "packets": 0, "flows": 0})
        self.assertIn("flows ", self.run_stats(self.log)[0])

    def test_damage(self):
        self.log.write_bytes(log(2) + b"\xff" * 40 + log(1))
        out, err = self.run_stats("-J", "none.log", self.log, status=1)
        self.assertEqual(json.loads(out)["total"]["flows"], 2)
        self.assertIn("flowd-stats: cannot read none.log: "
                      "No such file or directory\n", err)
        self.assertIn(f"{self.log}: offset {len(log(2))}: ", err)
        out, err = self.run_stats("-JR", self.log, status=3)
        self.assertEqual(json.loads(out)["total"]["flows"], 3)
        self.assertIn("40 damaged bytes", err)

    def test_damage_of_compressed_logs(self):
        written, logs = damaged_gzips(6)
        for data in logs:
            self.log.write_bytes(data)
            got = subprocess.run(
                [READER, "-Rq", "-o", "-", self.log], check=False,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
            octets = [f["octets"] for f in flowlog.decode(got)]
            self.assertEqual(set(octets) - set(written), set())
            out, err = self.run_stats("-JR", self.log, status=3)
            self.assertNotIn(" 0 damaged bytes", err)
            self.assertEqual(json.loads(out)["total"], {
                "octets": sum(octets), "packets": 3 * len(octets),
                "flows": len(octets)})


@unittest.skipUnless(HAS_NUMPY, "numpy is not installed")
class WithNumpy(Cases, unittest.TestCase):
    hide_numpy = False

    def test_more_than_a_chunk(self):
        count = (1 << 18) + 5
        self.log.write_bytes(log(1, packets=1) * count)
        self.assertEqual(self.json_of(self.log)["top"]["pairs"]["flows"], [{
            "key": "198.51.100.7 > 203.0.113.9", "octets": 0,
            "packets": count, "flows": count}])


class WithoutNumpy(Cases, unittest.TestCase):
    hide_numpy = True

    def test_progress_on_a_terminal(self):
        self.log.write_bytes(log(1) * 60000)
        for terminal in True, False:
            master, slave = pty.openpty() if terminal else os.pipe()
            with open(master, "rb", buffering=0) as reader:
                with open(slave, "wb", buffering=0) as stderr:
                    process = subprocess.Popen(
                        [sys.executable, PROGRAM, str(self.log)],
                        env=self.env, stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL, stderr=stderr)
                said = b""
                try:
                    while block := reader.read(4096):
                        said += block
                except OSError:		# the end of a terminal
                    pass
                self.assertEqual(process.wait(SECONDS), 0)
            if terminal:
                self.assertRegex(said, rb"\r\x1b\[K[\d,]+ flows, \d+% of ")
                self.assertTrue(said.endswith(b"\r\x1b[K"), said)
            else:
                self.assertEqual(said, b"")

    def test_under_a_collector(self):
        with Flowd("store ALL") as flowd:
            flowd.send(netflow.datagram(5, netflow.flows(20)))
            flows = flowd.wait_flows(20)
            self.assertEqual(
                counts_of(self.json_of(flowd.log)["total"]),
                [sum(f["octets"] for f in flows),
                 sum(f["packets"] for f in flows), 20])

    def test_wrong_periods(self):
        self.log.write_bytes(log(1))
        said = self.run_stats("-t", "20261301", self.log, status=1)[1]
        self.assertIn('flowd-stats: -t: period "20261301": ', said)
        self.assertIn("--by", self.run_stats(
            "--by", "x", self.log, status=2)[1])

    def test_wrong_arguments(self):
        for args in [], ["-n0", "a"], ["-ix", "a"], ["-Z", "a"]:
            with self.subTest(args=args):
                self.assertIn("usage: flowd-stats",
                              self.run_stats(*args, status=2)[1])


if __name__ == "__main__":
    tap.main()
