#!/usr/bin/env python3
"""flowd.read_arrays: logs as numpy arrays."""

import ipaddress
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import pythonmodule
import readertest
import tap

flowd = pythonmodule.load()

try:
    import numpy
except ImportError:
    pythonmodule.skip("no numpy")

COUNT = 20000			# flows: several batches and blocks of memory
ADDRESSES = "agent_addr", "src_addr", "dst_addr", "gateway_addr"


def mixed(number):
    """Returns a flow; no two of them are equal in any field."""
    changes = dict(
        recv_sec=number, tcp_flags=number % 256, protocol=number % 251,
        src_port=number % 65536, packets=2**64 - 1 - number,
        src=f"2001:db8::{number:x}" if number % 3 == 0 else
        str(ipaddress.IPv4Address(number * 65537 % 2**32)))
    flow = readertest.flow(number, **changes)
    if number % 5 == 0:
        flow["tag"] = number
    if number % 7 == 0:
        del flow["dst"]
    return flowlog.encode(flow)


MIXED = b"".join(mixed(number) for number in range(COUNT))


class Arrays(unittest.TestCase):
    def same(self, got, expected, what):
        """Compares lists; assertEqual needs minutes to describe a difference."""
        self.assertEqual(len(got), len(expected), what)
        for pair in zip(got, expected):
            self.assertEqual(*pair, what)

    @classmethod
    def setUpClass(cls):
        scratch = tap.TemporaryDirectory(prefix="flowd-test-")
        cls.addClassCleanup(scratch.cleanup)
        cls.path = pathlib.Path(scratch.name) / "flows.log"
        cls.path.write_bytes(MIXED)
        cls.flows = list(flowd.FlowLog(cls.path))

    def expect(self, name, flows):
        values = [getattr(flow, name) for flow in flows]
        if name in ADDRESSES:
            return [bytes(16) if value is None else flowd.packed(value)
                    for value in values]
        return values

    def check(self, arrays, flows):
        for name, array in arrays.items():
            got = ([row.tobytes() for row in array] if name in ADDRESSES else
                   array.tolist())
            self.same(got, self.expect(name, flows), name)

    def test_every_field(self):
        arrays = flowd.read_arrays(self.path, flowd.ARRAY_FIELDS)
        self.assertEqual(tuple(arrays), flowd.ARRAY_FIELDS)
        self.check(arrays, self.flows)

    def test_types(self):
        arrays = flowd.read_arrays(self.path, flowd.ARRAY_FIELDS)
        for name, kind in (("octets", "u8"), ("src_port", "u2"),
                           ("protocol", "u1"), ("tag", "u4"),
                           ("src_addr_af", "u2")):
            self.assertEqual(arrays[name].dtype, numpy.dtype(kind))
            self.assertEqual(arrays[name].shape, (COUNT,))
        self.assertEqual(arrays["src_addr"].dtype, numpy.uint8)
        self.assertEqual(arrays["src_addr"].shape, (COUNT, 16))
        arrays["octets"][0] = 5		# the arrays belong to the caller

    def test_one_field(self):
        self.check(flowd.read_arrays(str(self.path), "octets"), self.flows)
        self.check(flowd.read_arrays(self.path, iter(["tag"])), self.flows)
        self.assertEqual(flowd.read_arrays(self.path, ()), {})

    def test_twice_the_same_field(self):
        self.check(flowd.read_arrays(self.path, ("tag", "tag")), self.flows)

    def test_files_and_logs(self):
        with open(self.path, "rb") as file:
            self.check(flowd.read_arrays(file, ("octets",)), self.flows)
        with flowd.FlowLog(self.path) as log:
            next(log)
            self.check(flowd.read_arrays(log, ("octets",)), self.flows[1:])
            self.assertEqual(len(log.read_arrays("octets")["octets"]), 0)

    def test_pieces(self):
        with flowd.FlowLog(self.path) as log:
            for start in range(0, COUNT, 7001):
                self.check(log.read_arrays(("octets", "src_addr"), count=7001),
                           self.flows[start:start + 7001])
            self.assertEqual(len(log.read_arrays("octets", count=1)["octets"]),
                             0)
        self.check(flowd.read_arrays(self.path, "octets", count=3),
                   self.flows[:3])

    def test_rules(self):
        rules = "discard all\naccept tag 3 src 2001:db8::/32 proto 6\n"
        accept = flowd.Filter(rules)
        expected = [flow for flow in flowd.FlowLog(self.path) if accept(flow)]
        self.assertTrue(expected)
        for filter in rules, accept:
            self.check(flowd.read_arrays(
                self.path, ("octets", "src_addr", "tag"), filter), expected)
        with flowd.FlowLog(self.path) as log:
            self.check(log.read_arrays("octets", rules, count=5), expected[:5])

    def test_rules_open_no_files(self):
        with self.assertRaisesRegex(ValueError, "cannot read files"):
            flowd.read_arrays(self.path, "octets", f"include {self.path}")

    def test_callable(self):
        arrays = flowd.read_arrays(self.path, ("octets", "tag"),
                                   lambda flow: flow.tag % 10 == 5)
        self.check(arrays, [flow for flow in self.flows if flow.tag % 10 == 5])

    def test_callable_raises(self):
        def predicate(flow):
            raise LookupError(flow.octets)

        with self.assertRaisesRegex(LookupError, "0"):
            flowd.read_arrays(self.path, "octets", predicate)

    def test_callable_uses_the_log(self):
        log = flowd.FlowLog(self.path)
        arrays = log.read_arrays(
            "octets", lambda flow: self.assertRaises(
                RuntimeError, log.read_flow) is None, count=10)
        self.assertEqual(len(arrays["octets"]), 10)

    def test_arguments(self):
        for fields, error in ((("nothing",), ValueError), ((1,), TypeError),
                              (("octets",) * 99, ValueError)):
            with self.assertRaises(error):
                flowd.read_arrays(self.path, fields)
        with self.assertRaises(TypeError):
            flowd.read_arrays(self.path, "octets", 5)
        with self.assertRaises(ValueError):
            flowd.read_arrays(self.path, "octets", "wrong rules")
        with self.assertRaises(TypeError):
            flowd.read_arrays(self.path, "octets", wrong=True)

    def test_addresses(self):
        arrays = flowd.read_arrays(self.path, (
            "src_addr", "src_addr_af", "dst_addr", "dst_addr_af"))
        for name in "src_addr", "dst_addr":
            expected = [
                None if text is None else ipaddress.ip_address(text)
                for text in (getattr(flow, name) for flow in self.flows)]
            self.same(flowd.ip_addresses(arrays[name], arrays[name + "_af"]),
                      expected, name)
            self.same(flowd.ip_addresses(arrays[name]), expected, name)

    def test_networks(self):
        addresses = flowd.read_arrays(self.path, "src_addr")["src_addr"]
        objects = flowd.ip_addresses(addresses)
        for text in ("0.0.0.0/0", "64.0.0.0/2", "1.2.3.4/32", "2001:db8::/32",
                     "2001:db8::ff/128", "::/0"):
            network = ipaddress.ip_network(text)
            expected = [address in network or text == "::/0"
                        for address in objects]
            self.same(flowd.in_network(addresses, text).tolist(), expected,
                      text)


class Damage(unittest.TestCase):
    def setUp(self):
        self.record = len(readertest.log(1))
        data = bytearray(readertest.log(2000))
        data[1000 * self.record + 50] ^= 1
        scratch = tap.TemporaryDirectory(prefix="flowd-test-")
        self.addCleanup(scratch.cleanup)
        self.path = pathlib.Path(scratch.name) / "flows.log"
        self.path.write_bytes(data)

    def test_names_file_and_offset(self):
        with self.assertRaisesRegex(
                flowd.LogError, f"{self.path}: offset {1000 * self.record}: "):
            flowd.read_arrays(self.path, "octets")

    def test_recover(self):
        with flowd.FlowLog(self.path, recover=True) as log:
            octets = log.read_arrays("octets")["octets"]
        self.assertEqual(octets.tolist(),
                         [n for n in range(2000) if n != 1000])
        self.assertEqual(log.damage[0].offset, 1000 * self.record)
        seen = []
        flowd.read_arrays(self.path, "octets", recover=True,
                          on_damage=seen.append)
        self.assertEqual(len(seen), 1)

    def test_callback_raises(self):
        def on_damage(_):
            raise LookupError("mine")

        with self.assertRaisesRegex(LookupError, "mine"):
            flowd.read_arrays(self.path, "octets", recover=True,
                              on_damage=on_damage)

    def test_torn(self):
        with open(self.path, "r+b") as file:
            file.truncate(5 * self.record - 1)
        with flowd.FlowLog(self.path) as log:
            self.assertEqual(len(log.read_arrays("octets")["octets"]), 4)
            self.assertTrue(log.torn)


class Threads(unittest.TestCase):
    def test_one_filter_for_several(self):
        accept = flowd.Filter("discard all\naccept src 2001:db8::/32\n")
        lengths = []
        with tap.TemporaryDirectory(prefix="flowd-test-") as scratch:
            path = pathlib.Path(scratch) / "flows.log"
            path.write_bytes(MIXED)

            def work():
                for _ in range(5):
                    lengths.append(len(flowd.read_arrays(
                        path, "octets", accept)["octets"]))

            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(set(lengths), {len(range(0, COUNT, 3))})
        self.assertEqual(len(lengths), 20)

    def test_other_threads_run_during_a_read(self):
        """Two threads that wait for each other's data would otherwise
        block."""
        read, write = os.pipe()
        lengths = []

        def reader():
            with open(read, "rb") as file:
                lengths.append(len(flowd.read_arrays(file, "tag")["tag"]))

        thread = threading.Thread(target=reader)
        thread.start()
        with open(write, "wb") as file:
            file.write(MIXED)
        thread.join()
        self.assertEqual(lengths, [COUNT])


class Imports(unittest.TestCase):
    def test_numpy_is_imported_when_used_only(self):
        program = ("import flowd, sys; "
                   "list(flowd.FlowLog('/dev/null')); "
                   "sys.exit('numpy' in sys.modules)")
        subprocess.run([sys.executable, "-c", program], check=True,
                       env=pythonmodule.environment())


class Memory(unittest.TestCase):
    def test_nothing_leaks(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(readertest.log(50))
            file.flush()

            def work():
                flowd.read_arrays(file.name, flowd.ARRAY_FIELDS)
                flowd.read_arrays(file.name, "octets", "discard all")
                flowd.read_arrays(file.name, "octets", lambda flow: False)
                for fields in ("octets", "nothing"), ("octets", 1):
                    try:
                        flowd.read_arrays(file.name, fields)
                    except (TypeError, ValueError):
                        pass

            self.assertLess(pythonmodule.leak(work),
                            pythonmodule.LEAST_OBJECT)


if __name__ == "__main__":
    tap.main()
