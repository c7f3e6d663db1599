"""Reads values of a plan that may be unknown, secret or of any shape. Nothing here raises."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from components.errors import one_line
from policy.plan import SECRET, UNKNOWN, is_known, is_secret, is_unknown

LOOKED_UP = "lookup("
"""What the stand-in of a look-up's answer starts with."""
NOT_KNOWN = "an unknown value"
"""How a message names what isn't known yet."""


def mapping(value: Any) -> Mapping[str, Any]:
    """The value as a mapping; empty for a mark and for anything else."""
    return value if isinstance(value, Mapping) and UNKNOWN not in value and SECRET not in value else {}


def items(value: Any) -> list[Any]:
    """What a list holds, marks included; a single thing is a list of one, nothing an empty one."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def first(value: Any) -> Any:
    """The block itself, where a list of one stands for it as well."""
    return next(iter(items(value)), None)


def flag(value: Any) -> bool | None:
    """True or False, in quotes too; what isn't there is False, and what isn't known is None."""
    if value is None:
        return False
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else value if isinstance(value, bool) else None


def number(value: Any) -> int | None:
    """A whole number, in quotes too, or None."""
    if isinstance(value, str):
        return int(value) if len(value) <= 9 and value.removeprefix("-").isdecimal() else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def text(value: Any) -> str:
    """Known text, or an empty one."""
    return value if isinstance(value, str) else ""


def origins(value: Any) -> tuple[str, ...]:
    """The URNs that an unknown value comes from."""
    found = value.get(UNKNOWN) if isinstance(value, Mapping) else None
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list | tuple) else ()


def at(value: Any, path: str) -> Any:
    """What stands at a path such as `settings.userLabels`; where a mark stands on the way, that."""
    for name in path.split("."):
        if not is_known(value):
            return value
        value = mapping(value).get(name)
    return value


def leaves(value: Any) -> Iterator[tuple[str, str, Any]]:
    """(path, name, value) of all that is neither mapping nor list, however deep; marks count as
    values. `name`: the last of the path."""
    waiting = [("", "", value)]
    while waiting:
        path, last, value = waiting.pop()
        if isinstance(value, list | tuple):
            waiting += [(f"{path}[{place}]", last, inner) for place, inner in reversed([*enumerate(value)])]
        elif isinstance(value, Mapping) and is_known(value):
            waiting += [(f"{path}.{name}" if path else f"{name}", f"{name}", inner) for name, inner in reversed([*value.items()])]
        else:
            yield path, last, value


def decoded(value: Any) -> Any:
    """What a text of JSON says; anything else as it is."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value


def holds_secret(value: Any) -> bool:
    """A secret stands somewhere in it."""
    return any(is_secret(inner) for _, _, inner in leaves(value))


def shown(value: Any) -> str:
    """The value for a message, shortened; nothing of what is secret, unknown or large."""
    if value is None:
        return "nothing"
    if is_unknown(value) or is_secret(value):
        return "a secret" if is_secret(value) else NOT_KNOWN
    if isinstance(value, Mapping | list | tuple):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    if isinstance(value, int) and abs(value) >= 10**60:  # Python refuses to write out thousands of digits
        return "a very large number"
    return one_line(str(value).lower() if isinstance(value, bool) else str(value))
