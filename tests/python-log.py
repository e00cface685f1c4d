#!/usr/bin/env python3
"""flowd.FlowLog reads and writes logs, by path and as file objects."""

import bz2
import copy
import gc
import gzip
import io
import lzma
import os
import pathlib
import pickle
import signal
import socket
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import pythonmodule
import readertest
import tap
from damage import damaged_gzips
from flowdtest import make_variable

flowd = pythonmodule.load()

COUNT = 3000			# flows, more than a reader's buffer has


def log(count=COUNT, **changes):
    return readertest.log(count, **changes)


RECORD = len(log(1))


def octets(flows):
    return [flow.octets for flow in flows]


class LogTest(unittest.TestCase):
    def setUp(self):
        scratch = tap.TemporaryDirectory(prefix="flowd-test-")
        self.addCleanup(scratch.cleanup)
        self.path = pathlib.Path(scratch.name) / "flows.log"

    def write(self, data):
        self.path.write_bytes(data)
        return self.path


class Reading(LogTest):
    def check(self, log, count=COUNT):
        self.assertEqual(octets(log), list(range(count)))
        self.assertIsNone(log.read_flow())
        self.assertFalse(log.torn)

    def test_paths(self):
        path = self.write(log())
        for kind in path, str(path), os.fsencode(path):
            self.check(flowd.FlowLog(kind))
            self.check(flowd.FlowLog(kind, "r"))

    def test_files(self):
        path = self.write(log())
        with open(path, "rb") as file:
            self.check(flowd.FlowLog_fromfile(file))
            self.assertFalse(file.closed)
        with open(path, "rb", buffering=0) as file:
            self.check(flowd.FlowLog(file))
        self.check(flowd.FlowLog(io.BytesIO(log())))
        with tempfile.SpooledTemporaryFile() as file:
            file.write(log())
            file.seek(RECORD)
            self.assertEqual(next(flowd.FlowLog(file)).octets, 1)

    def test_the_file_of_a_log(self):
        path = self.write(log(1))
        with open(path, "rb") as file:
            reader = flowd.FlowLog_fromfile(file)
            self.assertIs(reader.file, file)
            reader.close()
            self.assertIsNone(reader.file)
        self.assertIsNone(flowd.FlowLog(path).file)

    def test_options(self):
        path = self.write(log(1))
        for options, error in (({"recovr": True}, TypeError),
                               ({"on_damage": 5}, TypeError),
                               ({"mode": "rw"}, ValueError)):
            with self.assertRaises(error):
                flowd.FlowLog(path, **options)

    def test_a_file_with_only_a_read_method(self):
        class Reader:
            def __init__(self, data):
                self.read = io.BytesIO(data).read

        self.check(flowd.FlowLog(Reader(log())))

    def test_gzip(self):
        data = gzip.compress(log(), 1)
        self.check(flowd.FlowLog(self.write(data)))
        self.check(flowd.FlowLog(io.BytesIO(data)))
        with gzip.open(self.path) as file:
            self.check(flowd.FlowLog(file))

    def test_sockets_return_flows_as_they_arrive(self):
        ours, theirs = socket.socketpair()
        with ours, theirs, ours.makefile("rb") as file:
            reader = flowd.FlowLog(file)
            for number in range(3):
                theirs.sendall(flowlog.encode(readertest.flow(number)))
                self.assertEqual(reader.read_flow().octets, number)
            theirs.shutdown(socket.SHUT_WR)
            self.assertIsNone(reader.read_flow())

    def test_signals_interrupt_a_read_from_a_fifo(self):
        os.mkfifo(self.path)
        self.addCleanup(signal.signal, signal.SIGUSR1,
                        signal.getsignal(signal.SIGUSR1))

        class Signalled(Exception):
            pass

        def handler(*_):
            raise Signalled

        signal.signal(signal.SIGUSR1, handler)
        writer = os.open(self.path, os.O_RDWR)
        self.addCleanup(os.close, writer)
        reader = flowd.FlowLog(self.path)
        os.write(writer, log(1))
        self.assertEqual(reader.read_flow().octets, 0)
        stop = threading.Event()

        # Sends signals until one arrives during the read.
        def send():
            while not stop.wait(0.05):
                signal.pthread_kill(threading.main_thread().ident,
                                    signal.SIGUSR1)

        thread = threading.Thread(target=send)
        thread.start()
        try:
            with self.assertRaises(Signalled):
                try:
                    reader.read_flow()
                finally:
                    stop.set()
        finally:
            stop.set()
            thread.join()

    def test_context(self):
        with flowd.FlowLog(self.write(log())) as reader:
            self.assertEqual(reader.name, str(self.path))
            self.assertFalse(reader.closed)
            self.assertEqual(reader.read_flow().octets, 0)
            self.assertEqual(reader.offset, 0)
            next(reader)
            self.assertEqual(reader.offset, RECORD)
        self.assertTrue(reader.closed)
        reader.close()
        for use in reader.read_flow, lambda: next(reader), reader.__enter__:
            with self.assertRaisesRegex(ValueError, "closed"):
                use()

    def test_reader_cannot_write(self):
        with self.assertRaisesRegex(ValueError, "writing"):
            flowd.FlowLog(self.write(log())).write_flow(flowd.Flow())

    def test_torn_record_ends_the_log(self):
        for data in (self.write(log(2)[:-1]), io.BytesIO(log(2)[:-1])):
            reader = flowd.FlowLog(data)
            self.assertEqual(octets(reader), [0])
            self.assertTrue(reader.torn)
            self.assertIsNone(reader.read_flow())

    def test_newer_minor_version(self):
        newer = b"".join(
            flowlog.encode(readertest.flow(n), minor=2,
                           extra_fields=1 << 20, extra=bytes(4))
            for n in range(3))
        self.assertEqual(octets(flowd.FlowLog(self.write(newer))), [0, 1, 2])

    def test_follow(self):
        with open(self.write(b""), "ab", buffering=0) as file:
            reader = flowd.FlowLog(self.path, follow=True)
            for number in range(3):
                self.assertIsNone(reader.read_flow())
                record = flowlog.encode(readertest.flow(number))
                file.write(record[:5])
                self.assertIsNone(reader.read_flow())
                file.write(record[5:])
                self.assertEqual(reader.read_flow().octets, number)

    def records(self, *numbers):
        return b"".join(flowlog.encode(readertest.flow(n)) for n in numbers)

    def test_follow_by_name(self):
        """Across truncation, rotation and compression."""
        events = []
        path = pathlib.Path(self.write(self.records(0, 1, 2)))
        reader = flowd.FlowLog(path, follow=True,
                               on_follow=lambda *args: events.append(args))
        self.assertEqual(octets(reader), [0, 1, 2])
        path.write_bytes(self.records(3))
        self.assertEqual(octets(reader), [3])
        with open(path, "ab") as file:
            file.write(self.records(4))
        closed = path.rename(f"{path}.000001")
        pathlib.Path(f"{closed}.gz").write_bytes(
            gzip.compress(closed.read_bytes()))
        closed.unlink()
        path.write_bytes(self.records(5))
        self.assertEqual(octets(reader), [4, 5])
        self.assertEqual(reader.path, str(path))
        self.assertEqual(events, [("begin", str(path)), ("cut", str(path)),
                                  ("begin", str(path))])
        self.assertFalse(reader.ended)

    def test_follow_a_directory(self):
        directory = pathlib.Path(self.write(b"")).parent / "logs"
        directory.mkdir()
        old = directory / "20261130-06.flow"
        old.write_bytes(self.records(0, 1))
        events = []
        reader = flowd.FlowLog(directory, follow=True, new=True)
        one = flowd.FlowLog(old, follow=True,
                            on_follow=lambda *args: events.append(args))
        self.assertEqual(octets(reader), [])
        self.assertEqual(octets(one), [0, 1])
        (directory / "20261130-07.flow").write_bytes(self.records(2))
        deadline = time.monotonic() + 30
        while not one.ended and time.monotonic() < deadline:
            self.assertEqual(octets(one), [])
        self.assertEqual(events[-1], ("closed", f"{directory}/*.flow"))
        self.assertEqual(octets(reader), [2])
        with self.assertRaises(ValueError):
            flowd.FlowLog(old, new=True)
        with self.assertRaises(OSError):
            flowd.FlowLog(directory / "none", follow=True)

    @unittest.skipUnless(tap.DATA, "FLOWD_TEST_DATA is not set")
    def test_legacy(self):
        golden = tap.DATA / "golden"
        with flowd.FlowLog(golden / "legacy-v2.log", legacy=True) as reader:
            text = f"started at {flowd.iso_time(reader.started, 1)}\n"
            lines = [flow.format(1, flowd.DISPLAY_ALL) for flow in reader]
        expected = (golden / "legacy-v2.verbose.txt").read_text()
        expected = readertest.correct_text(expected).splitlines()
        self.assertTrue(expected[0].endswith(text.strip()))
        self.assertEqual(lines, expected[1:])
        with self.assertRaisesRegex(flowd.LogError, "version 2"):
            flowd.FlowLog(golden / "legacy-v2.log").read_flow()
        with self.assertRaises(flowd.LogError):
            flowd.FlowLog(self.write(log()), legacy=True)


class Damage(LogTest):
    def damaged(self, *numbers):
        data = bytearray(log(10))
        for number in numbers:
            data[number * RECORD + 50] ^= 1
        return bytes(data)

    def test_names_file_and_offset(self):
        reader = flowd.FlowLog(self.write(self.damaged(3)))
        flows = []
        for _ in range(2):
            with self.assertRaises(ValueError) as caught:
                flows.extend(octets(iter(reader.read_flow, None)))
            self.assertEqual(
                str(caught.exception),
                f"{self.path}: offset {3 * RECORD}: checksum mismatch")
            self.assertEqual(caught.exception.offset, 3 * RECORD)
            self.assertEqual(caught.exception.filename, str(self.path))

    def test_recover(self):
        reader = flowd.FlowLog(self.write(self.damaged(3, 6)), recover=True)
        self.assertEqual(octets(reader), [0, 1, 2, 4, 5, 7, 8, 9])
        self.assertEqual([(d.offset, d.length) for d in reader.damage],
                         [(3 * RECORD, RECORD), (6 * RECORD, RECORD)])
        self.assertIsInstance(reader.damage[0], flowd.Damage)
        self.assertEqual(reader.damage[0].reason, "checksum mismatch")

    def test_recover_invents_nothing(self):
        written, logs = damaged_gzips(20)
        for data in logs:
            for source in self.write(data), io.BytesIO(data):
                reader = flowd.FlowLog(source, recover=True)
                self.assertEqual(set(octets(reader)) - set(written), set())
                self.assertGreater(len(reader.damage), 0)

    @unittest.skipUnless("-llzma" in make_variable("LIBCODEC"), "liblzma is not there")
    def test_xz(self):
        data = lzma.compress(log())
        for source in self.write(data), io.BytesIO(data):
            self.assertEqual(octets(flowd.FlowLog(source)), list(range(COUNT)))

    def test_recover_by_callback(self):
        seen = []
        reader = flowd.FlowLog(io.BytesIO(self.damaged(0, 9)), recover=True,
                               on_damage=seen.append)
        self.assertEqual(len(list(reader)), 8)
        self.assertEqual([d[0] for d in seen], [0, 9 * RECORD])
        self.assertEqual(reader.damage, [])

    def test_callback_raises(self):
        def on_damage(found):
            raise RuntimeError(found.offset)

        for source in self.write(self.damaged(3)), io.BytesIO(
                self.damaged(3)):
            reader = flowd.FlowLog(source, recover=True, on_damage=on_damage)
            for _ in range(3):
                reader.read_flow()
            with self.assertRaisesRegex(RuntimeError, str(3 * RECORD)):
                reader.read_flow()

    def test_callback_uses_the_log(self):
        def on_damage(_):
            with self.assertRaisesRegex(RuntimeError, "used already"):
                reader.read_flow()
            with self.assertRaisesRegex(RuntimeError, "used already"):
                reader.close()
            seen.append(True)

        seen = []
        reader = flowd.FlowLog(self.write(self.damaged(3)), recover=True,
                               on_damage=on_damage)
        self.assertEqual(len(list(reader)), 9)
        self.assertEqual(seen, [True])

    def test_gzip(self):
        reader = flowd.FlowLog(self.write(gzip.compress(log())[:-100]))
        with self.assertRaisesRegex(flowd.LogError, "compressed"):
            list(reader)


class Errors(LogTest):
    def test_system(self):
        with self.assertRaises(FileNotFoundError) as caught:
            flowd.FlowLog(self.path)
        self.assertEqual(caught.exception.filename, str(self.path))
        with self.assertRaises(IsADirectoryError):
            flowd.FlowLog(self.path.parent).read_flow()

    def test_arguments(self):
        path = self.write(log(1))
        for mode in "x", "rw", "", "rt", "br":
            with self.assertRaisesRegex(ValueError, "mode"):
                flowd.FlowLog(path, mode)
        for options in (dict(recover=True, mode="wb"),
                        dict(legacy=True, recover=True)):
            with self.assertRaises(ValueError):
                flowd.FlowLog(path, **options)
        with self.assertRaises(ValueError):
            flowd.FlowLog(io.BytesIO(), follow=True)
        for path in 5, None, object():
            with self.assertRaises(TypeError):
                flowd.FlowLog(path)
        self.assertEqual(self.path.read_bytes(), log(1))

    def test_text_file(self):
        with self.assertRaisesRegex(TypeError, "binary"):
            flowd.FlowLog(io.StringIO("text")).read_flow()

    def test_file_that_raises(self):
        class Raiser:
            def read(self, _):
                raise LookupError("mine")

        with self.assertRaisesRegex(LookupError, "mine"):
            flowd.FlowLog(Raiser()).read_flow()

    def test_file_that_reads_too_much(self):
        class Liar:
            def read(self, size):
                return bytes(size + 1)

            def readinto(self, buffer):
                return len(buffer) + 1

        with self.assertRaises(ValueError):
            flowd.FlowLog(Liar()).read_flow()
        del Liar.readinto
        with self.assertRaises(ValueError):
            flowd.FlowLog(Liar()).read_flow()

    def test_file_that_keeps_the_buffer(self):
        class Keeper:
            def readinto(self, buffer):
                self.kept = buffer
                return 0

        keeper = Keeper()
        keeper.read = None
        self.assertIsNone(flowd.FlowLog(keeper).read_flow())
        with self.assertRaisesRegex(ValueError, "released"):
            keeper.kept[0] = 1

    def test_file_that_does_not_block(self):
        read, write = os.pipe()
        os.set_blocking(read, False)
        self.addCleanup(os.close, write)
        with open(read, "rb", buffering=0) as file:
            with self.assertRaises(BlockingIOError):
                flowd.FlowLog(file).read_flow()


class Writing(LogTest):
    def copy(self, data, target, mode="wb", **options):
        with flowd.FlowLog(target, mode) as out:
            for flow in flowd.FlowLog(io.BytesIO(data)):
                out.write_flow(flow, **options)

    def test_flows_read_are_written(self):
        self.copy(log(), self.path)
        self.assertEqual(self.path.read_bytes(), log())
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)

    def test_files(self):
        file = io.BytesIO()
        self.copy(log(10), file)
        self.assertEqual(file.getvalue(), log(10))
        with open(self.path, "wb", buffering=0) as file:
            self.copy(log(10), file)
        self.assertEqual(self.path.read_bytes(), log(10))

    def test_checksums(self):
        plain = readertest.flow(1)
        del plain["crc"]
        plain = flowlog.encode(plain)
        self.copy(plain, self.path)
        self.assertEqual(self.path.read_bytes(), log(2)[RECORD:])
        self.copy(plain, self.path,
                  fieldmask=flowd.FIELD_ALL & ~flowd.FIELD_CRC32)
        self.assertEqual(self.path.read_bytes(), plain)

    def test_fieldmask(self):
        self.copy(log(2), self.path, fieldmask=flowd.FIELD_OCTETS)
        self.assertEqual(flowlog.decode(self.path.read_bytes()),
                         [{"octets": 0}, {"octets": 1}])

    def test_append(self):
        self.write(log(5)[:-3])
        with flowd.FlowLog(self.path, "ab") as out:
            out.write_flow(next(flowd.FlowLog(io.BytesIO(log(1)))))
        self.assertEqual(self.path.read_bytes(), log(4) + log(1))

    def test_append_to_a_new_log(self):
        self.copy(log(2), self.path, "ab")
        self.assertEqual(self.path.read_bytes(), log(2))

    def test_append_to_another_file(self):
        data = b"This is not a flow log and is not changed.\n" * 9
        with self.assertRaises(flowd.LogError):
            flowd.FlowLog(self.write(data), "ab")
        self.assertEqual(self.path.read_bytes(), data)

    def test_no_path_of_a_compressed_log(self):
        for suffix in "gz", "xz", "zst", "bz2":
            path = f"{self.path}.{suffix}"
            with self.assertRaisesRegex(ValueError, "appended"):
                flowd.FlowLog(path, "ab")
            with self.assertRaisesRegex(ValueError, r"gzip\.open"):
                flowd.FlowLog(os.fsencode(path), "wb")
        self.assertEqual(os.listdir(self.path.parent), [])
        for packed in (gzip.compress(log(2)), lzma.compress(log(2)),
                       bz2.compress(log(2)), b"\x28\xb5\x2f\xfd\x04"):
            self.write(packed)
            with self.assertRaisesRegex(ValueError, "appended"):
                flowd.FlowLog(self.path, "ab")
            self.assertEqual(self.path.read_bytes(), packed)

    def test_compressed_by_a_file_object(self):
        path = f"{self.path}.gz"
        with gzip.open(path, "wb") as file:
            self.copy(log(3), file)
        self.assertEqual(octets(flowd.FlowLog(path)), [0, 1, 2])

    def test_masks_out_of_range(self):
        with flowd.FlowLog(self.path, "wb") as out:
            for mask in -1, 2**32:
                with self.assertRaisesRegex(OverflowError, "fieldmask"):
                    out.write_flow(flowd.Flow(), mask)
        self.assertEqual(self.path.stat().st_size, 0)

    def test_flush(self):
        with flowd.FlowLog(self.path, "wb") as out:
            out.write_flow(flowd.Flow())
            out.flush()
            self.assertGreater(self.path.stat().st_size, 0)

    def test_writer_cannot_read(self):
        with flowd.FlowLog(self.path, "wb") as out:
            with self.assertRaisesRegex(ValueError, "reading"):
                out.read_flow()
            with self.assertRaises(TypeError):
                out.write_flow("flow")

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full")
    def test_full_disk(self):
        out = flowd.FlowLog("/dev/full", "wb")
        out.write_flow(flowd.Flow())
        with self.assertRaises(OSError) as caught:
            out.close()
        self.assertEqual(caught.exception.filename, "/dev/full")

    def test_unclosed_log_is_written(self):
        out = flowd.FlowLog(self.path, "wb")
        out.write_flow(flowd.Flow())
        del out
        gc.collect()
        self.assertGreater(self.path.stat().st_size, 0)

    def test_file_that_writes_little(self):
        class Slow(io.RawIOBase):
            got = b""

            def write(self, data):
                self.got += bytes(data[:7])
                return len(data[:7])

        slow = Slow()
        self.copy(log(3), slow)
        self.assertEqual(slow.got, log(3))


class Filters(LogTest):
    def test_verdict_and_tag(self):
        accept = flowd.Filter("discard all\n"
                              "accept tag 7 src any port 443 proto tcp\n")
        flow = flowd.Flow(log(1))
        self.assertTrue(accept(flow))
        self.assertEqual(flow.tag, 7)
        flow.src_port = 80
        self.assertFalse(accept(flow))

    def test_errors_have_name_and_line(self):
        with self.assertRaises(ValueError) as caught:
            flowd.Filter("accept all\nacept all\nalso wrong\n", "mine")
        lines = str(caught.exception).splitlines()
        self.assertEqual([line[:7] for line in lines], ["mine:2:", "mine:3:"])
        flowd.Filter("accept all")

    def test_text_opens_no_files(self):
        secret = self.write(b"root:x:0\n")
        table = self.path.with_name("nets")
        table.write_text("198.51.100.0/24\n")
        for rules in (f"include {secret}", "table <t> file nets",
                      f"f = {secret}\ninclude $f"):
            with self.assertRaisesRegex(ValueError, "cannot read files"
                                        ) as caught:
                flowd.Filter(rules)
            self.assertNotIn("root", str(caught.exception))
        accept = flowd.Filter("table <t> file nets\ndiscard all\n"
                              "accept src <t>\n", f"{table}.rules",
                              files=True)
        self.assertTrue(accept(flowd.Flow(log(1))))
        self.assertFalse(accept(flowd.Flow(log(1, src="192.0.2.1"))))

    def test_copies_are_equal(self):
        accept = flowd.Filter("discard all\naccept tag 7 proto tcp\n", "mine")
        for other in (copy.copy(accept), copy.deepcopy(accept),
                      *(pickle.loads(pickle.dumps(accept, protocol))
                        for protocol in range(pickle.HIGHEST_PROTOCOL + 1))):
            flow = flowd.Flow(log(1))
            self.assertTrue(other(flow))
            self.assertEqual(flow.tag, 7)
            self.assertIsNot(other, accept)
            self.assertEqual(len({other, accept}), 1)
            self.assertFalse(other != accept)
        for other in (flowd.Filter("accept all", "mine"), "discard all",
                      flowd.Filter("discard all\naccept tag 7 proto tcp\n")):
            self.assertNotEqual(accept, other)
        with self.assertRaises(TypeError):
            accept < accept

    def test_a_log_does_not_know_the_listener(self):
        with self.assertRaisesRegex(ValueError, "filter:1: on in a rule: "):
            flowd.Filter("accept on east")

    def test_empty(self):
        self.assertTrue(flowd.Filter("")(flowd.Flow()))

    def test_types(self):
        with self.assertRaises(TypeError):
            flowd.Filter("")("flow")
        with self.assertRaises(TypeError):
            flowd.Filter(5)

    def test_store(self):
        self.assertEqual(flowd.Filter("store OCTETS\n").store_mask,
                         flowd.FIELD_OCTETS)


class Threads(LogTest):
    def test_reading_releases_the_interpreter_lock(self):
        """A thread that reads a log does not block the thread that writes
        it."""
        read, write = os.pipe()
        got = []

        def reader():
            with open(read, "rb") as file:
                got.extend(octets(flowd.FlowLog(file)))

        def fifo_reader():
            got.extend(octets(flowd.FlowLog(self.path)))

        thread = threading.Thread(target=reader)
        thread.start()
        with open(write, "wb", buffering=0) as file:
            for number in range(5):
                file.write(flowlog.encode(readertest.flow(number)))
        thread.join()
        self.assertEqual(got, list(range(5)))
        os.mkfifo(self.path)
        thread = threading.Thread(target=fifo_reader)
        thread.start()
        self.path.write_bytes(log(5))
        thread.join()
        self.assertEqual(got, 2 * list(range(5)))


class Memory(LogTest):
    def test_nothing_leaks(self):
        path = self.write(log(20)[:-2] + log(5))
        data = path.read_bytes()

        def work():
            for source in path, io.BytesIO(data):
                with flowd.FlowLog(source, recover=True) as reader:
                    list(reader)
                try:
                    list(flowd.FlowLog(source))
                except flowd.LogError:
                    pass
            for arguments in ("/nowhere",), (path, "x"), (5,):
                try:
                    flowd.FlowLog(*arguments)
                except (OSError, TypeError, ValueError):
                    pass
            for rules in "accept all", "wrong":
                try:
                    copy.copy(flowd.Filter(rules))
                except ValueError:
                    pass
            with flowd.FlowLog(io.BytesIO(), "wb") as out:
                out.write_flow(flowd.Flow())

        def held():
            gc.collect()
            types = flowd.FlowLog, flowd.FlowLog.__base__, flowd.Filter
            return [sys.getrefcount(kind) for kind in types], len(
                os.listdir("/proc/self/fd")) if os.path.isdir(
                    "/proc/self/fd") else 0

        work()
        before = held()
        self.assertLess(pythonmodule.leak(work),
                        pythonmodule.LEAST_OBJECT)
        self.assertEqual(held(), before)


if __name__ == "__main__":
    tap.main()
