"""Stacks that the Pulumi CLI alone can launch: some of what they ask for is a provider's, and no provider runs in this process."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ops.call import Call

if TYPE_CHECKING:
    from components.errors import SlipwayError
    from ops.workplace import Workplace
    from policy.plan import Resource

HOW = "https://www.pulumi.com/docs/iac/download-install/"


def foreign(work: "Workplace") -> "list[Resource]":
    """What of the stack's plan a provider makes; nothing where ./slipway launches it all itself. `work` is read sealed.

    Raises `SlipwayError` for a program that fails."""
    from ops.engine.providers import is_dynamic
    from ops.plan.record import record

    return [one for one in record(work.project, work.stack).resources if one.kind != "component" and not is_dynamic(one.type)]


def elsewhere(work: "Workplace") -> "list[Resource]":
    """As `foreign`, without looking where this engine's own state says that it launched the stack on the target it has now.

    A program that no longer runs is no reason to keep what this engine has of it."""
    from components.errors import SlipwayError
    from ops.engine import Engine

    state = Engine(work.project, work.stack).state()
    if state.resources and state.outputs.get("target") == work.settings.target:
        return []
    try:
        return foreign(work)
    except SlipwayError:
        if not state.resources:
            raise
        return []


def path() -> str | None:
    """Where the CLI is."""
    return shutil.which("pulumi")


def line(command: str, call: Call) -> str:
    """What a person runs."""
    return f"`pulumi {command} --stack {call.stack}`"


def refusal(text: str, what: str, rest: str = "") -> "SlipwayError":
    """`text`: why not here; `what`: to do. Nothing was changed: wrong usage where the CLI is there, else it is what is missing."""
    from components.errors import MissingError, UsageError

    if path():
        return UsageError(f"{text}; {what}{rest}")
    return MissingError(f"{text}, and there is no `pulumi` on PATH; install it ({HOW}), then {what}{rest}")


def not_destroyed(call: Call, found: "Sequence[Resource]", with_data: bool) -> "SlipwayError":
    """What to run in the place of `destroy`, and what stays after it."""
    kept = [one for one in found if one.protect or one.retain]
    why = f"stack {call.stack}: nothing was removed: {_counted(found)} can be removed by the Pulumi CLI alone"
    all_of_it = f"set slipway:keepData: false in Pulumi.{call.stack}.yaml, run {line('up', call)}, then {line('destroy', call)}"
    copies = _listed("Leaves a last snapshot even then", _copied(found))
    if not kept:
        return refusal(why, f"run {line('up', call)}, then {line('destroy', call)}: nothing is protected, so the data goes too", copies)
    if with_data:
        return refusal(why, f"for the data too: {all_of_it}", _listed("Goes then", kept) + copies)
    rest = _listed("Stays", kept) + f"\nTo remove it too: {all_of_it}{copies}"
    return refusal(why, f"run {line('destroy --exclude-protected', call)}, which keeps the data", rest)


def _copied(found: "Sequence[Resource]") -> "list[Resource]":
    """Of what a cloud makes a copy as it is removed, which no stack knows of."""
    from policy import clouds
    from policy.plan import Plan

    facts = clouds.gather(Plan(project="", stack="", target="", settings={}, resources=tuple(found)))
    return [one.at for one in facts.disks if one.final_snapshot] + [one.at for one in facts.databases if one.final_snapshot]


def _counted(found: "Sequence[Resource]") -> str:
    return f"{len(found)} resource{'s' * (len(found) != 1)} of {', '.join(packages(found))}"


def _listed(word: str, resources: "Sequence[Resource]") -> str:
    from components.settings.found import one_line

    return "".join(f"\n{word}: {one_line(one.name)}  {one.type}" for one in resources)


def packages(found: "Sequence[Resource]") -> list[str]:
    """The providers' names, such as `aws`."""
    return sorted({one.type.removeprefix("pulumi:providers:").partition(":")[0] for one in found})


def plugins(found: "Sequence[Resource]") -> Iterator[tuple[str, str | None, bool]]:
    """(name, version that the installed SDK asks for, whether the CLI has just that) of each provider. Asks the CLI."""
    done = subprocess.run(["pulumi", "plugin", "ls", "--json"], capture_output=True, text=True, check=False)
    listed = json.loads(done.stdout) if done.returncode == 0 else []
    there = {(one["name"], one.get("version")) for one in listed if one.get("kind") == "resource"}
    for name in packages(found):
        version = version_of(name)
        yield name, version, (name, version) in there


def version_of(package: str) -> str | None:
    """As its SDK names it, beside its modules."""
    spec = find_spec(f"pulumi_{package.replace('-', '_')}")
    facts = Path(spec.origin).with_name("pulumi-plugin.json") if spec and spec.origin else None
    return json.loads(facts.read_text(encoding="utf-8")).get("version") if facts and facts.is_file() else None
