#!/usr/bin/env python3
"""flowd.read_arrays: logs as numpy arrays."""

import datetime
import gzip
import io
import ipaddress
import itertools
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
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
START = 1700000000 - 1700000000 % 86400 + 3600
TIMES = "recv_time", "export_time", "start", "end"
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
        if name in TIMES:
            return [value.replace(tzinfo=None) for value in values]
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
        for options in {"wrong": True}, {"mode": "wb"}, {"count": 1.5}:
            with self.assertRaises(TypeError):
                flowd.read_arrays(self.path, "octets", **options)
        for count in -1, 2**64:
            with self.assertRaisesRegex(OverflowError, "count"):
                flowd.read_arrays(self.path, "octets", count=count)
        with flowd.FlowLog(self.path) as log:
            with self.assertRaisesRegex(TypeError, "recover"):
                flowd.read_arrays(log, "octets", recover=True)

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
        arrays = flowd.read_arrays(self.path, ADDRESSES + tuple(
            name + "_af" for name in ADDRESSES))
        for name, text in itertools.product(ADDRESSES, (
                "0.0.0.0/0", "64.0.0.0/2", "1.2.3.4/32", "2001:db8::/32",
                "2001:db8::ff/128", "::/0", "::/64", "::/128",
                "::ffff:0:0/96", "::fffe:0:0/95", "0.0.0.0/32")):
            network = ipaddress.ip_network(text)
            families = arrays[name + "_af"]
            expected = [address is not None and address in network for address
                        in flowd.ip_addresses(arrays[name], families)]
            for given in families, families.tolist(), None:
                self.same(flowd.in_network(arrays[name], text, given).tolist(),
                          expected, (name, text))

    def test_networks_as_rules_do(self):
        addresses = flowd.read_arrays(self.path, "dst_addr")["dst_addr"]
        for text in "0.0.0.0/0", "::/0", "2001:db8::/32", "203.0.113.0/24":
            self.assertEqual(
                flowd.in_network(addresses, text).sum(),
                len(flowd.read_arrays(
                    self.path, "tag", f"discard all\naccept dst {text}"
                )["tag"]), text)

    def test_families_make_addresses_exact(self):
        rows = numpy.frombuffer(b"".join(map(flowd.packed, (
            "192.0.2.1", "::ffff:192.0.2.1", "::", "::"))), "u1").reshape(-1, 16)
        families = [socket.AF_INET, socket.AF_INET6, socket.AF_INET6, 0]
        self.assertEqual(
            list(map(str, flowd.ip_addresses(rows, families))),
            ["192.0.2.1", str(ipaddress.ip_address("::ffff:192.0.2.1")), "::",
             "None"])
        for text, expected in (("::/0", [False, True, True, False]),
                               ("::/128", [False, False, True, False]),
                               ("192.0.2.0/24", [True, False, False, False])):
            self.assertEqual(
                flowd.in_network(rows, text, families).tolist(), expected)
        for wrong in [2], [2, 2, 2, 99], [[2, 2, 2, 2]]:
            for call in (lambda wrong: flowd.ip_addresses(rows, wrong),
                         lambda wrong: flowd.in_network(rows, "::/0", wrong)):
                with self.assertRaisesRegex(ValueError, "famil"):
                    call(wrong)
        with self.assertRaisesRegex(ValueError, "IPv4"):
            flowd.ip_addresses(rows, [2, 2, 2, 2])

    def test_arrays_that_are_no_addresses(self):
        octets = flowd.read_arrays(self.path, "octets")["octets"]
        for wrong in octets, octets.reshape(-1, 2), octets[:16]:
            for call in flowd.ip_addresses, lambda array: flowd.in_network(
                    array, "::/0"):
                with self.assertRaisesRegex(ValueError, "16 bytes"):
                    call(wrong)

    def test_times(self):
        arrays = flowd.read_arrays(self.path, TIMES)
        for name in TIMES:
            self.assertEqual(arrays[name].dtype, numpy.dtype("M8[us]"))
            self.same(arrays[name].tolist(),
                      [getattr(flow, name).replace(tzinfo=None)
                       for flow in self.flows], name)
        absent = io.BytesIO(flowlog.encode({"octets": 5, "flow_start": 1,
                                            "flow_finish": 1}))
        for array in flowd.read_arrays(absent, TIMES).values():
            self.assertTrue(numpy.isnat(array).all())


class Several(unittest.TestCase):
    """Logs of two hours, of which the second has no flow."""

    @classmethod
    def setUpClass(cls):
        scratch = tap.TemporaryDirectory(prefix="flowd-test-")
        cls.addClassCleanup(scratch.cleanup)
        cls.dir = pathlib.Path(scratch.name)
        # Neither names nor their order on the disk agree with the time.
        for name, hour, packed in (("b.flow", 1, False), ("a.flow.gz", 3, True),
                                   ("c.flow", 0, False)):
            data = b"".join(cls.record(hour * 60 + n) for n in range(60))
            (cls.dir / name).write_bytes(
                gzip.compress(data) if packed else data)
        (cls.dir / "empty.flow").write_bytes(b"")
        (cls.dir / ".hidden").write_bytes(b"no log")
        (cls.dir / "directory").mkdir()
        cls.all = [hour * 60 + n for hour in (0, 1, 3) for n in range(60)]

    def use_zone(self, zone):
        """Local time is that of the zone during the test."""
        def use(name):
            os.environ["TZ"] = name
            time.tzset()

        self.addCleanup(use, os.environ["TZ"])
        use(zone)

    @staticmethod
    def record(minute):
        return flowlog.encode(readertest.flow(
            minute, recv_sec=START + minute * 60, recv_usec=5))

    def octets(self, logs, **options):
        return flowd.read_arrays(logs, ["octets"],
                                 **options)["octets"].tolist()

    def test_directories_and_patterns(self):
        for logs in (self.dir, str(self.dir), os.fsencode(self.dir),
                     self.dir / "*", f"{self.dir}/[abc].flow*"):
            self.assertEqual(self.octets(logs), self.all, logs)
        self.assertEqual(self.octets(f"{self.dir}/[bc].flow"), self.all[:120])

    def test_following_reads_the_newest_log(self):
        for logs in self.dir / "b.fl*", [self.dir / "b.flow"]:
            self.assertEqual(
                len(self.octets(logs, follow=True, count=7)), 7)

    def test_lists_keep_their_order(self):
        b, c = self.dir / "b.flow", self.dir / "c.flow"
        self.assertEqual(self.octets([b, str(c)]),
                         self.all[60:120] + self.all[:60])
        self.assertEqual(self.octets(path for path in (c, c)),
                         self.all[:60] * 2)
        with open(b, "rb") as file:
            self.assertEqual(self.octets([file, self.dir]),
                             self.all[60:120] + self.all)

    def test_a_name_may_look_like_a_pattern(self):
        path = self.dir / "directory" / "[x].flow"
        path.write_bytes(self.record(7))
        self.assertEqual(self.octets(path), [7])

    def test_no_logs(self):
        for logs in self.dir / "no*", self.dir / "directory" / "*.none":
            with self.assertRaisesRegex(FileNotFoundError, re.escape(
                    str(logs))):
                self.octets(logs)
        self.assertEqual(self.octets([]), [])
        with self.assertRaises(TypeError):
            self.octets(5)
        with flowd.FlowLog(self.dir / "b.flow") as log:
            with self.assertRaises(TypeError):
                self.octets([log])

    def test_count(self):
        for count in 0, 1, 60, 61, 180, 999:
            self.assertEqual(self.octets(self.dir, count=count),
                             self.all[:count])

    def test_damage_names_the_log(self):
        with tap.TemporaryDirectory(prefix="flowd-test-") as scratch:
            bad = pathlib.Path(scratch) / "bad.flow"
            data = bytearray(self.record(1) + self.record(2))
            data[-1] ^= 1
            bad.write_bytes(data)
            logs = [self.dir / "b.flow", bad]
            with self.assertRaisesRegex(flowd.LogError, "bad.flow"):
                self.octets(logs)
            seen = []
            self.assertEqual(
                self.octets(logs, recover=True, on_damage=seen.append),
                self.all[60:120] + [1])
            self.assertEqual(len(seen), 1)

    def test_periods(self):
        self.use_zone("America/New_York")
        utc = datetime.timezone.utc
        at = [datetime.datetime.fromtimestamp(START + n * 60, utc)
              for n in (10, 70)]
        east = datetime.timezone(datetime.timedelta(hours=5, minutes=45))
        forms = (at, [time.astimezone(east) for time in at],
                 [time.astimezone().replace(tzinfo=None) for time in at],
                 [numpy.datetime64(time.replace(tzinfo=None)) for time in at],
                 [START + 600, START + 4200], [START + 600.0, START + 4200.0])
        for period in forms:
            self.assertEqual(self.octets(self.dir, period=period),
                             self.all[10:70], period)
        self.assertEqual(self.octets(self.dir, period=(at[0], None), count=5),
                         self.all[10:15])
        self.assertEqual(self.octets(self.dir, period=(None, at[1])),
                         self.all[:70])
        self.assertEqual(self.octets(self.dir, period=(None, None)), self.all)
        day = datetime.date.fromtimestamp(START)
        self.assertEqual(
            len(self.octets(self.dir, period=(
                day, day + datetime.timedelta(days=2)))), 180)

    def test_periods_as_text(self):
        self.use_zone("America/New_York")
        day = time.strftime("%Y%m%d", time.localtime(START))
        clock = [time.strftime("%H%M", time.localtime(START + n * 60))
                 for n in (10, 30)]
        self.assertEqual(
            self.octets(self.dir, period=f"{day}T{clock[0]}-{clock[1]}"),
            self.all[10:30])
        utc = datetime.timezone.utc
        self.assertEqual(
            flowd.period("20231114T2213-", utc=True),
            (datetime.datetime(2023, 11, 14, 22, 13, tzinfo=utc), None))
        since, until = flowd.period("yesterday")
        self.assertEqual(until.astimezone().time(), datetime.time())
        self.assertGreater(until, since)
        with self.assertRaisesRegex(ValueError, "yestrday.*expected"):
            self.octets(self.dir, period="yestrday")

    def test_active_in_a_period(self):
        """The flow lasts from 11 s to 1.001 s before 1700000000."""
        log = io.BytesIO(flowlog.encode(readertest.flow(1)))
        for since, until, expected in ((-11, -10, [1]), (-12, -11, []),
                                       (-2, -1, [1]), (-1, 5, [])):
            log.seek(0)
            self.assertEqual(self.octets(
                log, by="active",
                period=(1700000000 + since, 1700000000 + until)), expected)
        with self.assertRaisesRegex(ValueError, "activ"):
            self.octets(log, by="activ")

    def test_ends_of_a_period_to_the_microsecond(self):
        first = START * 10**6 + 5
        for since, until, expected in ((0, 1, [0]), (1, 2, []), (-5, 0, [])):
            self.assertEqual(self.octets(self.dir, period=[
                numpy.datetime64(first + us, "us") for us in (since, until)]),
                expected)

    def test_period_and_filter(self):
        with flowd.FlowLog(self.dir / "b.flow") as log:
            self.assertEqual(log.read_arrays(
                "octets", "discard octets 65", period=(None, START + 70 * 60)
            )["octets"].tolist(), [60, 61, 62, 63, 64, 66, 67, 68, 69])

    def test_no_time_is_in_no_period(self):
        data = io.BytesIO(flowlog.encode({"octets": 5}))
        self.assertEqual(self.octets(data, period=(0, None)), [])

    def test_wrong_periods(self):
        for period, error in ((b"yesterday", TypeError), ((1, 2, 3), TypeError), (5, TypeError),
                              (("a", "b"), TypeError), ((2, 1), ValueError),
                              ((2**70, None), OverflowError),
                              ((numpy.datetime64("NaT"), None), ValueError)):
            with self.assertRaises(error):
                self.octets(self.dir, period=period)


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
                flowd.read_arrays([file.name], "octets", "discard all",
                                  period=(0, 5))
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
