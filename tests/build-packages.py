#!/usr/bin/env python3
"""Package recipes have the version of configure, and list exactly the files
that `make install` installs."""

import fnmatch
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import tap
from flowdtest import make_variable

DEBIAN = tap.SRC / "debian"
RECIPES = tap.SRC / "packaging"
MACROS = {"_sysconfdir": "/etc", "_sbindir": "/usr/sbin",
          "_bindir": "/usr/bin", "_datadir": "/usr/share",
          "_mandir": "/usr/share/man", "_libdir": "/usr/lib",
          "_includedir": "/usr/include"}
# Files that are installed in other ways: the modules, and files of contrib.
OTHERWISE = re.compile(r"python3|perl|Flowd\.3|log/flowd|_unitdir|rc\.d")
EMPTY = "usr/share/flowd/empty"		# where there is no /var/empty


def text(*names):
    return tap.SRC.joinpath(*names).read_text()


def version():
    return re.search(r"AC_INIT\(\[flowd\], \[(.*?)\]\)",
                     text("configure.ac"))[1]


def lines(contents):
    """Returns the lines of a list of files that are compared here."""
    return [line for line in contents.splitlines()
            if line and not line.startswith("#")
            and not OTHERWISE.search(line)]


def install(root, *variables):
    """Runs make install into a directory, and returns its output."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("MAKEFLAGS", "MFLAGS", "DESTDIR")}
    return subprocess.run(
        [os.environ.get("MAKE", "make"), "install", f"DESTDIR={root}",
         "prefix=/usr", "sysconfdir=/etc", f"PRIVSEP_PATH=/{EMPTY}",
         *variables], cwd=tap.BUILD, env=environment, check=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout


class Install(unittest.TestCase):

    MESSAGES = ("does not run without the user no-such-user",
                "do not run without the Python module flowd",
                "do not run without the Perl module Flowd")

    def install(self, *variables):
        with tap.TemporaryDirectory(prefix="flowd-test-") as tmp:
            return " ".join(install(tmp, *variables).split())

    def test_it_names_what_is_missing(self):
        said = self.install("PYTHON=false", "PERL=false",
                            "PRIVSEP_USER=no-such-user")
        for message in self.MESSAGES:
            self.assertIn(message, said)

    def test_it_names_nothing_that_is_there(self):
        self.assertNotIn("do not run without",
                         self.install("PYTHON=true", "PERL=true"))


class Packages(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        if not make_variable("LIBFLOWD_SO"):
            raise unittest.SkipTest("this build has no shared library")
        tmp = tap.TemporaryDirectory(prefix="flowd-test-")
        cls.addClassCleanup(tmp.cleanup)
        install(tmp.name)
        root = pathlib.Path(tmp.name)
        cls.installed = {str(path.relative_to(root))
                         for path in root.rglob("*") if not path.is_dir()}
        cls.has_empty = (root / EMPTY).is_dir()

    def assert_lists(self, patterns, left_out=()):
        """Asserts that each file is in exactly one line, and each line has a
        file."""
        files = [name for name in sorted(self.installed)
                 if not any(fnmatch.fnmatchcase(name, pattern)
                            for pattern in left_out)]
        for name in files:
            by = [pattern for pattern in patterns
                  if fnmatch.fnmatchcase(name, pattern)]
            self.assertEqual(len(by), 1, f"{name} is listed by {by}")
        for pattern in patterns:
            if pattern != EMPTY:
                self.assertTrue(fnmatch.filter(files, pattern),
                                f"{pattern} is not installed")

    def test_debian_lists_what_is_installed(self):
        patterns = []
        for path in DEBIAN.glob("*.install"):
            for line in lines(path.read_text()):
                line = line.replace("usr/lib/*/", "usr/lib/")
                is_directory = fnmatch.filter(self.installed, f"{line}/*")
                patterns.append(f"{line}/*" if is_directory else line)
        self.assert_lists(patterns)
        self.assertIn(EMPTY, patterns)
        self.assertTrue(self.has_empty)

    def test_rpm_lists_what_is_installed(self):
        spec = text("packaging", "rpm", "flowd.spec")
        patterns = []
        listed = re.findall(r"^%files.*\n((?:[^\n]+\n)*)", spec, re.M)
        for line in lines("".join(listed)):
            if line.startswith(("%license", "%doc", "%dir")):
                continue
            path = re.sub(r"%\{(\w+)\}", lambda found: MACROS[found[1]],
                          line.split()[-1])[1:]
            patterns.append(path + "*" if path.endswith("/") else path)
        self.assert_lists(patterns)

    def test_openbsd_lists_what_is_installed(self):
        patterns = []
        for line in lines(text("packaging", "openbsd", "pkg", "PLIST")):
            path = re.sub(r"^@(bin|man|static-lib) ", "", line)
            if path.startswith("@") or path.endswith("/"):
                continue
            path = re.sub(r"^man/", "share/man/", path)
            patterns.append("etc/flowd.conf" if "examples" in path
                            else f"usr/{path}")
        self.assert_lists(patterns, left_out=["*/libflowd*.so*"])

    def test_freebsd_lists_what_is_installed(self):
        patterns = []
        for line in lines(text("packaging", "freebsd", "pkg-plist")):
            path = re.sub(r"\.gz$", "", line)
            patterns.append("etc/flowd.conf" if line.startswith("@sample")
                            else f"usr/{path}")
        self.assert_lists(patterns)

    def test_versions(self):
        for names, pattern in (
                (("debian", "changelog"), r"^flowd \((.*?)-\w+\)"),
                (("packaging", "rpm", "flowd.spec"), r"^Version: +(.*)$"),
                (("packaging", "rpm", "flowd.spec"), r"^\* .* - (.*?)-\d+$"),
                (("version.h",), r'^#define FLOWD_VERSION +"(.*)"$'),
                (("packaging", "alpine", "APKBUILD"), r"^pkgver=(.*)$"),
                (("packaging", "openbsd", "Makefile"), r"^V =\t+(.*)$"),
                (("packaging", "freebsd", "Makefile"),
                 r"^DISTVERSION=\t(.*)$")):
            with self.subTest(recipe="/".join(names)):
                found = re.search(pattern, text(*names), re.M)
                self.assertEqual(found[1], version())

    def test_parts_of_the_version(self):
        self.assertEqual(
            re.findall(r"^#define FLOWD_VERSION_[A-Z]+ +(\d+)$",
                       text("version.h"), re.M), version().split("."))

    def test_sonames(self):
        soname = make_variable("LIBFLOWD_SONAME")
        major = soname.rpartition(".")[2]
        for name in "install", "symbols":
            self.assertTrue((DEBIAN / f"libflowd{major}.{name}").exists())
        for name in soname, make_variable("RULES_SONAME"):
            self.assertRegex(text("debian", f"libflowd{major}.symbols"),
                             f"(?m)^{re.escape(name)} libflowd{major} ")


if __name__ == "__main__":
    tap.main()
