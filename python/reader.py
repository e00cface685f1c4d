#!/usr/bin/env python3
"""Prints flow logs as flowd-reader does, by means of the module flowd."""

import os
import sys

import flowd
from flowd import _program


def parse_arguments():
    parser = _program.Parser("reader.py", __doc__)
    parser.add_argument("-c", dest="csv", action="store_true",
                        help="print flow-tools CSV")
    parser.add_argument("-J", dest="json", action="store_true",
                        help="print JSON, one object a line")
    parser.add_argument("-f", dest="rules", metavar="FILE",
                        help="use the rules and store statements of this file")
    parser.add_argument("-H", dest="head", metavar="N", type=int,
                        help="read the first N flows of each log")
    parser.add_argument("-L", dest="legacy", action="store_true",
                        help="read logs of version 2, from before flowd 0.9")
    parser.add_argument("-o", dest="out", metavar="FILE",
                        help="write the flows that passed to this log")
    parser.add_argument("-q", dest="quiet", action="store_true",
                        help="print no flows")
    parser.add_argument("-R", dest="recover", action="store_true",
                        help="recover: skip damage and read the rest")
    parser.add_argument("-U", "-u", "--utc", dest="utc", action="store_true",
                        help="show times in UTC")
    parser.add_argument("-v", "--verbose", dest="verbose", action="store_true",
                        help="print all fields, and the name of each log")
    parser.add_argument("logs", nargs="+", metavar="log",
                        help='a log, "-" for standard input')
    return parser.parse_args()


class Reader:
    def __init__(self, options):
        self.options = options
        self.damaged = self.failed = False
        self.print = not options.quiet
        self.text = not (options.csv or options.json)
        self.filter = None
        if options.rules is not None:
            with open(options.rules) as file:
                self.filter = flowd.Filter(file.read(), options.rules,
                                           files=True)
        self.out = None
        if options.out is not None:
            self.out = flowd.FlowLog(options.out, "wb")

    def line(self, flow):
        if self.options.csv:
            return flow.format_csv()
        if self.options.json:
            return flow.format_json(self.options.utc)
        return flow.format(self.options.utc, flowd.DISPLAY_ALL
                           if self.options.verbose else flowd.DISPLAY_BRIEF)

    def take(self, flow):
        mask = flow.fields
        if self.filter is not None:
            if not self.filter(flow):
                return
            mask = self.filter.store_mask
            flow.fields &= mask
        if self.print:
            print(self.line(flow))
        if self.out is not None:
            self.out.write_flow(flow, mask)

    def print_name(self, name, log):
        if not (self.print and self.text and self.options.verbose):
            return
        started = ""
        if self.options.legacy:
            start = flowd.iso_time(log.started, self.options.utc)
            started = f" started at {start}"
        print(f"LOGFILE {name}{started}")

    def complain(self, message):
        sys.stdout.flush()
        print(f"reader.py: {message}", file=sys.stderr)

    def read(self, name):
        def on_damage(damage):
            self.damaged = True
            what = f"{damage.length} damaged bytes are left out: "
            self.complain(f"{name}: offset {damage.offset}: "
                          f"{what if damage.length else ''}{damage.reason}")

        source = sys.stdin.buffer if name == "-" else name
        with flowd.FlowLog(source, recover=self.options.recover,
                           legacy=self.options.legacy,
                           on_damage=on_damage) as log:
            self.print_name(name, log)
            for number, flow in enumerate(log, 1):
                self.take(flow)
                if number == self.options.head:
                    break
            if log.torn:
                self.complain(f"{name}: offset {log.offset}: the log ends "
                              "inside a record, which is left out")

    def run(self):
        if self.print and self.options.csv:
            print(flowd.csv_header())
        for name in self.options.logs:
            try:
                self.read(name)
            except BrokenPipeError:
                raise
            except (flowd.LogError, OSError) as error:
                self.failed = True
                self.complain(error)
        if self.out is not None:
            self.out.close()
        sys.stdout.flush()
        return 1 if self.failed else 3 if self.damaged else 0


def main():
    try:
        return Reader(parse_arguments()).run()
    except BrokenPipeError:
        # So that Python does not try, and fail, to write the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, ValueError) as error:
        print(f"reader.py: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
