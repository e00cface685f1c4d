"""What the rows of bench/grow.py share."""

import dataclasses
import math
import os
import pathlib
import resource
import statistics
import subprocess
import typing

TOLERANCE = 1.6			# times n log n
LEAST = 0.010			# seconds; less is not told from nothing


@dataclasses.dataclass
class Row:
    """Work at three sizes.  measure(size, directory) returns seconds of CPU
    time, or None where the work cannot be done, in an empty directory."""
    name: str
    sizes: tuple
    measure: typing.Callable
    most: float | None = None	# seconds, of the last size
    rounds: int = 3

    def costs(self, directory):
        """Returns the median for each size, or None."""
        medians = []
        for size in self.sizes:
            rounds = []
            for number in range(self.rounds):
                place = pathlib.Path(directory) / f"{size}-{number}"
                place.mkdir()
                rounds.append(self.measure(size, place))
            if None in rounds:
                return None
            medians.append(statistics.median(rounds))
        return medians

    def faults(self, costs):
        """Returns what is wrong with these costs."""
        wrong = []
        for size, larger, cost, more in zip(self.sizes, self.sizes[1:],
                                            costs, costs[1:]):
            allowed = (larger * math.log(larger + 1) /
                       (size * math.log(size + 1)) *
                       TOLERANCE * max(cost, LEAST))
            if more > allowed:
                wrong.append(f"{size} to {larger}: more than n log n")
        if self.most is not None and costs[-1] > self.most:
            wrong.append(f"more than {self.most:g} s")
        return wrong


def run(*command, status=0):
    """Runs a command.  Returns the seconds of CPU time of it and its
    children."""
    def used():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = used()
    done = subprocess.run(command, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode != status:
        raise RuntimeError(f"{command}: {done.returncode}\n{done.stderr}")
    return used() - before


def cpu(pid):
    """Returns the seconds of CPU time of a process."""
    path = pathlib.Path(f"/proc/{pid}/schedstat")
    return int(path.read_text().split()[0]) / 1e9


def program(name):
    """Returns the path of a program in the build directory."""
    return os.path.abspath(name)
