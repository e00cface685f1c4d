#!/usr/bin/env python3
"""What a flow costs, in this collector and in others, above the floor of
receiving and writing alone.

    make bench-collect			a few minutes
    make bench-collect BENCH=full	all of it, about an hour
    bench/collect.py [-d seconds] [-r rounds] [-w directory] [case ...]

Run from the directory of the build.  Cases are chosen by regular expressions
of what stands in the table: "v5 saturated$", or "v9" for all of it.  README.md
explains the figures.
"""

import argparse
import collections
import mmap
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

SRC = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(SRC / "tests" / "lib"))
import flowdtest  # noqa: E402
from flowdtest import wait_for  # noqa: E402

SENDER_CPU, COLLECTOR_CPU = 0, 1
RATE = 15000			# datagrams a second, where not saturated
WARM_UP_RATE = 20000
FIRST_SOURCE = "127.1.0.1"
BUFFER = 32 << 20		# bytes, as flowd asks for
SETTLED = 0.3			# seconds without work
WARM_MEMORY = 2 << 30		# bytes, above what a run writes

Case = collections.namedtuple(
    "Case", "version family rate exporters templates rules")
Sent = collections.namedtuple("Sent", "flows datagrams")
Figures = collections.namedtuple("Figures", "ns lost memory bytes")


def case_name(case):
    """The words that stand for it."""
    name = {5: "v5", 9: "v9", 10: "ipfix"}[case.version]
    words = [name, "saturated" if not case.rate else f"{case.rate}/s"]
    if case.family == 6:
        words.insert(1, "ipv6")
    if case.exporters > 1:
        words.append(f"{case.exporters} exporters")
    if case.templates > 1:
        words.append(f"{case.templates} templates")
    if case.rules:
        words.append(f"{case.rules} rules")
    return " ".join(words)


def cases(full):
    """All that is measured."""
    plain = Case(5, 4, 0, 1, 1, 0)
    protocols = [(5, 4), (9, 4), (10, 4)]
    if full:
        protocols += [(9, 6), (10, 6)]
    chosen = [plain._replace(version=version, family=family, rate=rate)
              for version, family in protocols for rate in (0, RATE)]
    if full:
        chosen = [case._replace(exporters=exporters, rules=rules)
                  for case in chosen for exporters in (1, 1000)
                  for rules in (0, 10, 10000)]
    else:
        chosen += [plain._replace(rules=10), plain._replace(rules=10000)]
        chosen += [plain._replace(version=version, rate=rate, exporters=1000)
                   for version in (5, 9) for rate in (0, RATE)]
    chosen += [plain._replace(version=version, rate=rate, exporters=10000,
                              templates=10)
               for version in (9, 10) for rate in (0, RATE)
               if full or version == 9]
    return chosen


def on_cpu(number):
    """What a child does to run there, where there is such a processor."""
    if len(os.sched_getaffinity(0)) < 2:
        return None
    return lambda: os.sched_setaffinity(0, {number})


def tree(pid):
    """pid and all processes below it."""
    found = [pid]
    for parent in found:
        for path in pathlib.Path(f"/proc/{parent}/task").glob("*/children"):
            found += map(int, path.read_text().split())
    return found


def cpu_ns(pids):
    """User and system time of all threads of these, to the nanosecond."""
    return sum(int(path.read_text().split()[0]) for pid in pids
               for path in pathlib.Path(f"/proc/{pid}/task").glob(
                   "*/schedstat"))


def peak_kib(pids):
    """The most that each of them ever had in memory."""
    return sum(int(re.search(r"^VmHWM:\s*(\d+)",
                             pathlib.Path(f"/proc/{pid}/status").read_text(),
                             re.MULTILINE)[1]) for pid in pids)


def waiting(port):
    """Bytes in the receive buffer of the socket at port, None without one."""
    for line in pathlib.Path("/proc/net/udp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].split(":")[1], 16) == port:
            return int(fields[4].split(":")[1], 16)
    return None


class WarmMemory:
    """Memory that the machine has at hand, for the files of a run.

    A virtual machine may give free memory back to its host.  Pages that have
    to be fetched anew cost more than all of a collector's work, and as much as
    the next run by chance finds.  So that all find the same, these are kept in
    use between runs, and free only while one is on.
    """

    def __init__(self):
        self.pages = None
        self.take()

    def take(self):
        self.pages = mmap.mmap(-1, WARM_MEMORY, mmap.MAP_PRIVATE |
                               mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)

    def release(self):
        self.pages.close()


class Collector:
    """One that is run for the bench.

    When it has ended, stored() is the flows it stored of the load, which came
    behind those of the warm-up, and the bytes that each flow took.
    """

    def __init__(self, case, directory):
        self.case = case
        self.dir = pathlib.Path(directory)
        self.port = flowdtest.free_port()
        with open(self.dir / "said", "wb") as said:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=said,
                stderr=said, preexec_fn=on_cpu(COLLECTOR_CPU))
        wait_for(lambda: waiting(self.port) is not None, "it listens")
        time.sleep(SETTLED)

    def said(self):
        return (self.dir / "said").read_text(errors="replace")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def settle(self):
        """Waits until all that came has been dealt with."""
        before = -1
        while True:
            now = cpu_ns(tree(self.process.pid))
            if waiting(self.port) == 0 and now - before < 3000000:
                return
            before = now
            time.sleep(SETTLED)


class Floor(Collector):
    name = "floor"
    rules = False

    def command(self):
        return ["bench/floor", str(self.port), str(self.dir / "log")]

    def stored(self, warm, load):
        """It does not know which datagrams are of templates."""
        count, octets = map(int, re.findall(r"\d+", self.said()))
        return ((count - warm.datagrams) * load.flows / load.datagrams,
                octets / count * load.datagrams / load.flows)


class Volume(Floor):
    """The floor with as many bytes to write as flowd has."""

    name = "volume"

    def command(self):
        record = 116 if self.case.family == 4 else 152
        return [*super().command(), str(record * per_datagram(self.case))]


class Flowd(Collector):
    name = "flowd"
    rules = True

    def command(self):
        conf = self.dir / "flowd.conf"
        conf.write_text(
            f"listen on 127.0.0.1:{self.port}\n"
            f'logfile "{self.dir}/log"\npidfile "{self.dir}/pid"\n' +
            "".join(f"discard src 10.{i >> 8}.{i & 255}.0/24 proto tcp port 99\n"
                    for i in range(self.case.rules)))
        insecure = ["-X", "INSECURE"] if os.geteuid() == 0 and \
            not flowdtest.has_privsep() else []
        return ["./flowd", "-g", *insecure, "-f", str(conf)]

    def stored(self, warm, _):
        count = int(re.search(r"all: .* stored (\d+)", self.said())[1])
        return (count - warm.flows,
                (self.dir / "log").stat().st_size / count)


class Nfcapd(Collector):
    name = "nfcapd"
    rules = False

    def command(self):
        return ["nfcapd", "-b", "127.0.0.1", "-p", str(self.port), "-w",
                str(self.dir), "-t", "3600", "-B", str(BUFFER)]

    def stored(self, warm, _):
        path, = self.dir.glob("nfcapd.*")
        said = subprocess.run(["nfdump", "-I", "-r", str(path)], check=True,
                              capture_output=True, text=True).stdout
        count = int(re.search(r"^Flows: (\d+)", said, re.MULTILINE)[1])
        return count - warm.flows, path.stat().st_size / count


def per_datagram(case):
    """Flows, as flow-send has them by default."""
    return {(5, 4): 30, (9, 4): 26, (9, 6): 16, (10, 4): 20,
            (10, 6): 13}[case.version, case.family]


def send(case, port, rate, *, datagrams=0, seconds=0):
    """Runs flow-send; what it says that it sent."""
    command = ["./flow-send", "-v", "-V", str(case.version), "-f",
               str(case.family), "-T", str(case.templates), "-n",
               str(datagrams * per_datagram(case)), "-S",
               f"{FIRST_SOURCE},{case.exporters}"]
    if rate:
        command += ["-r", str(rate)]
    with subprocess.Popen([*command, f"127.0.0.1:{port}"], text=True,
                          stderr=subprocess.PIPE,
                          preexec_fn=on_cpu(SENDER_CPU)) as process:
        if seconds:
            time.sleep(seconds)
            process.send_signal(signal.SIGTERM)
        said = process.communicate()[1]
    match = re.search(r"(\d+) datagrams, (\d+) flows", said)
    if match is None:
        raise SystemExit(f"flow-send: {said}")
    return Sent(int(match[2]), int(match[1]))


def measure(kind, case, seconds, where, memory):
    """One run of a collector under the load of a case."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=where) as directory:
        os.chmod(directory, 0o755)
        collector = kind(case, directory)
        try:
            # Pages are touched, and templates are known.
            warm = send(case, collector.port, WARM_UP_RATE,
                        datagrams=max(WARM_UP_RATE // 2, case.exporters))
            collector.settle()
            pids = tree(collector.process.pid)
            memory.release()
            before = cpu_ns(pids)
            load = send(case, collector.port, case.rate,
                        datagrams=int(case.rate * seconds),
                        seconds=0 if case.rate else seconds)
            collector.settle()
            spent = cpu_ns(pids) - before
            peak = peak_kib(pids)
        finally:
            collector.end()
        flows, octets = collector.stored(warm, load)
    memory.take()
    lost = max(0, load.flows - flows) / load.flows * 100
    return Figures(spent / flows, lost, peak / 1024, octets)


def median(runs):
    """Of each figure."""
    return Figures(*map(statistics.median, zip(*runs)))


def show(name, result):
    """The lines of a case, from the floor up."""
    floor = result.get("floor")
    for kind, figures in result.items():
        ratio = f"{figures.ns / floor.ns:8.2f}" if floor else " " * 8
        print(f"{name:44} {kind:7} {figures.ns:7.0f} {ratio} "
              f"{figures.lost:6.1f} {figures.memory:8.1f} "
              f"{figures.bytes:7.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-d", type=float, default=1.5, help="seconds of load")
    parser.add_argument("-r", type=int, default=3, help="rounds")
    parser.add_argument("-w", help="directory to write to")
    parser.add_argument("case", nargs="*")
    args = parser.parse_args()
    where = args.w or os.getcwd()
    kinds = [Floor, Volume, Flowd] + ([Nfcapd] if shutil.which("nfcapd") else [])
    memory = WarmMemory()
    print(f"{'':44} {'':7} {'ns/flow':>7} {'x floor':>8} {'lost %':>6} "
          f"{'peak MiB':>8} {'B/flow':>7}")
    for case in cases(os.environ.get("BENCH") == "full"):
        name = case_name(case)
        if args.case and not any(re.search(c, name) for c in args.case):
            continue
        runs = {}
        for _ in range(args.r):
            for kind in kinds:
                if case.rules and not kind.rules:
                    continue
                runs.setdefault(kind.name, []).append(
                    measure(kind, case, args.d, where, memory))
        show(name, {kind: median(r) for kind, r in runs.items()})


if __name__ == "__main__":
    main()
