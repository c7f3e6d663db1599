"""One rollout at a time: a file that the kernel locks, or an object in a bucket.

`lock.json` says who, why and since when; that its holder lives says `lock/TOKEN`, written every 10
s. A lock whose holder said nothing for a minute, by the store's clock, is taken over. Whoever slept
finds that out before it writes or removes anything (`components.release.store.ReleaseStore`)."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pulumi

from cloud_init.host.base import lock as host_lock
from cloud_init.host.base.files import object_in
from cloud_init.host.base.outcome import Locked, Refused
from cloud_init.host.stores import Conflict, Store
from components.errors import LockedError, SlipwayError
from components.hosts import progress

WAIT = 900.0  # seconds for another rollout to end
RENEWED = 10.0
STALE = 60.0
_PAUSE = 2.0
_NAME, _SIGNS = "lock.json", "lock/"

Check = Callable[[], None]
"""Raises `Conflict` where the lock isn't this deployer's any more."""


def held(store: Store, reason: str) -> AbstractContextManager[Check]:
    """Holds the store's lock; waits and says for whom. Raises `LockedError` after 15 minutes."""
    return _file(store.lock_file, reason) if store.lock_file else _object(store, reason)


@contextmanager
def _file(path: Path, reason: str) -> Iterator[Check]:
    with ExitStack() as stack:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            stack.enter_context(host_lock.held(path, reason, WAIT, pulumi.log.info))
        except Locked as error:
            raise LockedError(str(error)) from None
        except OSError as error:
            raise SlipwayError(f"store: {error.filename} can't be locked ({error.strerror}); mend that, then run it again") from None
        mine = path.stat().st_ino

        def check() -> None:
            if not path.exists() or path.stat().st_ino != mine:
                raise Conflict(f"{path} was removed, and may be another run's")

        yield check


@contextmanager
def _object(store: Store, reason: str) -> Iterator[Check]:
    mine = _Mine(store, reason)
    try:
        host_lock.acquire(store.address, mine.take, WAIT, pulumi.log.info, _PAUSE)
        renewing = threading.Thread(target=mine.renew, daemon=True)
        renewing.start()
        try:
            yield mine.check
        finally:
            mine.ended.set()
            renewing.join()
    except Locked as error:
        raise LockedError(str(error)) from None
    except Refused as refused:
        raise SlipwayError(str(refused)) from None
    finally:
        mine.release()


class _Mine:
    """This deployer's claim."""

    def __init__(self, store: Store, reason: str) -> None:
        self.store, self.ended = store, threading.Event()
        whole = {**host_lock.signed(reason), "token": uuid.uuid4().hex}
        self.sign = _SIGNS + whole["token"]
        self.data = json.dumps(whole, indent=1, sort_keys=True).encode()
        self._shown = 0.0

    def take(self) -> bytes | None:
        """Creates the lock, or takes over one whose holder is gone; else the holder's note."""
        self._show()
        found = self.store.get(_NAME)
        try:
            if found is None:
                self.store.create(_NAME, self.data)
                return None
            signs = self.store.names(_SIGNS)  # both times are the store's: mine was written just now
            now, since = signs.get(self.sign), signs.get(_SIGNS + _token(found)) or self.store.modified(_NAME)
            if now is None or since is None or now - since <= STALE:
                return found
            self.store.replace(_NAME, found, self.data)
        except Conflict:
            return found or b""
        progress.note("coordinator", f"taken over: the lock of {host_lock.described(found)}, who has said nothing for {STALE:.0f} s")
        self.store.delete(_SIGNS + _token(found))
        return None

    def check(self) -> None:
        """Raises `Conflict` where it is another one's. Whoever slept shows first that it lives."""
        if _awake() - self._shown > RENEWED:
            self._show()
        if (found := self.store.get(_NAME)) != self.data:
            raise Conflict(f"the lock was taken over by {host_lock.described(found)}")

    def renew(self) -> None:
        """Until the end, every few seconds; a lock that is lost is told once."""
        while not self.ended.wait(RENEWED):
            try:
                self._show()
                found = self.store.get(_NAME)
            except Refused:
                continue  # whoever needs the store now says so
            if found != self.data:
                return progress.note(
                    "coordinator", f"the store's lock was taken over by {host_lock.described(found)}: another rollout may be at work"
                )

    def _show(self) -> None:
        self.store.put(self.sign, b"alive\n")
        self._shown = _awake()

    def release(self) -> None:
        """Nothing is left of it; a store that is away forgets it by itself in a minute."""
        try:
            if self.store.get(_NAME) == self.data:
                self.store.delete(_NAME)
            self.store.delete(self.sign)
        except Refused as refused:
            progress.note("coordinator", f"the lock stays for {STALE:.0f} s more: {refused}")


def _awake() -> float:
    """Seconds by a clock that nobody sets, and that goes on while this machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _token(found: bytes | None) -> str:
    return str(object_in(found).get("token") or "none")
