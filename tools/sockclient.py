#!/usr/bin/env python3
"""flowd-sockclient: creates a log socket for flowd, and prints the flows."""

import contextlib
import os
import signal
import socket
import stat
import sys

import flowd
from flowd import _program

RECORD_MAX = 65536		# bytes; no datagram is longer
SIGNALS = {signal.SIGHUP, signal.SIGINT, signal.SIGTERM}


class Failure(Exception):
    """An error message for the user."""


def ends_with_cleanup(number, frame):
    """Ends the program after a signal; the socket is removed."""
    raise SystemExit(0)


def complain(message):
    print(f"flowd-sockclient: {message}", file=sys.stderr)


def remove_stale(path):
    """Removes a stale socket, and nothing else."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise Failure(f"{path} exists and is not a socket; not replaced")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
            return
    raise Failure(f"{path} is in use by another program")


def bind(sock, path, mode):
    # No other user may send before the mode is set.
    umask = os.umask(0o777 & ~mode)
    try:
        sock.bind(path)
    finally:
        os.umask(umask)


@contextlib.contextmanager
def log_socket(path, mode):
    """Creates a socket at path for the duration of the block."""
    # A signal between bind() and the try statement, which removes the socket,
    # would not remove the socket.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        try:
            remove_stale(path)
            bind(sock, path, mode)
        except OSError as error:
            # Errors of sockets name no file, and a path that is too long has
            # no strerror.
            raise Failure(f"cannot create the socket {path}: "
                          f"{error.strerror or error}") from error
        mine = os.lstat(path)
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            yield sock
        finally:
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.lstat(path), mine):
                    os.unlink(path)


def datagrams(sock, out):
    """Returns the datagrams received; out is flushed before this waits."""
    while True:
        try:
            yield sock.recv(RECORD_MAX, socket.MSG_DONTWAIT)
        except BlockingIOError:
            out.flush()
            yield sock.recv(RECORD_MAX)


def line_of(flow, args):
    if args.json:
        return flow.format_json(args.utc)
    return flow.format(args.utc, flowd.DISPLAY_ALL if args.verbose
                       else flowd.DISPLAY_BRIEF)


def show(sock, args):
    out = sys.stdout.buffer
    for record in datagrams(sock, out):
        try:
            flow = flowd.Flow(record)
        except ValueError as error:
            complain(f"datagram of {len(record)} bytes skipped: "
                     f"{error}")
            continue
        out.write(record if args.raw else f"{line_of(flow, args)}\n".encode())
        args.count -= 1
        if args.count == 0:
            break
    out.flush()


def octal(text):
    mode = int(text, 8)
    if not 0 <= mode <= 0o777:
        raise ValueError
    return mode


def arguments():
    parser = _program.Parser(
        "flowd-sockclient", "Creates a log socket for flowd, and prints the "
        "flows received, as flowd-reader does.")
    parser.add_argument("-c", metavar="count", dest="count", type=int,
                        default=-1, help="end after this number of flows")
    parser.add_argument("-J", dest="json", action="store_true",
                        help="print JSON")
    parser.add_argument("-m", metavar="mode", dest="mode", type=octal,
                        default=0o600, help="the mode of the socket, in octal (600)")
    parser.add_argument("-r", dest="raw", action="store_true",
                        help="write a log instead of text")
    parser.add_argument("-U", dest="utc", action="store_true",
                        help="show times in UTC")
    parser.add_argument("-v", dest="verbose", action="store_true",
                        help="print all fields")
    parser.add_argument("socket", help="its path, as in flowd.conf")
    args = parser.parse_args()
    if args.raw and sys.stdout.isatty():
        parser.error("a flow log is binary: not written to a terminal")
    return args


def main():
    args = arguments()
    for number in SIGNALS:
        signal.signal(number, ends_with_cleanup)
    try:
        with log_socket(args.socket, args.mode) as sock:
            show(sock, args)
    except BrokenPipeError:
        # The interpreter must not flush the rest to the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Failure, OSError) as error:
        complain(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
