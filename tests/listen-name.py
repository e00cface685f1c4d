#!/usr/bin/env python3
"""`listen on ... name NAME`, and `on NAME` in rules: a rule selects flows by the
listener that received them."""

import os
import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import ctlclient
import netflow
import netflow9
import tap
from decoding import Sender
from flowdtest import PATIENCE, Flowd, free_port, wait_for
from hooked import Hooked, needs_hook
from report import statistics

NAMES = ("east", "west", "east", None)
RULES = ["store ALL", "accept tag 1 on east", "accept tag 2 on west",
         "accept tag 3 on ! { east, west }"]


def one(number):
    """Returns a datagram with one flow, which differs by its octets."""
    return netflow.datagram(5, [{**netflow.flows(1)[0], "octets": number}])


def tags(flows):
    """Returns the tags of flows, in the order of their octets."""
    return [f.get("tag") for f in sorted(flows, key=lambda f: f["octets"])]


def named(*rules, kind=Flowd, names=NAMES):
    return kind(*rules, listen=("127.0.0.1",) * len(names), names=names)


class Names(Sender, unittest.TestCase):
    version = netflow9.IPFIX

    def test_rules_select_by_listener(self):
        """Several listeners share a name; one has none."""
        with named(*RULES) as flowd:
            for i in range(len(NAMES)):
                flowd.send(one(i), listener=i)
            self.assertEqual(tags(flowd.wait_flows(4)), [1, 2, 1, 3])

    def test_one_log_for_each_listener(self):
        with Flowd(*RULES, 'logfile "@DIR@/east" tag 1',
                   'logfile "@DIR@/west" tag 2', listen=("127.0.0.1",) * 4,
                   names=NAMES) as flowd:
            for i in range(len(NAMES)):
                flowd.send(one(i), listener=i)
            for log, count in (("east", 2), ("west", 1), ("flowd.log", 1)):
                flowd.wait_flows(count, flowd.dir / log)

    def test_held_data_keep_their_listener(self):
        """Also if the template arrives through another one, together with
        data."""
        with named(*RULES) as flowd:
            flowd.send(self.message(self.simple(2)), listener=1)
            flowd.send(self.message(self.simple(1, first=2)), listener=3)
            wait_for(lambda: statistics(flowd).all["held"] == 2,
                     "the data are held")
            # The names change, and "west" is now that of another port.
            flowd.names = ("west", "north", "east", None)
            flowd.reload(*RULES, "accept tag 4 on north")
            flowd.send(self.message(self.simple(1, first=3),
                                    self.templates(self.SIMPLE),
                                    self.simple(1, first=4)), listener=2)
            self.assertEqual(tags(flowd.wait_flows(5)), [2, 2, 3, 1, 1])

    def test_reload(self):
        """Datagrams queued in a socket that a reload closes keep its name;
        those in a socket that stays are filtered by the new rules."""
        with named(*RULES, names=("east", "west")) as flowd:
            with flowd.paused():
                for i in range(20):
                    flowd.send(one(i), listener=i % 2)
                flowd.ports[0] = free_port()
                flowd.names = ("west", "east")
                flowd.write_conf(*RULES)
                flowd.signal(signal.SIGHUP)
                flowd.wait_stderr(f"127.0.0.1:{flowd.port}")
            flowd.wait_stderr("new configuration in force")
            flowd.send(one(20), listener=0)
            flowd.send(one(21), listener=1)
            got = tags(flowd.wait_flows(22))
            self.assertEqual(set(got[0:20:2]), {1})
            self.assertLessEqual(set(got[1:20:2]), {1, 2})
            self.assertEqual(got[20:], [2, 1])

    @needs_hook
    def test_rest_of_a_dead_collector(self):
        """Datagrams that the next collector decodes keep their listener."""
        with named(*RULES, kind=Hooked) as flowd:
            with flowd.paused():
                flowd.send(b"HOOK die", source="127.0.0.7", listener=1)
                for i in range(10):
                    flowd.send(one(i), listener=1)
            self.assertEqual(tags(flowd.wait_flows(10)), [2] * 10)
            flowd.wait_stderr("is skipped")

    def test_flowdctl_shows_names(self):
        """The datagrams of all collectors, also after a reload."""
        rules = (*RULES, "workers 2", ctlclient.CONTROL)
        with named(*rules) as flowd:
            for i in range(10):
                flowd.send(one(i), f"127.0.0.{i + 1}", listener=i % 2)
            flowd.wait_flows(10)
            flowd.names = ("north.1", *NAMES[1:])
            flowd.reload(*rules, "accept on north.1")
            flowd.send(one(10), listener=0)
            flowd.wait_flows(11)
            shown = ctlclient.show_json(flowd, "show", "listeners")
            lines = ctlclient.show(flowd, "show", "listeners").splitlines()
        self.assertEqual(
            [(l["number"], l["addr"], l["port"], l["name"], l["datagrams"])
             for l in shown["listeners"]],
            [(i + 1, "127.0.0.1", flowd.ports[i], name or "", count)
             for i, (name, count) in enumerate(zip(flowd.names,
                                                   (6, 5, 0, 0)))])
        self.assertEqual([line.split() for line in lines[1:3]],
                         [["6", f"127.0.0.1:{flowd.ports[0]}", "name",
                           "north.1"],
                          ["5", f"127.0.0.1:{flowd.ports[1]}", "name",
                           "west"]])

    def test_unknown_name(self):
        flowd = named(*RULES)
        flowd.configure()
        with flowd.conf.open("a") as conf:
            conf.write("accept on north\n")
        result = subprocess.run(
            flowd.command("-n"), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=PATIENCE, check=False)
        line = flowd.conf.read_text().count("\n")
        self.assertEqual(
            (result.returncode, result.stderr),
            (1, f'{flowd.conf}:{line}: on "north": no listen on statement has '
                'this name\n'))

    def test_a_log_does_not_know(self):
        with named(*RULES) as flowd:
            flowd.send(one(1))
            flowd.wait_flows(1)
            result = subprocess.run(
                [tap.program("flowd-reader"), "-f", "-",
                 os.fspath(flowd.log)], input="accept on east\n",
                capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual(result.stdout, "")
        self.assertIn(":1: on in a rule: only flowd knows which listener",
                      result.stderr)


if __name__ == "__main__":
    tap.main()
