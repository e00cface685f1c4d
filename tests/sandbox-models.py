#!/usr/bin/env python3
"""The collector works in models, on Linux, of the sandboxes of OpenBSD and
FreeBSD; see tests/model/.  A model reports a forbidden call, and kills."""

import os
import pathlib
import signal
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from ctlclient import CONTROL, show
from flowdtest import Flowd, is_sanitized, wait_for
from hooked import Hooked

REPORT = "model: "


class Model:
    """The tests of each model, which is named by the class."""

    name = None

    def setUp(self):
        self.program = tap.program(f"tests/model/flowd-{self.name}")
        if is_sanitized():
            self.skipTest("the models do not permit the sanitizers' calls")
        if not os.path.exists(self.program):
            self.skipTest(f"{self.program} is missing: make models")

    def flowd(self, *statements, kind=Flowd, **options):
        flowd = kind("store ALL", *statements, **options)
        flowd.program = self.program
        return flowd

    def assert_nothing_reported(self, flowd):
        reports = [line for line in flowd.stderr_lines()
                   if REPORT in line or "killed" in line]
        self.assertEqual(reports, [])

    def assert_forbidden(self, attempt):
        with self.flowd(kind=Hooked) as flowd:
            flowd.send(netflow.datagram(5, netflow.flows(1)))
            flowd.wait_flows(1)
            said = flowd.order(f"try {attempt} {flowd.pid()}")
            self.assertIn(f"{REPORT}{self.name} forbids system call", said)

    def test_flows_are_stored_over_reload_reopen_and_stop(self):
        with self.flowd('statefile "@DIR@/state"') as flowd:
            for version in 1, 5, 7:
                flowd.send(netflow.datagram(version, netflow.flows(3)))
            flowd.wait_flows(9)
            flowd.reload('statefile "@DIR@/state"')
            flowd.expect("logs reopened", signal.SIGUSR1)
            flowd.expect("kernel-drops", signal.SIGUSR2)
            flowd.send(netflow.datagram(5, netflow.flows(4)))
            flowd.wait_flows(13)
            flowd.stop()
            flowd.start()
            flowd.wait_stderr("statefile: 1 exporters")
            self.assert_nothing_reported(flowd)

    def test_outputs_accept_flows(self):
        log_socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        target = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(log_socket.close)
        self.addCleanup(target.close)
        target.bind(("127.0.0.1", 0))
        flowd = self.flowd(
            'logsock "@DIR@/socket"',
            f"forward to 127.0.0.1:{target.getsockname()[1]}")
        log_socket.bind(str(flowd.dir / "socket"))
        with flowd:
            datagram = netflow.datagram(5, netflow.flows(1))
            flowd.send(datagram)
            flowd.wait_flows(1)
            for receiver in log_socket, target:
                receiver.settimeout(20)
            self.assertTrue(log_socket.recv(65536))
            self.assertEqual(target.recv(65536), datagram)
            self.assert_nothing_reported(flowd)

    def test_many_listeners_receive(self):
        many = 20
        with self.flowd(listen=("127.0.0.1",) * many) as flowd:
            for i in range(many):
                flowd.send(netflow.datagram(5, netflow.flows(1)), listener=i)
            flowd.wait_flows(many)
            self.assert_nothing_reported(flowd)

    def test_control_socket_answers(self):
        with self.flowd(CONTROL) as flowd:
            flowd.send(netflow.datagram(5, netflow.flows(2)))
            flowd.wait_flows(2)
            self.assertIn("127.0.0.1", show(flowd, "show", "exporters"))
            self.assert_nothing_reported(flowd)

    def test_exporters_are_evicted_and_logs_rotate(self):
        with self.flowd("limit exporters 2") as flowd:
            for last in range(2, 6):
                flowd.send(netflow.datagram(5, netflow.flows(1)),
                           f"127.0.0.{last}")
            flowd.wait_flows(4)
            flowd.log.unlink()
            flowd.expect("logs reopened", signal.SIGUSR1)
            flowd.send(netflow.datagram(5, netflow.flows(1)))
            wait_for(lambda: len(flowd.flows()) == 1, "the new log has it")
            self.assert_nothing_reported(flowd)

    def test_calls_without_permission_are_reported(self):
        for attempt in self.forbidden:
            with self.subTest(attempt):
                self.assert_forbidden(attempt)


@unittest.skipUnless(sys.platform == "linux", "the models are for Linux")
class Pledge(Model, unittest.TestCase):
    name = "pledge"
    forbidden = ("open", "exec", "fork", "socket", "bind", "connect", "setuid",
                 "signal", "make-code")


@unittest.skipUnless(sys.platform == "linux", "the models are for Linux")
class Capsicum(Model, unittest.TestCase):
    name = "capsicum"
    forbidden = ("open", "exec", "fork", "bind", "connect", "sendto", "signal",
                 "read-log", "empty-log", "listen")


if __name__ == "__main__":
    tap.main()
