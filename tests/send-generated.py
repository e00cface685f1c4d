#!/usr/bin/env python3
"""flow-send generates exactly the requested flows, and the same ones for the
same options."""

import ipaddress
import pathlib
import resource
import signal
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import flowdtest
import tap
import wire

USUAL = {1: 24, 5: 30, 7: 27}
DOCUMENTATION = [ipaddress.ip_network(net) for net in (
    "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]


def parsed(result):
    """Returns headers and flows of all datagrams of a run."""
    return [wire.parse(payload) for _, payload in result.datagrams]


class Sent(unittest.TestCase):

    def run_well(self, *args, **options):
        address = options.pop("address", "127.0.0.1")
        with wire.Receiver(address) as receiver:
            result = receiver.run(*args, **options)
        self.assertEqual((result.status, result.stderr), (0, ""))
        return result


class Generated(Sent):

    def test_one_full_datagram_by_default(self):
        result = self.run_well()
        self.assertEqual(result.stdout, "")
        (header, flows), = parsed(result)
        self.assertEqual((header["version"], len(flows)), (5, 30))

    def test_count_is_exact_in_every_version(self):
        for version, usual in USUAL.items():
            for count in (1, usual, usual + 1, 10 * usual - 1):
                with self.subTest(version=version, count=count):
                    self.check_count(version, usual, count)

    def check_count(self, version, per_datagram, count, *args):
        result = self.run_well("-V", str(version), "-n", str(count), *args)
        sent = 0
        for header, flows in parsed(result):
            self.assertEqual(header["version"], version)
            self.assertEqual(len(flows), min(per_datagram, count - sent))
            if version != 1:
                self.assertEqual(header["flow_sequence"], sent)
            sent += len(flows)
        self.assertEqual(sent, count)

    def test_flows_per_datagram(self):
        self.check_count(5, 1, 100, "-c", "1")
        self.check_count(5, 7, 100, "-c", "7")
        self.check_count(1, 1364, 2000, "-c", "1364")

    def test_flows_are_plausible(self):
        for version in USUAL:
            flows = set()
            result = self.run_well("-V", str(version), "-n", "1000")
            for header, some in parsed(result):
                for flow in some:
                    self.check_flow(header, flow)
                    flows.add(tuple(flow.values()))
            self.assertEqual(len(flows), 1000)

    def check_flow(self, header, flow):
        for key in ("src", "dst", "gateway"):
            address = ipaddress.ip_address(flow[key])
            self.assertTrue(any(address in net for net in DOCUMENTATION))
        self.assertLessEqual(flow["flow_start"], flow["flow_finish"])
        self.assertLessEqual(flow["flow_finish"], header["sys_uptime_ms"])
        self.assertGreaterEqual(flow["octets"], 20 * flow["packets"])

    def test_engine(self):
        for option, expected in (("7", (0, 7)), ("3/255", (3, 255))):
            (header, _), = parsed(self.run_well("-e", option))
            self.assertEqual((header["engine_type"], header["engine_id"]),
                             expected)

    def test_same_options_same_bytes(self):
        for version in USUAL:
            args = ("-V", str(version), "-n", "500", "-t", "1700000000")
            first = self.run_well("-s", "42", *args).datagrams
            payloads = [payload for _, payload in first]
            again = self.run_well("-s", "42", *args).datagrams
            self.assertEqual([payload for _, payload in again], payloads)
            other = self.run_well("-s", "43", *args).datagrams
            self.assertNotEqual([payload for _, payload in other], payloads)
            for payload in payloads:
                header, _ = wire.parse(payload)
                self.assertEqual((header["time_sec"],
                                  header["time_nanosec"]), (1700000000, 0))

    def test_time_is_the_present(self):
        before = time.time()
        result = self.run_well("-n", "90", "-r", "1000")
        after = time.time()
        uptime = 0
        for header, _ in parsed(result):
            sent = header["time_sec"] + header["time_nanosec"] / 1e9
            self.assertLess(header["time_nanosec"], 10 ** 9)
            # The two clocks have different resolutions.
            self.assertGreaterEqual(sent, before - 0.1)
            self.assertLessEqual(sent, after + 0.1)
            self.assertGreaterEqual(header["sys_uptime_ms"], uptime)
            uptime = header["sys_uptime_ms"]

    def test_long_runs_repeat_flows_and_count_on(self):
        count = 70000
        result = self.run_well("-n", str(count), "-r", "2000")
        first, again, sent = [], 0, 0
        for header, flows in parsed(result):
            self.assertEqual(header["flow_sequence"], sent)
            sent += len(flows)
            first.append(flows)
            again += flows == first[0]
        self.assertEqual(sent, count)
        self.assertEqual(again, 2)

    def test_summary(self):
        with wire.Receiver() as receiver:
            result = receiver.run("-v", "-n", "31")
        self.assertEqual(result.status, 0)
        self.assertRegex(result.stderr,
                         r"^flow-send: 2 datagrams, 31 flows, 1536 octets "
                         r"in \d+\.\d{3} s$")

    def test_endless_until_signal(self):
        for signo in (signal.SIGTERM, signal.SIGINT):
            with wire.Receiver() as receiver, \
                    receiver.start("-v", "-n", "0", "-r", "500") as process:
                before = []

                def enough():
                    before.extend(receiver.received())
                    return len(before) >= 20

                try:
                    flowdtest.wait_for(enough, "20 datagrams")
                finally:
                    process.send_signal(signo)
                    result = receiver.finish(process)
            self.assertEqual(result.status, 0)
            count = len(before) + len(result.datagrams)
            self.assertIn(f"{count} datagrams, {30 * count} flows",
                          result.stderr)


class Sources(Sent):

    def setUp(self):
        if not wire.has_loopback_net():
            self.skipTest("127.0.0.0/8 is not local")

    def check_sources(self, result, counts, per_datagram):
        """Asserts that each source sent this many datagrams, in its own
        sequence."""
        sequences = {}
        for source, payload in result.datagrams:
            header, _ = wire.parse(payload)
            expected = sequences.get(source, [])
            self.assertEqual(header["flow_sequence"],
                             len(expected) * per_datagram)
            sequences.setdefault(source, []).append(header)
        self.assertEqual({source: len(headers)
                          for source, headers in sequences.items()}, counts)

    def test_one_source(self):
        result = self.run_well("-n", "90", "-S", "127.77.0.9")
        self.check_sources(result, {"127.77.0.9": 3}, 30)

    def test_sources_alternate(self):
        result = self.run_well("-n", "150", "-S", "127.77.0.254,3")
        self.assertEqual([source for source, _ in result.datagrams], [
            "127.77.0.254", "127.77.0.255", "127.77.1.0", "127.77.0.254",
            "127.77.0.255"])
        self.check_sources(result, {"127.77.0.254": 2, "127.77.0.255": 2,
                                    "127.77.1.0": 1}, 30)

    def test_long_turns(self):
        result = self.run_well("-n", "260", "-c", "1", "-S", "127.77.0.1,2")
        self.check_sources(result, {"127.77.0.1": 132, "127.77.0.2": 128}, 1)

    def test_more_sources_than_descriptors(self):
        def lower():
            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (32, hard))

        result = self.run_well("-n", "200", "-c", "1", "-S", "127.77.0.1,200",
                               preexec_fn=lower)
        self.check_sources(result, {f"127.77.0.{i}": 1
                                    for i in range(1, 201)}, 1)


@unittest.skipUnless(flowdtest.has_ipv6(), "IPv6 is not available")
class IPv6(Sent):

    def test_to_an_ipv6_address(self):
        result = self.run_well("-n", "31", "-S", "::1", address="::1")
        self.assertEqual([(source, wire.parse(payload)[0]["count"])
                          for source, payload in result.datagrams],
                         [("::1", 30), ("::1", 1)])

    def test_family_of_the_source_counts(self):
        with wire.Receiver("127.0.0.1") as receiver:
            name = f"localhost:{receiver.port}"
            for args in (("-4",), ("-S", "127.0.0.1")):
                result = receiver.run(*args, target=name)
                self.assertEqual((result.status, result.stderr), (0, ""))
                self.assertEqual(len(result.datagrams), 1)


class Sample(Sent):

    def test_sample(self):
        before = int(time.time())
        result = self.run_well("-x")
        self.assertEqual(result.stdout, "12\n")
        datagrams = parsed(result)
        self.assertEqual(sorted(header["version"] for header, _ in datagrams),
                         [1, 5, 7])
        self.assertEqual(sum(len(flows) for _, flows in datagrams), 12)
        for header, flows in datagrams:
            self.assertGreaterEqual(header["time_sec"], before)
            self.assertLessEqual(header["time_sec"], time.time())
            for flow in flows:
                self.assertLessEqual(flow["flow_start"], flow["flow_finish"])
                self.assertLess(flow["flow_finish"], header["sys_uptime_ms"])

    def test_sample_at_a_time_is_the_same(self):
        runs = [[payload for _, payload in
                 self.run_well("-x", "-t", "1700000000").datagrams]
                for _ in range(2)]
        self.assertEqual(*runs)

    def test_each_version_has_its_own_exporters(self):
        if not wire.has_loopback_net():
            self.skipTest("127.0.0.0/8 is not local")
        result = self.run_well("-x", "-S", "127.77.0.1,3")
        self.assertEqual(sorted(source for source, _ in result.datagrams),
                         ["127.77.0.1", "127.77.0.2", "127.77.0.3"])

    def test_count_that_cannot_be_printed(self):
        if not pathlib.Path("/dev/full").exists():
            self.skipTest("/dev/full does not exist")
        with wire.Receiver() as receiver, open("/dev/full", "w") as full:
            done = wire.flow_send("-x", receiver.target, stdout=full)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output", done.stderr)


if __name__ == "__main__":
    tap.main()
