"""Flows as numpy arrays.  numpy is imported only where it is used."""

import ipaddress
import socket

from . import _flowd, _logs

_MAPPED = bytes(10) + b"\xff\xff"
_ABSENT = bytes(16)
_FAMILIES = 0, socket.AF_INET, socket.AF_INET6


def names_of(fields):
    """Returns the names of fields, which is one name or several."""
    return (fields,) if isinstance(fields, str) else tuple(fields)


def _filter(filter):
    return _flowd.Filter(filter) if isinstance(filter, str) else filter


def read(log, fields, filter, count, period, by):
    """Implements flowd.FlowLog.read_arrays."""
    import numpy

    names = names_of(fields)
    blocks = log._read_columns(names, _filter(filter), count,
                               *_logs.nanoseconds_of(period),
                               _logs.is_active(by))
    arrays = {}
    for name, block in zip(names, blocks):
        dtype, width, _ = _flowd.columns[name]
        array = numpy.frombuffer(block, dtype)
        arrays[name] = array if width == 1 else array.reshape(-1, width)
    return arrays


def read_logs(logs, fields, filter, count, period, by):
    """Reads logs, which is an iterable of FlowLog, one after the other."""
    import numpy

    names, filter = names_of(fields), _filter(filter)
    parts, left = [], count
    for log in logs:
        with log:
            parts.append(read(log, names, filter, left, period, by))
        if count is not None and names:
            left -= len(parts[-1][names[0]])
            if left == 0:
                break
    if len(parts) == 1:
        return parts[0]
    return {name: numpy.concatenate([part.pop(name) for part in parts])
            for name in dict.fromkeys(names)}


def packed(address):
    """Returns an address, text or of ipaddress, as the 16 bytes in arrays.

    The bytes of ::ffff:192.0.2.1 are those of 192.0.2.1: in_network tells
    them apart."""
    address = ipaddress.ip_address(address)
    return (_MAPPED if address.version == 4 else b"") + address.packed


def _addresses(array):
    """Returns an array of addresses, or raises ValueError for another one."""
    import numpy

    array = numpy.asarray(array)
    if array.ndim != 2 or array.shape[1] != 16 or array.dtype != numpy.uint8:
        raise ValueError("an array of addresses has rows of 16 bytes")
    return array


def _rows(array):
    """Returns the rows of an array of addresses as a list of bytes."""
    data = _addresses(array).tobytes()
    return [data[at:at + 16] for at in range(0, len(data), 16)]


def _families(families, count):
    """Returns families as an array; each is that of one address of count."""
    import numpy

    families = numpy.asarray(families)
    if families.shape != (count,):
        raise ValueError(f"{count} addresses need as many families, not "
                         f"{families.size}")
    if not numpy.isin(families, _FAMILIES).all():
        raise ValueError("a family is AF_INET, AF_INET6 or 0")
    return families


def _address(row, family):
    if family is None:
        if row == _ABSENT:
            return None
        family = (socket.AF_INET if row.startswith(_MAPPED) else
                  socket.AF_INET6)
    if family == 0:
        return None
    if family == socket.AF_INET6:
        return ipaddress.IPv6Address(row)
    if not row.startswith(_MAPPED):
        raise ValueError(f"{ipaddress.IPv6Address(row)} is no IPv4 address, "
                         "as its family says")
    return ipaddress.IPv4Address(row[12:])


class _Converted(dict):
    """Has the converted form of each pair of row and family."""

    def __init__(self, convert):
        super().__init__()
        self.convert = convert

    def __missing__(self, pair):
        address = _address(*pair)
        self[pair] = None if address is None else self.convert(address)
        return self[pair]


def convert_addresses(array, families, convert):
    """Returns a list; calls convert once for each different address."""
    rows = _rows(array)
    if families is None:
        families = [None] * len(rows)
    else:
        families = _families(families, len(rows)).tolist()
    return list(map(_Converted(convert).__getitem__, zip(rows, families)))


def ip_addresses(array, families=None):
    """Returns the addresses of an array as a list of objects of ipaddress.

    With families, such as the array of "src_addr_af", absent addresses are
    None.  Without families, :: is None, and mapped addresses are IPv4.
    """
    return convert_addresses(array, families, lambda address: address)


def in_network(array, network, families=None):
    """Returns an array of bool: which addresses are in the network.

    An absent address is in no network, an IPv4 address in no IPv6 network, and
    an IPv6 address in no IPv4 network.  With families, such as the array of
    "src_addr_af", this is exact.  Without families, :: counts as absent, and a
    mapped address (::ffff:192.0.2.1) as IPv4.
    """
    import numpy

    network = ipaddress.ip_network(network)
    array = _addresses(array)
    bits = network.prefixlen + (96 if network.version == 4 else 0)
    first = numpy.frombuffer(packed(network.network_address), "u1")
    mask = numpy.frombuffer(
        ((2**128 - 1) ^ (2**(128 - bits) - 1)).to_bytes(16, "big"), "u1")
    inside = ((array & mask) == first).all(axis=1)
    if families is not None:
        families = _families(families, len(array))
        return inside & (families == (
            socket.AF_INET if network.version == 4 else socket.AF_INET6))
    if network.version == 4:
        return inside
    mapped = (array[:, :12] == numpy.frombuffer(_MAPPED, "u1")).all(axis=1)
    return inside & ~mapped & array.any(axis=1)
