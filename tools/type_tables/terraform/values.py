"""Made-up values: a resource with little in it but what is required and what is asked about."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from msgpack import ExtType

from tools.type_tables.terraform.fields import Field, Path

Values = dict[str, Any]

# Old and new, tried in this order until a provider understands them: some read a text as an address, an ARN, a number, a document.
TEXTS = (
    ("alpha", "beta"),
    ("10.1.0.0/16", "10.2.0.0/16"),
    ("arn:aws:iam::123456789012:role/alpha", "arn:aws:iam::123456789012:role/beta"),
    ("1", "2"),
    ('{"Version":"2012-10-17","Statement":[]}', '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'),
    ("true", "false"),
    ("2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z"),
    ("10.1.0.1", "10.2.0.1"),
    ("mon:03:00-mon:04:00", "tue:03:00-tue:04:00"),
)
_PLAIN: dict[str, tuple[tuple[Any, Any], ...]] = {
    "string": TEXTS,
    "number": ((1, 2), (100, 200)),
    "bool": ((False, True),),
    "dynamic": TEXTS,
}


@dataclass(frozen=True)
class Made:
    """How a resource is made up. `text`: which of TEXTS stands in required fields."""

    text: int = 0
    empty: bool = True
    """Whether what a provider fills in is nothing: empty texts, zero. Inside blocks it always is."""
    siblings: bool = False
    """Whether all plain fields beside the chosen one are set too."""


def pairs(field: Field) -> list[tuple[Any, Any]]:
    """Old and new values for a field of plain values."""
    if field.kind in _PLAIN:
        return list(_PLAIN[field.kind])
    plain = _PLAIN.get(field.element, ())
    if field.kind == "map":
        return [({"key": old}, {"key": new}) for old, new in plain]
    return [([old], [new]) for old, new in plain]


def build(fields: Mapping[str, Field], chosen: Mapping[Path, Any], how: Made, above: Path = ()) -> Values:
    """A resource, or a block of one, in which the chosen places have the chosen values."""
    return {name: _value(one, chosen, how, (*above, name)) for name, one in fields.items()}


def _value(field: Field, chosen: Mapping[Path, Any], how: Made, path: Path) -> Any:
    if path in chosen:
        return chosen[path]
    leads = any(one[: len(path)] == path for one in chosen)
    if field.below:
        return nested(field, [build(field.below, chosen, how, path)]) if leads or field.required else _none(field)
    beside = how.siblings and any(one[:-1] == path[:-1] and len(one) > 1 for one in chosen) and field.kind in ("string", "number")
    return _filler(field, how) if field.settable and (field.required or beside) else None


def nested(field: Field, items: list[Values]) -> Any:
    """Items in the form of their nesting."""
    if field.kind == "single":
        return items[0]
    return {f"key{number}": one for number, one in enumerate(items)} if field.kind == "map" else items


def _none(field: Field) -> Any:
    return ({} if field.kind == "map" else []) if field.is_block and field.kind != "single" else None


def _filler(field: Field, how: Made) -> Any:
    choices = pairs(field)
    return choices[min(how.text, len(choices) - 1)][0] if choices else []


def settled(planned: Values, fields: Mapping[str, Field], how: Made) -> Values:
    """What was planned, once it exists: what was to be known then is there, down to the last block."""
    return {name: _known(one, planned[name], how) for name, one in fields.items()}


def _known(field: Field, value: Any, how: Made) -> Any:
    if isinstance(value, ExtType):
        return _filled_in(field, how)
    if value is None or not field.below:
        return value
    inside = replace(how, empty=True)
    if field.kind == "single":
        return settled(value, field.below, inside)
    items = {key: settled(one, field.below, inside) for key, one in _items(value)}
    return items if isinstance(value, dict) else list(items.values())


def _filled_in(field: Field, how: Made) -> Any:
    if field.kind in ("list", "set", "map", "single"):
        return {"single": None, "map": {}}.get(field.kind, [])
    return {"string": "", "number": 0, "bool": False}.get(field.kind) if how.empty else _filler(field, how)


def proposed(config: Any, before: Any, state: Any, fields: Mapping[str, Field]) -> Any:
    """What Terraform proposes to a provider: `config`, and from `state` what a program leaves to the provider.

    A set's item that isn't as it was `before` is a new item, about which the state says nothing."""
    return {name: _proposed(one, config[name], before[name], state[name]) for name, one in fields.items()}


def _proposed(field: Field, config: Any, before: Any, state: Any) -> Any:
    if config is None or before is None or state is None or not field.below:
        return state if config is None and field.computed else config
    if field.kind == "single":
        return proposed(config, before, state, field.below)
    if field.kind == "set":
        return [_same_item(one, before, state) for one in config]
    old, kept = dict(_items(before)), dict(_items(state))
    items = {key: proposed(one, old[key], kept[key], field.below) if key in old and key in kept else one for key, one in _items(config)}
    return items if isinstance(config, dict) else list(items.values())


def _same_item(item: Any, before: list[Any], state: list[Any]) -> Any:
    known = item in before and len(state) == len(before)  # a provider may leave out of its plan what it doesn't understand
    return state[before.index(item)] if known else item


def _items(value: Any) -> list[tuple[Any, Any]]:
    return list(value.items()) if isinstance(value, dict) else list(enumerate(value))
