"""The release store in the tree of an engine: asked over a pipe into the keeper."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pulumi

from cloud_init.host.base.lock import signed
from cloud_init.host.contracts.manifest import Manifest
from cloud_init.host.stores import Conflict
from components.docker import image, keeper
from components.docker.keeper import Pipe
from components.errors import LockedError, SlipwayError
from components.hosts import progress
from components.release.store import parsed
from components.rollout.lock import WAIT

SCHEME = "docker:"


def address(facts: Mapping[str, Any]) -> str:
    """The address of the store of the site with these facts."""
    return SCHEME + json.dumps(facts, sort_keys=True)


class EngineStore:
    """`components.release.store.Store` of one site."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.facts, self.address = facts, address(facts)
        self.keeper = keeper.to(facts)
        self._pipe: Pipe | None = None
        self._locks = False

    def get(self, name: str) -> bytes | None:
        found = self._ask(do="get", name=name)
        return None if found is None else base64.b64decode(found)

    def put(self, name: str, data: bytes) -> None:
        self._ask(do="put", name=name, data=_text(data))

    def replace(self, name: str, old: bytes | None, new: bytes) -> None:
        self._ask(do="replace", name=name, old=None if old is None else _text(old), data=_text(new))

    def names(self, folder: str) -> dict[str, float]:
        return dict(self._ask(do="names", name=folder))

    def modified(self, name: str) -> float | None:
        found = self._ask(do="modified", name=name)
        return None if found is None else float(found)

    def delete(self, *names: str) -> None:
        self._ask(do="delete", names=names)

    def bring(self, host: str, release: str, key: Callable[[], str]) -> None:
        """The image of the release, built where the engine has none."""
        if self.keeper.engine.inspect("image", image.name(self.facts, release)) is None:
            manifest = parsed(Manifest, f"releases/{release}/manifest.json", self.get(f"releases/{release}/manifest.json") or b"")
            with progress.step(host, "image"):
                image.build(self.keeper.engine, self.facts, manifest, self.get)

    @contextmanager
    def lock(self, reason: str) -> Iterator[None]:
        """The kernel's, of a file in the tree; it goes with the pipe."""
        self._ask(do="lock", reason=reason, holder=signed(reason)["holder"], wait=WAIT)
        self._locks = True
        try:
            yield
        finally:
            self._locks = False
            self._ask(do="unlock")

    def _ask(self, **question: Any) -> Any:
        if self._pipe is None or not self._pipe.is_open:
            if self._locks:
                raise Conflict("the lock went with the connection, and somebody else may have it")
            self._pipe = Pipe(self.keeper, "objects")
        answer = self._pipe.ask(pulumi.log.info, **question)
        if "conflict" in answer:
            raise Conflict(answer["conflict"])
        if "refused" in answer:
            raise (LockedError if answer["locked"] else SlipwayError)(answer["refused"])
        return answer["ok"]


def connect(text: str) -> EngineStore:
    """The store at an address that begins with `docker:`."""
    return EngineStore(json.loads(text.removeprefix(SCHEME)))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
