#!/usr/bin/env python3
"""flowd-reader -o writes logs; failures to write are reported."""

import errno
import os
import pathlib
import pty
import select
import signal
import stat
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import tap
from readertest import ReaderTest, SECONDS, brief, briefs, flow, log

NO_SPACE = os.strerror(errno.ENOSPC)
FULL = "/dev/full"
needs_full = unittest.skipUnless(os.path.exists(FULL), f"no {FULL}")


class Copy(ReaderTest):
    def test_is_the_same_log(self):
        records = log(3000) + flowlog.encode(flow(1, src="2001:db8::1"))
        without = flow(2)
        del without["crc"]
        records += flowlog.encode(without) + flowlog.encode({})
        self.write("a.log", records)
        self.prints("", "-q", "-o", "b.log", "a.log")
        self.assertEqual(self.read("b.log"), records)
        self.assertEqual(stat.S_IMODE(os.stat(self.dir / "b.log").st_mode),
                         0o600)

    def test_prints_and_copies(self):
        self.write("a.log", log(3))
        self.prints(briefs(3), "-o", "b.log", "a.log")
        self.assertEqual(self.read("b.log"), log(3))

    def test_copies_the_first_flows_of_several_logs(self):
        self.write("a.log", log(3))
        self.prints("", "-q", "-H", "2", "-o", "b.log", "a.log", "a.log")
        self.assertEqual(self.read("b.log"), log(2) * 2)

    def test_replaces_a_longer_log(self):
        self.write("a.log", log(1))
        self.write("b.log", log(5))
        self.prints("", "-q", "-o", "b.log", "a.log")
        self.assertEqual(self.read("b.log"), log(1))

    def test_omits_a_torn_record(self):
        self.write("a.log", log(3)[:-1])
        self.prints("", "-q", "-o", "b.log", "a.log")
        self.assertEqual(self.read("b.log"), log(2))

    def test_of_a_newer_minor_version(self):
        self.write("a.log", flowlog.encode(
            flow(0), minor=1, extra_fields=1 << 19, extra=b"new!"))
        self.prints("", "-q", "-o", "b.log", "a.log")
        self.assertEqual(self.read("b.log"), log(1))

    def test_to_standard_output(self):
        self.write("a.log", log(3))
        for options in [], ["-v"], ["-c"], ["-q"]:
            out, err = self.run_reader(*options, "-o", "-", "a.log")
            self.assertEqual(out, log(3))
            self.assertEqual(err, b"")

    def test_to_a_device_that_is_also_the_input(self):
        self.prints("", "-q", "-o", os.devnull, os.devnull)


class Refusal(ReaderTest):
    """An input is never overwritten."""

    def setUp(self):
        super().setUp()
        self.write("a.log", log(3))
        self.write("other.log", log(1))

    def refused(self, *args, **options):
        said = self.fails(*args, **options)
        self.assertIn("is both input and output", said)
        self.assertEqual(self.read("a.log"), log(3))

    def test_of_an_input(self):
        self.refused("-o", "a.log", "a.log")
        self.refused("-o", "./a.log", "other.log", "a.log")

    def test_of_its_other_names(self):
        os.link(self.dir / "a.log", self.dir / "link.log")
        os.symlink("a.log", self.dir / "symlink.log")
        self.refused("-o", "link.log", "a.log")
        self.refused("-o", "symlink.log", "a.log")
        self.refused("-o", "a.log", "symlink.log")

    def test_of_standard_input(self):
        with open(self.dir / "a.log", "rb") as file:
            self.refused("-o", "a.log", "-", stdin=file)

    def test_of_standard_output(self):
        with open(self.dir / "a.log", "ab") as file:
            _, err = self.run_reader("-o", "-", "a.log", stdout=file,
                                     status=1)
        self.assertIn(b"is both input and output", err)
        self.assertEqual(self.read("a.log"), log(3))

    def test_of_a_terminal(self):
        ours, terminal = pty.openpty()
        try:
            _, err = self.run_reader("-o", "-", "a.log", stdout=terminal,
                                     status=1)
        finally:
            os.close(terminal)
            os.close(ours)
        self.assertIn(b"terminal", err)

    def test_of_a_name_of_a_compressed_log(self):
        for suffix in "gz", "xz", "zst", "bz2":
            self.assertIn("logs are written uncompressed",
                          self.fails("-o", f"out.{suffix}", "a.log"))
            self.assertFalse((self.dir / f"out.{suffix}").exists())


class Failure(ReaderTest):
    @needs_full
    def test_standard_output_is_full(self):
        # One line fails at the end, many lines before it.
        for count in 1, 5000:
            self.write("a.log", log(count))
            for options in [], ["-v"], ["-c"]:
                with self.subTest(count=count, options=options):
                    with open(FULL, "wb") as full:
                        _, err = self.run_reader(
                            *options, "a.log", stdout=full, status=1)
                    self.assertEqual(
                        err.decode(),
                        f"cannot write to standard output: {NO_SPACE}\n")

    @needs_full
    def test_standard_output_is_full_without_flows(self):
        for args in ["-h"], ["-c", "none.log"]:
            with self.subTest(args=args), open(FULL, "wb") as full:
                _, err = self.run_reader(*args, stdout=full, status=1)
                self.assertIn(NO_SPACE, err.decode())

    @needs_full
    def test_the_log_is_full(self):
        for count in 1, 5000:
            with self.subTest(count=count):
                self.write("a.log", log(count))
                said = self.fails("-q", "-o", FULL, "a.log")
                self.assertEqual(said,
                                 f"cannot write to {FULL}: {NO_SPACE}\n")

    @needs_full
    def test_the_log_is_full_on_standard_output(self):
        self.write("a.log", log(1))
        with open(FULL, "wb") as full:
            _, err = self.run_reader("-o", "-", "a.log", stdout=full,
                                     status=1)
        self.assertIn(NO_SPACE, err.decode())

    @needs_full
    def test_the_log_is_whole_when_printing_fails(self):
        self.write("a.log", log(1))
        with open(FULL, "wb") as full:
            self.run_reader("-o", "b.log", "a.log", stdout=full, status=1)
        self.assertEqual(self.read("b.log"), log(1))

    def test_the_log_is_whole_when_the_pipe_is_closed(self):
        self.write("a.log", log(1))
        reading, writing = os.pipe()
        os.close(reading)
        # Python ignores SIGPIPE; flowd-reader must also do so.
        _, err = self.run_reader(
            "-o", "b.log", "a.log", stdout=writing, status=1,
            preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL))
        os.close(writing)
        self.assertEqual(err, b"")
        self.assertEqual(self.read("b.log"), log(1))

    def test_standard_output_was_never_open(self):
        self.write("a.log", log(1))
        _, err = self.run_reader("-o", "b.log", "a.log", status=1,
                                 preexec_fn=lambda: os.close(1))
        self.assertIn(b"cannot write to standard output", err)
        self.assertEqual(self.read("b.log"), log(1))

    def test_the_log_cannot_be_created(self):
        self.write("a.log", log(1))
        said = self.fails("-q", "-o", "none/b.log", "a.log")
        self.assertIn("none/b.log: No such file", said)


class Promptness(ReaderTest):
    """Flows are printed before flowd-reader waits for more input."""

    def next_line(self, stream):
        ready, _, _ = select.select([stream], [], [], SECONDS)
        self.assertTrue(ready, "nothing was printed")
        return os.read(stream.fileno(), 65536)

    def test_flows_from_a_pipe(self):
        with self.start("-", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                        bufsize=0) as process:
            for number in range(3):
                process.stdin.write(flowlog.encode(flow(number)))
                self.assertEqual(self.next_line(process.stdout).decode(),
                                 brief(number))
            process.stdin.close()
            self.assertEqual(process.wait(SECONDS), 0)

    def test_a_log_from_a_pipe(self):
        with self.start("-o", "-", "-", stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE, bufsize=0) as process:
            process.stdin.write(log(1))
            self.assertEqual(self.next_line(process.stdout), log(1))
            process.stdin.close()
            self.assertEqual(process.wait(SECONDS), 0)


if __name__ == "__main__":
    tap.main()
