"""Another command of this tool, for a service that shows only how a command's output begins.

`carry WORDS` (base64 of the command's words as a JSON list: no shell sees them) answers, when
that command has ended, with one line of JSON, `{"event": "carried", "page", "token"}`: `page` is
the packed output (zlib) in base64, or empty where that is too long: the store's object
`outcomes/HOST/output-TOKEN` has it then. Unpacked it is a line of JSON `{"status", "out", "err",
"left_out"}`, then as many bytes of output and of errors; a very long stream lacks its middle."""

import base64
import json
import secrets
import subprocess
import sys
import threading
import zlib
from typing import IO, cast

from .. import stores
from ..base import Places, Refused, emit

_SHOWN = 20_000  # letters: the service that this is for shows 24,000
_END = 2 << 20  # bytes kept of the beginning, and of the end, of each stream
_LEFT = 3.0  # seconds to read what it wrote before it ended: what it leaves running is not waited for


def run(places: Places, words: str) -> None:
    """Runs that command and prints its output, packed. Raises `Refused` where the store is away."""
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
    streams = _Stream(cast(IO[bytes], process.stdout)), _Stream(cast(IO[bytes], process.stderr))
    status = process.wait()
    out, err = (stream.ended() for stream in streams)
    head = {"status": status, "out": len(out), "err": len(err), "left_out": sum(stream.left_out for stream in streams)}
    return zlib.compress(json.dumps(head).encode() + b"\n" + out + err, 9)


class _Stream(threading.Thread):
    """Reads a stream and keeps its first and its last bytes: the memory is a small server's."""

    def __init__(self, source: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._source, self._kept, self.left_out = source, bytearray(), 0
        self.start()

    def run(self) -> None:
        while data := self._source.read(65536):
            self._kept += data
            over = max(0, len(self._kept) - 2 * _END)
            self.left_out += over
            del self._kept[_END : _END + over]

    def ended(self) -> bytes:
        """What is kept of it, once its command has ended."""
        self.join(_LEFT)
        gap = f"\n[{self.left_out} bytes are left out here]\n".encode() if self.left_out else b""
        return bytes(self._kept[:_END]) + gap + bytes(self._kept[_END:])
