"""`doctor`: what this machine has and lacks for a stack. Each check is one line, with the command
that mends it."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import typer
from rich.text import Text

from components.errors import SlipwayError
from components.settings import App
from components.source import find_app
from ops import automation
from ops import cli as calls
from ops.display import tables
from ops.stack import engines, workplace

OK, WARNING, MISSING = "ok", "warning", "missing"
_STYLES = {OK: "green", WARNING: "yellow", MISSING: "bold red"}


@dataclass(frozen=True)
class Check:
    """One line of the report. `state` is ok, warning or missing; only the last stops a launch."""

    name: str
    state: str
    detail: str
    mend: str = ""


def doctor(call: calls.InJson) -> None:
    """Check this machine and the settings (3: missing)."""
    done = list(_checks(call))
    rows: list[list[str | Text]] = [[check.name, Text(check.state, _STYLES[check.state]), check.detail, check.mend] for check in done]
    calls.tell(call, [asdict(check) for check in done], tables.table(["check", "state", "found", "to mend it"], rows))
    if any(check.state == MISSING for check in done):
        raise typer.Exit(3)


def _checks(call: calls.Call) -> Iterator[Check]:
    """Settings that can't be read are a finding like any other, and the end of the list."""
    settings = _tried("settings", lambda: f"stack {call.stack}, target {workplace.enter(call).settings.target}")
    yield settings
    if settings.state == MISSING:
        return
    work = workplace.enter(call)
    for need in work.target.needs(work.settings):
        state = OK if need.present else MISSING if need.required else WARNING
        yield Check(need.program, state, need.why, "" if need.present else workplace.install_command(need.packages))
    yield _tried("pulumi up", lambda: _providers(call))
    yield _tried("what is launched", lambda: work.deployment().url)
    yield _tried("app", lambda: _app(work.place.folder, work.settings.app))


def _tried(name: str, work: Callable[[], str]) -> Check:
    """What `work` finds; what keeps it from looking is a finding too."""
    try:
        return Check(name, OK, work())
    except SlipwayError as error:
        return Check(name, MISSING, str(error))


def _providers(call: calls.Call) -> str:
    """The clouds that the stack has resources of. Raises `MissingError` where these need the Pulumi
    CLI, and there is none; it fetches its plugins by itself."""
    found = engines.foreign(workplace.enter(call, sealed=True))
    packages = ", ".join(sorted({one.type.removeprefix("pulumi:providers:").partition(":")[0] for one in found}))
    if packages:
        automation.require(f"stack {call.stack} has resources of {packages}")
    return f"resources of {packages}" if packages else "not needed"


def _app(folder: Path, settings: App) -> str:
    found = find_app(folder / settings.path, settings.module, settings.requirements)
    return f"{found.module} in {found.folder}"
