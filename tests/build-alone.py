#!/usr/bin/env python3
"""Tests read nothing beside or above the source tree, so that they give the
same results everywhere: recorded sessions are found only by
FLOWD_TEST_DATA."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap

DIRECTORIES = ("bench", "fuzz", "perl", "python", "tests", "tools")
# The files that read the variable; all others use these.
READERS = {"tests/run", "tests/lib/tap.py", "tests/unit/recorded.h"}
READS = re.compile(r"""(?:getenv\(|environ\S*[(\[]|\$\{?)["']?FLOWD_TEST_DATA""")

# Paths upward from the file itself, and how many levels each goes up.
FROM_FILE = (
    (re.compile(r'dirname "\$0"\)((?:/\.\.)+)'), lambda m: m.count("..")),
    (re.compile(r"RealBin((?:/\.\.)+)"), lambda m: m.count("..")),
    (re.compile(r"HERE((?: / \"\.\.\")+)"), lambda m: m.count("..")),
    (re.compile(r"__file__\)\S*\.parents\[(\d+)\]"), int),
)
# Paths upward from the source tree, which must not exist.
FROM_TREE = re.compile(r"""
    SRC["')}]* \s* / \s* ["']? \.\.      # shell and Python
    | SRC\)? \. parent
    | getenv\("SRC"\)                   # C
""", re.VERBOSE)


def sources():
    """Returns the text files of those directories: name and content."""
    for directory in DIRECTORIES:
        for path in sorted((tap.SRC / directory).rglob("*")):
            name = path.relative_to(tap.SRC)
            if path.is_symlink() or not path.is_file() or \
                    name == pathlib.Path("tests/build-alone.py"):
                continue
            data = path.read_bytes()
            if b"\0" not in data:
                yield name, data.decode(errors="replace")


class Alone(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sources = list(sources())

    def test_files_that_read_the_variable(self):
        self.assertEqual({str(name) for name, text in self.sources
                          if READS.search(text)}, READERS)

    def test_upward_paths_end_in_the_tree(self):
        seen = 0
        for name, text in self.sources:
            for pattern, levels in FROM_FILE:
                for way in pattern.findall(text):
                    seen += 1
                    self.assertLess(levels(way), len(name.parts), name)
        self.assertGreater(seen, 10)

    def test_no_path_leads_above_the_tree(self):
        self.assertEqual([(str(name), match[0]) for name, text in self.sources
                          for match in FROM_TREE.finditer(text)], [])

    def test_no_file_names_the_directory_of_the_sessions(self):
        place = "/".join(("shared", "data"))
        parts = re.compile(r"""["']shared["']""")
        self.assertEqual([str(name) for name, text in self.sources
                          if place in text or parts.search(text)], [])


if __name__ == "__main__":
    tap.main()
