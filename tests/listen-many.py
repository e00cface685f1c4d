#!/usr/bin/env python3
"""Many listeners: a set of epoll or kqueue tells which can be read."""

import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from flowdtest import Flowd, free_ports

MANY = 40
FEW = 3
BURST = 100			# datagrams


def one(number):
    """Returns a datagram with one flow, which differs by its octets."""
    return netflow.datagram(5, [{**netflow.flows(1)[0], "octets": number}])


class ManyListeners(unittest.TestCase):
    def sets(self, flowd):
        """Returns the number of sets that the collector has."""
        fds = pathlib.Path(f"/proc/{flowd.collector()}/fd")
        try:
            links = [os.readlink(fd) for fd in fds.iterdir()]
        except OSError as error:
            self.skipTest(f"{fds}: {error}")
        return sum("eventpoll" in link for link in links)

    def flowd(self, n):
        return Flowd("store OCTETS", listen=("127.0.0.1",) * n)

    def check(self, flowd, first):
        """Each listener receives; first is the number of flows before."""
        n = len(flowd.ports)
        for i in range(n):
            flowd.send(one(first + i), listener=i)
        self.assertEqual([f["octets"] for f in sorted(
            flowd.wait_flows(first + n), key=lambda f: f["octets"])],
            list(range(first + n)))
        return first + n

    def test_each_receives(self):
        with self.flowd(MANY) as flowd:
            self.check(flowd, self.check(flowd, 0))

    def test_bursts_to_all(self):
        with self.flowd(MANY) as flowd:
            with flowd.paused():
                for i in range(MANY):
                    for _ in range(BURST):
                        flowd.send(one(i), listener=i)
            flows = flowd.wait_flows(MANY * BURST)
            for i in range(MANY):
                self.assertEqual(sum(f["octets"] == i for f in flows), BURST)

    def test_reload_moves_adds_and_removes(self):
        """Listeners that stay and new ones receive, also where they become
        few and many again."""
        with self.flowd(MANY) as flowd:
            sent = self.check(flowd, 0)
            ports = flowd.ports
            for ports in (ports[MANY // 2:], ports[-FEW:],
                          free_ports(["127.0.0.1"] * MANY) + ports[-FEW:]):
                flowd.ports = ports
                flowd.addresses = ("127.0.0.1",) * len(ports)
                flowd.reload(*flowd.statements)
                sent = self.check(flowd, sent)

    @unittest.skipUnless(sys.platform == "linux", "reads /proc")
    def test_a_set_is_used_for_many_only(self):
        for n, expected in ((FEW, 0), (MANY, 1)):
            with self.flowd(n) as flowd:
                self.check(flowd, 0)
                self.assertEqual(self.sets(flowd), expected)


if __name__ == "__main__":
    tap.main()
