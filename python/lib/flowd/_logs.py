"""Logs of several files, and periods of time."""

import datetime
import glob
import os

from . import _flowd

_UTC = datetime.timezone.utc
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=_UTC)
_ALL = -2**63, 2**63 - 1	# nanoseconds


def _is_path(path):
    return isinstance(path, (str, bytes, os.PathLike))


def _is_one(path, follow):
    """Returns whether path is that of one log, or a binary file object.

    FlowLog itself follows directories and patterns."""
    if hasattr(path, "read"):
        return True
    return _is_path(path) and (follow or not os.path.isdir(path) and (
        os.path.lexists(path) or not glob.has_magic(os.fspath(path))))


def _in_directory(path):
    with os.scandir(path) as entries:
        return [entry.path for entry in entries if entry.is_file()
                and not os.fsdecode(entry.name).startswith(".")]


def _first_time(path, recover, legacy):
    """Returns when the first flow was received, or less for an empty log."""
    with _flowd.FlowLog(path, recover=recover, legacy=legacy) as log:
        flow = log.read_flow()
    time = None if flow is None else flow.recv_time_ns
    return -1 if time is None else time


def _found_in(path, recover, legacy):
    """Returns the logs of a directory or pattern."""
    if os.path.isdir(path):
        found = _in_directory(path)
    else:
        found = [log for log in glob.glob(path) if not os.path.isdir(log)]
    if not found:
        raise FileNotFoundError(f"{os.fsdecode(path)}: there are no logs")
    return sorted(found, key=lambda log: (
        _first_time(log, recover, legacy), log))


def logs_of(path, recover, legacy, follow, **_):
    """Returns the logs that path names, which may be one or several.

    Those of a directory or pattern are in the order of their first flows."""
    if _is_one(path, follow):
        return [path]
    if _is_path(path):
        return _found_in(os.fspath(path), recover, legacy)
    if isinstance(path, _flowd.FlowLog):
        raise TypeError("several logs are named by paths, not by a FlowLog")
    return [log for each in path
            for log in logs_of(each, recover, legacy, follow)]


def _nanoseconds(time):
    """Converts an end of a period to nanoseconds since the epoch."""
    if isinstance(time, datetime.date) and not isinstance(
            time, datetime.datetime):
        time = datetime.datetime.combine(time, datetime.time())
    if isinstance(time, datetime.datetime):
        since = time.astimezone(_UTC) - _EPOCH
        return ((since.days * 86400 + since.seconds) * 1000000 +
                since.microseconds) * 1000
    if hasattr(time, "astype"):		# datetime64, without importing numpy
        time = time.astype("M8[ns]")
        if str(time) == "NaT":
            raise ValueError("a period cannot begin or end at NaT")
        return int(time.astype("i8"))
    if isinstance(time, int):
        return time * 10**9
    if isinstance(time, float):
        return round(time * 10**9)
    raise TypeError("a period is a pair of datetime, date, datetime64, "
                    f"seconds or None, not of {type(time).__name__}")


def is_active(by):
    """Returns whether by selects flows by their activity."""
    if by not in ("received", "active"):
        raise ValueError(f'by is "received" or "active", not {by!r}')
    return by == "active"


def nanoseconds_of(period):
    """Converts a period to its begin and end in nanoseconds."""
    if period is None:
        return _ALL
    if isinstance(period, str):
        period = _flowd.period(period)
    if isinstance(period, bytes) or len(period) != 2:
        raise TypeError("a period is text, or a pair: since, until")
    since, until = (limit if time is None else _nanoseconds(time)
                    for time, limit in zip(period, _ALL))
    for limit in since, until:
        if not _ALL[0] <= limit <= _ALL[1]:
            raise OverflowError("the period is out of range")
    if since > until:
        raise ValueError("the period ends before it begins")
    return since, until
