"""Stacks that the Pulumi CLI launches, since a provider makes some of what they ask for."""

import shutil
from collections.abc import Sequence
from typing import NoReturn

from components.errors import MissingError, SlipwayError, UsageError, one_line
from ops.call import Call
from ops.engine.providers import is_made_here
from ops.plan.record import record
from ops.stack.workplace import Workplace
from policy import clouds
from policy.plan import Plan, Resource

HOW = "https://www.pulumi.com/docs/iac/download-install/"


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


def path() -> str | None:
    """The path of the CLI, or None."""
    return shutil.which("pulumi")


def require(why: str) -> None:
    """Raises `MissingError` where there is no CLI; `why` one is wanted."""
    if path() is None:
        raise MissingError(f"{why}, and there is no `pulumi` on PATH; install it ({HOW}), then run this again")


def refuse_data(call: Call, found: Sequence[Resource]) -> NoReturn:
    """Says that a provider's data goes by a launched setting, not by a word on the command line."""
    kept = [one for one in found if one.protect or one.retain]
    way = to_remove(call) if kept else f"run ./slipway -s {call.full} destroy: nothing is protected, so the data goes too"
    why = "--with-data removes what Slipway keeps itself, and this is a provider's"
    raise UsageError(f"stack {call.stack}: nothing was removed: {why}; for all of it: {way}{_listed('Goes then', kept)}{copies(found)}")


def to_remove(call: Call) -> str:
    """How what `destroy` leaves of a provider's is removed after all."""
    return (
        f"set slipway:keepData: false in Pulumi.{call.stack}.yaml, run ./slipway -s {call.full} up, then ./slipway -s {call.full} destroy"
    )


def copies(found: Sequence[Resource]) -> str:
    """A line for each thing that a cloud copies as it is removed; no stack knows of the copy."""
    facts = clouds.gather(Plan(project="", stack="", target="", settings={}, resources=tuple(found)))
    copied = [one.at for one in facts.disks if one.final_snapshot] + [one.at for one in facts.databases if one.final_snapshot]
    return _listed("Leaves a last snapshot even then", copied)


def _listed(word: str, resources: Sequence[Resource]) -> str:
    return "".join(f"\n{word}: {one_line(one.name)}  {one.type}" for one in resources)


def packages(found: Sequence[Resource]) -> list[str]:
    """The providers' names, such as `aws`."""
    return sorted({one.type.removeprefix("pulumi:providers:").partition(":")[0] for one in found})
