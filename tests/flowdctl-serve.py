#!/usr/bin/env python3
"""flowdctl serve answers over HTTP with metrics."""

import os
import pathlib
import subprocess
import sys
import urllib.error

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap
from flowdtest import PATIENCE, need, wait_for
from servetest import GET, Server


class Serve(Server):
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
