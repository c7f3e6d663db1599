"""`doctor`: what this machine has and lacks for a stack. Each check is one line, with the command
that mends it."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import typer
from rich.text import Text

from components.errors import SlipwayError
from components.settings import App
from components.source import find_app
from components.target import Need
from ops import automation
from ops import cli as calls
from ops.display import tables
from ops.stack import engines, workplace
from policy.plan import Resource

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
    try:
        work = workplace.enter(call)
        yield Check("settings", OK, f"stack {call.stack}, target {work.settings.target}")
        yield from map(need, work.target.needs(work.settings))
    except SlipwayError as error:
        yield Check("settings", MISSING, str(error))
        return
    yield from _tried("plan", lambda: pulumi(engines.foreign(workplace.enter(call, sealed=True)), call.stack))
    yield from _tried("what is launched", lambda: [Check("address", OK, work.deployment().url)])
    yield from _tried("app", lambda: [app(work.place.folder, work.settings.app)])


def _tried(name: str, work: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """What `work` finds; what keeps it from looking is a finding too."""
    try:
        yield from work()
    except SlipwayError as error:
        yield Check(name, MISSING, str(error))


def pulumi(found: Sequence[Resource], stack: str) -> Iterator[Check]:
    """Checks the Pulumi CLI, where a stack has resources of providers. It fetches its plugins."""
    if not found:
        return
    packages = sorted({one.type.removeprefix("pulumi:providers:").partition(":")[0] for one in found})
    wanted = f"stack {stack} has resources of {', '.join(packages)}"
    if (path := shutil.which("pulumi")) is None:
        yield Check("pulumi up", MISSING, f"{wanted}, and there is no `pulumi` on PATH", automation.HOW)
        return
    yield Check("pulumi up", OK, f"{wanted}; {path}")


def app(folder: Path, settings: App) -> Check:
    """Checks that there is an app to serve. Raises `SlipwayError`."""
    found = find_app(folder / settings.path, settings.module, settings.requirements)
    return Check("app", OK, f"{found.module} in {found.folder}")


def need(one: Need) -> Check:
    """Checks one need of the target on this machine."""
    state = OK if one.present else MISSING if one.required else WARNING
    return Check(one.program, state, one.why, "" if one.present else workplace.install_command(one.packages))
