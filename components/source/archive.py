"""An app's folder -> its code id and one archive of it, the same bytes of tar on every machine."""

import gzip
import hashlib
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from components.errors import SlipwayError
from components.release import ids
from components.source.walk import Entry, files_of

_CHUNK = 1 << 20  # bytes held in memory at a time
_LEVEL = 6  # of compression


@dataclass(frozen=True)
class Code:
    """The code of a release. `sha256` (hex) and `bytes` are of the tar stream: its compression differs between machines."""

    id: str
    sha256: str
    bytes: int
    files: tuple[Entry, ...]


def collect(folder: Path) -> Code:
    """Reads every file of the app's folder once. Raises `SlipwayError` for what can't be in a release."""
    files = files_of(folder)
    code, stream, size = hashlib.sha256(), hashlib.sha256(), 0
    for chunk in _tar(files, code.update):
        stream.update(chunk)
        size += len(chunk)
    return Code(ids.short(code.hexdigest()), stream.hexdigest(), size, files)


def write_archive(code: Code, path: Path) -> None:
    """Writes the tar.gz, whole or not at all. Raises `SlipwayError` when the folder is no longer what was collected."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        digest = _compress(code, part)
        if digest != code.sha256:
            raise SlipwayError(f"{path.name}: the app's files changed since they were first read; run the command again")
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)


def write_bundle(texts: Mapping[str, str], code: str, folder: Path, path: Path) -> None:
    """Writes a tar.gz of these texts, by their paths, with the app's files from `folder` under `src/`; the same bytes
    for the same input. Raises `SlipwayError` where the folder doesn't hold that code (its id) any more."""
    found = collect(folder)
    if found.id != code:
        raise changed(folder, code, found.id)
    with open(path, "wb") as file, gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed:
        for name, text in sorted(texts.items()):
            data = text.encode()
            packed.write(_header(Entry(name, path, False, len(data))) + data + bytes(-len(data) % tarfile.BLOCKSIZE))
        for chunk in _tar(replace(one, path=f"src/{one.path}") for one in found.files):
            packed.write(chunk)


def changed(folder: Path, wanted: str, found: str) -> SlipwayError:
    """What to say of a folder whose files are no longer those that the release was named after."""
    return SlipwayError(f"{folder}: wanted code {wanted}, found {found}: files changed meanwhile; run `up` again")


def _compress(code: Code, path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        with gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed:
            for chunk in _tar(code.files):
                digest.update(chunk)
                packed.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _tar(files: Iterable[Entry], to_code: Callable[[bytes], object] = len) -> Iterator[bytes]:
    """The tar stream; `to_code` is given what the code id is made of (docs/architecture.md, "Ids")."""
    for entry in files:
        to_code(f"{entry.path}\0{'x' if entry.executable else '-'}\0{entry.size}\0".encode())
        yield _header(entry)
        for chunk in _content(entry):
            to_code(chunk)
            yield chunk
        yield bytes(-entry.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _header(entry: Entry) -> bytes:
    """No time, no owner. GNU's format has no headers that depend on Python's version."""
    info = tarfile.TarInfo(entry.path)
    info.size = entry.size
    info.mode = 0o755 if entry.executable else 0o644
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
