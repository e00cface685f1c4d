#!/usr/bin/env python3
"""A FIFO as logfile."""

import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import flowlog
import netflow
import tap
from flowdtest import Flowd, wait_for

RECORD = 116		# bytes, of a v5 flow with store ALL


class Fifo(unittest.TestCase):
    """This test is the reader."""

    def make(self):
        flowd = Flowd("store ALL")
        os.mkfifo(flowd.log)
        return flowd

    def open(self, flowd):
        fifo = os.open(flowd.log, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, fifo)
        return fifo

    def read(self, fifo, count):
        """Returns the next count flows."""
        data = b""

        def is_complete():
            nonlocal data
            try:
                data += os.read(fifo, count * RECORD - len(data))
            except BlockingIOError:
                pass
            return len(data) == count * RECORD

        wait_for(is_complete, f"{count} flows in the FIFO")
        return flowlog.decode(data)

    def test_flows_reach_the_reader(self):
        flows = netflow.flows(100)
        with self.make() as flowd:	# it starts without a reader
            fifo = self.open(flowd)
            for i in range(0, 100, 25):
                flowd.send(netflow.datagram(5, flows[i:i + 25]))
            self.assertEqual([f["src"] for f in self.read(fifo, 100)],
                             [f["src"] for f in flows])

    def test_reader_that_reopens_the_fifo(self):
        flows = netflow.flows(3)
        with self.make() as flowd:
            first = os.open(flowd.log, os.O_RDONLY | os.O_NONBLOCK)
            flowd.send(netflow.datagram(5, flows[:1]))
            self.read(first, 1)
            os.close(first)
            flowd.send(netflow.datagram(5, flows[1:2]))
            fifo = self.open(flowd)
            flowd.send(netflow.datagram(5, flows[2:]))
            self.assertEqual([f["src"] for f in self.read(fifo, 2)],
                             [f["src"] for f in flows[1:]])

    def test_slow_reader_gets_everything(self):
        # A pipe's capacity is 64 KiB.
        flows = netflow.flows(1500)
        with self.make() as flowd:
            fifo = self.open(flowd)
            for i in range(0, len(flows), 30):
                flowd.send(netflow.datagram(5, flows[i:i + 30]))
            self.assertEqual([f["src"] for f in self.read(fifo, len(flows))],
                             [f["src"] for f in flows])


if __name__ == "__main__":
    tap.main()
