"""Waiting until the queues of sockets are empty that are about to be closed."""

import os
import socket
import struct
import sys
import time
from collections.abc import Collection
from pathlib import Path

_SOCK_DIAG = 4
_BY_FAMILY = 20
_REQUEST_DUMP = 0x301
_SHOW_NAME_AND_QUEUE = 0x11
_LISTENING = 1 << 10
_NAME, _QUEUE = 0, 4
_CALM = 0.3  # seconds of empty queue that count as drained: requests on their way have arrived


def wait(paths: Collection[Path], patience: float = 30) -> None:
    """Returns when all queues have been empty for a moment, or after `patience` seconds."""
    began = calm_since = time.monotonic()
    while (now := time.monotonic()) < began + patience:
        if queue(paths):
            calm_since = now
        if now - calm_since >= _CALM:
            return
        time.sleep(0.02)


def queue(paths: Collection[Path]) -> int:
    """The connections that wait to be accepted at unix sockets; 0 if the kernel doesn't tell."""
    names = {os.path.realpath(path).encode() for path in paths}
    try:
        return sum(waiting for name, waiting in _listening() if name and os.path.realpath(name) in names)
    except OSError:
        return 0


def _listening() -> list[tuple[bytes, int]]:
    """The path and queue of every listening unix socket of this machine, by sock_diag(7)."""
    body = struct.pack("=BBHIIIII", socket.AF_UNIX, 0, 0, _LISTENING, 0, _SHOW_NAME_AND_QUEUE, 0, 0)
    head = struct.pack("=IHHII", 16 + len(body), _BY_FAMILY, _REQUEST_DUMP, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as link:
        link.settimeout(1)
        link.send(head + body)
        sockets: list[tuple[bytes, int]] = []
        while True:
            data = link.recv(1 << 16)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                if kind in (2, 3):  # an error, or the end
                    return sockets
                told = _attributes(data[32:length])
                sockets.append((told.get(_NAME, b"").rstrip(b"\0"), int.from_bytes(told.get(_QUEUE, b"")[:4], sys.byteorder)))
                data = data[(length + 3) & ~3 :]


def _attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        found[kind] = data[4:length]
        data = data[(max(length, 4) + 3) & ~3 :]
    return found
