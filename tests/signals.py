#!/usr/bin/env python3
"""flowd's reactions to signals, none of which loses or repeats a flow."""

import os
import pathlib
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from flowdtest import Flowd, free_port, wait_for

RECORD = 116		# bytes, of a v5 flow with store ALL
WINDOW = 20		# datagrams outstanding at most


class Traffic:
    """Sends numbered flows no faster than they are stored."""

    def __init__(self, flowd, *logs):
        self.flowd = flowd
        self.logs = [flowd.log, *logs]
        self.flows = netflow.flows(20000)
        self.sent = 0

    def stored(self):
        """Returns how many flows are in the logs, by their size."""
        return sum(path.stat().st_size for path in self.logs
                   if path.exists()) // RECORD

    def send(self, datagrams, per_datagram=20):
        for _ in range(datagrams):
            wait_for(lambda: self.sent - self.stored() <
                     WINDOW * per_datagram, "flows are stored")
            flows = self.flows[self.sent:self.sent + per_datagram]
            self.flowd.send(netflow.datagram(5, flows))
            self.sent += len(flows)

    def wait_stored(self):
        wait_for(lambda: self.stored() >= self.sent, "all flows are stored")

    def check(self, test):
        """Stops flowd, and asserts that every flow is in the logs once, in
        order."""
        self.flowd.stop()
        stored = [flow["src"] for path in reversed(self.logs)
                  for flow in self.flowd.flows(path)]
        test.assertEqual(stored, [f["src"] for f in self.flows[:self.sent]])


class Reopen(unittest.TestCase):
    """SIGUSR1"""

    def test_usr1_under_traffic(self):
        with Flowd("store ALL") as flowd:
            traffic = Traffic(flowd)
            for i in range(8):
                traffic.send(30)
                moved = flowd.dir / f"moved.{i}"
                flowd.log.rename(moved)
                traffic.logs.insert(1, moved)
                traffic.send(10)
                flowd.signal(signal.SIGUSR1)
                traffic.send(30)
                wait_for(flowd.log.exists, "the log is reopened")
            traffic.send(30)
            self.assertTrue(all(flowd.flows(path) for path in traffic.logs))
            traffic.check(self)

    def test_usr1_appends_to_an_existing_log(self):
        with Flowd("store ALL") as flowd:
            traffic = Traffic(flowd)
            traffic.send(3)
            flowd.signal(signal.SIGUSR1)
            flowd.wait_stderr("logs reopened")
            traffic.send(3)
            traffic.check(self)

    def test_usr1_is_reported_when_the_old_log_is_complete(self):
        with Flowd("store ALL") as flowd:
            traffic = Traffic(flowd)
            traffic.send(3)
            traffic.wait_stored()
            old = flowd.log.rename(flowd.dir / "old")
            traffic.logs.append(old)
            with flowd.paused():
                flowd.signal(signal.SIGUSR1)
                wait_for(flowd.log.exists, "the monitor opens the new log")
                # flowd reports the result of the next signal after that of
                # this one.
                flowd.conf.write_text("no configuration\n")
                flowd.expect("old configuration stays in force", signal.SIGHUP)
                self.assertNotIn("logs reopened", flowd.stderr.read_text())
                traffic.send(3)
            flowd.wait_stderr("logs reopened")
            complete = old.read_bytes()
            traffic.send(30)
            traffic.check(self)
            self.assertEqual(old.read_bytes(), complete)

    def test_log_that_cannot_be_opened(self):
        with Flowd("store ALL") as flowd:
            traffic = Traffic(flowd)
            traffic.send(3)
            traffic.wait_stored()
            moved = flowd.dir / "moved"
            traffic.logs.append(moved)
            flowd.log.rename(moved)
            flowd.log.mkdir()
            flowd.signal(signal.SIGUSR1)
            flowd.wait_stderr("the log was not reopened")
            flowd.log.rmdir()
            traffic.send(3)
            traffic.check(self)


class Reload(unittest.TestCase):
    """SIGHUP"""

    def test_new_rules(self):
        flows = netflow.flows(2)
        with Flowd("store SRC_ADDR") as flowd:
            flowd.send(netflow.datagram(5, flows))
            flowd.wait_flows(2)
            flowd.reload("store SRC_ADDR", "discard src 10.0.0.0")
            flowd.send(netflow.datagram(5, flows))
            self.assertEqual([f["src"] for f in flowd.wait_flows(3)],
                             ["10.0.0.0", "10.0.0.1", "10.0.0.1"])

    def test_broken_configuration_changes_nothing(self):
        with Flowd("store ALL") as flowd:
            traffic = Traffic(flowd)
            traffic.send(3)
            flowd.write_conf("store NONSENSE", "discard all")
            flowd.signal(signal.SIGHUP)
            flowd.wait_stderr("the old configuration stays in force")
            # Errors have the file and line.
            flowd.wait_stderr(f"{flowd.conf}:4:")
            traffic.send(3)
            traffic.check(self)

    def test_listener_in_use_changes_nothing(self):
        with Flowd("store ALL") as flowd, Flowd("store ALL") as other:
            traffic = Traffic(flowd)
            flowd.write_conf("store ALL",
                             f"listen on 127.0.0.1:{other.port}",
                             "discard all")
            flowd.signal(signal.SIGHUP)
            flowd.wait_stderr("the old configuration stays in force")
            traffic.send(3)
            traffic.check(self)

    def test_no_flow_is_lost_under_traffic(self):
        with Flowd("store ALL") as flowd:
            traffic = Traffic(flowd)
            for _ in range(5):
                traffic.send(20)
                flowd.signal(signal.SIGHUP)
                traffic.send(20)
            traffic.check(self)

    def test_listeners_are_added_and_removed(self):
        datagram = netflow.datagram(5, netflow.flows(1))
        with Flowd("store AGENT_ADDR") as flowd:
            first = flowd.port
            flowd.ports[0] = free_port()
            flowd.reload("store AGENT_ADDR")
            flowd.send(datagram)
            flowd.wait_flows(1)
            # The first port is free again.
            with Flowd(f"listen on 127.0.0.1:{first}"):
                pass

    def test_another_log(self):
        with Flowd("store ALL") as flowd:
            other = flowd.dir / "other.log"
            traffic = Traffic(flowd)
            traffic.send(3)
            traffic.wait_stored()
            traffic.logs.insert(0, other)
            flowd.with_log = False
            flowd.reload("store ALL", 'logfile "@DIR@/other.log"')
            traffic.send(3)
            traffic.wait_stored()
            self.assertEqual(len(flowd.flows(other)), 60)
            traffic.check(self)


class End(unittest.TestCase):
    """SIGTERM and SIGINT"""

    def end_under_load(self, number):
        with Flowd("store ALL") as flowd:
            traffic = Traffic(flowd)
            # Datagrams are queued, but not yet received, when flowd is told to
            # end.
            collector = flowd.collector()
            os.kill(collector, signal.SIGSTOP)
            try:
                traffic.send(WINDOW)
                flowd.signal(number)
                flowd.wait_stderr("stopping")
            finally:
                os.kill(collector, signal.SIGCONT)
            traffic.check(self)

    def test_term_loses_no_flow(self):
        self.end_under_load(signal.SIGTERM)

    def test_int_loses_no_flow(self):
        self.end_under_load(signal.SIGINT)


class Statistics(unittest.TestCase):
    """SIGUSR2"""

    def counters(self, flowd, exporter):
        """Returns the counters in an exporter's line, by name."""
        counters = {}
        for line in flowd.stderr_lines():
            name, _, rest = line.partition(": ")
            words = rest.split()
            if name == exporter and all(word.isdigit() for word in words[1::2]):
                counters.update(zip(words[::2], map(int, words[1::2])))
        return counters

    def test_counters_add_up(self):
        flows = netflow.flows(3)
        good = netflow.datagram(5, flows)
        with Flowd("store ALL", "discard src 10.0.0.1",
                   "flow source 127.0.0.0/29") as flowd:
            for datagram in (good, good[:-1], b"\0\x08" + bytes(20)):
                flowd.send(datagram, "127.0.0.2")
            flowd.send(good, "127.0.0.200")
            flowd.send(good, "127.0.0.3")
            flowd.wait_flows(4)
            flowd.signal(signal.SIGUSR2)
            flowd.wait_stderr("kernel-drops")
            total = self.counters(flowd, "all")
            one = self.counters(flowd, "127.0.0.2")
        self.assertEqual(
            [total[key] for key in ("datagrams", "decoded", "invalid",
                                    "unsupported", "unauthorised", "flows",
                                    "stored", "discarded", "lost")],
            [5, 2, 1, 1, 1, 6, 4, 2, 0])
        self.assertEqual(
            [one[key] for key in ("datagrams", "decoded", "invalid",
                                  "unsupported", "flows", "stored",
                                  "discarded")],
            [3, 1, 1, 1, 3, 2, 1])

    def test_gap_in_sequence_is_reported(self):
        flows = netflow.flows(3)
        with Flowd("store ALL") as flowd:
            for sequence in (0, 3, 106):
                flowd.send(netflow.datagram(5, flows,
                                            flow_sequence=sequence))
            flowd.wait_flows(9)
            flowd.signal(signal.SIGUSR2)
            flowd.wait_stderr("kernel-drops")
            self.assertEqual(
                self.counters(flowd, "all")["sequence-lost"], 100)

    def test_sampling_of_v5_is_kept_per_exporter(self):
        with Flowd("store ALL") as flowd:
            for agent, sampling in (("127.0.0.2", 1 << 14 | 100),
                                    ("127.0.0.3", 2 << 14 | 16383)):
                flowd.send(netflow.datagram(5, netflow.flows(1),
                                            sampling=sampling), agent)
            flowd.wait_flows(2)
            flowd.signal(signal.SIGUSR2)
            flowd.wait_stderr("127.0.0.2: v5 takes 1 of 100 packets, mode 1")
            flowd.wait_stderr(
                "127.0.0.3: v5 takes 1 of 16383 packets, mode 2")


if __name__ == "__main__":
    tap.main()
