"""A minimal Debian in a directory, and the namespaces in which it runs.

debootstrap installs it from this system's mirror.  Its release is this
system's, or a named one.  The namespaces have no network but loopback, unless
the system shares this one's network."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from flowdtest import need, wait_for

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
               "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
APT = ("apt-get", "-qq", "-y", "--no-install-recommends",
       "-oAPT::Sandbox::User=root", "-oDpkg::Use-Pty=0")
FETCH = "/usr/lib/apt/apt-helper"	# with apt's proxies
NAMESPACES = ("--mount", "--net", "--pid", "--ipc", "--uts", "--fork")
# The script that sets up the namespaces and then executes init.  Its arguments
# are the root, a command that mounts the file systems that init needs, and
# init.
BOOT = """set -e
cd "$0"
ip link set lo up
mount --make-rprivate /
mount --bind . .
cd "$0"
mount -t proc proc proc
eval "$1"
shift
pivot_root . mnt
umount -l mnt
exec "$@"
"""
# Only waits.  It reaps its children by ignoring SIGCHLD.
SLEEPER = ("env", "--ignore-signal=CHLD", "sleep", "infinity")
# The mounts besides /proc, as on any system.
MOUNTS = """
mount -t sysfs -o ro sysfs sys
mount -t tmpfs tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts dev/pts
"""
# The mounts that systemd expects in a container.
SYSTEMD_MOUNTS = """
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount --bind dev dev
"""
SYSTEMD = ("env", "-i", "container=flowd-test", f"PATH={ENVIRONMENT['PATH']}",
           "/lib/systemd/systemd")


def run(*command, **options):
    """Returns a command's output.  The exception for a command that failed
    contains its output."""
    result = subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False, **options)
    if result.returncode != 0:
        raise AssertionError(f"{command} failed, status {result.returncode}:\n"
                             + result.stdout[-4000:])
    return result.stdout


def _works(*command):
    return subprocess.run(command, check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def distributor():
    """Returns the distributor's name as apt knows it."""
    with open("/etc/os-release", encoding="utf-8") as file:
        return next(line[5:].strip().strip('"').split()[0]
                    for line in file if line.startswith("NAME="))


def sources(origin=None):
    """Returns this system's package lists of a distributor, by default its
    own, as lines for apt."""
    origin = origin or distributor()
    lines = run("apt-get", "indextargets", "--format",
                "$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)",
                "Created-By: Packages").splitlines()
    return [line.split(" ", 1)[1] for line in dict.fromkeys(lines)
            if line.startswith(origin + " ")]


def why_no_namespaces():
    """Returns why such a system cannot run here, or None."""
    if os.geteuid() != 0:
        return "not root"
    missing = need("apt-get", "debootstrap", "dpkg-deb", "unshare", "nsenter",
                   "pivot_root", "ip")
    if missing:
        return f"{missing} is not installed"
    if not _works("unshare", *NAMESPACES, "true"):
        return "namespaces cannot be created here"
    return None


def why_no_release(mirror, release):
    """Returns why a mirror does not have this release, or None."""
    url = f"{mirror.rstrip('/')}/dists/{release}/Release"
    with tempfile.TemporaryDirectory() as tmp:
        if not _works(FETCH, "-qq", "download-file", url, f"{tmp}/file"):
            return f"{url} cannot be fetched"
    return None


def why_not():
    """Returns why a system of this one's release cannot be made, or None."""
    reason = why_no_namespaces()
    if reason:
        return reason
    lines = sources()
    if not lines:
        return "apt knows no mirror"
    mirror, release, *_ = lines[0].split()
    return why_no_release(mirror, release)


def _cgroups():
    """Returns where control groups of version 2 are mounted, or None."""
    with open("/proc/self/mounts", encoding="ascii") as mounts:
        fields = (line.split() for line in mounts)
        return next((pathlib.Path(mount[1]) for mount in fields
                     if mount[2] == "cgroup2"), None)


def why_no_systemd():
    """Returns why systemd cannot be the first process in namespaces, or
    None."""
    top = _cgroups()
    if top is None:
        return "no control groups of version 2 are mounted"
    try:
        os.rmdir(tempfile.mkdtemp(prefix="flowd-test-", dir=top))
    except OSError as error:
        return f"no control group can be created: {error}"
    if not _works("unshare", "--cgroup", "true"):
        return "cgroup namespaces cannot be created here"
    return None


class System:
    """A Debian in a directory, running or not."""

    def __init__(self, root, network=False):
        self.root = root
        self.namespaces = [word for word in NAMESPACES
                           if not (network and word == "--net")]
        self.init = None
        self.cgroup = None

    def make(self, lines=None):
        """Installs it from the first of these package lists, by default this
        system's."""
        lines = lines or sources()
        mirror, release, *_ = lines[0].split()
        # A debootstrap that is killed leaves its file systems mounted.
        run("unshare", "--mount", "--pid", "--fork", "--kill-child",
            "debootstrap", "--variant=minbase", release, self.root, mirror)
        (self.root / "etc/apt/sources.list").write_text(
            "".join(f"deb {line}\n" for line in lines))
        (self.root / "etc/dpkg/dpkg.cfg.d/fast").write_text(
            "force-unsafe-io\n")
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")

    def copy(self, root):
        """Returns a copy in another directory."""
        run("cp", "-a", self.root, root)
        return System(root)

    def make_script(self, name, text):
        path = self.root / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def with_network(self, *command):
        """Runs a command in the system with this system's network."""
        return run("chroot", self.root, *command, env=ENVIRONMENT)

    def boot(self, services=True):
        """Starts it without an init.  Packages start their services as in
        runlevel 2, unless services is False."""
        self.make_script("sbin/runlevel", "echo N 2")
        self.make_script("usr/sbin/policy-rc.d",
                         f"exit {104 if services else 101}")
        self._start([], MOUNTS, SLEEPER)
        wait_for(lambda: self._init_is("sleep"), "the namespaces are set up")

    def boot_systemd(self):
        """Starts it with systemd, which must be installed."""
        self.cgroup = pathlib.Path(tempfile.mkdtemp(prefix="flowd-test-",
                                                    dir=_cgroups()))
        self._start(["--cgroup"], SYSTEMD_MOUNTS, SYSTEMD,
                    f"echo $$ >{self.cgroup}/cgroup.procs")
        wait_for(lambda: self._init_is("systemd")
                 and self.path("/run/systemd/private").is_socket(),
                 "systemd runs")
        # Units that do not work in namespaces may fail.
        self.run("sh", "-c", "systemctl is-system-running --wait || :")

    def _start(self, namespaces, mounts, init, before=":"):
        self.init = subprocess.Popen(
            ["sh", "-c", f'{before} && exec unshare "$@"', "sh",
             *self.namespaces, *namespaces, "--kill-child", "sh", "-c", BOOT, self.root, mounts,
             *init],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def _child(self):
        path = pathlib.Path(
            f"/proc/{self.init.pid}/task/{self.init.pid}/children")
        return path.read_text().strip()

    def _init_is(self, name):
        child = self._child()
        return child and pathlib.Path(
            f"/proc/{child}/comm").read_text() == f"{name}\n"

    def path(self, name):
        """Returns the path outside of a file in the running system."""
        return pathlib.Path(f"/proc/{self._child()}/root", name.lstrip("/"))

    def enter(self):
        """Returns the command prefix that runs a command in the system."""
        namespaces = [word for word in self.namespaces if word != "--fork"]
        return ["nsenter", "--target", self._child(), *namespaces,
                *(["--cgroup"] if self.cgroup else [])]

    def run(self, *command):
        """Runs a command in the system."""
        return run(*self.enter(), *command, env=ENVIRONMENT)

    def shut_down(self):
        if self.init is not None:
            self.init.send_signal(signal.SIGKILL)
            self.init.wait()
        if self.cgroup is not None:
            wait_for(self._cgroup_is_gone, "its control groups are empty")

    def _cgroup_is_gone(self):
        try:
            for path, _, _ in os.walk(self.cgroup, topdown=False):
                os.rmdir(path)
        except OSError:		# a process in it is still exiting
            return False
        return True
