#!/usr/bin/env python3
"""An attacker who controls the collector can do nothing beyond its task, and
the monitor keeps working."""

import errno
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from flowdtest import is_sanitized, make_variable, wait_for
from hooked import PROGRAM, Hooked, descriptors, needs_hook

SECCOMP = make_variable("SANDBOX") == "seccomp"
ENDED = "by signal 31 "			# SIGSYS, where this is tested
NO_REQUEST = "sent an invalid request"
MESSAGE_LEN = 12
# tests/unit/priv-msg.c tests every size.
SIZES = (1, 11, 12, 13, 23, 24, 25)

# The expected result of each system call.
KILLED, REFUSED = "ends it", "is refused"
ATTEMPTS = {
    "open": KILLED, "open-proc": KILLED, "create": KILLED, "openat2": KILLED,
    "stat": KILLED, "unlink": KILLED, "mkdir": KILLED, "exec": KILLED,
    "fork": KILLED, "socket": KILLED, "unix-socket": KILLED,
    "socketpair": KILLED, "connect": KILLED, "sendto": KILLED,
    "bind": KILLED, "listen": KILLED, "empty-log": KILLED, "read-log": REFUSED,
    "map-log": REFUSED, "overwrite-log": KILLED, "ptrace": KILLED, "signal": KILLED,
    "thread-signal": KILLED, "read-memory": KILLED, "map-code": KILLED,
    "make-code": KILLED, "setuid": KILLED, "chroot": KILLED,
    "prctl": KILLED, "ioctl": KILLED, "io-uring": KILLED,
    "namespace": KILLED, "x32": KILLED, "32-bit": KILLED,
}
# Calls that a sanitizer needs to find leaks, which may succeed then.
SANITIZER = {"open", "open-proc", "stat", "fork", "ptrace", "prctl",
             "read-memory"}


class Fixture(unittest.TestCase):
    """One flowd for all attacks of a class, all of which it must survive."""

    args = []

    @classmethod
    def setUpClass(cls):
        cls.flowd = Hooked("store ALL", 'statefile "@DIR@/state"',
                           args=cls.args)
        cls.flowd.start()
        cls.flows = 1
        cls.flowd.send(netflow.datagram(5, netflow.flows(1)))
        cls.flowd.wait_flows(1)

    @classmethod
    def tearDownClass(cls):
        cls.flowd.__exit__(*sys.exc_info())

    def refused(self, text):
        """Sends an order that makes the monitor replace the collector,
        twice."""
        said = self.flowd.order(f"bad {text}", "is skipped")
        self.assertEqual(said.count(NO_REQUEST), 2, said)

    def setUp(self):
        self.monitor = self.flowd.pid()
        self.descriptors = descriptors(self.monitor)

    def tearDown(self):
        flowd = self.flowd
        type(self).flows += 1
        flowd.send(netflow.datagram(5, netflow.flows(1)))
        flowd.wait_flows(self.flows)
        self.assertIsNone(flowd.process.poll())
        self.assertEqual(flowd.pid(), self.monitor)
        wait_for(lambda: descriptors(self.monitor) == self.descriptors,
                 "the monitor has as many descriptors as before")


@needs_hook
@unittest.skipUnless(SECCOMP, "built with another sandbox than seccomp")
class System(Fixture):
    """System calls of the collector."""


def _attempt(name, result):
    def test(self):
        if is_sanitized() and name in SANITIZER:
            self.skipTest("a sanitizer needs it to find leaks")
        said = self.flowd.order(f"try {name} {self.flowd.pid()}")
        self.assertNotIn("SUCCEEDED", said)
        if name == "32-bit" and os.strerror(errno.ENOSYS) in said:
            self.skipTest("for x86-64")
        self.assertIn(ENDED if result == KILLED else f"{name} is refused",
                      said)
    return test


def _system_tests():
    for name, result in ATTEMPTS.items():
        test = f"test_{name}_{result}".replace("-", "_").replace(" ", "_")
        setattr(System, test, _attempt(name, result))


_system_tests()


@needs_hook
@unittest.skipUnless(SECCOMP, "built with another sandbox than seccomp")
@unittest.skipIf(is_sanitized(), "a sanitizer needs some of them")
class Monitor(Fixture):
    """Calls for which the monitor has no use."""

    def test(self):
        # The arguments of i386's socketcall are in memory.
        if pathlib.Path(PROGRAM).read_bytes()[4] == 1:
            self.skipTest("a program of 32 bits")
        said = self.flowd.order("monitor", "the monitor has tried all")
        self.assertEqual(said.count("is refused: Operation not permitted"), 5,
                         said)
        self.assertNotIn("SUCCEEDED", said)


@needs_hook
class Requests(Fixture):
    """Messages to the monitor.  It rejects wrong sizes and unknown types."""

    KNOWN = {4, 6, 8, 12, 14}	# 2, "ready", only once for each configuration

    def test_0_known_requests_are_answered(self):
        for number in self.KNOWN:
            self.flowd.order(f"request {number} {MESSAGE_LEN}")
        self.assertNotIn(NO_REQUEST, "\n".join(self.flowd.stderr_lines()))

    def test_repeated_ready(self):
        self.refused(f"request 2 {MESSAGE_LEN}")

    def test_fields_that_must_be_zero(self):
        for number in self.KNOWN:
            self.refused(f"field {number} 1 0")
            self.refused(f"field {number} 0 1")
            self.refused(f"field {number} 0 4294967295")

    def test_endless_requests(self):
        for number in self.KNOWN:
            self.refused(f"flood {number} 20000")

    def test_exit_without_a_message(self):
        self.assertIn("exited with code 7", self.flowd.order("exit 7"))


def _sizes(number):
    def test(self):
        for size in SIZES:
            # Two requests in one message are valid.
            if size % MESSAGE_LEN != 0 or number not in self.KNOWN:
                self.refused(f"request {number} {size}")
    return test


def _types(types):
    def test(self):
        for number in types:
            if number not in self.KNOWN:
                self.refused(f"request {number} {MESSAGE_LEN}")
    return test


def _request_tests():
    for number in (0, 4, 7):
        setattr(Requests, f"test_sizes_of_{number}", _sizes(number))
    step = 100 if is_sanitized() else 1
    for first in range(0, 256, 32):
        setattr(Requests, f"test_types_from_{first}",
                _types(range(first, first + 32, step)))
    setattr(Requests, "test_large_types", _types(
        [0x100, 0x10002, 2**31, 2**32 - 2]))


_request_tests()


@needs_hook
class Descriptors(Fixture):
    """Descriptors sent to the monitor, where the sandbox does not prevent
    it."""

    args = ["-X", "NOSANDBOX"]

    def test_one(self):
        self.refused("descriptor 1")

    def test_several(self):
        self.refused("descriptor 3")

    @unittest.skipUnless(SECCOMP, "built with another sandbox than seccomp")
    def test_sandbox_prevents_it(self):
        with Hooked("store ALL") as flowd:
            self.assertIn(ENDED, flowd.order("descriptor 1"))


if __name__ == "__main__":
    tap.main()
