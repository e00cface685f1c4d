#!/usr/bin/env python3
"""NetFlow received over IPv6."""

import pathlib
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from flowdtest import PATIENCE, Flowd, has_ipv6, send


@unittest.skipUnless(has_ipv6(), "IPv6 is not available")
class Ipv6(unittest.TestCase):
    """Listeners on [::1] and [::]."""

    def test_agent_is_an_ipv6_address(self):
        flows = netflow.flows(5)
        with Flowd("store ALL", listen=("::1",)) as flowd:
            flowd.send(netflow.datagram(5, flows))
            stored = flowd.wait_flows(len(flows))
            # The agent's address needs 12 bytes more.
            self.assertEqual(flowd.log.stat().st_size, 128 * len(flows))
        self.assertEqual([netflow.without_receipt(f) for f in stored],
                         [netflow.stored(5, f, "::1") for f in flows])

    def test_both_families_on_one_port(self):
        datagram = netflow.datagram(5, netflow.flows(1))
        with Flowd("store AGENT_ADDR", "listen on 0.0.0.0:@PORT@",
                   listen=("::",)) as flowd:
            send(datagram, "::1", flowd.port)
            flowd.wait_flows(1)
            send(datagram, "127.0.0.1", flowd.port)
            self.assertEqual(flowd.wait_flows(2),
                             [{"agent": "::1"}, {"agent": "127.0.0.1"}])

    def test_ipv6_listener_does_not_receive_ipv4(self):
        datagram = netflow.datagram(5, netflow.flows(1))
        with Flowd("store AGENT_ADDR", listen=("::",)) as flowd:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.connect(("127.0.0.1", flowd.port))
                sock.settimeout(PATIENCE)
                sock.send(datagram)
                # No socket is bound there: the answer is an ICMP error.
                self.assertRaises(ConnectionRefusedError, sock.recv, 1)
            send(datagram, "::1", flowd.port)
            self.assertEqual(flowd.wait_flows(1), [{"agent": "::1"}])


if __name__ == "__main__":
    tap.main()
