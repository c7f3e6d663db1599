"""What a plan says: the resources a program asks for, with their inputs as recorded.

A value is plain JSON, in which two marks stand for what isn't there: `{"$unknown": [URN, …]}`,
known only once those resources exist, and `{"$secret": FINGERPRINT}`, never shown (the fingerprint
is that of the encrypted text in the stack file, or empty). What reads values, which may be of any
shape, never raises."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from components.errors import one_line

UNKNOWN, SECRET = "$unknown", "$secret"
LOOKED_UP = "lookup("
"""What the stand-in of a look-up's answer starts with."""
NOT_KNOWN = "an unknown value"
"""How a message names what isn't known yet."""

Kind = Literal["component", "resource", "existing", "provider"]
Path = tuple[str | int, ...]
"""Steps down: to a mapping's key, or to a list's item by its number."""

_PLAIN = re.compile(r"[^\s.\[\]\"]+")


class Strict(BaseModel):
    """Frozen, and nothing in it that the schema doesn't name."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Resource(Strict):
    """One registration. `existing` was there before and is only read."""

    urn: str
    type: str
    name: str
    parent: str = ""
    """URN of the component it belongs to; empty for those right below the stack."""
    kind: Kind = "resource"
    inputs: dict[str, Any] = {}
    depends_on: tuple[str, ...] = ()
    """URNs of what must exist first: by `depends_on`, or because an input comes from there."""
    references: dict[str, tuple[str, ...]] = {}
    """For each input that comes from other resources: their URNs."""
    protect: bool = False
    retain: bool = False
    ignore_changes: tuple[str, ...] = ()
    delete_before_replace: bool = False
    secret_outputs: tuple[str, ...] = ()
    provider: str = ""
    """URN of the provider it is made by, where the program names one."""


class Lookup(Strict):
    """Something asked of a cloud. `stand_in` is what every field of the answer starts with."""

    token: str
    arguments: dict[str, Any]
    stand_in: str


class Plan(Strict):
    """Everything that a program asks for, for one stack; resources in an order that stays."""

    project: str
    stack: str
    target: str
    settings: dict[str, Any]
    """Key paths such as `slipway:app.name` to values; secrets as marks."""
    resources: tuple[Resource, ...]
    lookups: tuple[Lookup, ...] = ()
    outputs: dict[str, Any] = {}
    notes: tuple[str, ...] = ()
    """What the program said."""

    def find(self, urn: str) -> Resource | None:
        """The resource of that URN."""
        return next((one for one in self.resources if one.urn == urn), None)

    def of(self, *types: str) -> Iterator[Resource]:
        """The resources of these types."""
        return (one for one in self.resources if one.type in types)

    def made(self, *types: str) -> Iterator[Resource]:
        """Those of these types that it makes; what is there already is somebody else's."""
        return (one for one in self.of(*types) if one.kind == "resource")

    def origins(self, resource: Resource, input: str, *types: str) -> list[Resource]:
        """The resources that an input comes from, of these types where some are named."""
        found = (self.find(urn) for urn in resource.references.get(input, ()))
        return [one for one in found if one is not None and (not types or one.type in types)]


def is_unknown(value: Any) -> bool:
    """A value that is known only later. Parts of it may be unknown without it being so."""
    return isinstance(value, Mapping) and UNKNOWN in value


def is_secret(value: Any) -> bool:
    """A value that is never shown."""
    return isinstance(value, Mapping) and SECRET in value


def is_known(value: Any) -> bool:
    """Neither unknown nor secret, nor nothing at all."""
    return value is not None and not is_unknown(value) and not is_secret(value)


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


def leaves(value: Any) -> Iterator[tuple[Path, Any]]:
    """The place and the value of all that holds nothing else, however deep; marks count as such."""
    waiting: list[tuple[Path, Any]] = [((), value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, list | tuple) and value:
            waiting += [((*path, place), inner) for place, inner in reversed([*enumerate(value)])]
        elif isinstance(value, Mapping) and is_known(value) and value:
            waiting += [((*path, f"{name}"), inner) for name, inner in reversed([*value.items()])]
        else:
            yield path, value


def written(path: Path) -> str:
    """`rootBlockDevice.volumeSize`, `ingress[0].fromPort`, `tags["a.b"]`."""
    text = str(path[0]) if path else ""
    for step in path[1:]:
        text += f".{step}" if isinstance(step, str) and _PLAIN.fullmatch(step) else f"[{json.dumps(step)}]"
    return text


def decoded(value: Any) -> Any:
    """What a text of JSON says; anything else as it is."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value


def holds_secret(value: Any) -> bool:
    """A secret stands somewhere in it."""
    return any(is_secret(inner) for _, inner in leaves(value))


def shown(value: Any) -> str:
    """The value for a message, shortened; nothing of what is secret, unknown or large."""
    return "a secret" if is_secret(value) else NOT_KNOWN if is_unknown(value) else one_line(value)
