#!/usr/bin/env python3
"""flowinsert inserts each flow into a database once: SQLite and PostgreSQL."""

import getpass
import glob
import gzip
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import unittest
from signal import SIGUSR1

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import flowlog
import netflow
import perlmodule
import tap
from damage import damaged_gzips
from flowdtest import Flowd
from readertest import SECONDS, flow

PROGRAM = str(tap.SRC / "tools" / "flowinsert")
NO_SQLITE = perlmodule.missing("DBD::SQLite")
COUNTERS = [0, 1, 2**32, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1]


def postgres_programs():
    """Returns the directory of initdb and postgres, or None."""
    found = shutil.which("initdb")
    if found:
        return pathlib.Path(found).parent
    return next((pathlib.Path(p).parent for p in sorted(
        glob.glob("/usr/lib/postgresql/*/bin/initdb"), reverse=True)), None)


def log(*numbers, **changes):
    """Returns a log of flows whose octets identify them."""
    return b"".join(flowlog.encode(flow(n, **changes)) for n in numbers)


class InsertTest(unittest.TestCase):
    """A directory for logs, in which flowinsert runs."""

    def setUp(self):
        tmp = tap.TemporaryDirectory(prefix="flowd-test-")
        self.addCleanup(tmp.cleanup)
        self.dir = pathlib.Path(tmp.name)
        self.log = self.dir / "flowd.log"
        self.env = perlmodule.environment()

    def run_insert(self, *args, status=0, stdin=subprocess.DEVNULL,
                   data=None):
        """Runs flowinsert to its end, and returns its output.  data arrive
        through a pipe."""
        given = dict(stdin=stdin) if data is None else dict(input=data)
        result = subprocess.run(
            ["perl", PROGRAM, *self.database(), *map(str, args)],
            cwd=self.dir, env=self.env, **given, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=SECONDS, check=False)
        self.assertEqual(result.returncode, status, result.stdout)
        return result.stdout.decode()

    def octets(self):
        """Returns the octets of each flow in the database, in order."""
        return [int(row[0]) for row in self.query(
            "SELECT flow_octets FROM flows ORDER BY flow_octets")]


class Cases:
    """Tests for every database."""

    def test_every_value(self):
        flows = [
            {}, {"tag": 2**32 - 1}, flow(1, src="2001:db8::1"),
            flow(2, if_index_in=2**32 - 1, dst_as=2**32 - 1, src_port=65535,
                 protocol=255, engine_id=65535, flow_finish=2**32 - 1),
        ]
        self.log.write_bytes(b"".join(map(flowlog.encode, flows)))
        self.run_insert(self.log)
        names = {"agent": "agent_addr", "src": "src_addr", "dst": "dst_addr",
                 "gateway": "gateway_addr", "packets": "flow_packets",
                 "octets": "flow_octets"}
        for key in sorted(flowlog.KEYS - {"crc"}):
            column = names.get(key, key)
            rows = self.query(f"SELECT {column} FROM flows")
            self.assertEqual(
                sorted(str(row[0]) for row in rows),
                sorted(str(f.get(key)) for f in flows), column)

    @staticmethod
    def in_utc(time):
        """Returns the time of a row with six digits of its fraction."""
        if time is None:
            return None
        seconds, _, fraction = str(time).split("+")[0].partition(".")
        return f"{seconds}.{fraction:0<6.6}"

    TIMES = "recv_time, export_time, start_time, end_time"

    def check_times(self):
        rows = self.query(
            f"SELECT {self.TIMES} FROM flows ORDER BY flow_octets")
        self.assertEqual(
            [[self.in_utc(time) for time in row] for row in rows],
            [["2023-11-14 22:13:20.080160", "2023-11-14 22:13:19.000000",
              "2023-11-14 22:13:09.000000", "2023-11-14 22:13:18.999000"],
             ["2023-11-14 22:13:20.080160", "2023-11-14 22:13:19.000000",
              "2023-11-14 22:13:18.500000", "2023-11-14 22:13:19.001000"],
             [None, "1970-01-01 00:00:02.000000", None, None],
             ["2106-02-07 06:28:15.999999", None, None, None]])

    def test_times(self):
        self.log.write_bytes(
            log(1) +
            # The uptime wrapped after the first packet.
            log(2, sys_uptime_ms=100, flow_start=2**32 - 400,
                flow_finish=101) +
            flowlog.encode({"octets": 3, "sys_uptime_ms": 0, "time_sec": 2,
                            "time_nanosec": 0, "netflow_version": 9}) +
            flowlog.encode({"octets": 4, "recv_sec": 2**32 - 1,
                            "recv_usec": 999999, "flow_start": 1,
                            "flow_finish": 1}))
        self.run_insert(self.log)
        self.check_times()
        # A table as it was before these columns.
        for column in self.TIMES.split(", "):
            self.query(f"ALTER TABLE flows DROP COLUMN {column}")
        self.assertEqual(self.run_insert(self.log), "")
        self.check_times()

    def test_counters_are_exact_and_in_order(self):
        self.log.write_bytes(b"".join(
            flowlog.encode({"packets": n, "octets": n}) for n in COUNTERS))
        self.run_insert(self.log)
        self.assertEqual(self.octets(), COUNTERS)
        self.assertEqual(int(self.query(
            "SELECT sum(flow_octets) FROM flows "
            "WHERE flow_octets < 9223372036854775807")[0][0]), 2**32 + 1)

    def check_growing(self, *options):
        """In each run the log ends at another octet of a record."""
        whole = log(1, 2, 3, 4)
        for length in (len(log(1)), len(log(1, 2)) + 3, len(log(1, 2)) + 7,
                       len(log(1, 2, 3)) - 1, len(whole), len(whole)):
            self.log.write_bytes(whole[:length])
            self.assertEqual(self.run_insert(*options, self.log), "")
        self.assertEqual(self.octets(), [1, 2, 3, 4])

    def test_a_log_that_grows(self):
        self.check_growing()

    def test_a_log_that_grows_is_not_damaged(self):
        self.check_growing("-R")

    def test_damage_at_the_end_of_a_log_that_grows(self):
        junk = b"\xff" * 64
        for tail, damaged, found in ((b"", 64, [1]), (log(2)[:30], 94, [1]),
                                     (log(2), 64, [1, 2])):
            self.log.write_bytes(log(1) + junk + tail)
            self.assertEqual(
                self.run_insert("-R", self.log, status=3),
                f"flowinsert: {self.log}: offset {len(log(1))}: {damaged} "
                "damaged bytes are left out: unsupported version\n")
            self.assertEqual(self.octets(), found)
        self.assertEqual(self.run_insert("-R", self.log), "")
        self.assertEqual(self.octets(), [1, 2])

    def test_damage_of_compressed_logs(self):
        written, logs = damaged_gzips(8)
        for i, data in enumerate(logs):
            (self.dir / f"{i}.gz").write_bytes(data)
        said = self.run_insert("-R", *(f"{i}.gz" for i in range(8)), status=3)
        self.assertRegex(said, r"offset \d+: the compressed data are damaged\n")
        self.assertNotIn(" 0 damaged bytes", said)
        self.assertEqual(set(self.octets()) - set(written), set())

    def test_a_log_that_is_rotated(self):
        self.log.write_bytes(log(1, 2))
        self.run_insert(self.log)
        with open(self.log, "ab") as file:
            file.write(log(3))
        rotated = self.log.rename(self.dir / "flowd.log.0")
        self.log.write_bytes(log(4, 5))
        self.run_insert(rotated, self.log)
        self.assertEqual(self.octets(), [1, 2, 3, 4, 5])
        # The rotated log is compressed, and the current one is renamed.
        packed = self.dir / "flowd.log.1.gz"
        packed.write_bytes(gzip.compress(rotated.read_bytes() + log(6)))
        rotated.unlink()
        self.log.rename(rotated)
        self.run_insert(packed, rotated)
        self.run_insert(packed, rotated)
        self.assertEqual(self.octets(), [1, 2, 3, 4, 5, 6])

    def test_a_log_that_is_replaced_or_cut(self):
        self.log.write_bytes(log(1, 2, 3))
        self.run_insert(self.log)
        with open(self.log, "r+b") as file:	# the inode does not change
            file.truncate(0)
            file.write(log(4, 5, 6, 7))
        self.run_insert(self.log)
        self.assertEqual(self.octets(), [1, 2, 3, 4, 5, 6, 7])
        with open(self.log, "r+b") as file:
            file.truncate(len(log(4)))
        self.run_insert(self.log)
        self.assertEqual(self.octets(), [1, 2, 3, 4, 4, 5, 6, 7])

    def test_two_logs_with_the_same_beginning(self):
        other = self.dir / "other.log"
        self.log.write_bytes(log(1, 2))
        other.write_bytes(log(1, 3))
        for _ in range(2):
            self.run_insert(self.log, other)
        self.assertEqual(self.octets(), [1, 1, 2, 3])

    def test_damage(self):
        self.log.write_bytes(log(1, 2) + b"\xff" * 64 + log(3))
        damage = (f"flowinsert: {self.log}: offset {len(log(1, 2))}: "
                  "unsupported version\n")
        for count in 2, 0:
            said = self.run_insert("-v", self.log, status=1)
            self.assertEqual(said.replace(damage, ""),
                             f"{self.log}: {count} flows\n")
            self.assertIn(damage, said)
            self.assertEqual(self.octets(), [1, 2])
        said = self.run_insert("-R", self.log, status=3)
        self.assertIn(f"{self.log}: offset {len(log(1, 2))}: 64 damaged", said)
        self.assertEqual(self.octets(), [1, 2, 3])
        self.assertEqual(self.run_insert("-R", self.log), "")
        self.assertEqual(self.octets(), [1, 2, 3])

    def test_a_failure_keeps_rows_and_position_together(self):
        self.log.write_bytes(log(*range(1, 8)))
        self.refuse_octets(5)
        self.assertIn("flowd.log", self.run_insert("-b2", self.log, status=1))
        self.assertEqual(self.octets(), [1, 2, 3, 4])
        self.refuse_octets(None)
        self.run_insert("-b2", self.log)
        self.assertEqual(self.octets(), [1, 2, 3, 4, 5, 6, 7])

    def test_more_than_a_transaction(self):
        self.log.write_bytes(log(*range(10)))
        self.assertEqual(self.run_insert("-v", "-b", "3", self.log),
                         f"{self.log}: 10 flows\n")
        self.assertEqual(self.octets(), list(range(10)))

    def test_several_at_once(self):
        numbers = list(range(400))
        self.log.write_bytes(log(*numbers))
        running = [subprocess.Popen(
            ["perl", PROGRAM, *self.database(), "-b2", str(self.log)],
            cwd=self.dir, env=self.env, stderr=subprocess.DEVNULL)
            for _ in range(3)]
        for process in running:
            process.wait(SECONDS)
        self.run_insert(self.log)
        self.assertEqual(self.octets(), numbers)

    def test_pipes_and_standard_input(self):
        """The flows of a pipe are inserted each time; those of a file once."""
        self.log.write_bytes(log(1, 2))
        for _ in range(2):
            with open(self.log, "rb") as file:
                self.assertEqual(self.run_insert("-", stdin=file), "")
            self.assertEqual(self.run_insert("-v", "-", data=log(3, 4)),
                             "-: 2 flows\n")
        self.assertEqual(self.octets(), [1, 2, 3, 3, 4, 4])
        self.assertEqual(
            self.run_insert("-", data=log(5) + log(6)[:30]),
            "flowinsert: -: ends inside a record, which is left out\n")
        self.assertIn("30 damaged bytes", self.run_insert(
            "-R", "-", data=gzip.compress(log(7) + log(8)[:30]), status=3))
        self.assertEqual(self.run_insert("-", data=b""), "")
        self.assertEqual(self.octets()[-2:], [5, 7])

    def test_another_table(self):
        self.log.write_bytes(log(1))
        self.run_insert("-t", "traffic", self.log)
        self.assertEqual(len(self.query("SELECT * FROM traffic")), 1)

    def test_missing_and_empty_logs(self):
        self.log.write_bytes(log(1))
        (self.dir / "empty.log").touch()
        said = self.run_insert("none.log", "empty.log", ".", self.log,
                               status=1)
        self.assertIn("cannot open none.log: No such file", said)
        self.assertIn(". is not a regular file", said)
        self.assertEqual(self.octets(), [1])


@unittest.skipIf(NO_SQLITE, NO_SQLITE)
class SQLite(Cases, InsertTest):
    def database(self):
        return ["-d", "flows.sqlite"]

    def query(self, statement):
        db = sqlite3.connect(self.dir / "flows.sqlite")
        try:
            return db.execute(statement).fetchall()
        finally:
            db.commit()
            db.close()

    def refuse_octets(self, number):
        if number is None:
            self.query("DROP TRIGGER refuse")
            return
        self.run_insert(os.devnull, status=1)	# creates the tables
        self.query("CREATE TRIGGER refuse BEFORE INSERT ON flows WHEN "
                   f"new.flow_octets = {number} "
                   "BEGIN SELECT RAISE(ABORT, 'refused'); END")

    def test_counters_are_integers_if_possible(self):
        self.log.write_bytes(log(*COUNTERS))
        self.run_insert(self.log)
        self.assertEqual(
            [t for t, in self.query("SELECT typeof(flow_octets) FROM flows "
                                    "ORDER BY flow_octets")],
            ["integer"] * 4 + ["text"] * 3)

    def test_under_a_collector(self):
        with Flowd("store ALL") as flowd:
            for count in 1, 2:
                flowd.send(netflow.datagram(5, netflow.flows(20)))
                flowd.wait_flows(20 * count)
                self.run_insert(flowd.log)
            old = flowd.log.rename(flowd.dir / "old")
            flowd.expect("logs reopened", SIGUSR1)
            flowd.send(netflow.datagram(5, netflow.flows(20)))
            flowd.wait_flows(20)
            self.run_insert(old, flowd.log)
            self.assertEqual(len(self.octets()), 60)
            self.assertEqual(
                self.octets(), sorted(3 * [f["octets"]
                                           for f in flowd.flows()]))

    def test_wrong_arguments(self):
        self.log.write_bytes(log(1))
        for args in ["-b0", self.log], ["-t", "a;b", self.log], ["-Z"], []:
            with self.subTest(args=args):
                self.assertIn("flowinsert", self.run_insert(*args, status=1))
        self.assertIn("usage: flowinsert", self.run_insert("-h"))

    def test_a_database_that_cannot_be_opened(self):
        self.log.write_bytes(log(1))
        (self.dir / "flows.sqlite").write_text("no database " * 100)
        self.assertIn("flowinsert: cannot use the database: ",
                      self.run_insert(self.log, status=1))


class PostgreSQL(Cases, InsertTest):
    """A server for this test, which listens only on a UNIX socket."""

    @classmethod
    def setUpClass(cls):
        no_pg = perlmodule.missing("DBD::Pg")
        if no_pg:
            raise unittest.SkipTest(no_pg)
        programs = postgres_programs()
        if programs is None:
            raise unittest.SkipTest("PostgreSQL is not installed")
        # PostgreSQL refuses to run as root.
        root = os.geteuid() == 0
        cls.user = "nobody" if root else getpass.getuser()
        as_user = {"user": "nobody"} if root else {}
        tmp = tap.TemporaryDirectory(prefix="flowd-pg-")
        cls.addClassCleanup(tmp.cleanup)
        cls.home = pathlib.Path(tmp.name)
        if root:
            shutil.chown(cls.home, cls.user)
        subprocess.run(
            [programs / "initdb", "-N", "-A", "trust", "-E", "UTF8",
             "--locale=C", "--wal-segsize=1", "-U", "flowd", "-D",
             cls.home / "data"],
            cwd=cls.home, check=True, stdout=subprocess.DEVNULL, **as_user)
        server = subprocess.Popen(
            [programs / "postgres", "-F", "-D", cls.home / "data", "-k",
             cls.home, "-c", "listen_addresses=", "-c", "min_wal_size=2MB",
             "-c", "max_wal_size=4MB"], cwd=cls.home,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **as_user)
        cls.addClassCleanup(server.wait)
        cls.addClassCleanup(server.terminate)
        subprocess.run(
            ["perl", "-MDBI", "-e", "for (1 .. 600) { exit 0 if DBI->connect("
             "$ARGV[0], undef, undef, { PrintError => 0 }); "
             "select undef, undef, undef, 0.05 } exit 1",
             f"dbi:Pg:{cls.conninfo('public')}"], check=True)

    @classmethod
    def conninfo(cls, schema):
        """Uses a schema for each test: a database would need 8 MB of disk."""
        return (f"dbname=postgres;host={cls.home};user=flowd;"
                f"options=-csearch_path={schema}")

    def setUp(self):
        super().setUp()
        self.name = self.id().rpartition(".")[2].lower()[:60]
        self.perl_sql("public", f"CREATE SCHEMA {self.name}")

    def database(self):
        return ["-p", self.conninfo(self.name)]

    def perl_sql(self, schema, statement):
        """Runs one statement, and returns its rows as text."""
        out = subprocess.run(
            ["perl", "-MDBI", "-e", "my $db = DBI->connect($ARGV[0], undef, "
             "undef, { RaiseError => 1 }); my $s = $db->prepare($ARGV[1]); "
             "$s->execute; $s->{NUM_OF_FIELDS} and print map { "
             "join(\"\\t\", map { $_ // 'NULL' } @$_) . \"\\n\" } "
             "@{$s->fetchall_arrayref}",
             f"dbi:Pg:{self.conninfo(schema)}", statement],
            check=True, capture_output=True, text=True).stdout
        return [tuple(None if v == "NULL" else v for v in line.split("\t"))
                for line in out.splitlines()]

    def query(self, statement):
        return self.perl_sql(self.name, statement)

    def refuse_octets(self, number):
        if number is None:
            self.query("ALTER TABLE flows DROP CONSTRAINT refuse")
            return
        self.run_insert(os.devnull, status=1)	# creates the tables
        self.query("ALTER TABLE flows ADD CONSTRAINT refuse "
                   f"CHECK (flow_octets <> {number})")


if __name__ == "__main__":
    tap.main()
