"""Sends to a flowd no faster than it receives, and waits until it has decoded
everything.

    feed = Feed(flowd)
    feed.send(datagram, "127.0.0.9")
    stored = feed.flows()"""

import time

import flowdtest
import flowlog
import netflow

# Octets of a socket's queue that are used at most, with the kernel's overhead
# for each datagram.  Every system's default is at least this.
WINDOW = 200000
OVERHEAD = 1024


class Feed:
    """Sends datagrams to the first listener of a flowd, and returns their
    flows.

    The listener is a queue: when the flow of a v5 datagram is in the log, then
    every datagram sent before it has been received and decoded.  Feed sends
    such datagrams from an address of its own.  The flowd must store AGENT_ADDR
    and must not discard flows from that address."""

    AGENT = "127.255.255.1"

    def __init__(self, flowd, window=WINDOW):
        self.flowd = flowd
        self._window = window
        self._probe = netflow.datagram(5, netflow.flows(1))
        self._under_way = 0
        self._read = 0			# octets of the log
        self._flows = []
        self._probes = 0

    def send(self, datagram, source="127.0.0.1", process=0):
        """Sends a datagram, and first waits for earlier ones if many are
        queued.  Each process of a source has a port of its own."""
        size = 2 * len(datagram) + OVERHEAD
        if self._under_way and self._under_way + size > self._window:
            self.drain()
        self._under_way += size
        self.flowd.send_steadily(datagram, source, process)

    def drain(self):
        """Waits until everything sent has been decoded."""
        self._under_way = 0
        due = self._probes + 1
        self.flowd.send(self._probe, self.AGENT)
        deadline = time.monotonic() + flowdtest.PATIENCE
        while self._probes < due:
            if time.monotonic() > deadline:
                raise AssertionError("flowd no longer receives")
            time.sleep(0.0005)
            self._read_log()

    def flows(self):
        """Returns the flows of everything sent so far, in the order of the
        log."""
        self.drain()
        return list(self._flows)

    def flows_of(self, agent):
        """Returns the flows of one exporter."""
        return [flow for flow in self.flows() if flow["agent"] == agent]

    def _read_log(self):
        with open(self.flowd.log, "rb") as log:
            log.seek(self._read)
            data = log.read()
        end = 0
        for offset, flow in flowlog.decode_offsets(data, torn=True):
            end = offset + flowlog.HEADER_LEN + 4 * data[offset + 1]
            if flow["agent"] == self.AGENT:
                self._probes += 1
            else:
                self._flows.append(flow)
        self._read += end
