#!/usr/bin/env python3
"""flow-send reports each error, exits with 1, and then has sent nothing."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import flowdtest
import tap
import wire

# Options, and part of the message about them.
WRONG_OPTIONS = (
    (("-V", "8"), "1, 5, 7, 9 and 10"),
    (("-V", "0"), "1, 5, 7, 9 and 10"),
    (("-f", "5"), "4 and 6"),
    (("-f", "6"), "no room for IPv6"),
    (("-T", "2"), "no templates"),
    (("-V", "9", "-T", "19"), "too large"),
    (("-V", "10", "-f", "6", "-c", "624"), "up to 623 flows"),
    (("-V", "five"), "invalid"),
    (("-c", "0"), "too small"),
    (("-c", "31"), "up to 30 flows"),
    (("-V", "1", "-c", "1365"), "up to 1364 flows"),
    (("-V", "7", "-c", "65536"), "too large"),
    (("-n", "-1"), "too small"),
    (("-n", "1x"), "invalid"),
    (("-r", "0"), "too small"),
    (("-s", ""), "invalid"),
    (("-t", "4294967296"), "too large"),
    (("-e", "256"), "too large"),
    (("-e", "1/2/3"), "invalid"),
    (("-e", "/1"), "invalid"),
    (("-S", "localhost"), "not a numeric"),
    (("-S", "127.0.0.1,0"), "too small"),
    (("-S", "127.0.0.1,65537"), "too large"),
    (("-S", "198.51.100.1"), "source address 198.51.100.1"),
    (("-S", "255.255.255.255,2"), "255.255.255.255"),
    (("-S", "127.0.0.1", "-6"), "other family"),
    (("-S", "::1", "-4"), "other family"),
    (("-S", "::1"), "127.0.0.1"),
    (("-6",), "127.0.0.1"),
    (("-x", "-p", "file"), "exclude each other"),
    (("-x", "-V", "5"), "not for use with -x"),
    (("-x", "-n", "5"), "not for use with -x"),
    (("-p", "file", "-c", "5"), "not for use with -p"),
    (("-p", "file", "-t", "5"), "not for use with -p"),
    (("-x", "-l", "file"), "exclude each other"),
    (("-l", "file", "-n", "5"), "-n is not for use with -l"),
    (("-l", "file", "-V", "7"), "5, 9 or 10"),
    (("-l", "file", "-m", "1", "-r", "1"), "exclude each other"),
    (("-l", "file", "-m", "-1"), "from 0 to"),
    (("-l", "file", "-m", "1x"), "from 0 to"),
    (("-l", "file", "-m", "inf"), "from 0 to"),
    (("-l", "file", "-m", "nan"), "from 0 to"),
    (("-l", "/nonexistent/file"), "/nonexistent/file"),
    (("-m", "2"), "with -l only"),
    (("-p", "file", "-m", "2"), "not for use with -p"),
    (("-p", "/nonexistent/file"), "/nonexistent/file"),
)
WRONG_TARGETS = (
    ("127.0.0.1", "host:port"),
    (":2055", "host"),
    ("[]:2055", "host"),
    ("127.0.0.1:", "port is invalid"),
    ("127.0.0.1:0", "port is too small"),
    ("127.0.0.1:65536", "port is too large"),
    ("127.0.0.1:netflow", "port is invalid"),
    ("::1:2055", "brackets"),
    ("x" * 2000 + ":2055", "too long"),
    ("name with spaces:2055", "name with spaces"),
)


class Errors(unittest.TestCase):

    def check(self, result, said):
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stdout, "")
        self.assertIn("flow-send: ", result.stderr)
        self.assertIn(said, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1)

    def test_wrong_options(self):
        for args, said in WRONG_OPTIONS:
            with self.subTest(args=args), wire.Receiver() as receiver:
                self.check(wire.flow_send(*args, receiver.target), said)
                self.assertEqual(receiver.received(), [])

    def test_wrong_targets(self):
        for target, said in WRONG_TARGETS:
            with self.subTest(target=target[:80]):
                self.check(wire.flow_send(target), said)

    def test_usage(self):
        for args in ((), ("a:1", "b:2"), ("-Z", "127.0.0.1:2055"), ("-n",)):
            with self.subTest(args=args):
                result = wire.flow_send(*args)
                self.assertEqual((result.returncode, result.stdout), (1, ""))
                self.assertIn("usage: flow-send ", result.stderr)

    def test_help(self):
        result = wire.flow_send("-h")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertTrue(result.stdout.startswith("usage: flow-send "))

    def test_closed_port(self):
        target = f"127.0.0.1:{flowdtest.free_port()}"
        for args in (("-n", "1"), ("-n", "10000"), ("-x",)):
            with self.subTest(args=args):
                result = wire.flow_send(*args, target)
                self.assertEqual(result.returncode, 1)
                self.assertEqual(
                    result.stderr, f"flow-send: {target}: nobody listens "
                    "there; datagrams were lost\n")

    def test_last_of_several_sources_is_refused(self):
        if not wire.has_loopback_net():
            self.skipTest("127.0.0.0/8 is not local")
        target = f"127.0.0.1:{flowdtest.free_port()}"
        result = wire.flow_send("-S", "127.77.0.1,3", "-n", "90", target)
        self.assertEqual(result.returncode, 1)
        self.assertIn("nobody listens", result.stderr)


if __name__ == "__main__":
    tap.main()
