#!/usr/bin/env python3
"""SIGHUP applies a new flowd.conf between two datagrams, completely or not at
all, and loses no flow."""

import os
import pathlib
import re
import signal
import socket
import struct
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import flowlog
import netflow
import netflow9
import tap
from flowdtest import (PATIENCE, Flowd, endpoint, free_port, has_ipv6,
                       is_sanitized, wait_for)
from report import statistics
from wire import has_loopback_net

RATE = 20000			# datagrams a second
BATCH = 20			# datagrams between two reads of the clock
IN_FORCE = "new configuration in force"
REFUSED = "the old configuration stays in force"
SEQUENCE_AT, SRC_AT = 16, 24	# octets into a v5 datagram


def queues(port):
    """Returns the UDP sockets bound to a port: their inodes, and how many
    bytes each has queued."""
    found = {}
    for name in ("udp", "udp6"):
        path = pathlib.Path("/proc/net") / name
        rows = path.read_text().splitlines()[1:] if path.exists() else []
        for fields in (row.split() for row in rows):
            if int(fields[1].rpartition(":")[2], 16) == port:
                found[int(fields[9])] = int(fields[4].partition(":")[2], 16)
    return found


def sockets(port):
    """Returns just the inodes."""
    return sorted(queues(port))


def descriptors(flowd):
    """Returns the number of descriptors of monitor and collector.  Only root
    sees those of a process that dropped root."""
    if os.geteuid() != 0:
        return []
    return [len(os.listdir(f"/proc/{pid}/fd"))
            for pid in (flowd.pid(), flowd.collector())]


def resident(pid):
    """Returns the resident memory of a process in KiB."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s*(\d+) kB", text, re.MULTILINE)[1])


class Load:
    """Sends datagrams of one flow each, numbered by the source address from
    10.0.0.0 on.  No more are outstanding than a listener can queue.

    The flowd must store SRC_ADDR, alone or with the other fields of a record
    of record_len bytes."""

    def __init__(self, flowd, record_len=flowlog.HEADER_LEN + 4):
        self.flowd = flowd
        self.record_len = record_len
        self.sent = 0
        self.began = time.monotonic()
        self._datagram = bytearray(netflow.datagram(5, netflow.flows(1)))
        # Includes the kernel's overhead for each datagram.
        self.window = min(flowd.receive_buffer() // 2048, 10000)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def close(self):
        self._socket.close()

    def stored(self):
        """Returns how many records the log has, by its size."""
        return self.flowd.log.stat().st_size // self.record_len

    def send(self, count):
        """Sends count more, at RATE."""
        end = self.sent + count
        while self.sent < end:
            wait_for(lambda: self.sent - self.stored() < self.window,
                     "flows are stored")
            for _ in range(min(BATCH, end - self.sent)):
                self._send_one()
            ahead = (self.began + self.sent / RATE) - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
            elif ahead < -0.1:
                self.began -= ahead	# lost time is not made up

    def _send_one(self):
        struct.pack_into("!I", self._datagram, SEQUENCE_AT, self.sent)
        struct.pack_into("!I", self._datagram, SRC_AT, 10 << 24 | self.sent)
        self._socket.sendto(self._datagram, ("127.0.0.1", self.flowd.port))
        self.sent += 1

    def reload(self, at_least=0):
        """Sends SIGHUP, and at_least datagrams, until flowd has reloaded."""
        before, sent = self._reloads(), self.sent
        deadline = time.monotonic() + PATIENCE
        self.flowd.signal(signal.SIGHUP)
        while self._reloads() == before or self.sent - sent < at_least:
            if time.monotonic() > deadline:
                raise AssertionError("flowd did not reload")
            self.send(BATCH)

    def _reloads(self):
        return sum(IN_FORCE in line or REFUSED in line
                   for line in self.flowd.stderr_lines())

    def check(self, test, in_order=True):
        """Asserts that every flow is in the log once.  Returns them by
        number."""
        wait_for(lambda: self.stored() >= self.sent, "all flows are stored")
        flows = self.flowd.flows()
        numbers = [struct.unpack("!I", socket.inet_aton(f["src"]))[0] -
                   (10 << 24) for f in flows]
        if not in_order:
            numbers.sort()
        test.assertTrue(numbers == list(range(self.sent)), lost(numbers,
                                                               self.sent))
        return flows


def lost(numbers, sent):
    """Summarises the missing and repeated numbers."""
    known = set(numbers)
    return (f"{sent - len(known)} of {sent} are missing, "
            f"{len(numbers) - len(known)} are stored twice")


class Same(unittest.TestCase):
    """Reloads the same configuration, or rules that change nothing."""

    TEMPLATE = netflow9.Template(300, ("sourceIPv4Address", 4))

    def data(self, number):
        return netflow9.message(netflow9.V9, netflow9.data(
            self.TEMPLATE, (f"192.0.2.{number}",)), sequence=number)

    def test_50_times_under_load(self):
        statements = ["store SRC_ADDR", "flow source 127.0.0.0/8"]
        with Flowd(*statements) as flowd:
            load = Load(flowd)
            self.addCleanup(load.close)
            before = sockets(flowd.port)
            self.assertEqual(len(before), 1)
            for i in range(50):
                flowd.write_conf(*statements, f"accept tag {i + 1} all")
                load.reload(at_least=2000)
            seconds = time.monotonic() - load.began
            load.check(self)
            self.assertEqual(sockets(flowd.port), before)
            said = "\n".join(flowd.stderr_lines())
            self.assertEqual(said.count(IN_FORCE), 50)
            self.assertEqual(said.count("listening on"), 1, said)
            report = statistics(flowd)
            for n in (report.all, report["127.0.0.1"]):
                self.assertEqual(
                    [n[key] for key in ("datagrams", "decoded", "flows",
                                        "stored", "sequence-lost",
                                        "sequence-late")],
                    [load.sent] * 4 + [0, 0])
            print(f"# {load.sent} datagrams, {load.sent / seconds:.0f} in a "
                  "second")

    def test_templates_and_counters_are_kept(self):
        with Flowd("store SRC_ADDR") as flowd:
            flowd.send(netflow9.message(netflow9.V9, netflow9.templates(
                netflow9.V9, self.TEMPLATE)))
            for i in range(1, 6):
                flowd.reload("store SRC_ADDR", "flow source 127.0.0.1",
                             f"accept tag {i} all")
                flowd.send(self.data(i))
                self.assertEqual(flowd.wait_flows(i)[-1],
                                 {"src": f"192.0.2.{i}"})
                report = statistics(flowd)
                self.assertEqual(report["127.0.0.1"]["stored"], i)
                self.assertEqual(report["127.0.0.1"]["templates"], 1)
                report.check(self)

    def test_nothing_leaks(self):
        warm, times = (10, 40) if is_sanitized() else (20, 200)
        with Flowd("store SRC_ADDR") as flowd:
            conf = ["store SRC_ADDR", "join group 239.192.0.1",
                    "forward to 127.0.0.1:9",
                    'statefile "@DIR@/state"', 'logsock "@DIR@/none"',
                    'logfile "@DIR@/more" tag 7', "limit exporters 100",
                    "table <t> { 192.0.2.0/24, 2001:db8::/32 }",
                    "flow source { 127.0.0.1, <t> }",
                    *(f"accept tag {i} src 10.{i}.0.0/16"
                      for i in range(200))]
            for _ in range(warm):
                flowd.reload(*conf)
            pids = [flowd.pid(), flowd.collector()]
            fds, memory = descriptors(flowd), [resident(p) for p in pids]
            for i in range(times):
                # Every statement is removed and added in turn.
                flowd.reload(*(conf if i % 2 else ["store SRC_ADDR"]))
            # A state file may have been open at that moment.
            wait_for(lambda: all(
                now <= before for now, before in zip(descriptors(flowd),
                                                     fds)),
                "no descriptors are leaked")
            if not is_sanitized():
                for pid, before in zip(pids, memory):
                    self.assertLess(resident(pid) - before, 2048)


class Refused(unittest.TestCase):
    """A configuration that cannot be applied completely changes nothing."""

    def bad(self, flowd, taken):
        """Returns statements and the message about each."""
        conf = re.escape(str(flowd.conf))
        return {
            "syntax": (["accept tag 1 sources 10.0.0.0/8"], conf + r":10: "),
            "value": (["accept src 10.0.0.1/8"], conf + r":10: src"),
            # Messages abbreviate long names.
            "include": (['include "@DIR@/none.conf"'],
                        conf + r':10: include "'),
            "table": (['table <t> file "@DIR@/none.txt"',
                       "accept src <t>"], conf + r':10: file "'),
            "listen interface": (["listen on 127.0.0.1:1 interface nosuch"],
                                 "nosuch"),
            "join interface": (["join group 239.192.0.1 on nosuch"],
                               "nosuch"),
            "port in use": ([f"listen on 127.0.0.1:{taken}"],
                            f"127.0.0.1:{taken}: .*in use"),
            "address": (["listen on 192.0.2.1:2055"], "192.0.2.1:2055: "),
            "log": (['logfile "@DIR@/none/log" tag 2'], "none/log: "),
            "log that is a directory": (['logfile "@DIR@" tag 2'],
                                        f"{re.escape(str(flowd.dir))}: "),
            "state file": (["statefile \"@DIR@/none/state\""],
                           "none/state"),
        }

    def test_nothing_changes(self):
        with Flowd("store SRC_ADDR") as flowd, socket.socket(
                socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            load = Load(flowd)
            self.addCleanup(load.close)
            load.reload()
            fds, files = descriptors(flowd), os.listdir(flowd.dir)
            bound = sockets(flowd.port)
            new = free_port()
            cases = self.bad(flowd, other.getsockname()[1])
            for name, (statements, message) in cases.items():
                with self.subTest(name):
                    flowd.write_conf(
                        "store SRC_ADDR", "store TAG",
                        f"listen on 127.0.0.1:{new}",
                        'logfile "@DIR@/made" tag 1', "discard all",
                        "flow source 192.0.2.1", *statements)
                    before = len(flowd.stderr_lines())
                    load.reload(at_least=100)
                    said = flowd.stderr_lines()[before:]
                    self.assertTrue([l for l in said
                                     if re.search(message, l)], said)
                    self.assertTrue([l for l in said if REFUSED in l], said)
                    self.assertEqual(os.listdir(flowd.dir), files)
                    self.assertEqual(sockets(new), [])
            for _ in range(10):		# repeats the last one
                load.reload()
            # The first log may still have been open.
            wait_for(lambda: all(
                now <= before for now, before in zip(descriptors(flowd),
                                                     fds)),
                "no descriptors are leaked")
            self.assertEqual(sockets(flowd.port), bound)
            load.check(self)
            # These statements are applied if nothing else is wrong.
            flowd.reload("store SRC_ADDR", "discard all",
                         f"listen on 127.0.0.1:{new}")
            self.assertEqual(len(sockets(new)), 1)

    def test_missing_file(self):
        with Flowd("store SRC_ADDR") as flowd:
            flowd.conf.unlink()
            flowd.expect(REFUSED, signal.SIGHUP)
            flowd.wait_stderr(f"{flowd.conf}: ")
            flowd.send(netflow.datagram(5, netflow.flows(1)))
            flowd.wait_flows(1)

    def test_existing_log_is_not_removed(self):
        """Only a file that the failed reload created is removed."""
        with Flowd("store SRC_ADDR") as flowd:
            there = flowd.dir / "there"
            there.write_bytes(b"")
            flowd.write_conf("store SRC_ADDR", 'logfile "@DIR@/there" tag 1',
                             'logfile "@DIR@/none/log" tag 2')
            flowd.expect(REFUSED, signal.SIGHUP)
            self.assertTrue(there.exists())


class Stuck(unittest.TestCase):
    def test_collector_that_does_not_read_its_configuration(self):
        """After some seconds the monitor replaces it by one with the new
        configuration."""
        with Flowd("store SRC_ADDR") as flowd:
            with flowd.paused():
                # The configuration exceeds the socket's buffer.
                flowd.write_conf("store SRC_ADDR", *(
                    f"accept tag {i} src 10.{i >> 8}.{i & 255}.0/24"
                    for i in range(20000)), "discard src 10.0.0.1")
                flowd.signal(signal.SIGHUP)
                flowd.wait_stderr("starting a new collector")
            flowd.send(netflow.datagram(5, netflow.flows(3)))
            self.assertEqual([f["src"] for f in flowd.wait_flows(2)],
                             ["10.0.0.0", "10.0.0.2"])


class Listeners(unittest.TestCase):
    def send_to(self, port, flows, address="127.0.0.1"):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            for flow in flows:
                sock.sendto(netflow.datagram(5, [flow]), (address, port))

    def sources(self, flowd, count):
        return [f["src"] for f in flowd.wait_flows(count)]

    def test_datagrams_of_a_closed_listener_are_stored(self):
        with Flowd("store SRC_ADDR") as flowd:
            load = Load(flowd)
            self.addCleanup(load.close)
            old = flowd.port
            with flowd.paused():
                # More than are received from one listener at once, if
                # possible.
                load.send(min(8000, load.window))
                flowd.ports[0] = free_port()
                flowd.write_conf("store SRC_ADDR")
                flowd.expect("no longer listening on", signal.SIGHUP)
            load.check(self)
            wait_for(lambda: sockets(old) == [], "the old socket is closed")
            self.assertEqual(len(sockets(flowd.port)), 1)

    def move_listener(self, first, second, target):
        """Moves a listener between two addresses that overlap."""
        flows = netflow.flows(100)
        with Flowd("store SRC_ADDR", listen=(first,)) as flowd:
            before = sockets(flowd.port)
            with flowd.paused():
                self.send_to(flowd.port, flows[:50], target)
                flowd.addresses = (second,)
                flowd.write_conf("store SRC_ADDR")
                flowd.expect("no longer listening on", signal.SIGHUP)
                # The collector still has the old socket open, but new
                # datagrams are queued in the new one.
                waiting = queues(flowd.port)
                self.assertEqual(sorted(map(bool, waiting.values())),
                                 [False, True])
                self.assertTrue(waiting[before[0]])
                self.send_to(flowd.port, flows[50:], target)
                self.assertTrue(all(queues(flowd.port).values()))
            self.assertEqual(self.sources(flowd, 100),
                             [f["src"] for f in flows])
            wait_for(lambda: len(sockets(flowd.port)) == 1,
                     "the old socket is closed")
            self.assertNotEqual(sockets(flowd.port), before)

    def test_one_address_becomes_any(self):
        self.move_listener("127.0.0.1", "0.0.0.0", "127.0.0.1")

    def test_any_address_becomes_one(self):
        self.move_listener("0.0.0.0", "127.0.0.1", "127.0.0.1")

    @unittest.skipUnless(has_ipv6(), "IPv6 is not available")
    def test_ipv6(self):
        self.move_listener("::1", "::", "::1")
        self.move_listener("::", "::1", "::1")

    def test_no_other_program_may_bind(self):
        """Moving a listener does not let other programs bind the address."""
        with Flowd("store SRC_ADDR") as flowd:
            flowd.addresses = ("0.0.0.0",)
            flowd.reload("store SRC_ADDR")
            flowd.write_conf("listen on 192.0.2.1:@PORT@")
            flowd.expect(REFUSED, signal.SIGHUP)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                with self.assertRaises(OSError):
                    sock.bind(("127.0.0.1", flowd.port))

    def test_alternating_addresses_under_load(self):
        with Flowd("store SRC_ADDR") as flowd:
            load = Load(flowd)
            self.addCleanup(load.close)
            for i in range(10):
                flowd.addresses = ("127.0.0.1" if i % 2 else "0.0.0.0",)
                flowd.write_conf("store SRC_ADDR")
                load.reload(at_least=500)
            load.check(self, in_order=False)

    def test_bufsize(self):
        """A queue of 16 KiB has no room for as many datagrams as one of 200
        KiB."""
        flows = netflow.flows(150)

        def stored():
            before = len(flowd.flows())
            with flowd.paused():
                self.send_to(flowd.port, flows)
            # Once this datagram is stored, those before it are too.
            wait_for(lambda: self.send_to(flowd.port, flows[:1]) or
                     len(flowd.flows()) > before, "flows are stored")
            statistics(flowd)
            return len(flowd.flows()) - before

        with Flowd(log=True) as flowd:
            listen = f"listen on {endpoint('127.0.0.1', flowd.port)}"
            flowd.addresses = ()
            before = sockets(flowd.port)
            flowd.reload(f"{listen} bufsize 16384", "store SRC_ADDR")
            wait_for(lambda: flowd.receive_buffer() <= 32768,
                     "the receive buffer is small")
            self.assertLess(stored(), 100)
            flowd.reload(f"{listen} bufsize 204800", "store SRC_ADDR")
            wait_for(lambda: flowd.receive_buffer() >= 204800,
                     "the receive buffer is large")
            self.assertGreaterEqual(stored(), 150)
            self.assertEqual(sockets(flowd.port), before)


class Changes(unittest.TestCase):
    """Each statement takes effect between two datagrams."""

    RECORD = flowlog.HEADER_LEN + 8		# TAG and SRC_ADDR

    def test_rules_under_load(self):
        """Each flow has one of two tags, and the reloads alternate them."""
        store = ["store SRC_ADDR", "store TAG"]
        with Flowd(*store, "accept tag 2 all") as flowd:
            load = Load(flowd, self.RECORD)
            self.addCleanup(load.close)
            for i in range(20):
                flowd.write_conf(*store, f"accept tag {i % 2 + 1} all")
                load.reload(at_least=200)
                load.send(200)
            tags = [f["tag"] for f in load.check(self)]
        self.assertEqual(set(tags), {1, 2})
        changes = sum(a != b for a, b in zip(tags, tags[1:]))
        self.assertIn(changes, (19, 20))

    def test_tables(self):
        flows = netflow.flows(2)
        with Flowd("store SRC_ADDR") as flowd:
            flowd.dir.chmod(0o755)
            table = flowd.dir / "table"
            conf = ["store SRC_ADDR", 'table <t> file "@DIR@/table"',
                    "discard all", "accept src <t>"]
            for i, flow in enumerate(flows):
                table.write_text(flow["src"] + "\n")
                flowd.reload(*conf)
                flowd.send(netflow.datagram(5, flows))
                self.assertEqual(flowd.wait_flows(i + 1)[-1],
                                 {"src": flow["src"]})

    @unittest.skipUnless(has_loopback_net(), "127.0.0.0/8 is not local")
    def test_sources(self):
        datagram = netflow.datagram(5, netflow.flows(1))
        agents = [f"127.0.0.{i}" for i in range(2, 6)]
        with Flowd("store AGENT_ADDR") as flowd:
            for i, allowed in enumerate(agents):
                flowd.reload("store AGENT_ADDR", f"flow source {allowed}")
                for agent in agents:
                    flowd.send(datagram, agent)
                wait_for(lambda: statistics(flowd).all["datagrams"] ==
                         (i + 1) * len(agents), "all are counted")
                self.assertEqual(flowd.wait_flows(i + 1)[-1],
                                 {"agent": allowed})
            self.assertEqual(statistics(flowd).all["unauthorised"],
                             len(agents) * (len(agents) - 1))

    def test_store(self):
        flow = netflow.flows(1)[0]
        datagram = netflow.datagram(5, [flow])
        with Flowd("store SRC_ADDR") as flowd:
            for i, (field, key) in enumerate((
                    ("SRC_ADDR", "src"), ("DST_ADDR", "dst"),
                    ("OCTETS", "octets"))):
                flowd.reload(f"store {field}")
                flowd.send(datagram)
                self.assertEqual(flowd.wait_flows(i + 1)[-1],
                                 {key: flow[key]})

    def receiver(self, family=socket.AF_INET, address=("127.0.0.1", 0)):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.settimeout(PATIENCE)
        sock.bind(address)
        return sock

    def check_receivers(self, flowd, targets):
        """Asserts that each (statement, receiver) receives its flows."""
        for i, (statement, _) in enumerate(targets):
            flowd.reload("store SRC_ADDR", statement)
            flowd.send(netflow.datagram(5, netflow.flows(5)[i:i + 1]))
            flowd.wait_flows(i + 1)
        flowd.reload("store SRC_ADDR")
        flowd.send(netflow.datagram(5, netflow.flows(1)))
        flowd.wait_flows(len(targets) + 1)
        for i, (_, sock) in enumerate(targets):
            self.assertIn(socket.inet_aton(f"10.0.0.{i}"), sock.recv(65535))
            sock.setblocking(False)
            with self.assertRaises(BlockingIOError):
                sock.recv(65535)

    def test_forwards(self):
        targets = [self.receiver() for _ in range(3)]
        with Flowd("store SRC_ADDR") as flowd:
            self.check_receivers(flowd, [
                (f"forward to 127.0.0.1:{sock.getsockname()[1]}", sock)
                for sock in targets])

    def test_logsock(self):
        with Flowd("store SRC_ADDR") as flowd:
            self.check_receivers(flowd, [
                (f'logsock "@DIR@/{name}"',
                 self.receiver(socket.AF_UNIX, str(flowd.dir / name)))
                for name in "abc"])

    def test_statefile(self):
        with Flowd("store SRC_ADDR") as flowd:
            for name in "ab":
                flowd.reload("store SRC_ADDR", f'statefile "@DIR@/{name}"')
                # The file is written although nothing has changed.
                wait_for((flowd.dir / name).exists, "the state file exists")
            (flowd.dir / "b").unlink()
            flowd.reload("store SRC_ADDR")
            flowd.stop()
            self.assertFalse((flowd.dir / "b").exists())
            self.assertEqual([f for f in os.listdir(flowd.dir)
                              if f.endswith(".new")], [])

    def test_pidfile_is_not_changed(self):
        with Flowd("store SRC_ADDR") as flowd:
            pidfile = flowd.pidfile
            flowd.pidfile = flowd.dir / "other.pid"
            flowd.write_conf("store SRC_ADDR")
            flowd.pidfile = pidfile
            flowd.expect("the pidfile changes only when flowd is restarted",
                         signal.SIGHUP)
            self.assertTrue(pidfile.exists())
            self.assertFalse((flowd.dir / "other.pid").exists())


if __name__ == "__main__":
    tap.main()
