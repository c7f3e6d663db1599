"""A store that is a folder of another machine: the host tool's command `objects` there is asked
over a pipe. Its process holds the store's lock, as long as this end of the pipe is heard of."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pulumi

from cloud_init.host.base import lock as locks
from cloud_init.host.base.outcome import Locked
from cloud_init.host.stores import Conflict
from components.errors import LockedError, Lost, NotLaunchedError, SlipwayError, shown
from components.hosts import progress
from components.hosts.transport import QUICK, Pipe, Way
from components.rollout.lock import WAIT

_AWAY = 120.0  # seconds that a machine may be away in the middle of a rollout
_AGAIN = 45.0  # for one's own lock, which a connection that broke silently leaves held for half a minute
_TRIES = 20
_BEAT = 5.0
_NONE = "nothing is launched there yet"
_ENDS = {"invalid choice": "the host tool there is of an earlier version", "can't open file": _NONE, "not found": _NONE}


class Folder:
    """Objects by name, as `components.release.store.Store` has them. `name`: the machine, for
    people; `tool`: runs the host tool there. Raises `Lost` where the machine can't be reached,
    under the lock after two minutes; `NotLaunchedError` where the host tool has no such command."""

    def __init__(self, way: Way, name: str, tool: Sequence[str], path: str) -> None:
        self.way, self.name, self.path = way, name, path
        self._command = [*tool, "objects", path]
        self._mutex = threading.RLock()
        self._pipe: Pipe | None = None
        self._patience = QUICK
        self._note = ""  # the lock's, while it is this deployer's
        self._overtaken = ""  # why it is so no more

    def get(self, name: str) -> bytes | None:
        found = self._ask("get", name)
        return found if isinstance(found, bytes) else None

    def put(self, name: str, data: bytes) -> None:
        self._ask("put", name, data=data)

    def replace(self, name: str, old: bytes | None, new: bytes) -> None:
        self._ask("replace", name, data=(old or b"") + new, old=None if old is None else len(old))

    def names(self, folder: str = "") -> dict[str, float]:
        found = self._ask("names", folder)
        try:
            return {str(name): float(at) for name, at in found.items()}
        except (AttributeError, TypeError, ValueError):
            raise self._wrong(found) from None

    def modified(self, name: str) -> float | None:
        return self.names(name.rpartition("/")[0]).get(name)

    def delete(self, *names: str) -> None:
        self._ask("delete", *names)

    def check(self) -> None:
        """Raises `Conflict` where the lock, if it was taken, isn't this deployer's any more."""
        self.delete()

    @contextmanager
    def lock(self, reason: str) -> Iterator[None]:
        """Holds the lock: waits for it, and says for whom. Raises `LockedError`."""
        ended, note = threading.Event(), json.dumps(locks.signed(reason))
        try:
            locks.acquire(self.name, lambda: self._ask("lock", note=note, again=False), WAIT, pulumi.log.info, 1.0)
        except Locked as locked:
            raise LockedError(str(locked)) from None
        self._note, self._patience = note, _AWAY
        threading.Thread(target=self._beats, args=(ended,), daemon=True).start()
        try:
            yield
        finally:
            ended.set()
            with self._mutex, suppress(Lost):
                if self._pipe and self._note:
                    self._answer(self._pipe, "unlock")
            self._note, self._overtaken, self._patience = "", "", QUICK

    def _beats(self, ended: threading.Event) -> None:
        while not ended.wait(_BEAT):
            if pipe := self._pipe:
                pipe.send(b'{"do": "beat"}\n')

    def _ask(self, do: str, *names: str, **more: Any) -> Any:
        """Asked again where the connection broke, as long as the machine may be away."""
        for name in names:  # a server that was broken into may name what it likes
            if name.startswith("/") or ".." in name.split("/"):
                raise SlipwayError(f"{self.name}: store: wanted the name of an object, found {shown(name)}; nothing was done")
        with self._mutex:
            for left in reversed(range(_TRIES)):
                was_there = self.way.is_open or self._note
                try:
                    pipe = self._opened()
                    if self._overtaken and do not in ("get", "names"):
                        raise Conflict(self._overtaken)
                    return self._answer(pipe, do, *names, **more)
                except Lost:
                    if not left or not was_there:
                        raise
                    patience, self._patience = self._patience, QUICK  # nobody waits so long twice
                    self.way.open(patience)
                    self._patience = patience
            raise AssertionError

    def _opened(self) -> Pipe:
        """The lock went with the pipe before: taken again, unless somebody had it meanwhile."""
        if self._pipe is None:
            pipe = self._pipe = self.way.pipe(self._command)
            try:
                if self._note:
                    locks.acquire(self.name, lambda: self._answer(pipe, "lock", note=self._note, again=True), _AGAIN, pulumi.log.info, 1.0)
            except (Locked, Conflict) as taken:  # it may still be read
                self._note, self._overtaken = "", f"the lock went with the connection: {taken}"
        return self._pipe

    def _answer(self, pipe: Pipe, do: str, *names: str, data: bytes = b"", **more: Any) -> Any:
        told = None
        try:
            asked = {"do": do, "names": names, "size": len(data), "locked": bool(self._note), **more}
            pipe.send(json.dumps(asked).encode() + b"\n" + data)
            told = self._told(pipe)
        finally:
            if told is None:  # or the next question would get this one's answer
                self._pipe = None
                pipe.close()
        if "conflict" in told:
            raise Conflict(told["conflict"])
        if refused := told.get("refused") or told.get("message"):
            raise SlipwayError(f"{self.name}: {refused}")
        return told.get("ok")

    def _told(self, pipe: Pipe) -> dict[str, Any]:
        line = pipe.answers.readline()
        if line.endswith(b"\n"):
            try:
                told = dict(progress.readable(json.loads(line)))
                size = int(told.get("size", -1))
            except (ValueError, TypeError, RecursionError):
                raise self._wrong(line) from None
            if size < 0:
                return told
            if len(found := pipe.answers.read(size)) == size:
                return {"ok": found}
        errors = pipe.ended().strip()
        for sign, why in _ENDS.items():
            if sign in errors:
                raise NotLaunchedError(f"{self.name}: {why}; run `./slipway up`")
        raise Lost(f"{self.name}: the connection was lost ({progress.readable(errors[-200:]) or 'without a word'}); run it again")

    def _wrong(self, found: Any) -> SlipwayError:
        return SlipwayError(f"{self.name}: store: wanted an answer, found {shown(found)}; look at what runs there")
