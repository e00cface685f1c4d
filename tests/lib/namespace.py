"""A network namespace for one test, with two interfaces.

    if __name__ == "__main__":
        namespace.enter()
        tap.main()

test0 and test1 have the addresses below. other0 and other1 are their peers,
from which inject() sends packets to them."""

import ipaddress
import os
import socket
import struct
import subprocess
import sys

from flowdtest import need

# The addresses of test0 and test1.
ADDRESSES4 = ("192.0.2.1", "192.0.2.17")
ADDRESSES6 = ("2001:db8:0::1", "2001:db8:1::1")
LINK_LOCAL = "fe80::1"		# of both

_INSIDE = "FLOWD_TEST_NAMESPACE"
_CREATE = """
    ip link add test$i address 02:00:00:00:00:0$i \\
        type veth peer name other$i
    ip link set other$i up
    ip link set test$i up
    ip address add 192.0.2.$((i * 16 + 1))/28 dev test$i
    ip -6 address add 2001:db8:$i::1/64 dev test$i nodad
    ip -6 address add fe80::1/64 dev test$i nodad
"""
_SETUP = f"ip link set lo up\nfor i in 0 1; do\n{_CREATE}\ndone\n"


def _why_not():
    """Returns why a namespace cannot be created, or None."""
    if os.geteuid() != 0:
        return "not root"
    missing = need("unshare", "ip")
    if missing:
        return f"{missing} is not installed"
    if subprocess.run(["unshare", "--net", "sh", "-ec", _SETUP],
                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                      check=False).returncode != 0:
        return "network namespaces and interfaces cannot be created here"
    return None


def enter():
    """Executes the program again inside a namespace, or skips it if that is
    not possible."""
    if _INSIDE in os.environ:
        return
    reason = _why_not()
    if reason:
        print(f"1..0 # SKIP {reason}")
        sys.exit(0)
    os.environ[_INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--net", "sh", "-ec",
                          _SETUP + 'exec "$@"', "sh", sys.executable,
                          *sys.argv])


def remove(number):
    """Removes test0 or test1 and its peer."""
    subprocess.run(["ip", "link", "delete", f"test{number}"], check=True)


def create(number):
    """Creates test0 or test1 again, with another index, if it is removed."""
    if f"test{number}" not in (name for _, name in socket.if_nameindex()):
        subprocess.run(["sh", "-ec", f"i={number}\n{_CREATE}"], check=True)


def inject(number, payload, target, port):
    """Sends a datagram to test0 or test1, from the peer."""
    target = ipaddress.ip_address(target)
    udp = struct.pack("!HHHH", port, port, 8 + len(payload), 0) + payload
    if target.version == 4:
        source = ipaddress.ip_address(ADDRESSES4[number]) + 1
        kind = 0x0800
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64,
                           socket.IPPROTO_UDP, 0, source.packed,
                           target.packed)
        packet = _with_checksum(head, 10) + udp
    else:
        source = ipaddress.ip_address(
            LINK_LOCAL if target.is_link_local else ADDRESSES6[number]) + 1
        kind = 0x86dd
        pseudo = struct.pack("!16s16sII", source.packed, target.packed,
                             len(udp), socket.IPPROTO_UDP)
        udp = _with_checksum(pseudo + udp, len(pseudo) + 6)[len(pseudo):]
        packet = struct.pack("!IHBB16s16s", 6 << 28, len(udp),
                             socket.IPPROTO_UDP, 64, source.packed,
                             target.packed) + udp
    frame = bytes([2, 0, 0, 0, 0, number, *bytes(6)])
    frame += struct.pack("!H", kind) + packet
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((f"other{number}", 0))
        sock.send(frame)


def _with_checksum(data, at):
    """Returns data with its Internet checksum stored at offset at (RFC
    1071)."""
    padded = data + bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return data[:at] + struct.pack("!H", total ^ 0xffff) + data[at + 2:]
