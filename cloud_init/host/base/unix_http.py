"""HTTP over a unix socket."""

from __future__ import annotations

import http.client
import os
import socket


class UnixConnection(http.client.HTTPConnection):
    """To the socket at a path; a link is refused: an app may have one to somebody else's socket."""

    def __init__(self, path: str, timeout: float | None = 10) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        place = os.open(self._path, os.O_PATH | os.O_NOFOLLOW)
        try:
            self.sock.connect(f"/proc/self/fd/{place}")
        finally:
            os.close(place)
