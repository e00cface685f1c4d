#!/usr/bin/env python3
"""Help, version and wrong options of the programs in Perl and Python."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import perlmodule
import programs
import pythonmodule
import tap
import usagetest

pythonmodule.load()

MISSING = perlmodule.missing("DBI")


def scripts(first_line):
    """Returns the programs whose first line names this interpreter."""
    found = {**programs.sources(),
             "reader.pl": tap.SRC / "perl" / "reader.pl",
             "reader.py": tap.SRC / "python" / "reader.py"}
    return {name: path for name, path in found.items() if path.suffix != ".c"
            and path.read_text().splitlines()[0] == first_line}


@unittest.skipIf(MISSING, MISSING)
class Perl(usagetest.Usage, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        env = perlmodule.environment()
        cls.programs = [
            usagetest.Program(name, ["perl", str(path)],
                              programs.options(path), env=env)
            for name, path in scripts("#!/usr/bin/env perl").items()]
        assert len(cls.programs) == 3


class Python(usagetest.Usage, unittest.TestCase):
    programs = [
        usagetest.Program(name, [sys.executable, str(path)],
                          programs.options(path),
                          env=pythonmodule.environment())
        for name, path in scripts("#!/usr/bin/env python3").items()]

    def test_number_of_programs(self):
        self.assertEqual(len(self.programs), 4)


if __name__ == "__main__":
    tap.main()
