"""A recording as a configuration for Terraform, in JSON."""

import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from clouds.recording import MARK, Made, Recording
from clouds.schema import Field, Schema

_STEP = re.compile(r"([A-Za-z]\w*)|\[(\d+)\]")
_ASSET, _SUFFIX = "4dabf18193072939515e22adb298388d", "-1a2b3c4"


def written(recording: Recording, schema: Schema) -> dict[str, Any]:
    """`resource` and `data` of one stack."""
    found: dict[str, dict[str, Any]] = {"resource": {}, "data": {}}
    translator = _Translator(schema, recording)
    for one in recording.lookups.values():
        _, type, label = one.address.split(".")
        found["data"].setdefault(type, {})[label] = translator.body(one, schema.fields(f"data.{type}"))
    for one in recording.made.values():
        type, label = one.address.split(".")
        found["resource"].setdefault(type, {})[label] = translator.resource(one, type)
    return {kind: types for kind, types in found.items() if types}


class _Translator:
    def __init__(self, schema: Schema, recording: Recording) -> None:
        self._schema, self._recording, self._provider = schema, recording, schema.provider
        self._unhyphened = {one.address.replace("-", ""): one.address for one in recording.made.values() if "-" in one.address}
        self._blocks = {ipaddress.IPv6Network(one.inputs[""]): self._block(one) for one in recording.made.values() if "" in one.inputs}

    def _block(self, made: Made) -> str:
        """The reference to the whole block that this part of it was divided from, as Terraform has it."""
        type = made.address.partition(".")[0]
        found = self._schema.field_named(self._provider.divided[made.type][0], self._schema.fields(type))
        assert found is not None, made.address
        return f"{made.address}.{found.name}"

    def resource(self, made: Made, type: str) -> dict[str, Any]:
        fields = self._schema.fields(type)
        body = self.body(made, fields)
        key = self._provider.names.get(type, "name")
        if key in fields and fields[key].settable and not fields[key].deprecated and not {key, "name_prefix"} & body.keys():
            body[key] = made.address.partition("__")[2] + _SUFFIX
        needed = sorted({self._recording.made[urn].address for urn in made.depends_on if urn in self._recording.made} - {made.address})
        ignored = [field.name for name in made.ignored if (field := self._schema.field_named(re.split(r"[.\[]", name)[0], fields))]
        ignored += [name for of, name in self._provider.not_told if of == type and name in body]
        return {**body, **({"depends_on": needed} if needed else {}), **({"lifecycle": {"ignore_changes": ignored}} if ignored else {})}

    def body(self, made: Made, fields: Mapping[str, Field]) -> dict[str, Any]:
        return self._object({name: value for name, value in made.inputs.items() if name}, fields, made.address)

    def _object(self, given: Mapping[str, Any], fields: Mapping[str, Field], where: str) -> dict[str, Any]:
        found = {}
        for name, value in given.items():
            field = self._schema.field_named(name, fields)
            if isinstance(value, dict) and _ASSET in value:
                found.update({"content": self._text(value["text"])} if "text" in value else {"source": value["path"]})
            elif field is None:
                raise LookupError(f"{where}: provider {self._provider.version} has no {name}")
            elif value is not None:
                found[field.name] = self._value(value, field, f"{where}.{name}")
        return found

    def _value(self, value: Any, field: Field, where: str) -> Any:
        if field.below:
            many = value if isinstance(value, list) else [value]
            objects = [self._object(one, field.below, where) for one in many]
            if not field.is_block:  # an attribute that is an object has all of its parts
                objects = [{**dict.fromkeys(field.below), **one} for one in objects]
            return objects if field.is_block or field.kind != "single" else objects[0]
        is_flat = field.kind in ("list", "set") and not isinstance(value, list)  # of one item, which Pulumi takes without its list
        return self._plain([value] if is_flat else value)

    def _plain(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self._plain(one) for one in value]
        return {key: self._plain(one) for key, one in value.items()} if isinstance(value, dict) else value

    def _text(self, text: str) -> str:
        if (part := self._part(text)) is not None:
            return part
        return MARK.sub(lambda found: "${" + self._reference(found[1], found[2]) + "}", text.replace("${", "$${").replace("%{", "%%{"))

    def _reference(self, address: str, path: str) -> str:
        """The expression for an output. A mark lacks its hyphens where the program took those out."""
        whole = self._unhyphened.get(address)
        return f'replace({self._expression(whole, path)}, "-", "")' if whole else self._expression(address, path)

    def _part(self, text: str) -> str | None:
        """A part of a network's stand-in is the same part of its block."""
        try:
            network = ipaddress.IPv6Network(text)
        except ValueError:
            return None
        for block, whole in self._blocks.items():
            if network.subnet_of(block):
                number = (int(network.network_address) - int(block.network_address)) >> (128 - network.prefixlen)
                return f"${{cidrsubnet({whole}, {network.prefixlen - block.prefixlen}, {number})}}" if network != block else f"${{{whole}}}"
        return None

    def _expression(self, address: str, path: str) -> str:
        fields: Mapping[str, Field]
        fields, expression, steps = self._schema.fields(address.rpartition(".")[0]), address, _STEP.findall(path)
        field: Field | None = None
        for name, number in steps:
            if number:
                expression = f"tolist({expression})[{number}]"
                continue
            if field is not None and field.kind in ("list", "set") and not expression.endswith("]"):
                expression = f"tolist({expression})[0]"  # one item, which Pulumi shows without its list
            field = self._schema.field_named(name, fields)
            if field is None:
                found = f"which provider {self._provider.version} hasn't got; answer it in the provider's table"
                raise LookupError(f"{address}: wanted an output {path}, {found}")
            expression, fields = f"{expression}.{field.name}", field.below
        return expression


def joined(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Several stacks' as one."""
    whole: dict[str, Any] = {}
    for part in parts:
        for kind, types in part.items():
            for type, labelled in types.items():
                whole.setdefault(kind, {}).setdefault(type, {}).update(json.loads(json.dumps(labelled)))
    return whole
