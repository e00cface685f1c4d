#!/usr/bin/env python3
"""The names in flowd-fields(7) are those of the table of fields and of the
programs."""

import csv
import datetime
import json
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import fieldnames
import flowlog
import perlmodule
import tap

FLOW = {key: value for key, value in fieldnames.FLOW.items() if key != "crc"}


def in_ms(text):
    return round(datetime.datetime.fromisoformat(text).timestamp() * 1000)


class FieldNames(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tap.TemporaryDirectory(prefix="flowd-test-")
        cls.addClassCleanup(scratch.cleanup)
        cls.dir = pathlib.Path(scratch.name)
        cls.log = cls.dir / "log"
        cls.log.write_bytes(flowlog.encode(fieldnames.FLOW))

    def read(self, *options):
        return subprocess.run(
            [tap.program("flowd-reader"), "-U", *options, self.log],
            check=True, stdout=subprocess.PIPE, text=True).stdout

    def check(self, heading, shown, leave_out=()):
        """Compares values by name with those of the flow."""
        names = fieldnames.names(heading)
        self.assertEqual(
            {name: str(shown[name]) for member, name in names.items()
             if member in FLOW},
            {name: str(FLOW[member]) for member, name in names.items()
             if member in FLOW})
        self.assertEqual(set(shown) - set(names.values()) - set(leave_out),
                         set())

    def test_tables_are_up_to_date(self):
        page = self.dir / "page"
        shutil.copy(tap.source("flowd-fields.7"), page)
        subprocess.run([sys.executable, tap.SRC / "tools" / "field-names",
                        page], check=True)
        self.assertEqual(page.read_text(),
                         tap.source("flowd-fields.7").read_text())

    def test_c(self):
        header = re.sub(r"/\*.*?\*/", "",
                        tap.source("store.h").read_text(), flags=re.S)
        struct = re.search(r"^struct flow \{(.*?)^\};", header, re.M | re.S)[1]
        members = set(re.findall(r"(\w+)[,;]", struct))
        times = set(re.findall(r"(STORE_TIME_\w+) = \d", header))
        self.assertEqual({row["C"] for table in fieldnames.tables()
                          for row in table},
                         (members - {"fields", "version"}) | times)

    def test_json(self):
        shown = json.loads(self.read("-J"))
        self.check("JSON", shown)
        names = fieldnames.names("JSON")
        for time, expected in fieldnames.TIMES.items():
            self.assertEqual(in_ms(re.sub(r"(\.\d{6})\d*", r"\1",
                                          shown[names[time]])), expected)

    def test_csv(self):
        shown, = csv.DictReader(self.read("-c").splitlines())
        self.check("CSV", shown)

    def test_columns(self):
        for heading in "Perl, SQL", "Python", "JSON", "CSV":
            names = {member: name.removeprefix("#:") for member, name in
                     fieldnames.names(heading).items() if member in FLOW}
            lines = self.read("--columns", ",".join(names.values()))
            shown, = csv.DictReader(lines.splitlines())
            self.assertEqual(shown, {name: str(FLOW[member])
                                     for member, name in names.items()})

    def test_text(self):
        line = self.read("-v").splitlines()[-1]
        for name in fieldnames.names("text").values():
            self.assertIn(f" {name} ", line)

    def matches(self, rule):
        return self.read("-e", rule) != ""

    def test_rules(self):
        forms = {"src_port": "src any port {} proto tcp",
                 "dst_port": "dst any port {} proto tcp",
                 "tcp_flags": "proto tcp tcp_flags mask 0xff equals {}"}
        names = fieldnames.names("rules")
        self.assertEqual(names.pop("recv_sec"), "after, before, days")
        for member, keyword in names.items():
            with self.subTest(member=member):
                form = forms.get(member, keyword + " {}")
                self.assertIn(keyword, form)
                value = FLOW[member]
                other = "192.0.2.9" if isinstance(value, str) else value + 1
                self.assertTrue(self.matches(form.format(value)))
                self.assertFalse(self.matches(form.format(other)))
        rows = tap.source("filter-rule.c").read_text()
        self.assertEqual(
            set(re.findall(r'^\t\[FILTER_\w+\] = \{ "(\w+)"', rows, re.M)) -
            set(names.values()), set())

    @unittest.skipIf(perlmodule.missing(), "no Perl module")
    def test_perl(self):
        names = fieldnames.names("Perl, SQL")
        times = ", ".join(f"Flowd::{names[time]}($f)"
                          for time in fieldnames.TIMES)
        said = subprocess.run(
            ["perl", "-MFlowd", "-e",
             "my $f = Flowd->new($ARGV[0])->read_flow; "
             'print "$_=$f->{$_}\\n" for keys %$f; '
             f'print "time=", int(1000 * $_), "\\n" for {times}', self.log],
            env=perlmodule.environment(), check=True, text=True,
            stdout=subprocess.PIPE).stdout.splitlines()
        shown = [line.split("=") for line in said]
        self.check("Perl, SQL",
                   {key: value for key, value in shown if key != "time"
                    and not key.endswith("_af")}, ["fields", "flow_ver"])
        self.assertEqual([int(value) for key, value in shown if key == "time"],
                         list(fieldnames.TIMES.values()))

    @unittest.skipIf(perlmodule.missing("DBD::SQLite"), "no DBD::SQLite")
    def test_sql(self):
        subprocess.run(
            ["perl", tap.SRC / "tools" / "flowinsert", "-d",
             self.dir / "db", self.log], check=True,
            env=perlmodule.environment())
        db = sqlite3.connect(self.dir / "db")
        self.addCleanup(db.close)
        db.row_factory = sqlite3.Row
        shown = dict(db.execute("SELECT * FROM flows").fetchone())
        self.check("Perl, SQL", shown, ["log_id"])
        names = fieldnames.names("Perl, SQL")
        for time, expected in fieldnames.TIMES.items():
            self.assertEqual(in_ms(shown[names[time]][:23] + "+00:00"),
                             expected)


if __name__ == "__main__":
    tap.main()
