#!/usr/bin/env python3
"""flowrrd: round-robin graphs of flows, packets and octets by protocol."""

import collections
import html
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import flowd
from flowd import _program

STEP = 60			# seconds of a bin
LATE = 2			# bins that stay open for late flows
ACTIVE = 30			# bins that a flow is divided over with --by active
LONGEST = 86400			# seconds; a longer flow has wrong times
GAP = 15			# bins without flows that count as no traffic
REDRAW = 300			# seconds between graphs while logs are read
INTERVAL = 1			# seconds between looks at a log with -F
BATCH = 500			# updates for one run of rrdtool

# Protocols with their numbers; the last class is for all others.
CLASSES = {
    "tcp": (6,), "udp": (17,), "icmp": (1, 58), "esp": (50,), "gre": (47,),
    "other": (),
}
CLASS_OF = {number: name for name, numbers in CLASSES.items()
            for number in numbers}
TITLES = {"tcp": "TCP", "udp": "UDP", "icmp": "ICMP", "esp": "ESP",
          "gre": "GRE", "other": "other"}
MEASURES = {"octets": "Octets a second", "packets": "Packets a second",
            "flows": "Flows a second"}
# The palette of Okabe and Ito, whose colours the colour-blind can distinguish.
COLOURS = {"tcp": "#0072b2", "udp": "#e69f00", "icmp": "#cc79a7",
           "esp": "#009e73", "gre": "#56b4e9", "other": "#999999"}

# The period of a graph. steps and rows are those that the database keeps for
# it, somewhat more than it shows. grid is rrdtool's --x-grid.
Period = collections.namedtuple("Period", "name seconds steps rows grid")
PERIODS = (
    Period("hour", 3600, 1, 120, "MINUTE:1:MINUTE:10:MINUTE:10:0:%H:%M"),
    Period("day", 86400, 1, 2880, "HOUR:1:HOUR:4:HOUR:4:0:%H:%M"),
    Period("week", 7 * 86400, 10, 1300, "HOUR:6:DAY:1:DAY:1:0:%a %d"),
    Period("month", 31 * 86400, 60, 900, "DAY:1:WEEK:1:WEEK:1:0:%d %b"),
    Period("year", 366 * 86400, 720, 800, "MONTH:1:MONTH:1:MONTH:1:0:%b"),
)
# Text and lines that are legible on white and on black.
GREY = "#7f7f7f"
WIDTH, HEIGHT = 720, 200		# of the plotted area

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="{redraw}">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.4 system-ui, sans-serif; margin: 1.5rem auto;
    max-width: 58rem; padding: 0 1rem; }}
h1 {{ font-size: 1.5rem; margin: 0; }}
h2 {{ border-bottom: 1px solid {grey}; font-size: 1.2rem;
    margin: 2rem 0 1rem; padding-bottom: .25rem; }}
nav a {{ margin-right: 1rem; }}
p {{ color: {grey}; margin: .25rem 0 1rem; }}
figure {{ margin: 0 0 2rem; }}
figcaption {{ font-weight: 600; margin-bottom: .5rem; }}
img {{ display: block; height: auto; max-width: 100%; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>Up to <time datetime="{machine_time}">{human_time}</time></p>
<nav>{links}</nav>
{sections}
</body>
</html>
"""


class Failure(Exception):
    """An error message for the user."""


def complain(message):
    print(f"flowrrd: {message}", file=sys.stderr)


def rrdtool(*args):
    """Runs rrdtool, and returns its output."""
    try:
        result = subprocess.run(
            ["rrdtool", *map(str, args)], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
            env={**os.environ, "LC_ALL": "C"})
    except FileNotFoundError:
        raise Failure("rrdtool is not installed; flowrrd needs "
                      "it") from None
    if result.returncode != 0:
        raise Failure(f"rrdtool {args[0]}: {result.stderr.strip()}")
    return result.stdout


def sources():
    """Returns the names of the database's sources, in order."""
    return [f"{name}_{measure}" for name in CLASSES for measure in MEASURES]


class Database:
    """The averages per second of each bin, in a file of rrdtool."""

    def __init__(self, directory):
        self.path = pathlib.Path(directory, "flows.rrd")
        self.last = (int(rrdtool("last", self.path))
                     if self.path.exists() else None)
        self.waiting = []

    def _create(self, start):
        archives = [f"RRA:{function}:0.5:{period.steps}:{period.rows}"
                    for period in PERIODS
                    for function in ("AVERAGE", "MAX")]
        rrdtool("create", self.path, "--no-overwrite", "--start", start,
                "--step", STEP, *(f"DS:{name}:GAUGE:{2 * STEP}:0:U"
                                  for name in sources()), *archives)
        self.last = start

    def add(self, start, values):
        """Adds the bin from start on; values are numbers by source name."""
        if self.last is None:
            self._create(start)
        missing = (start - self.last) // STEP
        if missing > GAP:
            self._update(start, ["U"] * len(sources()))
        else:
            for end in range(self.last + STEP, start + 1, STEP):
                self._update(end, [0] * len(sources()))
        self._update(start + STEP, [values[name] / STEP
                                    for name in sources()])

    def _update(self, end, values):
        self.waiting.append(":".join(map(str, [end, *values])))
        self.last = end
        if len(self.waiting) >= BATCH:
            self.flush()

    def flush(self):
        if self.waiting:
            rrdtool("update", self.path, *self.waiting)
        self.waiting = []


def shares(flow):
    """Returns {bin: share} of a flow, as if it were even from start to end.

    The first bin has what was before it, so that it does not depend on other
    flows which bins a flow is counted in."""
    received, start, end = flow.recv_time_ns, flow.start_ns, flow.end_ns
    if start is None or not 0 < end - start <= LONGEST * 10**9:
        return {flow.recv_sec // STEP * STEP: 1}
    step, result = STEP * 10**9, {}
    newest = received // step * STEP
    while start < end:
        until = min((start // step + 1) * step, end)
        when = max(newest - ACTIVE * STEP, min(start // step * STEP, newest))
        result[when] = (result.get(when, 0) +
                        (until - start) / (end - flow.start_ns))
        start = until
    return result


class Bins:
    """Counts flows by the minute of their receipt or, with by_activity, by the
    minutes in which they were active, until the minute is over."""

    def __init__(self, database, by_activity=False):
        self.database = database
        self.by_activity = by_activity
        self.late_bins = LATE + (ACTIVE if by_activity else 0)
        self.open = collections.defaultdict(collections.Counter)
        self.known = database.last	# minutes before were stored earlier
        self.repeated = self.late = self.untimed = 0
        self.redraw = lambda: None

    def add(self, flow):
        if not flow.has_field(flowd.FIELD_RECV_TIME):
            self.untimed += 1
            return
        start = flow.recv_sec // STEP * STEP
        if self.known is not None and start < self.known:
            self.repeated += 1
            return
        parts = self._unknown_shares(flow) if self.by_activity else {start: 1}
        if self.database.last is not None and any(
                when < self.database.last for when in parts):
            self.late += 1
            return
        if start not in self.open:
            self._close(start - self.late_bins * STEP)
        name = (CLASS_OF.get(flow.protocol, "other")
                if flow.has_field(flowd.FIELD_PROTO_FLAGS_TOS) else "other")
        for when, share in parts.items():
            values = self.open[when]
            values[f"{name}_flows"] += share
            values[f"{name}_packets"] += flow.packets * share
            values[f"{name}_octets"] += flow.octets * share

    def _unknown_shares(self, flow):
        """Returns the shares of a flow that no earlier run has stored."""
        return {when: share for when, share in shares(flow).items()
                if self.known is None or when >= self.known}

    def pass_time(self):
        """Closes and stores the minutes that are over by the clock."""
        self._close((int(time.time()) // STEP - self.late_bins) * STEP)
        self.database.flush()
        self.redraw()

    def _close(self, until):
        """Closes the bins that begin before until."""
        over = sorted(start for start in self.open if start < until)
        for start in over:
            self.database.add(start, self.open.pop(start))
        if over:
            self.redraw()

    def finish(self):
        """Leaves the current minute and the last one to the next run, as more
        flows may follow, also in the next log."""
        until = min(int(time.time()) // STEP * STEP - STEP,
                    max(self.open, default=0))
        if self.by_activity:
            until -= ACTIVE * STEP
        self._close(until)
        self.database.flush()


def graph_arguments(database, measure, period, end):
    arguments = [
        "--imgformat", "SVG", "--width", WIDTH, "--height", HEIGHT,
        "--end", end, "--start", end - period.seconds, "--lower-limit", 0,
        "--x-grid", period.grid, "--border", 0, "--disable-rrdtool-tag",
        "--dynamic-labels", "--font", "DEFAULT:10:monospace",
        "--color", "BACK#00000000", "--color", "CANVAS#00000000",
        "--color", f"FONT{GREY}", "--color", f"AXIS{GREY}",
        "--color", f"ARROW{GREY}", "--color", f"FRAME{GREY}",
        "--color", f"GRID{GREY}40", "--color", f"MGRID{GREY}80",
        f"COMMENT:{'':9}{'last':>10}{'average':>11}{'maximum':>11}\\n",
    ]
    for number, protocol in enumerate(CLASSES):
        source = f"{protocol}_{measure}"
        stack = ":STACK" if number > 0 else ""
        arguments += [
            f"DEF:{protocol}={database.path}:{source}:AVERAGE",
            f"DEF:{protocol}m={database.path}:{source}:MAX",
            f"AREA:{protocol}{COLOURS[protocol]}:{TITLES[protocol]:6}{stack}",
            f"GPRINT:{protocol}:LAST:%8.1lf%s",
            f"GPRINT:{protocol}:AVERAGE:%8.1lf%s",
            f"GPRINT:{protocol}m:MAX:%8.1lf%s\\n",
        ]
    return arguments


def replace(path, text):
    """Replaces a page atomically."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def image_name(measure, period):
    return f"{measure}-{period.name}.svg"


def section(period):
    figures = "\n".join(
        f"<figure><figcaption>{text}</figcaption>\n"
        f'<img src="{image_name(measure, period)}" '
        f'alt="{text} in the last {period.name}, by protocol"></figure>'
        for measure, text in MEASURES.items())
    return (f'<section id="{period.name}">\n'
            f"<h2>{period.name.capitalize()}</h2>\n{figures}\n</section>")


def page_text(title, end):
    return PAGE.format(
        title=html.escape(title), redraw=REDRAW, grey=GREY,
        machine_time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end)),
        human_time=time.strftime("%Y-%m-%d %H:%M %Z", time.localtime(end)),
        links="\n".join(f'<a href="#{p.name}">{p.name.capitalize()}</a>'
                        for p in PERIODS),
        sections="\n".join(map(section, PERIODS)))


def draw(database, directory, title):
    """Draws the graphs and writes the page, up to the last flow."""
    if database.last is None:
        return
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".flowrrd-",
                                     dir=directory) as new:
        for period in PERIODS:
            for measure in MEASURES:
                name = image_name(measure, period)
                rrdtool("graph", pathlib.Path(new, name), *graph_arguments(
                    database, measure, period, database.last))
                os.replace(pathlib.Path(new, name), directory / name)
    replace(directory / "index.html", page_text(title, database.last))


class Drawer:
    """Draws every few minutes if there is an output directory."""

    def __init__(self, database, args):
        self.database = database
        self.args = args
        self.next = time.monotonic() + REDRAW

    def draw(self):
        self.database.flush()
        if self.args.output is not None:
            draw(self.database, self.args.output, self.args.title)

    def draw_at_times(self):
        """Draws while a log is read, which may be endless, from a socket."""
        if time.monotonic() < self.next:
            return
        self.next = time.monotonic() + REDRAW
        self.draw()


def follow(log, bins):
    """Reads a log as it grows, until no more flows can come."""
    while not log.ended:
        for flow in log:
            bins.add(flow)
        bins.pass_time()
        time.sleep(INTERVAL)


def read_log(path, bins, recover, following):
    status = 0

    def damaged(damage):
        nonlocal status
        what = f"{damage.length} damaged bytes are left out: "
        complain(f"{path}: offset {damage.offset}: "
                 f"{what if damage.length else ''}{damage.reason}")
        status = 3

    source = sys.stdin.buffer if path == "-" else path
    options = {"recover": True, "on_damage": damaged} if recover else {}
    if following:
        options["follow"] = True
    with flowd.FlowLog(source, **options) as log:
        if following:
            follow(log, bins)
        for flow in log:
            bins.add(flow)
    return status


def is_missing(path):
    return path != "-" and not os.path.exists(path)


def current_name(path):
    """Returns the name of the log, which flowd may have compressed since the
    command line was made."""
    if is_missing(path) and os.path.exists(f"{path}.gz"):
        return f"{path}.gz"
    return path


def read_logs(args, bins):
    status = 0
    for number, path in enumerate(args.logs, 1):
        following = args.follow and number == len(args.logs)
        if not following:
            path = current_name(path)
        try:
            status = max(status, read_log(path, bins, args.recover, following))
            continue
        except OSError as error:	# also of a graph, with its path
            complain(f"{error.filename or path}: {error.strerror}")
        except ValueError as error:
            complain(error)
        status = 1
        if not is_missing(path):
            break		# later logs would close the minutes of this one
    bins.finish()
    return status


def arguments():
    parser = _program.Parser(
        "flowrrd", "Round-robin graphs of flows, packets and octets by "
        "protocol.")
    parser.add_argument("-d", metavar="directory", dest="directory",
                        default=".", help="where flows.rrd is kept (.)")
    parser.add_argument("-F", dest="follow", action="store_true",
                        help="follow the last log as it grows and is rotated; "
                        "it may be a directory or a pattern of names")
    parser.add_argument("-o", metavar="directory", dest="output",
                        help="write the page and its graphs here")
    parser.add_argument("-R", dest="recover", action="store_true",
                        help="recover: skip damage and read the rest")
    parser.add_argument("-t", metavar="title", dest="title",
                        default="Traffic by protocol", help="title of the page")
    parser.add_argument("-v", dest="verbose", action="store_true",
                        help="print the number of skipped flows")
    parser.add_argument("--by", choices=("received", "active"),
                        default="received", help="with active, divide a flow "
                        "over the minutes from its start to its end")
    parser.add_argument("logs", metavar="log", nargs="*",
                        help='oldest first; "-" is standard input')
    return parser.parse_args()


def run(args):
    if args.follow and (not args.logs or args.logs[-1] == "-"):
        raise Failure("-F needs a log, and cannot follow standard input")
    if shutil.which("rrdtool") is None:
        raise Failure("rrdtool is not installed; flowrrd needs it")
    if not os.path.isdir(args.directory):
        raise Failure(f"{args.directory}: no such directory for flows.rrd; "
                      "create it, or name another with -d")
    database = Database(args.directory)
    bins = Bins(database, args.by == "active")
    drawer = Drawer(database, args)
    bins.redraw = drawer.draw_at_times
    try:
        status = read_logs(args, bins)
    finally:
        database.flush()
    drawer.draw()
    if args.verbose:
        complain(f"skipped {bins.repeated} flows of minutes that were stored "
                 f"before, {bins.late} that came too late, and "
                 f"{bins.untimed} without a receipt time")
    return status


def ends(number, frame):
    """Ends the program after a signal; minutes that are over are kept."""
    raise SystemExit(0)


def main():
    args = arguments()
    for number in signal.SIGHUP, signal.SIGINT, signal.SIGTERM:
        signal.signal(number, ends)
    try:
        return run(args)
    except (Failure, OSError) as error:
        complain(error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
