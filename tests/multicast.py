#!/usr/bin/env python3
"""`join group`, for IPv4 and IPv6, in a network namespace."""

import pathlib
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import namespace
import netflow
import report
import tap
from flowdtest import Flowd

GROUP4 = "239.192.0.1"
GROUP6 = "ff15::1:2055"


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
    """Sends first through test1, where the group is not joined, then through
    test0."""

    def only_through_test0(self, group, listen):
        flows = netflow.flows(2)
        for join in (f"{group}%test0", f"{group} on test0"):
            with self.subTest(join), Flowd(
                    "store SRC_ADDR", f"join group {join}",
                    listen=(listen,)) as flowd:
                send(netflow.datagram(5, flows[:1]), group, flowd.port,
                     "test1")
                send(netflow.datagram(5, flows[1:]), group, flowd.port,
                     "test0")
                self.assertEqual(flowd.wait_flows(1), [{"src": "10.0.0.1"}])

    def test_one_of_several_workers_receives_it(self):
        flows = netflow.flows(2)
        for group, listen in ((GROUP4, "0.0.0.0"), (GROUP4, GROUP4),
                              (GROUP6, "::")):
            with self.subTest(group, listen=listen), Flowd(
                    "store SRC_ADDR", f"join group {group} on test0",
                    "workers 3", listen=(listen,)) as flowd:
                send(netflow.datagram(5, flows[:1]), group, flowd.port,
                     "test0")
                send(netflow.datagram(5, flows[1:]), group, flowd.port,
                     "test0")
                self.assertEqual(
                    flowd.wait_flows(2),
                    [{"src": "10.0.0.0"}, {"src": "10.0.0.1"}])

    def test_one_of_several_workers_receives_a_broadcast(self):
        """Each worker's socket receives it; only the sender's worker decodes
        it."""
        flows = netflow.flows(20)
        with Flowd("store SRC_ADDR", "workers 3", f"join group {GROUP4}",
                   listen=("0.0.0.0",)) as flowd:
            for number in range(10):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                    sock.bind((f"127.0.0.{number + 1}", 0))
                    sock.sendto(netflow.datagram(5, flows[number:number + 1]),
                                ("127.255.255.255", flowd.port))
                flowd.send(netflow.datagram(
                    5, flows[number + 10:number + 11]), f"127.0.0.{number + 1}")
            stored = flowd.wait_flows(20)
            self.assertEqual(sorted(flow["src"] for flow in stored),
                             sorted(f"10.0.0.{i}" for i in range(20)))

    def test_own_copies_are_dropped(self):
        """The group that flowd forwards to is also the one that it joins."""
        # Another test of this file adds this route as well.
        subprocess.run(["ip", "route", "replace", GROUP4, "dev", "test0"],
                       check=True)
        self.addCleanup(subprocess.run, ["ip", "route", "delete", GROUP4],
                        check=True)
        flows = netflow.flows(4)
        for workers in (1, 3):
            with self.subTest(workers=workers), Flowd(
                    "store SRC_ADDR", f"workers {workers}",
                    f"join group {GROUP4} on test0",
                    f"forward to {GROUP4}:@PORT@",
                    listen=("0.0.0.0",)) as flowd:
                for number, flow in enumerate(flows):
                    flowd.send(netflow.datagram(5, [flow]),
                               f"127.0.0.{number + 1}")
                flowd.wait_stderr("flowd itself forwarded this datagram")
                self.assertEqual(len(flowd.wait_flows(4)), 4)
                if workers == 1:
                    self.assertEqual(
                        report.statistics(flowd).whole["forward-looped"], 4)

    def test_ipv4_any(self):
        self.only_through_test0(GROUP4, "0.0.0.0")

    def test_ipv4_on_the_group(self):
        self.only_through_test0(GROUP4, GROUP4)

    def test_ipv6_any(self):
        self.only_through_test0(GROUP6, "::")

    def test_ipv6_on_the_group(self):
        self.only_through_test0(GROUP6, GROUP6)

    def check_members(self, flowd, group, interfaces):
        """Asserts that only datagrams sent through these interfaces are
        received."""
        before = len(flowd.flows())
        flows = netflow.flows(3)
        for i in range(2):
            send(netflow.datagram(5, flows[i:i + 1]), group, flowd.port,
                 f"test{i}")
        # Those before this one have been received once this is stored.
        flowd.send(netflow.datagram(5, flows[2:]))
        expected = [{"src": f"10.0.0.{i}"} for i in (*interfaces, 2)]
        self.assertEqual(flowd.wait_flows(before + len(expected))[before:],
                         expected)

    def changes(self, group, listen):
        """SIGHUP changes the groups of a socket that stays open."""
        with Flowd("store SRC_ADDR", listen=(listen,)) as flowd:
            self.check_members(flowd, group, [])
            for groups, interfaces in (
                    (("on test0",), [0]),
                    (("on test1",), [1]),
                    (("on test0", "on test1"), [0, 1]),
                    (("on test0",), [0]),
                    ((), [])):
                flowd.reload("store SRC_ADDR",
                             *(f"join group {group} {on}" for on in groups))
                self.check_members(flowd, group, interfaces)
            self.assertEqual("\n".join(flowd.stderr_lines())
                             .count("listening on"), 1)

    def test_changes_of_ipv4(self):
        self.changes(GROUP4, "0.0.0.0")

    def test_changes_of_ipv6(self):
        self.changes(GROUP6, "::")

    def test_interface_of_choice(self):
        """Naming the interface that the system has chosen changes nothing, nor
        does leaving it out."""
        with Flowd("store SRC_ADDR", listen=("0.0.0.0",)) as flowd:
            subprocess.run(["ip", "route", "add", f"{GROUP4}/32", "dev",
                            "test1"], check=True)
            for on in ("", "on test1", "", "on test1"):
                flowd.reload("store SRC_ADDR", f"join group {GROUP4} {on}")
                self.check_members(flowd, GROUP4, [1])

    def interface_returns(self, group, listen, times):
        join = f"join group {group} on test0"
        self.addCleanup(namespace.create, 0)
        with Flowd("store SRC_ADDR", join, listen=(listen,)) as flowd:
            for _ in range(times):
                namespace.remove(0)
                # A group on an interface that is gone is no error.
                flowd.reload("store SRC_ADDR", join)
                namespace.create(0)
                flowd.reload("store SRC_ADDR", join)
            flowd.wait_stderr("interface test0 is back, and used again")
            self.check_members(flowd, group, [0])
            self.assertNotIn("cannot", "\n".join(flowd.stderr_lines()))

    def test_interface_returns_to_ipv4(self):
        """It returns more often than a socket can have groups."""
        most = pathlib.Path("/proc/sys/net/ipv4/igmp_max_memberships")
        self.interface_returns(GROUP4, "0.0.0.0", int(most.read_text()) + 1)

    def test_interface_returns_to_ipv6(self):
        self.interface_returns(GROUP6, "::", 1)

    def test_a_refused_change_keeps_the_old_groups(self):
        with Flowd("store SRC_ADDR", f"join group {GROUP4} on test0",
                   listen=("0.0.0.0",)) as flowd:
            flowd.write_conf("store SRC_ADDR",
                             f"join group {GROUP4} on test1",
                             f"join group {GROUP4} on nosuch")
            flowd.expect("the old configuration stays in force", signal.SIGHUP)
            flowd.wait_stderr("nosuch")
            self.check_members(flowd, GROUP4, [0])

    def test_without_join_nothing_is_received(self):
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
    namespace.enter()
    tap.main()
