#!/usr/bin/env python3
"""A start that fails writes the reason to standard error and exits with 1.  A
daemon is ready when the command that started it returns."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from flowdtest import (ENVIRONMENT, PATIENCE, Flowd, has_privsep,
                       make_variable, wait_for)


class Start(unittest.TestCase):
    """Starts flowd without -g, as an init script does."""

    def run_flowd(self, flowd, *args):
        return subprocess.run(
            flowd.command(*args), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=PATIENCE, check=False, env=ENVIRONMENT)

    def fails(self, flowd, message):
        result = self.run_flowd(flowd)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn(message, result.stderr)
        self.assertFalse(flowd.pidfile.exists())
        return result.stderr

    def test_all_errors_of_a_configuration(self):
        flowd = Flowd("store NONSENSE", "store ALL", "discard src 10.0.0.1/8")
        flowd.configure()
        said = self.fails(flowd, f"{flowd.conf}:4:")
        self.assertIn(f"{flowd.conf}:6:", said)
        self.assertNotIn(f"{flowd.conf}:5:", said)

    def test_missing_configuration(self):
        flowd = Flowd()
        self.fails(flowd, str(flowd.conf))

    def test_address_in_use(self):
        flowd = Flowd()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            flowd.ports = [sock.getsockname()[1]]
            flowd.write_conf()
            self.fails(flowd, f"127.0.0.1:{flowd.port}")

    def test_address_of_another_machine(self):
        flowd = Flowd("listen on 192.0.2.1:@PORT@")
        flowd.configure()
        self.fails(flowd, "192.0.2.1")

    def test_log_that_cannot_be_written(self):
        flowd = Flowd()
        flowd.configure()
        flowd.log.mkdir()
        self.fails(flowd, str(flowd.log))

    def test_log_in_no_directory(self):
        flowd = Flowd('logfile "@DIR@/none/log"', log=False)
        flowd.configure()
        self.fails(flowd, f"{flowd.dir}/none/log")

    def test_pidfile_that_cannot_be_written(self):
        flowd = Flowd()
        flowd.pidfile = flowd.dir / "none" / "pid"
        flowd.configure()
        self.fails(flowd, str(flowd.pidfile))

    @unittest.skipUnless(os.geteuid() == 0, "not root")
    @unittest.skipIf(has_privsep(), "the user and the chroot exist")
    def test_missing_user(self):
        flowd = Flowd()
        flowd.insecure = False
        flowd.configure()
        self.fails(flowd, make_variable("PRIVSEP_USER"))

    def test_unknown_options(self):
        flowd = Flowd()
        flowd.configure()
        for args in (["-z"], ["-X", "SECURE"], ["-D", "novalue"],
                     ["operand"]):
            with self.subTest(args=args):
                result = self.run_flowd(flowd, *args)
                self.assertEqual(result.returncode, 1)
                self.assertRegex(result.stderr, "usage: flowd|not macro=")

    def test_check_only(self):
        flowd = Flowd("store NONSENSE")
        flowd.configure()
        result = self.run_flowd(flowd, "-n")
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"{flowd.conf}:4:", result.stderr)
        flowd.write_conf("store ALL")
        result = self.run_flowd(flowd, "-n")
        self.assertEqual((result.returncode, result.stdout),
                         (0, "configuration OK\n"))
        self.assertFalse(flowd.log.exists())

    def test_macro_from_the_command_line(self):
        flowd = Flowd("field = NONSENSE", "store $field",
                      args=["-D", "field=ALL"])
        flowd.configure()
        self.assertEqual(self.run_flowd(flowd, "-n").returncode, 0)

    def test_without_standard_descriptors(self):
        """flowd's own files do not get the numbers 0 to 2."""
        flowd = Flowd("store ALL")
        flowd.configure()
        self.addCleanup(flowd._discard)
        shell = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
        subprocess.run([*shell, *flowd.command()], check=True, timeout=60, env=ENVIRONMENT)
        pid = wait_for(flowd.pid, "the pidfile")
        try:
            flowd.send(netflow.datagram(5, netflow.flows(3)))
            flowd.wait_flows(3)
        finally:
            os.kill(pid, signal.SIGTERM)
            wait_for(lambda: not flowd.pidfile.exists(), "flowd ends")

    def test_with_signals_blocked_and_ignored(self):
        """A careless parent may leave them so."""
        def careless():
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

        flowd = Flowd("store ALL")
        flowd.configure()
        self.addCleanup(flowd._discard)
        subprocess.run(flowd.command(), check=True, timeout=60, env=ENVIRONMENT,
                       preexec_fn=careless)
        os.kill(wait_for(flowd.pid, "the pidfile"), signal.SIGTERM)
        wait_for(lambda: not flowd.pidfile.exists(), "flowd ends")

    def test_pidfile_of_a_running_flowd(self):
        with Flowd("store ALL") as first:
            second = Flowd("store ALL")
            second.pidfile = first.pidfile
            self.addCleanup(second._discard)
            second.configure()
            self.assertIn("locked by a running flowd", self.run_flowd(
                second, "-g").stderr)
            self.assertEqual(first.pid(), first.process.pid)

    def test_daemon_is_ready_when_its_command_returns(self):
        flowd = Flowd("store ALL")
        flowd.configure()
        result = self.run_flowd(flowd)
        try:
            self.assertEqual(result.returncode, 0, result.stderr)
            pid = flowd.pid()
            self.assertIsNotNone(pid)
            # It has its own session, without our files.
            self.assertEqual(os.getsid(pid), pid)
            for number in range(3):
                self.assertEqual(os.readlink(f"/proc/{pid}/fd/{number}"),
                                 "/dev/null")
            flowd.send(netflow.datagram(5, netflow.flows(1)))
            flowd.wait_flows(1)
        finally:
            if flowd.pid() is not None:
                flowd.signal(signal.SIGTERM)
        wait_for(lambda: not flowd.pidfile.exists(), "the daemon has ended")


if __name__ == "__main__":
    tap.main()
