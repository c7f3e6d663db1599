"""Another command of this tool, for whoever gets only the beginning of what a command wrote, and only when it has ended.

`carry WORDS` (base64 of the command's words as a JSON list: no shell sees them) answers with one line of JSON:
`{"event": "carried", "page", "chars", "token"}`, the first page of a packed text of `chars` letters. `carried TOKEN START` answers with
the page that begins there. Unpacked (base64, zlib) the text is a line of JSON `{"status", "out", "err", "left_out"}`, then as many bytes
of output and of errors. Of very much the middle is left out.
"""

from __future__ import annotations

import base64
import json
import secrets
import selectors
import subprocess
import sys
import time
import zlib
from pathlib import Path

from ..base import files
from ..base.outcome import Refused, emit
from ..base.places import Places

_PAGE = 20_000  # letters: the service that this is for shows 24,000
_END = 2 << 20  # bytes kept of the beginning, and of the end, of each stream
_QUIET = 0.5  # seconds: what a command leaves running isn't waited for
_STAY = 3600  # seconds until pages that nobody asks for go


def run(places: Places, packed: str) -> None:
    """Runs that command to its end and tells the first page of what came of it."""
    words = json.loads(base64.urlsafe_b64decode(packed))
    _clear(places)
    text = _run([sys.executable, "-I", str(places.tool), "--root", str(places.root), *words])
    token = secrets.token_hex(8) if len(text) > _PAGE else ""
    if token:
        _folder(places).mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write(_folder(places) / token, text.encode(), 0o600)
    _tell(text, 0, token)


def more(places: Places, token: str, start: int) -> None:
    """The page that begins at that letter. Raises `Refused` where there is none any more."""
    path = _folder(places) / Path(token).name
    if not path.is_file():
        raise Refused(f"carried: wanted the rest of an output, found no {path}; run the command again")
    _tell(path.read_text(encoding="ascii"), start, token)


def _tell(text: str, start: int, token: str) -> None:
    emit("carried", page=text[start : start + _PAGE], chars=len(text), token=token)


def _run(command: list[str]) -> str:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
    out, err = _read(process)
    head = {"status": process.wait(), "out": len(out.data), "err": len(err.data), "left_out": out.left_out + err.left_out}
    whole = json.dumps(head).encode() + b"\n" + out.data + err.data
    return base64.b64encode(zlib.compress(whole, 9)).decode()


def _read(process: subprocess.Popen[bytes]) -> tuple[_Kept, _Kept]:
    """Both streams to their end, or until the command has ended and nothing comes any more."""
    kept = _Kept(), _Kept()
    with selectors.DefaultSelector() as waiting:
        for place, stream in enumerate((process.stdout, process.stderr)):
            waiting.register(stream, selectors.EVENT_READ, kept[place])  # type: ignore[arg-type]
        while waiting.get_map():
            ready = waiting.select(_QUIET)
            if not ready and process.poll() is not None:
                break
            for key, _ in ready:
                data = key.fileobj.read(65536)  # type: ignore[union-attr]
                if not data:
                    waiting.unregister(key.fileobj)
                key.data.take(data)
    return kept


class _Kept:
    """The first and the last bytes of a stream: memory is a small server's. What a command says last counts most."""

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


def _folder(places: Places) -> Path:
    return places.run / "carried"


def _clear(places: Places) -> None:
    for path in _folder(places).glob("*"):
        if path.stat().st_mtime < time.time() - _STAY:
            path.unlink(missing_ok=True)
