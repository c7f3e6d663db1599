"""Which engine works on a stack: the mark of its tree, without one what its program asks for."""

import json
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from components import owner
from components.errors import SlipwayError, UsageError
from ops import automation, engine
from ops.automation import CliEngine
from ops.cli import Call
from ops.display import tables
from ops.display.progress import shown
from ops.engine import Engine, Event, Observer, Result
from ops.engine.providers import is_made_here
from ops.plan.record import record
from ops.stack import workplace
from ops.stack.workplace import Workplace
from policy.plan import Resource


@dataclass(frozen=True)
class Launcher:
    """A stack and its engine: the Pulumi CLI (`by_cli`), or the one in this process."""

    call: Call
    work: Workplace
    by_cli: bool
    foreign: tuple[Resource, ...] = ()
    """What of the plan is a provider's, where that was asked."""
    warned: set[str] = field(default_factory=set)
    """What was warned of already: a program that is planned and then run says it twice."""

    def engine(self, observer: Observer | None = None) -> Engine | CliEngine:
        """Either has preview, up and destroy, with the same events and results."""
        return self.cli(observer) if self.by_cli else engine.Engine(self.work.project, self.work.stack, observer)

    def cli(self, observer: Observer | None = None) -> CliEngine:
        """The Pulumi CLI."""
        return CliEngine(self.work.project, self.call.full, observer)

    def run(self, verb: Literal["up", "destroy"]) -> Result:
        """Lets the engine work while its progress and the hosts' is shown."""
        with shown(stderr=self.call.as_json) as progress:
            engine = self.engine(lambda event: progress.engine(event) if self.is_news(event) else None)
            result: Result = getattr(engine, verb)()
            return result

    def is_news(self, event: Event) -> bool:
        """Whether it is anything but a warning that was shown already."""
        known = event.severity == "warning" and event.text in self.warned
        if event.severity == "warning":
            self.warned.add(event.text)
        return not known

    def release_key(self) -> str:
        """The key of release ids, as the engine's state has it; empty where there is none here."""
        name = f":RandomSecret::{self.work.settings.app.name}-key"
        if not self.by_cli:
            return str(next((one.outputs["value"] for one in self.work.state().resources if one.urn.endswith(name)), ""))
        value = next((one["outputs"]["value"] for one in self.cli().state() if one["urn"].endswith(name)), "")
        return str(json.loads(value["plaintext"]) if isinstance(value, dict) else value)


def foreign(work: Workplace) -> list[Resource]:
    """What of the stack's plan a provider makes; empty where no CLI is needed. `work` is sealed.

    Raises `SlipwayError` for a program that fails."""
    return [one for one in record(work.project, work.stack).resources if one.kind != "component" and not is_made_here(one.type)]


def elsewhere(work: Workplace) -> list[Resource]:
    """`foreign`; nothing where this engine's state has the stack, on the target that it has now.

    A program that no longer runs is no reason to keep what this engine has of it."""
    state = work.state()
    if state.resources and state.outputs.get("target") == work.settings.target:
        return []
    try:
        return foreign(work)
    except SlipwayError:
        if not state.resources:
            raise
        return []


def of(call: Call) -> Launcher:
    """The engine that the tree's mark names. Raises `UsageError` where it is somebody else's.

    Without a mark: in this process, whose preview tells what it can't launch (`Result.beyond`)."""
    sealed = workplace.enter(call, sealed=True)
    noted = owner.read(sealed.place.tree)
    engine = noted.engine if noted else owner.IN_PROCESS
    if refused := owner.refusal(sealed.place.tree, owner.of(engine, sealed.place.project, sealed.place.stack)):
        raise UsageError(refused)
    by_cli = engine == owner.CLI
    if not by_cli and sealed.stack.secret_keys and not sealed.stack.salt:
        by_cli = bool(foreign(sealed))
    # The CLI opens secrets by itself; those that a service encrypted nobody else can open.
    return Launcher(call, sealed if by_cli else workplace.enter(call), by_cli)


def of_launched(call: Call) -> Launcher:
    """`of` for a stack that is to go: destroyed is only what the engine has a state of."""
    launcher = of(call)
    found = tuple(elsewhere(workplace.enter(call, sealed=True)))
    return replace(launcher, by_cli=launcher.by_cli or bool(found), foreign=found)


def planned(launcher: Launcher) -> tuple[Launcher, Result]:
    """The plan, and the engine that can carry it out. Raises `SlipwayError` when it can't be made.

    A plan is shown whole at its end; only warnings come before."""

    def warn(event: Event) -> None:
        if event.severity == "warning" and launcher.is_news(event):
            tables.line(f"warning: {event.text}", stderr=True)

    result: Any = launcher.engine(warn).preview()
    if result.beyond and not launcher.by_cli:
        automation.require(f"stack {launcher.call.stack} on {launcher.work.settings.target} needs the Pulumi CLI ({result.beyond})")
        return planned(replace(launcher, by_cli=True))
    if not result.ok:
        raise SlipwayError(str(result.error))
    return launcher, result
