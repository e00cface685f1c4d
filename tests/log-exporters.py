#!/usr/bin/env python3
"""`logfile ".../%{exporter}..."`: each exporter has a log of its own."""

import ipaddress
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import flowlog
import netflow
import tap
from flowdtest import PATIENCE, Flowd, has_ipv6, wait_for
from report import statistics

SOURCES = "flow source { 127.0.0.0/24, ::1 }"
PLAIN = 'logfile "@DIR@/logs/%{exporter}.flow"'


def address(number):
    return str(ipaddress.IPv4Address("127.0.0.2") + number)


def flowlog_of_one(test):
    """Returns a log with one flow."""
    with Flowd("store ALL") as flowd:
        flowd.send(datagram(1))
        flowd.wait_flows(1)
        return flowd.log.read_bytes()


def datagram(*numbers):
    """Returns a datagram whose flows differ by their octets."""
    flow = netflow.flows(1)[0]
    return netflow.datagram(5, [{**flow, "octets": n} for n in numbers])


class Exporters(unittest.TestCase):
    def start(self, *statements, log=PLAIN, **kwargs):
        flowd = Flowd("store ALL", SOURCES, log, *statements, log=False,
                      **kwargs)
        (flowd.dir / "logs").mkdir()
        return flowd

    def logs(self, flowd):
        """Returns the names of the files, and their flows by octets."""
        return {path.name: [f["octets"] for f in flowd.flows(path)]
                for path in sorted((flowd.dir / "logs").iterdir())
                if path.name[0] != "." and path.suffix != ".gz" and
                path.is_file()}

    def wait_logs(self, flowd, expected):
        try:
            wait_for(lambda: self.logs(flowd) == expected, "the logs")
        except AssertionError as error:
            raise AssertionError(
                f"{self.logs(flowd)} != {expected}") from error


class Files(Exporters):
    def test_one_for_each(self):
        with self.start() as flowd:
            for i in range(30):
                flowd.send(datagram(i), address(i % 3))
            self.wait_logs(flowd, {f"{address(i)}.flow": list(range(i, 30, 3))
                                   for i in range(3)})
            total = statistics(flowd)
            total.check(self)
            self.assertEqual(total.all["stored"], 30)

    @unittest.skipUnless(has_ipv6(), "IPv6 is not available")
    def test_names_of_ipv6_have_no_colon(self):
        with self.start(listen=("127.0.0.1", "::1")) as flowd:
            flowd.send(datagram(1))
            flowd.send(datagram(2), listener=1)
            self.wait_logs(flowd, {"--1.flow": [2], "127.0.0.1.flow": [1]})

    def test_tags_choose_among_logs(self):
        """Logs with and without %{exporter} go together."""
        with self.start('logfile "@DIR@/logs/scans" tag 1',
                        'logfile "@DIR@/logs/big-%{exporter}" tag 2',
                        "accept tag 1 octets 1", "accept tag 2 octets > 2"
                        ) as flowd:
            for i in range(2):
                flowd.send(datagram(1, 2, 3), address(i))
            one, two = address(0), address(1)
            self.wait_logs(flowd, {f"{one}.flow": [2], f"{two}.flow": [2],
                                   f"big-{one}": [3], f"big-{two}": [3],
                                   "scans": [1, 1]})

    def test_appends_after_a_restart(self):
        """A partial record is removed first."""
        flowd = self.start()
        path = flowd.dir / "logs" / f"{address(0)}.flow"
        with flowd:
            flowd.send(datagram(1), address(0))
            self.wait_logs(flowd, {path.name: [1]})
            flowd.stop()
            path.write_bytes(path.read_bytes() * 2 + b"\3\1")
            flowd.start()
            flowd.send(datagram(2), address(0))
            self.wait_logs(flowd, {path.name: [1, 1, 2]})
            self.assertEqual(len(flowlog.decode(path.read_bytes())), 3)
            flowd.wait_stderr("removed a partial record of 2 bytes")


class Lasting(Exporters):
    """Flows are sent until something has happened, and each is stored once, in
    the order of its exporter."""

    EXPORTERS = 5

    def send_until(self, flowd, condition, meanwhile=lambda turn: None):
        """Returns the number of flows that each exporter has sent."""
        deadline = time.monotonic() + PATIENCE
        turn = 0
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            for i in range(self.EXPORTERS):
                flowd.send(datagram(turn), address(i))
            turn += 1
            meanwhile(turn)
            time.sleep(0.005)
        return turn

    def stored(self, flowd, exporter):
        """Returns the octets of all files of the exporter, the oldest
        first."""
        paths = [p for p in (flowd.dir / "logs").glob(f"{exporter}[.-]*")]
        found = []
        for path in sorted(paths, key=self.age):
            result = subprocess.run(
                [tap.program("flowd-reader"), "-J", os.fspath(path)],
                capture_output=True, text=True, timeout=PATIENCE, check=True)
            found += [int(n) for n in re.findall(r'"octets":\s*"?(\d+)',
                                                 result.stdout)]
        return found

    def age(self, path):
        """The open file is the newest, then come the numbers."""
        number = re.search(r"\.(\d{6})(\.gz)?$", path.name)
        return ((-int(number[1]) if number else 0),
                path.name.removesuffix(".gz"))

    def check(self, flowd, turns):
        flowd.stop()
        for i in range(self.EXPORTERS):
            self.assertEqual(self.stored(flowd, address(i)),
                             list(range(turns)), address(i))

    def count(self, flowd, pattern):
        return len(list((flowd.dir / "logs").glob(pattern)))

    def test_rotation_by_time_with_compression(self):
        with self.start(log='logfile "@DIR@/logs/%{exporter}-%Y%m%d-%H%M%S" '
                        "rotate every 1s compress mode 0640") as flowd:
            turns = self.send_until(
                flowd, lambda: self.count(flowd, "*.gz") >= self.EXPORTERS)
            self.assertEqual({oct(p.stat().st_mode) for p in
                              (flowd.dir / "logs").glob("[0-9]*")},
                             {"0o100640"})
            self.check(flowd, turns)

    def test_rotation_by_size(self):
        with self.start(log=PLAIN + " rotate at size 1K compress",
                        ) as flowd:
            turns = self.send_until(
                flowd, lambda: self.count(flowd, "*.000002*") ==
                self.EXPORTERS and self.count(flowd, "*.gz") > 0)
            self.check(flowd, turns)

    def test_signals_reloads_and_renames(self):
        """With two collectors."""
        conf = ("store ALL", SOURCES, PLAIN, "workers 2")

        def disturb(turn):
            if turn % 20 == 0:
                flowd.signal(signal.SIGUSR1)
            if turn % 50 == 0:
                flowd.write_conf(*conf, f"limit logs {turn}")
                flowd.signal(signal.SIGHUP)
            if turn == 30:
                path = flowd.dir / "logs" / f"{address(0)}.flow"
                path.rename(f"{path}.000001")
                flowd.signal(signal.SIGUSR1)

        with self.start("workers 2") as flowd:
            turns = self.send_until(
                flowd, lambda: "\n".join(flowd.stderr_lines()).count(
                    "new configuration in force") >= 4, disturb)
            self.check(flowd, turns)

    def test_limit_of_open_logs(self):
        """More exporters than logs may be open."""
        with self.start("limit logs 2") as flowd:
            def some_are_evicted():
                return statistics(flowd).whole["logs-evicted"] >= 20

            turns = self.send_until(flowd, some_are_evicted)
            flowd.wait_stderr("2 logs of exporters are open, more are not "
                              "allowed")
            if os.path.isdir("/proc/self/fd"):
                fds = pathlib.Path(f"/proc/{flowd.collector()}/fd")
                logs = [p for p in fds.iterdir()
                        if ".flow" in os.readlink(p)]
                self.assertLessEqual(len(logs), 2)
            said = [l for l in flowd.stderr_lines() if "more are not" in l]
            self.assertEqual(len(said), 1)
            self.check(flowd, turns)

    def test_a_collector_dies(self):
        """Flows that were not written may be lost, and no others."""
        with self.start() as flowd:
            turns = self.send_until(
                flowd, lambda: self.count(flowd, "*.flow") == self.EXPORTERS)
            self.wait_logs(flowd, {f"{address(i)}.flow": list(range(turns))
                                   for i in range(self.EXPORTERS)})
            os.kill(flowd.collector(), signal.SIGKILL)
            flowd.wait_stderr("starting a new collector")
            for i in range(self.EXPORTERS):
                flowd.send(datagram(turns), address(i))
            self.wait_logs(flowd,
                           {f"{address(i)}.flow": list(range(turns + 1))
                            for i in range(self.EXPORTERS)})


class Closed(Exporters):
    def test_keep_is_for_each_exporter(self):
        """Also for one that no longer sends.  Files of others stay."""
        flowd = self.start(log=PLAIN + " rotate at size 1M keep 2 files")
        old = flowd.dir / "logs"
        silent, foreign = address(9), "300.0.0.1.flow.000001"
        for name in (f"{silent}.flow", f"{address(0)}.flow"):
            for number in range(1, 5):
                (old / f"{name}.{number:06d}").touch()
                os.utime(old / f"{name}.{number:06d}", (1, 1000 - number))
            (old / name).touch()
        (old / foreign).touch()
        with flowd:
            wait_for(lambda: sorted(self.logs(flowd)) == sorted(
                [foreign, *(f"{a}.flow{n}" for a in (silent, address(0))
                            for n in ("", ".000001", ".000002"))]),
                     "the oldest files are removed")

    def test_file_of_this_interval_stays_uncompressed(self):
        """Its exporter may send again."""
        name = f"{address(0)}-{{}}.flow"
        flowd = self.start(log='logfile "@DIR@/logs/%{exporter}-%Y%m.flow" '
                           "rotate every 1d compress utc"
                           .replace("%Y%m", "%Y%m%d"))
        flow = flowlog_of_one(self)
        old = name.format("20200101")
        for day in ("20200101", time.strftime("%Y%m%d", time.gmtime())):
            (flowd.dir / "logs" / name.format(day)).write_bytes(flow)
        with flowd:
            wait_for(lambda: (flowd.dir / "logs" / f"{old}.gz").exists(),
                     "the old file is compressed")
            flowd.send(datagram(2), address(1))
            wait_for(lambda: len(self.logs(flowd)) == 2, "another log")
            flowd.send(datagram(7), address(0))
            today = name.format(time.strftime("%Y%m%d", time.gmtime()))
            wait_for(lambda: self.logs(flowd).get(today, [])[-1:] == [7],
                     "the file is continued")


class Refused(Exporters):
    def test_other_addresses_make_no_files(self):
        with self.start() as flowd:
            flowd.send(datagram(1), "127.1.0.1")
            flowd.send(datagram(2), address(0))
            self.wait_logs(flowd, {f"{address(0)}.flow": [2]})

    def test_a_log_that_cannot_be_opened(self):
        """The others are written.  Its flows wait; messages are few."""
        with self.start() as flowd:
            bad = flowd.dir / "logs" / f"{address(0)}.flow"
            bad.mkdir()
            for i in range(10):
                flowd.send(datagram(i), address(0))
                flowd.send(datagram(i), address(1))
            flowd.wait_stderr(f"logfile {bad}: cannot open it: ")
            flowd.wait_stderr("flows of this exporter are buffered")
            wait_for(lambda: self.logs_of(flowd, 1) == list(range(10)),
                     "the other log is written")
            self.assertEqual(statistics(flowd).all["buffered"], 10)
            bad.rmdir()
            flowd.reload("store ALL", SOURCES, PLAIN)
            wait_for(lambda: self.logs_of(flowd, 0) == list(range(10)),
                     "the flows are written")

    def logs_of(self, flowd, number):
        return self.logs(flowd).get(f"{address(number)}.flow")

    def test_flow_sources_are_needed(self):
        for sources, good in (("", False), ("flow source any", False),
                              ("flow source 10.0.0.0/15", False),
                              ("flow source 10.0.0.0/16", True),
                              ("flow source { 10.0.0.0/16, 10.0.9.0/24 }",
                               True),
                              ("flow source { 10.0.0.0/16, 2001:db8::1 }",
                               False)):
            flowd = Flowd(PLAIN, sources, log=False)
            (flowd.dir / "logs").mkdir()
            flowd.configure()
            result = subprocess.run(
                flowd.command("-n"), stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=PATIENCE, check=False)
            self.assertEqual(result.returncode == 0, good, sources)
            if not good:
                self.assertIn(f"{flowd.conf}:3: logfile ", result.stderr)
                self.assertIn("at most 65536 addresses", result.stderr)

    def test_directory_is_missing(self):
        flowd = self.start()
        (flowd.dir / "logs").rmdir()
        with self.assertRaisesRegex(AssertionError, "directory .*/logs/?: No"):
            with flowd:
                pass


if __name__ == "__main__":
    tap.main()
