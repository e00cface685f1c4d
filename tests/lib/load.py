"""Sends numbered flows at a rate with flow-send, and finds them in logs.

    with Flowd(*load.STATEMENTS) as flowd:
        sender = load.Sender(flowd, flows=20000, rate=10000)
        sender.wait()
        load.check(self, flowd, sender.flows, lambda: [flowd.log])

A datagram has one flow, and its number is the sequence number.  LONG is true
if the environment asks for tests that run for minutes."""

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
ENGINE = 7			# flows of other engines are not counted
RECORD = struct.Struct(">IIHHIII")
HEADER = (0x60040000, 0x40040000)


class Sender:
    """A running flow-send; flows=0 sends until it is stopped."""

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
    """Returns the bytes of a log, compressed or not."""
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def numbers(data, torn=False):
    """Returns the numbers of the flows in a log of whole records."""
    rest = len(data) % RECORD.size
    if rest and not torn:
        raise AssertionError(f"{rest} bytes are not a whole record")
    found = []
    for at in range(0, len(data) - rest, RECORD.size):
        version, fields, _, engine, number, _, _ = RECORD.unpack_from(data, at)
        if (version, fields) != HEADER:
            raise AssertionError(f"no record at {at}")
        # The engine type is the upper half.
        if engine == ENGINE:
            found.append(number)
    return found


def drops(flowd):
    """Returns flowd's count of datagrams that the kernel dropped."""
    # The kernel reports its count with the next datagram.
    flowd.send(netflow.datagram(5, netflow.flows(1)))
    report.statistics(flowd)
    line = [l for l in flowd.stderr_lines() if l.startswith(report.LAST)][-1]
    return int(line.split()[1])


def wait_received(flowd, flows):
    """Waits until flowd has received all flows; returns the kernel's drops."""
    def all_received():
        lost = drops(flowd)
        return (lost + 1,) if report.statistics(
            flowd).all["datagrams"] + lost > flows else None

    return wait_for(all_received, "flowd has received all datagrams")[0] - 1


def check(test, flowd, flows, paths):
    """Stops flowd, and asserts that each flow is in the logs once, in the
    order of paths.

    Returns how many of the logs are not empty."""
    lost = wait_received(flowd, flows)
    flowd.stop()
    logs = [numbers(read(path)) for path in paths()]
    found = [n for log in logs for n in log]
    test.assertEqual(found, sorted(set(found)), "out of order, or repeated")
    test.assertEqual(len(found), flows - lost, f"the kernel dropped {lost}")
    return sum(1 for log in logs if log)
