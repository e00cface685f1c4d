"""Clients of the control socket: flowdctl, and one that speaks the protocol by
itself, as control-msg.h has it."""

import ipaddress
import json
import socket
import struct
import subprocess

import tap
from flowdtest import PATIENCE

MAGIC = 0x6643746c
VERSION = 1
SUMMARY, MEMORY, RULES, EXPORTERS, TEMPLATES, OPTIONS = (
    1 << i for i in range(6))
ALL = 0x3f
HELLO, END, EXPORTER = 1, 10, 5
CONTROL = 'control "@DIR@/ctl"'


def flowdctl(flowd, *args, **kwargs):
    """The finished process of "flowdctl -s SOCKET args"."""
    return subprocess.run(
        [tap.program("flowdctl"), "-s", str(flowd.dir / "ctl"), *args],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=2 * PATIENCE, check=False, **kwargs)


def show(flowd, *args, status=0):
    """Its standard output, where all is well."""
    result = flowdctl(flowd, *args)
    if result.returncode != status or result.stderr:
        raise AssertionError(f"{args}: status {result.returncode}: "
                             f"{result.stderr}")
    return result.stdout


def show_json(flowd, *args, status=0):
    """The same with -j, parsed."""
    return json.loads(show(flowd, "-j", *args, status=status))


def connect(path):
    """A socket to it."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(path))	# waits where many do
    sock.settimeout(PATIENCE)
    return sock


def request(wants, version=VERSION, magic=MAGIC, family=0, address=bytes(16)):
    """A request's bytes."""
    return struct.pack("!IHHB", magic, version, wants, family) + address


def rest_of(sock):
    """What comes until the other side closes."""
    data = bytearray()
    try:
        while more := sock.recv(1 << 16):
            data += more
    except ConnectionResetError:
        pass
    return bytes(data)


def ask(path, wants=ALL):
    """The records of an answer, as pairs of type and body."""
    with connect(path) as sock:
        sock.sendall(request(wants))
        return records(rest_of(sock))


def records(data):
    """Pairs of type and body."""
    result = []
    while data:
        kind, length = struct.unpack_from("!HI", data)
        result.append((kind, data[6:6 + length]))
        data = data[6 + length:]
    return result


def exporters(answer):
    """The addresses in its records of exporters, in their order."""
    return [str(ipaddress.ip_address(body[1:5] if body[0] == 4 else
                                     body[1:17]))
            for kind, body in answer if kind == EXPORTER]
