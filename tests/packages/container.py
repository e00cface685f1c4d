#!/usr/bin/env python3
"""The image of packaging/container is built and runs with few rights.

podman builds it from a base image that debootstrap makes.  The containers have
no network but loopback, so the tests send from inside of them."""

import functools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "lib"))
import debian
import tap
from debian import System, run
from flowdtest import need, wait_for

BASE = "localhost/flowd-test-base"
IMAGE = "localhost/flowd-test"
NOBODY = 65534
SAMPLE = 12			# flows that flow-send -x sends
LIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024")
CAPABILITIES = ("SETUID", "SETGID", "SYS_CHROOT", "KILL")
RESTRICTED = ("--cap-drop=all", "--security-opt=no-new-privileges",
              "--read-only", "--tmpfs=/run")
COUNT = "cat /var/log/flowd/*.flow | flowd-reader -J - | wc -l"

REASON = debian.why_not() or (
    f"{need('podman')} is not installed" if need("podman") else None)


def podman(*words):
    return run("podman", *words)


@functools.cache
def why_no_containers():
    """Returns why no container of the base image can run, or None.  Chooses
    the first runtime that can run one."""
    message = "no runtime is installed"
    for runtime in "crun", "runc":
        if need(runtime):
            continue
        result = subprocess.run(
            ["podman", f"--runtime={runtime}", "run", "--rm", *LIMITS,
             "--network=none", BASE, "true"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)
        if result.returncode == 0:
            Container.runtime = runtime
            return None
        message = f"{runtime}: {result.stdout.strip()}"
    return message


def setUpModule():
    if REASON:
        raise unittest.SkipTest(REASON)
    with tempfile.TemporaryDirectory(prefix="flowd-test-") as tmp:
        system = System(pathlib.Path(tmp) / "base")
        system.make()
        run("tar", "-C", system.root, "--one-file-system", "-cf",
            f"{tmp}/base.tar", ".")
        podman("import", f"{tmp}/base.tar", BASE)
        unittest.addModuleCleanup(podman, "image", "rm", "-f", BASE)
        # A copy of the files of the source, as in a git checkout.
        run(tap.SRC / "tools" / "make-dist", tap.SRC, "0", "byacc", cwd=tmp)
        run("tar", "-xzf", "flowd-0.tar.gz", cwd=tmp)
        podman("build", "--layers=false", "--isolation=chroot", "--network=host",
               f"--build-arg=BASE={BASE}", f"--tag={IMAGE}", "--quiet",
               f"--file={tmp}/flowd-0/packaging/container/Containerfile",
               f"{tmp}/flowd-0")
        unittest.addModuleCleanup(podman, "image", "rm", "-f", IMAGE)


class Container(unittest.TestCase):

    runtime = None

    def setUp(self):
        reason = why_no_containers()
        if reason:
            self.skipTest(reason)
        self.name = None

    def start(self, *options):
        """Starts a container, and returns when flowd runs in it."""
        self.name = podman(f"--runtime={self.runtime}", "run", "--detach",
                           *LIMITS, "--network=none", *options,
                           IMAGE).split()[-1]
        self.addCleanup(podman, "rm", "--force", "--volumes", self.name)
        wait_for(lambda: not self.state("Running") or
                 "flowd is running" in self.messages(), "flowd runs")

    def messages(self):
        return podman("logs", self.name)

    def state(self, name):
        return json.loads(podman("inspect", self.name))[0]["State"][name]

    def execute(self, *command):
        return podman(f"--runtime={self.runtime}", "exec", self.name, *command)

    def collect(self):
        said = self.execute("flow-send", "-x", "127.0.0.1:2055")
        self.assertEqual(int(said), SAMPLE)
        wait_for(lambda: int(self.execute("sh", "-c", COUNT)) == SAMPLE,
                 "the flows are in the log")

    def stop(self):
        podman("stop", "--time=60", self.name)
        self.assertEqual(self.state("ExitCode"), 0, self.messages())

    def test_root_with_few_capabilities(self):
        self.start(*RESTRICTED, f"--cap-add={','.join(CAPABILITIES)}")
        self.assertTrue(self.state("Running"), self.messages())
        self.assertIn("collector runs as _flowd, root /var/empty, sandbox "
                      "seccomp", self.messages())
        self.collect()
        self.execute("flowd", "-r")
        self.assertIn("127.0.0.1", self.execute("flowdctl", "show",
                                                "exporters"))
        self.stop()

    def test_a_missing_capability_is_named(self):
        for missing in CAPABILITIES[:3]:
            with self.subTest(capability=missing):
                self.start(*RESTRICTED, "--cap-add=" + ",".join(
                    name for name in CAPABILITIES if name != missing))
                wait_for(lambda: not self.state("Running"), "flowd ends")
                self.assertEqual(self.state("ExitCode"), 1)
                self.assertIn(f"lacks the capability CAP_{missing}",
                              self.messages())

    def test_an_ordinary_user_without_capabilities(self):
        """The volumes belong to this user."""
        volumes = []
        for path in "/run", "/var/log/flowd", "/var/lib/flowd":
            tmp = tap.TemporaryDirectory(prefix="flowd-test-")
            self.addCleanup(tmp.cleanup)
            os.chown(tmp.name, NOBODY, NOBODY)
            volumes.append(f"--volume={tmp.name}:{path}")
        self.start(*RESTRICTED[:-1], *volumes, f"--user={NOBODY}:{NOBODY}")
        self.assertTrue(self.state("Running"), self.messages())
        self.assertIn("not started by root", self.messages())
        self.collect()
        self.stop()


if __name__ == "__main__":
    tap.main()
