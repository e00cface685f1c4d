#!/usr/bin/env python3
"""A log that cannot grow: flowd keeps running, logs it, and leaves only whole
records."""

import pathlib
import re
import sys
import unittest
from signal import SIGUSR2

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import flowlog
import netflow
import tap
from flowdtest import Flowd, need, wait_for

RECORD = 116		# bytes of an IPv4 record of NetFlow v5, all fields


class Full(unittest.TestCase):
    """The space left is not a multiple of a record, as on a disk that
    fills."""

    def fill(self, flowd, flows):
        for i in range(0, flows, 30):
            flowd.send(netflow.datagram(5, netflow.flows(30, seed=i + 1)))

    def check(self, limit, prefix):
        flows = 30 * (limit // RECORD // 30 + 20)
        flowd = Flowd("store ALL", prefix=prefix)
        flowd.start()
        try:
            self.fill(flowd, flows)
            flowd.wait_stderr("cannot write to")
            collector = flowd.collector()
            # flowd answers and collects: it does not loop on the torn record.
            def tried_again():
                flowd.signal(SIGUSR2)
                return any(int(n) >= 2 for n in re.findall(
                    r"log-errors (\d+)", "\n".join(flowd.stderr_lines())))

            # The file size limit applies to standard error too: few reports.
            wait_for(tried_again, "flowd logs another attempt", pause=0.2)
            self.fill(flowd, 30)
            self.assertEqual(flowd.collector(), collector)
            flowd.process.terminate()
            flowd.process.wait(60)
            flowd.wait_stderr("are lost")
            log = flowd.log.read_bytes()
            self.assertLessEqual(len(log), limit)
            self.assertEqual(len(flowlog.decode(log)), limit // RECORD)
        finally:
            flowd._discard()

    @unittest.skipIf(need("prlimit"), "prlimit is not installed")
    def test_limit_of_a_file(self):
        self.check(100 * 1024, ("prlimit", f"--fsize={100 * 1024}"))


if __name__ == "__main__":
    tap.main()
