"""An app's folder: what the app has made of its sources (assets, translations), by a command of its
own; then its code id and one archive of it, the same bytes of tar on every machine."""

import gzip
import hashlib
import os
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile

import pulumi

from cloud_init.host.base.masking import masked
from cloud_init.host.contracts.manifest import Code
from components.errors import SlipwayError, UsageError
from components.release.ids import LENGTH
from components.settings import App
from components.source.walk import Entry, Ignore, files_of

_CHUNK = 1 << 20  # bytes held in memory at a time
_LEVEL = 6  # of compression
_IN_MEMORY = 32 << 20  # bytes of a tar stream that is kept; a longer one goes to a temporary file
_BUILT = "slipway:app.built"

_kept: dict[str, SpooledTemporaryFile[bytes]] = {}
"""The tar of the code that this process is to launch, by its id: the folder is read once, and what
a release is named after is what is sent, whatever the folder holds by then."""
_turn = threading.RLock()
"""Providers run in threads, and what is kept has one place where it is read, and is closed once."""


def build(folder: Path, app: App, dry: bool) -> None:
    """Runs slipway:app.build; a plan only says so, as it changes nothing. Raises `SlipwayError`
    with its last words, or where it didn't make what is to travel.

    Of the environment it isn't given what Pulumi has in it: settings, and what they are encrypted
    with."""
    ignore = Ignore(folder, app.built)
    if never := [path for path in app.built if ignore.covers(path, (folder / path).is_dir())]:
        raise UsageError(f"{_BUILT}: wanted what may be in a release, found {never[0]!r}, which never is; docs/settings.md lists those")
    if app.build is None:
        return None
    shown = masked(app.build)[:200]
    if dry:
        return pulumi.log.info(f"slipway:app.build: `{shown}` runs at `up` only; this is what is in the folder now")
    pulumi.log.info(f"slipway:app.build: {shown}")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", app.build], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
        )  # fmt: skip
    except OSError as error:
        raise SlipwayError(f"slipway:app.build: wanted to run `{shown}`, found: {error.strerror}; mend it") from None
    if done.returncode:
        last = [line.strip() for line in done.stdout.splitlines() if line.strip()][-3:] or ["it said nothing"]
        wanted = f"slipway:app.build: wanted `{shown}` to end well, found exit code {done.returncode}"
        raise SlipwayError(f"{wanted}: {masked(' / '.join(last))[:500]}; nothing was launched")
    if missing := [path for path in app.built if not (folder / path).exists()]:
        raise UsageError(f"{_BUILT}: wanted {missing[0]!r} in the app's folder after `{shown}`, found nothing; correct one of the two")


def collect(folder: Path, kept: Sequence[str] = (), keep: bool = False) -> Code:
    """Reads every file of the app's folder once. `kept`: paths in it that ignore files don't leave
    out; `keep`: `archive` or `write_bundle` is to send it.

    Raises `SlipwayError` for what can't be in a release."""
    code, stream, size = hashlib.sha256(), hashlib.sha256(), 0
    tar = SpooledTemporaryFile(_IN_MEMORY) if keep else None  # noqa: SIM115  (open as long as the process)
    for chunk in _tar(files_of(folder, kept), code.update):
        stream.update(chunk)
        size += len(chunk)
        if tar:
            tar.write(chunk)
    collected = Code(code.hexdigest()[:LENGTH], stream.hexdigest(), size, tuple(kept))
    if tar:
        with _turn:
            while _kept:
                _kept.popitem()[1].close()
            _kept[collected.id] = tar
    return collected


def archive(folder: Path, code: Code) -> bytes:
    """The tar.gz of that code. Raises `SlipwayError` where `folder` has another by now."""
    packed = BytesIO()
    with _stream(folder, code) as tar, gzip.GzipFile("", "wb", _LEVEL, packed, mtime=0) as file:
        shutil.copyfileobj(tar, file, _CHUNK)
    return packed.getvalue()


def write_bundle(texts: Mapping[str, str], code: Code, folder: Path, path: Path) -> None:
    """Writes a tar.gz of `texts` by their paths and of the code under `src/`.

    Equal input makes equal bytes. Raises `SlipwayError` where `folder` has other code by now."""
    with (
        _stream(folder, code) as tar,
        tarfile.open(fileobj=tar, mode="r:") as app,
        open(path, "wb") as file,
        gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w:", format=tarfile.GNU_FORMAT) as bundle,
    ):
        for name, text in sorted(texts.items()):
            data = text.encode()
            bundle.addfile(_member(name, len(data)), BytesIO(data))
        for member in app:
            content = app.extractfile(member)
            bundle.addfile(_member(f"src/{member.name}", member.size, bool(member.mode & 0o100)), content)


@contextmanager
def _stream(folder: Path, code: Code) -> Iterator[SpooledTemporaryFile[bytes]]:
    """The tar of that code. A process that didn't name the release reads the folder again."""
    with _turn:
        if code.id not in _kept and (collected := collect(folder, code.kept, keep=True)).id != code.id:
            raise SlipwayError(f"{folder}: wanted code {code.id}, found {collected.id}: files changed meanwhile; run `up` again")
        tar = _kept[code.id]
        tar.seek(0)
        yield tar


def _tar(files: Iterable[Entry], to_code: Callable[[bytes], object]) -> Iterator[bytes]:
    """`to_code` is given what the code id is made of (docs/architecture.md, "Ids")."""
    for entry in files:
        to_code(f"{entry.path}\0{'x' if entry.executable else '-'}\0{entry.size}\0".encode())
        yield _member(entry.path, entry.size, entry.executable).tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")
        for chunk in _content(entry):
            to_code(chunk)
            yield chunk
        yield bytes(-entry.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _member(path: str, size: int, executable: bool = False) -> tarfile.TarInfo:
    """No time, no owner. GNU's format has no headers that depend on Python's version."""
    info = tarfile.TarInfo(path)
    info.size, info.mode = size, 0o755 if executable else 0o644
    return info


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


def unpack(archive: Path, folder: Path) -> None:
    """Puts what an archive holds into a folder, made if need be: by the program `tar`, which puts
    nothing outside of it, as Python does from 3.11.4 on. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["tar", "-C", str(folder), "--no-same-owner", "-xf", str(archive)], capture_output=True, check=False)
    if done.returncode:
        raise OSError(done.stderr.decode(errors="replace").strip() or f"tar: exit status {done.returncode}")
