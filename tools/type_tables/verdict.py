"""What is known of one input and all below it, and how that is written in a table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Verdict:
    """`here`: whether a change replaces the resource, or None where nobody says so.

    With inputs `below`, `here` is about appearing, disappearing and the number of items alone; what
    changes inside is theirs to say.
    """

    here: bool | None
    below: Mapping[str, "Verdict"] = field(default_factory=dict)
    many: bool = False
    """A list: a path into it has `[]`."""


@dataclass
class Paths:
    """`replaces` and `unknown` of a type, as policy/resource_types says what they mean."""

    replaces: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)


def paths(inputs: Mapping[str, Verdict]) -> Paths:
    """All inputs of a type, written as shortly as the signs allow."""
    found = Paths()
    for name, verdict in inputs.items():
        _write(found, name, verdict)
    return found


def _write(found: Paths, path: str, verdict: Verdict) -> None:
    said = set(_leaves(verdict))
    if said == {True} and verdict.here:
        found.replaces.add(path)
    elif not verdict.below:
        if verdict.here is None:
            found.unknown.add(path)
    else:
        _write_inside(found, path, verdict, open_ended=None in said and False not in said)


def _write_inside(found: Paths, path: str, verdict: Verdict, open_ended: bool) -> None:
    """The path itself says "unknown" once if nothing below it is known not to replace."""
    if verdict.here:
        found.replaces.add(f"{path}#")
    inner = Paths()
    for name, one in verdict.below.items():
        _write(inner, f"{path}{'[]' if verdict.many else ''}.{name}", one)
    found.replaces |= inner.replaces
    found.unknown |= {path} if open_ended else inner.unknown


def _leaves(verdict: Verdict) -> Iterator[bool | None]:
    if not verdict.below:
        yield verdict.here
    for one in verdict.below.values():
        yield from _leaves(one)
