"""The tables of flowd-fields(7), and a flow with a different value for each
name."""

import re

import tap

# The values of the members.  Those in TEXT are shown in another form there.
FLOW = {
    "tag": 101, "recv_sec": 1700000001, "recv_usec": 102, "protocol": 6,
    "tcp_flags": 27, "tos": 28, "agent": "192.0.2.1", "src": "192.0.2.2",
    "dst": "192.0.2.3", "gateway": "192.0.2.4", "src_port": 1101,
    "dst_port": 1102, "packets": 103, "octets": 104, "if_index_in": 105,
    "if_index_out": 106, "sys_uptime_ms": 30000, "time_sec": 1700000000,
    "time_nanosec": 107, "netflow_version": 9, "flow_start": 10000,
    "flow_finish": 20000, "src_as": 108, "src_mask": 25, "dst_as": 109,
    "dst_mask": 26, "engine_type": 110, "engine_id": 111,
    "flow_sequence": 112, "source_id": 113, "crc": True}

# Its times, in milliseconds since the epoch, rounded down.
TIMES = {"STORE_TIME_RECV": 1700000001000, "STORE_TIME_EXPORT": 1700000000000,
         "STORE_TIME_START": 1699999980000, "STORE_TIME_END": 1699999990000}


def tables():
    """Returns both tables: for each row a dict from the heading to the name,
    without those that are absent."""
    page = tap.source("flowd-fields.7").read_text()
    for table in re.findall(r"^\.Bl -column.*\n((?:\.It .*\n)+)", page, re.M):
        lines = [line[4:].split(" Ta ") for line in table.splitlines()]
        heads = [cell.removeprefix("Em ") for cell in lines[0]]
        yield [{head: cell for head, cell in zip(heads, line) if cell != "-"}
               for line in lines[1:]]


def names(heading):
    """Returns a dict from each member to its name under this heading."""
    return {row["C"]: row[heading] for table in tables() for row in table
            if heading in row}
