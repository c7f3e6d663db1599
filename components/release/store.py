"""The release store as deployers see it: what a host sees, errors of ours, and one lock. In it is
`desired.json`: what all hosts are to do, and its history; the coordinator alone writes it."""

import importlib
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from cloud_init.host import contracts, stores
from cloud_init.host.base.lock import actor
from cloud_init.host.base.outcome import Refused
from cloud_init.host.contracts.rollout import DesiredState, Served
from cloud_init.host.stores import Conflict, Objects
from components.errors import MissingError, SlipwayError
from components.rollout import lock as rollout_lock

_Kind = TypeVar("_Kind")
_Words = ParamSpec("_Words")
_INSTALL = "run: pip install -r requirements/bucket.in"
DESIRED = "desired.json"
HISTORY = 20
_MOST = 10**9  # generations: nobody comes so far, and a bigger number was forged


class Store(Objects, Protocol):
    """A store as deployers use it. Every method raises `SlipwayError` where it is away."""

    def bring(self, host: str, release: str, key: Callable[[], str]) -> None:
        """Gives a host what it needs of a release, if it reads another place. Raises `Lost`.

        `key`: of release ids, by which what another host kept is checked."""

    def lock(self, reason: str) -> AbstractContextManager[None]:
        """One rollout at a time; waits, then raises `LockedError` with holder, reason and time.

        Under it all that writes or removes raises `Conflict` once somebody else has it."""


def connect(address: str) -> Store:
    """The store at an address such as `s3://bucket/prefix`; older states have a folder's path.

    Schemes are files in cloud_init/host/stores/, but for `ssh:FACTS` and `docker:FACTS`, which no
    host reads itself."""
    if (scheme := address.partition(":")[0]) in ("ssh", "docker"):
        return cast(Store, importlib.import_module(f"components.{scheme}.store").connect(address))
    try:
        return ReleaseStore(_told(stores.connect, address))
    except ModuleNotFoundError as error:
        raise MissingError(f"store: {address.partition('?')[0]} needs the package {error.name}; {_INSTALL}") from None


def in_folder(path: Path) -> str:
    """The address of a store in a folder of this machine."""
    return f"file://{path.absolute()}"


def overwrite(store: Store, name: str, new: bytes) -> None:
    """Writes `new`, which was never there before, over what is there now.

    Raises `Conflict` where somebody else has the lock by now, or wrote it in between."""
    store.replace(name, store.get(name), new)


def parsed(kind: type[_Kind], name: str, data: bytes) -> _Kind:
    """The object as one of `cloud_init.host.contracts`. Raises `SlipwayError` for a damaged one."""
    try:
        return contracts.read(kind, json.loads(data))
    except (ValueError, RecursionError) as error:
        raise damaged(name, str(error)) from None


def damaged(name: str, why: str) -> SlipwayError:
    """What to say of an object that holds something else than it should."""
    return SlipwayError(f"store: {name} is damaged ({' '.join(why.split())}); put back a good copy, or remove it to start anew")


def to_json(value: Mapping[str, Any]) -> bytes:
    """JSON as the store keeps it: readable, keys sorted."""
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _told(ask: Callable[_Words, _Kind], *words: _Words.args, **more: _Words.kwargs) -> _Kind:
    """What it answers; a host's word for an error becomes ours."""
    try:
        return ask(*words, **more)
    except Refused as refused:
        raise SlipwayError(str(refused)) from None


class ReleaseStore:
    """Any of the stores that hosts know. Under its lock each write and each removal asks first
    whether that is still this deployer's: it may have slept, and somebody else be at work."""

    def __init__(self, objects: stores.Store) -> None:
        self.objects = objects
        self._check: rollout_lock.Check = _unlocked

    @property
    def address(self) -> str:
        return self.objects.address

    def get(self, name: str) -> bytes | None:
        return _told(self.objects.get, name)

    def put(self, name: str, data: bytes) -> None:
        _told(self._check)
        _told(self.objects.put, name, data)

    def replace(self, name: str, old: bytes | None, new: bytes) -> None:
        _told(self._check)
        _told(self.objects.replace, name, old, new)

    def names(self, folder: str) -> dict[str, float]:
        return _told(self.objects.names, folder)

    def modified(self, name: str) -> float | None:
        return _told(self.objects.modified, name)

    def delete(self, *names: str) -> None:
        _told(self._check)
        _told(self.objects.delete, *names)

    def bring(self, host: str, release: str, key: Callable[[], str]) -> None:
        """It reads the objects by itself."""

    @contextmanager
    def lock(self, reason: str) -> Iterator[None]:
        with rollout_lock.held(self.objects, reason) as self._check:
            try:
                yield
            finally:
                self._check = _unlocked


def _unlocked() -> None:
    """Nothing is asked without a lock."""


@dataclass(frozen=True)
class Desired:
    """What the store wants, with the bytes it was read from; None: nothing was ever wanted."""

    data: bytes | None
    state: DesiredState

    @property
    def live(self) -> str | None:
        return self.state.live

    @property
    def served(self) -> list[str]:
        """The releases that served, the last one first, each once."""
        return list(dict.fromkeys(entry.release for entry in reversed(self.state.history)))


def desired(store: Store) -> Desired:
    """What the store wants now. Raises `SlipwayError` for a damaged `desired.json`."""
    data = store.get(DESIRED)
    return Desired(data, read_desired(data))


def read_desired(data: bytes | None) -> DesiredState:
    """The document in these bytes. Raises `SlipwayError` for a damaged one."""
    state = DesiredState(0) if data is None else parsed(DesiredState, DESIRED, data)
    if not 0 <= state.generation < _MOST:
        raise damaged(DESIRED, f"generation: wanted one from 0 to {_MOST}, found {str(state.generation)[:20]}")
    return state


def write_desired(
    store: Store, before: Desired, by: str, live: str | None, candidate: str | None = None, elected: str | None = None
) -> Desired:
    """The next generation, if nobody wrote since `before`; raises `Conflict` otherwise."""
    who, at, history = actor(), time.time(), before.state.history
    if live and live != before.live:
        history = (*history, Served(live, by, who, at))
    state = DesiredState(before.state.generation + 1, live, candidate, elected, by, who, at, history[-HISTORY:], secrets.token_hex(8))
    data = to_json(contracts.document(state))
    store.replace(DESIRED, before.data, data)
    return Desired(data, state)


def refuse_another(store: Store, mine: DesiredState) -> None:
    """Raises `Conflict` where somebody else wrote what is wanted since this deployer did."""
    now = desired(store).state
    if now != mine:
        raise Conflict(f"generation {now.generation} by {now.actor}")
