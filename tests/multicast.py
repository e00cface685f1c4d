#!/usr/bin/env python3
"""`join group`, for IPv4 and IPv6, in a network namespace of the test's own."""

import os
import pathlib
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from flowdtest import Flowd, need

GROUP4 = "239.192.0.1"
GROUP6 = "ff15::1:2055"
INSIDE = "FLOWD_TEST_NAMESPACE"
# Two interfaces, to send to ourselves by; nobody is at their other ends.
SETUP = """
ip link set lo up
for i in 0 1; do
    ip link add test$i type veth peer name other$i
    ip link set other$i up
    ip link set test$i up
    ip address add 192.0.2.$((i * 16 + 1))/28 dev test$i
    ip -6 address add 2001:db8:$i::1/64 dev test$i nodad
done
"""


def why_not():
    """Why there can be no namespace, or None."""
    if os.geteuid() != 0:
        return "not root"
    missing = need("unshare", "ip")
    if missing:
        return f"{missing} is not there"
    if subprocess.run(["unshare", "--net", "sh", "-ec", SETUP],
                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                      check=False).returncode != 0:
        return "network namespaces and interfaces cannot be made here"
    return None


def send(datagram, group, port, ifname):
    """Sends one datagram to a group through an interface."""
    index = socket.if_nametoindex(ifname)
    if ":" in group:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF,
                            index)
            sock.sendto(datagram, (group, port))
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        # struct ip_mreqn
        mreqn = bytes(8) + index.to_bytes(4, sys.byteorder)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, mreqn)
        sock.sendto(datagram, (group, port))


class Multicast(unittest.TestCase):
    """Sent through test1 first, where nobody has joined, then test0."""

    def only_through_test0(self, group, listen, ifname="test0"):
        flows = netflow.flows(2)
        with Flowd("store SRC_ADDR", f"join group {group}%{ifname}",
                   listen=(listen,)) as flowd:
            send(netflow.datagram(5, flows[:1]), group, flowd.port, "test1")
            send(netflow.datagram(5, flows[1:]), group, flowd.port, "test0")
            self.assertEqual(flowd.wait_flows(1), [{"src": "10.0.0.1"}])

    def test_ipv4_any(self):
        self.only_through_test0(GROUP4, "0.0.0.0")

    def test_ipv4_on_the_group(self):
        self.only_through_test0(GROUP4, GROUP4)

    def test_ipv6_any(self):
        self.only_through_test0(GROUP6, "::")

    def test_ipv6_on_the_group(self):
        self.only_through_test0(GROUP6, GROUP6)

    def test_without_join_nothing_comes(self):
        with Flowd("store SRC_ADDR", listen=("0.0.0.0",)) as flowd:
            flows = netflow.flows(2)
            send(netflow.datagram(5, flows[:1]), GROUP4, flowd.port, "test0")
            flowd.send(netflow.datagram(5, flows[1:]))
            self.assertEqual(flowd.wait_flows(1), [{"src": "10.0.0.1"}])

    def test_unknown_interface(self):
        with self.assertRaisesRegex(AssertionError, "nosuch"):
            with Flowd(f"join group {GROUP4}%nosuch", listen=("0.0.0.0",)):
                pass


if __name__ == "__main__":
    if INSIDE not in os.environ:
        reason = why_not()
        if reason:
            print(f"1..0 # SKIP {reason}")
            sys.exit(0)
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--net", "sh", "-ec",
                              SETUP + 'exec "$@"', "sh", sys.executable,
                              *sys.argv])
    tap.main()
