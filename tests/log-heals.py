#!/usr/bin/env python3
"""Before flowd appends to a log, it repairs the log's end.  It opens a log
again to which it cannot write."""

import errno
import os
import pathlib
import struct
import subprocess
import sys
import unittest
from signal import SIGCONT, SIGKILL, SIGSTOP

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import flowlog
import netflow
import tap
from flowdtest import Flowd, wait_for
from hooked import Hooked, needs_hook

FLOWS = 40
WANT_LOGS = "request 14 12"


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


@needs_hook
class Dead(unittest.TestCase):
    """The collector's descriptor fails, as after a remount."""

    def start(self, *statements, prefix=(), name="flowd.log"):
        flowd = Hooked("store ALL", *statements, log=False, prefix=prefix)
        self.addCleanup(flowd._discard)
        self.directory = flowd.dir / "logs"
        self.directory.mkdir()
        flowd.log = self.directory / name
        flowd.start()
        self.send(flowd, 1)
        if not prefix:
            flowd.wait_flows(1)
        return flowd

    def send(self, flowd, count):
        flowd.send(netflow.datagram(5, netflow.flows(count)))

    def die(self, flowd, error=errno.ESTALE):
        flowd.order(f"dead {error}")
        self.send(flowd, 2)

    def count(self, flowd, text):
        return sum(text in line for line in flowd.stderr_lines())

    def test_log_is_opened_again(self):
        flowd = self.start('logfile "@DIR@/logs/flowd.log"')
        for number, error in enumerate((errno.ENOTCONN, errno.EIO), 1):
            self.die(flowd, error)
            flowd.wait_flows(1 + 2 * number)
        flowd.stop()
        self.assertEqual(self.count(flowd, "can be written again; 0 flows"), 2)

    def test_log_of_an_exporter_is_opened_again(self):
        flowd = self.start('logfile "@DIR@/logs/%{exporter}"',
                           "flow source 127.0.0.1", name="127.0.0.1")
        self.die(flowd)
        flowd.wait_flows(3)
        moved = self.directory.rename(flowd.dir / "moved")
        self.die(flowd)
        flowd.wait_stderr("flowd waits for it")
        self.assertEqual(os.listdir(moved), ["127.0.0.1"])
        moved.rename(self.directory)
        flowd.stop()
        self.assertEqual(len(flowd.flows()), 5)

    def test_log_is_opened_again_at_the_end(self):
        flowd = self.start('logfile "@DIR@/logs/flowd.log"', "workers 2")
        moved = self.directory.rename(flowd.dir / "moved")
        self.die(flowd)
        flowd.wait_stderr("cannot write to")
        flowd.wait_stderr("flowd waits for it")
        moved.rename(self.directory)
        flowd.stop()
        self.assertEqual(len(flowd.flows()), 3)

    def test_path_is_missing_for_a_while(self):
        """Nothing is lost, and each event is logged once."""
        flowd = self.start('logfile "@DIR@/logs/flowd.log"',
                           'logfile "@DIR@/other" tag 1')
        moved = self.directory.rename(flowd.dir / "moved")
        self.die(flowd)
        flowd.wait_stderr("flowd waits for it")
        for _ in range(3):
            flowd.order(WANT_LOGS)
            self.send(flowd, 3)
        with open(moved / "flowd.log", "ab") as log:
            log.write((moved / "flowd.log").read_bytes()[:70])
        moved.rename(self.directory)
        flowd.wait_flows(1 + 2 + 9)
        flowd.stop()
        self.assertEqual(len(flowlog.decode(flowd.log.read_bytes())), 12)
        for text in ("cannot write to", "flowd waits for it",
                     "was opened again", "can be written again",
                     "removed a partial record of 70 bytes"):
            self.assertEqual(self.count(flowd, text), 1, text)

    @unittest.skipIf(os.geteuid() != 0, "not root")
    def test_file_system_is_not_mounted(self):
        """flowd creates no log in the directory below."""
        with tap.TemporaryDirectory() as disk:
            if subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs",
                               "none", disk], check=False,
                              stderr=subprocess.DEVNULL).returncode != 0:
                self.skipTest("cannot mount file systems")
            flowd = self.start(
                'logfile "@DIR@/logs/flowd.log"',
                prefix=["unshare", "--mount", "sh", "-ec",
                        f"mount -t tmpfs none {disk}; conf=; "
                        "for conf; do :; done; "
                        f'mount --bind {disk} "$(dirname "$conf")/logs"; '
                        'exec "$@"', "sh"])

            def inside(*command):
                return subprocess.run(
                    ["nsenter", "--mount", f"--target={flowd.process.pid}",
                     *command], check=True, capture_output=True).stdout

            wait_for(lambda: inside("cat", flowd.log), "the log has a flow")
            inside("umount", "--lazy", self.directory)
            self.die(flowd)
            flowd.wait_stderr("flowd waits for it")
            self.assertEqual(inside("ls", self.directory), b"")
            inside("mount", "--bind", disk, self.directory)
            flowd.wait_stderr("can be written again; 0 flows")
            log = inside("cat", flowd.log)
            flowd.stop()
        self.assertEqual(len(flowlog.decode(log)), 3)


if __name__ == "__main__":
    tap.main()
