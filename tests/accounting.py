#!/usr/bin/env python3
"""Every datagram and every flow is accounted for: flowd's counters match the
traffic sent, for each exporter and in total, and the log."""

import collections
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import accounts
import ctlclient
import netflow
import netflow9
import recorded
import report
import tap
import traffic
from ctlclient import CONTROL
from feed import Feed
from flowdtest import Flowd, free_port, is_sanitized, need, wait_for
from wire import has_loopback_net

DATAGRAMS = 100000 if not is_sanitized() else 20000
KINDS = (accounts.V5, accounts.V5, accounts.Interleaved, accounts.V7,
         accounts.V9, accounts.V9, accounts.Ipfix, accounts.Ipfix,
         accounts.V1, accounts.V5)
EXPORTERS = 50
UNAUTHORISED = 300
AGENT = "127.0.0.9"


def agents(path):
    """Returns the number of each exporter's flows in a log, by
    flowd-reader."""
    reader = subprocess.run(
        [tap.program("flowd-reader"), "-J", str(path)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return collections.Counter(
        json.loads(line)["agent_addr"]
        for line in reader.stdout.splitlines())


def take_turns(runs):
    """Advances each generator by one step in turn, until all have ended."""
    while runs:
        runs = [run for run in runs if next(run, runs) is not runs]


@unittest.skipUnless(has_loopback_net(), "127.0.0.0/8 is not local")
class Mixed(unittest.TestCase):
    """Exporters of every kind, with losses, repeats, errors and restarts."""

    def make_exporters(self, feed):
        kinds = [KINDS[i % len(KINDS)] for i in range(EXPORTERS)]
        kinds[-2:] = accounts.Unannounced, accounts.Withdrawn
        return [kind(feed, f"127.0.1.{i}", seed=i)
                for i, kind in enumerate(kinds, 1)]

    def test_sums_hold(self):
        with Flowd(*accounts.STATEMENTS) as flowd:
            # Most of the buffer; the kernel charges more than the payload.
            feed = Feed(flowd, flowd.receive_buffer() // 3)
            exporters = self.make_exporters(feed)
            take_turns([e.run(DATAGRAMS // EXPORTERS) for e in exporters])
            for _ in range(UNAUTHORISED):
                feed.send(netflow.datagram(5, netflow.flows(1)), "127.0.2.1")
            feed.drain()
            counted = report.statistics(flowd)
            flowd.stop()
            final = report.latest(flowd)
            stored = agents(flowd.log)
        self.assertGreaterEqual(counted.all["datagrams"], DATAGRAMS)
        self.assertEqual(counted.whole["kernel-drops"], 0)
        self.assertEqual(counted.whole["exporters-evicted"], 0)
        for one in (counted, final):
            one.check(self)
            self.compare(exporters, one)
        self.compare_with_log(exporters, stored)

    def compare(self, exporters, counted):
        self.assertEqual(len(counted.exporters()), EXPORTERS + 1)
        probes = counted[Feed.AGENT]
        sums = collections.Counter(probes)
        for e in exporters:
            e.compare(self, counted[e.address])
            sums.update(e.expected)
        self.assertEqual(probes["stored"], probes["datagrams"])
        sums["unauthorised"] += UNAUTHORISED
        sums["datagrams"] += UNAUTHORISED
        for name, value in counted.all.items():
            self.assertEqual(value, sums[name], f"{name} of all")
        for name in ("decoded", "invalid", "unsupported", "unauthorised",
                     "held", "no-template", "flows", "stored", "discarded",
                     "sequence-lost", "sequence-lost-datagrams",
                     "sequence-late", "restarts", "templates",
                     "withdrawals"):
            if not is_sanitized() or name != "no-template":
                self.assertGreater(sums[name], 0, name)

    def compare_with_log(self, exporters, stored):
        for e in exporters:
            self.assertEqual(stored[e.address], e.expected["stored"],
                             f"{e.address} in the log")


class Completeness(unittest.TestCase):
    """The share of an exporter's flows that was received, by its numbers."""

    def shares(self, counted, exporter="127.0.0.1"):
        line, = counted.lines(exporter, "complete: ")
        return re.findall(r"(?:minute|hour|start) (\S+?),? ", line)

    def test_share_and_rate(self):
        with Flowd("store ALL", "discard all") as flowd:
            for i in range(100):
                # One of each four datagrams is missing, but never the last.
                if i % 4 != 1:
                    flowd.send(netflow.datagram(
                        5, netflow.flows(3), flow_sequence=3 * i))
            counted = report.statistics(flowd)
            n = counted["127.0.0.1"]
            self.assertEqual(n["discarded"], n["flows"])
            self.assertEqual(n["flows"] + n["sequence-lost"], 300)
            for said in self.shares(counted) + self.shares(counted, "all"):
                self.assertEqual(said, "75.00%")
            line, = counted.lines("127.0.0.1", "complete: ")
            self.assertGreater(float(line.split()[-1]), 0)

    def test_v9_share_is_of_datagrams_and_v1_has_none(self):
        layout = accounts.LAYOUT
        with Flowd("store ALL") as flowd:
            flowd.send(netflow.datagram(1, netflow.flows(1)))
            self.assertEqual(self.shares(report.statistics(flowd)),
                             ["unknown"] * 3)
            for number in (0, 1, 2, 4):
                flowd.send(netflow9.message(
                    netflow9.V9,
                    netflow9.templates(netflow9.V9, layout),
                    netflow9.data(layout, *[(accounts.KEPT, 1)] * 9),
                    sequence=number), "127.0.0.9")
            counted = report.statistics(flowd)
            self.assertEqual(self.shares(counted, "127.0.0.9"),
                             ["80.00%"] * 3)
            self.assertEqual(
                len(counted.lines("127.0.0.9", "versions v9 4")), 1)


class Units(unittest.TestCase):
    """Sequence numbers that count something else; flowdctl shows what."""

    def sent(self, *datagrams):
        """Returns the exporter and the unit that flowdctl shows, and the
        findings, after datagrams from one port."""
        with Flowd("store ALL", CONTROL) as flowd, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((AGENT, 0))
            feed = Feed(flowd)
            for i, datagram in enumerate(datagrams):
                sock.sendto(datagram, (flowd.addresses[0], flowd.port))
                if i % 16 == 15:
                    feed.drain()
            feed.drain()
            answer = ctlclient.show_json(flowd, "show", "exporter", AGENT)
            unit, = answer["sequences"]
            self.assertFalse(unit["pending"])
            self.assertEqual(unit["port"], sock.getsockname()[1])
            self.assertIn(
                f"sequence numbers of version {unit['version']} domain "
                f"{unit['domain']} source port {unit['port']}: count "
                f"{unit['unit']}\n",
                ctlclient.show(flowd, "show", "exporter", AGENT))
            found = ctlclient.flowdctl(flowd, "check", AGENT).stdout
            return answer["exporters"][0], unit["unit"], found

    def check_complete(self, unit, *datagrams):
        exporter, found, findings = self.sent(*datagrams)
        self.assertEqual(found, unit)
        self.assertEqual((exporter["sequence_lost"],
                          exporter["sequence_lost_datagrams"],
                          exporter["start_complete"]), (0, 0, 1))
        self.assertNotIn("incomplete", findings)

    def made(self, version, number_of):
        """Returns datagrams of 1 to 7 flows; number_of makes the number of
        one from the flows before it, its own, and the datagrams before it."""
        flows = 0
        yield netflow9.message(
            version, netflow9.templates(version, accounts.LAYOUT),
            sequence=number_of(0, 0, 0))
        for i in range(1, 60):
            count = 1 + i * i % 7
            yield netflow9.message(
                version, netflow9.data(
                    accounts.LAYOUT, *[(accounts.KEPT, 1)] * count),
                sequence=number_of(flows, count, i))
            flows += count

    UNITS = {"flows": lambda flows, own, datagrams: flows,
             "flows-with-own": lambda flows, own, datagrams: flows + own,
             "datagrams": lambda flows, own, datagrams: datagrams}

    def test_what_they_count(self):
        for version, units in (
                (netflow9.V9, {"flows": "flows", "datagrams": "datagrams",
                               "flows-with-own": "flows-with-own"}),
                (netflow9.IPFIX, {"flows": "records",
                                  "datagrams": "datagrams",
                                  "flows-with-own": "records-with-own"})):
            for kind, unit in units.items():
                with self.subTest(version=version, kind=kind):
                    datagrams = list(self.made(version, self.UNITS[kind]))
                    self.check_complete(unit, *datagrams)
                    lost = datagrams[20:25]
                    del datagrams[20:25]
                    exporter, found, _ = self.sent(*datagrams)
                    self.assertEqual(found, unit)
                    self.assertEqual(
                        exporter["sequence_lost_datagrams" if
                                 unit == "datagrams" else "sequence_lost"],
                        len(lost) if unit == "datagrams" else
                        sum(1 + i * i % 7 for i in range(20, 25)))

    @unittest.skipIf(need("softflowd"), "softflowd is not installed")
    def test_softflowd(self):
        """Its IPFIX numbers include the flows of their own message, but not
        the options data."""
        for version, unit in ((5, "flows"), (9, "datagrams"),
                              (10, "flows-with-own")):
            with self.subTest(version=version):
                self.check_complete(unit, *traffic.exported(version))

    @unittest.skipIf(tap.DATA is None, "FLOWD_TEST_DATA is not set")
    def test_reported(self):
        self.check_complete("flows", *recorded.report(
            "f6-v9-sequence-counts-flows"))
        self.check_complete("records-with-own", *recorded.report(
            "f7-ipfix-sequence-after"))


ASKS_KERNEL = unittest.skipUnless(
    sys.platform == "linux", "only Linux reports drops on request")


class Kernel(unittest.TestCase):
    """A receive buffer that is too small for the traffic."""

    SENT = 2000
    sock = None

    def start(self, bufsize=4096):
        self.bufsize = bufsize
        self.flowd = Flowd("store ALL", CONTROL, self.listen(), listen=())
        self.addCleanup(self.flowd._discard)
        self.flowd.start()

    def listen(self):
        """Returns a statement for another port than before."""
        self.port = free_port()
        return f"listen on 127.0.0.1:{self.port} bufsize {self.bufsize}"

    def send(self, numbers):
        """Sends from one port, as an exporter does."""
        if self.sock is None:
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(self.sock.close)
        for number in numbers:
            self.sock.sendto(netflow.datagram(
                5, netflow.flows(2), flow_sequence=2 * number),
                ("127.0.0.1", self.port))

    def flood(self):
        with self.flowd.paused():
            self.send(range(self.SENT))

    def test_drops_and_gaps_agree(self):
        self.start()
        self.flood()
        wait_for(lambda: len(self.flowd.flows()) > 0, "flowd receives")
        # A gap at the end shows only with the next datagram.
        self.send([self.SENT])
        counted = wait_for(self.complete, "flowd receives the last datagram")
        n, drops = counted.all, counted.whole["kernel-drops"]
        counted.check(self)
        self.assertGreater(drops, self.SENT // 2)
        self.assertEqual(n["datagrams"] + drops, self.SENT + 1)
        self.assertEqual(n["sequence-lost"], 2 * drops)
        self.assertEqual(n["flows"], n["stored"])
        self.assertEqual(len(self.flowd.flows()), n["stored"])
        self.flowd.stop()

    @ASKS_KERNEL
    def test_drops_without_a_later_datagram(self):
        self.start()
        self.flood()
        wait_for(lambda: self.shown() == self.SENT, "flowdctl counts the drops")
        counted = report.statistics(self.flowd)
        self.assertGreater(counted.whole["kernel-drops"], self.SENT // 2)
        self.assertEqual(self.known(counted), self.SENT)
        # Drops of a socket that is closed.
        self.flood()
        self.flowd.reload("store ALL", self.listen())
        self.assertEqual(self.known(report.statistics(self.flowd)),
                         2 * self.SENT)
        # Drops just before flowd ends.
        self.flood()
        self.flowd.stop()
        self.assertEqual(self.known(report.latest(self.flowd)), 3 * self.SENT)

    @ASKS_KERNEL
    def test_queued_datagrams_carry_an_older_count(self):
        """More datagrams are queued than flowd receives before it asks the
        socket."""
        self.start(1 << 20)
        self.SENT = 6000
        self.flood()
        self.wait_known(self.SENT)
        request = ctlclient.request(ctlclient.SUMMARY)
        with ctlclient.connect(self.flowd.dir / "ctl") as sock:
            sock.sendall(request[:-1])
            with self.flowd.paused():
                self.send(range(self.SENT))
                sock.sendall(request[-1:])
            ctlclient.rest_of(sock)
        self.wait_known(2 * self.SENT)

    def wait_known(self, count):
        wait_for(lambda: self.known(report.statistics(self.flowd)) == count,
                 f"flowd has counted {count} datagrams")

    def known(self, counted):
        return counted.all["datagrams"] + counted.whole["kernel-drops"]

    def shown(self):
        """Returns the same sum from flowdctl."""
        n = ctlclient.show_json(self.flowd, "show", "summary")["summary"]
        return n["datagrams"] + n["kernel_drops"]

    def complete(self):
        """Returns the report once the last number has been received."""
        counted = report.statistics(self.flowd)
        n = counted.all
        return (counted if n["flows"] + n["sequence-lost"] ==
                2 * (self.SENT + 1) else None)


@unittest.skipIf(need("prlimit"), "prlimit is not installed")
@unittest.skipUnless(has_loopback_net(), "127.0.0.0/8 is not local")
class NoRoom(unittest.TestCase):
    """A log that cannot be written: flows are buffered, and counted as their
    exporter's."""

    LIMIT = 100 * 1024
    EXPORTERS = [f"127.0.1.{i}" for i in range(1, 6)]
    ROUNDS = 60			# of 30 flows of each exporter: 1 MiB
    FEW = 8
    RECORD = 116		# bytes of a flow with all fields

    def fill(self, flowd, rounds):
        """Sends in turn, so that flows of every exporter fit."""
        payload = netflow.datagram(5, netflow.flows(30))
        for _ in range(rounds):
            for address in self.EXPORTERS:
                flowd.send(payload, address)

    def wait_complete(self, flowd, rounds):
        """Returns the report after rounds rounds, all of them received."""
        def complete():
            counted = report.statistics(flowd)
            due = rounds * 30 * len(self.EXPORTERS)
            dropped = counted.whole["kernel-drops"]
            return (counted if counted.all["flows"] + 30 * dropped >= due
                    else None)

        # The file size limit applies to standard error too: few reports.
        return wait_for(complete, "flowd has received everything", pause=0.5)

    def check_log(self, flowd, counted):
        stored = agents(flowd.log)
        self.assertGreater(sum(stored.values()), 0)
        for address in self.EXPORTERS:
            self.assertEqual(counted[address]["stored"], stored[address])

    def start(self, *statements):
        flowd = Flowd("store ALL", "limit buffer 1M", *statements,
                      prefix=("prlimit", f"--fsize={self.LIMIT}"))
        self.addCleanup(flowd._discard)
        flowd.start()
        return flowd

    def test_buffered_flows_are_lost_at_the_end(self):
        flowd = self.start()
        self.fill(flowd, self.ROUNDS)
        counted = self.wait_complete(flowd, self.ROUNDS)
        counted.check(self)
        for address in self.EXPORTERS:
            n = counted[address]
            self.assertGreater(n["buffered"], 0)
            self.assertGreater(n["stored"], 0)
        self.check_log(flowd, counted)
        self.fill(flowd, self.ROUNDS)
        counted = self.wait_complete(flowd, 2 * self.ROUNDS)
        counted.check(self)
        self.assertGreater(counted.all["lost"], 0)
        flowd.process.terminate()
        self.assertEqual(flowd.process.wait(60), 1)
        final = report.latest(flowd)
        final.check(self)
        self.assertEqual(final.all["buffered"], 0)
        self.assertEqual(final.all["flows"], counted.all["flows"])
        self.assertGreater(final.all["lost"], counted.all["lost"])
        self.check_log(flowd, final)

    def test_buffered_flows_are_lost_with_their_log(self):
        flowd = self.start()
        self.fill(flowd, self.ROUNDS)
        before = self.wait_complete(flowd, self.ROUNDS)
        self.assertGreater(before.all["buffered"], 0)
        flowd.with_log = False
        flowd.reload("store ALL", 'logfile "@DIR@/other.log"')
        after = report.statistics(flowd)
        after.check(self)
        for address in self.EXPORTERS:
            self.assertEqual(after[address]["buffered"], 0)
            self.assertEqual(
                after[address]["lost"],
                before[address]["lost"] + before[address]["buffered"])
        self.assertEqual(after.whole["log-lost"], before.all["buffered"])
        self.check_log(flowd, after)
        flowd.stop()

    def test_buffered_flows_are_stored_when_there_is_room(self):
        flowd = self.start()
        self.fill(flowd, self.FEW)
        before = self.wait_complete(flowd, self.FEW)
        self.assertGreater(before.all["buffered"], 0)
        self.assertEqual(before.all["lost"], 0)
        # The rest of a record is cut off before the log is emptied.
        wait_for(lambda: flowd.log.stat().st_size % self.RECORD == 0,
                 "the log ends with a whole record")
        os.truncate(flowd.log, 0)
        flowd.wait_stderr("can be written again; 0 flows were lost")
        after = report.statistics(flowd)
        after.check(self)
        self.assertEqual(after.all["stored"], after.all["flows"])
        flowd.stop()
        self.assertEqual(sum(agents(flowd.log).values()),
                         before.all["buffered"])


class LogSocket(unittest.TestCase):
    """A log socket without a log file; its reader does not read, then
    closes."""

    ROUNDS = 200

    def test_flows_buffered_for_the_reader(self):
        flowd = Flowd("store ALL", 'logsock "@DIR@/sock"', log=False)
        self.addCleanup(flowd._discard)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
            path = flowd.dir / "sock"
            reader.bind(str(path))
            os.chmod(path, 0o666)
            flowd.start()
            for _ in range(self.ROUNDS):
                flowd.send(netflow.datagram(5, netflow.flows(30)))
            counted = wait_for(lambda: self.complete(flowd),
                               "flowd has received everything")
            self.assertGreater(counted.all["stored"], 0)
            self.assertGreater(counted.all["buffered"], 0)
        flowd.stop()
        final = report.latest(flowd)
        final.check(self)
        self.assertEqual(final.all["buffered"], 0)
        self.assertEqual(final.all["stored"], final.whole["logsock-sent"])
        self.assertEqual(final.all["lost"], final.whole["logsock-lost"])
        self.assertGreaterEqual(final.all["lost"], counted.all["lost"] +
                                counted.all["buffered"])

    def complete(self, flowd):
        counted = report.statistics(flowd)
        counted.check(self)
        received = counted.all["datagrams"] + counted.whole["kernel-drops"]
        return counted if received == self.ROUNDS else None


class Limits(unittest.TestCase):
    """Evictions are counted."""

    def test_templates_and_exporters(self):
        with Flowd("store ALL", "limit templates 4",
                   "limit exporters 2", "flow source 127.0.0.0/8",
                   "flow source 127.0.0.5") as flowd:
            for number in range(300, 310):
                layout = netflow9.Template(number, ("octetDeltaCount", 4))
                flowd.send(netflow9.message(
                    netflow9.IPFIX,
                    netflow9.templates(netflow9.IPFIX, layout)))
            counted = report.statistics(flowd)
            self.assertEqual(counted.all["templates"], 10)
            self.assertEqual(counted.all["templates-evicted"], 6)
            for source in ("127.0.0.2", "127.0.0.5"):
                flowd.send(netflow.datagram(5, netflow.flows(1)), source)
            counted = report.statistics(flowd)
            self.assertEqual(counted.whole["exporters-evicted"], 1)
            self.assertEqual(counted.all["datagrams"], 12)
            self.assertEqual(counted.all["templates-evicted"], 6)


class Manual(unittest.TestCase):
    """The names of counters are an interface: none is removed, and the manual
    explains each."""

    EACH = """datagrams decoded invalid unsupported unauthorised held
        no-template flows stored discarded lost buffered records-refused
        options templates templates-refused templates-evicted withdrawals
        sets-reserved sequence-lost sequence-lost-datagrams sequence-late
        restarts""".split()
    WHOLE = """kernel-drops skipped exporters-evicted log-bytes log-errors
        log-lost logsock-sent logsock-lost forwarded forward-lost
        forward-looped""".split()

    def test_every_counter_is_in_the_manual(self):
        page = tap.source("flowd.8").read_text()
        section = page[page.index(".Ss Statistics"):]
        section = section[:section.index("\n.Ss ", 1)]
        items = re.findall(r"^\.It Cm (.*)$", section, re.MULTILINE)
        with Flowd("store ALL") as flowd:
            flowd.send(netflow.datagram(5, netflow.flows(1)))
            counted = report.statistics(flowd)
        for name in (*counted.all, *counted.whole, "complete", "clock",
                     "versions"):
            self.assertIn(name, items)

    def test_no_name_is_removed(self):
        with Flowd("store ALL") as flowd:
            counted = report.statistics(flowd)
        self.assertLessEqual(set(self.EACH), set(counted.all))
        self.assertLessEqual(set(self.WHOLE), set(counted.whole))


if __name__ == "__main__":
    tap.main()
