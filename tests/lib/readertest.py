"""Runs flowd-reader on logs that the test writes."""

import os
import pathlib
import re
import subprocess
import unittest

import flowlog
import tap

READER = tap.program("flowd-reader")
SECONDS = 60			# after which flowd-reader has hung
EXIT_SANITIZER = 99		# tests/run sets it


def flow(number=0, **changes):
    """Returns a NetFlow v5 flow; its octets identify it."""
    values = dict(
        recv_sec=1700000000, recv_usec=80160, tcp_flags=0x1b, protocol=6,
        tos=8, agent="192.0.2.1", src="198.51.100.7", dst="203.0.113.9",
        gateway="192.0.2.254", src_port=443, dst_port=50000, packets=3,
        octets=number, if_index_in=1, if_index_out=2,
        sys_uptime_ms=3600000, time_sec=1699999999, time_nanosec=5,
        netflow_version=5, flow_start=3590000, flow_finish=3599999,
        src_as=64500, dst_as=64501, src_mask=24, dst_mask=16,
        engine_type=8, engine_id=9, flow_sequence=99, source_id=4, crc=True)
    values.update(changes)
    return values


def log(count, **changes):
    """Returns a log of flows that are numbered from 0."""
    return b"".join(
        flowlog.encode(flow(number, **changes)) for number in range(count))


def brief(number):
    """Returns the line for flow(number) without -v."""
    return ("FLOW recv_time 2023-11-14T22:13:20.080160 proto 6 tcpflags 1b "
            "tos 08 agent [192.0.2.1] src [198.51.100.7]:443 "
            f"dst [203.0.113.9]:50000 packets 3 octets {number} \n")


def briefs(count):
    """Returns the text for log(count) without -v."""
    return "".join(brief(number) for number in range(count))


def correct_text(text):
    """Corrects two errors of 0.9.1 in its output.

    It printed microseconds with five digits, and interface indices as
    signed."""
    text = re.sub(r"(?<=\d\d:\d\d:\d\d)\.(\d+)",
                  lambda match: f".{int(match[1]):06}", text)
    return re.sub(r"(?<=_if )-\d+",
                  lambda match: str(int(match[0]) % 2**32), text)


class ReaderTest(unittest.TestCase):
    """A directory for logs, in which flowd-reader runs in UTC."""

    def setUp(self):
        tmp = tap.TemporaryDirectory(prefix="flowd-test-")
        self.addCleanup(tmp.cleanup)
        self.dir = pathlib.Path(tmp.name)

    def write(self, name, data):
        """Writes a file, and returns its name."""
        mode = "w" if isinstance(data, str) else "wb"
        with open(self.dir / name, mode) as file:
            file.write(data)
        return name

    def read(self, name):
        """Returns a file's content."""
        return (self.dir / name).read_bytes()

    def start(self, *args, zone="UTC", **popen):
        """Starts flowd-reader; the test must wait for it."""
        popen.setdefault("cwd", self.dir)
        return subprocess.Popen([READER, *map(str, args)],
                                env=dict(os.environ, TZ=zone), **popen)

    def run_reader(self, *args, status=0, stdin=b"", zone="UTC", **popen):
        """Runs flowd-reader to its end, and returns (stdout, stderr) as
        bytes."""
        if isinstance(stdin, bytes):
            source, given = subprocess.PIPE, stdin
        else:
            source, given = stdin, None
        popen.setdefault("stdout", subprocess.PIPE)
        with self.start(*args, zone=zone, stdin=source,
                        stderr=subprocess.PIPE, **popen) as process:
            try:
                out, err = process.communicate(given, SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        self.assertNotEqual(process.returncode, EXIT_SANITIZER, err)
        self.assertEqual(process.returncode, status, (out, err))
        return out, err

    def prints(self, expected, *args, **options):
        """Runs flowd-reader and compares all of its output."""
        out, err = self.run_reader(*args, **options)
        self.assertEqual(out.decode(), expected)
        return err.decode()

    def fails(self, *args, **options):
        """Runs flowd-reader, which must print no flow; returns its message."""
        return self.prints("", *args, status=1, **options)
