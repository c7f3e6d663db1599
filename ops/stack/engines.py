"""Which engine works on a stack: the mark of its tree decides, and without one what its program asks for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.call import Call
from ops.stack import pulumi_cli, workplace

if TYPE_CHECKING:
    from ops.automation import CliEngine
    from ops.engine import Engine, Observer, Result
    from ops.stack.workplace import Workplace
    from policy.plan import Resource


@dataclass(frozen=True)
class Launcher:
    """A stack and its engine: the Pulumi CLI (`by_cli`), or the one in this process."""

    call: Call
    work: "Workplace"
    by_cli: bool
    found: "tuple[Resource, ...]" = ()
    """What of the plan is a provider's, where that was asked."""

    def engine(self, observer: "Observer | None" = None) -> "Engine | CliEngine":
        """Either has preview, up and destroy, with the same events and results."""
        if self.by_cli:
            return self.cli(observer)
        from ops.engine import Engine

        return Engine(self.work.project, self.work.stack, observer)

    def cli(self, observer: "Observer | None" = None) -> "CliEngine":
        """The Pulumi CLI."""
        from ops.automation import CliEngine

        return CliEngine(self.work.project, self.call.full, observer)


def of(call: Call) -> Launcher:
    """The engine that the tree's mark names. Raises `UsageError` where that is another folder's or another backend's.

    Where nothing is marked: in this process, which tells by its preview what it can't launch (`Result.beyond`)."""
    from components import owner
    from components.errors import UsageError

    sealed = workplace.enter(call, sealed=True)
    noted = owner.read(sealed.place.tree)
    engine = noted.engine if noted else owner.IN_PROCESS
    if refused := owner.refusal(sealed.place.tree, owner.of(engine, sealed.place.project, sealed.place.stack)):
        raise UsageError(refused)
    # The CLI opens secrets by itself, and those that a service encrypted can be opened by nobody else.
    if engine == owner.CLI or (sealed.stack.secret_keys and not sealed.stack.salt and pulumi_cli.foreign(sealed)):
        return Launcher(call, sealed, by_cli=True)
    return Launcher(call, workplace.enter(call), by_cli=False)


def of_launched(call: Call) -> Launcher:
    """`of` for a stack that is to go: what this process has no state of would be called destroyed while it serves."""
    chosen = of(call)
    found = tuple(pulumi_cli.elsewhere(workplace.enter(call, sealed=True)))
    return Launcher(call, chosen.work, chosen.by_cli or bool(found), found)


def planned(call: Call, chosen: Launcher, observer: "Observer") -> "tuple[Launcher, Result]":
    """The plan, and the engine that can carry it out. Raises `SlipwayError` when it can't be made."""
    from components.errors import SlipwayError

    result: Any = chosen.engine(observer).preview()
    if result.beyond and not chosen.by_cli:
        if pulumi_cli.path() is None:
            raise pulumi_cli.missing(f"stack {call.stack} on {chosen.work.settings.target} needs the Pulumi CLI ({result.beyond})")
        return planned(call, Launcher(call, chosen.work, by_cli=True), observer)
    if not result.ok:
        raise SlipwayError(result.error or "the plan could not be made")
    return chosen, result
