"""The Perl module Flowd of the build tree, for programs that use it."""

import fcntl
import os
import shutil
import subprocess

import tap

MAKE = os.environ.get("MAKE", "make")


def _perl_has(what):
    return subprocess.run(["perl", *what], stdin=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False
                          ).returncode == 0


def missing(*modules):
    """Returns why the Perl module, or these others, cannot be used, or
    None."""
    if shutil.which("perl") is None:
        return "perl is not installed"
    if not _perl_has(["-MConfig", "-MExtUtils::MakeMaker", "-e",
                      'exit !-f "$Config{archlibexp}/CORE/perl.h"']):
        return "perl's headers are not installed"
    for module in modules:
        if not _perl_has([f"-M{module}", "-e", "1"]):
            return f"perl's {module} is not installed"
    return None


def environment():
    """Builds the module, and returns an environment in which perl finds it."""
    # The lock is for tests that run in parallel.
    with open(tap.BUILD / "Makefile", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = subprocess.run(
            [MAKE, "perl"], cwd=tap.BUILD, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)
    if result.returncode != 0:
        raise AssertionError(f"make perl failed: {result.stdout}")
    blib = tap.BUILD / "perl" / "blib"
    return {**os.environ, "TZ": "UTC",
            "PERL5LIB": f"{blib / 'lib'}:{blib / 'arch'}"}
