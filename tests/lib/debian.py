"""A small Debian in a directory, and namespaces in which it runs.

debootstrap makes it from the mirror that this system has; its release is this
system's, or a named one.  The namespaces have no network but loopback, unless
the system shares this one's network.
"""

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
FETCH = "/usr/lib/apt/apt-helper"	# with the proxies that apt has
NAMESPACES = ("--mount", "--net", "--pid", "--ipc", "--uts", "--fork")
# What becomes the first process there: it is given the root, a command that
# mounts what its init wants, and that init.
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
# It only waits, and reaps by ignoring its children.
SLEEPER = ("env", "--ignore-signal=CHLD", "sleep", "infinity")
# Beside /proc, as on any system.
MOUNTS = """
mount -t sysfs -o ro sysfs sys
mount -t tmpfs tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts dev/pts
"""
# As systemd wants it to be in a container.
SYSTEMD_MOUNTS = """
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount --bind dev dev
"""
SYSTEMD = ("env", "-i", "container=flowd-test", f"PATH={ENVIRONMENT['PATH']}",
           "/lib/systemd/systemd")


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


def _works(*command):
    return subprocess.run(command, check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def distributor():
    """As apt names it."""
    with open("/etc/os-release", encoding="utf-8") as file:
        return next(line[5:].strip().strip('"').split()[0]
                    for line in file if line.startswith("NAME="))


def sources(origin=None):
    """This system's lists of packages from a distributor, by default its own:
    lines of apt."""
    origin = origin or distributor()
    lines = run("apt-get", "indextargets", "--format",
                "$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)",
                "Created-By: Packages").splitlines()
    return [line.split(" ", 1)[1] for line in dict.fromkeys(lines)
            if line.startswith(origin + " ")]


def why_no_namespaces():
    """Why no such system can run here, or None."""
    if os.geteuid() != 0:
        return "not root"
    missing = need("apt-get", "debootstrap", "dpkg-deb", "unshare", "nsenter",
                   "pivot_root", "ip")
    if missing:
        return f"{missing} is not installed"
    if not _works("unshare", *NAMESPACES, "true"):
        return "namespaces cannot be made here"
    return None


def why_no_release(mirror, release):
    """Why a mirror has no such release, or None."""
    url = f"{mirror.rstrip('/')}/dists/{release}/Release"
    with tempfile.TemporaryDirectory() as tmp:
        if not _works(FETCH, "-qq", "download-file", url, f"{tmp}/file"):
            return f"{url} cannot be fetched"
    return None


def why_not():
    """Why there can be no system of this one's release, or None."""
    reason = why_no_namespaces()
    if reason:
        return reason
    lines = sources()
    if not lines:
        return "apt knows no mirror"
    mirror, release, *_ = lines[0].split()
    return why_no_release(mirror, release)


def _cgroups():
    """Where this system has control groups of version 2, or None."""
    with open("/proc/self/mounts", encoding="ascii") as mounts:
        fields = (line.split() for line in mounts)
        return next((pathlib.Path(mount[1]) for mount in fields
                     if mount[2] == "cgroup2"), None)


def why_no_systemd():
    """Why systemd cannot be the first process in namespaces, or None."""
    top = _cgroups()
    if top is None:
        return "no control groups of version 2 are mounted here"
    try:
        os.rmdir(tempfile.mkdtemp(prefix="flowd-test-", dir=top))
    except OSError as error:
        return f"no control group can be made: {error}"
    if not _works("unshare", "--cgroup", "true"):
        return "namespaces of control groups cannot be made here"
    return None


class System:
    """A Debian in a directory, which runs or does not."""

    def __init__(self, root, network=False):
        self.root = root
        self.namespaces = [word for word in NAMESPACES
                           if not (network and word == "--net")]
        self.init = None
        self.cgroup = None

    def make(self, lines=None):
        """Makes it from the first of some lists of packages, by default this
        system's."""
        lines = lines or sources()
        mirror, release, *_ = lines[0].split()
        # debootstrap mounts file systems, and leaves them when it is killed.
        run("unshare", "--mount", "--pid", "--fork", "--kill-child",
            "debootstrap", "--variant=minbase", release, self.root, mirror)
        (self.root / "etc/apt/sources.list").write_text(
            "".join(f"deb {line}\n" for line in lines))
        (self.root / "etc/dpkg/dpkg.cfg.d/fast").write_text(
            "force-unsafe-io\n")
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")

    def copy(self, root):
        """Another of the same."""
        run("cp", "-a", self.root, root)
        return System(root)

    def make_script(self, name, text):
        path = self.root / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def with_network(self, *command):
        """Runs a command there which may use this system's network."""
        return run("chroot", self.root, *command, env=ENVIRONMENT)

    def boot(self, services=True):
        """Without an init.  Packages start their services as in runlevel 2,
        unless services is False."""
        self.make_script("sbin/runlevel", "echo N 2")
        self.make_script("usr/sbin/policy-rc.d",
                         f"exit {104 if services else 101}")
        self._start([], MOUNTS, SLEEPER)
        wait_for(lambda: self._init_is("sleep"), "the namespaces are there")

    def boot_systemd(self):
        """It has to be installed."""
        self.cgroup = pathlib.Path(tempfile.mkdtemp(prefix="flowd-test-",
                                                    dir=_cgroups()))
        self._start(["--cgroup"], SYSTEMD_MOUNTS, SYSTEMD,
                    f"echo $$ >{self.cgroup}/cgroup.procs")
        wait_for(lambda: self._init_is("systemd")
                 and self.path("/run/systemd/private").is_socket(),
                 "systemd is there")
        # Units that have no business in namespaces may fail.
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
        """How a file there is reached from here, while it runs."""
        return pathlib.Path(f"/proc/{self._child()}/root", name.lstrip("/"))

    def enter(self):
        """The words before a command that runs there."""
        namespaces = [word for word in self.namespaces if word != "--fork"]
        return ["nsenter", "--target", self._child(), *namespaces,
                *(["--cgroup"] if self.cgroup else [])]

    def run(self, *command):
        """Runs a command there."""
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
        except OSError:		# somebody is still dying in it
            return False
        return True
