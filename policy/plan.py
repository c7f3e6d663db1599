"""What a plan says: the resources a program asks for, with their inputs as recorded.

A value is plain JSON, in which two marks stand for what isn't there: `{"$unknown": [URN, …]}`,
known only once those resources exist, and `{"$secret": FINGERPRINT}`, never shown (the fingerprint
is that of the encrypted text in the stack file, or empty)."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

UNKNOWN, SECRET = "$unknown", "$secret"

Kind = Literal["component", "resource", "existing", "provider"]


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
