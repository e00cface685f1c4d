#!/usr/bin/env python3
"""Runs every input of the fuzz corpus and the seeds through its target."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap

PATIENCE = 200		# seconds for all inputs of a target
FUZZ = tap.SRC / "fuzz"
TARGETS = sorted({path.stem for path in FUZZ.glob("*.c")} - {"replay"})


class Replay(unittest.TestCase):
    def replay(self, target):
        inputs = [str(path) for kind in ("seeds", "corpus")
                  for path in sorted((FUZZ / kind / target).glob("*"))]
        self.assertNotEqual(inputs, [])
        with tap.TemporaryDirectory() as tmp, \
                tempfile.TemporaryFile("w+", errors="replace") as said:
            # A target's warnings do not matter, and are many.
            result = subprocess.run(
                [tap.program(f"fuzz/{target}"), *inputs],
                env={**os.environ, "TMPDIR": tmp}, timeout=PATIENCE,
                stdout=subprocess.PIPE, stderr=said, text=True, check=False)
            said.seek(0)
            last = "".join(said.readlines()[-40:])
        self.assertEqual(result.returncode, 0, last)
        self.assertEqual(result.stdout, f"{len(inputs)} inputs\n")


def test_of(target):
    return lambda self: self.replay(target)


class Seeds(unittest.TestCase):
    def test_seeds_are_those_of_make_seeds(self):
        with tap.TemporaryDirectory() as tmp:
            subprocess.run([FUZZ / "make-seeds", tmp], check=True)
            made = contents(pathlib.Path(tmp))
        self.assertEqual(sorted(made), sorted(contents(FUZZ / "seeds")))
        self.assertEqual(made, contents(FUZZ / "seeds"))

    def test_every_target_has_seeds(self):
        self.assertEqual(
            [path.name for path in sorted((FUZZ / "seeds").iterdir())],
            TARGETS)


def contents(directory):
    return {str(path.relative_to(directory)): path.read_bytes()
            for path in directory.rglob("*") if path.is_file()}


for name in TARGETS:
    setattr(Replay, f"test_{name}", test_of(name))

if __name__ == "__main__":
    tap.main()
