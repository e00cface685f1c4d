#!/usr/bin/env python3
"""flowd's messages arrive whole and with the right process name: on standard
error, on the journal's stream, and in syslog, from every process."""

import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from feed import Feed
from flowdtest import COLLECTOR, Flowd, need, state, stopped, wait_for
from hooked import Hooked, needs_hook
from wire import has_loopback_net

INVALID = bytes.fromhex("0005000a") + bytes(20)
UNKNOWN = bytes.fromhex("00080001") + bytes(20)


def said(flowd):
    """Returns flowd's lines unchanged, with the names of processes."""
    return flowd.stderr.read_text("utf-8", errors="strict").splitlines()


class Journal(Flowd):
    """Standard error is the journal's stream, or only claimed to be."""

    def __init__(self, *args, truth=True, **kwargs):
        super().__init__(*args, **kwargs)
        self.truth = truth

    def environment(self):
        status = os.stat(self.stderr)
        inode = status.st_ino + (0 if self.truth else 1)
        return {**super().environment(),
                "JOURNAL_STREAM": f"{status.st_dev}:{inode}"}


class StandardError(unittest.TestCase):
    """flowd runs in the foreground."""

    def test_collector_has_a_name(self):
        with Flowd("store ALL") as flowd:
            flowd.send(INVALID)
            flowd.wait_stderr("dropped")
            self.assertTrue(all(
                line.startswith(COLLECTOR + "127.0.0.1: ")
                for line in said(flowd) if "dropped" in line))

    def test_collectors_have_numbers(self):
        with Flowd("store ALL", "workers 3") as flowd:
            flowd.expect("kernel-drops", signal.SIGUSR2)
            lines = said(flowd)
        for name in ("collector: ", "collector 2: ", "collector 3: "):
            self.assertTrue(any(line.startswith(name + "collector runs as")
                                for line in lines), name)

    def test_messages_to_the_journal_have_priorities(self):
        with Journal("store ALL") as flowd:
            flowd.send(INVALID)
            flowd.wait_stderr("dropped")
            os.kill(flowd.collector(), signal.SIGKILL)
            flowd.wait_stderr("starting a new collector")
            lines = said(flowd)
        for line in lines:
            self.assertRegex(line, "^<[2-6]>[^<]")
        for level, text in ((6, "flowd is running"),
                            (4, COLLECTOR + "127.0.0.1: "),
                            (4, r"collector \d+ was killed"),
                            (6, "starting a new collector")):
            self.assertTrue(any(re.match(f"<{level}>{text}", line)
                                for line in lines), text)

    def test_messages_to_other_streams_have_no_priorities(self):
        with Journal("store ALL", truth=False) as flowd:
            lines = said(flowd)
        self.assertFalse([line for line in lines if line.startswith("<")])

    def test_startup_errors_have_priorities_too(self):
        flowd = Journal("nonsense")
        self.addCleanup(flowd._discard)
        flowd.configure()
        flowd.launch("wb")
        self.assertEqual(flowd.process.wait(30), 1)
        self.assertRegex(said(flowd)[0], "^<4>.*flowd.conf:")

    def test_debugging_output_is_complete(self):
        count = 3000
        with Flowd("store ALL", args=["-d"]) as flowd:
            for _ in range(count // 30):
                flowd.send(netflow.datagram(5, netflow.flows(30)))
            flowd.wait_flows(count)
            wait_for(lambda: sum(line.startswith("FLOW ") for line in
                                 flowd.stderr_lines()) == count,
                     f"{count} flows are shown")


@needs_hook
class Repeated(unittest.TestCase):
    """The collector repeats a request that the monitor cannot fulfil."""

    MESSAGE_LEN = 12
    WANT_STATE = 6
    WANT_REPAIR = 12

    def repeat(self, flowd, request, failure, recovery, mend):
        """Asserts that three failures cause one message, and that success
        causes another one."""
        order = f"request {request} {self.MESSAGE_LEN}"
        for _ in range(3):
            flowd.order(order)
        flowd.wait_stderr(failure)
        mend()
        flowd.order(order)
        flowd.wait_stderr(recovery)
        said = "\n".join(flowd.stderr_lines())
        self.assertEqual(said.count(failure), 1, said)
        flowd.order(order)
        said = "\n".join(flowd.stderr_lines())
        self.assertEqual(said.count(recovery), 1, said)

    def test_state_that_cannot_be_written(self):
        flowd = Hooked("store ALL", 'statefile "@DIR@/state"')
        temporary = flowd.dir / "state.new"
        with flowd:
            temporary.mkdir()
            self.repeat(flowd, self.WANT_STATE, "cannot create",
                        "was written again", temporary.rmdir)

    def test_log_that_cannot_be_repaired(self):
        with Hooked("store ALL") as flowd:
            flowd.log.write_bytes(b"a text, and no log")
            self.repeat(flowd, self.WANT_REPAIR, "not a flow log",
                        "its end was repaired",
                        lambda: os.truncate(flowd.log, 0))


@needs_hook
class Distrust(unittest.TestCase):
    """The collector may be controlled by an attacker."""

    def write(self, flowd, data):
        before = len(said(flowd))
        flowd.order(f"write {data.hex()}")
        return said(flowd)[before:-1]

    def test_last_messages_come_before_the_cause_of_death(self):
        count = 1500
        with Hooked("store ALL") as flowd:
            collector = flowd.collector()
            with stopped(flowd.pid()):
                flowd.send(f"HOOK last {count}".encode())
                wait_for(lambda: state(collector) == "Z",
                         "the collector has died")
            flowd.wait_stderr("is skipped")
            lines = said(flowd)
        first = lines.index(f"{COLLECTOR}hook: word 1 of {count}")
        words = lines[first:first + count]
        self.assertEqual(words[-1], f"{COLLECTOR}hook: word {count} of {count}")
        rest = [line for line in lines[first + count:]
                if not line.startswith(COLLECTOR)]
        self.assertRegex(rest[0], r"^collector \d+ (was killed|exited)")

    def test_hanging_monitor_does_not_block_the_collector(self):
        count = 5000
        with Hooked("store ALL") as flowd:
            with stopped(flowd.pid()):
                flowd.send(f"HOOK say {count}".encode())
                flowd.send(netflow.datagram(5, netflow.flows(1)))
                flowd.wait_flows(1)
            missing = int(re.search(r"(\d+) messages were dropped", flowd.
                wait_stderr("messages were dropped, since"))[1])
            words = [l for l in flowd.stderr_lines() if "hook: word" in l]
        self.assertGreater(len(words), 100)
        # The 2 are the hook's own message and that about the new exporter.
        self.assertIn(count - len(words) + 2 - missing, range(2))

    def test_collector_cannot_forge_messages(self):
        with Hooked("store ALL") as flowd:
            self.assertEqual(
                self.write(flowd, b"monitor: flowd is running\r\n"),
                [COLLECTOR + r"monitor: flowd is running\015"])
            self.assertEqual(
                self.write(flowd, b"<6>\x1b[2Jcl\x00ear \xff\xc2\x9b \xe9t\n"),
                [COLLECTOR + r"\033[2Jcl\000ear \377\302\233 \351t"])
            self.assertEqual(self.write(flowd, "<3>Zürich ✓\n".encode()),
                             [COLLECTOR + "Zürich ✓"])
            self.assertEqual(self.write(flowd, b"\n\n<6>\n"), [])

    def test_an_endless_line_is_cut(self):
        with Hooked("store ALL") as flowd:
            for _ in range(40):
                flowd.send(b"HOOK write " + b"61" * 100)
            flowd.send(b"HOOK write 0a")
            long = flowd.wait_stderr("aaa")
        self.assertIn(len(long), range(100, 1024))

    def test_flood_is_limited_and_signals_are_handled(self):
        with Hooked("store ALL") as flowd:
            flowd.send(b"HOOK shout 3000")
            wait_for(lambda: flowd.stderr.stat().st_size > 64 * 1024,
                     "many messages are logged")
            flowd.expect("reading", signal.SIGHUP)
            wait_for(lambda: state(flowd.collector()) == "S",
                     "the collector is idle")
            os.kill(flowd.collector(), signal.SIGKILL)
            flowd.wait_stderr("were dropped, since it logged too many")
            # The next collector does not have a higher limit.
            flowd.wait_stderr("starting a new collector")
            self.assertLess(flowd.stderr.stat().st_size, 300 * 1024)


    def test_signals_are_handled_without_a_limit(self):
        with Hooked("store ALL", args=["-d"]) as flowd:
            flowd.send(b"HOOK shout 1000")
            flowd.wait_stderr("louder")
            flowd.signal(signal.SIGHUP)
            flowd.wait_stderr("hook: did shout")
            text = flowd.stderr.read_bytes()
        self.assertIn(b"reading", text)
        self.assertLess(text.index(b"reading"), text.rindex(b"louder"))


@unittest.skipUnless(has_loopback_net(), "127.0.0.0/8 is not local")
class Quiet(unittest.TestCase):
    """Datagrams cannot fill the log, from whichever address."""

    JUNK = (INVALID, UNKNOWN, b"", b"\0",
            # v9: without template; with an invalid template.
            bytes.fromhex("00090001") + bytes(16) + bytes.fromhex(
                "01000008 00000000"),
            bytes.fromhex("00090001") + bytes(16) + bytes.fromhex(
                "00000008 01000000"),
            # IPFIX: shorter than its length field.
            bytes.fromhex("000affff") + bytes(12))
    ADDRESSES = 600
    AT_ONCE = 250	# LOG_BUDGET_LINES

    def lines(self, *statements, source):
        with Flowd("store ALL", *statements) as flowd:
            before = len(flowd.stderr_lines())
            feed = Feed(flowd)
            for number in range(self.ADDRESSES):
                for datagram in self.JUNK:
                    feed.send(datagram, source(number))
            feed.drain()
            # Messages about other things are still logged.
            flowd.expect("kernel-drops", signal.SIGUSR2)
            said = flowd.stderr_lines()[before:]
        first = next(i for i, line in enumerate(said)
                     if line.startswith("exporters "))
        return said[:first]

    def test_forged_addresses(self):
        said = self.lines(
            source=lambda n: f"127.{n % 200 + 1}.0.{n // 200 + 1}")
        self.assertIn(len(said), range(self.AT_ONCE, 2 * self.AT_ONCE + 5))

    def test_refused_addresses(self):
        said = self.lines(
            f"flow source {Feed.AGENT}",
            source=lambda n: f"127.{n % 200 + 1}.0.{n // 200 + 1}")
        self.assertEqual(
            len([l for l in said if 'no "flow source" allows this' in l]), 1)
        self.assertLess(len(said), 5, said)

    def test_report_is_complete_nevertheless(self):
        count = 3000
        datagram = netflow.datagram(5, netflow.flows(1))
        with Flowd("store ALL") as flowd:
            feed = Feed(flowd)
            for number in range(count):
                feed.send(datagram, f"127.3.{number % 15}.{number // 15}")
            feed.drain()
            for turn in range(2):
                flowd.expect("kernel-drops", signal.SIGUSR2)
                lines = flowd.stderr_lines()
                self.assertEqual(
                    sum(re.match(r"127\.3\..*: datagrams 1 ", line) is not None
                        for line in lines), count * (turn + 1))
                self.assertNotIn("were dropped, since", "".join(lines))

    def test_one_exporter(self):
        said = self.lines(source=lambda _: "127.0.0.3")
        self.assertEqual(
            len([l for l in said if l.startswith("127.0.0.3: ")]), 5, said)


class Detached(Flowd):
    """flowd runs in the background."""

    def start(self):
        self.configure()
        with open(self.stderr, "wb") as stderr:
            status = subprocess.run(
                self.command(), stdin=subprocess.DEVNULL, check=False,
                stdout=stderr, stderr=stderr,
                env=self.environment()).returncode
        if status != 0:
            raise AssertionError("; ".join(self.stderr_lines()))

    def stop(self, number=signal.SIGTERM):
        self.signal(number)
        wait_for(lambda: not self.pidfile.exists(), "flowd ends")

    def _discard(self):
        if self.pid() is not None:
            self.signal(signal.SIGKILL)	# its collector ends with it
        super()._discard()


class Syslogd:
    """Reads /dev/log, which belongs to the test."""

    PATH = "/dev/log"

    def __init__(self):
        self.lines = []
        self.sock = None
        self.start()

    def start(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.PATH)
        os.chmod(self.PATH, 0o666)
        self.sock.setblocking(False)

    def stop(self):
        self.read()
        self.sock.close()
        os.unlink(self.PATH)

    def read(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                self.lines.append(self.sock.recv(8192).decode())
        return self.lines

    def wait(self, text):
        """Returns the first line that contains text."""
        return wait_for(
            lambda: next((l for l in self.read() if text in l), None),
            f"syslogd receives {text!r}")


INSIDE = "FLOWD_TEST_DEVICES"
SETUP = """
new=$(mktemp -d)
mount -t tmpfs tmpfs "$new"
for name in null zero full random urandom; do
    : >"$new/$name"
    mount --bind "/dev/$name" "$new/$name"
done
mount --move "$new" /dev
rmdir "$new"
"""
UNSHARE = ["unshare", "--mount", "--propagation", "private", "sh", "-ec"]


def why_no_devices():
    """Returns why the test cannot have a /dev of its own, or None."""
    if os.geteuid() != 0:
        return "not root"
    if need("unshare", "mount"):
        return "unshare is not installed"
    if subprocess.run([*UNSHARE, SETUP], stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL, check=False).returncode != 0:
        return "mount namespaces cannot be created here"
    return None


class Syslog(unittest.TestCase):
    """flowd runs in the background.  The test has its own /dev/log, which does
    not exist in the collector's root."""

    def setUp(self):
        if INSIDE not in os.environ:
            self.skipTest(WHY_NOT)
        self.syslogd = Syslogd()
        self.addCleanup(self.syslogd.stop)

    def test_all_processes_log(self):
        with Detached("store ALL") as flowd:
            flowd.send(INVALID)
            line = self.syslogd.wait("dropped")
            monitor = flowd.pid()
            self.assertRegex(
                line, rf"^<28>.* flowd\[{monitor}\]: collector: 127.0.0.1: ")
            self.assertRegex(
                self.syslogd.wait("flowd is running"),
                rf"^<30>.* flowd\[{monitor}\]: monitor: flowd is running$")
            flowd.write_conf("nonsense")
            flowd.signal(signal.SIGHUP)
            self.assertRegex(self.syslogd.wait("flowd.conf:"), r"^<28>")
        self.syslogd.wait("stopping")
        self.syslogd.wait("kernel-drops")

    def test_syslogd_is_restarted(self):
        with Detached("store ALL") as flowd:
            self.syslogd.wait("flowd is running")
            for datagram, text in ((INVALID, "does not fit the length"),
                                   (UNKNOWN, "version 8")):
                self.syslogd.stop()
                self.syslogd.start()
                flowd.send(datagram)
                self.syslogd.wait(text)
            self.syslogd.stop()
            self.syslogd.start()
            os.kill(flowd.collector(), signal.SIGKILL)
            self.syslogd.wait("was killed by signal 9")
            self.syslogd.wait("collector runs as")
            self.syslogd.stop()
            self.syslogd.start()
            flowd.signal(signal.SIGUSR2)
            self.syslogd.wait("kernel-drops")

    def test_start_without_syslogd(self):
        self.syslogd.stop()
        try:
            with Detached("store ALL") as flowd:
                self.syslogd.start()
                flowd.send(INVALID)
                self.syslogd.wait("dropped")
        finally:
            if not os.path.exists(Syslogd.PATH):
                self.syslogd.start()


if __name__ == "__main__":
    WHY_NOT = None if INSIDE in os.environ else why_no_devices()
    if WHY_NOT is None and INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        os.execvp("unshare", [*UNSHARE, SETUP + 'exec "$@"', "sh",
                              sys.executable, *sys.argv])
    tap.main()
