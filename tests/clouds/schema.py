"""The provider's own schema, and Pulumi's names in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clouds.provider import Provider

_PLURALS = (("", ""), ("", "s"), ("", "es"), ("y", "ies"), ("s", ""))


@dataclass(frozen=True)
class Field:
    """`kind`: string, number, bool, list, set, map, dynamic; `single`, `list`, `set` or `map` of what
    is `below`. `element`: what a list, set or map of plain values holds."""

    name: str
    kind: str
    element: str = ""
    settable: bool = True
    required: bool = False
    is_block: bool = False
    deprecated: bool = False
    below: Mapping[str, "Field"] = field(default_factory=dict)


class Schema:
    """Made of what `terraform providers schema -json` prints."""

    def __init__(self, provider: Provider, printed: Mapping[str, Any]) -> None:
        (given,) = printed["provider_schemas"].values()
        self._given = {**given["resource_schemas"], **{f"data.{name}": one for name, one in given["data_source_schemas"].items()}}
        self.provider = provider

    def named(self, token: str) -> str:
        """Terraform's name of a Pulumi type; of a look-up `data.aws:ec2/getVpc:getVpc` it is `data.aws_vpc`."""
        if known := self.provider.types.get(token):
            return known
        start = f"{'data.' if token.startswith('data.') else ''}{self.provider.prefix}"
        module, name = token.partition(":")[2].partition("/")[0], _snake(token.rpartition(":")[2]).removeprefix("get_")
        found = next((one for one in (f"{start}{name}", f"{start}{module}_{name}") if one in self._given), "")
        if not found:
            raise LookupError(f"{token}: provider {self.provider.version} has none of that name; name it in the provider's table")
        return found

    def fields(self, name: str) -> dict[str, Field]:
        """The fields of a type by Terraform's names."""
        return _block(self._given[name]["block"])

    def field_named(self, name: str, fields: Mapping[str, Field]) -> Field | None:
        """What Pulumi calls `securityGroups` and the like."""
        wanted = _flat(name)
        for old, new in _PLURALS:
            for key, one in fields.items():
                if key.endswith(old) and _flat(key.removesuffix(old) + new) == wanted:
                    return one
        return next((fields[key] for key, ours in self.provider.renamed.items() if key in fields and _flat(ours) == wanted), None)


def _flat(name: str) -> str:
    return name.replace("_", "").lower()


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _block(block: Mapping[str, Any]) -> dict[str, Field]:
    found = {name: _typed(name, one["type"], one) for name, one in block.get("attributes", {}).items() if "type" in one}
    for name, one in block.get("block_types", {}).items():
        found[name] = Field(name, one["nesting_mode"], is_block=True, below=_block(one["block"]))
    return found


def _typed(name: str, type: Any, said: Mapping[str, Any]) -> Field:
    settable = bool(said.get("required") or said.get("optional"))
    words: dict[str, Any] = {"settable": settable, "required": bool(said.get("required"))}
    words["deprecated"] = bool(said.get("deprecated"))
    if isinstance(type, str):
        return Field(name, type, **words)
    outer, inner = type
    if outer == "object":
        return Field(name, "single", below={key: _typed(key, one, {"optional": True}) for key, one in inner.items()}, **words)
    if isinstance(inner, list) and inner[0] == "object":
        return Field(name, outer, below={key: _typed(key, one, {"optional": True}) for key, one in inner[1].items()}, **words)
    return Field(name, outer, inner if isinstance(inner, str) else "nested", **words)
