#!/usr/bin/env python3
"""A clock that is wrong for a moment does not remove the archive."""

import os
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from flowdtest import wait_for
from hooked import Hooked, needs_hook

DAY = 86400
STEPPED = "no log is removed for its age for an hour"


@needs_hook
class Removal(unittest.TestCase):
    def start(self, limits, ages=(1, 2, 3)):
        """Starts a flowd whose log has closed files of these ages in days."""
        flowd = Hooked(f'logfile "@DIR@/flowd.log" rotate every 1s {limits}',
                       log=False)
        self.addCleanup(flowd._discard)
        for number, age in enumerate(ages, 1):
            path = flowd.dir / f"flowd.log.{number:06d}"
            path.touch()
            then = time.time() - age * DAY
            os.utime(path, (then, then))
        flowd.start()
        self.flowd = flowd
        return flowd

    def closed(self):
        return sorted(self.flowd.dir.glob("flowd.log.*"))

    def removals(self):
        return [l for l in self.flowd.stderr_lines() if "logs removed" in l]

    def inodes(self):
        """Returns those of the closed files; rotations rename them."""
        found = set()
        for path in self.closed():
            try:
                found.add(path.stat().st_ino)
            except FileNotFoundError:
                continue
        return found

    def rotate(self):
        """Waits for a rotation, which looks for files to remove."""
        before = self.inodes()
        self.flowd.send(netflow.datagram(5, netflow.flows(1)))
        wait_for(lambda: self.inodes() - before,
                 "the log is rotated")

    def test_no_removal_by_age_after_a_step(self):
        flowd = self.start("keep 30d")
        flowd.order(f"step {31 * DAY}")
        warning = flowd.wait_stderr(STEPPED)
        self.assertIn(f"the clock was changed by +{31 * DAY} seconds",
                      warning)
        for _ in range(2):
            self.rotate()
        self.assertEqual(len(self.closed()), 5)
        flowd.order("sleep 3500")
        self.rotate()
        self.assertEqual(self.removals(), [])
        flowd.order("sleep 200")	# the hour is over
        wait_for(self.removals, "the files are removed")
        flowd.stop()

    def test_step_and_back(self):
        flowd = self.start("keep 30d")
        flowd.order(f"step {31 * DAY}")
        flowd.wait_stderr(STEPPED)
        flowd.order(f"step -{31 * DAY}")
        flowd.order("sleep 3500")
        self.rotate()
        self.assertEqual(len(self.closed()), 4)
        flowd.stop()

    def test_step_is_known_after_a_reload(self):
        flowd = self.start("keep 30d")
        flowd.order(f"step {31 * DAY}")
        flowd.wait_stderr(STEPPED)
        flowd.reload(*flowd.statements)
        self.rotate()
        self.assertEqual(len(self.closed()), 4)
        flowd.stop()

    def test_other_limits_hold_after_a_step(self):
        flowd = self.start("keep 30d keep 3 files")
        flowd.order(f"step {31 * DAY}")
        flowd.wait_stderr(STEPPED)
        self.rotate()
        wait_for(lambda: len(self.closed()) == 3, "one file is removed")
        flowd.stop()

    def test_suspended_system_is_no_step(self):
        """Each run of removals is one message."""
        flowd = self.start("keep 30d", (25, 26, 1))
        flowd.order(f"sleep {10 * DAY}")
        line = wait_for(self.removals, "files are removed")[0]
        oldest = time.strftime("%Y-%m-%d", time.localtime(
            time.time() - 26 * DAY))
        self.assertIn(f"flowd.log: 2 logs removed, oldest of {oldest}T", line)
        self.assertEqual(len(self.removals()), 1)
        flowd.stop()
        self.assertNotIn(STEPPED, "\n".join(flowd.stderr_lines()))

    def test_small_change_is_no_step(self):
        flowd = self.start("keep 30d", (1, 29.9999))
        flowd.order("step 50")
        wait_for(self.removals, "a file is removed")
        flowd.order("step 50")		# 100 seconds in the same hour
        flowd.wait_stderr(STEPPED)
        flowd.stop()


if __name__ == "__main__":
    tap.main()
