#!/usr/bin/env python3
"""flow-send -l sends the flows of a log so that a collector stores the same
flows."""

import collections
import gzip
import os
import pathlib
import random
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import flowdtest
import flowlog
import netflow9
import recorded
import report
import tap
import wire
from flowdtest import Flowd, endpoint

LONG = bool(os.environ.get("FLOWD_TEST_LONG"))
RATE = "4000"			# datagrams a second, not too many for flowd
NOT_CARRIED = ("tag", "recv_sec", "recv_usec", "agent", "netflow_version",
               "crc")
TIMES = ("sys_uptime_ms", "time_sec", "time_nanosec", "flow_start",
         "flow_finish")
ZERO = {key: 0 for key in flowlog.KEYS - set(NOT_CARRIED)} | {
    "src": "0.0.0.0", "dst": "0.0.0.0", "gateway": "0.0.0.0"}
SEC = 1700000000
DAY = 86400000			# ms
GROUPS = ("protocol", "ports", "packets", "octets", "interfaces", "info",
          "times", "routing", "engine", "recv", "crc", "tag")
BEYOND_V5 = (
    ({"src": "2001:db8::1"}, "with IPv6 addresses"),
    ({"dst": "2001:db8::1"}, "with IPv6 addresses"),
    ({"gateway": "2001:db8::1"}, "with IPv6 addresses"),
    ({"packets": 1 << 32}, "with counters beyond 32 bits"),
    ({"octets": 1 << 32}, "with counters beyond 32 bits"),
    ({"if_index_in": 1 << 16}, "with interface or AS numbers beyond 16 bits"),
    ({"if_index_out": 1 << 16}, "with interface or AS numbers beyond 16 bits"),
    ({"src_as": 1 << 16}, "with interface or AS numbers beyond 16 bits"),
    ({"dst_as": 1 << 16}, "with interface or AS numbers beyond 16 bits"),
    ({"engine_type": 257}, "with engines beyond 8 bits"),
    ({"engine_id": 257}, "with engines beyond 8 bits"),
)


def address(rng, family):
    return ".".join(str(rng.randrange(256)) for _ in range(4)) \
        if family == 4 else "2001:db8::" + format(rng.randrange(1, 65536), "x")


def groups(rng, bits):
    """Returns the members of each group, with numbers of up to bits bits."""
    def number(most):
        return rng.getrandbits(rng.randint(1, min(bits, most)))

    uptime = rng.randrange(1 << 31)
    finish = uptime - rng.randrange(min(uptime + 1, 60000))
    return {
        "protocol": {"tcp_flags": number(8), "protocol": number(8),
                     "tos": number(8)},
        "ports": {"src_port": number(16), "dst_port": number(16)},
        "packets": {"packets": number(64)},
        "octets": {"octets": number(64)},
        "interfaces": {"if_index_in": number(32), "if_index_out": number(32)},
        "info": {"sys_uptime_ms": uptime, "time_sec": SEC + number(8),
                 "time_nanosec": rng.choice((0, rng.randrange(10 ** 9))),
                 "netflow_version": rng.choice((1, 5, 9, 10))},
        "times": {"flow_start": finish - rng.randrange(finish + 1),
                  "flow_finish": finish},
        "routing": {"src_as": number(32), "dst_as": number(32),
                    "src_mask": number(8), "dst_mask": number(8)},
        "engine": {"engine_type": number(8), "engine_id": number(8),
                   "flow_sequence": number(32), "source_id": number(3)},
        "recv": {"recv_sec": SEC + number(8), "recv_usec": number(16)},
        "crc": {"crc": 0},
        "tag": {"tag": number(32)},
    }


def combinations(seed, count, families, bits):
    """Returns flows with random fields, then one with each single field, and
    one without each."""
    rng = random.Random(seed)
    chosen = [[g for g in GROUPS if rng.random() < 0.7] for _ in range(count)]
    chosen += [[g] for g in GROUPS] + [[]] + [list(GROUPS)]
    chosen += [[g for g in GROUPS if g != left] for left in GROUPS]
    for names in chosen:
        flow = {}
        for name, members in groups(rng, bits).items():
            if name in names:
                flow.update(members)
        family = rng.choice(families)
        for key in ("src", "dst"):
            if rng.random() < 0.8:
                flow[key] = address(rng, family)
        for key in ("gateway", "agent"):
            if rng.random() < 0.8:
                flow[key] = address(rng, rng.choice(families))
        yield flow


def with_content(flows):
    """Returns flows that flowd stores: it refuses those of version 9 and IPFIX
    without address, octets and packets."""
    return [flow if {"src", "dst", "octets", "packets"} & flow.keys() else
            {**flow, "packets": 1} for flow in flows]


def typical(n=40, **members):
    """Returns flows as one exporter sends them in one datagram."""
    rng = random.Random(n)
    same = {"agent": "192.0.2.1", "sys_uptime_ms": 5000000, "time_sec": SEC,
            "time_nanosec": 0, "netflow_version": 5, "recv_sec": SEC,
            "recv_usec": 0, "engine_type": 0, "engine_id": 1,
            "flow_sequence": 0, "source_id": 0, **members}
    flows = []
    for _ in range(n):
        flow = {}
        for part in groups(rng, 16).values():
            flow.update(part)
        flow.update(src=address(rng, 4), dst=address(rng, 4),
                    gateway=address(rng, 4), flow_start=4000000,
                    flow_finish=4999999)
        flow.update(same)
        flows.append(flow)
    return flows


def encode(flows):
    return b"".join(map(flowlog.encode, flows))


def completed(flow):
    """Returns a flow with the times that flow-send adds if it has none."""
    flow = dict(flow)
    if "time_sec" not in flow:
        flow.update(time_sec=flow.get("recv_sec"),
                    time_nanosec=flow.get("recv_usec", 0) * 1000,
                    sys_uptime_ms=flow.get("flow_finish", 0))
    if "flow_start" not in flow:
        flow["flow_start"] = flow["flow_finish"] = flow["sys_uptime_ms"]
    return flow


def without(flow, *keys):
    return {key: value for key, value in flow.items() if key not in keys}


class Replay(unittest.TestCase):

    def setUp(self):
        directory = tap.TemporaryDirectory(prefix="flowd-test-")
        self.addCleanup(directory.cleanup)
        self.dir = pathlib.Path(directory.name)

    def write(self, data, name="sent.log"):
        path = self.dir / name
        path.write_bytes(data)
        return path

    def send(self, flowd, path, version, *args, status=0, stdin=None):
        result = subprocess.run(
            [tap.program("flow-send"), "-l", str(path), "-V", str(version),
             *(args or ("-r", RATE)), endpoint("127.0.0.1", flowd.port)],
            stdin=stdin or subprocess.DEVNULL, capture_output=True, text=True,
            timeout=flowdtest.PATIENCE, check=False)
        self.assertEqual((result.returncode, result.stdout), (status, ""),
                         result.stderr)
        if status == 0:
            self.assertEqual(result.stderr, "")
        return result.stderr

    def lost(self, flowd):
        """Returns how many flows are missing by the sequence numbers."""
        counters = report.statistics(flowd).all
        return {key: value for key, value in counters.items()
                if key.startswith("sequence-")}

    def collect(self, data, version, *args, count=None, **options):
        """Returns the flows that flowd stores for a log."""
        count = len(flowlog.decode(data)) if count is None else count
        with Flowd("store ALL") as flowd:
            self.send(flowd, self.write(data), version, *args, **options)
            return flowd.wait_flows(count)

    def check_flow(self, flow, got, version):
        """Asserts that a stored flow is the one that was sent."""
        sent = completed(flow)
        expected = without(sent, *NOT_CARRIED, *TIMES, "flow_sequence")
        if version == 5:
            expected = without({**ZERO, **expected}, *TIMES, "flow_sequence",
                               "source_id")
        else:
            expected = {"engine_type": 0, "engine_id": 0, "source_id": 0,
                        **expected}
        left = without(got, *NOT_CARRIED, *TIMES, "flow_sequence")
        if version == 5:
            self.assertEqual(left.pop("source_id"), 0)
        self.assertEqual(left, expected)
        self.assertEqual(got["netflow_version"], version)
        self.check_times(sent, got, version)

    def check_times(self, sent, got, version):
        if sent["time_sec"] is None:	# neither receipt nor export
            self.assertLess(abs(got["time_sec"] - time.time()), 100)
            return
        for key in ("flow_start", "flow_finish"):
            self.assertEqual(recorded.absolute_ms(got, key),
                             recorded.absolute_ms(sent, key))
        self.assertLessEqual(got["flow_finish"], got["sys_uptime_ms"])
        if version == 5 or sent["time_nanosec"] == 0:
            for key in TIMES:
                self.assertEqual(got[key], sent[key], key)
        elif sent["sys_uptime_ms"] >= 1000:
            for key in ("flow_start", "flow_finish"):
                self.assertEqual(got[key], sent[key])

    def check(self, flows, version, **options):
        got = self.collect(encode(flows), version, count=len(flows), **options)
        for one, other in zip(flows, got):
            self.check_flow(one, other, version)


class RoundTrip(Replay):

    def test_v5(self):
        flows = list(combinations(5, 500, [4], 16))
        for flow in flows:
            for key, most in (("packets", 1 << 32), ("octets", 1 << 32)):
                if key in flow:
                    flow[key] = flow[key] * 65537 % most
        self.check(flows, 5)

    def test_v9(self):
        self.check(with_content(combinations(
            9, 20000 if LONG else 1500, [4, 6], 64)), 9)

    def test_ipfix(self):
        self.check(with_content(combinations(
            10, 20000 if LONG else 1500, [4, 6], 64)), 10)

    def test_wide_engine(self):
        flows = (typical(1) + typical(1, engine_type=256, engine_id=65535) +
                 typical(1, engine_id=0) + typical(1))
        for version in (9, 10):
            self.check(flows, version)

    def test_start_before_the_uptime_wrapped(self):
        times = {"sys_uptime_ms": 1000, "flow_start": (1 << 32) - 5000,
                 "flow_finish": 500}
        flows = [{**flow, **times} for flow in typical(2)]
        for version in (5, 9, 10):
            for got in self.collect(encode(flows), version):
                for key in ("flow_start", "flow_finish"):
                    self.assertEqual(recorded.absolute_ms(got, key),
                                     recorded.absolute_ms(flows[0], key))

    def test_logs_of_flowd_are_reproduced(self):
        """Sequence numbers are the same too."""
        for version in (5, 9, 10):
            with self.subTest(version=version), Flowd("store ALL") as flowd:
                first = subprocess.run(
                    [tap.program("flow-send"), "-V", str(version), "-n", "500",
                     "-c", "10", "-r", "1000", "-t", str(SEC),
                     endpoint("127.0.0.1", flowd.port)], check=False)
                self.assertEqual(first.returncode, 0)
                sent = flowd.wait_flows(500)
                self.send(flowd, self.write(flowd.log.read_bytes()), version)
                got = flowd.wait_flows(1000)[500:]
                keys = "recv_sec", "recv_usec", "crc"
                self.assertEqual([without(flow, *keys) for flow in got],
                                 [without(flow, *keys) for flow in sent])

    @unittest.skipUnless(tap.DATA, "FLOWD_TEST_DATA is not set")
    def test_logs_of_0_9_1(self):
        for name in ("all", "brief", "nocrc", "ipv6", "tagged"):
            data = (tap.DATA / "golden" / f"{name}.log").read_bytes()
            flows = flowlog.decode(data)
            for version in (9, 10):
                with self.subTest(log=name, version=version):
                    got = self.collect(data, version)
                    for one, other in zip(flows, got):
                        self.check_0_9_1(one, other)

    def check_0_9_1(self, flow, got):
        """Some flows of 0.9.1 have times that flowd corrects: impossible ones
        become the time of export."""
        keys = *NOT_CARRIED, *TIMES, "flow_sequence"
        self.assertEqual(
            without(got, *keys),
            {"engine_type": 0, "engine_id": 0, "source_id": 0,
             **without(flow, *keys)})
        flow = completed(flow)
        exported = flow["time_sec"] * 1000 + flow["time_nanosec"] // 1000000
        for key in ("flow_start", "flow_finish"):
            expected = recorded.absolute_ms(flow, key)
            if expected > exported + DAY:
                expected = exported
            self.assertEqual(recorded.absolute_ms(got, key), expected)

    @unittest.skipUnless(tap.DATA, "FLOWD_TEST_DATA is not set")
    def test_swapped_engines_of_0_9_1(self):
        """Engine ids that 0.9.1 stored swapped are sent corrected in version
        5."""
        flow = typical(1, engine_type=512, engine_id=1792)
        got, = self.collect(encode(flow), 5)
        self.assertEqual((got["engine_type"], got["engine_id"]), (2, 7))


class Sequences(Replay):

    def test_gaps_of_the_log_are_not_loss(self):
        flows = []
        for i in range(60):
            flows += typical(3, flow_sequence=1000 * i, sys_uptime_ms=5000000
                             + i, agent=f"192.0.2.{i % 3}", source_id=i % 2)
        for version in (5, 9, 10):
            with self.subTest(version=version), Flowd("store ALL") as flowd:
                self.send(flowd, self.write(encode(flows)), version)
                flowd.wait_flows(len(flows))
                self.assertEqual(set(self.lost(flowd).values()), {0})


class Datagrams(Replay):

    def sent(self, flows, *args):
        with wire.Receiver() as receiver:
            result = receiver.run("-l", str(self.write(encode(flows))), *args)
        self.assertEqual((result.status, result.stderr), (0, ""))
        return result.datagrams

    def test_neighbours_share_a_datagram(self):
        flows = typical(60)
        sizes = [len(wire.parse(payload)[1])
                 for _, payload in self.sent(flows, "-V", "5")]
        self.assertEqual(sizes, [30, 30])
        for version in ("9", "10"):
            self.assertLessEqual(len(self.sent(flows, "-V", version)), 4)

    def test_header_fields_separate_datagrams(self):
        for key, other in (("sys_uptime_ms", 6000000), ("time_sec", SEC + 1),
                           ("time_nanosec", 1), ("agent", "192.0.2.2"),
                           ("engine_id", 2), ("engine_type", 2),
                           ("flow_sequence", 1)):
            flows = typical(1) + typical(1, **{key: other}) + typical(1)
            with self.subTest(key=key):
                self.assertEqual(len(self.sent(flows, "-V", "5")), 3)
        flows = typical(1) + typical(1, source_id=2) + typical(1)
        self.assertEqual(len(self.sent(flows, "-V", "9")), 3)

    def test_ipfix_is_the_default(self):
        (_, payload), = self.sent(typical(1))
        self.assertEqual(payload[:2], b"\0\x0a")

    def test_templates_are_repeated(self):
        for version in (9, 10):
            flows = sum((typical(1, sys_uptime_ms=5000000 + i)
                         for i in range(45)), [])
            payloads = [payload for _, payload in
                        self.sent(flows, "-V", str(version))]
            lengths = [len(payload) for payload in payloads]
            longer = [i for i, n in enumerate(lengths) if n > min(lengths)]
            self.assertEqual(longer, [0, 20, 40])
            at = netflow9.HEADER_LENGTHS[version]
            number = netflow9.TEMPLATE_SETS[version].to_bytes(2, "big")
            self.assertEqual([p[at:at + 2] == number for p in payloads],
                             [i in longer for i in range(45)])

    def test_more_templates_than_are_remembered(self):
        flows = with_content(combinations(1, 200, [4, 6], 32))
        self.check([{**flow, "time_sec": SEC, "time_nanosec": 0,
                     "sys_uptime_ms": 5000, "netflow_version": 9,
                     "flow_start": 100, "flow_finish": 4000}
                    for flow in flows] * 3, 9)

    @unittest.skipUnless(wire.has_loopback_net(),
                         "127.0.0.0/8 is not local")
    def test_agents_have_sources(self):
        flows = sum((typical(1, agent=f"192.0.2.{i}") for i in
                     (7, 9, 7, 8, 9, 6, 7)), [])
        sources = [source for source, _ in
                   self.sent(flows, "-S", "127.77.1.1,3")]
        self.assertEqual([int(source.rpartition(".")[2])
                          for source in sources], [1, 2, 1, 3, 2, 3, 1])


class LeftOut(Replay):

    def test_flows_that_version_5_cannot_carry(self):
        flows = typical(len(BEYOND_V5) + 1)
        for flow, (members, _) in zip(flows, BEYOND_V5):
            flow.update(members)
        with Flowd("store ALL") as flowd:
            path = self.write(encode(flows))
            said = self.send(flowd, path, 5, status=2)
            got, = flowd.wait_flows(1)
        reasons = collections.Counter(why for _, why in BEYOND_V5)
        self.assertEqual(said, "".join(
            f"flow-send: {path}: {n} flows {why} left out: "
            "version 5 cannot carry them\n" for why, n in reasons.items()))
        self.check_flow(flows[-1], got, 5)

    def test_largest_values_of_version_5(self):
        flows = typical(1, packets=(1 << 32) - 1, octets=(1 << 32) - 1,
                        if_index_in=65535, if_index_out=65535, src_as=65535,
                        dst_as=65535, engine_type=255, engine_id=255,
                        gateway="255.255.255.255")
        self.check(flows, 5)

    def test_both_families(self):
        flows = typical(3)
        flows[1]["dst"] = "2001:db8::1"
        for version in (9, 10):
            with Flowd("store ALL") as flowd:
                said = self.send(flowd, self.write(encode(flows)), version,
                                 status=2)
                got = flowd.wait_flows(2)
            self.assertIn("1 flows with addresses of both families left out",
                          said)
            self.check_flow(flows[2], got[1], version)


class Reading(Replay):

    def test_gzip(self):
        flows = typical(50)
        got = self.collect(gzip.compress(encode(flows)), 10, count=50)
        self.check_flow(flows[49], got[49], 10)

    def test_standard_input(self):
        flows = typical(50)
        for data in (encode(flows), gzip.compress(encode(flows))):
            path = self.write(data)
            with Flowd("store ALL") as flowd, open(path, "rb") as stdin:
                self.send(flowd, "-", 9, stdin=stdin)
                got = flowd.wait_flows(50)
            self.check_flow(flows[49], got[49], 9)

    def test_damage(self):
        flows = typical(50)
        data = bytearray(encode(flows))
        offset = flowlog.decode_offsets(bytes(data))[30][0]
        data[offset + 20] ^= 1
        for version in (5, 9, 10):
            with Flowd("store ALL") as flowd:
                path = self.write(data)
                said = self.send(flowd, path, version, status=1)
                self.assertRegex(said, f"^flow-send: {path}: offset {offset}: "
                                 ".*checksum.*the rest of this log is left out"
                                 "\n$")
                got = flowd.wait_flows(30)
                self.check_flow(flows[29], got[29], version)

    def test_ends_inside_a_record(self):
        data = encode(typical(3))
        with Flowd("store ALL") as flowd, \
                open(self.write(data[:-1]), "rb") as stdin:
            result = subprocess.run(
                [tap.program("flow-send"), "-l", "-",
                 endpoint("127.0.0.1", flowd.port)], stdin=stdin,
                stderr=subprocess.PIPE, text=True, check=False)
            flowd.wait_flows(2)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stderr, f"flow-send: -: offset "
                         f"{len(data) // 3 * 2}: the log ends inside a record,"
                         " which is left out\n")

    def test_cannot_open(self):
        result = wire.flow_send("-l", "/nonexistent/log", "127.0.0.1:9")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "flow-send: /nonexistent/log: No such "
                         "file or directory\n")

    def test_empty(self):
        self.assertEqual(self.collect(b"", 10), [])


class Speed(Replay):

    def elapsed(self, flows, *args):
        """Returns the seconds that sending took, and the datagrams."""
        path = self.write(encode(flows))
        with wire.Receiver() as receiver:
            start = time.monotonic()
            result = receiver.run("-l", str(path), *args)
            seconds = time.monotonic() - start
        self.assertEqual((result.status, result.stderr), (0, ""))
        self.assertEqual(len(result.datagrams), len(flows))
        return seconds

    def times(self, *recv):
        return sum((typical(1, recv_sec=SEC + int(t),
                            recv_usec=int(t % 1 * 1000000)) for t in recv), [])

    def test_recorded(self):
        self.assertGreaterEqual(self.elapsed(self.times(0, 0.3, 0.6)), 0.6)

    def test_multiple(self):
        flows = self.times(0, 3000, 6000)
        self.assertGreaterEqual(self.elapsed(flows, "-m", "10000"), 0.6)
        self.assertGreaterEqual(
            self.elapsed(self.times(0, 0.01), "-m", "0.02"), 0.5)

    def test_export_time_without_receipt_time(self):
        flows = [without(flow, "recv_sec", "recv_usec")
                 for i in range(3) for flow in typical(1, time_sec=SEC + i)]
        self.assertGreaterEqual(self.elapsed(flows, "-m", "4"), 0.5)

    def test_without_limit(self):
        """Sending a year of flows must not wait."""
        flows = self.times(0, 3e7, 1, 6e7)
        self.elapsed(flows, "-m", "0")

    def test_earlier_times_do_not_wait(self):
        self.elapsed(self.times(3e7, 0, 2e7, 1))

    def test_given_rate(self):
        flows = self.times(*range(0, 3000000, 10000))
        self.assertGreaterEqual(self.elapsed(flows, "-r", "500"), 0.5)

    def test_signal_ends_a_wait(self):
        path = self.write(encode(self.times(0, 3e7)))
        with wire.Receiver() as receiver, \
                receiver.start("-v", "-l", str(path)) as process:
            datagrams = []
            flowdtest.wait_for(
                lambda: datagrams.extend(receiver.received()) or datagrams,
                "a datagram was received")
            process.terminate()
            result = receiver.finish(process)
        self.assertEqual(result.status, 0)
        self.assertRegex(result.stderr, "^flow-send: 1 datagrams, 1 flows, ")
        self.assertEqual(result.datagrams, [])


if __name__ == "__main__":
    tap.main()
