#!/usr/bin/env python3
"""Thousands of reloads and reopens use no more memory and descriptors than a
few.  FLOWD_TEST_ROUNDS sets their number; by default there are fewer."""

import os
import pathlib
import re
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from flowdtest import Flowd, is_sanitized, wait_for
from hooked import descriptors

ROUNDS = int(os.environ.get("FLOWD_TEST_ROUNDS")
             or (30 if is_sanitized() else 200))
WARM = ROUNDS // 5		# until everything has been allocated once
SLACK = 512			# KiB


def resident(pid):
    """Returns the process's anonymous memory in KiB, read from /proc."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^RssAnon:\s*(\d+) kB", text, re.MULTILINE)[1])


@unittest.skipUnless(os.path.exists("/proc/self/fd"), "/proc is not mounted")
@unittest.skipUnless(os.geteuid() == 0, "only root sees the descriptors")
class Flat(unittest.TestCase):
    def at_rest(self, flowd, files):
        """Returns the KiB of monitor and collector, once they have as many
        descriptors as at the beginning: replaced logs stay open for a
        while."""
        pids = [flowd.pid(), flowd.collector()]
        wait_for(lambda: [descriptors(pid) for pid in pids] == files,
                 f"the descriptors are {files} as before")
        return [resident(pid) for pid in pids]

    def repeat(self, flowd, number, said):
        """Sends ROUNDS signals, each after flowd has handled the one
        before."""
        pids = [flowd.pid(), flowd.collector()]
        files = [descriptors(pid) for pid in pids]
        with flowd.stderr.open() as stderr:
            for i in range(ROUNDS):
                if i == WARM:
                    before = self.at_rest(flowd, files)
                stderr.seek(0, os.SEEK_END)
                flowd.signal(number)
                wait_for(lambda: said in stderr.read(), f"flowd logs {said!r}")
        # The collector handles datagrams after the monitor's orders.
        flowd.send(netflow.datagram(5, netflow.flows(1)))
        flowd.wait_flows(1)
        self.assertEqual([flowd.pid(), flowd.collector()], pids)
        after = self.at_rest(flowd, files)
        if is_sanitized():
            return		# it keeps freed memory, to detect its use
        for kib, most in zip(after, before):
            self.assertLessEqual(kib, most + SLACK)

    def statements(self):
        return ["store ALL", 'statefile "@DIR@/state"',
                'logfile "@DIR@/second" tag 2', "forward to 127.0.0.1:9",
                "table <t> { 192.0.2.0/24, 2001:db8::/32 }",
                "accept all", "accept tag 2 src <t>"]

    def test_reload(self):
        with Flowd(*self.statements()) as flowd:
            self.repeat(flowd, signal.SIGHUP, "new configuration in force")

    def test_reload_of_a_bad_configuration(self):
        with Flowd(*self.statements()) as flowd:
            flowd.write_conf(*self.statements(), "nonsense")
            self.repeat(flowd, signal.SIGHUP, "the old configuration stays in force")

    def test_reload_that_cannot_be_carried_out(self):
        with Flowd(*self.statements()) as flowd:
            flowd.write_conf(*self.statements(), 'logfile "@DIR@" tag 3')
            self.repeat(flowd, signal.SIGHUP, "the old configuration stays in force")

    def test_reopen(self):
        with Flowd(*self.statements()) as flowd:
            self.repeat(flowd, signal.SIGUSR1, "logs reopened")


if __name__ == "__main__":
    tap.main()
