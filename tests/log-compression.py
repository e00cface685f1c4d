#!/usr/bin/env python3
"""flowd compresses closed logs."""

import contextlib
import gzip
import os
import pathlib
import re
import subprocess
import sys
import time
import unittest
from signal import SIGCONT, SIGKILL, SIGSTOP

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import flowlog
import load
import netflow
import tap
from flowdtest import PATIENCE, Flowd, has_privsep, is_sanitized, need, wait_for

TEMPORARY = ".flowd.log.gz.new"
BEGIN = 1700000000		# epoch seconds


def record(number):
    return flowlog.encode({"engine_type": 0, "engine_id": load.ENGINE,
                           "flow_sequence": number, "source_id": 0, "crc": 0})


def open_files(pid):
    """Returns the names of a process's open files besides standard error.
    Only root sees those of a process that dropped root."""
    return sorted(os.path.basename(os.readlink(fd))
                  for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir()
                  if int(fd.name) > 2)


class Compression(unittest.TestCase):
    def prepare(self, log='"@DIR@/flowd.log" rotate every 1d compress'):
        flowd = Flowd(f"logfile {log}", *load.STATEMENTS, log=False)
        self.addCleanup(flowd._discard)
        return flowd

    def file(self, flowd, name, data):
        path = flowd.dir / name
        path.write_bytes(data)
        os.utime(path, (BEGIN, BEGIN))
        return path

    def large(self, flowd):
        """Writes a log whose compression needs a while: its records are
        random."""
        blocks = [record(int.from_bytes(os.urandom(4), "big"))
                  for _ in range(1000)]
        body = b"".join(r[:12] + os.urandom(12) for r in blocks)
        return self.file(flowd, "flowd.log.000001", blocks[0] + body * 700)

    def compressed(self, path):
        """Waits until path is compressed, and returns the new path."""
        new = path.with_name(path.name + ".gz")
        # The compression is niced, and slow on a busy machine.
        wait_for(lambda: new.exists() and not path.exists(),
                 f"{new} replaces {path}", 4 * PATIENCE)
        return new

    def compressor(self, flowd):
        """Returns the compressing process, stopped after it dropped root."""
        def found():
            for child in flowd.children()[1:]:
                with contextlib.suppress(FileNotFoundError):
                    limits = pathlib.Path(f"/proc/{child}/limits").read_text()
                    if (re.search(r"open files +0 ", limits) and
                            (os.geteuid() != 0 or
                             TEMPORARY in open_files(child))):
                        return child

        pid = wait_for(found, "the compression has dropped root")
        os.kill(pid, SIGSTOP)
        return pid

    def test_after_a_start(self):
        """Logs left uncompressed are compressed, and keep mode, owner and
        times."""
        flowd = self.prepare()
        data = b"".join(map(record, range(1000)))
        own = [self.file(flowd, f"flowd.log.{n:06d}", data[n * 24:])
               for n in (1, 2, 3)]
        own[0].chmod(0o640)
        if os.geteuid() == 0:
            os.chown(own[0], 12, 34)
        before = own[0].stat()
        others = [self.file(flowd, "flowd.log.000004", b"no log"),
                  self.file(flowd, "flowd.log.b", data)]
        stale = self.file(flowd, TEMPORARY, b"from a crash")
        flowd.start()
        for n, path in enumerate(own, 1):
            self.assertEqual(
                gzip.decompress(self.compressed(path).read_bytes()),
                data[n * 24:])
        after = self.compressed(own[0]).stat()
        for what in ("st_mode", "st_uid", "st_gid", "st_mtime_ns"):
            self.assertEqual(getattr(before, what), getattr(after, what), what)
        for path in others:
            self.assertTrue(path.exists(), path)
        self.assertFalse(stale.exists())
        flowd.stop()

    def test_without_compress(self):
        """An older configuration's temporary file is removed too."""
        flowd = self.prepare('"@DIR@/flowd.log" rotate every 1d')
        stale = self.file(flowd, TEMPORARY, b"from a crash")
        path = self.file(flowd, "flowd.log.000001", record(1))
        flowd.start()
        self.assertFalse(stale.exists())
        self.assertTrue(path.exists())

    def test_compressed_and_uncompressed_file(self):
        """flowd ended between the last two steps: no flow remains twice."""
        flowd = self.prepare('"@DIR@/%Y%m%d" rotate every 1d compress')
        path = self.file(flowd, "20200101", record(1))
        flowd.start()
        self.compressed(path)
        flowd.stop()
        self.file(flowd, "20200101", record(1))
        flowd.start()
        wait_for(lambda: not path.exists(), "the uncompressed file is removed")
        self.assertEqual(len(list(flowd.dir.glob("20200101*"))), 1)

    def test_name_that_exists(self):
        """The clock was set back, for example: both files are kept."""
        flowd = self.prepare('"@DIR@/%Y%m%d" rotate every 1d compress')
        old = self.file(flowd, "20200101.gz", b"of before")
        path = self.file(flowd, "20200101", record(1))
        flowd.start()
        new = flowd.dir / "20200101.000001.gz"
        wait_for(lambda: new.exists() and not path.exists(), "another name")
        self.assertEqual(gzip.decompress(new.read_bytes()), record(1))
        self.assertEqual(old.read_bytes(), b"of before")

    def immutable(self, path):
        """Makes path impossible to remove until the test ends."""
        def change(how):
            return subprocess.run(["chattr", how, path], check=False,
                                  stderr=subprocess.DEVNULL).returncode

        if need("chattr") or change("+i") != 0:
            self.skipTest("files cannot be made immutable")
        self.addCleanup(change, "-i")

    def test_file_that_cannot_be_removed(self):
        """Only one copy of it is made, and other files are compressed.  One
        message stands for several such files."""
        flowd = self.prepare('"@DIR@/%Y%m%d" rotate every 1d compress')
        self.immutable(self.file(flowd, "20191231", record(1)))
        old = self.file(flowd, "20200101", record(1))
        self.immutable(old)
        young = self.file(flowd, "20200102", record(2))
        os.utime(young)
        for _ in range(2):
            flowd.start()
            self.compressed(young)
            flowd.stop()
            said = "\n".join(flowd.stderr_lines())
            self.assertEqual(said.count("cannot compress 2"), 1)
            self.assertEqual(said.count("are compressed again"), 1)
            young = self.file(flowd, "20200103", record(3))
            os.utime(young)
        self.assertEqual([p.name for p in flowd.dir.glob("20200101*")],
                         [old.name])

    def test_uncompressed_file_that_cannot_be_removed(self):
        """No further copies of it are made."""
        flowd = self.prepare('"@DIR@/%Y%m%d" rotate every 1d compress')
        path = self.file(flowd, "20200101", record(1))
        flowd.start()
        self.compressed(path)
        flowd.stop()
        self.immutable(self.file(flowd, "20200101", record(1)))
        flowd.start()
        flowd.wait_stderr(
            "1 compressed files cannot be removed, first 20200101: ")
        flowd.stop()
        self.assertEqual(len(list(flowd.dir.glob("20200101*"))), 2)

    def test_closed_files_that_cannot_be_removed(self):
        """One message has their number, also when flowd tries again."""
        flowd = self.prepare('"@DIR@/%Y%m%d%H%M%S" rotate every 1s '
                             'keep 1 files')
        paths = [self.file(flowd, f"2020010100000{i}", record(1))
                 for i in range(5)]
        for path in paths:
            self.immutable(path)
        flowd.start()
        first = flowd.wait_stderr("5 closed files cannot be removed, first "
                                  "20200101000000: ")
        for _ in range(2):		# two rotations, which try again
            names = {p.name for p in flowd.dir.glob("20[2-9]*")}
            wait_for(lambda: names < names | {
                p.name for p in flowd.dir.glob("20[2-9]*")}, "a new file")
        self.assertEqual(sum("cannot be removed" in line
                             for line in flowd.stderr_lines()), 1, first)
        for path in paths:
            subprocess.run(["chattr", "-i", path], check=True)
        flowd.wait_stderr("the closed files that could not be removed are gone")
        flowd.stop()

    def test_process_without_privileges(self):
        flowd = self.prepare()
        self.large(flowd)
        flowd.start()
        pid = self.compressor(flowd)
        proc = pathlib.Path(f"/proc/{pid}")
        self.assertEqual(proc.joinpath("stat").read_text()
                         .rpartition(") ")[2].split()[16], "19", "nice")
        limits = proc.joinpath("limits").read_text()
        self.assertRegex(limits, r"Max open files +0 +0 ")
        if not is_sanitized():	# a sanitizer starts a process
            self.assertRegex(limits, r"Max processes +0 +0 ")
        if os.geteuid() == 0:
            self.assertEqual(open_files(pid), [TEMPORARY, "flowd.log.000001"])
        if has_privsep() and not flowd.insecure:
            status = proc.joinpath("status").read_text()
            self.assertNotIn("0", re.search(r"^Uid:\s*(.*)$", status,
                                            re.MULTILINE)[1].split())
            self.assertNotEqual(os.readlink(proc / "root"), "/")

    def test_flowd_ends_during_compression(self):
        flowd = self.prepare()
        path = self.large(flowd)
        flowd.start()
        self.compressor(flowd)
        flowd.stop()
        self.assertTrue(path.exists())
        self.assertEqual(sorted(p.name for p in flowd.dir.glob("*flowd.log*")),
                         ["flowd.log", "flowd.log.000001"])

    def test_crash_during_compression(self):
        flowd = self.prepare()
        path = self.large(flowd)
        data = path.read_bytes()
        flowd.start()
        self.compressor(flowd)
        self.assertTrue((flowd.dir / TEMPORARY).exists())
        for pid in [flowd.pid(), *flowd.children()]:
            os.kill(pid, SIGKILL)
        flowd.process.wait()
        self.assertEqual(path.read_bytes(), data)
        flowd.pidfile.unlink()
        flowd.start()
        self.assertEqual(gzip.decompress(self.compressed(path).read_bytes()),
                         data)
        self.assertFalse((flowd.dir / TEMPORARY).exists())

    def test_number_changes_during_compression(self):
        flowd = self.prepare('"@DIR@/flowd.log" rotate at size 1K compress')
        data = self.large(flowd).read_bytes()
        flowd.start()
        pid = self.compressor(flowd)
        for _ in range(2):
            flowd.send(netflow.datagram(5, netflow.flows(30)))
        moved = flowd.dir / "flowd.log.000002"
        wait_for(moved.exists, "the log is rotated")
        os.kill(pid, SIGCONT)
        self.assertEqual(gzip.decompress(self.compressed(moved).read_bytes()),
                         data)

    def test_file_that_may_still_grow(self):
        """The collector has not yet reopened the log after the rotation."""
        flowd = self.prepare('"@DIR@/flowd.log" rotate every 1s compress')
        flowd.start()
        path = flowd.dir / "flowd.log.000001"
        with flowd.paused():
            flowd.log.write_bytes(record(1))
            wait_for(path.exists, "the log is rotated")
            time.sleep(2.5)
            self.assertTrue(path.exists())
            self.assertEqual(flowd.log.stat().st_size, 0)
        self.compressed(path)

    def test_kept_within_bounds(self):
        """A file that flowd compressed counts as its own."""
        flowd = self.prepare()
        path = self.file(flowd, "flowd.log.000001", record(1))
        flowd.start()
        new = self.compressed(path)
        flowd.reload('logfile "@DIR@/flowd.log" rotate every 1d keep 30d')
        wait_for(lambda: not new.exists(), "the file is removed")


if __name__ == "__main__":
    tap.main()
