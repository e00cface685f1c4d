#!/usr/bin/env python3
"""A disk fills and is freed under traffic: every flow is stored or reported as
lost.

The disk is a tmpfs of 4 MiB, in a mount namespace of the test."""

import os
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import load
import report
import tap
from flowdtest import Flowd, is_sanitized, need, wait_for

INSIDE = "FLOWD_TEST_MOUNT"
SIZE = 4 << 20			# bytes, of the disk
BUFFER = 1 << 20
ROUNDS = 20 if load.LONG else 3
WORKERS_FLOWS = 20000
FLOWS = 2 * BUFFER // load.RECORD.size
RATE = 100000


def why_not():
    """Returns why no disk can be mounted, or None."""
    if os.geteuid() != 0:
        return "not root"
    if need("unshare", "mount"):
        return f"{need('unshare', 'mount')} is not installed"
    with tap.TemporaryDirectory() as point:
        made = subprocess.run(
            ["unshare", "--mount", "mount", "-t", "tmpfs", "none", point],
            stderr=subprocess.DEVNULL, check=False).returncode == 0
    return None if made else "a tmpfs cannot be mounted"


class NoRoom(unittest.TestCase):
    def setUp(self):
        self.flowd = Flowd(*load.STATEMENTS, f"limit buffer {BUFFER}")
        self.addCleanup(self.flowd._discard)
        self.disk = self.flowd.dir / "disk"
        self.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none",
                        self.disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk],
                        check=True)
        self.flowd.log = self.disk / "flowd.log"
        self.filler = self.disk / "filler"
        self.lost = self.taken = self.dropped = 0

    def said(self, text):
        return sum(text in line for line in self.flowd.stderr_lines())

    def fill(self):
        """Fills the disk, though perhaps not the last page."""
        with open(self.filler, "ab", buffering=0) as filler:
            try:
                while filler.write(bytes(4096)) == 4096:
                    pass
            except OSError:
                pass

    def send(self):
        sender = load.Sender(self.flowd, FLOWS, RATE)
        sender.wait()
        self.taken += FLOWS

    def whole_log(self):
        """Returns the log's bytes, once flowd has cut off a partial record."""
        def whole():
            log = self.flowd.log.read_bytes()
            return (log,) if len(log) % load.RECORD.size == 0 else None

        return wait_for(whole, "the log ends with a whole record")[0]

    def total(self):
        return report.statistics(self.flowd).all

    def free(self):
        """Frees the disk, and waits for the message that the log can be
        written."""
        before = self.said("can be written again")
        os.truncate(self.flowd.log, 0)
        self.filler.unlink()
        wait_for(lambda: self.said("can be written again") > before,
                 "flowd can write again")

    def test_fills_and_is_freed(self):
        self.flowd.start()
        stored = 0
        for turn in range(ROUNDS):
            self.fill()
            self.send()
            load.wait_received(self.flowd, self.taken)
            self.assertEqual(self.said("cannot write to"), turn + 1)
            self.assertEqual(self.said("is full; flows are lost"), turn + 1)
            log = self.whole_log()
            stored += len(log) // load.RECORD.size
            load.numbers(log)	# asserts whole records
            self.free()
        if not is_sanitized():
            self.assertLess(self.flowd.memory(), 30)
        dropped = load.wait_received(self.flowd, self.taken)
        total = self.total()
        self.flowd.stop()
        stored += len(self.flowd.flows())
        self.assertEqual(stored + total["lost"], total["flows"])
        self.assertGreaterEqual(total["flows"], self.taken - dropped)
        self.assertGreater(total["lost"], 0)
        self.check_messages(total["lost"])

    def test_several_workers(self):
        """No worker appends to another's partial record."""
        self.flowd.statements = (*load.STATEMENTS, "workers 3")
        self.flowd.start()
        sender = subprocess.Popen(
            [tap.program("flow-send"), "-c", "1", "-n", str(WORKERS_FLOWS),
             "-r", "5000", "-S", "127.5.0.1,50",
             f"127.0.0.1:{self.flowd.port}"], stdout=subprocess.DEVNULL)
        while sender.poll() is None:
            self.fill()
            time.sleep(0.002)		# full at times
            self.filler.unlink()
        self.assertEqual(sender.returncode, 0)
        self.assertGreater(self.said("cannot write to"), 0)
        wait_for(lambda: self.flowd.log.stat().st_size ==
                 WORKERS_FLOWS * load.RECORD.size, "all flows are written")
        self.flowd.stop()
        self.assertEqual(len(self.flowd.flows()), WORKERS_FLOWS)

    def check_messages(self, lost):
        """Asserts that the messages' lost flows add up to the statistics."""
        ends = [line for line in self.flowd.stderr_lines()
                if "can be written again" in line]
        self.assertEqual(len(ends), ROUNDS)
        self.assertEqual(sum(int(line.split("; ")[1].split()[0])
                             for line in ends), lost)


if __name__ == "__main__":
    if INSIDE not in os.environ:
        reason = why_not()
        if reason:
            print(f"1..0 # SKIP {reason}")
            sys.exit(0)
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--mount", sys.executable,
                              *sys.argv])
    tap.main()
