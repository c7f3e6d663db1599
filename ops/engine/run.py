"""A run: the program registers, resources are brought to their inputs, the unwanted goes last."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from components.errors import SlipwayError
from ops.engine import program, providers
from ops.engine.events import Event, Observer, Op, Result, Step
from ops.engine.program import Monitor
from ops.engine.state import Resource, State, locked
from ops.stack.project import Project, Stack


class Engine:
    """Preview, up and destroy of one stack. Raises `SlipwayError` where it can't start."""

    def __init__(self, project: Project, stack: Stack, observer: Observer | None = None) -> None:
        self.project, self.stack = project, stack
        self.observer = observer or (lambda event: None)
        self.folder = project.folder / ".slipway" / stack.name

    def state(self) -> State:
        """What is stored now, to be read."""
        return State(self.folder / "state.json", self.project.name, self.stack.name)

    def preview(self) -> Result:
        """What `up` would do; changes nothing."""
        return _Run(self, self.state(), dry=True).program()

    def up(self) -> Result:
        """Brings everything to what the program says."""
        return self._locked("up", lambda state: _Run(self, state, dry=False).program())

    def destroy(self) -> Result:
        """Removes everything, last made first."""
        return self._locked("destroy", lambda state: _Run(self, state, dry=False).destroy())

    def _locked(self, command: str, work: Callable[[State], Result]) -> Result:
        def say(text: str) -> None:
            self.observer(Event("diagnostic", None, "info", text))

        with locked(self.folder / "state.lock", command, say):
            state = self.state()
            state.keep_copy()
            for urn, operation in state.pending.items():
                self.observer(Event("diagnostic", None, "warning", f"an earlier run was cut off in: {operation} {urn.split('::')[-1]}"))
            state.pending = {}
            return work(state)


class _Run:
    def __init__(self, engine: Engine, state: State, dry: bool) -> None:
        self.engine, self.state, self.dry = engine, state, dry
        self.steps: list[Step] = []
        self.lock = threading.RLock()
        self.monitor = Monitor(engine.project.name, engine.stack.name, self.apply, engine.observer)

    def program(self) -> Result:
        error = program.run(self.engine.project, self.engine.stack, self.monitor, self.dry)
        seen = self.monitor.seen
        if error is None:
            error = self._remove([one for one in self.state.resources if one.replaced or one.urn not in seen])
        if not self.dry:
            with self.lock:
                # Components change nothing, but are there; the state keeps the program's order.
                for component in (one for one in seen.values() if not one.custom):
                    self.state.put(component)
                order = {urn: number for number, urn in enumerate(seen)}
                self.state.resources.sort(key=lambda one: order.get(one.urn, len(order)))
                if error is None:
                    self.state.outputs, self.state.hidden = dict(self.monitor.outputs), sorted(self.monitor.hidden)
                self.state.save()
        return self._result(error, self.monitor.outputs, self.monitor.hidden)

    def destroy(self) -> Result:
        error = self._remove(list(self.state.resources))
        if error is None:
            self.state.outputs, self.state.hidden = {}, []
        self.state.save()
        return self._result(error, {}, frozenset())

    def apply(self, wanted: Resource, request: Any) -> None:
        """One custom resource: check, diff, then create, update or replace it."""
        old = self.state.find(wanted.urn)
        provider = providers.load(wanted.type, wanted.inputs)
        old_inputs = old.inputs if old else {}
        for name in request.ignoreChanges:
            if name in old_inputs:
                wanted.inputs[name] = old_inputs[name]
        wanted.inputs, failures = providers.check(provider, old_inputs, wanted.inputs)
        if failures:
            raise SlipwayError("\n".join(f"{wanted.name}: {failure}" for failure in failures))
        op: Op = "create"
        before_replace = request.deleteBeforeReplace
        if old is not None:
            found = providers.diff(provider, old.id, old.inputs, old.outputs, wanted.inputs)
            op = "replace" if found.replaces else "update" if found.changes else "same"
            if op == "replace" and (old.protect or wanted.protect):
                raise SlipwayError(f"{wanted.name}: protected, not replaced; lift `protect` by an `up` of its own first")
            before_replace = before_replace or found.delete_before_replace
        changed = {} if op == "same" else program.changes(old_inputs, wanted.inputs, wanted.hidden)
        words = providers.words(wanted.inputs) if op == "create" else ""
        step = Step(op, wanted.urn, wanted.type, wanted.name, wanted.parent, changed, words=words)
        if not self.dry:
            return self._perform(step, lambda: self._change(op, provider, wanted, old, before_replace))
        wanted.id = old.id if old and op in ("same", "update") else ""
        # Outputs of what changes are unknown, but for those that are inputs.
        wanted.outputs = old.outputs if old and op == "same" else {k: v for k, v in wanted.inputs.items() if k != providers.KEY}
        self._note("planned", step)

    def _change(self, op: Op, provider: Any, wanted: Resource, old: Resource | None, before_replace: bool) -> None:
        if old and op in ("same", "update"):
            wanted.id, wanted.outputs = old.id, old.outputs
        if old and op == "update":
            outs = provider.update(old.id, dict(old.outputs), dict(wanted.inputs)).outs
            wanted.outputs = {**(outs or {}), **providers.key_of(wanted.inputs)}
        if old and op == "replace" and before_replace:
            self._delete(old)
        if op in ("create", "replace"):
            made = provider.create(dict(wanted.inputs))
            wanted.id, wanted.outputs = made.id, {**(made.outs or {}), **providers.key_of(wanted.inputs)}
        with self.lock:
            if old and op == "replace" and not before_replace:
                old.replaced = True
            self.state.put(wanted)

    def _delete(self, resource: Resource) -> None:
        if resource.custom and not resource.retain:
            provider = providers.load(resource.type, resource.outputs or resource.inputs)
            provider.delete(resource.id, dict(resource.outputs))
        with self.lock:
            self.state.resources.remove(resource)

    def _perform(self, step: Step, work: Callable[[], None]) -> None:
        """A step that changes something: noted before, saved after, timed."""
        if step.op != "same":
            self._note("started", step)
            with self.lock:
                self.state.pending[step.urn] = step.op
                self.state.save()
        began = time.monotonic()

        def finish(kind: Any, error: str | None = None) -> None:
            with self.lock:
                self.state.pending.pop(step.urn, None)
                if step.op != "same":
                    self.state.save()
            self._note(kind, replace(step, seconds=time.monotonic() - began, error=error))

        try:
            work()
        except Exception as error:
            finish("failed", str(error))
            raise
        finish("done")

    def _note(self, kind: Any, step: Step) -> None:
        with self.lock:
            if kind != "started":
                self.steps.append(step)
        self.engine.observer(Event(kind, step))

    def _remove(self, unwanted: list[Resource]) -> str | None:
        protected = [one.name for one in unwanted if one.protect and one.custom]
        if protected:
            return f"{', '.join(protected)}: protected, not deleted; lift `protect` first, or leave it in the program"
        for resource in reversed(unwanted):
            step = Step("delete", resource.urn, resource.type, resource.name, resource.parent)
            try:
                if self.dry and resource.custom:
                    self._note("planned", step)
                elif resource.custom:
                    self._perform(step, lambda one=resource: self._delete(one))  # type: ignore[misc]
                elif not self.dry:
                    self._delete(resource)
            except Exception as error:  # noqa: BLE001  a provider may raise anything
                return f"{resource.name}: {error}"
        return None

    def _result(self, error: str | None, outputs: dict[str, Any], hidden: frozenset[str]) -> Result:
        return Result(error is None, error, dict(outputs), hidden, tuple(self.steps), self.monitor.beyond)
