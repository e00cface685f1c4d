#!/usr/bin/env python3
"""`flow source` rejects datagrams from all other addresses."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow
import tap
from flowdtest import Flowd, has_ipv6

DATAGRAM = netflow.datagram(5, netflow.flows(1))


class FlowSource(unittest.TestCase):
    """Each test sends the datagrams to be rejected first: once the accepted
    ones are in the log, they have been processed."""

    def agents(self, statements, sources, accepted):
        with Flowd("store AGENT_ADDR", *statements) as flowd:
            for source in sources:
                flowd.send(DATAGRAM, source)
            stored = flowd.wait_flows(len(accepted))
            flowd.stop()
            said = flowd.stderr_lines()
        self.assertEqual([f["agent"] for f in stored], accepted)
        return said

    def test_one_address(self):
        self.agents(["flow source 127.0.0.2"],
                    ["127.0.0.1", "127.0.0.3", "127.0.0.2"], ["127.0.0.2"])

    def test_several_prefixes(self):
        self.agents(["flow source 127.0.2.0/24", "flow source 127.0.4.0/23"],
                    ["127.0.1.255", "127.0.3.0", "127.0.6.0", "127.0.2.255",
                     "127.0.4.1", "127.0.5.1"],
                    ["127.0.2.255", "127.0.4.1", "127.0.5.1"])

    def test_any_accepts_every_source(self):
        self.agents(["flow source any"], ["127.0.0.2", "127.0.0.3"],
                    ["127.0.0.2", "127.0.0.3"])

    def test_without_a_statement_every_source_is_accepted(self):
        self.agents([], ["127.0.0.2", "127.0.0.3"],
                    ["127.0.0.2", "127.0.0.3"])

    @unittest.skipUnless(has_ipv6(), "IPv6 is not available")
    def test_ipv6(self):
        with Flowd("store AGENT_ADDR", "flow source 2001:db8::/32",
                   "flow source 127.0.0.1", listen=("::1", "127.0.0.1")
                   ) as flowd:
            flowd.send(DATAGRAM, listener=0)
            flowd.send(DATAGRAM, listener=1)
            self.assertEqual(flowd.wait_flows(1), [{"agent": "127.0.0.1"}])
            flowd.stop()
            self.assertEqual(len(flowd.flows()), 1)


if __name__ == "__main__":
    tap.main()
