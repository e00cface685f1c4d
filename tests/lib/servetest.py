"""A flowd, and flowdctl serve for it."""

import signal
import socket
import subprocess
import unittest
import urllib.request

import netflow
import tap
from ctlclient import CONTROL
from flowdtest import PATIENCE, Flowd, wait_for

GET = b"GET /metrics HTTP/1.0\r\n\r\n"


def free_port():
    """Returns a TCP port that nothing is bound to at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Server(unittest.TestCase):
    """flowdctl serve, for a flowd that has received 3 flows."""

    def setUp(self):
        self.flowd = Flowd("store ALL", CONTROL)
        self.flowd.__enter__()
        self.addCleanup(lambda: self.flowd.__exit__(None, None, None))
        self.flowd.send(netflow.datagram(5, netflow.flows(3)))
        self.flowd.wait_flows(3)
        self.acknowledged = self.flowd.dir / "acknowledged"
        self.acknowledged.write_text("")
        self.port = free_port()
        self.server = subprocess.Popen(
            [tap.program("flowdctl"), "-s", str(self.flowd.dir / "ctl"),
             "-a", str(self.acknowledged), "serve", f"127.0.0.1:{self.port}"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self.addCleanup(self.end)
        wait_for(self.is_up, "the server listens")

    def is_up(self):
        try:
            self.client().close()
        except ConnectionRefusedError:
            return False
        return True

    def end(self):
        self.server.send_signal(signal.SIGTERM)
        self.assertEqual(self.server.wait(PATIENCE), 0)

    def client(self, data=b""):
        sock = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        self.addCleanup(sock.close)
        sock.sendall(data)
        return sock

    def url(self, path="/metrics"):
        return f"http://127.0.0.1:{self.port}{path}"

    def get(self):
        with urllib.request.urlopen(self.url(), timeout=PATIENCE) as reply:
            page = reply.read()
            self.assertEqual(len(page), int(reply.headers["Content-Length"]))
            self.assertEqual(reply.headers["Content-Type"],
                             "text/plain; version=0.0.4; charset=utf-8")
        return page.decode()

    def status(self, data):
        sock = self.client(data)
        reply = b""
        try:
            while more := sock.recv(4096):
                reply += more
        except ConnectionResetError:
            pass
        return reply.partition(b"\r\n")[0]
