"""A flowd of which the collector obeys datagrams; tests/hook/hook.c has them."""

import os
import unittest

import tap
from flowdtest import Flowd, wait_for

PROGRAM = tap.program("tests/hook/flowd")

needs_hook = unittest.skipUnless(
    os.path.exists(PROGRAM), "tests/hook/flowd is missing: make hooked")


class Hooked(Flowd):
    """As Flowd.  Its collectors may die as often as they like."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.program = PROGRAM

    def order(self, text, until="hook: did ", source=None):
        """Sends an order and waits until flowd says that, or that it has
        skipped the order, which ended two collectors.

        Returns what flowd said meanwhile, as one text."""
        before = len(self.stderr_lines())

        def answered():
            return any(until in line or "is skipped" in line
                       for line in self.stderr_lines()[before:])

        self.send(f"HOOK {text}".encode(), source)
        wait_for(answered, f"HOOK {text} comes to an end")
        return "\n".join(self.stderr_lines()[before:])


def descriptors(pid):
    """How many descriptors a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))
