"""A resource type's schema as one tree: attributes, nested blocks and attributes that are objects look the same."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str, ...]
_NESTINGS = {1: "single", 2: "list", 3: "set", 4: "map", 5: "single"}
_DEEPEST = 6


@dataclass(frozen=True)
class Field:
    """`kind`: string, number, bool, list, set, map, dynamic; `single`, `list`, `set` or `map` of what is `below`."""

    name: str
    kind: str
    element: str = ""
    """What a list, set or map of plain values holds."""
    settable: bool = True
    required: bool = False
    computed: bool = False
    is_block: bool = False
    below: Mapping[str, "Field"] = field(default_factory=dict)


def of_block(block: Any) -> dict[str, Field]:
    """The fields of a block as the plugin describes it."""
    found = {one.name: _attribute(one) for one in block.attributes}
    for one in block.block_types:
        found[one.type_name] = _block(one)
    return found


def _block(given: Any) -> Field:
    below = of_block(given.block)
    # `timeouts` is of Terraform's own making; Pulumi has an option for it.
    settable = given.type_name != "timeouts" and any(one.settable for one in below.values())
    return Field(given.type_name, _NESTINGS[given.nesting], "", settable, given.min_items > 0, is_block=True, below=below)


def _attribute(given: Any) -> Field:
    settable = given.required or given.optional
    made = _typed(given.name, json.loads(given.type))
    return Field(made.name, made.kind, made.element, settable, given.required, given.computed, below=made.below)


def _typed(name: str, type: Any) -> Field:
    if isinstance(type, str):
        return Field(name, type)
    outer, inner = type
    if outer == "object":
        return Field(name, "single", below={key: _typed(key, one) for key, one in inner.items()})
    if isinstance(inner, list) and inner[0] == "object":
        return Field(name, outer, below={key: _typed(key, one) for key, one in inner[1].items()})
    return Field(name, outer, inner if isinstance(inner, str) else "nested")


def walk(fields: Mapping[str, Field], above: Path = ()) -> Iterator[tuple[Path, Field]]:
    """All fields that a program may set, outer ones first."""
    for name, one in fields.items():
        if one.settable and name != "id" and len(above) < _DEEPEST:
            yield (*above, name), one
            yield from walk(one.below, (*above, name))
