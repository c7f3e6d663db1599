"""Records a stack's program as a plan, with no credentials, no plugin and no network: by a resource
monitor that notes every registration and answers it without any cloud."""

import hashlib
import math
import os
import re
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import engine_pb2, resource_pb2, resource_pb2_grpc

from components.errors import SlipwayError, one_line
from components.settings.report import SEALED
from components.target import AS_IF_IN
from ops.engine.program import IS_SECRET, SIGNATURE, STACK, BaseMonitor, run, urn_of
from ops.plan import stand_ins
from ops.stack.project import Project, Stack, is_secure, opened
from policy.plan import SECRET, UNKNOWN, Kind, Lookup, Plan, Resource

_NOTED = (engine_pb2.INFO, engine_pb2.WARNING, engine_pb2.ERROR)
# What else the SDK marks as a special object in a struct.
_IS_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_IS_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"

Shorten = Callable[[str], str]


class Recorder(BaseMonitor):
    """Takes any type and option. Outputs are unknown but for plain inputs."""

    # Without the one for its option the SDK refuses deleted_with and replace_with.
    features = (resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH, resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH)

    def __init__(self, project: str, stack: str, folders: tuple[Path, ...]) -> None:
        self.project, self.stack = project, stack
        self.resources: dict[str, Resource] = {}
        self.lookups: dict[str, Lookup] = {}
        self.outputs: dict[str, Any] = {}
        self.notes: list[str] = []
        self._shorten = shortener(folders)
        self._lock = threading.Lock()

    def Invoke(self, request: Any, *_: Any) -> Any:  # noqa: N802  the SDK's name
        arguments = _marked(request.args, {}, self._shorten)
        name, answer = stand_ins.lookup(request.tok, arguments)
        with self._lock:
            self.lookups[name] = Lookup(token=request.tok, arguments=arguments, stand_in=name)
        made = resource_pb2.ResourceInvokeResponse()
        getattr(made, "return").update(answer)  # Python lets nobody write that field's name
        return made

    def __getattr__(self, name: str) -> Any:
        """Whatever else a program may ask of an engine."""
        if not hasattr(resource_pb2_grpc.ResourceMonitorServicer, name):
            raise AttributeError(name)

        def refuse(request: Any, *_: Any) -> Any:
            what = getattr(request, "tok", "") or getattr(request, "name", "") or name
            self.fail(f"{one_line(what)}: {name} can't be planned without the Pulumi CLI; use `pulumi preview`")

        return refuse

    def ReadResource(self, request: Any, *_: Any) -> Any:  # noqa: N802
        id_ = {UNKNOWN: []} if request.id == rpc.UNKNOWN else request.id
        resource = self._note(request, request.properties, {}, "existing", {"id": id_})
        return resource_pb2.ReadResourceResponse(urn=resource.urn, id=request.id, properties=_known_scalars(request.properties))

    def RegisterResource(self, request: Any, *_: Any) -> Any:  # noqa: N802
        kind: Kind = "resource" if request.custom else "component"
        if request.type.startswith("pulumi:providers:"):
            kind = "provider"
        origins = {name: sorted(one.urns) for name, one in request.propertyDependencies.items() if one.urns}
        resource = self._note(request, request.object, origins, kind)
        outputs = _known_scalars(request.object, request.additionalSecretOutputs)
        return resource_pb2.RegisterResourceResponse(urn=resource.urn, object=outputs)

    def RegisterResourceOutputs(self, request: Any, *_: Any) -> Any:  # noqa: N802
        if f"::{STACK}::" in request.urn:
            self.outputs = _marked(request.outputs, {}, self._shorten)
        return empty_pb2.Empty()

    def Log(self, request: Any, *_: Any) -> Any:  # noqa: N802
        """The engine's side that the SDK logs to."""
        if request.severity in _NOTED:
            with self._lock:
                self.notes.append(self._shorten(request.message.rstrip()))
        return empty_pb2.Empty()

    def _note(self, request: Any, inputs: Any, origins: dict[str, list[str]], kind: Kind, more: dict[str, Any] | None = None) -> Resource:
        urn = urn_of(self.project, self.stack, request)
        is_made = kind != "existing"  # what is only read has no such options
        resource = Resource(
            urn=urn,
            type=request.type,
            name=request.name,
            parent="" if f"::{STACK}::" in request.parent else request.parent,
            kind=kind,
            inputs={**(more or {}), **_marked(inputs, origins, self._shorten)},
            depends_on=tuple(sorted({*request.dependencies})),
            references={name: tuple(urns) for name, urns in sorted(origins.items())},
            provider=request.provider.rpartition("::")[0],
            protect=is_made and request.protect,
            retain=is_made and request.retainOnDelete,
            ignore_changes=tuple(sorted(request.ignoreChanges)) if is_made else (),
            delete_before_replace=is_made and request.deleteBeforeReplace,
            secret_outputs=tuple(sorted(request.additionalSecretOutputs)) if is_made else (),
        )
        with self._lock:
            if urn in self.resources:
                self.fail(f"{one_line(request.name)}: two resources have the URN {one_line(urn, None)}; give one another name")
            if request.type != STACK:
                self.resources[urn] = resource
        return resource


def shortener(folders: Collection[Path]) -> Shorten:
    """Writes each of these folders as `.`, where it is a whole path, or one after `file://`."""
    names = sorted({str(one) for one in folders} - {"/"}, key=len, reverse=True)
    if not names:
        return str
    pattern = re.compile(r"(?:(?<![\w./-])|(?<=file://))(?:" + "|".join(map(re.escape, names)) + r")(?![\w.-])")
    return lambda text: pattern.sub(".", text)


def _marked(struct: struct_pb2.Struct, origins: Mapping[str, Collection[str]], shorten: Shorten) -> dict[str, Any]:
    """Plain properties with marks. `origins`: for each property the URNs that it comes from."""
    raw = json_format.MessageToDict(struct)
    kept = {name: value for name, value in raw.items() if not name.startswith("__")}
    return {name: _plain(value, sorted(origins.get(name, ())), shorten) for name, value in sorted(kept.items())}


def _known_scalars(struct: struct_pb2.Struct, hidden: Collection[str] = ()) -> struct_pb2.Struct:
    """The properties that a resource surely puts out as they came in. `hidden`: as secrets."""
    made = struct_pb2.Struct()
    for name, value in json_format.MessageToDict(struct).items():
        inner = value.get("value") if isinstance(value, dict) and value.get(SIGNATURE) == IS_SECRET else value
        if not name.startswith("__") and isinstance(inner, str | bool | float) and inner != rpc.UNKNOWN:
            made[name] = {SIGNATURE: IS_SECRET, "value": inner} if name in hidden else value
    return made


def _plain(value: Any, origins: list[str], shorten: Shorten) -> Any:
    if isinstance(value, list):
        return [_plain(item, origins, shorten) for item in value]
    if isinstance(value, str):
        return {UNKNOWN: origins} if value == rpc.UNKNOWN else shorten(value)
    if not isinstance(value, dict):  # a struct knows no whole numbers
        return int(value) if isinstance(value, float) and value.is_integer() else value
    kind = value.get(SIGNATURE)
    if kind == IS_SECRET:
        return {SECRET: ""}
    if kind in (_IS_ASSET, _IS_ARCHIVE):
        inside = {name: item for name, item in value.items() if name != SIGNATURE}
        return {"asset" if kind == _IS_ASSET else "archive": _plain(inside, origins, shorten)}
    return {name: _plain(item, origins, shorten) for name, item in sorted(value.items())}


def record(project: Project, stack: Stack) -> Plan:
    """The plan of a stack whose secrets are sealed. Raises `SlipwayError` for a failed program."""
    folders = tuple(Path(one) for one in (project.folder, os.environ.get(AS_IF_IN)) if one)
    recorder = Recorder(project.name, stack.name, folders)
    config = opened(dict(stack.config), lambda _: SEALED)
    # What the program prints would stand before the plan, in a file that holds nothing else.
    with with_marks(), redirect_stdout(sys.stderr):
        error = run(project, replace(stack, config=config), recorder, dry=True)
    if error is not None:
        raise SlipwayError(error)
    return plan_of(recorder, stack.config)


def plan_of(recorder: Recorder, config: Mapping[str, Any]) -> Plan:
    """What was recorded, in an order that is always the same."""
    return Plan(
        project=recorder.project,
        stack=recorder.stack,
        target=str(config.get("slipway:target", "")),
        settings=dict(sorted(_settings(config))),
        resources=tuple(_ordered(recorder.resources)),
        lookups=tuple(recorder.lookups[name] for name in sorted(recorder.lookups)),
        outputs=recorder.outputs,
        notes=tuple(dict.fromkeys(recorder.notes)),
    )


def _settings(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(key path, value) of each setting; lists are values."""
    if isinstance(value, Mapping) and value and not is_secure(value):
        for name, item in value.items():
            yield from _settings(item, f"{path}.{name}" if path else str(name))
    elif path:
        yield path, _shown(value)


def _shown(value: Any) -> Any:
    """Plain JSON. What is encrypted as a fingerprint: the stack file shows as much."""
    if isinstance(value, Mapping):
        if is_secure(value):
            return {SECRET: hashlib.sha256(value["secure"].encode()).hexdigest()[:12]}
        return {str(name): _shown(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if isinstance(value, str | int | None) else str(value)


def _ordered(resources: Mapping[str, Resource]) -> Iterator[Resource]:
    """What others need comes first; among equals by URN."""
    needs = {urn: {*one.depends_on, one.parent} & resources.keys() for urn, one in resources.items()}
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        yield from (resources[urn] for urn in ready)
        sorter.done(*ready)


@contextmanager
def with_marks() -> Iterator[None]:
    """While a program is recorded. Nothing else tells which argument of a look-up is secret."""
    unwrap = rpc._unwrap_rpc_secret_struct_properties

    def keep(value: Any) -> tuple[Any, bool]:
        return value, unwrap(value)[1]

    rpc._unwrap_rpc_secret_struct_properties = keep
    try:
        yield
    finally:
        rpc._unwrap_rpc_secret_struct_properties = unwrap
