#!/usr/bin/env python3
"""flowd -n reports whether a configuration is valid, and does nothing else."""

import os
import pathlib
import re
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap
from flowdtest import PATIENCE, Flowd, endpoint, need, transplant

GOOD = """\
listen on 127.0.0.1:2055
logfile "@DIR@/log"
logsock "@DIR@/sock"
pidfile "@DIR@/pid"
accept tag 1 src 192.0.2.0/24
"""

BAD = """\
listen on 127.0.0.1
lisen on 127.0.0.1:2055
logfile "@DIR@/log"
accept src 192.0.2.1/24 \\
    port 80
accept tag $customers all
"""

ERRORS = """\
@CONF@:1: listen on "127.0.0.1": expected ADDRESS:PORT, with an IPv6 address \
in brackets
@CONF@:2: unknown statement "lisen", expected a statement, a rule or \
NAME = VALUE
@CONF@:4: src "192.0.2.1/24": the address has bits set after the prefix \
length, expected the address of a network
@CONF@:6: macro "customers" is not defined
"""

# A commented-out statement of the sample, as opposed to prose.
OFFERED = re.compile(r"^# (?=(listen on|flow source|join group|forward to|"
                     r"logfile|logsock|pidfile|limit|store|table|accept|"
                     r"discard) )", re.MULTILINE)


class Check(unittest.TestCase):
    def setUp(self):
        self.flowd = Flowd()
        self.dir = self.flowd.dir

    def check(self, text, *args):
        """Returns the output of flowd -n for a file with this text."""
        if text is not None:
            self.flowd.conf.write_text(
                text.replace("@DIR@", str(self.dir)))
        return subprocess.run(
            self.flowd.command("-n", *args), cwd=self.dir,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=PATIENCE, check=False)

    def passes(self, text, *args):
        result = self.check(text, *args)
        self.assertEqual(result.stderr, "")
        self.assertEqual(result.stdout, "configuration OK\n")
        self.assertEqual(result.returncode, 0)

    def fails(self, text, errors, *args):
        result = self.check(text, *args)
        self.assertEqual(
            result.stderr, errors.replace("@CONF@", str(self.flowd.conf)))
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.returncode, 1)

    def test_good(self):
        self.passes(GOOD)
        self.assertEqual([p.name for p in self.dir.iterdir()],
                         ["flowd.conf"])

    def test_relative_paths(self):
        self.passes(GOOD.replace("@DIR@/", ""))

    def test_all_errors(self):
        self.fails(BAD, ERRORS)
        self.assertEqual([p.name for p in self.dir.iterdir()],
                         ["flowd.conf"])

    def test_nothing_is_opened(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            port = sock.getsockname()[1]
            self.passes(f"listen on {endpoint('127.0.0.1', port)}\n"
                        'logfile "@DIR@/log"\n')

    def test_incomplete(self):
        self.fails("store ALL\n",
                   "@CONF@: no listen on statement, so flowd would receive "
                   "nothing\n"
                   "@CONF@: no logfile or logsock statement, so flowd would "
                   "store nothing\n")

    def test_macros_of_the_command_line(self):
        text = GOOD + "accept tag $n all\n"
        self.fails(text, '@CONF@:6: macro "n" is not defined\n')
        self.passes(text, "-D", "n=0x10")
        self.passes("n = wrong\n" + text, "-D", "n=0x10")
        self.fails(text, '@CONF@:6: tag "x": expected a number from 0 to '
                   "4294967295\n", "-D", "n=x")

    def test_unused_macro_is_reported_with_d(self):
        text = "unused = 1\n" + GOOD
        self.passes(text)
        result = self.check(text, "-d")
        self.assertEqual(result.returncode, 0)
        self.assertIn(f'{self.flowd.conf}:1: macro "unused" is not used\n',
                      result.stderr)

    def test_missing_directories(self):
        """A start would fail, except because of the log socket."""
        statements = {"logfile": "none/%Y%m%d", "pidfile": "no/pid",
                      "statefile": "none/state", "control": "no/ctl",
                      "crashdump": "none"}
        text = "listen on 127.0.0.1:2055\n" + "".join(
            f'{name} "{self.dir}/{path}"\n'
            for name, path in statements.items())
        result = self.check(text)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        for name, path in statements.items():
            missing = self.dir / path.partition("/")[0]
            self.assertRegex(
                result.stderr, f"(?m)^{name} .*: the directory {missing} "
                "does not exist$")
        result = self.check(GOOD.replace("@DIR@/sock", "@DIR@/none/sock"))
        self.assertEqual((result.returncode, result.stderr), (
            0, f"logsock {self.dir}/none/sock: its directory does not "
            "exist\n"))
        (self.dir / "file").touch()
        result = self.check(GOOD.replace("@DIR@/log", "@DIR@/file/log"))
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"/file/log: cannot write to the directory {self.dir}"
                      "/file: Not a directory\n", result.stderr)

    def test_pidfile_of_the_command_line(self):
        result = self.check(GOOD.replace("pidfile", "# "), "-p",
                            str(self.dir / "none" / "pid"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("none does not exist", result.stderr)

    def test_directory_of_another_user(self):
        """Another user may start flowd."""
        if os.geteuid() == 0:
            if need("setpriv"):
                self.skipTest("setpriv is not installed")
            self.flowd.prefix = ["setpriv", "--reuid=65534", "--regid=65534",
                                 "--clear-groups"]
        self.flowd.conf.touch()
        self.dir.chmod(0o555)
        self.addCleanup(self.dir.chmod, 0o755)
        result = self.check(GOOD)
        self.assertEqual((result.returncode, result.stdout),
                         (0, "configuration OK\n"))
        for path in ("logfile @DIR@/log", "pidfile @DIR@/pid"):
            message = f"{path}: this user may not write to the directory @DIR@; "
            self.assertIn(message.replace("@DIR@", str(self.dir)),
                          result.stderr)

    def test_read_only_file_system(self):
        mounts = ["unshare", "--mount", "sh", "-ec",
                  'mount -t tmpfs -o ro none "$0/ro"; exec "$@"',
                  str(self.dir)]
        (self.dir / "ro").mkdir()
        if need("unshare") or subprocess.run(
                [*mounts, "true"], check=False,
                stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("cannot mount file systems")
        self.flowd.prefix = mounts
        result = self.check(GOOD.replace("@DIR@/log", "@DIR@/ro/log"))
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"cannot write to the directory {self.dir}/ro: "
                      "Read-only file system\n", result.stderr)

    def test_no_file(self):
        result = self.check(None)
        self.assertEqual(result.returncode, 1)
        self.assertIn(str(self.flowd.conf), result.stderr)

    def test_directory(self):
        os.mkdir(self.flowd.conf)
        result = self.check(None)
        self.assertEqual(result.returncode, 1)
        self.assertIn(str(self.flowd.conf), result.stderr)

    def test_sample(self):
        """The sample is valid as it is, and with everything that it offers."""
        sample = (tap.SRC / "flowd.conf").read_text()
        self.passes(transplant(sample, self.dir))
        everything, offers = OFFERED.subn("", sample)
        self.assertGreater(offers, 20)
        self.passes(transplant(everything, self.dir))


if __name__ == "__main__":
    tap.main()
