"""How the cost of receiving few datagrams grows with the listeners."""

import socket
import time

import growth
from grow_logs import Flowd, free_ports

LISTENERS = (1, 64, 500)
DATAGRAMS = 500			# in 5 seconds
PAUSE = 0.01			# seconds between two


def listeners(size, directory):
    """The collector's work for DATAGRAMS, each after a pause."""
    ports = free_ports(["127.0.0.1"] * size)
    flowd = Flowd(directory, f'logfile "{directory}/log"', ports=ports)
    try:
        time.sleep(1)
        collector = flowd.children()[0]
        before = growth.cpu(collector)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for number in range(DATAGRAMS):
                sock.sendto(b"\0\5", ("127.0.0.1", ports[number % size]))
                time.sleep(PAUSE)
        return growth.cpu(collector) - before
    finally:
        flowd.stop()


ROWS = [
    # 100 microseconds a datagram; poll needed 440 for 500 listeners.
    growth.Row("listeners, 500 datagrams", LISTENERS, listeners,
               most=100e-6 * DATAGRAMS, rounds=1),
]
