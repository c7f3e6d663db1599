"""A stack's program, recorded with every output answered by a mark: where Terraform has the value, once it is known."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import put_out
from clouds.provider import Provider
from clouds.schema import Schema
from google.protobuf import json_format
from pulumi.runtime.proto import resource_pb2

from components.errors import SlipwayError
from ops.engine import program
from ops.engine.program import IS_SECRET, SIGNATURE
from ops.plan import stand_ins
from ops.stack.project import Project, Stack
from policy.plan import Resource

MARK = re.compile(r"__tf\(([^()|]+)\|([^()|]+)\)__")
"""(address, Pulumi's path below it), in any text that a program makes of an output."""
Told = Mapping[str, Mapping[str, Any]]
"""By a look-up's address."""
_DYNAMIC = {"value": "0" * 64, "ok": True, "message": "", "live": "0" * 12, "certificate": "PEM", "key": "PEM"}


@dataclass(frozen=True)
class Made:
    """A resource or look-up as the program asked for it; `kept`: it outlives its stack. `inputs` hold secrets in plain, and marks."""

    urn: str
    type: str
    address: str
    inputs: Mapping[str, Any]
    depends_on: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    kept: bool = False


@dataclass
class Recording:
    """What a program asked of a provider, in the order in which it did. `left_out`: what is Slipway's own, by URN."""

    name: str
    made: dict[str, Made] = field(default_factory=dict)
    lookups: dict[str, Made] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    regions: set[str] = field(default_factory=set)


def record(name: str, project: Project, config: Mapping[str, Any], schema: Schema, told: Told | None = None) -> Recording:
    """`told`: what the provider answered look-ups, where a program decides by it. Raises `SlipwayError` where the program fails."""
    recording = Recording(name)
    monitor = _Answering(recording, project, schema, told or {})
    secret = frozenset({"slipway:secretEnv"} & config.keys())
    error = program.run(project, Stack("dev", config, secret, None), monitor, dry=False)
    if error is not None:
        raise SlipwayError(error)
    return recording


class _Answering(put_out.Answering):
    def __init__(self, recording: Recording, project: Project, schema: Schema, told: Told) -> None:
        super().__init__(project.name, "dev", (project.folder,))
        self.answer = self._answered
        self._recording, self._named, self._told = recording, schema.named, told
        self._provider: Provider = schema.provider
        self._blocks = {type: iter(blocks) for type, (_, blocks) in self._provider.divided.items()}
        self._raw: dict[str, dict[str, Any]] = {}

    def Invoke(self, request: Any, *_: Any) -> Any:  # noqa: N802  the SDK's name
        inputs = plain(json_format.MessageToDict(request.args))
        stood, answer = stand_ins.lookup(request.tok, inputs)
        label = f"{self._recording.name}__{stood.partition('#')[2].rstrip(')')}"
        address = f"{self._named('data.' + request.tok)}.{label}"
        if request.tok not in self._provider.answered:
            self._recording.lookups[address] = Made("", request.tok, address, inputs)
        made = resource_pb2.ResourceInvokeResponse()
        known = {**self._provider.answered.get(request.tok, {}), **self._told.get(address, {})}
        getattr(made, "return").update({**self._marked(answer, stood, address), **known})
        return made

    def RegisterResource(self, request: Any, *words: Any) -> Any:  # noqa: N802  the SDK's name
        self._raw[f"{request.type}|{request.name}"] = plain(json_format.MessageToDict(request.object))
        return super().RegisterResource(request, *words)

    def _note(self, request: Any, inputs: Any, origins: Any, kind: Any, more: Any = None) -> Resource:
        resource = super()._note(request, inputs, origins, kind, more)
        if kind == "provider" and (region := self._raw[f"{request.type}|{request.name}"].get("region")):
            self._recording.regions.add(region)
        return resource

    def _answered(self, resource: Resource) -> tuple[str, dict[str, Any]]:
        recording, inputs = self._recording, self._raw[f"{resource.type}|{resource.name}"]
        if not resource.type.startswith(f"{self._provider.package}:"):
            recording.left_out.add(resource.urn)
            return f"{resource.name}-id", {} if resource.kind == "provider" else _DYNAMIC
        address = f"{self._named(resource.type)}.{recording.name}__{re.sub(r'[^A-Za-z0-9_-]', '_', resource.name)}"
        if address in [one.address for one in tuple(recording.made.values())]:
            raise self._refused(f"{address}: two resources have that name; give one another name")
        kept, ignored = resource.protect, resource.ignore_changes
        recording.made[resource.urn] = Made(resource.urn, resource.type, address, inputs, resource.depends_on, ignored, kept)
        outputs = {name: self._first(self._marked(value, "$", address), address, name) for name, value in _outputs(resource).items()}
        name, _ = self._provider.divided.get(resource.type, ("", ()))
        if name and name not in inputs:
            outputs[name] = next(self._blocks[resource.type])
            recording.made[resource.urn] = Made(resource.urn, resource.type, address, {**inputs, "": outputs[name]}, kept=kept)
        return self._mark(address, "id"), _told(outputs, inputs)

    def _mark(self, address: str, path: str) -> str:
        literal = self._provider.literals.get(f"{address.rpartition('.')[0]}.{path}")
        return literal.format(hashlib.sha256(address.encode()).hexdigest()[:20]) if literal else mark(address, path)

    def _marked(self, value: Any, stood: str, address: str) -> Any:
        if isinstance(value, str) and value.startswith(f"{stood}."):
            return self._mark(address, value[len(stood) + 1 :])
        if isinstance(value, list):
            return [self._marked(one, stood, address) for one in value]
        return {key: self._marked(one, stood, address) for key, one in value.items()} if isinstance(value, dict) else value

    def _first(self, value: Any, address: str, name: str) -> Any:
        """What is surely there of a list; a number too is a mark: programs pass them on."""
        if isinstance(value, list):
            return value[:1]
        return self._mark(address, name) if type(value) is int else value


def mark(address: str, path: str) -> str:
    """A text that stands for a value of Terraform's."""
    return f"__tf({address}|{path})__"


def plain(value: Any) -> Any:
    """As the program meant it: secrets opened, whole numbers whole."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == IS_SECRET:
            return plain(value["value"])
        return {key: plain(one) for key, one in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _outputs(resource: Resource) -> dict[str, Any]:
    """Each as the SDK declares it, texts beginning with `$`."""
    return {name: value for name, value in put_out.declared(resource.type).items() if name != "region"}


def _told(stood: Any, given: Any) -> Any:
    """What was given, and beside it what the cloud adds: to objects in it too, of several to the first."""
    if isinstance(stood, dict) and isinstance(given, dict):
        return {**stood, **{name: _told(stood.get(name), value) for name, value in given.items()}}
    if isinstance(stood, list) and isinstance(given, list) and stood and given:
        return [_told(stood[0], given[0]), *given[1:]]
    return given
