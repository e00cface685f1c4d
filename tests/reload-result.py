#!/usr/bin/env python3
"""flowd -r reports the result of a reload; flowd -p writes a pidfile."""

import pathlib
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap
from flowdtest import PATIENCE, Flowd

SIGQUEUE = "HAVE_SIGQUEUE" in (tap.BUILD / "autoconf.h").read_text()


@unittest.skipUnless(SIGQUEUE, "this system has no sigqueue")
class Result(unittest.TestCase):

    def ask(self, flowd, status):
        """Runs flowd -r, and returns its messages."""
        result = subprocess.run(
            flowd.command("-r"), stdin=subprocess.DEVNULL, text=True,
            capture_output=True, timeout=PATIENCE, check=False)
        self.assertEqual(result.returncode, status, result.stderr)
        return result.stderr

    def test_a_configuration_that_is_applied(self):
        with Flowd() as flowd:
            flowd.write_conf("flow source 192.0.2.1")
            self.assertEqual(self.ask(flowd, 0), "")
            flowd.wait_stderr("new configuration in force")

    def test_a_configuration_with_an_error(self):
        with Flowd() as flowd:
            flowd.write_conf("nonsense")
            self.assertIn("flowd.conf:", self.ask(flowd, 1))
            self.assertFalse([line for line in flowd.stderr_lines()
                              if "reading" in line])

    def test_a_configuration_that_cannot_be_applied(self):
        """The configuration is valid, but another program has the port."""
        with Flowd() as flowd, socket.socket(type=socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            port = other.getsockname()[1]
            flowd.write_conf(f"listen on 127.0.0.1:{port}")
            self.assertIn("keeps its old configuration", self.ask(flowd, 1))
            flowd.wait_stderr("the old configuration stays in force")
            flowd.write_conf()
            self.assertEqual(self.ask(flowd, 0), "")

    def test_a_plain_signal_has_no_answer(self):
        """An answer to a process that did not ask would kill it."""
        with Flowd() as flowd:
            flowd.reload("flow source 192.0.2.1")
            self.assertEqual(self.ask(flowd, 0), "")
            flowd.reload()

    def test_no_flowd_runs(self):
        flowd = Flowd()
        flowd.configure()
        self.assertIn("no flowd was told to reload", self.ask(flowd, 1))
        flowd.pidfile.write_text("1\n")
        self.assertIn("no flowd runs that wrote it", self.ask(flowd, 1))
        flowd._tmp.cleanup()


class Pidfile(unittest.TestCase):

    def setUp(self):
        self.flowd = Flowd()
        self.addCleanup(self.flowd._tmp.cleanup)
        self.flowd.configure()
        self.option = self.flowd.dir / "p"

    def test_option_in_the_foreground(self):
        lines = self.flowd.conf.read_text().splitlines(keepends=True)
        self.flowd.conf.write_text("".join(
            line for line in lines if not line.startswith("pidfile")))
        self.check(self.option)

    def test_the_statement_overrides_the_option(self):
        self.check(self.flowd.pidfile)
        self.assertFalse(self.option.exists())

    def check(self, name):
        """Runs flowd -g -p, and expects its process ID in this file."""
        process = subprocess.Popen(
            self.flowd.command("-g", "-p", str(self.option)),
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        with process:
            for line in process.stderr:
                if "flowd is running" in line:
                    break
            self.assertEqual(name.read_text(), f"{process.pid}\n")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0)
        self.assertFalse(name.exists())


if __name__ == "__main__":
    tap.main()
