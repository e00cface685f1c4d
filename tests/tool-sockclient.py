#!/usr/bin/env python3
"""flowd-sockclient prints the flows that flowd sends to its log socket."""

import os
import pathlib
import socket
import stat
import subprocess
import sys
import unittest
from signal import SIGHUP, SIGINT, SIGKILL, SIGTERM

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import netflow
import pythonmodule
import tap
from flowdtest import PATIENCE, Flowd, wait_for
from readertest import READER, briefs, flow, log

pythonmodule.load()

PROGRAM = str(tap.SRC / "tools" / "sockclient.py")


def can_connect(path):
    """Returns whether path accepts connections; its name exists a moment
    earlier."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(str(path))
        except PermissionError:
            return True
        except OSError:
            return False
    return True


class Sockclient(unittest.TestCase):
    def setUp(self):
        tmp = tap.TemporaryDirectory(prefix="flowd-test-")
        self.addCleanup(tmp.cleanup)
        self.dir = pathlib.Path(tmp.name)
        self.path = self.dir / "sock"

    def start(self, *args, path=None, **popen):
        """Starts sockclient, and waits for its socket."""
        path = path or self.path
        env = pythonmodule.environment()
        env.pop("PYTHONUNBUFFERED", None)
        process = subprocess.Popen(
            [sys.executable, PROGRAM, *args, str(path)],
            env=env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **popen)
        self.addCleanup(self.discard, process)
        wait_for(lambda: can_connect(path) or process.poll() is not None,
                 "the socket exists")
        return process

    def discard(self, process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def send(self, *datagrams):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.connect(str(self.path))
            for datagram in datagrams:
                sock.send(datagram)

    def finish(self, process, status=0):
        """Waits for its end, and returns its output and its messages."""
        out, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, status, err)
        return out.decode(), err.decode()

    def records(self, count):
        return [flowlog.encode(flow(number)) for number in range(count)]

    def test_text(self):
        process = self.start("-c3")
        self.send(*self.records(3))
        self.assertEqual(self.finish(process), (briefs(3), ""))
        self.assertFalse(self.path.exists())

    def test_all_formats_as_flowd_reader(self):
        (self.dir / "a.log").write_bytes(log(2))
        for options in "-U", "-Uv", "-UJ":
            with self.subTest(options=options):
                process = self.start(options, "-c2")
                self.send(*self.records(2))
                expected = subprocess.run(
                    [READER, options, self.dir / "a.log"], check=True,
                    capture_output=True, text=True).stdout
                expected = expected.replace(
                    f"LOGFILE {self.dir / 'a.log'}\n", "")
                self.assertEqual(self.finish(process)[0], expected)

    def test_queued_flows_are_printed_at_once(self):
        process = self.start()
        self.send(*self.records(1))
        self.assertEqual(process.stdout.readline().decode(), briefs(1))
        process.send_signal(SIGTERM)
        self.finish(process)

    def test_raw(self):
        process = self.start("-r", "-c3")
        self.send(*self.records(3))
        out, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(out, log(3))

    def test_a_collector(self):
        flowd = Flowd("store ALL", 'logsock "@DIR@/sock"')
        self.path = flowd.dir / "sock"
        flowd.dir.chmod(0o711)
        process = self.start("-r", "-c20")
        with flowd:
            flowd.send(netflow.datagram(5, netflow.flows(20)))
            flowd.wait_flows(20)
            out, _ = process.communicate(timeout=PATIENCE)
            self.assertEqual(out, flowd.log.read_bytes())

    def test_damaged_datagrams(self):
        process = self.start("-c2")
        first, second = self.records(2)
        self.send(first, b"", b"junk", second[:-1], second + b"\0",
                  second[:-1] + bytes([second[-1] ^ 1]), second)
        out, err = self.finish(process)
        self.assertEqual(out, briefs(2))
        self.assertEqual(err.count(" skipped: "), 5)

    def test_signals_remove_the_socket(self):
        for number in SIGHUP, SIGINT, SIGTERM:
            with self.subTest(signal=number):
                process = self.start()
                process.send_signal(number)
                self.finish(process)
                self.assertFalse(self.path.exists())

    def test_mode(self):
        for args, mode in ([], 0o600), (["-m", "020"], 0o020):
            process = self.start(*args)
            self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), mode)
            process.send_signal(SIGTERM)
            self.finish(process)

    def test_existing_files(self):
        # A socket that a killed sockclient left is replaced.
        left = self.start()
        left.send_signal(SIGKILL)
        left.wait()
        self.assertTrue(self.path.exists())
        process = self.start()
        wait_for(lambda: can_connect(self.path), "the new socket exists")
        # A socket in use is not.
        self.assertIn("is in use by another program",
                      self.finish(self.start(), 1)[1])
        self.assertTrue(can_connect(self.path))
        # Another program's socket is not removed.
        self.path.unlink()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.bind(str(self.path))
            process.send_signal(SIGTERM)
            self.finish(process)
            self.assertTrue(self.path.exists())
        self.path.unlink()
        self.path.write_text("mine")
        self.assertIn("not a socket; not replaced", self.finish(self.start(), 1)[1])
        self.assertEqual(self.path.read_text(), "mine")

    def test_wrong_arguments(self):
        for args in ["-m", "9"], ["-m", "1000"], ["-c", "x"], ["-Z"]:
            with self.subTest(args=args):
                self.assertIn("usage: flowd-sockclient",
                              self.finish(self.start(*args), 2)[1])

    def test_a_socket_that_cannot_be_created(self):
        (self.dir / "file").touch()
        for path, reason in (
                (self.dir / "none" / "sock", "No such file or directory"),
                (self.dir / "file" / "sock", "Not a directory"),
                (self.dir / ("x" * 200), "AF_UNIX path too long")):
            with self.subTest(reason=reason):
                self.assertEqual(
                    self.finish(self.start(path=path), 1)[1],
                    "flowd-sockclient: cannot create the socket "
                    f"{path}: {reason}\n")

    def test_closed_output(self):
        read, write = os.pipe()
        process = subprocess.Popen(
            [sys.executable, PROGRAM, str(self.path)], stdout=write,
            stderr=subprocess.PIPE, env=pythonmodule.environment())
        self.addCleanup(self.discard, process)
        os.close(write)
        os.close(read)
        wait_for(self.path.exists, "the socket exists")
        self.send(*self.records(1))
        _, err = process.communicate(timeout=PATIENCE)
        self.assertEqual((process.returncode, err), (1, b""))
        self.assertFalse(self.path.exists())


if __name__ == "__main__":
    tap.main()
