"""Live progress: a spinner and times of steps on a terminal, plain lines with seconds elsewhere."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from ops.display import tables
from ops.display.changes import short_type

if TYPE_CHECKING:
    from components.hosts.progress import HostStep
    from ops.engine import Event

_VERBS = {"create": "creating", "update": "updating", "replace": "replacing", "delete": "deleting"}
_SAID = {"info": ("", "dim"), "warning": ("warning: ", "yellow")}


@contextmanager
def shown(stderr: bool = False) -> "Iterator[Progress]":
    """Shows what is reported while the block runs; with `--json` on standard error."""
    from components.hosts import progress

    with Progress(stderr) as made, progress.listen(made.host):
        yield made


class Progress:
    """Hears the engine and the hosts, in any thread; shows what runs and what is done."""

    def __init__(self, stderr: bool = False) -> None:
        self._console: Console = tables.console(stderr)
        self._lock = threading.Lock()
        self._running: dict[str, tuple[str, float]] = {}
        moving = self._console.is_terminal and not self._console.is_dumb_terminal
        self._live = Live(get_renderable=self._picture, console=self._console, transient=True, refresh_per_second=8) if moving else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def engine(self, event: "Event") -> None:
        """The engine's observer. Errors come once more, and whole, at the end."""
        if event.step is None:
            if event.severity in _SAID:
                mark, style = _SAID[event.severity]
                self._print(Text(f"  {mark}{event.text}", style))
        elif event.kind in ("started", "done", "failed") and event.step.op in _VERBS:
            step = event.step
            taken = None if event.kind == "started" else step.seconds
            self._move(step.urn, event.kind, f"{_VERBS[step.op]} {step.name} ({short_type(step.type)})", taken)

    def host(self, event: "HostStep") -> None:
        """A step of the host tool."""
        label = f"  {event.host}: {event.step}".rstrip()
        if event.state == "note":
            self._print(Text(f"{label} {event.text}", style="dim"))
        else:
            self._move(label, {"start": "started"}.get(event.state, event.state), label, event.seconds, event.text)

    def _move(self, key: str, state: str, label: str, taken: float | None, text: str = "") -> None:
        if state == "started":
            with self._lock:
                self._running[key] = (label, time.monotonic())
            return
        with self._lock:
            started = self._running.pop(key, (label, time.monotonic()))[1]
        spent = tables.seconds(time.monotonic() - started if taken is None else taken)
        indent = label[: len(label) - len(label.lstrip())]
        mark = ("failed ", "bold red") if state == "failed" else ("done ", "green")
        self._print(Text.assemble(indent, mark, label.lstrip(), (f"  {spent}", "dim"), f"  {text}" if text else ""))

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)

    def _picture(self) -> RenderableType:
        with self._lock:
            running = list(self._running.values())
        now = time.monotonic()
        return Group(*(Spinner("line", Text(f"{label}  {tables.seconds(now - since)}")) for label, since in running))
