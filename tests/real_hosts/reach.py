"""Who reaches what, asked with this machine's Python in a host's network."""

import sys
from collections.abc import Mapping
from pathlib import Path

from .machine import Machine

_ASKS = str(Path(__file__).with_name("asks.py"))


def reached(host: Machine, places: Mapping[str, tuple[str, int]]) -> set[str]:
    """Those places, by name, whose address and port take a connection from there."""
    words = {f"{address}:{port}": name for name, (address, port) in places.items()}
    return {words[line] for line in host.in_network([sys.executable, _ASKS, *words]).stdout.split()}


def reaches(host: Machine, address: str, port: int) -> bool:
    """The same of one place."""
    return bool(reached(host, {"it": (address, port)}))
