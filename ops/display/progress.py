"""Live progress: a spinner and times of steps on a terminal, plain lines with seconds elsewhere."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich import progress as bars
from rich.console import Console
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from components.hosts import progress
from components.hosts.progress import HostStep
from ops.display import tables
from ops.display.changes import short_type
from ops.engine import Event

_VERBS = {"create": "creating", "update": "updating", "replace": "replacing", "delete": "deleting"}
_SAID = {"info": ("", "dim"), "warning": ("warning: ", "yellow")}


@contextmanager
def shown(stderr: bool = False) -> "Iterator[Progress]":
    """Shows what is reported while the block runs; with `--json` on standard error."""
    made = Progress(tables.console(stderr))
    with made.bar, progress.listen(made.host):
        yield made


class Progress:
    """Hears the engine and the hosts, in any thread; shows what runs and what is done."""

    def __init__(self, console: Console) -> None:
        self.console = console
        moving = console.is_terminal and not console.is_dumb_terminal
        columns = SpinnerColumn("line"), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
        self.bar = bars.Progress(*columns, console=console, transient=True, disable=not moving)
        self._lock = threading.Lock()
        self._running: dict[str, tuple[bars.TaskID, float]] = {}

    def engine(self, event: Event) -> None:
        """The engine's observer. Errors come once more, and whole, at the end."""
        if event.step is None:
            if event.severity in _SAID:
                mark, style = _SAID[event.severity]
                self._print(Text(f"  {mark}{event.text}", style))
        elif event.kind in ("started", "done", "failed") and event.step.op in _VERBS:
            step = event.step
            taken = None if event.kind == "started" else step.seconds
            self._move(step.urn, event.kind, f"{_VERBS[step.op]} {step.name} ({short_type(step.type)})", taken)

    def host(self, event: HostStep) -> None:
        """A step of the host tool."""
        label = f"  {event.host}: {event.step}".rstrip()
        if event.state == "note":
            self._print(Text(f"{label} {event.text}", style="dim"))
        else:
            self._move(label, {"start": "started"}.get(event.state, event.state), label, event.seconds, event.text)

    def _move(self, key: str, state: str, label: str, taken: float | None, text: str = "") -> None:
        now = time.monotonic()
        with self._lock:
            task, started = self._running.pop(key, (None, now))
            if task is not None:
                self.bar.remove_task(task)
            if state == "started":
                self._running[key] = (self.bar.add_task(label, total=None), now)
                return
        spent = tables.duration(now - started if taken is None else taken)
        indent = label[: len(label) - len(label.lstrip())]
        mark = ("failed ", "bold red") if state == "failed" else ("done ", "green")
        self._print(Text.assemble(indent, mark, label.lstrip(), (f"  {spent}", "dim"), f"  {text}" if text else ""))

    def _print(self, text: Text) -> None:
        self.console.print(text, soft_wrap=True)
