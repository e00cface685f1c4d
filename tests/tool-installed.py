#!/usr/bin/env python3
"""The tools that `make install` installs run, under the names in their
manuals."""

import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import perlmodule
import pythonmodule
import tap
from readertest import SECONDS, log

pythonmodule.load()

MISSING = perlmodule.missing("DBD::SQLite")


@unittest.skipIf(MISSING, MISSING)
class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tmp = tap.TemporaryDirectory(prefix="flowd-test-")
        cls.addClassCleanup(tmp.cleanup)
        cls.root = pathlib.Path(tmp.name)
        subprocess.run(
            [perlmodule.MAKE, "install", f"DESTDIR={cls.root}/root",
             "prefix=/usr", "sysconfdir=/etc"], cwd=tap.BUILD, check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        cls.bin = cls.root / "root" / "usr" / "bin"
        cls.manuals = cls.root / "root" / "usr" / "share" / "man" / "man1"
        cls.env = {**pythonmodule.environment(),
                   "PERL5LIB": perlmodule.environment()["PERL5LIB"]}

    def run_tool(self, name, *args):
        command = [self.bin / name, *args]
        if "python" in self.bin.joinpath(name).read_text().splitlines()[0]:
            command.insert(0, sys.executable)	# the module is built for it
        return subprocess.run(
            command, env=self.env, cwd=self.root, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=SECONDS, check=True
        ).stdout

    def test_usage_and_manual(self):
        table = (tap.SRC / "tools" / "README.tools").read_text()
        names = re.findall(r"^\| (\w[\w-]+) +\| [\w./]+ +\|", table, re.M)
        self.assertEqual(len(names), 5)
        for name in names:
            with self.subTest(tool=name):
                self.assertEqual(
                    self.run_tool(name, "-h").split()[:2], ["usage:", name])
                self.assertIn(f".Nm {name}\n",
                              (self.manuals / f"{name}.1").read_text())

    def test_they_read_a_log(self):
        (self.root / "a.log").write_bytes(log(3))
        self.assertIn("a.log: 3 flows", self.run_tool(
            "flowinsert", "-v", "a.log"))
        self.assertIn(f"flows    {'3':>26}\n", self.run_tool(
            "flowd-stats", "a.log"))
        self.assertIn("# 3 flows;", self.run_tool(
            "flowd-wormsuspects", "a.log"))


if __name__ == "__main__":
    tap.main()
