#!/usr/bin/env python3
"""`logfile "PATH" tag N`: each flow is in the log of its tag, also while other
logs cannot be written."""

import fcntl
import os
import pathlib
import signal
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import flowlog
import netflow
import tap
from flowdtest import PATIENCE, Flowd, free_port, wait_for
from report import statistics

RECORD = 120		# bytes, of a v5 flow with store ALL and a tag
F_SETPIPE_SZ = 1031	# of Linux; fcntl has it from Python 3.10 on
SOURCES = 6		# addresses from 10.0.0.0 on, which are also the tags
RULES = ["store ALL", *(f"accept tag {i} src 10.0.0.{i}"
                        for i in range(SOURCES))]
LOGS = ['logfile "@DIR@/a" tag 2,1', 'logfile "@DIR@/b" tag 3']
REST = 'logfile "@DIR@/c"'
TAGS = {"a": (1, 2), "b": (3,), "c": (0, 4, 5)}


def numbered(count, first=0):
    """Returns flows of all sources in turn, numbered by their octets."""
    flows = netflow.flows(SOURCES)
    return [{**flows[i % SOURCES], "octets": i}
            for i in range(first, first + count)]


def send(flowd, flows):
    for i in range(0, len(flows), 30):
        flowd.send(netflow.datagram(5, flows[i:i + 30]))


def queued(flowd):
    """Returns how many small datagrams the first listener can queue."""
    return flowd.receive_buffer() // 2048


class Fifo:
    """A log that the test reads when it wants."""

    def __init__(self, path, capacity=None):
        os.mkfifo(path)
        self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        if capacity is not None and sys.platform == "linux":
            fcntl.fcntl(self.fd, F_SETPIPE_SZ, capacity)
        self.data = b""

    def close(self):
        os.close(self.fd)

    def read(self):
        """Reads what is available; true if that ends with a whole record."""
        try:
            self.data += os.read(self.fd, 1 << 20)
        except BlockingIOError:
            pass
        return len(self.data) % RECORD == 0

    def wait_flows(self, count):
        """Waits until count flows were read, and returns them; more is an
        error."""
        wait_for(lambda: self.read() and len(self.data) >= count * RECORD,
                 f"{count} flows in the FIFO")
        flows = flowlog.decode(self.data)
        if len(flows) != count:
            raise AssertionError(f"{len(flows)} flows, expected {count}")
        return flows


class Tagged(unittest.TestCase):
    def start(self, *logs, more=()):
        """Returns a flowd with only these logs; the caller must start it."""
        return Flowd(*RULES, *logs, *more, log=False)

    def reload(self, flowd, *logs):
        flowd.reload(*RULES, *logs)

    def octets(self, flowd, name):
        return [f["octets"] for f in flowd.flows(flowd.dir / name)]

    def check(self, flowd, flows, names=TAGS):
        """Asserts that each log has the flows of its tags, in order."""
        for name in names:
            expected = [f["octets"] for f in flows
                        if f["octets"] % SOURCES in TAGS[name]]
            wait_for(lambda: len(self.octets(flowd, name)) >= len(expected),
                     f"{len(expected)} flows are in {name}")
            self.assertEqual(self.octets(flowd, name), expected, name)

    def reader(self, path):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.settimeout(PATIENCE)
        sock.bind(str(path))
        return sock

    def fifo(self, path, capacity=None):
        fifo = Fifo(path, capacity)
        self.addCleanup(fifo.close)
        return fifo


class Logs(Tagged):
    def test_records_are_those_of_one_log(self):
        """The log socket receives every record once, in order."""
        flows = numbered(300)
        flowd = self.start(*LOGS, REST, more=['logsock "@DIR@/sock"'])
        sock = self.reader(flowd.dir / "sock")
        with flowd:
            send(flowd, flows)
            records = [sock.recv(4096) for _ in flows]
            self.check(flowd, flows)
            for name, tags in TAGS.items():
                self.assertEqual(
                    b"".join(r for r in records
                             if flowlog.decode(r)[0]["tag"] in tags),
                    (flowd.dir / name).read_bytes())

    def test_without_a_log_for_the_rest(self):
        with self.start(*LOGS) as flowd:
            flows = numbered(60)
            send(flowd, flows)
            self.check(flowd, flows, "ab")
            total = statistics(flowd).all
        self.assertEqual(
            [total[key] for key in ("flows", "stored", "discarded", "lost")],
            [60, 30, 30, 0])

    def test_the_log_socket_receives_the_rest(self):
        flowd = self.start(*LOGS, more=['logsock "@DIR@/sock"'])
        sock = self.reader(flowd.dir / "sock")
        with flowd:
            flows = numbered(60)
            send(flowd, flows)
            self.assertEqual(
                [flowlog.decode(sock.recv(4096))[0]["octets"]
                 for _ in flows], list(range(60)))
            self.check(flowd, flows, "ab")
            total = statistics(flowd).all
        self.assertEqual([total["stored"], total["discarded"]], [60, 0])

    def test_flows_without_a_tag_are_in_the_rest(self):
        with Flowd("store OCTETS", 'logfile "@DIR@/a" tag 0',
                   "accept tag 0 src 10.0.0.1") as flowd:
            send(flowd, numbered(3))
            self.assertEqual(flowd.wait_flows(2), [{"octets": 0},
                                                   {"octets": 2}])
            self.assertEqual(self.octets(flowd, "a"), [1])


class Reopen(Tagged):
    """SIGUSR1"""

    def test_all_are_reopened(self):
        with self.start(*LOGS, REST) as flowd:
            flows = numbered(60)
            send(flowd, flows)
            self.check(flowd, flows)
            for name in TAGS:
                (flowd.dir / name).rename(flowd.dir / f"{name}.0")
            more = numbered(60, first=60)
            send(flowd, more[:30])
            flowd.expect("logs reopened", signal.SIGUSR1)
            send(flowd, more[30:])
            flowd.stop()
            for name, tags in TAGS.items():
                self.assertTrue((flowd.dir / name).exists())
                self.assertEqual(
                    self.octets(flowd, f"{name}.0") +
                    self.octets(flowd, name),
                    [i for i in range(120) if i % SOURCES in tags])

    def test_one_that_cannot_be_opened(self):
        with self.start(*LOGS, REST) as flowd:
            send(flowd, numbered(60))
            self.check(flowd, numbered(60))
            for name in "ab":
                (flowd.dir / name).rename(flowd.dir / f"{name}.0")
            (flowd.dir / "a").mkdir()
            flowd.expect("logs reopened", signal.SIGUSR1)
            flowd.wait_stderr(f"logfile {flowd.dir}/a: ")
            send(flowd, numbered(60, first=60))
            wait_for(lambda: len(self.octets(flowd, "a.0")) == 40,
                     "the old file is still written")
            wait_for(lambda: len(self.octets(flowd, "b")) == 10,
                     "the other log is reopened")
            self.assertEqual(len(self.octets(flowd, "b.0")), 10)


class Reload(Tagged):
    """SIGHUP"""

    def test_tags_move(self):
        with self.start(*LOGS, REST) as flowd:
            send(flowd, numbered(60))
            self.check(flowd, numbered(60))
            self.reload(flowd, 'logfile "@DIR@/c" tag 1',
                        'logfile "@DIR@/d" tag 0,2,3,4', 'logfile "@DIR@/a"')
            send(flowd, numbered(60, first=60))
            for name, before, tags in (("a", (1, 2), (5,)), ("b", (3,), ()),
                                       ("c", (0, 4, 5), (1,)),
                                       ("d", (), (0, 2, 3, 4))):
                expected = [i for i in range(120) if i % SOURCES in
                            (before if i < 60 else tags)]
                wait_for(lambda: self.octets(flowd, name) == expected,
                         f"{name} has the flows of its tags")

    def test_buffered_flows_go_to_the_old_log(self):
        with self.start(*LOGS, REST) as flowd:
            queue = min(8000, queued(flowd))
            flows = numbered(queue + 60)
            with flowd.paused():
                # More datagrams than are received before the order, if
                # possible.  The others are received while the listener and the
                # logs change.
                for flow in flows[:queue]:
                    flowd.send(netflow.datagram(5, [flow]))
                flowd.ports[0] = free_port()
                flowd.write_conf(*RULES, *(log.replace("@DIR@/", "@DIR@/new-")
                                           for log in (*LOGS, REST)))
                flowd.signal(signal.SIGHUP)
                wait_for((flowd.dir / "new-c").exists, "the new logs are open")
            flowd.wait_stderr("new configuration in force")
            send(flowd, flows[queue:])
            flowd.stop()
            for name, tags in TAGS.items():
                new = self.octets(flowd, f"new-{name}")
                self.assertTrue(new)
                self.assertEqual(
                    self.octets(flowd, name) + new,
                    [i for i in range(len(flows)) if i % SOURCES in tags])

    def test_no_flow_is_lost_in_between(self):
        """Each reload moves each tag to another log."""
        with self.start(*LOGS, REST) as flowd:
            for i in range(20):
                send(flowd, numbered(150, first=150 * i))
                tags = [f"tag {(i + j) % SOURCES}" for j in range(2)]
                self.reload(flowd, f'logfile "@DIR@/a" {tags[0]}',
                            f'logfile "@DIR@/b" {tags[1]}', REST)
            flowd.stop()
            stored = [self.octets(flowd, name) for name in TAGS]
        self.assertEqual(sorted(sum(stored, [])), list(range(3000)))
        for octets in stored:
            self.assertEqual(octets, sorted(octets))


class Unwritable(Tagged):
    """A log that cannot be written does not affect the others."""

    # Enough flows to fill a FIFO and flowd's buffer for it.
    FULL = SOURCES * ((1 << 20) + (1 << 16)) // RECORD

    def wait_decoded(self, flowd, count):
        wait_for(lambda: statistics(flowd).all["flows"] >= count,
                 f"{count} flows are decoded")
        return statistics(flowd).all

    def send_all(self, flowd, flows):
        """Sends no faster than flowd decodes."""
        before = statistics(flowd).all["flows"]
        for i in range(0, len(flows), 3000):
            send(flowd, flows[i:i + 3000])
            self.wait_decoded(flowd, before + min(i + 3000, len(flows)))

    def test_full_device(self):
        with self.start('logfile "/dev/full" tag 1,2', *LOGS[1:],
                        REST) as flowd:
            send(flowd, numbered(60))
            self.check(flowd, numbered(60), "bc")
            flowd.wait_stderr("cannot write to /dev/full; flows are buffered")
            # Without a log for these flows, flowd reports them as lost.
            self.reload(flowd, *LOGS, REST)
            flowd.wait_stderr("20 flows could not be written to /dev/full "
                              "and are lost")
            statistics(flowd)
            self.assertIn("log-lost 20", flowd.wait_stderr("kernel-drops"))
            send(flowd, numbered(60, first=60))
            wait_for(lambda: self.octets(flowd, "a") ==
                     [i for i in range(60, 120) if i % SOURCES in (1, 2)],
                     "flows are stored again")

    def test_full_fifo(self):
        """Log a is not read, b is read, and c is a file."""
        flowd = self.start(*LOGS, REST, more=["limit buffer 1M"])
        stuck, read = (self.fifo(flowd.dir / name) for name in "ab")
        flows = numbered(self.FULL)
        with flowd:
            done = threading.Event()
            reader = threading.Thread(target=self.keep_reading,
                                      args=(read, done))
            reader.start()
            try:
                self.send_all(flowd, flows)
                total = statistics(flowd).all
            finally:
                done.set()
                reader.join()
            self.check(flowd, flows, "c")
            self.assertEqual(
                [f["octets"] for f in read.wait_flows(len(flows) // 6)],
                [f["octets"] for f in flows if f["octets"] % SOURCES == 3])
            self.assertGreater(total["lost"], 0)
            # The flows that had room are complete, and in order.
            kept = [f["octets"] for f in
                    stuck.wait_flows(len(flows) // 3 - total["lost"])]
        self.assertEqual(kept, [f["octets"] for f in flows
                                if f["octets"] % SOURCES in (1, 2)]
                         [:len(kept)])
        self.assertEqual(total["stored"] + total["buffered"] + total["lost"],
                         len(flows))

    def keep_reading(self, fifo, done):
        while not done.is_set():
            fifo.read()
            time.sleep(0.01)

    def test_two_slow_fifos(self):
        """A slow reader does not delay the other log."""
        flowd = self.start(*LOGS, REST)
        sleepy = self.fifo(flowd.dir / "a")
        # If flowd wrote to b only once a second, b would not be written before
        # the deadline: it must write when b is read.
        slow = self.fifo(flowd.dir / "b", capacity=4096)
        with flowd:
            # 8 times a FIFO's usual capacity for b, twice as much for a.
            flows = numbered(SOURCES * 8 * (1 << 16) // RECORD)
            self.send_all(flowd, flows[:len(flows) // 2])
            self.send_all(flowd, flows[len(flows) // 2:])
            slow.wait_flows(len(flows) // SOURCES)
            sleepy.wait_flows(len(flows) // 3)

    def test_full_log_does_not_affect_the_log_socket(self):
        flowd = self.start(*LOGS, more=['logsock "@DIR@/sock"',
                                        "limit buffer 1M"])
        self.fifo(flowd.dir / "a")
        sock = self.reader(flowd.dir / "sock")
        sock.setblocking(False)
        got = []

        def read_some():
            try:
                while True:
                    got.append(flowlog.decode(sock.recv(4096))[0]["octets"])
            except BlockingIOError:
                return got

        with flowd:
            flows = [f for f in numbered(self.FULL * 2)
                     if f["octets"] % SOURCES in (1, 2)]
            flows = flows[:self.FULL // 4]
            for i in range(0, len(flows), 150):
                send(flowd, flows[i:i + 150])
                wait_for(lambda: len(read_some()) >=
                         min(i + 150, len(flows)), "the socket receives all")
            self.assertEqual(got, [f["octets"] for f in flows])
            total = statistics(flowd).all
            self.assertGreater(total["lost"], 0)
            self.assertEqual(total["stored"] + total["buffered"] + total["lost"],
                             len(flows))
            # Lets flowd end without lost flows.
            (flowd.dir / "a").unlink()
            self.reload(flowd, *LOGS)


class ReopenedFifo(Tagged):
    """A full FIFO is reopened in the middle of a record."""

    COUNT = SOURCES * 3 * (1 << 16) // RECORD // 6

    def reopened(self, number, text):
        flowd = self.start(REST)
        fifo = self.fifo(flowd.dir / "c")
        flows = numbered(self.COUNT)
        with flowd:
            send(flowd, flows)
            wait_for(lambda: statistics(flowd).all["flows"] == self.COUNT,
                     "all flows are decoded")
            flowd.expect(text, number)
            self.assertEqual(
                [f["octets"] for f in fifo.wait_flows(self.COUNT)],
                list(range(self.COUNT)))
            self.assertEqual(len(fifo.data), self.COUNT * RECORD)
            statistics(flowd)
            self.assertIn("log-lost 0", flowd.wait_stderr("kernel-drops"))

    def test_usr1(self):
        self.reopened(signal.SIGUSR1, "logs reopened")

    def test_hup(self):
        self.reopened(signal.SIGHUP, "new configuration in force")


if __name__ == "__main__":
    tap.main()
