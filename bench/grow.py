#!/usr/bin/env python3
"""How the cost of what runs beside the receive path grows.

    make bench-grow
    bench/grow.py [row ...]

Run it from the build directory.  Rows are selected by regular expressions that
match their names.  Each row is measured at three sizes; the status is 1 if one
grows faster than n log n, or costs more than its bound.  README.md explains
the figures."""

import argparse
import pathlib
import re
import sys
import tempfile

import grow_config
import grow_logs
import grow_receive

ROWS = grow_config.ROWS + grow_logs.ROWS + grow_receive.ROWS


def text(row, costs):
    """Returns the line of a row."""
    if costs is None:
        return f"{row.name:32}skipped"
    figures = "".join(f"{size:>12}{1000 * cost:>10.1f}"
                      for size, cost in zip(row.sizes, costs))
    faults = "".join(f"  {fault}" for fault in row.faults(costs))
    return f"{row.name:32}{figures}{faults}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("row", nargs="*")
    arguments = parser.parse_args()
    chosen = [row for row in ROWS if not arguments.row or any(
        re.search(pattern, row.name) for pattern in arguments.row)]
    print(f"{'row':32}" + f"{'size':>12}{'ms':>10}" * 3, flush=True)
    failed = False
    memory = pathlib.Path("/dev/shm")
    for row in chosen:
        with tempfile.TemporaryDirectory(
                dir=memory if memory.is_dir() else None) as directory:
            costs = row.costs(directory)
        print(text(row, costs), flush=True)
        failed = failed or (costs is not None and bool(row.faults(costs)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
