#!/usr/bin/env python3
"""`forward to` sends copies of datagrams unchanged, and collection does not
depend on the receiver."""

import pathlib
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from flowdtest import PATIENCE, Flowd, endpoint, free_port, has_ipv6


class Forward(unittest.TestCase):
    """The test is the receiver of the copies."""

    def target(self, address="127.0.0.1"):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.settimeout(PATIENCE)
        sock.bind((address, 0))
        return sock, sock.getsockname()[1]

    def test_copies_are_verbatim(self):
        sock, port = self.target()
        sent = [netflow.datagram(v, netflow.flows(3, seed=v))
                for v in netflow.VERSIONS]
        with Flowd(f"forward to 127.0.0.1:{port}") as flowd:
            for datagram in sent:
                flowd.send(datagram)
            self.assertEqual([sock.recv(65535) for _ in sent], sent)
            flowd.wait_flows(9)

    @unittest.skipUnless(has_ipv6(), "IPv6 is not available")
    def test_over_ipv6(self):
        sock, port = self.target("::1")
        datagram = netflow.datagram(5, netflow.flows(3))
        with Flowd(f"forward to [::1]:{port}") as flowd:
            flowd.send(datagram)
            self.assertEqual(sock.recv(65535), datagram)

    def test_refused_sources_are_not_forwarded(self):
        sock, port = self.target()
        refused = netflow.datagram(5, netflow.flows(1))
        accepted = netflow.datagram(5, netflow.flows(2))
        with Flowd(f"forward to 127.0.0.1:{port}",
                   "flow source 127.0.0.2") as flowd:
            flowd.send(refused, "127.0.0.3")
            flowd.send(accepted, "127.0.0.2")
            self.assertEqual(sock.recv(65535), accepted)

    def test_dead_target_does_not_disturb_collection(self):
        sock, port = self.target()
        dead = free_port()
        flows = netflow.flows(200)
        with Flowd("store ALL", f"forward to 127.0.0.1:{dead}",
                   f"forward to 127.0.0.1:{port}") as flowd:
            for i, flow in enumerate(flows):
                # One at a time, so that ICMP errors arrive in between.
                flowd.send(netflow.datagram(5, [flow], flow_sequence=i))
                sock.recv(65535)
            stored = flowd.wait_flows(len(flows))
        self.assertEqual([f["src"] for f in stored],
                         [f["src"] for f in flows])

    def test_own_listener_under_any_address_is_refused(self):
        anywhere = {"0.0.0.0": ["127.0.0.1", "127.0.0.2", "0.0.0.0",
                                "::ffff:127.0.0.1"]}
        if has_ipv6():
            anywhere["::"] = ["::1"]
        for address, targets in anywhere.items():
            for target in targets:
                with self.subTest(listen=address, target=target), \
                        Flowd(listen=(address,)) as flowd:
                    flowd.write_conf("forward to " +
                                     endpoint(target, flowd.port))
                    check = subprocess.run(flowd.command("-n"),
                                           capture_output=True, text=True,
                                           check=False)
                    self.assertEqual(check.returncode, 1)
                    self.assertIn("in a loop", check.stderr)
                    flowd.process.send_signal(signal.SIGHUP)
                    flowd.wait_stderr("in a loop")
                    flowd.wait_stderr("the old configuration stays in force")

    def test_another_port_or_address_is_no_loop(self):
        with Flowd(listen=("127.0.0.1",)) as flowd:
            for target, port in (("127.0.0.1", free_port()),
                                 ("127.0.0.2", flowd.port)):
                flowd.reload(f"forward to {target}:{port}")


if __name__ == "__main__":
    tap.main()
