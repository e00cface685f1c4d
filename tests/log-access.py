#!/usr/bin/env python3
"""The mode and group of logs: others than root can read them."""

import grp
import os
import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from flowdtest import PATIENCE, Flowd, wait_for

DAY = 'logfile "@DIR@/flowd.log" rotate every 1d compress'


def foreign_group():
    """Returns a group that this process does not create files with."""
    groups = [g for g in grp.getgrall() if g.gr_gid != os.getegid() and
              (os.geteuid() == 0 or g.gr_gid in os.getgroups())]
    if not groups:
        raise unittest.SkipTest("this user has no second group")
    return groups[-1]


def mode(path):
    return path.stat().st_mode & 0o7777


class Access(unittest.TestCase):
    def prepare(self, *statements):
        flowd = Flowd(*statements, log=False)
        self.addCleanup(flowd._discard)
        return flowd

    def send(self, flowd):
        flowd.send(netflow.datagram(5, netflow.flows(1)))

    def run_n(self, flowd):
        return subprocess.run(flowd.command("-n"), capture_output=True,
                              text=True, timeout=PATIENCE, check=False)

    def test_rotation_and_compression(self):
        """Every file has the mode, and the group whose default mode it is."""
        group = foreign_group()
        flowd = self.prepare('logfile "@DIR@/flowd.log" rotate every 1s '
                             f'compress group "{group.gr_name}"')
        flowd.start()
        self.send(flowd)
        closed = flowd.dir / "flowd.log.000001.gz"
        wait_for(closed.exists, "the log is rotated and compressed",
                 4 * PATIENCE)
        for path in closed, flowd.log:
            self.assertEqual((mode(path), path.stat().st_gid),
                             (0o640, group.gr_gid), path)
        flowd.stop()

    def test_names_with_the_time(self):
        flowd = self.prepare('logfile "@DIR@/%Y%m%d-%H%M%S.flow" '
                             "rotate every 1s mode 0644")
        flowd.start()
        wait_for(lambda: len(list(flowd.dir.glob("*.flow"))) > 1,
                 "the log is rotated")
        flowd.stop()
        for path in flowd.dir.glob("*.flow"):
            self.assertEqual(mode(path), 0o644, path)

    def test_log_of_another_mode(self):
        """A log that exists has the new mode after a start, a reload and a
        signal.  Without these words its mode does not change."""
        flowd = self.prepare(f"{DAY} mode 0640")
        flowd.log.touch(0o600)
        flowd.start()
        self.assertEqual(mode(flowd.log), 0o640)
        flowd.reload(f"{DAY} mode 644")
        self.assertEqual(mode(flowd.log), 0o644)
        flowd.log.chmod(0o600)
        flowd.expect("logs reopened", signal.SIGUSR1)
        self.assertEqual(mode(flowd.log), 0o644)
        flowd.log.rename(flowd.dir / "moved")
        flowd.expect("logs reopened", signal.SIGUSR1)
        self.assertEqual(mode(flowd.log), 0o644)
        flowd.reload(DAY)
        self.assertEqual(mode(flowd.log), 0o644)
        flowd.log.unlink()
        flowd.expect("logs reopened", signal.SIGUSR1)
        self.assertEqual(mode(flowd.log), 0o600)
        flowd.stop()

    def test_group_after_a_reload(self):
        group = foreign_group()
        flowd = self.prepare(DAY)
        flowd.start()
        self.assertEqual((mode(flowd.log), flowd.log.stat().st_gid),
                         (0o600, os.getegid()))
        flowd.reload(f'{DAY} group "{group.gr_name}"')
        self.assertEqual((mode(flowd.log), flowd.log.stat().st_gid),
                         (0o640, group.gr_gid))
        flowd.stop()

    def test_no_such_group(self):
        wrong = "logfile .*: the group no-such-group does not exist"
        flowd = self.prepare(f"{DAY} group no-such-group")
        with self.assertRaisesRegex(AssertionError, wrong):
            flowd.start()
        self.assertFalse(flowd.log.exists())
        result = self.run_n(flowd)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertRegex(result.stderr, wrong)

    @unittest.skipIf(os.geteuid() == 0, "root may set each group")
    def test_group_that_is_not_permitted(self):
        foreign = [g for g in grp.getgrall() if g.gr_gid != os.getegid() and
                   g.gr_gid not in os.getgroups()]
        flowd = self.prepare(f'{DAY} group "{foreign[-1].gr_name}"')
        with self.assertRaisesRegex(
                AssertionError, "cannot change its group or mode"):
            flowd.start()
        self.assertFalse(flowd.log.exists())

    def test_fifo_keeps_its_mode(self):
        flowd = self.prepare('logfile "@DIR@/fifo" mode 0644')
        fifo = flowd.dir / "fifo"
        os.mkfifo(fifo, 0o600)
        flowd.start()
        self.assertEqual(mode(fifo), 0o600)
        flowd.stop()


if __name__ == "__main__":
    tap.main()
