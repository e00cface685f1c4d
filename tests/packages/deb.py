#!/usr/bin/env python3
"""Tests Debian's packages, of deb/ in the build directory, in a minimal
Debian: they install, start, collect, upgrade, and can be purged without a
trace.

`make check-deb` runs it, as root. debootstrap makes the system from this
system's mirror, which also has the packages' dependencies.  Nothing else uses
the network: the installed programs run in namespaces that have only loopback.
The tests of a class are steps that build on each other, in this order: one
class with the script for SysV init, and one with systemd."""

import functools
import json
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "lib"))
import debian
import netflow9
import tap
from debian import APT, System, run
from flowdtest import need, wait_for
from netflow9 import V9, Template

PACKAGES = ("flowd", "flowd-tools", "libflowd1", "libflowd-dev",
            "libflowd-perl", "python3-flowd")
PORT = 2055			# of the default configuration
ROTATION = " rotate every 1d keep 14 files compress"	# likewise
LOG = "/var/log/flowd.log"
LOGROTATE = "/usr/share/doc/flowd/examples/flowd.logrotate"
SAMPLE = 12			# flows that flow-send -x sends
SEND = ("import socket, sys; socket.socket(type=socket.SOCK_DGRAM).sendto("
        f"bytes.fromhex(sys.argv[1]), ('127.0.0.1', {PORT}))")
PYTHON_COUNT = f"import flowd; print(sum(1 for _ in flowd.FlowLog('{LOG}')))"
PERL_COUNT = (f"my $log = Flowd->new('{LOG}'); my $n = 0; "
              "$n++ while $log->read_flow; print $n")
NEXT = "# of the next version\n"
CONTROL = 'control "/var/run/flowd.ctl"'
EXPOSURE = 35			# of 100, by systemd-analyze, at most
WATCHDOG = """[Service]
WatchdogSec=5
RestartSec=0
"""
LAYOUT = Template(300, ("sourceIPv4Address", 4), ("octetDeltaCount", 4))


def raise_version(deb, to):
    """Writes a copy of a package with a higher version, and with another
    default configuration."""
    with tempfile.TemporaryDirectory() as tmp:
        run("dpkg-deb", "-R", deb, tmp)
        tree = pathlib.Path(tmp)
        control = tree / "DEBIAN/control"
        text = control.read_text()
        version = next(line[9:] for line in text.splitlines()
                       if line.startswith("Version: "))
        control.write_text(text.replace(version, f"{version}.1"))
        conffile = tree / "etc/flowd.conf"
        if conffile.exists():
            conffile.write_text(conffile.read_text() + NEXT)
        run("dpkg-deb", "--root-owner-group", "-Znone", "-b", tmp, to)


@functools.cache
def base():
    """Makes the system that each class copies; all packages are downloaded
    there."""
    tmp = tempfile.TemporaryDirectory(prefix="flowd-test-")
    unittest.addModuleCleanup(tmp.cleanup)
    system = System(pathlib.Path(tmp.name) / "base")
    system.make()
    old, new = system.root / "debs/old", system.root / "debs/new"
    old.mkdir(parents=True)
    new.mkdir()
    for name in PACKAGES:
        deb = next((tap.BUILD / "deb").glob(f"{name}_*.deb"))
        shutil.copy(deb, old)
        raise_version(deb, new)
    system.with_network(*APT, "update")
    for wanted in "/debs/old/*.deb", "logrotate", "systemd":
        system.with_network("sh", "-c", " ".join(
            [*APT, "install", "--download-only", wanted]))
    return system


REASON = debian.why_not()


@unittest.skipIf(need("lintian"), "lintian is not installed")
class Policy(unittest.TestCase):

    def test_lintian_reports_no_error_and_no_warning(self):
        changes, = (tap.BUILD / "deb").glob("*.changes")
        said = run("lintian", "--allow-root", "--fail-on", "error,warning",
                   "--tag-display-limit", "0", changes)
        self.assertEqual(said, "")


class Story(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.system = base().copy(base().root.with_name(cls.__name__))
        cls.addClassCleanup(cls.system.shut_down)
        cls.flows = 0

    def install(self, directory, *options):
        self.system.run("sh", "-c", " ".join(
            [*APT, *options, "install",
             f"/debs/{directory}/*.deb"]))

    def read(self, name):
        return self.system.path(name).read_bytes()

    def wait_flows(self, more):
        """Waits until flowd-reader prints this many flows more than before."""
        type(self).flows += more

        def count():
            said = self.system.run("flowd-reader", "-J", LOG)
            return len(said.splitlines())

        wait_for(lambda: count() >= self.flows, f"{more} flows more")
        self.assertEqual(count(), self.flows)

    def send(self, *sets):
        self.send_bytes(netflow9.message(V9, *sets))

    def send_bytes(self, datagram):
        self.system.run("python3", "-c", SEND, datagram.hex())

    def send_sample(self):
        said = self.system.run("flow-send", "-x", f"127.0.0.1:{PORT}")
        self.assertEqual(int(said), SAMPLE)
        self.wait_flows(SAMPLE)

    def send_templates(self):
        self.send(netflow9.templates(V9, LAYOUT),
                  netflow9.data(LAYOUT, ("192.0.2.1", 1)))
        self.wait_flows(1)

    def send_data(self):
        """Sends data that need the templates sent before."""
        self.send(netflow9.data(LAYOUT, ("192.0.2.2", 2)))
        self.wait_flows(1)

    def rewrite(self, old, new):
        """Replaces text in flowd.conf."""
        conf = self.system.path("/etc/flowd.conf")
        text = conf.read_text()
        self.assertEqual(text.count(old), 1, old)
        conf.write_text(text.replace(old, new))

    def count(self, name):
        return len(self.system.run("flowd-reader", "-J", name).splitlines())

    def check_rotation(self, reload):
        """The packaged flowd.conf makes flowd rotate its log.  The test only
        makes it rotate by size instead of each day."""
        by_size = ROTATION.replace("every 1d", "at size 1K")
        self.rewrite(ROTATION, by_size)
        before = self.count(LOG)
        self.system.run(*reload)
        self.wait_closed(1)
        self.assertEqual(self.count(f"{LOG}.000001.gz"), before)
        said = self.system.run("flow-send", "-x", f"127.0.0.1:{PORT}")
        self.assertEqual(int(said), SAMPLE)
        self.wait_closed(2)
        self.assertEqual(self.count(f"{LOG}.000002.gz"), before)
        self.rewrite(by_size, ROTATION)
        self.system.run(*reload)
        type(self).flows = self.count(LOG)
        self.assertEqual(self.count(f"{LOG}.000001.gz") + self.flows, SAMPLE)

    def wait_closed(self, number):
        """Waits until this number of closed logs are compressed."""
        names = [f"{LOG}.{i:06d}.gz" for i in range(1, number + 1)]
        wait_for(lambda: all(self.system.path(name).exists()
                             for name in names), f"{names} exist")

    def check_logrotate(self, reload):
        """logrotate rotates a log that flowd does not rotate itself."""
        self.rewrite(ROTATION, "")
        self.system.run(*reload)
        self.system.run("cp", LOGROTATE, "/etc/logrotate.d/flowd")
        for day in 1, 2:
            self.send_sample()
            stored = self.flows
            self.system.run("logrotate", "--force", "/etc/logrotate.d/flowd")
            wait_for(self.system.path(LOG).exists, "a new log exists")
            self.assertEqual(self.count(f"{LOG}.1"), stored)
            self.assertEqual(self.system.path(f"{LOG}.2.gz").exists(),
                             day == 2)
            type(self).flows = 0
        self.send_sample()

    def check_logrotate_fails(self):
        """Without a flowd that it can signal, logrotate says so."""
        with self.assertRaisesRegex(AssertionError, "error running"):
            self.system.run("logrotate", "--force", "/etc/logrotate.d/flowd")

    def purge(self):
        self.system.run("rm", "-f", "/etc/logrotate.d/flowd")
        self.system.run(*APT, "purge", *PACKAGES)
        left = self.system.run("find", "/", "-xdev", "-path", "/debs",
                               "-prune", "-o", "-name", "*flowd*", "-print",
                               "-o", "-nouser", "-print")
        self.assertEqual(left, "")
        for name in "/etc/passwd", "/etc/group":
            self.assertNotIn("flowd", self.read(name).decode())


@unittest.skipIf(REASON, REASON)
class Packages(Story):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system.with_network(*APT, "install", "logrotate")
        cls.system.boot()

    def pid(self):
        """Returns the monitor's process, in its namespace."""
        return int(self.read("/run/flowd.pid"))

    def test_1_install_starts_it(self):
        self.install("old")
        self.assertIn("flowd is running",
                      self.system.run("/etc/init.d/flowd", "status"))
        said = self.system.run("ps", "-C", "flowd", "-o", "user=").split()
        self.assertEqual(sorted(said), ["_flowd", "root"])
        self.system.run("getent", "group", "flowd")
        self.system.run("test", "-x", "/etc/rc2.d/S01flowd")
        self.assertIn(b"ExecStart=/usr/sbin/flowd ",
                      self.read("/lib/systemd/system/flowd.service"))

    def test_2_flows_are_collected_and_read(self):
        self.send_sample()
        for reader in (("python3", "-c", PYTHON_COUNT),
                       ("perl", "-MFlowd", "-e", PERL_COUNT)):
            with self.subTest(reader=reader[0]):
                self.assertEqual(int(self.system.run(*reader)), SAMPLE)
        for command in (("flowd-stats", LOG), ("flowd-wormsuspects", LOG),
                        ("python3", "-c",
                         "import ctypes; ctypes.CDLL('libflowd.so.1')"
                         ".flowd_strerror")):
            with self.subTest(command=command[0]):
                self.system.run(*command)

    def test_3_the_script_restarts_it(self):
        before = self.pid()
        self.system.run("/etc/init.d/flowd", "reload")
        self.assertEqual(self.pid(), before)
        self.system.run("/etc/init.d/flowd", "restart")
        self.assertNotEqual(self.pid(), before)
        self.send_templates()

    def test_4_rotation(self):
        reload = ("/etc/init.d/flowd", "reload")
        self.check_rotation(reload)
        self.check_logrotate(reload)
        self.system.run("/etc/init.d/flowd", "stop")
        self.check_logrotate_fails()
        self.system.run("/etc/init.d/flowd", "start")
        type(self).flows = 0
        self.send_sample()

    def test_5_upgrade_keeps_the_users_files(self):
        before = self.pid()
        conf = self.system.path("/etc/flowd.conf")
        conf.write_text(conf.read_text() + "# mine\n")
        self.install("new", "-oDpkg::Options::=--force-confold")
        self.assertNotEqual(self.pid(), before)
        self.assertTrue(conf.read_text().endswith("# mine\n"))
        self.assertTrue(self.read("/etc/flowd.conf.dpkg-dist").endswith(
            NEXT.encode()))
        self.send_data()

    def test_6_remove_keeps_configuration_and_logs(self):
        self.system.run(*APT, "remove", "flowd")
        self.assertEqual(self.system.run(
            "sh", "-c", "ps -C flowd -o pid= || :"), "")
        for name in "/etc/flowd.conf", LOG, "/var/lib/flowd.state":
            self.assertTrue(self.read(name), name)
        self.assertFalse(self.system.path("/usr/sbin/flowd").exists())

    def test_7_purge_leaves_nothing(self):
        self.purge()


NO_SYSTEMD = REASON or debian.why_no_systemd()


@unittest.skipIf(NO_SYSTEMD, NO_SYSTEMD)
class Systemd(Story):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system.with_network(*APT, "install", "systemd", "logrotate")
        cls.system.boot_systemd()

    def systemctl(self, *words):
        return self.system.run("systemctl", *words).strip()

    def show(self, name):
        return self.systemctl("show", "--value", f"--property={name}", "flowd")

    def pid(self):
        """Returns the monitor's process, once flowd has reported that it is
        ready."""
        wait_for(lambda: self.show("ActiveState") == "active", "flowd runs")
        return int(self.show("MainPID"))

    def collector(self, monitor):
        """Returns the monitor's only child, or an empty string."""
        return self.system.run("sh", "-c",
                               f"ps -o pid= --ppid {monitor} || :").strip()

    def messages(self):
        """Returns the journal's messages: priorities and texts."""
        said = self.system.run("journalctl", "--unit=flowd", "--output=json")
        entries = [json.loads(line) for line in said.splitlines()]
        return [(int(entry["PRIORITY"]), entry["MESSAGE"])
                for entry in entries]

    def ask(self, *groups):
        """Returns flowdctl's output for the user nobody in these groups."""
        return self.system.run(
            "setpriv", "--reuid=nobody", "--regid=nogroup",
            f"--groups={','.join(groups)}" if groups else "--clear-groups",
            "flowdctl", "show", "exporters")

    def test_1_install_starts_it(self):
        self.install("old")
        self.assertTrue(self.pid())
        self.assertEqual(self.systemctl("is-enabled", "flowd"), "enabled")
        self.assertEqual(self.show("Type"), "notify")
        self.assertEqual(self.system.run(
            "systemd-analyze", "verify", "--man=no", "flowd.service"), "")
        self.system.run("systemd-analyze", "security",
                        f"--threshold={EXPOSURE}", "flowd.service")

    def test_2_flows_are_collected_and_rotated(self):
        self.send_sample()
        reload = ("systemctl", "reload", "flowd")
        self.check_rotation(reload)
        self.check_logrotate(reload)
        self.systemctl("stop", "flowd")
        self.check_logrotate_fails()
        self.systemctl("start", "flowd")
        type(self).flows = 0
        self.send_sample()
        self.assertEqual(int(self.read("/run/flowd.pid")), self.pid())

    def test_3_the_journal_has_priorities(self):
        self.send_bytes(bytes([0, 99]) * 8)
        warning = wait_for(
            lambda: [entry for entry in self.messages()
                     if "NetFlow version 99" in entry[1]],
            "the collector's warning is in the journal")
        self.assertEqual([priority for priority, _ in warning], [4])
        self.assertIn((6, "flowd is running"), self.messages())

    def test_4_reload(self):
        before = self.pid()
        conf = self.system.path("/etc/flowd.conf")
        text = conf.read_text()
        self.assertIn(f"\n# {CONTROL}\n", text)
        conf.write_text(text.replace(f"\n# {CONTROL}\n",
                                     f"\n{CONTROL} group adm\n"))
        self.systemctl("reload", "flowd")
        wait_for(self.system.path("/run/flowd.ctl").is_socket,
                 "the control socket exists")
        self.assertEqual(self.pid(), before)
        self.assertIn("127.0.0.1", self.ask("adm"))
        with self.assertRaisesRegex(AssertionError, "Permission denied"):
            self.ask()
        good = conf.read_text()
        # The unit may not write to /srv: flowd refuses this configuration.
        for text in ("nonsense\n",
                     good + 'logfile "/srv/tagged.log" tag 1\n'):
            conf.write_text(text)
            with self.assertRaises(AssertionError):
                self.systemctl("reload", "flowd")
        conf.write_text(good)
        self.systemctl("reload", "flowd")
        self.assertEqual(self.pid(), before)
        self.send_sample()

    def test_5_a_collector_that_dies_does_not_restart_the_unit(self):
        monitor = self.pid()
        before = self.collector(monitor)
        self.system.run("kill", "-KILL", before)
        wait_for(lambda: self.collector(monitor) not in ("", before),
                 "another collector runs")
        self.send_sample()
        self.assertEqual(self.pid(), monitor)

    def test_6_a_monitor_that_hangs_is_restarted(self):
        drop_in = self.system.path("/run/systemd/system/flowd.service.d")
        drop_in.mkdir()
        (drop_in / "test.conf").write_text(WATCHDOG)
        self.systemctl("daemon-reload")
        self.systemctl("restart", "flowd")
        before = self.pid()
        self.system.run("kill", "-STOP", before)
        wait_for(lambda: self.show("NRestarts") == "1", "systemd restarts it")
        self.assertNotEqual(self.pid(), before)
        shutil.rmtree(drop_in)
        self.systemctl("daemon-reload")
        self.send_sample()

    def test_7_restart_and_upgrade_keep_templates(self):
        before = self.pid()
        self.send_templates()
        self.systemctl("restart", "flowd")
        self.send_data()
        restarted = self.pid()
        self.assertNotEqual(restarted, before)
        self.install("new", "-oDpkg::Options::=--force-confold")
        self.assertNotEqual(self.pid(), restarted)
        self.send_data()

    def test_8_stop_is_clean(self):
        self.systemctl("stop", "flowd")
        for name, value in (("ActiveState", "inactive"), ("Result", "success"),
                            ("ExecMainStatus", "0")):
            self.assertEqual(self.show(name), value, name)
        self.assertEqual(self.system.run("find", "/run", "-maxdepth", "1",
                                         "-name", "*flowd*"), "")

    def test_9_purge_leaves_nothing(self):
        self.purge()


if __name__ == "__main__":
    tap.main()
