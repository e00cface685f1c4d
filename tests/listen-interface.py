#!/usr/bin/env python3
"""`listen on ADDR:PORT interface NAME` receives only datagrams that arrive on
that interface.  The test runs in a network namespace."""

import ipaddress
import os
import pathlib
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import namespace
import netflow
import tap
from ctlclient import CONTROL, show, show_json
from flowdtest import PATIENCE, Flowd, endpoint, free_port, send, wait_for
from namespace import (ADDRESSES4, ADDRESSES6, LINK_LOCAL, create, inject,
                       remove)


class Interface(unittest.TestCase):
    """The source of a flow is 10.0.0.NUMBER, of the interface on which it
    arrived; flows sent by this host have 10.0.0.2."""

    def setUp(self):
        self.port = free_port()
        self.addCleanup(create, 0)

    def start(self, *listens):
        return Flowd("store SRC_ADDR", *self.listens(*listens), listen=())

    def listens(self, *pairs):
        return [f"listen on {endpoint(address, self.port)} "
                f"{'interface ' + name if name else ''}"
                for address, name in pairs]

    def reload(self, flowd, *listens):
        flowd.reload("store SRC_ADDR", *self.listens(*listens))

    def send(self, targets, number):
        inject(number, netflow.datagram(5, netflow.flows(2)[number:][:1]),
               targets[number], self.port)

    def check(self, flowd, order, expected, targets=ADDRESSES4):
        """Sends on these interfaces in order, and checks the sources
        stored."""
        before = len(flowd.flows())
        for number in order:
            self.send(targets, number)
        self.assertEqual(
            flowd.wait_flows(before + len(expected))[before:],
            [{"src": f"10.0.0.{number}"} for number in expected])

    def test_ipv4(self):
        with self.start(("0.0.0.0", "test0")) as flowd:
            self.check(flowd, (1, 0, 1, 0), (0, 0))
            # Datagrams that this host sends to itself are not received either.
            send(netflow.datagram(5, netflow.flows(3)[2:]), "127.0.0.1",
                 self.port)
            self.check(flowd, (0,), (0,))
            flowd.wait_stderr(f"listening on 0.0.0.0:{self.port} interface "
                              "test0, ")

    def check_forward(self, listen, target):
        """Returns what flowd -n writes about a forward to target."""
        flowd = self.start(listen)
        flowd.write_conf(*flowd.statements,
                         f"forward to {endpoint(target, self.port)}")
        result = subprocess.run(flowd.command("-n"), capture_output=True,
                                text=True, check=False)
        self.assertEqual(result.returncode, "in a loop" in result.stderr)
        return result.stderr

    def test_forward_to_an_own_address_is_refused(self):
        for listen, target in (("0.0.0.0", ADDRESSES4[0]),
                               ("0.0.0.0", ADDRESSES4[1]),
                               ("::", ADDRESSES6[1])):
            self.assertIn("in a loop",
                          self.check_forward((listen, None), target))
        foreign = "198.51.100.7"
        for listen, target in (
                (("0.0.0.0", None), foreign),
                ((ADDRESSES4[0], None), ADDRESSES4[1]),
                (("0.0.0.0", "test0"), ADDRESSES4[0])):
            self.assertEqual(self.check_forward(listen, target), "")
        nonlocal_bind = pathlib.Path("/proc/sys/net/ipv4/ip_nonlocal_bind")
        if os.access(nonlocal_bind, os.W_OK):
            nonlocal_bind.write_text("1")
            self.addCleanup(nonlocal_bind.write_text, "0")
            self.assertEqual(self.check_forward(("0.0.0.0", None), foreign),
                             "")

    def test_address_of_another_interface(self):
        """The interface counts, not the address."""
        with self.start((ADDRESSES4[1], "test0")) as flowd:
            self.check(flowd, (1, 0), (0,), [ADDRESSES4[1]] * 2)

    def test_ipv6(self):
        with self.start(("::", "test1")) as flowd:
            self.check(flowd, (0, 1), (1,), ADDRESSES6)

    def test_link_local(self):
        """The same address means another host on each interface."""
        with self.start((LINK_LOCAL, "test1")) as flowd:
            self.check(flowd, (0, 1), (1,), [LINK_LOCAL] * 2)

    def test_interface_in_the_address(self):
        with self.start((f"{LINK_LOCAL}%test1", None)) as flowd:
            self.check(flowd, (0, 1), (1,), [LINK_LOCAL] * 2)
            self.reload(flowd, (f"{LINK_LOCAL}%test0", None))
            self.check(flowd, (1, 0), (0,), [LINK_LOCAL] * 2)
            # It is the same listener.
            self.reload(flowd, (LINK_LOCAL, "test0"))
            flowd.stop()
            said = "\n".join(flowd.stderr_lines())
            self.assertEqual(said.count(" listening on"), 1, said)

    def check_forwarded(self, flowd, sock, group):
        """A datagram arrives at the peer of test0, from its address."""
        index = socket.if_nametoindex("other0")
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                        ipaddress.ip_address(group).packed +
                        index.to_bytes(4, sys.byteorder))
        flowd.send(netflow.datagram(5, netflow.flows(1)))
        _, sender = sock.recvfrom(65535)
        self.assertEqual((sender[0].partition("%")[0], sender[3]),
                         (LINK_LOCAL, index))

    def test_forward_to_a_link_local_address(self):
        """Also when its interface is created again."""
        group = "ff02::1234"
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::", 0))
            sock.settimeout(PATIENCE)
            statements = ["store SRC_ADDR", *(
                f"forward to [{group}%{name}]:{sock.getsockname()[1]}"
                for name in ("test1", "test0"))]
            with Flowd(*statements) as flowd:
                self.check_forwarded(flowd, sock, group)
                remove(0)
                flowd.reload(*statements)
                flowd.wait_stderr("interface test0 is gone; flowd receives")
                create(0)
                # SIGHUP opens no new sockets if flowd refuses the file.
                flowd.write_conf("nonsense")
                flowd.expect("the old configuration stays in force",
                             signal.SIGHUP)
                flowd.wait_stderr("interface test0 is back, and used again")
                self.check_forwarded(flowd, sock, group)
                flowd.stop()
                # The first reload could not open the socket.
                self.assertIn("cannot forward to ff02::1234%test0 port",
                              "\n".join(flowd.stderr_lines()))

    def test_forward_to_an_own_link_local_address_is_refused(self):
        zone = f"{LINK_LOCAL}%test0"
        for listen in ((zone, None), ("::", None), ("::", "test0")):
            self.assertIn("in a loop", self.check_forward(listen, zone))
        for listen, target in ((("::", "test1"), zone),
                               ((f"{LINK_LOCAL}%test1", None), zone),
                               (("::", None), "fe80::99%test0")):
            self.assertEqual(self.check_forward(listen, target), "")

    def test_one_port_on_both(self):
        with self.start(("0.0.0.0", "test0"), ("0.0.0.0", "test1")) as flowd:
            for number in (0, 1, 0):
                self.check(flowd, (number,), (number,))

    def test_unknown(self):
        with self.assertRaisesRegex(AssertionError, "nosuch"):
            with self.start(("0.0.0.0", "nosuch")):
                pass
        with self.assertRaisesRegex(
                AssertionError, r"cannot listen on \[fe80::1\]:\d+ interface "
                "nosuch: No such device"):
            with self.start((f"{LINK_LOCAL}%nosuch", None)):
                pass

    def test_changes(self):
        """SIGHUP changes the interface of a port."""
        with self.start(("0.0.0.0", "test0")) as flowd:
            self.reload(flowd, ("0.0.0.0", "test1"))
            self.check(flowd, (0, 1), (1,))
            self.reload(flowd, ("0.0.0.0", ""))
            self.check(flowd, (0,), (0,))
            self.check(flowd, (1,), (1,))
            self.reload(flowd, ("0.0.0.0", "test0"))
            self.check(flowd, (1, 0), (0,))
            flowd.write_conf(*self.listens(("0.0.0.0", "nosuch")))
            flowd.expect("the old configuration stays in force", signal.SIGHUP)
            self.check(flowd, (1, 0), (0,))

    def test_created_again(self):
        """Nothing tells flowd that the interface has another index."""
        listens = self.listens(("0.0.0.0", "test0"), ("::", "test1"),
                               ("0.0.0.0", "test1"))
        with Flowd("store SRC_ADDR", "workers 2",
                   *(f"{listen} name here" for listen in listens),
                   "discard all", "accept on here", listen=()) as flowd:
            self.check(flowd, (0,), (0,))
            with flowd.paused():
                self.send(ADDRESSES4, 0)
                remove(0)
                create(0)
                flowd.wait_stderr("interface test0 was removed")
                flowd.wait_stderr("interface test0 is back, and used")
            self.assertEqual(len(flowd.wait_flows(2)), 2)
            for number in (0, 1):
                self.check(flowd, (number,), (number,))

    def test_flowdctl_reports_that_it_is_gone(self):
        def gone():
            return [finding["text"] for finding in
                    show_json(flowd, "check", status=status)["findings"]
                    if finding["finding"] == "interface-gone"]

        listens = self.listens(("0.0.0.0", "test1"), ("0.0.0.0", "test0"),
                               (LINK_LOCAL, "test0"))
        with Flowd("store SRC_ADDR", CONTROL, *listens, listen=()) as flowd:
            status = 0
            self.assertEqual(gone(), [])
            remove(0)
            status = 3
            text, = wait_for(gone, "flowdctl reports the interface")
            self.assertIn(f"listener 2 at 0.0.0.0 port {self.port}, "
                          "listener 3 at fe80", text)
            lines = show(flowd, "show", "listeners").splitlines()[1:]
            self.assertEqual([line.endswith(" (gone)") for line in lines],
                             [False, True, True])
            create(0)
            flowd.wait_stderr("interface test0 is back, and used")
            status = 0
            self.assertEqual(gone(), [])

    def test_gone_and_back(self):
        """SIGHUP makes flowd look for interfaces at once."""
        listens = (ADDRESSES4[0], "test0"), (LINK_LOCAL, "test0")
        with self.start(*listens) as flowd:
            remove(0)
            # An interface that is gone prevents no other change.
            self.reload(flowd, *listens, ("0.0.0.0", "test1"))
            flowd.wait_stderr("interface test0 is gone")
            self.check(flowd, (1,), (1,))
            create(0)
            subprocess.run(["ip", "address", "delete",
                            f"{ADDRESSES4[0]}/28", "dev", "test0"], check=True)
            self.reload(flowd, *listens)
            flowd.wait_stderr("interface test0 is back, but flowd cannot")
            self.check(flowd, (0,), (0,), [LINK_LOCAL])
            subprocess.run(["ip", "address", "add", f"{ADDRESSES4[0]}/28",
                            "dev", "test0"], check=True)
            self.reload(flowd, *listens)
            flowd.wait_stderr("interface test0 is back, and used again")
            self.check(flowd, (0,), (0,))
            self.check(flowd, (0,), (0,), [LINK_LOCAL])
            said = "\n".join(flowd.stderr_lines())
            self.assertEqual(said.count("interface test0 is"), 3)

    def test_change_with_queued_datagrams(self):
        """Datagrams queued before the change are stored."""
        with self.start(("0.0.0.0", "test0")) as flowd:
            with flowd.paused():
                self.send(ADDRESSES4, 0)
                flowd.write_conf("store SRC_ADDR",
                                 *self.listens(("0.0.0.0", "")))
                flowd.expect("no longer listening on", signal.SIGHUP)
                self.send(ADDRESSES4, 0)
                self.send(ADDRESSES4, 1)
            self.assertEqual(
                [f["src"] for f in flowd.wait_flows(3)],
                ["10.0.0.0", "10.0.0.0", "10.0.0.1"])


if __name__ == "__main__":
    namespace.enter()
    tap.main()
