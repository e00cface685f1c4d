#!/usr/bin/env python3
"""SIGHUP makes flowd use a changed time zone of the machine."""

import os
import pathlib
import signal
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from flowdtest import Flowd, need, wait_for

HOURS = 6			# of the second zone, east of UTC
ZONE = "/etc/localtime"
# Runs flowd where another file is the machine's time zone.
PRIVATE = ("unshare", "--mount", "sh", "-c",
           f'mount --bind "$0" {ZONE} && exec "$@"')


def zone_file(hours):
    """Returns a file of a zone (RFC 8536) with this offset from UTC."""
    data = struct.pack(">6l", 0, 0, 0, 0, 1, 4) + struct.pack(
        ">lBB", hours * 3600, 0, 0) + b"TST\0"
    header = b"TZif2" + bytes(15)
    return header + data + header + data + f"\nTST{-hours}\n".encode()


def why_not():
    if os.geteuid() != 0 or need("unshare", "mount"):
        return "not root, or unshare or mount is not installed"
    if not os.path.exists(ZONE):
        return f"there is no {ZONE}"
    if subprocess.run(["unshare", "--mount", "true"],
                      check=False).returncode != 0:
        return "namespaces cannot be created here"
    return None


REASON = why_not()


@unittest.skipIf(REASON, REASON)
class Zone(unittest.TestCase):

    def test_rules_and_names(self):
        now = int(time.time())
        window = [time.strftime("%H:%M", time.gmtime(now + HOURS * 3600 + s))
                  for s in (-3600, 3600)]
        # The rule matches only in the second zone.
        flowd = Flowd(
            'logfile "@DIR@/%Y%m%d-%H%M%S.flow" tag 1 rotate every 1s',
            "store ALL", f"accept tag 1 after {window[0]} before {window[1]}")
        zone = flowd.dir / "zone"
        zone.write_bytes(zone_file(0))
        flowd.prefix = [*PRIVATE, str(zone)]
        with flowd:
            self.send(flowd)
            flowd.wait_flows(1)
            zone.write_bytes(zone_file(HOURS))
            flowd.expect("new configuration in force", signal.SIGHUP)
            self.send(flowd)
            wait_for(lambda: sum(path.stat().st_size for path in
                                 self.logs(flowd)) > 0,
                     "the rule matches in the second zone")
            wait_for(lambda: self.named(flowd, now),
                     "a log is named by the second zone")
            self.assertEqual(len(flowd.flows()), 1)

    def send(self, flowd):
        flowd.send(netflow.datagram(5, netflow.flows(1)))

    def logs(self, flowd):
        return list(flowd.dir.glob("*.flow"))

    def named(self, flowd, now):
        hours = {time.strftime("%Y%m%d-%H", time.gmtime(
            now + HOURS * 3600 + s)) for s in (0, 600)}
        return any(path.name[:11] in hours for path in self.logs(flowd))


if __name__ == "__main__":
    tap.main()
