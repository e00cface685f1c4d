"""Runs a module's unittest tests and prints TAP, for runner.py.

    import tap

    class SomeBehaviour(unittest.TestCase):
        ...

    if __name__ == "__main__":
        tap.main()

Names of tests on the command line run just those.
"""

import faulthandler
import os
import pathlib
import signal
import sys
import tempfile
import traceback
import unittest

SRC = pathlib.Path(
    os.environ.get("SRC") or pathlib.Path(__file__).parents[2]).resolve()
BUILD = pathlib.Path(os.environ.get("BUILD") or os.getcwd()).resolve()


def _data():
    named = os.environ.get("FLOWD_TEST_DATA")
    path = pathlib.Path(named) if named else None
    return path.resolve() if path and path.is_dir() else None


# Recorded sessions, which are not part of the source; None without them.
DATA = _data()
# Whether to keep the files of a failed test.
KEEP = "FLOWD_TEST_KEEP" in os.environ


class _Failing:
    """Whether the running test has failed; between tests, whether any has."""
    now = False


class TemporaryDirectory(tempfile.TemporaryDirectory):
    """A directory whose content is kept, under another name, if its test fails
    and FLOWD_TEST_KEEP is set."""

    def cleanup(self):
        kind, _, _ = sys.exc_info()
        raised = kind is not None and not issubclass(kind, unittest.SkipTest)
        if KEEP and (raised or _Failing.now) and os.path.isdir(self.name):
            os.rename(self.name, self.name + ".kept")
        super().cleanup()


def program(name):
    """Returns the path of a program of the build, as a string."""
    return str(BUILD / name)


def sources(pattern):
    """Returns files at the top of the source tree and in its folders."""
    return [path for path in [*SRC.glob(pattern), *SRC.glob(f"*/{pattern}")]
            if path.parent == SRC or
            path.parent.name != "autom4te.cache" and
            not (path.parent / "config.status").exists()]


def source(name):
    """Returns the file of this name, in any folder of the source tree."""
    path, = sources(name)
    return path


class _Result(unittest.TestResult):
    """Prints one line for each outcome; a failed subtest counts as a test."""

    def __init__(self, out):
        super().__init__()
        self.out = out
        self.lines = 0

    def startTest(self, test):
        super().startTest(test)
        _Failing.now = False

    def stopTest(self, test):
        super().stopTest(test)
        _Failing.now = not self.wasSuccessful()

    def _line(self, verdict, test, note="", details=""):
        self.lines += 1
        name = test.id().replace("__main__.", "").replace("#", r"\#")
        print(f"{verdict} {self.lines} - {name}{note}", file=self.out)
        for line in details.splitlines():
            print(f"# {line}", file=self.out)
        self.out.flush()

    def _not_ok(self, test, err):
        _Failing.now = True
        kind, value, trace = err
        # The frames of unittest above the test are not useful.
        while trace and "__unittest" in trace.tb_frame.f_globals:
            trace = trace.tb_next
        self._line("not ok", test, details="".join(
            traceback.format_exception(kind, value, trace)))

    def addSuccess(self, test):
        super().addSuccess(test)
        self._line("ok", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._not_ok(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._not_ok(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._not_ok(subtest, err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line("ok", test, note=f" # SKIP {reason}")


def main(module="__main__"):
    """Runs the tests of a module and exits: 0 if none failed."""
    # The runner terminates a test that hangs; the test then prints where.
    faulthandler.enable()
    faulthandler.register(signal.SIGTERM, chain=True)
    # nohup and a shell's & ignore these; the programs under test would inherit
    # that.
    for number in signal.SIGHUP, signal.SIGINT, signal.SIGQUIT:
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    # Values in failures may be of other encodings than the locale's.
    sys.stdout.reconfigure(errors="backslashreplace")
    # The user that flowd becomes reads some of the files that tests make.
    os.umask(0o022)
    loader = unittest.TestLoader()
    if sys.argv[1:]:
        suite = loader.loadTestsFromNames(sys.argv[1:], sys.modules[module])
    else:
        suite = loader.loadTestsFromModule(sys.modules[module])
    print("TAP version 13", flush=True)
    result = _Result(sys.stdout)
    suite.run(result)
    print(f"1..{result.lines}")
    sys.exit(0 if result.wasSuccessful() and result.lines > 0 else 1)
