#!/usr/bin/env python3
"""flowd-reader -f reads rules and store statements, and -e a rule."""

import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import tap
from readertest import ReaderTest, brief, flow

RULES = """\
discard all
accept tag 7 proto udp
accept dst 203.0.113.0/24 port 443 proto tcp
"""


class Filter(ReaderTest):
    def setUp(self):
        super().setUp()
        self.write("a.log", b"".join(map(flowlog.encode, (
            flow(0), flow(1, protocol=17), flow(2, dst_port=443),
            flow(3, protocol=1)))))
        self.write("rules", RULES)

    def copied(self, rules):
        """Returns the accepted flows, copied to a log."""
        self.write("rules", rules)
        self.prints("", "-q", "-f", "rules", "-o", "b.log", "a.log")
        return flowlog.decode(self.read("b.log"))

    def test_prints_accepted_flows(self):
        self.prints(
            brief(1).replace("FLOW ", "FLOW tag 7 ").replace(
                "proto 6", "proto 17") + brief(2).replace(":50000", ":443"),
            "-f", "rules", "a.log")

    def test_writes_accepted_flows(self):
        first, second = self.copied(RULES)
        del first["crc"], second["crc"]
        expected = flow(1, protocol=17, tag=7)
        del expected["crc"]
        self.assertEqual(first, expected)
        expected = flow(2, dst_port=443)
        del expected["crc"]
        self.assertEqual(second, expected)

    def test_head_counts_flows_read(self):
        out, _ = self.run_reader("-H", "2", "-f", "rules", "a.log")
        self.assertEqual(out.count(b"\n"), 1)

    def test_without_rules_all_are_accepted(self):
        self.assertEqual(len(self.copied("")), 4)

    def test_store_chooses_fields(self):
        statements = "store OCTETS\nstore SRC_ADDR\nstore TAG\n"
        self.assertEqual(self.copied(RULES + statements), [
            {"tag": 7, "src": "198.51.100.7", "octets": 1},
            {"src": "198.51.100.7", "octets": 2}])
        self.prints("LOGFILE a.log\n"
                    "FLOW tag 7 src [198.51.100.7] octets 1 \n"
                    "FLOW src [198.51.100.7] octets 2 \n",
                    "-v", "-f", "rules", "a.log")
        out, _ = self.run_reader("-c", "-f", "rules", "a.log")
        self.assertEqual(out.decode().splitlines()[1:], [
            f"0,0,0,,0,{octets},0,0,0,0,198.51.100.7,,,"
            "0,0,0,0,0,0,0,0,0,0,0" for octets in (1, 2)])

    def test_store_crc32_makes_checksums(self):
        record = flow(5)
        del record["crc"]
        self.write("a.log", flowlog.encode(record))
        self.assertIn("crc", self.copied("")[0])
        self.assertIn("crc", self.copied("store CRC32\n")[0])
        self.assertNotIn("crc", self.copied("store OCTETS\n")[0])

    def test_statements_for_the_daemon_are_ignored(self):
        self.assertEqual(len(self.copied(
            'logfile "/nonexistent/flowd.log"\nlisten on 127.0.0.1:2055\n'
            + RULES)), 2)

    def test_counts_rules(self):
        said = self.prints("", "-q", "-d", "-f", "rules", "a.log")
        self.assertEqual(
            re.findall(r"evaluations (\d+) matches (\d+) wins (\d+)", said),
            [("4", "4", "2"), ("4", "1", "1"), ("4", "1", "1")])
        self.assertEqual(
            self.prints("", "-q", "-f", "rules", "a.log"), "")

    def test_errors_name_file_and_line(self):
        self.write("rules", "accept all\nstore NOTHING\naccept sideways\n")
        said = self.fails("-f", "rules", "-o", "b.log", "a.log")
        self.assertIn("rules:2: ", said)
        self.assertIn("rules:3: ", said)
        self.assertFalse((self.dir / "b.log").exists())

    def octets(self, *args, **options):
        """Returns the numbers of the flows that are printed."""
        out, err = self.run_reader("-J", *args, "a.log", **options)
        self.assertEqual(err, b"")
        return [json.loads(line)["octets"] for line in out.splitlines()]

    def test_rules_from_standard_input(self):
        self.assertEqual(self.octets("-f", "-", stdin=RULES.encode()), [1, 2])
        said = self.fails("-f", "-", "a.log", stdin=b"accept sideways\n")
        self.assertIn("standard input:1: ", said)
        self.assertIn("both the filter and a log", self.fails("-f", "-", "-"))

    def test_rules_of_the_command_line(self):
        self.assertEqual(self.octets("-e", "proto 17"), [1])
        self.assertEqual(self.octets("-e", "dst any port 443 proto tcp"),
                         [2])
        # Each is an alternative, and a flow must pass -f, too.
        words = ["-e", "octets < 1", "-e", "octets >= 2"]
        self.assertEqual(self.octets(*words), [0, 2, 3])
        self.assertEqual(self.octets("-f", "rules", *words), [2])
        self.assertEqual(self.octets("-e", "all"), [0, 1, 2, 3])
        self.assertEqual(self.octets("-e", "proto 99"), [])

    def test_a_rule_of_the_command_line_sets_a_tag(self):
        self.run_reader("-q", "-o", "b.log", "-e", "proto 17 tag 5", "a.log")
        record, = flowlog.decode(self.read("b.log"))
        self.assertEqual((record["tag"], record["octets"]), (5, 1))

    def test_counts_rules_of_the_command_line(self):
        said = self.prints("", "-q", "-d", "-e", "proto 17", "a.log")
        self.assertEqual(
            re.findall(r"evaluations (\d+) matches (\d+) wins (\d+)", said),
            [("4", "4", "3"), ("4", "1", "1")])

    def test_only_rules_on_the_command_line(self):
        for rule in ('include "rules"', "discard all", "a = 1",
                     'table <t> file "rules"', "src <t>", "src $a",
                     'logfile "x"', "store OCTETS", "", " ",
                     "proto 17\nstore OCTETS", "proto 17\rstore OCTETS"):
            with self.subTest(rule=rule):
                said = self.fails("-e", "all", "-e", rule, "a.log")
                self.assertIn("-e:", said)

    def test_a_missing_file_of_rules(self):
        self.assertIn("none: No such file", self.fails("-f", "none", "a.log"))


if __name__ == "__main__":
    tap.main()
