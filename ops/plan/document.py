"""What `plan --json` prints and `plan --against FILE` reads.

`python -m tools.pages.plan_schema` makes docs/plan.schema.json of this file."""

from typing import Any, Literal

from policy.check import Finding
from policy.plan import Plan, Strict

Op = Literal["add", "alter", "replace", "may-replace", "remove"]
WarningKind = Literal["replaced", "removed", "unprotected", "downtime"]


class PropertyChange(Strict):
    """One place that differs. `path` goes down into mappings and lists (`tags.owner`,
    `ingress[0].fromPort`); `old` and `new` are null where there is nothing."""

    path: str
    old: Any = None
    new: Any = None
    replaces: bool | None = False
    """Whether this change replaces the resource; null: not known."""


class Change(Strict):
    """What happens to one resource."""

    op: Op
    urn: str
    type: str
    name: str
    parent: str = ""
    properties: tuple[PropertyChange, ...] = ()


class Warning(Strict):
    """Something to think about before a merge, of the resource `urn` or, if empty, the stack."""

    kind: WarningKind
    urn: str
    message: str


class Comparison(Strict):
    """From `base` (the name of a file) to now."""

    base: str
    settings: tuple[PropertyChange, ...]
    resources: tuple[Change, ...]
    unchanged: int
    """How many resources stay as they are."""
    warnings: tuple[Warning, ...]

    @property
    def is_empty(self) -> bool:
        """Nothing differs."""
        return not self.settings and not self.resources


class Document(Strict):
    """A plan, what the rules found in it, and what it changes where a base was given."""

    version: Literal[1] = 1
    plan: Plan
    findings: tuple[Finding, ...]
    comparison: Comparison | None = None
