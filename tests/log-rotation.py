#!/usr/bin/env python3
"""flowd rotates logs: names, times, and no flow lost or repeated."""

import os
import pathlib
import re
import select
import signal
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import flowlog
import load
import netflow
import tap
from flowdtest import PATIENCE, Flowd, stopped, wait_for

RATE = 10000			# datagrams a second
SECONDS = 60 if load.LONG else 2
NUMBERED = re.compile(r"flowd\.log\.(\d{6})(\.gz)?$")
DATED = re.compile(r"\d{8}-\d{6}\.flow(\.gz)?$")


def numbered(directory):
    """Returns the files of flowd.log that have a number, the oldest first."""
    return sorted((p for p in directory.iterdir() if NUMBERED.match(p.name)),
                  key=lambda p: NUMBERED.match(p.name)[1], reverse=True)


def dated(directory):
    return sorted(p for p in directory.iterdir() if DATED.match(p.name))


class Rotation(unittest.TestCase):
    def start(self, log, *statements):
        """Starts a flowd with one log, and these words in its statement."""
        flowd = Flowd(f"logfile {log}", *load.STATEMENTS, *statements,
                      log=False)
        self.addCleanup(flowd._discard)
        flowd.start()
        return flowd

    def plain(self, flowd):
        return [*numbered(flowd.dir), flowd.log]


class EachSecond(Rotation):
    """Sends at a rate, and asserts that each flow is stored once, in order."""

    def send(self, flowd, meanwhile=lambda: None):
        sender = load.Sender(flowd, SECONDS * RATE, RATE)
        try:
            while sender.is_running():
                meanwhile()
                time.sleep(0.05)
        finally:
            sender.stop()
        return sender.flows

    def test_numbers(self):
        flowd = self.start('"@DIR@/flowd.log" rotate every 1s')
        flows = self.send(flowd)
        used = load.check(self, flowd, flows, lambda: self.plain(flowd))
        self.assertGreaterEqual(used, SECONDS)
        names = [p.name for p in numbered(flowd.dir)]
        self.assertEqual(names, [f"flowd.log.{n:06d}"
                                 for n in range(len(names), 0, -1)])

    def test_dates_with_sync_and_compression(self):
        flowd = self.start('"@DIR@/%Y%m%d-%H%M%S.flow" rotate every 1s '
                           "compress", "sync 1")
        flows = self.send(flowd)
        wait_for(lambda: any(p.suffix == ".gz" for p in dated(flowd.dir)),
                 "a file is compressed")
        used = load.check(self, flowd, flows, lambda: dated(flowd.dir))
        self.assertGreaterEqual(used, SECONDS)

    def test_signals_and_renames_meanwhile(self):
        """Renames the log and signals flowd, and reloads other
        configurations."""
        flowd = self.start('"@DIR@/flowd.log" rotate every 1s compress')
        logs = ("rotate every 1s", "rotate at size 64K",
                "rotate every 1s compress", "")
        moved = []
        turn = 0

        def disturb():
            nonlocal turn
            turn += 1
            if turn % 3 == 0:
                flowd.signal(signal.SIGUSR1)
            if turn % 7 == 0:
                flowd.write_conf(f"logfile \"{flowd.log}\" "
                                 f"{logs[turn // 7 % len(logs)]}",
                                 *load.STATEMENTS)
                flowd.signal(signal.SIGHUP)
            if turn % 5 == 0 and flowd.log.exists():
                moved.append(flowd.dir / f"moved.{turn}")
                flowd.log.rename(moved[-1])
                flowd.signal(signal.SIGUSR1)

        flows = self.send(flowd, disturb)
        lost = load.wait_received(flowd, flows)
        flowd.stop()
        found = [n for path in [*moved, *self.plain(flowd)] if path.exists()
                 for n in load.numbers(load.read(path))]
        self.assertEqual(len(found), len(set(found)))
        self.assertEqual(len(found), flows - lost)


class Size(Rotation):
    def test_size(self):
        flowd = self.start('"@DIR@/flowd.log" rotate at size 64K')
        sender = load.Sender(flowd, 20000, RATE)
        sender.wait()
        wait_for(lambda: numbered(flowd.dir), "the log is rotated")
        load.check(self, flowd, sender.flows, lambda: self.plain(flowd))
        for path in numbered(flowd.dir):
            self.assertGreaterEqual(path.stat().st_size, 65536)

    def test_quiet_log_is_not_rotated(self):
        flowd = self.start('"@DIR@/flowd.log" rotate every 1s')
        began = flowd.log.stat()
        time.sleep(1.5)
        self.assertEqual(flowd.log.stat().st_ino, began.st_ino)
        self.assertEqual(numbered(flowd.dir), [])


class Names(Rotation):
    def send(self, flowd, count):
        flowd.send(netflow.datagram(5, netflow.flows(count)))

    def wait_size(self, path, flows):
        wait_for(lambda: path.exists() and
                 path.stat().st_size == flows * load.RECORD.size,
                 f"{flows} flows in {path}")

    def test_same_interval_after_a_restart(self):
        flowd = self.start('"@DIR@/%Y-%m-%d.log" rotate every 1d')
        self.send(flowd, 3)
        flowd.stop()
        first = sorted(flowd.dir.glob("*.log"))
        flowd.start()
        self.send(flowd, 4)
        flowd.stop()
        logs = sorted(flowd.dir.glob("*.log"))
        # The test may run at midnight.
        self.assertEqual(logs[:1], first[:1])
        self.assertLessEqual(len(logs), 2)
        self.assertEqual(sum(p.stat().st_size for p in logs),
                         7 * load.RECORD.size)

    def test_gap_in_the_numbers_is_filled(self):
        flowd = Flowd('logfile "@DIR@/flowd.log" rotate at size 1K',
                      *load.STATEMENTS, log=False)
        self.addCleanup(flowd._discard)
        for number in (1, 3):
            (flowd.dir / f"flowd.log.{number:06d}").write_text(str(number))
        (flowd.dir / "flowd.log.000002.gz").write_text("2")
        (flowd.dir / "flowd.log.000005").write_text("5")
        flowd.start()
        for _ in range(2):
            self.send(flowd, 30)
        first = wait_for(lambda: (flowd.dir / "flowd.log.000004").exists(),
                         "the log is rotated")
        flowd.stop()
        self.assertTrue(first)
        for number, text in ((2, "1"), (4, "3"), (5, "5")):
            self.assertEqual((flowd.dir / f"flowd.log.{number:06d}")
                             .read_text(), text)
        self.assertEqual((flowd.dir / "flowd.log.000003.gz").read_text(), "2")
        self.assertEqual(len(load.read(flowd.dir / "flowd.log.000001")),
                         60 * load.RECORD.size)

    def test_name_that_cannot_be_opened(self):
        """The names of the next minutes are directories."""
        flowd = self.start('"@DIR@/%Y%m%d-%H%M%S" rotate every 1s')
        self.occupy_names(flowd, pathlib.Path.mkdir)
        line = flowd.wait_stderr("the log was not rotated")
        self.send(flowd, 5)
        self.wait_size(pathlib.Path(line.split()[-1]), 5)
        for path in flowd.dir.glob("*-*"):
            if path.is_dir():
                path.rmdir()
        flowd.expect("was opened again", signal.SIGUSR1)

    def occupy_names(self, flowd, make):
        """Creates the names of the next minutes; the monitor is stopped
        meanwhile."""
        with stopped(flowd.pid()):
            now = int(time.time())
            for seconds in range(1, 180):
                make(flowd.dir / time.strftime(
                    "%Y%m%d-%H%M%S", time.localtime(now + seconds)))

    def test_missing_directory(self):
        flowd = Flowd('logfile "@DIR@/none/%Y%m%d" rotate every 1d',
                      log=False)
        self.addCleanup(flowd._discard)
        with self.assertRaisesRegex(AssertionError, "none/.*No such file"):
            flowd.start()

    def test_link_is_not_rotated(self):
        flowd = Flowd('logfile "@DIR@/flowd.log" rotate at size 1K',
                      *load.STATEMENTS, log=False)
        self.addCleanup(flowd._discard)
        flowd.log.symlink_to("elsewhere")
        flowd.start()
        for _ in range(2):
            self.send(flowd, 30)
        flowd.wait_stderr("cannot rotate a symbolic link")
        self.send(flowd, 30)
        self.wait_size(flowd.dir / "elsewhere", 90)
        self.assertTrue(flowd.log.is_symlink())

    def test_planted_link_is_not_followed(self):
        """The names of the next minutes are links to a file that does not
        exist."""
        flowd = self.start('"@DIR@/%Y%m%d-%H%M%S" rotate every 1s')
        self.occupy_names(flowd, lambda path: path.symlink_to("elsewhere"))
        line = flowd.wait_stderr("the log was not rotated")
        self.send(flowd, 5)
        self.wait_size(pathlib.Path(line.split()[-1]), 5)
        self.assertFalse((flowd.dir / "elsewhere").exists())

    def test_fifo_is_not_rotated(self):
        flowd = Flowd('logfile "@DIR@/flowd.log" rotate every 1s',
                      *load.STATEMENTS, log=False)
        self.addCleanup(flowd._discard)
        os.mkfifo(flowd.log)
        flowd.start()
        fifo = os.open(flowd.log, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, fifo)
        time.sleep(1.5)
        self.send(flowd, 5)
        self.assertTrue(select.select([fifo], [], [], PATIENCE)[0])
        self.assertEqual(len(os.read(fifo, 4096)), 5 * load.RECORD.size)


class Keep(Rotation):
    """flowd removes only the log's own files, the oldest first."""

    def prepare(self, log):
        flowd = Flowd(f"logfile {log}", *load.STATEMENTS, log=False)
        self.addCleanup(flowd._discard)
        return flowd

    def record(self):
        return flowlog.encode({"engine_type": 0, "engine_id": 0,
                               "flow_sequence": 0, "source_id": 0, "crc": 0})

    def file(self, flowd, name, data, age):
        path = flowd.dir / name
        path.write_bytes(data)
        os.utime(path, (time.time() - age, time.time() - age))
        return path

    def others(self, flowd):
        """Writes files that have names like the log's but are not its own."""
        record = self.record()
        paths = [
            self.file(flowd, "flowd.log.000090", b"not a log but text", 9e6),
            self.file(flowd, "flowd.log.000091.gz", b"\x1f\x8b\x08 and so on",
                      9e6),
            self.file(flowd, "flowd.log.00092", record, 9e6),
            self.file(flowd, "flowd.log.customers", record, 9e6),
            self.file(flowd, "flowd.log.customers.000001", record, 9e6),
            self.file(flowd, "flowd.log.000093.bak", record, 9e6),
            self.file(flowd, "flowd.log2.000001", record, 9e6),
            self.file(flowd, "elsewhere", record, 9e6),
        ]
        link = flowd.dir / "flowd.log.000094"
        link.symlink_to(paths[-1])
        directory = flowd.dir / "flowd.log.000095"
        directory.mkdir()
        return [*paths, link, directory]

    def check(self, flowd, others, kept, removed):
        wait_for(lambda: not any(p.exists() for p in removed),
                 "the oldest are removed")
        for path in [*others, *kept]:
            self.assertTrue(path.exists(), path)

    def files(self, flowd, ages, data):
        """Writes the log's own files, the oldest last, with these ages in
        days."""
        return [self.file(flowd, f"flowd.log.{i + 1:06d}", data, days * 86400)
                for i, days in enumerate(ages)]

    def test_number(self):
        flowd = self.prepare('"@DIR@/flowd.log" rotate every 1d keep 2 files')
        own = self.files(flowd, (1, 2, 3, 4), self.record())
        others = self.others(flowd)
        flowd.start()
        self.check(flowd, others, own[:2], own[2:])

    def test_time(self):
        flowd = self.prepare('"@DIR@/flowd.log" rotate every 1d keep 60h')
        own = self.files(flowd, (1, 2, 3, 4), self.record())
        own.append(self.file(flowd, "flowd.log.000005", b"", 9e6))
        others = self.others(flowd)
        flowd.start()
        self.check(flowd, others, own[:2], own[2:])

    def test_size(self):
        """The open file counts, and is never removed."""
        flowd = self.prepare('"@DIR@/flowd.log" rotate every 1d keep 1M')
        data = self.record() * 16000	# 375 KiB
        own = self.files(flowd, (1, 2, 3, 4), data)
        self.file(flowd, "flowd.log", data, 9e6)
        others = self.others(flowd)
        flowd.start()
        self.check(flowd, others, [flowd.log, own[0]], own[1:])

    def test_logs_with_a_common_prefix(self):
        flowd = self.prepare('"@DIR@/flowd.log" rotate every 1d keep 1 files')
        flowd.statements = (
            *flowd.statements, 'logfile "@DIR@/flowd.log.b" tag 1 '
            'rotate every 1d keep 2 files', 'logfile "@DIR@/%Y%m%d.flowd.log" '
            'tag 2 rotate every 1d keep 1 files')
        a = self.files(flowd, (1, 2), self.record())
        b = [self.file(flowd, f"flowd.log.b.00000{n}", self.record(),
                       86400 * n) for n in (1, 2, 3)]
        c = [self.file(flowd, f"2020010{4 - n}.flowd.log", self.record(),
                       86400 * n) for n in (1, 2)]
        flowd.start()
        self.check(flowd, [], [a[0], *b[:2], c[0]], [a[1], b[2], c[1]])

    def test_keep_during_rotation(self):
        flowd = self.start('"@DIR@/flowd.log" rotate every 1s keep 1 files')
        sender = load.Sender(flowd, 25000, RATE)
        sender.wait()
        flowd.stop()
        self.assertEqual([p.name for p in numbered(flowd.dir)],
                         ["flowd.log.000001"])
        last = load.numbers(load.read(flowd.log))
        before = load.numbers(load.read(numbered(flowd.dir)[0]))
        if last:
            self.assertEqual(before[-1] + 1, last[0])

    def test_reload_changes_keep(self):
        flowd = self.prepare('"@DIR@/flowd.log" rotate every 1d')
        own = self.files(flowd, (1, 2, 3, 4), self.record())
        flowd.start()
        time.sleep(1.2)
        self.assertTrue(all(p.exists() for p in own))
        flowd.reload('logfile "@DIR@/flowd.log" rotate every 1d keep 3 files',
                     *load.STATEMENTS)
        self.check(flowd, [], own[:3], own[3:])


if __name__ == "__main__":
    tap.main()
