"""Reads, writes and formats flow logs, the files of the collector flowd.

    import flowd

    for flow in flowd.FlowLog("/var/log/flowd.log"):
        print(flow.src_addr, flow.dst_addr, flow.octets)

A flow has the attributes that help(flowd.Flow) lists.  Its attribute fields has
a FIELD_* bit for each field that is present.  The values of others are 0, or
None for an address or time.  Setting an attribute makes its field present.

Threads may use the module at the same time, but one FlowLog only one after the
other: RuntimeError tells the second thread that the log is being used.
"""

import io

from . import _arrays, _flowd, _logs, _pandas

__version__ = _flowd.__version__
ARRAY_FIELDS = tuple(_flowd.columns)

globals().update(_flowd.constants)	# FIELD_*, DISPLAY_* and STORE_*

Damage = _flowd.Damage
Filter = _flowd.Filter
Flow = _flowd.Flow
LogError = _flowd.LogError
csv_header = _flowd.csv_header
interval_time = _flowd.interval_time
interval_time_ms = _flowd.interval_time_ms
iso_time = _flowd.iso_time
period = _flowd.period
in_network = _arrays.in_network
ip_addresses = _arrays.ip_addresses
packed = _arrays.packed


class FlowLog(_flowd.FlowLog):
    """A flow log that is read or written.  Iterating over it yields flows.

    path is a path or a binary file object, which stays open when the log is
    closed.  mode is "rb" to read, "wb" to write, or "ab" to append.  Logs
    compressed by gzip are decompressed, and those compressed by xz, zstd or
    bzip2 if the module was built with the library.  These options are for
    reading:

    recover     continue after damage.  on_damage is called with each damage:
                offset, length, reason.  Without on_damage, the list damage has
                them.  flowd-log(5) defines which records are read then: if
                all records of the log have checksums, those that match them
    legacy      read a log of version 2, the format before flowd 0.9
    follow      at the end, read_flow looks for more flows each time.  path is
                a log, which is followed by its name across rotation,
                compression and truncation; or a directory, or a pattern of
                names such as "log/*.flow", whose newest log is read first.
                The attribute path has the current file, and ended is true if
                no more flows can come, since a log with a date in its name was
                closed
    new         with follow, read only flows that are written from now on
    on_follow   with follow, called with an event and a path: "waiting" for the
                first log, "begin" of a file, "cut" if it was truncated and is
                read from its beginning, "torn" if it ends inside a record,
                and "closed", with a pattern that names it and newer logs, or
                None

    Without recover, damage raises LogError, which is a ValueError.  A log may
    end inside a record while it is written.  That is no error, and sets torn.

    A compressed log can be neither written nor appended to by its path.  Pass
    gzip.open(path, "wb") to write one.

    One thread at a time can use a FlowLog; the others get RuntimeError.  Each
    thread can open the same log for itself.
    """

    __slots__ = ()

    def read_arrays(self, fields, filter=None, count=None, *, period=None,
                    by="received"):
        """Reads at most count flows into arrays; see flowd.read_arrays."""
        return _arrays.read(self, fields, filter, count, period, by)

    def to_pandas(self, fields=None, filter=None, count=None, *, period=None,
                  by="received", addresses="text"):
        """Reads at most count flows into a DataFrame; see flowd.to_pandas."""
        return to_pandas(self, fields, filter, count=count, period=period,
                         by=by, addresses=addresses)


def FlowLog_fromfile(file, mode="rb", *, recover=False, on_damage=None,
                     legacy=False, follow=False):
    """Returns FlowLog(file); the name is that of flowd 0.9."""
    return FlowLog(file, mode, recover=recover, on_damage=on_damage,
                   legacy=legacy, follow=follow)


def read_arrays(path, fields, filter=None, *, recover=False, on_damage=None,
                legacy=False, follow=False, count=None, period=None,
                by="received"):
    """Reads logs into one numpy array for each of the fields.

    path, recover, on_damage, legacy and follow are those of FlowLog, or path is
    a FlowLog, which is read from its current position.  path can also be
    several logs: a directory, a pattern such as "/var/log/flowd.log*", or an
    iterable of paths and files.  The logs of a directory or pattern are read in
    the order of their first flows.

    At most count flows are read; damage after some flows is then reported by
    the next call.  Only the flows that were received in period are read, or,
    with by="active", those with any part in it.  period is a text as for
    flowd-reader -t, such as "yesterday" or "last-15m", in local time (see
    flowd.period for UTC); or a pair, since and until.  until is not included,
    and None is no limit.  Each is a datetime or date, which is local if it has
    no time zone, a datetime64, which is in UTC, or a number of seconds since
    the epoch.

    fields are names in ARRAY_FIELDS, which are attributes of Flow.  Since
    absent numbers are 0, the array of "fields" shows whether a number is
    present.  Times are datetime64[us] in UTC, and NaT if absent.  An address is
    a row of 16 bytes in network order, with IPv4 mapped into IPv6
    (::ffff:192.0.2.1); an absent one is all zero.  "src_addr_af" and similar
    arrays have its family.

    filter is a text of rules in the language of flowd.conf(5), a Filter, or a
    callable that receives each Flow, which is much slower.  A text cannot read
    files; a Filter with files=True can.  Returns a dict from name to array.
    """
    options = {"recover": recover, "on_damage": on_damage, "legacy": legacy,
               "follow": follow}
    if isinstance(path, FlowLog):
        if any(options.values()):
            raise TypeError("recover, on_damage, legacy and follow have to be "
                            "passed when the FlowLog is opened")
        return path.read_arrays(fields, filter, count, period=period, by=by)
    logs = _logs.logs_of(path, **options) or [io.BytesIO()]
    return _arrays.read_logs((FlowLog(log, **options) for log in logs), fields,
                             filter, count, period, by)


def to_pandas(source, fields=None, filter=None, *, recover=False,
              on_damage=None, legacy=False, follow=False, count=None,
              period=None, by="received", addresses="text"):
    """Returns the flows of logs as a pandas.DataFrame, a column for each field.

    The arguments are those of read_arrays.  Without fields, the columns are all
    fields of the flow.  source can also be the arrays of read_arrays, which
    have to include "fields".

    Times are in UTC.  Numbers are nullable integers, such as UInt64: an absent
    one is <NA>, and the others are exact.  addresses is "text", or "int" for
    the integers of ipaddress; an absent address is None.
    """
    if isinstance(source, dict):
        if any((filter, recover, on_damage, legacy, follow, count, period)):
            raise TypeError("arrays are converted as a whole: filter, count, "
                            "period and others are those of read_arrays")
        names = source if fields is None else _arrays.names_of(fields)
        return _pandas.frame(source, names, addresses)
    names = (_pandas.default_fields() if fields is None else
             _arrays.names_of(fields))
    arrays = read_arrays(source, _pandas.needed(names), filter,
                         recover=recover, on_damage=on_damage, legacy=legacy,
                         follow=follow, count=count, period=period, by=by)
    return _pandas.frame(arrays, names, addresses)
