#!/usr/bin/env python3
"""Collectors are killed at random moments at 75,000 flows a second: the next
one continues with the same templates, and nothing is called missing.

FLOWD_TEST_LONG=1 kills 100 collectors in each test, otherwise 10."""

import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap
from flowdtest import PATIENCE, endpoint, wait_for
from hooked import Hooked, needs_hook
from load import LONG
from report import statistics
from wire import has_loopback_net

KILLS = 100 if LONG else 10
FLOWS = 25			# of a datagram
DATAGRAMS = 3000		# a second
SOURCES = 16
RECORD = 20			# octets of a stored flow
# What a collector had decoded and not written: 10 ms, and a batch.
LOST = FLOWS * (DATAGRAMS // 100 + 64)


class Sender:
    """A flow-send that runs until it is stopped."""

    def __init__(self, flowd):
        self.process = subprocess.Popen(
            [tap.program("flow-send"), "-v", "-V", "10", "-c", str(FLOWS),
             "-n", "0", "-r", str(DATAGRAMS), "-S", f"127.0.1.1,{SOURCES}",
             endpoint("127.0.0.1", flowd.port)],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def stop(self):
        """Returns how many flows were sent."""
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate(timeout=PATIENCE)[1]
        return int(re.search(r"(\d+) flows", said)[1])


@needs_hook
@unittest.skipUnless(has_loopback_net(), "127.0.0.0/8 is not local")
class Kills(unittest.TestCase):

    def started(self, flowd):
        return sum("collector runs as" in line for line in
                   flowd.stderr_lines())

    def stored(self, flowd):
        return flowd.log.stat().st_size // RECORD

    def settled(self, flowd):
        """Whether the log does not grow any more."""
        before = self.stored(flowd)
        time.sleep(0.3)
        return self.stored(flowd) == before

    def check(self, *statements):
        seed = int.from_bytes(os.urandom(4), "big")
        print(f"# {self.id()}: seed {seed}", flush=True)
        rng = random.Random(seed)
        with Hooked("store OCTETS", "store CRC32", *statements) as flowd:
            sender = Sender(flowd)
            self.addCleanup(sender.process.kill)
            wait_for(lambda: self.stored(flowd) > DATAGRAMS, "flows arrive")
            for _ in range(KILLS):
                time.sleep(rng.random() / 5)
                started = self.started(flowd)
                os.kill(rng.choice(flowd.children()), signal.SIGKILL)
                wait_for(lambda: self.started(flowd) > started,
                         "another collector runs")
            sent = sender.stop()
            wait_for(lambda: self.settled(flowd), "all flows are stored")
            counted = statistics(flowd)
            said = "\n".join(flowd.stderr_lines())
            data = flowd.log.read_bytes()
        lost = sent - len(data) // RECORD
        print(f"# {KILLS} kills, {sent} flows sent, {lost} lost", flush=True)
        # Whole records, and nothing else.
        self.assertEqual(len(data) % RECORD, 0)
        self.assertEqual(len({data[i:i + 8] for i in
                              range(0, len(data), RECORD)}), 1)
        # On a slow machine, queues may overflow before the next one runs.
        drops = FLOWS * counted.whole["kernel-drops"]
        self.assertGreaterEqual(lost, 0)
        self.assertLessEqual(lost, KILLS * LOST + drops)
        self.assertNotIn("not received yet", said)
        self.assertNotIn("is skipped", said)
        self.assertEqual(counted.all["no-template"], 0)
        self.assertLessEqual(counted.all["sequence-lost"], drops)

    def test_one_worker(self):
        self.check()

    def test_two_workers_with_a_state_file(self):
        self.check("workers 2", 'statefile "@DIR@/state"')


if __name__ == "__main__":
    tap.main()
