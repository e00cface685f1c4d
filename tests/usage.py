#!/usr/bin/env python3
"""Help, version and wrong options of flowd, flowdctl, flowd-reader, flow-send."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import programs
import tap
import usagetest

SANDBOX = re.search(r"^SANDBOX = (\S+)$", (tap.BUILD / "Makefile").read_text(),
                    re.MULTILINE)[1]
SAYS = {
    "flowd": [f"^sandbox: {SANDBOX}$"],
    "flowdctl": [f"^sandbox: {SANDBOX}$"],
    "flow-send": [r"^libpcap: (\d+\.\d|none)"],
}


class Usage(usagetest.Usage, unittest.TestCase):
    programs = [
        usagetest.Program(name, [tap.program(name)], programs.options(source),
                          SAYS.get(name, []))
        for name, source in programs.sources().items() if source.suffix == ".c"]

    @usagetest.of_each_program
    def test_the_first_of_two_options_is_used(self, program):
        result = usagetest.run(program, "-Z", "--help")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        result = usagetest.run(program, "--help", "-Z")
        self.assertEqual((result.returncode, result.stderr), (0, ""))


if __name__ == "__main__":
    tap.main()
