#!/usr/bin/env python3
"""The privileges of monitor and collector, and the monitor's reaction when a
collector dies."""

import os
import pathlib
import pwd
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from flowdtest import (PATIENCE, Flowd, has_privsep, make_variable, need,
                       wait_for)

NOBODY = 65534
SANDBOX = make_variable("SANDBOX")
CAPABILITY_SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
# CAP_ CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID, NET_BIND_SERVICE,
# NET_ADMIN, NET_RAW and SYS_CHROOT
MONITORS = (0, 1, 3, 5, 6, 7, 10, 12, 13, 18)


def status(pid):
    """Returns the fields of a process's status in /proc."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return {key: value.split() for key, _, value in
            (line.partition(":") for line in text.splitlines())}


@unittest.skipUnless(os.path.exists("/proc/self/status"),
                     "/proc is not mounted")
@unittest.skipUnless(has_privsep(),
                     "not root, or no user and chroot for the collector")
class Rights(unittest.TestCase):
    """flowd runs as root, with chroot and sandbox."""

    def flowd(self, *args, **kwargs):
        flowd = Flowd("store ALL", *args, **kwargs)
        flowd.insecure = False
        return flowd

    def test_collector_has_no_privileges(self):
        user = pwd.getpwnam(make_variable("PRIVSEP_USER"))
        # Supplementary groups, which the collector must lose, if setpriv
        # exists.
        prefix = [] if need("setpriv") else ["setpriv", "--groups=0,1,2"]
        with self.flowd(prefix=prefix) as flowd:
            collector = flowd.collector()
            have = status(collector)
            self.assertEqual(set(have["Uid"]), {str(user.pw_uid)})
            self.assertEqual(set(have["Gid"]), {str(user.pw_gid)})
            self.assertEqual(have["Groups"], [])
            for key in CAPABILITY_SETS:
                self.assertEqual(int(have[key][0], 16), 0, key)
            # A process that is not dumpable belongs to root in /proc.
            self.assertEqual(os.stat(f"/proc/{collector}/mem").st_uid, 0)
            self.assertEqual(have["NoNewPrivs"],
                             ["1" if SANDBOX == "seccomp" else "0"])
            self.assertEqual(have["Seccomp"],
                             ["2" if SANDBOX == "seccomp" else "0"])
            self.assertEqual(os.readlink(f"/proc/{collector}/root"),
                             os.path.realpath(make_variable("PRIVSEP_PATH")))
            self.assertEqual(os.readlink(f"/proc/{collector}/cwd"),
                             os.path.realpath(make_variable("PRIVSEP_PATH")))
            self.assertEqual(set(status(flowd.pid())["Uid"]), {"0"})
            flowd.wait_stderr(
                f"collector runs as {user.pw_name}, root "
                f"{make_variable('PRIVSEP_PATH')}, sandbox {SANDBOX}")

    def test_monitor_has_the_capabilities_it_needs(self):
        with self.flowd() as flowd:
            have = status(flowd.pid())
            before = status("self")
            for key in ("CapInh", "CapBnd", "CapAmb"):
                self.assertEqual(int(have[key][0], 16), 0, key)
            kept = int(before["CapPrm"][0], 16) & sum(
                1 << number for number in MONITORS)
            for key in ("CapPrm", "CapEff"):
                self.assertEqual(int(have[key][0], 16), kept, key)
            self.assertEqual(have["Seccomp"],
                             ["2" if SANDBOX == "seccomp" else "0"])

    @unittest.skipIf(need("setpriv"), "setpriv is not installed")
    def test_a_missing_capability_is_named(self):
        """As in a container, where root may lack some capabilities."""
        for name in "setgid", "setuid", "sys_chroot":
            with self.subTest(capability=name):
                flowd = self.flowd(prefix=["setpriv", f"--bounding-set=-{name}",
                                           f"--inh-caps=-{name}"])
                self.addCleanup(flowd._tmp.cleanup)
                flowd.configure()
                result = subprocess.run(
                    flowd.command("-g"), stdin=subprocess.DEVNULL, text=True,
                    capture_output=True, timeout=PATIENCE, check=False)
                self.assertEqual(result.returncode, 1, result.stderr)
                self.assertIn(f"root lacks the capability CAP_{name.upper()}; "
                              "add it", result.stderr)

    def test_log_in_another_users_directory(self):
        flowd = self.flowd('logfile "@DIR@/theirs/log" tag 7')
        (flowd.dir / "theirs").mkdir(mode=0o700)
        os.chown(flowd.dir / "theirs", NOBODY, NOBODY)
        with flowd:
            flowd.expect("logs reopened", signal.SIGUSR1)
            self.assertTrue((flowd.dir / "theirs" / "log").exists())

    def test_collector_has_only_the_descriptors_it_needs(self):
        with self.flowd() as flowd:
            open_files = [os.readlink(entry.path) for entry in
                          os.scandir(f"/proc/{flowd.collector()}/fd")]
            files = [name for name in open_files if name.startswith("/")]
            self.assertEqual(sorted(files), sorted([
                "/dev/null", "/dev/null", str(flowd.log)]))
            self.assertTrue(os.readlink(
                f"/proc/{flowd.collector()}/fd/2").startswith("pipe:"))
            # One to the monitor, one listener.
            sockets = [n for n in open_files if n.startswith("socket:")]
            self.assertEqual(len(sockets), 2)


class Sandbox(unittest.TestCase):
    """The sandbox does not depend on the user."""

    @unittest.skipUnless(os.path.exists("/proc/self/status"),
                         "/proc is not mounted")
    def test_insecure_is_confined(self):
        flowd = Flowd("store ALL")
        flowd.insecure = True
        with flowd:
            have = status(flowd.collector())
            for key in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                self.assertEqual(int(have[key][0], 16), 0, key)
            flowd.wait_stderr(f"root not changed, sandbox {SANDBOX}")
            if SANDBOX == "seccomp":
                self.assertEqual(have["Seccomp"], ["2"])
            flowd.send(netflow.datagram(5, netflow.flows(1)))
            flowd.wait_flows(1)

    @unittest.skipUnless(os.path.exists("/proc/self/status"),
                         "/proc is not mounted")
    def test_it_can_be_turned_off(self):
        with Flowd("store ALL", args=["-X", "NOSANDBOX"]) as flowd:
            flowd.wait_stderr("-X NOSANDBOX: no sandbox")
            flowd.wait_stderr("sandbox none")
            self.assertEqual(status(flowd.collector())["Seccomp"],
                             status("self")["Seccomp"])
            flowd.send(netflow.datagram(5, netflow.flows(1)))
            flowd.wait_flows(1)


class WithoutRoot(unittest.TestCase):
    """flowd is started by an ordinary user."""

    def prefix(self):
        if os.geteuid() != 0:
            return []
        if need("setpriv"):
            self.skipTest("setpriv is not installed")
        prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
                  "--clear-groups"]
        if subprocess.run([*prefix, "test", "-x", tap.program("flowd")],
                          check=False).returncode != 0:
            self.skipTest("others cannot reach the build directory")
        return prefix

    def test_it_runs_and_logs_what_is_off(self):
        flowd = Flowd("store ALL", prefix=self.prefix())
        if flowd.prefix:
            os.chown(flowd.dir, NOBODY, NOBODY)
        flowd.insecure = False
        with flowd:
            flowd.wait_stderr("not started by root")
            self.assertNotEqual(flowd.collector(), flowd.pid())
            flowd.send(netflow.datagram(5, netflow.flows(1)))
            flowd.wait_flows(1)


class Death(unittest.TestCase):
    """The collector dies; the monitor does not."""

    def kill(self, flowd, number=signal.SIGKILL):
        collector = flowd.collector()
        os.kill(collector, number)
        wait_for(lambda: flowd.process.poll() is not None or
                 flowd.children() not in ([], [collector]),
                 "another collector runs, or flowd has ended")

    def test_it_is_replaced_and_no_flow_is_lost(self):
        flows = netflow.flows(30)
        with Flowd("store ALL") as flowd:
            flowd.send(netflow.datagram(5, flows[:10]))
            flowd.wait_flows(10)
            first = flowd.collector()
            # The socket queues the datagrams sent between death and restart.
            os.kill(first, signal.SIGSTOP)
            flowd.send(netflow.datagram(5, flows[10:20]))
            self.kill(flowd)
            flowd.send(netflow.datagram(5, flows[20:]))
            stored = flowd.wait_flows(30)
            flowd.wait_stderr(f"collector {first} was killed by signal 9")
            self.assertNotEqual(flowd.collector(), first)
        self.assertEqual([f["src"] for f in stored],
                         [f["src"] for f in flows])

    def test_the_next_one_has_the_new_configuration(self):
        with Flowd("store SRC_ADDR") as flowd:
            flowd.write_conf("store DST_ADDR")
            flowd.signal(signal.SIGHUP)
            flowd.wait_stderr("new configuration in force")
            self.kill(flowd)
            flow = netflow.flows(1)[0]
            flowd.send(netflow.datagram(5, [flow]))
            self.assertEqual(flowd.wait_flows(1), [{"dst": flow["dst"]}])

    def test_limit_deaths_ends_flowd(self):
        flowd = Flowd("store ALL", "limit deaths 3")
        with self.assertRaisesRegex(AssertionError, "; flowd exits"), flowd:
            for _ in range(3):
                self.kill(flowd)
            self.assertEqual(flowd.process.wait(PATIENCE), 1)
            self.assertFalse(flowd.pidfile.exists())

    def test_collector_ends_with_its_monitor(self):
        flowd = Flowd("store ALL")
        with self.assertRaisesRegex(AssertionError, "exit status is -9"), \
                flowd:
            collector = flowd.collector()
            os.kill(flowd.pid(), signal.SIGKILL)
            wait_for(lambda: not os.path.exists(f"/proc/{collector}"),
                     "the collector has ended")


if __name__ == "__main__":
    tap.main()
