#!/usr/bin/env python3
"""No datagram ends flowd, makes it loop or grow beyond its limits, or makes
another exporter lose a flow: IPFIX."""

import pathlib
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import netflow9
import tap
from hostiletest import Hostile
from netflow9 import IPFIX


class HostileIpfix(Hostile, unittest.TestCase):
    """IPFIX"""

    version = IPFIX

    def test_impossible_options_templates(self):
        data = netflow9.raw_set(256, bytes(64))
        for fields, scopes in ((1, 2), (65535, 1), (65535, 65535), (3, 1)):
            with self.subTest(fields=fields, scopes=scopes):
                definition = struct.pack("!HHHHHHH", 256, fields, scopes, 149,
                                         4, 34, 4)
                stored, counters = self.run_beside_good([
                    self.message(netflow9.raw_set(3, definition)),
                    self.message(data)])
                self.assertEqual(stored, [])
                self.assertEqual(counters["options"], 0)

    def test_an_enterprise_number_that_crosses_the_end(self):
        definition = struct.pack("!HHHH", 256, 1, 0x8001, 4)
        stored, counters = self.run_beside_good([
            self.message(self.template_set(definition)),
            self.message(self.template_set(definition + b"\0\0\1")),
            self.message(netflow9.raw_set(256, bytes(64)))])
        self.assertEqual(stored, [])
        self.assertEqual(counters["templates-refused"], 2)

    def test_endless_withdrawals(self):
        """A datagram has very many, and they change nothing."""
        ids = range(256, 256 + 4096)
        specifier = struct.pack("!HH", 1, 4)
        everything = netflow9.withdrawals(*[2] * 16000)
        stored, counters = self.run_beside_good(
            [self.message(self.template_set(*(
                struct.pack("!HH", number, 1) + specifier for number in ids)))]
            + [self.message(everything)] * 20)
        self.assertEqual(stored, [])
        self.assertEqual(counters["withdrawals"], 20 * 16000)

    def test_zeroes_that_are_not_padding(self):
        """Sends a set of zeroes whose last octet is not 0."""
        self.run_beside_good(
            [self.message(self.template_set(bytes(65000) + b"\1"))] * 20)


if __name__ == "__main__":
    tap.main()
