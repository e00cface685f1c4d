#!/usr/bin/env python3
"""`workers`: several collectors, each with its own exporters, and one log."""

import collections
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
import netflow9
import tap
from decoding import OCTETS, SRC4
from flowdtest import Flowd, has_ipv6, wait_for
from netflow9 import Template
from wire import has_loopback_net

WORKERS = 3
AGENTS = [f"127.1.{n}.{n % 7}" for n in range(1, 31)]
SIMPLE = Template(300, SRC4, OCTETS)


def can_divide():
    """Returns whether the kernel distributes datagrams by their senders."""
    return sys.platform.startswith("linux")


def numbered(number):
    """Returns a v5 datagram that its octets identify."""
    return netflow.datagram(5, [
        {**flow, "octets": number} for flow in netflow.flows(1)])


def v9(*sets, domain=0):
    return netflow9.message(netflow9.V9, *sets, domain=domain)


def templates():
    return v9(netflow9.templates(netflow9.V9, SIMPLE))


def data(number):
    return v9(netflow9.data(SIMPLE, ("192.0.2.1", number)))


def workers(flowd):
    """Returns the exporters that each collector reports on SIGUSR2."""
    def said():
        return [int(line.rpartition(" ")[2])
                for line in flowd.stderr_lines()
                if line.rpartition("exporters ")[2].isdecimal()]

    before = len(said())
    flowd.signal(signal.SIGUSR2)
    wait_for(lambda: len(said()) >= before + WORKERS, "all have reported")
    return said()[before:]


@unittest.skipUnless(has_loopback_net(), "127.0.0.0/8 is not ours")
@unittest.skipUnless(can_divide(), "only Linux distributes datagrams")
class Workers(unittest.TestCase):

    def make(self, *statements, number=WORKERS, **arguments):
        return Flowd("store ALL", f"workers {number}", *statements,
                     **arguments)

    def by_agent(self, flows):
        """Returns the octets of each exporter's flows, in the log's order."""
        found = collections.defaultdict(list)
        for flow in flows:
            found[flow["agent"]].append(flow["octets"])
        return found

    def test_each_exporters_flows_are_in_order(self):
        rounds = 40
        with self.make() as flowd:
            for number in range(rounds):
                for agent in AGENTS:
                    flowd.send(numbered(number), agent)
            flows = flowd.wait_flows(rounds * len(AGENTS))
            for agent, octets in self.by_agent(flows).items():
                self.assertEqual(octets, list(range(rounds)), agent)
            shares = workers(flowd)
            self.assertEqual(sum(shares), len(AGENTS))
            self.assertGreater(min(shares), 0, "a worker has no exporter")

    def test_strangers_cannot_choose_the_worker(self):
        """Each start distributes the exporters in another way."""
        found = set()
        for _ in range(3):
            with self.make() as flowd:
                for agent in AGENTS:
                    flowd.send(numbered(0), agent)
                flowd.wait_flows(len(AGENTS))
                flowd.stop()		# each collector reports
                said = flowd.stderr.read_text()
                found.add(tuple(re.search(
                    rf"^(collector.*?): {re.escape(agent)}: datagrams ",
                    said, re.MULTILINE)[1] for agent in AGENTS))
        self.assertGreater(len(found), 1)

    def test_templates_from_another_port(self):
        """A router's line cards send from different ports."""
        with self.make() as flowd:
            for agent in AGENTS:
                flowd.send(templates(), agent)
                for number in range(10):
                    flowd.send(data(number), agent)
            flows = flowd.wait_flows(10 * len(AGENTS))
            for octets in self.by_agent(flows).values():
                self.assertEqual(octets, list(range(10)))

    @unittest.skipUnless(has_ipv6(), "no IPv6")
    def test_ipv6(self):
        with self.make(listen=("::1", "127.0.0.1")) as flowd:
            for number in range(20):
                flowd.send(numbered(number))
                flowd.send(numbered(number), AGENTS[0], listener=1)
            found = self.by_agent(flowd.wait_flows(40))
            self.assertEqual(found["::1"], list(range(20)))
            self.assertEqual(found[AGENTS[0]], list(range(20)))

    def test_records_are_whole_under_load(self):
        number = 300000
        with self.make() as flowd:
            subprocess.run(
                [tap.program("flow-send"), "-n", str(number), "-r", "10000",
                 "-S", "127.5.0.1,50", f"127.0.0.1:{flowd.port}"],
                check=True, stdout=subprocess.DEVNULL)
            wait_for(lambda: flowd.log.stat().st_size >= number * 116,
                     "all flows are written")
            flowd.stop()
            said = subprocess.run(
                [tap.program("flowd-reader"), "-q", flowd.log], check=True,
                stderr=subprocess.PIPE, text=True)
            self.assertEqual(said.stderr, "")
            self.assertEqual(flowd.log.stat().st_size, number * 116)

    def test_other_workers_run_on_when_one_dies(self):
        with self.make() as flowd:
            for agent in AGENTS:
                flowd.send(numbered(0), agent)
            flowd.wait_flows(len(AGENTS))
            killed = flowd.children()[1]
            rest = set(flowd.children()) - {killed}
            os.kill(killed, signal.SIGKILL)
            wait_for(lambda: killed not in flowd.children() and
                     len(flowd.children()) == WORKERS,
                     "another collector runs")
            self.assertLess(rest, set(flowd.children()))
            for agent in AGENTS:
                flowd.send(numbered(1), agent)
            found = self.by_agent(flowd.wait_flows(2 * len(AGENTS)))
            for agent in AGENTS:
                self.assertEqual(found[agent], [0, 1])

    def test_rotation(self):
        """No worker writes to the old file after the message."""
        with self.make() as flowd:
            for agent in AGENTS:
                flowd.send(numbered(0), agent)
            flowd.wait_flows(len(AGENTS))
            old = flowd.log.rename(flowd.dir / "old")
            flowd.expect("logs reopened", signal.SIGUSR1)
            for agent in AGENTS:
                flowd.send(numbered(1), agent)
            flowd.wait_flows(len(AGENTS))
            self.assertEqual(len(flowd.flows(old)), len(AGENTS))
            flowlog.decode(old.read_bytes())
            flowlog.decode(flowd.log.read_bytes())

    def test_reload(self):
        with self.make() as flowd:
            flowd.reload("workers 2", "store ALL", "accept tag 7 all")
            flowd.wait_stderr("the number of workers changes only when")
            self.assertEqual(len(flowd.children()), WORKERS)
            for agent in AGENTS:
                flowd.send(numbered(2), agent)
            flows = flowd.wait_flows(len(AGENTS))
            self.assertEqual({flow["tag"] for flow in flows}, {7})

    def test_another_flowd_is_not_joined(self):
        with self.make() as flowd:
            flowd.pidfile.rename(flowd.dir / "pidfile")
            said = subprocess.run(
                flowd.command("-g"), stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, env=flowd.environment())
            (flowd.dir / "pidfile").rename(flowd.pidfile)
            self.assertEqual(said.returncode, 1)
            self.assertIn("in use", said.stdout)

    def test_state_for_another_number(self):
        """The worker that now has an exporter knows its templates."""
        statement = 'statefile "@DIR@/state"'
        with self.make(statement) as flowd:
            for agent in AGENTS:
                flowd.send(templates(), agent)
                flowd.send(data(1), agent)
            flowd.wait_flows(len(AGENTS))
            flowd.stop()
            for number in (2, 4, 1, WORKERS):
                flowd.statements = ("store ALL", f"workers {number}",
                                    statement)
                before = len(flowd.flows())
                flowd.write_conf()
                flowd.start()
                for agent in AGENTS:
                    flowd.send(data(number), agent)
                flowd.wait_flows(before + len(AGENTS))
                flowd.stop()
                self.assertNotIn("limit", flowd.stderr.read_text())

    def test_newer_state_is_used(self):
        """The first worker knows all exporters, because of groups, but seldom
        receives from them."""
        other = Template(300, OCTETS, SRC4)
        with self.make('statefile "@DIR@/state"',
                       "join group 239.192.0.1 on lo",
                       listen=("0.0.0.0",)) as flowd:
            for agent in AGENTS:
                flowd.send(templates(), agent)
                flowd.send(data(1), agent)
            flowd.wait_flows(len(AGENTS))
            flowd.stop()
            flowd.start()
            began = int(time.time())
            wait_for(lambda: int(time.time()) > began, "the clock ticks")
            for agent in AGENTS:
                # The second one takes effect, as it comes from another port
                # than the data.
                for _ in range(2):
                    flowd.send(v9(netflow9.templates(netflow9.V9, other)),
                               agent)
                flowd.send(v9(netflow9.data(other, (2, "192.0.2.2"))), agent)
            flowd.wait_flows(2 * len(AGENTS))
            flowd.stop()
            os.utime(flowd.dir / "state")
            flowd.start()
            for agent in AGENTS:
                flowd.send(v9(netflow9.data(other, (3, "192.0.2.3"))), agent)
            flows = flowd.wait_flows(3 * len(AGENTS))[2 * len(AGENTS):]
            self.assertEqual({flow["octets"] for flow in flows}, {3})

    def test_limits_are_divided(self):
        with self.make("limit exporters 30", "flow source 127.0.0.0/8") \
                as flowd:
            for agent in AGENTS:
                for last in range(1, 4):
                    flowd.send(numbered(1),
                               agent.rpartition(".")[0] + f".{last}")
            flowd.wait_flows(3 * len(AGENTS))
            self.assertLessEqual(max(workers(flowd)), 10)


if __name__ == "__main__":
    tap.main()
