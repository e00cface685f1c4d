"""How the monitor's work for closed files grows with their number."""

import os
import pathlib
import subprocess
import sys
import time

import growth

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent /
                       "tests" / "lib"))
import flowlog  # noqa: E402
from flowdtest import free_ports  # noqa: E402

FILES = (1000, 10000, 100000)
LOGS = (30, 100, 300)
EACH = 288			# closed files of a log
WAITING = (100, 300, 1000)	# files to compress
NUMBERED = (100, 1000, 10000)
PATIENCE = 120			# seconds


def head():
    return flowlog.encode({"engine_type": 0, "engine_id": 0,
                           "flow_sequence": 0, "source_id": 0, "crc": 0})


def make_file(path, age):
    """Writes a closed file of this age in seconds."""
    path.write_bytes(head())
    at = time.time() - age
    os.utime(path, (at, at))


def dated(directory, count, suffix=""):
    """Writes files of 5 minutes, and the latest an hour ago."""
    now = time.time()
    for number in range(count):
        age = 3600 + 300 * number
        make_file(directory / (time.strftime(
            "%Y%m%d%H%M", time.localtime(now - age)) + suffix), age)


class Flowd:
    """A flowd with these statements."""

    def __init__(self, directory, *statements, ports=None):
        path = directory / "flowd.conf"
        listen = [f"listen on 127.0.0.1:{port}"
                  for port in ports or free_ports(["127.0.0.1"])]
        path.write_text("".join(f"{line}\n" for line in (
            *listen, *statements)))
        self.process = subprocess.Popen(
            [growth.program("flowd"), "-g", "-f", path],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.before = growth.cpu(self.process.pid)

    def cpu(self):
        """Returns the seconds of CPU time of the monitor since its start."""
        return growth.cpu(self.process.pid) - self.before

    def children(self):
        """Returns the processes that the monitor has started."""
        pid = self.process.pid
        return [int(child) for child in pathlib.Path(
            f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def stop(self):
        self.process.terminate()
        self.process.wait()


def settle(flowd):
    """Waits until the monitor rests, and returns its CPU time."""
    used = -1
    while flowd.cpu() - used > 0.002:
        used = flowd.cpu()
        time.sleep(1.5)
    return flowd.cpu()


def look(keep):
    """Returns a measure: the looks of a start and of two rotations, for one
    log with this number of files."""
    def measure(size, directory):
        logs = directory / "logs"
        logs.mkdir()
        dated(logs, size, "00.flow")
        flowd = Flowd(directory, f'logfile "{logs}/%Y%m%d%H%M%S.flow" '
                      f"rotate every 2s {keep}")
        try:
            time.sleep(2.5)
            first = flowd.cpu()
            time.sleep(8)
            return (flowd.cpu() - first) / 4
        finally:
            flowd.stop()
    return measure


def many(size, directory):
    """The looks of a start, for this number of logs in one directory."""
    logs = directory / "logs"
    logs.mkdir()
    for number in range(size):
        dated(logs, EACH, f"-{number}")

    def statements(keep):
        return [f'logfile "{logs}/%Y%m%d%H%M-{number}" tag {number} '
                f"rotate every 1d {keep}" for number in range(size)]

    def start(keep):
        flowd = Flowd(directory, *statements(keep))
        try:
            time.sleep(2)
            return settle(flowd)
        finally:
            flowd.stop()

    return start("keep 3000d") - start("")


def compress(size, directory):
    """Compressing this number of files of four logs."""
    logs = directory / "logs"
    logs.mkdir()
    for number in range(4):
        dated(logs, size // 4, f"-{number}")
    flowd = Flowd(directory, *(
        f'logfile "{logs}/%Y%m%d%H%M-{number}" tag {number} rotate every 1d '
        "compress" for number in range(4)))
    try:
        until = time.monotonic() + PATIENCE
        while any(not name.endswith(".gz") and "0000-" not in name
                  for name in os.listdir(logs)):
            if time.monotonic() > until:
                raise RuntimeError("files were not compressed")
            time.sleep(0.2)
        return flowd.cpu()
    finally:
        flowd.stop()


def numbered(size, directory):
    """Rotations of a log with this number of closed files with numbers."""
    for number in range(1, size + 1):
        make_file(directory / f"log.{number:06d}", 300 * number)
    flowd = Flowd(directory, f'logfile "{directory}/log" rotate every 1s')
    try:
        time.sleep(1.2)
        first = flowd.cpu()
        for _ in range(4):
            with open(directory / "log", "ab") as log:
                log.write(head())
            time.sleep(1)
        return (flowd.cpu() - first) / 4
    finally:
        flowd.stop()


ROWS = [
    # 30 million flows in 5 minutes, and two readings in this time.
    growth.Row("keep, a rotation", FILES, look("keep 3000d"),
               most=0.005e-6 * 30e6 / 2, rounds=1),
    growth.Row("keep, many logs", LOGS, many, most=0.2, rounds=1),
    growth.Row("numbers, a rotation", NUMBERED, numbered, rounds=1),
    growth.Row("compress", WAITING, compress, rounds=1),
]
