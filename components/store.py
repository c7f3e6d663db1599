"""The release store as the deploying side sees it: names to bytes, one conditional write, one lock."""

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pulumi

from cloud_init.host import lock as host_lock
from cloud_init.host.outcome import Locked
from components.errors import LockedError, SlipwayError

_WAIT = 900  # seconds for another rollout to end


class Conflict(Exception):
    """Somebody else wrote the object since it was read."""


class Store(Protocol):
    """Names are slash-separated. Objects under `secrets/` are for the host role alone."""

    def get(self, name: str) -> bytes | None:
        """The object's bytes, or None."""

    def put(self, name: str, data: bytes) -> None:
        """Writes the object whole or not at all."""

    def replace(self, name: str, old: bytes | None, new: bytes) -> None:
        """Writes `new` if the object still is `old`; raises `Conflict` otherwise."""

    def names(self, prefix: str) -> list[str]:
        """Names of all objects that start so, sorted."""

    def delete(self, name: str) -> None:
        """Removes the object; nothing to do if there is none."""

    def lock(self, reason: str) -> AbstractContextManager[None]:
        """One rollout at a time; waits, then raises `LockedError` with the holder, reason and time."""


def get_json(store: Store, name: str) -> dict[str, Any] | None:
    """The object read as JSON, or None. Raises `SlipwayError` for a damaged one."""
    data = store.get(name)
    try:
        found = None if data is None else json.loads(data)
    except ValueError as error:
        raise damaged(name, str(error)) from None
    if not isinstance(found, dict | None):
        raise damaged(name, "no object")
    return found


def damaged(name: str, why: str) -> SlipwayError:
    """What to say of an object that holds something else than it should."""
    return SlipwayError(f"store: {name} is damaged ({' '.join(why.split())}); put back a good copy, or remove it to start anew")


def to_json(value: Mapping[str, Any]) -> bytes:
    """JSON as the store keeps it: readable, keys sorted."""
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


@dataclass(frozen=True)
class FolderStore:
    """A store in a folder of this machine: private to its owner (0700, objects 0600)."""

    folder: Path

    def get(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SlipwayError(f"store: {self.folder / name} can't be read ({error.strerror}); mend that, then run it again") from None

    def put(self, name: str, data: bytes) -> None:
        try:
            self._put(self.folder / name, data)
        except OSError as error:
            mend = "make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "mend that"
            raise SlipwayError(f"store: {self.folder / name} can't be written ({error.strerror}); {mend}, then run it again") from None

    def _put(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
        finally:
            part.unlink(missing_ok=True)

    def replace(self, name: str, old: bytes | None, new: bytes) -> None:
        with self._locked(".write.lock"):
            if self.get(name) != old:
                raise Conflict(name)
            self.put(name, new)

    def names(self, prefix: str) -> list[str]:
        found = (path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())
        return sorted(name for name in found if name.startswith(prefix))

    def delete(self, name: str) -> None:
        path = self.folder / name
        path.unlink(missing_ok=True)
        if path.parent != self.folder and path.parent.is_dir() and not any(path.parent.iterdir()):
            shutil.rmtree(path.parent)

    @contextmanager
    def lock(self, reason: str) -> Iterator[None]:
        with ExitStack() as stack:
            try:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                stack.enter_context(host_lock.held(self.folder / "rollout.lock", reason, _WAIT, pulumi.log.info))
            except Locked as error:
                raise LockedError(str(error)) from None
            except OSError as error:
                raise SlipwayError(f"store: {error.filename} can't be locked ({error.strerror}); mend that, then run it again") from None
            yield

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(self.folder / name, "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
