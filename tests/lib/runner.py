#!/usr/bin/env python3
"""Runs tests, which are programs that print TAP, and explains failures.

    runner.py [-j JOBS] [-t SECONDS] [-d DIR] [-n NAME] TEST...

A test is a path below DIR or else below the source tree.  Each runs in a
session of its own with DIR as its working directory, a TMPDIR of its own, and
FLOWD_TEST_KEEP=1, which makes tests keep the files of a failure.  DIR keeps
two things between runs: test-durations, so that the longest tests start first,
and failed/TEST/, the output and the files of the tests that failed last time.

A file fails if a test in it fails, if its plan is not met, if it exits with
another status than 0, is killed, exceeds SECONDS, or leaves a process running.
The last line printed is the summary; the exit status is 0 if all passed."""

import argparse
import collections
import concurrent.futures
import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

SRC = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 240		# for one file
GRACE = 2.0		# seconds for a test to print where it hangs
VANISH = 5.0		# seconds in which the last processes of a test end
KEEP_FILE = 8 << 20	# bytes of a failed test's files, for each file,
KEEP_TEST = 32 << 20	# for each test
KEEP_ALL = 256 << 20	# and for all
ASSERTIONS_SHOWN = 4	# in full; of each file at least one
NAMES_SHOWN = 10	# of a file's further failed tests
LINES_SHOWN = 30	# of an assertion
MESSAGES_SHOWN = 15	# lines of a daemon
DAEMONS_SHOWN = 4
KEPT_SHOWN = 10		# paths
SLOWEST = 10
MINUTE = 60

OUTPUT = "output"	# names of files: what a test printed,
ERRORS = "output.err"	# and its standard error
RESULT = re.compile(r"(not )?ok\b *\d*(?: -)? *(.*)")
PLAN = re.compile(r"1\.\.(\d+)(.*)")
SKIP = re.compile(r"(?<!\\)# *skip\S* *(.*)", re.IGNORECASE)
SKIPPED = "skipped: "
MESSAGES = re.compile(r"stderr|.*\.(err|stderr)")	# names of files


@dataclasses.dataclass
class Result:
    """The result of a test file."""
    name: str
    seconds: float = 0.0
    tests: int = 0
    failed: list = dataclasses.field(default_factory=list)
    skipped: list = dataclasses.field(default_factory=list)	# reasons
    problems: list = dataclasses.field(default_factory=list)
    rest: list = dataclasses.field(default_factory=list)	# after the last
    # Paths, each with its lines:
    errors: list = dataclasses.field(default_factory=list)
    messages: list = dataclasses.field(default_factory=list)	# of daemons
    kept: list = dataclasses.field(default_factory=list)

    @property
    def passed(self):
        return not self.failed and not self.problems


def plural(count, noun):
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def read_tap(result, lines):
    """Adds the outcomes in lines of TAP to a result."""
    plan = None
    before = []			# lines since the last outcome
    at_failure = False		# whether comments belong to a failed test
    for line in lines:
        outcome = RESULT.match(line)
        planned = PLAN.match(line)
        if outcome:
            at_failure = add_outcome(result, outcome, before)
            before = []
        elif planned:
            plan = int(planned[1])
            skip = SKIP.search(planned[2])
            if plan == 0 and skip:
                result.skipped.append(skip[1])
        elif line.startswith("Bail out!"):
            result.problems.append(line)
        elif line.startswith("#") and at_failure:
            result.failed[-1].append(line)
        elif not line.startswith("TAP version"):
            at_failure = False
            before.append(line)
    if plan is None:
        result.problems.append(
            f"no plan: it ended after {plural(result.tests, 'test')}")
    elif plan != result.tests:
        result.problems.append(f"{plural(plan, 'test')} planned, "
                               f"{result.tests} run")
    elif plan == 0 and not result.skipped:
        result.problems.append("no tests run")
    result.rest = before


def add_outcome(result, outcome, before):
    """Adds one outcome; returns whether the test failed."""
    result.tests += 1
    skip = SKIP.search(outcome[2])
    if skip:
        result.skipped.append(skip_reason(outcome, skip, before))
        return False
    if outcome[1]:
        result.failed.append([outcome[0], *before])
        return True
    return False


def skip_reason(outcome, skip, before):
    """Returns why a test was skipped.  cmocka prints the test's name in the
    place of the reason, and tests/unit/skip.h the reason on a line before."""
    if not outcome[2].startswith("#"):
        return skip[1]
    reasons = [line[len(SKIPPED):] for line in before
               if line.startswith(SKIPPED)]
    return reasons[-1] if reasons else "no reason stated"


def processes(session, tmp):
    """Returns the processes of a test, from /proc: those in its session, and
    daemons, which leave the session but have its TMPDIR."""
    mark = f"TMPDIR={tmp}".encode()
    for directory in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            stat = (directory / "stat").read_text(errors="replace")
            words = stat.rpartition(") ")[2].split()
            if words[0] in "ZX":
                continue
            if int(words[3]) == session or \
                    mark in (directory / "environ").read_bytes().split(b"\0"):
                yield int(directory.name)


def command_line(pid):
    try:
        data = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return "?"
    return data.replace(b"\0", b" ").decode(errors="replace").strip()


def kill(session, tmp):
    """Kills the remaining processes of a test."""
    with contextlib.suppress(OSError):
        os.killpg(session, signal.SIGKILL)
    for pid in processes(session, tmp):
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def left_running(session, tmp):
    """Returns the processes that a test left running.  Those about to exit get
    a few seconds."""
    deadline = time.monotonic() + VANISH
    while True:
        left = [f"{pid} ({command_line(pid)})"
                for pid in processes(session, tmp)]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def files_below(directories, target):
    """Yields the size and the path of each file below the directories, and the
    path of its copy below target."""
    for directory in directories:
        for root, dirs, files in os.walk(directory):
            for entry in files + [d for d in dirs
                                  if os.path.islink(os.path.join(root, d))]:
                path = pathlib.Path(root, entry)
                with contextlib.suppress(OSError):
                    yield (path.lstat().st_size, path,
                           target / path.relative_to(directory))


class Keeper:
    """Copies the files of failed tests to failed/, up to a number of bytes."""

    def __init__(self, directory):
        self.directory = directory
        self.left = KEEP_ALL
        self.lock = threading.Lock()
        shutil.rmtree(directory, ignore_errors=True)

    def keep(self, name, *directories):
        """Copies the directories' files.  Returns the directory of the copies,
        their paths, and how many files were not copied."""
        target = self.directory / pathlib.PurePath(name).name
        target.mkdir(parents=True, exist_ok=True)
        copies = []
        omitted = 0
        with self.lock:
            room = min(KEEP_TEST, self.left)
            for size, path, copy in sorted(files_below(directories, target)):
                if path.is_socket() or path.is_fifo() or \
                        path.is_block_device() or path.is_char_device():
                    continue
                if size > KEEP_FILE or size > room:
                    omitted += 1
                    continue
                room -= size
                self.left -= size
                with contextlib.suppress(OSError):
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(path, copy, follow_symlinks=False)
                    copies.append(copy)
        return target, copies, omitted


class Runner:
    def __init__(self, directory, jobs, seconds):
        self.directory = directory
        self.jobs = jobs
        self.seconds = seconds
        self.keeper = Keeper(directory / "failed")
        self.durations = directory / "test-durations"
        self.running = {}		# sessions, with their TMPDIR
        self.stopping = False
        self.lock = threading.Lock()

    def read_durations(self):
        """Returns the seconds that each test took last time."""
        with contextlib.suppress(OSError, ValueError):
            rows = [line.split("\t") for line in
                    self.durations.read_text().splitlines()]
            return {name: float(seconds) for seconds, name in rows}
        return {}

    def write_durations(self, results):
        known = self.read_durations()
        known.update((r.name, r.seconds) for r in results)
        new = self.durations.with_suffix(".new")
        new.write_text("".join(f"{seconds:.2f}\t{name}\n"
                               for name, seconds in sorted(known.items())))
        new.replace(self.durations)

    def run_all(self, names):
        """Returns the results of all tests; each is printed as it ends."""
        known = self.read_durations()
        names = sorted(names, key=lambda n: (-known.get(n, float("inf")), n))
        results = []
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            try:
                for future in concurrent.futures.as_completed(
                        [pool.submit(self.run, name) for name in names]):
                    if not self.stopping:
                        results.append(future.result())
                        print_result(results[-1])
            except BaseException:
                self.stop()
                raise
        self.write_durations(results)
        return results

    def stop(self):
        """Stops the running tests, and starts no more."""
        with self.lock:
            self.stopping = True
            running = dict(self.running)
        for session, tmp in running.items():
            kill(session, tmp)

    def run(self, name):
        """Runs one test file."""
        result = Result(name)
        tmp = tempfile.mkdtemp(prefix="flowd-tests-")
        # World-writable like /tmp, for tests that run without root.
        os.chmod(tmp, 0o1777)
        # Outside TMPDIR, whose file system the test may fill.
        out = tempfile.mkdtemp(prefix="test-output-", dir=self.directory)
        started = time.monotonic()
        try:
            self.execute(result, tmp, pathlib.Path(out))
            result.seconds = time.monotonic() - started
            read_tap(result, pathlib.Path(out, OUTPUT).read_text(
                errors="replace").splitlines())
            if not result.passed and not self.stopping:
                self.keep(result, out, tmp)
        finally:
            shutil.rmtree(tmp, ignore_errors=True)
            shutil.rmtree(out, ignore_errors=True)
        return result

    def execute(self, result, tmp, directory):
        """Runs the program to its end; no process of it remains."""
        path = self.directory / result.name
        if not path.exists():
            path = SRC / result.name
        env = {**os.environ, "TMPDIR": tmp, "FLOWD_TEST_KEEP": "1",
               "CMOCKA_MESSAGE_OUTPUT": "TAP"}
        with open(directory / OUTPUT, "wb") as out, \
                open(directory / ERRORS, "wb") as err:
            with self.lock:
                if self.stopping:
                    return
                try:
                    process = subprocess.Popen(
                        [str(path)], stdin=subprocess.DEVNULL, stdout=out,
                        stderr=err, cwd=self.directory, env=env,
                        start_new_session=True)
                except OSError as exc:
                    result.problems.append(f"cannot be run: {exc}")
                    return
                self.running[process.pid] = tmp
        try:
            self.wait(result, process, tmp)
        finally:
            with self.lock:
                del self.running[process.pid]

    def wait(self, result, process, tmp):
        """Waits for a program, and adds a problem if it did not end
        normally."""
        try:
            process.wait(self.seconds)
        except subprocess.TimeoutExpired:
            result.problems.append(
                f"it did not end within {self.seconds:g} s and was killed")
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)
            kill(process.pid, tmp)
            process.wait()
            return
        if process.returncode < 0:
            name = signal.Signals(-process.returncode).name
            result.problems.append(f"it was killed by {name}")
        elif process.returncode > 0:
            result.problems.append(f"its exit status is {process.returncode}")
        left = left_running(process.pid, tmp)
        if left:
            kill(process.pid, tmp)
            result.problems.append("it left processes behind, which were "
                                   "killed: " + ", ".join(left))

    def keep(self, result, *directories):
        target, copies, omitted = self.keeper.keep(result.name, *directories)
        logs = [path for path in copies if MESSAGES.fullmatch(path.name)]
        logs.sort(key=lambda path: path.stat().st_mtime)
        for path in logs[-DAEMONS_SHOWN:]:
            lines = path.read_text(errors="replace").splitlines()
            if not lines:
                continue
            own = path == target / ERRORS
            (result.errors if own else result.messages).append((path, lines))
        result.kept = [f"{target}/"]
        for entry in sorted(target.iterdir())[:KEPT_SHOWN]:
            result.kept.append(f"{entry}{'/' if entry.is_dir() else ''}")
        if omitted:
            result.kept.append(f"({plural(omitted, 'large file')} not kept)")


def print_result(result):
    """Prints the line of a file that has ended."""
    verdict = "ok    " if result.passed else "FAILED"
    said = plural(result.tests, "test")
    if result.skipped and result.tests == 0:
        said = "skipped"
    elif result.skipped:
        said += f", {len(result.skipped)} skipped"
    print(f"{verdict} {result.seconds:6.1f} s  {result.name}: {said}",
          flush=True)


def print_skips(results):
    """Prints the reasons for which tests were skipped, and the files."""
    reasons = collections.defaultdict(list)
    for result in results:
        for reason in result.skipped:
            reasons[reason].append(result.name)
    if not reasons:
        return
    print("\nSkipped:")
    for reason, names in sorted(reasons.items(), key=lambda r: -len(r[1])):
        files = sorted(set(names))
        where = files[0] if len(files) == 1 else plural(len(files), "file")
        print(f"{len(names):5}  {reason} ({where})")


def print_slowest(results):
    print("\nSlowest:")
    for result in sorted(results, key=lambda r: -r.seconds)[:SLOWEST]:
        print(f"{result.seconds:7.1f} s  {result.name}")


def print_lines(lines, limit):
    if len(lines) > limit:
        print(f"    ... {len(lines) - limit} lines above")
    for line in lines[-limit:]:
        print(f"    {line}")


def print_tails(files):
    for path, lines in files:
        print(f"  Last lines of {path}:")
        print_lines(lines, MESSAGES_SHOWN)


def print_files(result):
    """Prints which files of a failed test were kept, and the messages of its
    daemons."""
    print(f"\nFiles of {result.name}:")
    print_tails(result.messages)
    print("  Kept: " + "\n        ".join(result.kept))


def print_failure(result, shown):
    """Prints why a file failed, with the details of some of its tests."""
    print(f"\nFAILED: {result.name}")
    for problem in result.problems:
        print(f"  {problem}")
    for first, *details in result.failed[:shown]:
        print(f"  {first}")
        print_lines(details, LINES_SHOWN)
    others = result.failed[shown:]
    for first, *_ in others[:NAMES_SHOWN]:
        print(f"  {first}")
    if len(others) > NAMES_SHOWN:
        print(f"  ... {plural(len(others) - NAMES_SHOWN, 'more failed test')}")
    if result.problems and result.rest:
        print("  After its last result it printed:")
        print_lines(result.rest, MESSAGES_SHOWN)
    print_tails(result.errors)
    print(f"  Kept: {result.kept[0]}")


def print_failures(results):
    """Prints the reasons last, where they are still on the screen."""
    for result in results:
        print_files(result)
    for result in results:
        print_failure(result, max(1, ASSERTIONS_SHOWN // len(results)))


def summary(results, name, seconds):
    """Returns the last line."""
    files = [r for r in results if not r.passed]
    tests = sum(r.tests for r in results)
    failed = sum(len(r.failed) for r in files)
    skipped = sum(len(r.skipped) for r in results)
    verdict = "all passed"
    if files:
        verdict = f"{plural(len(files), 'file')} failed"
        if failed:
            verdict += f" with {plural(failed, 'failed test')}"
    return (f"{name + ': ' if name else ''}{plural(len(results), 'file')}, "
            f"{plural(tests, 'test')}: {verdict}, {skipped} skipped "
            f"({int(seconds) // MINUTE} min {int(seconds) % MINUTE} s)")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("-j", dest="jobs", type=int, default=1,
                        help="how many tests run at once")
    parser.add_argument("-t", dest="seconds", type=float, default=SECONDS,
                        help="seconds that a test may take")
    parser.add_argument("-d", dest="directory", default=".",
                        help="the build tree")
    parser.add_argument("-n", dest="name", default="",
                        help="what the summary begins with")
    parser.add_argument("tests", nargs="+", metavar="TEST")
    return parser.parse_args()


def interrupted(number, _frame):
    raise SystemExit(f"interrupted by {signal.Signals(number).name}")


def main():
    args = arguments()
    # Daemons' messages and tests' values may not be in the locale's encoding.
    sys.stdout.reconfigure(errors="backslashreplace")
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        signal.signal(number, interrupted)
    runner = Runner(pathlib.Path(args.directory).resolve(), args.jobs,
                    args.seconds)
    started = time.monotonic()
    results = runner.run_all(args.tests)
    print_skips(results)
    print_slowest(results)
    print_failures([result for result in results if not result.passed])
    print("\n" + summary(results, args.name, time.monotonic() - started))
    sys.exit(0 if all(result.passed for result in results) else 1)


if __name__ == "__main__":
    main()
