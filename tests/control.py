#!/usr/bin/env python3
"""`control` creates a socket on which the collector answers every client, also
while others misbehave."""

import contextlib
import grp
import os
import pathlib
import random
import signal
import socket
import stat
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import ctlclient
import netflow
import tap
from ctlclient import ALL, CONTROL, END, EXPORTERS, HELLO
from flowdtest import PATIENCE, Flowd, wait_for
from hooked import descriptors

CLIENTS = 8		# served at the same time
MANY = 1500		# exporters, whose answer exceeds any socket's buffer
DATAGRAM = netflow.datagram(5, netflow.flows(1))


def send_from(flowd, network, count):
    """Sends from count exporters, from 127.network.0.1 on."""
    subprocess.run(
        [tap.program("flow-send"), "-c", "1", "-n", str(count), "-S",
         f"127.{network}.0.1,{count}", f"127.0.0.1:{flowd.port}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True,
        timeout=PATIENCE)


def peer(sock):
    """Returns the peer's process id, as the kernel reports it."""
    return struct.unpack("3i", sock.getsockopt(
        socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]


def is_answer(answer):
    return answer[0][0] == HELLO and answer[-1] == (END, b"")


class File(unittest.TestCase):
    """The socket in the file system."""

    def answers(self, path):
        self.assertTrue(is_answer(ctlclient.ask(path)))

    def test_mode_and_end(self):
        with Flowd(CONTROL) as flowd:
            path = flowd.dir / "ctl"
            status = path.lstat()
            self.assertEqual(stat.S_IMODE(status.st_mode), 0o660)
            self.assertEqual((status.st_uid, status.st_gid),
                             (os.geteuid(), os.getegid()))
            self.answers(path)
            flowd.stop()
            self.assertFalse(os.path.lexists(path))

    def test_descriptors_of_clients_are_not_received(self):
        with Flowd(CONTROL) as flowd:
            path = flowd.dir / "ctl"
            self.answers(path)
            collector = flowd.collector()
            before = wait_for(lambda: descriptors(collector), "its own")
            with ctlclient.connect(path) as sock:
                data = ctlclient.request(ALL)
                socket.send_fds(sock, [data[:5]], [sock.fileno()] * 100)
                self.answers(path)	# after the first part was read
                self.assertLess(descriptors(collector), before + 50)
                sock.sendall(data[5:])
                ctlclient.rest_of(sock)

    def test_group(self):
        groups = [g for g in grp.getgrall() if g.gr_gid != os.getegid() and
                  (os.geteuid() == 0 or g.gr_gid in os.getgroups())]
        if not groups:
            self.skipTest("this user has no second group")
        with Flowd(f'{CONTROL} group "{groups[-1].gr_name}"') as flowd:
            self.assertEqual((flowd.dir / "ctl").lstat().st_gid,
                             groups[-1].gr_gid)
            flowd.reload(CONTROL)
            self.assertEqual((flowd.dir / "ctl").lstat().st_gid,
                             os.getegid())

    def test_no_such_group(self):
        flowd = Flowd(f"{CONTROL} group no-such-group")
        with self.assertRaisesRegex(
                AssertionError, "the group no-such-group does not exist"):
            flowd.start()
        result = subprocess.run(flowd.command("-n"), capture_output=True,
                                text=True, timeout=PATIENCE, check=False)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("the group no-such-group does not exist", result.stderr)
        flowd._discard()

    def test_stale_socket_is_replaced(self):
        flowd = Flowd(CONTROL)
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(flowd.dir / "ctl"))
            stale.listen()
        with flowd:
            self.answers(flowd.dir / "ctl")

    def refuses(self, flowd):
        with self.assertRaisesRegex(AssertionError, "control .*/ctl: cannot "
                                    "create the socket: Address already"):
            flowd.start()

    def test_other_files_are_not_removed(self):
        flowd = Flowd(CONTROL)
        path = flowd.dir / "ctl"
        path.write_text("mine")
        self.refuses(flowd)
        self.assertEqual(path.read_text(), "mine")
        path.unlink()
        with socket.socket(socket.AF_UNIX) as alive:
            alive.bind(str(path))
            alive.listen()
            before = path.lstat().st_ino
            self.refuses(flowd)
            self.assertEqual(path.lstat().st_ino, before)
        path.unlink()
        # Connecting is refused, as on a BSD by a socket whose queue is full.
        with socket.socket(socket.AF_UNIX) as alive:
            alive.bind(str(path))
            before = path.lstat().st_ino
            self.refuses(flowd)
            self.assertEqual(path.lstat().st_ino, before)
            said = subprocess.run(
                [tap.program("flowdctl"), "-s", str(path), "show", "summary"],
                capture_output=True, text=True, timeout=PATIENCE, check=False)
            self.assertEqual(said.returncode, 1)
            self.assertIn("flowd is busy", said.stderr)
        path.unlink()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as alive:
            alive.bind(str(path))
            self.refuses(flowd)
            self.assertTrue(path.is_socket())
        flowd._discard()

    def test_reload(self):
        with Flowd() as flowd:
            first, second = flowd.dir / "ctl", flowd.dir / "other"
            flowd.reload(CONTROL)
            self.answers(first)
            inode = first.lstat().st_ino
            flowd.reload(CONTROL)
            self.answers(first)
            self.assertEqual(first.lstat().st_ino, inode)
            flowd.reload('control "@DIR@/other"')
            self.answers(second)
            self.assertFalse(first.exists())
            flowd.reload()
            self.assertFalse(second.exists())

    def test_reload_that_fails_changes_nothing(self):
        with Flowd(CONTROL) as flowd:
            (flowd.dir / "taken").touch()
            flowd.write_conf('control "@DIR@/taken"')
            flowd.expect("the old configuration stays in force", signal.SIGHUP)
            self.answers(flowd.dir / "ctl")
            # A new socket is removed again if another part of the reload
            # fails.
            flowd.write_conf('control "@DIR@/new"',
                             'logfile "@DIR@/no/such" tag 1')
            flowd.expect("the old configuration stays in force", signal.SIGHUP)
            self.assertFalse((flowd.dir / "new").exists())
            self.answers(flowd.dir / "ctl")

    def test_removed_by_hand(self):
        with Flowd(CONTROL) as flowd:
            path = flowd.dir / "ctl"
            path.unlink()
            flowd.reload(CONTROL)
            self.answers(path)
            path.unlink()
            path.write_text("mine")
            flowd.stop()
            self.assertEqual(path.read_text(), "mine")

    def test_with_a_new_collector(self):
        with Flowd(CONTROL) as flowd:
            collector = flowd.collector()
            os.kill(collector, signal.SIGKILL)
            self.answers(flowd.dir / "ctl")
            self.assertNotEqual(flowd.collector(), collector)


@unittest.skipUnless(hasattr(socket, "SO_PEERCRED"),
                     "Python has no SO_PEERCRED here")
class Peer(unittest.TestCase):
    """The process that the kernel reports to clients."""

    def test_in_the_foreground(self):
        with Flowd(CONTROL) as flowd:
            with ctlclient.connect(flowd.dir / "ctl") as sock:
                self.assertEqual(peer(sock), flowd.pid())
            flowd.reload('control "@DIR@/other"')
            with ctlclient.connect(flowd.dir / "other") as sock:
                self.assertEqual(peer(sock), flowd.pid())

    def test_detached(self):
        flowd = Flowd(CONTROL)
        flowd.configure()
        subprocess.run(flowd.command(), stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       check=True, timeout=PATIENCE, env=flowd.environment())
        pid = flowd.pid()
        try:
            with ctlclient.connect(flowd.dir / "ctl") as sock:
                self.assertEqual(peer(sock), pid)
        finally:
            os.kill(pid, signal.SIGTERM)
            wait_for(lambda: flowd.pid() is None, "flowd ends")
        self.assertFalse((flowd.dir / "ctl").exists())
        flowd._discard()


class Clients(unittest.TestCase):
    """Whatever clients do, flows are stored, and other clients are
    answered."""

    def setUp(self):
        self.flowd = Flowd(CONTROL)
        self.enterContext_(self.flowd)
        self.path = self.flowd.dir / "ctl"
        self.sent = 0

    def enterContext_(self, context):
        stack = contextlib.ExitStack()
        stack.enter_context(context)
        self.addCleanup(stack.close)

    def check_flows(self):
        self.flowd.send(DATAGRAM)
        self.sent += 1
        self.flowd.wait_flows(self.sent)

    def client(self, data=b""):
        sock = ctlclient.connect(self.path)
        self.addCleanup(sock.close)
        sock.sendall(data)
        return sock

    def test_requested_records_are_sent(self):
        self.check_flows()
        kinds = {ctlclient.SUMMARY: [2], ctlclient.MEMORY: [3],
                 ctlclient.RULES: [], EXPORTERS: [5],
                 ctlclient.TEMPLATES: [], ctlclient.OPTIONS: [],
                 ctlclient.SESSIONS: [11, 12], ctlclient.LISTENERS: [13],
                 ALL: [2, 3, 13, 5, 11, 12]}
        for wants, expected in kinds.items():
            answer = ctlclient.ask(self.path, wants)
            self.assertTrue(is_answer(answer))
            self.assertEqual([kind for kind, _ in answer[1:-1]], expected)

    def test_one_exporter(self):
        for last in range(1, 5):
            self.flowd.send(DATAGRAM, f"127.0.0.{last}")
        self.flowd.wait_flows(4)
        for last, found in ((3, ["127.0.0.3"]), (9, [])):
            sock = self.client(ctlclient.request(
                EXPORTERS, family=4, address=bytes([127, 0, 0, last]) +
                bytes(12)))
            answer = ctlclient.records(ctlclient.rest_of(sock))
            self.assertTrue(is_answer(answer))
            self.assertEqual(ctlclient.exporters(answer), found)

    def test_invalid_requests(self):
        good = ctlclient.request(ALL)
        rng = random.Random(1)
        for bad in (ctlclient.request(ALL, magic=1), ctlclient.request(0),
                    ctlclient.request(ALL + 1),
                    ctlclient.request(ALL, family=5),
                    ctlclient.request(ALL, family=4, address=b"\1" * 16),
                    *(bytes(rng.randrange(256) for _ in good)
                      for _ in range(50))):
            self.assertEqual(ctlclient.rest_of(self.client(bad)), b"")
        for length in range(len(good)):
            self.client(good[:length]).close()
        # A request in pieces is valid.
        sock = self.client()
        for i in range(len(good)):
            sock.sendall(good[i:i + 1])
        self.assertTrue(is_answer(ctlclient.records(ctlclient.rest_of(sock))))
        self.check_flows()

    def test_another_version_is_answered_with_ours(self):
        sock = self.client(ctlclient.request(ALL, version=77))
        answer = ctlclient.records(ctlclient.rest_of(sock))
        self.assertEqual([kind for kind, _ in answer], [HELLO, END])
        self.assertEqual(struct.unpack_from("!Q", answer[0][1])[0],
                         ctlclient.VERSION)

    def test_silent_clients_are_dropped(self):
        silent = [self.client() for _ in range(CLIENTS + 2)]
        self.check_flows()
        # This client waits until they have been dropped.
        self.assertTrue(is_answer(ctlclient.ask(self.path)))
        for sock in silent[:CLIENTS]:
            self.assertEqual(ctlclient.rest_of(sock), b"")
        self.check_flows()

    def test_silent_clients_do_not_block_others(self):
        """flowdctl is answered before its time-out."""
        for _ in range(2 * CLIENTS):
            self.client(ctlclient.request(ALL)[:10])
        self.assertIn("datagrams", ctlclient.show(self.flowd, "show",
                                                  "summary"))

    def test_slow_clients(self):
        send_from(self.flowd, 1, MANY)
        self.flowd.wait_flows(MANY)
        self.sent = MANY
        before = self.flowd.memory()
        slow = [self.client(ctlclient.request(EXPORTERS))
                for _ in range(CLIENTS - 1)]
        for sock in slow:
            self.assertEqual(len(sock.recv(1)), 1)
        self.check_flows()
        self.assertTrue(is_answer(ctlclient.ask(self.path)))
        self.assertLess(self.flowd.memory() - before, 16)

    def test_clients_that_pause(self):
        """They receive the whole answer while a place for others is free."""
        send_from(self.flowd, 1, MANY)
        self.flowd.wait_flows(MANY)
        self.sent = MANY
        paused = [self.client(ctlclient.request(EXPORTERS))
                  for _ in range(CLIENTS - 2)]
        begun = [sock.recv(1) for sock in paused]
        self.check_flows()
        self.assertTrue(is_answer(ctlclient.ask(self.path)))
        for sock, first in zip(paused, begun):
            answer = ctlclient.records(first + ctlclient.rest_of(sock))
            self.assertTrue(is_answer(answer))
            self.check_all_once(ctlclient.exporters(answer))

    def check_all_once(self, found):
        """Asserts that each exporter of network 1 was found once; others may
        be new."""
        self.assertEqual(len(found), len(set(found)))
        self.assertEqual(sum(a.startswith("127.1.") for a in found), MANY)

    def test_exporters_added_during_the_answer(self):
        """An exporter that exists all the time is sent exactly once."""
        send_from(self.flowd, 1, MANY)
        self.flowd.wait_flows(MANY)
        sock = self.client(ctlclient.request(EXPORTERS))
        data = sock.recv(100, socket.MSG_WAITALL)
        send_from(self.flowd, 2, 4 * MANY)	# the table grows twice
        self.flowd.wait_flows(5 * MANY)
        answer = ctlclient.records(data + ctlclient.rest_of(sock))
        self.assertTrue(is_answer(answer))
        found = ctlclient.exporters(answer)
        self.check_all_once(found)
        # Some of the others were added in time.
        self.assertGreater(len(found), MANY)


if __name__ == "__main__":
    tap.main()
