"""`logs`: the app's lines, from every host."""

import queue
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ops import call as calls
from ops import display, workplace

if TYPE_CHECKING:
    from components.transport import Transport

Follow = Annotated[bool, typer.Option("-f", "--follow", help="Go on showing new lines.")]
Lines = Annotated[int, typer.Option("-n", "--lines", min=0, help="How many last lines.")]


def logs(context: typer.Context, stack: calls.Stack = None, follow: Follow = False, lines: Lines = 50) -> None:
    """Show the app's last log lines."""
    hosts = workplace.enter(calls.of(context)).day_two().hosts
    out = display.Tolerant(sys.stdout)
    for text in _merged(hosts, ["logs", "-n", str(lines), *(["-f"] if follow else [])]):
        out.write(text.rstrip("\n") + "\n")
        out.flush()
        if out.gone:
            return


def _merged(hosts: "Sequence[Transport]", arguments: Sequence[str]) -> Iterator[str]:
    """One host's lines as they are; several hosts' as they come, each with its host's name before it."""
    if len(hosts) == 1:
        yield from hosts[0].stream(arguments)
        return
    lines: queue.SimpleQueue[str | Exception | None] = queue.SimpleQueue()
    for host in hosts:
        threading.Thread(target=_pump, args=(host, arguments, lines), daemon=True).start()
    open_streams = len(hosts)
    while open_streams:
        item = lines.get()
        if isinstance(item, Exception):
            raise item
        if item is None:
            open_streams -= 1
        else:
            yield item


def _pump(host: "Transport", arguments: Sequence[str], lines: "queue.SimpleQueue[str | Exception | None]") -> None:
    try:
        for text in host.stream(arguments):
            lines.put(f"{display.host(host.host)} | {text}")
    except Exception as error:  # noqa: BLE001  (raised again in the thread that shows the lines)
        lines.put(error)
    lines.put(None)
