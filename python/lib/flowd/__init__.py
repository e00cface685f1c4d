"""Reads, writes and formats flow logs, the files of the collector flowd.

    import flowd

    for flow in flowd.FlowLog("/var/log/flowd.log"):
        print(flow.src_addr, flow.dst_addr, flow.octets)

A flow has the attributes that help(flowd.Flow) lists.  Its attribute fields has
a FIELD_* bit for each field that is present.  The values of others are 0, or
None for an address.  Setting an attribute makes its field present.
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
    """A flow log that is read or written.  Iterating over it yields flows.

    path is a path or a binary file object, which stays open when the log is
    closed.  mode is "rb" to read, "wb" to write, or "ab" to append.  Logs
    compressed by gzip are decompressed.  These options are for reading:

    recover     continue after damage.  on_damage is called with each damage:
                offset, length, reason.  Without on_damage, the list damage has
                them
    legacy      read a log of version 2, the format before flowd 0.9
    follow      at the end, read_flow looks for more flows each time

    Without recover, damage raises LogError, which is a ValueError.  A log may
    end inside a record while it is written.  That is no error, and sets torn.
    """

    __slots__ = ()

    def read_arrays(self, fields, filter=None, count=None):
        """Reads at most count flows into arrays; see flowd.read_arrays."""
        return _arrays.read(self, fields, filter, count)


def FlowLog_fromfile(file, mode="rb", **options):
    """Returns FlowLog(file); the name is that of flowd 0.9."""
    return FlowLog(file, mode, **options)


def read_arrays(path, fields, filter=None, *, count=None, **options):
    """Reads a log into one numpy array for each of the fields.

    path and options are those of FlowLog, or path is a FlowLog, which is read
    from its current position.  At most count flows are read; damage after some
    flows is then reported by the next call.  fields are names in ARRAY_FIELDS,
    which are attributes of Flow.  Since absent numbers are 0, the array of
    "fields" shows whether a number is present.  An address is a row of 16 bytes
    in network order, with IPv4 mapped into IPv6 (::ffff:192.0.2.1); an absent
    one is all zero.  "src_addr_af" and similar arrays have its family.

    filter is a text of rules in the language of flowd.conf(5), a Filter, or a
    callable that receives each Flow, which is much slower.  Returns a dict from
    name to array.
    """
    if isinstance(path, FlowLog):
        return path.read_arrays(fields, filter, count, **options)
    with FlowLog(path, **options) as log:
        return log.read_arrays(fields, filter, count)
