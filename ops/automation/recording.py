"""What the Pulumi CLI tells while it works, as events and a result of `ops.engine`."""

import re
import threading
import time
from dataclasses import replace
from typing import Any

from pulumi.automation.events import DiagnosticEvent, EngineEvent, StepEventMetadata

from ops.engine import Event, Observer, Step, providers, values
from ops.engine.events import Op
from ops.engine.monitor import STACK

# The steps that a person knows of; the rest of a replacement, and look-ups, stay the CLI's own.
_OPS: dict[str, Op] = {
    **{"create": "create", "import": "create", "create-replacement": "replace"},
    **{"update": "update", "delete": "delete", "same": "same"},
}
# What only says that something failed: the reason is told before.
_NOISE = re.compile(r"an unhandled error occurred|(update|preview|destroy) failed|resource monitor shut down|BAIL")
_TRACEBACK = re.compile(r"^Traceback \(most recent call last\):\n(?P<frames>(?:[ \t].*\n)+)", re.MULTILINE)
_OWN = re.compile(r"components\.errors\.\w+: ")
_SECRET = "[secret]"


class Recording:
    """Hears the CLI's events, in any thread; tells the observer, and keeps what a result needs."""

    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.steps: list[Step] = []
        self.outputs: dict[str, Any] = {}
        self.errors: list[str] = []
        self._began: dict[str, float] = {}
        self._lock = threading.Lock()

    def hear(self, event: EngineEvent) -> None:
        """The callback of the automation API."""
        with self._lock:
            if event.diagnostic_event:
                self._diagnostic(event.diagnostic_event)
            elif event.policy_event and event.policy_event.enforcement_level == "mandatory":
                self.errors.append(f"{event.policy_event.policy_name}: {event.policy_event.message}".rstrip())
            elif event.resource_pre_event:
                self._before(event.resource_pre_event.metadata, bool(event.resource_pre_event.planning))
            elif event.res_outputs_event:
                self._after(event.res_outputs_event.metadata, bool(event.res_outputs_event.planning))
            elif event.res_op_failed_event:
                self._finish(event.res_op_failed_event.metadata, self.errors[-1] if self.errors else "failed")

    def _before(self, step: StepEventMetadata, planning: bool) -> None:
        if not (made := _step(step)):
            return
        self._began[step.urn] = time.monotonic()
        if planning:
            self.steps.append(made)
        self.observer(Event("planned" if planning else "started", made))

    def _after(self, step: StepEventMetadata, planning: bool) -> None:
        if step.type == STACK and step.new:
            self.outputs = dict(step.new.outputs or {})
        elif not planning:
            self._finish(step, None)

    def _finish(self, step: StepEventMetadata, error: str | None) -> None:
        if not (made := _step(step)):
            return
        seconds = time.monotonic() - self._began.get(step.urn, time.monotonic())
        made = replace(made, seconds=seconds, error=error)
        self.steps.append(made)
        self.observer(Event("failed" if error else "done", made))

    def _diagnostic(self, event: DiagnosticEvent) -> None:
        text = event.message.rstrip()
        if event.severity != "error":
            self.observer(Event("diagnostic", None, event.severity, text))
        elif not _NOISE.match(text):
            *_, kind, name = ["", "", *(event.urn or "").split("::")]
            said = _reason(text)
            self.errors.append(_OWN.sub("", said, count=1) if _OWN.match(said) or not name or kind == STACK else f"{name}: {said}")


def _reason(text: str) -> str:
    """What an exception says instead of its traceback, and where unless it says it."""
    found = list(_TRACEBACK.finditer(text))
    if not found:
        return text
    said = text[found[-1].end() :]
    places = re.findall(r'File "(.+)", line (\d+)', found[-1]["frames"])
    return said if _OWN.match(said) or not places else f"{said} ({':'.join(places[-1])}); mend the program"


def _step(found: StepEventMetadata) -> Step | None:
    """None for components, which change nothing, and for providers that Pulumi makes by itself."""
    state, op = found.new or found.old, _OPS.get(found.op.value)
    name = found.urn.split("::")[-1]
    by_itself = found.type.startswith("pulumi:providers:") and name.startswith("default")
    if op is None or state is None or not state.custom or by_itself:
        return None
    new = dict((found.new.inputs if found.new else None) or {})
    words = providers.words(new) if op == "create" and new.get(providers.KEY) != _SECRET else ""
    old = dict((found.old.inputs if found.old else None) or {})
    secret = {name: (_SECRET, _SECRET) for name in found.diffs or () if old.get(name) == new.get(name) == _SECRET}
    changes = {} if op in ("same", "delete") else {**values.changes(old, new, ()), **secret}
    return Step(op, found.urn, found.type, name, state.parent, changes, words=words)
