#!/usr/bin/env python3
"""Processes are killed while they write: the log stays readable."""

import os
import pathlib
import random
import sys
import time
import unittest
from signal import SIGKILL

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import load
import tap
from flowdtest import Flowd, wait_for

KILLS = 200 if load.LONG else 12
COLLECTORS = 3			# killed in one flowd; it ends after a few more
LONGEST = 0.2			# seconds before a kill


class Killed(unittest.TestCase):
    def setUp(self):
        self.flowd = Flowd(*load.STATEMENTS)
        self.addCleanup(self.flowd._discard)
        self.flowd.start()
        self.random = random.Random(KILLS)
        self.sender = None
        self.torn = 0

    def live(self):
        """Collects for a random time, as fast as possible."""
        size = self.flowd.log.stat().st_size
        wait_for(lambda: self.flowd.log.stat().st_size > size, "flows come")
        time.sleep(self.random.uniform(0, LONGEST))

    def kill_collector(self):
        victim = self.flowd.collector()
        os.kill(victim, SIGKILL)
        wait_for(lambda: self.flowd.children() not in ([], [victim]),
                 "another collector runs")

    def kill_both(self):
        """Kills monitor and collector, and returns the log."""
        for pid in [self.flowd.process.pid, *self.flowd.children()]:
            os.kill(pid, SIGKILL)
        self.flowd.process.wait()
        wait_for(lambda: not self.flowd.children(), "both have ended")
        self.flowd.pidfile.unlink()
        return self.flowd.log.read_bytes()

    def start_again(self):
        """Starts flowd on the same port, so that the sender continues."""
        self.flowd.launch()
        wait_for(self.flowd.pid, "flowd runs again")

    def check(self, log):
        """Asserts that the log has only whole records; the last may be
        torn."""
        found = load.numbers(log, torn=True)
        self.assertEqual(found, sorted(set(found)), "repeated, or out of order")
        self.torn += len(log) % load.RECORD.size != 0
        return found

    def test_killed_at_random(self):
        sender = load.Sender(self.flowd)
        self.addCleanup(sender.stop)
        kills = 0
        while kills < KILLS:
            for _ in range(COLLECTORS):
                self.live()
                self.kill_collector()
            self.live()
            log = self.kill_both()
            kills += COLLECTORS + 1
            found = self.check(log)
            self.start_again()
            self.live()
            # Whole records are unchanged, and later ones follow them.
            whole = len(log) - len(log) % load.RECORD.size
            self.assertEqual(self.flowd.log.read_bytes()[:whole],
                             log[:whole])
            # The log of one round is enough for the check.
            if len(found) > 2000000:
                os.truncate(self.flowd.log, 0)
        sender.stop()
        self.flowd.stop()
        load.numbers(self.flowd.log.read_bytes())
        print(f"# {kills} kills, {self.torn} of the logs were torn")


if __name__ == "__main__":
    tap.main()
