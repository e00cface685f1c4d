#!/usr/bin/env python3
"""Runs the commands of README.md on systems that have nothing installed.

`./quickstart check-fresh [RELEASE...]` calls it, as root.  Each row of SYSTEMS
is a minimal Debian, made by debootstrap, with git and locales, but without a
compiler and without a configuration of git.  Its steps run in order, each in
its own clone of HEAD. quickstart, run by root, installs packages; run by a
user, it prints the command that installs them, and the test runs this command
as root.  A system shares this one's network, since packages come from the
mirror, and nothing else.

The output of each system is in build/fresh/SYSTEM.log. build/fresh/ also keeps
archives of the systems as debootstrap made them, for the next run.  Everything
else is removed at the end, also after a signal."""

import contextlib
import hashlib
import inspect
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import typing

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "lib"))
import debian
from debian import APT, ENVIRONMENT, System

SRC = pathlib.Path(__file__).parents[2].resolve()
WORK = SRC / "build/fresh"
MIRROR = "http://deb.debian.org/debian/"	# unless apt has another
USER = "stranger"
SAMPLE = "./quickstart run --sample"
CHECK = "./quickstart check"
BOTH = (SAMPLE, CHECK)
# Messages of quickstart.
STORED = re.compile(r"all [0-9]+ flows that were sent are in ")
INSTALL = re.compile(r"as root, run first: (apt-get install .+)$", re.MULTILINE)
MISSING = re.compile(r"skipped, since these are not installed: (.+)$",
                     re.MULTILINE)
UNIT_TEST = "tests/unit/addr"	# one that needs cmocka
LAST = 100			# lines of a failed command's output
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
LOCALES = ("de_DE.UTF-8 UTF-8", "ja_JP.UTF-8 UTF-8", "ja_JP.EUC-JP EUC-JP")
HOSTS = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"


class Step(typing.NamedTuple):
    """Commands, and the conditions under which they run."""
    user: str
    locale: str
    zone: str
    others: bool		# another python3 and perl are first in PATH
    commands: tuple

    def __str__(self):
        return " ".join((self.user, self.locale, self.zone,
                         *(["other python3 and perl"] if self.others else [])))


ROOT_STEP = Step("root", "de_DE.UTF-8", BERLIN, False, BOTH)
USER_STEP = Step(USER, "ja_JP.UTF-8", NEW_YORK, True, BOTH)
SYSTEMS = (
    ("bookworm", (ROOT_STEP,
                  Step(USER, "C", NEW_YORK, True, (SAMPLE,)))),
    ("bookworm", (USER_STEP,
                  Step("root", "ja_JP.EUC-JP", BERLIN, True, (SAMPLE,)))),
    ("trixie", (Step("root", "ja_JP.EUC-JP", NEW_YORK, True, BOTH),
                Step(USER, "C", BERLIN, False, BOTH))),
    ("trixie", (Step(USER, "de_DE.UTF-8", BERLIN, True, (SAMPLE,)),
                Step("root", "ja_JP.UTF-8", NEW_YORK, False, (SAMPLE,)))),
)
# Each of these replaces a program of a package, but has no modules from
# packages: a python3 as in a virtual environment, and a perl as if built from
# source.
OTHERS = r"""set -e
mkdir -p /opt/other/bin
/usr/bin/python3 -m venv --without-pip --copies /opt/other
libraries=/etc/perl,/usr/share/perl5
for dir in /usr/lib/*/perl5/* /usr/lib/*/perl5; do
    libraries=$libraries,$dir
done
printf '#!/bin/sh\nexec /usr/bin/perl -M-lib=%s "$@"\n' "$libraries" \
    >/opt/other/bin/perl
chmod 755 /opt/other/bin/perl
"""


class Failed(Exception):
    """A command failed, or its output was wrong."""


def say(text):
    print(f"check-fresh: {text}", flush=True)


def sources(release):
    """Returns package lists of a release, as lines for apt, and why there are
    none, or None."""
    lines = [line.split() for line in debian.sources("Debian")]
    mirror = lines[0][0] if lines else MIRROR
    return ([f"{mirror} {release} main"],
            debian.why_no_release(mirror, release))


def make_base(release):
    """Returns the archive of a release's system, and makes it if necessary."""
    recipe = (inspect.getsource(System.make) + inspect.getsource(make_base)
              + repr((LOCALES, HOSTS)))
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:16]
    archive = WORK / f"{release}-{digest}.tar"
    if archive.exists():
        return archive
    for old in WORK.glob(f"{release}-*.tar*"):
        old.unlink()
    say(f"making a minimal {release}")
    with directory(release) as root:
        system = System(root, network=True)
        system.make(sources(release)[0])
        (root / "etc/hosts").write_text(HOSTS)
        (root / "etc/apt/apt.conf.d/yes").write_text(
            'APT::Get::Assume-Yes "true";\nAPT::Sandbox::User "root";\n'
            'Dpkg::Use-Pty "0";\n')
        with running(system):
            system.run(*APT, "update")
            system.run(*APT, "install", "git", "locales", "tzdata")
            system.path("/etc/locale.gen").write_text("\n".join(LOCALES))
            system.run("locale-gen")
            system.run("useradd", "--create-home", "--shell", "/bin/sh", USER)
        debian.run("tar", "-C", root, "-cf", f"{archive}.new", ".")
    os.rename(f"{archive}.new", archive)
    return archive


@contextlib.contextmanager
def directory(name):
    """Creates a directory below build/fresh/ that is removed at the end."""
    path = WORK / name
    remove(path)
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        remove(path)


@contextlib.contextmanager
def running(system):
    """Ends a system's processes at the end."""
    try:
        system.boot(services=False)
        yield
    finally:
        system.shut_down()


def remove(path):
    """Mounts below it belong to namespaces, and ended with them."""
    if path.exists():
        debian.run("rm", "-rf", "--one-file-system", path)


class Fresh:
    """A running system, and the log of its commands' output."""

    def __init__(self, system, log):
        self.system = system
        self.log = log
        self.installed_for = set()	# commands

    def shell(self, step, user, command):
        """Runs a command; returns its status and output."""
        home = "/root" if user == "root" else f"/home/{user}"
        path = ENVIRONMENT["PATH"] if user == "root" else "/usr/bin:/bin"
        if step.others and user == step.user:
            path = f"/opt/other/bin:{path}"
        environment = {"PATH": path, "HOME": home, "LANG": step.locale,
                       "USER": user, "LOGNAME": user}
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(f"\n{user}$ {command}\n")
            log.flush()
            before = log.tell()
            status = subprocess.run(
                [*self.system.enter(), "setpriv", f"--reuid={user}",
                 f"--regid={user}", "--init-groups", "sh", "-c",
                 f"cd && {command}"], env=environment,
                stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, check=False).returncode
        with open(self.log, encoding="utf-8", errors="replace") as log:
            log.seek(before)
            return status, log.read()

    def must(self, step, user, command):
        """Runs a command that must succeed; returns its output."""
        status, said = self.shell(step, user, command)
        if status != 0:
            raise Failed(f"{command} failed with status {status}:\n"
                         + "\n".join(said.splitlines()[-LAST:]))
        return said

    def readme(self, step, command):
        """Runs a command of README.md.  Its packages are missing, unless an
        earlier step has run it."""
        command = f"cd flowd && {command}"
        if step.user != "root" and command not in self.installed_for:
            status, said = self.shell(step, step.user, command)
            wanted = INSTALL.search(said)
            if status != 1 or not wanted:
                raise Failed(f"{command} does not print the command that "
                             "installs packages")
            self.must(step, "root", wanted.group(1))
        self.installed_for.add(command)
        return self.must(step, step.user, command)

    def prepare(self, step):
        self.system.run("ln", "-sf", f"/usr/share/zoneinfo/{step.zone}",
                        "/etc/localtime")
        if step.others:
            self.system.run(*APT, "install", "python3")
            self.system.run("sh", "-c", OTHERS)
        self.must(step, step.user, "git clone -q /srv/flowd.bundle flowd")

    def run(self, step, all_there):
        """Runs a step.  No package may be missing after root has run
        quickstart."""
        self.prepare(step)
        for command in step.commands:
            start = time.monotonic()
            said = self.readme(step, command)
            if command == SAMPLE and not STORED.search(said):
                raise Failed(f"{command} does not report that it stored all")
            if command == CHECK and UNIT_TEST not in said:
                raise Failed(f"{command} skipped the unit tests")
            missing = MISSING.search(said)
            if all_there and missing:
                raise Failed(f"{command} lacks {missing.group(1)}")
            skipped = " (some packages missing)" if missing else ""
            say(f"    {command}: passed in "
                f"{time.monotonic() - start:.0f} s{skipped}")


def run_system(name, release, steps):
    """Returns whether the steps of a system pass."""
    archive = make_base(release)
    log = WORK / f"{name}.log"
    log.write_text("")
    with directory(name) as root:
        debian.run("tar", "-C", root, "-xf", archive)
        debian.run("git", "-c", "safe.directory=*", "-C", SRC, "bundle",
                   "create", "-q", root / "srv/flowd.bundle", "HEAD")
        system = System(root, network=True)
        fresh = Fresh(system, log)
        with running(system):
            for step in steps:
                say(f"{name}: {step}")
                try:
                    fresh.run(step, "root" in (step.user, steps[0].user))
                except Failed as error:
                    say(f"FAILED: {error}")
                    say(f"{log} has the whole output")
                    return False
    return True


def main():
    for number in signal.SIGHUP, signal.SIGINT, signal.SIGTERM:
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    reason = debian.why_no_namespaces()
    if reason:
        sys.exit(f"check-fresh: cannot make a system: {reason}")
    systems = SYSTEMS
    if sys.argv[1:]:
        systems = [row for row in SYSTEMS if row[0] in sys.argv[1:]]
        known = {row[0] for row in systems}
        for release in sys.argv[1:]:
            if release not in known:
                systems += [(release, (ROOT_STEP,)), (release, (USER_STEP,))]
    WORK.mkdir(parents=True, exist_ok=True)
    results = {}
    for number, (release, steps) in enumerate(systems, 1):
        name = f"{release}-{number}"
        reason = sources(release)[1]
        results[name] = (f"skipped: {reason}" if reason else
                         "passed" if run_system(name, release, steps) else
                         "FAILED")
    for name, result in results.items():
        say(f"{name}: {result}")
    sys.exit(0 if set(results.values()) == {"passed"} else 1)


if __name__ == "__main__":
    main()
