"""Exporters that count the datagrams and flows that they send, and so know the
counters that flowd must report.

    exporter = V5(feed, "127.0.1.1", seed=1)
    exporter.run(1000)		# datagrams, with losses, repeats and errors
    exporter.expected["sequence-lost"]

The keys of expected are the names of the counters in flowd(8).  The datagrams
are written from the protocol's definition: none of flowd's code is used
here."""

import collections
import functools
import random
import struct

import netflow
import netflow9

KEPT = "10.0.0.1"
DISCARDED = "10.66.0.1"		# the configuration discards it
STATEMENTS = ("store AGENT_ADDR", "flow source 127.0.1.0/24",
              "flow source 127.255.255.1", "accept all",
              "discard quick src 10.66.0.0/16")
HOUR = 3600000			# ms
DATAGRAMS = ("decoded", "invalid", "unsupported", "held", "no-template")
LAYOUT = netflow9.Template(300, ("sourceIPv4Address", 4),
                           ("octetDeltaCount", 4))
NEVER = netflow9.Template(400, ("sourceIPv4Address", 4))


@functools.lru_cache(maxsize=None)
def records(version, kept, discarded):
    """Returns the records of flows, without a header."""
    if version in netflow9.VERSIONS:
        flows = [(KEPT, 1)] * kept + [(DISCARDED, 1)] * discarded
        return netflow9.data(LAYOUT, *flows)
    # Plausible for any uptime of the exporter.
    flow = {**netflow.flows(1)[0], "flow_start": 0, "flow_finish": 0}
    flows = [{**flow, "src": KEPT}] * kept
    flows += [{**flow, "src": DISCARDED}] * discarded
    header = len(netflow.datagram(version, []))
    return netflow.datagram(version, flows)[header:]


class Exporter:
    """Sends datagrams, and counts datagrams and flows."""

    version = 5

    def __init__(self, feed, address, seed=0):
        self.feed = feed
        self.address = address
        self.random = random.Random(seed)
        self.expected = collections.Counter()

    def send(self, payload, outcome="decoded", kept=0, discarded=0):
        """Sends a datagram that flowd must count as outcome."""
        n = self.expected
        n["datagrams"] += 1
        n[outcome] += 1
        if outcome in ("decoded", "held"):
            n["flows"] += kept + discarded
            n["stored"] += kept
            n["discarded"] += discarded
        self.feed.send(payload, self.address)

    def traffic(self):
        """Returns what each flow counts: see records."""
        if self.version in netflow9.VERSIONS:
            return {"octets": 1, "packets": 0}
        flow = netflow.flows(1)[0]
        return {name: flow[name] for name in ("octets", "packets")}

    def compare(self, test, counters):
        """Asserts that flowd's counters match the datagrams sent."""
        for name, each in self.traffic().items():
            self.expected[name] = each * self.expected["flows"]
        for name, value in counters.items():
            test.assertEqual(value, self.expected[name],
                             f"{name} of {self.address}")

    def bad(self):
        """Sends a datagram that cannot be decoded."""
        if self.random.random() < 0.5:
            self.send(struct.pack("!HH", 8, 1) + bytes(40), "unsupported")
        else:
            self.send(struct.pack("!HH", self.version, 1) + bytes(5),
                      "invalid")

    def some_flows(self):
        """Returns how many flows to keep and how many to discard, at least one
        in all."""
        kept = self.random.randrange(4)
        return kept, self.random.randrange(0 if kept else 1, 3)


class Numbered(Exporter):
    """Numbers its datagrams.  Some are lost, late or repeated, and the
    exporter restarts once."""

    lost = "sequence-lost"
    first = 10000000

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.number = self.first
        self.uptime = HOUR

    def prepare(self):
        """Sends the datagrams that come before all others."""

    def payload(self, number, kept, discarded):
        """Returns a datagram with that sequence number."""
        return netflow.datagram(
            self.version, [], count=kept + discarded, flow_sequence=number,
            sys_uptime_ms=self.uptime) + records(self.version, kept,
                                                 discarded)

    def units(self, flows):
        """Returns by how much a datagram with these flows advances the
        number."""
        return flows

    def make(self):
        """Returns the next datagram, as arguments for deliver."""
        kept, discarded = self.some_flows()
        number = self.number
        self.number += self.units(kept + discarded)
        return number, kept, discarded

    def deliver(self, number, kept, discarded):
        self.send(self.payload(number, kept, discarded), "decoded", kept,
                  discarded)

    def lose(self):
        """Leaves out a few datagrams, and sends one that shows the gap."""
        before = self.number
        for _ in range(self.random.randrange(1, 4)):
            self.make()
        self.expected[self.lost] += self.number - before
        self.deliver(*self.make())

    def repeat(self):
        made = self.make()
        self.deliver(*made)
        self.deliver(*made)
        self.expected["sequence-late"] += self.units(sum(made[1:]))

    def swap(self):
        first, second = self.make(), self.make()
        self.deliver(*second)
        self.deliver(*first)
        self.expected["sequence-late"] += self.units(sum(first[1:]))

    def restart(self):
        self.number = 5
        self.uptime = 60000
        self.expected["restarts"] += 1
        self.deliver(*self.make())

    def run(self, datagrams):
        """Sends this number of datagrams in steps.  It is a generator, so that
        several exporters can alternate."""
        target = self.expected["datagrams"] + datagrams
        half = self.expected["datagrams"] + datagrams // 2
        self.prepare()
        self.deliver(*self.make())
        events = [self.lose, self.repeat, self.swap, self.bad]
        while self.expected["datagrams"] < target - 1:
            if self.expected["datagrams"] >= half:
                half = target
                self.restart()
            elif self.random.random() < 0.1:
                self.random.choice(events)()
            else:
                self.deliver(*self.make())
            yield
        if self.expected["datagrams"] < target:
            self.deliver(*self.make())


class V5(Numbered):
    """Sends each kind of flow from an engine of its own."""


class V7(Numbered):
    version = 7


class V1(Numbered):
    """Has no sequence numbers, so that no loss can be seen."""

    version = 1

    def compare(self, test, counters):
        for name in ("sequence-lost", "sequence-late", "restarts"):
            self.expected[name] = 0
        super().compare(test, counters)


class Messages(Numbered):
    """v9 and IPFIX: sends the template after some of the data."""

    EARLY = 20

    def payload(self, number, kept, discarded):
        return netflow9.message(
            self.version, records(self.version, kept, discarded),
            sequence=number % (1 << 32), uptime_ms=self.uptime)

    def template(self, layout=LAYOUT):
        number = self.number
        self.number += self.units(0)
        self.send(netflow9.message(
            self.version, netflow9.templates(self.version, layout),
            sequence=number, uptime_ms=self.uptime))

    def prepare(self):
        for _ in range(self.EARLY):
            self.deliver(*self.make())
        self.template()
        self.expected["templates"] += 1


class V9(Messages):
    """Numbers datagrams."""

    version = netflow9.V9
    lost = "sequence-lost-datagrams"

    def units(self, flows):
        return 1


class Ipfix(Messages):
    version = netflow9.IPFIX


class Interleaved(Numbered):
    """Three sequences under one engine id, as ng_netflow sends them; some
    datagrams are lost."""

    STARTS = (10000000, 50000000, 30000000)
    ROUNDS = 4			# until flowd has detected three sequences

    def compare(self, test, counters):
        """Datagrams may count as late until flowd has detected the
        sequences."""
        late = counters["sequence-late"]
        test.assertLess(late, 5 * self.ROUNDS * len(self.STARTS))
        self.expected["sequence-late"] = late
        super().compare(test, counters)

    def one(self, i, lose):
        self.number = self.numbers[i]
        (self.lose if lose else lambda: self.deliver(*self.make()))()
        self.numbers[i] = self.number

    def run(self, datagrams):
        target = self.expected["datagrams"] + datagrams
        self.numbers = list(self.STARTS)
        for i in range(self.ROUNDS * len(self.numbers)):
            self.one(i % len(self.numbers), False)
        while self.expected["datagrams"] < target:
            self.one(self.random.randrange(len(self.numbers)),
                     self.random.random() < 0.02)
            yield


class Unannounced(V9):
    """Never sends its template, so that flowd drops the oldest held
    datagrams."""

    HELD_MAX = 1024		# sets held for one exporter, as in flowd

    def run(self, datagrams):
        for i in range(datagrams):
            self.number += 1
            self.send(netflow9.message(
                self.version, netflow9.data(NEVER, (KEPT,)),
                sequence=self.number), "held")
            if i >= self.HELD_MAX:
                self.expected["held"] -= 1
                self.expected["no-template"] += 1
            yield


class Withdrawn(Ipfix):
    """Sends data after withdrawing the template, which has no effect, then
    another template."""

    OTHER = netflow9.Template(300, ("octetDeltaCount", 4),
                              ("sourceIPv4Address", 4))
    DATA = 9

    def run(self, datagrams):
        target = self.expected["datagrams"] + datagrams
        layouts = [LAYOUT, self.OTHER]
        while self.expected["datagrams"] + self.DATA + 2 < target:
            self.change(layouts[0])
            self.send(netflow9.message(
                self.version, netflow9.withdrawals(LAYOUT.id),
                sequence=self.number))
            self.expected["withdrawals"] += 1
            values = {"sourceIPv4Address": KEPT, "octetDeltaCount": 1}
            for _ in range(self.DATA):
                self.send(netflow9.message(
                    self.version, netflow9.data(layouts[0], values),
                    sequence=self.number), kept=1)
                self.number += 1
            layouts.reverse()
            yield
        self.change(layouts[0])

    def change(self, layout):
        """Changes the template of data that were sent, but for the first."""
        self.expected["templates-changed"] += self.expected["templates"] > 0
        self.expected["templates"] += 1
        self.template(layout)
