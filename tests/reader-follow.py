#!/usr/bin/env python3
"""flowd-reader -F follows a log that grows or is rotated, truncated and
replaced."""

import gzip
import os
import pathlib
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import netflow
import tap
from flowdtest import Flowd, wait_for
from readertest import ReaderTest, SECONDS, brief, briefs, flow, log

HAS_PROC = sys.platform == "linux"
LENGTH = len(log(1))


def record(number, **changes):
    return flowlog.encode(flow(number, **changes))


def plain(number):
    values = flow(number)
    del values["crc"]
    return flowlog.encode(values)


class FollowTest(ReaderTest):
    def follow(self, *args):
        """Starts flowd-reader -F, and stops it when the test ends."""
        self.errors = open(self.dir / "errors", "wb")
        self.addCleanup(self.errors.close)
        self.reader = self.start("-F", *args, stdout=subprocess.PIPE,
                                 stderr=self.errors, bufsize=0)
        self.addCleanup(self.reader.wait)
        self.addCleanup(self.reader.stdout.close)
        self.addCleanup(self.reader.kill)
        self.seen = b""

    def append(self, name, data):
        with open(self.dir / name, "ab") as file:
            file.write(data)

    def expect(self, text):
        """Waits until exactly this was printed since the last call."""
        deadline = time.monotonic() + SECONDS
        while len(self.seen) < len(text):
            ready, _, _ = select.select([self.reader.stdout], [], [],
                                        deadline - time.monotonic())
            self.assertTrue(ready, f"{self.seen} is not all of {text}")
            more = os.read(self.reader.stdout.fileno(), 65536)
            self.assertTrue(more, self.read("errors"))
            self.seen += more
        self.assertEqual(self.seen.decode(), text)
        self.seen = b""

    def said(self, text):
        """Waits until the messages contain text."""
        deadline = time.monotonic() + SECONDS
        while text not in self.read("errors").decode():
            self.assertLess(time.monotonic(), deadline, self.read("errors"))
            time.sleep(.01)

    def end(self, status=0, sig=signal.SIGTERM):
        self.reader.send_signal(sig)
        rest, _ = self.reader.communicate(timeout=SECONDS)
        self.assertEqual(rest, b"")
        self.assertEqual(self.reader.returncode, status,
                         self.read("errors"))

    def sleeps(self):
        """Returns how often flowd-reader has begun to wait."""
        status = pathlib.Path(f"/proc/{self.reader.pid}/status").read_text()
        return int(re.search(r"\nvoluntary_ctxt_switches:\s*(\d+)", status)[1])

    def check_silence(self):
        """Asserts that nothing is printed while -F reads the log again."""
        if HAS_PROC:
            # The first may be of the read before, or of a page that was read.
            before = self.sleeps()
            wait_for(lambda: self.sleeps() >= before + 3, "the log is read")
        ready, _, _ = select.select([self.reader.stdout], [], [],
                                    0 if HAS_PROC else .15)
        self.assertFalse(ready)


class Following(FollowTest):
    def test_growth(self):
        self.write("a.log", log(2))
        self.follow("a.log")
        self.expect(briefs(2))
        for number in range(2, 6):
            self.append("a.log", record(number))
            self.expect(brief(number))
        self.end()
        self.assertEqual(self.read("errors"), b"")

    def test_a_torn_record_is_printed_once_complete(self):
        for options in [], ["-R"]:
            for make in record, plain:
                with self.subTest(options=options, make=make):
                    self.write("a.log", b"")
                    self.follow(*options, "a.log")
                    for number in range(3):
                        data = make(number)
                        for at in 0, 3, 60:
                            end = {0: 3, 3: 60, 60: len(data)}[at]
                            self.append("a.log", data[at:end])
                            if end < len(data):
                                self.check_silence()
                        self.expect(brief(number))
                    self.end()
                    self.assertEqual(self.read("errors"), b"")

    def test_a_torn_record_that_is_replaced(self):
        """Prints the record that replaces it, and no mixture of both."""
        for options in [], ["-R"]:
            with self.subTest(options=options):
                self.write("a.log", plain(0) + plain(1)[:90])
                self.follow(*options, "a.log")
                self.expect(brief(0))
                self.check_silence()
                # Both in short order, so that the size hardly shows it.
                with open(self.dir / "a.log", "r+b") as file:
                    file.seek(len(plain(0)))
                    file.write(plain(7) + plain(8))
                self.expect(brief(7) + brief(8))
                self.append("a.log", plain(9)[:50])
                self.check_silence()
                os.truncate(self.dir / "a.log", 3 * len(plain(0)))
                self.check_silence()
                self.append("a.log", plain(10))
                self.expect(brief(10))
                self.end()
                self.assertEqual(self.read("errors"), b"")

    def test_rotation_by_rename(self):
        self.write("a.log", log(1))
        self.follow("a.log")
        self.expect(brief(0))
        os.rename(self.dir / "a.log", self.dir / "a.log.1")
        # The writer still has the old file open ...
        self.append("a.log.1", record(1))
        self.expect(brief(1))
        # ... and creates the new one before it writes the rest.
        self.write("a.log", b"")
        self.check_silence()
        self.append("a.log.1", record(2))
        self.expect(brief(2))
        self.append("a.log.1", record(3))
        self.append("a.log", record(4))
        self.expect(brief(3) + brief(4))
        self.append("a.log", record(5))
        self.expect(brief(5))
        self.end()
        self.assertEqual(self.read("errors"), b"")

    def test_many_rotations_lose_and_repeat_no_flow(self):
        self.write("a.log", record(0))
        self.follow("a.log")
        self.expect(brief(0))
        for turn in range(30):
            os.rename(self.dir / "a.log", self.dir / f"a.log.{turn}")
            self.append(f"a.log.{turn}", record(3 * turn))
            self.write("new", record(3 * turn + 1))
            os.rename(self.dir / "new", self.dir / "a.log")
            self.append("a.log", record(3 * turn + 2))
            self.expect("".join(brief(3 * turn + n) for n in range(3)))
        self.end()

    def test_a_truncated_log(self):
        self.write("a.log", log(5))
        self.follow("a.log")
        self.expect(briefs(5))
        self.write("a.log", b"")
        self.said("a.log was truncated, and is read from its beginning")
        self.append("a.log", record(7))
        self.expect(brief(7))
        self.end()

    def test_a_removed_log_that_is_created_again(self):
        self.write("a.log", log(3))
        self.follow("a.log")
        self.expect(briefs(3))
        os.unlink(self.dir / "a.log")
        self.check_silence()
        self.write("a.log", record(7))
        self.expect(brief(7))
        self.end()

    def test_a_log_that_is_created_later(self):
        self.follow("a.log")
        self.said("cannot open a.log, waiting for it")
        self.write("a.log", log(2))
        self.expect(briefs(2))
        self.end()

    def test_existing_flows_are_printed_first(self):
        self.write("a.log", log(5000))
        self.write("b.log", log(1))
        self.follow("b.log", "a.log")
        self.expect(briefs(1) + briefs(5000))
        self.append("a.log", record(5000))
        self.expect(brief(5000))
        self.end()

    def test_the_first_flows(self):
        self.write("a.log", log(2))
        self.follow("-H", "3", "a.log")
        self.expect(briefs(2))
        self.append("a.log", record(2) + record(3))
        self.expect(brief(2))
        self.assertEqual(self.reader.wait(SECONDS), 0)

    def test_the_name_of_each_file(self):
        self.write("a.log", b"")
        self.follow("-v", "a.log")
        self.expect("LOGFILE a.log\n")
        self.write("new", b"")
        os.rename(self.dir / "new", self.dir / "a.log")
        self.append("a.log", flowlog.encode(dict(octets=7)))
        self.expect("LOGFILE a.log\nFLOW octets 7 \n")
        self.end()

    def test_a_copy_is_complete_when_interrupted(self):
        for sig in signal.SIGINT, signal.SIGTERM:
            name = f"copy-{sig}.log"
            self.write("a.log", log(3))
            self.follow("-q", "-o", name, "a.log")
            self.append("a.log", record(3))
            deadline = time.monotonic() + SECONDS
            while self.read_if_there(name) != log(4):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(.01)
            self.end(sig=sig)
            self.assertEqual(self.read(name), log(4))

    def read_if_there(self, name):
        path = self.dir / name
        return path.read_bytes() if path.exists() else None

    def test_interrupted_while_it_catches_up(self):
        """The flows that were printed are whole."""
        self.write("a.log", log(5000) * 40)
        self.follow("a.log")
        os.read(self.reader.stdout.fileno(), 100)
        self.reader.send_signal(signal.SIGTERM)
        out, _ = self.reader.communicate(timeout=SECONDS)
        self.assertEqual(self.reader.returncode, 0)
        self.assertTrue(out.endswith(b" \n"))

    def test_damage_ends_it(self):
        self.write("a.log", log(1) + b"garbage!" + log(1))
        self.follow("a.log")
        self.expect(brief(0))
        self.assertEqual(self.reader.wait(SECONDS), 1)
        self.assertIn(b"a.log: offset", self.read("errors"))

    def test_damage_is_skipped(self):
        for make in record, plain:
            with self.subTest(make=make):
                self.write("a.log", make(0) + make(1))
                self.follow("-R", "a.log")
                self.expect(brief(0) + brief(1))
                self.append("a.log", b"garbage!" * 20)
                self.append("a.log", make(2) + make(3))
                self.expect(brief(2) + brief(3))
                self.append("a.log", bytes(100000))
                self.append("a.log", make(4))
                self.expect(brief(4))
                self.said(": 160 damaged bytes")
                self.said(": 100000 damaged bytes")
                self.end(status=3)

    def test_damage_before_a_rotation(self):
        self.write("a.log", record(0) + b"garbage!")
        self.follow("-R", "a.log")
        self.expect(brief(0))
        self.write("new", record(1))
        os.rename(self.dir / "new", self.dir / "a.log")
        self.expect(brief(1))
        self.said(f"a.log: offset {LENGTH}: 8 damaged bytes")
        self.end(status=3)


def numbers(*which):
    return "".join(map(brief, which))


def records(*which):
    return b"".join(map(record, which))


class FollowingSeveral(FollowTest):
    """The files of a directory or pattern, and rotated files of one name."""

    def setUp(self):
        super().setUp()
        (self.dir / "log").mkdir()
        self.written = 1700000000	# so that the order of files is certain

    def put(self, name, *which):
        """Appends records to a log as flowd does."""
        self.append(f"log/{name}", records(*which))
        self.touch(name)

    def touch(self, name):
        self.written += 1
        os.utime(self.dir / "log" / name, (self.written, self.written))

    def compress(self, name):
        """Replaces a log by its compressed form, which keeps its time."""
        path = self.dir / "log" / name
        packed = self.dir / "log" / f".{name}.gz.new"
        packed.write_bytes(gzip.compress(path.read_bytes()))
        shutil.copystat(path, packed)
        packed.rename(path.with_name(f"{name}.gz"))
        path.unlink()

    def move(self, old, new):
        os.rename(self.dir / "log" / old, self.dir / "log" / new)

    def pause(self):
        """Stops the reader until it is resumed."""
        self.check_silence()
        self.reader.send_signal(signal.SIGSTOP)
        self.addCleanup(self.resume)

    def resume(self):
        self.reader.send_signal(signal.SIGCONT)

    def end_quietly(self):
        self.check_silence()
        self.end()
        self.assertEqual(self.read("errors"), b"")

    def check_rotation(self, *args):
        self.put("20261130-05.flow", 0)
        self.put("20261130-06.flow", 1)
        self.write("log/notes", b"no log")
        self.follow(*args)
        self.expect(numbers(1))
        self.put("20261130-07.flow")
        self.put("20261130-06.flow", 2)
        self.expect(numbers(2))
        self.put("20261130-07.flow", 3)
        self.expect(numbers(3))
        self.compress("20261130-06.flow")
        self.compress("20261130-05.flow")
        self.put("20261130-07.flow", 4)
        self.expect(numbers(4))
        self.put("20261130-08.flow", 5)
        self.expect(numbers(5))
        self.end_quietly()

    def test_a_directory(self):
        self.check_rotation("log")

    def test_a_directory_with_a_slash(self):
        self.check_rotation("log/")

    def test_a_pattern(self):
        self.check_rotation("log/*.flow")

    def test_rotations_that_were_missed(self):
        """A log that was compressed before it was opened is read, too."""
        self.put("20261130-06.flow", 0)
        self.follow("log")
        self.expect(numbers(0))
        self.pause()
        self.put("20261130-06.flow", 1)
        self.put("20261130-07.flow", 2, 3)
        self.put("20261130-08.flow", 4)
        self.put("20261130-09.flow", 5)
        for hour in "678":
            self.compress(f"20261130-0{hour}.flow")
        self.resume()
        self.expect(numbers(1, 2, 3, 4, 5))
        self.end_quietly()

    def test_missed_rotations_of_one_name(self):
        for args in ["log/a.log"], ["log"]:
            with self.subTest(args=args):
                self.put("a.log", 0)
                self.follow(*args)
                self.expect(numbers(0))
                self.pause()
                self.put("a.log", 1)
                self.move("a.log", "a.log.000001")
                self.put("a.log", 2, 3)
                self.compress("a.log.000001")
                self.move("a.log.000001.gz", "a.log.000002.gz")
                self.move("a.log", "a.log.000001")
                self.put("a.log", 4)
                self.resume()
                self.expect(numbers(1, 2, 3, 4))
                self.compress("a.log.000001")
                self.end_quietly()
                for path in (self.dir / "log").iterdir():
                    path.unlink()

    def test_a_log_that_was_left_and_grows_again(self):
        """As when local time repeats an hour, or a process writes late."""
        self.put("20261130-06.flow", 0)
        self.put("20261130-07.flow", 1)
        self.follow("log")
        self.expect(numbers(1))
        self.put("20261130-08.flow", 2)
        self.expect(numbers(2))
        for n, name in enumerate(["07", "06"]):
            self.put(f"20261130-{name}.flow", 3 + n)
            self.expect(numbers(3 + n))
        self.end_quietly()

    def test_a_copy_of_a_log_that_is_truncated(self):
        """As logrotate does with copytruncate."""
        self.put("a.log", 0, 1)
        self.follow("log/a.log")
        self.expect(numbers(0, 1))
        self.pause()
        self.put("a.log", 2)
        shutil.copy(self.dir / "log/a.log", self.dir / "log/a.log.1")
        os.truncate(self.dir / "log/a.log", 0)
        self.put("a.log", 5, 6, 7, 8)
        self.resume()
        self.expect(numbers(5, 6, 7, 8, 2))
        self.compress("a.log.1")
        self.put("a.log", 9)
        self.expect(numbers(9))
        self.said("log/a.log was truncated, and is read from its beginning")
        self.end()

    def test_a_compressed_log_to_which_is_appended(self):
        self.write("log/a.gz", gzip.compress(records(*range(50))))
        self.follow("log")
        self.expect(numbers(*range(50)))
        self.append("log/a.gz", gzip.compress(records(50)))
        self.expect(numbers(50))
        self.end_quietly()

    def test_a_directory_without_logs(self):
        self.follow("log")
        self.said("log/ has no log, waiting for one")
        self.put("20261130-06.flow", 0)
        self.put("20261130-07.flow", 1)
        self.expect(numbers(0, 1))
        self.end()

    def test_from_now_on(self):
        for args in (["log"], ["log/*.flow"], ["log/20261130-07.flow"]):
            with self.subTest(args=args):
                self.put("20261130-06.flow", 0)
                self.put("20261130-07.flow", 1, 2)
                self.append("log/20261130-07.flow", record(3)[:50])
                self.follow("--new", *args)
                self.check_silence()
                self.append("log/20261130-07.flow", record(3)[50:])
                self.expect(numbers(3))
                self.put("20261130-07.flow", 4)
                self.expect(numbers(4))
                self.end_quietly()
                os.unlink(self.dir / "log/20261130-07.flow")

    def test_from_now_on_after_a_compressed_log(self):
        self.put("20261130-06.flow", 0, 1)
        self.compress("20261130-06.flow")
        self.follow("--new", "log")
        self.check_silence()
        self.put("20261130-07.flow", 2)
        self.expect(numbers(2))
        self.end_quietly()

    def ended(self):
        """Waits until the reader ends by itself, and returns its messages."""
        self.assertEqual(self.reader.wait(SECONDS), 0)
        return self.read("errors").decode()

    def test_a_log_that_is_succeeded(self):
        self.put("a-20261130-06.flow", 0)
        self.follow("log/a-20261130-06.flow")
        self.expect(numbers(0))
        self.put("b-20261130-07.flow", 1)
        self.check_silence()
        self.put("a-20261130-07.flow")
        self.put("a-20261130-06.flow", 2)
        self.expect(numbers(2))
        self.put("a-20261130-07.flow", 3)
        self.assertEqual(
            self.ended(), "log/a-20261130-06.flow was closed, "
            "and gets no more flows; this command follows all logs: "
            "flowd-reader -F 'log/a-*.flow'\n")
        self.expect("")

    def test_a_log_that_is_compressed(self):
        for name in "20261130-06.flow", "20261130-06.flow.gz":
            with self.subTest(name=name):
                self.put("20261130-06.flow", 0, 1)
                if name.endswith(".gz"):
                    self.compress("20261130-06.flow")
                self.follow(f"log/{name}")
                self.expect(numbers(0, 1))
                if not name.endswith(".gz"):
                    self.compress("20261130-06.flow")
                self.assertEqual(
                    self.ended(), f"log/{name} was closed, and gets no more "
                    "flows; this command follows all logs: "
                    "flowd-reader -F 'log/*.flow'\n")

    def expect_octets(self, expected):
        """Waits until flows with these octets were printed, in any order."""
        deadline = time.monotonic() + SECONDS
        found = []
        while len(found) < len(expected):
            ready, _, _ = select.select([self.reader.stdout], [], [],
                                        deadline - time.monotonic())
            self.assertTrue(ready, f"{len(found)} of {len(expected)} flows")
            self.seen += os.read(self.reader.stdout.fileno(), 65536)
            found = [int(n) for n in re.findall(rb"octets (\d+) \n",
                                                self.seen)]
        self.assertEqual(sorted(found), sorted(expected))

    def test_a_running_flowd(self):
        """Nothing is lost, and nothing is twice."""
        with Flowd(f'logfile "{self.dir}/log/flow.log" rotate at size 1K '
                   "compress", log=False) as flowd:
            self.follow("log")
            sent = []
            for number in range(12):
                flows = netflow.flows(30, seed=number)
                flowd.send(netflow.datagram(5, flows))
                sent += [flow["octets"] for flow in flows]
                if number % 4 == 0:
                    # A rotation increases the numbers before flowd writes to
                    # the new file; a log is compressed afterwards.
                    closed = {f"flow.log.{n + 1:06}.gz"
                              for n in range(number // 4 + 1)}
                    wait_for(lambda: closed <= set(os.listdir(
                        self.dir / "log")), "the log is compressed")
            self.expect_octets(sent)
            self.check_silence()
            self.end()
        self.assertEqual(self.read("errors"), b"")


@unittest.skipUnless(HAS_PROC, "no /proc shows when the reader waits")
class RandomSchedules(FollowTest):
    """Whatever happens to the logs, no flow is lost or repeated."""

    def setUp(self):
        super().setUp()
        self.count = 0			# of flows that were written
        self.stopped = False

    def put(self, path, count):
        new = range(self.count, self.count + count)
        with open(path, "ab") as file:
            file.write(records(*new))
        self.count += count

    def compress(self, path):
        packed = path.with_name(f".{path.name}.gz.new")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        shutil.copystat(path, packed)
        packed.rename(path.with_name(f"{path.name}.gz"))
        path.unlink()

    def closed(self):
        return [path for path in self.logs.iterdir() if path != self.current
                and path.suffix != ".gz"]

    def renumber(self):
        """Frees number 1 for a closed log."""
        for path in sorted(self.logs.glob("a.log.*"), reverse=True):
            words = path.name.split(".")
            words[2] = f"{int(words[2]) + 1:06}"
            path.rename(self.logs / ".".join(words))
        return self.logs / "a.log.000001"

    def rotate(self, kind, turn):
        if kind == "dated":
            self.current = self.logs / f"20261130-{turn:04}.flow"
        elif kind == "renamed":
            self.current.rename(self.renumber())
        elif not self.stopped:
            shutil.copy(self.current, self.renumber())
            os.truncate(self.current, 0)
        self.current.touch()

    def pause_or_resume(self):
        self.reader.send_signal(
            signal.SIGCONT if self.stopped else signal.SIGSTOP)
        self.stopped = not self.stopped

    def let_it_look(self):
        if not self.stopped:
            before = self.sleeps()
            wait_for(lambda: self.sleeps() > before, "the log is read")

    def run_schedule(self, rng, kind, followed):
        self.logs = pathlib.Path(tempfile.mkdtemp(dir=self.dir))
        self.current = self.logs / {"dated": "20261130-0000.flow"}.get(
            kind, "a.log")
        self.count = 0
        self.put(self.current, 3)
        self.follow(self.logs / followed)
        self.let_it_look()
        for turn in range(1, 60):
            what = rng.random()
            if what < .5:
                self.put(self.current, rng.randrange(1, 4))
            elif what < .7:
                self.rotate(kind, turn)
            elif what < .85 and self.closed():
                self.compress(rng.choice(self.closed()))
            elif what > .9:
                self.pause_or_resume()
            if rng.random() < .3:
                self.let_it_look()
        if self.stopped:
            self.pause_or_resume()
        self.expect_numbers(self.count)
        self.end()

    def expect_numbers(self, count):
        """Waits until each flow was printed."""
        deadline = time.monotonic() + SECONDS
        while self.seen.count(b"\n") < count:
            ready, _, _ = select.select([self.reader.stdout], [], [],
                                        deadline - time.monotonic())
            self.assertTrue(ready, f"{self.seen.count(10)} of {count} flows")
            self.seen += os.read(self.reader.stdout.fileno(), 65536)
        self.check_silence()
        found = [int(n) for n in re.findall(rb"octets (\d+) \n", self.seen)]
        self.assertEqual(sorted(found), list(range(count)))

    def test_nothing_is_lost_or_repeated(self):
        seed = random.randrange(2**32)
        rounds = 20 if os.environ.get("FLOWD_TEST_LONG") == "1" else 1
        for number in range(rounds):
            for kind, followed in (("dated", "."), ("dated", "*.flow"),
                                   ("renamed", "a.log"), ("renamed", "."),
                                   ("copied", "a.log")):
                with self.subTest(seed=seed + number, kind=kind,
                                  followed=followed):
                    self.run_schedule(random.Random(seed + number), kind,
                                      followed)


class Refusal(ReaderTest):
    def test_of_anything_but_a_regular_file(self):
        self.assertIn("-F cannot follow standard input", self.fails("-F", "-"))
        os.mkfifo(self.dir / "fifo")
        self.assertIn("not a regular file", self.fails("-F", "fifo"))
        self.assertIn("--new needs -F", self.fails("--new", "fifo"))

    def test_with_version_2(self):
        self.write("a.log", b"")
        self.assertIn("-L cannot be combined with", self.fails("-FL", "a.log"))
        self.assertIn("-L cannot be combined with", self.fails("-RL", "a.log"))


if __name__ == "__main__":
    tap.main()
