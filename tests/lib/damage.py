"""Damage to flow logs that keeps track of the intact parts."""

import gzip
import random

import flowlog
from readertest import flow


class Damaged:
    """A log in which each byte's offset in the undamaged log is known."""

    def __init__(self, records):
        self.records = records
        self.data = bytearray(b"".join(records))
        self.origin = list(range(len(self.data)))

    def insert(self, at, data):
        self.data[at:at] = data
        self.origin[at:at] = [None] * len(data)

    def cut(self, at, length):
        del self.data[at:at + length]
        del self.origin[at:at + length]

    def overwrite(self, at, data):
        data = data[:len(self.data) - at]
        self.data[at:at + len(data)] = data
        self.origin[at:at + len(data)] = [None] * len(data)

    def flip(self, at, bit):
        self.overwrite(at, bytes([self.data[at] ^ 1 << bit]))

    def at_random(self, rng):
        """Adds one more damage."""
        if not self.data:
            return
        at = rng.randrange(len(self.data))
        length = rng.choice((1, 4, rng.randrange(1, 300),
                             rng.randrange(1, 3000)))
        kind = rng.randrange(6)
        if kind == 0:
            self.flip(at, rng.randrange(8))
        elif kind == 1:
            self.cut(at, length)
        elif kind == 2:
            self.insert(at, rng.randbytes(length))
        elif kind == 3:
            self.overwrite(at, bytes(length))
        elif kind == 4:
            self.insert(at, bytes(length))
        else:
            self.overwrite(at, rng.randbytes(length))

    def intact(self):
        """Returns (offset, record) of the intact records, in order."""
        place = {origin: at for at, origin in enumerate(self.origin)
                 if origin is not None}
        start = 0
        found = []
        for record in self.records:
            at = place.get(start)
            end = start + len(record)
            if at is not None and self.origin[at:at + len(record)] == list(
                    range(start, end)):
                found.append((at, record))
            start = end
        return found

    def credible(self):
        """Returns the intact records that a reader can tell from other bytes.

        A record without a checksum must be between other records, or at the
        end.  If the log has checksums, it must also have such records that
        the damage does not touch, neither before nor after them."""
        intact = self.intact()
        starts = {at for at, _ in intact} | {len(self.data)}
        ends = {at + len(record) for at, record in intact} | {0}
        plain = self.has_plain(dict(intact)) or not any(
            record[4] & 0x40 for _, record in intact)
        return [record for at, record in intact
                if record[4] & 0x40 or plain and (
                    at + len(record) in starts or at in ends)]

    def has_plain(self, intact):
        """Returns whether records without checksums have no damage between
        them and the next record with a checksum, or end of the log."""
        anchors = {0} | {at + len(record) for at, record in intact.items()
                         if record[4] & 0x40}
        for start in anchors:
            at = start
            while at in intact and not intact[at][4] & 0x40:
                at += len(intact[at])
            if at > start and (at == len(self.data) or at in intact):
                return True
        return False


def split(log):
    """Returns the records of an undamaged log, as bytes."""
    offsets = [offset for offset, _ in flowlog.decode_offsets(log)]
    return [log[start:end]
            for start, end in zip(offsets, offsets[1:] + [len(log)])]


def damaged_gzips(count, nflows=1500, compress=None):
    """Returns the octets of the flows of a log, all different, and damaged
    forms of the compressed log.

    In each one byte is changed, after which a decoder may continue with wrong
    output.  Without compress it is gzip, and in every other one this output
    has records without checksum."""
    rng = random.Random(1)
    octets = rng.sample(range(1 << 32), nflows)
    log = b"".join(flowlog.encode(flow(
        number, recv_usec=i * 16, src_port=rng.randrange(1024, 1 << 16),
        src=f"192.0.2.{rng.randrange(100)}" if rng.random() < .8 else
        f"2001:db8::{rng.randrange(50):x}", flow_start=i * 100,
        flow_finish=i * 100 + rng.randrange(99)))
        for i, number in enumerate(octets))
    logs = []
    for i in range(count):
        if compress is None and i % 2:
            bad = bytearray(gzip.compress(log, 0))	# stored as it is
            false = b"".join(flowlog.encode({"octets": n, "packets": 3})
                             for n in range(1 << 40, (1 << 40) + 99))
            at = rng.randrange(200, len(bad) - len(false) - 200)
            bad[at:at + len(false)] = false
        else:
            bad = bytearray((compress or gzip.compress)(log))
            bad[rng.randrange(200, len(bad) - 200)] ^= rng.randrange(1, 256)
        logs.append(bytes(bad))
    return octets, logs
