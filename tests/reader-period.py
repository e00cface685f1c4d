#!/usr/bin/env python3
"""flowd-reader -t prints the flows of a period, by receipt or by activity."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import tap
from readertest import ReaderTest, flow

BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
RECEIVED = 1700000000		# 2023-11-14T22:13:20Z, of flow()


class Periods(ReaderTest):
    def octets(self, *args, **options):
        """Returns the octets of the flows that were printed, in order."""
        out, _ = self.run_reader(*args, "a.log", **options)
        return [int(line.split()[-1]) for line in out.decode().splitlines()]

    def write_received(self, *times):
        """Writes a log of flows that were received at these times, and whose
        octets are the numbers of the times."""
        self.write("a.log", b"".join(flowlog.encode(flow(n, recv_sec=sec))
                                     for n, sec in enumerate(times)))

    def test_the_end_is_not_part_of_a_period(self):
        self.write_received(*(RECEIVED + n for n in range(-1, 3)))
        self.assertEqual(
            self.octets("-t", "20231114T221320-20231114T221322"), [1, 2])
        self.assertEqual(self.octets("-t", "20231114T221320-"), [1, 2, 3])
        self.assertEqual(self.octets("-t", "-20231114T221320"), [0])
        self.assertEqual(self.octets("-t", "20231114T2213-2214"),
                         [0, 1, 2, 3])
        self.assertEqual(self.octets("-t", "2022"), [])

    def test_local_time_and_utc(self):
        self.write_received(RECEIVED)
        for args, count in ((["-t", "20231114T23"], 1),
                            (["-t", "20231114T22"], 0),
                            (["-U", "-t", "20231114T22"], 1),
                            (["-t", "20231114T22", "-U"], 1)):
            with self.subTest(args=args):
                self.assertEqual(len(self.octets(*args, zone=BERLIN)), count)

    def test_an_hour_that_comes_twice(self):
        """On 2026-10-25, at 01:00 UTC, the clock is set back to 02:00."""
        change = 1792890000
        self.write_received(*(change + 1800 * n for n in range(-4, 4)))
        self.assertEqual(
            self.octets("-t", "20261025T0200-0230", zone=BERLIN), [2, 3, 4])
        self.assertEqual(self.octets("-t", "20261025T0000-0100", "-U",
                                     zone=BERLIN), [2, 3])

    def test_the_last_minutes(self):
        now = int(time.time())
        self.write_received(now - 7200, now - 300, now)
        self.assertEqual(self.octets("-t", "last-60m"), [1, 2])

    def test_with_other_options(self):
        self.write("a.log", b"".join(
            flowlog.encode(flow(n, protocol=6 + 11 * (n % 2),
                                recv_sec=RECEIVED + n)) for n in range(6)))
        self.assertEqual(self.octets("-t", "20231114T221322-", "-e",
                                     "proto udp"), [3, 5])
        self.assertEqual(self.octets("-t", "20231114T221322-", "-H", "4"),
                         [2, 3])

    def test_a_flow_without_time_of_receipt(self):
        self.write("a.log", flowlog.encode({"octets": 1}))
        self.assertEqual(self.octets("-t", "1970-9999"), [])

    def test_by_activity(self):
        """The flow is active from 22:13:09 to 22:13:18.999."""
        self.write("a.log", flowlog.encode(flow(0)))
        for period, active in (("221300-221309", False),
                               ("221300-221310", True),
                               ("221311-221312", True),
                               ("221318-221330", True),
                               ("221319-221330", False)):
            with self.subTest(period=period):
                self.assertEqual(self.octets(
                    "--by", "active", "-t", f"20231114T{period}"),
                    [0] * active)
        self.assertEqual(self.octets(
            "--by", "received", "-t", "20231114T221311-221312"), [])

    def test_by_activity_without_times(self):
        values = flow(0)
        for key in "flow_start", "flow_finish":
            del values[key]
        self.write("a.log", flowlog.encode(values))
        self.assertEqual(self.octets(
            "--by", "active", "-t", "20231114T221320"), [0])
        self.assertEqual(self.octets(
            "--by", "active", "-t", "20231114T221319"), [])

    def test_wrong_arguments(self):
        self.write_received(RECEIVED)
        for args, message in (
                (["-t", "20261301"], "-t 20261301: expected FROM-TO, "),
                (["-t", "02:15-02:00"],
                 "-t 02:15-02:00: its end is not after its beginning"),
                (["-t", "2026", "--by", "x"],
                 "--by x: expected active or received"),
                (["--by", "active"], "--by needs -t")):
            with self.subTest(args=args):
                self.assertIn(message, self.fails(*args, "a.log"))
        self.assertIn("last-15m", self.fails("-t", "x", "a.log"))


if __name__ == "__main__":
    tap.main()
