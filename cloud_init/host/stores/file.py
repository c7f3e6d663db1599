"""A store in a folder of this machine, private to its owner. `file:///folder`."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..base.files import make_folder, private_file, sync
from .contract import Away, Conflict, Store, Version

_SCHEME = "file://"
_LOCK = "rollout.lock"
_NONE = "none"  # the tag of an object that isn't there


def connect(address: str) -> Store:
    """The store in the folder of that address."""
    return FileStore(Path(address.removeprefix(_SCHEME)))


class FileStore:
    """Each write goes to a file beside and is renamed, or linked where it must be the first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def address(self) -> str:
        return _SCHEME + str(self.folder.absolute())

    @property
    def lock_file(self) -> Path | None:
        return self.folder / _LOCK

    def get(self, name: str) -> bytes | None:
        with _raising_away("read"):
            try:
                return (self.folder / name).read_bytes()
            except FileNotFoundError:
                return None

    def changed(self, name: str, tag: str) -> Version | None:
        with _raising_away("read"):
            try:
                with open(self.folder / name, "rb") as file:
                    now = _tag(os.fstat(file.fileno()))
                    return None if now == tag else Version(file.read(), now)
            except FileNotFoundError:
                return None if tag == _NONE else Version(None, _NONE)

    def file(self, name: str, place: Path) -> Path | None:
        path = self.folder / name
        return path if path.is_file() else None

    def put(self, name: str, data: bytes) -> None:
        with self._part(name, data) as part:
            self._rename(part, name)

    def send(self, name: str, path: Path) -> None:
        """Gives the file a second name if both are on one disk; copies it otherwise."""
        with self._beside(name) as part:
            try:
                os.link(path, part)
            except OSError as error:
                if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK):
                    raise
                with open(path, "rb") as source, open(part, "wb", opener=private_file) as target:
                    shutil.copyfileobj(source, target, 1 << 20)
                    target.flush()
                    os.fsync(target.fileno())
            self._rename(part, name)

    def create(self, name: str, data: bytes) -> None:
        with self._part(name, data) as part:
            try:
                os.link(part, self.folder / name)
                sync((self.folder / name).parent)
            except FileExistsError:
                raise Conflict(name) from None

    def replace(self, name: str, old: bytes | None, new: bytes) -> None:
        with self._locked():
            if self.get(name) != old:
                raise Conflict(name)
            self.put(name, new)

    def names(self, folder: str) -> dict[str, float]:
        with _raising_away("read"):
            times = {path.relative_to(self.folder).as_posix(): _time(path) for path in self._objects(folder)}
        return {name: time for name, time in sorted(times.items()) if time is not None}

    def modified(self, name: str) -> float | None:
        with _raising_away("read"):
            return _time(self.folder / name)

    def delete(self, *names: str) -> None:
        for path in (self.folder / name for name in names):
            with _raising_away("removed"):
                if path.exists():
                    path.unlink(missing_ok=True)
                    sync(path.parent)
                self._tidy(path.parent)

    def _tidy(self, folder: Path) -> None:
        """Removes an empty folder, unless somebody fills it just now."""
        try:
            if folder != self.folder:
                folder.rmdir()
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                raise

    def _objects(self, folder: str) -> Iterator[Path]:
        for place, _, names in os.walk(self.folder / folder):  # what is removed meanwhile is left out
            yield from (Path(place, name) for name in names if not name.startswith(".") and name != _LOCK)

    @contextmanager
    def _part(self, name: str, data: bytes) -> Iterator[Path]:
        """A file with the bytes, on the disk; removed afterwards unless it was renamed."""
        with self._beside(name) as part:
            with open(part, "wb", opener=private_file) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            yield part

    @contextmanager
    def _beside(self, name: str) -> Iterator[Path]:
        """A path beside the object's, for its next content; removed unless it was renamed."""
        path = self.folder / name
        part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        with _raising_away("written", path):
            try:
                self._make(path.parent)
                yield part
            finally:
                part.unlink(missing_ok=True)

    def _make(self, folder: Path) -> None:
        make_folder(self.folder, 0o700)
        make_folder(folder, 0o700)

    def _rename(self, part: Path, name: str) -> None:
        part.rename(self.folder / name)
        sync((self.folder / name).parent)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with _raising_away("written"):
            self._make(self.folder)
            lock = open(self.folder / ".write.lock", "w", encoding="utf-8")  # noqa: SIM115  closed below
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _tag(status: os.stat_result) -> str:
    """A mark that changes with every write, since each makes another file."""
    return f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}"


def _time(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None


@contextmanager
def _raising_away(what: str, path: Path | None = None) -> Iterator[None]:
    """Raises `Away` for an error of the system."""
    try:
        yield
    except OSError as error:
        mend = "make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "mend that"
        where = path or error.filename or "a file"
        raise Away(f"store: {where} can't be {what} ({error.strerror or error}); {mend}, then run it again") from None
