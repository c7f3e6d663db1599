"""What a resource puts out where nobody made it: values of the types that its SDK declares."""

from collections.abc import Callable
from typing import Any

from ops.plan import stand_ins
from ops.plan.record import Recorder
from policy.plan import Resource

Answer = Callable[[Resource], tuple[str, dict[str, Any]]]
"""(id, outputs) that a resource is to put out."""


class Answering(Recorder):
    """A recorder of a run that makes things: what is registered puts out what `answer` says."""

    answer: Answer | None = None

    def RegisterResource(self, request: Any, *words: Any) -> Any:  # noqa: N802  the SDK's name
        made = super().RegisterResource(request, *words)
        if self.answer and request.custom:
            made.id, outputs = self.answer(self.resources[made.urn])
            made.object.update(outputs)
        return made


def declared(token: str) -> dict[str, Any]:
    """All outputs of a resource of that type, each text `$.OUTPUT`."""
    found = stand_ins.fields(stand_ins.find(token, ""), "$")
    return {key: value for key, value in found.items() if key not in ("urn", "id")}


def outputs(token: str, name: str) -> dict[str, Any]:
    """The same, each text `${NAME.OUTPUT}`."""
    return {key: _renamed(value, name) for key, value in declared(token).items()}


def _renamed(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return "${" + name + value[1:] + "}" if value.startswith("$") else value
    if isinstance(value, list):
        return [_renamed(item, name) for item in value]
    return {key: _renamed(item, name) for key, item in value.items()} if isinstance(value, dict) else value
