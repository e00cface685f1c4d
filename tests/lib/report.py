"""The report that flowd logs after SIGUSR2.

    report = statistics(flowd)
    report.all["datagrams"], report["127.0.0.9"]["templates"]
    report.lines("127.0.0.9", "sampler")"""

import signal

from flowdtest import wait_for

LAST = "kernel-drops "		# how the line after all exporters begins


class Report:
    """Counters of each exporter, by its address, and of all."""

    def __init__(self, lines):
        self.text = lines
        self.counters = {}
        for line in lines:
            exporter, _, rest = line.partition(": ")
            words = rest.split()
            if len(words) > 2 and all(w.isdecimal() for w in words[1::2]):
                self.counters.setdefault(exporter, {}).update(
                    zip(words[::2], map(int, words[1::2])))

    def __getitem__(self, address):
        return self.counters[address]

    @property
    def all(self):
        """The sums of all exporters."""
        return self.counters["all"]

    @property
    def whole(self):
        """The counters that exist once: kernel-drops and so on."""
        words = self.text[-1].split()
        return dict(zip(words[::2], map(int, words[1::2])))

    def exporters(self):
        """The addresses of the exporters in the report."""
        return [exporter for exporter in self.counters if exporter != "all"]

    def lines(self, address, *words):
        """Returns an exporter's lines that contain all words."""
        return [rest for exporter, _, rest in
                (line.partition(": ") for line in self.text)
                if exporter == address and all(w in rest for w in words)]

    def check(self, test):
        """Asserts that every datagram is counted once, and every flow."""
        for exporter, n in self.counters.items():
            test.assertEqual(
                n["datagrams"], sum(n[key] for key in (
                    "decoded", "invalid", "unsupported", "unauthorised",
                    "held", "no-template")), f"datagrams of {exporter}: {n}")
            test.assertEqual(
                n["flows"], sum(n[key] for key in (
                    "stored", "discarded", "lost", "buffered", "no-content",
                    "amplified")),
                f"flows of {exporter}: {n}")


def statistics(flowd):
    """Asks for a report that covers everything received by now."""
    def reports():
        return sum(line.startswith(LAST) for line in flowd.stderr_lines())

    before = reports()
    flowd.signal(signal.SIGUSR2)
    wait_for(lambda: reports() > before, "flowd reports")
    return latest(flowd)


def latest(flowd):
    """Returns the last report, for a flowd that has ended its final one."""
    lines = flowd.stderr_lines()
    last = max(i for i, line in enumerate(lines) if line.startswith(LAST))
    first = max(i for i, line in enumerate(lines[:last])
                if line.startswith("exporters "))
    return Report(lines[first:last + 1])
