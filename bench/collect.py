#!/usr/bin/env python3
"""The cost per flow of flowd and other collectors, compared with the least
work: receiving and writing.

    make bench-collect			half an hour
    make bench-collect BENCH=full	all cases, some hours
    bench/collect.py [-d seconds] [-r rounds] [-w directory] [case ...]

Run it from the build directory.  Cases are selected by regular expressions
that match their names in the table: "v5 saturated$", or "v9" for all of v9.
README.md explains the figures."""

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
RATE = 15000			# datagrams a second, if not saturated
WARM_UP_RATE = 20000
FIRST_SOURCE = "127.1.0.1"
BUFFER = 32 << 20		# bytes, as flowd requests
LOOK = 0.03			# seconds between checks for idleness
IDLE = 500000			# ns of CPU in that time that count as idle
STARTED = 0.3			# seconds
FLOOD = 0.3			# of a burst's time, if saturated
WARM_MEMORY = 1 << 30		# bytes, more than a burst writes
PAGE = 4096

NEAR_LIMIT = -80		# a rate: percent of the floor's limit
MUCH = 600000			# a rate that is too high for one processor

Case = collections.namedtuple(
    "Case", "version family rate exporters templates rules workers")
Sent = collections.namedtuple("Sent", "flows seconds")
Burst = collections.namedtuple("Burst", "ns octets sent seconds")
Figures = collections.namedtuple("Figures", "ns lost speed memory bytes")


def case_name(case):
    """Returns the name of a case."""
    name = {5: "v5", 9: "v9", 10: "ipfix"}[case.version]
    words = [name, "saturated" if not case.rate else
             f"{-case.rate} % of limit" if case.rate < 0 else
             f"{case.rate}/s"]
    if case.family == 6:
        words.insert(1, "ipv6")
    if case.exporters > 1:
        words.append(f"{case.exporters} exporters")
    if case.templates > 1:
        words.append(f"{case.templates} templates")
    if case.rules:
        words.append(f"{case.rules} rules")
    if case.workers > 1:
        words.append(f"{case.workers} workers")
    return " ".join(words)


def cases(full):
    """Returns all cases."""
    plain = Case(5, 4, 0, 1, 1, 0, 1)
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
    chosen += [plain._replace(version=version, rate=NEAR_LIMIT,
                              exporters=16, workers=workers)
               for version in (5, 9, 10) for workers in (1, 2)]
    chosen += [plain._replace(rate=rate, exporters=16, workers=workers)
               for rate in (RATE, MUCH) for workers in (1, 2)]
    chosen += [plain._replace(version=version, rate=rate, exporters=10000,
                              templates=10)
               for version in (9, 10) for rate in (0, RATE)
               if full or version == 9]
    return chosen


def on_cpu(number):
    """Returns a function that makes a child run on a processor, or None."""
    if len(os.sched_getaffinity(0)) < 2:
        return None
    return lambda: os.sched_setaffinity(0, {number})


def tree(pid):
    """Returns pid and all processes below it."""
    found = [pid]
    for parent in found:
        for path in pathlib.Path(f"/proc/{parent}/task").glob("*/children"):
            found += map(int, path.read_text().split())
    return found


def cpu_ns(pids):
    """Returns user and system time of all threads of these, in nanoseconds."""
    return sum(int(path.read_text().split()[0]) for pid in pids
               for path in pathlib.Path(f"/proc/{pid}/task").glob(
                   "*/schedstat"))


def peak_kib(pids):
    """Returns the sum of the peak memory of these."""
    return sum(int(re.search(r"^VmHWM:\s*(\d+)",
                             pathlib.Path(f"/proc/{pid}/status").read_text(),
                             re.MULTILINE)[1]) for pid in pids)


def waiting(port):
    """Returns the bytes in the receive buffers at port, or None without
    one."""
    lines = [line.split() for line in
             pathlib.Path("/proc/net/udp").read_text().splitlines()[1:]]
    found = [int(fields[4].split(":")[1], 16) for fields in lines
             if int(fields[1].split(":")[1], 16) == port]
    return sum(found) if found else None


class WarmMemory:
    """Memory that is available at once for the files of a burst.

    A virtual machine may return free memory to its host.  Getting such pages
    back costs more than all of a collector's work, and the cost varies from
    burst to burst.  To make bursts comparable, these pages are kept in use
    between bursts and freed during a burst.  They are huge pages, because a
    file's memory also comes in large pieces, which freed small pages do not
    always form."""

    def __init__(self):
        self.take()

    def take(self):
        self.pages = mmap.mmap(-1, WARM_MEMORY,
                               mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.pages.madvise(mmap.MADV_HUGEPAGE)
        self.pages[::PAGE] = bytes(WARM_MEMORY // PAGE)

    def release(self):
        self.pages.close()


class Collector:
    """A collector that the benchmark runs, in turn with others."""

    def __init__(self, case, directory):
        self.case = case
        self.dir = pathlib.Path(directory) / self.name
        self.dir.mkdir(mode=0o755)
        self.port = flowdtest.free_port()
        with open(self.dir / "said", "wb") as said:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=said,
                stderr=said, preexec_fn=None if case.workers > 1 else
                on_cpu(COLLECTOR_CPU))
        wait_for(lambda: waiting(self.port) is not None, "it listens")
        time.sleep(STARTED)
        self.pids = tree(self.process.pid)

    def file(self):
        return self.dir / "log"

    def empty(self):
        """Frees the memory of its file for the following bursts."""
        os.truncate(self.file(), 0)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def wait_idle(self):
        """Waits until everything received was processed; returns its CPU
        time."""
        before = 0
        while True:
            now = cpu_ns(self.pids)
            if waiting(self.port) == 0 and now - before < IDLE:
                return now
            before = now
            time.sleep(LOOK)

    def burst(self, rate, seconds=0, datagrams=0):
        """Sends a load of that many datagrams, or that long; returns its
        cost."""
        before, octets = self.wait_idle(), self.file().stat().st_size
        sent = send(self.case, self.port, rate, seconds=seconds,
                    datagrams=datagrams)
        spent = self.wait_idle() - before
        return Burst(spent, self.file().stat().st_size - octets, sent.flows,
                     sent.seconds)

    def octets_per_flow(self, warm_up):
        """Returns the octets per flow, from a load without losses."""
        return warm_up.octets / warm_up.sent


class Floor(Collector):
    name = "floor"
    plain = True			# has neither rules nor workers

    def command(self):
        return ["bench/floor", str(self.port), str(self.dir / "log")]

class Volume(Floor):
    """The floor, but it writes as many bytes as flowd."""

    name = "volume"

    def command(self):
        record = 116 if self.case.family == 4 else 152
        return [*super().command(), str(record * per_datagram(self.case))]


class Flowd(Collector):
    name = "flowd"
    plain = False

    def command(self):
        conf = self.dir / "flowd.conf"
        conf.write_text(
            f"listen on 127.0.0.1:{self.port}\n"
            f'logfile "{self.dir}/log"\npidfile "{self.dir}/pid"\n'
            f"workers {self.case.workers}\n" +
            "".join(f"discard src 10.{i >> 8}.{i & 255}.0/24 port 99 "
                    "proto tcp\n"
                    for i in range(self.case.rules)))
        insecure = ["-X", "INSECURE"] if os.geteuid() == 0 and \
            not flowdtest.has_privsep() else []
        return ["./flowd", "-g", *insecure, "-f", str(conf)]


class Nfcapd(Collector):
    name = "nfcapd"
    plain = True

    def command(self):
        return ["nfcapd", "-b", "127.0.0.1", "-p", str(self.port), "-w",
                str(self.dir), "-t", "86400", "-B", str(BUFFER)]

    def file(self):
        path, = self.dir.glob("nfcapd.*")
        return path

    def empty(self):
        """Does nothing: nfcapd would continue to write at its old offset."""

    def octets_per_flow(self, _):
        """nfcapd writes whole blocks, so count its flows after its end."""
        said = subprocess.run(["nfdump", "-I", "-r", str(self.file())],
                              check=True, capture_output=True,
                              text=True).stdout
        count = int(re.search(r"^Flows: (\d+)", said, re.MULTILINE)[1])
        return self.file().stat().st_size / count


def per_datagram(case):
    """Returns the flows in a datagram of flow-send by default."""
    return {(5, 4): 30, (9, 4): 26, (9, 6): 16, (10, 4): 20,
            (10, 6): 13}[case.version, case.family]


def send(case, port, rate, *, datagrams=0, seconds=0):
    """Runs flow-send; returns its report of flows and seconds."""
    command = ["./flow-send", "-v", "-V", str(case.version), "-f",
               str(case.family), "-T", str(case.templates), "-n",
               str(datagrams * per_datagram(case)), "-S",
               f"{FIRST_SOURCE},{case.exporters}"]
    if rate:
        command += ["-r", str(rate)]
    began = time.monotonic()
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
    return Sent(int(match[2]), time.monotonic() - began)


def figures(bursts, per_flow, peak):
    """Returns the medians of the bursts' costs."""
    flows = [burst.octets / per_flow for burst in bursts]
    lost = [max(0, 1 - n / burst.sent) for n, burst in zip(flows, bursts)]
    return Figures(
        statistics.median(b.ns / n for n, b in zip(flows, bursts)),
        statistics.median(lost) * 100,
        statistics.median(n / b.seconds for n, b in zip(flows, bursts)) / 1e6,
        peak / 1024, per_flow)


def measure(kinds, case, args):
    """Measures all collectors under the load of a case, burst by burst."""
    seconds = args.d if case.rate == RATE else args.d * FLOOD
    memory = WarmMemory()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=args.w) as directory:
        os.chmod(directory, 0o755)
        running, warm_up, bursts = [], [], []
        try:
            for kind in kinds:
                collector = kind(case, directory)
                running.append(collector)
                # Touches the collectors' memory, and sends templates.
                warm_up.append(collector.burst(WARM_UP_RATE, datagrams=max(
                    WARM_UP_RATE // 2, case.exporters)))
                bursts.append([])
            for _ in range(args.r):
                for collector, mine in zip(running, bursts):
                    memory.release()
                    mine.append(collector.burst(
                        case.rate, seconds=0 if case.rate else seconds,
                        datagrams=int(case.rate * seconds)))
                    collector.empty()
                    memory.take()
            peaks = [peak_kib(collector.pids) for collector in running]
        finally:
            memory.release()
            for collector in running:
                collector.end()
        return {c.name: figures(mine, c.octets_per_flow(warm), peak)
                for c, warm, mine, peak in zip(running, warm_up, bursts,
                                               peaks)}


def show(name, result):
    """Prints the lines of a case, the floor first."""
    for kind, its in result.items():
        ratios = [f"{its.ns / result[other].ns:8.2f}"
                  if other in result else " " * 8
                  for other in ("floor", "volume", "nfcapd")]
        print(f"{name:34} {kind:7} {its.ns:7.0f} {' '.join(ratios)} "
              f"{its.lost:6.1f} {its.speed:8.1f} "
              f"{its.memory:8.1f} {its.bytes:7.1f}", flush=True)


def limit_of_floor(case, args):
    """Returns the datagrams a second that "volume" can receive."""
    result = measure([Volume], case._replace(rate=0, workers=1), args)
    return result[Volume.name].speed * 1e6 / per_datagram(case)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-d", type=float, default=1, help="seconds of a burst")
    parser.add_argument("-r", type=int, default=7, help="rounds")
    parser.add_argument("-w", default=os.getcwd(), help="directory to write to")
    parser.add_argument("case", nargs="*")
    args = parser.parse_args()
    kinds = [Floor, Volume, Flowd]
    if shutil.which("nfcapd"):
        kinds.append(Nfcapd)
    print(f"{'':34} {'':7} {'ns/flow':>7} {'x floor':>8} {'x volume':>8} "
          f"{'x nfcapd':>8} {'lost %':>6} {'Mflow/s':>8} {'peak MiB':>8} "
          f"{'B/flow':>7}")
    for case in cases(os.environ.get("BENCH") == "full"):
        name = case_name(case)
        if args.case and not any(re.search(c, name) for c in args.case):
            continue
        if case.rate < 0:
            limit = limit_of_floor(case, args)
            case = case._replace(rate=round(limit * -case.rate / 100))
        chosen = [kind for kind in kinds if not kind.plain or
                  (case.rules == 0 and case.workers == 1)]
        show(name, measure(chosen, case, args))


if __name__ == "__main__":
    main()
