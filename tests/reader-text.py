#!/usr/bin/env python3
"""flowd-reader prints logs as text and as CSV."""

import gzip
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import tap
from readertest import ReaderTest, brief, briefs, flow, log

VERBOSE = (
    "FLOW tag 7 recv_time 2023-11-14T22:13:20.080160 proto 6 tcpflags 1b "
    "tos 08 agent [192.0.2.1] src [198.51.100.7]:443 "
    "dst [203.0.113.9]:50000 gateway [192.0.2.254] packets 3 octets 4500 "
    "in_if 2147483649 out_if 4294967295 sys_uptime_ms 1h0s.000 "
    "time_sec 2023-11-14T22:13:19 time_nanosec 5 netflow ver 5 "
    "flow_start 59m50s.000 flow_finish 59m59s.999 src_AS 64500 "
    "src_masklen 24 dst_AS 64501 dst_masklen 16 engine_type 8 engine_id 9 "
    "seq 99 source 4 ")
CSV_HEADER = (
    "#:unix_secs,unix_nsecs,sysuptime,exaddr,dpkts,doctets,first,last,"
    "engine_type,engine_id,srcaddr,dstaddr,nexthop,input,output,srcport,"
    "dstport,prot,tos,tcp_flags,src_mask,dst_mask,src_as,dst_as\n")


def csv(number):
    return (f"1699999999,5,3600000,192.0.2.1,3,{number},3590000,3599999,8,9,"
            "198.51.100.7,203.0.113.9,192.0.2.254,1,2,443,50000,6,8,27,24,16,"
            "64500,64501\n")


class Text(ReaderTest):
    def test_brief(self):
        self.prints(briefs(3), self.write("a.log", log(3)))

    def test_verbose(self):
        record = flowlog.encode(flow(
            4500, tag=7, if_index_in=2**31 + 1, if_index_out=2**32 - 1))
        crc = int.from_bytes(record[-4:], "big")
        self.prints(f"LOGFILE a.log\n{VERBOSE}crc32 {crc:08x} \n",
                    "-v", self.write("a.log", record))

    def test_absent_fields_are_omitted(self):
        records = [
            {}, {"octets": 5}, {"src": "2001:db8::1"},
            {"src": "192.0.2.1", "src_port": 1, "dst_port": 2},
            {"src_port": 1, "dst_port": 2}, {"tag": 0},
        ]
        self.prints(
            "LOGFILE a.log\nFLOW \nFLOW octets 5 \nFLOW src [2001:db8::1] \n"
            "FLOW src [192.0.2.1]:1 \nFLOW \nFLOW tag 0 \n",
            "-v", self.write("a.log", b"".join(map(flowlog.encode, records))))

    def test_extremes(self):
        record = flowlog.encode({
            "packets": 2**64 - 1, "octets": 2**64 - 1,
            "recv_sec": 2**32 - 1, "recv_usec": 0})
        self.prints("FLOW recv_time 2106-02-07T06:28:15.000000 "
                    "packets 18446744073709551615 "
                    "octets 18446744073709551615 \n",
                    self.write("a.log", record))

    def test_local_time_and_utc(self):
        self.write("a.log", log(1))
        self.prints(brief(0).replace("14T22:13:20", "15T03:43:20"),
                    "a.log", zone="IST-5:30")
        self.prints(brief(0), "-U", "a.log", zone="IST-5:30")

    def test_csv_has_one_header(self):
        self.write("a.log", log(2))
        expected = CSV_HEADER + (csv(0) + csv(1)) * 2
        self.prints(expected, "-c", "a.log", "a.log")
        self.prints(expected, "-cv", "a.log", "a.log")
        self.prints(CSV_HEADER, "-c", self.write("empty.log", b""))

    def test_csv_of_absent_fields(self):
        record = flowlog.encode({"dst": "2001:db8::1", "octets": 5})
        self.prints(CSV_HEADER + "0,0,0,,0,5,0,0,0,0,,2001:db8::1,,"
                    "0,0,0,0,0,0,0,0,0,0,0\n",
                    "-c", self.write("a.log", record))

    COLUMNS = "tag,start,end,recv_time,src_addr,doctets,protocol,time_sec"

    def test_csv_with_chosen_columns(self):
        self.write("a.log", log(1, tag=7) +
                   flowlog.encode({"src": "2001:db8::1", "octets": 2**64 - 1,
                                   "flow_start": 5, "flow_finish": 6}) +
                   flowlog.encode({}))
        expected = (
            self.COLUMNS + "\n"
            "7,2023-11-14T22:13:09.000+00:00,2023-11-14T22:13:18.999+00:00,"
            "2023-11-14T22:13:20.080160+00:00,198.51.100.7,0,6,1699999999\n"
            ",,,,2001:db8::1,18446744073709551615,,\n"
            ",,,,,,,\n")
        self.prints(expected, "-U", "--columns", self.COLUMNS, "a.log")
        self.prints(expected, "-Uc", f"--columns={self.COLUMNS}", "a.log")
        self.prints("packets\n3\n\n\n", "--columns", "packets", "a.log")
        self.prints("start\n2023-11-15T03:43:09.000+05:30\n\n\n", "--columns",
                    "start", "a.log", zone="Asia/Kolkata")

    def test_wrong_columns(self):
        self.write("a.log", log(1))
        for columns, message in (
                ("octets,octet", 'columns: "octet" is not the name'),
                ("", 'columns: "" is not the name'),
                ("octets,", 'columns: "" is not the name'),
                ("tag,octets,flow_octets", 'columns: "flow_octets" is a')):
            self.assertIn(message, self.fails("--columns", columns, "a.log"))
        self.assertIn("--columns and -J", self.fails(
            "-J", "--columns", "octets", "a.log"))
        self.assertIn("needs an argument", self.fails("--columns"))

    def test_more_flows_than_a_buffer_holds(self):
        self.prints(briefs(5000), self.write("a.log", log(5000)))

    def test_quiet(self):
        self.write("a.log", log(3))
        for options in "-q", "-qv", "-qc":
            self.prints("", options, "a.log")

    def test_head_counts_for_each_log(self):
        self.write("a.log", log(3))
        self.write("b.log", log(1))
        self.prints(briefs(2) + briefs(1) + briefs(2),
                    "-H", "2", "a.log", "b.log", "a.log")
        self.prints(briefs(3), "-H", "3", "a.log")
        self.prints(briefs(3), "-H", "9223372036854775807", "a.log")

    def test_head_stops_reading(self):
        self.write("a.log", log(2) + b"\xff" * 100)
        self.prints(briefs(2), "-H", "2", "a.log")

    def test_newer_minor_version(self):
        newer = flowlog.encode(flow(1), minor=1, extra_fields=1 << 19,
                               extra=b"new!")
        self.write("a.log", log(1) + newer + flowlog.encode(flow(2)))
        self.prints(briefs(3), "a.log")


class Inputs(ReaderTest):
    def test_standard_input(self):
        self.write("a.log", log(2))
        self.prints(briefs(3), "-", stdin=log(3))
        self.prints(briefs(2) + briefs(1), "a.log", "-", stdin=log(1))
        self.prints("LOGFILE -\n", "-v", "-", stdin=b"")
        with open(self.dir / "a.log", "rb") as file:
            self.prints(briefs(2), "-", stdin=file)

    def test_gzip(self):
        self.prints(briefs(3), self.write("a.log.gz", gzip.compress(log(3))))
        self.prints(briefs(3), "-", stdin=gzip.compress(log(3)))

    def test_gzip_members(self):
        data = log(3)
        parts = data[:50], data[50:200], b"", data[200:]
        members = b"".join(map(gzip.compress, parts))
        self.prints(briefs(3), self.write("a.log", members))
        self.prints(briefs(3), "-", stdin=members)

    def test_empty_logs(self):
        self.prints("", self.write("a.log", b""))
        self.prints("", self.write("a.log.gz", gzip.compress(b"")))
        self.prints("", os.devnull)

    def test_a_missing_log_does_not_hide_the_others(self):
        self.write("a.log", log(2))
        said = self.prints(briefs(2), "none.log", "a.log", status=1)
        self.assertIn("none.log: No such file", said)
        said = self.prints(briefs(2), self.dir, "a.log", status=1)
        self.assertIn("Is a directory", said)


class Usage(ReaderTest):
    def test_help(self):
        out, err = self.run_reader("-h")
        self.assertIn(b"usage: flowd-reader ", out)
        self.assertEqual(err, b"")

    def test_wrong_options(self):
        self.write("a.log", log(1))
        for args in [], ["-Z", "a.log"], ["-H"], ["-o"], ["-f"]:
            with self.subTest(args=args):
                self.assertIn("usage: flowd-reader ", self.fails(*args))

    def test_wrong_numbers(self):
        self.write("a.log", log(1))
        for number in "0", "-1", "many", "1x", "", "9" * 30:
            with self.subTest(number=number):
                said = self.fails("-H", number, "a.log")
                self.assertIn(f": {number}\n", said)


if __name__ == "__main__":
    tap.main()
