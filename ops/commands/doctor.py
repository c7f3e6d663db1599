"""`doctor` and `version`: what this machine has and lacks for a stack, and its versions."""

import importlib.metadata
import os
import platform
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import typer
from rich.text import Text

from cloud_init.host.base import files
from ops import call as calls
from ops.display import tables
from ops.setup import doctor as checks
from ops.setup.doctor import Check
from ops.stack import pulumi_cli, workplace

_STYLES = {"ok": "green", "warning": "yellow", "missing": "bold red"}


def doctor(context: typer.Context, stack: calls.Stack = None, as_json: calls.Json = False) -> None:
    """Check this machine and the settings (3: missing)."""
    call = calls.of(context)
    done = [*checks.machine(workplace.folder()), *_of_stack(call)]
    if call.as_json:
        tables.document([asdict(check) for check in done])
    else:
        rows: list[list[str | Text]] = [[check.name, Text(check.state, _STYLES[check.state]), check.detail, check.mend] for check in done]
        tables.table(["check", "state", "found", "to mend it"], rows)
    if any(check.state == checks.MISSING for check in done):
        raise typer.Exit(3)


def _of_stack(call: calls.Call) -> Iterator[Check]:
    """Settings that can't be read are a finding like any other, and the end of the list."""
    from components.errors import SlipwayError

    yield checks.passphrase(files.read_text(Path(f"Pulumi.{call.stack}.yaml")), os.environ)
    try:
        work = workplace.enter(call)
        yield Check("settings", checks.OK, f"stack {call.stack}, target {work.settings.target}")
        yield from map(checks.need, work.target.needs(work.settings))
    except SlipwayError as error:
        yield Check("settings", checks.MISSING, str(error))
        return
    yield from _tried("plan", lambda: checks.pulumi(pulumi_cli.foreign(workplace.enter(call, sealed=True)), call.stack))
    yield from _tried("what is launched", lambda: [checks.port(work.deployment().url)])
    yield checks.app_python([Path(sys.executable), Path("/usr/bin/python3"), Path("/usr/local/bin/python3")])
    yield from _tried("app", lambda: [checks.app(work.place.folder, work.settings.app)])


def _tried(name: str, work: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """What `work` finds; what keeps it from looking is a finding too."""
    from components.errors import SlipwayError

    try:
        yield from work()
    except SlipwayError as error:
        yield Check(name, checks.MISSING, str(error))


def version(context: typer.Context, as_json: calls.Json = False) -> None:
    """Show the versions of Slipway, Pulumi's SDK and Python."""
    project = tomllib.loads((workplace.folder() / "pyproject.toml").read_text())["project"]
    versions = {
        "slipway": project["version"],
        "pulumi": importlib.metadata.version("pulumi"),
        "python": platform.python_version(),
    }
    if calls.of(context).as_json:
        tables.document(versions)
    else:
        tables.line(", ".join(f"{name} {number}" for name, number in versions.items()))
