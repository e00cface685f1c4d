#!/usr/bin/env python3
"""flowd.Flow: attributes, fields, records and text."""

import copy
import datetime
import gc
import inspect
import ipaddress
import json
import pathlib
import pickle
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import fieldnames
import flowlog
import pythonmodule
import readertest
import tap

flowd = pythonmodule.load()

# The attributes whose names differ from the keys of flowlog.
NAMES = {
    "agent": "agent_addr", "src": "src_addr", "dst": "dst_addr",
    "gateway": "gateway_addr", "if_index_in": "if_ndx_in",
    "if_index_out": "if_ndx_out", "time_sec": "agent_sec",
    "time_nanosec": "agent_usec", "netflow_version": "netflow_ver",
    "crc": "crc32",
}
ADDRESSES = "agent_addr", "src_addr", "dst_addr", "gateway_addr"
BITS = {
    8: "protocol tcp_flags tos src_mask dst_mask flow_ver",
    16: "src_port dst_port engine_type engine_id netflow_ver",
    32: "tag fields recv_sec recv_usec if_ndx_in if_ndx_out sys_uptime_ms "
        "agent_sec agent_usec agent_nsec flow_start flow_finish src_as dst_as "
        "flow_sequence source_id crc32",
    64: "packets octets",
}


def record(**changes):
    return flowlog.encode(readertest.flow(7, **changes))


class Attributes(unittest.TestCase):
    def test_names_of_the_manual(self):
        flow = flowd.Flow(flowlog.encode(fieldnames.FLOW))
        for member, name in fieldnames.names("Python").items():
            with self.subTest(name=name):
                value = getattr(flow, name)
                if member in fieldnames.TIMES:
                    self.assertEqual(int(value.timestamp() * 1000),
                                     fieldnames.TIMES[member])
                elif member != "crc":
                    self.assertEqual(value, fieldnames.FLOW[member])

    def test_of_a_record(self):
        flow = flowd.Flow(record(tag=12))
        for name, value in readertest.flow(7, tag=12).items():
            if name != "crc":
                self.assertEqual(getattr(flow, NAMES.get(name, name)), value,
                                 name)
        self.assertEqual(flow.crc32,
                         int.from_bytes(record(tag=12)[-4:], "big"))
        self.assertEqual(flow.flow_ver, flowd.STORE_VERSION)
        self.assertEqual(flow.fields & flowd.FIELD_SRC_ADDR,
                         flowd.FIELD_SRC_ADDR4)

    def test_of_an_empty_flow(self):
        flow = flowd.Flow()
        for names in BITS.values():
            for name in names.split():
                if name != "flow_ver":
                    self.assertEqual(getattr(flow, name), 0, name)
        for name in ADDRESSES:
            self.assertIsNone(getattr(flow, name))
            self.assertEqual(getattr(flow, name + "_af"), 0)
        self.assertEqual(flow.data, {})

    def test_all_numbers_can_be_set(self):
        for bits, names in BITS.items():
            for name in names.split():
                flow = flowd.Flow()
                for value in 1, 2**bits - 1, 0:
                    setattr(flow, name, value)
                    self.assertEqual(getattr(flow, name), value, name)

    def test_numbers_out_of_range(self):
        for bits, names in BITS.items():
            for name in names.split():
                flow = flowd.Flow()
                for value in -1, 2**bits, 2**70:
                    with self.assertRaisesRegex(OverflowError, name):
                        setattr(flow, name, value)
                for value in 1.0, "1", None:
                    with self.assertRaises(TypeError):
                        setattr(flow, name, value)
                self.assertEqual(flow.serialise(), flowd.Flow().serialise())

    def test_masks_out_of_range(self):
        flow = flowd.Flow(record())
        for mask in -1, 2**32, 2**70:
            for call in (flow.has_field, flow.serialise,
                         lambda mask: flow.format(mask=mask)):
                with self.assertRaisesRegex(OverflowError, "mask"):
                    call(mask)
        for call in flow.has_field, flow.serialise:
            with self.assertRaisesRegex(TypeError, "mask"):
                call("OCTETS")

    def test_setting_adds_the_field(self):
        flow = flowd.Flow()
        self.assertFalse(flow.has_field(flowd.FIELD_ALL))
        flow.octets = 1
        self.assertTrue(flow.has_field(flowd.FIELD_OCTETS))
        self.assertFalse(flow.has_field(flowd.FIELD_PACKETS))
        flow.fields &= ~flowd.FIELD_OCTETS
        self.assertFalse(flow.has_field(flowd.FIELD_OCTETS))
        self.assertEqual(flow.octets, 1)

    def test_addresses(self):
        flow = flowd.Flow()
        for name in ADDRESSES:
            for value in ("192.0.2.1", "2001:db8::1"):
                address = ipaddress.ip_address(value)
                family = socket.AF_INET6 if ":" in value else socket.AF_INET
                bit = getattr(flowd, f"FIELD_{name.upper()}"
                              f"{address.version}")
                pair = getattr(flowd, f"FIELD_{name.upper()}")
                for given in value, address, address.packed:
                    setattr(flow, name, None)
                    self.assertFalse(flow.has_field(pair))
                    setattr(flow, name, given)
                    self.assertEqual(getattr(flow, name), value)
                    self.assertEqual(getattr(flow, name + "_af"), family)
                    self.assertEqual(flow.fields & pair, bit)

    def test_invalid_addresses(self):
        flow = flowd.Flow()
        for value in "192.0.2.256", "", "::1%lo", "name", b"123":
            with self.assertRaisesRegex(ValueError, "src_addr"):
                flow.src_addr = value
        for value in 1, [], ipaddress.ip_network("192.0.2.0/24"):
            with self.assertRaises(TypeError):
                flow.src_addr = value
        with self.assertRaises(ValueError):
            flow.src_addr_af = 77
        self.assertEqual(flow.fields, 0)

    def test_families_before_addresses(self):
        """Programs for 0.9.1 may set the family first."""
        flow = flowd.Flow()
        flow.fields = flowd.FIELD_SRC_ADDR | flowd.FIELD_OCTETS
        flow.src_addr_af = socket.AF_INET
        flow.src_addr = "192.0.2.1"
        flow.fields = flowd.FIELD_SRC_ADDR | flowd.FIELD_OCTETS
        flow.octets = 2**64 - 1
        self.assertEqual(flowlog.decode(flow.serialise()),
                         [dict(src="192.0.2.1", octets=2**64 - 1)])

    def test_data_belongs_to_the_user(self):
        flow = flowd.Flow()
        flow.data["seen"] = True
        self.assertEqual(flow.data, {"seen": True})
        flow.data = 5
        self.assertEqual(flow.data, 5)

    def test_unknown_attribute(self):
        with self.assertRaises(AttributeError):
            flowd.Flow().octet = 1
        with self.assertRaises(TypeError):
            flowd.Flow(octets=1)
        for name in ("start", "end", "recv_time", "export_time", "start_ns"):
            with self.assertRaisesRegex(AttributeError, name):
                setattr(flowd.Flow(), name, 0)

    def test_a_subclass_may_have_attributes(self):
        class Named(flowd.Flow):
            name = "n"

        flow = Named(record())
        flow.more = 1
        self.assertEqual((flow.octets, flow.name, flow.more), (7, "n", 1))


class Times(unittest.TestCase):
    @staticmethod
    def utc(*arguments):
        return datetime.datetime(*arguments, tzinfo=datetime.timezone.utc)

    def test_absolute(self):
        flow = flowd.Flow(record())
        self.assertEqual(flow.recv_time,
                         self.utc(2023, 11, 14, 22, 13, 20, 80160))
        self.assertEqual(flow.export_time, self.utc(2023, 11, 14, 22, 13, 19))
        self.assertEqual(flow.start, self.utc(2023, 11, 14, 22, 13, 9))
        self.assertEqual(flow.end,
                         self.utc(2023, 11, 14, 22, 13, 18, 999000))
        self.assertEqual(
            (flow.recv_time_ns, flow.export_time_ns, flow.start_ns,
             flow.end_ns),
            (1700000000080160000, 1699999999000000005, 1699999989000000005,
             1699999998999000005))
        line = json.loads(flow.format_json(1))
        for name in "start", "end":
            self.assertEqual(
                line[name][:23],
                getattr(flow, name).isoformat(timespec="milliseconds")[:23])

    def test_uptime_wraps(self):
        for uptime, time, ms in ((100, 2**32 - 100, -200), (2**31 - 1, 0,
                                                            1 - 2**31),
                                 (100, 300, 200), (2**32 - 1, 1, 2)):
            flow = flowd.Flow()
            flow.sys_uptime_ms, flow.flow_start = uptime, time
            flow.agent_sec, flow.agent_nsec = 10, 999999999
            self.assertEqual(flow.start_ns, 10999999999 + ms * 10**6)
            self.assertEqual(
                flow.start, self.utc(1970, 1, 1) + datetime.timedelta(
                    microseconds=flow.start_ns // 1000))

    def test_absent(self):
        flow = flowd.Flow()
        flow.flow_start = flow.flow_finish = 5
        for name in "recv_time", "export_time", "start", "end":
            self.assertIsNone(getattr(flow, name))
            self.assertIsNone(getattr(flow, name + "_ns"))


class Copies(unittest.TestCase):
    def copies(self, flow):
        yield copy.copy(flow)
        yield copy.deepcopy(flow)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            yield pickle.loads(pickle.dumps(flow, protocol))

    def test_have_all_attributes(self):
        changes = {}, dict(tag=1), dict(src="2001:db8::1", gateway="::")
        flows = [flowd.Flow(), *(flowd.Flow(record(**change))
                                 for change in changes)]
        flows[1].fields &= ~(flowd.FIELD_OCTETS | flowd.FIELD_SRC_ADDR)
        flows[2].data["seen"] = [1]
        for flow in flows:
            for other in self.copies(flow):
                for name in dir(flow):
                    value = getattr(flow, name)
                    if name == "data" or not callable(value) and (
                            not name.startswith("_")):
                        self.assertEqual(getattr(other, name), value, name)
                self.assertEqual(other, flow)

    def test_are_independent(self):
        flow = flowd.Flow(record())
        flow.data["seen"] = [1]
        shallow, deep = copy.copy(flow), copy.deepcopy(flow)
        shallow.octets = 99
        flow.data["seen"].append(2)
        self.assertEqual(flow.octets, 7)
        self.assertEqual(shallow.data, {"seen": [1, 2]})
        self.assertEqual(deep.data, {"seen": [1]})

    def test_of_a_subclass(self):
        flow = Marked(record())
        flow.mark = "m"
        for other in self.copies(flow):
            self.assertIs(type(other), Marked)
            self.assertEqual((other.mark, other.octets), ("m", 7))

    def test_wrong_state(self):
        for state in (), (b"", 0, 0, 0, None, None), 5:
            with self.assertRaises((TypeError, flowd.LogError)):
                flowd.Flow().__setstate__(state)

    def test_comparison(self):
        flow, same = flowd.Flow(record()), flowd.Flow(record())
        self.assertEqual(flow, same)
        same.data["other"] = 1
        same.fields &= ~flowd.FIELD_CRC32
        self.assertEqual(flow, same)
        self.assertFalse(flow != same)
        for name, value in (("octets", 8), ("src_addr", "::1"), ("tag", 0),
                            ("fields", 0), ("recv_usec", 1)):
            other = flowd.Flow(record())
            setattr(other, name, value)
            self.assertNotEqual(flow, other, name)
        self.assertNotEqual(flow, record())
        empty, absent = flowd.Flow(), flowd.Flow()
        absent.octets = 5
        absent.fields = 0
        self.assertEqual(empty, absent)
        with self.assertRaises(TypeError):
            flow < same
        with self.assertRaises(TypeError):
            hash(flow)


class Marked(flowd.Flow):
    """A subclass with attributes, at a place where pickle finds it."""


class Records(unittest.TestCase):
    def test_serialise_is_the_reverse(self):
        changes = {}, dict(tag=1), dict(src="2001:db8::1"), dict(gateway="::")
        for change in changes:
            self.assertEqual(flowd.Flow(record(**change)).serialise(),
                             record(**change))
        plain = readertest.flow(1)
        del plain["crc"]
        plain = flowlog.encode(plain)
        self.assertEqual(flowd.Flow(plain).serialise(), plain)

    def test_mask(self):
        flow = flowd.Flow(record())
        self.assertEqual(
            flowlog.decode(flow.serialise(flowd.FIELD_OCTETS)),
            [{"octets": 7}])
        self.assertEqual(flow.serialise(mask=0), flowd.Flow().serialise())

    def test_any_buffer(self):
        for kind in bytearray, memoryview:
            self.assertEqual(flowd.Flow(kind(record())).octets, 7)
        with self.assertRaises(TypeError):
            flowd.Flow("text")

    def test_newer_minor_version(self):
        newer = flowlog.encode(readertest.flow(7), minor=1,
                               extra_fields=1 << 20, extra=bytes(8))
        self.assertEqual(flowd.Flow(newer).octets, 7)

    def test_damage(self):
        damaged = bytearray(record())
        damaged[-1] ^= 1
        for blob, words in ((damaged, "checksum"), (b"", "end"),
                            (record()[:-1], "end"), (record() + b"x", ""),
                            (b"\x80" + record()[1:], "version")):
            with self.assertRaisesRegex(ValueError, words) as caught:
                flowd.Flow(blob)
            self.assertIsInstance(caught.exception, flowd.LogError)
            self.assertEqual(caught.exception.offset, 0)
            self.assertIsNone(caught.exception.filename)


class Text(unittest.TestCase):
    def test_format(self):
        flow = flowd.Flow(record())
        line = readertest.brief(7).rstrip("\n")
        self.assertEqual(flow.format(1), line)
        self.assertEqual(flow.format(utc=True, mask=flowd.FIELD_OCTETS),
                         "FLOW octets 7 ")
        self.assertIn("engine_id 9", flow.format(1, flowd.DISPLAY_ALL))
        self.assertIn('"octets":7,', flow.format_json())
        self.assertEqual(len(flow.format_csv().split(",")),
                         len(flowd.csv_header().split(",")))
        self.assertIn("octets 7", repr(flow))
        self.assertEqual(repr(flowd.Flow()), "<flowd.Flow FLOW>")

    def test_times(self):
        self.assertEqual(flowd.iso_time(1700000000, 1), "2023-11-14T22:13:20")
        self.assertEqual(flowd.iso_time(1700000000.9, utc_flag=True),
                         "2023-11-14T22:13:20")
        self.assertEqual(flowd.interval_time(694861), "1w1d1h1m1s")
        self.assertEqual(flowd.interval_time_ms(61001), "1m1s.001")
        for value in -1, 2**32:
            for function in (flowd.iso_time, flowd.interval_time,
                             flowd.interval_time_ms):
                with self.assertRaises(OverflowError):
                    function(value)
        for value in "5", None:
            with self.assertRaises(TypeError):
                flowd.iso_time(value)

    def test_constants(self):
        self.assertEqual(flowd.FIELD_ALL, flowlog.FIELDS_3_0)
        self.assertEqual(flowd.DISPLAY_BRIEF, 0x39ff)
        self.assertEqual(flowd.FIELD_CRC32, 1 << 30)
        self.assertEqual(flowd.FIELD_SRCDST_ADDR, 0x1e0)
        self.assertEqual((flowd.STORE_VERSION, flowd.STORE_VER_MAJOR,
                          flowd.STORE_VER_MINOR), (0x60, 3, 0))
        self.assertRegex(flowd.__version__, r"^\d+\.\d+")


class Memory(unittest.TestCase):
    def test_nothing_leaks(self):
        def work():
            flow = flowd.Flow(record())
            flow.src_addr = "2001:db8::1"
            flow.data["flow"] = flow
            for attribute in dir(flow):
                getattr(flow, attribute)
            flow.format()
            flow.serialise()
            copy.copy(flow) == pickle.loads(pickle.dumps(flow))
            for name, value in (("octets", -1), ("src_addr", "x"),
                                ("tos", None)):
                try:
                    setattr(flow, name, value)
                except (OverflowError, TypeError, ValueError):
                    pass
            try:
                flowd.Flow(b"")
            except flowd.LogError:
                pass

        def held():
            gc.collect()
            return sys.getrefcount(flowd.Flow)

        work()
        before = held()
        self.assertLess(pythonmodule.leak(work),
                        pythonmodule.LEAST_OBJECT)
        self.assertEqual(held(), before)


class Help(unittest.TestCase):
    def test_every_name_is_explained(self):
        for name in dir(flowd):
            value = getattr(flowd, name)
            if name.startswith("_") or not callable(value):
                continue
            self.assertTrue(value.__doc__, name)
            if not isinstance(value, type):
                continue
            for member in vars(value):
                if not member.startswith("_"):
                    self.assertTrue(getattr(value, member).__doc__,
                                    f"{name}.{member}")

    def test_signatures(self):
        kinds = flowd.Flow, flowd.FlowLog, flowd.Filter
        # Older versions lose the signatures of types.
        types = kinds if sys.version_info >= (3, 10) else ()
        for value in (*types, *(value for value in vars(flowd).values()
                                if inspect.isroutine(value)),
                      *(getattr(kind, name) for kind in kinds
                        for name in dir(kind) if not name.startswith("__")
                        and callable(getattr(kind, name)))):
            if value is not flowd.FlowLog._read_columns:
                inspect.signature(value)
        for kind in types:
            self.assertRegex(str(inspect.signature(kind)),
                             r"^\((blob=|path, mode=|rules, name=)")
        self.assertEqual(str(inspect.signature(flowd.Flow().serialise)),
                         "(mask=None)")


if __name__ == "__main__":
    tap.main()
