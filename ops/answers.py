"""Answers of instances: told where something is wrong, and as `--json` prints them."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import typer

from ops import display

if TYPE_CHECKING:
    from components.answers import Answer


def fail_if_bad(answers: "Sequence[Answer]") -> None:
    """Tells of each that isn't well why; ends the command with exit code 1 if there is one."""
    bad = [one for one in answers if not one.ok]
    for one in bad:
        where = ", ".join(filter(None, [display.host(one.host), one.step]))
        display.line(f"slipway: {where}: {one.message or 'gives no answer'}", stderr=True)
        for text in one.log:
            display.line(f"  | {text}", stderr=True)
    if bad:
        raise typer.Exit(1)


def plain(value: Any) -> Any:
    """For a JSON document; what is in an answer's `more` stands beside its other fields."""
    if is_dataclass(value):
        told = {one.name: plain(getattr(value, one.name)) for one in fields(value)}
        return {**told.pop("more", {}), **told}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value
