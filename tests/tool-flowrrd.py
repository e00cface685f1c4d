#!/usr/bin/env python3
"""flowrrd stores rates by protocol, and shows them on a page."""

import gzip
import html.parser
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import time
import unittest
import xml.etree.ElementTree
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import netflow
import pythonmodule
import tap
from flowdtest import PATIENCE, Flowd, need, wait_for
from readertest import SECONDS, flow

pythonmodule.load()

PROGRAM = str(tap.SRC / "tools" / "flowrrd" / "flowrrd.py")
SOCKCLIENT = str(tap.SRC / "tools" / "sockclient.py")
MISSING = need("rrdtool")
BROWSER = next(filter(None, map(shutil.which, (
    "chromium", "chromium-browser", "google-chrome", "chrome"))), None)
START = 1700000000 // 3600 * 3600
TCP = (0x00, 0x72, 0xb2)
UDP = (0xe6, 0x9f, 0x00)


def record(seconds, protocol, octets, packets=1):
    return flowlog.encode(flow(octets, recv_sec=START + seconds,
                               protocol=protocol, packets=packets))


# A flow that is later than all others, so that their minutes are over.
AFTER = record(1200, 6, 0)


class Page(html.parser.HTMLParser):
    """Collects the files that a page refers to."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids, self.images = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if "href" in attrs:
            self.links.append(attrs["href"])
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag == "img":
            self.images.append(attrs["src"])
            assert attrs["alt"]
        assert tag not in ("script", "link", "iframe"), tag


def pixels(path):
    """Returns the colours in a PNG, and how often each occurs (RFC 2083)."""
    data = path.read_bytes()
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, _, colour = struct.unpack_from(">IIBB", body)
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    size = {2: 3, 6: 4}[colour]
    raw = zlib.decompress(packed)
    previous = bytearray(width * size)
    counts = {}
    for y in range(height):
        begin = y * (width * size + 1)
        line = bytearray(raw[begin + 1:begin + 1 + width * size])
        unfilter(raw[begin], line, previous, size)
        for x in range(0, len(line), size):
            pixel = tuple(line[x:x + 3])
            counts[pixel] = counts.get(pixel, 0) + 1
        previous = line
    return counts


def unfilter(kind, line, previous, size):
    for i, value in enumerate(line):
        left = line[i - size] if i >= size else 0
        up = previous[i]
        corner = previous[i - size] if i >= size else 0
        if kind == 1:
            value += left
        elif kind == 2:
            value += up
        elif kind == 3:
            value += (left + up) // 2
        elif kind == 4:
            value += min((left, up, corner), key=lambda p: abs(
                left + up - corner - p))
        line[i] = value & 255


@unittest.skipIf(MISSING, f"{MISSING} is not installed")
class Flowrrd(unittest.TestCase):
    def setUp(self):
        tmp = tap.TemporaryDirectory(prefix="flowd-test-")
        self.addCleanup(tmp.cleanup)
        self.dir = pathlib.Path(tmp.name)
        self.log = self.dir / "a.log"
        self.www = self.dir / "www"

    def run_it(self, *args, status=0, stdin=b""):
        """Runs flowrrd to its end, and returns its standard error."""
        result = subprocess.run(
            [sys.executable, PROGRAM, *map(str, args)], input=stdin,
            env=pythonmodule.environment(), cwd=self.dir,
            capture_output=True, timeout=SECONDS, check=False)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stdout, b"")
        return result.stderr.decode()

    def rates(self, begin, end, function="AVERAGE"):
        """Returns {seconds from START: {source: rate a second}}, where
        known."""
        lines = subprocess.run(
            ["rrdtool", "fetch", self.dir / "flows.rrd", function, "-r", "60",
             "-s", str(START + begin), "-e", str(START + end)],
            check=True, capture_output=True, text=True,
            env=dict(os.environ, LC_ALL="C")).stdout.splitlines()
        result = {}
        for line in lines[2:]:
            when, _, values = line.partition(":")
            if "nan" in values:
                continue
            # rrdtool labels an interval by its end.
            result[int(when) - 60 - START] = dict(
                zip(lines[0].split(),
                    (round(float(v), 6) for v in values.split())))
        return result

    def totals(self, begin, end):
        """Returns the totals by source, of those that are not 0."""
        result = {}
        for rates in self.rates(begin, end).values():
            for name, rate in rates.items():
                if rate:
                    result[name] = result.get(name, 0) + rate * 60
        return {name: round(value, 2) for name, value in result.items()}

    def test_rates(self):
        self.log.write_bytes(
            record(0, 6, 600, 30) + record(59, 6, 600, 30) +
            record(60, 17, 120) + record(61, 1, 60) + record(62, 58, 60) +
            record(180, 50, 60) + record(181, 47, 60) +
            record(182, 132, 60) + record(600, 6, 60) + AFTER)
        self.assertEqual(self.run_it(self.log), "")
        rates = self.rates(0, 600)
        self.assertEqual(len(rates), 11)
        self.assertEqual({n: v for n, v in rates[0].items() if v},
                         {"tcp_octets": 20, "tcp_packets": 1,
                          "tcp_flows": 0.033333})
        self.assertEqual([rates[60][f"{p}_octets"] for p in (
            "tcp", "udp", "icmp", "other")], [0, 2, 2, 0])
        self.assertEqual([rates[180][f"{p}_octets"] for p in (
            "esp", "gre", "other")], [1, 1, 1])
        self.assertEqual(set(rates[120].values()), {0})
        self.assertEqual(self.totals(0, 660), {
            "tcp_octets": 1260, "tcp_packets": 61, "tcp_flows": 3,
            "udp_octets": 120, "udp_packets": 1, "udp_flows": 1,
            "icmp_octets": 120, "icmp_packets": 2, "icmp_flows": 2,
            "esp_octets": 60, "esp_packets": 1, "esp_flows": 1,
            "gre_octets": 60, "gre_packets": 1, "gre_flows": 1,
            "other_octets": 60, "other_packets": 1, "other_flows": 1})

    def test_a_second_run_adds_nothing(self):
        self.log.write_bytes(record(0, 6, 60) + record(60, 6, 60) +
                             record(120, 17, 0))
        self.run_it(self.log)
        before = self.totals(0, 600)
        self.assertEqual(before["tcp_flows"], 2)
        self.assertIn("skipped 2 flows of minutes that were stored before, 0 "
                      "that came too late, and 0 without",
                      self.run_it("-v", self.log))
        with open(self.log, "ab") as file:
            file.write(record(120, 17, 60) + AFTER)
        self.run_it(self.log)
        self.assertEqual(self.totals(0, 600), {
            **before, "udp_octets": 60, "udp_packets": 2, "udp_flows": 2})

    def test_a_joint_of_logs_that_are_given_one_by_one(self):
        """The first log ends within a minute, and is given once more."""
        other = self.dir / "b.log"
        self.log.write_bytes(record(0, 6, 60) + record(60, 6, 60) +
                             record(85, 6, 60))
        other.write_bytes(record(95, 6, 60) + record(119, 6, 60) +
                          record(120, 6, 60) + record(0, 6, 60))
        self.run_it(self.log)
        self.assertEqual(self.totals(0, 600)["tcp_flows"], 1)
        self.assertIn("skipped 2 flows of minutes that were stored before, 0 "
                      "that came too late", self.run_it("-v", self.log, other))
        self.assertEqual(self.totals(60, 119)["tcp_flows"], 4)

    def test_by_activity(self):
        """A flow of half an hour is received at its end."""
        self.log.write_bytes(
            flowlog.encode(flow(
                1800, protocol=6, packets=60, recv_sec=START + 1800,
                time_sec=START + 1800, time_nanosec=0, sys_uptime_ms=7200000,
                flow_start=5400000, flow_finish=7200000)) +
            flowlog.encode({"octets": 60, "recv_sec": START + 1800,
                            "recv_usec": 0}) +
            record(7200, 6, 0))
        self.run_it("--by", "active", self.log)
        rates = self.rates(0, 1859)
        self.assertEqual({(values["tcp_octets"], values["tcp_packets"])
                          for when, values in rates.items() if when < 1800},
                         {(1, 0.033333)})
        self.assertEqual(len(rates), 31)
        self.assertEqual(self.totals(0, 1859), {
            "tcp_octets": 1800, "tcp_packets": 60, "tcp_flows": 1,
            "other_octets": 60, "other_flows": 1})

    def test_by_activity_in_several_runs(self):
        """Minutes that long flows may still change are not stored."""
        def long_flow(end, seconds):
            return flowlog.encode(flow(
                600, protocol=6, recv_sec=START + end, time_sec=START + end,
                time_nanosec=0, sys_uptime_ms=7200000,
                flow_start=7200000 - 1000 * seconds, flow_finish=7200000))

        data = [long_flow(600, 600), long_flow(1500, 900),
                long_flow(2400, 1200), long_flow(9000, 60)]
        for count in range(1, 5):
            self.log.write_bytes(b"".join(data[:count]))
            self.run_it("--by", "active", self.log)
        self.assertEqual(self.totals(0, 3600)["tcp_octets"], 1800)
        self.assertEqual(self.totals(0, 3600)["tcp_flows"], 3)
        self.assertEqual(self.rates(0, 59)[0]["tcp_octets"], 1)
        self.assertEqual(self.rates(1260, 1319)[1260]["tcp_octets"],
                         round(600 / 900 + 600 / 1200, 6))

    def test_flows_that_come_too_late(self):
        self.log.write_bytes(record(60, 6, 60) + record(300, 6, 60) +
                             record(61, 6, 60))
        self.assertIn("skipped 0 flows of minutes that were stored before, 1 "
                      "that came too late", self.run_it("-v", self.log))

    def test_the_current_minute_is_not_stored(self):
        """The next run stores it, since more flows of it may follow."""
        now = int(time.time())
        self.log.write_bytes(record(now - START - 600, 6, 60) +
                             record(now - START, 6, 60))
        self.run_it(self.log)
        self.assertEqual(
            self.totals(now - START - 1200, now - START)["tcp_flows"], 1)

    def test_two_logs_share_minutes(self):
        self.log.write_bytes(record(0, 6, 60) + record(70, 6, 60))
        self.run_it(self.log, "-", stdin=record(65, 6, 60) +
                    record(5, 6, 60) + record(130, 6, 60) + AFTER)
        self.assertEqual(self.totals(0, 600)["tcp_flows"], 5)

    def test_logs_that_do_not_exist(self):
        """The others are read; flowd may have compressed one meanwhile."""
        self.log.write_bytes(record(0, 6, 60))
        (self.dir / "c.log.gz").write_bytes(
            gzip.compress(record(60, 17, 60) + AFTER))
        self.assertEqual(
            self.run_it("none.log", self.log, "c.log", status=1),
            "flowrrd: none.log: No such file or directory\n")
        totals = self.totals(0, 600)
        self.assertEqual((totals["tcp_flows"], totals["udp_flows"]), (1, 1))

    def test_an_error_ends_the_reading(self):
        """The flows of the next log would close minutes of this log."""
        self.log.write_bytes(record(-60, 6, 60) + record(0, 6, 60) +
                             b"\xff" * 40)
        later = self.dir / "b.log"
        later.write_bytes(record(600, 17, 60))
        self.run_it(self.log, later, status=1)
        self.assertNotIn("udp_flows", self.totals(0, 700))

    def test_a_gap_is_unknown(self):
        self.log.write_bytes(record(0, 6, 60) + record(3600, 6, 60) +
                             record(7200, 6, 60))
        self.run_it(self.log)
        self.assertEqual(set(self.rates(0, 3660)), {0, 3600})

    def test_flows_without_fields(self):
        self.log.write_bytes(flowlog.encode({"octets": 5}) + flowlog.encode(
            {"octets": 60, "recv_sec": START, "recv_usec": 0}) + AFTER)
        self.assertIn("1 without a receipt time", self.run_it("-v", self.log))
        self.assertEqual(self.totals(0, 60),
                         {"other_octets": 60, "other_flows": 1})

    def test_damage(self):
        self.log.write_bytes(record(0, 6, 60) + record(60, 17, 60) +
                             b"\xff" * 40 + record(60, 6, 60) + AFTER)
        self.assertIn(f"{self.log}: offset ", self.run_it(self.log, status=1))
        self.assertEqual(self.totals(0, 600)["tcp_flows"], 1)
        self.assertIn("40 damaged bytes", self.run_it("-R", self.log,
                                                      status=3))
        self.assertEqual(self.totals(0, 600)["tcp_flows"], 2)

    def test_page(self):
        self.draw()
        text = (self.www / "index.html").read_text()
        page = Page(text)
        self.assertIn("<title>A &lt;b&gt; &amp; c</title>", text)
        self.assertEqual(page.links,
                         ["#hour", "#day", "#week", "#month", "#year"])
        self.assertEqual(page.ids, ["hour", "day", "week", "month", "year"])
        self.assertEqual(len(page.images), 15)
        self.assertNotRegex(text, "https?:|url[(]|@import")
        self.assertEqual({p.name for p in self.www.iterdir()},
                         {"index.html", *page.images})
        for name in page.images:
            image = xml.etree.ElementTree.parse(self.www / name).getroot()
            self.assertEqual(image.tag, "{http://www.w3.org/2000/svg}svg")
            for part in image.iter():
                for key, value in part.attrib.items():
                    self.assertFalse(key.endswith("href") and
                                     not value.startswith("#") and
                                     not value.startswith("data:"), value)

    def draw(self):
        self.log.write_bytes(b"".join(
            record(t, 6, 60000) + record(t, 17, 30000)
            for t in range(0, 24 * 3600 + 60, 60)))
        self.run_it("-o", self.www, "-t", "A <b> & c", self.log)

    @unittest.skipUnless(BROWSER, "Chromium is not installed")
    def test_page_in_a_browser(self):
        self.draw()
        shot = self.dir / "shot.png"
        subprocess.run(
            [BROWSER, "--headless", "--no-sandbox", "--disable-gpu",
             "--hide-scrollbars", f"--user-data-dir={self.dir / 'profile'}",
             "--window-size=800,600", f"--screenshot={shot}",
             (self.www / "index.html").as_uri()],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=SECONDS, check=True,
            env=dict(os.environ, HOME=str(self.dir)))
        counts = pixels(shot)
        self.assertEqual(max(counts, key=counts.get), (255, 255, 255))
        self.assertGreater(counts.get(TCP, 0), 100)
        self.assertGreater(counts.get(UDP, 0), 100)

    def test_a_log_that_is_followed(self):
        """Also by a pattern, across a rotation."""
        logs = self.dir / "log"
        logs.mkdir()
        old = logs / "20261130-06.flow"
        old.write_bytes(record(0, 6, 60) + record(300, 6, 60))
        process = subprocess.Popen(
            [sys.executable, PROGRAM, "-F", "-o", "www", logs / "*.flow"],
            cwd=self.dir, env=pythonmodule.environment(),
            stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        rrd = self.dir / "flows.rrd"
        wait_for(rrd.exists, "the first minute is stored")
        (logs / "20261130-07.flow").write_bytes(
            record(360, 17, 60) + record(900, 17, 60))
        old.unlink()

        def is_stored():
            try:
                return self.totals(0, 959).get("udp_flows") == 2
            except subprocess.CalledProcessError:
                return False	# flowrrd is writing to the file

        wait_for(is_stored, "the flows of the next log are stored")
        process.terminate()
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertEqual(process.stderr.read(), b"")
        self.assertEqual(self.totals(0, 900)["tcp_flows"], 2)

    def test_a_collector(self):
        """Flows are read from flowd's log socket as they arrive."""
        flowd = Flowd("store ALL", 'logsock "@DIR@/sock"')
        flowd.dir.chmod(0o711)
        path = flowd.dir / "sock"
        client = subprocess.Popen(
            [sys.executable, SOCKCLIENT, "-r", path], stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL, env=pythonmodule.environment())
        graphs = subprocess.Popen(
            [sys.executable, PROGRAM, "-v", "-o", "www", "-"], cwd=self.dir,
            stdin=client.stdout, stderr=subprocess.PIPE,
            env=pythonmodule.environment())
        client.stdout.close()
        try:
            wait_for(path.exists, "the socket exists")
            with flowd:
                flowd.send(netflow.datagram(5, netflow.flows(20)))
                flowd.wait_flows(20)
            client.terminate()
            client.wait(PATIENCE)
            _, said = graphs.communicate(timeout=PATIENCE)
        finally:
            for process in client, graphs:
                process.kill()
                process.wait()
        # The flows are of the current minute, so none was stored or drawn.
        self.assertEqual(graphs.returncode, 0, said)
        self.assertIn(b"skipped 0 flows of minutes that were stored before, "
                      b"0 that came too late, and 0 without", said)
        self.assertFalse(self.www.exists())

    def test_wrong_arguments(self):
        self.assertIn("-F needs a log", self.run_it("-F", "-", status=1))
        self.assertIn("usage: flowrrd", self.run_it("-Z", status=2))
        self.assertEqual("flowrrd: none.log: No such file or directory\n",
                         self.run_it("none.log", status=1))
        self.log.write_bytes(record(0, 6, 60))
        self.assertIn("flowrrd: none: no such directory for flows.rrd",
                      self.run_it("-d", "none", self.log, status=1))


if __name__ == "__main__":
    tap.main()
