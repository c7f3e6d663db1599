"""What the engine tells while it works, and what it gives at the end."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Op = Literal["create", "update", "replace", "delete", "same"]


@dataclass(frozen=True)
class Step:
    """What happens to one resource. `changes`: property -> (old, new), fit to be shown."""

    op: Op
    urn: str
    type: str
    name: str
    parent: str
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    seconds: float = 0.0
    error: str | None = None
    words: str = ""
    """What a new resource is, where its provider says so."""


@dataclass(frozen=True)
class Event:
    """Without a step a diagnostic: `severity` "debug", "info", "warning" or "error", and `text`."""

    kind: Literal["planned", "started", "done", "failed", "diagnostic"]
    step: Step | None = None
    severity: str = ""
    text: str = ""


Observer = Callable[[Event], None]


@dataclass(frozen=True)
class Result:
    """How a run ended. `error`: one block of text; `outputs` are plain, some not to be shown.

    `beyond`: what was asked for that the Pulumi CLI alone can do, where that is the error."""

    ok: bool
    error: str | None
    outputs: Mapping[str, Any]
    secret_outputs: frozenset[str]
    steps: tuple[Step, ...]
    beyond: str | None = None

    @property
    def counts(self) -> Mapping[str, int]:
        """How many steps of each operation there are, but for those that failed."""
        return Counter(step.op for step in self.steps if step.error is None)
