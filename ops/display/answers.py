"""Answers of instances that are not well, as a person reads them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from ops.display import tables

if TYPE_CHECKING:
    from components.deployment.answers import Answer


def fail_if_bad(answers: "Sequence[Answer]") -> None:
    """Tells of each that isn't well why; ends the command with exit code 1 if there is one."""
    bad = [one for one in answers if not one.ok]
    for one in bad:
        where = ", ".join(filter(None, [tables.host(one.host), one.step]))
        tables.line(f"slipway: {where}: {one.message or 'gives no answer'}", stderr=True)
        for text in one.log:
            tables.line(f"  | {text}", stderr=True)
    if bad:
        raise typer.Exit(1)
