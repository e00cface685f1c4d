#!/usr/bin/env python3
"""Commands in the documents that choose logs are right when clocks change."""

import os
import re
import subprocess
import sys
import pathlib
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap

DIRECTORY = "/var/log/flowd/"
# Logs of five minutes at the end of daylight saving in 2026, when 02:00 CET
# follows 02:59:59 CEST.  Each has the time of its last write, in seconds from
# 02:50 CEST; the last two continue logs of the hour before.
LOGS = (("20261025-0250.flow.gz", 299), ("20261025-0255.flow.gz", 599),
        ("20261025-0200.flow", 899), ("20261025-0205.flow", 910))
BEGIN = 1792889400


def recipes():
    """Returns the commands in the documents that list logs."""
    for path in tap.SRC.glob("docs/*.md"):
        for command in re.findall(r"\$\((ls [^)]*)\)", path.read_text()):
            yield path.name, command


class Recipes(unittest.TestCase):

    def test_the_newest_logs_when_clocks_are_put_back(self):
        found = list(recipes())
        self.assertTrue(found)
        with tap.TemporaryDirectory(prefix="flowd-test-") as tmp:
            for name, end in LOGS:
                path = pathlib.Path(tmp, name)
                path.touch()
                os.utime(path, (BEGIN + end, BEGIN + end))
            for document, command in found:
                with self.subTest(document=document, command=command):
                    self.assertIn(DIRECTORY, command)
                    said = subprocess.run(
                        ["sh", "-c", command.replace(DIRECTORY, f"{tmp}/")],
                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                        text=True, check=True).stdout
                    self.assertEqual(
                        [os.path.basename(name) for name in said.split()],
                        [name for name, _ in LOGS[-2:]])


if __name__ == "__main__":
    tap.main()
