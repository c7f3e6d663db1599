"""Another command of this tool, for a service that shows only how a command's output begins.

`carry WORDS` (base64 of the command's words as a JSON list: no shell sees them) answers, when
that command has ended, with one line of JSON, `{"event": "carried", "page", "token"}`.
`page` is the packed output (zlib) in base64. Where that is too long for the service `page` is
empty, and the object `outcomes/HOST/output-TOKEN` of the store has the packed output until it was
read. Unpacked it is a line of JSON `{"status", "out", "err", "left_out"}`, then as many bytes of
output and of errors. A very long stream lacks its middle.
"""

from __future__ import annotations

import base64
import json
import math
import secrets
import selectors
import subprocess
import sys
import time
import zlib

from .. import stores
from ..base.outcome import Refused, emit
from ..base.places import Places

_SHOWN = 20_000  # letters: the service that this is for shows 24,000
_END = 2 << 20  # bytes kept of the beginning, and of the end, of each stream
_QUIET = 0.5  # seconds: what a command leaves running isn't waited for,
_LEFT = 5.0  # nor read for longer, if it goes on writing


def run(places: Places, words: str) -> None:
    """Runs that command to its end and prints its output, packed.

    Raises `Refused` where the store can't take a long one."""
    command = json.loads(base64.urlsafe_b64decode(words))
    packed = _run([sys.executable, "-I", str(places.tool), "--root", str(places.root), *command])
    page, token = base64.b64encode(packed).decode(), ""
    if len(page) > _SHOWN:
        try:
            page, token = "", store(stores.connect(places.store), places.host, packed)
        except Refused as refused:
            raise Refused(f"{command[0]} has ended, but what it wrote can't be fetched: {refused}") from None
    emit("carried", page=page, token=token)


def store(objects: stores.Store, host: str, packed: bytes) -> str:
    """Writes the packed output where its host may write; returns the token in its name."""
    token = secrets.token_hex(8)
    objects.put(f"outcomes/{host}/output-{token}", packed)
    return token


def _run(command: list[str]) -> bytes:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
    out, err = _read(process)
    head = {"status": process.wait(), "out": len(out.data), "err": len(err.data), "left_out": out.left_out + err.left_out}
    return zlib.compress(json.dumps(head).encode() + b"\n" + out.data + err.data, 9)


def _read(process: subprocess.Popen[bytes]) -> tuple[_Kept, _Kept]:
    """Both streams to their end, or until the command has ended and what it wrote was read."""
    kept, until = (_Kept(), _Kept()), math.inf
    with selectors.DefaultSelector() as waiting:
        for place, stream in enumerate((process.stdout, process.stderr)):
            waiting.register(stream, selectors.EVENT_READ, kept[place])  # type: ignore[arg-type]
        while waiting.get_map() and time.monotonic() < until:
            ready = waiting.select(_QUIET)
            if process.poll() is not None:
                until = min(until, time.monotonic() + (_LEFT if ready else 0))
            for key, _ in ready:
                data = key.fileobj.read(65536)  # type: ignore[union-attr]
                if not data:
                    waiting.unregister(key.fileobj)
                key.data.take(data)
    return kept


class _Kept:
    """The first and the last bytes of a stream: the memory is a small server's."""

    def __init__(self) -> None:
        self._first, self._last = bytearray(), bytearray()
        self.left_out = 0

    def take(self, data: bytes) -> None:
        room = _END - len(self._first)
        self._first += data[:room]
        self._last += data[room:]
        over = len(self._last) - _END
        if over > 0:
            self.left_out += over
            del self._last[:over]

    @property
    def data(self) -> bytes:
        gap = f"\n[{self.left_out} bytes are left out here]\n".encode() if self.left_out else b""
        return bytes(self._first) + gap + bytes(self._last)
