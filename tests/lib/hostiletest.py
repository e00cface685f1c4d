"""Tests with invalid datagrams from one exporter, beside a valid exporter.
hostile.py and hostile-ipfix.py run them for NetFlow v9 and IPFIX."""

import random
import struct

import netflow9
from decoding import OCTETS, PORTS, SRC4, SRC6, Sender
from feed import Feed
from flowdtest import Flowd, is_sanitized
from netflow9 import VARIABLE, Template
from report import statistics

HOSTILE = "127.0.0.66"
GOOD = "127.0.0.7"
MEMORY = 512		# MiB of templates, options and held data in all
OVERHEAD = 100		# MiB of everything else; an empty flowd has 5


class Hostile(Sender):
    """Invalid datagrams from one exporter, beside a valid exporter."""

    WELL = Template(300, SRC4, ("sourceIPv4PrefixLength", 1), OCTETS)

    def run_beside_good(self, datagrams, agent=HOSTILE):
        """Sends them, and a valid exporter's datagrams in between.

        Returns the flows stored of them, and their counters."""
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            self.begin_good(feed)
            for datagram in datagrams:
                feed.send(datagram, agent)
                self.send_good(feed)
            self.check_good(feed)
            report = statistics(flowd)
            report.check(self)
            return feed.flows_of(agent), report[agent]

    def begin_good(self, feed):
        self.good = 0
        feed.send(self.message(self.templates(self.WELL)), GOOD)

    def send_good(self, feed):
        """Sends data only: the template was sent once, before."""
        feed.send(self.message(netflow9.data(
            self.WELL, ("192.0.2.7", 24, self.good)),
            sequence=self.good), GOOD)
        self.good += 1

    def check_good(self, feed):
        self.assertEqual(self.octets(feed.flows_of(GOOD)),
                         list(range(self.good)))

    def set_ids(self):
        """Returns an id of each type of set: templates, options, data,
        reserved."""
        return (netflow9.TEMPLATE_SETS[self.version],
                netflow9.OPTIONS_SETS[self.version], 300, 200)

    def test_sets_shorter_than_their_header(self):
        datagrams = []
        for number in self.set_ids():
            for length in range(4):
                short = netflow9.raw_set(number, b"\1\2\3\4", length=length)
                datagrams += [
                    self.message(short), self.message(short * 100),
                    # Sets before the invalid one are rejected too.
                    self.message(self.templates(self.SIMPLE),
                                 self.simple(1), short)]
        stored, counters = self.run_beside_good(datagrams)
        self.assertEqual(stored, [])
        self.assertEqual(counters["invalid"], len(datagrams))
        self.assertEqual(counters["templates"], 0)

    def test_sets_that_cross_the_end(self):
        datagrams = [
            self.message(self.templates(self.SIMPLE), netflow9.raw_set(
                number, bytes(8), length=length))
            for number in self.set_ids() for length in (13, 65535)]
        stored, counters = self.run_beside_good(datagrams)
        self.assertEqual(stored, [])
        self.assertEqual(counters["invalid"], len(datagrams))

    def test_every_truncation(self):
        options = Template(400, ("observationDomainId", 4),
                           ("samplingInterval", 4), scopes=1)
        varying = Template(401, ("applicationName", VARIABLE), OCTETS)
        whole = self.message(
            self.templates(self.SIMPLE, varying), self.templates(options),
            self.simple(2), netflow9.data(options, (0, 1)),
            netflow9.data(varying, (b"abc", 1), (bytes(300), 2)))
        _, counters = self.run_beside_good(
            [whole[:n] for n in range(len(whole) + 1)])
        self.assertEqual(counters["datagrams"], len(whole) + 1)

    def template_set(self, *definitions):
        return netflow9.raw_set(netflow9.TEMPLATE_SETS[self.version],
                                b"".join(definitions))

    def test_impossible_templates(self):
        """Sends data for each of them too."""
        specifier = struct.pack("!HH", 1, 4)
        zero = struct.pack("!HH", 1, 0)
        half = struct.pack("!HH", 1, 32768)
        definitions = {
            "no fields": struct.pack("!HH", 256, 0),
            "no length": struct.pack("!HH", 256, 3) + 3 * zero,
            "65,535 fields": struct.pack("!HH", 256, 65535) + specifier,
            "one field too few": struct.pack("!HH", 256, 2) + specifier,
            "half a field": struct.pack("!HH", 256, 2) + specifier +
            specifier[:2],
            "half a head": struct.pack("!H", 256),
            "a length that wraps to 0":
            struct.pack("!HH", 256, 2) + 2 * half,
            "a length that wraps to 4":
            struct.pack("!HH", 256, 3) + 2 * half + specifier,
            "a record longer than any datagram":
            struct.pack("!HH", 256, 2) + 2 * struct.pack("!HH", 1, 65534),
            "a reserved id": struct.pack("!HH", 255, 1) + specifier}
        data = netflow9.raw_set(256, bytes(64))
        for name, definition in definitions.items():
            with self.subTest(name):
                stored, counters = self.run_beside_good([
                    self.message(self.template_set(definition)),
                    self.message(data), self.message(data, data)])
                self.assertEqual(stored, [])
                self.assertEqual(counters["templates"], 0)
                self.assertEqual(counters["held"], 2)

    def test_a_bad_template_does_not_harm_the_next(self):
        """This holds if the bad template's length is known."""
        bad = struct.pack("!HHHH", 256, 1, 1, 0)
        stored, counters = self.run_beside_good([self.message(
            self.template_set(bad, self.SIMPLE.definition(self.version)),
            self.simple(1))])
        self.assertEqual(self.octets(stored), [0])
        self.assertEqual(counters["templates-refused"], 1)

    def test_as_many_fields_as_there_is_room_for(self):
        count = 16300
        layout = Template(256, *([("octetDeltaCount", 1)] * count),
                          ("packetDeltaCount", 2))
        varying = Template(257, *([("applicationName", VARIABLE)] * count),
                           ("packetDeltaCount", 2))
        stored, _ = self.run_beside_good([
            self.message(self.templates(layout)),
            self.message(self.templates(varying)),
            self.message(netflow9.raw_set(256, b"\5" + bytes(count) + b"\7")),
            self.message(netflow9.raw_set(257, bytes(count) + b"\0\x08"))])
        self.assertEqual([(f.get("octets"), f["packets"]) for f in stored],
                         [(5, 7), (None, 8)])

    def test_records_of_one_octet(self):
        """These are the most flows that a datagram can have.  Some of them
        are stored."""
        layout = Template(256, ("octetDeltaCount", 1))
        count = 60000
        stored, counters = self.run_beside_good([
            self.message(self.templates(layout)),
            self.message(netflow9.raw_set(256, bytes(count)))])
        self.assertGreater(len(stored), count // 10)
        self.assertEqual(len(stored) + counters["amplified"], count)

    def test_octets_at_random(self):
        rng = random.Random(self.version)
        head = self.message()
        _, counters = self.run_beside_good(
            head[:rng.randrange(2, len(head) + 1)] +
            rng.randbytes(rng.randrange(200)) for _ in range(500))
        self.assertEqual(counters["datagrams"], 500)

    def test_damaged_messages(self):
        """Sends valid messages with some octets changed."""
        rng = random.Random(self.version)
        options = Template(400, ("ingressInterface", 4),
                           ("interfaceName", VARIABLE),
                           ("samplingInterval", 4), scopes=1)
        both = Template(401, SRC4, SRC6, *PORTS, ("applicationName", VARIABLE),
                        OCTETS)
        seeds = [
            self.message(self.templates(self.SIMPLE, both), self.simple(3)),
            self.message(self.templates(options),
                         netflow9.data(options, (1, b"eth0", 10))),
            self.message(self.simple(2), netflow9.data(
                both, ("192.0.2.1", "::", 1, 2, b"abc", 5)))]

        def damaged():
            data = bytearray(rng.choice(seeds))
            for _ in range(rng.randrange(1, 6)):
                at = rng.randrange(4, len(data))
                data[at] = rng.choice((0, 255, data[at] ^ 1 << rng.randrange(
                    8), rng.randrange(256)))
            return bytes(data)

        _, counters = self.run_beside_good(damaged() for _ in range(1000))
        self.assertEqual(counters["datagrams"], 1000)

    def test_many_small_templates(self):
        """One exporter sends as many as there are ids, in several domains."""
        specifier = struct.pack("!HH", 1, 4)
        ids = range(256, 65536)
        datagrams = [
            self.message(self.template_set(*(
                struct.pack("!HH", number, 1) + specifier
                for number in ids[at:at + 8000])), domain=domain)
            for domain in range(3) for at in range(0, len(ids), 8000)]
        stored, counters = self.run_beside_good(
            [*datagrams,
             self.message(netflow9.raw_set(65535, b"\0\0\0\1"), domain=2),
             self.message(netflow9.raw_set(65535, b"\0\0\0\2"), domain=1)])
        self.assertEqual(self.octets(stored), [1])
        self.assertEqual(counters["templates"], 3 * len(ids))
        self.assertEqual(counters["held"], 1)

    def test_held_data_and_other_templates(self):
        """Each new template is compared with all held data."""
        ids = range(1000, 9000)
        specifier = struct.pack("!HH", 1, 4)
        datagrams = [self.message(*(
            netflow9.raw_set(999, bytes(4)) for _ in range(1024)))]
        datagrams += [self.message(self.template_set(*(
            struct.pack("!HH", number, 1) + specifier for number in ids)),
            domain=domain) for domain in range(20)]
        stored, counters = self.run_beside_good(datagrams)
        self.assertEqual(stored, [])
        self.assertEqual(counters["held"], 1)

    def test_large_templates(self):
        """One exporter sends them until the memory limit is reached."""
        count = 16300
        specifiers = (struct.pack("!HH", 96, VARIABLE) +
                      struct.pack("!HH", 1, 4) * (count - 1))
        number = 200 if is_sanitized() else 2700
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            self.begin_good(feed)
            for i in range(number):
                feed.send(self.message(self.template_set(
                    struct.pack("!HH", 256 + i, count), specifiers)),
                    HOSTILE)
                self.send_good(feed)
            self.check_good(feed)
            if not is_sanitized():
                self.assertLess(flowd.memory(),
                                MEMORY + OVERHEAD)
            # Its oldest templates have been evicted for its latest.
            feed.send(self.message(netflow9.raw_set(
                255 + number, bytes(1 + 4 * (count - 1)))), HOSTILE)
            self.assertEqual(len(feed.flows_of(HOSTILE)), 1)
            # A new exporter is accepted as well.
            late = "127.0.0.8"
            feed.send(self.message(self.templates(self.SIMPLE)), late)
            feed.send(self.message(self.simple(1)), late)
            self.assertEqual(len(feed.flows_of(late)), 1)

    def test_data_that_are_held_forever(self):
        """They come from one exporter, then from many."""
        data = netflow9.raw_set(256, bytes(30000))
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            self.begin_good(feed)
            for _ in range(300):
                feed.send(self.message(data, data), HOSTILE)
                self.send_good(feed)
            for i in range(300):
                feed.send(self.message(data), f"127.2.{i >> 8}.{i & 255}")
                self.send_good(feed)
            self.check_good(feed)
            report = statistics(flowd)
            report.check(self)
            self.assertLess(report[HOSTILE]["held"], 40)
            if not is_sanitized():
                self.assertLess(flowd.memory(), OVERHEAD)
