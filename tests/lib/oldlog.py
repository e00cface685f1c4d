"""Logs of version 2, which flowd wrote before 0.9: flowd-log(5)."""

import struct

import flowlog

START = 1078012800		# 2004-02-29
HEADER = struct.pack(">IIII", 0x012cf047, 2, START, 0)


def record(fields, body, checksum=False):
    data = struct.pack(">I", fields | (1 << 30 if checksum else 0)) + body
    if checksum:
        data += struct.pack(">I", flowlog.crc32_flow(data))
    return data


# Every field, in IPv4, in the layout of flowd-log(5).
FULL = (0x7ffff & ~0x550, struct.pack(
    ">II4B4s4s4s4sHHQQHHIIIHHIIHHBBHBBHI", 7, START + 60, 0x1b, 6, 8, 0,
    bytes([192, 0, 2, 1]), bytes([198, 51, 100, 7]), bytes([203, 0, 113, 9]),
    bytes([192, 0, 2, 254]), 443, 50000, 3, 2**40, 65535, 2, 3600000, START,
    5, 5, 0, 3590000, 3599999, 64500, 65535, 24, 16, 0, 8, 9, 0, 99))
