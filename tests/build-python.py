#!/usr/bin/env python3
"""The Python module can be installed from the tree and from a source
distribution, its stubs match it, and its examples work."""

import doctest
import importlib.util
import inspect
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import pythonmodule
import tap

flowd = pythonmodule.load()

PYTHON = tap.SRC / "python"


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} failed: {done.stdout}")
    return done.stdout


def has(module):
    return importlib.util.find_spec(module) is not None


class Scratch(unittest.TestCase):
    def setUp(self):
        scratch = tap.TemporaryDirectory(prefix="flowd-test-")
        self.addCleanup(scratch.cleanup)
        self.dir = pathlib.Path(scratch.name)


@unittest.skipUnless(has("pip") and has("wheel"), "no pip or no wheel")
class Install(Scratch):
    """Installs with pip, without network, so with the system's setuptools."""

    def copy_tree(self):
        """Copies the needed part of the source tree; pip builds in it."""
        tree = self.dir / "tree"
        shutil.copytree(PYTHON, tree / "python", ignore=shutil.ignore_patterns(
            "build", "dist", "*.egg-info", "__pycache__"))
        for pattern in "*.[chy]", "*/*.[ch]", "configure.ac", "Makefile.in":
            for path in tap.SRC.glob(pattern):
                copy = tree / path.relative_to(tap.SRC)
                copy.parent.mkdir(exist_ok=True)
                shutil.copy2(path, copy)
        if (tap.BUILD / "parse.c").exists():	# yacc is not needed then
            shutil.copy2(tap.BUILD / "parse.c", tree)
        return tree / "python"

    def install(self, source):
        target = self.dir / "target"
        run(sys.executable, "-m", "pip", "install", "--quiet", "--no-index",
            "--no-build-isolation", "--no-deps", "--target", target, source,
            env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore",
                 "CFLAGS": "-O0"})
        self.use(target)

    def use(self, target):
        """Uses the module in a directory that has nothing else of flowd."""
        program = ("import flowd, io; log = io.BytesIO(); "
                   "flow = flowd.Flow(); flow.octets = 5; "
                   "flowd.FlowLog(log, 'wb').write_flow(flow); log.seek(0); "
                   "print(flowd.__file__, next(flowd.FlowLog(log)).octets)")
        said = run(sys.executable, "-c", program, cwd=self.dir,
                   env={**os.environ, "PYTHONPATH": str(target)})
        self.assertEqual(said, f"{target}/flowd/__init__.py 5\n")
        for name in "py.typed", "__init__.pyi", "_flowd.pyi":
            self.assertTrue((target / "flowd" / name).exists(), name)

    def test_from_the_tree(self):
        self.install(self.copy_tree())

    def test_from_a_source_distribution(self):
        source = self.copy_tree()
        run(sys.executable, "setup.py", "-q", "sdist", "--dist-dir",
            self.dir, cwd=source)
        shutil.rmtree(source.parent)
        distribution, = self.dir.glob("flowd-*.tar.gz")
        self.install(distribution)


class Examples(Scratch):
    def run_examples(self, text, name):
        test = doctest.DocTestParser().get_doctest(text, {}, name, name, 0)
        self.assertTrue(test.examples)
        said = []
        runner = doctest.DocTestRunner(verbose=False)
        runner.run(test, out=said.append)
        self.assertEqual("".join(said), "")

    @unittest.skipUnless(has("numpy"), "no numpy")
    def test_readme(self):
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.dir)
        text = (PYTHON / "README").read_text()
        if not has("pandas"):
            text, count = re.subn(r"^pandas\n-+\n(.*\n)*?(?=Damage\n-+\n)", "",
                                  text, flags=re.M)
            self.assertEqual(count, 1)
        self.run_examples(text, "README")


class Stubs(Scratch):
    TEXT = "".join((PYTHON / "lib" / "flowd" / name).read_text()
                   for name in ("__init__.pyi", "_flowd.pyi"))
    PRIVATE = {"columns", "constants", "zlib_version", "zlib_build_version"}

    def test_they_have_all_names(self):
        named = set(re.findall(r"^(?:def|class)? ?(\w+)(?=[:(])", self.TEXT,
                               re.M))
        named = {name for name in named if not name.startswith("_")}
        public = {name for name in vars(flowd) if not name.startswith("_") and
                  not inspect.ismodule(getattr(flowd, name))}
        self.assertEqual(public, named - self.PRIVATE)

    def test_they_have_all_attributes(self):
        for kind in flowd.Flow, flowd.FlowLog, flowd.Filter:
            bodies = re.findall(
                rf"^class {kind.__name__}\b.*:\n((?:    .*\n|\n)*)",
                self.TEXT, re.M)
            named = set(re.findall(r"^    (?:def )?(\w+)(?=[:(])",
                                   "".join(bodies), re.M))
            public = {name for name in dir(kind) if not name.startswith("_")}
            self.assertEqual(
                public, {name for name in named if not name.startswith("_")},
                kind)

    def run_mypy(self, *command):
        env = {**os.environ, "MYPYPATH": str(pythonmodule.DIR)}
        env.pop("LD_PRELOAD", None)
        done = subprocess.run(
            [sys.executable, "-m", *command], env=env, cwd=self.dir,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)
        return done.returncode, done.stdout

    def check(self, program):
        """Returns the messages of mypy about a program."""
        (self.dir / "program.py").write_text(program)
        return self.run_mypy("mypy", "--strict", "--no-error-summary",
                             "--cache-dir", self.dir, "program.py")[1]

    @unittest.skipUnless(has("mypy") and has("numpy"), "no mypy or no numpy")
    def test_mypy_checks_a_program(self):
        said = self.check(
            "import flowd\n"
            "with flowd.FlowLog('x', recover=True) as log:\n"
            "    for flow in log:\n"
            "        reveal_type(flow.octets)\n"
            "        flow.src_addr = '192.0.2.1'\n"
            "        print(flow.no_such)\n"
            "reveal_type(flowd.read_arrays('x', ['octets']))\n")
        self.assertIn('Revealed type is "builtins.int"', said)
        self.assertIn('"Flow" has no attribute "no_such"', said)
        self.assertIn("numpy.ndarray", said)
        self.assertEqual(said.count(" error: "), 1, said)

    @unittest.skipUnless(has("mypy") and has("numpy"), "no mypy or no numpy")
    def test_mypy_accepts_all_arguments(self):
        self.assertEqual(self.check("""
import datetime, gzip, io, pathlib
import flowd

def see(damage: flowd.Damage) -> None:
    print(damage.offset, damage.reason)

path = pathlib.Path("x")
time = datetime.datetime.now()
a = flowd.read_arrays(path, ["octets"], follow=True)
log = flowd.FlowLog(path)
flowd.read_arrays([path, "y", io.BytesIO()], "octets", "accept all", count=5,
                  recover=True, on_damage=see, period=(time, None))
flowd.read_arrays(path, ("octets",), lambda flow: flow.start is not None)
flowd.in_network(a["src_addr"], "::/0", a["src_addr_af"])
flowd.ip_addresses(a["src_addr"], [2, 10])
flowd.to_pandas(path, period=(5, 7.5), addresses="int", by="active")
flowd.read_arrays(path, "octets", period=flowd.period("yesterday", utc=True))
log.read_arrays("octets", period="last-15m", by="received")
flowd.to_pandas(a)
with flowd.FlowLog(gzip.open(path, "wb"), "wb") as out:
    out.write_flow(flowd.Flow(b""), flowd.FIELD_ALL & ~flowd.FIELD_CRC32)
with open(path, "rb") as file, flowd.FlowLog_fromfile(file) as log2:
    log2.read_arrays("octets", period=(None, time))
    log2.to_pandas(addresses="text")
flowd.FlowLog_fromfile(path, "rb", follow=True)
keys = {flowd.Filter("accept all", "name", files=True)}
flowd.Flow().format(mask=None)
"""), "")

    @unittest.skipUnless(has("mypy") and has("numpy"), "no mypy or no numpy")
    def test_stubtest(self):
        self.assertEqual(self.run_mypy("mypy.stubtest", "--concise", "flowd"),
                         (0, ""))


if __name__ == "__main__":
    tap.main()
