"""Values that stand for what only a cloud could tell, of the types that the SDK declares."""

import hashlib
import importlib
import inspect
import json
import types
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from keyword import iskeyword
from typing import Any

from policy.plan import LOOKED_UP, holds_secret

_LIST = 3
_DEEPEST = 4
_TAKEN_APART = {"ipv6CidrBlock": "2001:db8:0:ff00::/56"}
"""What programs read as more than a text has its form."""


def lookup(token: str, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """(what every text in the answer starts with, the answer): the same for equal arguments.

    Arguments come out again, but for those that hold the mark of a secret."""
    digest = hashlib.sha256(json.dumps(arguments, sort_keys=True, default=str).encode()).hexdigest()[:8]
    name = f"{LOOKED_UP}{token}#{digest})"
    answer = fields(find(token, "Result"), name)
    return name, {**answer, **{key: value for key, value in arguments.items() if value is not None and not holds_secret(value)}}


def fields(declared: type | None, name: str, depth: int = 0) -> dict[str, Any]:
    """One value for each getter of an SDK's class; nothing for a class that isn't known."""
    if declared is None or depth > _DEEPEST:
        return {}
    made = {}
    for python_name, member in inspect.getmembers(declared, lambda one: isinstance(one, property)):
        key = getattr(member.fget, "_pulumi_name", python_name)
        made[key] = _TAKEN_APART.get(key) or _of(_hint(member.fget), f"{name}.{key}", depth)
    return made


def _of(hint: Any, name: str, depth: int) -> Any:
    origin, arguments = typing.get_origin(hint), [one for one in typing.get_args(hint) if one is not type(None)]
    if origin in (typing.Union, types.UnionType) or (isinstance(origin, type) and origin.__name__ == "Output"):
        return _of(arguments[0], name, depth)
    if origin in (list, Sequence):
        return [_of(arguments[0], f"{name}[{number}]", depth) for number in range(_LIST)]
    if origin in (dict, Mapping):
        return {}
    if hint is bool:
        return True
    if hint in (int, float):
        return 1
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint)).value
    return name if hint in (str, Any) or not isinstance(hint, type) else fields(hint, name, depth + 1)


def _hint(getter: Any) -> Any:
    """The declared type; text where it can't be resolved."""
    try:
        return typing.get_type_hints(getter).get("return", str)
    except (NameError, TypeError, AttributeError):
        return str


def find(token: str, ending: str) -> type | None:
    """The SDK's class for a token such as `aws:ec2/getAmi:getAmi`, or None."""
    package, _, rest = token.partition(":")
    module, _, name = rest.partition(":")
    folder = module.partition("/")[0]
    folder += "_" * iskeyword(folder)
    path = f"pulumi_{package.replace('-', '_')}" + ("" if folder in ("", "index") else f".{folder}")
    try:
        exported = importlib.import_module(path)
    except ImportError:
        return None
    function = getattr(exported, "".join("_" + one.lower() if one.isupper() else one for one in name), None)
    # A result class lives in the module of its function and isn't always passed on.
    for place in (exported, inspect.getmodule(function) if function else None):
        found = getattr(place, name[:1].upper() + name[1:] + ending, None)
        if isinstance(found, type):
            return found
    return None
