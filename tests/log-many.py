#!/usr/bin/env python3
"""The work for closed files does not grow with all files that there are."""

import collections
import ctypes
import ctypes.util
import os
import pathlib
import struct
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import flowlog
import load
import tap
from flowdtest import PATIENCE, Flowd, wait_for

DAY = 86400			# seconds
IN_ACCESS, IN_MOVED_TO, IN_CREATE, IN_DELETE, IN_OPEN = (
    0x1, 0x80, 0x100, 0x200, 0x20)
IN_ISDIR = 0x40000000
HEAD = struct.Struct("iIII")


class Watch:
    """What happens to the files in a directory."""

    def __init__(self, path):
        libc = ctypes.CDLL(None, use_errno=True)
        if not hasattr(libc, "inotify_init1"):
            raise unittest.SkipTest("no inotify")
        self.fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        mask = IN_ACCESS | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_OPEN
        if self.fd == -1 or libc.inotify_add_watch(
                self.fd, os.fsencode(path), mask) == -1:
            raise unittest.SkipTest("inotify: " +
                                    os.strerror(ctypes.get_errno()))
        self.events = []

    def close(self):
        os.close(self.fd)

    def read(self):
        """Returns all events so far, as (mask, name)."""
        while True:
            try:
                data = os.read(self.fd, 1 << 16)
            except BlockingIOError:
                return self.events
            at = 0
            while at < len(data):
                _, mask, _, length = HEAD.unpack_from(data, at)
                at += HEAD.size
                name = data[at:at + length].rstrip(b"\0").decode()
                self.events.append((mask, name))
                at += length

    def names(self, event):
        """Returns the names of files with this event."""
        return [name for mask, name in self.read()
                if mask & event and not mask & IN_ISDIR]

    def readings(self):
        """Returns how often entries of the directory itself were read."""
        return sum(mask & (IN_ACCESS | IN_ISDIR) == IN_ACCESS | IN_ISDIR and
                   not name for mask, name in self.read())


class ManyFiles(unittest.TestCase):
    def prepare(self, *logs):
        flowd = Flowd(*(f"logfile {log}" for log in logs), *load.STATEMENTS,
                      log=False)
        self.addCleanup(flowd._discard)
        return flowd

    def files(self, flowd, name, ages):
        """Writes a log's closed files of these ages in days."""
        record = flowlog.encode({"engine_type": 0, "engine_id": 0,
                                 "flow_sequence": 0, "source_id": 0, "crc": 0})
        paths = []
        now = int(time.time())
        for age in ages:
            path = flowd.dir / time.strftime(name, time.localtime(
                now - age * DAY))
            path.write_bytes(record)
            os.utime(path, (now - age * DAY, now - age * DAY))
            paths.append(path)
        return paths

    def watch(self, flowd):
        watch = Watch(flowd.dir)
        self.addCleanup(watch.close)
        return watch

    def check_keep(self, keep):
        flowd = self.prepare(f'"@DIR@/%Y%m%d.flow" rotate every 1d {keep}')
        paths = self.files(flowd, "%Y%m%d.flow", range(1, 501))
        watch = self.watch(flowd)
        flowd.start()
        wait_for(lambda: not any(p.exists() for p in paths[490:]),
                 "the oldest are removed")
        flowd.stop()
        self.assertTrue(all(p.exists() for p in paths[:490]))
        gone = {p.name for p in paths[490:]}
        self.assertEqual(set(watch.names(IN_DELETE)) & {
            p.name for p in paths}, gone)
        opened = collections.Counter(watch.names(IN_OPEN))
        self.assertEqual({name: opened[name] for name in opened
                          if name in {p.name for p in paths}},
                         dict.fromkeys(gone, 1))

    def test_only_removed_files_are_opened_for_a_number(self):
        self.check_keep("keep 490 files")

    def test_only_removed_files_are_opened_for_a_time(self):
        self.check_keep(f"keep {490 * 24 + 12}h")

    def test_many_logs_share_one_reading(self):
        """The logs of a directory do not each read it."""
        logs = 20
        flowd = self.prepare(*(
            f'"@DIR@/%Y%m%d-{n}.flow" tag {n} rotate every 1d keep 20 files'
            for n in range(logs)))
        paths = [self.files(flowd, f"%Y%m%d-{n}.flow", range(1, 22))
                 for n in range(logs)]
        watch = self.watch(flowd)
        flowd.start()
        wait_for(lambda: not any(log[-1].exists() for log in paths),
                 "the oldest of each is removed")
        flowd.stop()
        self.assertTrue(all(p.exists() for log in paths for p in log[:-1]))
        # A reading can be several system calls.
        self.assertIn(watch.readings(), range(1, 20))

    def test_several_logs_are_compressed_at_once(self):
        """As many as the limit allows, and without reading the directory for
        each file."""
        logs, each, limit = 9, 12, 3
        flowd = self.prepare(*(
            f'"@DIR@/%Y%m%d-{n}.flow" tag {n} rotate every 1d compress'
            for n in range(logs)))
        flowd.statements = (*flowd.statements, f"limit compressors {limit}")
        paths = [p for n in range(logs) for p in self.files(
            flowd, f"%Y%m%d-{n}.flow", range(1, each + 1))]
        watch = self.watch(flowd)
        flowd.start()
        wait_for(lambda: not any(p.exists() for p in paths),
                 "all are compressed", 4 * PATIENCE)
        flowd.stop()
        self.assertTrue(all(p.with_name(p.name + ".gz").exists()
                            for p in paths))
        running = most = 0
        for mask, name in watch.read():
            if mask & IN_CREATE and name.endswith(".gz.new"):
                running += 1
            elif mask & IN_MOVED_TO and name.endswith(".gz"):
                running -= 1
            most = max(most, running)
        self.assertEqual(most, limit)
        self.assertIn(watch.readings(), range(1, 20))


if __name__ == "__main__":
    tap.main()
