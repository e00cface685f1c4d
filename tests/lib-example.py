#!/usr/bin/env python3
"""The programs in the manual of libflowd compile against the build tree and
against an installation, and that of flowd(3) works as the manual describes."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import programs
import readertest
import tap

LINES_MAX = 40
WARNINGS = "-Wall", "-Wextra", "-Wpedantic", "-Werror"

# Functions of a program may have the names of internal functions.
OWN_NAMES = """
int yyparse(void);
void log_warnx(const char *fmt, ...);
int yyparse(void) { return (1); }
void log_warnx(const char *fmt, ...) { (void)fmt; }
"""

FLAGS = """
#include <flowd/rules.h>
#include <stdio.h>
int
main(void)
{
	char error[FLOWD_RULES_ERROR_MAX];
	struct flowd_rules *rules;

	if (flowd_rules_compile("accept all", 10, "x", FLOWD_RULES_FILES << 1,
		&rules, error) != FLOWD_EINVAL || rules != NULL)
		return (1);
	return (puts(error) == EOF);
}
"""


def make_variable(name):
    """Returns the words of a variable of the build's Makefile."""
    text = (tap.BUILD / "Makefile").read_text()
    return re.search(rf"^{name} =(.*)$", text, re.M)[1].split()


def example(page):
    """Returns the program in a page of the manual."""
    text = re.search(r"^\.Sh EXAMPLES\n.*?^\.Bd .*?\n(.*?)^\.Ed",
                     page.read_text(), re.M | re.S)[1]
    return text.replace(r"\e", "\\")


def run(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options).stdout


def standards():
    """Returns the standards in which a program can be compiled here."""
    return ["c99", "c11"] + ["c++17"] * (shutil.which("c++") is not None)


def compiler(standard):
    """Returns the command that compiles the C source after it."""
    if standard == "c++17":
        return "c++", "-std=c++17", "-xc++"
    return *make_variable("CC"), f"-std={standard}"


class Example(unittest.TestCase):
    def setUp(self):
        scratch = tap.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.dir = pathlib.Path(scratch.name)
        self.source = self.dir / "octets.c"
        self.source.write_text(example(tap.source("flowd.3")))
        self.log = self.dir / "flows.log"
        self.log.write_bytes(readertest.log(4))

    def compile(self, *flags, standard="c11"):
        program = self.dir / "octets"
        run(*compiler(standard), *make_variable("CFLAGS"), *WARNINGS,
            "-o", program, self.source, "-xnone", *flags)
        return program

    def use(self, program, **env):
        env = {**os.environ, **env}
        self.assertEqual(run(program, self.log, env=env),
                         readertest.briefs(4) + "6 octets\n")
        self.log.write_bytes(readertest.log(4) + b"\xff" * 100)
        damaged = subprocess.run([program, self.log], env=env, text=True,
                                 capture_output=True, check=False)
        self.assertEqual(damaged.returncode, 1)
        self.assertIn(f"offset {len(readertest.log(4))}: ", damaged.stderr)
        missing = subprocess.run([program, "none.log"], env=env, text=True,
                                 capture_output=True, check=False)
        self.assertEqual(missing.returncode, 1)
        self.assertEqual(missing.stderr,
                         "none.log: No such file or directory\n")

    def build_flags(self):
        """Returns flags for <flowd/...>, as if the headers were installed."""
        (self.dir / "flowd").symlink_to(tap.SRC)
        return f"-I{self.dir}", f"-L{tap.BUILD}"

    def test_is_short(self):
        self.assertLess(len(self.source.read_text().splitlines()), LINES_MAX)

    def test_static_library_of_the_build(self):
        self.use(self.compile(*self.build_flags(), tap.program("libflowd.a"),
                              *make_variable("LIBZ")))

    @unittest.skipUnless((tap.BUILD / "libflowd.so").exists(),
                         "no shared library is built here")
    def test_shared_library_of_the_build(self):
        program = self.compile(*self.build_flags(), "-lflowd")
        self.use(program, LD_LIBRARY_PATH=str(tap.BUILD))

    def use_rules(self, program, **env):
        env = {**os.environ, **env}

        def said(rules, log=self.log):
            return subprocess.run([program, log, rules], env=env, text=True,
                                  capture_output=True, check=False)

        accepted = "discard all; accept src 198.51.100.0/24 octets 1"
        self.assertEqual(said("").stdout, "6 octets\n")
        self.assertEqual(said("discard all").stdout, "0 octets\n")
        self.assertEqual(said(accepted).stdout, "1 octets\n")
        wrong = said("accept all; accept proto tpc; foo")
        self.assertEqual(wrong.returncode, 1)
        self.assertEqual([line.split()[0] for line in
                          wrong.stderr.splitlines()], ["rules:2:", "rules:3:"])
        secret = self.dir / "secret"
        secret.write_text("password\n")
        for rules in (f'include "{secret}"', f'table <t> file "{secret}"'):
            refused = said(rules)
            self.assertEqual(refused.returncode, 1)
            self.assertNotIn("password", refused.stderr)
            self.assertIn("cannot read files", refused.stderr)

    def test_static_library_of_rules(self):
        own = OWN_NAMES if make_variable("RULES_STATIC") == [
            "$(RULES_ONE)"] else ""
        self.source.write_text(
            example(tap.source("flowd_rules_compile.3")) + own)
        flags = self.build_flags()
        for standard in standards():
            self.use_rules(self.compile(
                *flags, tap.program("libflowd-rules.a"),
                tap.program("libflowd.a"), *make_variable("LIBZ"),
                standard=standard))

    def test_unknown_flags_of_rules(self):
        self.source.write_text(FLAGS)
        program = self.compile(
            *self.build_flags(), tap.program("libflowd-rules.a"),
            tap.program("libflowd.a"), *make_variable("LIBZ"))
        self.assertEqual(run(program), "x: unknown flags\n")

    @unittest.skipUnless((tap.BUILD / "libflowd-rules.so").exists(),
                         "no shared library is built here")
    def test_shared_library_of_rules(self):
        self.source.write_text(
            example(tap.source("flowd_rules_compile.3")) + OWN_NAMES)
        flags = self.build_flags()
        for standard in standards():
            self.use_rules(
                self.compile(*flags, "-lflowd-rules", "-lflowd",
                             standard=standard),
                LD_LIBRARY_PATH=str(tap.BUILD))

    @unittest.skipUnless(shutil.which("c++"), "no C++ compiler")
    def test_headers_work_in_cplusplus(self):
        source = self.dir / "headers.cc"
        flags = self.build_flags()
        for header in programs.variable("LIB_HEADERS"):
            with self.subTest(header=header):
                source.write_text(f"#include <flowd/{header}>\n")
                run("c++", *WARNINGS, "-fsyntax-only", *flags, source)

    def test_example_of_each_page_in_each_standard(self):
        pages = [tap.SRC / page for page in programs.variable("MAN3")]
        sources = [self.dir / f"{page.stem}.c" for page in pages]
        for page, source in zip(pages, sources):
            source.write_text(example(page))
        flags = self.build_flags()
        for standard in standards():
            with self.subTest(standard=standard):
                # With code, as some warnings need more than the syntax.
                run(*compiler(standard), *WARNINGS, "-c", *sources, *flags,
                    cwd=self.dir)


@unittest.skipUnless(shutil.which("pkg-config"), "no pkg-config")
class Installed(Example):
    # Once is enough: these are the same headers and libraries.
    test_example_of_each_page_in_each_standard = None
    test_static_library_of_rules = None
    test_unknown_flags_of_rules = None
    test_shared_library_of_rules = None

    def setUp(self):
        super().setUp()
        self.root = self.dir / "root"
        run(os.environ.get("MAKE", "make"), "-s", "install",
            f"DESTDIR={self.root}", cwd=tap.BUILD)
        self.libdir = self.root / self.installed("libflowd.a").parent

    def installed(self, name):
        """Returns the path below the root of the one file with this name."""
        path, = self.root.rglob(name)
        return path.relative_to(self.root)

    def flags(self, *options, package="flowd"):
        return shlex.split(run(
            "pkg-config", *options, package,
            env={**os.environ, "PKG_CONFIG_SYSROOT_DIR": str(self.root),
                 "PKG_CONFIG_PATH": str(self.libdir / "pkgconfig")}))

    def build_flags(self):
        return self.flags("--cflags", "--libs-only-L")

    def test_pkg_config(self):
        program = self.compile(*self.flags("--cflags", "--libs"))
        self.use(program, LD_LIBRARY_PATH=str(self.libdir))

    def test_pkg_config_of_rules(self):
        self.source.write_text(example(tap.source("flowd_rules_compile.3")))
        flags = self.flags("--cflags", "--libs", package="flowd-rules")
        self.use_rules(self.compile(*flags),
                       LD_LIBRARY_PATH=str(self.libdir))

    def test_static_library_of_the_build(self):
        static = self.libdir / "libflowd.a"
        flags = self.flags("--static", "--cflags", "--libs")
        self.use(self.compile(
            *(str(static) if flag == "-lflowd" else flag for flag in flags)))

    def test_each_function_has_a_page(self):
        pages = self.root / self.installed("store_read.3").parent
        for name in re.findall(
                r"^\t(\w+);", tap.source("libflowd.map").read_text(), re.M):
            with self.subTest(function=name):
                page = (pages / f"{name}.3").read_text()
                link = re.fullmatch(r"\.so man3/(.*)\n", page)
                if link:
                    page = (pages / link[1]).read_text()
                self.assertIn(f"\n.Nm {name}", page)

    def test_links(self):
        shared = self.libdir / "libflowd.so"
        if not shared.exists():
            self.skipTest("no shared library is built here")
        self.assertEqual(os.readlink(shared), "libflowd.so.1")
        self.assertRegex(os.readlink(self.libdir / "libflowd.so.1"),
                         r"^libflowd\.so\.1\.\d+$")

    def test_uninstall(self):
        run(os.environ.get("MAKE", "make"), "-s", "uninstall",
            f"DESTDIR={self.root}", cwd=tap.BUILD)
        left = [path.name for path in self.root.rglob("*")
                if not path.is_dir()]
        self.assertEqual(left, ["flowd.conf"])


if __name__ == "__main__":
    tap.main()
