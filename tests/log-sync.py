#!/usr/bin/env python3
"""Logs are synced often enough, without a loss, and without blocking flowd."""

import os
import pathlib
import subprocess
import sys
import unittest
from signal import SIGKILL, SIGUSR2

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import load
import netflow
import tap
from flowdtest import Flowd, is_sanitized, make_variable, wait_for

RATE = 20000
SECONDS = 60 if load.LONG else 3

# Adds an octet to the file that SYNCED names.  With SLEEP it then hangs, like
# a call on a disk that hangs.
FDATASYNC = r"""
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int
fdatasync(int fd)
{
	int out = open(getenv("SYNCED"), O_WRONLY | O_CREAT | O_APPEND, 0600);

	(void)fd;
	(void)write(out, "x", 1);
	(void)close(out);
	if (getenv("SLEEP") != NULL)
		pause();
	return (0);
}
"""


class Sync(unittest.TestCase):
    def make(self, *statements):
        flowd = Flowd(*load.STATEMENTS, *statements)
        self.addCleanup(flowd._discard)
        return flowd

    def test_nothing_is_lost(self):
        flowd = self.make("sync 1")
        flowd.start()
        sender = load.Sender(flowd, SECONDS * RATE, RATE)
        sender.wait(SECONDS + 30)
        load.check(self, flowd, sender.flows, lambda: [flowd.log])

    def watch(self, flowd, **environment):
        """Makes flowd call the fdatasync above."""
        if is_sanitized():
            self.skipTest("sanitizers must be loaded first")
        source = flowd.dir / "fdatasync.c"
        library = flowd.dir / "fdatasync.so"
        source.write_text(FDATASYNC)
        subprocess.run([*make_variable("CC").split(), "-shared", "-fPIC",
                        "-o", library, source], check=True)
        self.synced = flowd.dir / "synced"
        # It opens a file, which the sandbox does not allow to a syncer.
        flowd.insecure = os.geteuid() == 0
        flowd.args += ["-X", "NOSANDBOX"]
        flowd.prefix = ["env", f"LD_PRELOAD={library}",
                        f"SYNCED={self.synced}",
                        *(f"{k}={v}" for k, v in environment.items())]

    def times(self):
        return self.synced.stat().st_size if self.synced.exists() else 0

    def test_repeatedly(self):
        flowd = self.make("sync 1")
        self.watch(flowd)
        flowd.start()
        wait_for(lambda: self.times() >= 2, "the log is synced twice")

    def test_end(self):
        """The last flows are synced too."""
        flowd = self.make("sync 3600")
        self.watch(flowd)
        flowd.start()
        self.assertEqual(self.times(), 0)
        flowd.stop()
        self.assertEqual(self.times(), 1)

    def test_file_that_was_rotated(self):
        flowd = self.make("sync 3600")
        flowd.statements = (f'logfile "{flowd.log}" rotate at size 1K',
                            *flowd.statements)
        flowd.with_log = False
        self.watch(flowd)
        flowd.start()
        for _ in range(2):
            flowd.send(netflow.datagram(5, netflow.flows(30)))
        # Both the closed file and the open one.
        wait_for(lambda: self.times() >= 2, "the closed file is synced")

    def test_disk_that_hangs(self):
        flowd = self.make("sync 1")
        self.watch(flowd, SLEEP=1)
        flowd.start()
        collector = flowd.collector()
        wait_for(lambda: self.times() == 1, "the log is synced")
        syncer = flowd.children()[-1]
        flowd.send(netflow.datagram(5, netflow.flows(3)))
        flowd.wait_flows(3)
        flowd.expect("kernel-drops", SIGUSR2)
        os.kill(collector, SIGKILL)
        flowd.wait_stderr("starting a new collector")
        flowd.send(netflow.datagram(5, netflow.flows(3)))
        flowd.wait_flows(6)
        # The hanging process holds no other descriptor of flowd.
        if os.geteuid() == 0:	# only root sees its descriptors
            self.assertEqual(
                [os.readlink(p) for p in pathlib.Path(f"/proc/{syncer}/fd")
                 .iterdir() if int(p.name) > 2], [str(flowd.log)])
        # No other syncer is started while one hangs.
        self.assertEqual(self.times(), 1)
        flowd.stop()
        flowd.wait_stderr("the logs are not synced after")
        os.kill(syncer, SIGKILL)


if __name__ == "__main__":
    tap.main()
