#!/usr/bin/env python3
"""The state file preserves flowd's knowledge of its exporters over a restart,
and no state file can prevent flowd from starting."""

import os
import pathlib
import signal
import stat
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import flowlog
import netflow9
import tap
from ctlclient import CONTROL, show_json
from decoding import EXPORT_MS, OCTETS, SRC4, Sender
from feed import Feed
from flowdtest import PATIENCE, Flowd, wait_for
from netflow9 import VARIABLE, Field, Template
from recorded import absolute_ms
from report import statistics

STATEMENT = 'statefile "@DIR@/state"'
AGENT = "127.0.0.1"
DOMAIN = ("observationDomainId", 4)
SAMPLING = Template(400, DOMAIN, ("samplerId", 1), ("samplerMode", 1),
                    ("samplerRandomInterval", 4), scopes=1)
NAMES = Template(401, ("ingressInterface", 4), ("interfaceName", 8),
                 ("interfaceDescription", VARIABLE), scopes=1)
BOOTED = Template(402, DOMAIN, ("systemInitTimeMilliseconds", 8), scopes=1)
UPTIMES = Template(403, ("flowStartSysUpTime", 4), ("flowEndSysUpTime", 4),
                   ("octetDeltaCount", 1))
VARYING = Template(404, ("applicationName", VARIABLE), OCTETS)
HEAD = 12		# octets before the part that the checksum covers


def state_of(flowd):
    """Returns the path of the state file in STATEMENT."""
    return flowd.dir / "state"


def temporary_files(flowd):
    """Returns files with the state file's name as prefix, but not itself."""
    return [path.name for path in flowd.dir.glob("state?*")]


def kill_collector(flowd):
    """Kills the collector, and waits for the next one."""
    killed = flowd.collector()
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: flowd.children() not in ([], [killed]),
             "another collector runs")


class StateSender(Sender):
    """Sends templates, and finds out whether flowd knows them."""

    version = netflow9.V9

    def announce(self, feed, *agents):
        for agent in agents:
            feed.send(self.message(self.templates(self.SIMPLE)), agent)
        feed.drain()

    def send_data_only(self, feed, *agents):
        """Returns the flows stored of data without any template."""
        before = len(feed.flows())
        for agent in agents:
            feed.send(self.message(self.simple(2)), agent)
        return [(f["agent"], f["octets"]) for f in feed.flows()[before:]]

    def check_known(self, feed, *agents):
        self.assertEqual(self.send_data_only(feed, *agents), [
            (agent, i) for agent in agents for i in range(2)])

    def restart(self, flowd):
        """Stops flowd and starts it with an empty log."""
        flowd.stop()
        self.assertEqual(temporary_files(flowd), [])
        flowd.log.unlink()
        flowd.start()
        return Feed(flowd)

    def make_state(self):
        """Returns a state file with a template for AGENT."""
        with Flowd("store ALL", STATEMENT) as flowd:
            self.announce(Feed(flowd), AGENT)
            flowd.stop()
            return state_of(flowd).read_bytes()


class Restart(StateSender):
    """The exporters' datagrams after a restart show what flowd still knows."""

    def test_templates(self):
        agents = [f"127.0.0.{n}" for n in range(1, 6)]
        with Flowd("store ALL", STATEMENT) as flowd:
            self.announce(Feed(flowd), *agents)
            self.check_known(self.restart(flowd), *agents)
            # Once more, from a file written by a flowd that read one.
            self.check_known(self.restart(flowd), *agents)
            mode = state_of(flowd).stat().st_mode
            self.assertEqual(stat.S_IMODE(mode), 0o600)

    def test_without_a_state_file(self):
        """Data are held until their template arrives, as after a first
        start."""
        with Flowd("store ALL") as flowd:
            self.announce(Feed(flowd), AGENT)
            feed = self.restart(flowd)
            self.assertEqual(self.send_data_only(feed, AGENT), [])
            self.announce(feed, AGENT)
            self.assertEqual(self.octets(feed.flows()), [0, 1])

    def test_templates_of_all_kinds(self):
        layouts = [
            VARYING, Template(405, OCTETS, ("sourceIPv6Address", 16)),
            Template(406, *([SRC4, ("octetDeltaCount", 2)] * 500))]
        if self.version == netflow9.IPFIX:
            layouts.append(Template(407, Field(7, 3, 29305),
                                    Field(9, VARIABLE, 5), OCTETS))
        records = {404: (b"abc", 1), 405: (2, "2001:db8::1"),
                   406: ("192.0.2.1", 3) * 500, 407: (b"xyz", b"\0", 4)}
        with Flowd("store ALL", STATEMENT) as flowd:
            feed = Feed(flowd)
            for layout in layouts:
                feed.send(self.message(self.templates(layout), domain=9))
            feed.drain()
            feed = self.restart(flowd)
            for layout in layouts:
                feed.send(self.message(
                    netflow9.data(layout, records[layout.id]), domain=9))
            self.assertEqual(self.octets(feed.flows()),
                             list(range(1, 1 + len(layouts))))

    def test_options(self):
        booted = EXPORT_MS - 1000000
        with Flowd("store ALL", STATEMENT) as flowd:
            feed = Feed(flowd)
            feed.send(self.message(
                self.templates(SAMPLING, NAMES, BOOTED),
                self.templates(UPTIMES),
                netflow9.data(SAMPLING, (0, 1, 2, 100), (0, 9, 1, 1000)),
                netflow9.data(NAMES, (3, b"eth0\0\0\0\0", b"outside")),
                netflow9.data(BOOTED, (0, booted))))
            feed.drain()
            known = statistics(flowd).lines(AGENT, "sampler")
            feed = self.restart(flowd)
            feed.send(self.message(
                netflow9.data(UPTIMES, (900000, 990000, 1)),
                # Options data are still recognised as such.
                netflow9.data(SAMPLING, (0, 7, 1, 7)),
                uptime_ms=1000000))
            flow, = feed.flows()
            report = statistics(flowd)
        self.assertEqual(len(known), 2)
        self.assertCountEqual(
            report.lines(AGENT, "sampler"),
            [known[0], "domain 0 sampler 7 takes 1 of 7 packets, mode 1",
             known[1]])
        self.assertEqual(report.lines(AGENT, "interface"), [
            'interface 3 name "eth0" description "outside"'])
        self.assertEqual(absolute_ms(flow, "flow_start"), booted + 900000)
        self.assertEqual(absolute_ms(flow, "flow_finish"), booted + 990000)

    def test_sequences(self):
        """Flows lost while flowd was down are counted."""
        with Flowd("store ALL", STATEMENT) as flowd:
            feed = Feed(flowd)
            feed.send(self.message(self.templates(self.SIMPLE),
                                   self.simple(1), sequence=100))
            feed.drain()
            feed = self.restart(flowd)
            feed.send(self.message(self.simple(1), sequence=106))
            feed.drain()
            counters = statistics(flowd)[AGENT]
        self.assertEqual(counters["sequence-lost"] +
                         counters["sequence-lost-datagrams"], 5)

    def check_no_gap(self, kill):
        """The numbers in a file that was not written at the end are old."""
        with Flowd("store ALL", STATEMENT) as flowd:
            Feed(flowd).send(self.message(self.templates(self.SIMPLE),
                                          self.simple(1), sequence=100))
            flowd.stop()
            last = state_of(flowd).stat().st_ino
            flowd.start()
            wait_for(lambda: state_of(flowd).stat().st_ino != last,
                     "flowd replaces the file from the end")
            feed = Feed(flowd)
            feed.send(self.message(self.simple(1), sequence=101))
            feed.drain()
            kill(flowd)
            for number in (1000000, 1000001):
                Feed(flowd).send(self.message(self.simple(1), sequence=number))
            counters = statistics(flowd)[AGENT]
        self.assertEqual(counters["sequence-lost"] +
                         counters["sequence-lost-datagrams"], 0)

    def test_the_numbers_after_the_death_of_a_collector(self):
        self.check_no_gap(kill_collector)

    def test_the_numbers_after_the_death_of_flowd(self):
        def kill(flowd):
            os.kill(flowd.pid(), signal.SIGKILL)
            flowd.process.wait()
            flowd.pidfile.unlink()
            flowd.start()

        self.check_no_gap(kill)

    def test_a_collector_that_is_killed(self):
        with Flowd("store ALL", STATEMENT) as flowd:
            feed = Feed(flowd)
            self.announce(feed, AGENT, "127.0.0.2")
            wait_for(state_of(flowd).exists, "the state is saved")
            kill_collector(flowd)
            self.check_known(feed, AGENT, "127.0.0.2")
            wait_for(lambda: temporary_files(flowd) == [],
                     "no temporary file stays")


class RestartOfVersion9(Restart, unittest.TestCase):
    """NetFlow v9"""

    version = netflow9.V9


class RestartOfIpfix(Restart, unittest.TestCase):
    """IPFIX"""

    version = netflow9.IPFIX

    def uptime_flow(self, feed, sec, uptime):
        """Returns the end of a flow at this uptime, in seconds after
        EXPORT_MS; both messages and flows are of sec."""
        before = len(feed.flows())
        feed.send(self.message(
            self.templates(UPTIMES),
            netflow9.data(UPTIMES, (uptime * 1000 - 9, uptime * 1000, 1)),
            sec=EXPORT_MS // 1000 + sec))
        flow, = feed.flows()[before:]
        return (absolute_ms(flow, "flow_finish") - EXPORT_MS) // 1000

    def test_an_exporter_that_restarts_meanwhile(self):
        """The times of its flows do not count from its previous start."""
        booted = EXPORT_MS - 10 * 86400 * 1000
        with Flowd("store ALL", STATEMENT, CONTROL) as flowd:
            feed = Feed(flowd)
            feed.send(self.message(
                self.templates(BOOTED),
                netflow9.data(BOOTED, (0, booted))))
            self.assertEqual(self.uptime_flow(feed, 10, 10 * 86400), 0)
            feed = self.restart(flowd)
            self.assertEqual(self.uptime_flow(feed, 20, 10 * 86400), 0)
            feed = self.restart(flowd)
            self.assertEqual(self.uptime_flow(feed, 300, 100), 300)
            found = show_json(flowd, "check", status=3)["findings"]
            self.assertIn("times-restarted", [f["finding"] for f in found])
            # Still unknown, and known again.
            feed = self.restart(flowd)
            self.assertEqual(self.uptime_flow(feed, 400, 200), 400)
            feed.send(self.message(
                self.templates(BOOTED),
                netflow9.data(BOOTED, (0, EXPORT_MS + 100000)),
                sec=EXPORT_MS // 1000 + 400))
            self.assertEqual(self.uptime_flow(feed, 400, 200), 300)


class Damage(StateSender, unittest.TestCase):
    """Whatever is in the state file's place, flowd starts with one warning,
    and collects.  It replaces the file, unless it is not a state file at
    all."""

    @classmethod
    def setUpClass(cls):
        cls.good = cls().make_state()

    def check_start(self, prepare, replaced=True, nothing=True):
        """prepare creates a bad state file at a path; flowd must use none of
        it."""
        with Flowd("store ALL", STATEMENT) as flowd:
            flowd.stop()
            state = state_of(flowd)
            state.unlink()
            prepare(state)
            feed = self.restart(flowd)
            said = [l for l in flowd.stderr_lines() if "statefile" in l and
                    "cannot be replaced" not in l]
            self.assertEqual(len(said), 1, said)
            self.assertIn("starting without", said[0])
            if nothing:
                self.assertEqual(self.send_data_only(feed, AGENT), [])
            self.announce(feed, AGENT)
            self.check_known(feed, AGENT)
            if replaced:
                self.check_known(self.restart(flowd), AGENT)

    def check_bytes(self, data):
        self.check_start(lambda state: state.write_bytes(data))

    def check_contents(self, body):
        """Entries before the damage may be used."""
        self.check_start(
            lambda state: state.write_bytes(self.with_checksum(body)),
            nothing=False)

    def with_checksum(self, body):
        """Returns a file with a valid checksum."""
        return (self.good[:HEAD - 4] +
                struct.pack("!I", flowlog.crc32_flow(
                    self.good[:HEAD - 4] + body)) + body)

    def test_an_undamaged_file_is_read(self):
        self.assertEqual(self.with_checksum(self.good[HEAD:]), self.good)
        with Flowd("store ALL", STATEMENT) as flowd:
            flowd.stop()
            state_of(flowd).write_bytes(self.good)
            self.check_known(self.restart(flowd), AGENT)

    def test_empty(self):
        self.check_bytes(b"")

    def test_truncated(self):
        for length in (1, HEAD - 4, HEAD, HEAD + 4, len(self.good) - 1):
            with self.subTest(length=length):
                self.check_bytes(self.good[:length])

    def test_truncated_with_a_right_checksum(self):
        body = self.good[HEAD:]
        for length in (0, 4, 5, 21, len(body) // 2, len(body) - 1):
            with self.subTest(length=length):
                self.check_contents(body[:length])

    def test_flipped_bits(self):
        for at in (HEAD - 5, HEAD - 1, HEAD, len(self.good) // 2,
                   len(self.good) - 1):
            with self.subTest(at=at):
                data = bytearray(self.good)
                data[at] ^= 0x10
                self.check_bytes(bytes(data))

    def test_impossible_contents(self):
        body = self.good[HEAD:]
        for name, bad in (
                ("more exporters", b"\xff" * 4 + body[4:]),
                ("another family", body[:4] + b"\x09" + body[5:]),
                ("extra octets", body + b"\0")):
            with self.subTest(name):
                self.check_contents(bad)

    def check_left_alone(self, data):
        """A file that is not a state file is not changed, and flowd runs
        without."""
        with Flowd("store ALL", STATEMENT) as flowd:
            flowd.stop()
            state = state_of(flowd)
            state.write_bytes(data)
            feed = self.restart(flowd)
            said = [l for l in flowd.stderr_lines() if "statefile" in l]
            self.assertEqual(len(said), 1, said)
            self.assertIn("not a state file", said[0])
            self.assertEqual(self.send_data_only(feed, AGENT), [])
            self.announce(feed, AGENT)
            self.check_known(feed, AGENT)
            flowd.stop()
            self.assertEqual(state.read_bytes(), data)

    def test_another_file(self):
        self.check_left_alone(b"#!/bin/sh\n" * 1000)
        self.check_left_alone(flowlog.encode({"octets": 1}))
        self.check_left_alone(b"x")
        self.check_left_alone(b"F" + self.good[1:])

    def test_a_directory(self):
        self.check_start(pathlib.Path.mkdir, replaced=False)

    def test_a_fifo(self):
        self.check_start(os.mkfifo)

    def test_a_link(self):
        """A link may point anywhere, and flowd can write as root."""
        def link(state):
            target = state.with_name("target")
            target.write_bytes(self.good)
            state.symlink_to(target)
        self.check_start(link)

    def test_an_unreadable_file(self):
        if os.geteuid() == 0:
            self.skipTest("root can read every file")

        def forbid(state):
            state.write_bytes(self.good)
            state.chmod(0)
        self.check_start(forbid)


class Place(StateSender, unittest.TestCase):
    """The file's path, and when the file is written."""

    def test_a_path_that_cannot_be_written(self):
        flowd = Flowd('statefile "@DIR@/missing/state"')
        flowd.configure()
        for args in ((), ("-g",)):
            result = subprocess.run(
                flowd.command(*args), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                timeout=PATIENCE, check=False)
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn(f"statefile {flowd.dir}/missing/state",
                          result.stderr)
            self.assertFalse(flowd.pidfile.exists())

    def test_a_reload_that_cannot_write_changes_nothing(self):
        with Flowd("store ALL", STATEMENT) as flowd:
            feed = Feed(flowd)
            flowd.write_conf("discard all",
                             'statefile "@DIR@/missing/state"')
            flowd.signal(signal.SIGHUP)
            flowd.wait_stderr("the old configuration stays in force")
            self.announce(feed, AGENT)
            self.check_known(feed, AGENT)
            flowd.stop()
            self.assertTrue(state_of(flowd).exists())

    def test_a_reload_that_changes_it(self):
        with Flowd("store ALL", STATEMENT) as flowd:
            feed = Feed(flowd)
            self.announce(feed, AGENT)
            wait_for(state_of(flowd).exists, "the state is saved")
            before = state_of(flowd).read_bytes()
            flowd.reload("store ALL", 'statefile "@DIR@/other"')
            self.announce(feed, "127.0.0.2")
            flowd.stop()
            self.assertEqual(state_of(flowd).read_bytes(), before)
            state_of(flowd).unlink()
            (flowd.dir / "other").rename(state_of(flowd))
            self.check_known(self.restart(flowd), AGENT, "127.0.0.2")

    def test_a_reload_that_moves_it_writes_it(self):
        """A collector that starts later knows the exporters."""
        with Flowd("store ALL", STATEMENT) as flowd:
            feed = Feed(flowd)
            self.announce(feed, AGENT)
            wait_for(state_of(flowd).exists, "the state is saved")
            flowd.reload("store ALL", 'statefile "@DIR@/other"')
            wait_for((flowd.dir / "other").exists, "the state is saved")
            kill_collector(flowd)
            self.check_known(feed, AGENT)

    def test_a_reload_that_adds_it(self):
        with Flowd("store ALL") as flowd:
            self.announce(Feed(flowd), AGENT)
            flowd.reload("store ALL", STATEMENT)
            flowd.statements = ("store ALL", STATEMENT)
            self.check_known(self.restart(flowd), AGENT)

    def test_a_reload_that_removes_it(self):
        with Flowd("store ALL", STATEMENT) as flowd:
            feed = Feed(flowd)
            self.announce(feed, AGENT)
            wait_for(state_of(flowd).exists, "the state is saved")
            before = state_of(flowd).read_bytes()
            flowd.reload("store ALL")
            self.announce(feed, "127.0.0.2")
            flowd.stop()
            self.assertEqual(state_of(flowd).read_bytes(), before)
            self.assertEqual(temporary_files(flowd), [])

    def test_both_processes_are_killed(self):
        """The saved file is used, and an unfinished one is removed."""
        with Flowd("store ALL", STATEMENT) as flowd:
            self.announce(Feed(flowd), AGENT)
            wait_for(state_of(flowd).exists, "the state is saved")
            for process in (*flowd.children(), flowd.process.pid):
                os.kill(process, signal.SIGKILL)
            flowd.process.wait()
            flowd.pidfile.unlink()
            flowd.log.unlink()
            state_of(flowd).with_name("state.new").write_bytes(b"half")
            flowd.start()
            self.check_known(Feed(flowd), AGENT)
            self.assertEqual(temporary_files(flowd), [])

    def test_a_disk_that_fails(self):
        """flowd logs it and keeps running, and the file is unchanged."""
        with Flowd("store ALL", STATEMENT) as flowd:
            feed = Feed(flowd)
            self.announce(feed, AGENT)
            wait_for(state_of(flowd).exists, "the state is saved")
            before = state_of(flowd).read_bytes()
            state_of(flowd).with_name("state.new").mkdir()
            self.announce(feed, "127.0.0.2")
            flowd.stop()
            self.assertTrue(any("statefile" in line
                                for line in flowd.stderr_lines()))
            self.assertEqual(state_of(flowd).read_bytes(), before)


if __name__ == "__main__":
    tap.main()
