#!/usr/bin/env python3
"""flowd tells a service manager its state by the protocol of sd_notify."""

import os
import pathlib
import signal
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap
from flowdtest import PATIENCE, Flowd, stopped


class Manager:
    """The socket on which a service manager receives."""

    def __init__(self, abstract=False):
        self.dir = tap.TemporaryDirectory(prefix="flowd-test-")
        path = f"{self.dir.name}/notify"
        self.name = "@" + path[1:] if abstract else path
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind("\0" + path[1:] if abstract else path)
        self.sock.settimeout(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()
        self.dir.cleanup()

    def received(self):
        """Returns the next message that is not the watchdog's."""
        while True:
            text = self.sock.recv(4096).decode()
            if text != "WATCHDOG=1":
                return text

    def watchdogs(self, n):
        """Waits for n watchdog messages in a row."""
        for _ in range(n):
            assert self.sock.recv(4096) == b"WATCHDOG=1"


def flowd_of(manager, **variables):
    flowd = Flowd()
    flowd.variables = {"NOTIFY_SOCKET": manager.name, **variables}
    return flowd


class Notify(unittest.TestCase):

    def test_start_reload_and_stop(self):
        with Manager() as manager, flowd_of(manager) as flowd:
            self.assertEqual(manager.received(), "READY=1")
            flowd.reload()
            self.assertRegex(manager.received(),
                             r"^RELOADING=1\nMONOTONIC_USEC=\d+$")
            self.assertEqual(manager.received(), "READY=1")
            flowd.write_conf("nonsense")
            flowd.signal(signal.SIGHUP)
            self.assertIn("RELOADING=1", manager.received())
            self.assertEqual(manager.received(), "READY=1")
            flowd.stop()
            self.assertEqual(manager.received(), "STOPPING=1")

    def test_reload_and_reopening_at_once(self):
        """Also while the collectors have many datagrams to process."""
        with Manager() as manager, flowd_of(manager) as flowd:
            self.assertEqual(manager.received(), "READY=1")
            with stopped(flowd.pid()):
                flowd.signal(signal.SIGHUP)
                flowd.signal(signal.SIGUSR1)
            self.assertIn("RELOADING=1", manager.received())
            self.assertEqual(manager.received(), "READY=1")

    def test_collector_that_dies_at_a_reload(self):
        """The next collector has the new configuration; nothing else is
        reported."""
        with Manager() as manager, flowd_of(manager) as flowd:
            self.assertEqual(manager.received(), "READY=1")
            collector = flowd.collector()
            with stopped(collector):
                flowd.signal(signal.SIGHUP)
                self.assertIn("RELOADING=1", manager.received())
                os.kill(collector, signal.SIGKILL)
            self.assertEqual(manager.received(), "READY=1")

    @unittest.skipUnless(sys.platform == "linux", "only Linux has such names")
    def test_abstract_name(self):
        with Manager(abstract=True) as manager, flowd_of(manager):
            self.assertEqual(manager.received(), "READY=1")

    def test_watchdog(self):
        with Manager() as manager:
            with flowd_of(manager, WATCHDOG_USEC="100000"):
                self.assertEqual(manager.received(), "READY=1")
                manager.watchdogs(3)

    def test_watchdog_of_another(self):
        with Manager() as manager:
            with flowd_of(manager, WATCHDOG_USEC="100000",
                          WATCHDOG_PID=str(os.getpid())) as flowd:
                self.assertEqual(manager.received(), "READY=1")
                flowd.stop()
                self.assertEqual(manager.sock.recv(4096), b"STOPPING=1")

    def test_without_a_service_manager(self):
        with Manager() as manager:
            flowd = flowd_of(manager)
        with flowd:
            flowd.wait_stderr("the service manager is not notified")


if __name__ == "__main__":
    tap.main()
