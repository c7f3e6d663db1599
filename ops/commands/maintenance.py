"""`maintenance`: the page that users meet while something is done to the app."""

from enum import StrEnum
from typing import Annotated

import typer

from ops import call as calls
from ops.display import tables
from ops.display.answers import fail_if_bad
from ops.display.progress import shown
from ops.stack import workplace


class State(StrEnum):
    """What is wanted."""

    ON = "on"
    OFF = "off"


Wanted = Annotated[State, typer.Argument(metavar="on|off", help="Put the page up, or take it down.")]


def maintenance(context: typer.Context, state: Wanted, stack: calls.Stack = None, as_json: calls.Json = False) -> None:
    """Answer every request with a maintenance page, or no longer."""
    call = calls.of(context)
    reach = workplace.enter(call).deployment()
    with shown(stderr=call.as_json):
        answers = reach.maintenance(state is State.ON)
    if call.as_json:
        tables.document({"stack": call.stack, "maintenance": state.value, "hosts": [one.model_dump() for one in answers]})
    elif all(one.ok for one in answers):
        tables.line(f"Done: {reach.url} " + ("answers with the maintenance page" if state is State.ON else "is the app again"))
    fail_if_bad(answers)
