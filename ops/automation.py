"""The Pulumi CLI as an engine like `ops.engine`, by the SDK's automation API: preview, up, destroy
of one stack, in the backend of the environment; what it tells, as events and a result."""

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pulumi import automation
from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError, create_command_error
from pulumi.automation.events import DiagnosticEvent, EngineEvent, StepEventMetadata
from semver import VersionInfo

from components.errors import LockedError, MissingError, NoStackError, SlipwayError, one_line
from components.hosts import progress
from ops.engine import Event, Observer, Result, Step, program, providers
from ops.engine.events import Op
from ops.engine.program import STACK
from ops.stack.project import Project

HOW = "https://www.pulumi.com/docs/iac/download-install/"
_LOGGED_OUT = re.compile(r"PULUMI_ACCESS_TOKEN must be set|pulumi login|could not get cloud url", re.IGNORECASE)
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


def require(why: str) -> None:
    """Raises `MissingError` where there is no CLI; `why` one is wanted."""
    if shutil.which("pulumi") is None:
        raise MissingError(f"{why}, and there is no `pulumi` on PATH; install it ({HOW}), then run this again")


class Command(PulumiCommand):
    """The `pulumi` command as the automation API runs it, in a process group of its own.

    Selects no stack. Each Ctrl-C is passed on once: the CLI ends gracefully at the first."""

    def __init__(self) -> None:
        super().__init__(skip_version_check=True)
        # A build of one's own has no number: the SDK then follows events as every CLI knows it.
        self.version = self.version or VersionInfo(3)

    def run(
        self, args: list[str], cwd: str, additional_env: Mapping[str, str], on_output: Any = None, on_error: Any = None
    ) -> CommandResult:
        """Raises `CommandError` for a failure, `KeyboardInterrupt` once one has ended the CLI."""
        # A stack that the SDK selected a person's next `pulumi destroy` would be about.
        verb = {"stack select": ["stack"], "stack init": ["stack", "init", "--no-select"]}.get(" ".join(args[:2]), args[:2])
        process = subprocess.Popen(
            [self.command, "--non-interactive", *verb, *args[2:]],
            cwd=cwd,
            env={**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            process_group=0,
        )
        interrupted = False
        while True:
            try:
                stdout, stderr = process.communicate()
                break
            except KeyboardInterrupt:
                interrupted = True
                process.send_signal(signal.SIGINT)
        if interrupted:
            raise KeyboardInterrupt
        result = CommandResult(stdout=stdout, stderr=stderr, code=process.returncode)
        if process.returncode != 0:
            raise create_command_error(result)
        return result


class _Recording:
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
                step = event.res_outputs_event.metadata
                if step.type == STACK and step.new:
                    self.outputs = dict(step.new.outputs or {})
                elif not event.res_outputs_event.planning:
                    self._finish(step, None)
            elif event.res_op_failed_event:
                self._finish(event.res_op_failed_event.metadata, self.errors[-1] if self.errors else "failed")

    def _before(self, step: StepEventMetadata, planning: bool) -> None:
        if not (made := _step(step)):
            return
        self._began[step.urn] = time.monotonic()
        if planning:
            self.steps.append(made)
        self.observer(Event("planned" if planning else "started", made))

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
    """The step; None for components, which change nothing, and providers that Pulumi makes."""
    state, op = found.new or found.old, _OPS.get(found.op.value)
    name = found.urn.split("::")[-1]
    by_itself = found.type.startswith("pulumi:providers:") and name.startswith("default")
    if op is None or state is None or not state.custom or by_itself:
        return None
    new = dict((found.new.inputs if found.new else None) or {})
    words = providers.words(new) if op == "create" and new.get(providers.KEY) != _SECRET else ""
    old = dict((found.old.inputs if found.old else None) or {})
    secret = {name: (_SECRET, _SECRET) for name in found.diffs or () if old.get(name) == new.get(name) == _SECRET}
    changes = {} if op in ("same", "delete") else {**program.changes(old, new, ()), **secret}
    return Step(op, found.urn, found.type, name, state.parent, changes, words=words)


class CliEngine:
    """Another `ops.engine.Engine`, by the stack's whole name. Raises `SlipwayError`."""

    def __init__(self, project: Project, name: str, observer: Observer | None = None) -> None:
        self.project, self.name = project, name
        self.observer = observer or (lambda event: None)

    def preview(self) -> Result:
        """What `up` would do; changes nothing. Raises `NoStackError` where there is no stack."""
        return self._run(lambda stack, heard: stack.preview(on_event=heard.hear))

    def up(self) -> Result:
        """Brings everything to what the program says."""
        return self._run(lambda stack, heard: stack.up(on_event=heard.hear))

    def destroy(self) -> Result:
        """Removes everything but what is protected."""
        return self._run(lambda stack, heard: stack.destroy(on_event=heard.hear, exclude_protected=True))

    def make(self) -> None:
        """Makes the stack, empty."""
        with self._errors_in_words():
            automation.Stack.create(self.name, self._workspace())

    def state(self) -> list[dict[str, Any]]:
        """The resources that the CLI knows of the stack, as `pulumi stack export` has them."""
        with self._errors_in_words():
            exported = automation.Stack.select(self.name, self._workspace()).export_stack()
        return list((exported.deployment or {}).get("resources") or [])

    def _run(self, work: Callable[[automation.Stack, _Recording], object]) -> Result:
        heard = _Recording(self.observer)
        with self._errors_in_words(), progress.followed() as path:
            stack = automation.Stack.select(self.name, self._workspace())
            stack.workspace.env_vars = {progress.FILE: path}
            try:
                work(stack, heard)
            except CommandError:
                if not heard.errors:
                    raise
        error = "\n".join(heard.errors) or None
        return Result(error is None, error, heard.outputs, frozenset(), tuple(heard.steps))  # its events hold no secret

    def _workspace(self) -> automation.LocalWorkspace:
        require(f"stack {self.name} needs the Pulumi CLI")
        return automation.LocalWorkspace(work_dir=str(self.project.folder), pulumi_command=Command())

    @contextmanager
    def _errors_in_words(self) -> Iterator[None]:
        """What the CLI refuses, in one line."""
        name = self.name
        try:
            yield
        except StackNotFoundError:
            step = f"`./slipway -s {name} up` makes it, `./slipway -s {name} plan` shows what it asks for"
            raise NoStackError(f"stack {name}: the Pulumi CLI knows none of that name; nothing was changed; {step}") from None
        except ConcurrentUpdateError:
            step = f"wait for it, or if it is gone: pulumi cancel --stack {name}"
            raise LockedError(f"stack {name}: somebody else's run of the Pulumi CLI has it; {step}") from None
        except subprocess.CalledProcessError as error:
            raise MissingError(f"stack {name}: {shutil.which('pulumi')} doesn't run ({error}); install it anew: {HOW}") from None
        except CommandError as error:
            text = str(error)
            if _LOGGED_OUT.search(text):
                raise MissingError(f"stack {name}: the Pulumi CLI has no backend; run `pulumi login`, or `pulumi login --local`") from None
            said = re.findall(r"error: (.+)", text) or text.strip().splitlines()[-1:]
            raise SlipwayError(f"stack {name}: pulumi: {one_line('; '.join(said), None)}") from None
