#!/usr/bin/env python3
"""Files that other users place in flowd's directories, or lock, neither stop it
nor make it write elsewhere."""

import os
import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from flowdtest import Flowd, wait_for

SHARED = "other users can write to the directory"

# Locks a file for reading until its standard input ends.  It is a process of
# its own, since a process loses its locks when it closes any descriptor.
LOCKER = """
import fcntl, sys
with open(sys.argv[1]) as file:
    fcntl.lockf(file, fcntl.LOCK_SH)
    print("locked", flush=True)
    sys.stdin.read()
"""


class Pidfile(unittest.TestCase):
    def lock(self, path):
        locker = subprocess.Popen([sys.executable, "-c", LOCKER, str(path)],
                                  stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        self.addCleanup(locker.communicate)
        self.assertEqual(locker.stdout.readline(), b"locked\n")

    def test_a_lock_for_reading_does_not_prevent_a_start(self):
        flowd = Flowd()
        self.addCleanup(flowd._discard)
        flowd.pidfile.write_text("")	# left by a flowd that was killed
        self.lock(flowd.pidfile)
        flowd.start()
        flowd.wait_stderr("another user has locked it for reading; flowd "
                          "replaces the file")
        wait_for(lambda: flowd.pid() == flowd.process.pid, "its own pid")
        self.assertEqual(flowd.pidfile.stat().st_mode & 0o777, 0o644)
        # The lock of the running flowd still counts.
        second = Flowd()
        self.addCleanup(second._discard)
        second.pidfile = flowd.pidfile
        second.configure()
        second.launch()
        second.process.wait()
        self.assertIn("locked by a running flowd",
                      second.stderr.read_text())
        self.assertEqual(flowd.pid(), flowd.process.pid)
        flowd.stop()

    def test_a_fifo_is_no_pidfile(self):
        flowd = Flowd()
        self.addCleanup(flowd._discard)
        os.mkfifo(flowd.pidfile)
        flowd.configure()
        flowd.launch()
        self.assertEqual(flowd.process.wait(), 1)
        self.assertIn(f"pidfile {flowd.pidfile}", flowd.stderr.read_text())


class Statefile(unittest.TestCase):
    def check(self, place):
        """Starts and stops a flowd that finds something at the name of its
        temporary file."""
        flowd = Flowd('statefile "@DIR@/state"')
        self.addCleanup(flowd._discard)
        place(flowd.dir / "state.new")
        flowd.start()
        place(flowd.dir / "state.new")
        flowd.stop()
        self.assertTrue((flowd.dir / "state").is_file())
        self.assertFalse((flowd.dir / "state").is_symlink())
        return flowd

    def test_fifo(self):
        self.check(os.mkfifo)

    def test_links(self):
        with tap.TemporaryDirectory(prefix="flowd-test-") as name:
            victim = pathlib.Path(name, "victim")
            victim.write_text("mine")
            self.check(lambda path: path.symlink_to(victim))
            self.check(lambda path: path.hardlink_to(victim))
            self.assertEqual(victim.read_text(), "mine")


class Directories(unittest.TestCase):
    def start(self, *statements):
        flowd = Flowd(*statements, log=False)
        self.addCleanup(flowd._discard)
        self.open = flowd.dir / "open"
        self.open.mkdir()
        self.open.chmod(0o777)
        return flowd

    def test_warnings_at_start_and_by_n(self):
        flowd = self.start('logfile "@DIR@/open/below/log"',
                           'statefile "@DIR@/open/state"',
                           'logfile "@DIR@/private" tag 1')
        (self.open / "below").mkdir()
        flowd.configure()
        checked = subprocess.run(flowd.command("-n"), stderr=subprocess.PIPE,
                                 text=True, check=True,
                                 env=flowd.environment()).stderr
        flowd.start()
        flowd.stop()
        for said in (checked, flowd.stderr.read_text()):
            warned = [l for l in said.splitlines() if SHARED in l]
            self.assertEqual(len(warned), 2, said)
            self.assertIn(f"logfile {self.open}/below/log", warned[0])
            self.assertIn(f"statefile {self.open}/state", warned[1])

    def test_sticky_directory_above_is_safe(self):
        flowd = self.start('logfile "@DIR@/open/below/log"')
        (self.open / "below").mkdir()
        self.open.chmod(0o1777)
        flowd.start()
        flowd.stop()
        self.assertNotIn(SHARED, flowd.stderr.read_text())

    def test_log_that_is_a_link_is_not_followed(self):
        flowd = self.start('logfile "@DIR@/open/log"')
        victim = flowd.dir / "victim"
        (self.open / "log").symlink_to(victim)
        flowd.configure()
        flowd.launch()
        self.assertEqual(flowd.process.wait(), 1)
        self.assertFalse(victim.exists())
        self.assertIn(f"logfile {self.open}/log: cannot open it",
                      flowd.stderr.read_text())
        # A link in a directory of one's own is followed.
        self.open.chmod(0o755)
        flowd.start()
        flowd.send(netflow.datagram(5, netflow.flows(1)))
        flowd.wait_flows(1, victim)
        flowd.stop()

    def test_directory_that_becomes_a_link_loses_no_file(self):
        flowd = self.start('logfile "@DIR@/open/logs/log" rotate every 1s '
                           "keep 1 files")
        logs = self.open / "logs"
        logs.mkdir()
        other = flowd.dir / "other"
        other.mkdir()
        names = [f"log.{number:06d}" for number in range(1, 6)]
        for name in names:
            (other / name).touch()
        flowd.start()
        logs.rename(self.open / "moved")
        logs.symlink_to(other)
        flowd.send(netflow.datagram(5, netflow.flows(1)))
        flowd.wait_stderr(f"directory {logs}: ")
        flowd.stop(signal.SIGTERM)
        self.assertEqual(sorted(os.listdir(other)), names)


if __name__ == "__main__":
    tap.main()
