"""The resource monitor of a plan: notes every registration and answers it without any cloud."""

import threading
from pathlib import Path
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, resource_pb2, resource_pb2_grpc
from pulumi.runtime.rpc import UNKNOWN as SDK_UNKNOWN

from components.errors import one_line
from ops.engine.monitor import STACK, BaseMonitor, urn_of
from ops.plan import stand_ins, values
from policy.plan import UNKNOWN, Kind, Lookup, Resource

_NOTED = (engine_pb2.INFO, engine_pb2.WARNING, engine_pb2.ERROR)


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
        self._shorten = values.shortener(folders)
        self._lock = threading.Lock()

    def Invoke(self, request: Any, *_: Any) -> Any:  # noqa: N802  the SDK's name
        arguments = values.from_struct(request.args, {}, self._shorten)
        name, answer = stand_ins.lookup(request.tok, arguments)
        with self._lock:
            self.lookups[name] = Lookup(token=request.tok, arguments=arguments, stand_in=name)
        return _invoked(answer)

    def __getattr__(self, name: str) -> Any:
        """Whatever else a program may ask of an engine."""
        if not hasattr(resource_pb2_grpc.ResourceMonitorServicer, name):
            raise AttributeError(name)

        def refuse(request: Any, *_: Any) -> Any:
            what = getattr(request, "tok", "") or getattr(request, "name", "") or name
            self.fail(f"{one_line(what)}: {name} can't be planned without the Pulumi CLI; use `pulumi preview`")

        return refuse

    def ReadResource(self, request: Any, *_: Any) -> Any:  # noqa: N802
        id_ = {UNKNOWN: []} if request.id == SDK_UNKNOWN else request.id
        resource = self._note(request, request.properties, {}, "existing", {"id": id_})
        return resource_pb2.ReadResourceResponse(urn=resource.urn, id=request.id, properties=values.known_scalars(request.properties))

    def RegisterResource(self, request: Any, *_: Any) -> Any:  # noqa: N802
        kind: Kind = "resource" if request.custom else "component"
        if request.type.startswith("pulumi:providers:"):
            kind = "provider"
        origins = {name: sorted(one.urns) for name, one in request.propertyDependencies.items() if one.urns}
        resource = self._note(request, request.object, origins, kind)
        outputs = values.known_scalars(request.object, request.additionalSecretOutputs)
        return resource_pb2.RegisterResourceResponse(urn=resource.urn, object=outputs)

    def RegisterResourceOutputs(self, request: Any, *_: Any) -> Any:  # noqa: N802
        if f"::{STACK}::" in request.urn:
            self.outputs = values.from_struct(request.outputs, {}, self._shorten)
        return empty_pb2.Empty()

    def Log(self, request: Any, *_: Any) -> Any:  # noqa: N802
        """The engine's side that the SDK logs to."""
        if request.severity in _NOTED:
            with self._lock:
                self.notes.append(self._shorten(request.message.rstrip()))
        return empty_pb2.Empty()

    def _note(self, request: Any, inputs: Any, origins: dict[str, list[str]], kind: Kind, more: dict[str, Any] | None = None) -> Resource:
        urn = urn_of(self.project, self.stack, request)
        options = _options(request) if kind != "existing" else {}
        resource = Resource(
            urn=urn,
            type=request.type,
            name=request.name,
            parent="" if f"::{STACK}::" in request.parent else request.parent,
            kind=kind,
            inputs={**(more or {}), **values.from_struct(inputs, origins, self._shorten)},
            depends_on=tuple(sorted({*request.dependencies})),
            references={name: tuple(urns) for name, urns in sorted(origins.items())},
            provider=request.provider.rpartition("::")[0],
            **options,
        )
        with self._lock:
            if urn in self.resources:
                self.fail(f"{one_line(request.name)}: two resources have the URN {one_line(urn, None)}; give one another name")
            if request.type != STACK:
                self.resources[urn] = resource
        return resource


def _options(request: Any) -> dict[str, Any]:
    return {
        "protect": request.protect,
        "retain": request.retainOnDelete,
        "ignore_changes": tuple(sorted(request.ignoreChanges)),
        "delete_before_replace": request.deleteBeforeReplace,
        "secret_outputs": tuple(sorted(request.additionalSecretOutputs)),
    }


def _invoked(answer: dict[str, Any]) -> resource_pb2.ResourceInvokeResponse:
    """The field is called `return`, which Python lets nobody write."""
    made = resource_pb2.ResourceInvokeResponse()
    getattr(made, "return").update(answer)
    return made
