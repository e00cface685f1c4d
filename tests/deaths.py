#!/usr/bin/env python3
"""After a collector dies, the next one decodes its remaining datagrams, and
crashdump saves them to a file."""

import os
import pathlib
import random
import resource
import signal
import stat
import struct
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import netflow9
import tap
from decoding import OCTETS, SRC4
from flowdtest import Flowd, free_port, has_ipv6, need, send, wait_for
from hooked import Hooked, needs_hook
from report import statistics

PCAP_RAW = 101
DUMPS_MAX = 8
MAX_PAYLOAD = 65507		# of IPv4


def captured(path):
    """Returns addresses, ports and payloads of the UDP packets in a
    capture."""
    data = path.read_bytes()
    magic, *_, link = struct.unpack(">IHHIIII", data[:24])
    assert (magic, link) == (0xa1b2c3d4, PCAP_RAW)
    at, packets = 24, []
    while at < len(data):
        length, full = struct.unpack(">II", data[at + 8:at + 16])
        assert length == full
        packet = data[at + 16:at + 16 + length]
        assert len(packet) == length
        start = 20 if packet[0] >> 4 == 4 else 40
        source, _, size = struct.unpack(">HHH", packet[start:start + 6])
        address = packet[12:16] if start == 20 else packet[8:24]
        packets.append((address, source, packet[start + 8:]))
        assert size == length - start
        at += 16 + length
    return packets


def one(number):
    """Returns a datagram with one flow, which differs by number."""
    return netflow.datagram(5, [netflow.flows(number + 1)[number]])


@needs_hook
class Rest(unittest.TestCase):
    """The remaining datagrams of a collector that died."""

    def test_datagram_that_kills_twice_is_skipped(self):
        with Hooked("store ALL") as flowd:
            flowd.send(one(0))
            flowd.wait_flows(1)
            with flowd.paused():
                flowd.send(b"HOOK die", source="127.0.0.7")
                for i in range(1, 20):
                    flowd.send(one(i))
            self.assertEqual([f["src"] for f in flowd.wait_flows(20)],
                             [f["src"] for f in netflow.flows(20)])
            said = "\n".join(flowd.stderr_lines())
            self.assertEqual(said.count("was killed by signal 6"), 2, said)
            self.assertIn("127.0.0.7: the collector died while processing a "
                          "datagram of 8 bytes; the next one retries it", said)
            self.assertIn("127.0.0.7: two collectors died while processing a "
                          "datagram of 8 bytes; the datagram is skipped", said)
            statistics(flowd)
            flowd.wait_stderr("kernel-drops 0 skipped 1 ")

    def test_several_datagrams_are_skipped_one_by_one(self):
        with Hooked("store ALL") as flowd:
            with flowd.paused():
                for i in range(3):
                    flowd.send(b"HOOK die", source=f"127.0.0.{i + 2}")
                flowd.send(one(0))
            flowd.wait_flows(1)
            said = flowd.stderr_lines()
            for i in range(3):
                self.assertEqual(sum(f"127.0.0.{i + 2}: " in line and
                                     "is skipped" in line for line in said), 1)
            self.assertEqual(sum("the next one retries it" in l for l in said), 3)

    def test_second_try_may_succeed(self):
        with Hooked("store ALL") as flowd:
            first = flowd.collector()
            with flowd.paused():
                flowd.send(b"HOOK pause 1000")
                for i in range(9):
                    flowd.send(one(i))
            # The first datagram may or may not have been begun: both must
            # work.
            os.kill(first, signal.SIGKILL)
            self.assertEqual([f["src"] for f in flowd.wait_flows(9)],
                             [f["src"] for f in netflow.flows(9)])
            said = "\n".join(flowd.stderr_lines())
            self.assertNotIn("is skipped", said)

    def test_death_with_an_exit_code(self):
        with Hooked("store ALL") as flowd:
            self.assertIn("exited with code 3", flowd.order("exit 3"))


@needs_hook
class Hang(unittest.TestCase):
    """A collector that makes no progress.  The monitor looks each second."""

    def flowd(self):
        flowd = Hooked("store ALL", 'crashdump "@DIR@/crashes"')
        (flowd.dir / "crashes").mkdir()
        flowd.variables["FLOWD_HOOK_WATCH"] = "1"
        return flowd

    def test_it_is_killed_and_its_datagram_skipped(self):
        with self.flowd() as flowd:
            with flowd.paused():
                flowd.send(b"HOOK pause 600000", source="127.0.0.7")
                flowd.send(one(0))
            flowd.wait_flows(1)
            said = "\n".join(flowd.stderr_lines())
            self.assertRegex(said, r"collector \d+ hangs; killing it")
            self.assertIn("127.0.0.7: the collector hung while processing a "
                          "datagram of 17 bytes; the datagram is skipped", said)
            self.assertEqual(said.count("hangs; killing it"), 1)
            packets = captured(flowd.dir / "crashes" / "crash-1.pcap")
            self.assertEqual(packets[0][2], b"HOOK pause 600000")
            statistics(flowd)
            flowd.wait_stderr("kernel-drops 0 skipped 1 ")

    def test_waiting_is_none(self):
        """For a disk, and for datagrams."""
        with self.flowd() as flowd, self.flowd() as idle:
            flowd.order("slow 7000")
            flowd.send(one(0))
            flowd.wait_flows(1)
            for each in (flowd, idle):
                self.assertNotIn("hangs", "\n".join(each.stderr_lines()))


@needs_hook
class Dump(unittest.TestCase):
    """The crashdump statement."""

    def flowd(self, **kwargs):
        flowd = Hooked("store ALL", 'crashdump "@DIR@/crashes"', **kwargs)
        (flowd.dir / "crashes").mkdir()
        return flowd

    def dumps(self, flowd):
        return sorted((flowd.dir / "crashes").iterdir())

    def crash(self, flowd, *before, listener=0):
        with flowd.paused():
            for datagram in before:
                flowd.send(datagram, listener=listener)
            flowd.send(b"HOOK die", listener=listener)
        wait_for(lambda: "is skipped" in "\n".join(flowd.stderr_lines()),
                 "the datagram is skipped")

    def test_last_batch_is_saved(self):
        with self.flowd() as flowd:
            large = bytes(MAX_PAYLOAD)
            self.crash(flowd, one(0), large, b"")
            files = self.dumps(flowd)
            self.assertEqual([f.name for f in files],
                             ["crash-1.pcap", "crash-2.pcap"])
            for file in files:
                self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
            packets = captured(files[0])
            self.assertEqual([p[2] for p in packets],
                             [one(0), large, b"", b"HOOK die"])
            self.assertEqual({p[0] for p in packets}, {bytes([127, 0, 0, 1])})
            self.assertEqual([p[2] for p in captured(files[1])],
                             [b"HOOK die"])
            flowd.wait_stderr("crash-1.pcap: the last 4 datagrams; the "
                              "collector was processing number 4")

    @unittest.skipUnless(has_ipv6(), "IPv6 is not available")
    def test_ipv6(self):
        with self.flowd(listen=("::1",)) as flowd:
            self.crash(flowd, one(0))
            packets = captured(self.dumps(flowd)[0])
            self.assertEqual([p[2] for p in packets], [one(0), b"HOOK die"])
            self.assertEqual(packets[0][0], bytes(15) + b"\x01")
            self.check_with_tshark(self.dumps(flowd)[0])

    def test_flow_send_replays_it(self):
        if not os.path.exists(tap.program("flow-send")):
            self.skipTest("flow-send is not built")
        probe = subprocess.run(
            [tap.program("flow-send"), "-p", "/dev/null",
             f"127.0.0.1:{free_port()}"], check=False, capture_output=True,
            text=True)
        if "built without libpcap" in probe.stderr:
            self.skipTest(probe.stderr.strip())
        with self.flowd() as flowd, Flowd("store ALL") as other:
            self.crash(flowd, *[one(i) for i in range(10)])
            subprocess.run(
                [tap.program("flow-send"), "-p", str(self.dumps(flowd)[0]),
                 f"127.0.0.1:{other.port}"], check=True)
            self.assertEqual([f["src"] for f in other.wait_flows(10)],
                             [f["src"] for f in netflow.flows(10)])

    def check_with_tshark(self, path):
        if need("tshark"):
            return
        said = subprocess.run(
            ["tshark", "-r", str(path), "-o", "ip.check_checksum:TRUE", "-o",
             "udp.check_checksum:TRUE", "-V"], check=True,
            capture_output=True, text=True).stdout
        self.assertNotIn("Malformed", said)
        self.assertNotIn("[incorrect", said)
        self.assertIn("NetFlow/IPFIX", said)

    def test_tshark_reads_it(self):
        if need("tshark"):
            self.skipTest("tshark is not installed")
        with self.flowd() as flowd:
            self.crash(flowd, one(0))
            self.check_with_tshark(self.dumps(flowd)[0])

    def test_eight_files_are_kept(self):
        with self.flowd() as flowd:
            for i in range(5):
                flowd.send(one(i))
                flowd.order("die")
            names = [f.name for f in self.dumps(flowd)]
            self.assertEqual(names, [f"crash-{i}.pcap"
                                     for i in range(1, DUMPS_MAX + 1)])
            said = "\n".join(flowd.stderr_lines())
            self.assertEqual(said.count("crash-1.pcap: "), 2)

    def test_a_link_is_not_followed(self):
        with self.flowd() as flowd:
            victim = flowd.dir / "victim"
            victim.write_text("precious")
            (flowd.dir / "crashes" / "crash-1.pcap").symlink_to(victim)
            for i in range(2, DUMPS_MAX + 1):
                (flowd.dir / "crashes" / f"crash-{i}.pcap").symlink_to(victim)
            self.crash(flowd)
            self.assertEqual(victim.read_text(), "precious")

    def test_directory_must_exist(self):
        flowd = Flowd("store ALL", 'crashdump "@DIR@/none"')
        with self.assertRaisesRegex(AssertionError, "crashdump .*/none"):
            flowd.start()
        flowd.process.wait()

    def test_normal_end_saves_nothing(self):
        flowd = self.flowd()
        with flowd:
            flowd.send(one(0))
            flowd.wait_flows(1)
            crashes = self.dumps(flowd)
        self.assertEqual(crashes, [])


class Restarts(unittest.TestCase):
    """When the monitor starts the next collector."""

    DIED = "was killed by signal 9"
    STARTED = "collector runs as"

    def said(self, flowd, text):
        return sum(text in line for line in flowd.stderr_lines())

    def kill(self, flowd, times):
        """Kills collectors one after the other."""
        for _ in range(times):
            started = self.said(flowd, self.STARTED)
            os.kill(flowd.collector(), signal.SIGKILL)
            wait_for(lambda: self.said(flowd, self.STARTED) > started,
                     "another collector runs")

    def findings(self, flowd):
        control = flowd.dir / "ctl"
        return subprocess.run(
            [tap.program("flowdctl"), "-s", str(control), "check"],
            check=False, capture_output=True, text=True).stdout

    def test_many_deaths_slow_down_restarts(self):
        with Flowd("store ALL", 'control "@DIR@/ctl"') as flowd:
            self.assertNotIn("collector-died", self.findings(flowd))
            self.kill(flowd, 5)
            self.assertEqual(self.said(flowd, "the next one starts"), 0)
            self.kill(flowd, 1)
            flowd.wait_stderr("6 collectors died within 60 seconds; the next "
                              "one starts in 1 seconds, and datagrams wait")
            os.kill(flowd.collector(), signal.SIGKILL)
            flowd.wait_stderr("7 collectors died within 60 seconds; the next "
                              "one starts in 2 seconds, and datagrams wait")
            for number in range(100):
                flowd.send(one(number))
            self.assertEqual(flowd.children(), [])
            flowd.reload("store ALL", 'control "@DIR@/ctl"')
            self.assertEqual([f["src"] for f in flowd.wait_flows(100)],
                             [f["src"] for f in netflow.flows(100)])
            found = self.findings(flowd)
            self.assertRegex(found, "(?m)^flowd: collector-died: collectors "
                             r"died and were replaced, 7 in all, the latest "
                             r"at \d{4}-")
            acknowledged = flowd.dir / "acknowledged"
            acknowledged.write_text(found)
            subprocess.run(
                [tap.program("flowdctl"), "-s", str(flowd.dir / "ctl"), "-a",
                 str(acknowledged), "check"], check=True)
            statistics(flowd)
            flowd.wait_stderr("collector-deaths 7")

    def test_stop_stores_what_waits(self):
        with Flowd("store ALL") as flowd:
            self.kill(flowd, 6)
            os.kill(flowd.collector(), signal.SIGKILL)
            flowd.wait_stderr("starts in 2 seconds")
            for number in range(100):
                flowd.send(one(number))
            log = flowd.log
            flowd.stop()
            self.assertEqual(len(flowd.flows(log)), 100)

    def test_no_descriptors(self):
        """Of the monitor, in the moment when a collector has died."""
        with Flowd("store ALL") as flowd:
            monitor = flowd.pid()
            before = resource.prlimit(monitor, resource.RLIMIT_NOFILE)
            resource.prlimit(monitor, resource.RLIMIT_NOFILE, (3, before[1]))
            os.kill(flowd.collector(), signal.SIGKILL)
            flowd.wait_stderr("cannot start a collector; trying again each "
                              "second, and datagrams wait")
            for number in range(100):
                flowd.send(one(number))
            resource.prlimit(monitor, resource.RLIMIT_NOFILE, before)
            flowd.wait_flows(100)
            flowd.wait_stderr("the collector could be started again")

    @needs_hook
    def test_no_processes(self):
        flowd = Hooked("store ALL")
        refuse = flowd.dir / "no-fork"
        flowd.variables["FLOWD_HOOK_NO_FORK"] = str(refuse)
        with flowd:
            refuse.touch()
            os.kill(flowd.collector(), signal.SIGKILL)
            flowd.wait_stderr("cannot start a collector; trying again each "
                              "second, and datagrams wait: Resource "
                              "temporarily unavailable")
            for number in range(100):
                flowd.send(one(number))
            refuse.unlink()
            flowd.wait_flows(100)


class Takeover(unittest.TestCase):
    """The next collector knows what the dead one knew, without a state
    file."""

    SIMPLE = netflow9.Template(256, OCTETS, SRC4)

    def data(self, number):
        return netflow9.message(netflow9.V9, netflow9.data(
            self.SIMPLE, (number, "192.0.2.1")))

    def test_templates(self):
        with Flowd("store ALL") as flowd:
            flowd.send_steadily(netflow9.message(
                netflow9.V9, netflow9.templates(netflow9.V9, self.SIMPLE)),
                "127.0.0.2")
            # The second death comes before anything changes.
            for number in range(3):
                flowd.send_steadily(self.data(number), "127.0.0.2")
                flowd.wait_flows(number + 1)
                os.kill(flowd.collector(), signal.SIGKILL)
                wait_for(lambda: sum("took over the state of 1 exporters" in
                                     line for line in flowd.stderr_lines()) ==
                         number + 1, "the next collector takes over")
            self.assertEqual([f["octets"] for f in flowd.flows()], [0, 1, 2])
            self.assertNotIn("not received yet",
                             "\n".join(flowd.stderr_lines()))
            self.assertEqual(statistics(flowd)["127.0.0.2"]["templates"], 0)

    @needs_hook
    def test_a_state_that_kills_is_dropped(self):
        """Two collectors may die of it, and not all that follow."""
        flowd = Hooked("store ALL")
        flowd.variables["FLOWD_HOOK_BAD_STATE"] = "1"
        both = netflow9.message(
            netflow9.V9, netflow9.templates(netflow9.V9, self.SIMPLE),
            netflow9.data(self.SIMPLE, (1, "192.0.2.1")))
        with flowd:
            flowd.send_steadily(both, "127.0.0.2")
            flowd.wait_flows(1)
            os.kill(flowd.collector(), signal.SIGKILL)
            flowd.wait_stderr("2 collectors in turn died before they were "
                              "ready; the next one takes over no state")
            flowd.send_steadily(both, "127.0.0.2")
            flowd.wait_flows(2)
            self.assertEqual(sum("was killed by signal" in line
                                 for line in flowd.stderr_lines()), 3)


class Load:
    """Sends numbered datagrams that fit into the receive buffer."""

    def __init__(self, flowd):
        self.flowd = flowd
        self.sent = 0
        self.done = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.done:
            send(one(self.sent % 200), "127.0.0.1", self.flowd.port)
            self.sent += 1
            time.sleep(0.0005)

    def stop(self):
        self.done = True
        self.thread.join()


class Random(unittest.TestCase):
    """Processes killed at random moments under load."""

    def test_collectors_die(self):
        rounds = 4
        with Flowd("store ALL") as flowd:
            load = Load(flowd)
            self.addCleanup(load.stop)
            for i in range(rounds + 1):
                wait_for(lambda: sum("collector runs as" in line for line in
                                     flowd.stderr_lines()) == i + 1,
                         "a collector runs")
                if i == rounds:
                    break
                time.sleep(random.random() / 5)
                os.kill(flowd.collector(), signal.SIGKILL)
            load.stop()
            # Flows that a collector had decoded but not written may be lost.
            at_once = 64 * 16
            wait_for(lambda: len(flowd.flows()) >=
                     load.sent - rounds * at_once, "the other flows are stored")
            flowd.send(one(0))
            with flowd.paused():
                stored = len(flowd.flows())
            self.assertLessEqual(stored, load.sent + 1 + rounds * at_once)
            self.assertNotIn("is skipped", "\n".join(flowd.stderr_lines()))

    def test_kernel_queues_datagrams_meanwhile(self):
        with Flowd("store ALL") as flowd:
            for i in range(3):
                victim = flowd.collector()
                with flowd.paused():
                    for number in range(100):
                        flowd.send(one(100 * i + number))
                    os.kill(victim, signal.SIGKILL)
                flowd.wait_flows(100 * (i + 1))
            self.assertEqual([f["src"] for f in flowd.flows()],
                             [f["src"] for f in netflow.flows(300)])

    def test_monitor_is_killed(self):
        flowd = Flowd("store ALL")
        with self.assertRaisesRegex(AssertionError, "exit status is -9"), \
                flowd:
            collector = flowd.collector()
            with flowd.paused():
                for number in range(150):
                    flowd.send(one(number))
                os.kill(flowd.pid(), signal.SIGKILL)
            wait_for(lambda: not os.path.exists(f"/proc/{collector}"),
                     "the collector has ended")
            self.assertEqual(len(flowd.flows()), 150)


if __name__ == "__main__":
    tap.main()
