#!/usr/bin/env python3
"""Before flowd appends to a log, it repairs the log's end."""

import os
import pathlib
import struct
import sys
import unittest
from signal import SIGCONT, SIGKILL, SIGSTOP

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import flowlog
import netflow
import tap
from flowdtest import Flowd

FLOWS = 40


class Heals(unittest.TestCase):
    def start_again(self, damage):
        """Damages a log of FLOWS flows, and collects FLOWS more."""
        flowd = Flowd("store ALL")
        self.addCleanup(flowd._discard)
        flowd.start()
        self.send(flowd)
        flowd.wait_flows(FLOWS)
        flowd.stop()
        good = flowd.log.read_bytes()
        flowd.log.write_bytes(damage(good))
        flowd.start()
        self.send(flowd)
        flowd.stop()
        return flowd, good

    def send(self, flowd):
        for seed in range(FLOWS // 20):
            flowd.send(netflow.datagram(5, netflow.flows(20, seed=seed + 1)))

    def test_torn_record(self):
        flowd, good = self.start_again(lambda log: log[:-50])
        log = flowd.log.read_bytes()
        self.assertEqual(log[:len(good) - 116], good[:-116])
        self.assertEqual(len(flowlog.decode(log)), 2 * FLOWS - 1)
        self.assertIn("66 bytes", flowd.wait_stderr("removed a partial"))

    def test_zeros(self):
        flowd, good = self.start_again(lambda log: log + bytes(8192))
        self.assertEqual(len(flowlog.decode(flowd.log.read_bytes())),
                         2 * FLOWS)
        self.assertIn("8192 bytes", flowd.wait_stderr("removed a partial"))

    def test_collector_that_died(self):
        """The next collector appends after the last whole record."""
        with Flowd("store ALL") as flowd:
            self.send(flowd)
            flowd.wait_flows(FLOWS)
            collector = flowd.collector()
            os.kill(flowd.process.pid, SIGSTOP)
            os.kill(collector, SIGKILL)
            with open(flowd.log, "ab") as log:
                log.write(flowd.log.read_bytes()[:70])
            os.kill(flowd.process.pid, SIGCONT)
            self.assertIn("70 bytes", flowd.wait_stderr("removed a partial"))
            flowd.wait_stderr("starting a new collector")
            self.send(flowd)
            flowd.stop()
            self.assertEqual(len(flowlog.decode(flowd.log.read_bytes())),
                             2 * FLOWS)

    def test_whole_log(self):
        flowd, good = self.start_again(lambda log: log)
        self.assertEqual(len(flowlog.decode(flowd.log.read_bytes())),
                         2 * FLOWS)
        self.assertFalse([l for l in flowd.stderr_lines()
                          if "removed a partial" in l])


class Refuses(unittest.TestCase):
    def refused(self, data, message):
        flowd = Flowd("store ALL")
        self.addCleanup(flowd._discard)
        flowd.log.write_bytes(data)
        with self.assertRaisesRegex(AssertionError, message):
            flowd.start()
        self.assertEqual(flowd.log.read_bytes(), data)

    def test_version_2(self):
        self.refused(struct.pack("!IIII", 0x012cf047, 2, 1078012800, 0),
                     "version 2")

    def test_something_else(self):
        self.refused(b"#!/bin/sh\necho this is a script, and no log\n" * 40,
                     "not a flow log")


if __name__ == "__main__":
    tap.main()
