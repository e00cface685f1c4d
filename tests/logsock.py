#!/usr/bin/env python3
"""`logsock` receives each stored record, whenever a reader exists."""

import pathlib
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import flowlog
import netflow
import tap
from flowdtest import PATIENCE, Flowd, wait_for


class Logsock(unittest.TestCase):
    """The test is the reader."""

    def reader(self, path):
        path.unlink(missing_ok=True)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.settimeout(PATIENCE)
        sock.bind(str(path))
        return sock

    def test_a_record_a_datagram_as_in_the_log(self):
        # It sends 29 records at once, more than the socket queues.
        flows = netflow.flows(30)
        flowd = Flowd("store ALL", 'logsock "@DIR@/sock"',
                      "discard src 10.0.0.7")
        sock = self.reader(flowd.dir / "sock")
        with flowd:
            flowd.send(netflow.datagram(5, flows))
            records = [sock.recv(4096) for _ in range(29)]
            flowd.wait_flows(29)
            self.assertEqual(b"".join(records), flowd.log.read_bytes())
            self.assertTrue(all(len(flowlog.decode(r)) == 1
                                for r in records))

    def test_without_logfile(self):
        flowd = Flowd("store ALL", 'logsock "@DIR@/sock"', log=False)
        sock = self.reader(flowd.dir / "sock")
        with flowd:
            flow = netflow.flows(1)[0]
            flowd.send(netflow.datagram(5, [flow]))
            self.assertEqual(netflow.without_receipt(
                flowlog.decode(sock.recv(4096))[0]), netflow.stored(5, flow))

    def test_bufsize(self):
        flowd = Flowd("store ALL", 'logsock "@DIR@/sock" bufsize 65536')
        sock = self.reader(flowd.dir / "sock")
        with flowd:
            flowd.send(netflow.datagram(5, netflow.flows(1)))
            sock.recv(4096)

    def test_reader_that_reconnects(self):
        flowd = Flowd("store ALL", 'logsock "@DIR@/sock"')
        path = flowd.dir / "sock"
        datagram = netflow.datagram(5, netflow.flows(1))
        with flowd:		# there is no reader at first
            flowd.send(datagram)
            flowd.wait_flows(1)
            first = self.reader(path)
            sent = self.send_until_read(flowd, first, 1)
            flowd.wait_stderr("a reader is there")
            first.close()
            flowd.send(datagram)
            flowd.wait_flows(sent + 1)
            sent = self.send_until_read(flowd, self.reader(path), sent + 1)
            # The log has all flows.
            flowd.wait_flows(sent)

    def send_until_read(self, flowd, sock, sent):
        """Sends until the reader receives a record; returns all sent so
        far."""
        sock.setblocking(False)

        def got_one():
            nonlocal sent
            flowd.send(netflow.datagram(5, netflow.flows(1)))
            sent += 1
            flowd.wait_flows(sent)
            try:
                return sock.recv(4096)
            except BlockingIOError:
                return None

        wait_for(got_one, "the log socket's reader receives a record")
        return sent

    def test_reader_that_does_not_read(self):
        flows = netflow.flows(1000)
        flowd = Flowd("store ALL", 'logsock "@DIR@/sock"')
        sock = self.reader(flowd.dir / "sock")
        with flowd:
            for i in range(0, len(flows), 25):
                flowd.send(netflow.datagram(5, flows[i:i + 25]))
                flowd.wait_flows(i + 25)
            # The first records are still in its queue.
            self.assertEqual(flowlog.decode(sock.recv(4096))[0]["src"],
                             flows[0]["src"])


if __name__ == "__main__":
    tap.main()
