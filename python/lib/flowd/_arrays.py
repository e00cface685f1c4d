"""Flows as numpy arrays.  numpy is imported only where it is used."""

import ipaddress
import socket

from . import _flowd

_MAPPED = bytes(10) + b"\xff\xff"


def read(log, fields, filter, count):
    """Implements flowd.FlowLog.read_arrays."""
    import numpy

    names = (fields,) if isinstance(fields, str) else tuple(fields)
    if isinstance(filter, str):
        filter = _flowd.Filter(filter)
    blocks = log._read_columns(names, filter,
                               2**64 - 1 if count is None else count)
    arrays = {}
    for name, block in zip(names, blocks):
        dtype, width = _flowd.columns[name]
        array = numpy.frombuffer(block, dtype)
        arrays[name] = array if width == 1 else array.reshape(-1, width)
    return arrays


def packed(address):
    """Returns an address, text or of ipaddress, as the 16 bytes in arrays."""
    address = ipaddress.ip_address(address)
    return (_MAPPED if address.version == 4 else b"") + address.packed


def _address(row, family):
    if family == 0:
        return None
    if len(row) != 16:
        raise ValueError("an address is a row of 16 bytes")
    if family is None:
        short = row.startswith(_MAPPED)
    else:
        short = family == socket.AF_INET
    return (ipaddress.IPv4Address(row[12:]) if short
            else ipaddress.IPv6Address(row))


def ip_addresses(array, families=None):
    """Returns the addresses of an array as a list of objects of ipaddress.

    With families, such as the array of "src_addr_af", absent addresses are
    None.  Without families, :: is None, and mapped addresses are IPv4.
    """
    rows = [row.tobytes() for row in array]
    if families is None:
        return [None if row == bytes(16) else _address(row, None)
                for row in rows]
    return [_address(row, int(family)) for row, family in zip(rows, families)]


def in_network(array, network):
    """Returns an array of bool: which addresses are in the network."""
    import numpy

    network = ipaddress.ip_network(network)
    bits = network.prefixlen + (96 if network.version == 4 else 0)
    first = numpy.frombuffer(packed(network.network_address), "u1")
    mask = numpy.frombuffer(
        ((2**128 - 1) ^ (2**(128 - bits) - 1)).to_bytes(16, "big"), "u1")
    return ((array & mask) == first).all(axis=1)
