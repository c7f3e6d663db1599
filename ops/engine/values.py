"""Property values between protobuf structs and Python. One is secret if anything in it is."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime.rpc import UNKNOWN

# How the SDK marks special objects in a struct, and secrets among them.
SIGNATURE = "4dabf18193072939515e22adb298388d"
IS_SECRET = "1b47061264138c4ac30d75fd1eb44270"

Plain = dict[str, Any]


def from_struct(struct: struct_pb2.Struct) -> tuple[Plain, frozenset[str]]:
    """Plain properties, and the names of the secret ones. Unknowns stay as the SDK's marker."""
    raw = json_format.MessageToDict(struct)
    hidden = frozenset(name for name, value in raw.items() if _holds(value, _is_secret))
    return {name: _plain(value) for name, value in raw.items()}, hidden


def to_struct(values: Mapping[str, Any], hidden: Collection[str]) -> struct_pb2.Struct:
    """The struct that the SDK resolves outputs from."""
    struct = struct_pb2.Struct()
    for name, value in values.items():
        if value is not None:
            struct[name] = {SIGNATURE: IS_SECRET, "value": value} if name in hidden else value
    return struct


def changes(old: Plain, new: Plain, hidden: Collection[str]) -> dict[str, tuple[Any, Any]]:
    """Properties that differ, fit to be shown."""
    names = [name for name in sorted({*old, *new}) if not name.startswith("__") and old.get(name) != new.get(name)]
    return {name: (shown(old.get(name), name in hidden), shown(new.get(name), name in hidden)) for name in names}


def shown(value: Any, secret: bool) -> Any:
    """The value, unless it is secret or not known yet."""
    if value is None:
        return None
    if secret:
        return "[secret]"
    return "[unknown]" if _holds(value, lambda one: bool(one == UNKNOWN)) else value


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and value.get(SIGNATURE) == IS_SECRET


def _holds(value: Any, wanted: Callable[[Any], bool]) -> bool:
    """Whether the value, or anything in it, is what is wanted."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return wanted(value) or any(_holds(one, wanted) for one in inside)


def _plain(value: Any) -> Any:
    if _is_secret(value):
        return _plain(value.get("value"))
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    # A struct knows no whole numbers.
    return int(value) if isinstance(value, float) and value.is_integer() else value
