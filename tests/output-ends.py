#!/usr/bin/env python3
"""Programs end without a message when the reader of their output has ended,
and with one when their output is full."""

import errno
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import perlmodule
import programs
import pythonmodule
import tap
from ctlclient import CONTROL
from flowdtest import Flowd
from readertest import READER, SECONDS, ReaderTest, flow, log

pythonmodule.load()

MISSING = perlmodule.missing()
FULL = "/dev/full"
QUIET = 1, -signal.SIGPIPE


class Output(ReaderTest):
    @classmethod
    def setUpClass(cls):
        cls.env = {**os.environ, **pythonmodule.environment()}
        if not MISSING:
            cls.env.update(perlmodule.environment())
        cls.env["LC_ALL"] = "C"

    def setUp(self):
        super().setUp()
        self.write("a.log", log(500))

    def run_program(self, words, stdout, ignored):
        """Runs a program, with SIGPIPE ignored as Python does, or not."""
        return subprocess.run(
            words, cwd=self.dir, env=self.env, check=False, text=True,
            stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE,
            timeout=SECONDS, restore_signals=not ignored)

    def check(self, *words):
        """Runs a program that writes to standard output."""
        for ignored in False, True:
            with self.subTest(program=words, ignored=ignored):
                reader, writer = os.pipe()
                os.close(reader)
                with open(writer, "wb") as closed:
                    result = self.run_program(words, closed, ignored)
                self.assertEqual(result.stderr, "")
                self.assertIn(result.returncode, QUIET)
        if not os.path.exists(FULL):
            return
        with self.subTest(program=words, output=FULL), \
                open(FULL, "wb") as full:
            result = self.run_program(words, full, False)
            self.assertGreater(result.returncode, 0)
            self.assertIn(os.strerror(errno.ENOSPC), result.stderr)
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)

    def test_flowd_reader(self):
        for options in [], ["-c"], ["-F"], ["-o", "-"]:
            self.check(READER, *options, "a.log")

    def test_flowd(self):
        with Flowd() as flowd:
            for option in "-n", "-nv":
                self.check(tap.program("flowd"), option, "-f",
                           str(flowd.conf))

    def test_flowdctl(self):
        with Flowd(CONTROL) as flowd:
            for words in ["show", "summary"], ["top"]:
                self.check(tap.program("flowdctl"), "-s",
                           str(flowd.dir / "ctl"), *words)

    def test_flow_send(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            port = receiver.getsockname()[1]
            self.check(tap.program("flow-send"), "-x", f"127.0.0.1:{port}")

    def test_python(self):
        stats = str(programs.sources()["flowd-stats"])
        for words in [stats], [stats, "-J"], [str(pythonmodule.READER)]:
            self.check(sys.executable, *words, "a.log")

    @unittest.skipIf(MISSING, MISSING)
    def test_perl(self):
        for path in (programs.sources()["flowd-wormsuspects"],
                     tap.SRC / "perl" / "reader.pl"):
            self.check("perl", str(path), "a.log")


class Following(ReaderTest):
    def test_the_reader_of_the_pipe_ends(self):
        """-F ends without waiting for another flow."""
        self.write("a.log", log(1))
        for options in [], ["-o", "-"]:
            with self.subTest(options=options):
                process = self.start("-F", *options, "a.log", bufsize=0,
                                     stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE)
                self.addCleanup(process.kill)
                self.assertTrue(process.stdout.read(1))
                process.stdout.close()
                with process.stderr:
                    self.assertEqual(process.stderr.read(), b"")
                self.assertIn(process.wait(SECONDS), QUIET)

    def test_a_log_that_does_not_exist(self):
        process = self.start("-F", "none.log", stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        self.assertIn("waiting for it", process.stderr.readline())
        process.stdout.close()
        with process.stderr:
            self.assertEqual(process.stderr.read(), "")
        self.assertIn(process.wait(SECONDS), QUIET)

    def test_without_output_it_goes_on(self):
        self.write("a.log", log(1))
        reader, writer = os.pipe()
        os.close(reader)
        with open(writer, "wb") as closed:
            process = self.start("-F", "-q", "-o", "b.log", "a.log",
                                 stdout=closed, stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        with open(self.dir / "a.log", "ab") as file:
            file.write(flowlog.encode(flow(1)))
        deadline = time.monotonic() + SECONDS
        while not (self.dir / "b.log").exists() or self.read("b.log") != log(2):
            self.assertIsNone(process.poll())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(.01)
        process.terminate()
        with process.stderr:
            self.assertEqual(process.stderr.read(), b"")
        self.assertEqual(process.wait(SECONDS), 0)


if __name__ == "__main__":
    tap.main()
