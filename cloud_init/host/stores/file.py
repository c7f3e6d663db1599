"""A store in a folder of this machine, private to its owner. `file:///folder`."""

import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Optional

from ..base.files import link_or_copy, make_folder, private_file, sync
from . import Away, Conflict, Store, Version

_SCHEME = "file://"
_LOCK = "rollout.lock"
_NONE = "none"  # the tag of an object that isn't there


def connect(address: str) -> Store:
    return FileStore(Path(address.removeprefix(_SCHEME)))


class FileStore:
    """Each write goes to a file beside and is renamed, or linked where it must be the first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = _SCHEME + str(folder.absolute())

    @property
    def lock_file(self) -> Path:
        return self.folder / _LOCK

    def get(self, name: str) -> Optional[bytes]:
        with _raising_away("read"), suppress(FileNotFoundError):
            return (self.folder / name).read_bytes()
        return None

    def changed(self, name: str, tag: str) -> Optional[Version]:
        with _raising_away("read"), suppress(FileNotFoundError), open(self.folder / name, "rb") as file:
            status = os.fstat(file.fileno())  # of another file after each write
            now = f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}"
            return None if now == tag else Version(file.read(), now)
        return None if tag == _NONE else Version(None, _NONE)

    def file(self, name: str, place: Path) -> Optional[Path]:
        path = self.folder / name
        return path if path.is_file() else None

    def put(self, name: str, data: bytes) -> None:
        with self._beside(name) as part:
            _fill(part, data)
            part.rename(self.folder / name)

    def send(self, name: str, path: Path) -> None:
        with self._beside(name) as part:
            link_or_copy(path, part)
            part.rename(self.folder / name)

    def create(self, name: str, data: bytes) -> None:
        with self._beside(name) as part:
            _fill(part, data)
            try:
                os.link(part, self.folder / name)
            except FileExistsError:
                raise Conflict(name) from None

    def replace(self, name: str, old: Optional[bytes], new: bytes) -> None:
        with _raising_away("written"):
            make_folder(self.folder, 0o700)
            with open(self.folder / ".write.lock", "w", encoding="utf-8") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if self.get(name) not in (old, new):  # `new`: asked once more, for an answer that was lost
                    raise Conflict(name)
                self.put(name, new)

    def names(self, folder: str) -> dict[str, float]:
        with _raising_away("read"):
            found = (Path(place, name) for place, _, names in os.walk(self.folder / folder) for name in names)
            kept = (path for path in found if not path.name.startswith(".") and path.name != _LOCK)
            times = {path.relative_to(self.folder).as_posix(): _time(path) for path in kept}  # without what is removed meanwhile
        return {name: time for name, time in sorted(times.items()) if time is not None}

    def modified(self, name: str) -> Optional[float]:
        with _raising_away("read"):
            return _time(self.folder / name)

    def delete(self, *names: str) -> None:
        for path in (self.folder / name for name in names):
            with _raising_away("removed"):
                if path.exists():
                    path.unlink(missing_ok=True)
                    sync(path.parent)
            if path.parent != self.folder:
                with suppress(OSError):  # it has other objects
                    path.parent.rmdir()

    @contextmanager
    def _beside(self, name: str) -> Iterator[Path]:
        """A path beside the object's, for its next content; removed unless it was renamed."""
        path = self.folder / name
        part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        with _raising_away("written", path):
            make_folder(self.folder, 0o700)
            make_folder(path.parent, 0o700)
            try:
                yield part
                sync(path.parent)
            finally:
                part.unlink(missing_ok=True)


def _fill(path: Path, data: bytes) -> None:
    with open(path, "wb", opener=private_file) as file:
        file.write(data)
    sync(path)


def _time(path: Path) -> Optional[float]:
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return None


@contextmanager
def _raising_away(what: str, path: Optional[Path] = None) -> Iterator[None]:
    """Raises `Away` for an error of the system."""
    try:
        yield
    except OSError as error:
        mend = "make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "mend that"
        where = path or error.filename or "a file"
        raise Away(f"store: {where} can't be {what} ({error.strerror or error}); {mend}, then run it again") from None
