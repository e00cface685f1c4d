"""The receiver of flow-send: a plain UDP socket, and a parser of NetFlow v1,
v5 and v7.

    with wire.Receiver() as receiver:
        result = receiver.run("-n", "100")
        for source, payload in result.datagrams:
            header, flows = wire.parse(payload)

parse is the reverse of netflow.datagram: headers and flows are dicts with the
same keys.  It shares no code with the programs under test."""

import collections
import select
import socket
import struct
import subprocess
import time

import flowdtest
import tap

HEADER_LENGTHS = {1: 16, 5: 24, 7: 24}
RECORD_LENGTHS = {1: 48, 5: 48, 7: 52}
SO_RCVBUFFORCE = 33			# Linux, for root
FLOW_KEYS = ("if_index_in", "if_index_out", "packets", "octets", "flow_start",
             "flow_finish", "src_port", "dst_port")

# flow-send's status and output, and the (source address, payload) it sent.
Result = collections.namedtuple("Result", "status stdout stderr datagrams")


class Malformed(ValueError):
    """Not a whole datagram of a version that is parsed here."""


def parse(payload):
    """Returns a datagram's header and flows, or raises Malformed."""
    if len(payload) < 16:
        raise Malformed(f"{len(payload)} bytes")
    version, count, uptime, sec, nsec = struct.unpack_from("!HHIII", payload)
    if version not in HEADER_LENGTHS:
        raise Malformed(f"version {version}")
    header_len, record_len = HEADER_LENGTHS[version], RECORD_LENGTHS[version]
    if len(payload) != header_len + count * record_len:
        raise Malformed(f"{count} flows in {len(payload)} bytes")
    header = {"version": version, "count": count, "sys_uptime_ms": uptime,
              "time_sec": sec, "time_nanosec": nsec}
    if version != 1:
        header["flow_sequence"], = struct.unpack_from("!I", payload, 16)
    if version == 5:
        header.update(zip(("engine_type", "engine_id", "sampling"),
                          struct.unpack_from("!BBH", payload, 20)))
    return header, [_flow(version, payload[at:at + record_len])
                    for at in range(header_len, len(payload), record_len)]


def _flow(version, record):
    flow = {key: socket.inet_ntoa(record[at:at + 4])
            for key, at in (("src", 0), ("dst", 4), ("gateway", 8))}
    flow.update(zip(FLOW_KEYS, struct.unpack_from("!HHIIIIHH", record, 12)))
    if version == 1:
        flow["protocol"], flow["tos"], flow["tcp_flags"] = record[38:41]
        return flow
    flow["tcp_flags"], flow["protocol"], flow["tos"] = record[37:40]
    flow.update(zip(("src_as", "dst_as", "src_mask", "dst_mask"),
                    struct.unpack_from("!HHBB", record, 40)))
    return flow


def flow_send(*args, **options):
    """Runs flow-send with just these arguments; returns the completed
    process."""
    return subprocess.run(
        [tap.program("flow-send"), *args], stdin=subprocess.DEVNULL,
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE, text=True, check=False,
        timeout=flowdtest.PATIENCE, **options)


def _enlarge(sock):
    """Enlarges a socket's queue as far as the system allows."""
    for option in (SO_RCVBUFFORCE, socket.SO_RCVBUF):
        for size in (1 << 23, 1 << 21, 1 << 19):
            try:
                sock.setsockopt(socket.SOL_SOCKET, option, size)
                return
            except OSError:
                continue


class Receiver:
    """A socket to which flow-send sends."""

    def __init__(self, address="127.0.0.1"):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        _enlarge(self.socket)
        self.socket.bind((address, 0))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]
        self.target = flowdtest.endpoint(address, self.port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def start(self, *args, target=None, **options):
        """Starts a flow-send that sends here."""
        return subprocess.Popen(
            [tap.program("flow-send"), *args, target or self.target],
            stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            **options)

    def run(self, *args, target=None, **options):
        """Runs flow-send to its end and returns its Result."""
        with self.start(*args, target=target, **options) as process:
            return self.finish(process)

    def finish(self, process):
        """Returns the Result of a started process, like run."""
        datagrams = []
        deadline = time.monotonic() + flowdtest.PATIENCE
        while process.poll() is None:
            if time.monotonic() > deadline:
                process.kill()
                raise AssertionError("flow-send did not end")
            select.select([self.socket], [], [], 0.01)
            datagrams += self.received()
        # On the loopback, datagrams arrive as they are sent.
        datagrams += self.received()
        stdout, stderr = process.communicate()
        return Result(process.returncode, stdout, stderr, datagrams)

    def received(self):
        """Returns the datagrams received: (source address, payload), in
        order."""
        datagrams = []
        while True:
            try:
                payload, source = self.socket.recvfrom(65535)
            except BlockingIOError:
                return datagrams
            datagrams.append((source[0], payload))


def has_pcap():
    """Returns whether flow-send was built to read captures."""
    return flowdtest.make_variable("LIBPCAP") != ""


def has_loopback_net():
    """Returns whether every address in 127.0.0.0/8 is local, as on Linux."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("127.77.0.1", 0))
        except OSError:
            return False
    return True
