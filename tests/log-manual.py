#!/usr/bin/env python3
"""flowd-log(5) is complete: a reader built from its tables reads every log."""

import datetime
import ipaddress
import json
import pathlib
import re
import socket
import sys
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from flowdtest import Flowd
from readertest import ReaderTest
from recorded import sessions

PAGE = tap.source("flowd-log.5").read_text()
GOLDEN = tap.DATA / "golden" if tap.DATA else None
SIZES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def section(heading):
    """Returns the page from a heading to the next."""
    return re.search(rf"^\.S[hs] {heading}\n(.*?)^\.S[hs] ", PAGE,
                     re.DOTALL | re.MULTILINE)[1]


def tables(heading):
    """Returns the rows of each table of a section, without the headings."""
    for table in re.findall(r"^\.Bl -column.*?\n(.*?)^\.El$",
                            section(heading), re.DOTALL | re.MULTILINE):
        rows = table.replace("\n", " ").split(".It ")[2:]
        yield [[cell.strip() for cell in row.split(" Ta ")] for row in rows]


def layout(size, contents):
    """Returns names and sizes of the values in a field.  An address is one
    value."""
    values = [value.split() for value in contents.split(", ")]
    pairs = [(value[0], SIZES[value[1]] if len(value) > 1 else int(size))
             for value in values]
    if sum(length for _, length in pairs) != int(size):
        raise ValueError(f"{contents!r} are not {size} bytes")
    return pairs


def version_3():
    """Returns pairs of the bit and the layout of a field, in order."""
    _, fields = tables("DESCRIPTION")
    return [(int(bit), layout(size, contents))
            for bit, _, size, contents in fields]


def version_2():
    """Returns the same, for logs of version 2."""
    _, fields = tables("DESCRIPTION")
    other, = tables("Version 2")
    sizes = {name: (size, contents) for name, size, contents in other}
    return [(int(bit), layout(*sizes.get(name, (size, contents))))
            for bit, name, size, contents in fields]


def number(data):
    return int.from_bytes(data, "big")


def values(data, fields, known):
    """Returns the flow in the fields of a record, and their length in
    bytes."""
    flow = {}
    at = 0
    for bit, field in known:
        if not fields >> bit & 1:
            continue
        for name, size in field:
            part = data[at:at + size]
            at += size
            if name.endswith("_addr"):
                flow[name] = str(ipaddress.ip_address(part))
            elif name != "0":
                flow[name] = number(part)
    return flow, at


def check(record, flow):
    """Asserts that the checksum is zlib's CRC-32, as the page describes."""
    if "crc32" in flow:
        if zlib.crc32(record[:-4], 0xffffffff) ^ 0xffffffff != flow["crc32"]:
            raise ValueError("checksum")


def read(log):
    """Returns the flows of a log of version 3."""
    header, _ = tables("DESCRIPTION")
    sizes = [SIZES[kind] for _, _, kind, _ in header]
    known = version_3()
    while log:
        at = 0
        words = []
        for size in sizes:
            words.append(number(log[at:at + size]))
            at += size
        version, length, reserved, fields = words
        if version != 0x60 or reserved != 0:
            raise ValueError("header")
        flow, end = values(log[at:], fields, known)
        if end != 4 * length:
            raise ValueError("length")
        check(log[:at + end], flow)
        yield flow
        log = log[at + end:]


def read_version_2(log):
    """Returns the flows of a log of version 2."""
    if [number(log[at:at + 4]) for at in (0, 4, 12)] != [0x012cf047, 2, 0]:
        raise ValueError("header")
    known = version_2()
    log = log[16:]
    while log:
        flow, end = values(log[4:], number(log[:4]), known)
        check(log[:4 + end], flow)
        yield flow
        log = log[4 + end:]


def time(seconds, fraction, digits):
    """Returns a time as flowd-reader -JU prints it."""
    at = EPOCH + datetime.timedelta(seconds=seconds)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{fraction:0{digits}}+00:00"


def flow_time(flow, name):
    """Returns the absolute time of a flow, by the formula of the page."""
    ago = (flow["sys_uptime_ms"] - flow[name] + 2**31) % 2**32 - 2**31
    ms = flow["time_sec"] * 1000 + flow["time_nanosec"] // 10**6 - ago
    return time(ms // 1000, ms % 1000, 3)


def as_json(flow):
    """Returns the object that flowd-reader -JU prints for a flow."""
    flow = dict(flow)
    if "recv_sec" in flow:
        flow["recv_time"] = time(flow.pop("recv_sec"),
                                 flow.pop("recv_usec", 0), 6)
    if "flow_start" in flow and "time_sec" in flow:
        flow["start"] = flow_time(flow, "flow_start")
        flow["end"] = flow_time(flow, "flow_finish")
    if "time_sec" in flow:
        flow["export_time"] = time(flow.pop("time_sec"),
                                   flow.pop("time_nanosec"), 9)
    if "flow_start" in flow:
        flow["flow_start_ms"] = flow.pop("flow_start")
        flow["flow_finish_ms"] = flow.pop("flow_finish")
    return flow


class Page(ReaderTest):
    def compare(self, log, flows, *args):
        """Asserts that flowd-reader prints a log as the page describes."""
        out, _ = self.run_reader("-JU", *args, log, cwd=self.dir)
        printed = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(len(printed), len(flows))
        for theirs, ours in zip(printed, flows):
            self.assertEqual(theirs, as_json(ours))

    @unittest.skipUnless(GOLDEN, "FLOWD_TEST_DATA is not set")
    def test_logs_of_0_9_1(self):
        for name in "all", "brief", "nocrc", "ipv6", "tagged":
            with self.subTest(log=name):
                log = GOLDEN / f"{name}.log"
                flows = list(read(log.read_bytes()))
                self.assertGreater(len(flows), 100)
                self.compare(log, flows)

    @unittest.skipUnless(GOLDEN, "FLOWD_TEST_DATA is not set")
    def test_version_2(self):
        log = GOLDEN / "legacy-v2.log"
        flows = list(read_version_2(log.read_bytes()))
        self.assertEqual(len(flows), 54)
        # Version 3 has a source ID, which version 2 does not have.
        for flow in flows:
            if "engine_id" in flow:
                flow["source_id"] = 0
        self.compare(log, flows, "-L")

    def test_log_of_flowd(self):
        datagrams = []
        for version in netflow.VERSIONS:
            made = netflow.flows(netflow.MOST[version])
            made[0]["protocol"] = socket.IPPROTO_UDP
            datagrams.append(netflow.datagram(version, made))
        if tap.DATA:
            datagrams += [d.payload for s in sessions().values() for d in s]
        with Flowd("accept tag 7 proto udp") as flowd:
            for datagram in datagrams:
                flowd.send(datagram)
            flowd.stop()
            flows = list(read(flowd.log.read_bytes()))
            self.assertGreaterEqual(
                len(flows), sum(netflow.MOST[v] for v in netflow.VERSIONS))
            self.compare(flowd.log, flows)
        self.assertTrue(all("crc32" in flow for flow in flows))
        self.assertEqual([flow.get("tag") for flow in flows],
                         [7 if flow["protocol"] == socket.IPPROTO_UDP
                          else None for flow in flows])

    def test_example(self):
        dump, line = re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$",
                                section("EXAMPLES"), re.DOTALL | re.MULTILINE)
        record = b"".join(bytes.fromhex(row[:11]) for row in dump.splitlines())
        flow, = read(record)
        self.write("log", record)
        self.compare("log", [flow])
        out, _ = self.run_reader("-Uv", "log", cwd=self.dir)
        self.assertEqual(out.decode().splitlines()[1].split(), line.split())
        said = dict(re.findall(r"(\w+) ([\d.]+)(?=,|$)",
                               "\n".join(row[11:] for row in dump.splitlines()
                                         if "fields" not in row
                                         and "version" not in row),
                               re.MULTILINE))
        self.assertEqual(said, {k: str(v) for k, v in flow.items()})


class Fields(unittest.TestCase):
    """The manuals agree with the tables of fields in lib/."""

    def setUp(self):
        text = tap.source("fields.h").read_text()
        self.fields = re.findall(r"^\tX\((\w+), \d, (\d+)\)", text, re.M)
        self.assertIn(("TAG", "1"), self.fields)
        self.members = tap.source("fields-table.h").read_text()
        self.members = self.members[self.members.index("members[] = {"):]

    def words(self, *patterns):
        """Returns the groups of the patterns in the table of members."""
        words = [word for pattern in patterns
                 for word in re.findall(pattern, self.members)]
        self.assertGreater(len(words), 20)
        return words

    def check(self, words, text):
        """Each of the words is in the text."""
        self.assertEqual([word for word in words if not re.search(
            rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)], [])

    def test_flowd_log(self):
        _, rows = tables("DESCRIPTION")
        self.assertEqual([(name, int(size)) for _, name, size, _ in rows],
                         [(name, 4 * int(words))
                          for name, words in self.fields])

    def test_names_of_values(self):
        names = self.words(r'MEMBER\(\w+, \w+, \d+, "(\w+)"\)',
                           r'ADDR\(\w+, \w+, "(\w+)"\)')
        self.check(names, section("Fields"))

    def test_flowd_conf(self):
        page = tap.source("flowd.conf.5").read_text()
        self.check([".It Cm " + re.sub(r"(?<=ADDR)[46]$", "", name)
                    for name, _ in self.fields], page)

    def test_json(self):
        self.check(self.words(r'JSON\("(\w+)"\)',
                              r'JSON_AS\(\w+, "(\w+)"\)'),
                   tap.source("flowd-reader.8").read_text())

    def test_perl(self):
        page = (tap.SRC / "perl" / "lib" / "Flowd.pm").read_text()
        page = page[page.index("\n=head1 FLOWS"):]
        names = self.words(r'MEMBER\(\w+, \w+, \d+, "(\w+)"\)',
                           r'ADDR\(\w+, \w+, "(\w+)"\)')
        names += re.findall(r'\.perl = "(\w+)"', self.members)
        for name in re.findall(
                r'"(\w+)"\)(?:(?!\n\t\{).)*?\.perl =', self.members,
                re.DOTALL):
            if name in names:
                names.remove(name)
        self.check(names + [name for name, _ in self.fields], page)


if __name__ == "__main__":
    tap.main()
