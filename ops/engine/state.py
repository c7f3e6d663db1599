"""What exists: a file of the stack, 0600, written whole after each step, its secrets encrypted."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from cloud_init.host.base import files, lock
from cloud_init.host.base.outcome import Locked
from components.errors import LockedError, SlipwayError, one_line
from ops.stack.project import Crypter

_VERSION = 1
_PARTS = ("inputs", "outputs")  # of a resource, secrets encrypted in them
_WAIT = 900  # seconds that a run waits for another one

_interrupted: list[ExitStack] = []
"""Locks of runs that were interrupted: theirs until this process ends, as a provider that wasn't
waited for may still write the state."""


@dataclass
class Resource:
    """One resource, in the order of registration. `hidden` names its secret properties."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    id: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)
    protect: bool = False
    retain: bool = False
    replaced: bool = False
    """A successor exists: this is to be deleted at the end."""


class State:
    """The resources and outputs of a stack."""

    def __init__(self, path: Path, project: str, stack: str) -> None:
        self.path = path
        self.project, self.stack = project, stack
        self.resources: list[Resource] = []
        self.outputs: dict[str, Any] = {}
        self.hidden: list[str] = []
        self.pending: dict[str, str] = {}
        """Operations under way, by URN: what is found here at the start was interrupted."""
        self._load()

    def find(self, urn: str) -> Resource | None:
        """The resource itself, not one that was replaced."""
        return next((one for one in self.resources if one.urn == urn and not one.replaced), None)

    def put(self, resource: Resource) -> None:
        """Adds the resource, or replaces the one of its URN in its place."""
        old = self.find(resource.urn)
        if old is None:
            self.resources.append(resource)
        else:
            self.resources[self.resources.index(old)] = resource

    def save(self) -> None:
        """By fsync and rename; the copy before is kept beside."""
        value = {
            "version": _VERSION,
            "project": self.project,
            "stack": self.stack,
            "resources": [
                {**asdict(one), **{part: self._seal(getattr(one, part), one.hidden) for part in _PARTS}} for one in self.resources
            ],
            "outputs": self._seal(self.outputs, self.hidden),
            "hidden": self.hidden,
            "pending": self.pending,
        }
        try:
            files.write_json(self.path, value, 0o600)
        except OSError as error:
            raise SlipwayError(f"{self.path}: the state can't be written ({error.strerror}); mend that, then run it again") from None

    def keep_copy(self) -> None:
        """Keeps the state as it was before this run."""
        if self.path.exists():
            files.write(self.path.with_suffix(".json.bak"), self.path.read_bytes(), 0o600)

    def _load(self) -> None:
        if not self.path.exists():
            return
        advice = f"nothing was changed; a copy from before the last run is {self.path.with_suffix('.json.bak').name} beside it"
        try:
            value = json.loads(self.path.read_text(encoding="utf-8"))
            if value["version"] != _VERSION:
                raise SlipwayError(f"{self.path}: wanted a state of version {_VERSION}, found {value['version']!r}; {advice}")
            if (value["project"], value["stack"]) != (self.project, self.stack):
                found = f"project {value['project']}, stack {value['stack']}"
                raise SlipwayError(f"{self.path}: wanted the state of {self.project}/{self.stack}, found {found}; put the right file back")
            self.resources = [Resource(**{**one, **{part: self._open(one[part]) for part in _PARTS}}) for one in value["resources"]]
            self.outputs, self.hidden = self._open(value["outputs"]), value["hidden"]
            self.pending = dict(value["pending"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            why = one_line(f"{type(error).__name__}: {error}", 300)
            raise SlipwayError(f"{self.path}: the state is damaged ({why}); {advice}") from None

    def _seal(self, values: Mapping[str, Any], hidden: list[str]) -> dict[str, Any]:
        return {name: {"secure": self._key.encrypt(json.dumps(item))} if name in hidden else item for name, item in values.items()}

    def _open(self, values: Mapping[str, Any]) -> dict[str, Any]:
        opened = {}
        for name, item in values.items():
            try:
                secure = isinstance(item, dict) and set(item) == {"secure"}
                opened[name] = json.loads(self._key.decrypt(item["secure"])) if secure else item
            except ValueError as error:
                raise SlipwayError(f"{self.path}: {name} can't be decrypted ({error}); put the right state.key back beside it") from None
        return opened

    @cached_property
    def _key(self) -> Crypter:
        """A random key beside the state: it keeps secrets out of copies of the state file alone."""
        path = self.path.with_name("state.key")
        if not path.exists():
            files.write(path, os.urandom(32).hex().encode(), 0o600)
        try:
            return Crypter(bytes.fromhex(path.read_text(encoding="ascii")))
        except (OSError, ValueError) as error:
            why = one_line(str(error), 200)
            raise SlipwayError(f"{path}: wanted the key of this state, found a damaged one ({why}); put the right one back") from None


@contextmanager
def locked(path: Path, command: str, say: Callable[[str], None], wait: float = _WAIT) -> Iterator[None]:
    """Holds the stack's lock: one run at a time. Waits for another run and says for whom.

    Raises `LockedError` after `wait` seconds."""
    with ExitStack() as stack:
        try:
            stack.enter_context(lock.held(path, command, wait, say))
        except Locked as error:
            raise LockedError(str(error)) from None
        except OSError as error:
            raise SlipwayError(f"{path.parent}: can't be written ({error.strerror}); Slipway keeps its state there") from None
        try:
            yield
        except KeyboardInterrupt:
            _interrupted.append(stack.pop_all())
            raise
