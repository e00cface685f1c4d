#!/usr/bin/env python3
"""flowd-stats: totals, tops, histograms and time series of flow logs."""

import collections
import heapq
import ipaddress
import itertools
import json
import os
import socket
import sys
import time

import flowd
from flowd import _program

try:
    import numpy
except ImportError:
    numpy = None		# used instead: a loop over all flows

CHUNK = 1 << 18			# flows at a time
MINUTE = 60			# seconds; the smallest step of a series
SERIES_LINES = 48		# of a series, unless its step is given
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)	# minutes
DAY = 1440
BAR = 40			# characters
FOREVER = 1 << 40		# seconds; after all times

MEASURES = ("octets", "packets", "flows")
PROTOCOLS = {getattr(socket, name): name[len("IPPROTO_"):].lower()
             for name in sorted(dir(socket)) if name.startswith("IPPROTO_")}
POWERS = [1 << bit for bit in range(64)]

# The fields that are read of each flow by numpy.
COLUMNS = ("fields", "recv_sec", "protocol", "src_addr", "src_addr_af",
           "dst_addr", "dst_addr_af", "src_port", "dst_port", "packets",
           "octets", "flow_start", "flow_finish", "src_as", "dst_as")
TIMES = "start", "end"		# with --by active
ABSENT = -2**63			# of a time; NaT in numpy


class Counts:
    """Flows, packets and octets, as integers of any size."""

    __slots__ = MEASURES

    def __init__(self):
        self.octets = self.packets = self.flows = 0

    def add(self, flows, packets, octets):
        self.flows += flows
        self.packets += packets
        self.octets += octets

    def add_counts(self, other):
        self.add(other.flows, other.packets, other.octets)

    def as_dict(self):
        return {measure: getattr(self, measure) for measure in MEASURES}


def bits(array):
    """Returns int.bit_length of each number, which is its bin in a
    histogram."""
    return numpy.searchsorted(numpy.array(POWERS, "u8"),
                              array.astype("u8"), side="right")


def divided(octets, packets):
    """Returns the octets per packet of each flow."""
    return octets // numpy.maximum(packets, 1)


def duration(start, finish):
    """Returns milliseconds, from 32-bit uptimes that may have wrapped."""
    return (finish - start) & 0xffffffff


def halves(rows):
    """Returns addresses, which are rows of 16 bytes, as two columns of
    integers."""
    both = numpy.ascontiguousarray(rows).view(">u8")
    return [both[:, 0], both[:, 1]]


def address_columns(chunk, *names):
    columns = []
    for name in names:
        columns += [chunk[f"{name}_af"], *halves(chunk[name])]
    return columns


def address_text(key):
    """Returns an address from the three integers of address_columns."""
    family, high, low = key
    if family == socket.AF_INET:
        return str(ipaddress.IPv4Address(low & 0xffffffff))
    address = ipaddress.IPv6Address(high << 64 | low)
    if address.ipv4_mapped is not None:
        return f"::ffff:{address.ipv4_mapped}"
    return str(address)


def address_label(key):
    return key if isinstance(key, str) else address_text(key)


def pair_label(key):
    if len(key) == 2:
        return " > ".join(key)
    return f"{address_text(key[:3])} > {address_text(key[3:])}"


def protocol_label(key):
    return PROTOCOLS.get(key, str(key))


class Grouping(collections.namedtuple(
        "Grouping", "name fields of_flow of_chunk label",
        defaults=(lambda key: key,))):
    """A key by which flows are counted.

    A flow must have all fields. of_flow returns the key of a Flow, of_chunk
    the columns that are the keys of many flows, and label the text of a
    key."""


TOPS = (
    Grouping("protocols", (flowd.FIELD_PROTO_FLAGS_TOS,),
             lambda f: f.protocol, lambda c: [c["protocol"]], protocol_label),
    Grouping("source ports", (flowd.FIELD_SRCDST_PORT,),
             lambda f: f.src_port, lambda c: [c["src_port"]]),
    Grouping("destination ports", (flowd.FIELD_SRCDST_PORT,),
             lambda f: f.dst_port, lambda c: [c["dst_port"]]),
    Grouping("source addresses", (flowd.FIELD_SRC_ADDR,),
             lambda f: f.src_addr,
             lambda c: address_columns(c, "src_addr"), address_label),
    Grouping("destination addresses", (flowd.FIELD_DST_ADDR,),
             lambda f: f.dst_addr,
             lambda c: address_columns(c, "dst_addr"), address_label),
    Grouping("pairs", (flowd.FIELD_SRC_ADDR, flowd.FIELD_DST_ADDR),
             lambda f: (f.src_addr, f.dst_addr),
             lambda c: address_columns(c, "src_addr", "dst_addr"),
             pair_label),
    Grouping("source ASes", (flowd.FIELD_AS_INFO,),
             lambda f: f.src_as, lambda c: [c["src_as"]]),
    Grouping("destination ASes", (flowd.FIELD_AS_INFO,),
             lambda f: f.dst_as, lambda c: [c["dst_as"]]),
)
HISTOGRAMS = (
    Grouping("octets of a flow", (flowd.FIELD_OCTETS,),
             lambda f: f.octets.bit_length(), lambda c: [bits(c["octets"])]),
    Grouping("packets of a flow", (flowd.FIELD_PACKETS,),
             lambda f: f.packets.bit_length(),
             lambda c: [bits(c["packets"])]),
    Grouping("octets of a packet",
             (flowd.FIELD_PACKETS, flowd.FIELD_OCTETS),
             lambda f: (f.octets // max(f.packets, 1)).bit_length(),
             lambda c: [bits(divided(c["octets"], c["packets"]))]),
    Grouping("milliseconds of a flow", (flowd.FIELD_FLOW_TIMES,),
             lambda f: duration(f.flow_start, f.flow_finish).bit_length(),
             lambda c: [bits(duration(c["flow_start"].astype("i8"),
                                      c["flow_finish"].astype("i8")))]),
)
SERIES = Grouping("series", (flowd.FIELD_RECV_TIME,),
                  lambda f: f.recv_sec // MINUTE,
                  lambda c: [c["recv_sec"] // MINUTE])
GROUPINGS = (*TOPS, *HISTOGRAMS, SERIES)


def sums(inverse, count, values):
    """Returns sums of 64-bit values by group.  Half values are added, so that
    the sums are exact."""
    low = numpy.bincount(inverse, values & 0xffffffff, count)
    high = numpy.bincount(inverse, values >> 32, count)
    return [(int(h) << 32) + int(l) for h, l in zip(high, low)]


def groups(columns):
    """Returns the distinct keys of columns, and each row's index among
    them."""
    order = numpy.lexsort(columns[::-1])
    ordered = [column[order] for column in columns]
    new = numpy.zeros(len(order), bool)
    new[:1] = True
    for column in ordered:
        new[1:] |= column[1:] != column[:-1]
    inverse = numpy.empty(len(order), "i8")
    inverse[order] = numpy.cumsum(new) - 1
    keys = [column[new].tolist() for column in ordered]
    return (keys[0] if len(keys) == 1 else list(zip(*keys))), inverse


def parts_of(start, end, window):
    """Returns the marks between which a flow is divided: the beginning and end
    of its part in the window, and full minutes between them, in milliseconds.

    A flow of more than a day has fewer parts, since its times may be wrong."""
    first, last = max(start, window[0]), min(end, window[1])
    days = max(1, -((first - last) // (DAY * MINUTE * 1000)))
    step = days * MINUTE * 1000
    return [first, *range((first // step + 1) * step, last, step), last]


def share(total, marks, start, length):
    """Divides a number at the marks.  The parts of a whole flow have its
    sum."""
    until = [total * (mark - start) // length for mark in marks]
    return [after - before for before, after in zip(until, until[1:])]


class Activity:
    """Counts the octets and packets of flows when they were transferred, as if
    evenly from start to end, within a window of milliseconds."""

    def __init__(self, since, until):
        self.window = since * 1000, until * 1000

    def divide(self, received, start, end, packets, octets):
        """Returns (seconds, packets, octets) for each part of a flow.

        The times of the flow are in seconds and milliseconds."""
        if ABSENT in (start, end) or end <= start:
            when = received if ABSENT in (start, end) else start // 1000
            return [] if when is None else [(when, packets, octets)]
        marks = parts_of(start, end, self.window)
        return list(zip((mark // 1000 for mark in marks),
                        share(packets, marks, start, end - start),
                        share(octets, marks, start, end - start)))


class Statistics:
    def __init__(self, activity=None):
        self.activity = activity
        # An activity adds to the series itself.
        self.groupings = GROUPINGS if activity is None else GROUPINGS[:-1]
        self.total = Counts()
        self.first = self.last = None		# epoch seconds
        self.counts = {g.name: collections.defaultdict(Counts)
                       for g in GROUPINGS}

    def _seen(self, first, last):
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)

    def add_flow(self, flow):
        packets, octets = flow.packets, flow.octets
        received = (flow.recv_sec if flow.has_field(flowd.FIELD_RECV_TIME)
                    else None)
        if self.activity is not None:
            packets, octets = self._add_activity(
                received, *(ABSENT if time is None else time // 10**6
                            for time in (flow.start_ns, flow.end_ns)),
                packets, octets)
        elif received is not None:
            self._seen(received, received)
        self.total.add(1, packets, octets)
        for grouping in self.groupings:
            if all(flow.fields & mask for mask in grouping.fields):
                self.counts[grouping.name][grouping.of_flow(flow)].add(
                    1, packets, octets)

    def add_chunk(self, chunk):
        whole = numpy.zeros(len(chunk["fields"]), "i8")
        chunk = {**chunk, "counted packets": chunk["packets"],
                 "counted octets": chunk["octets"]}
        if self.activity is not None:
            self._divide_chunk(chunk)
        self.total.add(len(whole), *sums(whole, 1, chunk["counted packets"]),
                       *sums(whole, 1, chunk["counted octets"]))
        timed = chunk["recv_sec"][
            chunk["fields"] & flowd.FIELD_RECV_TIME != 0]
        if len(timed) > 0 and self.activity is None:
            self._seen(int(timed.min()), int(timed.max()))
        for grouping in self.groupings:
            self._add_grouped(grouping, chunk)

    def _divide_chunk(self, chunk):
        received = (chunk["fields"] & flowd.FIELD_RECV_TIME != 0).tolist()
        times = []
        for name in TIMES:
            time = chunk[name].astype("i8")
            times.append(numpy.where(time == ABSENT, ABSENT,
                                     time // 1000).tolist())
        counted = [self._add_activity(sec if timed else None, *flow)
                   for timed, sec, *flow in zip(
                       received, chunk["recv_sec"].tolist(), *times,
                       chunk["packets"].tolist(), chunk["octets"].tolist())]
        columns = numpy.array(counted, "u8").reshape(-1, 2)
        chunk["counted packets"] = columns[:, 0]
        chunk["counted octets"] = columns[:, 1]

    def _add_activity(self, received, start, end, packets, octets):
        """Adds the parts of a flow to the series, and returns the packets and
        octets that are counted.  The flow itself is counted in its last
        part."""
        parts = self.activity.divide(received, start, end, packets, octets)
        if not parts:
            return packets, octets
        series = self.counts[SERIES.name]
        for number, (when, part_packets, part_octets) in enumerate(parts, 1):
            series[when // MINUTE].add(int(number == len(parts)),
                                       part_packets, part_octets)
        self._seen(parts[0][0], parts[-1][0])
        return sum(part[1] for part in parts), sum(part[2] for part in parts)

    def _add_grouped(self, grouping, chunk):
        here = numpy.ones(len(chunk["fields"]), bool)
        for mask in grouping.fields:
            here &= chunk["fields"] & mask != 0
        if not here.all():
            chunk = {name: column[here] for name, column in chunk.items()}
        keys, inverse = groups(grouping.of_chunk(chunk))
        counts = self.counts[grouping.name]
        for key, flows, packets, octets in zip(
                keys, numpy.bincount(inverse, None, len(keys)).tolist(),
                sums(inverse, len(keys), chunk["counted packets"]),
                sums(inverse, len(keys), chunk["counted octets"])):
            counts[key].add(flows, packets, octets)

    def top(self, grouping, measure, count):
        """Returns the keys with the largest counts, as pairs of label and
        Counts."""
        items = self.counts[grouping.name].items()
        least = min(heapq.nlargest(
            count, (getattr(counts, measure) for _, counts in items)),
            default=0)
        rows = [(grouping.label(key), counts) for key, counts in items
                if getattr(counts, measure) >= least]
        rows.sort(key=lambda row: (-getattr(row[1], measure), str(row[0])))
        return rows[:count]

    def histogram(self, grouping):
        """Returns (from, to, Counts), beginning with the first bin not
        empty."""
        counts = self.counts[grouping.name]
        if not counts:
            return []
        return [((1 << key) >> 1, (1 << key) - 1, counts.get(key, Counts()))
                for key in range(min(counts), max(counts) + 1)]

    def series(self, step):
        """Returns (seconds of a step, [(epoch seconds, Counts)]), without
        gaps."""
        minutes = self.counts[SERIES.name]
        if not minutes:
            return step or MINUTE, []
        span = max(minutes) - min(minutes) + 1
        per = (step // MINUTE if step else
               next((s for s in STEPS if s * SERIES_LINES >= span),
                    -(-span // (DAY * SERIES_LINES)) * DAY))
        lines = collections.defaultdict(Counts)
        for minute, counts in minutes.items():
            lines[minute // per].add_counts(counts)
        return per * MINUTE, [
            (line * per * MINUTE, lines.get(line, Counts()))
            for line in range(min(lines), max(lines) + 1)]


class Progress:
    """Shows on a terminal how much was read."""

    INTERVAL = 0.25		# seconds

    def __init__(self):
        self.shown = False
        self.wanted = sys.stderr.isatty()
        self.next = time.monotonic() + self.INTERVAL

    def show(self, name, flows, done):
        if not self.wanted or time.monotonic() < self.next:
            return
        self.next = time.monotonic() + self.INTERVAL
        self.shown = True
        part = "" if done is None else f", {done:.0%} of {name}"
        print(f"\r\033[K{flows:,} flows{part}", end="", file=sys.stderr,
              flush=True)

    def clear(self):
        if self.shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        self.shown = False


def is_in(flow, since, until, by_activity):
    """Returns whether a flow was received, or active, in a period."""
    times = flow.start_ns, flow.end_ns
    if not by_activity or None in times:
        times = flow.recv_time_ns, flow.recv_time_ns
    if None in times:
        return since == -FOREVER and until == FOREVER
    return (times[0] // 10**9 < until and
            max(times) // 10**9 >= since)


def flows_before_damage(log, period):
    """Returns a list of flows; the next call reports damage after them."""
    flows = []
    try:
        flows.extend(itertools.islice(
            (flow for flow in log if is_in(flow, *period)), CHUNK >> 4))
    except ValueError:
        if not flows:
            raise
    return flows


def chunks(log, period):
    """Returns the flows of a log in chunks: as arrays, or as lists."""
    since, until, by_activity = period
    options = {} if (since, until) == (-FOREVER, FOREVER) else {
        "period": (max(since, 0), None if until == FOREVER else until),
        "by": "active" if by_activity else "received"}
    columns = COLUMNS + TIMES if by_activity else COLUMNS
    while True:
        if numpy is not None:
            chunk = log.read_arrays(columns, count=CHUNK, **options)
            count = len(chunk["fields"])
        else:
            chunk = flows_before_damage(log, period)
            count = len(chunk)
        if count == 0:
            return
        yield chunk


def size_of(path):
    """Returns the bytes of a log that is not compressed, or None."""
    if path == "-" or not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        return None if file.read(2) == b"\x1f\x8b" else os.path.getsize(path)


def seconds_of(args):
    """Returns the period of -t in seconds since the epoch."""
    if args.period is None:
        return -FOREVER, FOREVER
    since, until = flowd.period(args.period, args.utc)
    return (-FOREVER if since is None else round(since.timestamp()),
            FOREVER if until is None else round(until.timestamp()))


class Reader:
    def __init__(self, args):
        self.args = args
        self.period = *seconds_of(args), args.by == "active"
        self.statistics = Statistics(
            Activity(*self.period[:2]) if args.by == "active" else None)
        self.progress = Progress()
        self.status = 0

    def complain(self, message):
        self.progress.clear()
        print(f"flowd-stats: {message}", file=sys.stderr)

    def damaged(self, path, damage):
        what = f"{damage.length} damaged bytes are left out: "
        self.complain(f"{path}: offset {damage.offset}: "
                      f"{what if damage.length else ''}{damage.reason}")
        self.status = self.status or 3

    def read_log(self, path):
        size = size_of(path)
        options = {"recover": True, "on_damage":
                   lambda damage: self.damaged(path, damage)
                   } if self.args.recover else {}
        source = sys.stdin.buffer if path == "-" else path
        with flowd.FlowLog(source, **options) as log:
            for chunk in chunks(log, self.period):
                if numpy is not None:
                    self.statistics.add_chunk(chunk)
                else:
                    for flow in chunk:
                        self.statistics.add_flow(flow)
                self.progress.show(path, self.statistics.total.flows,
                                   size and log.offset / size)

    def read_logs(self):
        for path in self.args.logs:
            try:
                self.read_log(path)
            except OSError as error:
                self.complain(f"cannot read {path}: {error.strerror}")
                self.status = 1
            except ValueError as error:
                self.complain(error)
                self.status = 1
        self.progress.clear()


def as_json(statistics, args):
    step, lines = statistics.series(args.step)
    return {
        "logs": args.logs,
        "total": statistics.total.as_dict(),
        "first": statistics.first,
        "last": statistics.last,
        "top": {grouping.name: {measure: [
            {"key": key, **counts.as_dict()} for key, counts in
            statistics.top(grouping, measure, args.count)]
            for measure in MEASURES} for grouping in TOPS},
        "histograms": {grouping.name: [
            {"from": low, "to": high, **counts.as_dict()}
            for low, high, counts in statistics.histogram(grouping)]
            for grouping in HISTOGRAMS},
        "series": {"step": step, "lines": [
            {"time": when, **counts.as_dict()} for when, counts in lines]},
    }


def bar(value, largest):
    return "#" * (value * BAR // largest) if largest else ""


def numbers_text(counts):
    return f"{counts.octets:>20,} {counts.packets:>16,} {counts.flows:>13,}"


def heading(title, width):
    return (f"\n{title}\n{'':{width}} {'octets':>20} {'packets':>16} "
            f"{'flows':>13}")


def table_text(title, rows):
    """Returns the lines of a table; rows are pairs of a label and Counts."""
    rows = [(str(label), counts) for label, counts in rows]
    width = max((len(label) for label, _ in rows), default=0)
    yield heading(title, width)
    for label, counts in rows:
        yield f"{label:{width}} {numbers_text(counts)}"


def histogram_text(title, rows):
    rows = [(f"{low:,}" if low == high else f"{low:,}-{high:,}", counts)
            for low, high, counts in rows]
    width = max((len(label) for label, _ in rows), default=0)
    largest = max((counts.flows for _, counts in rows), default=0)
    yield heading(title, width)
    for label, counts in rows:
        yield (f"{label:>{width}} {numbers_text(counts)} "
               f"{bar(counts.flows, largest)}").rstrip()


def series_text(step, rows, utc):
    largest = max((counts.octets for _, counts in rows), default=0)
    yield heading(f"time series, in steps of {flowd.interval_time(step)}", 16)
    for when, counts in rows:
        yield (f"{flowd.iso_time(when, utc)[:16]} {numbers_text(counts)} "
               f"{bar(counts.octets, largest)}").rstrip()


def totals_text(statistics, utc):
    total = statistics.total
    for measure in reversed(MEASURES):
        yield f"{measure:8} {getattr(total, measure):>26,}"
    if statistics.first is None:
        return
    seconds = statistics.last - statistics.first + 1
    yield f"first    {flowd.iso_time(statistics.first, utc):>26}"
    yield f"last     {flowd.iso_time(statistics.last, utc):>26}"
    yield f"bits/s   {total.octets * 8 // seconds:>26,}"


def as_text(statistics, args):
    yield from totals_text(statistics, args.utc)
    for grouping in TOPS:
        if not statistics.counts[grouping.name]:
            continue
        for measure in MEASURES:
            yield from table_text(
                f"{grouping.name} by {measure}",
                statistics.top(grouping, measure, args.count))
    for grouping in HISTOGRAMS:
        rows = statistics.histogram(grouping)
        if rows:
            yield from histogram_text(grouping.name, rows)
    step, rows = statistics.series(args.step)
    if rows:
        yield from series_text(step, rows, args.utc)


def positive(text):
    number = int(text)
    if number <= 0:
        raise ValueError
    return number


def step_of(text):
    return positive(text) * MINUTE


def joined(words):
    """Joins -t and a period -TO, which argparse takes for an option."""
    result = []
    for word in words:
        if result and result[-1] == "-t" and word[:1] == "-":
            word = result.pop() + word
        result.append(word)
    return result


def arguments():
    parser = _program.Parser(
        "flowd-stats", "Totals, tops, histograms and time series of flow logs.")
    parser.add_argument("-i", metavar="minutes", dest="step", type=step_of,
                        help="the step of the time series")
    parser.add_argument("-J", dest="json", action="store_true",
                        help="print JSON")
    parser.add_argument("-n", metavar="count", dest="count", type=positive,
                        default=10, help="lines of each top (10)")
    parser.add_argument("-R", dest="recover", action="store_true",
                        help="recover: skip damage and read the rest")
    parser.add_argument("-t", metavar="period", dest="period",
                        help="count only flows received in this period, such "
                        "as 02:00-02:15, 20261130 or last-15m")
    parser.add_argument("-U", dest="utc", action="store_true",
                        help="show times in UTC")
    parser.add_argument("--by", choices=("received", "active"),
                        default="received", help="with active, count octets "
                        "and packets when they were transferred")
    parser.add_argument("logs", metavar="log", nargs="+",
                        help='"-" is standard input')
    return parser.parse_args(joined(sys.argv[1:]))


def main():
    args = arguments()
    try:
        reader = Reader(args)
    except ValueError as error:
        print(f"flowd-stats: -t: {error}", file=sys.stderr)
        return 1
    reader.read_logs()
    with _program.output("flowd-stats"):
        if args.json:
            json.dump(as_json(reader.statistics, args), sys.stdout, indent=1)
            print()
        else:
            print("\n".join(as_text(reader.statistics, args)))
    return reader.status


if __name__ == "__main__":
    sys.exit(main())
