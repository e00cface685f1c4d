"""A flowd whose collector executes the orders in datagrams; see
tests/hook/hook.c."""

import os
import unittest

import tap
from flowdtest import Flowd, wait_for

PROGRAM = tap.program("tests/hook/flowd")

needs_hook = unittest.skipUnless(
    os.path.exists(PROGRAM), "tests/hook/flowd is missing: make hooked")


class Hooked(Flowd):
    """Like Flowd.  Its collectors may die any number of times."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.program = PROGRAM

    def order(self, text, until="hook: did ", source=None):
        """Sends an order and waits until flowd logs until, or that it skipped
        the order after two collectors died of it.

        Returns flowd's messages in the meantime, as one text."""
        before = len(self.stderr_lines())

        def answered():
            return any(until in line or "is skipped" in line
                       for line in self.stderr_lines()[before:])

        self.send(f"HOOK {text}".encode(), source)
        wait_for(answered, f"HOOK {text} has ended")
        return "\n".join(self.stderr_lines()[before:])


def descriptors(pid):
    """Returns how many descriptors a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))
