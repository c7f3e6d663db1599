"""An app's folder -> its code id and one archive of it, the same bytes of tar on every machine."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from components.errors import SlipwayError
from components.release import ids
from components.source.walk import Entry, files_of

_CHUNK = 1 << 20  # bytes held in memory at a time
_LEVEL = 6  # of compression


@dataclass(frozen=True)
class Code:
    """The code of a release. `sha256` (hex) and `bytes` are of the tar, before compression."""

    id: str
    sha256: str
    bytes: int
    files: tuple[Entry, ...]


def collect(folder: Path, wanted: str | None = None) -> Code:
    """The code in an app's folder; files are read once by a process until one of them changes.

    Raises `SlipwayError` for what can't be in a release, and where its id isn't the `wanted` one.
    """
    code = _read(files_of(folder))
    if wanted not in (None, code.id):
        raise SlipwayError(f"{folder}: wanted code {wanted}, found {code.id}: files changed meanwhile; run `up` again")
    return code


@lru_cache(maxsize=1)
def _read(files: tuple[Entry, ...]) -> Code:
    code, stream, size = hashlib.sha256(), hashlib.sha256(), 0
    for chunk in _tar(files, code.update):
        stream.update(chunk)
        size += len(chunk)
    return Code(ids.short(code.hexdigest()), stream.hexdigest(), size, files)


def packed(code: Code, under: str = "", texts: Mapping[str, str] | None = None) -> bytes:
    """A tar.gz of `texts` by their paths, and of the code below the folder `under`.

    Raises `SlipwayError` when the folder is no longer what was collected.
    """
    digest, archive = hashlib.sha256(), io.BytesIO()
    with gzip.GzipFile("", "wb", _LEVEL, archive, mtime=0) as file:
        for path, text in sorted((texts or {}).items()):
            data = text.encode()
            file.write(_header(path, len(data), False) + data + bytes(-len(data) % tarfile.BLOCKSIZE))
        for chunk in _tar(code.files, digest.update, under):
            file.write(chunk)
    if ids.short(digest.hexdigest()) != code.id:
        raise SlipwayError("the app's files changed since they were first read; run the command again")
    return archive.getvalue()


def _tar(files: Iterable[Entry], to_code: Callable[[bytes], object], under: str = "") -> Iterator[bytes]:
    """`to_code` is given what the code id is made of (docs/architecture.md, "Ids")."""
    for entry in files:
        to_code(f"{entry.path}\0{'x' if entry.executable else '-'}\0{entry.size}\0".encode())
        yield _header(under + entry.path, entry.size, entry.executable)
        for chunk in _content(entry):
            to_code(chunk)
            yield chunk
        yield bytes(-entry.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _header(path: str, size: int, executable: bool) -> bytes:
    """No time, no owner. GNU's format has no headers that depend on Python's version."""
    info = tarfile.TarInfo(path)
    info.size, info.mode = size, 0o755 if executable else 0o644
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")


def _content(entry: Entry) -> Iterator[bytes]:
    """As many bytes as the file had when it was found: it may grow meanwhile, as a log does."""
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
