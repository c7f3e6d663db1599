"""`maintenance`: the page that users meet while something is done to the app."""

from enum import StrEnum
from typing import Annotated

import typer

from ops import call as calls
from ops import display, workplace
from ops.on_host import run_shown


class State(StrEnum):
    """What is wanted."""

    ON = "on"
    OFF = "off"


Wanted = Annotated[State, typer.Argument(metavar="on|off", help="Put the page up, or take it down.")]


def maintenance(context: typer.Context, state: Wanted, stack: calls.Stack = None, as_json: calls.Json = False) -> None:
    """Answer every request with a maintenance page, or no longer."""
    call = calls.of(context)
    reach = workplace.enter(call).day_two()
    answers = {host.host: run_shown(call, host, ["maintenance", state.value]) for host in reach.web}
    wrong = {display.host(name): answer for name, answer in answers.items() if not answer.get("ok")}
    bad = [f"{name}: {answer.get('message') or 'gives no answer'}" for name, answer in wrong.items()]
    if call.as_json:
        display.document(
            {"stack": call.stack, "maintenance": state.value, "hosts": [{"host": name, **one} for name, one in answers.items()]}
        )
    elif not bad:
        display.line(f"Done: {reach.url} " + ("answers with the maintenance page" if state is State.ON else "is the app again"))
    for text in bad:
        display.line(f"slipway: {text}", stderr=True)
    if bad:
        raise typer.Exit(1)
