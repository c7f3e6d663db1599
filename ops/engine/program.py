"""Runs a stack's program in this process. The SDK talks to a resource monitor: any object here that
answers as one, instead of the CLI. Property values between its structs and Python: one is secret if
anything in it is."""

import asyncio
import gc
import json
import logging
import re
import runpy
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import pulumi
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import Settings, configure, run_in_stack, set_all_config
from pulumi.runtime.proto import engine_pb2, resource_pb2
from pulumi.runtime.rpc import UNKNOWN

from components.errors import SlipwayError, one_line
from ops.engine import providers
from ops.engine.events import Event, Observer
from ops.engine.providers import Plain
from ops.engine.state import Resource
from ops.stack.project import Project, Stack

STACK = "pulumi:pulumi:Stack"
# How the SDK marks special objects in a struct, and secrets among them.
SIGNATURE = "4dabf18193072939515e22adb298388d"
IS_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_SEVERITIES = ("debug", "info", "warning", "error")
# Options of a resource that mean something this engine doesn't do, with how the request shows them;
# those that the SDK itself refuses a monitor without the feature are not among them.
_REFUSED: dict[str, Callable[[Any], bool]] = {
    "import_": lambda request: bool(request.importId),
    # The SDK gives a type's former names by itself: no stack of this engine has any.
    "aliases": lambda request: bool(request.aliases or request.aliasURNs) and request.type not in providers.KINDS,
    "custom_timeouts": lambda request: request.HasField("customTimeouts") and bool(str(request.customTimeouts)),
    "replace_on_changes": lambda request: bool(request.replaceOnChanges),
    "providers": lambda request: bool(request.providers),
}
_THREADS = 16
_OF_THE_CLI = re.compile(r"^The Pulumi CLI does not support (?:the )?([\w ]+)\. Please update the Pulumi CLI\.$")
"""What the SDK says where a monitor doesn't offer something; there is no CLI to be updated."""

Apply = Callable[[Resource, Any], None]


class BaseMonitor:
    """What the SDK asks of every engine and means nothing here: answers that are always the same.

    `features`: what more than secrets and aliases the SDK may send."""

    features: ClassVar[tuple[Any, ...]] = ()
    failure: str | None = None
    """The first one: what the SDK makes of it on its way up is not for people."""

    def fail(self, message: str) -> NoReturn:
        """Remembers the first failure."""
        self.failure = self.failure or message
        raise SlipwayError(message)

    def GetDeploymentInfo(self, _request: Any, *_: Any) -> Any:  # noqa: N802  the SDK's name
        known = (resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS, resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS)
        return resource_pb2.DeploymentInfo(supportedFeatures=[*known, *self.features])

    def SignalAndWaitForShutdown(self, _request: Any, *_: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def SetRootResource(self, _request: Any, *_: Any) -> Any:  # noqa: N802
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(self, _request: Any, *_: Any) -> Any:  # noqa: N802
        """There is no CLI here that could be too old."""
        return engine_pb2.RequirePulumiVersionResponse()


class Monitor(BaseMonitor):
    """Answers registrations; `apply` brings a resource to its inputs, fills in id and outputs."""

    def __init__(self, project: str, stack: str, apply: Apply, observer: Observer) -> None:
        self.project, self.stack = project, stack
        self.apply, self.observer = apply, observer
        self.seen: dict[str, Resource] = {}
        self.outputs: dict[str, Any] = {}
        self.hidden: frozenset[str] = frozenset()
        self.beyond: str | None = None
        """What the CLI alone can do, and was asked for first."""
        self._lock = threading.Lock()

    def Invoke(self, request: Any, *_: Any) -> Any:  # noqa: N802  the SDK's name
        self._refuse(f"{request.tok}: a look-up")

    def RegisterResource(self, request: Any, *_: Any) -> Any:  # noqa: N802
        if self.failure is not None:
            raise SlipwayError("refused: the run failed already")
        resource = self._resource(request)
        if resource.custom:
            try:
                self.apply(resource, request)
            except Exception as error:  # noqa: BLE001  a provider may raise anything; it is told once, in plain words
                self.fail(f"{resource.name}: {error}" if not isinstance(error, pulumi.RunError) else str(error))
        return resource_pb2.RegisterResourceResponse(
            urn=resource.urn,
            id=resource.id,
            object=to_struct({k: v for k, v in resource.outputs.items() if not k.startswith("__")}, resource.hidden),
        )

    def RegisterResourceOutputs(self, request: Any, *_: Any) -> Any:  # noqa: N802
        if f"::{STACK}::" in request.urn:
            self.outputs, self.hidden = from_struct(request.outputs)
        return empty_pb2.Empty()

    def Log(self, request: Any, *_: Any) -> Any:  # noqa: N802
        """The engine's side that the SDK logs to."""
        self.observer(Event("diagnostic", None, _SEVERITIES[request.severity], request.message.rstrip()))
        return empty_pb2.Empty()

    def _resource(self, request: Any) -> Resource:
        """The registration as a resource, refused if this engine can't take it."""
        urn = urn_of(self.project, self.stack, request)
        if request.custom and not providers.is_made_here(request.type):
            self._refuse(f"{request.name}: {request.type}")
        for option, asked in _REFUSED.items():
            if asked(request):
                self._refuse(f"{request.name}: the option {option}")
        inputs, hidden = from_struct(request.object)
        if request.type in providers.KINDS and (of := self.seen.get(request.provider.rpartition("::")[0])):
            inputs[providers.ENGINE] = {name: one for name, one in of.inputs.items() if name in ("host", "context")}
        known = {"urn": urn, "type": request.type, "name": request.name, "parent": request.parent}
        resource = Resource(**known, custom=request.custom, inputs=inputs, protect=request.protect, retain=request.retainOnDelete)
        resource.hidden = sorted({*hidden, *request.additionalSecretOutputs})
        with self._lock:
            if urn in self.seen:
                self.fail(f"{request.name}: two resources have the URN {urn}; give one another name")
            self.seen[urn] = resource
        return resource

    def _refuse(self, what: str) -> NoReturn:
        if self.failure is None:
            self.beyond = what
        self.fail(f"{what} needs the Pulumi CLI; use `pulumi up`")


def urn_of(project: str, stack: str, request: Any) -> str:
    parent = request.parent.split("::")[2] if request.parent else ""
    prefix = "" if parent in ("", STACK) else parent + "$"
    return f"urn:pulumi:{stack}::{project}::{prefix}{request.type}::{request.name}"


def run(project: Project, stack: Stack, monitor: BaseMonitor, dry: bool) -> str | None:
    """Runs `__main__.py` of a project's folder with one stack's config, in a context of its own;
    one block of text on why it failed, or None. `dry`: outputs may be unknown.

    `monitor` also answers what the SDK asks of an engine: to log."""
    try:
        copy_context().run(_run, project, stack, monitor, dry)
    except pulumi.RunError as error:
        return monitor.failure or str(error)
    except SystemExit as error:
        return monitor.failure or (f"the program ended itself: sys.exit({error.code!r}); mend the program" if error.code else None)
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  the program is the user's
        return monitor.failure or _unforeseen(error, project.folder)
    return monitor.failure


def _run(project: Project, stack: Stack, monitor: Any, dry: bool) -> None:
    folder = str(project.folder)
    # As Pulumi hands it over: objects as JSON, what YAML takes for a date as text.
    config = {key: str(one) if isinstance(one, str | date) else json.dumps(one, default=str) for key, one in stack.config.items()}
    set_all_config(config, list(stack.secret_keys))
    configure(Settings(project.name, stack.name, monitor, monitor, dry_run=dry, organization="organization", root_directory=folder))
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # unfinished futures of a failed run are no news
    if folder not in sys.path:
        sys.path.insert(0, folder)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # Every thread of the SDK's executor waits in a registration: its default could deadlock.
    executor = ThreadPoolExecutor(_THREADS)
    loop.set_default_executor(executor)
    if dry:  # it ends soon, and a cloud's SDK is classes by the ten thousand, in which no garbage is found
        gc.disable()
    program: Any = partial(runpy.run_path, f"{folder}/__main__.py", run_name="__main__")
    try:
        loop.run_until_complete(run_in_stack(program))
    finally:
        gc.enable()
        executor.shutdown(wait=True)
        loop.close()
        asyncio.set_event_loop(None)


def _unforeseen(error: BaseException, folder: Path) -> str:
    """The error and the last place in the program's own code that it went through."""
    went = ((Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__))
    own = [(file, line) for file, line in went if file.is_relative_to(folder) and not {".venv", "site-packages"} & {*file.parts}]
    where = f" ({own[-1][0].relative_to(folder)}:{own[-1][1]})" if own else ""
    if missing := _OF_THE_CLI.search(str(error)):
        return f"{missing[1]} can't be had without the Pulumi CLI{where}; use `pulumi preview` and `pulumi up`"
    return f"{one_line(' '.join(f'{type(error).__name__}: {error}'.split()), None)}{where}; mend the program"


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
