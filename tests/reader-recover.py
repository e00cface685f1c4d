#!/usr/bin/env python3
"""flowd-reader -R returns every intact record of a damaged log."""

import csv
import gzip
import ipaddress
import pathlib
import random
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import tap
from damage import Damaged, damaged_gzips, split
from flowdtest import is_sanitized, need
from readertest import (READER, SECONDS, ReaderTest, briefs, brief, flow,
                        log)

LENGTH = len(log(1))
SEEDS = 1000
DAMAGE = 3			# exit status
CORRUPT = tap.DATA / "golden" / "corrupt" if tap.DATA else None
SAYS = re.compile(r"(\S+): offset (\d+): (\d+) damaged bytes are left out: .+")


def plain(number, **changes):
    """Returns a record without checksum."""
    values = flow(number, **changes)
    del values["crc"]
    return flowlog.encode(values)


def varied(rng, number, checksum):
    """Returns a record of one of several kinds; its octets identify it."""
    values = flow(
        octets=number << 16 | rng.randrange(1 << 16), packets=0x6000 + number,
        tcp_flags=0x60, recv_usec=rng.randrange(10**6),
        src_port=rng.randrange(1 << 16), if_index_in=rng.randrange(40),
        flow_start=rng.randrange(1 << 16), src_as=rng.randrange(3) * 64)
    if rng.random() < .3:
        # These octets look like the header of a record without fields.
        values.update(src="2001:db8::1", dst="2001:db8:60::1")
    if rng.random() < .3:
        for key in ("engine_type", "engine_id", "flow_sequence", "source_id"):
            del values[key]
    if not checksum:
        del values["crc"]
    return flowlog.encode(values)


class Recovery(ReaderTest):
    def recover(self, data, *args, name="bad.log", damaged=True, **options):
        """Returns the records from -R, and [(offset, bytes)] of the damage."""
        self.write(name, data)
        _, err = self.run_reader("-Rq", "-o", "out.log", *args, name,
                                 status=DAMAGE if damaged else 0, **options)
        places = []
        for line in err.decode().splitlines():
            match = SAYS.fullmatch(line)
            self.assertTrue(match, line)
            self.assertEqual(match[1], name)
            places.append((int(match[2]), int(match[3])))
        return split(self.read("out.log")), places

    def expect(self, data, records, places):
        """Compares the records recovered from a file, from a pipe, and from
        gzip."""
        self.assertEqual(self.recover(data), (records, places))
        self.assertEqual(self.recover(gzip.compress(data)), (records, places))
        _, err = self.run_reader("-Rq", "-o", "out.log", "-", stdin=data,
                                 status=DAMAGE)
        self.assertEqual(split(self.read("out.log")), records)
        self.assertEqual(err.count(b"\n"), len(places))

    def test_of_an_intact_log(self):
        self.write("good.log", log(3))
        self.assertEqual(self.prints(briefs(3), "-R", "good.log"), "")
        self.write("empty.log", b"")
        self.assertEqual(self.prints("", "-R", "empty.log"), "")
        records, places = self.recover(
            b"".join(plain(n) for n in range(3000)), damaged=False)
        self.assertEqual((len(records), places), (3000, []))

    def test_reports_damage_after_the_flows_before_it(self):
        data = bytearray(log(4))
        data[LENGTH + 50] ^= 1
        data[2 * LENGTH:2 * LENGTH] = b"garbage"
        self.write("bad.log", data)
        with open(self.dir / "both", "wb") as both:
            with self.start("-R", "bad.log", stdout=both,
                            stderr=both) as process:
                self.assertEqual(process.wait(), DAMAGE)
        self.assertEqual(
            self.read("both").decode(),
            f"{brief(0)}bad.log: offset {LENGTH}: {LENGTH + 7} damaged bytes "
            f"are left out: checksum mismatch\n{brief(2)}{brief(3)}")

    def test_continues_with_the_next_log(self):
        self.write("bad.log", b"garbage" + log(1))
        self.write("good.log", log(2))
        self.prints(briefs(1) + briefs(2), "-R", "bad.log", "good.log",
                    status=DAMAGE)
        # The exit status of an error has priority over that of damage.
        self.prints(briefs(1), "-R", "bad.log", "none.log", status=1)

    def test_of_a_changed_byte_anywhere(self):
        records = split(log(3))
        for at in range(LENGTH):
            data = bytearray(log(3))
            data[LENGTH + at] ^= 0x10
            got, places = self.recover(bytes(data))
            self.assertEqual(got, [records[0], records[2]])
            self.assertEqual(places, [(LENGTH, LENGTH)])

    def test_of_a_truncated_log(self):
        for cut in 1, 7, 8, 60, LENGTH - 1:
            self.expect(log(3)[:-cut], split(log(2)),
                        [(2 * LENGTH, LENGTH - cut)])
            self.expect(log(3)[cut:], split(log(3))[1:], [(0, LENGTH - cut)])

    def test_of_zeros_and_garbage_between(self):
        for gap in 1, 3, 8, 4096, 100000:
            data = log(2)[:LENGTH] + bytes(gap) + log(2)[LENGTH:]
            self.expect(data, split(log(2)), [(LENGTH, gap)])
        self.expect(bytes(5000), [], [(0, 5000)])
        self.expect(log(1) + bytes(5000), split(log(1)), [(LENGTH, 5000)])

    def test_far_into_a_log(self):
        data = bytearray(log(9000))
        data[8000 * LENGTH + 1] ^= 1
        records = split(log(9000))
        del records[8000]
        self.expect(bytes(data), records, [(8000 * LENGTH, LENGTH)])

    def test_of_a_record_without_checksum_before_damage(self):
        """It is intact if no other record begins inside it."""
        records = [plain(n) for n in range(6)]
        data = b"".join(records[:3]) + bytes(50) + b"".join(records[3:])
        self.expect(data, records, [(3 * len(records[0]), 50)])
        first = b"".join(records[:1])
        self.expect(first + bytes(50) + b"".join(records[1:]), records,
                    [(len(first), 50)])

    def test_of_a_record_that_lost_its_middle(self):
        """Its length would include part of the next record."""
        for make in plain, lambda n: flowlog.encode(flow(n)):
            records = [make(n) for n in range(6)]
            data = (b"".join(records[:2]) + records[2][:30] +
                    records[2][50:] + b"".join(records[3:]))
            self.expect(data, records[:2] + records[3:],
                        [(2 * len(records[0]), len(records[0]) - 20)])

    def test_of_a_false_header_that_swallows_records(self):
        """Its end is a record's start; intact records are inside it."""
        header = flowlog.HEADER.pack(0x60, 28, 0, 0x7ff)   # 120 bytes
        for make in plain, lambda n: flowlog.encode(flow(n)):
            records = [make(n) for n in range(12)]
            size = len(records[0])
            for words in range(20, 256):
                # Version 3.1 with an unknown field, which allows any length.
                false = flowlog.HEADER.pack(0x61, words, 0, 1 << 19)
                lead = (8 + 4 * words) % size
                if lead < 8:
                    continue
                data = (records[0] + false + bytes(lead - 8) +
                        b"".join(records[1:]))
                got, places = self.recover(data)
                self.assertEqual(got, records, words)
                self.assertEqual(places, [(size, lead)])
            data = records[0] + header + b"".join(records[1:])
            self.assertEqual(self.recover(data)[0], records)

    def test_of_a_log_with_checksums(self):
        """A part of a log without them is damage, but not a whole log."""
        own = split(log(2000))
        other = [plain(n) for n in range(5000, 8000)]
        for start, end in ((0, 40), (900, 4096), (LENGTH * 9, 60000)):
            block = b"".join(other)[:end]
            data = log(2000)[:start] + block + log(2000)[start:]
            got, places = self.recover(data)
            self.assertEqual([r for r in got if r not in own], [])
            self.assertGreaterEqual(len(got), len(own) - 1)
            self.assertEqual(len(places), 1)
        records = own[:10] + other + own[10:]
        got, places = self.recover(b"".join(records), damaged=False)
        self.assertEqual((got, places), (records, []))

    def test_of_a_record_in_a_record(self):
        """Addresses may look like a record, and are none after damage."""
        inner = flowlog.encode({"octets": 5, "crc": True}).ljust(32, b"\0")
        outer = flowlog.encode(flow(
            1, src=str(ipaddress.ip_address(inner[:16])),
            dst=str(ipaddress.ip_address(inner[16:]))))
        self.assertIn(inner, outer)
        around = split(log(6))
        for at in range(len(outer)):
            if outer.index(inner) <= at < outer.index(inner) + len(inner):
                continue
            bad = bytearray(outer)
            bad[at] ^= 0x10
            data = b"".join(around[:3]) + bytes(bad) + b"".join(around[3:])
            got, places = self.recover(data)
            self.assertEqual(got, around)
            self.assertEqual(places, [(3 * LENGTH, len(outer))])

    def test_of_short_records(self):
        """They count where nothing could contain them."""
        short = [flowlog.encode({"octets": n, "crc": True}) for n in range(9)]
        got, places = self.recover(b"".join(short[:1]) + short[1][:7])
        self.assertEqual((got, len(places)), (short[:1], 1))
        got, places = self.recover(b"x" + b"".join(short))
        self.assertEqual((got, places), (short, [(0, 1)]))
        got, places = self.recover(log(1) + b"".join(short), damaged=False)
        self.assertEqual((got, places), (split(log(1)) + short, []))

    def test_of_a_newer_minor_version(self):
        new = flowlog.encode(flow(1), minor=1, extra_fields=1 << 19,
                             extra=b"new!")
        old = flowlog.encode(flow(1))
        records, places = self.recover(b"x" + new + b"y" + new + new)
        self.assertEqual(records, [old] * 3)
        self.assertEqual(places, [(0, 1), (1 + len(new), 1)])
        values = flow(1)
        del values["crc"]
        new = flowlog.encode(values, minor=1, extra_fields=1 << 19,
                             extra=b"new!")
        records, places = self.recover(b"x" + new + new + b"y" + new + new)
        self.assertEqual(len(records), 4)

    def test_of_a_log_of_version_2(self):
        self.write("old.log", bytes.fromhex("012cf047 00000002") + bytes(64))
        said = self.fails("-R", "old.log")
        self.assertIn("version 2", said)

    @unittest.skipUnless(CORRUPT, "FLOWD_TEST_DATA is not set")
    def test_of_recorded_logs(self):
        good = split((CORRUPT.parent / "all.log").read_bytes())
        with open(CORRUPT / "counts.tsv", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        self.assertTrue(rows)
        for row in rows:
            with self.subTest(log=row["file"]):
                wrong = int(row["undetectable_wrong_records"])
                data = (CORRUPT / row["file"]).read_bytes()
                got, places = self.recover(data, damaged=wrong == 0)
                self.assertEqual(len([r for r in got if r in good]),
                                 int(row["intact_records"]))
                self.assertEqual(len(got), int(row["intact_records"]) + wrong)
                self.assertEqual(sum(map(len, got)) + sum(
                    length for _, length in places), len(data))

    def test_of_random_damage(self):
        for seed in range(SEEDS):
            with self.subTest(seed=seed):
                self.damage_at_random(random.Random(seed), seed % 3)

    def damage_at_random(self, rng, kind):
        """Damages one of three kinds: with checksums, without, and mixed."""
        records = [varied(rng, n, kind == 0 or kind == 2 and rng.random() < .5)
                   for n in range(rng.choice((5, 60, 300)))]
        bad = Damaged(records)
        for _ in range(rng.randrange(1, 6)):
            bad.at_random(rng)
        data = bytes(bad.data)
        self.write("bad.log", data)
        with self.start("-Rq", "-o", "out.log", "bad.log",
                        stderr=subprocess.PIPE) as process:
            _, err = process.communicate()
        self.assertIn(process.returncode, (0, DAMAGE), err)
        got = split(self.read("out.log"))
        self.assertEqual([record for record in bad.credible()
                          if record not in set(got)], [])
        if kind == 0:
            self.assertEqual([r for r in got if r not in set(records)], [])
        self.assertEqual(len(data), sum(map(len, got)) + sum(
            int(SAYS.fullmatch(line)[3])
            for line in err.decode().splitlines()))


class Gzip(ReaderTest):
    CAUSE = "the compressed data are damaged or cut off"

    def test_that_is_cut_off(self):
        data = gzip.compress(log(3))
        self.write("bad.log", data[:-5])
        said = self.prints(briefs(3), "-R", "bad.log", status=DAMAGE)
        self.assertEqual(said, f"bad.log: offset {3 * LENGTH}: {self.CAUSE}\n")

    def test_continues_with_the_next_member(self):
        first = bytearray(gzip.compress(log(2)))
        first[-6] ^= 1			# its checksum
        second = gzip.compress(log(3))
        for between in b"", b"\x1f\x8b" * 9, b"\x1f" * 9, bytes(300000):
            self.write("bad.log", bytes(first) + between + second)
            said = self.prints(briefs(2) + briefs(3), "-R", "bad.log",
                               status=DAMAGE)
            self.assertEqual(said.count("\n"), 1)
            self.assertIn(self.CAUSE, said)

    def test_damaged_inside(self):
        """The lost octets of the log are counted."""
        rng = random.Random(1)
        records = [varied(rng, n, True) for n in range(2000)]
        data = bytearray(gzip.compress(b"".join(records)))
        middle = len(data) // 2
        data[middle:middle + 1000] = rng.randbytes(1000)
        data += gzip.compress(b"".join(records[:100]))
        self.write("bad.log", data)
        self.run_reader("-Rq", "-o", "out.log", "bad.log", status=DAMAGE)
        got = split(self.read("out.log"))
        self.assertEqual(got[-100:], records[:100])
        self.assertGreater(len(got), 900)
        self.assertEqual([r for r in got if r not in set(records)], [])


    def test_of_a_changed_byte(self):
        """What a decoder makes of the bytes after it is no flow."""
        written, logs = damaged_gzips(30)
        for data in logs:
            self.write("bad.log", data)
            self.run_reader("-Rq", "-o", "out.log", "bad.log", status=DAMAGE)
            got = [values["octets"]
                   for values in flowlog.decode(self.read("out.log"))]
            self.assertEqual(sorted(set(got) - set(written)), [])
            self.assertGreater(len(got), 0)

    def test_of_records_without_checksum(self):
        """Damage before compression, and of the compressed log."""
        records = [plain(n) for n in range(3000)]
        torn = b"".join(records[:100])[:-20] + b"".join(records[100:])
        data = gzip.compress(torn)
        self.write("bad.log", data)
        self.run_reader("-Rq", "-o", "out.log", "bad.log", status=DAMAGE)
        self.assertEqual(split(self.read("out.log")),
                         records[:99] + records[100:])
        # From a pipe the checksum of the compressed data comes too late.
        self.run_reader("-Rq", "-o", "out.log", "-", stdin=data,
                        status=DAMAGE)
        got = split(self.read("out.log"))
        self.assertEqual(got[:99], records[:99])
        self.assertLess(len(got), 2500)
        self.assertEqual([r for r in got if r not in records], [])
        bad = bytearray(gzip.compress(b"".join(records)))
        bad[-3000:-2000] = random.Random(1).randbytes(1000)
        self.write("bad.log", bad + data)
        self.run_reader("-Rq", "-o", "out.log", "bad.log", status=DAMAGE)
        got = split(self.read("out.log"))
        self.assertEqual(got[-2999:], records[:99] + records[100:])
        self.assertGreater(len(got), 3500)
        self.assertEqual(got[:-2999], records[:len(got) - 2999])


@unittest.skipIf(is_sanitized(), "a build with sanitizers")
@unittest.skipIf(need("valgrind"), "valgrind is not installed")
class Hostile(ReaderTest):
    def instructions(self, name):
        """Returns how many instructions it takes to recover a log."""
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
             READER, "-Rq", name], cwd=self.dir, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            encoding="utf-8", errors="replace", timeout=SECONDS, check=False)
        self.assertEqual(done.returncode, DAMAGE, done.stderr)
        return int(re.search(r"Collected : (\d+)", done.stderr)[1])

    def test_work_is_linear_in_the_size(self):
        """The patterns look like headers everywhere, and never are."""
        patterns = (b"\x7f\xff\0\0",			# long, with checksum
                    b"\x61\xff\0\0\x20\0\0\0",		# without
                    b"\x60\0\0\0\0\0\0\0\1",		# short ones
                    b"\x60\1\0\0\0\0\0\1abcd\1",
                    b"\x1f\x8b\x08")
        for pattern in patterns:
            with self.subTest(pattern=pattern):
                counts = []
                for size in 200000, 400000, 800000:
                    self.write("bad.log", pattern * (size // len(pattern)))
                    counts.append(self.instructions("bad.log"))
                # Without what every start needs, twice the size needs twice
                # the instructions; four times if it were quadratic.
                self.assertLess(counts[2] - counts[1],
                                2.5 * (counts[1] - counts[0]), counts)


if __name__ == "__main__":
    tap.main()
