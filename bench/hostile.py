#!/usr/bin/env python3
"""The cost of hostile datagrams per octet, compared with ordinary ones, in
instructions of the collector.

    make bench-hostile
    bench/hostile.py [-s scale] [case ...]

Run it from the build directory.  README.md explains the figures."""

import argparse
import collections
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

LIMIT = 20			# times the cost of an ordinary datagram
LEAST = 100			# octets that a shorter datagram counts as

# octets: of each datagram; instructions: the same.
Case = collections.namedtuple("Case", "octets instructions")


def costs(case):
    """Returns the instructions per octet of each datagram."""
    return [instructions / max(octets, LEAST) for octets, instructions
            in zip(case.octets, case.instructions)]


def mean(case):
    """Returns the instructions per octet of all datagrams."""
    return sum(case.instructions) / sum(
        max(octets, LEAST) for octets in case.octets)


def parse(text):
    """Returns the names of the cases, and the octets of their datagrams."""
    cases = {}
    name = None
    for line in text.splitlines():
        if line.isdigit():
            cases[name].append(int(line))
        else:
            name = line
            cases[name] = []
    return cases


def instructions(dump):
    """Returns the instructions in one of callgrind's files."""
    return int(re.search(r"^totals: (\d+)", dump.read_text(), re.M)[1])


def measure(program, arguments, directory):
    """Runs the program under callgrind.  Returns its cases by their names."""
    out = pathlib.Path(directory) / "callgrind"
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--instr-atstart=no",
         f"--log-file={directory}/valgrind", f"--callgrind-out-file={out}",
         program, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{program}: status {done.returncode}\n{done.stderr}")
    number = 0
    cases = {}
    for name, octets in parse(done.stdout).items():
        cases[name] = Case(octets, [
            instructions(pathlib.Path(f"{out}.{number + i}"))
            for i in range(1, len(octets) + 1)])
        number += len(octets)
    return cases


def compare(cases):
    """Returns lines of (name, ratio of all, ratio of the worst)."""
    ordinary = mean(cases["ordinary"])
    return [(name, mean(case) / ordinary, max(costs(case)) / ordinary)
            for name, case in cases.items()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", dest="scale", default="1")
    parser.add_argument("case", nargs="*")
    arguments = parser.parse_args()
    if shutil.which("valgrind") is None:
        sys.exit("hostile.py: valgrind is not installed")
    with tempfile.TemporaryDirectory() as directory:
        cases = measure("bench/hostile",
                        ["-s", arguments.scale, *arguments.case], directory)
    print(f"ordinary: {mean(cases['ordinary']):.2f} instructions per octet\n")
    print(f"{'case':28}{'datagrams':>10}{'octets':>8}{'mean':>10}{'worst':>10}")
    failed = False
    for name, ratio, worst in compare(cases):
        octets = cases[name].octets
        failed = failed or worst > LIMIT
        print(f"{name:28}{len(octets):>10}{max(octets):>8}{ratio:>10.1f}"
              f"{worst:>10.1f}{'  TOO MUCH' if worst > LIMIT else ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
