"""Ports for servers of the tests: below the range from which clients get theirs, so that a load can't take one meanwhile."""

import random
import socket

_FIRST, _LAST = 20_000, 32_000


def free() -> int:
    """A port of 127.0.0.1 that nobody has, and that other tests are unlikely to be given."""
    chance = random.SystemRandom()  # the same for no two test processes, whatever they seed
    while True:
        port = chance.randrange(_FIRST, _LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
