#!/usr/bin/env python3
"""flowdctl serve answers over HTTP with metrics, also while other clients
misbehave."""

import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from ctlclient import CONTROL
from flowdtest import PATIENCE, Flowd, need, wait_for

AT_ONCE = 64
GET = b"GET /metrics HTTP/1.0\r\n\r\n"


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Serve(unittest.TestCase):
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

    def test_page(self):
        page = self.get()
        for sample in ("flowd_flows_total 3", "flowd_exporters 1",
                       'flowd_exporter_flows_total{exporter="127.0.0.1"} 3'):
            self.assertIn(f"\n{sample}\n", page)

    def test_curl(self):
        if need("curl"):
            self.skipTest("curl is not installed")
        result = subprocess.run(
            ["curl", "-sS", "--fail", "--noproxy", "*", self.url()],
            capture_output=True, text=True, check=False, timeout=PATIENCE)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("flowd_flows_total 3\n", result.stdout)

    def status(self, data):
        sock = self.client(data)
        reply = b""
        try:
            while more := sock.recv(4096):
                reply += more
        except ConnectionResetError:
            pass
        return reply.partition(b"\r\n")[0]

    def test_requests(self):
        for data, status in (
                (GET, b"HTTP/1.0 200 OK"),
                (b"GET /metrics?x=1 HTTP/1.1\r\nHost: x\r\n\r\n",
                 b"HTTP/1.0 200 OK"),
                (b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.0 404 Not Found"),
                (b"GET /metricsx HTTP/1.0\r\n\r\n",
                 b"HTTP/1.0 404 Not Found"),
                (b"GET /../etc/passwd HTTP/1.0\r\n\r\n",
                 b"HTTP/1.0 404 Not Found"),
                (b"POST /metrics HTTP/1.0\r\n\r\n",
                 b"HTTP/1.0 405 Method Not Allowed"),
                (b"\r\n\r\n", b"HTTP/1.0 405 Method Not Allowed"),
                (b"GET /" + b"x" * 10000, b"")):
            self.assertEqual(self.status(data), status)

    def test_hostile_clients(self):
        rng = random.Random(1)
        for _ in range(50):
            sock = self.client(bytes(rng.randrange(256) for _ in range(
                rng.randrange(200))))
            if rng.randrange(2):
                sock.close()
        # More clients than are served at once: some send nothing, some an
        # incomplete request, some do not read the answer.
        for i in range(3 * AT_ONCE):
            self.client((b"", b"GET ", GET)[i % 3])
        self.assertIn("flowd_flows_total 3\n", self.get())
        # The server needs no other processes, whose number could grow.
        text = pathlib.Path(f"/proc/{self.server.pid}/task/"
                            f"{self.server.pid}/children")
        if text.exists():
            self.assertEqual(text.read_text(), "")
        self.flowd.send(netflow.datagram(5, netflow.flows(1),
                                         flow_sequence=3))
        self.flowd.wait_flows(4)

    def test_silent_clients_do_not_end_a_request(self):
        """A request that is whole stays, however many clients come later."""
        for _ in range(AT_ONCE):
            self.client()
        slow = self.client(GET)
        for _ in range(2 * AT_ONCE):
            self.client()
        reply = b""
        while more := slow.recv(65536):
            reply += more
        self.assertIn(b"\nflowd_flows_total 3\n", reply)

    def test_findings(self):
        finding = ('flowd_exporter_finding{exporter="127.0.0.1",'
                   'finding="clock-off"} 1\n')
        self.assertIn(finding, self.get())
        self.acknowledged.write_text("127.0.0.1 clock-off\n")
        wait_for(lambda: finding not in self.get(), "the page is newer")
        self.acknowledged.write_text("127.0.0.1 clock\n")
        wait_for(lambda: self.status(GET) ==
                 b"HTTP/1.0 503 Service Unavailable", "the file is wrong")

    def test_without_flowd(self):
        self.flowd.stop()
        wait_for(lambda: self.status(GET) != b"HTTP/1.0 200 OK",
                 "the page of the last second is too old")
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.get()
        self.assertEqual(caught.exception.code, 503)
        caught.exception.close()

    def test_address_in_use(self):
        result = subprocess.run(
            [tap.program("flowdctl"), "-s", "/none", "serve",
             f"127.0.0.1:{self.port}"], capture_output=True, text=True,
            check=False, timeout=PATIENCE)
        self.assertEqual(result.returncode, 1)
        self.assertIn("in use", result.stderr)


if __name__ == "__main__":
    os.environ["no_proxy"] = "*"
    tap.main()
