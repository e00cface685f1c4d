#!/usr/bin/env python3
"""flowdctl serve gives a scrape its whole page while other clients are silent,
send slowly, or do not read."""

import os
import pathlib
import random
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from feed import Feed
from flowdtest import PATIENCE, wait_for
from servetest import GET, Server

AT_ONCE = 64		# connections
PAGES = 4		# that are kept
MANY = 300
EXPORTERS = 100		# a page longer than the buffers of a client below
SEGMENT = 536		# octets; the server's buffer grows with it
BUFFER = 4096		# octets
PROC = pathlib.Path("/proc")


class Clients(Server):
    def setUp(self):
        super().setUp()
        feed = Feed(self.flowd)
        for i in range(EXPORTERS):
            feed.send(netflow.datagram(5, netflow.flows(1)), f"127.0.1.{i}")
        feed.drain()
        wait_for(lambda: self.get().count("\nflowd_exporter_flows_total{") ==
                 EXPORTERS + 2, "the page has all exporters")

    def silent(self, n):
        return [self.client() for _ in range(n)]

    def deaf(self):
        """Returns a client that asks for the page and reads nothing."""
        sock = socket.socket()
        self.addCleanup(sock.close)
        sock.settimeout(PATIENCE)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
        sock.connect(("127.0.0.1", self.port))
        sock.sendall(GET)
        return sock

    def check_page(self, sock):
        """Reads the rest of a reply, which must be whole."""
        reply = b""
        while more := sock.recv(1 << 16):
            reply += more
        head, _, body = reply.partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.0 200 OK\r\n"))
        self.assertIn(f"\r\nContent-Length: {len(body)}\r\n".encode(), head)
        self.assertEqual(body.count(b"\nflowd_exporter_flows_total{"),
                         EXPORTERS + 2)

    def scrape(self):
        self.check_page(self.client(GET))

    def connections(self):
        """Returns how many sockets the server has beside its listener."""
        links = (PROC / str(self.server.pid) / "fd").iterdir()
        return sum(is_socket(link) for link in links) - 1

    def need_proc(self):
        if not (PROC / str(self.server.pid) / "stat").exists():
            self.skipTest("/proc does not list processes")

    def is_closed(self, sock):
        sock.setblocking(False)
        try:
            return sock.recv(1) == b""
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True

    def test_silent_clients(self):
        early = self.client(GET[:-1])
        self.silent(AT_ONCE // 2)
        early.sendall(GET[-1:])
        self.silent(MANY)
        self.check_page(early)
        self.scrape()

    def test_clients_that_send_octet_by_octet(self):
        clients = self.silent(AT_ONCE // 2)
        for octet in GET:
            for sock in clients:
                sock.sendall(bytes((octet,)))
            self.scrape()
        for sock in clients:
            self.check_page(sock)

    def test_clients_that_do_not_read(self):
        for _ in range(2 * AT_ONCE):
            self.deaf()
        self.scrape()

    def test_a_request_between_clients_that_do_not_read(self):
        """Clients that wait for their page leave room for those that have
        still to send their request."""
        for _ in range(AT_ONCE):
            self.deaf()
        slow = self.client()
        self.silent(AT_ONCE // 2 - 2)
        self.scrape()
        slow.sendall(GET)
        self.check_page(slow)

    def test_a_page_outlives_newer_ones(self):
        """A client that reads slowly is not cut off by the pages of later
        seconds, if others have read theirs."""
        slow = self.deaf()
        pages = {self.get()}

        def is_old():
            # Each page differs by its number of flows.
            self.flowd.send(netflow.datagram(5, netflow.flows(1)))
            pages.add(self.get())
            return len(pages) > PAGES

        wait_for(is_old, "there are more pages than are kept", pause=0.1)
        self.check_page(slow)

    def test_no_other_processes(self):
        """Neither now, nor ended ones: the system adds their page faults to
        those of the server."""
        self.need_proc()
        for _ in range(AT_ONCE // 2):
            self.deaf()
            self.assertEqual(children(self.server.pid), [])
        self.silent(AT_ONCE)
        self.scrape()
        self.assertEqual(children(self.server.pid), [])
        self.assertEqual(stat(self.server.pid)[11 - 3], "0")

    def test_connections_are_bounded(self):
        self.need_proc()
        for kind in self.deaf, self.client:
            most = 0
            for _ in range(2 * AT_ONCE):
                kind()
                most = max(most, self.connections())
            # One more is accepted, or connected to flowd, for a moment.
            self.assertLessEqual(most, AT_ONCE + 1)
            wait_for(lambda: self.connections() == AT_ONCE, "all are accepted")
        self.scrape()

    def test_the_oldest_silent_client_is_closed(self):
        clients = self.silent(AT_ONCE)
        waiting = self.deaf()
        for i in range(1, 5):
            # The first made room for the one that waits for its page.
            wait_for(lambda: self.is_closed(clients[i - 1]),
                     "the oldest is closed")
            self.assertEqual([sock for sock in clients[i:]
                              if self.is_closed(sock)], [])
            clients += self.silent(1)
        self.check_page(waiting)

    def test_random_octets(self):
        rng = random.Random(1)
        for _ in range(50):
            sock = self.client(rng.randbytes(rng.randrange(200)))
            if rng.randrange(2):
                sock.close()
        self.scrape()


def is_socket(link):
    try:
        return os.readlink(link).startswith("socket:")
    except FileNotFoundError:
        return False


def stat(pid):
    """Returns the fields of /proc/PID/stat from the third on: proc(5)."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def children(pid):
    found = []
    for directory in PROC.glob("[0-9]*"):
        try:
            if stat(directory.name)[4 - 3] == str(pid):
                found.append(directory.name)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


if __name__ == "__main__":
    os.environ["no_proxy"] = "*"
    tap.main()
