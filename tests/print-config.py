#!/usr/bin/env python3
"""flowd -nv prints the parsed configuration in a form that parses to the same
configuration."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap
from flowdtest import PATIENCE, Flowd, transplant

# Every statement, in every way that it may be written.
GIVEN = r"""
customers = 198.51.100.0/24
socket = "/var/spool/flowd.sock"
table <internal> { 10.0.0.0/8, 192.168.0.0/16 2001:db8:1::/48 }
table <none> { }
table <few> { 198.51.100.0/24 }
include "@DIR@/more.conf"
listen on 127.0.0.1:2055
listen on [::1]:9995 bufsize 65536
listen on 0.0.0.0:2056 interface eth0 name east
listen on 0.0.0.0:2057 name "west"
listen on [::]:2056 interface "eth1" bufsize 0x100000
listen on [fe80::1%eth0]:2055 name east
listen on [fe80::1%eth1]:2055
join group 239.1.2.3
join group 239.1.2.4%eth0
join group ff15::1:2055 on eth1
flow source 192.0.2.1
flow source 192.0.2.128/25
flow source { 2001:db8::/120, <few> }
forward to 192.0.2.200:2055
forward to [2001:db8::5]:2055
forward to [fe80::5%eth0]:2055
forward to [ff02::5%eth1]:2055
forward to [ff02::5]:2055
logfile "/var/log/flowd.log"
logfile "/var/log/one 'two' # three.log" tag 0x10,2,1
logfile '/var/log/"three".log' tag 3
logfile "/%Y%m%d-%H%M" tag 4 keep 30d keep 4000K rotate every 5m \
    compress
logfile "/var/log/five" tag 5 rotate at size 100M keep 10 files
logfile "/var/log/six" tag 6 utc compress rotate every 1h
logfile "/var/log/seven" tag 7 group root
logfile "/log/%{exporter}-%Y%m%d" tag 17 rotate every 1d
logfile "/var/log/eight" tag 8 group "root" mode 600
logfile "/var/log/nine" tag 9 compress mode 0644 rotate every 1d
sync 0x10
workers 2
logsock $socket bufsize 100000
pidfile /var/run/flowd.pid
statefile "/var/lib/flowd.state"
crashdump "/var/lib/flowd-crashes"
limit exporters 1000
limit templates 100
limit interfaces 500
limit memory 64M
limit buffer 8M
limit logs 0x10
limit deaths 3
limit compressors 0x8
store SRC_ADDR
store OCTETS
discard all
accept tag 1 src $customers
accept tag 2 quick dst ! $customers
accept tag 0 in_ifndx 1 agent 192.0.2.1 out_ifndx ! 2
accept inet src any port 80 proto tcp
accept ! inet6
accept inet6 dst 2001:db8::/32 port ! { 80, 443, 8000-8999 } \
    proto udp
accept src <internal> dst ! <internal>
accept src { 192.0.2.0/24, 2001:db8::/32 } dst ! { 192.0.2.0/24, <file> }
accept src any port > 1024 dst any port <= 1023 proto sctp
accept dst any port >= 1024 proto tcp tcp_flags mask 0x12 equals 0x02
accept proto ! tcp
accept proto { 1, 6, 17 } tos 020
accept proto tcp tcp_flags ! equals 0x12
accept in_ifndx { 1, 5-9 } out_ifndx < 10
accept packets > 100 octets 1000-2000
accept packets ! 7 octets ! { 1, 9 }
accept src 192.0.2.1 on west
accept on ! { west east, west }
accept src_as 64500 dst_as { 64501, 4200000000-4200000100 }
accept version ! { 1, 5, 7 }
accept days mon after 08:00 before 18:00:30
accept days mon,wed,fri after 22:00 before 06:00
discard after date 202511 before date 20251231235959
"""
MORE = """\
table <file> file "@DIR@/table"
accept tag 4294967295 days tue-thu
"""
TABLE = """\
# two networks
203.0.113.0/24
2001:db8:2::/48	# of which this is one
"""
PRINTED = r"""
listen on 127.0.0.1:2055
listen on [::1]:9995 bufsize 65536
listen on 0.0.0.0:2056 interface "eth0" name "east"
listen on 0.0.0.0:2057 name "west"
listen on [::]:2056 interface "eth1" bufsize 1048576
listen on [fe80::1]:2055 interface "eth0" name "east"
listen on [fe80::1]:2055 interface "eth1"
table <internal> {
	10.0.0.0/8
	192.168.0.0/16
	2001:db8:1::/48
}
table <none> {
}
table <few> {
	198.51.100.0/24
}
table <file> {
	203.0.113.0/24
	2001:db8:2::/48
}
flow source 192.0.2.1/32
flow source 192.0.2.128/25
flow source 2001:db8::/120
flow source <few>
join group 239.1.2.3
join group 239.1.2.4 on "eth0"
join group ff15::1:2055 on "eth1"
forward to 192.0.2.200:2055
forward to [2001:db8::5]:2055
forward to "[fe80::5%eth0]:2055"
forward to "[ff02::5%eth1]:2055"
forward to [ff02::5]:2055
logfile "/var/log/flowd.log"
logfile "/var/log/one 'two' # three.log" tag 1,2,16
logfile "/var/log/\"three\".log" tag 3
logfile "/%Y%m%d-%H%M" tag 4 rotate every 300s keep 2592000s keep 4096000 compress
logfile "/var/log/five" tag 5 rotate at size 104857600 keep 10 files
logfile "/var/log/six" tag 6 rotate every 3600s utc compress
logfile "/var/log/seven" tag 7 mode 0640 group "root"
logfile "/log/%{exporter}-%Y%m%d" tag 17 rotate every 86400s
logfile "/var/log/eight" tag 8 mode 0600 group "root"
logfile "/var/log/nine" tag 9 rotate every 86400s compress mode 0644
logsock "/var/spool/flowd.sock" bufsize 100000
pidfile "/var/run/flowd.pid"
statefile "/var/lib/flowd.state"
crashdump "/var/lib/flowd-crashes"
limit exporters 1000
limit templates 100
limit interfaces 500
limit memory 67108864
limit buffer 8388608
limit logs 16
limit deaths 3
limit compressors 8
sync 16
workers 2
store SRC_ADDR4
store SRC_ADDR6
store OCTETS
accept tag 4294967295 days tue,wed,thu
discard all
accept tag 1 src 198.51.100.0/24
accept tag 2 quick dst ! 198.51.100.0/24
accept tag 0 agent 192.0.2.1/32 in_ifndx 1 out_ifndx ! 2
accept inet src any port 80 proto 6
accept ! inet6
accept inet6 dst 2001:db8::/32 port ! { 80, 443, 8000-8999 } proto 17
accept src <internal> dst ! <internal>
accept src { 192.0.2.0/24, 2001:db8::/32 } dst ! { 192.0.2.0/24, <file> }
accept src any port >= 1025 dst any port 0-1023 proto 132
accept dst any port >= 1024 proto 6 tcp_flags mask 0x12 equals 0x02
accept proto ! 6
accept proto { 1, 6, 17 } tos 0x10
accept proto 6 tcp_flags mask 0xff ! equals 0x12
accept in_ifndx { 1, 5-9 } out_ifndx 0-9
accept packets >= 101 octets 1000-2000
accept packets ! 7 octets ! { 1, 9 }
accept on "west" src 192.0.2.1/32
accept on ! { "east", "west" }
accept src_as 64500 dst_as { 64501, 4200000000-4200000100 }
accept version ! { 1, 5, 7 }
accept days mon after 08:00:00 before 18:00:30
accept days mon,wed,fri after 22:00:00 before 06:00:00
discard after date 20251101000000 before date 20251231235959
"""
OFFERED = re.compile(r"^# (?=(listen on|flow source|join group|forward to|"
                     r"logsock|pidfile|store|table|accept|discard|\w+ =) )",
                     re.MULTILINE)


class Print(unittest.TestCase):
    def setUp(self):
        self.flowd = Flowd()
        self.flowd.dir.chmod(0o755)	# for the parser's user
        for name, text in (("more.conf", MORE), ("table", TABLE)):
            (self.flowd.dir / name).write_text(self.here(text))

    def here(self, text):
        return transplant(text.replace("@DIR@", str(self.flowd.dir)),
                          self.flowd.dir)

    def run_flowd(self, text, *args, stdout=subprocess.PIPE, **env):
        self.flowd.conf.write_text(self.here(text))
        return subprocess.run(
            self.flowd.command("-n", "-v", *args), stdout=stdout,
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            timeout=PATIENCE, check=False, env={**os.environ, **env})

    def print(self, text, *args, **env):
        """Returns the output of flowd -nv for a file with this text."""
        result = self.run_flowd(text, *args, **env)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def test_everything(self):
        printed = self.here(PRINTED.lstrip())
        self.assertEqual(self.print(GIVEN), printed)
        self.assertEqual(self.print(printed), printed)

    def test_time_zones(self):
        """Times are local times, and are printed unchanged in each zone."""
        for zone in ("UTC", "Asia/Kathmandu", "America/St_Johns"):
            self.assertEqual(self.print(GIVEN, TZ=zone),
                             self.here(PRINTED.lstrip()))

    def test_sample(self):
        """The sample as it is, and with everything that it offers."""
        sample = (tap.SRC / "flowd.conf").read_text()
        for text in (sample, OFFERED.sub("", sample)):
            once = self.print(text)
            self.assertIn("listen on 127.0.0.1:2055\n", once)
            self.assertEqual(self.print(once), once)

    def test_defaults(self):
        """Prints defaults as statements where that does not change the
        meaning."""
        text = self.here('listen on [::]:2055\nlogfile "@DIR@/log"\n')
        self.assertEqual(self.print(text), text + "store ALL\n")

    def test_macros_of_the_command_line(self):
        text = 'listen on $at\nlogfile "/log"\n'
        self.assertTrue(self.print(text, "-D", "at=192.0.2.1:2055")
                        .startswith("listen on 192.0.2.1:2055\n"))

    def test_errors(self):
        """In case of errors, nothing else is printed."""
        result = self.run_flowd(PRINTED + "listen\n" + "store NONSENSE\n")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        lines = PRINTED.count("\n")
        self.assertEqual(
            [line.split(" ")[0] for line in result.stderr.splitlines()],
            [f"{self.flowd.conf}:{lines + i}:" for i in (1, 2)])

    def test_nothing_is_opened(self):
        before = sorted(os.listdir(self.flowd.dir))
        self.print('listen on 192.0.2.1:2055\nlogfile "@DIR@/log"\n'
                   'statefile "@DIR@/state"\npidfile "@DIR@/pid"\n')
        self.assertEqual(sorted(os.listdir(self.flowd.dir)),
                         sorted([*before, "flowd.conf"]))

    @unittest.skipUnless(os.path.exists("/dev/full"),
                         "/dev/full does not exist")
    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            result = self.run_flowd(PRINTED, stdout=full)
        self.assertEqual(result.returncode, 1)
        self.assertIn("standard output", result.stderr)


if __name__ == "__main__":
    tap.main()
