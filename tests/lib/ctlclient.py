"""Clients of the control socket: flowdctl, and one that implements the
protocol of control-msg.h itself."""

import ipaddress
import json
import socket
import struct
import subprocess

import tap
from flowdtest import PATIENCE

MAGIC = 0x6643746c
VERSION = 1
SUMMARY, MEMORY, RULES, EXPORTERS, TEMPLATES, OPTIONS, SESSIONS, \
    LISTENERS = (1 << i for i in range(8))
ALL = 0xff
HELLO, END, EXPORTER = 1, 10, 5
CONTROL = 'control "@DIR@/ctl"'


def flowdctl(flowd, *args, **kwargs):
    """Runs "flowdctl -s SOCKET args" and returns the completed process."""
    return subprocess.run(
        [tap.program("flowdctl"), "-s", str(flowd.dir / "ctl"), *args],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=2 * PATIENCE, check=False, **kwargs)


def show(flowd, *args, status=0):
    """Returns the standard output of flowdctl, which must succeed."""
    result = flowdctl(flowd, *args)
    if result.returncode != status or result.stderr:
        raise AssertionError(f"{args}: status {result.returncode}: "
                             f"{result.stderr}")
    return result.stdout


def show_json(flowd, *args, status=0):
    """Does the same with -j, and parses the output."""
    return json.loads(show(flowd, "-j", *args, status=status))


def connect(path):
    """Returns a socket that is connected to path."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(path))	# waits while the backlog is full
    sock.settimeout(PATIENCE)
    return sock


def request(wants, version=VERSION, magic=MAGIC, family=0, address=bytes(16)):
    """Returns the bytes of a request."""
    return struct.pack("!IHHB", magic, version, wants, family) + address


def rest_of(sock):
    """Returns everything received until the peer closes."""
    data = bytearray()
    try:
        while more := sock.recv(1 << 16):
            data += more
    except ConnectionResetError:
        pass
    return bytes(data)


def ask(path, wants=ALL):
    """Returns the records of an answer, as pairs of type and body."""
    with connect(path) as sock:
        sock.sendall(request(wants))
        return records(rest_of(sock))


def records(data):
    """Returns pairs of type and body."""
    result = []
    while data:
        kind, length = struct.unpack_from("!HI", data)
        result.append((kind, data[6:6 + length]))
        data = data[6 + length:]
    return result


def exporters(answer):
    """Returns the addresses in the answer's records of exporters, in order."""
    return [str(ipaddress.ip_address(body[1:5] if body[0] == 4 else
                                     body[1:17]))
            for kind, body in answer if kind == EXPORTER]
