"""Options that flowd's programs in Python share; for these programs only."""

import argparse
import contextlib
import os
import sys

from . import _flowd


@contextlib.contextmanager
def output(name):
    """Ends the program if standard output cannot be written in this block.

    The program ends without a message if the reader of a pipe has ended.
    """
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        # So that Python does not try, and fail, to write the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            print(f"{name}: cannot write to standard output: "
                  f"{error.strerror}", file=sys.stderr)
        sys.exit(1)


class _Show(argparse.Action):
    """An option that prints a text and ends the program."""

    def __init__(self, option_strings, dest, text, help):
        super().__init__(option_strings, dest, nargs=0, help=help)
        self.text = text

    def __call__(self, parser, namespace, values, option_string=None):
        with output(parser.prog):
            print(self.text(), end="")
        parser.exit()


class Parser(argparse.ArgumentParser):
    """Has -h, --help, -V and --version; explains all options on an error."""

    def __init__(self, name, description):
        super().__init__(prog=name, description=description, add_help=False,
                         allow_abbrev=False)
        self.add_argument("-h", "--help", action=_Show, text=self.format_help,
                          help="print this help")
        self.add_argument("-V", "--version", action=_Show,
                          text=self.format_version, help="print version")

    def format_version(self):
        zlib = _flowd.zlib_version
        if zlib != _flowd.zlib_build_version:
            zlib += f", built with {_flowd.zlib_build_version}"
        return (f"{self.prog} {_flowd.__version__}\nzlib: {zlib}\n"
                "licence: ISC\n")

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}\n{self.format_help()}")
