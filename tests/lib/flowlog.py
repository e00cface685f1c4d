"""Writes and reads the flow log, version 3, as flowd-log(5) defines it.

This shares no code with the programs under test, and is strict: an invalid
record raises Damage when read, and ValueError or struct.error when written.

A flow is a dict.  Its keys are the names in the table of that manual: tag,
recv_sec and so on.  Addresses are text, IPv4 or IPv6, and are called agent,
src, dst and gateway; the checksum is called crc, and its value is ignored when
a record is written.

A field is in the record if any of its keys is in the dict, and then all of its
keys must be."""

import ipaddress
import re
import struct
import zlib

import tap

HEADER = struct.Struct(">BBHI")
HEADER_LEN = HEADER.size
VERSION_3_0 = 0x60
FIELDS_3_0 = 0x4007ffff
CRC32 = 1 << 30
RESERVED = 1 << 31

_TYPES = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q"}


def _layout(size, contents):
    """Returns the layout and the keys of a field.  The key of padding, which
    is zero, is None.  An address is one value without a type."""
    values = [value.split() for value in contents.split(", ")]
    if len(values[0]) == 1:
        return size, (values[0][0].replace("_addr", ""),)
    return (">" + "".join(_TYPES[kind] for _, kind in values),
            tuple(None if name == "0" else name for name, _ in values))


def _read_groups():
    """Returns bit, layout and keys of each field but the checksum."""
    page = tap.source("flowd-log.5").read_text()
    table = re.search(r"^\.It Sy bit Ta .*?\n(.*?)^\.El$", page,
                      re.DOTALL | re.MULTILINE)[1]
    for row in table.replace("\n", " ").split(".It ")[1:]:
        bit, _, size, contents = (cell.strip() for cell in row.split(" Ta "))
        if 1 << int(bit) != CRC32:
            yield int(bit), *_layout(size, contents)


_GROUPS = tuple(_read_groups())
_ADDRESS_LENGTHS = {"4": 4, "16": 16}
_ADDRESS_PAIRS = (3, 5, 7, 9)		# the IPv4 bit of each
KNOWN = sum(1 << bit for bit, _, _ in _GROUPS) | CRC32
KEYS = frozenset(key for _, _, keys in _GROUPS for key in keys
                 if key is not None) | {"crc"}


class Damage(ValueError):
    """A log that is invalid at this offset."""

    def __init__(self, offset, what):
        super().__init__(f"offset {offset}: {what}")
        self.offset = offset


def crc32_flow(data):
    """Returns the checksum of flow records: initial value 0, no final
    inversion."""
    return zlib.crc32(data, 0xffffffff) ^ 0xffffffff


def encode(flow, minor=0, extra_fields=0, extra=b""):
    """Returns the record of one flow.

    A newer minor version may have more fields, from bit 19 up to bit 29:
    extra_fields are their bits, and extra is their content."""
    unknown = set(flow) - KEYS
    if unknown:
        raise ValueError(f"unknown keys: {sorted(unknown)}")
    if extra_fields & (KNOWN | RESERVED):
        raise ValueError("extra_fields overlap the known fields")
    fields = extra_fields
    body = b""
    for bit, layout, keys in _GROUPS:
        part = _encode_group(flow, layout, keys)
        if part:
            fields |= 1 << bit
            body += part
            minor = max(minor, 0 if FIELDS_3_0 >> bit & 1 else 1)
    body += extra
    if len(body) % 4 != 0:
        raise ValueError("the record's length is not a multiple of 4")
    if "crc" not in flow:
        return _header(minor, body, fields) + body
    data = _header(minor, body + bytes(4), fields | CRC32) + body
    return data + struct.pack(">I", crc32_flow(data))


def _header(minor, body, fields):
    return HEADER.pack(VERSION_3_0 | minor, len(body) // 4, 0, fields)


def _encode_group(flow, layout, keys):
    if not any(key in flow for key in keys):
        return b""
    if layout in _ADDRESS_LENGTHS:
        packed = ipaddress.ip_address(flow[keys[0]]).packed
        return packed if len(packed) == _ADDRESS_LENGTHS[layout] else b""
    return struct.pack(layout, *(0 if key is None else flow[key]
                                 for key in keys))


def decode(data, torn=False):
    """Returns the flows of a log.

    With torn, the log may end inside a record, which is then omitted."""
    return [flow for _, flow in decode_offsets(data, torn)]


def decode_offsets(data, torn=False):
    """Returns pairs of a record's offset and its flow."""
    flows = []
    offset = 0
    while offset < len(data):
        record = _record_at(data, offset)
        if record is None:
            if torn:
                break
            raise Damage(offset, "the log ends inside a record")
        flows.append((offset, _decode_record(record, offset)))
        offset += len(record)
    return flows


def _record_at(data, offset):
    """Returns the bytes of the record there, or None if it is not whole."""
    if len(data) - offset < HEADER_LEN:
        return None
    version, words, reserved, fields = HEADER.unpack_from(data, offset)
    if version >> 5 != 3:
        raise Damage(offset, f"major version {version >> 5}")
    if reserved != 0:
        raise Damage(offset, "the reserved bits are set")
    if fields & RESERVED:
        raise Damage(offset, "bit 31 of the fields is set")
    if any(fields >> bit & 3 == 3 for bit in _ADDRESS_PAIRS):
        raise Damage(offset, "an address in both families")
    if version == VERSION_3_0 and fields & ~FIELDS_3_0:
        raise Damage(offset, "fields that version 3.0 does not have")
    length = HEADER_LEN + 4 * words
    known = HEADER_LEN + sum(
        _length(layout) for bit, layout, _ in _GROUPS if fields >> bit & 1)
    if fields & CRC32:
        known += 4
    if length < known or (length != known and not fields & ~KNOWN):
        raise Damage(offset, f"{length} bytes, but its fields need {known}")
    if len(data) - offset < length:
        return None
    return data[offset:offset + length]


def _length(layout):
    return _ADDRESS_LENGTHS.get(layout) or struct.calcsize(layout)


def _decode_record(record, offset):
    _, _, _, fields = HEADER.unpack_from(record)
    flow = {}
    at = HEADER_LEN
    for bit, layout, keys in _GROUPS:
        if not fields >> bit & 1:
            continue
        end = at + _length(layout)
        flow.update(_decode_group(record[at:end], layout, keys, offset))
        at = end
    if fields & CRC32:
        flow["crc"], = struct.unpack(">I", record[-4:])
        if flow["crc"] != crc32_flow(record[:-4]):
            raise Damage(offset, "the checksum does not match")
    return flow


def _decode_group(part, layout, keys, offset):
    if layout in _ADDRESS_LENGTHS:
        return {keys[0]: str(ipaddress.ip_address(part))}
    values = dict(zip(keys, struct.unpack(layout, part)))
    if values.pop(None, 0) != 0:
        raise Damage(offset, "padding is not zero")
    return values
