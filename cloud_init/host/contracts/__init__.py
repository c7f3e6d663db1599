"""The documents that the deploying side and hosts tell each other by, and how they are read and
written; docs/contracts.schema.json.

Frozen: whoever wants another value makes another document. What is left out of a document has its
field's default; keys that are not known here are passed over, because a newer tool may have written
them."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

_Kind = TypeVar("_Kind")
_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false", dict: "an object", tuple: "a list"}
LEFT_OUT = {"left out": True}
"""Metadata of a field that a document has only where it isn't the default: documents stay, byte by
byte, what they were before there was such a field, and with them the ids of releases."""


class Wrong(ValueError):
    """A document that isn't what it should be; one line with field, wanted and found."""


def read(kind: type[_Kind], document: object, at: str = "") -> _Kind:
    """The document as one of these types; `at` is its path. Raises `Wrong`."""
    if not isinstance(document, dict):
        raise _wrong(at[:-1] or "the whole", "an object", document)
    for one in fields(kind):  # type: ignore[arg-type]
        if one.name not in document and one.default is MISSING and one.default_factory is MISSING:
            raise Wrong(f"{at}{one.name}: wanted it, found none")
    hints = get_type_hints(kind)
    return kind(**{name: _value(hints[name], document[name], f"{at}{name}") for name in hints if name in document})


def document(value: Any) -> Any:
    """The value as JSON has it: objects, lists and plain values."""
    if is_dataclass(value):
        known = {one.name: (one, getattr(value, one.name)) for one in fields(value)}
        return {name: document(it) for name, (one, it) in known.items() if not (one.metadata and it == one.default)}
    if isinstance(value, Mapping):
        return {name: document(it) for name, it in value.items()}
    return [document(it) for it in value] if isinstance(value, (list, tuple)) else value


def _value(kind: Any, value: Any, at: str) -> Any:
    outer, inner = get_origin(kind), get_args(kind)
    if outer is Union:
        return None if value is None else _value(inner[0], value, at)
    if isinstance(kind, type) and is_dataclass(kind):
        return read(kind, value, f"{at}.")
    if outer is dict and isinstance(value, dict):
        return {name: _value(inner[1], one, f"{at}.{name}") for name, one in value.items()}
    if outer is tuple and isinstance(value, (list, tuple)) and (... in inner or len(value) == len(inner)):
        kinds = [inner[0]] * len(value) if ... in inner else inner
        return tuple(_value(kinds[number], one, f"{at}[{number}]") for number, one in enumerate(value))
    if kind is Any or type(value) is kind or (kind is float and type(value) is int):
        return value
    raise _wrong(at, f"a list of {len(inner)}" if outer is tuple and ... not in inner else _NAMES[outer or kind], value)


def _wrong(at: str, wanted: str, value: object) -> Wrong:
    return Wrong(f"{at}: wanted {wanted}, found {repr(value)[:60]}")
