"""An app's folder -> its code id and one archive of it, the same bytes of tar on every machine."""

import gzip
import hashlib
import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile

from components.errors import SlipwayError
from components.release import ids
from components.source.walk import Entry, files_of

_CHUNK = 1 << 20  # bytes held in memory at a time
_LEVEL = 6  # of compression
_IN_MEMORY = 32 << 20  # bytes of a tar stream that is kept; a longer one goes to a temporary file
_END = bytes(2 * tarfile.BLOCKSIZE)


@dataclass(frozen=True)
class Code:
    """The code of a release. `sha256` (hex) and `bytes` are of the tar stream: its compression differs between machines."""

    id: str
    sha256: str
    bytes: int


_kept: dict[str, SpooledTemporaryFile[bytes]] = {}
"""The tar stream of the code that this process has read to launch it, by its id: what a release is named after is what is sent,
whatever the folder holds by then, and the folder is read once."""


def collect(folder: Path, keep: bool = False) -> Code:
    """Reads every file of the app's folder once. `keep`: the code is going to be sent, by `archive` or `write_bundle`.

    Raises `SlipwayError` for what can't be in a release."""
    code, stream, size = hashlib.sha256(), hashlib.sha256(), 0
    tar = SpooledTemporaryFile(_IN_MEMORY) if keep else None  # noqa: SIM115  (open as long as the process)
    for chunk in _tar(files_of(folder), code.update):
        stream.update(chunk)
        size += len(chunk)
        if tar:
            tar.write(chunk)
    found = Code(ids.short(code.hexdigest()), stream.hexdigest(), size)
    if tar:
        while _kept:
            _kept.popitem()[1].close()
        _kept[found.id] = tar
    return found


def archive(folder: Path, code: str) -> bytes:
    """The tar.gz of that code (its id). Raises `SlipwayError` where the folder doesn't hold it any more."""
    packed = BytesIO()
    with gzip.GzipFile("", "wb", _LEVEL, packed, mtime=0) as file:
        shutil.copyfileobj(_stream(folder, code), file, _CHUNK)
    return packed.getvalue()


def write_bundle(texts: Mapping[str, str], code: str, folder: Path, path: Path) -> None:
    """Writes a tar.gz of these texts, by their paths, with the app's files under `src/`; the same bytes for the same input.

    Raises `SlipwayError` where `folder` doesn't hold that code (its id) any more."""
    with (
        tarfile.open(fileobj=_stream(folder, code), mode="r:") as app,
        open(path, "wb") as file,
        gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed,
    ):
        for name, text in sorted(texts.items()):
            data = text.encode()
            packed.write(_header(name, len(data)) + data + _padding(len(data)))
        for member in app:
            packed.write(_header(f"src/{member.name}", member.size, bool(member.mode & 0o100)))
            shutil.copyfileobj(app.extractfile(member) or BytesIO(), packed, _CHUNK)
            packed.write(_padding(member.size))
        packed.write(_END)


def _stream(folder: Path, code: str) -> SpooledTemporaryFile[bytes]:
    """The tar stream of that code from its beginning. Another process than the one that named the release reads the folder again."""
    if code not in _kept and (found := collect(folder, keep=True)).id != code:
        raise SlipwayError(f"{folder}: wanted code {code}, found {found.id}: files changed meanwhile; run `up` again")
    tar = _kept[code]
    tar.seek(0)
    return tar


def _tar(files: Iterable[Entry], to_code: Callable[[bytes], object] = len) -> Iterator[bytes]:
    """The tar stream; `to_code` is given what the code id is made of (docs/architecture.md, "Ids")."""
    for entry in files:
        to_code(f"{entry.path}\0{'x' if entry.executable else '-'}\0{entry.size}\0".encode())
        yield _header(entry.path, entry.size, entry.executable)
        for chunk in _content(entry):
            to_code(chunk)
            yield chunk
        yield _padding(entry.size)
    yield _END


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)


def _header(path: str, size: int, executable: bool = False) -> bytes:
    """No time, no owner. GNU's format has no headers that depend on Python's version."""
    info = tarfile.TarInfo(path)
    info.size = size
    info.mode = 0o755 if executable else 0o644
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")


def _content(entry: Entry) -> Iterator[bytes]:
    """As many bytes as the file had when it was found: one that grows meanwhile, such as a log, is no matter."""
    left = entry.size
    try:
        with open(entry.source, "rb") as file:
            while left and (chunk := file.read(min(left, _CHUNK))):
                left -= len(chunk)
                yield chunk
    except OSError as error:
        raise SlipwayError(
            f"{entry.source}: wanted a file that can be read, found: {error.strerror}; leave it out by .slipwayignore"
        ) from None
    if left:
        raise SlipwayError(f"{entry.source}: became shorter while it was read; run the command again")
