"""Reads, writes and formats flow logs, the files of the collector flowd.

    import flowd

    for flow in flowd.FlowLog("/var/log/flowd.log"):
        print(flow.src_addr, flow.dst_addr, flow.octets)

A flow has the attributes that help(flowd.Flow) lists; its fields says which of
them are present, as FIELD_* bits.  Others are 0, or None for an address.
Setting an attribute makes it present.
"""

from . import _arrays, _flowd

__version__ = _flowd.__version__
ARRAY_FIELDS = tuple(_flowd.columns)

# FIELD_*, DISPLAY_* and STORE_*.
globals().update((name, value) for name, value in vars(_flowd).items()
                 if name.isupper())

Damage = _flowd.Damage
Filter = _flowd.Filter
Flow = _flowd.Flow
LogError = _flowd.LogError
csv_header = _flowd.csv_header
interval_time = _flowd.interval_time
interval_time_ms = _flowd.interval_time_ms
iso_time = _flowd.iso_time
in_network = _arrays.in_network
ip_addresses = _arrays.ip_addresses
packed = _arrays.packed


class FlowLog(_flowd.FlowLog):
    """A flow log, to be read or written; iterating gives its flows.

    path is that of a log or a binary file object, which stays open when the
    log is closed.  mode is "rb" to read, "wb" to write, or "ab" to append.
    Logs compressed by gzip are read as they are.  These are for reading:

    recover     go on behind damage, which on_damage is called with, or which
                is added to the list damage: each has offset, length, reason
    legacy      read a log of version 2, from before flowd 0.9
    follow      the end is none for good: read_flow looks again

    Damage is a LogError, which is a ValueError.  A log that ends inside a
    record, as it may while it is written to, just ends, and torn is set.
    """

    __slots__ = ()

    def read_arrays(self, fields, filter=None, count=None):
        """Reads flows, count at most, into arrays; see flowd.read_arrays."""
        return _arrays.read(self, fields, filter, count)


def FlowLog_fromfile(file, mode="rb", **options):
    """A FlowLog of a binary file object, which flowd 0.9 had a name for."""
    return FlowLog(file, mode, **options)


def read_arrays(path, fields, filter=None, *, count=None, **options):
    """Reads a log into one numpy array for each of the fields.

    path and options are as for FlowLog, or path is a FlowLog, which is read
    from where it is; count is how many flows to take at most, and damage that
    comes behind some is then found by the next call.  fields are names out of
    ARRAY_FIELDS, attributes of Flow.  "fields" itself tells what
    is present where that matters, since absent numbers are 0.  An address is a
    row of 16 bytes in network order, IPv4 mapped into IPv6
    (::ffff:192.0.2.1), absent all zero; "src_addr_af" and its like have its
    family.

    filter is rules in the language of flowd.conf(5), a Filter made of such, or
    something that is called with each Flow, which is much slower.  The result
    is a dict by name.
    """
    if isinstance(path, FlowLog):
        return path.read_arrays(fields, filter, count, **options)
    with FlowLog(path, **options) as log:
        return log.read_arrays(fields, filter, count)
