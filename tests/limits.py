#!/usr/bin/env python3
"""`limit` statements are enforced, and SIGHUP can raise and lower them."""

import pathlib
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow9
import tap
from ctlclient import CONTROL, show_json
from decoding import OCTETS, SRC4, Sender
from feed import Feed
from flowdtest import Flowd, wait_for
from netflow9 import Template
from report import statistics
from wire import has_loopback_net

PADDING = ("paddingOctets", 1)
AGENTS = [f"127.0.0.{i}" for i in range(2, 12)]
# Exporters that are named do not evict each other.
NAMED = [f"flow source {agent}" for agent in [*AGENTS, Feed.AGENT]]
TEMPLATES_DEFAULT = 4096	# of each exporter


@unittest.skipUnless(has_loopback_net(), "127.0.0.0/8 is not local")
class Limits(Sender, unittest.TestCase):
    version = netflow9.IPFIX

    def start(self, *limits):
        return Flowd("store AGENT_ADDR", "store OCTETS", *limits)

    def reload(self, flowd, *limits):
        flowd.reload("store AGENT_ADDR", "store OCTETS", *limits)

    def know(self, feed, agents, layout=None):
        """Sends a template from each exporter."""
        for agent in agents:
            feed.send(self.message(self.templates(layout or self.SIMPLE)),
                      agent)
        feed.drain()

    def known(self, feed, agents):
        """Returns the exporters whose data are decoded without another
        template."""
        before = len(feed.flows())
        for agent in agents:
            feed.send(self.message(self.simple(1)), agent)
        return [f["agent"] for f in feed.flows()[before:]]


class Exporters(Limits):
    """The limit of exporters; the feed's own address is one of them."""

    def test_exporters(self):
        a, b, c, d, e = AGENTS[:5]
        with self.start("limit exporters 3", *NAMED) as flowd:
            feed = Feed(flowd)
            feed.drain()
            self.know(feed, (a, b, c))
            self.assertEqual(self.known(feed, (a, b, c)), [a, b])
            flowd.wait_stderr("limit of 3 exporters reached")
            self.assertEqual(len(statistics(flowd).exporters()), 3)
            self.reload(flowd, "limit exporters 4", *NAMED)
            self.know(feed, (c, d))
            self.assertEqual(self.known(feed, (a, b, c, d)), [a, b, c])
            # Known exporters stay when the limit is lowered.
            self.reload(flowd, "limit exporters 1", *NAMED)
            self.know(feed, (d,))
            self.assertEqual(self.known(feed, (a, b, c, d)), [a, b, c])
            # The default limit has room for all.
            self.reload(flowd, *NAMED)
            self.know(feed, (d, e))
            self.assertEqual(self.known(feed, AGENTS[:5]), AGENTS[:5])
            statistics(flowd).check(self)


class Interfaces(Limits):
    """The limit of interfaces with names, for each exporter."""

    NAMES = Template(400, ("ingressInterface", 4), ("interfaceName", 8),
                     scopes=1)

    def names(self, flowd, feed, *numbers, agent=AGENTS[0]):
        """Tells the names of these, and returns all that are known."""
        feed.send(self.message(
            self.templates(self.NAMES),
            netflow9.data(self.NAMES, *((n, b"eth%05d" % n)
                                        for n in numbers))), agent)
        feed.drain()
        state = show_json(flowd, "show", "exporter", agent)
        return (sorted(i["index"] for i in state["interfaces"]),
                state["exporters"][0]["interfaces_evicted"])

    def test_interfaces(self):
        with self.start("limit interfaces 3", CONTROL) as flowd:
            feed = Feed(flowd)
            # The least recently used one is evicted.
            self.assertEqual(self.names(flowd, feed, 1, 2, 3, 1, 4),
                             ([1, 3, 4], 1))
            self.assertEqual(self.names(flowd, feed, 7, agent=AGENTS[1]),
                             ([7], 0))
            found = show_json(flowd, "check", AGENTS[0], status=3)["findings"]
            self.assertIn("options-limit", [f["finding"] for f in found])
            self.reload(flowd, "limit interfaces 5000", CONTROL)
            numbers = range(10, 4997 + 10)
            self.assertEqual(self.names(flowd, feed, *numbers),
                             ([1, 3, 4, *numbers], 1))
            # Known names stay until a new one is sent.
            self.reload(flowd, "limit interfaces 2", CONTROL)
            self.assertEqual(self.names(flowd, feed, 4)[1], 1)
            self.assertEqual(self.names(flowd, feed, 9), ([4, 9], 5000))


class Templates(Limits):
    """The limit of templates, for each exporter."""

    LAYOUTS = [Template(300 + i, OCTETS) for i in range(6)]

    def know_all(self, feed, layouts, agent=AGENTS[0]):
        feed.send(self.message(self.templates(*layouts)), agent)

    def decoded(self, feed, layouts, agent=AGENTS[0]):
        """Returns the ids of the templates that are known."""
        before = len(feed.flows())
        for layout in layouts:
            feed.send(self.message(netflow9.data(layout, (layout.id,))),
                      agent)
        return [f["octets"] for f in feed.flows()[before:]]

    def test_templates(self):
        layouts = self.LAYOUTS
        with self.start("limit templates 2") as flowd:
            feed = Feed(flowd)
            # The least recently used one is evicted.
            self.know_all(feed, layouts[:3])
            self.know_all(feed, layouts[:2], AGENTS[1])
            self.assertEqual(self.decoded(feed, layouts[:3]), [301, 302])
            self.assertEqual(self.decoded(feed, layouts[:2], AGENTS[1]),
                             [300, 301])
            self.reload(flowd, "limit templates 4")
            self.know_all(feed, layouts[3:5])
            self.assertEqual(self.decoded(feed, layouts[1:5]),
                             [301, 302, 303, 304])
            # Known templates stay until a new one is sent.
            self.reload(flowd, "limit templates 1")
            self.assertEqual(self.decoded(feed, layouts[1:5]),
                             [301, 302, 303, 304])
            # It is refused while all others are in use.
            self.know_all(feed, layouts[5:])
            self.assertEqual(self.decoded(feed, layouts[1:]),
                             [301, 302, 303, 304])
            self.assertEqual(statistics(flowd)[AGENTS[0]][
                "templates-refused"], 1)

    def test_limits_hold_for_the_state_file(self):
        """After a restart, as many templates are known as flowd.conf allows,
        more or fewer than by default."""
        count = TEMPLATES_DEFAULT + 100
        layouts = [Template(300 + i, OCTETS) for i in range(count)]
        state = 'statefile "@DIR@/state"'
        ends = layouts[:2] + layouts[-1:]
        with self.start(f"limit templates {count}", state) as flowd:
            feed = Feed(flowd)
            for i in range(0, count, 100):
                self.know_all(feed, layouts[i:i + 100])
            self.know_all(feed, layouts[:1], AGENTS[1])
            self.assertEqual(self.decoded(feed, ends),
                             [layout.id for layout in ends])
            self.restart(flowd, f"limit templates {count}", state)
            self.assertEqual(self.decoded(feed, ends),
                             [layout.id for layout in ends])
            self.restart(flowd, "limit templates 1", state)
            self.assertEqual(len(self.decoded(feed, ends)), 1)
            self.restart(flowd, "limit exporters 1", state)
            flowd.wait_stderr("statefile: 1 exporters")

    def restart(self, flowd, *limits):
        flowd.stop()
        flowd.statements = ("store AGENT_ADDR", "store OCTETS", *limits)
        flowd.start()


class Memory(Limits):
    """Held data use the memory that other exporters' templates would need."""

    BIG = Template(300, SRC4, ("destinationIPv4Address", 4), OCTETS,
                   *[PADDING] * 600)

    def fill(self, feed, agent):
        """Sends 1 MiB of data without a template, in small pieces."""
        waiting = self.message(netflow9.raw_set(999, bytes(1100)))
        for _ in range(1000):
            feed.send(waiting, agent)
        feed.drain()

    def known(self, feed, agents):
        before = len(feed.flows())
        for agent in agents:
            feed.send(self.message(netflow9.data(
                self.BIG, ["192.0.2.1", "192.0.2.2", 1, *[0] * 600])), agent)
        return [f["agent"] for f in feed.flows()[before:]]

    def refused(self, flowd, agent):
        return statistics(flowd)[agent]["templates-refused"]

    def test_memory(self):
        filler, a, b, c, d = AGENTS[:5]
        with self.start("limit memory 1M", *NAMED) as flowd:
            feed = Feed(flowd)
            self.know(feed, [a], self.BIG)
            self.fill(feed, filler)
            self.know(feed, [b], self.BIG)
            # Exporter a sent its template before the memory was used up.
            self.assertEqual(self.known(feed, [a, b]), [a])
            flowd.wait_stderr(f"{b}: domain 0: no memory for template 300")
            self.assertEqual(self.refused(flowd, b), 1)
            self.reload(flowd, "limit memory 2M", *NAMED)
            self.know(feed, [b], self.BIG)
            self.assertEqual(self.known(feed, [a, b]), [a, b])
            # Memory in use above the lower limit stays.
            self.fill(feed, d)
            self.reload(flowd, "limit memory 1M", *NAMED)
            self.know(feed, [c], self.BIG)
            self.assertEqual(self.known(feed, [a, b, c]), [a, b])
            self.assertEqual(self.refused(flowd, c), 1)
            self.reload(flowd, *NAMED)
            self.know(feed, [c], self.BIG)
            self.assertEqual(self.known(feed, [a, b, c]), [a, b, c])
            statistics(flowd).check(self)


class Statements(unittest.TestCase):
    def test_a_bad_limit_is_refused(self):
        with Flowd("store ALL") as flowd:
            for limit in ("exporters 0", "templates x", "memory 1",
                          "memory 1M\nlimit memory 2M", "memory"):
                with self.subTest(limit):
                    flowd.write_conf("store ALL", f"limit {limit}")
                    before = len(flowd.stderr_lines())
                    flowd.signal(signal.SIGHUP)
                    wait_for(lambda: [
                        l for l in flowd.stderr_lines()[before:]
                        if l.startswith(f"{flowd.conf}:")],
                        "flowd logs the error and its line")


if __name__ == "__main__":
    tap.main()
