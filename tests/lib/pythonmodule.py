"""The Python module flowd of the build tree, for tests of it.

    import pythonmodule
    flowd = pythonmodule.load()

The module is built on first use.  In a tree with sanitizers it is built with
them, and the test is executed again with their library preloaded."""

import fcntl
import gc
import os
import pathlib
import re
import subprocess
import sys
import sysconfig
import tracemalloc

import tap

DIR = tap.BUILD / "pymodule"
LEAST_OBJECT = 24		# bytes; the least that one leak loses
READER = tap.SRC / "python" / "reader.py"


def skip(reason):
    print(f"1..0 # SKIP {reason}", flush=True)
    sys.exit(0)


def _variable(name):
    text = (tap.BUILD / "Makefile").read_text()
    return re.search(rf"^{name} =(.*)$", text, re.M)[1].strip()


def _build():
    if not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists():
        skip("Python.h is missing (python3-dev)")
    try:
        import setuptools
    except ImportError:
        skip("setuptools is missing (python3-setuptools)")
    del setuptools
    if not (tap.BUILD / "Makefile").exists():
        skip("the module is built only by a build tree's make")
    # Tests run in parallel: one builds the module, and the others wait for it.
    with open(tap.BUILD / "pymodule.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = subprocess.run(
            [os.environ.get("MAKE", "make"), "-s", "python",
             f"PYTHON={sys.executable}"], cwd=tap.BUILD, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if made.returncode != 0:
        print("1..1\nnot ok 1 - the module is built")
        print("".join(f"# {line}\n" for line in made.stdout.splitlines()))
        sys.exit(1)


def environment():
    """Returns the environment for a program that uses the module."""
    env = {**os.environ, "PYTHONPATH": str(DIR), "TZ": "UTC"}
    if "-fsanitize" in _variable("CFLAGS"):
        libraries = [subprocess.run(
            [*_variable("CC").split(), f"-print-file-name=lib{name}.so"],
            stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
            for name in ("asan", "ubsan")]
        env["LD_PRELOAD"] = ":".join(libraries)
        # Python does not free everything when it exits.
        env["ASAN_OPTIONS"] = "exitcode=99:detect_leaks=0"
    return env


def load():
    """Imports the module, or skips the whole test if it cannot."""
    if "FLOWD_PYTHON_MODULE" not in os.environ:
        _build()
        env = environment()
        env["FLOWD_PYTHON_MODULE"] = str(DIR)
        os.execve(sys.executable, [sys.executable, *sys.argv], env)
    import flowd
    assert pathlib.Path(flowd.__file__).parent == DIR / "flowd"
    return flowd


def leak(work, rounds=12, times=100):
    """Returns how many bytes each call of work leaks.

    Python keeps some freed memory for later, which looks like growth for a
    while; a leak shows in every round."""
    def used():
        for _ in range(times):
            work()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        marks = [used() for _ in range(rounds)]
    finally:
        tracemalloc.stop()
    return min(b - a for a, b in zip(marks, marks[1:])) / times
