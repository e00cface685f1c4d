#!/usr/bin/env python3
"""The test runner reports each way in which a test can fail, with everything
needed to understand it, and no output of tests that pass."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap
from flowdtest import PATIENCE, need, wait_for

RUNNER = tap.SRC / "tests/lib/runner.py"
LIB = tap.SRC / "tests/lib"
HAS_PROC = os.path.exists("/proc/self/environ")

PASSING = """#!/bin/sh
echo 'flowd: sampling has changed'
echo 'flowd: a warning' >&2
echo 'ok 1 - first'
echo 'ok 2 - second # SKIP no network here'
echo 1..2
"""
FAILING = """#!/bin/sh
echo 'ok 1 - first'
echo 'not ok 2 - second'
echo '# expected 3 flows, stored 2'
echo 'ok 3 - third'
echo 1..3
exit 1
"""
# A Python test with a daemon, whose files are as flowdtest.py names them.
PYTHON = """#!/usr/bin/env python3
import pathlib, sys, unittest
sys.path.insert(0, %r)
import tap

class Collect(unittest.TestCase):
    def setUp(self):
        tmp = tap.TemporaryDirectory(prefix="flowd-test-")
        self.addCleanup(tmp.cleanup)
        self.dir = pathlib.Path(tmp.name)

    def test_stores(self):
        with tap.TemporaryDirectory(prefix="other-") as tmp:
            pathlib.Path(tmp, "stderr").write_text("flowd: a socket closed")
            self.assertEqual([17, 4], [17, 5])

    def test_times(self):
        (self.dir / "kept").write_text("of a failed test")
        self.assertEqual(1, 2)

    def test_well(self):
        (self.dir / "removed").write_text("of a test that passed")

    def test_hangs(self):
        if "HANG" in __import__("os").environ:
            __import__("time").sleep(1000)

tap.main()
""" % str(LIB)


# A command that mounts a small file system, and runs the next words there.
MOUNTED = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=64k flowd '
           '"$1" && shift && exec "$@"', "sh"]


def can_mount():
    if need("unshare", "mount"):
        return False
    with tempfile.TemporaryDirectory() as tmp:
        return subprocess.run([*MOUNTED, tmp, "true"], check=False,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0


class Runner(unittest.TestCase):
    def setUp(self):
        tmp = tap.TemporaryDirectory(prefix="flowd-test-")
        self.addCleanup(tmp.cleanup)
        self.dir = pathlib.Path(tmp.name)

    def write(self, name, text):
        """Writes a test that is a script."""
        path = self.dir / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return name

    def shell(self, name, *lines):
        return self.write(name, "\n".join(["#!/bin/sh", *lines, ""]))

    def run_tests(self, *args, status=None, **env):
        """Returns the runner's output for these tests, and its last line."""
        done = subprocess.run(
            [sys.executable, str(RUNNER), "-d", str(self.dir), *args],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
            timeout=10 * PATIENCE, check=False, env={**os.environ, **env})
        if status is not None:
            self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout, done.stdout.splitlines()[-1]

    def failure(self, *lines, options=()):
        """Returns the report on a test of these lines, which must fail."""
        name = self.shell("one", *lines)
        out, last = self.run_tests(*options, name, status=1)
        self.assertRegex(last, r"^1 file, \d tests?: 1 file failed")
        return out[out.index("\nFiles of one:\n"):]

    def test_passing_tests_are_not_shown(self):
        out, last = self.run_tests("-n", "plain", self.write("a", PASSING),
                                   status=0)
        self.assertNotIn("sampling", out)
        self.assertNotIn("warning", out)
        self.assertRegex(out, r"ok +\d+\.\d s  a: 2 tests, 1 skipped\n")
        self.assertRegex(last, r"^plain: 1 file, 2 tests: all passed, "
                               r"1 skipped \(0 min \d+ s\)$")
        self.assertFalse((self.dir / "failed").exists())

    def test_failed_assertion(self):
        names = [self.write("a", PASSING), self.write("b", FAILING),
                 self.write("c", PASSING)]
        for jobs in "1", "2":
            out, last = self.run_tests("-j", jobs, *names, status=1)
            report = out[out.index("\nFAILED: b\n"):]
            self.assertIn("  not ok 2 - second\n"
                          "    # expected 3 flows, stored 2\n", report)
            self.assertIn("its exit status is 1", report)
            self.assertIn(f"Kept: {self.dir}/failed/b/", report)
            self.assertNotIn("sampling", out)
            self.assertRegex(
                last, r"^3 files, 7 tests: 1 file failed with 1 failed test, "
                      r"2 skipped")
            self.assertEqual((self.dir / "failed/b/output").read_text(),
                             "ok 1 - first\nnot ok 2 - second\n"
                             "# expected 3 flows, stored 2\nok 3 - third\n"
                             "1..3\n")

    def test_files_and_messages_of_failed_tests_are_kept(self):
        out, _ = self.run_tests(self.write("t.py", PYTHON), status=1)
        self.assertRegex(out, r"not ok 2 - Collect.test_stores\n(    #.*\n)+"
                              r"    # AssertionError: Lists differ: "
                              r"\[17, 4\] != \[17, 5\]\n")
        self.assertRegex(out, r"Last lines of \S*failed/t.py/other-\S*/stderr:"
                              r"\n    flowd: a socket closed\n")
        kept = [path.name for path in (self.dir / "failed").rglob("*")
                if path.is_file()]
        self.assertCountEqual(kept, ["kept", "stderr", "output", "output.err"])

    def test_reasons_are_last(self):
        """Each of several failing files has an assertion there."""
        names = [self.write("b", FAILING), self.shell("c", *(
            f"echo 'not ok {n}'; echo '# value {n}'" for n in range(1, 30)),
            "echo 1..29"), self.write("t.py", PYTHON)]
        out, _ = self.run_tests("-j", "2", *names, status=1)
        screen = out[out.index("\nFAILED: "):]
        self.assertLess(screen.count("\n"), 60)
        for text in ("# expected 3 flows", "# value 1\n", "not ok 11\n",
                     "... 18 more failed tests", "# AssertionError: Lists"):
            self.assertIn(text, screen)
        self.assertNotIn("a socket closed", screen)
        self.assertNotIn("# value 2", out)

    def test_next_run_starts_without_the_files_of_the_last(self):
        name = self.write("b", FAILING)
        self.run_tests(name, status=1)
        self.write("b", PASSING)
        self.run_tests(name, status=0)
        self.assertFalse((self.dir / "failed").exists())

    def test_kept_files_are_bounded(self):
        report = self.failure('truncate -s 9M "$TMPDIR/large"',
                              'echo small >"$TMPDIR/small"',
                              'mkfifo "$TMPDIR/fifo"',
                              "echo 'not ok 1 - first'", "echo 1..1")
        self.assertIn("1 large file not kept", report)
        self.assertEqual(sorted(os.listdir(self.dir / "failed/one")),
                         ["output", "output.err", "small"])

    def test_crash(self):
        report = self.failure("echo 'ok 1 - first'", "echo about to crash",
                              "kill -SEGV $$")
        self.assertIn("  it was killed by SIGSEGV\n", report)
        self.assertIn("no plan: it ended after 1 test", report)
        self.assertIn("    about to crash\n", report)

    def test_exit_status(self):
        report = self.failure("echo 'ok 1 - first'", "echo 1..1",
                              "echo reason >&2", "exit 3")
        self.assertIn("  its exit status is 3\n", report)
        self.assertIn("/output.err:\n    reason\n", report)

    def test_plan(self):
        self.assertIn("  3 tests planned, 1 run\n",
                      self.failure("echo 'ok 1 - first'", "echo 1..3"))
        self.assertIn("  no tests run\n", self.failure("echo 1..0"))
        self.assertIn("  no plan: it ended after 0 tests\n",
                      self.failure("echo nothing"))
        self.assertIn("  Bail out! no memory\n",
                      self.failure("echo 'Bail out! no memory'"))

    def test_not_a_program(self):
        out, _ = self.run_tests("nosuch", status=1)
        self.assertIn("cannot be run", out)

    @unittest.skipUnless(can_mount(), "a file system cannot be mounted")
    def test_full_file_system(self):
        """The explanation survives."""
        tmp = self.dir / "tmp"
        tmp.mkdir()
        name = self.shell("one", 'cat /dev/zero >"$TMPDIR/large"',
                          "echo 'not ok 1 - first'", "echo '# a value'",
                          "echo 1..1")
        done = subprocess.run(
            [*MOUNTED, str(tmp), sys.executable, str(RUNNER), "-d",
             str(self.dir), name], env={**os.environ, "TMPDIR": str(tmp)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
            timeout=10 * PATIENCE, check=False)
        self.assertIn("  not ok 1 - first\n    # a value\n", done.stdout)

    def test_time_limit(self):
        report = self.failure(
            "echo 'ok 1 - first'", "trap : TERM", "echo waiting",
            "while :; do sleep 1000; done", options=["-t", "0.5"])
        self.assertIn("  it did not end within 0.5 s and was killed\n", report)
        self.assertIn("    waiting\n", report)

    def test_hanging_python_prints_where(self):
        out, _ = self.run_tests("-t", "2", self.write("t.py", PYTHON),
                                HANG="1", status=1)
        self.assertIn("it did not end within 2 s", out)
        self.assertRegex(out, r'File "\S*t.py", line \d+ in test_hangs')

    def alive(self, name):
        """Returns whether the process whose number is in a file runs."""
        pid = int((self.dir / name).read_text())
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True

    def test_processes_of_a_test_that_hangs_are_killed(self):
        self.failure("sleep 1000 & echo $! >child",
                     "wait", options=["-t", "0.5"])
        wait_for(lambda: not self.alive("child"), "the child has ended")

    @unittest.skipUnless(HAS_PROC, "/proc is not mounted")
    @unittest.skipIf(need("setsid"), "setsid is not installed")
    def test_processes_left_behind(self):
        report = self.failure(
            "setsid sleep 999 & echo $! >daemon", "sleep 998 & echo $! >child",
            "echo 'ok 1 - first'", "echo 1..1")
        self.assertRegex(report, r"it left processes behind, which were "
                                 r"killed: .*sleep 99[89]\).*sleep 99[89]\)")
        for name in "daemon", "child":
            wait_for(lambda n=name: not self.alive(n), f"{name} has ended")

    @unittest.skipUnless(HAS_PROC, "/proc is not mounted")
    def test_processes_that_are_about_to_end(self):
        self.shell("one", "sleep 1 &", "echo 'ok 1 - first'", "echo 1..1")
        self.run_tests("one", status=0)

    def test_skips_are_summed_up_by_reason(self):
        names = [self.shell("a", "echo 1..0 '# SKIP not root'"),
                 self.shell("b", "echo 'ok 1 - x # SKIP not root'",
                            "echo 'ok 2 - y # skip no network'", "echo 1..2"),
                 self.shell("c", "echo 'not ok 1 # SKIP of_cmocka'",
                            "echo 1..1"),
                 self.shell("e", "echo 'skipped: no such file'",
                            "echo 'not ok 1 # SKIP of_cmocka'", "echo 1..1"),
                 self.shell("d", r"echo 'ok 1 - with \# skip in its name'",
                            "echo 1..1")]
        out, last = self.run_tests(*names, status=0)
        self.assertIn("\nSkipped:\n    2  not root (2 files)\n", out)
        self.assertIn("    1  no network (b)\n", out)
        self.assertIn("    1  no reason stated (c)\n", out)
        self.assertIn("    1  no such file (e)\n", out)
        self.assertIn("5 files, 5 tests: all passed, 5 skipped", last)

    def test_slowest_are_listed_and_start_first_next_time(self):
        names = [self.shell(f"t{number:02}", f"echo {number} >>order",
                            f"sleep {1.5 if number == 11 else 0}",
                            "echo 'ok 1'", "echo 1..1")
                 for number in range(12)]
        out, _ = self.run_tests(*names, status=0)
        slowest = re.search(r"\nSlowest:\n((?: +\d+\.\d s  t\d+\n)+)", out)[1]
        self.assertEqual(len(slowest.splitlines()), 10)
        self.assertRegex(slowest.splitlines()[0], r"\d s  t11$")
        order = self.dir / "order"
        self.assertEqual(order.read_text().split(), [str(n) for n in range(12)])
        order.unlink()
        self.run_tests(*names, status=0)
        self.assertEqual(order.read_text().split()[0], "11")

    @unittest.skipUnless(HAS_PROC, "/proc is not mounted")
    def test_interrupted(self):
        self.shell("one", "echo $$ >pid.new; mv pid.new pid", "sleep 1000")
        tmp = self.dir / "tmp"
        tmp.mkdir()
        for number in signal.SIGINT, signal.SIGTERM:
            (self.dir / "pid").unlink(missing_ok=True)
            with subprocess.Popen(
                    [sys.executable, str(RUNNER), "-d", str(self.dir), "one",
                     "one"], stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, "TMPDIR": str(tmp)}) as runner:
                try:
                    wait_for((self.dir / "pid").exists, "the test runs")
                    runner.send_signal(number)
                    self.assertNotEqual(runner.wait(PATIENCE), 0)
                except BaseException:
                    # Otherwise leaving the block waits for the runner.
                    runner.kill()
                    raise
            wait_for(lambda: not self.alive("pid"), "the test has ended")
        self.assertEqual(os.listdir(tmp), [])


class Passes(unittest.TestCase):
    """tests/run runs each pass, and its status covers all of them."""

    def test_each_pass_runs(self):
        tmp = tap.TemporaryDirectory(prefix="flowd-test-")
        self.addCleanup(tmp.cleanup)
        build = pathlib.Path(tmp.name)
        make = build / "make"
        make.write_text("#!/bin/sh\nexit 1\n")
        make.chmod(0o755)
        done = subprocess.run(
            ["sh", str(tap.SRC / "tests/run")], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            encoding="utf-8", timeout=10 * PATIENCE,
            env={**os.environ, "BUILD": str(build), "MAKE": str(make),
                 "PASSES": "plain plain", "TESTS": "tests/nosuch.py"})
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.count("the build failed"), 2, done.stdout)


if __name__ == "__main__":
    tap.main()
