"""Tests of the options that every program has: help, version, wrong options.

    class Usage(usagetest.Usage, unittest.TestCase):
        programs = [usagetest.Program("flowd", [tap.program("flowd")], ...)]
"""

import collections
import errno
import functools
import os
import re
import signal
import subprocess
import tempfile

from readertest import SECONDS
import tap

# A program as users call it: the words that start it, whether each option has
# an argument, by its letter, further lines of --version, and its environment.
Program = collections.namedtuple("Program", "name command options says env",
                                 defaults=((), None))

VERSION = re.search(r"^AC_INIT\(\[flowd\], \[([^]]*)\]",
                    (tap.SRC / "configure.ac").read_text(), re.MULTILINE)[1]


def run(program, *args, stdout=subprocess.PIPE):
    env = {**(program.env or os.environ), "LC_ALL": "C", "COLUMNS": "80"}
    # Some programs create files in their working directory.
    with tempfile.TemporaryDirectory(prefix="flowd-test-") as directory:
        return subprocess.run(
            [*program.command, *args], stdin=subprocess.DEVNULL,
            stdout=stdout, stderr=subprocess.PIPE, text=True,
            timeout=SECONDS, check=False, env=env, cwd=directory)


def of_each_program(test):
    """Calls a test with each program of its class."""
    @functools.wraps(test)
    def test_all(self):
        for program in self.programs:
            with self.subTest(program=program.name):
                test(self, program)
    return test_all


class Usage:
    programs = ()

    @of_each_program
    def test_help_explains_each_option(self, program):
        for word in "-h", "--help":
            result = run(program, word)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertEqual(result.stdout.split()[:2],
                             ["usage:", program.name])
            explained = re.findall(r"^  (-.*?)(?:  +|\n +)\S",
                                   result.stdout, re.MULTILINE)
            words = set(re.findall(r"(?<!\S)-[\w-]+", " ".join(explained)))
            self.assertEqual(
                {f"-{letter}" for letter in program.options} - words, set())
            self.assertLessEqual({"--help", "--version"}, words)
            for line in result.stdout.splitlines():
                self.assertLessEqual(len(line), 80)

    @of_each_program
    def test_version(self, program):
        for word in "-V", "--version":
            if word == "-V" and program.options.get("V"):
                continue	# this -V has an argument
            result = run(program, word)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            lines = result.stdout.splitlines()
            self.assertEqual(lines[0], f"{program.name} {VERSION}")
            self.assertRegex(lines[1], r"^zlib: \d+\.\d")
            for line, pattern in zip(lines[2:-1], program.says):
                self.assertRegex(line, pattern)
            self.assertEqual(lines[-1], "licence: ISC")
            self.assertEqual(len(lines), 3 + len(program.says))

    @of_each_program
    def test_a_wrong_option_is_named(self, program):
        for word, named in (("-Z", "Z"), ("--wrong", "wrong")):
            result = run(program, word, "operand")
            self.assertGreater(result.returncode, 0)
            self.assertEqual(result.stdout, "")
            self.assertRegex(result.stderr,
                             rf"(?m)^{program.name}: .*[ -]{named}$")
            self.assertIn(f"usage: {program.name} ", result.stderr)

    @of_each_program
    def test_an_argument_is_not_an_option(self, program):
        for words in [["--", "--help", "--help"]] + [
                [f"-{letter}", "--help"]
                for letter, argument in program.options.items()
                if argument]:
            result = run(program, *words)
            self.assertGreater(result.returncode, 0, words)
            self.assertNotIn("usage:", result.stdout)
            self.assertNotEqual(result.stderr, "")

    @of_each_program
    def test_closed_standard_output(self, program):
        for word in "--help", "--version":
            reader, writer = os.pipe()
            os.close(reader)
            with open(writer, "wb") as closed:
                result = run(program, word, stdout=closed)
            self.assertIn(result.returncode, (1, -signal.SIGPIPE))
            self.assertEqual(result.stderr, "")

    @of_each_program
    def test_full_standard_output(self, program):
        if not os.path.exists("/dev/full"):
            self.skipTest("/dev/full does not exist")
        for word in "--help", "--version":
            with open("/dev/full", "wb") as full:
                result = run(program, word, stdout=full)
            self.assertEqual(result.returncode, 1)
            self.assertIn(os.strerror(errno.ENOSPC), result.stderr)
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
