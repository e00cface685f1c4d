#!/usr/bin/env python3
"""Debian's packages, of deb/ in the build directory, in a small Debian of their
own: they install, start, collect, upgrade, and go without a trace.

`make check-deb` runs it, as root.  That system is made by debootstrap of the
mirror that this one has, and what the packages depend on comes from there as
well.  Nothing else goes out: whatever is installed runs in namespaces without
a network but loopback.  The tests are steps of one story, in this order.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "lib"))
import netflow9
import tap
from flowdtest import need, wait_for
from netflow9 import V9, Template

PACKAGES = ("flowd", "flowd-tools", "libflowd1", "libflowd-dev",
            "libflowd-perl", "python3-flowd")
PORT = 2055			# of the configuration as it is shipped
LOG = "/var/log/flowd.log"
SAMPLE = 12			# flows that flow-send -x sends
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
               "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
APT = ("apt-get", "-qq", "-y", "--no-install-recommends",
       "-oAPT::Sandbox::User=root", "-oDpkg::Use-Pty=0")
FETCH = "/usr/lib/apt/apt-helper"	# with the proxies that apt has
NAMESPACES = ("--mount", "--net", "--pid", "--ipc", "--fork")
SEND = ("import socket, sys; socket.socket(type=socket.SOCK_DGRAM).sendto("
        f"bytes.fromhex(sys.argv[1]), ('127.0.0.1', {PORT}))")
PYTHON_COUNT = f"import flowd; print(sum(1 for _ in flowd.FlowLog('{LOG}')))"
PERL_COUNT = (f"my $log = Flowd->new('{LOG}'); my $n = 0; "
              "$n++ while $log->read_flow; print $n")
NEXT = "# of the next version\n"
LAYOUT = Template(300, ("sourceIPv4Address", 4), ("octetDeltaCount", 4))


def run(*command, **options):
    """What a command prints; when it fails, the exception has all it said."""
    result = subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False, **options)
    if result.returncode != 0:
        raise AssertionError(f"{command} failed, status {result.returncode}:\n"
                             + result.stdout[-4000:])
    return result.stdout


def sources():
    """This system's lists of packages from its distributor: lines of apt."""
    with open("/etc/os-release", encoding="utf-8") as file:
        name = next(line[5:].strip().strip('"').split()[0]
                    for line in file if line.startswith("NAME="))
    lines = run("apt-get", "indextargets", "--format",
                "$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)",
                "Created-By: Packages").splitlines()
    return [line.split(" ", 1)[1] for line in dict.fromkeys(lines)
            if line.startswith(name + " ")]


def why_not():
    """Why there can be no such system, or None."""
    if os.geteuid() != 0:
        return "not root"
    missing = need("apt-get", "debootstrap", "dpkg-deb", "unshare", "nsenter",
                   "ip")
    if missing:
        return f"{missing} is not installed"
    if subprocess.run(["unshare", *NAMESPACES, "true"], check=False,
                      stderr=subprocess.DEVNULL).returncode != 0:
        return "namespaces cannot be made here"
    lines = sources()
    if not lines:
        return "apt knows no mirror"
    mirror, release, *_ = lines[0].split()
    url = f"{mirror.rstrip('/')}/dists/{release}/Release"
    with tempfile.TemporaryDirectory() as tmp:
        if subprocess.run([FETCH, "-qq", "download-file", url, f"{tmp}/file"],
                          stdout=subprocess.DEVNULL, check=False,
                          stderr=subprocess.DEVNULL).returncode != 0:
            return f"{url} cannot be fetched"
    return None


class System:
    """A Debian in a directory, and namespaces in which to run things there."""

    def __init__(self, root):
        self.root = root
        self.init = None

    def make(self):
        mirror, release, *_ = sources()[0].split()
        run("debootstrap", "--variant=minbase", release, self.root, mirror)
        (self.root / "etc/apt/sources.list").write_text(
            "".join(f"deb {line}\n" for line in sources()))
        (self.root / "etc/dpkg/dpkg.cfg.d/fast").write_text(
            "force-unsafe-io\n")
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        # There is no init; with these, packages start their services all the
        # same, as in runlevel 2.
        self.make_script("sbin/runlevel", "echo N 2")
        self.make_script("usr/sbin/policy-rc.d", "exit 104")

    def make_script(self, name, text):
        path = self.root / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def with_network(self, *command):
        """Runs a command there which may use this system's network."""
        return run("chroot", self.root, *command, env=ENVIRONMENT)

    def boot(self):
        """Makes the namespaces.  Their init reaps by ignoring its children."""
        script = ("ip link set lo up && mount -t proc proc $0/proc && "
                  "exec env --ignore-signal=CHLD sleep infinity")
        self.init = subprocess.Popen(
            ["unshare", *NAMESPACES, "--kill-child", "sh", "-c", script,
             self.root],
            stdin=subprocess.DEVNULL)
        wait_for(self._is_up, "the namespaces are there")

    def _child(self):
        path = pathlib.Path(
            f"/proc/{self.init.pid}/task/{self.init.pid}/children")
        return path.read_text().strip()

    def _is_up(self):
        child = self._child()
        return child and pathlib.Path(
            f"/proc/{child}/comm").read_text() == "sleep\n"

    def run(self, *command):
        """Runs a command there."""
        return run("nsenter", "--target", self._child(), "--mount", "--net",
                   "--pid", "--ipc", "chroot", self.root, *command,
                   env=ENVIRONMENT)

    def shut_down(self):
        if self.init is not None:
            self.init.send_signal(signal.SIGKILL)
            self.init.wait()


def raise_version(deb, to):
    """A package as it might be next: of a higher version, and with another
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


REASON = why_not()


@unittest.skipIf(need("lintian"), "lintian is not installed")
class Policy(unittest.TestCase):

    def test_lintian_finds_no_error_and_warns_of_nothing(self):
        changes, = (tap.BUILD / "deb").glob("*.changes")
        said = run("lintian", "--allow-root", "--fail-on", "error,warning",
                   "--tag-display-limit", "0", changes)
        self.assertEqual(said, "")


@unittest.skipIf(REASON, REASON)
class Packages(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        tmp = tempfile.TemporaryDirectory(prefix="flowd-test-")
        cls.addClassCleanup(tmp.cleanup)
        cls.root = pathlib.Path(tmp.name) / "root"
        cls.system = System(cls.root)
        cls.addClassCleanup(cls.system.shut_down)
        cls.system.make()
        old, new = cls.root / "debs/old", cls.root / "debs/new"
        old.mkdir(parents=True)
        new.mkdir()
        for name in PACKAGES:
            deb = next((tap.BUILD / "deb").glob(f"{name}_*.deb"))
            shutil.copy(deb, old)
            raise_version(deb, new)
        cls.system.with_network(*APT, "update")
        cls.system.with_network("sh", "-c", " ".join(
            [*APT, "install", "--download-only", "/debs/old/*.deb"]))
        cls.system.boot()
        cls.flows = 0

    def install(self, directory, *options):
        self.system.run("sh", "-c", " ".join(
            [*APT, *options, "install",
             f"/debs/{directory}/*.deb"]))

    def pid(self):
        """The monitor's process, in its namespace."""
        return int(self.read("/run/flowd.pid"))

    def read(self, name):
        return (self.root / name.lstrip("/")).read_bytes()

    def wait_flows(self, more):
        """Waits until flowd-reader prints so many flows more than before."""
        type(self).flows += more

        def count():
            said = self.system.run("flowd-reader", "-J", LOG)
            return len(said.splitlines())

        wait_for(lambda: count() >= self.flows, f"{more} flows more")
        self.assertEqual(count(), self.flows)

    def send(self, *sets):
        self.system.run("python3", "-c", SEND,
                        netflow9.message(V9, *sets).hex())

    def test_1_install_starts_it(self):
        self.install("old")
        self.assertIn("flowd is running",
                      self.system.run("/etc/init.d/flowd", "status"))
        said = self.system.run("ps", "-C", "flowd", "-o", "user=").split()
        self.assertEqual(sorted(said), ["_flowd", "root"])
        self.system.run("test", "-x", "/etc/rc2.d/S01flowd")
        self.assertIn(b"ExecStart=/usr/sbin/flowd ",
                      self.read("/lib/systemd/system/flowd.service"))

    def test_2_flows_are_collected_and_read(self):
        said = self.system.run("flow-send", "-x", f"127.0.0.1:{PORT}")
        self.assertEqual(int(said), SAMPLE)
        self.wait_flows(SAMPLE)
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
        self.send(netflow9.templates(V9, LAYOUT),
                  netflow9.data(LAYOUT, ("192.0.2.1", 1)))
        self.wait_flows(1)

    def test_4_upgrade_keeps_what_is_the_users(self):
        before = self.pid()
        conf = self.root / "etc/flowd.conf"
        conf.write_text(conf.read_text() + "# mine\n")
        self.install("new", "-oDpkg::Options::=--force-confold")
        self.assertNotEqual(self.pid(), before)
        self.assertTrue(conf.read_text().endswith("# mine\n"))
        self.assertTrue(self.read("/etc/flowd.conf.dpkg-dist").endswith(
            NEXT.encode()))
        self.send(netflow9.data(LAYOUT, ("192.0.2.2", 2)))
        self.wait_flows(1)

    def test_5_remove_keeps_configuration_and_logs(self):
        self.system.run(*APT, "remove", "flowd")
        self.assertEqual(self.system.run(
            "sh", "-c", "ps -C flowd -o pid= || :"), "")
        for name in "/etc/flowd.conf", LOG, "/var/lib/flowd.state":
            self.assertTrue(self.read(name), name)
        self.assertFalse((self.root / "usr/sbin/flowd").exists())

    def test_6_purge_leaves_nothing(self):
        self.system.run(*APT, "purge", *PACKAGES)
        left = self.system.run("find", "/", "-xdev", "-path", "/debs",
                               "-prune", "-o", "-name", "*flowd*", "-print",
                               "-o", "-nouser", "-print")
        self.assertEqual(left, "")
        for name in "/etc/passwd", "/etc/group":
            self.assertNotIn("_flowd", self.read(name).decode())


if __name__ == "__main__":
    tap.main()
