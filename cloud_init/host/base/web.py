"""HTTP: to a unix socket, and what a release names by an https address, fetched from there."""

import http.client
import os
import socket
import time
from typing import BinaryIO, Optional

from .outcome import Refused

TRIES = 3
_SECONDS = 15  # that the other side may be silent
_BLOCK = 1 << 16


class UnixConnection(http.client.HTTPConnection):
    """To the socket at a path; a link is refused: an app may have one to somebody else's socket."""

    def __init__(self, path: str, timeout: Optional[float] = 10) -> None:
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


def into(file: BinaryIO, address: str, most: int, tries: int = TRIES) -> None:
    """Fills the file with at most `most` bytes, in several tries. Raises `Refused`."""
    import urllib.error  # it takes longer to load than most commands run

    for left in reversed(range(tries)):
        file.seek(0)
        file.truncate()
        try:
            return _once(file, address, most)
        except urllib.error.HTTPError as error:
            why, lasting = f"{error.code} {error.reason}", error.code < 500 and error.code != 429
        except (OSError, http.client.HTTPException, ValueError) as error:
            why, lasting = str(getattr(error, "reason", error) or type(error).__name__), isinstance(error, ValueError)
        if lasting or not left:
            break
        time.sleep(2 ** (tries - left) / 2)
    raise Refused(f"{address}: wanted an answer, found {why}; see that the address is right, and that this host reaches it")


def _once(file: BinaryIO, address: str, most: int) -> None:
    import urllib.request

    if not address.startswith("https://"):
        raise ValueError("an address without https")
    with urllib.request.urlopen(address, timeout=_SECONDS) as answer:
        if not answer.url.startswith("https://"):
            raise ValueError(f"that it leads to {answer.url}")
        while block := answer.read(_BLOCK):
            file.write(block)
            if file.tell() > most:
                raise ValueError(f"more than {most:,} bytes")
        length = int(answer.headers.get("Content-Length") or file.tell())
        if file.tell() != length:  # `read` with a size doesn't tell
            raise ConnectionError(f"{file.tell():,} of {length:,} bytes")
