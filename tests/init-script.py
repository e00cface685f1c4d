#!/usr/bin/env python3
"""contrib/flowd.init meets the requirements of the Linux Standard Base."""

import contextlib
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from flowdtest import ENVIRONMENT, Flowd, need, wait_for

SUBSTITUTES = ("sbindir", "sysconfdir", "runstatedir")


@unittest.skipIf(need("ps"), "ps is not installed")
class InitScript(unittest.TestCase):

    def setUp(self):
        self.flowd = Flowd()
        self.addCleanup(self.cleanup)
        self.flowd.configure()
        directory = self.flowd.dir
        self.script = directory / "flowd.init"
        text = (tap.SRC / "contrib" / "flowd.init.in").read_text()
        for name in SUBSTITUTES:
            text = text.replace(f"@{name}@", f"/nonexistent/{name}")
        self.script.write_text(text)
        insecure = "-X INSECURE" if self.flowd.insecure else ""
        (directory / "defaults").write_text(
            f"DAEMON={shlex.quote(tap.program('flowd'))}\n"
            f"CONFIG={shlex.quote(str(self.flowd.conf))}\n"
            f"PIDFILE={shlex.quote(str(self.flowd.pidfile))}\n"
            f"OPTIONS='{insecure}'\n")

    def cleanup(self):
        pid = self.flowd.pid()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.flowd._tmp.cleanup()

    def run_script(self, action, status=0):
        """Runs the script, and returns its output."""
        result = subprocess.run(
            ["sh", str(self.script), action], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False,
            env={**ENVIRONMENT,
                 "FLOWD_DEFAULTS": str(self.flowd.dir / "defaults")})
        self.assertEqual(result.returncode, status,
                         f"{action}: {result.stdout}")
        return result.stdout

    def collect(self, total):
        self.flowd.send(netflow.datagram(5, netflow.flows(3)))
        wait_for(lambda: len(self.flowd.flows()) == total,
                 f"{total} flows are in the log")

    def test_start_reload_and_stop(self):
        self.assertIn("not running", self.run_script("status", 3))
        self.run_script("stop")
        self.run_script("condrestart")
        self.assertIsNone(self.flowd.pid())
        self.run_script("start")
        first = self.flowd.pid()
        self.assertIn(str(first), self.run_script("status"))
        self.assertIn("already", self.run_script("start"))
        self.assertEqual(self.flowd.pid(), first)
        self.collect(3)
        self.run_script("reload")
        self.run_script("force-reload")
        self.collect(6)
        self.assertEqual(self.flowd.pid(), first)
        self.flowd.log.rename(self.flowd.dir / "moved")
        self.run_script("reopen")
        wait_for(self.flowd.log.exists, "the log was reopened")
        (self.flowd.dir / "moved").rename(self.flowd.log)
        self.run_script("reopen")
        self.run_script("restart")
        second = self.flowd.pid()
        self.assertNotEqual(second, first)
        self.run_script("try-restart")
        self.assertNotEqual(self.flowd.pid(), second)
        self.collect(9)
        self.run_script("stop")
        self.assertIsNone(self.flowd.pid())
        self.run_script("status", 3)

    def test_bad_configuration_does_not_stop_flowd(self):
        self.run_script("start")
        pid = self.flowd.pid()
        self.flowd.write_conf("nonsense")
        self.assertIn("flowd.conf:", self.run_script("reload", 6))
        self.run_script("restart", 6)
        self.assertEqual(self.flowd.pid(), pid)
        self.flowd.write_conf()
        self.collect(3)
        self.run_script("stop")

    def test_start_that_fails(self):
        self.flowd.write_conf("nonsense")
        self.assertIn("flowd.conf:", self.run_script("start", 1))
        self.flowd.conf.unlink()
        self.run_script("start", 6)
        (self.flowd.dir / "defaults").write_text("DAEMON=/nonexistent\n")
        self.run_script("start", 5)

    def test_pidfile_of_another_process(self):
        self.flowd.pidfile.write_text(f"{os.getpid()}\n")
        self.run_script("status", 1)
        self.run_script("reload", 7)
        self.run_script("reopen", 7)
        self.run_script("stop")
        self.run_script("start")
        self.assertNotEqual(self.flowd.pid(), os.getpid())
        self.run_script("stop")

    def test_usage(self):
        self.assertIn("usage", self.run_script("nonsense", 2))


if __name__ == "__main__":
    tap.main()
