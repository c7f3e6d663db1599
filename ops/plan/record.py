"""Records a stack's program as a plan, with no credentials, no plugin and no network."""

import hashlib
import math
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from pulumi.runtime import rpc

from components.errors import SlipwayError
from components.settings.rules import SEALED
from components.target import AS_IF_IN
from ops.engine.program import Program
from ops.plan.recorder import Recorder
from ops.stack import secrets
from ops.stack.project import Project, Stack
from policy.plan import SECRET, Plan, Resource


def record(project: Project, stack: Stack) -> Plan:
    """The plan of a stack whose secrets are sealed. Raises `SlipwayError` for a failed program."""
    folders = tuple(Path(one) for one in (project.folder, os.environ.get(AS_IF_IN)) if one)
    recorder = Recorder(project.name, stack.name, folders)
    config = secrets.opened(dict(stack.config), lambda _: SEALED)
    program = Program(project, replace(stack, config=config), dry=True)
    # What the program prints would stand before the plan, in a file that holds nothing else.
    with with_marks(), redirect_stdout(sys.stderr):
        error = program.run(recorder)
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
    if isinstance(value, Mapping) and value and not secrets.is_secure(value):
        for name, item in value.items():
            yield from _settings(item, f"{path}.{name}" if path else str(name))
    elif path:
        yield path, _shown(value)


def _shown(value: Any) -> Any:
    """Plain JSON. What is encrypted as a fingerprint: the stack file shows as much."""
    if isinstance(value, Mapping):
        if secrets.is_secure(value):
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
