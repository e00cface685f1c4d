"""Numbered flows at a rate, by flow-send, and which of them are in logs.

    with Flowd(*load.STATEMENTS) as flowd:
        sender = load.Sender(flowd, flows=20000, rate=10000)
        sender.wait()
        load.check(self, flowd, sender.flows, lambda: [flowd.log])

A datagram has one flow, and its number is the sequence number.  LONG is true
where the environment asks for tests that take minutes.
"""

import gzip
import os
import struct
import subprocess
from signal import SIGINT

import netflow
import report
import tap
from flowdtest import PATIENCE, endpoint, wait_for

LONG = bool(os.environ.get("FLOWD_TEST_LONG"))
STATEMENTS = ("store FLOW_ENGINE_INFO", "store CRC32")
ENGINE = 7			# ours; what has another is not counted
RECORD = struct.Struct(">IIHHIII")
HEADER = (0x60040000, 0x40040000)


class Sender:
    """A flow-send that runs; without a number of flows it goes on."""

    def __init__(self, flowd, flows=0, rate=None):
        self.flows = flows
        at = endpoint(flowd.addresses[0], flowd.port)
        rates = ["-r", str(rate)] if rate else []
        self.process = subprocess.Popen(
            [tap.program("flow-send"), "-c", "1", "-e", f"0/{ENGINE}",
             "-n", str(flows), *rates, at],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def is_running(self):
        return self.process.poll() is None

    def wait(self, seconds=PATIENCE):
        self.process.wait(seconds)

    def stop(self):
        if self.is_running():
            self.process.send_signal(SIGINT)
        self.process.wait(PATIENCE)


def read(path):
    """The bytes of a log, compressed or not."""
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def numbers(data, torn=False):
    """The numbers of the flows in a log, which has whole records only."""
    rest = len(data) % RECORD.size
    if rest and not torn:
        raise AssertionError(f"{rest} bytes are no whole record")
    found = []
    for at in range(0, len(data) - rest, RECORD.size):
        version, fields, _, engine, number, _, _ = RECORD.unpack_from(data, at)
        if (version, fields) != HEADER:
            raise AssertionError(f"no record at {at}")
        # The engine's type is in its upper half.
        if engine == ENGINE:
            found.append(number)
    return found


def drops(flowd):
    """Datagrams that the kernel had no room for, by what flowd reports."""
    # The system says so with the next datagram.
    flowd.send(netflow.datagram(5, netflow.flows(1)))
    report.statistics(flowd)
    line = [l for l in flowd.stderr_lines() if l.startswith(report.LAST)][-1]
    return int(line.split()[1])


def wait_taken(flowd, flows):
    """Returns, with the kernel's drops, when flowd has taken all flows."""
    def all_taken():
        lost = drops(flowd)
        return (lost + 1,) if report.statistics(
            flowd).all["datagrams"] + lost > flows else None

    return wait_for(all_taken, "flowd has taken all datagrams")[0] - 1


def check(test, flowd, flows, paths):
    """Ends flowd: each flow is in the logs once, and in the order of paths.

    Returns how many of the logs have any.
    """
    lost = wait_taken(flowd, flows)
    flowd.stop()
    logs = [numbers(read(path)) for path in paths()]
    found = [n for log in logs for n in log]
    test.assertEqual(found, sorted(set(found)), "lost order, or doubled")
    test.assertEqual(len(found), flows - lost, f"the kernel dropped {lost}")
    return sum(1 for log in logs if log)
